// If and While: their bodies are lowered for the types of what goes in.
#include <algorithm>

#include "converter/lower.h"
#include "core/flow.h"
#include "passes/passes.h"

namespace wxnn {

namespace {

using Types = std::vector<TensorType>;
constexpr size_t kMostFolded = size_t{64} << 20;  // bytes of constants that one body may compute

Status check_body(const Node& node, const Graph& body, size_t inputs, size_t outputs) {
  WXNN_CHECK(body.inputs.size() == inputs && body.outputs.size() >= outputs,
             "{}: hands {} values to a graph that takes {} and gives {}", node.place(), inputs,
             body.inputs.size(), body.outputs.size());
  return {};
}

// A constant that goes in is one inside, where weights and shapes have to be constants.
Status hand_over(GraphBuilder& b, int value, Graph* body, size_t i) {
  const int input = body->inputs[i];
  int inside = kAbsent;
  const auto reads = [&](int v) {
    for (Node& n : body->nodes) {
      if (std::ranges::find(n.inputs, v) != n.inputs.end()) return true;
    }
    return false;
  };
  if (!reads(input)) return {};
  Tensor t;
  WXNN_TRY(b.graph.materialize(value, &t));
  WXNN_TRY(body->add_constant(body->values[input].name + "/constant", t, t.data, &inside));
  for (Node& n : body->nodes) std::ranges::replace(n.inputs, input, inside);
  return {};
}

void give_types(Graph* body, const Types& types) {
  for (size_t i = 0; i < body->inputs.size(); ++i) body->values[body->inputs[i]].type = types[i];
}

Types types_of(const Graph& body) {
  Types types;
  for (const int v : body.outputs) types.push_back(body.values[v].type);
  return types;
}

// A list that is empty because nobody has written to it yet takes at once the shape that it has
// after the first round.
bool grows_at_once(const Node& node, size_t k, const Shape& before, const Shape& after) {
  return before.is_known() && after.is_known() && before.elements() == 0 && after.rank() > 0 &&
         before.rank() > 0 && before[0] == after[0] &&
         std::ranges::all_of(node.bodies, [k](const auto& body) {
           return is_only_written(*body, body->inputs[k]);
         });
}

Status infer_flow(Node& node, const Types& inputs, Types* outputs);

// What a body gives for inputs of these types. Nothing in it changes but the types of its values.
Status infer_body(Graph* body, const Types& inputs, Types* outputs) {
  give_types(body, inputs);
  GraphBuilder b(*body, kMostFolded);
  b.open_batch = true;  // nothing that follows from these shapes becomes a constant
  for (Node& node : body->nodes) {
    if (node.op->flow == nullptr) {
      bool folded = false;
      WXNN_TRY(b.settle(node, &folded));
      continue;
    }
    Types in, out;
    for (const int v : node.inputs) in.push_back(v == kAbsent ? TensorType{} : b.type(v));
    WXNN_TRY(infer_flow(node, in, &out));
    for (size_t k = 0; k < node.outputs.size(); ++k) body->values[node.outputs[k]].type = out[k];
  }
  *outputs = types_of(*body);
  return {};
}

Status merge(const Node& node, size_t k, const TensorType& other, TensorType* type) {
  WXNN_CHECK(type->dtype == other.dtype, "{}: its value {} is {} and {}", node.place(), k,
             name_of(type->dtype), name_of(other.dtype));
  if (!(type->shape == other.shape)) type->shape = Shape::unknown();
  return {};
}

// Of an If the types that its branches share; of a While those that its state has in every round.
Status infer_flow(Node& node, const Types& inputs, Types* outputs) {
  const bool is_if = std::string_view(node.op->name) == "If";
  WXNN_CHECK(node.bodies.size() == 2, "{}: lacks a graph of its own", node.place());
  Types state(inputs.begin() + (is_if ? 1 : 0), inputs.end());
  if (is_if) {
    Types other;
    for (const auto& body : node.bodies)
      WXNN_TRY(check_body(node, *body, state.size(), node.outputs.size()));
    WXNN_TRY(infer_body(node.bodies[0].get(), state, outputs));
    WXNN_TRY(infer_body(node.bodies[1].get(), state, &other));
    outputs->resize(node.outputs.size());
    for (size_t k = 0; k < outputs->size(); ++k) WXNN_TRY(merge(node, k, other[k], &(*outputs)[k]));
    return {};
  }
  WXNN_TRY(check_body(node, *node.bodies[0], state.size(), 1));
  WXNN_TRY(check_body(node, *node.bodies[1], state.size(), state.size()));
  // A shape changes twice at most: an empty list's, and from known to unknown.
  for (bool settled = false; !settled;) {
    Types after;
    WXNN_TRY(infer_body(node.bodies[1].get(), state, &after));
    const Types before = state;
    for (size_t k = 0; k < state.size(); ++k) {
      if (grows_at_once(node, k, state[k].shape, after[k].shape)) state[k].shape = after[k].shape;
      WXNN_TRY(merge(node, k, after[k], &state[k]));
    }
    settled = state == before;
  }
  *outputs = state;
  return {};
}

Status tidy(Graph* body) {
  WXNN_TRY(sort(*body));
  return run_passes(*body);
}

Status lower_body(GraphBuilder& outer, const Types& inputs, Graph* body) {
  give_types(body, inputs);
  WXNN_TRY(run_passes(*body));
  GraphBuilder b(*body, kMostFolded);
  b.open_batch = outer.open_batch;
  return lower_nodes(b);
}

// A condition as TFLite wants it.
Status to_bool(GraphBuilder& b, const std::string& name, int* condition) {
  const DType dtype = b.type(*condition).dtype;
  int zero = kAbsent;
  if (dtype == DType::kBool) return {};
  WXNN_TRY(b.scalar(name + "/zero", dtype, 0, &zero));
  return b.add("NotEqual", name + "/condition", {*condition, zero}, {}, condition);
}

Status finish(GraphBuilder& b, Node& node, const Types& types) {
  for (size_t k = 0; k < node.outputs.size(); ++k) b.graph.values[node.outputs[k]].type = types[k];
  b.graph.nodes.push_back(std::move(node));
  return {};
}

Types types_of(const GraphBuilder& b, std::span<const int> values) {
  Types types;
  for (const int v : values) types.push_back(v == kAbsent ? TensorType{} : b.type(v));
  return types;
}

// Nobody has a value for an input that no body reads: a small constant takes its place.
Status fill_absent(GraphBuilder& b, Node& node) {
  for (int& v : node.inputs) {
    if (v == kAbsent) WXNN_TRY(b.scalar(node.name + "/nothing", DType::kFloat32, 0, &v));
  }
  return {};
}

Status lower_if(GraphBuilder& b, Node& node) {
  WXNN_CHECK(node.bodies.size() == 2 && !node.inputs.empty(), "{}: lacks a branch", node.place());
  WXNN_TRY(fill_absent(b, node));
  for (const auto& body : node.bodies) {
    WXNN_TRY(tidy(body.get()));
    WXNN_TRY(check_body(node, *body, node.inputs.size() - 1, node.outputs.size()));
    body->outputs.resize(node.outputs.size());
  }
  if (b.is_constant(node.inputs[0])) return write_out_branch(b, node);
  for (const auto& body : node.bodies) {
    for (size_t i = 1; i < node.inputs.size(); ++i) {
      if (b.is_constant(node.inputs[i])) WXNN_TRY(hand_over(b, node.inputs[i], body.get(), i - 1));
    }
  }
  WXNN_TRY(to_bool(b, node.name, &node.inputs[0]));
  Types inputs = types_of(b, node.inputs), outputs;
  WXNN_TRY(infer_flow(node, inputs, &outputs));
  inputs.erase(inputs.begin());
  for (const auto& body : node.bodies) WXNN_TRY(lower_body(b, inputs, body.get()));
  return finish(b, node, outputs);
}

Status lower_while(GraphBuilder& b, Node& node) {
  const size_t n = node.inputs.size();
  WXNN_CHECK(node.bodies.size() == 2, "{}: lacks its condition or body", node.place());
  WXNN_TRY(fill_absent(b, node));
  for (const auto& part : node.bodies) WXNN_TRY(tidy(part.get()));
  Graph& cond = *node.bodies[0];
  Graph& body = *node.bodies[1];
  WXNN_TRY(check_body(node, cond, n, 1));
  WXNN_TRY(check_body(node, body, n, n));
  WXNN_CHECK(cond.outputs.size() == 1 && body.outputs.size() == n,
             "{}: has a condition that gives {} values and a body that gives {} for {}",
             node.place(), cond.outputs.size(), body.outputs.size(), n);
  bool written_out = false;
  WXNN_TRY(write_out_loop(b, node, &written_out));
  if (written_out) return {};
  for (size_t k = 0; k < n; ++k) {
    if (body.outputs[k] != body.inputs[k] || !b.is_constant(node.inputs[k])) continue;
    for (const auto& part : node.bodies) WXNN_TRY(hand_over(b, node.inputs[k], part.get(), k));
  }
  // TFLite's WHILE gives all of its state.
  while (node.outputs.size() < n)
    node.outputs.push_back(
        b.graph.add_value(sentence<"{}:{}">(node.name, node.outputs.size()), {}));
  Types state;
  WXNN_TRY(infer_flow(node, types_of(b, node.inputs), &state));
  for (size_t k = 0; k < n; ++k) {
    if (state[k].shape.is_unknown() || state[k] == b.type(node.inputs[k])) continue;
    WXNN_TRY(b.add("Fill", sentence<"{}/list_{}">(node.name, k), {},
                   {{"shape", state[k].shape}, {"value", 0}, {"dtype", name_of(state[k].dtype)}},
                   &node.inputs[k]));
  }
  for (const auto& part : node.bodies) WXNN_TRY(lower_body(b, state, part.get()));
  GraphBuilder condition(cond, 0);
  WXNN_TRY(to_bool(condition, node.name, &cond.outputs[0]));
  return finish(b, node, state);
}

constexpr LowerRow kRows[] = {{"If", lower_if, true}, {"While", lower_while, true}};

}  // namespace

std::span<const LowerRow> rows_of_flow() { return kRows; }

}  // namespace wxnn
