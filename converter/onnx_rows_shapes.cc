// ONNX operators that rearrange a tensor without looking at its numbers.
#include <algorithm>

#include "converter/onnx_reader.h"
#include "converter/onnx_tensor.h"

namespace wxnn {

namespace {

// Attribute `axes` of old opsets, input `i` of new ones.
Status read_axes(OnnxNode& n, size_t i, int rank, std::vector<int>* axes) {
  std::vector<double> numbers = n.list("axes");
  if (n.has(i)) WXNN_TRY(n.numbers(i, "axes", &numbers));
  for (const double d : numbers) {
    axes->push_back(0);
    WXNN_TRY(onnx_axis(d, rank, &axes->back()));
  }
  std::ranges::sort(*axes);
  return {};
}

Status reshape(OnnxNode& n, const OnnxRow&) {
  int x = kAbsent, y = kAbsent;
  WXNN_TRY(n.in(0, &x));
  std::vector<double> wanted = n.list("shape");
  if (n.has(1)) WXNN_TRY(n.numbers(1, "shape", &wanted));
  const bool zero_is_zero = n.integer("allowzero", 0) != 0;
  const Shape from = n.b.shape(x);
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i] != 0 || zero_is_zero) continue;
    WXNN_CHECK(static_cast<int>(i) < from.rank(), "shape copies dimension ", i, " of ", from);
    wanted[i] = from[static_cast<int>(i)];
  }
  WXNN_TRY(n.add("Reshape", {x}, {{"shape", wanted}}, &y));
  return n.out(0, y);
}

Status flatten(OnnxNode& n, const OnnxRow&) {
  int x = kAbsent, y = kAbsent;
  WXNN_TRY(n.in(0, &x));
  const Shape from = n.b.shape(x);
  int axis = n.integer("axis", 1);
  if (axis < 0) axis += from.rank();
  WXNN_CHECK(axis >= 0 && axis <= from.rank(), "axis ", axis, " is outside ", from);
  WXNN_TRY(n.reshape(x, {from.elements(0, axis), from.elements(axis, from.rank())}, &y));
  return n.out(0, y);
}

Status squeeze(OnnxNode& n, const OnnxRow&) {
  int x = kAbsent, y = kAbsent;
  WXNN_TRY(n.in(0, &x));
  const Shape from = n.b.shape(x);
  std::vector<int> axes;
  WXNN_TRY(read_axes(n, 1, from.rank(), &axes));
  Shape to;
  for (int i = 0; i < from.rank(); ++i) {
    const bool named = std::ranges::find(axes, i) != axes.end();
    WXNN_CHECK(!named || from[i] == 1, "axis ", i, " of ", from, " is not 1 long");
    if (axes.empty() ? from[i] != 1 : !named) to.push_back(from[i]);
  }
  WXNN_TRY(n.reshape(x, to, &y));
  return n.out(0, y);
}

Status unsqueeze(OnnxNode& n, const OnnxRow&) {
  int x = kAbsent, y = kAbsent;
  WXNN_TRY(n.in(0, &x));
  std::vector<double> numbers = n.list("axes");
  if (n.has(1)) WXNN_TRY(n.numbers(1, "axes", &numbers));
  Shape to = n.b.shape(x);
  const int rank = to.rank() + static_cast<int>(numbers.size());
  WXNN_CHECK(rank <= Shape::kMaxRank, "would have ", rank, " dimensions");
  std::vector<int> axes;
  for (const double d : numbers) {
    axes.push_back(0);
    WXNN_TRY(onnx_axis(d, rank, &axes.back()));
  }
  std::ranges::sort(axes);
  WXNN_CHECK(std::ranges::adjacent_find(axes) == axes.end(), "has an axis twice");
  for (const int axis : axes) to.insert(axis, 1);
  WXNN_TRY(n.reshape(x, to, &y));
  return n.out(0, y);
}

// Only the layout changes.
Status transpose(OnnxNode& n, const OnnxRow&) {
  OnnxTensor x;
  WXNN_TRY(n.any(0, &x));
  std::vector<double> perm = n.list("perm");
  const int rank = static_cast<int>(x.perm.size());
  if (perm.empty()) {
    for (int i = rank; i-- > 0;) perm.push_back(i);
  }
  WXNN_CHECK(static_cast<int>(perm.size()) == rank, "perm has ", perm.size(), " axes, its input ",
             rank);
  Perm after;
  for (const double d : perm) {
    int axis = 0;
    WXNN_TRY(onnx_axis(d, rank, &axis));
    WXNN_CHECK(std::ranges::find(after, x.perm[axis]) == after.end(), "perm has axis ", axis,
               " twice");
    after.push_back(x.perm[axis]);
  }
  return n.out(0, x.value, after);
}

