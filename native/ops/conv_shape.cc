#include "ops/conv_shape.h"

#include <algorithm>

#include "core/whole.h"
#include "ops/arguments.h"

namespace wxnn {

namespace {
// Far beyond any image; image, padding at both ends and stride are less, and add up within int32.
constexpr int32_t kLongest = 1 << 29;

Status check_padding(const Attrs& attrs) {
  const std::span<const double> numbers = attrs.numbers("pad");
  const size_t count = numbers.size();
  if (count == 0) {
    const bool known = attrs.is("pad", "same") || attrs.is("pad", "valid");
    return known ? Status() : not_known(attrs, "pad");
  }
  WXNN_CHECK(count == 1 || count == 4 || count == 8, "pad has {} numbers, should have 1, 4 or 8",
             count);
  for (size_t i = 0; i < count; ++i) {
    const double most = count == 8 && (i < 2 || i > 5) ? 1 : kLongest;  // batch and channels: none
    WXNN_CHECK(numbers[i] >= 0 && numbers[i] < most, "pad {} is out of range",
               whole<int64_t>(numbers[i]));
  }
  for (const char* mode : {"", "floor", "ceil", "round"}) {
    if (attrs.is("dimRoundingMode", mode)) return {};
  }
  return not_known(attrs, "dimRoundingMode");
}

// Sets padding and output length; all numbers of `s` are in range.
void settle(const Attrs& attrs, int axis, Slide& s) {
  if (attrs.is("pad", "same")) {
    s.out = (s.in + s.stride - 1) / s.stride;
    const int32_t total = std::max((s.out - 1) * s.stride + s.span() - s.in, 0);
    s.before = total / 2;
    s.after = total - s.before;
    return;
  }
  int32_t up = 0;
  if (const size_t count = attrs.numbers("pad").size(); count != 0) {
    // [all], [top, bottom, left, right] or [0, 0, top, bottom, left, right, 0, 0]
    const int first = 2 * axis + (count == 8 ? 2 : 0);
    s.before = attrs.i("pad", first);
    s.after = attrs.i("pad", first + 1);
    if (attrs.is("dimRoundingMode", "ceil")) up = s.stride - 1;
    if (attrs.is("dimRoundingMode", "round")) up = s.stride / 2;
  }
  const int32_t way = s.in + s.before + s.after - s.span();
  s.out = way < 0 ? 0 : (way + up) / s.stride + 1;
  // Rounding up lets the last window reach further than the padding.
  s.after += std::max((s.out - 1) * s.stride - way, 0);
}

Slide read_slide(const Attrs& attrs, int axis, int32_t in, int32_t filter) {
  Slide s{.in = in, .filter = filter};
  s.stride = attrs.i("strides", axis);
  if (attrs.knows("dilations")) s.dilation = attrs.i("dilations", axis);
  return s;
}

Status check_slide(const Slide& s) {
  WXNN_CHECK(s.in < kLongest, "x is too large");
  WXNN_CHECK(s.filter > 0, "filter is empty");
  WXNN_CHECK(s.stride > 0 && s.stride < kLongest, "strides {} should be 1 or more", s.stride);
  WXNN_CHECK(s.dilation > 0 && s.dilation < kLongest, "dilations {} should be 1 or more",
             s.dilation);
  const int64_t span = (static_cast<int64_t>(s.filter) - 1) * s.dilation + 1;
  WXNN_CHECK(span < kLongest, "filter of {} with dilations {} is too long", s.filter, s.dilation);
  return {};
}
}  // namespace

Window window_of(const Attrs& attrs, const Shape& x, std::pair<int32_t, int32_t> filter) {
  Window w{read_slide(attrs, 0, x[1], filter.first), read_slide(attrs, 1, x[2], filter.second)};
  settle(attrs, 0, w.y);
  settle(attrs, 1, w.x);
  return w;
}

Status slide_window(const Attrs& attrs, const Shape& x, std::pair<int32_t, int32_t> filter,
                    Window* window) {
  if (!attrs.is("dataFormat", "NHWC")) return not_known(attrs, "dataFormat");
  WXNN_TRY(check_padding(attrs));
  WXNN_TRY(check_slide(read_slide(attrs, 0, x[1], filter.first)));
  WXNN_TRY(check_slide(read_slide(attrs, 1, x[2], filter.second)));
  *window = window_of(attrs, x, filter);
  WXNN_CHECK(window->y.out > 0 && window->x.out > 0,
             "would give an empty output: a window of {} x {} does not fit into x {}",
             window->y.span(), window->x.span(), x);
  return {};
}

Slide axis_slide(const Attrs& attrs, int axis, int32_t in, int32_t filter) {
  Slide s = read_slide(attrs, axis, in, filter);
  settle(attrs, axis, s);
  return s;
}

Status slide_axis(const Attrs& attrs, int axis, int32_t in, int32_t filter, Slide* slide) {
  WXNN_TRY(check_padding(attrs));
  WXNN_CHECK(attrs.numbers("pad").size() <= 1, "pad has {} numbers, should have one",
             attrs.numbers("pad").size());
  WXNN_TRY(check_slide(read_slide(attrs, axis, in, filter)));
  *slide = axis_slide(attrs, axis, in, filter);
  WXNN_CHECK(slide->out > 0, "would give an empty output: a window of {} does not fit into {}",
             slide->span(), in);
  return {};
}

Status check_image(const char* name, const TensorType& type) {
  WXNN_CHECK(type.shape.rank() == 4 && type.shape.is_known() && type.dtype == DType::kFloat32,
             "{} {} {} should be float32 [N,H,W,C]", name, name_of(type.dtype), type.shape);
  return {};
}

Status check_filter(const InferCtx& c, size_t filter, const FilterFormats& formats) {
  const TensorType& type = c.in(filter);
  const Shape& shape = type.shape;
  WXNN_CHECK(shape.rank() == 4 && shape.is_known() && shape.elements() > 0 &&
                 type.dtype == DType::kFloat32,
             "filter {} {} should be float32 with 4 dimensions, not empty", name_of(type.dtype),
             shape);
  const bool known =
      c.attrs.is("filterFormat", formats.tensorflow) || c.attrs.is("filterFormat", formats.tflite);
  return known ? Status() : not_known(c.attrs, "filterFormat");
}

Status check_bias(const InferCtx& c, size_t bias, int32_t channels) {
  if (!c.has(bias)) return {};
  const TensorType& type = c.in(bias);
  WXNN_CHECK(
      type.dtype == DType::kFloat32 && type.shape.is_known() && type.shape.elements() == channels,
      "bias {} {} should be float32 [{}]", name_of(type.dtype), type.shape, channels);
  return {};
}

Status check_bytes(const char* what, double bytes) {
  WXNN_CHECK(bytes < 0x1p31, "{} does not fit in memory", what);
  return {};
}

}  // namespace wxnn
