// Reads the nodes of a scope (the graph, a function, or what lies between some tensors of one) into
// a Graph: those that the wanted tensors depend on.
#pragma once
#include <memory>
#include <string_view>

#include "core/string.h"
#include "core/vector.h"
#include "formats/node_list_file.h"
#include "formats/node_list_v1.h"

namespace wxnn {

// A node of a scope, and which of its outputs.
struct Ref {
  int node = 0;
  int output = 0;
  bool operator==(const Ref&) const = default;
};

inline bool is_control(std::string_view input) { return input.starts_with('^'); }
String place(const ListedNode& node);
// Input i, which may be a control input; empty where there is none.
std::string_view input_of(const ListedNode& node, size_t i);

// What all scopes of one file share.
struct Reading {
  const NodeList& list;
  const File& file;
  size_t tensors = 0;  // of all graphs: bounded, as functions that call functions multiply
};

// The values that nodes write: those that somebody reads, or that were emitted.
class Outputs {
 public:
  Outputs(Reading& reading, const NodeScope& scope, Graph& graph, const String& prefix)
      : reading_(reading),
        scope_(scope),
        graph_(graph),
        prefix_(prefix),
        first_(scope.nodes.size(), kAbsent) {}

  bool any(int node) const { return first_[node] != kAbsent; }
  // The value that is known already, or kAbsent.
  int find(Ref ref) const;
  void set(Ref ref, int value);
  // Made on first use.
  Status value(Ref ref, int* value);

 private:
  Reading& reading_;
  const NodeScope& scope_;
  Graph& graph_;
  const String& prefix_;
  Vector<int> first_;  // of each node: its first entry
  // Per entry: which output of the node, its value, and the node's next entry.
  Vector<int> output_, value_, next_;
};

// Follows Identity and its like, which need no node of ours, up to a tensor that another node
// computes or that is `given` (which may be null).
Status trace(const NodeScope& scope, std::string_view tensor, const Outputs* given, Ref* ref);

class ScopeReader {
 public:
  // `prefix` stands before the names of nodes; `depth`: how many calls are around this one.
  ScopeReader(Reading& reading, const NodeScope& scope, Graph& graph, String prefix, int depth);

  // The tensor is given: what computes it is not read.
  void give(Ref tensor, int value) { outputs_.set(tensor, value); }
  // The nodes that these tensors depend on; then the tensors' values.
  Status read(const Vector<std::string_view>& tensors);
  Status value_of(std::string_view tensor, int* value);

  // The graph's inputs: placeholders.
  Status read_input(const Endpoint& e);

  // A function as a graph of its own.
  Status read_function(std::string_view name, std::unique_ptr<Graph>* graph);
  // A function's nodes among those of this graph.
  Status call(std::string_view name, const String& by, const Vector<int>& arguments,
              Vector<int>* results);
  // The constants that fill the hash table that is the node's first input.
  Status table_of(int node, int* keys, int* values);
  const NodeScope& scope() const { return scope_; }

 private:
  Status resolve(std::string_view tensor, Ref* ref) const {
    return trace(scope_, tensor, &outputs_, ref);
  }
  Status find_function(std::string_view name, const NodeScope** function) const;
  bool tensor_of(const ListedNode& from, ListedTensor* tensor) const;
  Status read_constant(int i, int* value);
  Status add_input(int placeholder, const Endpoint& e);
  Status visit(std::string_view tensor, Vector<int>* open);
  Status mark_alive(const Vector<std::string_view>& tensors);
  Status check_available() const;
  Status read_node(int i);
  Status read_placeholder(int i);
  Status build_node(int i);
  Status build_loop(int exit);
  Status build_choice(int merge);
  Status values_of(const Vector<std::string_view>& tensors, Vector<int>* values);
  Status read_part(const Vector<Ref>& given, const Vector<std::string_view>& results,
                   size_t handed_back, Vector<std::unique_ptr<Graph>>* bodies);

  Reading& reading_;
  const NodeScope& scope_;
  Graph& graph_;
  String prefix_;
  int depth_;
  Outputs outputs_;
  Vector<uint8_t> alive_;  // parallel to the nodes
  V1Flow v1_;
};

}  // namespace wxnn
