// A model as the readers build it and the passes rewrite it: values, nodes, constants. Plain data.
#pragma once
#include <memory>

#include "core/file.h"
#include "core/op.h"
#include "core/string.h"
#include "core/vector.h"

namespace wxnn {

inline constexpr int kAbsent = -1;

// One tensor of the graph. Written once: by a node, by the caller (graph input), or constant.
struct Value {
  String name;
  TensorType type;                     // as the file declares it; shapes may be open or unknown
  std::unique_ptr<Constant> constant;  // null unless constant

  // Puts `constant "w"` in front of the reason.
  Status at(Status status) const;
};

struct Graph;

struct Node {
  const Op* op = nullptr;
  String name;
  Attrs attrs;
  Vector<int> inputs;  // indices into Graph::values, or kAbsent
  Vector<int> outputs;
  // What If and While run. Inputs and outputs by position; an output may be an input or a constant.
  Vector<std::unique_ptr<Graph>> bodies = {};
  // `node "block_3/prelu" (Prelu)`: how every sentence about this node begins.
  String place() const;
};

// What one run leaves for the next: `input` is `initial`, a constant, in the first run, and later
// what `output` was at the end of the run before. `input` is written by no node.
struct State {
  int input, output, initial;
};

struct Graph {
  Vector<Value> values;
  Vector<Node> nodes;
  Vector<int> inputs;
  Vector<int> outputs;
  Vector<State> states = {};
  File file;

  int add_value(String name, const TensorType& type);
  // Appends a node with one fresh output value named like the node; returns that value.
  int add_node(const Op& op, String name, Vector<int> inputs, Attrs attrs);
  // A constant computed here (owned bytes); returns the value.
  Status add_constant(String name, const TensorType& type, const void* data, int* value);
  // The constant's data as computed in (float32, int32, …), widened into owned bytes on first use.
  // The value must be constant.
  Status materialize(int value, Tensor* tensor);
};

// Number of uses of each value: node inputs plus graph outputs, and what states need.
Vector<int> count_uses(const Graph& graph);

// Puts nodes in an order in which every value is computed before it is used, keeping the given
// order where it can. Refuses cycles, values written twice, and indices out of range: after it, the
// graph is well-formed.
Status sort(Graph& graph);

// Removes nodes and constants that no output depends on. The graph is sorted.
void remove_dead(Graph& graph);

// "3 nodes need an operator that this build does not have: FFT ("fft_1"), Einsum ("y")": all at
// once, each operator with the first node that needs it.
class MissingOps {
 public:
  void add(std::string_view op, std::string_view node);
  // Ok where there are none.
  Status refuse() const;

 private:
  size_t nodes_ = 0;
  String list_;
};

}  // namespace wxnn
