// Dilation2D, grayscale morphology: y = the largest x + filter in every window. Padding counts
// nothing.
#include <algorithm>

#include "core/loop.h"
#include "core/math.h"
#include "ops/conv_shape.h"

namespace wxnn {
namespace {

[[clang::minsize]] Status infer_dilation(InferCtx& c) {
  const Shape& x = c.in(0).shape;
  const Shape& filter = c.in(1).shape;
  WXNN_TRY(check_image("x", c.in(0)));
  WXNN_CHECK(filter.rank() == 3 && filter[2] == x[3] && c.in(1).dtype == DType::kFloat32,
             "filter {} should be float32 [height,width,channels of x {}]", filter, x);
  Window w;
  WXNN_TRY(slide_window(c.attrs, x, {filter[0], filter[1]}, &w));
  c.out() = {DType::kFloat32, {x[0], w.y.out, w.x.out, x[3]}};
  return {};
}

Status run_dilation(const RunCtx& c) {
  const Shape& x = c.in(0).shape;
  const Shape& f = c.in(1).shape;
  const Window w = window_of(c.attrs, x, {f[0], f[1]});
  const int32_t channels = x[3];
  float* y = c.out().f32();
  const int32_t pixels = c.out().shape.elements(0, 3);
  for (int32_t p = 0; p < pixels; ++p, y += channels) {
    const int32_t left = p % w.x.out * w.x.stride - w.x.before;
    const int32_t top = p / w.x.out % w.y.out * w.y.stride - w.y.before;
    const float* image = c.in(0).f32() + p / w.x.out / w.y.out * x.elements(1, 4);
    std::fill_n(y, channels, -kInfF32);
    for (int32_t ky = 0; ky < f[0]; ++ky) {
      const int32_t iy = top + ky * w.y.dilation;
      if (iy < 0 || iy >= x[1]) continue;
      for (int32_t kx = 0; kx < f[1]; ++kx) {
        const int32_t ix = left + kx * w.x.dilation;
        if (ix < 0 || ix >= x[2]) continue;
        const float* from = image + (iy * x[2] + ix) * channels;
        const float* add = c.in(1).f32() + (ky * f[1] + kx) * channels;
        each_small(channels, [=](int32_t i) { y[i] = larger_f32(y[i], from[i] + add[i]); });
      }
    }
  }
  return {};
}

}  // namespace

extern constinit const Op kDilation2D = {
    .name = "Dilation2D",
    .inputs = {{"x"}, {"filter"}},
    .attrs = {WXNN_WINDOW_ATTRS},
    .infer = infer_dilation,
    .run = run_dilation,
};

}  // namespace wxnn
