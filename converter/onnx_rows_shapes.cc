// ONNX operators that rearrange a tensor without looking at its numbers.
#include <algorithm>

#include "converter/onnx_graph.h"
#include "converter/onnx_tensor.h"
#include "core/whole.h"

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
  n.allow_any_size();
  WXNN_TRY(n.in(0, &x));
  std::vector<double> wanted = n.list("shape");
  if (n.has(1)) WXNN_TRY(n.numbers(1, "shape", &wanted));
  const bool zero_is_zero = n.integer("allowzero", 0) != 0;
  const Shape from = n.b.shape(x);
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i] != 0 || zero_is_zero) continue;
    WXNN_CHECK(!from.is_unknown(),
               "shape copies dimension {} of a tensor whose size depends on the data", i);
    WXNN_CHECK(static_cast<int>(i) < from.rank(), "shape copies dimension {} of {}", i, from);
    wanted[i] = from[static_cast<int>(i)];
  }
  WXNN_TRY(n.add("Reshape", {x}, {{"shape", wanted}}, &y));
  return n.out(0, y, identity(static_cast<int>(wanted.size())));
}

Status flatten(OnnxNode& n, const OnnxRow&) {
  int x = kAbsent, y = kAbsent;
  WXNN_TRY(n.in(0, &x));
  const Shape from = n.b.shape(x);
  int axis = n.integer("axis", 1);
  if (axis < 0) axis += from.rank();
  WXNN_CHECK(axis >= 0 && axis <= from.rank(), "axis {} is outside {}", axis, from);
  WXNN_TRY(n.reshape(x, {from.elements(0, axis), from.elements(axis, from.rank())}, &y));
  return n.out(0, y);
}

// Of a tensor whose size is known while running only.
Status squeeze_late(OnnxNode& n, int x, int rank, const std::vector<int>& axes) {
  WXNN_CHECK(!axes.empty(), "names no axes, and the size of its input depends on the data");
  const int left = rank - static_cast<int>(axes.size());
  int y = kAbsent;
  if (left == 0) {
    WXNN_TRY(n.reshape(x, {}, &y));
    return n.out(0, y);
  }
  const std::vector<double> gone(axes.begin(), axes.end());
  WXNN_TRY(n.add("Squeeze", {x}, {{"axis", gone}}, &y));
  return n.out(0, y, identity(left));
}

Status squeeze(OnnxNode& n, const OnnxRow&) {
  OnnxTensor tensor;
  int x = kAbsent, y = kAbsent;
  n.allow_any_size();
  WXNN_TRY(n.any(0, &tensor));
  WXNN_TRY(n.in(0, &x));
  const Shape from = n.b.shape(x);
  const int rank = static_cast<int>(tensor.perm.size());
  std::vector<int> axes;
  WXNN_TRY(read_axes(n, 1, rank, &axes));
  if (from.is_unknown()) return squeeze_late(n, x, rank, axes);
  Shape to;
  for (int i = 0; i < from.rank(); ++i) {
    const bool named = std::ranges::find(axes, i) != axes.end();
    WXNN_CHECK(!named || from[i] == 1, "axis {} of {} is not 1 long", i, from);
    if (axes.empty() ? from[i] != 1 : !named) to.push_back(from[i]);
  }
  WXNN_TRY(n.reshape(x, to, &y));
  return n.out(0, y);
}

Status unsqueeze(OnnxNode& n, const OnnxRow&) {
  OnnxTensor tensor;
  int x = kAbsent, y = kAbsent;
  n.allow_any_size();
  WXNN_TRY(n.any(0, &tensor));
  WXNN_TRY(n.in(0, &x));
  std::vector<double> numbers = n.list("axes");
  if (n.has(1)) WXNN_TRY(n.numbers(1, "axes", &numbers));
  Shape to = n.b.shape(x);
  const int rank = static_cast<int>(tensor.perm.size() + numbers.size());
  WXNN_CHECK(rank <= Shape::kMaxRank, "would have {} dimensions", rank);
  std::vector<int> axes;
  for (const double d : numbers) {
    axes.push_back(0);
    WXNN_TRY(onnx_axis(d, rank, &axes.back()));
  }
  std::ranges::sort(axes);
  WXNN_CHECK(std::ranges::adjacent_find(axes) == axes.end(), "has an axis twice");
  if (to.is_unknown()) {
    y = x;
    for (const int axis : axes) WXNN_TRY(n.add("ExpandDims", {y}, {{"dim", axis}}, &y));
    return n.out(0, y, identity(rank));
  }
  for (const int axis : axes) to.insert(axis, 1);
  WXNN_TRY(n.reshape(x, to, &y));
  return n.out(0, y);
}

