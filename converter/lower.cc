#include "converter/lower.h"
#include "core/ports.h"

#include <algorithm>
#include <limits>

namespace wxnn {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::string_view kFusable[] = {"linear", "relu", "relu6", "reluN1To1"};

// Activations that are one operator with the attributes it has by default.
struct ActivationRow {
  std::string_view name;
  std::string_view op;
};
constexpr ActivationRow kActivations[] = {{"elu", "Elu"},         {"hardSwish", "HardSwish"},
                                          {"sigmoid", "Sigmoid"}, {"tanh", "Tanh"},
                                          {"relu", "Relu"},       {"relu6", "Relu6"}};

const LowerRow* find_row(std::string_view op) {
  for (const auto& rows : {rows_of_convolutions(), rows_of_pools(), rows_of_flow(), rows_of_late(),
                           rows_of_scatters(), rows_of_math(), rows_of_others()}) {
    const auto row = std::ranges::find(rows, op, &LowerRow::op);
    if (row != rows.end()) return &*row;
  }
  return nullptr;
}

Status settle_inputs(GraphBuilder& b) {
  for (const int v : b.graph.inputs) {
    Value& value = b.graph.values[v];
    Shape& shape = value.type.shape;
    WXNN_CHECK(!shape.is_unknown(),
               "input \"{}\" has no declared shape: say it with --input {}=1,224,224,3", value.name,
               value.name);
    for (int i = 0; i < shape.rank(); ++i) {
      if (shape[i] >= 0) continue;
      WXNN_CHECK(i == 0, "input \"{}\" is {}: say its size with --input {}=1,224,224,3", value.name,
                 shape, value.name);
      shape[i] = 1;
      b.open_batch = true;
    }
  }
  return {};
}

}  // namespace

Status keep(GraphBuilder& b, Node& node) {
  bool folded = false;
  WXNN_TRY(b.settle(node, &folded));
  if (!folded) b.graph.nodes.push_back(std::move(node));
  return {};
}

FusedActivation take_activation(Node& node) {
  FusedActivation a;
  const std::string_view name = node.attrs.text("activation");
  if (std::ranges::find(kFusable, name) != std::end(kFusable)) return a;
  a.name = name;
  a.leaky = node.attrs.f("leakyreluAlpha");
  a.low = node.attrs.f("clipMin");
  a.high = node.attrs.f("clipMax");
  if (node.inputs.size() > 3) a.alpha = node.inputs[3];
  node.inputs.resize(std::min<size_t>(node.inputs.size(), 3));
  static_cast<void>(node.attrs.set("activation", "linear"));
  return a;
}

namespace {

// Bounds that are one operator; others are MAXIMUM and MINIMUM.
struct ClampRow {
  double low, high;
  std::string_view op;
};
constexpr ClampRow kClamps[] = {{0, kInfinity, "Relu"}, {0, 6, "Relu6"}};

Status clamp(GraphBuilder& b, double low, double high, const std::string& name, int* y) {
  const DType dtype = b.type(*y).dtype;
  for (const ClampRow& row : kClamps) {
    const bool fits = row.low == low && row.high == high && dtype == DType::kFloat32;
    if (fits) return b.add(row.op, name, {*y}, {}, y);
  }
  // The writer has builtins for these two.
  const bool builtin = dtype == DType::kFloat32 && high == 1 && (low == 0 || low == -1);
  if (builtin)
    return b.add("ClipByValue", name, {*y}, {{"clipValueMin", low}, {"clipValueMax", high}}, y);
  int bound = kAbsent;
  const double lowest = dtype == DType::kInt32 ? INT32_MIN : -kInfinity;
  const double highest = dtype == DType::kInt32 ? INT32_MAX : kInfinity;
  if (low > lowest) {
    WXNN_TRY(b.scalar(name + "/low", dtype, low, &bound));
    WXNN_TRY(b.add("Maximum", high < highest ? name + "/at_least" : name, {*y, bound}, {}, y));
  }
  if (high < highest) {
    WXNN_TRY(b.scalar(name + "/high", dtype, high, &bound));
    WXNN_TRY(b.add("Minimum", name, {*y, bound}, {}, y));
  }
  return {};
}

}  // namespace

Status apply(GraphBuilder& b, const FusedActivation& a, const std::string& name, int* y) {
  if (a.name == "linear") return {};
  const std::string own = sentence<"{}/{}">(name, a.name);
  if (a.name == "clip") return clamp(b, a.low, a.high, own, y);
  if (a.name == "leakyrelu") return b.add("LeakyRelu", own, {*y}, {{"alpha", a.leaky}}, y);
  if (a.name == "prelu") return b.add("Prelu", own, {*y, a.alpha}, {}, y);
  const auto* row = std::ranges::find(kActivations, a.name, &ActivationRow::name);
  WXNN_CHECK(row != std::end(kActivations),
             "node \"{}\": has the activation \"{}\", which TensorFlow Lite does not have", name,
             a.name);
  return b.add(row->op, own, {*y}, {}, y);
}

