// ONNX's Resize and Upsample. What TensorFlow's two resizes compute exactly becomes one of them;
// every other nearest mode is a table of indices per axis, every other interpolation a small matrix
// per axis, both computed here, where all sizes are known.
#include <algorithm>
#include <cmath>

#include "converter/onnx_graph.h"
#include "core/whole.h"

namespace wxnn {

namespace {

struct Resize {
  std::string coordinates, mode, nearest;
  double cubic_a = -0.75;
  bool exclude_outside = false;
  double outside = 0;              // what tf_crop_and_resize gives outside the image
  std::vector<double> in, out;     // sizes
  std::vector<double> scale;       // as given: decides coordinates
  std::vector<double> start, end;  // of tf_crop_and_resize's region
};

// Where output i of axis `k` looks in the input. The modes are those of the specification.
double source_of(const Resize& r, size_t k, double i) {
  const double in = r.in[k], out = r.out[k], scale = r.scale[k];
  if (r.coordinates == "asymmetric") return i / scale;
  if (r.coordinates == "tf_half_pixel_for_nn") return (i + 0.5) / scale;
  if (r.coordinates == "align_corners") return out == 1 ? 0 : i * (in - 1) / (out - 1);
  if (r.coordinates == "pytorch_half_pixel" && out == 1) return 0;
  if (r.coordinates == "tf_crop_and_resize") {
    const double first = r.start[k] * (in - 1), last = r.end[k] * (in - 1);
    return out == 1 ? (first + last) / 2 : first + i * (last - first) / (out - 1);
  }
  if (r.coordinates == "half_pixel_symmetric") {
    const double adjustment = out / (scale * in);
    return in / 2 * (1 - adjustment) + (i + 0.5) / scale - 0.5;
  }
  return (i + 0.5) / scale - 0.5;  // half_pixel
}

double nearest_of(const Resize& r, double x) {
  if (r.nearest == "floor") return std::floor(x);
  if (r.nearest == "ceil") return std::ceil(x);
  if (r.nearest == "round_prefer_ceil") return std::floor(x + 0.5);
  return std::ceil(x - 0.5);  // round_prefer_floor
}

Status read_modes(OnnxNode& n, Resize* r) {
  constexpr int64_t kModesFrom = 11;
  const bool old = n.opset < kModesFrom;
  r->mode = n.text("mode", "nearest");
  r->coordinates = n.text("coordinate_transformation_mode", old ? "asymmetric" : "half_pixel");
  r->nearest = n.text("nearest_mode", old ? "floor" : "round_prefer_floor");
  r->cubic_a = n.number("cubic_coeff_a", -0.75);
  r->exclude_outside = n.integer("exclude_outside", 0) != 0;
  r->outside = n.number("extrapolation_value", 0);
  WXNN_TRY(n.must_be("antialias", 0));
  WXNN_TRY(n.must_be("keep_aspect_ratio_policy", "stretch"));
  constexpr std::string_view kModes[] = {"nearest", "linear", "cubic"};
  constexpr std::string_view kCoordinates[] = {
      "asymmetric",           "align_corners",      "half_pixel",          "pytorch_half_pixel",
      "half_pixel_symmetric", "tf_crop_and_resize", "tf_half_pixel_for_nn"};
  constexpr std::string_view kNearest[] = {"floor", "ceil", "round_prefer_floor",
                                           "round_prefer_ceil"};
  WXNN_CHECK(std::ranges::find(kModes, r->mode) != std::end(kModes), "mode \"{}\" is not supported",
             r->mode);
  WXNN_CHECK(std::ranges::find(kCoordinates, r->coordinates) != std::end(kCoordinates),
             "coordinate_transformation_mode \"{}\" is not supported", r->coordinates);
  WXNN_CHECK(std::ranges::find(kNearest, r->nearest) != std::end(kNearest),
             "nearest_mode \"{}\" is not supported", r->nearest);
  return {};
}

// Numbers for some axes as numbers for all of them. `parts`: how many an axis has, one list after
// the other.
Status spread(const std::vector<double>& axes, const std::vector<double>& otherwise, size_t parts,
              std::vector<double>* numbers) {
  if (axes.empty() || numbers->empty()) return {};
  const size_t rank = otherwise.size() / parts;
  WXNN_CHECK(numbers->size() == parts * axes.size(), "has {} numbers for {} axes", numbers->size(),
             axes.size());
  std::vector<double> all = otherwise;
  for (size_t i = 0; i < axes.size(); ++i) {
    int axis = 0;
    WXNN_TRY(onnx_axis(axes[i], static_cast<int>(rank), &axis));
    for (size_t p = 0; p < parts; ++p)
      all[p * rank + static_cast<size_t>(axis)] = (*numbers)[p * axes.size() + i];
  }
  *numbers = std::move(all);
  return {};
}

Status check_length(double length, size_t axis) {
  WXNN_CHECK(length >= 1 && length <= 1 << 24 && length == std::floor(length),
             "would have {} elements along axis {}", whole<int64_t>(length), axis);
  return {};
}

// Inputs: opset 10 and Upsample: x, scales. From 11: x, roi, scales, sizes.
Status read_sizes(OnnxNode& n, Resize* r) {
  Shape shape;
  WXNN_TRY(n.shape(0, &shape));
  r->in.assign(shape.dims().begin(), shape.dims().end());
  const size_t rank = r->in.size();
  const size_t scales_at = n.inputs() == 2 ? 1 : 2;
  std::vector<double> scales = n.list("scales"), sizes, roi;
  if (n.has(scales_at)) WXNN_TRY(n.numbers(scales_at, "scales", &scales));
  if (n.has(3)) WXNN_TRY(n.numbers(3, "sizes", &sizes));
  const std::vector<double> axes = n.list("axes");
  WXNN_TRY(spread(axes, std::vector<double>(rank, 1), 1, &scales));
  WXNN_TRY(spread(axes, r->in, 1, &sizes));
  WXNN_CHECK(scales.size() == rank || sizes.size() == rank,
             "has neither scales nor sizes for its {} dimensions", rank);
  for (size_t k = 0; k < rank; ++k) {
    const bool by_scale = sizes.empty();
    WXNN_CHECK(r->in[k] >= 1, "its input is empty");
    WXNN_CHECK(!by_scale || scales[k] > 0, "has a scale that is not positive");
    r->out.push_back(by_scale ? std::floor(r->in[k] * scales[k]) : sizes[k]);
    r->scale.push_back(by_scale ? scales[k] : sizes[k] / r->in[k]);
    WXNN_TRY(check_length(r->out[k], k));
  }
  // ONNX's own cases and its runtimes disagree about the length that corners are aligned to.
  for (size_t k = 0; k < rank && r->coordinates == "align_corners"; ++k) {
    WXNN_CHECK(r->out[k] == r->in[k] * r->scale[k],
               "align_corners with scales that give no whole size is ambiguous");
  }
  if (r->coordinates != "tf_crop_and_resize") return {};
  WXNN_TRY(n.numbers(1, "roi", &roi));
  std::vector<double> all(2 * rank);
  std::fill(all.begin() + static_cast<ptrdiff_t>(rank), all.end(), 1);
  WXNN_TRY(spread(axes, all, 2, &roi));
  WXNN_CHECK(roi.size() == 2 * rank, "roi has {} numbers", roi.size());
  r->start.assign(roi.begin(), roi.begin() + static_cast<ptrdiff_t>(rank));
  r->end.assign(roi.begin() + static_cast<ptrdiff_t>(rank), roi.end());
  // A region gives every output its place along axes that keep their size too.
  for (size_t k = 0; k < rank; ++k) {
    if (sizes.empty()) r->out[k] = std::floor(r->in[k] * (r->end[k] - r->start[k]) * scales[k]);
    WXNN_TRY(check_length(r->out[k], k));
    WXNN_CHECK(std::isfinite(r->start[k]) && std::isfinite(r->end[k]), "roi is not finite");
  }
  return {};
}

// TensorFlow's two resizes, with the flags they take.
bool is_native(const Resize& r, bool* corners, bool* half) {
  if (r.in.size() != 4 || r.in[0] != r.out[0] || r.in[1] != r.out[1] || r.mode == "cubic")
    return false;
  bool exact = true;
  for (size_t k = 2; k < 4; ++k) exact = exact && r.out[k] == r.in[k] * r.scale[k];
  *corners = r.coordinates == "align_corners";
  *half = r.coordinates == "half_pixel" ||
          (r.coordinates == "pytorch_half_pixel" && r.out[2] > 1 && r.out[3] > 1);
  const bool plain = r.coordinates == "asymmetric";
  if (!(*corners || *half || plain) || !(exact || *corners)) return false;
  if (r.mode == "linear") return true;
  // Nearest: compared index by index, since the rounding of ties differs.
  for (size_t k = 2; k < 4; ++k) {
    for (int64_t i = 0; i < r.out[k]; ++i) {
      const double last = r.in[k] - 1;
      const double theirs = std::clamp(nearest_of(r, source_of(r, k, i)), 0.0, last);
      const double span = *half ? (i + 0.5) * r.in[k] / r.out[k] : i * r.in[k] / r.out[k];
      const double corner = r.out[k] > 1 ? std::floor(i * last / (r.out[k] - 1) + 0.5) : 0;
      const double ours = std::min(*corners ? corner : std::floor(span), last);
      if (theirs != ours) return false;
    }
  }
  return true;
}

Status native(OnnxNode& n, const Resize& r, bool corners, bool half) {
  int x = kAbsent, y = kAbsent;
  WXNN_TRY(n.in(0, channels_last(4), &x));
  WXNN_TRY(n.add(r.mode == "linear" ? "ResizeBilinear" : "ResizeNearestNeighbor", {x},
                 {{"size", std::vector<double>{r.out[2], r.out[3]}},
                  {"alignCorners", corners},
                  {"halfPixelCenters", half}},
                 &y));
  return n.out(0, y, channels_last(4));
}

// Weights of the taps around x, tap `first` and the following.
void taps_of(const Resize& r, double x, double* first, std::vector<double>* weights) {
  const double base = std::floor(x), f = x - base;
  if (r.mode == "linear") {
    *first = base;
    *weights = {1 - f, f};
    return;
  }
  const double a = r.cubic_a;
  const auto near = [a](double d) { return ((a + 2) * d - (a + 3)) * d * d + 1; };
  const auto far = [a](double d) { return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a; };
  *first = base - 1;
  *weights = {far(1 + f), near(f), near(1 - f), far(2 - f)};
}

// [out, in]: what each output takes from each input along one axis.
std::vector<float> matrix_of(const Resize& r, size_t k) {
  const size_t in = whole<size_t>(r.in[k]), out = whole<size_t>(r.out[k]);
  std::vector<float> matrix(in * out);
  for (size_t i = 0; i < out; ++i) {
    double first = 0;
    std::vector<double> weights;
    taps_of(r, source_of(r, k, static_cast<double>(i)), &first, &weights);
    std::vector<double> row(in);
    double sum = 0;
    for (size_t t = 0; t < weights.size(); ++t) {
      const double at = first + static_cast<double>(t);
      const bool inside = at >= 0 && at < r.in[k];
      if (r.exclude_outside && !inside) continue;
      row[std::min(whole<size_t>(at), in - 1)] += weights[t];
      sum += weights[t];
    }
    for (size_t j = 0; j < in; ++j)
      matrix[i * in + j] = static_cast<float>(r.exclude_outside ? row[j] / sum : row[j]);
  }
  return matrix;
}

// Axis k of y, which is brought last, multiplied and brought back.
Status by_matrix(OnnxNode& n, const Resize& r, size_t k, int* y) {
  int matrix = kAbsent;
  const int rank = static_cast<int>(r.in.size()), axis = static_cast<int>(k);
  WXNN_TRY(n.b.room(r.in[k] * r.out[k]));
  WXNN_TRY(n.b.constant(n.name + "/weights", {whole<int32_t>(r.out[k]), whole<int32_t>(r.in[k])},
                        matrix_of(r, k), &matrix));
  std::vector<double> swap(rank);
  for (int i = 0; i < rank; ++i) swap[i] = i;
  std::swap(swap[axis], swap[rank - 1]);
  const bool moves = axis != rank - 1;
  if (moves) WXNN_TRY(n.add("Transpose", {*y}, {{"perm", swap}}, y));
  if (rank == 1) WXNN_TRY(n.reshape(*y, {1, whole<int32_t>(r.in[k])}, y));
  WXNN_TRY(n.add("_FusedMatMul", {*y, matrix}, {{"transposeB", true}}, y));
  if (rank == 1) WXNN_TRY(n.reshape(*y, {whole<int32_t>(r.out[k])}, y));
  return moves ? n.add("Transpose", {*y}, {{"perm", swap}}, y) : Status();
}

Status by_index(OnnxNode& n, const Resize& r, size_t k, int* y) {
  std::vector<int32_t> indices;
  WXNN_TRY(n.b.room(r.out[k]));
  for (int64_t i = 0; i < r.out[k]; ++i) {
    indices.push_back(
        whole<int32_t>(std::clamp(nearest_of(r, source_of(r, k, i)), 0.0, r.in[k] - 1)));
  }
  int table = kAbsent;
  WXNN_TRY(
      n.b.constant(n.name + "/indices", {static_cast<int32_t>(indices.size())}, indices, &table));
  return n.add("GatherV2", {*y, table}, {{"axis", static_cast<int>(k)}}, y);
}

// Outputs whose place is outside the image get the extrapolation value.
Status fill_outside(OnnxNode& n, const Resize& r, int* y) {
  if (r.coordinates != "tf_crop_and_resize") return {};
  for (size_t k = 0; k < r.in.size(); ++k) {
    std::string inside;
    for (int64_t i = 0; i < r.out[k]; ++i) {
      const double x = source_of(r, k, i);
      inside += static_cast<char>(x >= 0 && x <= r.in[k] - 1);
    }
    if (inside.find('\0') == std::string::npos) continue;
    Shape line;
    for (size_t i = 0; i < r.in.size(); ++i) line.push_back(i == k ? whole<int32_t>(r.out[k]) : 1);
    int mask = kAbsent, value = kAbsent;
    WXNN_TRY(
        n.b.graph.add_constant(n.name + "/inside", {DType::kBool, line}, inside.data(), &mask));
    WXNN_TRY(n.scalar(DType::kFloat32, r.outside, &value));
    WXNN_TRY(n.add("SelectV2", {mask, *y, value}, {}, y));
  }
  return {};
}

Status resize(OnnxNode& n, const OnnxRow&) {
  Resize r;
  WXNN_TRY(read_modes(n, &r));
  WXNN_TRY(read_sizes(n, &r));
  bool corners = false, half = false;
  if (is_native(r, &corners, &half)) return native(n, r, corners, half);
  int y = kAbsent;
  WXNN_TRY(n.in(0, &y));
  for (size_t k = 0; k < r.in.size(); ++k) {
    const bool whole = r.coordinates != "tf_crop_and_resize" || (r.start[k] == 0 && r.end[k] == 1);
    if (r.in[k] == r.out[k] && whole && r.scale[k] == 1) continue;
    WXNN_TRY(r.mode == "nearest" ? by_index(n, r, k, &y) : by_matrix(n, r, k, &y));
  }
  WXNN_TRY(fill_outside(n, r, &y));
  return n.out(0, y);
}

constexpr OnnxRow kRows[] = {{"Resize", resize}, {"Upsample", resize}};

}  // namespace

std::span<const OnnxRow> onnx_rows_resize() { return kRows; }

}  // namespace wxnn
