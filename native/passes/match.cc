#include "passes/match.h"

#include <algorithm>

namespace wxnn {

namespace {

std::string_view trim(std::string_view s) {
  while (!s.empty() && (s.front() == ' ' || s.front() == '\n')) s.remove_prefix(1);
  while (!s.empty() && (s.back() == ' ' || s.back() == '\n')) s.remove_suffix(1);
  return s;
}

// Splits off what stands before `separator`; everything where there is none.
std::string_view take(std::string_view& rest, char separator) {
  const size_t at = rest.find(separator);
  const std::string_view head = rest.substr(0, at);
  rest = at == std::string_view::npos ? std::string_view() : rest.substr(at + 1);
  return trim(head);
}

bool is_one_of(std::string_view name, std::string_view alternatives) {
  while (!alternatives.empty()) {
    if (take(alternatives, '|') == name) return true;
  }
  return false;
}

bool commutes(std::string_view op) { return is_one_of(op, "Add|Multiply|Maximum|Minimum"); }

}  // namespace

Wiring::Wiring(const Graph& graph) : writer(graph.values.size(), -1), uses(count_uses(graph)) {
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    for (int v : graph.nodes[i].outputs) writer[v] = static_cast<int>(i);
  }
}

std::vector<PatternLine> parse_pattern(std::string_view text) {
  std::vector<PatternLine> lines;
  while (!text.empty()) {
    std::string_view line = take(text, '\n');
    if (line.empty()) continue;
    PatternLine p;
    p.output = take(line, '=');
    p.ops = take(line, '(');
    std::string_view inputs = take(line, ')');
    while (!inputs.empty()) {
      const std::string_view input = take(inputs, ',');
      if (input == "...") {
        p.more = true;
      } else {
        p.inputs.push_back(input);
      }
    }
    lines.push_back(std::move(p));
  }
  return lines;
}

const Match::Binding* Match::bound(std::string_view name) const {
  const auto it = std::ranges::find(bindings_, name, &Binding::name);
  return it == bindings_.end() ? nullptr : &*it;
}

int Match::value(std::string_view name) const { return bound(name)->value; }
int Match::node_index(std::string_view name) const { return bound(name)->node; }

bool Match::match_value(const std::vector<PatternLine>& pattern, size_t line, std::string_view name,
                        int value) {
  if (value == kAbsent) return false;
  if (const Binding* b = bound(name)) return b->value == value;
  if (name.front() == '$') {
    if (!graph_.values[value].constant) return false;
    bindings_.push_back({name, value, -1});
    return true;
  }
  for (size_t k = 0; k < line; ++k) {
    if (pattern[k].output != name) continue;
    const int writer = wiring_.writer[value];
    return writer >= 0 && match_line(pattern, k, writer);
  }
  bindings_.push_back({name, value, -1});
  return true;
}

bool Match::match_inputs(const std::vector<PatternLine>& pattern, size_t line, int node,
                         bool swapped) {
  const PatternLine& p = pattern[line];
  const Node& n = graph_.nodes[node];
  for (size_t i = 0; i < p.inputs.size(); ++i) {
    const size_t from = swapped ? 1 - i : i;
    if (!match_value(pattern, line, p.inputs[i], n.inputs[from])) return false;
  }
  return true;
}

namespace {
int uses_of(std::string_view name, const std::vector<PatternLine>& pattern) {
  int uses = 0;
  for (const PatternLine& p : pattern) uses += static_cast<int>(std::ranges::count(p.inputs, name));
  return uses;
}
}  // namespace

// What the pattern makes inside must be used inside alone: asked here, so that of a sum of two
// convolutions the one is taken that nothing else reads.
bool Match::match_line(const std::vector<PatternLine>& pattern, size_t line, int node) {
  const PatternLine& p = pattern[line];
  const Node& n = graph_.nodes[node];
  if (n.op == nullptr || !is_one_of(n.op->name, p.ops)) return false;
  if (line + 1 < pattern.size() && wiring_.uses[n.outputs[0]] != uses_of(p.output, pattern))
    return false;
  // Absent inputs at the end count as not there.
  size_t inputs = n.inputs.size();
  while (inputs > 0 && n.inputs[inputs - 1] == kAbsent) --inputs;
  if (inputs < p.inputs.size() || (inputs > p.inputs.size() && !p.more)) return false;
  const size_t mark = bindings_.size();
  bindings_.push_back({p.output, n.outputs[0], node});
  if (match_inputs(pattern, line, node, false)) return true;
  bindings_.resize(mark + 1);
  if (commutes(n.op->name) && match_inputs(pattern, line, node, true)) return true;
  bindings_.resize(mark);
  return false;
}

bool Match::find(const std::vector<PatternLine>& pattern, int root) {
  bindings_.clear();
  return match_line(pattern, pattern.size() - 1, root);
}

Status Match::constant(std::string_view name, Tensor* tensor) const {
  return graph_.materialize(value(name), tensor);
}

void Match::drop(std::string_view name) {
  Node& node = graph_.nodes[node_index(name)];
  for (int v : node.inputs) {
    if (v != kAbsent) --wiring_.uses[v];
  }
  for (int v : node.outputs) wiring_.writer[v] = -1;
  node.op = nullptr;  // run_pass sweeps these up
}

void Match::root_becomes(std::string_view name) {
  const Binding root = bindings_.front();  // match_line binds the root first
  Node& heir = node(name);
  drop(root.name);
  wiring_.writer[heir.outputs[0]] = -1;
  heir.outputs[0] = root.value;
  wiring_.writer[root.value] = node_index(name);
}

void Match::set_input(Node& node, size_t i, int value) {
  // Values that a rewrite added are new to the wiring.
  wiring_.writer.resize(graph_.values.size(), -1);
  wiring_.uses.resize(graph_.values.size(), 0);
  if (node.inputs.size() <= i) node.inputs.resize(i + 1, kAbsent);
  if (node.inputs[i] != kAbsent) --wiring_.uses[node.inputs[i]];
  if (value != kAbsent) ++wiring_.uses[value];
  node.inputs[i] = value;
}

bool Match::become(Node& node, std::string_view name) {
  const Op* op = find_op(name);
  if (op == nullptr) return false;
  if (op == node.op) return true;
  Attrs attrs(op->attrs);
  attrs.adopt(node.attrs);
  node.attrs = std::move(attrs);
  node.op = op;
  return true;
}

Status run_pass(const Pass& pass, Graph& graph, bool* changed) {
  const std::vector<PatternLine> pattern = parse_pattern(pass.pattern);
  Wiring wiring(graph);
  Match match(graph, wiring);
  bool any = false;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    if (!match.find(pattern, static_cast<int>(i))) continue;
    bool here = false;
    Status status = pass.rewrite(match, &here);
    if (!status.ok()) return status.at(sentence("pass ", pass.name));
    any |= here;
  }
  if (any) {
    std::erase_if(graph.nodes, [](const Node& n) { return n.op == nullptr; });
    // A node that took over a later node's output may now stand before what it reads.
    WXNN_TRY(sort(graph));
    remove_dead(graph);
  }
  *changed |= any;
  return {};
}

}  // namespace wxnn
