#include "formats/tflite_tensors.h"

#include <cstring>

#include "core/build_parts.h"
#include "formats/sparse.h"

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

Status read_shape(const flatbuffers::Vector<int32_t>* dims, bool may_be_open, Shape* shape) {
  const uint32_t rank = dims == nullptr ? 0 : dims->size();
  WXNN_CHECK(rank <= Shape::kMaxRank, "has {} dimensions; at most {} are supported", rank,
             Shape::kMaxRank);
  for (uint32_t i = 0; i < rank; ++i) {
    const int32_t d = dims->Get(i);
    WXNN_CHECK(d >= 0 || (may_be_open && d == Shape::kOpen), "has a dimension of {}", d);
    shape->push_back(d);
  }
  WXNN_CHECK(shape->fits(), "has shape {}, which does not fit in memory", *shape);
  return {};
}

Status read_quantization(const tflite::QuantizationParameters& from, Quantization* to) {
  WXNN_CHECK(from.details_type() == tflite::QuantizationDetails::NONE,
             "is quantised in blocks or by a method of its own");
  const auto* scale = from.scale();
  const auto* zero = from.zero_point();
  if (scale == nullptr || scale->size() == 0) return {};
  for (float s : *scale) to->scale.push_back(s);
  to->axis = from.quantized_dimension();
  for (uint32_t i = 0; zero != nullptr && i < zero->size(); ++i) {
    int64_t z = 0;  // the vector's elements are not aligned to 8 bytes
    std::memcpy(&z, zero->Data() + i * sizeof z, sizeof z);
    to->zero.push_back(static_cast<float>(z));
  }
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

TfliteTensors::TfliteTensors(const flatbuffers::Verifier& verifier, const tflite::Model& model,
                             const tflite::SubGraph& subgraph, const File& file, Graph* graph)
    : verifier_(verifier),
      model_(model),
      file_(file),
      tensors_(subgraph.tensors()),
      graph_(graph),
      values_(tensors_ == nullptr ? 0 : tensors_->size(), kAbsent),
      written_(values_.size()),
      bias_(values_.size()) {}

const tflite::Tensor& TfliteTensors::at(int tensor) const {
  return *tensors_->Get(static_cast<uint32_t>(tensor));
}

String TfliteTensors::name(int tensor) const {
  const flatbuffers::String* name = at(tensor).name();
  if (name == nullptr || name->size() == 0) return sentence<"tensor {}">(tensor);
  return std::string_view(name->c_str(), name->size());
}

// The bytes that the file has for the tensor: none for what is computed while running.
Status TfliteTensors::stored(int tensor, std::span<const std::byte>* bytes) const {
  const uint32_t index = at(tensor).buffer();
  const auto* buffers = model_.buffers();
  if (index == 0) return {};
  const uint32_t count = buffers == nullptr ? 0 : buffers->size();
  WXNN_CHECK(index < count, "refers to buffer {} of {}", index, count);
  const tflite::Buffer& buffer = *buffers->Get(index);
  if (buffer.data() != nullptr) {
    *bytes = {reinterpret_cast<const std::byte*>(buffer.data()->data()), buffer.data()->size()};
  } else if (buffer.offset() > 1) {
    const uint64_t file = file_.head.size();
    WXNN_CHECK(buffer.offset() <= file && buffer.size() <= file - buffer.offset(),
               "has its data outside the file");
    *bytes = {file_.head.data() + buffer.offset(), static_cast<size_t>(buffer.size())};
  }
  return {};
}

bool TfliteTensors::is_constant(int tensor) const {
  std::span<const std::byte> bytes;
  if (written_[tensor] != 0) return false;
  if (!stored(tensor, &bytes).ok() || !bytes.empty()) return true;
  // An empty constant has no bytes to be known by: nobody writes it, and it needs none.
  const auto* dims = at(tensor).shape();
  for (uint32_t i = 0; dims != nullptr && i < dims->size(); ++i) {
    if (dims->Get(i) == 0) return true;
  }
  return false;
}

Status TfliteTensors::value(int tensor, int* value) {
  if (values_[tensor] == kAbsent) {
    TensorType type;
    std::unique_ptr<Constant> constant;
    Status status = make(tensor, &type, &constant);
    if (!status.ok()) return status.at(sentence<"tensor \"{}\"">(name(tensor)));
    values_[tensor] = graph_->add_value(name(tensor), type);
    graph_->values[values_[tensor]].constant = std::move(constant);
  }
  *value = values_[tensor];
  return {};
}

Status TfliteTensors::input(int tensor, int* value) {
  WXNN_TRY(this->value(tensor, value));
  const auto* open = at(tensor).shape_signature();
  Shape& shape = graph_->values[*value].type.shape;
  if (open == nullptr || static_cast<int>(open->size()) != shape.rank()) return {};
  Shape declared;
  Status status = read_shape(open, true, &declared);
  if (!status.ok()) return status.at(sentence<"input \"{}\"">(name(tensor)));
  shape = declared;
  return {};
}

Status TfliteTensors::make(int tensor, TensorType* type, std::unique_ptr<Constant>* constant) {
  const tflite::Tensor& t = at(tensor);
  const TypeRow* row = row_of(t.type());
  WXNN_CHECK(row != nullptr && row->use != Use::kNever, "is {}, which is not supported",
             row != nullptr ? row->name : "of an unknown type");
  WXNN_CHECK(!t.is_variable(), "is a variable, which this operator cannot keep between runs");
  type->dtype = row->dtype;
  WXNN_TRY(read_shape(t.shape(), false, &type->shape));
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
  const auto* q = t.quantization();
  const uint32_t scales = q == nullptr || q->scale() == nullptr ? 0 : q->scale()->size();
  if (row->use != Use::kSmallInt || scales == 0) return {};
  // A quantised integer stands for a real number.
  WXNN_CHECK(scales == 1 && q->scale()->Get(0) > 0,
             "is computed with {} scales; one, positive, is supported", scales);
  type->dtype = DType::kFloat32;
  return {};
}

bool TfliteTensors::is_small_int(int tensor) const {
  const TypeRow* row = row_of(at(tensor).type());
  return row != nullptr && row->use == Use::kSmallInt && grid(tensor).bits == 0 &&
         !is_constant(tensor);
}

TfliteTensors::Grid TfliteTensors::grid(int tensor) const {
  if (!kBuildParts.grids) return {};
  const tflite::Tensor& t = at(tensor);
  const TypeRow* row = row_of(t.type());
  const auto* q = t.quantization();
  const bool quantised = row != nullptr && row->use == Use::kSmallInt && q != nullptr &&
                         q->scale() != nullptr && q->scale()->size() == 1;
  if (!quantised || is_constant(tensor)) return {};
  int64_t zero = 0;
  if (q->zero_point() != nullptr && q->zero_point()->size() != 0) {
    std::memcpy(&zero, q->zero_point()->Data(), sizeof zero);
  }
  const double low = static_cast<double>(row->lowest) - static_cast<double>(zero);
  const double scale = q->scale()->Get(0);
  const double most = static_cast<double>((1 << row->bits) - 1);
  return {low * scale, (low + most) * scale, row->bits};
}

Status TfliteTensors::make_constant(int tensor, TensorType* type, Constant* constant) {
  const tflite::Tensor& t = at(tensor);
  constant->encoding = row_of(t.type())->encoding;
  const bool scaled = t.quantization() != nullptr && t.quantization()->scale() != nullptr &&
                      t.quantization()->scale()->size() != 0;
  if (bias_[tensor] != 0 && scaled && t.type() == tflite::TensorType::INT32) {
    constant->encoding = Encoding::kInt32;
  }
  if (t.quantization() != nullptr && constant->encoding != Encoding::kPlain) {
    WXNN_TRY(read_quantization(*t.quantization(), &constant->quantization));
    // A quantised integer stands for a real number.
    if (!constant->quantization.scale.empty()) type->dtype = DType::kFloat32;
  }
  WXNN_TRY(stored(tensor, &constant->bytes));
  if (t.sparsity() != nullptr) {
    WXNN_TRY(expand(t, *type, constant));
  } else if (!constant->bytes.empty()) {
    const auto where = static_cast<size_t>(constant->bytes.data() - file_.head.data());
    file_.lend(where, constant->bytes.size(), constant);
  }
  return check(*constant, *type);
}

Status TfliteTensors::expand(const tflite::Tensor& t, const TensorType& type, Constant* constant) {
  WXNN_CHECK(constant->encoding != Encoding::kInt4, "is sparse and int4, which is not supported");
  const TensorType element = {type.dtype, {}};
  const size_t element_bytes = encoded_bytes(constant->encoding, element);
  expanded_bytes_ += static_cast<size_t>(type.shape.elements()) * element_bytes;
  WXNN_CHECK(expanded_bytes_ / kMostExpansion <= file_.bytes,
             "is sparse and would fill {} bytes with the ones before, from a file of {}",
             expanded_bytes_, file_.bytes);
  const Sparse sparse = {*t.sparsity(), constant->bytes, element_bytes};
  WXNN_TRY(densify(verifier_, sparse, type.shape, &constant->owned));
  constant->bytes = {constant->owned.data(), constant->owned.size()};
  return {};
}

}  // namespace wxnn
