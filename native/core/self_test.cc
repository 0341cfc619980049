#include "core/self_test.h"

#include "core/evaluate.h"

namespace wxnn {

namespace {

// A 3x3 "same" convolution of a square picture with as many rows as columns. Odd everywhere: full
// tiles, remainders and edges are all reached. Either has some 40,000 multiply-adds.
struct Case {
  std::string_view op;
  int size, in, out;  // out: filters for each channel, of all channels or, depthwise, of its own
  bool depthwise;
};
constexpr Case kCases[] = {{"Conv2D", 7, 5, 21, false}, {"DepthwiseConv2dNative", 21, 9, 1, true}};

constexpr int kMost = 21 * 21 * 9;

// Small whole numbers in -3..3, unlike from place to place.
struct Numbers {
  float f32[kMost + 16];  // readable bytes behind the end, as in a model
  explicit Numbers(int seed) {
    for (int i = 0; i < kMost; ++i) f32[i] = static_cast<float>((i + seed) * 7 % 11 % 7 - 3);
  }
  int operator[](int i) const { return static_cast<int>(f32[i]); }
};

// What the convolution gives at (row, column) for channel c, in whole numbers.
int sum_of_taps(const Case& t, const Numbers& x, const Numbers& w, int row, int column, int c) {
  int sum = 0;
  for (int tap = 0; tap < 9; ++tap) {
    const int iy = row + tap / 3 - 1, ix = column + tap % 3 - 1;
    if (iy < 0 || ix < 0 || iy >= t.size || ix >= t.size) continue;
    for (int k = t.depthwise ? c : 0; k < (t.depthwise ? c + 1 : t.in); ++k)
      sum += x[(iy * t.size + ix) * t.in + k] * w[(tap * t.in + k) * t.out + c % t.out];
  }
  return sum;
}

}  // namespace

Status self_test() {
  static const Numbers x(0), w(3);
  static bool passed = false;
  for (const Case& t : kCases) {
    const Op* op = find_op(t.op);
    if (op == nullptr) continue;  // a build stripped for models that do without it
    Attrs attrs(op->attrs);
    WXNN_TRY(attrs.set("pad", "same"));
    const auto tensor = [](const Numbers& n, Shape shape) {
      return Tensor{{DType::kFloat32, shape}, const_cast<float*>(n.f32)};
    };
    const Tensor picture = tensor(x, {1, t.size, t.size, t.in});
    const Tensor filter = tensor(w, {3, 3, t.in, t.out});
    const Tensor* inputs[] = {&picture, &filter};
    Evaluated result;
    WXNN_TRY(evaluate(*op, attrs, inputs, 1, 1 << 20, &result));
    if (passed) continue;
    const float* y = result.outputs[0].f32();
    for (int p = 0; p < t.size * t.size; ++p) {
      for (int c = 0; c < (t.depthwise ? t.in : t.out); ++c, ++y) {
        WXNN_CHECK(*y == static_cast<float>(sum_of_taps(t, x, w, p / t.size, p % t.size, c)),
                   "self-test: ", t.op, " computes wrong numbers here");
      }
    }
  }
  passed = true;
  return {};
}

}  // namespace wxnn
