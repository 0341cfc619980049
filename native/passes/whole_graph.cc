#include "passes/whole_graph.h"

#include <algorithm>

#include "core/evaluate.h"

namespace wxnn {

void bypass_identity(Graph& graph) {
  Vector<int> stands_for(graph.values.size());
  for (size_t v = 0; v < stands_for.size(); ++v) stands_for[v] = static_cast<int>(v);
  for (Node& node : graph.nodes) {
    for (int& v : node.inputs) {
      if (v != kAbsent) v = stands_for[v];
    }
    const bool identity = std::string_view(node.op->name) == "Identity" && node.inputs.size() == 1;
    if (!identity || node.inputs[0] == kAbsent) continue;
    const bool named = std::ranges::find(graph.outputs, node.outputs[0]) != graph.outputs.end();
    if (!named) stands_for[node.outputs[0]] = node.inputs[0];
  }
  remove_dead(graph);
}

namespace {

bool is_constant(const Graph& graph, const Node& node) {
  if (node.op->infer == nullptr) return false;
  if (node.inputs.empty() && node.op->inputs.size() != 0) return false;
  return std::ranges::all_of(
      node.inputs, [&](int v) { return v == kAbsent || graph.values[v].constant != nullptr; });
}

Status fold_node(Graph& graph, const Node& node, size_t* budget) {
  Vector<Tensor> tensors(node.inputs.size());
  Vector<const Tensor*> inputs(node.inputs.size());
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (node.inputs[i] == kAbsent) continue;
    WXNN_TRY(graph.materialize(node.inputs[i], &tensors[i]));
    inputs[i] = &tensors[i];
  }
  Evaluated result;
  // What cannot be computed here is left where it is: planning or running says what is wrong.
  Status status = evaluate(*node.op, node.attrs, inputs, node.outputs.size(), *budget, &result);
  if (!status.ok()) return {};
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    Value& value = graph.values[node.outputs[i]];
    value.type = result.outputs[i];
    *budget -= std::min(*budget, value.type.bytes());
    value.constant = std::make_unique<Constant>();
    value.constant->owned = std::move(result.memory[i]);
    value.constant->bytes = {value.constant->owned.data(), value.type.bytes()};
  }
  return {};
}

}  // namespace

Status fold_constants(Graph& graph) {
  size_t budget = most_evaluated(graph);
  Vector<Node> left;
  for (Node& node : graph.nodes) {
    if (is_constant(graph, node)) WXNN_TRY(fold_node(graph, node, &budget));
    if (!graph.values[node.outputs[0]].constant) left.push_back(std::move(node));
  }
  graph.nodes = std::move(left);
  remove_dead(graph);
  return {};
}

}  // namespace wxnn
