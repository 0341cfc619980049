// An operator is one constant of type Op, defined in one file under native/ops/ and named on one
// line of ops.def. Everything that needs to know about operators reads these constants: the graph
// engine, constant folding, the tfjs backend (which registers one tfjs kernel per Op), the
// converter and the documentation. Names are TensorFlow's kernel names with tfjs's attributes.
//
// Life of an operator in a model, with XNNPACK's names for the phases:
//   infer    types and shapes of the outputs; pure; the only place that refuses bad input
//   create   once per node, constants in hand: packs weights              (stateful ops only)
//   reshape  once per new input shape; says how much scratch run wants    (stateful ops only)
//   run      the hot path: allocates nothing where shapes follow from input shapes
//
// What may fail where: infer refuses whatever can be known from types, attributes and values known
// while planning. create and reshape fail only for want of memory. run fails only over data, such
// as an index out of range, and then in a sentence, never with a wild read or write.
#pragma once
#include <initializer_list>
#include <memory>
#include <span>
#include <string_view>

#include "core/attrs.h"
#include "core/status.h"
#include "core/tensor.h"

namespace wxnn {

// inputs[i] is null where an optional input is absent. In infer, create and reshape a tensor's
// data is null unless its value is known by then (a constant, or computed while planning).
struct InferCtx {
  const Attrs& attrs;
  std::span<const Tensor* const> inputs;
  std::span<TensorType> outputs;

  bool has(size_t i) const { return i < inputs.size() && inputs[i] != nullptr; }
  const Tensor& in(size_t i) const { return *inputs[i]; }
  TensorType& out(size_t i = 0) const { return outputs[i]; }
};

// Gives memory to outputs whose shape is known only now.
class LateAllocator {
 public:
  virtual Status allocate(size_t output, const Shape& shape) = 0;

 protected:
  ~LateAllocator() = default;
};

struct RunCtx {
  const Attrs& attrs;
  std::span<const Tensor* const> inputs;
  std::span<Tensor> outputs;
  void* scratch = nullptr;        // as many bytes as reshape asked for, 64-byte aligned
  LateAllocator* late = nullptr;  // for outputs that infer left unknown()

  bool has(size_t i) const { return i < inputs.size() && inputs[i] != nullptr; }
  const Tensor& in(size_t i) const { return *inputs[i]; }
  Tensor& out(size_t i = 0) const { return outputs[i]; }
};

class Kernel {
 public:
  virtual ~Kernel() = default;
  virtual Status reshape(const InferCtx& c, size_t* scratch_bytes) = 0;
  virtual Status run(const RunCtx& c) = 0;
  // Forgets what one run left for the next (the memory of an LSTM, the place in a random sequence).
  virtual void reset() {}
};

enum PortTrait : uint8_t {
  kOptional = 1,   // may be absent
  kPacked = 2,     // a constant here is consumed by create: its raw bytes are released afterwards.
                   // Every other constant lives as long as the Model. Where the value is not a
                   // constant, the engine creates the kernel anew at every run.
  kTypeOnly = 4,   // only dtype and shape are read, never the data (Shape, Size, Rank)
  kValueKnown = 8  // infer reads the data. Where it is not known while planning, the node is
                   // planned while running, when it is.
};

struct Port {
  const char* name;
  uint8_t traits = 0;
};

inline constexpr uint8_t kAnyNumber = 255;

struct Graph;
struct Node;
class Flow;

struct Op {
  const char* name;
  std::initializer_list<Port> inputs = {};
  std::initializer_list<AttrSpec> attrs = {};
  Status (*infer)(InferCtx&) = nullptr;
  // Exactly one of the three. A stateless operator's scratch is null.
  Status (*run)(const RunCtx&) = nullptr;
  Status (*create)(const InferCtx&, std::unique_ptr<Kernel>*) = nullptr;
  // A node with graphs of its own (core/flow.h): takes them from the node. Has no infer.
  Status (*flow)(Graph& graph, Node& node, std::unique_ptr<Flow>*) = nullptr;
  int8_t in_place = -1;   // this input's memory may become output 0's, when the sizes agree
  bool variadic = false;  // the last port stands for one or more inputs
  bool view = false;      // output 0 is input 0's bytes under another shape; run is never called
  uint8_t outputs = 1;    // kAnyNumber: as many as the node has
  bool stateful = false;  // a run depends on those before: never computed while planning

  // Of input i; the last port's where the operator is variadic.
  uint8_t traits(size_t i) const {
    if (inputs.size() == 0) return 0;
    return inputs.begin()[i < inputs.size() ? i : inputs.size() - 1].traits;
  }
};

// The operators of this build, in the order of its list: ops_tfjs.def (all of them), ops.def, or
// what WXNN_OPS names.
std::span<const Op* const> ops();
// Null when this build does not have it.
const Op* find_op(const char* name);
inline const Op* find_op(std::string_view name) { return find_op(String(name).c_str()); }

// Checks what holds for every operator: number of inputs and outputs, required inputs present,
// attributes complete; then calls op.infer.
Status infer(const Op& op, InferCtx& c);

}  // namespace wxnn
