// Builds .tflite files tensor by tensor, for tests. Indices are those of the file.
#pragma once
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "core/model.h"
#include "formats/tflite_reader.h"
#include "formats/tflite_schema.h"

namespace wxnn {

using Code = tflite::BuiltinOperator;
using Type = tflite::TensorType;

template <class T>
std::vector<uint8_t> bytes_of(std::vector<T> values) {
  std::vector<uint8_t> bytes(values.size() * sizeof(T));
  if (!values.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

inline Buffer to_buffer(const uint8_t* data, size_t size) {
  Buffer buffer;
  EXPECT_TRUE(buffer.allocate(size).ok());
  if (size != 0) std::memcpy(buffer.data(), data, size);
  return buffer;
}

class TfliteFile {
 public:
  TfliteFile() { buffers_.push_back(tflite::CreateBuffer(fbb)); }

  int tensor(const char* name, std::vector<int32_t> shape, Type type = Type::FLOAT32) {
    return add({name, std::move(shape), type});
  }
  int constant(const char* name, std::vector<int32_t> shape, Type type,
               const std::vector<uint8_t>& bytes) {
    return add({name, std::move(shape), type, buffer(bytes)});
  }
  int quantized(const char* name, std::vector<int32_t> shape, const std::vector<int8_t>& values,
                std::vector<float> scale, std::vector<int64_t> zero, int axis) {
    Parts parts = {name, std::move(shape), Type::INT8, buffer(bytes_of(values))};
    parts.quantization = tflite::CreateQuantizationParametersDirect(
        fbb, nullptr, nullptr, &scale, &zero, tflite::QuantizationDetails::NONE, 0, axis);
    return add(parts);
  }
  // A quantised tensor that is computed, or with bytes a constant.
  int quantized_as(Type type, const char* name, std::vector<int32_t> shape,
                   std::vector<float> scale, std::vector<int64_t> zero,
                   const std::vector<uint8_t>& bytes = {}) {
    Parts parts = {name, std::move(shape), type, bytes.empty() ? 0 : buffer(bytes)};
    parts.quantization =
        tflite::CreateQuantizationParametersDirect(fbb, nullptr, nullptr, &scale, &zero);
    return add(parts);
  }
  int variable(const char* name, std::vector<int32_t> shape) {
    Parts parts = {name, std::move(shape), Type::FLOAT32};
    parts.is_variable = true;
    return add(parts);
  }
  int sparse(const char* name, std::vector<int32_t> shape, Type type,
             const std::vector<uint8_t>& bytes,
             flatbuffers::Offset<tflite::SparsityParameters> sparsity) {
    Parts parts = {name, std::move(shape), type, buffer(bytes)};
    parts.sparsity = sparsity;
    return add(parts);
  }
  int open_input(const char* name, std::vector<int32_t> shape, std::vector<int32_t> signature) {
    Parts parts = {name, std::move(shape), Type::FLOAT32};
    parts.signature = std::move(signature);
    return add(parts);
  }

  void node(Code code, std::vector<int32_t> inputs, std::vector<int32_t> outputs,
            tflite::BuiltinOptions type = tflite::BuiltinOptions::NONE,
            flatbuffers::Offset<void> options = 0, const char* custom = nullptr,
            std::vector<uint8_t> custom_options = {}) {
    const int byte = std::min(static_cast<int>(code), 127);
    codes_.push_back(
        tflite::CreateOperatorCodeDirect(fbb, static_cast<int8_t>(byte), custom, 1, code));
    operators_.push_back(tflite::CreateOperatorDirect(
        fbb, static_cast<uint32_t>(codes_.size()) - 1, &inputs, &outputs, type, options,
        custom == nullptr ? nullptr : &custom_options));
  }

  void composite(int subgraph, std::vector<int32_t> inputs, std::vector<int32_t> outputs) {
    const auto options = tflite::CreateStableHLOCompositeOptionsDirect(fbb, "a.part", subgraph);
    node_2(Code::STABLEHLO_COMPOSITE, std::move(inputs), std::move(outputs),
           tflite::BuiltinOptions2::Composite, options.Union());
  }

  // A field of a table of options: a list of 64-bit numbers, one such number, or one of 32 bits.
  struct Field {
    int number;
    std::vector<int64_t> list;
    int64_t value = 0;
    int bytes = 0;  // of `value`; 0 for a list
  };
  static Field longs(int number, std::vector<int64_t> list) { return {number, std::move(list)}; }
  static Field one_long(int number, int64_t value) { return {number, {}, value, 8}; }
  static Field one_int(int number, int32_t value) { return {number, {}, value, 4}; }
  flatbuffers::Offset<void> options(const std::vector<Field>& fields) {
    std::vector<flatbuffers::Offset<flatbuffers::Vector<int64_t>>> lists;
    for (const Field& f : fields) lists.push_back(fbb.CreateVector(f.list));
    const auto start = fbb.StartTable();
    for (size_t i = 0; i < fields.size(); ++i) {
      const auto slot = static_cast<flatbuffers::voffset_t>(4 + 2 * fields[i].number);
      if (fields[i].bytes == 0) fbb.AddOffset(slot, lists[i]);
      if (fields[i].bytes == 8) fbb.AddElement<int64_t>(slot, fields[i].value, 0);
      if (fields[i].bytes == 4)
        fbb.AddElement<int32_t>(slot, static_cast<int32_t>(fields[i].value), 0);
    }
    return flatbuffers::Offset<void>(fbb.EndTable(start));
  }
  // An operator whose options are of the second union.
  void node_2(Code code, std::vector<int32_t> inputs, std::vector<int32_t> outputs,
              tflite::BuiltinOptions2 type, flatbuffers::Offset<void> options) {
    codes_.push_back(tflite::CreateOperatorCodeDirect(fbb, 127, nullptr, 1, code));
    operators_.push_back(tflite::CreateOperatorDirect(
        fbb, static_cast<uint32_t>(codes_.size()) - 1, &inputs, &outputs,
        tflite::BuiltinOptions::NONE, 0, nullptr, 0, nullptr, nullptr, 0, 0, type, options));
  }

  void sign(const char* input, int input_tensor, const char* output, int output_tensor) {
    std::vector<flatbuffers::Offset<tflite::TensorMap>> in = {
        tflite::CreateTensorMapDirect(fbb, input, static_cast<uint32_t>(input_tensor))};
    std::vector<flatbuffers::Offset<tflite::TensorMap>> out = {
        tflite::CreateTensorMapDirect(fbb, output, static_cast<uint32_t>(output_tensor))};
    signatures_.push_back(tflite::CreateSignatureDefDirect(fbb, &in, &out, "serving_default"));
  }

  // What was added so far is a subgraph of this number; what follows belongs to another.
  int body(std::vector<int32_t> inputs, std::vector<int32_t> outputs) {
    bodies_.push_back(
        tflite::CreateSubGraphDirect(fbb, &tensors_, &inputs, &outputs, &operators_, "body"));
    tensors_.clear();
    operators_.clear();
    return static_cast<int>(bodies_.size());
  }
  // The options of IF and WHILE.
  flatbuffers::Offset<void> two_subgraphs(int first, int second) {
    const auto start = fbb.StartTable();
    fbb.AddElement<int32_t>(4, first, 0);
    fbb.AddElement<int32_t>(6, second, 0);
    return flatbuffers::Offset<void>(fbb.EndTable(start));
  }

  Buffer finish(std::vector<int32_t> inputs, std::vector<int32_t> outputs) {
    std::vector<flatbuffers::Offset<tflite::SubGraph>> graphs = bodies_;
    graphs.insert(graphs.begin(), tflite::CreateSubGraphDirect(fbb, &tensors_, &inputs, &outputs,
                                                               &operators_, "main"));
    fbb.Finish(tflite::CreateModelDirect(fbb, 3, &codes_, &graphs, "test", &buffers_, nullptr,
                                         nullptr, &signatures_),
               tflite::ModelIdentifier());
    return to_buffer(fbb.GetBufferPointer(), fbb.GetSize());
  }

  flatbuffers::FlatBufferBuilder fbb;

 private:
  struct Parts {
    const char* name;
    std::vector<int32_t> shape;
    Type type;
    uint32_t buffer = 0;
    flatbuffers::Offset<tflite::QuantizationParameters> quantization = 0;
    flatbuffers::Offset<tflite::SparsityParameters> sparsity = 0;
    std::vector<int32_t> signature = {};
    bool is_variable = false;
  };
  int add(Parts p) {
    tensors_.push_back(tflite::CreateTensorDirect(
        fbb, &p.shape, p.type, p.buffer, p.name, p.quantization, p.is_variable, p.sparsity,
        p.signature.empty() ? nullptr : &p.signature, true));
    return static_cast<int>(tensors_.size()) - 1;
  }
  uint32_t buffer(const std::vector<uint8_t>& bytes) {
    buffers_.push_back(tflite::CreateBufferDirect(fbb, &bytes));
    return static_cast<uint32_t>(buffers_.size()) - 1;
  }

  std::vector<flatbuffers::Offset<tflite::SubGraph>> bodies_;
  std::vector<flatbuffers::Offset<tflite::Buffer>> buffers_;
  std::vector<flatbuffers::Offset<tflite::Tensor>> tensors_;
  std::vector<flatbuffers::Offset<tflite::OperatorCode>> codes_;
  std::vector<flatbuffers::Offset<tflite::Operator>> operators_;
  std::vector<flatbuffers::Offset<tflite::SignatureDef>> signatures_;
};

inline flatbuffers::Offset<void> add_options(TfliteFile& f,
                                             tflite::ActivationFunctionType activation) {
  return tflite::CreateAddOptions(f.fbb, activation).Union();
}

// Sparse tensors: a complete dimension, a list of indices per row, and all of a tensor.
inline flatbuffers::Offset<tflite::DimensionMetadata> dense(TfliteFile& f, int size) {
  return tflite::CreateDimensionMetadata(f.fbb, tflite::DimensionType::DENSE, size);
}
inline flatbuffers::Offset<tflite::DimensionMetadata> compressed(TfliteFile& f,
                                                                 std::vector<int32_t> segments,
                                                                 std::vector<uint8_t> indices) {
  const auto s = tflite::CreateInt32VectorDirect(f.fbb, &segments).Union();
  const auto i = tflite::CreateUint8VectorDirect(f.fbb, &indices).Union();
  return tflite::CreateDimensionMetadata(f.fbb, tflite::DimensionType::SPARSE_CSR, 0,
                                         tflite::SparseIndexVector::Int32Vector, s,
                                         tflite::SparseIndexVector::Uint8Vector, i);
}
inline flatbuffers::Offset<tflite::SparsityParameters> sparsity(
    TfliteFile& f, std::vector<int32_t> order, std::vector<int32_t> blocks,
    std::vector<flatbuffers::Offset<tflite::DimensionMetadata>> dims) {
  return tflite::CreateSparsityParametersDirect(f.fbb, &order, blocks.empty() ? nullptr : &blocks,
                                                &dims);
}

inline Status load(Buffer file, std::unique_ptr<Model>* model) {
  Graph graph;
  WXNN_TRY(read_tflite(std::move(file), &graph));
  return Model::load(std::move(graph), model);
}

}  // namespace wxnn
