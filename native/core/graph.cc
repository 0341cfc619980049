#include "core/graph.h"

#include <algorithm>
#include <cstring>

#include "core/sort.h"
#include "core/states.h"

namespace wxnn {

String Node::place() const {
  return sentence<"node \"{}\" ({})">(name, op != nullptr ? op->name : "?");
}

int Graph::add_value(String name, const TensorType& type) {
  values.push_back({std::move(name), type, nullptr});
  return static_cast<int>(values.size()) - 1;
}

int Graph::add_node(const Op& op, String name, Vector<int> inputs, Attrs attrs) {
  const int out = add_value(name, {DType::kFloat32, Shape::unknown()});
  nodes.push_back({&op, std::move(name), std::move(attrs), std::move(inputs), {out}});
  return out;
}

Status Graph::add_constant(String name, const TensorType& type, const void* data, int* value) {
  auto constant = std::make_unique<Constant>();
  WXNN_TRY(constant->owned.allocate(type.bytes()));
  if (type.bytes() != 0) std::memcpy(constant->owned.data(), data, type.bytes());
  constant->bytes = {constant->owned.data(), type.bytes()};
  *value = add_value(std::move(name), type);
  values[*value].constant = std::move(constant);
  return {};
}

Status Value::at(Status status) const {
  return status.ok() ? Status() : status.at(sentence<"constant \"{}\"">(name));
}

Status Graph::materialize(int value, Tensor* tensor) {
  Value& v = values[value];
  Constant& c = *v.constant;
  if (c.encoding != Encoding::kPlain || !c.owned || !c.factors.empty()) {
    Buffer wide, spare;
    const size_t spare_size = spare_bytes(c, v.type);
    WXNN_TRY(wide.allocate(v.type.bytes()));
    if (spare_size != 0) WXNN_TRY(spare.allocate(spare_size));
    WXNN_TRY(v.at(widen(c, v.type, wide.data(), spare.data())));
    c.owned = std::move(wide);
    c.bytes = {c.owned.data(), v.type.bytes()};
    c.encoding = Encoding::kPlain;
    c.quantization = {};
    c.factors = {};
  }
  static_cast<TensorType&>(*tensor) = v.type;
  tensor->data = c.owned.data();
  return {};
}

Vector<int> count_uses(const Graph& graph) {
  Vector<int> uses(graph.values.size());
  for (const Node& node : graph.nodes) {
    for (int v : node.inputs) {
      if (v != kAbsent) ++uses[v];
    }
  }
  for (int v : graph.outputs) ++uses[v];
  for (const State& s : states_of(graph)) {
    ++uses[s.output];
    ++uses[s.initial];
  }
  return uses;
}

namespace {

constexpr int kGivenByCaller = -1;
constexpr int kNobody = -2;

// Depth-first, dependencies before users, without recursion: a hostile file may be one long chain.
class Sorter {
 public:
  explicit Sorter(const Graph& graph)
      : graph_(graph), writers_(graph.values.size(), kNobody), next_(graph.nodes.size(), kNew) {}

  Status run() {
    WXNN_TRY(find_writers());
    for (size_t i = 0; i < next_.size(); ++i) {
      if (next_[i] == kNew) enter(static_cast<int>(i));
      while (!stack_.empty()) WXNN_TRY(advance());
    }
    return {};
  }
  Vector<int> order;

 private:
  static constexpr int kNew = -1, kDone = -2;

  // Where a value is named: in a node, or in the graph's own lists.
  static String place_of(const Node* node) { return node != nullptr ? node->place() : "the graph"; }
  Status check(const Node* node, int v) const {
    WXNN_CHECK(v >= 0 && static_cast<size_t>(v) < writers_.size(), "{}: has tensor {} of {}",
               place_of(node), v, writers_.size());
    return {};
  }
  Status write(const Node* node, int v, int writer) {
    WXNN_TRY(check(node, v));
    WXNN_CHECK(writers_[v] == kNobody, "{}: \"{}\" is given or written already", place_of(node),
               graph_.values[v].name);
    writers_[v] = writer;
    return {};
  }
  Status check_written(const Node* node, int v) const {
    WXNN_TRY(check(node, v));
    WXNN_CHECK(writers_[v] != kNobody, "{}: \"{}\" is computed by no node", place_of(node),
               graph_.values[v].name);
    return {};
  }

