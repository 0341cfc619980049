#include "converter/onnx_tensor.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <span>
#include <vector>

#include "converter/files.h"
#include "core/half.h"

namespace wxnn {

namespace {

using onnx::TensorProto;

std::string type_name(int32_t data_type) {
  return TensorProto::DataType_IsValid(data_type)
             ? TensorProto::DataType_Name(static_cast<TensorProto::DataType>(data_type))
             : std::string(sentence<"number {}">(data_type));
}

struct TypeRow {
  TensorProto::DataType onnx;
  DType ours;
  size_t bytes;  // as ONNX stores it
};
constexpr TypeRow kTypes[] = {{TensorProto::FLOAT, DType::kFloat32, 4},
                              {TensorProto::INT32, DType::kInt32, 4},
                              {TensorProto::INT64, DType::kInt32, 8},
                              {TensorProto::BOOL, DType::kBool, 1}};
// Of constants alone.
constexpr TypeRow kStored[] = {{TensorProto::FLOAT16, DType::kFloat32, 2},
                               {TensorProto::INT8, DType::kFloat32, 1},
                               {TensorProto::UINT8, DType::kFloat32, 1}};

template <class T>
std::string bytes_of(const T& numbers) {
  return {reinterpret_cast<const char*>(numbers.data()),
          static_cast<size_t>(numbers.size()) * sizeof(*numbers.data())};
}

// The tensor's bytes in ONNX's own element type.
Status stored_bytes(const std::string& model_path, const TensorProto& proto, std::string* bytes) {
  if (proto.data_location() == TensorProto::EXTERNAL) {
    WXNN_CHECK(!model_path.empty(), "lies in another file, which is not supported here");
    std::string location;
    uint64_t offset = 0, length = UINT64_MAX;
    for (const auto& entry : proto.external_data()) {
      if (entry.key() == "location") location = entry.value();
      uint64_t* number = entry.key() == "offset"   ? &offset
                         : entry.key() == "length" ? &length
                                                   : nullptr;
      if (number == nullptr) continue;
      const std::string& text = entry.value();
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
      WXNN_CHECK(error == std::errc() && end == text.data() + text.size(), "{} \"{}\" is no number",
                 entry.key(), text);
    }
    std::string path;
    bool inside = true;
    WXNN_TRY(sibling(model_path, location, &path));
    WXNN_TRY(read_part(path, offset, length, bytes, &inside));
    WXNN_CHECK(inside, "begins behind the end of \"{}\"", location);
  } else if (proto.has_raw_data()) {
    *bytes = proto.raw_data();
  } else if (proto.data_type() == TensorProto::FLOAT) {
    *bytes = bytes_of(proto.float_data());
  } else if (proto.data_type() == TensorProto::INT64) {
    *bytes = bytes_of(proto.int64_data());
  } else if (proto.data_type() == TensorProto::INT8 || proto.data_type() == TensorProto::UINT8) {
    for (const int32_t number : proto.int32_data()) *bytes += static_cast<char>(number);
  } else if (proto.data_type() == TensorProto::FLOAT16) {
    for (const int32_t half : proto.int32_data()) {
      *bytes += static_cast<char>(half);
      *bytes += static_cast<char>(half >> 8);
    }
  } else if (proto.data_type() == TensorProto::BOOL) {
    for (const int32_t yes : proto.int32_data()) *bytes += static_cast<char>(yes != 0);
  } else {
    *bytes = bytes_of(proto.int32_data());
  }
  return {};
}

void narrow(OnnxConstant* constant) {
  std::string narrow;
  for (size_t i = 0; i + sizeof(int64_t) <= constant->bytes.size(); i += sizeof(int64_t)) {
    int64_t wide = 0;
    std::memcpy(&wide, constant->bytes.data() + i, sizeof wide);
    const int32_t number = static_cast<int32_t>(std::clamp<int64_t>(wide, INT32_MIN, INT32_MAX));
    constant->saturated = constant->saturated || number != wide;
    narrow.append(reinterpret_cast<const char*>(&number), sizeof number);
  }
  constant->bytes = std::move(narrow);
}

const TypeRow* find_type(int32_t data_type) {
  for (const auto rows : {std::span<const TypeRow>(kTypes), std::span<const TypeRow>(kStored)}) {
    const auto row =
        std::ranges::find(rows, data_type, [](const TypeRow& r) { return int32_t{r.onnx}; });
    if (row != rows.end()) return &*row;
  }
  return nullptr;
}

void widen(int32_t data_type, OnnxConstant* constant) {
  std::vector<float> wide;
  const auto& bytes = constant->bytes;
  if (data_type == TensorProto::FLOAT16) {
    for (size_t i = 0; i + 1 < bytes.size(); i += 2) {
      uint16_t half = 0;
      std::memcpy(&half, bytes.data() + i, sizeof half);
      wide.push_back(half_to_float(half));
    }
  } else {
    const bool is_signed = data_type == TensorProto::INT8;
    for (const char c : bytes)
      wide.push_back(is_signed ? static_cast<float>(static_cast<int8_t>(c))
                               : static_cast<float>(static_cast<uint8_t>(c)));
    constant->stands_in = true;
  }
  constant->bytes = bytes_of(wide);
}

}  // namespace

bool onnx_is_whole(int32_t data_type) {
  return data_type == TensorProto::INT8 || data_type == TensorProto::UINT8;
}

Status onnx_dtype(int32_t data_type, DType* dtype) {
  const auto* row =
      std::ranges::find(kTypes, data_type, [](const TypeRow& r) { return int32_t{r.onnx}; });
  WXNN_CHECK(row != std::end(kTypes),
             "is of type {}; only float32, int32, int64 and bool are supported",
             type_name(data_type));
  *dtype = row->ours;
  return {};
}

Status read_onnx_tensor(const std::string& model_path, const TensorProto& proto,
                        OnnxConstant* constant) {
  const TypeRow* row = find_type(proto.data_type());
  if (row == nullptr) return onnx_dtype(proto.data_type(), &constant->type.dtype);
  constant->type.dtype = row->ours;
  WXNN_CHECK(proto.dims_size() <= Shape::kMaxRank, "has {} dimensions, at most {} are possible",
             proto.dims_size(), Shape::kMaxRank);
  constant->type.shape = {};
  for (const int64_t d : proto.dims()) {
    WXNN_CHECK(d >= 0 && d <= INT32_MAX, "has a dimension of {}", d);
    constant->type.shape.push_back(static_cast<int32_t>(d));
  }
  WXNN_CHECK(constant->type.shape.fits(), "declares the shape {}, which does not fit in memory",
             constant->type.shape);
  WXNN_TRY(stored_bytes(model_path, proto, &constant->bytes));
  const size_t want = static_cast<size_t>(constant->type.shape.elements()) * row->bytes;
  WXNN_CHECK(constant->bytes.size() == want, "has {} bytes, its shape {} wants {}",
             constant->bytes.size(), constant->type.shape, want);
  if (proto.data_type() == TensorProto::INT64) narrow(constant);
  if (row->ours == DType::kFloat32 && row->onnx != TensorProto::FLOAT) widen(row->onnx, constant);
  if (constant->type.dtype == DType::kBool) {
    for (char& c : constant->bytes) c = c != 0;
  }
  return {};
}

}  // namespace wxnn
