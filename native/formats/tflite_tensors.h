// Tensors of a .tflite file as values of a graph: types, shapes, constants.
#pragma once
#include "core/graph.h"
#include "formats/tflite_fields.h"

namespace wxnn {

// "float32", "int8"…; empty for a type that the schema does not have.
std::string_view name_of(tflite::TensorType type);
// tfjs's name of the dtype that stands for `type` while computing; empty where none does.
std::string_view computed_dtype(tflite::TensorType type);

// Makes a value for a tensor on its first use, so that tensors that nothing reads cannot fail.
class TfliteTensors {
 public:
  // The file must outlive this; its frame is verified.
  TfliteTensors(const tflite::Model& model, const tflite::SubGraph& subgraph, const File& file,
                Graph* graph);

  size_t size() const { return values_.size(); }
  String name(int tensor) const;
  bool is_constant(int tensor) const;
  void mark_written(int tensor) { written_[tensor] = 1; }

  // The value of a tensor that a node reads or writes; `tensor` is in range.
  Status value(int tensor, int* value);
  // The tensor is another name for a value (DEQUANTIZE and DENSIFY of constants).
  void alias(int tensor, int value) { values_[tensor] = value; }
  // An int32 constant with a scale is a real number here: the bias of a quantised convolution.
  void mark_bias(int tensor) { bias_[tensor] = 1; }
  // A variable, which the node that has it as an input keeps between runs.
  bool is_state(int tensor) const;
  tflite::TensorType stored_type(int tensor) const;
  // A quantised tensor that is computed: the real numbers that it can hold, for
  // FakeQuantWithMinMaxArgs. No bits where the tensor is not quantised.
  struct Grid {
    double min = 0, max = 0;
    int bits = 0;
    bool operator==(const Grid&) const = default;
  };
  Grid grid(int tensor) const;
  // Computed in uint8, int8 or int16, without a scale: as int32, which does not wrap around.
  bool is_small_int(int tensor) const;

  // The graph input that the tensor is. Its shape keeps open dimensions.
  Status input(int tensor, int* value);

 private:
  const tflite::Tensor& at(int tensor) const;
  Status stored(int tensor, std::span<const std::byte>* bytes) const;
  Status make(int tensor, TensorType* type, std::unique_ptr<Constant>* constant);
  Status make_constant(int tensor, TensorType* type, Constant* constant);
  Status expand(const void* sparsity, const TensorType& type, Constant* constant);

  const tflite::Model& model_;
  const File& file_;
  const TfliteTables<tflite::Tensor>& tensors_;
  Graph* graph_;
  Vector<int> values_;       // kAbsent until used
  Vector<uint8_t> written_;  // by a node or by the caller
  Vector<uint8_t> bias_;
  size_t expanded_bytes_ = 0;
};

}  // namespace wxnn
