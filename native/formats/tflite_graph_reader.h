// Reads a subgraph of a .tflite file into a Graph. What subgraphs do with each other (bodies of
// loops, variables) is in tflite_subgraphs.cc.
#pragma once
#include <memory>
#include <string_view>

#include "core/string.h"
#include "core/vector.h"
#include "formats/tflite_operator.h"
#include "formats/tflite_variables.h"

namespace wxnn {

// What all readers of one file share.
struct TfliteReading {
  const File& file;
  const tflite::Model& model;
  size_t tensors = 0;  // of all graphs: bounded, as subgraphs that use subgraphs multiply
  TfliteVariables variables = {};
};

class TfliteGraphReader {
 public:
  // `depth`: how many subgraphs are around this one. The subgraph is there.
  TfliteGraphReader(TfliteReading& reading, size_t index, int depth, Graph* graph);

  Status run();
  // Another subgraph as a graph of its own.
  Status read_body(size_t index, std::unique_ptr<Graph>* graph);

 private:
  using Code = tflite::BuiltinOperator;
  using Maps = TfliteTables<tflite::TensorMap>;

  // Checks all indices and lists all operators that we do not have, before anything is built.
  Status find_rows();
  Status find_row(size_t i, MissingOps* missing);
  Status read_inputs();
  Status read_operator(size_t i);
  Status read_outputs();

  const tflite::Operator& operator_at(size_t i) const;
  // Behind find_row, which has checked the index.
  const tflite::OperatorCode* code_entry(size_t i) const;
  Code code_of(size_t i) const;
  String name_of_operator(size_t i) const;
  String operator_of(size_t i) const;  // "CONV_2D"
  Status check_indices(const TfliteInts& indices, int least) const;
  void mark_biases(Code code, const TfliteInts& inputs);
  const void* signature() const;
  String name_in(const Maps& names, int tensor) const;

  Status read_here(size_t i, Code code);
  Status build_operator(size_t i, Code code);
  Status check_small_int(Code code, int tensor) const;
  Status read_quantize(size_t i);
  Status read_widening(size_t i, bool is_dequantize);

  Status check_subgraph(size_t index);
  void scan_bodies(size_t i);
  Status read_inside(size_t i, size_t index, bool once);
  Status read_shared(size_t i, Code code);
  Status option(size_t i, const char* source, AttrValue* value);
  Status find_variable(size_t i, Code code);
  Status variable_of(size_t i, int* variable) const;
  Status use_variable(size_t i, Code code);

  TfliteReading& reading_;
  const tflite::SubGraph& subgraph_;
  size_t index_;
  int depth_;
  Graph& graph_;
  TfliteTensors tensors_;
  bool once_ = false;              // in what CALL_ONCE runs
  bool is_inside_ = false;         // a subgraph that has become nodes of the main graph
  Vector<int> handles_;            // per tensor: the variable that it stands for
  Vector<int> states_;             // variables that some operator keeps
  Vector<const TfliteRow*> rows_;  // parallel to the operators; null for DEQUANTIZE, DENSIFY
};

}  // namespace wxnn
