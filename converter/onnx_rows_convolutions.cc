// ONNX's convolutions: they want channels last.
#include <algorithm>
#include <cmath>

#include "converter/onnx_image.h"
#include "converter/onnx_reader.h"

namespace wxnn {

namespace {

// A filter [a, b, height, width] with its axes in another order.
Status filter_as(OnnxNode& n, const OnnxImage& image, std::vector<double> moves, int* filter) {
  WXNN_TRY(n.in(1, filter));
  const Shape s = n.b.shape(*filter);
  WXNN_CHECK(s.rank() == (image.is_line ? 3 : 4), "its filter is ", s);
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

Status conv(OnnxNode& n, const OnnxRow&) {
  OnnxImage x;
  Shape filter;
  WXNN_TRY(take_image(n, 0, &x));
  WXNN_TRY(n.shape(1, &filter));
  WXNN_CHECK(filter.rank() >= 3, "its filter is ", filter);
  const std::vector<double> kernel = kernel_of(filter);
  OnnxSliding s;
  WXNN_TRY(check_kernel(n, kernel));
  WXNN_TRY(read_sliding(n, x, kernel, &s));
  const int32_t channels = n.b.shape(x.value)[3];
  const int group = n.integer("group", 1);
  WXNN_CHECK(group > 0 && filter[1] * group == channels && filter[0] % group == 0, "group ", group,
             " does not fit ", channels, " channels and the filter ", filter);
  int w = kAbsent, bias = kAbsent, y = kAbsent;
  WXNN_TRY(bias_of(n, &bias));
  const bool depthwise = group == channels && group > 1;
  if (depthwise) {
    WXNN_TRY(filter_as(n, x, {2, 3, 0, 1}, &w));
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
    WXNN_TRY(n.add("FusedConv2D", {x.value, w, bias},
                   {pad_setting(s),
                    {"strides", s.strides},
                    {"dilations", s.dilations},
                    {"filterFormat", "OHWI"}},
                   &y));
  }
  return give_image(n, x, y);
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
    if (mode == "NOTSET") before = std::floor(total / 2);
    after = total - before;
  } else {
    *out = whole - before - after;
  }
  WXNN_CHECK(*out > 0, "would give an empty output");
  return {};
}

Status conv_transpose(OnnxNode& n, const OnnxRow&) {
  OnnxImage x;
  Shape filter;
  WXNN_TRY(take_image(n, 0, &x));
  WXNN_TRY(n.shape(1, &filter));
  WXNN_CHECK(filter.rank() >= 3, "its filter is ", filter);
  const std::vector<double> kernel = kernel_of(filter);
  OnnxSliding s;
  std::vector<double> extra, output_shape = n.list("output_shape");
  const std::string mode = n.text("auto_pad", "NOTSET");
  WXNN_TRY(check_kernel(n, kernel));
  WXNN_TRY(read_sliding(n, x, kernel, &s));
  WXNN_TRY(n.must_be("group", 1));
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
  int w = kAbsent, bias = kAbsent, y = kAbsent;
  WXNN_TRY(bias_of(n, &bias));
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

constexpr OnnxRow kRows[] = {
    {"Conv", conv},
    {"ConvTranspose", conv_transpose},
};

}  // namespace

std::span<const OnnxRow> onnx_rows_convolutions() { return kRows; }

}  // namespace wxnn
