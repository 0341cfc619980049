// Softmax and LogSoftmax over the last axis.
#include "core/elementwise.h"
#include "core/math.h"
#include "core/reduce.h"

namespace wxnn {
namespace {

Status infer_softmax(InferCtx& c) {
  const Shape& x = c.in(0).shape;
  WXNN_TRY(check_float("logits", c.in(0)));
  WXNN_CHECK(x.rank() > 0, "logits have no axis");
  const int32_t dim = c.attrs.i("dim");
  WXNN_CHECK(dim == -1 || dim == x.rank() - 1, "dim {} is not the last axis of logits {}", dim, x);
  return same_as_x(c);
}

float largest(const float* x, int32_t n) {
  return reduce(x, n, -kInfF32, [](float a, float b) { return larger_f32(a, b); });
}

// y = e^(x - shift); returns its sum.
float exp_and_sum(const float* x, float shift, float* y, int32_t n) {
  each(n, [=](int32_t i) { y[i] = x[i] - shift; });
  map_floats(float_loop<exp_f32>, y, y, n);
  return reduce(y, n, 0.0f, [](float a, float b) { return a + b; });
}

using RowOf = void (*)(const float* x, float* y, int32_t n);

void softmax(const float* x, float* y, int32_t n) {
  const float sum = exp_and_sum(x, largest(x, n), y, n);
  each(n, [&](int32_t i) { y[i] /= sum; });
}

void log_softmax(const float* x, float* y, int32_t n) {
  const float shift = largest(x, n);
  const float log_sum = log_f32(exp_and_sum(x, shift, y, n));
  each(n, [&](int32_t i) { y[i] = (x[i] - shift) - log_sum; });
}

Status each_row(const RunCtx& c, RowOf row) {
  const int32_t n = c.out().shape[-1];
  const int32_t rows = c.out().shape.elements(0, c.out().shape.rank() - 1);
  for (int32_t r = 0; r < rows; ++r) row(c.in(0).f32() + r * n, c.out().f32() + r * n, n);
  return {};
}

}  // namespace

extern constinit const Op kSoftmax = {
    .name = "Softmax",
    .inputs = {{"logits"}},
    .attrs = {{"dim", AttrKind::kNumber, -1}},
    .infer = infer_softmax,
    .run = [](const RunCtx& c) -> Status { return each_row(c, replaceable(softmax)); },
    .in_place = 0,
};

// tfjs composes it of other kernels; TFLite has it as LOG_SOFTMAX.
extern constinit const Op kLogSoftmax = {
    .name = "LogSoftmax",
    .inputs = {{"logits"}},
    .attrs = {{"dim", AttrKind::kNumber, -1}},
    .infer = infer_softmax,
    .run = [](const RunCtx& c) -> Status { return each_row(c, replaceable(log_softmax)); },
};

WXNN_LOOPS(Softmax, any_loop(softmax), any_loop(log_softmax));

}  // namespace wxnn
