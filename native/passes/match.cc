#include "passes/match.h"

#include <cstring>

namespace wxnn {

namespace {

// Whether the name is one of "Conv2D|FusedConv2D", which ends at a '(' or at the text's end.
bool is_one_of(const char* name, const char* list) {
  for (;; ++list) {
    size_t size = 0;
    while (list[size] > '(' && list[size] != '|') ++size;
    if (std::string_view(name) == std::string_view(list, size)) return true;
    list += size;
    if (*list != '|') return false;
  }
}

bool commutes(const char* op) { return is_one_of(op, "Add|Multiply|Maximum|Minimum"); }

}  // namespace

Wiring::Wiring(const Graph& graph) : writer(graph.values.size(), -1), uses(count_uses(graph)) {
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    for (int v : graph.nodes[i].outputs) writer[v] = static_cast<int>(i);
  }
}

// "y = Conv2D|FusedConv2D(x, W, ...)", line by line.
Pattern parse_pattern(const char* at) {
  Pattern pattern;
  while (*at != 0) {
    PatternLine& line = pattern.lines[pattern.line_count++];
    line.output = *at;
    line.ops = at + std::strlen("y = ");
    while (*at != '(') ++at;
    for (; *at != ')'; ++at) {
      if (*at >= 'A') line.inputs[line.input_count++] = *at;
      line.more |= *at == '.';
    }
    ++at;
    if (*at == '\n') ++at;
  }
  return pattern;
}

bool Match::match_value(const Pattern& pattern, int line, char name, int value) {
  if (value == kAbsent) return false;
  if (bound(name).value != kAbsent) return bound(name).value == value;
  for (int k = 0; k < line; ++k) {
    if (pattern.lines[k].output != name) continue;
    const int writer = wiring_.writer[value];
    return writer >= 0 && match_line(pattern, k, writer);
  }
  if (name <= 'Z' && !graph_.values[value].constant) return false;
  bound(name) = {value, -1};
  return true;
}

bool Match::match_inputs(const Pattern& pattern, int line, int node, bool swapped) {
  const PatternLine& p = pattern.lines[line];
  const Node& n = graph_.nodes[node];
  for (int i = 0; i < p.input_count; ++i) {
    const int from = swapped ? 1 - i : i;
    if (!match_value(pattern, line, p.inputs[i], n.inputs[from])) return false;
  }
  return true;
}

namespace {
int uses_of(char name, const Pattern& pattern) {
  int uses = 0;
  for (const PatternLine& p : pattern.lines)
    for (const char input : p.inputs) uses += static_cast<int>(input == name);
  return uses;
}
}  // namespace

// What the pattern makes inside must be used inside alone: asked here, so that of a sum of two
// convolutions the one is taken that nothing else reads.
bool Match::match_line(const Pattern& pattern, int line, int node) {
  const PatternLine& p = pattern.lines[line];
  const Node& n = graph_.nodes[node];
  if (n.op == nullptr || !is_one_of(n.op->name, p.ops)) return false;
  if (line + 1 < pattern.line_count && wiring_.uses[n.outputs[0]] != uses_of(p.output, pattern))
    return false;
  // Absent inputs at the end count as not there.
  int inputs = static_cast<int>(n.inputs.size());
  while (inputs > 0 && n.inputs[inputs - 1] == kAbsent) --inputs;
  if (inputs < p.input_count || (inputs > p.input_count && !p.more)) return false;
  bound(p.output) = {n.outputs[0], node};
  const Bindings before = bindings_;
  if (match_inputs(pattern, line, node, false)) return true;
  bindings_ = before;
  return commutes(n.op->name) && match_inputs(pattern, line, node, true);
}

bool Match::find(const Pattern& pattern, int root) {
  bindings_ = {};
  root_ = pattern.lines[pattern.line_count - 1].output;
  return match_line(pattern, pattern.line_count - 1, root);
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
  node.op = nullptr;  // run_pass sweeps these up
}

void Match::root_becomes(char name) {
  Node& heir = node(name);
  drop(root_);
  wiring_.writer[heir.outputs[0]] = -1;
  heir.outputs[0] = value(root_);
  wiring_.writer[value(root_)] = bound(name).node;
}

void Match::change_places(char name) {
  Node &first = node(name), &then = node(root_);
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
  const Pattern pattern = parse_pattern(pass.pattern);
  Wiring wiring(graph);
  Match match(graph, wiring);
  bool any = false;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    if (!match.find(pattern, static_cast<int>(i))) continue;
    bool here = false;
    WXNN_TRY(pass.rewrite(match, &here));
    any |= here;
  }
  if (any) {
    erase_if(graph.nodes, [](const Node& n) { return n.op == nullptr; });
    // A node that took over a later node's output may now stand before what it reads.
    WXNN_TRY(sort(graph));
    remove_dead(graph);
  }
  *changed |= any;
  return {};
}

}  // namespace wxnn
