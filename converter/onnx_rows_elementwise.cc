// ONNX operators that work element by element.
#include <algorithm>
#include <cmath>
#include <limits>

#include "converter/onnx_graph.h"

namespace wxnn {

// The layout of the first input of full rank that is computed and has one of its own; others
// follow.
Status align(OnnxNode& n, const std::vector<size_t>& inputs, std::vector<int>* values, Perm* perm) {
  size_t rank = 0;
  for (const size_t i : inputs) {
    OnnxTensor t;
    WXNN_TRY(n.any(i, &t));
    rank = std::max(rank, t.perm.size());
  }
  *perm = identity(static_cast<int>(rank));
  for (const size_t i : inputs) {
    OnnxTensor t;
    WXNN_TRY(n.any(i, &t));
    if (t.perm.size() != rank || n.b.is_constant(t.value)) continue;
    *perm = t.perm;
    break;
  }
  for (const size_t i : inputs) {
    OnnxTensor t;
    WXNN_TRY(n.any(i, &t));
    values->push_back(kAbsent);
    int& value = values->back();
    if (t.perm.size() == rank) {
      WXNN_TRY(n.in(i, *perm, &value));
      continue;
    }
    WXNN_TRY(n.in(i, &value));
    const Shape from = n.b.shape(value);
    if (from.is_unknown()) {
      WXNN_CHECK(
          is_identity(*perm),
          "its input {} has fewer dimensions than the others, and a size that depends on the data",
          i);
      continue;
    }
    if (is_identity(*perm) || from.elements() == 1) {
      if (from.elements() == 1) WXNN_TRY(n.reshape(value, {}, &value));
      continue;
    }
    // Of lower rank: its axes are the last ones of ONNX's order.
    Shape full;
    for (size_t k = from.rank(); k < rank; ++k) full.push_back(1);
    for (const int32_t d : from.dims()) full.push_back(d);
    WXNN_TRY(n.reshape(value, full, &value));
    std::vector<double> moves(rank);
    for (size_t k = 0; k < rank; ++k) moves[(*perm)[k]] = static_cast<double>(k);
    WXNN_TRY(n.add("Transpose", {value}, {{"perm", moves}}, &value));
  }
  return {};
}

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

Status unary(OnnxNode& n, const OnnxRow& row) {
  OnnxTensor x;
  n.allow_any_size();
  WXNN_TRY(n.any(0, &x));
  int y = kAbsent;
  WXNN_TRY(n.add(row.ours, {x.value}, {}, &y));
  return n.out(0, y, x.perm);
}

Status same(OnnxNode& n, const OnnxRow&) {
  OnnxTensor x;
  n.allow_any_size();
  WXNN_TRY(n.any(0, &x));
  return n.out(0, x.value, x.perm);
}

Status binary(OnnxNode& n, const OnnxRow& row) {
  std::vector<int> values;
  Perm perm;
  n.allow_any_size();
  WXNN_TRY(align(n, {0, 1}, &values, &perm));
  int y = kAbsent;
  WXNN_TRY(n.add(row.ours, values, {}, &y));
  return n.out(0, y, perm);
}

// Sum, Max, Min of any number of tensors.
Status variadic_of(OnnxNode& n, const char* op, int* y, Perm* perm) {
  std::vector<size_t> all;
  n.allow_any_size();
  for (size_t i = 0; i < n.inputs(); ++i) all.push_back(i);
  std::vector<int> values;
  WXNN_TRY(align(n, all, &values, perm));
  WXNN_CHECK(!values.empty(), "has no inputs");
  *y = values[0];
  for (size_t i = 1; i < values.size(); ++i) WXNN_TRY(n.add(op, {*y, values[i]}, {}, y));
  return {};
}

Status variadic(OnnxNode& n, const OnnxRow& row) {
  int y = kAbsent;
  Perm perm;
  WXNN_TRY(variadic_of(n, row.ours, &y, &perm));
  return n.out(0, y, perm);
}

Status mean(OnnxNode& n, const OnnxRow&) {
  int y = kAbsent;
  Perm perm;
  WXNN_TRY(variadic_of(n, "Add", &y, &perm));
  WXNN_TRY(n.with_scalar("RealDiv", y, static_cast<double>(n.inputs()), &y));
  return n.out(0, y, perm);
}

// Integers are divided towards zero.
Status divide_integers(OnnxNode& n, int a, int b, int* y) {
  int size_a = kAbsent, size_b = kAbsent, sign_a = kAbsent, sign_b = kAbsent;
  WXNN_TRY(n.add("Abs", {a}, {}, &size_a));
  WXNN_TRY(n.add("Abs", {b}, {}, &size_b));
  WXNN_TRY(n.add("FloorDiv", {size_a, size_b}, {}, y));
  WXNN_TRY(n.add("Sign", {a}, {}, &sign_a));
  WXNN_TRY(n.add("Sign", {b}, {}, &sign_b));
  WXNN_TRY(n.add("Multiply", {sign_a, sign_b}, {}, &sign_a));
  return n.add("Multiply", {*y, sign_a}, {}, y);
}

Status divide(OnnxNode& n, const OnnxRow& row) {
  DType dtype;
  n.allow_any_size();
  WXNN_TRY(n.dtype(0, &dtype));
  if (dtype != DType::kInt32) return binary(n, row);
  std::vector<int> v;
  Perm perm;
  WXNN_TRY(align(n, {0, 1}, &v, &perm));
  int y = kAbsent;
  WXNN_TRY(divide_integers(n, v[0], v[1], &y));
  return n.out(0, y, perm);
}

// fmod: the remainder has the dividend's sign, else the divisor's.
Status modulo(OnnxNode& n, const OnnxRow& row) {
  if (n.integer("fmod", 0) == 0) return binary(n, row);
  std::vector<int> v;
  Perm perm;
  WXNN_TRY(align(n, {0, 1}, &v, &perm));
  int sign = kAbsent, y = kAbsent;
  WXNN_TRY(n.add("Sign", {v[0]}, {}, &sign));
  WXNN_TRY(n.add("Abs", {v[0]}, {}, &v[0]));
  WXNN_TRY(n.add("Abs", {v[1]}, {}, &v[1]));
  WXNN_TRY(n.add("Mod", v, {}, &y));
  WXNN_TRY(n.add("Multiply", {y, sign}, {}, &y));
  return n.out(0, y, perm);
}

Status cast_to(OnnxNode& n, int x, DType to, int* y) {
  *y = x;
  if (n.b.type(x).dtype == to) return {};
  return n.add("Cast", {x}, {{"dtype", name_of(to)}}, y);
}

// The result has the base's type, whatever the exponent's is.
Status power(OnnxNode& n, const OnnxRow& row) {
  DType base, exponent;
  WXNN_TRY(n.dtype(0, &base));
  WXNN_TRY(n.dtype(1, &exponent));
  if (base == exponent) return binary(n, row);
  std::vector<int> v;
  Perm perm;
  WXNN_TRY(align(n, {0, 1}, &v, &perm));
  int y = kAbsent;
  for (int& x : v) WXNN_TRY(cast_to(n, x, DType::kFloat32, &x));
  WXNN_TRY(n.add("Pow", v, {}, &y));
  WXNN_TRY(cast_to(n, y, base, &y));
  return n.out(0, y, perm);
}

// Every bit differs from those of -1.
Status bitwise_not(OnnxNode& n, const OnnxRow&) {
  OnnxTensor x;
  WXNN_TRY(n.any(0, &x));
  int y = kAbsent;
  WXNN_TRY(n.with_scalar("BitwiseXor", x.value, -1, &y));
  return n.out(0, y, x.perm);
}

Status is_inf(OnnxNode& n, const OnnxRow&) {
  OnnxTensor x;
  WXNN_TRY(n.any(0, &x));
  const bool negative = n.integer("detect_negative", 1) != 0,
             positive = n.integer("detect_positive", 1) != 0;
  int y = kAbsent;
  if (negative && positive) {
    WXNN_TRY(n.add("IsInf", {x.value}, {}, &y));
  } else {
    WXNN_CHECK(negative || positive, "detects neither infinity");
    WXNN_TRY(n.with_scalar("Equal", x.value, negative ? -kInfinity : kInfinity, &y));
  }
  return n.out(0, y, x.perm);
}

// In inference nothing is dropped; the mask, where somebody wants it, is all true.
Status dropout(OnnxNode& n, const OnnxRow&) {
  std::vector<double> ratio = {n.number("ratio", 0.5)};
  n.ignore("seed");
  n.ignore("is_test");
  if (n.has(2)) {
    std::vector<double> training;
    WXNN_TRY(n.numbers(2, "training_mode", &training));
    if (n.has(1)) ratio.clear();
    if (n.has(1)) WXNN_TRY(n.numbers(1, "ratio", &ratio));
    const bool keeps_all = training == std::vector<double>{0} || ratio == std::vector<double>{0};
    WXNN_CHECK(keeps_all, "training_mode is not supported");
  }
  OnnxTensor x;
  WXNN_TRY(n.any(0, &x));
  WXNN_TRY(n.out(0, x.value, x.perm));
  if (!n.wants(1)) return {};
  int yes = kAbsent, mask = kAbsent;
  WXNN_TRY(n.scalar(DType::kBool, 1, &yes));
  WXNN_TRY(n.add("BroadcastTo", {yes}, {{"shape", n.b.shape(x.value)}}, &mask));
  return n.out(1, mask, x.perm);
}

Status where(OnnxNode& n, const OnnxRow&) {
  std::vector<int> v;
  Perm perm;
  n.allow_any_size();
  WXNN_TRY(align(n, {0, 1, 2}, &v, &perm));
  int y = kAbsent;
  WXNN_TRY(n.add("SelectV2", v, {}, &y));
  return n.out(0, y, perm);
}

constexpr OnnxRow kRows[] = {
    {"Abs", unary, "Abs"},
    {"Acos", unary, "Acos"},
    {"Acosh", unary, "Acosh"},
    {"Add", binary, "Add"},
    {"And", binary, "LogicalAnd"},
    {"Asin", unary, "Asin"},
    {"Asinh", unary, "Asinh"},
    {"Atan", unary, "Atan"},
    {"Atanh", unary, "Atanh"},
    {"BitwiseAnd", binary, "BitwiseAnd"},
    {"BitwiseNot", bitwise_not},
    {"BitwiseOr", binary, "BitwiseOr"},
    {"BitwiseXor", binary, "BitwiseXor"},
    {"Ceil", unary, "Ceil"},
    {"Cos", unary, "Cos"},
    {"Cosh", unary, "Cosh"},
    {"Div", divide, "RealDiv"},
    {"Dropout", dropout},
    {"Equal", binary, "Equal"},
    {"Erf", unary, "Erf"},
    {"Exp", unary, "Exp"},
    {"Floor", unary, "Floor"},
    {"Greater", binary, "Greater"},
    {"GreaterOrEqual", binary, "GreaterEqual"},
    {"HardSwish", unary, "HardSwish"},
    {"Identity", same},
    {"IsInf", is_inf},
    {"IsNaN", unary, "IsNan"},
    {"Less", binary, "Less"},
    {"LessOrEqual", binary, "LessEqual"},
    {"Log", unary, "Log"},
    {"Max", variadic, "Maximum"},
    {"Mean", mean},
    {"Min", variadic, "Minimum"},
    {"Mod", modulo, "Mod"},
    {"Mul", binary, "Multiply"},
    {"Neg", unary, "Neg"},
    {"Not", unary, "LogicalNot"},
    {"Or", binary, "LogicalOr"},
    {"PRelu", binary, "Prelu"},
    {"Pow", power, "Pow"},
    {"Reciprocal", unary, "Reciprocal"},
    {"Relu", unary, "Relu"},
    {"Round", unary, "Round"},
    {"Sigmoid", unary, "Sigmoid"},
    {"Sign", unary, "Sign"},
    {"Sin", unary, "Sin"},
    {"Sinh", unary, "Sinh"},
    {"Softplus", unary, "Softplus"},
    {"Sqrt", unary, "Sqrt"},
    {"Sub", binary, "Sub"},
    {"Sum", variadic, "Add"},
    {"Tan", unary, "Tan"},
    {"Tanh", unary, "Tanh"},
    {"Where", where},
    {"Xor", binary, "LogicalXor"},
};

}  // namespace

std::span<const OnnxRow> onnx_rows_elementwise() { return kRows; }

}  // namespace wxnn
