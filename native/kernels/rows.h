// What is done to rows of a convolution's output after its sums, and to rows of a filter that is
// being packed. Loops that can be replaced (core/loop.h).
#pragma once
#include <cstdint>

namespace wxnn {

// y += x, n numbers.
void add_row(float* y, const float* x, int32_t n);
// A NaN is neither below nor above.
void clamp_row(float* y, int32_t n, float low, float high);
// y = x * factors; y may be x.
void scale_row(float* y, const float* x, const float* factors, int32_t n);
void copy_row(float* y, const float* x, int32_t n);
// y = a + factor * b.
void sum_row(float* y, const float* a, const float* b, float factor, int32_t n);

}  // namespace wxnn
