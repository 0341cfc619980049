// What the passes about convolutions have in common.
#pragma once
#include "core/vector.h"
#include "passes/match.h"

namespace wxnn {

// The operators that take (x, filter, bias, …) and the attributes pad and activation.
#define WXNN_CONVOLUTIONS "Conv2D|FusedConv2D|DepthwiseConv2dNative|FusedDepthwiseConv2D"

// Channels of the output, from the filter's shape and its format.
int32_t output_channels(const Node& conv, const Shape& filter);
// A convolution whose result nothing has bent yet: no fused activation.
bool is_linear(const Node& conv);
// Strides or dilations: 1 along both axes.
bool is_one(const Node& conv, const char* name);
bool has_input(const Node& node, size_t i);

// True when `shape` holds one number per channel, along the last dimension: [C], [1,1,1,C]…
bool is_per_channel(const Shape& shape, int32_t channels);

// Conv2D -> FusedConv2D, DepthwiseConv2dNative -> FusedDepthwiseConv2D: the form that has bias and
// activation. Others have it already. False when this build does not have it.
bool become_fused(Match& match, Node& node);

// The convolution c becomes filter * scale[c] and bias * scale[c] + shift[c], computed in double
// and rounded once: it then gives scale[c] * conv(x)[c] + shift[c], in the place of the root.
// Filter and bias are constants. A null scale is all ones, a null shift all zeros. Nothing happens
// where this build lacks the form with bias.
Status scale_and_shift(Match& match, int32_t channels, const double* scale, const double* shift,
                       bool* changed);

}  // namespace wxnn
