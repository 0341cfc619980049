#include "passes/match.h"

#include <cstring>

#include "core/names.h"

namespace wxnn {

namespace {

// Null behind the last one.
const char* next_line(const char* line) {
  while (*line != '\n' && *line != 0) ++line;
  return *line != 0 ? line + 1 : nullptr;
}

bool commutes(const char* op) { return is_listed("Add|Multiply|Maximum|Minimum", op); }

}  // namespace

Wiring::Wiring(const Graph& graph) : writer(graph.values.size(), -1), uses(count_uses(graph)) {
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    for (int v : graph.nodes[i].outputs) writer[v] = static_cast<int>(i);
  }
}

Match::Match(Graph& graph, Wiring& wiring, const char* pattern)
    : graph_(graph), wiring_(wiring), pattern_(pattern) {
  for (const char* line = pattern; line != nullptr; line = next_line(line)) root_ = line;
}

bool Match::match_value(char name, int value) {
  if (value == kAbsent) return false;
  if (bound(name).value != kAbsent) return bound(name).value == value;
  for (const char* line = pattern_; line != root_; line = next_line(line)) {
    if (*line != name) continue;
    const int writer = wiring_.writer[value];
    return writer >= 0 && match_line(line, writer);
  }
  if (name <= 'Z' && !graph_.values[value].constant) return false;
  bound(name) = {value, -1};
  return true;
}

// Absent inputs at the end count as not there.
bool Match::match_inputs(const char* line, const Node& node, bool swapped) {
  size_t count = node.inputs.size();
  while (count > 0 && node.inputs[count - 1] == kAbsent) --count;
  size_t i = 0;
  const char* at = line;
  while (*at != '(') ++at;
  for (; *at != ')'; ++at) {
    if (*at == '.') return true;
    if (*at < 'A') continue;
    const size_t from = swapped ? 1 - i : i;
    if (from >= count || !match_value(*at, node.inputs[from])) return false;
    ++i;
  }
  return i == count;
}

// How often the pattern's nodes read the value: a letter in front of ',' or ')'.
int Match::uses_inside(char name) const {
  int uses = 0;
  for (const char* at = pattern_; *at != 0; ++at) {
    uses += static_cast<int>(*at == name && (at[1] == ',' || at[1] == ')'));
  }
  return uses;
}

// What the pattern makes inside must be used inside alone: asked here, so that of a sum of two
// convolutions the one is taken that nothing else reads.
bool Match::match_line(const char* line, int node) {
  const Node& n = graph_.nodes[node];
  if (n.op == nullptr || !is_listed(line + std::strlen("y = "), n.op->name)) return false;
  if (line != root_ && wiring_.uses[n.outputs[0]] != uses_inside(*line)) return false;
  bound(*line) = {n.outputs[0], node};
  const Bindings before = bindings_;
  if (match_inputs(line, n, false)) return true;
  bindings_ = before;
  return commutes(n.op->name) && match_inputs(line, n, true);
}

bool Match::find(int root) {
  bindings_ = {};
  return match_line(root_, root);
}

Status Match::constant(char name, Tensor* tensor) const {
  return graph_.materialize(value(name), tensor);
}

void Match::drop(char name) {
  Node& node = this->node(name);
  for (int v : node.inputs) {
    if (v != kAbsent) --wiring_.uses[v];
  }
  for (int v : node.outputs) wiring_.writer[v] = -1;
  // Nobody reads what it writes: run_pass sweeps it up.
  node.op = nullptr;
  node.inputs.clear();
  node.outputs.clear();
}

void Match::root_becomes(char name) {
  Node& heir = node(name);
  drop(*root_);
  wiring_.writer[heir.outputs[0]] = -1;
  heir.outputs[0] = value(*root_);
  wiring_.writer[value(*root_)] = bound(name).node;
}

void Match::change_places(char name) {
  Node &first = node(name), &then = node(*root_);
  std::swap(first.inputs[0], then.inputs[0]);
  std::swap(first.outputs[0], then.outputs[0]);
  std::swap(wiring_.writer[first.outputs[0]], wiring_.writer[then.outputs[0]]);
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

bool Match::become(Node& node, const char* name) {
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
  Wiring wiring(graph);
  Match match(graph, wiring, pass.pattern);
  bool any = false;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    if (!match.find(static_cast<int>(i))) continue;
    bool here = false;
    WXNN_TRY(pass.rewrite(match, &here));
    any |= here;
  }
  if (any) {
    // A node that took over a later node's output may now stand before what it reads.
    WXNN_TRY(sort(graph));
    remove_dead(graph);
  }
  *changed |= any;
  return {};
}

}  // namespace wxnn
