// A model as the readers build it and the passes rewrite it: values, nodes, constants. Plain data.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "core/file.h"
#include "core/op.h"

namespace wxnn {

inline constexpr int kAbsent = -1;

// One tensor of the graph. Written once: by a node, by the caller (graph input), or constant.
struct Value {
  std::string name;
  TensorType type;                     // as the file declares it; shapes may be open or unknown
  std::unique_ptr<Constant> constant;  // null unless constant

  // Puts `constant "w"` in front of the reason.
  Status at(Status status) const;
};

struct Graph;

struct Node {
  const Op* op = nullptr;
  std::string name;
  Attrs attrs;
  std::vector<int> inputs;  // indices into Graph::values, or kAbsent
  std::vector<int> outputs;
  // What If and While run. Inputs and outputs by position; an output may be an input or a constant.
  std::vector<std::unique_ptr<Graph>> bodies = {};
  // `node "block_3/prelu" (Prelu)`: how every sentence about this node begins.
  std::string place() const;
};

// What one run leaves for the next: `input` is `initial`, a constant, in the first run, and later
// what `output` was at the end of the run before. `input` is written by no node.
struct State {
  int input, output, initial;
};

struct Graph {
  std::vector<Value> values;
  std::vector<Node> nodes;
  std::vector<int> inputs;
  std::vector<int> outputs;
  std::vector<State> states = {};
  File file;

  int add_value(std::string name, const TensorType& type);
  // Appends a node with one fresh output value named like the node; returns that value.
  int add_node(const Op& op, std::string name, std::vector<int> inputs, Attrs attrs);
  // A constant computed here (owned bytes); returns the value.
  Status add_constant(std::string name, const TensorType& type, const void* data, int* value);
  // The constant's data as computed in (float32, int32, …), widened into owned bytes on first use.
  // The value must be constant.
  Status materialize(int value, Tensor* tensor);
};

// Number of uses of each value: node inputs plus graph outputs, and what states need.
std::vector<int> count_uses(const Graph& graph);

// Puts nodes in an order in which every value is computed before it is used, keeping the given
// order where it can. Refuses cycles, values written twice, and indices out of range: after it, the
// graph is well-formed.
Status sort(Graph& graph);

// Removes nodes and constants that no output depends on. The graph is sorted.
void remove_dead(Graph& graph);

// "2 nodes have operators that this build does not have: FFT (2): fft_1, fft_2": all at once.
// `missing` lists (operator, node) pairs in file order; ok when there are none.
struct MissingOp {
  std::string op;
  std::string node;
};
Status refuse_missing(const std::vector<MissingOp>& missing);

}  // namespace wxnn
