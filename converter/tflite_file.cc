#include "converter/tflite_file.h"

#include <algorithm>
#include <cstring>

namespace wxnn {

using flatbuffers::Offset;

TfliteFile::TfliteFile(size_t expected_bytes) : builder(expected_bytes), graphs_(1) {
  buffers_.push_back(tflite::CreateBuffer(builder));  // number 0: no data
}

const uint32_t* TfliteFile::find_buffer(std::string_view bytes) const {
  const auto [first, last] = buffer_of_.equal_range(std::hash<std::string_view>()(bytes));
  for (auto at = first; at != last; ++at) {
    const uint8_t* written = builder.GetCurrentBufferPointer() + builder.GetSize() - at->second.end;
    const bool same =
        at->second.size == bytes.size() && std::memcmp(written, bytes.data(), bytes.size()) == 0;
    if (same) return &at->second.index;
  }
  return nullptr;
}

uint32_t TfliteFile::add_buffer(std::string_view bytes) {
  if (bytes.empty()) return 0;
  if (const uint32_t* known = find_buffer(bytes)) return *known;
  constexpr size_t kAlignment = 16;
  builder.ForceVectorAlignment(bytes.size(), 1, kAlignment);
  const auto data =
      builder.CreateVector(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  const uint32_t index = static_cast<uint32_t>(buffers_.size());
  buffers_.push_back(tflite::CreateBuffer(builder, data));
  // The vector's length stands in front of its bytes.
  const size_t end = data.o - sizeof(flatbuffers::uoffset_t);
  buffer_of_.emplace(std::hash<std::string_view>()(bytes), WrittenBuffer{end, bytes.size(), index});
  return index;
}

uint32_t TfliteFile::code_index(const CodeKey& key) {
  const auto [at, fresh] = codes_.try_emplace(key, static_cast<uint32_t>(codes_.size()));
  if (fresh) {
    constexpr int kMostInByte = 127;  // readers before codes had 32 bits look at the byte
    const int code = static_cast<int>(key.code);
    const auto custom =
        key.custom.empty() ? Offset<flatbuffers::String>() : builder.CreateString(key.custom);
    written_codes_.push_back(tflite::CreateOperatorCode(
        builder, static_cast<int8_t>(std::min(code, kMostInByte)), custom, key.version, key.code));
  }
  return at->second;
}

TfliteFile::Operator TfliteFile::add_operator(const CodeKey& key, const std::vector<int>& inputs,
                                              const std::vector<int>& outputs,
                                              const WrittenOptions& options,
                                              Offset<flatbuffers::Vector<uint8_t>> custom) {
  const uint32_t code = code_index(key);
  const auto in = builder.CreateVector(inputs);
  const auto out = builder.CreateVector(outputs);
  const std::string name =
      key.custom.empty() ? tflite::EnumNameBuiltinOperator(key.code) : key.custom;
  ++counts_[name];
  return tflite::CreateOperator(builder, code, in, out, options.type, options.table, custom);
}

Status TfliteFile::finish(const Maps& inputs, const Maps& outputs, const std::string& description,
                          Written* written) {
  constexpr size_t kMostBytes = (size_t{1} << 31) - (size_t{1} << 20);
  WXNN_CHECK(builder.GetSize() < kMostBytes,
             "the result would be larger than 2 GB, which .tflite cannot be");
  std::vector<Offset<tflite::SignatureDef>> signatures = {
      tflite::CreateSignatureDefDirect(builder, &inputs, &outputs, "serving_default", 0)};
  constexpr uint32_t kSchema = 3;
  tflite::FinishModelBuffer(
      builder,
      tflite::CreateModelDirect(builder, kSchema, &written_codes_, &graphs_, description.c_str(),
                                &buffers_, nullptr, nullptr, &signatures));
  written->bytes.assign(reinterpret_cast<const char*>(builder.GetBufferPointer()),
                        builder.GetSize());
  for (const auto& [op, count] : counts_) written->ops.push_back({op, count});
  return {};
}

}  // namespace wxnn
