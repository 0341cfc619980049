// What Conv2D, FusedConv2D, StrassenConv2D and WinogradConv2D have in common: inputs, attributes,
// inference.
#pragma once
#include "ops/activation.h"
#include "ops/conv_shape.h"

namespace wxnn {

enum Conv2DInput { kX, kFilter, kBias, kPrelu, kResidual };

inline constexpr std::initializer_list<Port> kConv2DPorts = {{"x"},
                                                             {"filter", kPacked},
                                                             {"bias", kPacked | kOptional},
                                                             {"preluActivationWeights", kOptional},
                                                             {"residual", kOptional}};
inline constexpr std::initializer_list<AttrSpec> kConv2DAttrs = {
    WXNN_WINDOW_ATTRS, WXNN_ACTIVATION_ATTRS, {"filterFormat", AttrKind::kText, "HWIO"}};

// The filter's four numbers, whatever the order they are stored in.
struct Filter {
  int32_t height, width, in, out;  // `in` of one group
};
Filter filter_of(const Attrs& attrs, const Shape& s);

// Each window is one pixel, and all pixels have theirs: x as it lies is a matrix, pixel by pixel.
bool every_pixel(const Filter& f, const Window& w);

// x [N,H,W,C], filter by filterFormat, bias [outputs], residual [N,H',W',at most outputs].
Status infer_conv2d(InferCtx& c);

}  // namespace wxnn
