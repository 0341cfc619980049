#include "formats/node_list_file.h"

#include <cstring>

namespace wxnn {

namespace {

constexpr TfType kTypes[] = {
    {1, DType::kFloat32, Encoding::kPlain},  {2, DType::kFloat32, Encoding::kFloat64},
    {3, DType::kInt32, Encoding::kPlain},    {4, DType::kInt32, Encoding::kUint8},
    {5, DType::kInt32, Encoding::kInt16},    {6, DType::kInt32, Encoding::kInt8},
    {8, DType::kComplex64, Encoding::kPlain}, {9, DType::kInt32, Encoding::kInt64},
    {10, DType::kBool, Encoding::kPlain},    {17, DType::kInt32, Encoding::kUint16},
    {19, DType::kFloat32, Encoding::kFloat16},
};

constexpr uint32_t kVersion = 1;

// Reads forward and never leaves its bytes: after the first item that does not fit, everything is
// zero or empty and ok() is false.
class Cursor {
 public:
  Cursor(std::span<const std::byte> bytes, std::span<const std::byte> weights)
      : bytes_(bytes), weights_(weights) {}

  bool ok() const { return ok_; }
  bool at_end() const { return ok_ && at_ == bytes_.size(); }
  void refuse() {
    ok_ = false;
    at_ = bytes_.size();
  }

  uint32_t u32() { return read<uint32_t>(); }
  double f64() { return read<double>(); }

  std::string_view text() {
    const size_t size = u32();
    const std::byte* start = take(size);
    const size_t padding = (4 - size % 4) % 4;
    take(padding);
    return ok_ ? std::string_view(reinterpret_cast<const char*>(start), size) : std::string_view();
  }

  // Every entry of a list takes at least 4 bytes: a count beyond that is refused before any memory
  // is asked for.
  size_t count() {
    const size_t n = u32();
    if (n > (bytes_.size() - at_) / 4) refuse();
    return ok_ ? n : 0;
  }

  Shape shape() {
    const int32_t rank = static_cast<int32_t>(u32());
    if (rank == -1) return Shape::unknown();
    Shape s;
    if (rank < 0 || rank > Shape::kMaxRank) refuse();
    for (int32_t i = 0; ok_ && i < rank; ++i) {
      const int32_t d = static_cast<int32_t>(u32());
      if (d < Shape::kOpen) refuse();
      s.push_back(d);
    }
    if (!s.fits()) refuse();
    return s;
  }

  std::span<const std::byte> weight_bytes() {
    const size_t where = u32();
    const size_t size = u32();
    if (where > weights_.size() || size > weights_.size() - where) refuse();
    return ok_ ? weights_.subspan(where, size) : std::span<const std::byte>();
  }

  template <class T, class Read>
  std::vector<T> list(Read read) {
    std::vector<T> entries;
    const size_t n = count();
    for (size_t i = 0; ok_ && i < n; ++i) entries.push_back(read(*this));
    return entries;
  }
  std::vector<std::string_view> texts() {
    return list<std::string_view>([](Cursor& c) { return c.text(); });
  }

 private:
  const std::byte* take(size_t size) {
    if (size > bytes_.size() - at_) {
      refuse();
      return nullptr;
    }
    const std::byte* start = bytes_.data() + at_;
    at_ += size;
    return start;
  }
  template <class T>
  T read() {
    T value{};
    const std::byte* from = take(sizeof value);
    if (from != nullptr) std::memcpy(&value, from, sizeof value);
    return value;
  }

  std::span<const std::byte> bytes_, weights_;
  size_t at_ = 0;
  bool ok_ = true;
};

Endpoint read_endpoint(Cursor& c) {
  Endpoint e;
  e.name = c.text();
  e.tensor = c.text();
  e.type = c.u32();
  e.shape = c.shape();
  return e;
}

ListedTensor read_weight(Cursor& c) {
  ListedTensor w;
  w.name = c.text();
  w.type = c.u32();
  w.shape = c.shape();
  w.stored = c.u32();
  w.scale = c.f64();
  w.min = c.f64();
  w.bytes = c.weight_bytes();
  return w;
}

double read_number(Cursor& c) { return c.f64(); }
double read_type(Cursor& c) { return c.u32(); }

TfAttr read_attr(Cursor& c) {
  TfAttr a;
  a.name = c.text();
  a.kind = static_cast<TfAttrKind>(c.u32());
  if (a.kind == TfAttrKind::kNumbers) {
    a.numbers = c.list<double>(read_number);
  } else if (a.kind == TfAttrKind::kText || a.kind == TfAttrKind::kFunction) {
    a.texts.push_back(c.text());
  } else if (a.kind == TfAttrKind::kTexts) {
    a.texts = c.texts();
  } else if (a.kind == TfAttrKind::kShape) {
    a.tensor.shape = c.shape();
  } else if (a.kind == TfAttrKind::kTypes) {
    a.numbers = c.list<double>(read_type);
  } else if (a.kind == TfAttrKind::kTensor) {
    a.tensor.type = a.tensor.stored = c.u32();
    a.tensor.shape = c.shape();
    a.tensor.bytes = c.weight_bytes();
  } else {
    c.refuse();
  }
  return a;
}

ListedNode read_node(Cursor& c) {
  ListedNode n;
  n.name = c.text();
  n.op = c.text();
  n.inputs = c.texts();
  n.attrs = c.list<TfAttr>(read_attr);
  return n;
}

Endpoint read_return(Cursor& c) {
  Endpoint e;
  e.name = c.text();
  e.tensor = c.text();
  return e;
}

ListedFunction read_function(Cursor& c) {
  ListedFunction f;
  f.name = c.text();
  f.parameters = c.texts();
  f.returns = c.list<Endpoint>(read_return);
  f.nodes = c.list<ListedNode>(read_node);
  return f;
}

}  // namespace

const TfType* find_tf_type(uint32_t number) {
  for (const TfType& type : kTypes) {
    if (type.number == number) return &type;
  }
  return nullptr;
}

Status parse_node_list(const Buffer& file, NodeList* list) {
  const std::span<const std::byte> all = {file.data(), file.size()};
  constexpr size_t kHeader = 16;
  uint32_t header[4] = {};
  if (all.size() >= kHeader) std::memcpy(header, all.data(), kHeader);
  const auto [magic, version, weights_at, weights_bytes] = header;
  WXNN_CHECK(magic == kNodeListMagic, "not a node list: it does not begin with \"WXNL\"");
  WXNN_CHECK(version == kVersion, "the node list has version ", version, ", this build reads ",
             kVersion);
  const bool inside = weights_at >= kHeader && weights_at <= all.size() &&
                      weights_bytes <= all.size() - weights_at;
  WXNN_CHECK(inside, "the node list is cut off: its weights lie outside");
  Cursor c(all.subspan(kHeader, weights_at - kHeader), all.subspan(weights_at, weights_bytes));
  list->inputs = c.list<Endpoint>(read_endpoint);
  list->outputs = c.list<Endpoint>(read_endpoint);
  list->weights = c.list<ListedTensor>(read_weight);
  list->nodes = c.list<ListedNode>(read_node);
  list->functions = c.list<ListedFunction>(read_function);
  WXNN_CHECK(c.at_end(), "the node list is cut off or damaged");
  return {};
}

}  // namespace wxnn
