#include "core/flow.h"

#include <algorithm>
#include <cstring>
#include <string_view>

namespace wxnn {

bool is_true(const Tensor& condition) {
  if (condition.shape.elements() == 0) return false;
  if (condition.dtype == DType::kBool) return *condition.u8() != 0;
  return condition.dtype == DType::kInt32 ? *condition.i32() != 0 : *condition.f32() != 0;
}

Status deliver(const RunCtx& c, size_t k, const Tensor& value) {
  Tensor& out = c.out(k);
  if (out.shape.is_unknown()) {
    out.dtype = value.dtype;
    WXNN_TRY(c.late->allocate(k, value.shape));
  }
  const size_t bytes = std::min(out.bytes(), value.bytes());
  if (bytes != 0) std::memcpy(out.data, value.data, bytes);
  return {};
}

Status Flow::load_bodies(Node& node, size_t bodies, size_t from) {
  WXNN_CHECK(node.bodies.size() == bodies, "has {} graphs of its own, wants {}", node.bodies.size(),
             bodies);
  for (std::unique_ptr<Graph>& graph : node.bodies) {
    WXNN_CHECK(graph->inputs.size() + from == node.inputs.size(),
               "hands {} values to a graph that takes {}", node.inputs.size() - from,
               graph->inputs.size());
    bodies_.emplace_back();
    WXNN_TRY(Model::load_body(std::move(*graph), &bodies_.back()));
  }
  node.bodies.clear();
  return {};
}

bool is_only_written(const Graph& graph, int v) {
  for (const Node& node : graph.nodes) {
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      if (node.inputs[i] != v) continue;
      if (i == 0 && std::string_view(node.op->name) == "TensorListSetItem") continue;
      const bool inner =
          std::string_view(node.op->name) == "While" && !node.bodies.empty() &&
          std::ranges::all_of(node.bodies, [i](const auto& body) {
            return i < body->inputs.size() && is_only_written(*body, body->inputs[i]);
          });
      if (!inner) return false;
    }
  }
  return true;
}

Status Flow::hand_over(const Graph& outer, int value, std::span<const std::unique_ptr<Graph>> to,
                       size_t i) {
  const Value& from = outer.values[value];
  for (const std::unique_ptr<Graph>& graph : to) {
    if (i >= graph->inputs.size()) continue;
    const int v = graph->inputs[i];
    WXNN_TRY(copy_constant(*from.constant, &graph->values[v].constant));
    graph->values[v].type = from.type;
    graph->inputs[i] = graph->add_value(graph->values[v].name, from.type);
  }
  return {};
}

}  // namespace wxnn
