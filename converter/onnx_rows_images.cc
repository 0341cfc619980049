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
// [N,C,D,H,W] without padding: over height and width, then over depth.
Status pool_volume(OnnxNode& n, const OnnxRow& row) {
  std::vector<double> kernel = n.list("kernel_shape"), strides = n.list("strides");
  if (strides.empty()) strides.assign(3, 1);
  WXNN_CHECK(kernel.size() == 3 && strides.size() == 3, "has a kernel of ", kernel.size(),
             " dimensions");
  for (const char* name : {"pads", "ceil_mode", "storage_order"}) {
    const std::vector<double> list = n.list(name);
    const bool none = std::ranges::all_of(list, [](double d) { return d == 0; });
    WXNN_CHECK(none && n.number(name, 0) == 0, name, " of three dimensions is not supported");
  }
  for (const double d : n.list("dilations"))
    WXNN_CHECK(d == 1, "dilations of three dimensions are not supported");
  WXNN_TRY(n.must_be("auto_pad", "NOTSET"));
  n.ignore("count_include_pad");  // there is none
  WXNN_CHECK(!n.wants(1), "its output of indices is not supported for three dimensions");
  int x = kAbsent, y = kAbsent;
  WXNN_TRY(n.in(0, channels_last(5), &x));
  const Shape s = n.b.shape(x);
  const auto slide = [&](double a, double b, double c, double d) {
    return n.add(row.ours, {y},
                 {{"filterSize", std::vector<double>{a, b}},
                  {"pad", "valid"},
                  {"strides", std::vector<double>{c, d}}},
                 &y);
  };
  WXNN_TRY(n.reshape(x, {s[0] * s[1], s[2], s[3], s[4]}, &y));
  WXNN_TRY(slide(kernel[1], kernel[2], strides[1], strides[2]));
  const Shape flat = n.b.shape(y);
  WXNN_TRY(n.reshape(y, {s[0], s[1], flat[1] * flat[2], s[4]}, &y));
  WXNN_TRY(slide(kernel[0], 1, strides[0], 1));
  WXNN_TRY(n.reshape(y, {s[0], n.b.shape(y)[1], flat[1], flat[2], s[4]}, &y));
  return n.out(0, y, channels_last(5));
}

// One step of MaxPool with indices: the window's pixel (row, column), and where in the plane it is.
Status window_pixel(OnnxNode& n, int x, const Shape& out, const Sliding& s, double row,
                    double column, int* y) {
  const Shape from = n.b.shape(x);
  const std::vector<double> begin = {0, row * s.dilations[0], column * s.dilations[1], 0};
  const std::vector<double> strides = {1, s.strides[0], s.strides[1], 1};
  std::vector<double> end = {1.0 * from[0], 0, 0, 1.0 * from[3]};
  for (int i = 1; i < 3; ++i) end[i] = begin[i] + (out[i] - 1) * strides[i] + 1;
  return n.add("StridedSlice", {x}, {{"begin", begin}, {"end", end}, {"strides", strides}}, y);
}

// Numbers of the padded plane's pixels in the whole tensor, without the image and channel:
// [1,H,W,1].
Status plane_numbers(OnnxNode& n, const Shape& image, const Sliding& s, bool by_column, int* v) {
  std::vector<int32_t> numbers;
  const Shape padded{1, image[1] + static_cast<int32_t>(s.pads[0] + s.pads[1]),
                     image[2] + static_cast<int32_t>(s.pads[2] + s.pads[3]), 1};
  for (int32_t i = 0; i < padded[1]; ++i) {
    for (int32_t j = 0; j < padded[2]; ++j) {
      const int32_t row = i - static_cast<int32_t>(s.pads[0]),
                    column = j - static_cast<int32_t>(s.pads[2]);
      numbers.push_back(by_column ? column * image[1] + row : row * image[2] + column);
    }
  }
  return n.b.constant(n.name + "/places", padded, numbers, v);
}

// MaxPool that also tells where: the window's pixels compared one after another.
Status max_places(OnnxNode& n, const Image& image, const Sliding& s, bool by_column) {
  const Shape from = n.b.shape(image.value);
  WXNN_CHECK(!image.is_line && s.name != "same" && from.elements() > 0,
             "its output of indices is supported for [N,C,H,W] with explicit padding only");
  int x = image.value, places = kAbsent, best = kAbsent, where = kAbsent;
  const std::vector<double> sides = {0, 0, s.pads[0], s.pads[1], s.pads[2], s.pads[3], 0, 0};
  WXNN_TRY(n.add("PadV2", {x}, {{"paddings", sides}, {"constantValue", -INFINITY}}, &x));
  WXNN_TRY(plane_numbers(n, from, s, by_column, &places));
  Shape out = n.b.shape(x);
  for (int i = 0; i < 2; ++i) {
    const double span = (s.kernel[i] - 1) * s.dilations[i] + 1;
    WXNN_CHECK(span <= out[1 + i], "its window is larger than ", out);
    out[1 + i] = static_cast<int32_t>((out[1 + i] - span) / s.strides[i]) + 1;
  }
  for (double i = 0; i < s.kernel[0]; ++i) {
    for (double j = 0; j < s.kernel[1]; ++j) {
      int pixel = kAbsent, place = kAbsent, better = kAbsent;
      WXNN_TRY(window_pixel(n, x, out, s, i, j, &pixel));
      WXNN_TRY(window_pixel(n, places, out, s, i, j, &place));
      if (best == kAbsent) {
        best = pixel;
        WXNN_TRY(n.add("BroadcastTo", {place}, {{"shape", out}}, &where));
        continue;
      }
      WXNN_TRY(n.add("Greater", {pixel, best}, {}, &better));
      WXNN_TRY(n.add("SelectV2", {better, place, where}, {}, &where));
      WXNN_TRY(n.add("Maximum", {best, pixel}, {}, &best));
    }
  }
  std::vector<int32_t> planes;
  for (int32_t k = 0; k < from[0] * from[3]; ++k) planes.push_back(k * from[1] * from[2]);
  int offsets = kAbsent;
  WXNN_TRY(n.b.constant(n.name + "/planes", {from[0], 1, 1, from[3]}, planes, &offsets));
  WXNN_TRY(n.add("Add", {where, offsets}, {}, &where));
  WXNN_TRY(n.out(0, best, channels_last(4)));
  return n.out(1, where, channels_last(4));
}

