// ONNX's matrix products.
#include "converter/onnx_graph.h"

namespace wxnn {

namespace {

// alpha A' B' + beta C
Status gemm(OnnxNode& n, const OnnxRow&) {
  int a = kAbsent, b = kAbsent, c = kAbsent, y = kAbsent;
  WXNN_TRY(n.in(0, &a));
  WXNN_TRY(n.in(1, &b));
  const double alpha = n.number("alpha", 1), beta = n.number("beta", 1);
  if (n.has(2)) WXNN_TRY(n.in(2, &c));
  if (alpha != 1) WXNN_TRY(n.with_scalar("Multiply", b, alpha, &b));
  if (c != kAbsent && beta != 1) WXNN_TRY(n.with_scalar("Multiply", c, beta, &c));
  const bool ta = n.integer("transA", 0) != 0, tb = n.integer("transB", 0) != 0;
  const Shape shape_b = n.b.shape(b);
  WXNN_CHECK(n.b.shape(a).rank() == 2 && shape_b.rank() == 2, "its operands should be matrices");
  const int32_t columns = tb ? shape_b[0] : shape_b[1];
  const bool is_float = n.b.type(a).dtype == DType::kFloat32;
  const Shape shape_c = c == kAbsent ? Shape() : n.b.shape(c);
  const bool is_bias = is_float && c != kAbsent && n.b.is_constant(c) && shape_c.rank() >= 1 &&
                       shape_c[-1] == columns && shape_c.elements() == columns;
  if (is_bias) WXNN_TRY(n.reshape(c, {columns}, &c));
  WXNN_TRY(n.add(is_float ? "_FusedMatMul" : "BatchMatMul", {a, b, is_bias ? c : kAbsent},
                 {{"transposeA", ta}, {"transposeB", tb}}, &y));
  if (c != kAbsent && !is_bias) WXNN_TRY(n.add("Add", {y, c}, {}, &y));
  return n.out(0, y);
}

// NumPy's: a vector is a row on the left and a column on the right, and that dimension goes again.
Status mat_mul(OnnxNode& n, const OnnxRow&) {
  int a = kAbsent, b = kAbsent, y = kAbsent;
  WXNN_TRY(n.in(0, &a));
  WXNN_TRY(n.in(1, &b));
  const bool row = n.b.shape(a).rank() == 1, column = n.b.shape(b).rank() == 1;
  if (row) WXNN_TRY(n.reshape(a, {1, n.b.shape(a)[0]}, &a));
  if (column) WXNN_TRY(n.reshape(b, {n.b.shape(b)[0], 1}, &b));
  const bool packs =
      n.b.is_constant(b) && n.b.shape(b).rank() == 2 && n.b.type(b).dtype == DType::kFloat32;
  WXNN_TRY(n.add(packs ? "_FusedMatMul" : "BatchMatMul", {a, b}, {}, &y));
  Shape to = n.b.shape(y);
  if (column) to.erase(to.rank() - 1);
  if (row) to.erase(to.rank() - (column ? 1 : 2));
  WXNN_TRY(n.reshape(y, to, &y));
  return n.out(0, y);
}

constexpr OnnxRow kRows[] = {{"Gemm", gemm}, {"MatMul", mat_mul}};

}  // namespace

std::span<const OnnxRow> onnx_rows_products() { return kRows; }

}  // namespace wxnn
