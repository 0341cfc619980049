// ONNX operators along axes: reductions, softmax, arg-max, running sums.
#include <algorithm>

#include "converter/onnx_graph.h"

namespace wxnn {

namespace {

// Axes of the value that a reduction takes, from ONNX's attribute or input.
struct Reduction {
  OnnxTensor x;
  std::vector<double> axes;  // of the value
  bool keep = true;
  bool nothing = false;  // noop_with_empty_axes
};

Status read_reduction(OnnxNode& n, Reduction* r) {
  n.allow_any_size();
  WXNN_TRY(n.any(0, &r->x));
  const int rank = static_cast<int>(r->x.perm.size());
  std::vector<double> axes = n.list("axes");
  if (n.has(1)) WXNN_TRY(n.numbers(1, "axes", &axes));
  r->keep = n.integer("keepdims", 1) != 0;
  r->nothing = n.integer("noop_with_empty_axes", 0) != 0 && axes.empty();
  for (int i = 0; axes.empty() && i < rank; ++i) r->axes.push_back(i);
  for (const double d : axes) {
    int axis = 0;
    WXNN_TRY(onnx_axis(d, rank, &axis));
    r->axes.push_back(r->x.perm[axis]);
  }
  return {};
}

// Where the axes go, the layout loses them too.
Perm perm_after(const Reduction& r) {
  if (r.keep || r.nothing) return r.x.perm;
  const auto gone = [&r](int axis) { return std::ranges::find(r.axes, axis) != r.axes.end(); };
  Perm perm;
  for (const int axis : r.x.perm) {
    if (gone(axis)) continue;
    int at = axis;
    for (int i = 0; i < axis; ++i) at -= gone(i) ? 1 : 0;
    perm.push_back(at);
  }
  return perm;
}

Status give(OnnxNode& n, const Reduction& r, int y) {
  const Perm perm = perm_after(r);
  if (perm.empty()) WXNN_TRY(n.reshape(y, {}, &y));
  // A scalar has the identity, which is empty.
  return n.out(0, y, perm);
}

// tfjs calls the axes of Max by another name.
const char* axes_of(std::string_view op) { return op == "Max" ? "reductionIndices" : "axis"; }

Status apply(OnnxNode& n, const Reduction& r, const char* op, int x, int* y) {
  *y = x;
  if (r.nothing || r.axes.empty()) return {};
  return n.add(op, {x}, {{axes_of(op), r.axes}, {"keepDims", r.keep}}, y);
}

Status reduce(OnnxNode& n, const OnnxRow& row) {
  Reduction r;
  int y = kAbsent;
  WXNN_TRY(read_reduction(n, &r));
  const char* op = row.ours;
  if (n.b.type(r.x.value).dtype == DType::kBool) {  // from opset 20 on
    WXNN_CHECK(op == std::string_view("Max") || op == std::string_view("Min"),
               "bool is not supported");
    op = op == std::string_view("Max") ? "Any" : "All";
  }
  WXNN_TRY(apply(n, r, op, r.x.value, &y));
  return give(n, r, y);
}

// sum(f(x))
Status sum_of(OnnxNode& n, const OnnxRow& row) {
  Reduction r;
  int y = kAbsent;
  WXNN_TRY(read_reduction(n, &r));
  WXNN_TRY(n.add(row.ours, {r.x.value}, {}, &y));
  WXNN_TRY(apply(n, r, "Sum", y, &y));
  return give(n, r, y);
}

Status reduce_l2(OnnxNode& n, const OnnxRow&) {
  Reduction r;
  int y = kAbsent;
  WXNN_TRY(read_reduction(n, &r));
  WXNN_TRY(n.add("Square", {r.x.value}, {}, &y));
  WXNN_TRY(apply(n, r, "Sum", y, &y));
  WXNN_TRY(n.add("Sqrt", {y}, {}, &y));
  return give(n, r, y);
}

Status reduce_log_sum(OnnxNode& n, const OnnxRow&) {
  Reduction r;
  int y = kAbsent;
  WXNN_TRY(read_reduction(n, &r));
  WXNN_TRY(apply(n, r, "Sum", r.x.value, &y));
  WXNN_TRY(n.add("Log", {y}, {}, &y));
  return give(n, r, y);
}

// log(sum(exp(x - m))) + m, so that no exp overflows.
Status reduce_log_sum_exp(OnnxNode& n, const OnnxRow&) {
  Reduction r;
  int m = kAbsent, y = kAbsent, kept = kAbsent;
  WXNN_TRY(read_reduction(n, &r));
  WXNN_CHECK(!r.nothing, "noop_with_empty_axes is not supported");
  WXNN_CHECK(!n.b.shape(r.x.value).is_unknown(), "the size of its input depends on the data");
  WXNN_TRY(n.add("Max", {r.x.value}, {{"reductionIndices", r.axes}, {"keepDims", true}}, &kept));
  WXNN_TRY(n.add("Sub", {r.x.value, kept}, {}, &y));
  WXNN_TRY(n.add("Exp", {y}, {}, &y));
  WXNN_TRY(apply(n, r, "Sum", y, &y));
  WXNN_TRY(n.add("Log", {y}, {}, &y));
  WXNN_TRY(n.reshape(kept, n.b.shape(y), &m));
  WXNN_TRY(n.add("Add", {y, m}, {}, &y));
  return give(n, r, y);
}

// --- along one axis
// ----------------------------------------------------------------------------------- Up to opset
// 12 everything from the axis on is one axis.
Status softmax_like(OnnxNode& n, const OnnxRow& row,
                    Status (*compute)(OnnxNode&, const OnnxRow&, int, int, int*)) {
  OnnxTensor x;
  WXNN_TRY(n.any(0, &x));
  const int rank = static_cast<int>(x.perm.size());
  constexpr int kPerAxis = 13;
  int axis = 0, y = kAbsent;
  WXNN_CHECK(rank > 0, "its input has no axis");
  WXNN_TRY(onnx_axis(n.integer("axis", n.opset >= kPerAxis ? -1 : 1), rank, &axis));
  if (n.opset >= kPerAxis || axis == rank - 1) {
    WXNN_TRY(compute(n, row, x.value, x.perm[axis], &y));
    return n.out(0, y, x.perm);
  }
  WXNN_TRY(n.in(0, &y));
  const Shape shape = n.b.shape(y);
  WXNN_TRY(n.reshape(y, {shape.elements(0, axis), shape.elements(axis, rank)}, &y));
  WXNN_TRY(compute(n, row, y, 1, &y));
  WXNN_TRY(n.reshape(y, shape, &y));
  return n.out(0, y);
}

Status move_last(OnnxNode& n, int x, int axis, int* y) {
  const int rank = n.b.shape(x).rank();
  *y = x;
  if (axis == rank - 1) return {};
  std::vector<double> swap(rank);
  for (int i = 0; i < rank; ++i) swap[i] = i;
  std::swap(swap[axis], swap[rank - 1]);
  return n.add("Transpose", {x}, {{"perm", swap}}, y);
}

// Our kernels go along the last axis.
Status along_last(OnnxNode& n, const OnnxRow& row, int x, int axis, int* y) {
  WXNN_TRY(move_last(n, x, axis, y));
  WXNN_TRY(n.add(row.ours, {*y}, {{"dim", -1}}, y));
  return move_last(n, *y, axis, y);
}

Status softmax(OnnxNode& n, const OnnxRow& row) { return softmax_like(n, row, along_last); }

// 1 at the first of the largest.
Status hot(OnnxNode& n, const OnnxRow&, int x, int axis, int* y) {
  const int32_t depth = n.b.shape(x)[axis];
  WXNN_TRY(n.add("ArgMax", {x}, {{"axis", axis}}, y));
  WXNN_TRY(n.add("OneHot", {*y}, {{"depth", depth}, {"axis", -1}}, y));
  // The axis is last now.
  const int rank = n.b.shape(*y).rank();
  std::vector<double> perm;
  for (int i = 0; i < rank; ++i) perm.push_back(i < axis ? i : i == axis ? rank - 1 : i - 1);
  return axis == rank - 1 ? Status() : n.add("Transpose", {*y}, {{"perm", perm}}, y);
}
Status hardmax(OnnxNode& n, const OnnxRow& row) { return softmax_like(n, row, hot); }

Status arg(OnnxNode& n, const OnnxRow& row) {
  OnnxTensor x;
  WXNN_TRY(n.any(0, &x));
  int axis = 0, y = x.value;
  WXNN_TRY(onnx_axis(n.integer("axis", 0), static_cast<int>(x.perm.size()), &axis));
  Reduction r{.x = x, .axes = {1.0 * x.perm[axis]}};
  r.keep = n.integer("keepdims", 1) != 0;
  axis = x.perm[axis];
  const bool last = n.integer("select_last_index", 0) != 0;
  const Shape shape = n.b.shape(x.value);
  // The last of equals is the first from the other end.
  if (last) WXNN_TRY(n.add("Reverse", {y}, {{"dims", std::vector<double>{1.0 * axis}}}, &y));
  WXNN_TRY(n.add(row.ours, {y}, {{"axis", axis}}, &y));
  if (last) {
    int end = kAbsent;
    WXNN_TRY(n.scalar(DType::kInt32, shape[axis] - 1, &end));
    WXNN_TRY(n.add("Sub", {end, y}, {}, &y));
  }
  Shape kept = shape;
  kept[axis] = 1;
  if (r.keep) WXNN_TRY(n.reshape(y, kept, &y));
  return give(n, r, y);
}

Status cumulative_sum(OnnxNode& n, const OnnxRow&) {
  OnnxTensor x;
  WXNN_TRY(n.any(0, &x));
  std::vector<double> axes;
  WXNN_TRY(n.numbers(1, "axis", &axes));
  WXNN_CHECK(axes.size() == 1, "axis should be one number");
  int axis = 0, y = kAbsent;
  WXNN_TRY(onnx_axis(axes[0], static_cast<int>(x.perm.size()), &axis));
  WXNN_TRY(n.add("Cumsum", {x.value},
                 {{"axis", x.perm[axis]},
                  {"exclusive", n.integer("exclusive", 0)},
                  {"reverse", n.integer("reverse", 0)}},
                 &y));
  return n.out(0, y, x.perm);
}

Status top_k(OnnxNode& n, const OnnxRow&) {
  OnnxTensor x;
  WXNN_TRY(n.any(0, &x));
  n.ignore("sorted");  // ours are always sorted
  std::vector<double> k = {n.number("k", -1)};
  if (n.has(1)) k.clear();
  if (n.has(1)) WXNN_TRY(n.numbers(1, "k", &k));
  WXNN_CHECK(k.size() == 1 && k[0] >= 0, "k should be one number");
  int axis = 0, y = kAbsent;
  WXNN_TRY(onnx_axis(n.integer("axis", -1), static_cast<int>(x.perm.size()), &axis));
  axis = x.perm[axis];
  const bool smallest = n.integer("largest", 1) == 0;
  WXNN_TRY(move_last(n, x.value, axis, &y));
  if (smallest) WXNN_TRY(n.add("Neg", {y}, {}, &y));
  std::vector<int> both;
  WXNN_TRY(n.add("TopK", {y}, {{"k", k}, {"sorted", 1}}, 2, &both));
  if (smallest) WXNN_TRY(n.add("Neg", {both[0]}, {}, &both[0]));
  for (size_t i = 0; i < 2; ++i) {
    WXNN_TRY(move_last(n, both[i], axis, &both[i]));
    WXNN_TRY(n.out(i, both[i], x.perm));
  }
  return {};
}

constexpr OnnxRow kRows[] = {
    {"ArgMax", arg, "ArgMax"},
    {"ArgMin", arg, "ArgMin"},
    {"CumSum", cumulative_sum},
    {"Hardmax", hardmax},
    {"LogSoftmax", softmax, "LogSoftmax"},
    {"ReduceL1", sum_of, "Abs"},
    {"ReduceL2", reduce_l2},
    {"ReduceLogSum", reduce_log_sum},
    {"ReduceLogSumExp", reduce_log_sum_exp},
    {"ReduceMax", reduce, "Max"},
    {"ReduceMean", reduce, "Mean"},
    {"ReduceMin", reduce, "Min"},
    {"ReduceProd", reduce, "Prod"},
    {"ReduceSum", reduce, "Sum"},
    {"ReduceSumSquare", sum_of, "Square"},
    {"Softmax", softmax, "Softmax"},
    {"TopK", top_k},
};

}  // namespace

std::span<const OnnxRow> onnx_rows_reductions() { return kRows; }

}  // namespace wxnn
