// ONNX operators that cut, pad or repeat a tensor along its axes.
#include <algorithm>
#include <cmath>

#include "converter/onnx_graph.h"
#include "core/whole.h"

namespace wxnn {

namespace {

// One axis of a Slice, in ONNX's terms, brought inside.
Status slice_axis(double start, double end, double step, int32_t length, double* first,
                  double* last) {
  WXNN_CHECK(step != 0, "has a step of 0");
  const auto inside = [length](double at, double low, double high) {
    return std::clamp(at < 0 ? at + length : at, low, high);
  };
  *first = step > 0 ? inside(start, 0, length) : inside(start, 0, length - 1.0);
  *last = step > 0 ? inside(end, 0, length) : inside(end, -1, length - 1.0);
  // -1 would mean the last element again: the mask says "to the beginning".
  return {};
}

Status slice(OnnxNode& n, const OnnxRow&) {
  OnnxTensor x;
  n.allow_any_size();
  WXNN_TRY(n.any(0, &x));
  const int rank = static_cast<int>(x.perm.size());
  std::vector<double> starts = n.list("starts"), ends = n.list("ends"), axes = n.list("axes"),
                      steps;
  std::vector<double>* lists[] = {&starts, &ends, &axes, &steps};
  constexpr const char* kNames[] = {"starts", "ends", "axes", "steps"};
  for (size_t i = 0; i < 4; ++i) {
    if (n.has(i + 1)) WXNN_TRY(n.numbers(i + 1, kNames[i], lists[i]));
  }
  for (size_t i = axes.size(); i < starts.size(); ++i) axes.push_back(static_cast<double>(i));
  steps.resize(starts.size(), 1);
  WXNN_CHECK(ends.size() == starts.size() && axes.size() == starts.size(),
             "has {} starts and {} ends", starts.size(), ends.size());
  const Shape shape = n.b.shape(x.value);
  // Of an unknown shape TensorFlow's own meaning of numbers below 0 and beyond the end is ONNX's.
  std::vector<double> begin(rank), end(rank, INT32_MAX), strides(rank, 1);
  std::ranges::copy(shape.is_unknown() ? Shape().dims() : shape.dims(), end.begin());
  int end_mask = 0;
  for (size_t i = 0; i < starts.size(); ++i) {
    int axis = 0;
    WXNN_TRY(onnx_axis(axes[i], rank, &axis));
    axis = x.perm[axis];
    strides[axis] = steps[i];
    if (shape.is_unknown()) {
      WXNN_CHECK(steps[i] != 0, "has a step of 0");
      begin[axis] = std::clamp<double>(starts[i], -INT32_MAX, INT32_MAX);
      end[axis] = std::clamp<double>(ends[i], -INT32_MAX, INT32_MAX);
      continue;
    }
    WXNN_TRY(slice_axis(starts[i], ends[i], steps[i], shape[axis], &begin[axis], &end[axis]));
    if (end[axis] < 0) end_mask |= 1 << axis;
    end[axis] = std::max(end[axis], 0.0);
  }
  int y = kAbsent;
  if (rank == 0) return n.out(0, x.value, x.perm);
  WXNN_TRY(n.add("StridedSlice", {x.value},
                 {{"begin", begin}, {"end", end}, {"strides", strides}, {"endMask", end_mask}},
                 &y));
  return n.out(0, y, x.perm);
}

Status expand(OnnxNode& n, const OnnxRow&) {
  int x = kAbsent, y = kAbsent;
  WXNN_TRY(n.in(0, &x));
  std::vector<double> wanted;
  WXNN_TRY(n.numbers(1, "shape", &wanted));
  Shape to;
  WXNN_CHECK(wanted.size() <= Shape::kMaxRank, "shape has {} dimensions", wanted.size());
  for (const double d : wanted) to.push_back(whole<int32_t>(d));
  to = broadcast(n.b.shape(x), to);
  WXNN_CHECK(to.is_known(), "its input {} does not broadcast to the shape asked for", n.b.shape(x));
  WXNN_TRY(n.add("BroadcastTo", {x}, {{"shape", to}}, &y));
  return n.out(0, y);
}

Status tile(OnnxNode& n, const OnnxRow&) {
  int x = kAbsent, y = kAbsent;
  WXNN_TRY(n.in(0, &x));
  std::vector<double> repeats;
  WXNN_TRY(n.numbers(1, "repeats", &repeats));
  WXNN_TRY(n.add("Tile", {x}, {{"reps", repeats}}, &y));
  return n.out(0, y);
}

// The first and the last repeated, or all of them in turn: a table of indices per axis.
Status pad_by_index(OnnxNode& n, const std::vector<double>& paddings, bool wraps, int* y) {
  const Shape shape = n.b.shape(*y);
  for (int axis = 0; axis < shape.rank(); ++axis) {
    const double before = paddings[2 * axis], after = paddings[2 * axis + 1];
    if (before == 0 && after == 0) continue;
    const int64_t length = shape[axis];
    WXNN_CHECK(length > 0 && before + after + static_cast<double>(length) < 1 << 24,
               "pads {} too far", shape);
    std::vector<int32_t> indices;
    WXNN_TRY(n.b.room(before + after + static_cast<double>(length)));
    for (int64_t i = -whole<int64_t>(before); i < length + whole<int64_t>(after); ++i) {
      const int64_t turned = (i % length + length) % length;
      indices.push_back(
          static_cast<int32_t>(wraps ? turned : std::clamp<int64_t>(i, 0, length - 1)));
    }
    int table = kAbsent;
    WXNN_TRY(
        n.b.constant(n.name + "/indices", {static_cast<int32_t>(indices.size())}, indices, &table));
    WXNN_TRY(n.add("GatherV2", {*y, table}, {{"axis", axis}}, y));
  }
  return {};
}

Status pad(OnnxNode& n, const OnnxRow&) {
  OnnxTensor x;
  WXNN_TRY(n.any(0, &x));
  const int rank = static_cast<int>(x.perm.size());
  const std::string mode = n.text("mode", "constant");
  std::vector<double> pads = n.list("pads"), value = {n.number("value", 0)}, axes;
  if (n.has(1)) WXNN_TRY(n.numbers(1, "pads", &pads));
  if (n.has(2)) value.clear();
  if (n.has(2)) WXNN_TRY(n.numbers(2, "constant_value", &value));
  if (n.has(3)) WXNN_TRY(n.numbers(3, "axes", &axes));
  for (int i = 0; !n.has(3) && i < rank; ++i) axes.push_back(i);
  WXNN_CHECK(pads.size() == 2 * axes.size() && value.size() == 1, "has {} pads for {} axes",
             pads.size(), axes.size());
  WXNN_CHECK(mode == "constant" || mode == "reflect" || mode == "edge" || mode == "wrap",
             "mode \"{}\" is not known", mode);
  const Shape shape = n.b.shape(x.value);
  std::vector<double> paddings(2 * rank), begin(rank), size(rank, -1);
  bool cuts = false;
  for (size_t i = 0; i < axes.size(); ++i) {
    int axis = 0;
    WXNN_TRY(onnx_axis(axes[i], rank, &axis));
    axis = x.perm[axis];
    const double before = pads[i], after = pads[i + axes.size()];
    paddings[2 * axis] = std::max(before, 0.0);
    paddings[2 * axis + 1] = std::max(after, 0.0);
    // Negative padding cuts off.
    begin[axis] = std::max(-before, 0.0);
    size[axis] = shape[axis] - begin[axis] - std::max(-after, 0.0);
    cuts = cuts || before < 0 || after < 0;
  }
  for (int i = 0; i < rank; ++i) size[i] = size[i] < 0 ? shape[i] : size[i];
  int y = x.value;
  if (cuts) WXNN_TRY(n.add("Slice", {y}, {{"begin", begin}, {"size", size}}, &y));
  if (mode == "edge" || mode == "wrap") {
    WXNN_TRY(pad_by_index(n, paddings, mode == "wrap", &y));
  } else if (mode == "constant") {
    WXNN_TRY(n.add("PadV2", {y}, {{"paddings", paddings}, {"constantValue", value[0]}}, &y));
  } else {
    WXNN_TRY(n.add("MirrorPad", {y}, {{"paddings", paddings}, {"mode", "reflect"}}, &y));
  }
  return n.out(0, y, x.perm);
}

// Cut or padded with zeros on both sides; of an odd difference the end has one more.
Status center_crop_pad(OnnxNode& n, const OnnxRow&) {
  OnnxTensor x;
  WXNN_TRY(n.any(0, &x));
  const int rank = static_cast<int>(x.perm.size());
  std::vector<double> wanted, axes = n.list("axes");
  WXNN_TRY(n.numbers(1, "shape", &wanted));
  for (int i = 0; !n.has_attribute("axes") && i < rank; ++i) axes.push_back(i);
  WXNN_CHECK(wanted.size() == axes.size(), "shape has {} numbers for {} axes", wanted.size(),
             axes.size());
  const Shape from = n.b.shape(x.value);
  std::vector<double> begin(rank), size(from.dims().begin(), from.dims().end()), paddings(2 * rank);
  for (size_t i = 0; i < axes.size(); ++i) {
    int axis = 0;
    WXNN_TRY(onnx_axis(axes[i], rank, &axis));
    axis = x.perm[axis];
    WXNN_CHECK(wanted[i] >= 0, "shape has a negative number");
    const double more = wanted[i] - from[axis];
    begin[axis] = std::floor(std::max(-more, 0.0) / 2);
    size[axis] = std::min<double>(wanted[i], from[axis]);
    paddings[2 * axis] = std::floor(std::max(more, 0.0) / 2);
    paddings[2 * axis + 1] = std::max(more, 0.0) - paddings[2 * axis];
  }
  int y = kAbsent;
  WXNN_TRY(n.add("Slice", {x.value}, {{"begin", begin}, {"size", size}}, &y));
  WXNN_TRY(n.add("PadV2", {y}, {{"paddings", paddings}, {"constantValue", 0}}, &y));
  return n.out(0, y, x.perm);
}

constexpr OnnxRow kRows[] = {
    {"CenterCropPad", center_crop_pad},
    {"Expand", expand},
    {"Pad", pad},
    {"Slice", slice},
    {"Tile", tile},
};

}  // namespace

std::span<const OnnxRow> onnx_rows_cuts() { return kRows; }

}  // namespace wxnn
