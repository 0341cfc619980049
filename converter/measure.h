// What a converted model costs when the engine runs it: memory from its real plan, multiply-adds,
// and time per node.
#pragma once
#include <string>
#include <vector>

#include "core/model.h"

namespace wxnn {

struct NodeCost {
  std::string name, op;
  Shape shape;  // of its first output
  int64_t multiply_adds = 0;
  double ms = 0;            // of one run; 0 when it was not run
  std::vector<int> inputs;  // nodes that it reads from, by index
};

struct ModelCost {
  MemoryUse memory;
  int64_t multiply_adds = 0;
  double ms = 0;
  std::vector<NodeCost> nodes;  // in the order in which they run
};

// Loads a .tflite that convert() wrote. `runs`: how often it is run for the times, the first run
// apart; 0: not at all.
Status measure(const std::string& tflite, int runs, ModelCost* cost);

}  // namespace wxnn
