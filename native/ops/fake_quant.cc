// FakeQuantWithMinMaxArgs: float32 rounded to the grid of a quantised type. The range is moved so
// that 0 is on the grid, as TensorFlow does; halves go up.
#include "core/elementwise.h"

namespace wxnn {
namespace {

Status infer_fake_quant(InferCtx& c) {
  const int32_t bits = c.attrs.i("numBits");
  WXNN_CHECK(bits >= 2 && bits <= 16, "numBits {} should be 2 to 16", bits);
  WXNN_CHECK(c.attrs.f("min") < c.attrs.f("max"), "min is not less than max");
  return same_as_float_x(c);
}

Status run_fake_quant(const RunCtx& c) {
  const double min = c.attrs.f("min");
  const double lowest = c.attrs.b("narrowRange") ? 1 : 0;
  const double highest = static_cast<double>((1 << c.attrs.i("numBits")) - 1);
  const double step = (c.attrs.f("max") - min) / (highest - lowest);
  double zero = __builtin_elementwise_floor(lowest - min / step + 0.5);
  zero = zero < lowest ? lowest : zero > highest ? highest : zero;
  const float scale = static_cast<float>(step);
  const float inverse = static_cast<float>(1.0 / step);
  const float low = static_cast<float>(lowest - zero);
  const float high = static_cast<float>(highest - zero);
  map<float, float>(c, [=](float x) {
    const float q = __builtin_elementwise_floor(x * inverse + 0.5f);
    return (q < low ? low : q > high ? high : q) * scale;
  });
  return {};
}

}  // namespace

extern constinit const Op kFakeQuantWithMinMaxArgs = {
    .name = "FakeQuantWithMinMaxArgs",
    .inputs = {{"x"}},
    .attrs = {{"min", AttrKind::kNumber, -6.0},
              {"max", AttrKind::kNumber, 6.0},
              {"numBits", AttrKind::kNumber, 8.0},
              {"narrowRange", AttrKind::kNumber, 0.0}},
    .infer = infer_fake_quant,
    .run = run_fake_quant,
    .in_place = 0,
};

}  // namespace wxnn
