// Where a filter or pooling window stands as it slides over an image: output size and padding of
// Conv2D, DepthwiseConv2dNative, MaxPool and AvgPool, and of Conv2DBackpropInput seen from its end.
#pragma once
#include <utility>

#include "core/op.h"

namespace wxnn {

// One axis, height or width.
struct Slide {
  int32_t in = 0;
  int32_t filter = 1;
  int32_t stride = 1;
  int32_t dilation = 1;
  int32_t before = 0;  // padding above or left
  int32_t after = 0;   // padding below or right
  int32_t out = 0;

  // Length of the image that one window covers.
  int32_t span() const { return (filter - 1) * dilation + 1; }
};

struct Window {
  Slide y, x;
};

// Attributes of every operator with a window. `pad` is "same" (TensorFlow's rule), "valid", one
// number for all four sides, [top, bottom, left, right], or [top, bottom, left, right] within the
// eight numbers of TensorFlow's explicit_paddings. `dimRoundingMode` acts on numbers only.
#define WXNN_WINDOW_ATTRS                                                                \
  AttrSpec{"strides", AttrKind::kNumbers, 1}, AttrSpec{"pad", AttrKind::kTextOrNumbers}, \
      AttrSpec{"dilations", AttrKind::kNumbers, 1},                                      \
      AttrSpec{"dataFormat", AttrKind::kText, "NHWC"},                                   \
      AttrSpec{"dimRoundingMode", AttrKind::kText, ""}

// Reads those attributes for an image x [N,H,W,C] and a filter of this height and width. Refuses
// what is no window, and an empty output. Without "dilations" in the operator's list they are 1.
Status slide_window(const Attrs& attrs, const Shape& x, std::pair<int32_t, int32_t> filter,
                    Window* window);

// The same where infer has accepted the attributes already.
Window window_of(const Attrs& attrs, const Shape& x, std::pair<int32_t, int32_t> filter);

// One axis of more than two: strides, dilations and one padding for all, by the number of the axis.
// Refuses an empty output.
Status slide_axis(const Attrs& attrs, int axis, int32_t in, int32_t filter, Slide* slide);
Slide axis_slide(const Attrs& attrs, int axis, int32_t in, int32_t filter);

// "x float32 [3,4] should be an image [N,H,W,C] of float32".
Status check_image(const char* name, const TensorType& type);

// Input `filter` is float32 with four dimensions, none of them 0, and attribute filterFormat one of
// these two.
struct FilterFormats {
  const char* tensorflow;
  const char* tflite;
};
Status check_filter(const InferCtx& c, size_t filter, const FilterFormats& formats);

// An optional bias, input `bias`, has one number for each output channel.
Status check_bias(const InferCtx& c, size_t bias, int32_t channels);

// Refuses memory of a size that a 32-bit address space has no room for: what a node needs besides
// its tensors.
Status check_bytes(const char* what, double bytes);

}  // namespace wxnn
