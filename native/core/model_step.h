// What the model keeps per node. Shared by the model's own files alone.
#pragma once
#include "core/build_parts.h"
#include "core/flow.h"
#include "core/model.h"
#include "core/string.h"
#include "core/vector.h"

namespace wxnn {

struct Model::Step {
  enum class Kind : uint8_t {
    kRun,        // planned: run every time
    kView,       // its output is its input's memory: nothing to run
    kEvaluated,  // computed while planning: nothing to run
    kLate,       // shapes depend on data: everything happens while running
    kFlow,       // runs graphs of its own; outputs without a shape get memory while running
  };

  const Node* node = nullptr;
  Kind kind = Kind::kRun;
  bool packs_data = false;  // a kPacked input is computed, not constant: create at every run
  std::unique_ptr<Kernel> kernel;
  std::unique_ptr<Flow> flow;
  bool is_flow() const { return kBuildParts.flow && flow != nullptr; }
  Vector<const Tensor*> inputs;  // into Model::tensors_, null where absent
  Vector<TensorType> types;      // of the outputs, from infer
  Vector<Tensor> outputs;
  Vector<Buffer> own;  // memory of evaluated and late outputs; none where no step is such
  size_t scratch_bytes = 0;
  void* scratch = nullptr;
  int scratch_group = -1;  // its piece of the arena, while that is laid out

  InferCtx infer_ctx() { return {node->attrs, inputs, types}; }
  RunCtx run_ctx(LateAllocator* late = nullptr) {
    return {node->attrs, inputs, outputs, scratch, late};
  }
  struct Late;
  // Gives output i memory of its own, growing what it had.
  Status own_output(size_t i);
  Status at(Status status) const { return status.ok() ? Status() : status.at(described()); }
  // `node "head" (Conv2D), x [1,8,8,3] filter [3,3,4,8]`
  String described() const;
};

}  // namespace wxnn
