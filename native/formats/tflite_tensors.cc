#include "formats/tflite_tensors.h"

#include <cstring>

#include "core/build_parts.h"
#include "formats/sparse.h"
#include "formats/tflite_fields.h"

namespace wxnn {

namespace {

// A sparse file may not ask for more memory than so many times its size.
constexpr size_t kMostExpansion = 64;

enum class Use : uint8_t { kNever, kConstant, kSmallInt, kAlways };

struct TypeRow {
  std::string_view name;
  DType dtype;        // that it is computed in
  Encoding encoding;  // of a constant
  Use use;            // kConstant: cannot be computed while running
  int bits = 0;       // of a kSmallInt: computed as int32, or as float32 where it has a scale
  int lowest = 0;
};

// In the order of tflite::TensorType.
constexpr TypeRow kTypes[] = {
    {"float32", DType::kFloat32, Encoding::kPlain, Use::kAlways},
    {"float16", DType::kFloat32, Encoding::kFloat16, Use::kConstant},
    {"int32", DType::kInt32, Encoding::kPlain, Use::kAlways},
    {"uint8", DType::kInt32, Encoding::kUint8, Use::kSmallInt, 8, 0},
    {"int64", DType::kInt32, Encoding::kInt64, Use::kAlways},
    {"string", DType::kInt32, Encoding::kPlain, Use::kNever},
    {"bool", DType::kBool, Encoding::kPlain, Use::kAlways},
    {"int16", DType::kInt32, Encoding::kInt16, Use::kSmallInt, 16, -32768},
    {"complex64", DType::kComplex64, Encoding::kPlain, Use::kAlways},
    {"int8", DType::kInt32, Encoding::kInt8, Use::kSmallInt, 8, -128},
    {"float64", DType::kFloat32, Encoding::kFloat64, Use::kConstant},
    {"complex128", DType::kInt32, Encoding::kPlain, Use::kNever},
    {"uint64", DType::kInt32, Encoding::kPlain, Use::kNever},
    {"resource", DType::kInt32, Encoding::kPlain, Use::kNever},
    {"variant", DType::kInt32, Encoding::kPlain, Use::kNever},
    {"uint32", DType::kInt32, Encoding::kPlain, Use::kNever},
    {"uint16", DType::kInt32, Encoding::kUint16, Use::kConstant},
    {"int4", DType::kInt32, Encoding::kInt4, Use::kConstant},
    {"bfloat16", DType::kInt32, Encoding::kPlain, Use::kNever},
};

const TypeRow* row_of(tflite::TensorType type) {
  const int i = static_cast<int>(type);
  return i >= 0 && static_cast<size_t>(i) < std::size(kTypes) ? &kTypes[i] : nullptr;
}

Status read_shape(const TfliteInts& dims, bool may_be_open, Shape* shape) {
  const uint32_t rank = dims.size();
  WXNN_CHECK(rank <= Shape::kMaxRank, "has {} dimensions; at most {} are supported", rank,
             Shape::kMaxRank);
  for (uint32_t i = 0; i < rank; ++i) {
    const int32_t d = dims.Get(i);
    WXNN_CHECK(d >= 0 || (may_be_open && d == Shape::kOpen), "has a dimension of {}", d);
    shape->push_back(d);
  }
  WXNN_CHECK(shape->fits(), "has shape {}, which does not fit in memory", *shape);
  return {};
}

const void* quantization_of(const tflite::Tensor& t) {
  return tflite_target(&t, tflite::Tensor::VT_QUANTIZATION);
}

using Parameters = tflite::QuantizationParameters;

// The scales of a tensor; none where it is not quantised.
const TfliteList<float>& scales_of(const tflite::Tensor& t) {
  return list_in<float>(quantization_of(t), Parameters::VT_SCALE);
}

// Where the numbers stand, which are not aligned to 8 bytes.
int64_t zero_of(const tflite::Tensor& t, uint32_t i) {
  const auto& zero = list_in<int64_t>(quantization_of(t), Parameters::VT_ZERO_POINT);
  int64_t number = 0;
  if (i < zero.size()) std::memcpy(&number, zero.Data() + i * sizeof number, sizeof number);
  return number;
}

Status read_quantization(const tflite::Tensor& t, Quantization* to) {
  const void* from = quantization_of(t);
  WXNN_CHECK(number_in<uint8_t>(from, Parameters::VT_DETAILS_TYPE) == 0,
             "is quantised in a way that is not supported");
  const auto& scales = scales_of(t);
  if (scales.size() == 0) return {};
  for (float s : scales) to->scale.push_back(s);
  to->axis = number_in<int32_t>(from, Parameters::VT_QUANTIZED_DIMENSION);
  const uint32_t zeros = list_in<int64_t>(from, Parameters::VT_ZERO_POINT).size();
  for (uint32_t i = 0; i < zeros; ++i) to->zero.push_back(static_cast<float>(zero_of(t, i)));
  return {};
}

}  // namespace

std::string_view name_of(tflite::TensorType type) {
  const TypeRow* row = row_of(type);
  return row != nullptr ? row->name : std::string_view();
}

std::string_view computed_dtype(tflite::TensorType type) {
  const TypeRow* row = row_of(type);
  return row != nullptr && row->use >= Use::kSmallInt ? name_of(row->dtype) : std::string_view();
}

TfliteTensors::TfliteTensors(const tflite::Model& model, const tflite::SubGraph& subgraph,
                             const File& file, Graph* graph)
    : model_(model),
      file_(file),
      tensors_(tables_in<tflite::Tensor>(&subgraph, tflite::SubGraph::VT_TENSORS)),
      graph_(graph),
      values_(tensors_.size(), kAbsent),
      written_(values_.size()),
      bias_(values_.size()) {}

const tflite::Tensor& TfliteTensors::at(int tensor) const {
  return *tensors_.Get(static_cast<uint32_t>(tensor));
}

String TfliteTensors::name(int tensor) const {
  const std::string_view name = text_in(&at(tensor), tflite::Tensor::VT_NAME);
  return name.empty() ? sentence<"tensor {}">(tensor) : String(name);
}

// The bytes that the file has for the tensor: none for what is computed while running.
Status TfliteTensors::stored(int tensor, std::span<const std::byte>* bytes) const {
  using Stored = tflite::Buffer;
  const auto index = number_in<uint32_t>(&at(tensor), tflite::Tensor::VT_BUFFER);
  const auto& buffers = tables_in<Stored>(&model_, tflite::Model::VT_BUFFERS);
  if (index == 0) return {};
  WXNN_CHECK(index < buffers.size(), "refers to buffer {} of {}", index, buffers.size());
  const Stored* buffer = buffers.Get(index);
  const auto& data = list_in<std::byte>(buffer, Stored::VT_DATA);
  const auto offset = number_in<uint64_t>(buffer, Stored::VT_OFFSET);
  const auto size = number_in<uint64_t>(buffer, Stored::VT_SIZE);
  if (!is_absent(&data)) {
    *bytes = {reinterpret_cast<const std::byte*>(data.Data()), data.size()};
  } else if (offset > 1) {
    const uint64_t file = file_.head.size();
    WXNN_CHECK(offset <= file && size <= file - offset, "has its data outside the file");
    *bytes = {file_.head.data() + offset, static_cast<size_t>(size)};
  }
  return {};
}

bool TfliteTensors::is_constant(int tensor) const {
  std::span<const std::byte> bytes;
  if (written_[tensor] != 0) return false;
  if (!stored(tensor, &bytes).ok() || !bytes.empty()) return true;
  // An empty constant has no bytes to be known by: nobody writes it, and it needs none.
  for (int32_t d : ints_in(&at(tensor), tflite::Tensor::VT_SHAPE)) {
    if (d == 0) return true;
  }
  return false;
}

Status TfliteTensors::value(int tensor, int* value) {
  if (values_[tensor] == kAbsent) {
    TensorType type;
    std::unique_ptr<Constant> constant;
    Status status = make(tensor, &type, &constant);
    if (!status.ok()) return status.at<"tensor \"{}\"">(name(tensor));
    values_[tensor] = graph_->add_value(name(tensor), type);
    graph_->values[values_[tensor]].constant = std::move(constant);
  }
  *value = values_[tensor];
  return {};
}

Status TfliteTensors::input(int tensor, int* value) {
  WXNN_TRY(this->value(tensor, value));
  const auto& open = ints_in(&at(tensor), tflite::Tensor::VT_SHAPE_SIGNATURE);
  Shape& shape = graph_->values[*value].type.shape;
  if (is_absent(&open) || static_cast<int>(open.size()) != shape.rank()) return {};
  Shape declared;
  Status status = read_shape(open, true, &declared);
  if (!status.ok()) return status.at<"input \"{}\"">(name(tensor));
  shape = declared;
  return {};
}

Status TfliteTensors::make(int tensor, TensorType* type, std::unique_ptr<Constant>* constant) {
  const tflite::Tensor& t = at(tensor);
  const TypeRow* row = row_of(stored_type(tensor));
  WXNN_CHECK(row != nullptr && row->use != Use::kNever, "is {}, which is not supported",
             row != nullptr ? row->name : "of an unknown type");
  WXNN_CHECK(!is_state(tensor), "is a variable, which is not supported here");
  type->dtype = row->dtype;
  WXNN_TRY(read_shape(ints_in(&t, tflite::Tensor::VT_SHAPE), false, &type->shape));
  if (is_constant(tensor)) {
    *constant = std::make_unique<Constant>();
    return make_constant(tensor, type, constant->get());
  }
  WXNN_CHECK(
      kBuildParts.grids || row->use != Use::kSmallInt,
      "is computed in {}, which takes FakeQuantWithMinMaxArgs, which this build does not have",
      row->name);
  WXNN_CHECK(row->use >= Use::kSmallInt, "is computed in {}, which is supported for constants only",
             row->name);
  if (!kBuildParts.grids) return {};
  const auto& scales = scales_of(t);
  if (row->use != Use::kSmallInt || scales.size() == 0) return {};
  // A quantised integer stands for a real number.
  WXNN_CHECK(scales.size() == 1 && scales.Get(0) > 0,
             "is computed with {} scales; one, positive, is supported", scales.size());
  type->dtype = DType::kFloat32;
  return {};
}

bool TfliteTensors::is_state(int tensor) const {
  return number_in<uint8_t>(&at(tensor), tflite::Tensor::VT_IS_VARIABLE) != 0;
}

tflite::TensorType TfliteTensors::stored_type(int tensor) const {
  return number_in<tflite::TensorType>(&at(tensor), tflite::Tensor::VT_TYPE);
}

bool TfliteTensors::is_small_int(int tensor) const {
  const TypeRow* row = row_of(stored_type(tensor));
  return row != nullptr && row->use == Use::kSmallInt && grid(tensor).bits == 0 &&
         !is_constant(tensor);
}

TfliteTensors::Grid TfliteTensors::grid(int tensor) const {
  if (!kBuildParts.grids) return {};
  const tflite::Tensor& t = at(tensor);
  const TypeRow* row = row_of(stored_type(tensor));
  const auto& scales = scales_of(t);
  const bool quantised = row != nullptr && row->use == Use::kSmallInt && scales.size() == 1;
  if (!quantised || is_constant(tensor)) return {};
  const int64_t zero = zero_of(t, 0);
  const double low = static_cast<double>(row->lowest) - static_cast<double>(zero);
  const double scale = scales.Get(0);
  const double most = static_cast<double>((1 << row->bits) - 1);
  return {low * scale, (low + most) * scale, row->bits};
}

Status TfliteTensors::make_constant(int tensor, TensorType* type, Constant* constant) {
  const tflite::Tensor& t = at(tensor);
  constant->encoding = row_of(stored_type(tensor))->encoding;
  if (bias_[tensor] != 0 && scales_of(t).size() != 0 &&
      stored_type(tensor) == tflite::TensorType::INT32) {
    constant->encoding = Encoding::kInt32;
  }
  if (constant->encoding != Encoding::kPlain) {
    WXNN_TRY(read_quantization(t, &constant->quantization));
    // A quantised integer stands for a real number.
    if (!constant->quantization.scale.empty()) type->dtype = DType::kFloat32;
  }
  WXNN_TRY(stored(tensor, &constant->bytes));
  const void* sparsity = tflite_target(&t, tflite::Tensor::VT_SPARSITY);
  if (!is_absent(sparsity)) {
    WXNN_TRY(expand(sparsity, *type, constant));
  } else if (!constant->bytes.empty()) {
    const auto where = static_cast<size_t>(constant->bytes.data() - file_.head.data());
    file_.lend(where, constant->bytes.size(), constant);
  }
  return check(*constant, *type);
}

Status TfliteTensors::expand(const void* sparsity, const TensorType& type, Constant* constant) {
  WXNN_CHECK(constant->encoding != Encoding::kInt4, "is sparse and int4, which is not supported");
  const TensorType element = {type.dtype, {}};
  const size_t element_bytes = encoded_bytes(constant->encoding, element);
  expanded_bytes_ += static_cast<size_t>(type.shape.elements()) * element_bytes;
  WXNN_CHECK(expanded_bytes_ / kMostExpansion <= file_.bytes,
             "is sparse and would fill {} bytes, from a file of {}", expanded_bytes_, file_.bytes);
  const Sparse sparse = {sparsity, constant->bytes, element_bytes};
  WXNN_TRY(densify(file_.head, sparse, type.shape, &constant->owned));
  constant->bytes = {constant->owned.data(), constant->owned.size()};
  return {};
}

}  // namespace wxnn
