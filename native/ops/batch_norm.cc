// FusedBatchNorm as inference has it: (x - mean) scale / sqrt(variance + epsilon) + offset, one set
// of numbers per channel, the last axis.
#include <algorithm>

#include "core/elementwise.h"

namespace wxnn {
namespace {

Status infer_batch_norm(InferCtx& c) {
  static constexpr const char* kNames[] = {"x", "mean", "variance", "offset", "scale"};
  const Shape& x = c.in(0).shape;
  WXNN_CHECK(x.rank() > 0, "x has no channels");
  for (size_t i = 0; i < std::size(kNames); ++i) {
    if (!c.has(i)) continue;
    const Shape& p = c.in(i).shape;
    WXNN_TRY(check_float(kNames[i], c.in(i)));
    WXNN_CHECK(i == 0 || (p.rank() > 0 && p[-1] == x[-1] && p.elements(0, p.rank() - 1) == 1),
               "{} {} does not give one number per channel of x {}", kNames[i], p, x);
  }
  return same_as_x(c);
}

// n channels of as many pixels, which lie `channels` floats apart.
struct Normalisation {
  int32_t n, pixels, channels;
  const float *mean, *factor, *offset;
};
void normalise(const Normalisation& b, const float* x, float* y) {
  for (int32_t p = 0; p < b.pixels; ++p, x += b.channels, y += b.channels) {
    each(b.n, [&](int32_t i) { y[i] = (x[i] - b.mean[i]) * b.factor[i] + b.offset[i]; });
  }
}

Status run_batch_norm(const RunCtx& c) {
  constexpr int32_t kBlock = 64;  // channels
  const int32_t channels = c.out().shape[-1];
  const int32_t pixels = c.out().shape.elements(0, c.out().shape.rank() - 1);
  const float epsilon = static_cast<float>(c.attrs.f("varianceEpsilon"));
  for (int32_t first = 0; first < channels; first += kBlock) {
    const int32_t n = std::min(kBlock, channels - first);
    float mean[kBlock];
    float factor[kBlock];
    float offset[kBlock];
    for (int32_t i = 0; i < n; ++i) {
      mean[i] = c.in(1).f32()[first + i];
      offset[i] = c.has(3) ? c.in(3).f32()[first + i] : 0.0f;
      const float scale = c.has(4) ? c.in(4).f32()[first + i] : 1.0f;
      factor[i] = scale / __builtin_elementwise_sqrt(c.in(2).f32()[first + i] + epsilon);
    }
    replaceable(normalise)({n, pixels, channels, mean, factor, offset}, c.in(0).f32() + first,
                           c.out().f32() + first);
  }
  return {};
}

}  // namespace

extern constinit const Op kFusedBatchNorm = {
    .name = "FusedBatchNorm",
    .inputs = {{"x"}, {"mean"}, {"variance"}, {"offset", kOptional}, {"scale", kOptional}},
    .attrs = {{"varianceEpsilon", AttrKind::kNumber, 0.001}},
    .infer = infer_batch_norm,
    .run = run_batch_norm,
    .in_place = 0,
};

WXNN_LOOPS(BatchNorm, any_loop(normalise));

}  // namespace wxnn
