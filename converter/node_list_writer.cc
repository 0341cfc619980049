#include "converter/node_list_writer.h"

#include <cstring>

namespace wxnn {

namespace {
constexpr size_t kHeaderWords = 4;
size_t padding_of(size_t size) { return (4 - size % 4) % 4; }
}  // namespace

NodeListWriter::NodeListWriter() { head_.assign(kHeaderWords * sizeof(uint32_t), '\0'); }

void NodeListWriter::text(std::string_view text) {
  u32(static_cast<uint32_t>(text.size()));
  head_ += text;
  head_.append(padding_of(text.size()), '\0');
}

void NodeListWriter::texts(const std::vector<std::string_view>& list) {
  count(list.size());
  for (const std::string_view t : list) text(t);
}

void NodeListWriter::shape(const Dims& dims) {
  constexpr uint32_t kUnknownRank = 0xffffffffu;
  u32(dims ? static_cast<uint32_t>(dims->size()) : kUnknownRank);
  if (!dims) return;
  for (const int32_t d : *dims) u32(static_cast<uint32_t>(d));
}

void NodeListWriter::data(std::string_view bytes) {
  u32(static_cast<uint32_t>(parts_bytes_));
  u32(static_cast<uint32_t>(bytes.size()));
  parts_.push_back(bytes);
  parts_bytes_ += bytes.size() + padding_of(bytes.size());
}

void NodeListWriter::endpoints(const std::vector<ListEndpoint>& list) {
  count(list.size());
  for (const ListEndpoint& e : list) {
    text(e.name);
    text(e.tensor);
    u32(e.type);
    shape(e.shape);
  }
}

void NodeListWriter::weight(std::string_view name, const ListTensor& tensor) {
  text(name);
  u32(tensor.type);
  shape(tensor.shape);
  u32(tensor.stored != 0 ? tensor.stored : tensor.type);
  f64(tensor.scale);
  f64(tensor.min);
  data(tensor.bytes);
}

void NodeListWriter::attr(std::string_view name, uint32_t kind) {
  text(name);
  u32(kind);
}

void NodeListWriter::attr_numbers(std::string_view name, const std::vector<double>& numbers) {
  attr(name, 1);
  count(numbers.size());
  for (const double d : numbers) f64(d);
}

void NodeListWriter::attr_text(std::string_view name, std::string_view value) {
  attr(name, 2);
  text(value);
}

void NodeListWriter::attr_texts(std::string_view name, const std::vector<std::string_view>& list) {
  attr(name, 3);
  texts(list);
}

void NodeListWriter::attr_shape(std::string_view name, const Dims& dims) {
  attr(name, 4);
  shape(dims);
}

void NodeListWriter::attr_types(std::string_view name, const std::vector<uint32_t>& types) {
  attr(name, 5);
  count(types.size());
  for (const uint32_t t : types) u32(t);
}

void NodeListWriter::attr_tensor(std::string_view name, const ListTensor& tensor) {
  attr(name, 6);
  u32(tensor.type);
  shape(tensor.shape);
  data(tensor.bytes);
}

void NodeListWriter::attr_function(std::string_view name, std::string_view function) {
  attr(name, 7);
  text(function);
}

Status NodeListWriter::finish(Buffer* file) {
  constexpr size_t kMost = INT32_MAX;
  WXNN_CHECK(head_.size() + parts_bytes_ < kMost, "the model is larger than 2 GB");
  const uint32_t header[kHeaderWords] = {0x4c4e5857u, 1, static_cast<uint32_t>(head_.size()),
                                         static_cast<uint32_t>(parts_bytes_)};
  std::memcpy(head_.data(), header, sizeof header);
  WXNN_TRY(file->allocate(head_.size() + parts_bytes_));
  std::memcpy(file->data(), head_.data(), head_.size());
  char* at = file->data<char>() + head_.size();
  for (const std::string_view part : parts_) {
    std::memcpy(at, part.data(), part.size());
    std::memset(at + part.size(), 0, padding_of(part.size()));
    at += part.size() + padding_of(part.size());
  }
  return {};
}

}  // namespace wxnn
