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

// Small whole numbers in -3..3, unlike from place to place. The filter's begin a little later. The
// last are readable bytes behind the end, as in a model.
constexpr int kMost = 21 * 21 * 9, kFilterFrom = 3;
float numbers[kMost + kFilterFrom + 16];
float* const w = numbers + kFilterFrom;

// What the convolution gives at (row, column) for channel c: sums of whole numbers are exact.
float sum_of_taps(const Case& t, int row, int column, int c) {
  float sum = 0;
  for (int tap = 0; tap < 9; ++tap) {
    const int iy = row + tap / 3 - 1, ix = column + tap % 3 - 1;
    if (iy < 0 || ix < 0 || iy >= t.size || ix >= t.size) continue;
    for (int k = 0; k < t.in; ++k) {
      if (t.depthwise && k != c) continue;
      sum += numbers[(iy * t.size + ix) * t.in + k] * w[(tap * t.in + k) * t.out + c % t.out];
    }
  }
  return sum;
}

}  // namespace

Status self_test() {
  static bool passed = false;
  for (int i = 0; i < kMost + kFilterFrom; ++i) numbers[i] = static_cast<float>(i * 7 % 11 % 7 - 3);
  for (const Case& t : kCases) {
    const Op* op = find_op(t.op);
    if (op == nullptr) continue;  // a build stripped for models that do without it
    Attrs attrs(op->attrs);
    WXNN_TRY(attrs.set("pad", 1));
    const Tensor picture{{DType::kFloat32, {1, t.size, t.size, t.in}}, numbers};
    const Tensor filter{{DType::kFloat32, {3, 3, t.in, t.out}}, w};
    const Tensor* inputs[] = {&picture, &filter};
    Evaluated result;
    WXNN_TRY(evaluate(*op, attrs, inputs, 1, 1 << 20, &result));
    if (passed) continue;
    const float* y = result.outputs[0].f32();
    for (int p = 0; p < t.size * t.size; ++p) {
      for (int c = 0; c < (t.depthwise ? t.in : t.out); ++c, ++y) {
        WXNN_CHECK(*y == sum_of_taps(t, p / t.size, p % t.size, c),
                   "self-test: {} computes wrong numbers here", t.op);
      }
    }
  }
  passed = true;
  return {};
}

}  // namespace wxnn
