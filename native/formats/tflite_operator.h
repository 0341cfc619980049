// An operator of a .tflite file while it becomes nodes of ours: its options by the numbers of
// their fields, its outputs rounded where the file computes in small integers.
#pragma once
#include <string_view>

#include "core/string.h"
#include "core/vector.h"
#include "formats/tflite_rows.h"
#include "formats/tflite_tensors.h"

namespace wxnn {

class TfliteGraphReader;

class TfliteOperator final : public SourceNode {
 public:
  TfliteOperator(TfliteGraphReader& reader, Graph& graph, TfliteTensors& tensors,
                 const Buffer& file, const tflite::Operator& op, String name);

  Status read(const char* source, AttrValue* value) override;
  Status output(size_t i, int* value) override;

  // For rows with a build function.
  // A custom operator's name and options.
  std::string_view custom_name;
  std::span<const std::byte> custom_options() const;
  // The types that the file declares for input and output i.
  tflite::TensorType input_type(size_t i) const;
  tflite::TensorType output_type(size_t i) const;
  // A subgraph of the file as a graph of its own.
  Status subgraph(size_t index, std::unique_ptr<Graph>* graph);

  // A further input: the integers that a quantised tensor is stored as, as floats.
  Status add_integers(int tensor);
  // Its outputs are elements of its inputs: what is on a grid stays there.
  void copies_elements() { copies_ = true; }
  // Behind the node that was built: what it writes to quantised tensors is rounded to their grids.
  Status emit_roundings();

 private:
  struct Rounding {
    int from, to;  // values
    TfliteTensors::Grid grid;
  };

  tflite::TensorType stored_type(const TfliteInts& tensors, size_t i) const;
  bool on_grid(const TfliteTensors::Grid& grid) const;
  Status read_field(char letter, int field, AttrValue* value) const;
  static Status read_enum(char letter, uint8_t number, AttrValue* value);

  TfliteGraphReader& reader_;
  TfliteTensors& tensors_;
  const Buffer& file_;
  const tflite::Operator& op_;
  bool copies_ = false;
  Vector<Rounding> roundings_;
};

bool is_quantised(const TfliteTensors::Grid& grid);
// Appends a node that rounds `from` to the grid, into `to`.
Status round_to_grid(Graph& graph, int from, int to, const TfliteTensors::Grid& grid);

}  // namespace wxnn
