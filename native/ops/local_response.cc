// LRN: each channel over a power of the sum of squares of its neighbours, along the last axis.
#include <algorithm>

#include "core/elementwise.h"
#include "core/math_wide.h"

namespace wxnn {
namespace {

Status infer_lrn(InferCtx& c) {
  WXNN_CHECK(c.in(0).shape.rank() == 4, "x {} should be [N,H,W,C]", c.in(0).shape);
  WXNN_CHECK(c.attrs.i("depthRadius") >= 0, "depthRadius is negative");
  return same_as_float_x(c);
}

Status run_lrn(const RunCtx& c) {
  const int32_t channels = c.out().shape[-1];
  const int32_t pixels = c.out().shape.elements(0, 3);
  const int32_t radius = std::min(c.attrs.i("depthRadius"), channels);
  const float bias = static_cast<float>(c.attrs.f("bias"));
  const float alpha = static_cast<float>(c.attrs.f("alpha"));
  const float beta = static_cast<float>(c.attrs.f("beta"));
  const float* x = c.in(0).f32();
  float* y = c.out().f32();
  for (int32_t p = 0; p < pixels; ++p, x += channels, y += channels) {
    for (int32_t i = 0; i < channels; ++i) {
      float sum = 0;
      const int32_t last = std::min(i + radius, channels - 1);
      for (int32_t k = std::max(i - radius, 0); k <= last; ++k) sum += x[k] * x[k];
      y[i] = x[i] * pow_f32(bias + alpha * sum, -beta);
    }
  }
  return {};
}

}  // namespace

extern constinit const Op kLRN = {
    .name = "LRN",
    .inputs = {{"x"}},
    .attrs = {{"depthRadius", AttrKind::kNumber, 5},
              {"bias", AttrKind::kNumber, 1},
              {"alpha", AttrKind::kNumber, 1},
              {"beta", AttrKind::kNumber, 0.5}},
    .infer = infer_lrn,
    .run = run_lrn,
};

}  // namespace wxnn
