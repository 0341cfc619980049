// ONNX's convolutions: they want channels last.
#include <algorithm>
#include <cmath>

#include "converter/onnx_graph.h"
#include "converter/onnx_image.h"
#include "converter/onnx_volume.h"
#include "core/whole.h"

namespace wxnn {

namespace {

// A filter [a, b, height, width] with its axes in another order.
Status filter_as(OnnxNode& n, const OnnxImage& image, std::vector<double> moves, int* filter) {
  WXNN_TRY(n.in(1, filter));
  const Shape s = n.b.shape(*filter);
  WXNN_CHECK(s.rank() == (image.is_line ? 3 : 4), "its filter is {}", s);
  if (image.is_line) WXNN_TRY(n.reshape(*filter, {s[0], s[1], 1, s[2]}, filter));
  return n.add("Transpose", {*filter}, {{"perm", std::move(moves)}}, filter);
}

std::vector<double> kernel_of(const Shape& filter) {
  std::vector<double> kernel;
  for (int i = 2; i < filter.rank(); ++i) kernel.push_back(filter[i]);
  return kernel;
}

Status check_kernel(OnnxNode& n, const std::vector<double>& kernel) {
  const std::vector<double> said = n.list("kernel_shape");
  WXNN_CHECK(said.empty() || said == kernel, "kernel_shape is not the filter's");
  return {};
}

Status bias_of(OnnxNode& n, int* bias) {
  *bias = kAbsent;
  return n.has(2) ? n.in(2, bias) : Status();
}

// What both have: an image, a filter as ONNX has it, how it slides, a bias.
struct Convolution {
  OnnxImage x;
  Shape filter;
  OnnxSliding s;
  int bias = kAbsent;
};

Status read_convolution(OnnxNode& n, bool has_bias, Convolution* c) {
  WXNN_TRY(take_image(n, 0, &c->x));
  WXNN_TRY(n.shape(1, &c->filter));
  WXNN_CHECK(c->filter.rank() >= 3, "its filter is {}", c->filter);
  const std::vector<double> kernel = kernel_of(c->filter);
  WXNN_TRY(check_kernel(n, kernel));
  WXNN_TRY(read_sliding(n, c->x, kernel, &c->s));
  return has_bias ? bias_of(n, &c->bias) : Status();
}

// [N,C,D,H,W]
bool is_volume(OnnxNode& n) {
  Shape shape;
  return n.shape(0, &shape).ok() && shape.rank() == 5;
}

// ConvInteger's zero points: one number, or for the filter one per output.
Status subtract_zero(OnnxNode& n, size_t i, int32_t outs, int axis, int* x) {
  int zero = kAbsent;
  if (!n.has(i)) return {};
  WXNN_TRY(n.in(i, &zero));
  const int32_t count = n.b.shape(zero).elements();
  WXNN_CHECK(count == 1 || (axis >= 0 && count == outs), "its zero point is {}", n.b.shape(zero));
  Shape wide{1, 1, 1, 1};
  if (count > 1) wide[axis] = count;
  WXNN_TRY(n.reshape(zero, wide, &zero));
  return n.add("Sub", {*x, zero}, {}, x);
}

Status conv(OnnxNode& n, const OnnxRow& row) {
  const bool is_whole = row.op == "ConvInteger";
  if (is_whole) n.allow_whole();
  if (is_volume(n) && !is_whole) return conv_volume(n);
  Convolution c;
  WXNN_TRY(read_convolution(n, !is_whole, &c));
  auto& [x, filter, s, bias] = c;
  if (is_whole) WXNN_TRY(subtract_zero(n, 2, 0, -1, &x.value));
  const int32_t channels = n.b.shape(x.value)[3];
  const int group = n.integer("group", 1);
  WXNN_CHECK(group > 0 && filter[1] * group == channels && filter[0] % group == 0,
             "group {} does not fit {} channels and the filter {}", group, channels, filter);
  int w = kAbsent, y = kAbsent;
  const bool depthwise = group == channels && group > 1;
  if (depthwise) {
    WXNN_TRY(filter_as(n, x, {2, 3, 0, 1}, &w));
    if (is_whole) WXNN_TRY(subtract_zero(n, 3, filter[0], 2, &w));
    const Shape hw = n.b.shape(w);
    WXNN_TRY(n.reshape(w, {hw[0], hw[1], channels, hw[2] / channels}, &w));
    WXNN_TRY(n.add("FusedDepthwiseConv2D", {x.value, w, bias},
                   {pad_setting(s),
                    {"strides", s.strides},
                    {"dilations", s.dilations},
                    {"filterFormat", "HWCM"}},
                   &y));
  } else {
    WXNN_TRY(filter_as(n, x, {0, 2, 3, 1}, &w));
    if (is_whole) WXNN_TRY(subtract_zero(n, 3, filter[0], 0, &w));
    WXNN_TRY(n.add("FusedConv2D", {x.value, w, bias},
                   {pad_setting(s),
                    {"strides", s.strides},
                    {"dilations", s.dilations},
                    {"filterFormat", "OHWI"}},
                   &y));
  }
  WXNN_TRY(give_image(n, x, y));
  if (is_whole) n.mark_whole(0);
  return {};
}

// Output length and padding of a transposed convolution along one axis.
Status transposed_axis(double in, int axis, const std::vector<double>& output_shape,
                       const std::vector<double>& extra, const std::string& mode, OnnxSliding* s,
                       double* out) {
  const double span = (s->kernel[axis] - 1) * s->dilations[axis] + 1;
  const double whole = (in - 1) * s->strides[axis] + span + extra[axis];
  double& before = s->pads[2 * axis];
  double& after = s->pads[2 * axis + 1];
  if (!output_shape.empty() || mode.starts_with("SAME")) {
    *out = output_shape.empty() ? in * s->strides[axis] : output_shape[axis];
    const double total = std::max(whole - *out, 0.0);
    before = mode == "SAME_UPPER" ? std::floor(total / 2) : std::ceil(total / 2);
    after = total - before;
  } else {
    *out = whole - before - after;
  }
  WXNN_CHECK(*out > 0, "would give an empty output");
  return {};
}

Status conv_transpose(OnnxNode& n, const OnnxRow&) {
  if (is_volume(n)) return conv_transpose_volume(n);
  Convolution c;
  WXNN_TRY(read_convolution(n, true, &c));
  auto& [x, filter, s, bias] = c;
  std::vector<double> extra, output_shape = n.list("output_shape");
  const std::string mode = n.text("auto_pad", "NOTSET");
  const int group = n.integer("group", 1);
  WXNN_CHECK(group >= 1 && n.b.shape(x.value)[3] == filter[0] && filter[0] % group == 0,
             "group {} and the filter {} do not fit {} channels", group, filter,
             n.b.shape(x.value)[3]);
  WXNN_TRY(two(n.list("output_padding"), x.is_line, 0, &extra));
  if (!output_shape.empty()) {
    // Some name all dimensions, some the spatial ones.
    const size_t spatial = x.is_line ? 1 : 2;
    if (output_shape.size() > spatial)
      output_shape.erase(output_shape.begin(),
                         output_shape.end() - static_cast<ptrdiff_t>(spatial));
    WXNN_TRY(two(output_shape, x.is_line, 1, &output_shape));
  }
  const Shape in = n.b.shape(x.value);
  double out[2] = {};
  for (int axis = 0; axis < 2; ++axis) {
    WXNN_TRY(transposed_axis(in[1 + axis], axis, output_shape, extra, mode, &s, &out[axis]));
  }
  int w = kAbsent, y = kAbsent;
  if (group > 1) {
    WXNN_TRY(filter_as(n, x, {0, 1, 2, 3}, &w));
    return conv_transpose_groups(n, {.like = x,
                                     .x = x.value,
                                     .filter = w,
                                     .bias = bias,
                                     .group = group,
                                     .kernel = s.kernel,
                                     .strides = s.strides,
                                     .dilations = s.dilations,
                                     .before = {s.pads[0], s.pads[2]},
                                     .out = {out[0], out[1]}});
  }
  WXNN_TRY(filter_as(n, x, {1, 2, 3, 0}, &w));
  const std::vector<double> image = {1.0 * in[0], out[0], out[1], 1.0 * filter[1]};
  WXNN_TRY(n.add("Conv2DBackpropInput", {x.value, w, bias},
                 {{"pad", s.pads},
                  {"strides", s.strides},
                  {"dilations", s.dilations},
                  {"filterFormat", "OHWI"},
                  {"inputShape", image}},
                 &y));
  return give_image(n, x, y);
}

// Blocks put back where they came from and summed: a transposed convolution whose filter has one 1
// for each place of a block.
Status col2im(OnnxNode& n, const OnnxRow&) {
  constexpr double kLargest = 1 << 10;  // places of a block: the filter has the square of it
  int x = kAbsent, w = kAbsent, y = kAbsent;
  OnnxSliding s;
  std::vector<double> image, block;
  WXNN_TRY(n.must_be("auto_pad", "NOTSET"));
  WXNN_TRY(n.in(0, &x));
  WXNN_TRY(n.numbers(1, "image_shape", &image));
  WXNN_TRY(n.numbers(2, "block_shape", &block));
  WXNN_CHECK(image.size() == 2 && block.size() == 2,
             "has blocks of {} dimensions; two are supported", block.size());
  WXNN_CHECK(block[0] >= 1 && block[1] >= 1 && block[0] * block[1] <= kLargest,
             "block_shape is too large, or empty");
  WXNN_TRY(read_sliding(n, {}, block, &s));
  const Shape from = n.b.shape(x);
  const int32_t places = whole<int32_t>(block[0] * block[1]);
  double steps[2] = {};
  for (int i = 0; i < 2; ++i) {
    const double padded = image[i] + s.pads[2 * i] + s.pads[2 * i + 1];
    const double span = (block[i] - 1) * s.dilations[i] + 1;
    WXNN_CHECK(image[i] > 0 && padded >= span && padded <= INT32_MAX,
               "image_shape is smaller than a block, or too large");
    steps[i] = std::floor((padded - span) / s.strides[i]) + 1;
  }
  WXNN_CHECK(from.rank() == 3 && from[1] % places == 0 && steps[0] * steps[1] == from[2],
             "its input {} does not hold a block for each place in the image", from);
  const int32_t planes = from[0] * (from[1] / places);
  std::vector<float> ones(static_cast<size_t>(places) * places);
  for (int32_t i = 0; i < places; ++i) ones[static_cast<size_t>(i) * (places + 1)] = 1;
  const Shape filter{1, whole<int32_t>(block[0]), whole<int32_t>(block[1]), places};
  WXNN_TRY(n.b.constant(n.name + "/places", filter, ones, &w));
  WXNN_TRY(n.reshape(x, {planes, places, from[2]}, &y));
  WXNN_TRY(n.add("Transpose", {y}, {{"perm", std::vector<double>{0, 2, 1}}}, &y));
  WXNN_TRY(n.reshape(y, {planes, whole<int32_t>(steps[0]), whole<int32_t>(steps[1]), places}, &y));
  const std::vector<double> size = {1.0 * planes, image[0], image[1], 1};
  WXNN_TRY(n.add("Conv2DBackpropInput", {y, w},
                 {{"pad", s.pads},
                  {"strides", s.strides},
                  {"dilations", s.dilations},
                  {"filterFormat", "OHWI"},
                  {"inputShape", size}},
                 &y));
  WXNN_TRY(n.reshape(
      y, {from[0], from[1] / places, whole<int32_t>(image[0]), whole<int32_t>(image[1])}, &y));
  return n.out(0, y);
}

constexpr OnnxRow kRows[] = {
    {"Col2Im", col2im},
    {"Conv", conv},
    {"ConvInteger", conv},
    {"ConvTranspose", conv_transpose},
};

}  // namespace

std::span<const OnnxRow> onnx_rows_convolutions() { return kRows; }

}  // namespace wxnn
