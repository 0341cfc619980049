// A model as the body of an If or a While.
#include <algorithm>
#include <cstring>

#include "core/model_step.h"

namespace wxnn {

Status Model::plan_for(std::span<const Tensor> inputs) {
  known_.resize(inputs.size());
  own_inputs_.resize(inputs.size());
  for (size_t i = 0; i < inputs.size(); ++i) {
    static_cast<TensorType&>(tensors_[graph_.inputs[i]]) = inputs[i];
    known_[i] = inputs[i].data;
  }
  return plan();
}

Status Model::give(size_t input, const Tensor& value) {
  WXNN_TRY(reserve());
  const int v = graph_.inputs[input];
  Tensor& to = tensors_[v];
  if (late_[v]) {
    Buffer& own = own_inputs_[input];
    static_cast<TensorType&>(to) = value;
    WXNN_TRY(own.fit(to.bytes()));
    to.data = own.data();
  }
  if (to.data == nullptr || to.data == value.data || known_[input] != nullptr) return {};
  const size_t bytes = std::min(to.bytes(), value.bytes());
  if (bytes != 0) std::memcpy(to.data, value.data, bytes);
  // A list that no one has written to yet: zeros (ops/tensor_list.cc).
  if (bytes < to.bytes()) std::memset(to.data, 0, to.bytes());
  return {};
}

bool Model::reads(size_t input) const {
  const int v = graph_.inputs[input];
  auto in = [v](const Vector<int>& list) { return std::ranges::find(list, v) != list.end(); };
  return in(graph_.outputs) ||
         std::ranges::any_of(graph_.nodes, [&](const Node& node) { return in(node.inputs); });
}

}  // namespace wxnn
