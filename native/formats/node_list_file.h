// A node list as it stands in the file. Everything here points into the file; attributes are read
// when somebody asks for them.
#pragma once
#include <cstring>
#include <span>
#include <string_view>

#include "core/graph.h"
#include "core/vector.h"

namespace wxnn {

// A TensorFlow DataType as we compute it, and how a constant of it is stored. Null for a type that
// cannot be a tensor of ours.
struct TfType {
  uint8_t number;
  DType dtype;
  Encoding encoding;
};
const TfType* find_tf_type(uint32_t number);

// Reads forward and never leaves its bytes: after the first item that does not fit, everything is
// zero or empty and ok() is false.
class Cursor {
 public:
  Cursor() = default;
  explicit Cursor(std::span<const std::byte> bytes) : at_(bytes.data()), end_(at_ + bytes.size()) {}

  bool ok() const { return at_ != nullptr; }
  void refuse() { at_ = end_ = nullptr; }

  // Kept out of line: a file's list is a hundred of these calls.
  [[gnu::noinline]] uint32_t u32();
  [[gnu::noinline]] double f64();
  std::string_view text();
  // Every entry of a list takes at least so many bytes: a count beyond that is refused, so that no
  // list asks for more memory than its file justifies.
  size_t count(size_t least_bytes = 4);
  Shape shape();

 private:
  const std::byte* take(size_t size);

  const std::byte* at_ = nullptr;
  const std::byte* end_ = nullptr;
};

enum class TfAttrKind : uint32_t {
  kNone,
  kNumbers,
  kText,
  kTexts,
  kShape,
  kTypes,
  kTensor,
  kFunction
};

struct TfAttr {
  std::string_view name;
  TfAttrKind kind = TfAttrKind::kNone;
  Cursor value;  // as formats/node_list.h describes it
};
// The next attribute; `at` then stands behind it.
TfAttr read_attr(Cursor* at);

struct ListedTensor {
  uint32_t type = 0;
  Shape shape;
  uint32_t stored = 0;
  double scale = 0, min = 0;
  uint32_t where = 0, size = 0;  // in the weights
};
// An entry of the list of weights, behind its name.
ListedTensor read_weight(Cursor* at);

struct ListedNode {
  std::string_view name, op;
  Cursor inputs;  // texts
  Cursor attrs;
  uint32_t input_count = 0, attr_count = 0;
  Cursor weight;  // of a Const: its tensor among the weights; not ok() where it has none
};

struct Endpoint {
  std::string_view name, tensor;
  uint32_t type = 0;
  Shape shape;
};
// The next of a list, which begins with their number.
Endpoint read_endpoint(Cursor* at);
inline constexpr size_t kLeastEndpoint = 16;  // bytes

// The graph, or a function.
struct NodeScope {
  std::string_view name;     // of a function
  Vector<ListedNode> nodes;  // a function's parameters come first, as nodes of op kParameter
  size_t parameters = 0;
  Vector<std::string_view> results;  // tensors that a function returns
  Vector<int> by_name;               // nodes in the order of their names

  // Index of the node of this name, or kAbsent.
  int find(std::string_view name) const;
};
inline constexpr std::string_view kParameter = "_Arg";

struct NodeList {
  Cursor inputs, outputs;  // lists of endpoints
  NodeScope graph;
  Vector<NodeScope> functions;
  size_t weights_at = 0, weights_bytes = 0;  // in the file

  // Null where there is none.
  const NodeScope* function(std::string_view name) const;
};

// Refuses what reaches outside the file, and two nodes of one name. After it, every Cursor in the
// list reads what was written.
Status parse_node_list(const File& file, NodeList* list);

}  // namespace wxnn
