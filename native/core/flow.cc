#include "core/flow.h"

#include <algorithm>
#include <cstring>

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
  WXNN_CHECK(node.bodies.size() == bodies, "has ", node.bodies.size(), " graphs of its own, wants ",
             bodies);
  for (std::unique_ptr<Graph>& graph : node.bodies) {
    WXNN_CHECK(graph->inputs.size() + from == node.inputs.size(), "hands ",
               node.inputs.size() - from, " values to a graph that takes ", graph->inputs.size());
    bodies_.emplace_back();
    WXNN_TRY(Model::load_body(std::move(*graph), &bodies_.back()));
  }
  node.bodies.clear();
  return {};
}

Status Flow::hand_over(const Graph& outer, int value, std::span<const std::unique_ptr<Graph>> to,
                       size_t i) {
  const Value& from = outer.values[value];
  for (const std::unique_ptr<Graph>& graph : to) {
    if (i >= graph->inputs.size()) continue;
    const int v = graph->inputs[i];
    auto constant = std::make_unique<Constant>();
    constant->encoding = from.constant->encoding;
    constant->bytes = from.constant->bytes;
    constant->quantization = from.constant->quantization;
    if (from.constant->owned) {
      const size_t bytes = constant->bytes.size();
      WXNN_TRY(constant->owned.allocate(bytes));
      if (bytes != 0) std::memcpy(constant->owned.data(), constant->bytes.data(), bytes);
      constant->bytes = {constant->owned.data(), bytes};
    }
    graph->values[v].type = from.type;
    graph->values[v].constant = std::move(constant);
    graph->inputs[i] = graph->add_value(graph->values[v].name, from.type);
  }
  return {};
}

}  // namespace wxnn