// Rows look at a node's inputs before anything infers it.
Status check_inputs(const Node& node) {
  if (node.op->flow != nullptr) return {};
  const Tensor there;
  std::vector<const Tensor*> inputs;
  for (const int v : node.inputs) inputs.push_back(v == kAbsent ? nullptr : &there);
  std::vector<TensorType> types(node.outputs.size());
  return check_ports(*node.op, {node.attrs, inputs, types}).at(node.place());
}

Status lower_node(GraphBuilder& b, Node& node) {
  const LowerRow* row = find_row(node.op->name);
  const bool late = std::ranges::any_of(
      node.inputs, [&](int v) { return v != kAbsent && b.shape(v).is_unknown(); });
  WXNN_CHECK(!late || row == nullptr || row->any_shape,
             "{}: reads a tensor whose shape depends on the data, which is not supported",
             node.place());
  WXNN_TRY(check_inputs(node));
  return row != nullptr ? row->lower(b, node) : keep(b, node);
}

Status lower_nodes(GraphBuilder& b) {
  Vector<Node> nodes = std::move(b.graph.nodes);
  for (Node& node : nodes) WXNN_TRY(lower_node(b, node));
  remove_dead(b.graph);
  return {};
}

// An output whose size nobody can tell gets the one that the file declares.
Status as_declared(GraphBuilder& b, const Shape& declared, int* output) {
  if (!b.shape(*output).is_unknown() || !declared.is_known() || !declared.fits()) return {};
  const std::string name = b.graph.values[*output].name;
  b.graph.values[*output].name += "/late";
  return b.add("Reshape", name, {*output}, {{"shape", declared}}, output);
}

Status lower(GraphBuilder& b) {
  std::vector<Shape> declared;
  for (const int v : b.graph.outputs) declared.push_back(b.shape(v));
  WXNN_TRY(settle_inputs(b));
  WXNN_TRY(lower_nodes(b));
  for (size_t i = 0; i < declared.size(); ++i)
    WXNN_TRY(as_declared(b, declared[i], &b.graph.outputs[i]));
  return {};
}

