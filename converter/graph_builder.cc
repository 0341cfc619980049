#include "converter/graph_builder.h"

#include <algorithm>

#include "core/evaluate.h"

namespace wxnn {

namespace {

uint8_t traits_of(const Op& op, size_t input) {
  if (op.inputs.size() == 0) return 0;
  return (op.inputs.begin() + std::min(input, op.inputs.size() - 1))->traits;
}

// Infer reads data of such inputs only; others are widened when the node is really computed.
constexpr size_t kSmall = 4096;

}  // namespace

// The input as infer sees it. `known`: its data is there, or nobody will ask for it.
Status GraphBuilder::view(const Node& node, size_t input, Tensor* tensor, bool* known) {
  const int v = node.inputs[input];
  static_cast<TensorType&>(*tensor) = type(v);
  const uint8_t traits = traits_of(*node.op, input);
  if (const std::byte* data = data_of(v)) {
    tensor->data = const_cast<std::byte*>(data);
    *known = true;
  } else if (is_constant(v)) {
    const bool read = (traits & kValueKnown) != 0 || tensor->bytes() <= kSmall;
    if (read) WXNN_TRY(graph.materialize(v, tensor));
    *known = true;
  } else {
    *known = (traits & kTypeOnly) != 0 && tensor->shape.is_known();
  }
  return {};
}

Status GraphBuilder::settle(const Node& node, bool* folded) {
  *folded = false;
  std::vector<Tensor> tensors(node.inputs.size());
  std::vector<const Tensor*> inputs(node.inputs.size());
  bool all_known = true;
  bool constant = true;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const int v = node.inputs[i];
    if (v == kAbsent) continue;
    bool known = false;
    WXNN_TRY(view(node, i, &tensors[i], &known));
    inputs[i] = &tensors[i];
    all_known = all_known && known;
    constant = constant && (is_constant(v) || !open_batch);
  }
  std::vector<TensorType> types(node.outputs.size());
  InferCtx c{node.attrs, inputs, types};
  Status status = infer(*node.op, c);
  if (!status.ok()) return status.at(node.place());
  for (size_t i = 0; i < types.size(); ++i) graph.values[node.outputs[i]].type = types[i];
  if (!all_known || (node.inputs.empty() && node.op->inputs.size() != 0)) return {};
  for (size_t i = 0; i < inputs.size(); ++i) {
    const bool widen =
        inputs[i] != nullptr && inputs[i]->data == nullptr && is_constant(node.inputs[i]);
    if (widen) WXNN_TRY(graph.materialize(node.inputs[i], &tensors[i]));
  }
  return evaluate_node(node, inputs, constant, folded);
}

Status GraphBuilder::evaluate_node(const Node& node, std::span<const Tensor* const> inputs,
                                   bool constant, bool* folded) {
  Evaluated result;
  Status status = evaluate(*node.op, node.attrs, inputs, node.outputs.size(), fold_bytes_, &result);
  // What cannot be computed here stays in the graph: running it says what is wrong.
  if (!status.ok()) return {};
  known_.resize(std::max(known_.size(), graph.values.size()));
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    Value& value = graph.values[node.outputs[i]];
    value.type = result.outputs[i];
    fold_bytes_ -= std::min(fold_bytes_, value.type.bytes());
    if (!constant) {
      known_[node.outputs[i]] = std::move(result.memory[i]);
      continue;
    }
    value.constant = std::make_unique<Constant>();
    value.constant->owned = std::move(result.memory[i]);
    value.constant->bytes = {value.constant->owned.data(), value.type.bytes()};
  }
  *folded = constant;
  return {};
}

