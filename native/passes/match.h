// A pattern found in a graph, and the few ways to rewrite it that keep the graph well-formed.
#pragma once
#include <optional>
#include <string_view>
#include <vector>

#include "core/graph.h"
#include "passes/passes.h"

namespace wxnn {

// Who writes and how many read each value, kept true while rewriting.
struct Wiring {
  explicit Wiring(const Graph& graph);
  std::vector<int> writer;  // node index, or -1
  std::vector<int> uses;    // node inputs plus graph outputs
};

// A pattern, parsed.
struct PatternLine {
  std::string_view output;
  std::string_view ops;  // "Conv2D|FusedConv2D"
  std::vector<std::string_view> inputs;
  bool more = false;  // ends in "..."
};
std::vector<PatternLine> parse_pattern(std::string_view text);

class Match {
 public:
  Match(Graph& graph, Wiring& wiring) : graph_(graph), wiring_(wiring) {}

  // Tries to match with `root` as the last line's node.
  bool find(const std::vector<PatternLine>& pattern, int root);

  Graph& graph() const { return graph_; }
  // The node that writes the pattern's value `name`; the value itself.
  Node& node(std::string_view name) const { return graph_.nodes[node_index(name)]; }
  int value(std::string_view name) const;
  const TensorType& type(std::string_view name) const { return graph_.values[value(name)].type; }
  // The data of a `$constant`, widened.
  Status constant(std::string_view name, Tensor* tensor) const;

  // Makes the node that writes `name` write the root's value instead, and removes the root.
  void root_becomes(std::string_view name);
  // Removes the node that writes `name`; its readers have been given something else to read.
  void drop(std::string_view name);
  // Input i of the node becomes another value (or kAbsent), appended where it had fewer inputs.
  void set_input(Node& node, size_t i, int value);
  // The node becomes another operator with the attributes that both have. False when this build
  // does not have it: then nothing has changed.
  bool become(Node& node, std::string_view op);

 private:
  struct Binding {
    std::string_view name;
    int value;
    int node;  // the writer inside the pattern, or -1
  };
  int node_index(std::string_view name) const;
  bool match_line(const std::vector<PatternLine>& pattern, size_t line, int node);
  bool match_inputs(const std::vector<PatternLine>& pattern, size_t line, int node, bool swapped);
  bool match_value(const std::vector<PatternLine>& pattern, size_t line, std::string_view name,
                   int value);
  const Binding* bound(std::string_view name) const;

  Graph& graph_;
  Wiring& wiring_;
  std::vector<Binding> bindings_;
};

}  // namespace wxnn
