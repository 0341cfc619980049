// What a row's terms (write_rows.h) say about one node: its inputs in the file's order, and its
// table of options.
#pragma once
#include <string>
#include <vector>

#include "converter/write_rows.h"

namespace wxnn {

// A value of the graph, or an attribute that TFLite wants as a constant input.
struct PlacedInput {
  int value = kAbsent;
  bool is_numbers = false;
  std::string_view name = {};  // of the attribute
  DType dtype = DType::kInt32;
  Shape shape = {};
  std::string bytes = {};
};
using PlacedInputs = std::vector<PlacedInput>;

Status place_inputs(const Graph& graph, const Node& node, const WriteRow& row,
                    PlacedInputs* placed);

struct WrittenOptions {
  tflite::BuiltinOptions type = tflite::BuiltinOptions::NONE;
  flatbuffers::Offset<void> table = {};
};
WrittenOptions write_options(flatbuffers::FlatBufferBuilder& b, const Graph& graph,
                             const Node& node, const WriteRow& row);

}  // namespace wxnn
