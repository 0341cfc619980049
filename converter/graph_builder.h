// Adds nodes to a graph and knows, after each, what can be known without running it: types, shapes,
// and values that follow from constants or shapes. Importers and lowering build with it.
#pragma once
#include <string>
#include <vector>

#include "core/graph.h"

namespace wxnn {

// One attribute of a node to be: {"perm", {0, 2, 3, 1}}, {"pad", "same"}, {"axis", 1}.
struct Setting {
  Setting(std::string_view name, double number) : name(name) { value.numbers.push_back(number); }
  Setting(std::string_view name, int number) : Setting(name, static_cast<double>(number)) {}
  Setting(std::string_view name, bool yes) : Setting(name, yes ? 1.0 : 0.0) {}
  Setting(std::string_view name, std::string_view text) : name(name) { value.text = text; }
  Setting(std::string_view name, const char* text) : Setting(name, std::string_view(text)) {}
  Setting(std::string_view name, std::vector<double> numbers) : name(name) {
    value.numbers = std::move(numbers);
  }
  Setting(std::string_view name, const Shape& shape) : name(name) {
    value.numbers.assign(shape.dims().begin(), shape.dims().end());
  }
  std::string_view name;
  AttrValue value;
};

class GraphBuilder {
 public:
  // Results of folding take at most `fold_bytes` together: a small file cannot ask for all memory.
  GraphBuilder(Graph& graph, size_t fold_bytes) : graph(graph), fold_bytes_(fold_bytes) {}

  Graph& graph;
  // The batch may change when the model is used: what follows from its size is no constant.
  bool open_batch = false;

  const TensorType& type(int value) const { return graph.values[value].type; }
  const Shape& shape(int value) const { return type(value).shape; }
  bool is_constant(int value) const { return graph.values[value].constant != nullptr; }

  // Sets the types of the node's outputs. `folded`: all outputs became constants, the node is
  // superfluous.
  Status settle(const Node& node, bool* folded);

  // Appends y = op(inputs) and settles it; a node that folds is not appended. Absent inputs at the
  // end may be left out. Sentences name the node.
  Status add(std::string_view op, const std::string& name, std::vector<int> inputs,
             std::vector<Setting> settings, int* y);
  Status add(std::string_view op, const std::string& name, std::vector<int> inputs,
             std::vector<Setting> settings, size_t count, std::vector<int>* outputs);

  // Appends y = x, of known shape or not.
  Status same(const std::string& name, int x, int* y);
  // The value `made` of the last added node (or a constant) takes the place of `original`.
  Status put(int made, int original);

  Status constant(const std::string& name, const Shape& shape, const std::vector<float>& numbers,
                  int* v);
  Status constant(const std::string& name, const Shape& shape, const std::vector<int32_t>& numbers,
                  int* v);
  Status scalar(const std::string& name, DType dtype, double number, int* v);

  // Whether a table of so many numbers, which a row computes, may be made: sizes of tensors cost a
  // file a few bytes. constant() takes what it makes from what there may be in all.
  Status room(double numbers) const;

  // True when the value is constant or follows from shapes.
  bool is_known(int value) const { return data_of(value) || is_constant(value); }
  // The numbers of a known value of float32, int32 or bool. `what` names it in the refusal.
  Status numbers(int value, std::string_view what, std::vector<double>* numbers);

 private:
  static constexpr size_t kTableBytes = size_t{1} << 26;
  // Of all that is added, folded or not: a file says with a few bytes how often to write one out.
  static constexpr size_t kMostNodes = 100000, kBytesOfNode = 256;

  const std::byte* data_of(int value) const {
    const size_t v = static_cast<size_t>(value);
    return v < known_.size() && known_[v] ? known_[v].data() : nullptr;
  }
  Status view(const Node& node, size_t input, Tensor* tensor, bool* known);
  Status evaluate_node(const Node& node, std::span<const Tensor* const> inputs, bool constant,
                       bool* folded);

  Status take(const Shape& shape, size_t numbers);

  size_t fold_bytes_;
  size_t table_bytes_ = fold_bytes_ + kTableBytes;
  size_t most_nodes_ = kMostNodes + fold_bytes_ / kBytesOfNode;
  std::vector<Buffer> known_;  // per value: what follows from shapes that may change
};

}  // namespace wxnn
