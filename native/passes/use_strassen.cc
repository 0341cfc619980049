// Convolutions with constant 1x1 filters of many channels become StrassenConv2D where that is
// faster.
#include "ops/conv2d.h"
#include "passes/conv_node.h"

namespace wxnn {

namespace {

// What a level adds to the time of an ordinary product, as measured: sums of x are read by fewer
// columns where there are few outputs, products of few channels take little longer than adding
// them up.
double time_of(int levels, const Filter& f) {
  if (levels == 1) return 0.875 + 8.0 / f.in + 3.0 / f.out;
  return 0.766 + 27.0 / f.in + 12.0 / f.out;
}

// 0, 1 or 2. Each level makes 7/4 of the packed filter's numbers: of few pixels' products, fetching
// them takes longer than the products that are saved.
int levels_for(int32_t pixels, const Filter& f) {
  const auto fits = [&](int levels) { return (f.in | f.out) % (4 << levels) == 0; };
  const int64_t weights = static_cast<int64_t>(f.in) * f.out;
  if (pixels < 48 || !fits(1) || weights > 1 << 20 || time_of(1, f) > 0.975) return 0;
  // The second level's memory wants 3% of the time.
  const bool twice = pixels >= 128 && fits(2) && time_of(2, f) < time_of(1, f) - 0.03;
  return twice ? 2 : 1;
}

Status use_strassen(Match& match, bool* changed) {
  Node& conv = match.node('y');
  const Shape& x = match.type('x').shape;
  const Shape& y = match.type('y').shape;
  if (!x.is_known() || !y.is_known() || x.rank() != 4) return {};
  const Filter f = filter_of(conv.attrs, match.type('W').shape);
  if (f.in != x[3] || !every_pixel(f, window_of(conv.attrs, x, {f.height, f.width}))) return {};
  const int levels = levels_for(x[1] * x[2], f);
  const bool narrow =
      has_input(conv, kResidual) && match.graph().values[conv.inputs[kResidual]].type.shape != y;
  if (levels == 0 || narrow || !match.become(conv, "StrassenConv2D")) return {};
  *changed = true;
  return conv.attrs.set("levels", levels);
}

}  // namespace

extern constinit const Pass kUseStrassen = {
    .name = "use_strassen",
    .pattern = "y = Conv2D|FusedConv2D(x, W, ...)",
    .rewrite = use_strassen,
};

}  // namespace wxnn
