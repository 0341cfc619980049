// TensorFlow 1's control flow (Switch, Merge, Enter, Exit, NextIteration, LoopCond), recognised
// where it has the form that tf.while_loop and tf.cond give it, and read as While and If.
//
//   loop        for each part of the state: Enter -> Merge(Enter, NextIteration) -> Switch(Merge,
//               LoopCond), whose output 0 goes to Exit and output 1 into the body, which ends in
//               NextIteration. What the body only reads comes through an Enter without Merge.
//   condition   Merge(a, b), where a depends on Switch(…, p):0 and b on Switch(…, p):1, or the
//               other way round.
#pragma once
#include <memory>
#include <string_view>

#include "core/vector.h"
#include "formats/node_list_file.h"

namespace wxnn {

struct TfLoop {
  // Parallel: the parts of the state; exits has kAbsent for a part that nobody reads afterwards.
  Vector<int> enters, merges, switches, exits, nexts;
  Vector<int> constants;       // Enter nodes of what the body only reads
  std::string_view condition;  // tensor
  bool built = false;
};

struct TfChoice {
  std::string_view condition;
  Vector<int> switches;
  std::string_view results[2];  // tensors: where the condition is false, true
};

// Of one scope.
class V1Flow {
 public:
  explicit V1Flow(const NodeScope& scope) : scope_(scope) {}

  Status loop_at(int exit, TfLoop** loop);
  Status choice_at(int merge, TfChoice** choice);
  // What a node depends on: the inputs of the loop or condition that it ends, or its own.
  Status dependencies(int node, Vector<std::string_view>* tensors);

 private:
  struct Walk;
  int input_node(int node, size_t input, int* output = nullptr) const;
  bool is(int node, std::string_view op) const;
  Status find_loop(int exit, TfLoop* loop);
  Status add_part(int swtch, int loop_condition, TfLoop* loop) const;
  Status find_constants(TfLoop* loop) const;
  Status find_choice(int merge, TfChoice* choice);
  Status find_side(std::string_view tensor, Walk* walk);

  const NodeScope& scope_;
  Vector<std::unique_ptr<TfLoop>> loops_;
  struct Known {
    int merge;
    std::unique_ptr<TfChoice> choice;
  };
  Vector<Known> choices_;
  int depth_ = 0;
};

}  // namespace wxnn
