// A pattern found in a graph, and the few ways to rewrite it that keep the graph well-formed.
#pragma once
#include <array>
#include <string_view>

#include "core/graph.h"
#include "core/vector.h"
#include "passes/passes.h"

namespace wxnn {

// Who writes and how many read each value, kept true while rewriting.
struct Wiring {
  explicit Wiring(const Graph& graph);
  Vector<int> writer;  // node index, or -1
  Vector<int> uses;    // node inputs plus graph outputs
};

class Match {
 public:
  // The pattern, which is read where it stands, is as passes.h says.
  Match(Graph& graph, Wiring& wiring, const char* pattern);

  // Tries to match with `root` as the last line's node.
  bool find(int root);

  Graph& graph() const { return graph_; }
  // The node that writes the pattern's value `name`; the value itself.
  Node& node(char name) const { return graph_.nodes[bound(name).node]; }
  int value(char name) const { return bound(name).value; }
  const TensorType& type(char name) const { return graph_.values[value(name)].type; }
  // The data of a constant, widened.
  Status constant(char name, Tensor* tensor) const;

  // Makes the node that writes `name` write the root's value instead, and removes the root.
  void root_becomes(char name);
  // The root and the node that writes `name`, each the other's neighbour by its first input, change
  // places.
  void change_places(char name);
  // Removes the node that writes `name`; its readers have been given something else to read.
  void drop(char name);
  // Input i of the node becomes another value (or kAbsent), appended where it had fewer inputs.
  void set_input(Node& node, size_t i, int value);
  // The node becomes another operator with the attributes that both have. False when this build
  // does not have it: then nothing has changed.
  bool become(Node& node, const char* op);

 private:
  struct Binding {
    int value = kAbsent;
    int node = -1;  // the writer inside the pattern
  };
  using Bindings = std::array<Binding, 'z' + 1>;  // by letter
  const Binding& bound(char name) const { return bindings_[static_cast<size_t>(name)]; }
  Binding& bound(char name) { return bindings_[static_cast<size_t>(name)]; }
  bool match_line(const char* line, int node);
  bool match_inputs(const char* line, const Node& node, bool swapped);
  bool match_value(char name, int value);
  int uses_inside(char name) const;

  Graph& graph_;
  Wiring& wiring_;
  const char* pattern_;
  const char* root_;  // the last line
  Bindings bindings_;
};

}  // namespace wxnn
