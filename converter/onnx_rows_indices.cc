// ONNX operators with indices: Gather and its kin, OneHot, Range.
#include <algorithm>

#include "converter/onnx_graph.h"
#include "core/whole.h"

namespace wxnn {

namespace {

// Indices below 0 count from the end. Known ones are settled here, others by a floored remainder.
Status wrap(OnnxNode& n, int indices, int32_t length, int* wrapped) {
  *wrapped = indices;
  if (n.b.type(indices).dtype != DType::kInt32)
    return fail<"its indices should be int32 or int64">();
  if (n.b.is_known(indices)) {
    std::vector<double> numbers;
    WXNN_TRY(n.b.numbers(indices, "indices", &numbers));
    std::vector<int32_t> positive;
    for (const double d : numbers) {
      WXNN_CHECK(d >= -length && d < length, "index {} is outside an axis of {}", whole<int64_t>(d),
                 length);
      positive.push_back(whole<int32_t>(d < 0 ? d + length : d));
    }
    return n.b.constant(n.name + "/indices", n.b.shape(indices), positive, wrapped);
  }
  int zero = kAbsent, below = kAbsent, moved = kAbsent;
  WXNN_TRY(n.scalar(DType::kInt32, 0, &zero));
  WXNN_TRY(n.add("Less", {indices, zero}, {}, &below));
  WXNN_TRY(n.with_scalar("Add", indices, length, &moved));
  return n.add("SelectV2", {below, moved, indices}, {}, wrapped);
}

// Indices into an axis whose length is known while running only.
Status check_positive(OnnxNode& n, int indices) {
  std::vector<double> numbers;
  WXNN_TRY(n.b.numbers(indices, "indices into an axis of unknown length", &numbers));
  for (const double d : numbers)
    WXNN_CHECK(d >= 0, "index {} counts from the end of an axis of unknown length",
               whole<int64_t>(d));
  return {};
}

Status gather(OnnxNode& n, const OnnxRow&) {
  OnnxTensor from, places;
  int x = kAbsent, indices = kAbsent, y = kAbsent, axis = 0;
  n.allow_any_size();
  WXNN_TRY(n.any(0, &from));
  WXNN_TRY(n.any(1, &places));
  WXNN_TRY(n.in(0, &x));
  WXNN_TRY(n.in(1, &indices));
  WXNN_TRY(onnx_axis(n.integer("axis", 0), static_cast<int>(from.perm.size()), &axis));
  const Shape shape = n.b.shape(x);
  WXNN_TRY(shape.is_unknown() ? check_positive(n, indices)
                              : wrap(n, indices, shape[axis], &indices));
  WXNN_TRY(n.add("GatherV2", {x, indices}, {{"axis", axis}}, &y));
  const int rank = static_cast<int>(from.perm.size() + places.perm.size()) - 1;
  if (rank == 0) WXNN_TRY(n.reshape(y, {}, &y));
  return n.out(0, y, identity(rank));
}

// The position of each element along `axis`, shaped to broadcast.
Status positions(OnnxNode& n, const Shape& shape, int axis, int* v) {
  Shape line;
  WXNN_TRY(n.b.room(shape[axis]));
  for (int i = 0; i < shape.rank(); ++i) line.push_back(i == axis ? shape[i] : 1);
  std::vector<int32_t> numbers;
  for (int32_t i = 0; i < shape[axis]; ++i) numbers.push_back(i);
  WXNN_TRY(n.b.constant(n.name + "/positions", line, numbers, v));
  return n.add("BroadcastTo", {*v}, {{"shape", shape}}, v);
}

// y[i][j] = x[indices[i][j]][j]: every index gets its own position along the other axes.
Status gather_elements(OnnxNode& n, const OnnxRow&) {
  int x = kAbsent, indices = kAbsent, y = kAbsent, axis = 0;
  WXNN_TRY(n.in(0, &x));
  WXNN_TRY(n.in(1, &indices));
  const Shape shape = n.b.shape(indices);
  WXNN_TRY(onnx_axis(n.integer("axis", 0), n.b.shape(x).rank(), &axis));
  WXNN_CHECK(shape.rank() == n.b.shape(x).rank(), "its indices {} should have the rank of {}",
             shape, n.b.shape(x));
  WXNN_TRY(wrap(n, indices, n.b.shape(x)[axis], &indices));
  std::vector<int> parts;
  for (int i = 0; i < shape.rank(); ++i) {
    parts.push_back(indices);
    if (i != axis) WXNN_TRY(positions(n, shape, i, &parts.back()));
  }
  WXNN_TRY(n.add("Pack", parts, {{"axis", shape.rank()}}, &y));
  WXNN_TRY(n.add("GatherNd", {x, y}, {}, &y));
  return n.out(0, y);
}

Status gather_nd(OnnxNode& n, const OnnxRow&) {
  int x = kAbsent, indices = kAbsent, y = kAbsent;
  WXNN_TRY(n.in(0, &x));
  WXNN_TRY(n.in(1, &indices));
  const int batch = n.integer("batch_dims", 0);
  const Shape shape = n.b.shape(indices), from = n.b.shape(x);
  WXNN_CHECK(
      shape.rank() > 0 && batch >= 0 && batch < shape.rank() && batch + shape[-1] <= from.rank(),
      "its indices {} do not fit {}", shape, from);
  std::vector<int> parts;
  Shape one = shape;
  one.erase(one.rank() - 1);
  for (int i = 0; i < batch; ++i) {
    parts.push_back(kAbsent);
    WXNN_TRY(positions(n, one, i, &parts.back()));
  }
  for (int32_t i = 0; i < shape[-1]; ++i) {
    std::vector<double> begin(shape.rank()), size(shape.dims().begin(), shape.dims().end());
    begin.back() = i;
    size.back() = 1;
    int part = kAbsent;
    WXNN_TRY(n.add("Slice", {indices}, {{"begin", begin}, {"size", size}}, &part));
    WXNN_TRY(n.reshape(part, one, &part));
    WXNN_TRY(wrap(n, part, from[batch + i], &part));
    parts.push_back(part);
  }
  WXNN_TRY(n.add("Pack", parts, {{"axis", one.rank()}}, &y));
  WXNN_TRY(n.add("GatherNd", {x, y}, {}, &y));
  return n.out(0, y);
}

// values: what stands where it is not hot, and where it is.
Status one_hot(OnnxNode& n, const OnnxRow&) {
  int indices = kAbsent, values = kAbsent, y = kAbsent;
  std::vector<double> depth;
  WXNN_TRY(n.in(0, &indices));
  WXNN_TRY(n.numbers(1, "depth", &depth));
  WXNN_TRY(n.in(2, &values));
  WXNN_CHECK(depth.size() == 1 && depth[0] > 0 && n.b.shape(values) == Shape{2},
             "depth should be one number, values two");
  int axis = 0;
  const Shape shape = n.b.shape(indices);
  WXNN_TRY(onnx_axis(n.integer("axis", -1), shape.rank() + 1, &axis));
  if (n.b.type(indices).dtype != DType::kInt32)
    WXNN_TRY(n.add("Cast", {indices}, {{"dtype", "int32"}}, &indices));
  int hot = kAbsent, length = kAbsent, line = kAbsent, at = kAbsent;
  // Equal to the position, counted from either end.
  Shape along, wide = shape;
  wide.insert(axis, 1);
  for (int i = 0; i <= shape.rank(); ++i) along.push_back(i == axis ? whole<int32_t>(depth[0]) : 1);
  std::vector<int32_t> numbers;
  WXNN_TRY(n.b.room(depth[0]));
  for (int32_t i = 0; i < depth[0]; ++i) numbers.push_back(i);
  WXNN_TRY(n.b.constant(n.name + "/positions", along, numbers, &line));
  WXNN_TRY(n.reshape(indices, wide, &at));
  WXNN_TRY(n.add("Equal", {at, line}, {}, &hot));
  WXNN_TRY(n.with_scalar("Add", at, depth[0], &length));
  WXNN_TRY(n.add("Equal", {length, line}, {}, &length));
  WXNN_TRY(n.add("LogicalOr", {hot, length}, {}, &hot));
  int off = kAbsent, on = kAbsent;
  WXNN_TRY(n.add("Slice", {values},
                 {{"begin", std::vector<double>{0}}, {"size", std::vector<double>{1}}}, &off));
  WXNN_TRY(n.add("Slice", {values},
                 {{"begin", std::vector<double>{1}}, {"size", std::vector<double>{1}}}, &on));
  WXNN_TRY(n.reshape(off, {}, &off));
  WXNN_TRY(n.reshape(on, {}, &on));
  WXNN_TRY(n.add("SelectV2", {hot, on, off}, {}, &y));
  return n.out(0, y);
}

Status range(OnnxNode& n, const OnnxRow&) {
  double bounds[3];
  constexpr const char* kNames[] = {"start", "limit", "delta"};
  for (size_t i = 0; i < 3; ++i) {
    std::vector<double> numbers;
    WXNN_TRY(n.numbers(i, kNames[i], &numbers));
    WXNN_CHECK(numbers.size() == 1, "{} should be one number", kNames[i]);
    bounds[i] = numbers[0];
  }
  DType dtype;
  WXNN_TRY(n.dtype(0, &dtype));
  int y = kAbsent;
  WXNN_TRY(n.add(
      "Range", {},
      {{"start", bounds[0]}, {"stop", bounds[1]}, {"step", bounds[2]}, {"dtype", name_of(dtype)}},
      &y));
  return n.out(0, y);
}

// A mask of one triangle: column minus row against k.
Status triangle(OnnxNode& n, const OnnxRow&) {
  int x = kAbsent, k = kAbsent, mask = kAbsent, zero = kAbsent, y = kAbsent;
  WXNN_TRY(n.in(0, &x));
  const Shape shape = n.b.shape(x);
  WXNN_CHECK(shape.rank() >= 2, "its input is {}", shape);
  WXNN_TRY(n.has(1) ? n.in(1, &k) : n.scalar(DType::kInt32, 0, &k));
  WXNN_TRY(n.reshape(k, {}, &k));
  std::vector<int32_t> distances;
  WXNN_TRY(n.b.room(1.0 * shape[-2] * shape[-1]));
  for (int32_t i = 0; i < shape[-2]; ++i) {
    for (int32_t j = 0; j < shape[-1]; ++j) distances.push_back(j - i);
  }
  WXNN_TRY(n.b.constant(n.name + "/distance", {shape[-2], shape[-1]}, distances, &mask));
  WXNN_TRY(n.add(n.integer("upper", 1) != 0 ? "GreaterEqual" : "LessEqual", {mask, k}, {}, &mask));
  WXNN_TRY(n.scalar(n.b.type(x).dtype, 0, &zero));
  WXNN_TRY(n.add("SelectV2", {mask, x, zero}, {}, &y));
  return n.out(0, y);
}

Status eye_like(OnnxNode& n, const OnnxRow&) {
  Shape shape;
  DType dtype;
  WXNN_TRY(n.shape(0, &shape));
  WXNN_TRY(n.dtype(0, &dtype));
  const int k = n.integer("k", 0);
  const int to = n.integer("dtype", 0);
  WXNN_CHECK(shape.rank() == 2, "its input is {}", shape);
  WXNN_CHECK(to == 0 || to == 1, "dtype {} is not supported, only float32", to);
  std::vector<float> numbers;
  WXNN_TRY(n.b.room(1.0 * shape[0] * shape[1]));
  for (int32_t i = 0; i < shape[0]; ++i) {
    for (int32_t j = 0; j < shape[1]; ++j) numbers.push_back(j - i == k ? 1.0f : 0.0f);
  }
  int y = kAbsent;
  WXNN_TRY(n.b.constant(n.name, shape, numbers, &y));
  const std::string_view name = name_of(to == 1 ? DType::kFloat32 : dtype);
  if (name != "float32") WXNN_TRY(n.add("Cast", {y}, {{"dtype", name}}, &y));
  return n.out(0, y);
}

// The elements (or with an axis slices) where a known condition holds.
Status compress(OnnxNode& n, const OnnxRow&) {
  int x = kAbsent, table = kAbsent, y = kAbsent, axis = 0;
  std::vector<double> condition;
  WXNN_TRY(n.in(0, &x));
  WXNN_TRY(n.numbers(1, "condition", &condition));
  if (n.has_attribute("axis")) {
    WXNN_TRY(onnx_axis(n.integer("axis", 0), n.b.shape(x).rank(), &axis));
  } else {
    WXNN_TRY(n.reshape(x, {n.b.shape(x).elements()}, &x));
  }
  std::vector<int32_t> indices;
  for (size_t i = 0; i < condition.size(); ++i) {
    WXNN_CHECK(condition[i] == 0 || static_cast<int64_t>(i) < n.b.shape(x)[axis],
               "its condition is longer than {}", n.b.shape(x));
    if (condition[i] != 0) indices.push_back(static_cast<int32_t>(i));
  }
  WXNN_TRY(
      n.b.constant(n.name + "/indices", {static_cast<int32_t>(indices.size())}, indices, &table));
  WXNN_TRY(n.add("GatherV2", {x, table}, {{"axis", axis}}, &y));
  return n.out(0, y);
}

constexpr OnnxRow kRows[] = {
    {"Compress", compress},  {"EyeLike", eye_like},
    {"Gather", gather},      {"GatherElements", gather_elements},
    {"GatherND", gather_nd}, {"OneHot", one_hot},
    {"Range", range},        {"Trilu", triangle},
};

}  // namespace

std::span<const OnnxRow> onnx_rows_indices() { return kRows; }

}  // namespace wxnn