Status GraphBuilder::add(std::string_view op, std::string name, std::vector<int> inputs,
                         std::vector<Setting> settings, size_t count, std::vector<int>* outputs) {
  Node node;
  node.op = find_op(op);
  node.name = std::move(name);
  WXNN_CHECK(node.op != nullptr, "node \"", node.name, "\": needs the operator ", op,
             ", which this build does not have");
  node.attrs = Attrs(node.op->attrs);
  for (Setting& s : settings) {
    Status status = node.attrs.set(s.name, std::move(s.value));
    if (!status.ok()) return status.at(node.place());
  }
  while (!inputs.empty() && inputs.back() == kAbsent) inputs.pop_back();
  node.inputs = std::move(inputs);
  for (size_t i = 0; i < count; ++i) {
    std::string output = i == 0 ? node.name : sentence(node.name, ":", i);
    node.outputs.push_back(graph.add_value(std::move(output), {}));
  }
  *outputs = node.outputs;
  bool folded = false;
  WXNN_TRY(settle(node, &folded));
  if (!folded) graph.nodes.push_back(std::move(node));
  return {};
}

Status GraphBuilder::add(std::string_view op, std::string name, std::vector<int> inputs,
                         std::vector<Setting> settings, int* y) {
  std::vector<int> outputs;
  WXNN_TRY(add(op, std::move(name), std::move(inputs), std::move(settings), 1, &outputs));
  *y = outputs[0];
  return {};
}

Status GraphBuilder::put(int made, int original) {
  if (made == original) return {};
  Node* last = graph.nodes.empty() ? nullptr : &graph.nodes.back();
  const bool by_last =
      last != nullptr && std::ranges::find(last->outputs, made) != last->outputs.end();
  if (by_last) {
    std::ranges::replace(last->outputs, made, original);
    graph.values[original].type = type(made);
    return {};
  }
  if (is_constant(made)) {
    Tensor t;
    WXNN_TRY(graph.materialize(made, &t));
    int copy = kAbsent;
    WXNN_TRY(graph.add_constant("", t, t.data, &copy));
    graph.values[original].type = type(made);
    graph.values[original].constant = std::move(graph.values[copy].constant);
    return {};
  }
  int same = kAbsent;
  WXNN_TRY(add("Identity", graph.values[original].name, {made}, {}, &same));
  return put(same, original);
}

Status GraphBuilder::constant(std::string name, const Shape& shape,
                              const std::vector<float>& numbers, int* v) {
  return graph.add_constant(std::move(name), {DType::kFloat32, shape}, numbers.data(), v);
}

Status GraphBuilder::constant(std::string name, const Shape& shape,
                              const std::vector<int32_t>& numbers, int* v) {
  return graph.add_constant(std::move(name), {DType::kInt32, shape}, numbers.data(), v);
}

Status GraphBuilder::scalar(std::string name, DType dtype, double number, int* v) {
  if (dtype == DType::kInt32) {
    return constant(std::move(name), {}, std::vector<int32_t>{static_cast<int32_t>(number)}, v);
  }
  if (dtype == DType::kFloat32) {
    return constant(std::move(name), {}, std::vector<float>{static_cast<float>(number)}, v);
  }
  const uint8_t yes = number != 0;
  return graph.add_constant(std::move(name), {DType::kBool, {}}, &yes, v);
}

Status GraphBuilder::numbers(int value, std::string_view what, std::vector<double>* numbers) {
  WXNN_CHECK(value != kAbsent && is_known(value), "its ", what,
             " is computed while running; only one that is known beforehand is supported");
  Tensor t;
  static_cast<TensorType&>(t) = type(value);
  t.data = const_cast<std::byte*>(data_of(value));
  if (t.data == nullptr) WXNN_TRY(graph.materialize(value, &t));
  const int32_t n = t.shape.elements();
  for (int32_t i = 0; i < n; ++i) {
    numbers->push_back(t.dtype == DType::kFloat32 ? static_cast<double>(t.f32()[i])
                       : t.dtype == DType::kInt32 ? t.i32()[i]
                                                  : t.u8()[i]);
  }
  return {};
}

}  // namespace wxnn
