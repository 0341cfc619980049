// ONNX's pools: they want channels last.
#include <algorithm>
#include <cmath>
#include <functional>

#include "converter/onnx_graph.h"
#include "converter/onnx_image.h"
#include "core/whole.h"

namespace wxnn {

namespace {

// [N,C,D,H,W] without padding: over height and width, then over depth.
Status pool_volume(OnnxNode& n, const OnnxRow& row) {
  std::vector<double> kernel = n.list("kernel_shape"), strides = n.list("strides");
  if (strides.empty()) strides.assign(3, 1);
  WXNN_CHECK(kernel.size() == 3 && strides.size() == 3, "has a kernel of {} dimensions",
             kernel.size());
  for (const char* name : {"pads", "ceil_mode", "storage_order"}) {
    const std::vector<double> list = n.list(name);
    const bool none = std::ranges::all_of(list, [](double d) { return d == 0; });
    WXNN_CHECK(none && n.number(name, 0) == 0, "{} of three dimensions is not supported", name);
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
Status window_pixel(OnnxNode& n, int x, const Shape& out, const OnnxSliding& s, double row,
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
Status plane_numbers(OnnxNode& n, const Shape& image, const OnnxSliding& s, bool by_column,
                     int* v) {
  std::vector<int32_t> numbers;
  WXNN_TRY(n.b.room((image[1] + s.pads[0] + s.pads[1]) * (image[2] + s.pads[2] + s.pads[3])));
  const Shape padded{1, image[1] + whole<int32_t>(s.pads[0] + s.pads[1]),
                     image[2] + whole<int32_t>(s.pads[2] + s.pads[3]), 1};
  for (int32_t i = 0; i < padded[1]; ++i) {
    for (int32_t j = 0; j < padded[2]; ++j) {
      const int32_t row = i - whole<int32_t>(s.pads[0]), column = j - whole<int32_t>(s.pads[2]);
      numbers.push_back(by_column ? column * image[1] + row : row * image[2] + column);
    }
  }
  return n.b.constant(n.name + "/places", padded, numbers, v);
}

// MaxPool that also tells where: the window's pixels compared one after another.
Status max_places(OnnxNode& n, const OnnxImage& image, const OnnxSliding& s, bool by_column) {
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
    WXNN_CHECK(span <= out[1 + i], "its window is larger than {}", out);
    out[1 + i] = whole<int32_t>((out[1 + i] - span) / s.strides[i]) + 1;
  }
  for (int32_t i = 0; i < s.kernel[0]; ++i) {
    for (int32_t j = 0; j < s.kernel[1]; ++j) {
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
  WXNN_TRY(n.b.room(1.0 * from[0] * from[3]));
  for (int32_t k = 0; k < from[0] * from[3]; ++k) planes.push_back(k * from[1] * from[2]);
  int offsets = kAbsent;
  WXNN_TRY(n.b.constant(n.name + "/planes", {from[0], 1, 1, from[3]}, planes, &offsets));
  WXNN_TRY(n.add("Add", {where, offsets}, {}, &where));
  WXNN_TRY(n.out(0, best, channels_last(4)));
  return n.out(1, where, channels_last(4));
}

// "same" as numbers.
void settle_same(const Shape& image, OnnxSliding* s) {
  if (s->name != "same") return;
  for (int axis = 0; axis < 2; ++axis) {
    const double total =
        same_total(image[1 + axis], s->kernel[axis], s->strides[axis], s->dilations[axis]);
    s->pads[2 * axis] = std::floor(total / 2);
    s->pads[2 * axis + 1] = std::ceil(total / 2);
  }
}

// Zeros around the image that count as its own pixels.
Status pad_zeros(OnnxNode& n, const OnnxSliding& s, int* y) {
  const std::vector<double> sides = {0, 0, s.pads[0], s.pads[1], s.pads[2], s.pads[3], 0, 0};
  return n.add("PadV2", {*y}, {{"paddings", sides}, {"constantValue", 0}}, y);
}

// What the last windows of a pool that rounds up see beyond the padding: zeros too.
void pad_for_ceil(const Shape& image, OnnxSliding* s) {
  for (int axis = 0; axis < 2; ++axis) {
    const double in = image[1 + axis], before = s->pads[2 * axis];
    double& after = s->pads[2 * axis + 1];
    const double span = (s->kernel[axis] - 1) * s->dilations[axis] + 1;
    double steps = std::ceil((in + before + after - span) / s->strides[axis]);
    if (steps * s->strides[axis] >= in + before) --steps;  // it would see padding alone
    after = std::max(after, steps * s->strides[axis] + span - in - before);
  }
}

// (sum of |x|^p)^(1/p), where `sums` adds up.
Status norm(OnnxNode& n, double p, int* y, const std::function<Status(int*)>& sums) {
  WXNN_CHECK(p > 0, "p is not positive");
  if (p == 2) {
    WXNN_TRY(n.add("Square", {*y}, {}, y));
  } else {
    WXNN_TRY(n.add("Abs", {*y}, {}, y));
    if (p != 1) WXNN_TRY(n.with_scalar("Pow", *y, p, y));
  }
  WXNN_TRY(sums(y));
  if (p == 2) return n.add("Sqrt", {*y}, {}, y);
  return p == 1 ? Status() : n.with_scalar("Pow", *y, 1 / p, y);
}

Status lp_pool(OnnxNode& n, const OnnxRow&) {
  OnnxImage x;
  OnnxSliding s;
  WXNN_TRY(take_image(n, 0, &x));
  WXNN_TRY(read_sliding(n, x, n.list("kernel_shape"), &s));
  const Shape image = n.b.shape(x.value);
  settle_same(image, &s);
  if (n.integer("ceil_mode", 0) != 0) pad_for_ceil(image, &s);
  int y = x.value;
  WXNN_TRY(norm(n, n.number("p", 2), &y, [&](int* sum) {
    WXNN_TRY(pad_zeros(n, s, sum));
    WXNN_TRY(n.add("AvgPool", {*sum},
                   {{"filterSize", s.kernel},
                    {"pad", "valid"},
                    {"strides", s.strides},
                    {"dilations", s.dilations}},
                   sum));
    return n.with_scalar("Multiply", *sum, s.kernel[0] * s.kernel[1], sum);
  }));
  return give_image(n, x, y);
}

Status global_lp_pool(OnnxNode& n, const OnnxRow&) {
  OnnxTensor x;
  WXNN_TRY(n.any(0, &x));
  WXNN_CHECK(x.perm.size() > 2, "its input has no spatial dimensions");
  const std::vector<double> axes(x.perm.begin() + 2, x.perm.end());
  int y = x.value;
  WXNN_TRY(norm(n, n.number("p", 2), &y, [&](int* sum) {
    return n.add("Sum", {*sum}, {{"axis", axes}, {"keepDims", true}}, sum);
  }));
  return n.out(0, y, x.perm);
}

Status pool(OnnxNode& n, const OnnxRow& row) {
  Shape shape;
  WXNN_TRY(n.shape(0, &shape));
  if (shape.rank() == 5) return pool_volume(n, row);
  OnnxImage x;
  WXNN_TRY(take_image(n, 0, &x));
  OnnxSliding s;
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
    settle_same(n.b.shape(x.value), &s);
    WXNN_TRY(pad_zeros(n, s, &y));
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

constexpr OnnxRow kRows[] = {
    {"AveragePool", pool, "AvgPool"},
    {"GlobalAveragePool", global_pool, "Mean"},
    {"GlobalLpPool", global_lp_pool},
    {"GlobalMaxPool", global_pool, "Max"},
    {"LpPool", lp_pool},
    {"MaxPool", pool, "MaxPool"},
};

}  // namespace

std::span<const OnnxRow> onnx_rows_pools() { return kRows; }

}  // namespace wxnn
