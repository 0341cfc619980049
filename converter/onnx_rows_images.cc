// ONNX operators with a window, and norms: they want channels last.
#include <algorithm>
#include <cmath>

#include "converter/onnx_reader.h"

namespace wxnn {

namespace {

// An image [N,H,W,C] of ours from [N,C,H,W] or, with a height of 1, [N,C,W].
struct Image {
  int value = kAbsent;
  bool is_line = false;
};

Status take_image(OnnxNode& n, size_t i, Image* image) {
  Shape shape;
  WXNN_TRY(n.shape(i, &shape));
  const int rank = shape.rank();
  WXNN_CHECK(rank == 3 || rank == 4, "its input is ", shape,
             "; only one or two spatial dimensions are supported");
  image->is_line = rank == 3;
  WXNN_TRY(n.in(i, channels_last(rank), &image->value));
  if (!image->is_line) return {};
  return n.reshape(image->value, {shape[0], 1, shape[2], shape[1]}, &image->value);
}

Status give_image(OnnxNode& n, const Image& like, int y) {
  if (!like.is_line) return n.out(0, y, channels_last(4));
  const Shape s = n.b.shape(y);
  WXNN_TRY(n.reshape(y, {s[0], s[2], s[3]}, &y));
  return n.out(0, y, channels_last(3));
}

// One number per spatial axis, as two: height and width.
Status two(const std::vector<double>& list, bool is_line, double otherwise,
           std::vector<double>* both) {
  *both = list;
  if (list.empty()) both->assign(is_line ? 1 : 2, otherwise);
  WXNN_CHECK(both->size() == (is_line ? 1 : 2), "has ", both->size(),
             " numbers for its spatial dimensions");
  if (is_line) both->insert(both->begin(), otherwise);
  return {};
}

struct Sliding {
  std::vector<double> kernel, strides, dilations;
  std::vector<double> pads;  // top, bottom, left, right
  std::string name;          // "same" or "valid" where the numbers say nothing
};

double same_total(double in, double kernel, double stride, double dilation) {
  const double out = std::ceil(in / stride);
  return std::max((out - 1) * stride + (kernel - 1) * dilation + 1 - in, 0.0);
}

Status read_pads(OnnxNode& n, const Image& image, Sliding* s) {
  const std::string mode = n.text("auto_pad", "NOTSET");
  std::vector<double> pads = n.list("pads");
  const size_t axes = image.is_line ? 1 : 2;
  if (pads.empty() || mode != "NOTSET") pads.assign(2 * axes, 0);
  WXNN_CHECK(pads.size() == 2 * axes, "pads has ", pads.size(), " numbers");
  for (const double p : pads)
    WXNN_CHECK(p >= 0, "pads has a negative number, which is not supported");
  if (image.is_line) pads = {0, pads[0], 0, pads[1]};
  s->pads = {pads[0], pads[2], pads[1], pads[3]};
  if (mode == "SAME_UPPER") s->name = "same";
  if (mode == "SAME_LOWER") {
    const Shape shape = n.b.shape(image.value);
    for (int axis = 0; axis < 2; ++axis) {
      const double total =
          same_total(shape[1 + axis], s->kernel[axis], s->strides[axis], s->dilations[axis]);
      s->pads[2 * axis] = std::ceil(total / 2);
      s->pads[2 * axis + 1] = std::floor(total / 2);
    }
  } else {
    const bool known = mode == "NOTSET" || mode == "VALID" || mode == "SAME_UPPER";
    WXNN_CHECK(known, "auto_pad \"", mode, "\" is not known");
  }
  const bool none = std::ranges::all_of(s->pads, [](double p) { return p == 0; });
  if (s->name.empty() && none) s->name = "valid";
  return {};
}

Status read_sliding(OnnxNode& n, const Image& image, const std::vector<double>& kernel,
                    Sliding* s) {
  WXNN_TRY(two(kernel, image.is_line, 1, &s->kernel));
  WXNN_TRY(two(n.list("strides"), image.is_line, 1, &s->strides));
  WXNN_TRY(two(n.list("dilations"), image.is_line, 1, &s->dilations));
  for (int i = 0; i < 2; ++i) {
    const bool good = s->kernel[i] > 0 && s->strides[i] > 0 && s->dilations[i] > 0;
    WXNN_CHECK(good, "has a kernel, stride or dilation that is not positive");
  }
  return read_pads(n, image, s);
}

Setting pad_setting(const Sliding& s) {
  return s.name.empty() ? Setting("pad", s.pads) : Setting("pad", std::string_view(s.name));
}

// A filter [a, b, height, width] with its axes in another order.
Status filter_as(OnnxNode& n, const Image& image, std::vector<double> moves, int* filter) {
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
  Image x;
  Shape filter;
  WXNN_TRY(take_image(n, 0, &x));
  WXNN_TRY(n.shape(1, &filter));
  WXNN_CHECK(filter.rank() >= 3, "its filter is ", filter);
  const std::vector<double> kernel = kernel_of(filter);
  Sliding s;
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
                       const std::vector<double>& extra, const std::string& mode, Sliding* s,
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
  Image x;
  Shape filter;
  WXNN_TRY(take_image(n, 0, &x));
  WXNN_TRY(n.shape(1, &filter));
  WXNN_CHECK(filter.rank() >= 3, "its filter is ", filter);
  const std::vector<double> kernel = kernel_of(filter);
  Sliding s;
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

// --- pools
// ------------------------------------------------------------------------------------------
Status pool(OnnxNode& n, const OnnxRow& row) {
  Image x;
  WXNN_TRY(take_image(n, 0, &x));
  Sliding s;
  WXNN_TRY(read_sliding(n, x, n.list("kernel_shape"), &s));
  const bool ceil = n.integer("ceil_mode", 0) != 0;
  const bool counts_pad = n.integer("count_include_pad", 0) != 0;
  WXNN_TRY(n.must_be("storage_order", 0));
  WXNN_CHECK(!n.wants(1), "its output of indices is not supported");
  WXNN_CHECK(!(ceil && counts_pad && s.name != "valid"),
             "ceil_mode with count_include_pad is not supported");
  int y = x.value;
  if (counts_pad && s.name != "valid") {
    // Zeros that count are ordinary numbers.
    if (s.name == "same") {
      const Shape shape = n.b.shape(x.value);
      for (int axis = 0; axis < 2; ++axis) {
        const double total =
            same_total(shape[1 + axis], s.kernel[axis], s.strides[axis], s.dilations[axis]);
        s.pads[2 * axis] = std::floor(total / 2);
        s.pads[2 * axis + 1] = std::ceil(total / 2);
      }
    }
    const std::vector<double> sides = {0, 0, s.pads[0], s.pads[1], s.pads[2], s.pads[3], 0, 0};
    WXNN_TRY(n.add("PadV2", {y}, {{"paddings", sides}, {"constantValue", 0}}, &y));
    s.name = "valid";
  }
  if (ceil && s.name == "valid") s.name.clear();  // rounding acts on numbers
  std::vector<Setting> settings = {
      {"filterSize", s.kernel}, pad_setting(s), {"strides", s.strides}, {"dilations", s.dilations}};
  if (ceil) settings.push_back({"dimRoundingMode", "ceil"});
  WXNN_TRY(n.add(row.ours, {y}, std::move(settings), &y));
  return give_image(n, x, y);
}

Status global_pool(OnnxNode& n, const OnnxRow& row) {
  OnnxTensor x;
  WXNN_TRY(n.any(0, &x));
  WXNN_CHECK(x.perm.size() > 2, "its input has no spatial dimensions");
  const std::vector<double> axes(x.perm.begin() + 2, x.perm.end());
  int y = kAbsent;
  const char* name = std::string_view(row.ours) == "Max" ? "reductionIndices" : "axis";
  WXNN_TRY(n.add(row.ours, {x.value}, {{name, axes}, {"keepDims", true}}, &y));
  return n.out(0, y, x.perm);
}

// --- norms
// ------------------------------------------------------------------------------------------
Status batch_norm(OnnxNode& n, const OnnxRow&) {
  n.ignore("momentum");
  WXNN_TRY(n.must_be("training_mode", 0));
  WXNN_TRY(n.must_be("spatial", 1));
  WXNN_CHECK(!n.wants(1), "its further outputs are of training, which is not supported");
  Shape shape;
  WXNN_TRY(n.shape(0, &shape));
  const Perm perm = channels_last(shape.rank());
  int x = kAbsent, v[5] = {}, y = kAbsent;
  WXNN_TRY(n.in(0, perm, &x));
  for (size_t i = 1; i < 5; ++i) WXNN_TRY(n.in(i, &v[i]));
  // ONNX: scale, bias, mean, variance. Ours: mean, variance, offset, scale.
  WXNN_TRY(n.add("FusedBatchNorm", {x, v[3], v[4], v[2], v[1]},
                 {{"varianceEpsilon", n.number("epsilon", 1e-5)}}, &y));
  return n.out(0, y, perm);
}

// (x - mean) / sqrt(variance + epsilon) over `axes` of the value.
struct Moments {
  int normal = kAbsent, mean = kAbsent, inverse = kAbsent;
};
Status normalise(OnnxNode& n, int x, const std::vector<double>& axes, double epsilon, Moments* m) {
  int centred = kAbsent, variance = kAbsent;
  WXNN_TRY(n.add("Mean", {x}, {{"axis", axes}, {"keepDims", true}}, &m->mean));
  WXNN_TRY(n.add("Sub", {x, m->mean}, {}, &centred));
  WXNN_TRY(n.add("Square", {centred}, {}, &variance));
  WXNN_TRY(n.add("Mean", {variance}, {{"axis", axes}, {"keepDims", true}}, &variance));
  WXNN_TRY(n.with_scalar("Add", variance, epsilon, &variance));
  WXNN_TRY(n.add("Rsqrt", {variance}, {}, &m->inverse));
  return n.add("Multiply", {centred, m->inverse}, {}, &m->normal);
}

Status instance_norm(OnnxNode& n, const OnnxRow&) {
  Shape shape;
  WXNN_TRY(n.shape(0, &shape));
  const Perm perm = channels_last(shape.rank());
  int x = kAbsent, scale = kAbsent, bias = kAbsent, y = kAbsent;
  WXNN_TRY(n.in(0, perm, &x));
  WXNN_TRY(n.in(1, &scale));
  WXNN_TRY(n.in(2, &bias));
  std::vector<double> axes;
  for (int i = 1; i + 1 < shape.rank(); ++i) axes.push_back(i);
  WXNN_CHECK(!axes.empty(), "its input ", shape, " has no spatial dimensions");
  Moments m;
  WXNN_TRY(normalise(n, x, axes, n.number("epsilon", 1e-5), &m));
  WXNN_TRY(n.add("Multiply", {m.normal, scale}, {}, &y));
  WXNN_TRY(n.add("Add", {y, bias}, {}, &y));
  return n.out(0, y, perm);
}

Status layer_norm(OnnxNode& n, const OnnxRow&) {
  int x = kAbsent, scale = kAbsent, bias = kAbsent, y = kAbsent, axis = 0;
  WXNN_TRY(n.must_be("stash_type", 1));
  WXNN_TRY(n.in(0, &x));
  WXNN_TRY(n.in(1, &scale));
  const int rank = n.b.shape(x).rank();
  WXNN_TRY(onnx_axis(n.integer("axis", -1), rank, &axis));
  std::vector<double> axes;
  for (int i = axis; i < rank; ++i) axes.push_back(i);
  Moments m;
  WXNN_TRY(normalise(n, x, axes, n.number("epsilon", 1e-5), &m));
  WXNN_TRY(n.add("Multiply", {m.normal, scale}, {}, &y));
  if (n.has(2)) WXNN_TRY(n.in(2, &bias));
  if (n.has(2)) WXNN_TRY(n.add("Add", {y, bias}, {}, &y));
  WXNN_TRY(n.out(0, y));
  WXNN_TRY(n.out(1, m.mean));
  return n.out(2, m.inverse);
}

// x / (bias + alpha / size * sum of squares of `size` neighbouring channels)^beta
Status local_response_norm(OnnxNode& n, const OnnxRow&) {
  Shape shape;
  WXNN_TRY(n.shape(0, &shape));
  WXNN_CHECK(shape.rank() == 4, "its input is ", shape, ", [N,C,H,W] is supported");
  const int size = n.integer("size", 0);
  WXNN_CHECK(size > 0, "size ", size, " is not positive");
  int x = kAbsent, y = kAbsent;
  WXNN_TRY(n.in(0, channels_last(4), &x));
  const int32_t pixels = shape[0] * shape[2] * shape[3];
  WXNN_TRY(n.add("Square", {x}, {}, &y));
  const double before = (size - 1) / 2, after = size - 1 - (size - 1) / 2;
  WXNN_TRY(n.add(
      "PadV2", {y},
      {{"paddings", std::vector<double>{0, 0, 0, 0, 0, 0, before, after}}, {"constantValue", 0}},
      &y));
  WXNN_TRY(n.reshape(y, {pixels, 1, shape[1] + size - 1, 1}, &y));
  WXNN_TRY(n.add(
      "AvgPool", {y},
      {{"filterSize", std::vector<double>{1, 1.0 * size}}, {"pad", "valid"}, {"strides", 1}}, &y));
  WXNN_TRY(n.reshape(y, n.b.shape(x), &y));
  WXNN_TRY(n.with_scalar("Multiply", y, n.number("alpha", 0.0001), &y));
  WXNN_TRY(n.with_scalar("Add", y, n.number("bias", 1), &y));
  WXNN_TRY(n.with_scalar("Pow", y, n.number("beta", 0.75), &y));
  WXNN_TRY(n.add("RealDiv", {x, y}, {}, &y));
  return n.out(0, y, channels_last(4));
}

// (x - mean) / (deviation + 1e-9)
Status mean_variance_norm(OnnxNode& n, const OnnxRow&) {
  OnnxTensor x;
  WXNN_TRY(n.any(0, &x));
  std::vector<double> axes = n.list("axes");
  if (axes.empty()) axes = {0, 2, 3};
  for (double& axis : axes) {
    int at = 0;
    WXNN_TRY(onnx_axis(axis, static_cast<int>(x.perm.size()), &at));
    axis = x.perm[at];
  }
  int mean = kAbsent, centred = kAbsent, y = kAbsent;
  WXNN_TRY(n.add("Mean", {x.value}, {{"axis", axes}, {"keepDims", true}}, &mean));
  WXNN_TRY(n.add("Sub", {x.value, mean}, {}, &centred));
  WXNN_TRY(n.add("Square", {centred}, {}, &y));
  WXNN_TRY(n.add("Mean", {y}, {{"axis", axes}, {"keepDims", true}}, &y));
  WXNN_TRY(n.add("Sqrt", {y}, {}, &y));
  WXNN_TRY(n.with_scalar("Add", y, 1e-9, &y));
  WXNN_TRY(n.add("RealDiv", {centred, y}, {}, &y));
  return n.out(0, y, x.perm);
}

constexpr OnnxRow kRows[] = {
    {"AveragePool", pool, "AvgPool"},
    {"BatchNormalization", batch_norm},
    {"Conv", conv},
    {"ConvTranspose", conv_transpose},
    {"GlobalAveragePool", global_pool, "Mean"},
    {"GlobalMaxPool", global_pool, "Max"},
    {"InstanceNormalization", instance_norm},
    {"LRN", local_response_norm},
    {"LayerNormalization", layer_norm},
    {"MaxPool", pool, "MaxPool"},
    {"MeanVarianceNormalization", mean_variance_norm},
};

}  // namespace

std::span<const OnnxRow> onnx_rows_images() { return kRows; }

}  // namespace wxnn
