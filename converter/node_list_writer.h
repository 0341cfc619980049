// Writes a node list (native/formats/node_list.h), the form in which the engine reads TensorFlow
// graphs, so that one table of TensorFlow operators serves all readers. tfjs's JSON, GraphDef and
// SavedModel become this.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/buffer.h"

namespace wxnn {

using Dims = std::optional<std::vector<int32_t>>;  // none: unknown rank

struct ListTensor {
  uint32_t type = 0;
  Dims shape;
  uint32_t stored = 0;  // 0: as `type`
  double scale = 0, min = 0;
  std::string_view bytes;  // must live until finish()
};

struct ListEndpoint {
  std::string name, tensor;
  uint32_t type = 0;
  Dims shape;
};

class NodeListWriter {
 public:
  NodeListWriter();
  void endpoints(const std::vector<ListEndpoint>& list);
  void count(size_t n) { u32(static_cast<uint32_t>(n)); }
  void text(std::string_view text);
  void texts(const std::vector<std::string_view>& list);
  void weight(std::string_view name, const ListTensor& tensor);
  // A node is text name, text op, texts inputs, count of attributes, attributes.
  void attr_numbers(std::string_view name, const std::vector<double>& numbers);
  void attr_text(std::string_view name, std::string_view text);
  void attr_texts(std::string_view name, const std::vector<std::string_view>& texts);
  void attr_shape(std::string_view name, const Dims& shape);
  void attr_types(std::string_view name, const std::vector<uint32_t>& types);
  void attr_tensor(std::string_view name, const ListTensor& tensor);
  void attr_function(std::string_view name, std::string_view function);

  Status finish(Buffer* file);

 private:
  void u32(uint32_t value) { bytes(&value, sizeof value); }
  void f64(double value) { bytes(&value, sizeof value); }
  void bytes(const void* data, size_t size) { head_.append(static_cast<const char*>(data), size); }
  void shape(const Dims& dims);
  void data(std::string_view bytes);
  void attr(std::string_view name, uint32_t kind);

  std::string head_;
  std::vector<std::string_view> parts_;
  size_t parts_bytes_ = 0;
};

}  // namespace wxnn