// --- operators of no family
// -----------------------------------------------------------------------
namespace {

Status lower_clip(GraphBuilder& b, Node& node) {
  int y = node.inputs[0];
  WXNN_TRY(clamp(b, node.attrs.f("clipValueMin"), node.attrs.f("clipValueMax"), node.name, &y));
  return b.put(y, node.outputs[0]);
}

// TFLite's SOFTMAX and LOG_SOFTMAX go along the last axis.
Status lower_softmax(GraphBuilder& b, Node& node) {
  const int rank = b.shape(node.inputs[0]).rank();
  const int32_t dim = node.attrs.i("dim");
  WXNN_CHECK(rank >= 0 || dim == -1,
             "{}: goes along dimension {} of a tensor whose shape depends on the data",
             node.place(), dim);
  const int axis = dim < 0 ? dim + rank : dim;
  if (axis == rank - 1 || axis < 0 || axis >= rank) return keep(b, node);
  std::vector<double> swap(rank);
  for (int i = 0; i < rank; ++i) swap[i] = i;
  std::swap(swap[axis], swap[rank - 1]);
  int y = kAbsent;
  WXNN_TRY(b.add("Transpose", node.name + "/last", {node.inputs[0]}, {{"perm", swap}}, &y));
  WXNN_TRY(b.add(node.op->name, node.name + "/of_last", {y}, {{"dim", -1}}, &y));
  WXNN_TRY(b.add("Transpose", node.name, {y}, {{"perm", swap}}, &y));
  return b.put(y, node.outputs[0]);
}

// x * factor + offset, with both computed in double where everything is constant.
Status lower_batch_norm(GraphBuilder& b, Node& node) {
  const Shape& shape = b.shape(node.inputs[0]);
  const size_t channels = static_cast<size_t>(shape.rank() == 0 ? 0 : shape[-1]);
  std::vector<double> parts[4];  // mean, variance, offset, scale
  for (size_t i = 0; i < 4; ++i) {
    if (i + 1 < node.inputs.size() && node.inputs[i + 1] != kAbsent) {
      WXNN_TRY(b.numbers(node.inputs[i + 1], node.op->inputs.begin()[i + 1].name, &parts[i]));
    } else {
      parts[i].assign(channels, i == 3 ? 1.0 : 0.0);
    }
    WXNN_CHECK(parts[i].size() == channels, "{}: has {} numbers for {} channels", node.place(),
               parts[i].size(), channels);
  }
  std::vector<float> factor, offset;
  for (size_t c = 0; c < channels; ++c) {
    const double f = parts[3][c] / __builtin_sqrt(parts[1][c] + node.attrs.f("varianceEpsilon"));
    factor.push_back(static_cast<float>(f));
    offset.push_back(static_cast<float>(parts[2][c] - parts[0][c] * f));
  }
  const Shape per_channel{static_cast<int32_t>(channels)};
  int f = kAbsent, o = kAbsent, y = kAbsent;
  WXNN_TRY(b.constant(node.name + "/factor", per_channel, factor, &f));
  WXNN_TRY(b.constant(node.name + "/offset", per_channel, offset, &o));
  WXNN_TRY(b.add("Multiply", node.name + "/scaled", {node.inputs[0], f}, {}, &y));
  WXNN_TRY(b.add("Add", node.name, {y, o}, {}, &y));
  return b.put(y, node.outputs[0]);
}

// Selu is elu on both sides of a steeper negative slope: exact but for one rounding.
Status lower_selu(GraphBuilder& b, Node& node) {
  int scale = kAbsent, y = kAbsent;
  WXNN_TRY(b.scalar(node.name + "/scale", DType::kFloat32, 1.0507009873554805, &scale));
  WXNN_TRY(b.add("Elu", node.name + "/elu", {node.inputs[0]}, {}, &y));
  WXNN_TRY(b.add("LeakyRelu", node.name + "/alpha", {y}, {{"alpha", 1.6732632423543772}}, &y));
  WXNN_TRY(b.add("Multiply", node.name, {y, scale}, {}, &y));
  return b.put(y, node.outputs[0]);
}

// max(x, 0) + log(1 + e^-|x|): within one rounding of 1.
Status lower_softplus(GraphBuilder& b, Node& node) {
  int one = kAbsent, y = kAbsent, above = kAbsent;
  WXNN_TRY(b.scalar(node.name + "/one", DType::kFloat32, 1, &one));
  WXNN_TRY(b.add("Relu", node.name + "/above", {node.inputs[0]}, {}, &above));
  WXNN_TRY(b.add("Abs", node.name + "/abs", {node.inputs[0]}, {}, &y));
  WXNN_TRY(b.add("Neg", node.name + "/neg", {y}, {}, &y));
  WXNN_TRY(b.add("Exp", node.name + "/exp", {y}, {}, &y));
  WXNN_TRY(b.add("Add", node.name + "/sum", {y, one}, {}, &y));
  WXNN_TRY(b.add("Log", node.name + "/log", {y}, {}, &y));
  WXNN_TRY(b.add("Add", node.name, {above, y}, {}, &y));
  return b.put(y, node.outputs[0]);
}

Status lower_reciprocal(GraphBuilder& b, Node& node) {
  int one = kAbsent, y = kAbsent;
  WXNN_TRY(b.scalar(node.name + "/one", DType::kFloat32, 1, &one));
  WXNN_TRY(b.add("RealDiv", node.name, {one, node.inputs[0]}, {}, &y));
  return b.put(y, node.outputs[0]);
}

Status lower_xor(GraphBuilder& b, Node& node) {
  int y = kAbsent;
  WXNN_TRY(b.add("NotEqual", node.name, {node.inputs[0], node.inputs[1]}, {}, &y));
  return b.put(y, node.outputs[0]);
}

Status lower_is_nan(GraphBuilder& b, Node& node) {
  int y = kAbsent;
  WXNN_TRY(b.add("NotEqual", node.name, {node.inputs[0], node.inputs[0]}, {}, &y));
  return b.put(y, node.outputs[0]);
}

// TFLite's REVERSE_V2 takes one axis.
Status lower_reverse(GraphBuilder& b, Node& node) {
  const std::span<const double> dims = node.attrs.numbers("dims");
  if (dims.size() <= 1) return keep(b, node);
  int y = node.inputs[0];
  for (size_t i = 0; i < dims.size(); ++i) {
    std::string name = i + 1 == dims.size() ? node.name : sentence<"{}/{}">(node.name, i);
    WXNN_TRY(b.add("Reverse", name, {y}, {{"dims", std::vector<double>{dims[i]}}}, &y));
  }
  return b.put(y, node.outputs[0]);
}

constexpr LowerRow kRows[] = {
    {"ClipByValue", lower_clip, true}, {"FusedBatchNorm", lower_batch_norm},
    {"IsNan", lower_is_nan, true},     {"LogSoftmax", lower_softmax, true},
    {"LogicalXor", lower_xor, true},   {"Reciprocal", lower_reciprocal, true},
    {"Reverse", lower_reverse, true},  {"Selu", lower_selu, true},
    {"Softmax", lower_softmax, true},  {"Softplus", lower_softplus, true},
};

}  // namespace

std::span<const LowerRow> rows_of_others() { return kRows; }

}  // namespace wxnn
