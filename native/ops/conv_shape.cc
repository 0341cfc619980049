#include "ops/conv_shape.h"
#include "core/whole.h"

#include <algorithm>

namespace wxnn {

namespace {
// Far beyond any image; image, padding at both ends and stride are less, and add up within int32.
constexpr int32_t kLongest = 1 << 29;

struct Padding {
  int32_t before, after;
};

// numbers: [all], [top, bottom, left, right] or [0, 0, top, bottom, left, right, 0, 0].
Padding explicit_padding(const Attrs& attrs, int axis) {
  const size_t count = attrs.numbers("pad").size();
  const int first = count == 1 ? 0 : count == 4 ? 2 * axis : 2 + 2 * axis;
  return {attrs.i("pad", first), attrs.i("pad", first + (count > 1))};
}

Status check_padding(const Attrs& attrs) {
  const std::string_view text = attrs.text("pad");
  const std::span<const double> numbers = attrs.numbers("pad");
  if (numbers.empty()) {
    WXNN_CHECK(text == "same" || text == "valid", "pad \"", text,
               "\" should be \"same\", \"valid\" or numbers");
    return {};
  }
  WXNN_CHECK(numbers.size() == 1 || numbers.size() == 4 || numbers.size() == 8, "pad has ",
             numbers.size(), " numbers, should have 1, 4 or 8");
  if (numbers.size() == 8) {
    WXNN_CHECK(numbers[0] == 0 && numbers[1] == 0 && numbers[6] == 0 && numbers[7] == 0,
               "pad of batch or channels is not supported");
  }
  for (const double pad : numbers) {
    WXNN_CHECK(pad >= 0 && pad < kLongest, "pad ", whole<int64_t>(pad), " is out of range");
  }
  const std::string_view mode = attrs.text("dimRoundingMode");
  WXNN_CHECK(mode.empty() || mode == "floor" || mode == "ceil" || mode == "round",
             "dimRoundingMode \"", mode, "\" should be \"floor\", \"ceil\" or \"round\"");
  return {};
}

// Number of steps of `stride` in `way`, plus one.
int32_t count_windows(int32_t way, int32_t stride, std::string_view mode) {
  if (way < 0) return 0;
  const int32_t up = mode == "ceil" ? stride - 1 : mode == "round" ? stride / 2 : 0;
  return (way + up) / stride + 1;
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
  std::string_view mode;
  if (!attrs.numbers("pad").empty()) {
    const Padding padding = explicit_padding(attrs, axis);
    s.before = padding.before;
    s.after = padding.after;
    mode = attrs.text("dimRoundingMode");
  }
  const int32_t way = s.in + s.before + s.after - s.span();
  s.out = count_windows(way, s.stride, mode);
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
  WXNN_CHECK(s.stride > 0 && s.stride < kLongest, "strides ", s.stride, " should be 1 or more");
  WXNN_CHECK(s.dilation > 0 && s.dilation < kLongest, "dilations ", s.dilation,
             " should be 1 or more");
  const int64_t span = (static_cast<int64_t>(s.filter) - 1) * s.dilation + 1;
  WXNN_CHECK(span < kLongest, "filter of ", s.filter, " with dilations ", s.dilation,
             " is too long");
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
  WXNN_CHECK(attrs.is("dataFormat", "NHWC"), "dataFormat \"", attrs.text("dataFormat"),
             "\" is not supported, only \"NHWC\"");
  WXNN_TRY(check_padding(attrs));
  WXNN_TRY(check_slide(read_slide(attrs, 0, x[1], filter.first)));
  WXNN_TRY(check_slide(read_slide(attrs, 1, x[2], filter.second)));
  *window = window_of(attrs, x, filter);
  WXNN_CHECK(window->y.out > 0 && window->x.out > 0, "would give an empty output: a window of ",
             window->y.span(), " x ", window->x.span(), " does not fit into x ", x);
  return {};
}

Slide axis_slide(const Attrs& attrs, int axis, int32_t in, int32_t filter) {
  Slide s = read_slide(attrs, axis, in, filter);
  settle(attrs, axis, s);
  return s;
}

Status slide_axis(const Attrs& attrs, int axis, int32_t in, int32_t filter, Slide* slide) {
  WXNN_TRY(check_padding(attrs));
  WXNN_CHECK(attrs.numbers("pad").size() <= 1, "pad has ", attrs.numbers("pad").size(),
             " numbers, should have one");
  WXNN_TRY(check_slide(read_slide(attrs, axis, in, filter)));
  *slide = axis_slide(attrs, axis, in, filter);
  WXNN_CHECK(slide->out > 0, "would give an empty output: a window of ", slide->span(),
             " does not fit into ", in);
  return {};
}

Status check_image(const char* name, const TensorType& type) {
  WXNN_CHECK(type.shape.rank() == 4 && type.shape.is_known() && type.dtype == DType::kFloat32, name,
             " ", name_of(type.dtype), " ", type.shape, " should be float32 [N,H,W,C]");
  return {};
}

Status check_filter(const InferCtx& c, size_t filter, const FilterFormats& formats) {
  const TensorType& type = c.in(filter);
  WXNN_CHECK(type.shape.rank() == 4 && type.shape.is_known() && type.dtype == DType::kFloat32,
             "filter ", name_of(type.dtype), " ", type.shape,
             " should be float32 with 4 dimensions");
  WXNN_CHECK(type.shape.elements() > 0, "filter ", type.shape, " is empty");
  const std::string_view format = c.attrs.text("filterFormat");
  WXNN_CHECK(format == formats.tensorflow || format == formats.tflite, "filterFormat \"", format,
             "\" should be \"", formats.tensorflow, "\" or \"", formats.tflite, "\"");
  return {};
}

Status check_bias(const InferCtx& c, size_t bias, int32_t channels) {
  if (!c.has(bias)) return {};
  const TensorType& type = c.in(bias);
  WXNN_CHECK(
      type.dtype == DType::kFloat32 && type.shape.is_known() && type.shape.elements() == channels,
      "bias ", name_of(type.dtype), " ", type.shape, " should be float32 [", channels, "]");
  return {};
}

Status check_bytes(const char* what, std::initializer_list<double> factors) {
  double bytes = 1;
  for (const double factor : factors) bytes *= factor;
  WXNN_CHECK(bytes < 0x1p31, what, " does not fit in memory");
  return {};
}

}  // namespace wxnn
