// Writes a graph as a .tflite file that LiteRT loads. What TensorFlow Lite has no operator for is
// refused, all at once, or becomes a custom operator of our own.
#pragma once
#include <string>
#include <vector>

#include "converter/half_weights.h"
#include "core/graph.h"

namespace wxnn {

struct WriteOptions {
  bool custom_ops = false;
  bool open_batch = false;         // the first dimension of inputs and outputs may be resized
  Halves halves = Halves::kExact;  // which weights are stored as float16
  std::string description;
};

struct WrittenOp {
  std::string op;  // TFLite's name, or ours for a custom operator
  int count = 0;
};

struct Written {
  std::string bytes;
  std::vector<HalvedTensor> halved;  // with the error of each
  std::vector<WrittenOp> ops;        // by name
};

// The graph has been lowered: every value's shape is known. Its constants may be widened meanwhile.
Status write_tflite(Graph& graph, const WriteOptions& options, Written* written);

}  // namespace wxnn
