// Conditions that are known beforehand, and loops of at most one turn, written out: most loops of
// exported models go over a batch, which is one picture on a phone. What they compute then has the
// shapes that it would have without a loop.
#include <algorithm>

#include "converter/lower.h"
#include "core/flow.h"

namespace wxnn {

namespace {

constexpr int kMostTurns = 1;

Status copy_graph(const Graph& from, std::unique_ptr<Graph>* to);

Status copy_bodies(const Node& from, Node* to) {
  for (const auto& body : from.bodies) {
    to->bodies.emplace_back();
    WXNN_TRY(copy_graph(*body, &to->bodies.back()));
  }
  return {};
}

Node without_bodies(const Node& node) {
  return {node.op, node.name, node.attrs, node.inputs, node.outputs};
}

Status copy_graph(const Graph& from, std::unique_ptr<Graph>* to) {
  auto graph = std::make_unique<Graph>();
  graph->inputs = from.inputs;
  graph->outputs = from.outputs;
  for (const Value& v : from.values) {
    graph->values.push_back({v.name, v.type, nullptr});
    if (v.constant) WXNN_TRY(copy_constant(*v.constant, &graph->values.back().constant));
  }
  for (const Node& node : from.nodes) {
    graph->nodes.push_back(without_bodies(node));
    WXNN_TRY(copy_bodies(node, &graph->nodes.back()));
  }
  *to = std::move(graph);
  return {};
}

// Appends the nodes of `body` as they are for these inputs.
Status write_out(GraphBuilder& b, const Graph& body, const std::vector<int>& inputs,
                 std::vector<int>* outputs) {
  std::vector<int> here(body.values.size(), kAbsent);
  const auto to = [&](int v, int* mine) -> Status {
    *mine = v == kAbsent ? kAbsent : here[v];
    if (v == kAbsent || here[v] != kAbsent) return {};
    const Value& value = body.values[v];
    *mine = here[v] = b.graph.add_value(value.name, value.type);
    return value.constant ? copy_constant(*value.constant, &b.graph.values[*mine].constant)
                          : Status();
  };
  for (size_t i = 0; i < inputs.size(); ++i) here[body.inputs[i]] = inputs[i];
  for (const Node& node : body.nodes) {
    Node copy = without_bodies(node);
    WXNN_TRY(copy_bodies(node, &copy));
    for (int& v : copy.inputs) WXNN_TRY(to(v, &v));
    for (int& v : copy.outputs) WXNN_TRY(to(v, &v));
    WXNN_TRY(lower_node(b, copy));
  }
  for (const int v : body.outputs) {
    outputs->push_back(kAbsent);
    WXNN_TRY(to(v, &outputs->back()));
  }
  return {};
}

// What the condition says of this state, where that is known beforehand.
Status ask(GraphBuilder& b, const Graph& condition, const std::vector<int>& state, bool* known,
           bool* goes_on) {
  std::vector<int> answer;
  WXNN_TRY(write_out(b, condition, state, &answer));
  *known = b.is_constant(answer[0]);
  if (!*known) return {};
  Tensor t;
  WXNN_TRY(b.graph.materialize(answer[0], &t));
  *goes_on = is_true(t);
  return {};
}

Status turns(GraphBuilder& b, const Node& loop, std::vector<int>* state, bool* done) {
  const Graph& condition = *loop.bodies[0];
  const Graph& body = *loop.bodies[1];
  for (int turn = 0; turn <= kMostTurns; ++turn) {
    bool known = false, goes_on = false;
    WXNN_TRY(ask(b, condition, *state, &known, &goes_on));
    *done = known && !goes_on;
    if (*done || !known || turn == kMostTurns) return {};
    std::vector<int> next;
    WXNN_TRY(write_out(b, body, *state, &next));
    *state = std::move(next);
  }
  return {};
}

// These are the outputs of the node; one value may be several of them.
Status give(GraphBuilder& b, const Node& node, const std::vector<int>& values) {
  for (size_t k = 0; k < node.outputs.size(); ++k) {
    int same = values[k];
    if (!b.is_constant(same))
      WXNN_TRY(b.same(b.graph.values[node.outputs[k]].name, values[k], &same));
    WXNN_TRY(b.put(same, node.outputs[k]));
  }
  return {};
}

}  // namespace

Status write_out_branch(GraphBuilder& b, const Node& choice) {
  Tensor condition;
  WXNN_TRY(b.graph.materialize(choice.inputs[0], &condition));
  std::vector<int> made;
  const std::vector<int> inputs(choice.inputs.begin() + 1, choice.inputs.end());
  WXNN_TRY(write_out(b, *choice.bodies[is_true(condition) ? 0 : 1], inputs, &made));
  return give(b, choice, made);
}

Status write_out_loop(GraphBuilder& b, const Node& loop, bool* done) {
  const size_t before = b.graph.nodes.size();
  std::vector<int> state(loop.inputs.begin(), loop.inputs.end());
  // What cannot be written out is refused, or not, as the loop that it is.
  if (!turns(b, loop, &state, done).ok()) *done = false;
  if (!*done) {
    b.graph.nodes.erase(b.graph.nodes.begin() + static_cast<ptrdiff_t>(before),
                        b.graph.nodes.end());
    return {};
  }
  return give(b, loop, state);
}

}  // namespace wxnn
