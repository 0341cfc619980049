// Builds node lists (formats/node_list.h) node by node, for tests.
#pragma once
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

namespace wxnn {

inline constexpr uint32_t kFloat = 1, kInt32 = 3, kUint8 = 4, kInt64 = 9, kHalf = 19;

// Writes the form that formats/node_list.h describes.
class Bytes {
 public:
  Bytes& u32(uint32_t v) { return raw(&v, sizeof v); }
  Bytes& f64(double v) { return raw(&v, sizeof v); }
  Bytes& text(std::string_view t) {
    u32(static_cast<uint32_t>(t.size()));
    return raw(t.data(), t.size());
  }
  Bytes& shape(std::vector<int32_t> dims) {
    u32(static_cast<uint32_t>(dims.size()));
    return raw(dims.data(), dims.size() * 4);
  }
  Bytes& raw(const void* data, size_t size) {
    const auto* from = static_cast<const uint8_t*>(data);
    all.insert(all.end(), from, from + size);
    all.resize((all.size() + 3) / 4 * 4);
    return *this;
  }
  std::vector<uint8_t> all;
};

struct List {
  uint32_t count = 0;
  Bytes bytes;
};

class NodeListFile {
 public:
  void input(std::string_view name, std::string_view tensor, std::vector<int32_t> shape,
             uint32_t type = kFloat) {
    endpoint(inputs_, name, tensor, std::move(shape), type);
  }
  void output(std::string_view name, std::string_view tensor) {
    endpoint(outputs_, name, tensor, {}, kFloat);
  }
  void weight(std::string_view name, uint32_t type, std::vector<int32_t> shape, uint32_t stored,
              const void* data, size_t size, double scale = 0, double min = 0) {
    ++weights_.count;
    weights_.bytes.text(name).u32(type).shape(std::move(shape)).u32(stored).f64(scale).f64(min);
    weights_.bytes.u32(static_cast<uint32_t>(blob_.all.size())).u32(static_cast<uint32_t>(size));
    blob_.raw(data, size);
    node(name, "Const", {});
  }
  void weight(std::string_view name, std::vector<int32_t> shape, std::vector<float> values) {
    weight(name, kFloat, std::move(shape), kFloat, values.data(), values.size() * 4);
  }
  void ints(std::string_view name, std::vector<int32_t> values) {
    weight(name, kInt32, {static_cast<int32_t>(values.size())}, kInt32, values.data(),
           values.size() * 4);
  }
  // `attrs` writes so many attributes.
  void node(std::string_view name, std::string_view op, const std::vector<std::string_view>& inputs,
            uint32_t attr_count = 0, const std::function<void(Bytes&)>& attrs = nullptr) {
    ++nodes_.count;
    nodes_.bytes.text(name).text(op).u32(static_cast<uint32_t>(inputs.size()));
    for (std::string_view i : inputs) nodes_.bytes.text(i);
    nodes_.bytes.u32(attr_count);
    if (attrs) attrs(nodes_.bytes);
  }
  void placeholder(std::string_view name) { node(name, "Placeholder", {}); }

  std::vector<uint8_t> finish() const {
    Bytes body;
    for (const List* list : {&inputs_, &outputs_, &weights_, &nodes_}) {
      body.u32(list->count).raw(list->bytes.all.data(), list->bytes.all.size());
    }
    body.u32(0);  // functions
    Bytes file;
    file.raw("WXNL", 4).u32(1).u32(static_cast<uint32_t>(16 + body.all.size()));
    file.u32(static_cast<uint32_t>(blob_.all.size()));
    file.raw(body.all.data(), body.all.size()).raw(blob_.all.data(), blob_.all.size());
    return file.all;
  }

 private:
  static void endpoint(List& list, std::string_view name, std::string_view tensor,
                       std::vector<int32_t> shape, uint32_t type) {
    ++list.count;
    list.bytes.text(name).text(tensor).u32(type).shape(std::move(shape));
  }
  List inputs_, outputs_, weights_, nodes_;
  Bytes blob_;
};

inline void number(Bytes& b, std::string_view name, double value) {
  b.text(name).u32(1).u32(1).f64(value);
}
inline void numbers(Bytes& b, std::string_view name, const std::vector<double>& values) {
  b.text(name).u32(1).u32(static_cast<uint32_t>(values.size()));
  for (double v : values) b.f64(v);
}
inline void text(Bytes& b, std::string_view name, std::string_view value) {
  b.text(name).u32(2).text(value);
}
inline void texts(Bytes& b, std::string_view name, const std::vector<std::string_view>& values) {
  b.text(name).u32(3).u32(static_cast<uint32_t>(values.size()));
  for (std::string_view v : values) b.text(v);
}

}  // namespace wxnn
