// Laying a model's tensors out in its arena.
#include <algorithm>
#include <climits>
#include <utility>

#include "core/arena.h"
#include "core/model_step.h"
#include "core/states.h"

namespace wxnn {

namespace {

constexpr int kForever = INT_MAX;

// One of a model's values.
struct Place {
  int last = -1;   // the last step that reads it
  int group = -1;  // its piece of the arena; -1: not there
};

// Pieces of the arena. Tensors that share one: a node's output, the views of it, and the outputs
// that were written over it in place.
struct Groups {
  Vector<Lifetime> lifetimes;
  int count = 0;

  // `most`: how many may be opened.
  explicit Groups(size_t most) : lifetimes(most) {}
  int open(size_t bytes, int first, int last) {
    lifetimes[count] = {bytes, first, last};
    return count++;
  }
};

}  // namespace

// Bytes of an arena that loading takes at once; bodies of loops are many.
size_t Model::at_loading() const { return size_t{1} << (kBuildParts.flow && is_body_ ? 16 : 26); }

// In a loop, output k may lie where input k lies: it is the input of the next round.
bool Model::may_overwrite(const Node& node, int input) const {
  if (!kBuildParts.flow || !is_body_) return false;
  for (size_t k = 0; k < std::min(graph_.inputs.size(), graph_.outputs.size()); ++k) {
    if (graph_.inputs[k] == input) return graph_.outputs[k] == node.outputs[0];
  }
  return false;
}

Status Model::lay_out(bool only_measure) {
  const int end = static_cast<int>(steps_.size());
  Vector<Place> places(graph_.values.size());
  for (int v : graph_.outputs) places[v].last = kForever;
  for (const State& s : states_of(graph_)) places[s.output].last = kForever;
  for (int i = end; i-- > 0;) {
    const Node& node = *steps_[i].node;
    for (int v : node.inputs) {
      if (v != kAbsent) places[v].last = std::max(places[v].last, i);
    }
    if (node.op->view && steps_[i].kind != Step::Kind::kEvaluated) {
      int& last = places[node.inputs[0]].last;
      last = std::max(last, places[node.outputs[0]].last);
    }
  }

  // One for each value that is written, and one for each step's scratch.
  Groups groups(places.size() + states_of(graph_).size() + steps_.size());
  const auto open_input = [&](int v) {
    if (is_late(v) || tensors_[v].data != nullptr) return;
    // An input keeps its bytes from one run to the next: a caller may write only what changed.
    places[v].group = groups.open(tensors_[v].bytes(), 0, kForever);
  };
  for (int v : graph_.inputs) open_input(v);
  for (const State& s : states_of(graph_)) open_input(s.input);
  for (int i = 0; i < end; ++i) {
    Step& step = steps_[i];
    const Node& node = *step.node;
    step.scratch_group = -1;
    if (step.kind == Step::Kind::kView) {
      places[node.outputs[0]].group = places[node.inputs[0]].group;
      continue;
    }
    if (step.kind != Step::Kind::kRun && step.kind != Step::Kind::kFlow) continue;
    int over = -1;  // the group that output 0 is written over
    const int8_t port = node.op->in_place;
    if (port >= 0 && static_cast<size_t>(port) < node.inputs.size()) {
      const int x = node.inputs[port];
      const Place& place = places[x];
      const int group = place.group;
      bool free =
          group >= 0 &&
          (groups.lifetimes[group].last == i || (place.last == i && may_overwrite(node, x))) &&
          tensors_[x].bytes() == step.outputs[0].bytes();
      // Another operand in the same memory under another shape would be overwritten too early.
      for (int other : node.inputs) {
        if (other != kAbsent && other != x) free &= places[other].group != group;
      }
      if (free) over = group;
    }
    for (size_t k = 0; k < node.outputs.size(); ++k) {
      const int v = node.outputs[k];
      if (is_late(v)) continue;
      Place& place = places[v];
      const int last = std::max(i, place.last);
      if (over >= 0) {
        groups.lifetimes[over].last = last;
      } else {
        over = groups.open(step.outputs[k].bytes(), i, last);
      }
      place.group = std::exchange(over, -1);
    }
    if (step.scratch_bytes != 0) step.scratch_group = groups.open(step.scratch_bytes, i, i);
  }

  arena_bytes_ = plan_arena({groups.lifetimes.data(), static_cast<size_t>(groups.count)});
  if (only_measure) return {};
  if (!arena_ || arena_.size() < arena_bytes_) {
    waits_ = !reserves_ && arena_bytes_ > at_loading();
    if (waits_) return {};
    WXNN_TRY(arena_.allocate(arena_bytes_));
  }
  const auto address = [&](int group) { return arena_.data() + groups.lifetimes[group].offset; };
  for (size_t v = 0; v < tensors_.size(); ++v) {
    const int group = places[v].group;
    if (group >= 0) tensors_[v].data = address(group);
  }
  for (int i = 0; i < end; ++i) {
    Step& step = steps_[i];
    step.scratch = step.scratch_group < 0 ? nullptr : address(step.scratch_group);
    for (size_t k = 0; k < step.outputs.size(); ++k) {
      const int v = step.node->outputs[k];
      if (!is_late(v)) step.outputs[k].data = tensors_[v].data;
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