Status concat(OnnxNode& n, const OnnxRow&) {
  OnnxTensor first;
  WXNN_TRY(n.any(0, &first));
  for (size_t i = 1; i < n.inputs() && n.b.is_constant(first.value); ++i)
    WXNN_TRY(n.any(i, &first));
  int axis = 0;
  WXNN_TRY(onnx_axis(n.integer("axis", 1), static_cast<int>(first.perm.size()), &axis));
  std::vector<int> values;
  for (size_t i = 0; i < n.inputs(); ++i) {
    values.push_back(kAbsent);
    WXNN_TRY(n.in(i, first.perm, &values.back()));
  }
  int y = kAbsent;
  WXNN_TRY(n.add("Concat", values, {{"axis", first.perm[axis]}}, &y));
  return n.out(0, y, first.perm);
}

Status split(OnnxNode& n, const OnnxRow&) {
  OnnxTensor x;
  WXNN_TRY(n.any(0, &x));
  int axis = 0;
  WXNN_TRY(onnx_axis(n.integer("axis", 0), static_cast<int>(x.perm.size()), &axis));
  const int32_t length = n.b.shape(x.value)[x.perm[axis]];
  std::vector<double> sizes = n.list("split");
  if (n.has(1)) WXNN_TRY(n.numbers(1, "split", &sizes));
  const int parts = n.integer("num_outputs", static_cast<int>(n.outputs()));
  WXNN_CHECK(parts == static_cast<int>(n.outputs()) && parts > 0, "num_outputs is ", parts,
             ", there are ", n.outputs());
  // The last part may be smaller.
  const int32_t part = (length + parts - 1) / parts;
  for (int i = 0; sizes.size() < n.outputs(); ++i)
    sizes.push_back(std::min(part, length - i * part));
  std::vector<int> ys;
  WXNN_TRY(n.add("SplitV", {x.value}, {{"numOrSizeSplits", sizes}, {"axis", x.perm[axis]}},
                 n.outputs(), &ys));
  for (size_t i = 0; i < ys.size(); ++i) WXNN_TRY(n.out(i, ys[i], x.perm));
  return {};
}

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
  WXNN_CHECK(ends.size() == starts.size() && axes.size() == starts.size(), "has ", starts.size(),
             " starts and ", ends.size(), " ends");
  const Shape shape = n.b.shape(x.value);
  std::vector<double> begin(rank), end(shape.dims().begin(), shape.dims().end()), strides(rank, 1);
  int end_mask = 0;
  for (size_t i = 0; i < starts.size(); ++i) {
    int axis = 0;
    WXNN_TRY(onnx_axis(axes[i], rank, &axis));
    axis = x.perm[axis];
    WXNN_TRY(slice_axis(starts[i], ends[i], steps[i], shape[axis], &begin[axis], &end[axis]));
    strides[axis] = steps[i];
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
  WXNN_CHECK(wanted.size() <= Shape::kMaxRank, "shape has ", wanted.size(), " dimensions");
  for (const double d : wanted) to.push_back(static_cast<int32_t>(d));
  to = broadcast(n.b.shape(x), to);
  WXNN_CHECK(to.is_known(), "its input ", n.b.shape(x),
             " does not broadcast to the shape asked for");
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
    WXNN_CHECK(length > 0 && before + after + static_cast<double>(length) < 1 << 24, "pads ", shape,
               " too far");
    std::vector<int32_t> indices;
    for (int64_t i = -static_cast<int64_t>(before); i < length + static_cast<int64_t>(after); ++i) {
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
  WXNN_CHECK(pads.size() == 2 * axes.size() && value.size() == 1, "has ", pads.size(), " pads for ",
             axes.size(), " axes");
  WXNN_CHECK(mode == "constant" || mode == "reflect" || mode == "edge" || mode == "wrap", "mode \"",
             mode, "\" is not known");
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

Status cast(OnnxNode& n, const OnnxRow&) {
  OnnxTensor x;
  WXNN_TRY(n.any(0, &x));
  n.ignore("saturate");
  DType to;
  WXNN_TRY(onnx_dtype(n.integer("to", 0), &to));
  int y = x.value;
  if (n.b.type(x.value).dtype != to)
    WXNN_TRY(n.add("Cast", {x.value}, {{"dtype", name_of(to)}}, &y));
  return n.out(0, y, x.perm);
}

Status cast_like(OnnxNode& n, const OnnxRow&) {
  OnnxTensor x;
  DType to;
  WXNN_TRY(n.any(0, &x));
  WXNN_TRY(n.dtype(1, &to));
  n.ignore("saturate");
  int y = x.value;
  if (n.b.type(x.value).dtype != to)
    WXNN_TRY(n.add("Cast", {x.value}, {{"dtype", name_of(to)}}, &y));
  return n.out(0, y, x.perm);
}

// Shapes are known here: Shape and Size are constants.
Status shape_of(OnnxNode& n, const OnnxRow&) {
  Shape shape;
  WXNN_TRY(n.shape(0, &shape));
  const auto clamped = [&shape](int at) {
    return std::clamp(at < 0 ? at + shape.rank() : at, 0, shape.rank());
  };
  const int start = clamped(n.integer("start", 0)), end = clamped(n.integer("end", shape.rank()));
  const std::vector<int32_t> dims(shape.dims().begin() + start,
                                  shape.dims().begin() + std::max(start, end));
  int y = kAbsent;
  WXNN_TRY(n.b.constant(n.name, {static_cast<int32_t>(dims.size())}, dims, &y));
  return n.out(0, y);
}

Status size_of_tensor(OnnxNode& n, const OnnxRow&) {
  Shape shape;
  WXNN_TRY(n.shape(0, &shape));
  int y = kAbsent;
  WXNN_TRY(n.scalar(DType::kInt32, shape.elements(), &y));
  return n.out(0, y);
}

Status constant_of_shape(OnnxNode& n, const OnnxRow&) {
  std::vector<double> dims;
  WXNN_TRY(n.numbers(0, "shape", &dims));
  WXNN_CHECK(dims.size() <= Shape::kMaxRank, "shape has ", dims.size(), " dimensions");
  Shape shape;
  for (const double d : dims) shape.push_back(static_cast<int32_t>(d));
  WXNN_CHECK(shape.is_known() && shape.fits(), "shape ", shape, " does not fit in memory");
  int one = kAbsent, y = kAbsent;
  if (const onnx::TensorProto* tensor = n.tensor("value")) {
    OnnxConstant constant;
    WXNN_TRY(read_onnx_tensor("", *tensor, &constant));
    WXNN_CHECK(constant.type.shape.elements() == 1, "its value should be one number");
    WXNN_TRY(n.b.graph.add_constant(n.name + "/value", {constant.type.dtype, {}},
                                    constant.bytes.data(), &one));
  } else {
    WXNN_TRY(n.scalar(DType::kFloat32, 0, &one));
  }
  WXNN_TRY(n.add("BroadcastTo", {one}, {{"shape", shape}}, &y));
  return n.out(0, y);
}

// Blocks of depth: DCR is TensorFlow's order, CRD has the channel before the block.
Status depth_to_space(OnnxNode& n, const OnnxRow&) {
  int x = kAbsent, y = kAbsent;
  const int block = n.integer("blocksize", 0);
  const std::string mode = n.text("mode", "DCR");
  WXNN_TRY(n.in(0, channels_last(4), &x));
  if (mode == "DCR") {
    WXNN_TRY(n.add("DepthToSpace", {x}, {{"blockSize", block}}, &y));
    return n.out(0, y, channels_last(4));
  }
  WXNN_CHECK(mode == "CRD", "mode \"", mode, "\" is not known");
  const Shape s = n.b.shape(x);
  WXNN_CHECK(block > 0 && s[3] % (block * block) == 0, "blocksize ", block, " does not divide its ",
             s[3], " channels");
  const int32_t depth = s[3] / (block * block);
  WXNN_TRY(n.reshape(x, {s[0], s[1], s[2], depth, block, block}, &y));
  WXNN_TRY(n.add("Transpose", {y}, {{"perm", std::vector<double>{0, 1, 4, 2, 5, 3}}}, &y));
  WXNN_TRY(n.reshape(y, {s[0], s[1] * block, s[2] * block, depth}, &y));
  return n.out(0, y, channels_last(4));
}

Status space_to_depth(OnnxNode& n, const OnnxRow&) {
  int x = kAbsent, y = kAbsent;
  WXNN_TRY(n.in(0, channels_last(4), &x));
  WXNN_TRY(n.add("SpaceToDepth", {x}, {{"blockSize", n.integer("blocksize", 0)}}, &y));
  return n.out(0, y, channels_last(4));
}

constexpr OnnxRow kRows[] = {
    {"Cast", cast},
    {"CastLike", cast_like},
    {"Concat", concat},
    {"ConstantOfShape", constant_of_shape},
    {"DepthToSpace", depth_to_space},
    {"Expand", expand},
    {"Flatten", flatten},
    {"Pad", pad},
    {"Reshape", reshape},
    {"Shape", shape_of},
    {"Size", size_of_tensor},
    {"Slice", slice},
    {"SpaceToDepth", space_to_depth},
    {"Split", split},
    {"Squeeze", squeeze},
    {"Tile", tile},
    {"Transpose", transpose},
    {"Unsqueeze", unsqueeze},
};

}  // namespace

std::span<const OnnxRow> onnx_rows_shapes() { return kRows; }

}  // namespace wxnn
