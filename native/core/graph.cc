#include "core/graph.h"

#include <algorithm>
#include <cstring>

#include "core/sort.h"
#include "core/states.h"

namespace wxnn {

String Node::place() const {
  return sentence("node \"", name, "\" (", op != nullptr ? op->name : "?", ")");
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
  return status.ok() ? Status() : status.at(sentence("constant \"", name, "\""));
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

// Who writes each value: a node's index, the caller (inputs and constants), or nobody.
Status find_writers(const Graph& graph, Vector<int>* writers) {
  const int n = static_cast<int>(graph.values.size());
  auto valid = [n](int v) { return v >= 0 && v < n; };
  *writers = Vector<int>(graph.values.size(), kNobody);
  for (int v = 0; v < n; ++v) {
    if (graph.values[v].constant) (*writers)[v] = kGivenByCaller;
  }
  for (int v : graph.inputs) {
    WXNN_CHECK(valid(v), "a graph input refers to tensor ", v, " of ", n);
    WXNN_CHECK((*writers)[v] == kNobody, "graph input \"", graph.values[v].name,
               "\" is listed twice or is a constant");
    (*writers)[v] = kGivenByCaller;
  }
  for (const State& s : states_of(graph)) (*writers)[s.input] = kGivenByCaller;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    for (int v : node.inputs) {
      WXNN_CHECK(v == kAbsent || valid(v), node.place(), ": reads tensor ", v, " of ", n);
    }
    for (int v : node.outputs) {
      WXNN_CHECK(valid(v), node.place(), ": writes tensor ", v, " of ", n);
      WXNN_CHECK((*writers)[v] == kNobody, node.place(), ": writes \"", graph.values[v].name,
                 "\", which is given or written already");
      (*writers)[v] = static_cast<int>(i);
    }
  }
  const auto check_output = [&](int v) -> Status {
    WXNN_CHECK(valid(v), "a graph output refers to tensor ", v, " of ", n);
    WXNN_CHECK((*writers)[v] != kNobody, "graph output \"", graph.values[v].name,
               "\" is computed by no node");
    return {};
  };
  for (int v : graph.outputs) WXNN_TRY(check_output(v));
  for (const State& s : states_of(graph)) WXNN_TRY(check_output(s.output));
  return {};
}

enum class Mark : uint8_t { kNew, kOpen, kDone };

// Depth-first, dependencies before users, without recursion: a hostile file may be one long chain.
class Sorter {
 public:
  Sorter(const Graph& graph, const Vector<int>& writers)
      : graph_(graph), writers_(writers), marks_(graph.nodes.size()), next_(graph.nodes.size()) {}

  Status visit(int root) {
    if (marks_[root] == Mark::kDone) return {};
    stack_.push_back(root);
    marks_[root] = Mark::kOpen;
    while (!stack_.empty()) WXNN_TRY(advance());
    return {};
  }
  Vector<int> order;

 private:
  Status advance() {
    const int index = stack_.back();
    const Node& node = graph_.nodes[index];
    if (next_[index] == static_cast<int>(node.inputs.size())) {
      marks_[index] = Mark::kDone;
      order.push_back(index);
      stack_.pop_back();
      return {};
    }
    const int v = node.inputs[next_[index]++];
    if (v == kAbsent || writers_[v] == kGivenByCaller) return {};
    const int writer = writers_[v];
    WXNN_CHECK(writer != kNobody, node.place(), ": its input \"", graph_.values[v].name,
               "\" is computed by no node");
    WXNN_CHECK(marks_[writer] != Mark::kOpen, node.place(), ": depends on itself through \"",
               graph_.values[v].name, "\"");
    if (marks_[writer] == Mark::kNew) {
      marks_[writer] = Mark::kOpen;
      stack_.push_back(writer);
    }
    return {};
  }

  const Graph& graph_;
  const Vector<int>& writers_;
  Vector<Mark> marks_;
  Vector<int> next_;  // of each node: the input to look at next
  Vector<int> stack_;
};

}  // namespace

Status sort(Graph& graph) {
  Vector<int> writers;
  WXNN_TRY(find_writers(graph, &writers));
  Sorter sorter(graph, writers);
  for (size_t i = 0; i < graph.nodes.size(); ++i) WXNN_TRY(sorter.visit(static_cast<int>(i)));
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
  String text = sentence(missing.size(), missing.size() == 1 ? " node needs" : " nodes need",
                         " an operator that this build does not have:");
  for (size_t i = 0; i < missing.size();) {
    const String& op = missing[order[i]].op;
    size_t end = i;
    while (end < missing.size() && missing[order[end]].op == op) ++end;
    say(text, i == 0 ? " " : "; ", op, " (", end - i, "): ");
    for (size_t k = i; k < end && k < i + kNamesShown; ++k) {
      say(text, k == i ? "\"" : ", \"", missing[order[k]].node, "\"");
    }
    if (end - i > kNamesShown) say(text, " and ", end - i - kNamesShown, " more");
    i = end;
  }
  return Status(std::move(text));
}

}  // namespace wxnn