// Only the layout changes.
Status transpose(OnnxNode& n, const OnnxRow&) {
  OnnxTensor x;
  n.allow_any_size();
  WXNN_TRY(n.any(0, &x));
  std::vector<double> perm = n.list("perm");
  const int rank = static_cast<int>(x.perm.size());
  if (perm.empty()) {
    for (int i = rank; i-- > 0;) perm.push_back(i);
  }
  WXNN_CHECK(static_cast<int>(perm.size()) == rank, "perm has {} axes, its input {}", perm.size(),
             rank);
  Perm after;
  for (const double d : perm) {
    int axis = 0;
    WXNN_TRY(onnx_axis(d, rank, &axis));
    WXNN_CHECK(std::ranges::find(after, x.perm[axis]) == after.end(), "perm has axis {} twice",
               axis);
    after.push_back(x.perm[axis]);
  }
  return n.out(0, x.value, after);
}

Status concat(OnnxNode& n, const OnnxRow&) {
  OnnxTensor first;
  n.allow_any_size();
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
  WXNN_CHECK(parts == static_cast<int>(n.outputs()) && parts > 0, "num_outputs is {}, there are {}",
             parts, n.outputs());
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

Status cast_to(OnnxNode& n, DType to) {
  OnnxTensor x;
  n.allow_any_size();
  n.ignore("saturate");
  WXNN_TRY(n.any(0, &x));
  int y = x.value;
  if (n.b.type(x.value).dtype != to)
    WXNN_TRY(n.add("Cast", {x.value}, {{"dtype", name_of(to)}}, &y));
  return n.out(0, y, x.perm);
}

// What is float16 there is float32 here; so are sums of products of 8 bits, which become it.
Status cast(OnnxNode& n, const OnnxRow&) {
  DType to = DType::kFloat32;
  const int type = n.integer("to", 0);
  n.allow_whole();
  if (type != onnx::TensorProto::FLOAT16) WXNN_TRY(onnx_dtype(type, &to));
  if (n.whole_type(0) == 0 || to != DType::kFloat32) return cast_to(n, to);
  OnnxTensor x;
  int y = kAbsent;
  n.ignore("saturate");
  WXNN_TRY(n.any(0, &x));
  WXNN_TRY(n.add("Identity", {x.value}, {}, &y));
  return n.out(0, y, x.perm);
}

Status cast_like(OnnxNode& n, const OnnxRow&) {
  DType to;
  n.allow_any_size();
  WXNN_TRY(n.dtype(1, &to));
  return cast_to(n, to);
}

// Of a known shape a constant.
Status shape_of(OnnxNode& n, const OnnxRow&) {
  OnnxTensor x;
  Shape shape;
  n.allow_any_size();
  WXNN_TRY(n.any(0, &x));
  WXNN_TRY(n.shape(0, &shape));
  const int rank = static_cast<int>(x.perm.size());
  const auto clamped = [rank](int at) { return std::clamp(at < 0 ? at + rank : at, 0, rank); };
  const int start = clamped(n.integer("start", 0)), end = clamped(n.integer("end", rank));
  if (shape.is_unknown()) {
    int dims = kAbsent;
    const std::vector<double> begin = {1.0 * start}, size = {1.0 * std::max(end - start, 0)};
    WXNN_TRY(n.in(0, &dims));
    WXNN_TRY(n.add("Shape", {dims}, {}, &dims));
    WXNN_TRY(n.add("Slice", {dims}, {{"begin", begin}, {"size", size}}, &dims));
    WXNN_TRY(n.reshape(dims, {whole<int32_t>(size[0])}, &dims));
    return n.out(0, dims);
  }
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
  WXNN_CHECK(dims.size() <= Shape::kMaxRank, "shape has {} dimensions", dims.size());
  Shape shape;
  for (const double d : dims) shape.push_back(whole<int32_t>(d));
  WXNN_CHECK(shape.is_known() && shape.fits(), "shape {} does not fit in memory", shape);
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
  WXNN_CHECK(mode == "CRD", "mode \"{}\" is not known", mode);
  const Shape s = n.b.shape(x);
  WXNN_CHECK(block > 0 && block < 1 << 15 && s[3] > 0 && s[3] % (block * block) == 0,
             "blocksize {} does not divide its {} channels", block, s[3]);
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
    {"Flatten", flatten},
    {"Reshape", reshape},
    {"Shape", shape_of},
    {"Size", size_of_tensor},
    {"SpaceToDepth", space_to_depth},
    {"Split", split},
    {"Squeeze", squeeze},
    {"Transpose", transpose},
    {"Unsqueeze", unsqueeze},
};

}  // namespace

std::span<const OnnxRow> onnx_rows_shapes() { return kRows; }

}  // namespace wxnn
