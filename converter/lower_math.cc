// Functions that TensorFlow Lite does not have, by those that it has: as exact as these.
#include <cmath>
#include <limits>

#include "converter/find_gelu.h"
#include "converter/lower.h"
#include "passes/match.h"

namespace wxnn {

namespace {

// Appends nodes named after the one that they replace; after the first failure the others do
// nothing.
class Chain {
 public:
  Chain(GraphBuilder& b, const Node& node) : b_(b), node_(node) {}

  int op(const char* op, const Vector<int>& inputs, std::vector<Setting> settings = {}) {
    int y = kAbsent;
    if (status_.ok())
      status_ = b_.add(op, sentence<"{}/{}_{}">(node_.name, op, count_++),
                       {inputs.begin(), inputs.end()}, std::move(settings), &y);
    return y;
  }
  int number(double d) {
    int v = kAbsent;
    if (status_.ok())
      status_ = b_.scalar(sentence<"{}/number_{}">(node_.name, count_++), DType::kFloat32, d, &v);
    return v;
  }
  // The result takes the node's place.
  Status put(int y) {
    if (!status_.ok()) return status_;
    return b_.put(y, node_.outputs[0]);
  }

 private:
  GraphBuilder& b_;
  const Node& node_;
  Status status_;
  int count_ = 0;
};

// sqrt(1 - x^2), without cancellation.
int other_leg(Chain& c, int x) {
  const int one = c.number(1);
  return c.op("Sqrt", {c.op("Multiply", {c.op("Sub", {one, x}), c.op("Add", {one, x})})});
}

Status lower_acos(GraphBuilder& b, Node& node) {
  Chain c(b, node);
  return c.put(c.op("Atan2", {other_leg(c, node.inputs[0]), node.inputs[0]}));
}
Status lower_asin(GraphBuilder& b, Node& node) {
  Chain c(b, node);
  return c.put(c.op("Atan2", {node.inputs[0], other_leg(c, node.inputs[0])}));
}
Status lower_atan(GraphBuilder& b, Node& node) {
  Chain c(b, node);
  // ATAN2 does not broadcast.
  const int ones = c.op("Add", {c.op("ZerosLike", node.inputs), c.number(1)});
  return c.put(c.op("Atan2", {node.inputs[0], ones}));
}
Status lower_tan(GraphBuilder& b, Node& node) {
  Chain c(b, node);
  return c.put(c.op("RealDiv", {c.op("Sin", node.inputs), c.op("Cos", node.inputs)}));
}

// (e^|x| + e^-|x|) / 2, which overflows no earlier than the sum does.
int cosh(Chain& c, int x) {
  const int half = c.number(0.5), by_half = c.op("Multiply", {c.op("Abs", {x}), half});
  const int root = c.op("Exp", {by_half}), shrunk = c.op("Exp", {c.op("Neg", {by_half})});
  return c.op("Add", {c.op("Multiply", {c.op("Multiply", {root, half}), root}),
                      c.op("Multiply", {c.op("Multiply", {shrunk, half}), shrunk})});
}
Status lower_cosh(GraphBuilder& b, Node& node) {
  Chain c(b, node);
  return c.put(cosh(c, node.inputs[0]));
}
// tanh(x) cosh(x): no cancellation near 0.
Status lower_sinh(GraphBuilder& b, Node& node) {
  Chain c(b, node);
  return c.put(c.op("Multiply", {c.op("Tanh", node.inputs), cosh(c, node.inputs[0])}));
}

Status lower_is_inf(GraphBuilder& b, Node& node) {
  Chain c(b, node);
  const int infinity = c.number(std::numeric_limits<double>::infinity());
  return c.put(c.op("Equal", {c.op("Abs", node.inputs), infinity}));
}

// 0 wherever the divisor is, whatever is divided.
Status lower_div_no_nan(GraphBuilder& b, Node& node) {
  Chain c(b, node);
  const int zero = c.number(0), none = c.op("Equal", {node.inputs[1], zero});
  const int divisor = c.op("SelectV2", {none, c.number(1), node.inputs[1]});
  const int quotient = c.op("RealDiv", {node.inputs[0], divisor});
  return c.put(c.op("SelectV2", {none, zero, quotient}));
}

constexpr LowerRow kRows[] = {
    {"Acos", lower_acos, true},           {"Asin", lower_asin, true},
    {"Atan", lower_atan, true},           {"Cosh", lower_cosh, true},
    {"DivNoNan", lower_div_no_nan, true}, {"IsInf", lower_is_inf, true},
    {"Sinh", lower_sinh, true},           {"Tan", lower_tan, true},
};

// --- x / 2 (1 + erf(x / sqrt(2))), as exporters write GELU out
// ------------------------------------
Status is_near(Match& match, char name, double number, bool* near) {
  Tensor t;
  *near = match.type(name).dtype == DType::kFloat32 && match.type(name).shape.elements() == 1;
  if (!*near) return {};
  WXNN_TRY(match.constant(name, &t));
  *near = std::abs(static_cast<double>(t.f32()[0]) - number) < 1e-6;
  return {};
}

Status become_gelu(Match& match, bool* changed) {
  const bool divides = std::string_view(match.node('s').op->name) == "RealDiv";
  bool by_root = false, one = false, half = false;
  WXNN_TRY(is_near(match, 'R', divides ? std::sqrt(2.0) : std::sqrt(0.5), &by_root));
  WXNN_TRY(is_near(match, 'O', 1, &one));
  WXNN_TRY(is_near(match, 'H', 0.5, &half));
  if (!by_root || !one || !half) return {};
  Node& root = match.node('y');
  const int x = match.value('x');
  if (!match.become(root, "Gelu")) return {};
  match.set_input(root, 0, x);
  match.set_input(root, 1, kAbsent);
  root.inputs.resize(1);
  *changed = true;
  return {};
}

constexpr Pass kGelus[] = {{.pattern = "s = Multiply|RealDiv(x, R)\n"
                                       "e = Erf(s)\n"
                                       "a = Add(e, O)\n"
                                       "m = Multiply(x, a)\n"
                                       "y = Multiply(m, H)",
                            .rewrite = become_gelu},
                           {.pattern = "s = Multiply|RealDiv(x, R)\n"
                                       "e = Erf(s)\n"
                                       "a = Add(e, O)\n"
                                       "m = Multiply(x, H)\n"
                                       "y = Multiply(m, a)",
                            .rewrite = become_gelu},
                           {.pattern = "s = Multiply|RealDiv(x, R)\n"
                                       "e = Erf(s)\n"
                                       "a = Add(e, O)\n"
                                       "m = Multiply(a, H)\n"
                                       "y = Multiply(x, m)",
                            .rewrite = become_gelu}};

}  // namespace

std::span<const LowerRow> rows_of_math() { return kRows; }

Status find_gelu(Graph& graph) {
  bool changed = false;
  for (const Pass& pass : kGelus) WXNN_TRY(run_pass(pass, graph, &changed));
  if (changed) remove_dead(graph);
  return {};
}

}  // namespace wxnn
