// Depthwise convolution of f32 images [N,H,W,C] with a filter [taps][C * multiplier]: output
// channel c * multiplier + m sees input channel c only.
//
// Promise: every build gives the same bits. An output starts from its bias and takes its products
// in the order (row, column) of the filter; multiply and add round separately; a tap outside the
// image is left out, it does not count as a zero (which would turn an infinite weight into NaN); a
// NaN passes the clamp. Blocking changes speed only.
#pragma once
#include <cstdint>

namespace wxnn {

struct DepthwiseAxis {
  int32_t in, out, filter, stride, dilation;
  int32_t before;  // padding
};

struct DepthwiseConvolution {
  int32_t batch, channels, multiplier;
  DepthwiseAxis y, x;
  const float* filter;  // [y.filter * x.filter][channels * multiplier]
  const float* bias;    // [channels * multiplier], never null
  float min, max;
};

// In the threads of set_threads(). Allocates nothing. `in` and `out` do not overlap; nothing is
// read past their ends. A loop that can be replaced (core/loop.h).
void depthwise_convolution(const DepthwiseConvolution& d, const float* in, float* out);

}  // namespace wxnn
