// ONNX's operators on numbers of 8 bits. Such numbers are float32 of the same value here, and what
// is computed with them is what the specification computes: exactly, but for sums of products
// beyond 2^24, which are rounded as float32 is.
#include <algorithm>

#include "converter/onnx_graph.h"
#include "converter/onnx_steps.h"
#include "converter/onnx_tensor.h"

namespace wxnn {

namespace {

struct Range {
  double low = 0, high = 255;
};

// Scale or zero point: one number, or one for each place along an axis of x.
int along_axis(Steps& s, size_t i, const Shape& x, int axis) {
  const int v = s.in(i);
  const Shape shape = s.shape(v);
  s.want<"its input {} is {}, which does not fit {}">(
      shape.elements() == 1 || (shape.rank() == 1 && shape[0] == x[axis]), i, shape, x);
  if (!s.ok() || shape.elements() == 1) return s.reshape(v, {});
  Shape wide;
  for (int k = 0; k < x.rank(); ++k) wide.push_back(k == axis ? x[axis] : 1);
  return s.reshape(v, wide);
}

Status axis_of(OnnxNode& n, const Shape& x, size_t numbers_at, int* axis) {
  Shape numbers;
  WXNN_TRY(n.must_be("block_size", 0));
  WXNN_TRY(n.shape(numbers_at, &numbers));
  const int said = n.integer("axis", 1);
  *axis = 0;
  return numbers.elements() == 1 ? Status() : onnx_axis(said, x.rank(), axis);
}

int clamp(Steps& s, int x, const Range& range) {
  return s.with("Minimum", s.with("Maximum", x, range.low), range.high);
}

// round(x / scale) + zero, within the type's range; to even where it is a tie.
Status quantize(OnnxNode& n, const OnnxRow&) {
  Steps s(n);
  Range range;
  int axis = 0;
  const int x = s.in(0);
  const Shape shape = s.shape(x);
  n.allow_whole();
  n.ignore("saturate");
  WXNN_TRY(s.done());
  WXNN_CHECK(n.b.type(x).dtype == DType::kFloat32, "its input is {}", name_of(n.b.type(x).dtype));
  int type = n.integer("output_dtype", 0);
  if (n.has(2)) type = n.whole_type(2);
  if (type == 0) type = onnx::TensorProto::UINT8;
  WXNN_CHECK(onnx_is_whole(type), "gives another type than int8 or uint8, which is not supported");
  if (type == onnx::TensorProto::INT8) range = {-128, 127};
  WXNN_TRY(axis_of(n, shape, 1, &axis));
  int y = s.op("Round", {s.op("RealDiv", {x, along_axis(s, 1, shape, axis)})});
  if (n.has(2)) y = s.op("Add", {y, along_axis(s, 2, shape, axis)});
  y = clamp(s, y, range);
  WXNN_TRY(s.out(0, y));
  n.mark_whole(0, type);
  return {};
}

// (x - zero) scale
Status dequantize(OnnxNode& n, const OnnxRow&) {
  Steps s(n);
  int axis = 0;
  n.allow_whole();
  int x = s.in(0);
  const Shape shape = s.shape(x);
  WXNN_TRY(s.done());
  WXNN_TRY(axis_of(n, shape, 1, &axis));
  x = s.cast(x, DType::kFloat32);  // of int32, a bias
  if (n.has(2)) x = s.op("Sub", {x, s.cast(along_axis(s, 2, shape, axis), DType::kFloat32)});
  return s.out(0, s.op("Multiply", {x, along_axis(s, 1, shape, axis)}));
}

// To uint8, by what the numbers reach, 0 included.
Status quantize_by_range(OnnxNode& n, const OnnxRow&) {
  Steps s(n);
  const int x = s.in(0);
  const Shape shape = s.shape(x);
  WXNN_TRY(s.done());
  WXNN_CHECK(n.b.type(x).dtype == DType::kFloat32 && shape.elements() > 0, "its input is {}",
             shape);
  std::vector<double> all;
  for (int i = 0; i < shape.rank(); ++i) all.push_back(i);
  const int highest =
      s.with("Maximum", s.reshape(s.op("Max", {x}, {{"reductionIndices", all}}), {}), 0);
  const int lowest = s.with("Minimum", s.reshape(s.op("Min", {x}, {{"axis", all}}), {}), 0);
  const int span = s.op("Sub", {highest, lowest});
  const int flat = s.op("Equal", {span, s.number(0)});
  const int scale = s.select(flat, s.number(1), s.with("RealDiv", span, 255));
  const int zero = s.op("Round", {clamp(s, s.op("RealDiv", {s.op("Neg", {lowest}), scale}), {})});
  const int y = clamp(s, s.op("Add", {s.op("Round", {s.op("RealDiv", {x, scale})}), zero}), {});
  WXNN_TRY(s.out(0, y));
  WXNN_TRY(s.out(1, scale));
  WXNN_TRY(s.out(2, zero));
  n.mark_whole(0, onnx::TensorProto::UINT8);
  n.mark_whole(2, onnx::TensorProto::UINT8);
  return {};
}

// A zero point of a matrix: one number, or one for each row (of the left) or column (of the right).
int less_zero(Steps& s, int x, size_t i, bool by_row) {
  if (!s.n.has(i)) return x;
  const int zero = s.in(i);
  const Shape shape = s.shape(zero), from = s.shape(x);
  const int32_t count = shape.elements(), length = from[by_row ? -2 : -1];
  s.want<"its zero point is {}">(count == 1 || (shape.rank() == 1 && count == length), shape);
  if (!s.ok()) return x;
  return s.op("Sub", {x, count == 1 ? s.reshape(zero, {})
                         : by_row   ? s.reshape(zero, {count, 1})
                                    : s.reshape(zero, {count})});
}

Status product(OnnxNode& n, const OnnxRow&) {
  Steps s(n);
  n.allow_whole();
  int a = s.in(0), b = s.in(1);
  s.want<"its operands should be matrices">(s.shape(a).rank() >= 2 && s.shape(b).rank() >= 2);
  a = less_zero(s, a, 2, true);
  b = less_zero(s, b, 3, false);
  WXNN_TRY(s.done());
  const bool packs = n.b.is_constant(b) && n.b.shape(b).rank() == 2;
  WXNN_TRY(s.out(0, s.op(packs ? "_FusedMatMul" : "BatchMatMul", {a, b})));
  n.mark_whole(0);
  return {};
}

constexpr OnnxRow kRows[] = {{"DequantizeLinear", dequantize},
                             {"DynamicQuantizeLinear", quantize_by_range},
                             {"MatMulInteger", product},
                             {"QuantizeLinear", quantize}};

}  // namespace

std::span<const OnnxRow> onnx_rows_quantized() { return kRows; }

}  // namespace wxnn
