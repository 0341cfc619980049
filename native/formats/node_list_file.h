// A node list as it stands in the file: texts and bytes point into it.
#pragma once
#include <span>
#include <string_view>
#include <vector>

#include "core/graph.h"

namespace wxnn {

inline constexpr uint32_t kNodeListMagic = 0x4c4e5857;  // "WXNL"

// A TensorFlow DataType as we compute it, and how a constant of it is stored. Null for a type that
// cannot be a tensor of ours.
struct TfType {
  uint32_t number;
  DType dtype;
  Encoding encoding;
};
const TfType* find_tf_type(uint32_t number);

struct ListedTensor {
  std::string_view name;
  uint32_t type = 0;
  Shape shape;
  uint32_t stored = 0;
  double scale = 0, min = 0;
  std::span<const std::byte> bytes;
};

enum class TfAttrKind : uint32_t {
  kNumbers = 1,
  kText,
  kTexts,
  kShape,
  kTypes,
  kTensor,
  kFunction
};

struct TfAttr {
  std::string_view name;
  TfAttrKind kind = TfAttrKind::kNumbers;
  std::vector<double> numbers;  // of kTypes too
  std::vector<std::string_view> texts;
  ListedTensor tensor;  // of kShape: its shape
};

struct ListedNode {
  std::string_view name, op;
  std::vector<std::string_view> inputs;
  std::vector<TfAttr> attrs;
};

struct Endpoint {
  std::string_view name, tensor;
  uint32_t type = 0;
  Shape shape;
};

struct ListedFunction {
  std::string_view name;
  std::vector<std::string_view> parameters;
  std::vector<Endpoint> returns;
  std::vector<ListedNode> nodes;
};

struct NodeList {
  std::vector<Endpoint> inputs, outputs;
  std::vector<ListedTensor> weights;
  std::vector<ListedNode> nodes;
  std::vector<ListedFunction> functions;
};

// Refuses what reaches outside the file. Names are not resolved.
Status parse_node_list(const Buffer& file, NodeList* list);

}  // namespace wxnn
