// Nodes that run graphs of their own: If and While. The bodies are models without a file: planned
// for the shapes of what goes in, with kernels and an arena of their own. A value whose shape
// depends on data goes in as "late": it is settled at every run, and no body is planned again.
#pragma once
#include <memory>
#include <span>

#include "core/model.h"
#include "core/vector.h"

namespace wxnn {

class Flow {
 public:
  virtual ~Flow() = default;
  // Plans the bodies and says the types of the outputs. An absent input was a constant that the
  // bodies have taken over.
  virtual Status plan(InferCtx& c) = 0;
  // Outputs that plan left unknown have no memory yet: deliver() gets it.
  virtual Status run(const RunCtx& c) = 0;

  const Vector<std::unique_ptr<Model>>& bodies() const { return bodies_; }

 protected:
  // Takes the node's bodies. `from` is the input of the node that is the bodies' first.
  Status load_bodies(Node& node, size_t bodies, size_t from);
  // A constant input of the node becomes a constant inside the bodies that read their input i.
  static Status hand_over(const Graph& outer, int value, std::span<const std::unique_ptr<Graph>> to,
                          size_t i);

  Vector<std::unique_ptr<Model>> bodies_;
};

// What a body is planned for where it does not read the input.
inline Tensor nothing() { return {{DType::kFloat32, Shape{0}}, nullptr}; }
// True when nothing but TensorListSetItem reads value `v` of the graph, which takes a list without
// elements for zeros of any shape.
bool is_only_written(const Graph& graph, int v);
// A condition: its first element is not 0.
bool is_true(const Tensor& condition);
// Copies `value` to output k of a Flow.
Status deliver(const RunCtx& c, size_t k, const Tensor& value);

}  // namespace wxnn
