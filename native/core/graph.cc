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

Status Value::at(Status status) const { return status.at<"constant \"{}\"">(name); }

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
      : order(graph.nodes.size()),
        graph_(graph),
        writers_(graph.values.size(), kNobody),
        next_(graph.nodes.size()) {}

  Status run() {
    Status status = find_writers();
    for (size_t root = 0; status.ok() && root < order.size(); ++root) {
      if (next_[root] == kNew) status = visit(static_cast<int>(root));
    }
    return status.ok() ? status : status.at(node_ != nullptr ? node_->place() : "the graph");
  }
  Vector<int> order;  // in front the nodes that are done; until then behind those that are open

 private:
  // Of each node; above kNew: open, one more than the input to look at next.
  static constexpr int kNew = 0, kDone = -1;

  Status check(int v) const {
    WXNN_CHECK(v >= 0 && static_cast<size_t>(v) < writers_.size(), "has tensor {} of {}", v,
               writers_.size());
    return {};
  }
  Status write(int v, int writer) {
    WXNN_TRY(check(v));
    WXNN_CHECK(writers_[v] == kNobody, "\"{}\" is given or written already", graph_.values[v].name);
    writers_[v] = writer;
    return {};
  }
  Status check_written(int v) const {
    WXNN_TRY(check(v));
    WXNN_CHECK(writers_[v] != kNobody, "\"{}\" is computed by no node", graph_.values[v].name);
    return {};
  }

  Status find_writers() {
    for (size_t v = 0; v < writers_.size(); ++v) {
      if (graph_.values[v].constant) writers_[v] = kGivenByCaller;
    }
    for (int v : graph_.inputs) WXNN_TRY(write(v, kGivenByCaller));
    for (const State& s : states_of(graph_)) writers_[s.input] = kGivenByCaller;
    for (size_t i = 0; i < graph_.nodes.size(); ++i) {
      node_ = &graph_.nodes[i];
      for (int v : node_->inputs) {
        if (v != kAbsent) WXNN_TRY(check(v));
      }
      for (int v : node_->outputs) WXNN_TRY(write(v, static_cast<int>(i)));
    }
    node_ = nullptr;
    for (int v : graph_.outputs) WXNN_TRY(check_written(v));
    for (const State& s : states_of(graph_)) WXNN_TRY(check_written(s.output));
    return {};
  }

  Status visit(int root) {
    size_t top = order.size();
    for (int entered = root;;) {
      if (entered != kAbsent) {
        next_[entered] = 1;
        order[--top] = entered;
      }
      if (top == order.size()) return {};
      const int index = order[top];
      node_ = &graph_.nodes[index];
      const size_t input = static_cast<size_t>(next_[index]++) - 1;
      entered = kAbsent;
      if (input == node_->inputs.size()) {
        ++top;
        next_[index] = kDone;
        order[done_++] = index;
        continue;
      }
      const int v = node_->inputs[input];
      if (v == kAbsent || writers_[v] == kGivenByCaller) continue;
      WXNN_TRY(check_written(v));
      WXNN_CHECK(next_[writers_[v]] <= kNew, "depends on itself");
      if (next_[writers_[v]] == kNew) entered = writers_[v];
    }
  }

  const Graph& graph_;
  const Node* node_ = nullptr;  // that is looked at
  Vector<int> writers_;         // of each value: a node's index, the caller, or nobody
  Vector<int> next_;
  size_t done_ = 0;
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

void MissingOps::add(std::string_view op, std::string_view node) {
  constexpr size_t kLongest = 4096;
  ++nodes_;
  String entry = sentence<" {} (\"">(op);
  const bool listed = list_.find(entry) != std::string::npos;
  if (listed || list_.size() > kLongest) return;
  say<"{}{}{}\")">(list_, list_.empty() ? "" : ",", entry, node);
}

Status MissingOps::refuse() const {
  WXNN_CHECK(nodes_ == 0, "{} node{} an operator that this build does not have:{}", nodes_,
             nodes_ == 1 ? " needs" : "s need", list_);
  return {};
}

}  // namespace wxnn