  Status find_writers() {
    for (size_t v = 0; v < writers_.size(); ++v) {
      if (graph_.values[v].constant) writers_[v] = kGivenByCaller;
    }
    for (int v : graph_.inputs) WXNN_TRY(write(nullptr, v, kGivenByCaller));
    for (const State& s : states_of(graph_)) writers_[s.input] = kGivenByCaller;
    for (size_t i = 0; i < graph_.nodes.size(); ++i) {
      const Node& node = graph_.nodes[i];
      for (int v : node.inputs) {
        if (v != kAbsent) WXNN_TRY(check(&node, v));
      }
      for (int v : node.outputs) WXNN_TRY(write(&node, v, static_cast<int>(i)));
    }
    for (int v : graph_.outputs) WXNN_TRY(check_written(nullptr, v));
    for (const State& s : states_of(graph_)) WXNN_TRY(check_written(nullptr, s.output));
    return {};
  }

  void enter(int node) {
    next_[node] = 0;
    stack_.push_back(node);
  }
  Status advance() {
    const int index = stack_.back();
    const Node& node = graph_.nodes[index];
    if (next_[index] == static_cast<int>(node.inputs.size())) {
      next_[index] = kDone;
      order.push_back(index);
      stack_.pop_back();
      return {};
    }
    const int v = node.inputs[next_[index]++];
    if (v == kAbsent || writers_[v] == kGivenByCaller) return {};
    WXNN_TRY(check_written(&node, v));
    const int writer = writers_[v];
    WXNN_CHECK(next_[writer] < 0, "{}: depends on itself", node.place());
    if (next_[writer] == kNew) enter(writer);
    return {};
  }

  const Graph& graph_;
  Vector<int> writers_;  // of each value: a node, kGivenByCaller or kNobody
  Vector<int> next_;     // of each node: the input to look at next, kNew or kDone
  Vector<int> stack_;
};

}  // namespace

Status sort(Graph& graph) {
  Sorter sorter(graph);
  WXNN_TRY(sorter.run());
  Vector<Node> sorted(graph.nodes.size());
  for (size_t i = 0; i < sorted.size(); ++i) sorted[i] = std::move(graph.nodes[sorter.order[i]]);
  graph.nodes = std::move(sorted);
  return {};
}

void remove_dead(Graph& graph) {
  Vector<uint8_t> needed(graph.values.size());
  for (int v : graph.outputs) needed[v] = true;
  for (const State& s : states_of(graph)) needed[s.output] = needed[s.initial] = true;
  Vector<Node> alive;
  for (size_t i = graph.nodes.size(); i-- > 0;) {
    Node& node = graph.nodes[i];
    const bool keep = std::ranges::any_of(node.outputs, [&](int v) { return needed[v]; });
    if (!keep) continue;
    for (int v : node.inputs) {
      if (v != kAbsent) needed[v] = true;
    }
    alive.push_back(std::move(node));
  }
  std::ranges::reverse(alive);
  graph.nodes = std::move(alive);
  // Values keep their indices; a constant that nobody reads gives its bytes back.
  for (size_t v = 0; v < graph.values.size(); ++v) {
    if (!needed[v]) graph.values[v].constant.reset();
  }
}

Status refuse_missing(const Vector<MissingOp>& missing) {
  if (missing.empty()) return {};
  constexpr int kNamesShown = 3;
  Vector<int> order(missing.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int>(i);
  const auto before = [&](int a, int b) {
    const int by_op = missing[a].op.compare(missing[b].op);
    return by_op != 0 ? by_op < 0 : missing[a].node < missing[b].node;
  };
  sort(order, order_of(before));
  String text = sentence<"{}{} an operator that this build does not have:">(
      missing.size(), missing.size() == 1 ? " node needs" : " nodes need");
  for (size_t i = 0; i < missing.size();) {
    const String& op = missing[order[i]].op;
    size_t end = i;
    while (end < missing.size() && missing[order[end]].op == op) ++end;
    say<"{}{} ({}): ">(text, i == 0 ? " " : "; ", op, end - i);
    for (size_t k = i; k < end && k < i + kNamesShown; ++k) {
      say<"{}{}\"">(text, k == i ? "\"" : ", \"", missing[order[k]].node);
    }
    if (end - i > kNamesShown) say<" and {} more">(text, end - i - kNamesShown);
    i = end;
  }
  return Status(std::move(text));
}

}  // namespace wxnn
