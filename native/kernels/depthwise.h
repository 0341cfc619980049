// Depthwise convolution of f32 images [N,H,W,C] with a filter [taps][C * multiplier]: output
// channel c * multiplier + m sees input channel c only.
//
// Promise: every build gives the same bits. An output starts from its bias and takes its products
// in the order (row, column) of the filter; multiply and add round separately; a tap outside the
// image is left out, it does not count as a zero (which would turn an infinite weight into NaN); a
// NaN passes the clamp. Blocking changes speed only.
#pragma once
#include <cstddef>
#include <cstdint>

namespace wxnn {

struct DepthwiseAxis {
  int32_t in, out, filter, stride, dilation;
  int32_t before;  // padding
};

struct DepthwiseConvolution {
  int32_t batch, channels, multiplier;
  DepthwiseAxis y, x;
  const float* weights;  // of pack_depthwise()
  float min, max;
};

// The weights as the kernel reads them: group after group of outputs, each [1 + taps][width] with
// the biases in front. Where multiplier is 1, a group is as many channels as the kernel takes at
// once, and the last overlaps the one before; else it is all outputs.
size_t depthwise_floats(int32_t channels, int32_t multiplier, int32_t taps);
// `filter`: [taps][channels * multiplier]. `bias`: [channels * multiplier], or null for zeros.
void pack_depthwise(int32_t channels, int32_t multiplier, int32_t taps, const float* filter,
                    const float* bias, float* weights);

// Channels that the kernel takes at once, 4 or 1. This and the next are loops that can be replaced
// (core/loop.h), both or none.
int32_t depthwise_lanes();

// In the threads of set_threads(). Allocates nothing. `in` and `out` do not overlap; nothing is
// read past their ends.
void depthwise_convolution(const DepthwiseConvolution& d, const float* in, float* out);

}  // namespace wxnn