Status pool(OnnxNode& n, const OnnxRow& row) {
  Shape shape;
  WXNN_TRY(n.shape(0, &shape));
  if (shape.rank() == 5) return pool_volume(n, row);
  Image x;
  WXNN_TRY(take_image(n, 0, &x));
  Sliding s;
  WXNN_TRY(read_sliding(n, x, n.list("kernel_shape"), &s));
  const bool ceil = n.integer("ceil_mode", 0) != 0;
  const bool counts_pad = n.integer("count_include_pad", 0) != 0;
  const bool by_column = n.integer("storage_order", 0) != 0;
  WXNN_CHECK(!(n.wants(1) && ceil), "ceil_mode with an output of indices is not supported");
  if (n.wants(1)) return max_places(n, x, s, by_column);
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
// (x - mean) / sqrt(variance + epsilon) over `axes` of the value.
struct Moments {
  int normal = kAbsent, mean = kAbsent, variance = kAbsent, inverse = kAbsent;
};
Status normalise(OnnxNode& n, int x, const std::vector<double>& axes, double epsilon, Moments* m) {
  int centred = kAbsent, variance = kAbsent;
  WXNN_TRY(n.add("Mean", {x}, {{"axis", axes}, {"keepDims", true}}, &m->mean));
  WXNN_TRY(n.add("Sub", {x, m->mean}, {}, &centred));
  WXNN_TRY(n.add("Square", {centred}, {}, &variance));
  WXNN_TRY(n.add("Mean", {variance}, {{"axis", axes}, {"keepDims", true}}, &variance));
  m->variance = variance;
  WXNN_TRY(n.with_scalar("Add", variance, epsilon, &variance));
  WXNN_TRY(n.add("Rsqrt", {variance}, {}, &m->inverse));
  return n.add("Multiply", {centred, m->inverse}, {}, &m->normal);
}

// In training the batch's own moments are used, and mixed into the running ones.
Status training_norm(OnnxNode& n, int x, const int (&v)[5], const Perm& perm) {
  const double momentum = n.number("momentum", 0.9);
  std::vector<double> axes;
  for (int i = 0; i + 1 < n.b.shape(x).rank(); ++i) axes.push_back(i);
  Moments m;
  int y = kAbsent;
  WXNN_TRY(normalise(n, x, axes, n.number("epsilon", 1e-5), &m));
  WXNN_TRY(n.add("Multiply", {m.normal, v[1]}, {}, &y));
  WXNN_TRY(n.add("Add", {y, v[2]}, {}, &y));
  WXNN_TRY(n.out(0, y, perm));
  const int fresh[] = {m.mean, m.variance};
  for (size_t i = 0; i < 2; ++i) {
    int running = kAbsent, now = kAbsent;
    WXNN_TRY(n.reshape(fresh[i], n.b.shape(v[3 + i]), &now));
    WXNN_TRY(n.with_scalar("Multiply", now, 1 - momentum, &now));
    WXNN_TRY(n.with_scalar("Multiply", v[3 + i], momentum, &running));
    WXNN_TRY(n.add("Add", {running, now}, {}, &running));
    WXNN_TRY(n.out(1 + i, running));
  }
  return {};
}

Status batch_norm(OnnxNode& n, const OnnxRow&) {
  const bool training = n.integer("training_mode", 0) != 0;
  n.ignore("momentum");
  WXNN_TRY(n.must_be("spatial", 1));
  WXNN_CHECK(training || !n.wants(1),
             "its further outputs are of training, which is not supported");
  Shape shape;
  WXNN_TRY(n.shape(0, &shape));
  const Perm perm = channels_last(shape.rank());
  int x = kAbsent, v[5] = {}, y = kAbsent;
  WXNN_TRY(n.in(0, perm, &x));
  for (size_t i = 1; i < 5; ++i) WXNN_TRY(n.in(i, &v[i]));
  if (training) return training_norm(n, x, v, perm);
  // ONNX: scale, bias, mean, variance. Ours: mean, variance, offset, scale.
  WXNN_TRY(n.add("FusedBatchNorm", {x, v[3], v[4], v[2], v[1]},
                 {{"varianceEpsilon", n.number("epsilon", 1e-5)}}, &y));
  return n.out(0, y, perm);
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
