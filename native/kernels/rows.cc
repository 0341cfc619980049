#include "kernels/rows.h"

#include "core/choose.h"
#include "core/loop.h"

namespace wxnn {

void add_row(float* y, const float* x, int32_t n) {
  each(n, [=](int32_t i) { y[i] += x[i]; });
}

void clamp_row(float* y, int32_t n, float low, float high) {
  each(n, [=](int32_t i) {
    const float v = choose(y[i] < low, low, y[i]);
    y[i] = choose(v > high, high, v);
  });
}

void scale_row(float* y, const float* x, const float* factors, int32_t n) {
  each(n, [=](int32_t i) { y[i] = x[i] * factors[i]; });
}

void copy_row(float* y, const float* x, int32_t n) {
  each(n, [=](int32_t i) { y[i] = x[i]; });
}

void sum_row(float* y, const float* a, const float* b, float factor, int32_t n) {
  each(n, [=](int32_t i) { y[i] = a[i] + factor * b[i]; });
}

WXNN_LOOPS(Rows, any_loop(add_row), any_loop(clamp_row), any_loop(scale_row), any_loop(copy_row),
           any_loop(sum_row));

}  // namespace wxnn
