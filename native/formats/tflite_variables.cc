#include "formats/tflite_variables.h"

namespace wxnn {

int TfliteVariables::find(std::string_view name) {
  size_t at = 0;
  while (at < list_.size() && list_[at].name != name) ++at;
  if (at == list_.size()) list_.push_back({.name = name});
  return static_cast<int>(at);
}

void TfliteVariables::assign(int variable, int value, bool once) {
  Variable& v = list_[variable];
  (once ? v.initial : v.current) = value;
}

Status TfliteVariables::read(Graph& graph, int variable, int* value) {
  Variable& v = list_[variable];
  if (v.current == kAbsent) {
    WXNN_CHECK(v.initial != kAbsent, "reads the variable \"{}\" before it has a value", v.name);
    v.current = v.initial;
    if (v.assigned) {
      v.state = graph.add_value(v.name, graph.values[v.initial].type);
      v.current = v.state;
    }
  }
  *value = v.current;
  return {};
}

Vector<int> TfliteVariables::enter(Graph& graph) {
  Vector<int> outside;
  for (Variable& v : list_) {
    outside.push_back(v.current);
    if (!v.in_bodies) continue;
    v.current = graph.add_value(v.name, {DType::kFloat32, Shape::unknown()});
    graph.inputs.push_back(v.current);
  }
  return outside;
}

void TfliteVariables::leave(Graph& graph, std::span<const int> outside) {
  for (size_t i = 0; i < outside.size(); ++i) {
    if (list_[i].in_bodies) graph.outputs.push_back(list_[i].current);
    list_[i].current = outside[i];
  }
}

Status TfliteVariables::hand_over(Graph& graph, bool loop) {
  Node& node = graph.nodes.back();
  for (size_t i = 0; i < list_.size(); ++i) {
    Variable& v = list_[i];
    if (!v.in_bodies) continue;
    if (loop) node.bodies[0]->outputs.pop_back();  // of the condition
    int value = kAbsent;
    WXNN_TRY(read(graph, static_cast<int>(i), &value));
    node.inputs.push_back(value);
    node.outputs.push_back(graph.add_value(v.name, graph.values[value].type));
    if (v.assigned) v.current = node.outputs.back();
  }
  return {};
}

Status TfliteVariables::finish(Graph& graph) const {
  for (const Variable& v : list_) {
    if (v.state == kAbsent) continue;
    WXNN_CHECK(graph.values[v.initial].constant != nullptr,
               "the first value of the variable \"{}\" is computed; only a constant is supported",
               v.name);
    graph.states.push_back({v.state, v.current, v.initial});
  }
  return {};
}

}  // namespace wxnn
