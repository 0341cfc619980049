// Laying a model's tensors out in its arena.
#include <algorithm>
#include <climits>

#include "core/arena.h"
#include "core/model_step.h"
#include "core/states.h"

namespace wxnn {

namespace {

constexpr int kForever = INT_MAX;

// Tensors that share one piece of the arena: a node's output, the views of it, and the outputs that
// were written over it in place.
struct Groups {
  Vector<int> of_value;  // -1: not in the arena
  Vector<Lifetime> lifetimes;
  int count = 0;

  // `most`: how many may be opened.
  Groups(size_t values, size_t most) : of_value(values, -1), lifetimes(most) {}
  int open(size_t bytes, int first, int last) {
    lifetimes[count] = {bytes, first, last};
    return count++;
  }
};

}  // namespace

// Bytes of an arena that loading takes at once; bodies of loops are many.
size_t Model::at_loading() const { return size_t{1} << (is_body_ ? 16 : 26); }

// In a loop, output k may lie where input k lies: it is the input of the next round.
bool Model::may_overwrite(const Node& node, int input) const {
  if (!is_body_) return false;
  for (size_t k = 0; k < std::min(graph_.inputs.size(), graph_.outputs.size()); ++k) {
    if (graph_.inputs[k] == input) return graph_.outputs[k] == node.outputs[0];
  }
  return false;
}

Status Model::lay_out(bool only_measure) {
  const int end = static_cast<int>(steps_.size());
  Vector<int> last(graph_.values.size(), -1);
  for (int v : graph_.outputs) last[v] = kForever;
  for (const State& s : states_of(graph_)) last[s.output] = kForever;
  for (int i = end; i-- > 0;) {
    const Node& node = *steps_[i].node;
    for (int v : node.inputs) {
      if (v != kAbsent) last[v] = std::max(last[v], i);
    }
    if (node.op->view && steps_[i].kind != Step::Kind::kEvaluated) {
      last[node.inputs[0]] = std::max(last[node.inputs[0]], last[node.outputs[0]]);
    }
  }

  // One for each value that is written, and one for each step's scratch.
  Groups groups(graph_.values.size(),
                graph_.values.size() + states_of(graph_).size() + steps_.size());
  const auto open_input = [&](int v) {
    if (late_[v] || tensors_[v].data != nullptr) return;
    // An input keeps its bytes from one run to the next: a caller may write only what changed.
    groups.of_value[v] = groups.open(tensors_[v].bytes(), 0, kForever);
  };
  for (int v : graph_.inputs) open_input(v);
  for (const State& s : states_of(graph_)) open_input(s.input);
  Vector<int> scratch_group(steps_.size(), -1);
  for (int i = 0; i < end; ++i) {
    const Step& step = steps_[i];
    const Node& node = *step.node;
    if (step.kind == Step::Kind::kView) {
      groups.of_value[node.outputs[0]] = groups.of_value[node.inputs[0]];
      continue;
    }
    if (step.kind != Step::Kind::kRun && step.kind != Step::Kind::kFlow) continue;
    int over = -1;  // the group that output 0 is written over
    const int8_t port = node.op->in_place;
    if (port >= 0 && static_cast<size_t>(port) < node.inputs.size()) {
      const int x = node.inputs[port];
      const int group = groups.of_value[x];
      bool free = group >= 0 &&
                  (groups.lifetimes[group].last == i || (last[x] == i && may_overwrite(node, x))) &&
                  tensors_[x].bytes() == step.outputs[0].bytes();
      // Another operand in the same memory under another shape would be overwritten too early.
      for (int other : node.inputs) {
        if (other != kAbsent && other != x) free &= groups.of_value[other] != group;
      }
      if (free) over = group;
    }
    for (size_t k = 0; k < node.outputs.size(); ++k) {
      const int v = node.outputs[k];
      if (late_[v]) continue;
      if (k == 0 && over >= 0) {
        groups.of_value[v] = over;
        groups.lifetimes[over].last = std::max(i, last[v]);
      } else {
        groups.of_value[v] = groups.open(step.outputs[k].bytes(), i, std::max(i, last[v]));
      }
    }
    if (step.scratch_bytes != 0) scratch_group[i] = groups.open(step.scratch_bytes, i, i);
  }

  const ArenaPlan plan = plan_arena({groups.lifetimes.data(), static_cast<size_t>(groups.count)});
  arena_bytes_ = plan.bytes;
  if (only_measure) return {};
  if (!arena_ || arena_.size() < plan.bytes) {
    waits_ = !reserves_ && plan.bytes > at_loading();
    if (waits_) return {};
    WXNN_TRY(arena_.allocate(plan.bytes));
  }
  std::byte* base = arena_.data();
  for (size_t v = 0; v < tensors_.size(); ++v) {
    const int group = groups.of_value[v];
    if (group >= 0) tensors_[v].data = base + plan.offsets[group];
  }
  for (int i = 0; i < end; ++i) {
    Step& step = steps_[i];
    step.scratch = scratch_group[i] < 0 ? nullptr : base + plan.offsets[scratch_group[i]];
    for (size_t k = 0; k < step.outputs.size(); ++k) {
      if (late_[step.node->outputs[k]]) continue;
      step.outputs[k].data = tensors_[step.node->outputs[k]].data;
    }
  }
  return {};
}

Status Model::reserve() {
  reserves_ = true;
  if (!waits_) return {};
  Status status = lay_out(false);
  waits_ = !status.ok();
  return status;
}

}  // namespace wxnn
