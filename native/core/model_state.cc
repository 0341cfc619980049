// States of a graph: between runs their values lie in memory of their own, so that neither a failed
// run nor another plan loses them.
#include <cstring>

#include "core/model.h"
#include "core/states.h"

namespace wxnn {

Status Model::open_states() {
  size_t bytes = 0;
  for (const State& s : states_of(graph_)) {
    const TensorType& type = tensors_[s.initial];
    static_cast<TensorType&>(tensors_[s.input]) = type;
    bytes += type.bytes();
  }
  if (bytes == 0) return {};
  WXNN_TRY(kept_states_.allocate(bytes));
  copy_states(StatePart::kInitial);
  return {};
}

Status Model::check_states() const {
  for (const State& s : states_of(graph_)) {
    const TensorType &type = tensors_[s.initial], &given = tensors_[s.output];
    WXNN_CHECK(given.shape.is_unknown() || given == type,
               "variable \"{}\" is {} {} and cannot become {} {}", graph_.values[s.input].name,
               name_of(type.dtype), type.shape, name_of(given.dtype), given.shape);
  }
  return {};
}

// To the inputs' memory from what is kept, or to what is kept.
void Model::copy_states(StatePart part) {
  std::byte* kept = kept_states_.data();
  for (const State& s : states_of(graph_)) {
    const size_t bytes = tensors_[s.initial].bytes();
    if (bytes == 0) continue;
    if (part == StatePart::kInput) {
      std::memcpy(tensors_[s.input].data, kept, bytes);
    } else {
      std::memcpy(kept, tensors_[part == StatePart::kInitial ? s.initial : s.output].data, bytes);
    }
    kept += bytes;
  }
}

}  // namespace wxnn
