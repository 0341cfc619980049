// Resource variables of a .tflite file: VAR_HANDLE, READ_VARIABLE and ASSIGN_VARIABLE, in the order
// of the file. Within a run a variable is the value that it was assigned last; what it is at the
// end is a state of the graph (core/graph.h). Its first value comes from a subgraph that CALL_ONCE
// runs.
#pragma once
#include <span>
#include <string_view>

#include "core/graph.h"
#include "core/string.h"
#include "core/vector.h"

namespace wxnn {

class TfliteVariables {
 public:
  // The variable of this name; made on first use.
  int find(std::string_view name);
  // ASSIGN_VARIABLE somewhere in the graph: what is read before is not the first value for ever.
  void mark_assigned(int variable) { list_[variable].assigned = true; }
  void assign(int variable, int value, bool once);
  Status read(Graph& graph, int variable, int* value);
  // Some body of a loop or a condition uses it: all bodies have it as a further input, and as
  // their last outputs what it is at their end.
  void mark_in_bodies(int variable) { list_[variable].in_bodies = true; }
  // Of a body's graph, before and behind its nodes; what variables are outside it meanwhile.
  Vector<int> enter(Graph& graph);
  void leave(Graph& graph, std::span<const int> outside);
  // Of the graph whose last node, a While or an If, has bodies.
  Status hand_over(Graph& graph, bool loop);
  // After the last node.
  Status finish(Graph& graph) const;

 private:
  struct Variable {
    String name;
    bool assigned = false, in_bodies = false;
    int initial = kAbsent, current = kAbsent, state = kAbsent;  // values
  };
  Vector<Variable> list_;
};

}  // namespace wxnn
