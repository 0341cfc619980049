#include "formats/node_list_v1.h"

#include <algorithm>

#include "core/build_parts.h"
#include "formats/node_list_reader.h"

namespace wxnn {

namespace {

constexpr int kMostChoices = 64;  // inside each other

bool contains(const Vector<int>& list, int node) {
  return std::ranges::find(list, node) != list.end();
}

std::string_view text_of(const ListedNode& node, std::string_view name) {
  Cursor at = node.attrs;
  for (uint32_t i = 0; i < node.attr_count; ++i) {
    TfAttr attr = read_attr(&at);
    if (attr.name == name && attr.kind == TfAttrKind::kText) return attr.value.text();
  }
  return {};
}

Status not_standard(const ListedNode& node) {
  return fail<
      "{} is no part of a loop or condition of the form that tf.while_loop and tf.cond give them; "
      "only those are supported">(place(node));
}

}  // namespace

bool V1Flow::is(int node, std::string_view op) const {
  return node != kAbsent && scope_.nodes[node].op == op;
}

// The node behind an input, past Identity; kAbsent where there is none.
int V1Flow::input_node(int node, size_t input, int* output) const {
  Ref ref;
  if (!trace(scope_, input_of(scope_.nodes[node], input), nullptr, &ref).ok()) return kAbsent;
  if (output != nullptr) *output = ref.output;
  return ref.node;
}

Status V1Flow::add_part(int swtch, int loop_condition, TfLoop* loop) const {
  const ListedNode& n = scope_.nodes[swtch];
  const int merge = input_node(swtch, 0);
  if (!is(merge, "Merge")) return not_standard(n);
  const int enter = input_node(merge, 0);
  const int next = input_node(merge, 1);
  if (!is(enter, "Enter") || !is(next, "NextIteration")) return not_standard(n);
  loop->switches.push_back(swtch);
  loop->merges.push_back(merge);
  loop->enters.push_back(enter);
  loop->nexts.push_back(next);
  loop->exits.push_back(kAbsent);
  loop->condition = input_of(scope_.nodes[loop_condition], 0);
  return {};
}

// Follows what the condition and the body read, back to the Enter nodes of this loop.
Status V1Flow::find_constants(TfLoop* loop) const {
  const std::string_view frame = text_of(scope_.nodes[loop->enters[0]], "frame_name");
  Vector<uint8_t> seen(scope_.nodes.size());
  Vector<std::string_view> open = {loop->condition};
  for (int next : loop->nexts) open.push_back(input_of(scope_.nodes[next], 0));
  while (!open.empty()) {
    Ref ref;
    WXNN_TRY(trace(scope_, open.back(), nullptr, &ref));
    open.pop_back();
    const bool boundary = contains(loop->merges, ref.node) || contains(loop->switches, ref.node);
    if (seen[ref.node] != 0 || boundary) continue;
    seen[ref.node] = 1;
    const ListedNode& n = scope_.nodes[ref.node];
    if (n.op == "Enter" && text_of(n, "frame_name") == frame) {
      loop->constants.push_back(ref.node);
      continue;
    }
    Cursor inputs = n.inputs;
    for (uint32_t i = 0; i < n.input_count; ++i) {
      const std::string_view input = inputs.text();
      if (!is_control(input)) open.push_back(input);
    }
  }
  return {};
}

Status V1Flow::find_loop(int exit, TfLoop* loop) {
  const int swtch = input_node(exit, 0);
  const int condition = is(swtch, "Switch") ? input_node(swtch, 1) : kAbsent;
  if (!is(condition, "LoopCond")) return not_standard(scope_.nodes[exit]);
  const int n = static_cast<int>(scope_.nodes.size());
  for (int i = 0; i < n; ++i) {
    if (is(i, "Switch") && input_node(i, 1) == condition) WXNN_TRY(add_part(i, condition, loop));
  }
  for (int i = 0; i < n; ++i) {
    if (!is(i, "Exit")) continue;
    int output = 0;
    const auto part = std::ranges::find(loop->switches, input_node(i, 0, &output));
    if (part != loop->switches.end() && output == 0) {
      loop->exits[static_cast<size_t>(part - loop->switches.begin())] = i;
    }
  }
  return find_constants(loop);
}

Status V1Flow::loop_at(int exit, TfLoop** loop) {
  for (const auto& known : loops_) {
    *loop = known.get();
    if (contains(known->exits, exit)) return {};
  }
  auto found = std::make_unique<TfLoop>();
  WXNN_TRY(find_loop(exit, found.get()));
  if (!contains(found->exits, exit)) return not_standard(scope_.nodes[exit]);
  *loop = found.get();
  loops_.push_back(std::move(found));
  return {};
}

// What lies between a result of a condition and the Switch nodes before it.
struct V1Flow::Walk {
  Vector<int> switches;
  int condition = kAbsent;  // the node that decides
  int side = kAbsent;       // the output of the Switch nodes
};

Status V1Flow::find_side(std::string_view tensor, Walk* walk) {
  Vector<uint8_t> seen(scope_.nodes.size());
  Vector<std::string_view> open = {tensor};
  Vector<std::string_view> controls;
  while (!open.empty() || (walk->condition == kAbsent && !controls.empty())) {
    const bool by_data = !open.empty();
    Vector<std::string_view>& from = by_data ? open : controls;
    std::string_view at = from.back();
    from.pop_back();
    if (is_control(at)) at.remove_prefix(1);
    Ref ref;
    WXNN_TRY(trace(scope_, at, nullptr, &ref));
    const ListedNode& n = scope_.nodes[ref.node];
    if (n.op == "Switch") {
      const int condition = input_node(ref.node, 1);
      if (is(condition, "LoopCond")) continue;
      const bool first = walk->condition == kAbsent;
      if (!first && (condition != walk->condition || ref.output != walk->side)) {
        return not_standard(n);
      }
      walk->condition = condition;
      walk->side = ref.output;
      if (by_data && !contains(walk->switches, ref.node)) walk->switches.push_back(ref.node);
      continue;
    }
    if (seen[ref.node] != 0 || !by_data) continue;
    seen[ref.node] = 1;
    WXNN_TRY(dependencies(ref.node, &open));
    Cursor inputs = n.inputs;
    for (uint32_t i = 0; i < n.input_count; ++i) {
      const std::string_view input = inputs.text();
      if (is_control(input)) controls.push_back(input);
    }
  }
  return {};
}

Status V1Flow::find_choice(int merge, TfChoice* choice) {
  const ListedNode& n = scope_.nodes[merge];
  WXNN_CHECK(depth_ < kMostChoices, "has conditions more than {} deep", kMostChoices);
  ++depth_;
  Walk walks[2];
  for (size_t i = 0; i < 2; ++i) {
    Status status = find_side(input_of(n, i), &walks[i]);
    if (!status.ok()) return status;
  }
  --depth_;
  // A branch that reads nothing from outside is the other one's opposite.
  for (size_t i = 0; i < 2; ++i) {
    const Walk& other = walks[1 - i];
    if (walks[i].condition != kAbsent || other.condition == kAbsent) continue;
    walks[i].condition = other.condition;
    walks[i].side = 1 - other.side;
  }
  const bool opposite = walks[0].condition != kAbsent && walks[0].condition == walks[1].condition &&
                        walks[0].side + walks[1].side == 1;
  if (n.input_count < 2 || !opposite) return not_standard(n);
  choice->condition = scope_.nodes[walks[0].condition].name;
  for (size_t i = 0; i < 2; ++i) {
    choice->results[walks[i].side] = input_of(n, i);
    for (int s : walks[i].switches) {
      choice->condition = input_of(scope_.nodes[s], 1);
      if (!contains(choice->switches, s)) choice->switches.push_back(s);
    }
  }
  return {};
}

Status V1Flow::choice_at(int merge, TfChoice** choice) {
  for (const Known& known : choices_) {
    *choice = known.choice.get();
    if (known.merge == merge) return {};
  }
  auto found = std::make_unique<TfChoice>();
  WXNN_TRY(find_choice(merge, found.get()));
  *choice = found.get();
  choices_.push_back({merge, std::move(found)});
  return {};
}

Status V1Flow::dependencies(int node, Vector<std::string_view>* tensors) {
  const ListedNode& n = scope_.nodes[node];
  if (kBuildParts.flow && n.op == "Exit") {
    TfLoop* loop = nullptr;
    WXNN_TRY(loop_at(node, &loop));
    for (int enter : loop->enters) tensors->push_back(input_of(scope_.nodes[enter], 0));
    for (int enter : loop->constants) tensors->push_back(input_of(scope_.nodes[enter], 0));
    return {};
  }
  if (kBuildParts.flow && n.op == "Merge") {
    TfChoice* choice = nullptr;
    WXNN_TRY(choice_at(node, &choice));
    tensors->push_back(choice->condition);
    for (int s : choice->switches) tensors->push_back(input_of(scope_.nodes[s], 0));
    return {};
  }
  Cursor inputs = n.inputs;
  for (uint32_t i = 0; i < n.input_count; ++i) {
    const std::string_view input = inputs.text();
    if (!is_control(input)) tensors->push_back(input);
  }
  return {};
}

}  // namespace wxnn
