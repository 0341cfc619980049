#include "formats/node_list_file.h"

#include <algorithm>
#include <utility>

#include "core/build_parts.h"
#include "core/names.h"
#include "core/sort.h"

namespace wxnn {

namespace {

constexpr TfType kTypes[] = {
    {1, DType::kFloat32, Encoding::kPlain},    {2, DType::kFloat32, Encoding::kFloat64},
    {3, DType::kInt32, Encoding::kPlain},      {4, DType::kInt32, Encoding::kUint8},
    {5, DType::kInt32, Encoding::kInt16},      {6, DType::kInt32, Encoding::kInt8},
    {8, DType::kComplex64, Encoding::kPlain},  {9, DType::kInt32, Encoding::kInt64},
    {10, DType::kBool, Encoding::kPlain},      {17, DType::kInt32, Encoding::kUint16},
    {19, DType::kFloat32, Encoding::kFloat16},
};

constexpr uint32_t kVersion = 1;

ListedNode read_node(Cursor& c) {
  ListedNode n;
  n.name = c.text();
  n.op = c.text();
  n.input_count = static_cast<uint32_t>(c.count());
  n.inputs = c;
  for (uint32_t i = 0; c.ok() && i < n.input_count; ++i) c.text();
  n.attr_count = static_cast<uint32_t>(c.count());
  n.attrs = c;
  for (uint32_t i = 0; c.ok() && i < n.attr_count; ++i) read_attr(&c);
  return n;
}

constexpr size_t kLeastWeight = 40;

// Where the list begins; `c` then stands behind it.
template <class Entry>
Cursor pass(Cursor& c, size_t least, Entry (*read)(Cursor*), bool named) {
  const Cursor begin = c;
  for (size_t n = c.count(least); c.ok() && n > 0; --n) {
    if (named) c.text();
    read(&c);
  }
  return begin;
}

// Orders the names and gives every Const its weight, if it has one. Weights name the nodes that
// they belong to, which come later in the file.
Status settle_names(Cursor weights, NodeScope* scope) {
  const Vector<ListedNode>& nodes = scope->nodes;
  Vector<int>& order = scope->by_name;
  order = Vector<int>(nodes.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int>(i);
  const auto before = [&](int a, int b) { return comes_before(nodes[a].name, nodes[b].name); };
  sort(order, order_of(before));
  for (size_t i = 1; i < order.size(); ++i) {
    const std::string_view name = nodes[order[i]].name;
    WXNN_CHECK(name != nodes[order[i - 1]].name, "two nodes are called \"{}\"", name);
  }
  for (size_t n = weights.count(kLeastWeight); n > 0; --n) {
    const int node = scope->find(weights.text());
    if (node != kAbsent) scope->nodes[node].weight = weights;
    read_weight(&weights);
  }
  return {};
}

void read_nodes(Cursor& c, NodeScope* scope) {
  constexpr size_t kLeast = 16;
  const size_t n = c.count(kLeast);
  Vector<ListedNode> nodes(scope->nodes.size() + n);
  std::ranges::copy(scope->nodes, nodes.begin());
  for (size_t i = scope->nodes.size(); c.ok() && i < nodes.size(); ++i) nodes[i] = read_node(c);
  scope->nodes = std::move(nodes);
}

NodeScope read_function(Cursor& c) {
  NodeScope f;
  f.name = c.text();
  f.parameters = c.count();
  for (size_t i = 0; c.ok() && i < f.parameters; ++i) {
    ListedNode parameter;
    parameter.name = c.text();
    parameter.op = kParameter;
    f.nodes.push_back(parameter);
  }
  const size_t results = c.count();
  for (size_t i = 0; c.ok() && i < results; ++i) {
    c.text();
    f.results.push_back(c.text());
  }
  read_nodes(c, &f);
  return f;
}

}  // namespace

const TfType* find_tf_type(uint32_t number) {
  for (const TfType& type : kTypes) {
    if (type.number == number) return &type;
  }
  return nullptr;
}

const std::byte* Cursor::take(size_t size) {
  if (size > static_cast<size_t>(end_ - at_)) {
    refuse();
    return nullptr;
  }
  return std::exchange(at_, at_ + size);
}

uint32_t Cursor::u32() {
  uint32_t value = 0;
  const std::byte* from = take(sizeof value);
  if (from != nullptr) std::memcpy(&value, from, sizeof value);
  return value;
}

double Cursor::f64() {
  double value = 0;
  const std::byte* from = take(sizeof value);
  if (from != nullptr) std::memcpy(&value, from, sizeof value);
  return value;
}

std::string_view Cursor::text() {
  const size_t size = u32();
  const std::byte* start = take(size);
  take((4 - size % 4) % 4);
  return ok() ? std::string_view(reinterpret_cast<const char*>(start), size) : std::string_view();
}

size_t Cursor::count(size_t least_bytes) {
  const size_t n = u32();
  if (n > static_cast<size_t>(end_ - at_) / least_bytes) refuse();
  return ok() ? n : 0;
}

Shape Cursor::shape() {
  const int32_t rank = static_cast<int32_t>(u32());
  if (rank == -1) return Shape::unknown();
  Shape s;
  if (rank < 0 || rank > Shape::kMaxRank) refuse();
  for (int32_t i = 0; ok() && i < rank; ++i) {
    const int32_t d = static_cast<int32_t>(u32());
    if (d < Shape::kOpen) refuse();
    s.push_back(d);
  }
  if (!s.fits()) refuse();
  return s;
}

TfAttr read_attr(Cursor* at) {
  TfAttr a;
  a.name = at->text();
  a.kind = static_cast<TfAttrKind>(at->u32());
  a.value = *at;
  size_t words = 0;
  if (a.kind == TfAttrKind::kNumbers) {
    words = 2 * at->count();
  } else if (a.kind == TfAttrKind::kTypes) {
    words = at->count();
  } else if (a.kind == TfAttrKind::kText || a.kind == TfAttrKind::kFunction) {
    at->text();
  } else if (a.kind == TfAttrKind::kTexts) {
    for (size_t n = at->count(); at->ok() && n > 0; --n) at->text();
  } else if (a.kind == TfAttrKind::kShape) {
    at->shape();
  } else if (a.kind == TfAttrKind::kTensor) {
    at->u32();
    at->shape();
    words = 2;
  } else {
    at->refuse();
  }
  for (; at->ok() && words > 0; --words) at->u32();
  return a;
}

Endpoint read_endpoint(Cursor* at) {
  Endpoint e;
  e.name = at->text();
  e.tensor = at->text();
  e.type = at->u32();
  e.shape = at->shape();
  return e;
}

ListedTensor read_weight(Cursor* at) {
  ListedTensor w;
  w.type = at->u32();
  w.shape = at->shape();
  w.stored = at->u32();
  w.scale = at->f64();
  w.min = at->f64();
  w.where = at->u32();
  w.size = at->u32();
  return w;
}

const NodeScope* NodeList::function(std::string_view wanted) const {
  for (const NodeScope& f : functions) {
    if (f.name == wanted) return &f;
  }
  return nullptr;
}

int NodeScope::find(std::string_view name) const {
  const auto at = std::lower_bound(
      by_name.begin(), by_name.end(), name,
      [this](int node, std::string_view wanted) { return comes_before(nodes[node].name, wanted); });
  return at != by_name.end() && nodes[*at].name == name ? *at : kAbsent;
}

Status parse_node_list(const File& file, NodeList* list) {
  const std::span<const std::byte> all = {file.head.data(), file.head.size()};
  constexpr size_t kHeader = 16;
  uint32_t header[4] = {};
  if (all.size() >= kHeader) std::memcpy(header, all.data(), kHeader);
  const auto [magic, version, weights_at, weights_bytes] = header;  // read_model has seen the magic
  WXNN_CHECK(version == kVersion, "its schema has version {}, not {}", version, kVersion);
  const bool inside =
      weights_at >= kHeader && weights_at <= all.size() && weights_bytes <= file.bytes - weights_at;
  WXNN_CHECK(inside, "it is cut off or damaged");
  list->weights_at = weights_at;
  list->weights_bytes = weights_bytes;
  Cursor c(all.subspan(kHeader, weights_at - kHeader));
  list->inputs = pass(c, kLeastEndpoint, read_endpoint, false);
  list->outputs = pass(c, kLeastEndpoint, read_endpoint, false);
  const Cursor weights = pass(c, kLeastWeight, read_weight, true);
  read_nodes(c, &list->graph);
  // The last part of the list: left unread where no node calls one.
  const size_t functions = kBuildParts.flow ? c.count() : 0;
  for (size_t i = 0; c.ok() && i < functions; ++i) list->functions.push_back(read_function(c));
  WXNN_CHECK(c.ok(), "it is cut off or damaged");
  WXNN_TRY(settle_names(weights, &list->graph));
  for (size_t i = 0; i < functions; ++i) {
    NodeScope& f = list->functions[i];
    Status status = settle_names(weights, &f);
    if (!status.ok()) return status.at<"function \"{}\"">(f.name);
  }
  return {};
}

}  // namespace wxnn
