#include "converter/onnx_tensor.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "converter/files.h"

namespace wxnn {

namespace {

using onnx::TensorProto;

std::string type_name(int32_t data_type) {
  return TensorProto::DataType_IsValid(data_type)
             ? TensorProto::DataType_Name(static_cast<TensorProto::DataType>(data_type))
             : sentence("number ", data_type);
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
      WXNN_CHECK(error == std::errc() && end == text.data() + text.size(), entry.key(), " \"", text,
                 "\" is no number");
    }
    std::string path, file;
    WXNN_TRY(sibling(model_path, location, &path));
    WXNN_TRY(read_file(path, &file));
    WXNN_CHECK(offset <= file.size(), "begins behind the end of \"", location, "\"");
    *bytes = file.substr(offset, length);
  } else if (proto.has_raw_data()) {
    *bytes = proto.raw_data();
  } else if (proto.data_type() == TensorProto::FLOAT) {
    *bytes = bytes_of(proto.float_data());
  } else if (proto.data_type() == TensorProto::INT64) {
    *bytes = bytes_of(proto.int64_data());
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

}  // namespace

Status onnx_dtype(int32_t data_type, DType* dtype) {
  const auto* row =
      std::ranges::find(kTypes, data_type, [](const TypeRow& r) { return int32_t{r.onnx}; });
  WXNN_CHECK(row != std::end(kTypes), "is of type ", type_name(data_type),
             "; only float32, int32, int64 and bool are supported");
  *dtype = row->ours;
  return {};
}

Status read_onnx_tensor(const std::string& model_path, const TensorProto& proto,
                        OnnxConstant* constant) {
  WXNN_TRY(onnx_dtype(proto.data_type(), &constant->type.dtype));
  WXNN_CHECK(proto.dims_size() <= Shape::kMaxRank, "has ", proto.dims_size(),
             " dimensions, at most ", Shape::kMaxRank, " are possible");
  constant->type.shape = {};
  for (const int64_t d : proto.dims()) {
    WXNN_CHECK(d >= 0 && d <= INT32_MAX, "has a dimension of ", d);
    constant->type.shape.push_back(static_cast<int32_t>(d));
  }
  WXNN_CHECK(constant->type.shape.fits(), "declares the shape ", constant->type.shape,
             ", which does not fit in memory");
  WXNN_TRY(stored_bytes(model_path, proto, &constant->bytes));
  const auto* row = std::ranges::find(kTypes, proto.data_type(),
                                      [](const TypeRow& r) { return int32_t{r.onnx}; });
  const size_t want = static_cast<size_t>(constant->type.shape.elements()) * row->bytes;
  WXNN_CHECK(constant->bytes.size() == want, "has ", constant->bytes.size(), " bytes, its shape ",
             constant->type.shape, " wants ", want);
  if (proto.data_type() == TensorProto::INT64) narrow(constant);
  if (constant->type.dtype == DType::kBool) {
    for (char& c : constant->bytes) c = c != 0;
  }
  return {};
}

}  // namespace wxnn
