#include "formats/tflite_variables.h"

#include <algorithm>

namespace wxnn {

int TfliteVariables::find(std::string_view name) {
  const auto at = std::ranges::find(list_, name, &Variable::name) - list_.begin();
  if (at == std::ssize(list_)) list_.push_back({.name = std::string(name)});
  return static_cast<int>(at);
}

void TfliteVariables::assign(int variable, int value, bool once) {
  Variable& v = list_[variable];
  (once ? v.initial : v.current) = value;
}

Status TfliteVariables::read(Graph& graph, int variable, int* value) {
  Variable& v = list_[variable];
  if (v.current == kAbsent) {
    WXNN_CHECK(v.initial != kAbsent, "reads the variable \"", v.name, "\" before it has a value");
    v.current = v.initial;
    if (v.assigned) {
      v.state = graph.add_value(v.name, graph.values[v.initial].type);
      v.current = v.state;
    }
  }
  *value = v.current;
  return {};
}

Status TfliteVariables::finish(Graph& graph) const {
  for (const Variable& v : list_) {
    if (v.state == kAbsent) continue;
    WXNN_CHECK(graph.values[v.initial].constant != nullptr, "the first value of the variable \"",
               v.name, "\" is computed; only a constant is supported");
    graph.states.push_back({v.state, v.current, v.initial});
  }
  return {};
}

}  // namespace wxnn
