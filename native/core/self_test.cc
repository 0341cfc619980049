#include "core/self_test.h"

#include "core/evaluate.h"

namespace wxnn {

namespace {

constexpr int kSize = 7;  // odd everywhere: full tiles, remainders and edges are all reached
constexpr int kIn = 5;
constexpr int kOut = 21;

// Small whole numbers in -3..3, unlike from place to place.
int pattern(int i) { return i * 7 % 11 % 7 - 3; }

template <int kCount>
struct Numbers {
  int whole[kCount];
  float f32[kCount + 16];  // readable bytes behind the end, as in a model
  explicit Numbers(int seed) {
    for (int i = 0; i < kCount; ++i) {
      whole[i] = pattern(i + seed);
      f32[i] = static_cast<float>(whole[i]);
    }
  }
};

Status run(std::string_view name, const Tensor& x, const Tensor& filter, Evaluated* result) {
  const Op* op = find_op(name);
  if (op == nullptr) return {};  // a build stripped for models that do without it
  Attrs attrs(op->attrs);
  WXNN_TRY(attrs.set("pad", "same"));
  const Tensor* inputs[] = {&x, &filter};
  return evaluate(*op, attrs, inputs, 1, 1 << 20, result);
}

// The 3x3 "same" convolution at (y, x) for output channel c, in whole numbers.
template <class Term>
int sum_of_taps(int y, int x, Term term) {
  int sum = 0;
  for (int ky = 0; ky < 3; ++ky) {
    for (int kx = 0; kx < 3; ++kx) {
      const int iy = y + ky - 1, ix = x + kx - 1;
      if (iy < 0 || ix < 0 || iy >= kSize || ix >= kSize) continue;
      sum += term(iy * kSize + ix, ky * 3 + kx);
    }
  }
  return sum;
}

template <class Want>
Status compare(const Evaluated& result, int channels, std::string_view what, Want want) {
  if (result.outputs.empty()) return {};
  const float* y = result.outputs[0].f32();
  for (int p = 0; p < kSize * kSize; ++p) {
    for (int c = 0; c < channels; ++c) {
      WXNN_CHECK(y[p * channels + c] == static_cast<float>(want(p / kSize, p % kSize, c)),
                 "self-test: ", what, " computes wrong numbers here");
    }
  }
  return {};
}

}  // namespace

Status self_test() {
  static const Numbers<kSize * kSize * kIn> x(0);
  static const Numbers<9 * kIn * kOut> w(3);
  const auto tensor = [](const float* data, Shape shape) {
    return Tensor{{DType::kFloat32, shape}, const_cast<float*>(data)};
  };
  const Tensor picture = tensor(x.f32, {1, kSize, kSize, kIn});
  Evaluated result;
  WXNN_TRY(run("Conv2D", picture, tensor(w.f32, {3, 3, kIn, kOut}), &result));
  WXNN_TRY(compare(result, kOut, "convolution", [&](int oy, int ox, int c) {
    return sum_of_taps(oy, ox, [&](int pixel, int tap) {
      int sum = 0;
      for (int k = 0; k < kIn; ++k) {
        sum += x.whole[pixel * kIn + k] * w.whole[(tap * kIn + k) * kOut + c];
      }
      return sum;
    });
  }));
  result = {};
  WXNN_TRY(run("DepthwiseConv2dNative", picture, tensor(w.f32, {3, 3, kIn, 1}), &result));
  return compare(result, kIn, "depthwise convolution", [&](int oy, int ox, int c) {
    return sum_of_taps(oy, ox, [&](int pixel, int tap) {
      return x.whole[pixel * kIn + c] * w.whole[tap * kIn + c];
    });
  });
}

}  // namespace wxnn
