// Planning a model: shapes, what can be computed now, kernels, memory.
#include <algorithm>
#include <climits>

#include "core/arena.h"
#include "core/model_step.h"
#include "core/ports.h"
#include "core/states.h"

namespace wxnn {

namespace {

bool packs(const Op& op, size_t input) { return (op.traits(input) & kPacked) != 0; }

constexpr int kForever = INT_MAX;

// Bytes of an arena that loading takes at once; bodies of loops are many.
constexpr size_t kAtLoading = size_t{64} << 20;
constexpr size_t kAtLoadingBody = size_t{1} << 16;

}  // namespace

std::string Model::Step::described() const {
  std::string text = node->place();
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i] == nullptr || node->op->inputs.size() == 0) continue;
    const size_t port = std::min(i, node->op->inputs.size() - 1);
    say(text, i == 0 ? ", " : " ", node->op->inputs.begin()[port].name, " ", inputs[i]->shape);
  }
  return text;
}

Status Model::Step::own_output(size_t i) {
  WXNN_TRY(own[i].fit(outputs[i].bytes()));
  outputs[i].data = own[i].data();
  return {};
}

// Constants that some port reads in place are widened once, here; those that are only packed stay
// as the file has them until their kernel is created.
Status Model::keep_constants() {
  const size_t n = graph_.values.size();
  unpacked_.assign(n, 0);
  kept_.assign(n, false);
  for (const Node& node : graph_.nodes) {
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const int v = node.inputs[i];
      if (v == kAbsent || !graph_.values[v].constant) continue;
      if (packs(*node.op, i)) {
        ++unpacked_[v];
      } else {
        kept_[v] = true;
      }
    }
  }
  const auto keep = [&](int v) { kept_[v] = kept_[v] || graph_.values[v].constant; };
  for (int v : graph_.outputs) keep(v);
  for (const State& s : states_of(graph_)) {
    keep(s.output);
    keep(s.initial);
  }
  for (size_t v = 0; v < n; ++v) {
    if (kept_[v]) WXNN_TRY(graph_.materialize(static_cast<int>(v), &tensors_[v]));
  }
  return {};
}

void Model::release_packed(const Node& node) {
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const int v = node.inputs[i];
    if (v == kAbsent || !graph_.values[v].constant || !packs(*node.op, i)) continue;
    if (--unpacked_[v] > 0 || kept_[v]) continue;
    packed_bytes_ += graph_.values[v].type.bytes();
    graph_.values[v].constant->owned = {};
    graph_.values[v].constant->bytes = {};
    tensors_[v].data = nullptr;
  }
}

bool Model::waits_for_file() const {
  if (std::ranges::any_of(unpacked_, [](int uses) { return uses > 0; })) return true;
  for (const Step& step : steps_) {
    if (!step.is_flow()) continue;
    for (const std::unique_ptr<Model>& body : step.flow->bodies()) {
      if (body->waits_for_file()) return true;
    }
  }
  return false;
}

Status Model::create_kernel(Step& step) {
  const Node& node = *step.node;
  if (node.op->create == nullptr || (step.kernel && !step.packs_data)) return {};
  bool packs_constant = false;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const int v = node.inputs[i];
    if (v == kAbsent || !packs(*node.op, i) || !graph_.values[v].constant) continue;
    const Constant& constant = *graph_.values[v].constant;
    // A kernel copies: what needs no widening may lie where the file has it.
    if (constant.encoding == Encoding::kPlain && !constant.owned &&
        reinterpret_cast<uintptr_t>(constant.bytes.data()) % sizeof(float) == 0) {
      tensors_[v].data = const_cast<std::byte*>(constant.bytes.data());
    } else {
      WXNN_TRY(graph_.materialize(v, &tensors_[v]));
    }
    packs_constant = true;
  }
  step.kernel.reset();
  WXNN_TRY(node.op->create(step.infer_ctx(), &step.kernel));
  // A kernel that is created anew at every run needs its constants every time.
  if (packs_constant && !step.packs_data) release_packed(node);
  return {};
}

Status Model::prepare_kernel(Step& step) {
  step.scratch_bytes = 0;
  if (step.node->op->create == nullptr) return {};
  WXNN_TRY(create_kernel(step));
  return step.kernel->reshape(step.infer_ctx(), &step.scratch_bytes);
}

void Model::publish(Step& step) {
  for (size_t i = 0; i < step.outputs.size(); ++i) {
    tensors_[step.node->outputs[i]] = step.outputs[i];
  }
}

// What is constant is computed while planning, within bounds: else at every run.
bool Model::may_evaluate(const Step& step) {
  for (const TensorType& type : step.types) evaluated_ += type.bytes();
  return evaluated_ <= most_evaluated_;
}

Status Model::evaluate_now(Step& step) {
  for (size_t i = 0; i < step.outputs.size(); ++i) WXNN_TRY(step.own_output(i));
  if (gives_nothing(*step.node->op, step.outputs)) return {};
  WXNN_TRY(create_kernel(step));
  Buffer scratch;
  if (step.kernel) {
    WXNN_TRY(step.kernel->reshape(step.infer_ctx(), &step.scratch_bytes));
    WXNN_TRY(scratch.allocate(step.scratch_bytes));
    step.scratch = scratch.data();
    return step.kernel->run(step.run_ctx());
  }
  return step.node->op->run(step.run_ctx());
}

Status Model::plan_flow(Step& step) {
  step.kind = Step::Kind::kFlow;
  InferCtx c = step.infer_ctx();
  WXNN_TRY(step.flow->plan(c));
  for (size_t i = 0; i < step.types.size(); ++i) {
    step.outputs[i] = {step.types[i], nullptr};
    late_[step.node->outputs[i]] = step.types[i].shape.is_unknown();
  }
  publish(step);
  return {};
}

Status Model::plan_step(Step& step) {
  const Op& op = *step.node->op;
  if (step.is_flow()) return plan_flow(step);
  bool late = false;
  bool all_known = true;
  for (size_t i = 0; i < step.inputs.size(); ++i) {
    const Tensor* in = step.inputs[i];
    if (in == nullptr) continue;
    const uint8_t port = op.traits(i);
    late |= in->shape.is_unknown() || (op.view && late_[step.node->inputs[i]]);
    late |= (port & kValueKnown) != 0 && in->data == nullptr;
    const bool constant = graph_.values[step.node->inputs[i]].constant != nullptr;
    all_known &= in->data != nullptr || constant || (port & kTypeOnly) != 0;
  }
  std::ranges::fill(step.types, TensorType{DType::kFloat32, Shape::unknown()});
  if (!late) {
    InferCtx c = step.infer_ctx();
    WXNN_TRY(infer(op, c));
    late =
        std::ranges::any_of(step.types, [](const TensorType& t) { return t.shape.is_unknown(); });
  }
  late |= step.packs_data && !all_known;
  for (size_t i = 0; i < step.types.size(); ++i) step.outputs[i] = {step.types[i], nullptr};
  if (late) {
    WXNN_TRY(check_ports(op, step.infer_ctx()));
    step.kind = Step::Kind::kLate;
  } else if (op.view) {
    step.kind = Step::Kind::kView;
    step.outputs[0].data = step.inputs[0]->data;
  } else if (all_known && !op.stateful && may_evaluate(step)) {
    step.kind = Step::Kind::kEvaluated;
    WXNN_TRY(evaluate_now(step));
  } else {
    step.kind = Step::Kind::kRun;
    WXNN_TRY(prepare_kernel(step));
  }
  for (int v : step.node->outputs) late_[v] = step.kind == Step::Kind::kLate;
  publish(step);
  return {};
}

Status Model::plan() {
  planned_ = false;
  evaluated_ = 0;
  late_.assign(tensors_.size(), false);
  for (size_t v = 0; v < tensors_.size(); ++v) {
    if (!kept_[v]) tensors_[v].data = nullptr;  // what a former plan knew
  }
  for (size_t i = 0; i < known_.size(); ++i) {
    const int v = graph_.inputs[i];
    tensors_[v].data = const_cast<void*>(known_[i]);
    late_[v] = tensors_[v].shape.is_unknown();
  }
  for (Step& step : steps_) WXNN_TRY(step.at(plan_step(step)));
  WXNN_TRY(check_states());
  if (!waits_for_file()) graph_.file = {};
  WXNN_TRY(lay_out());
  planned_ = true;
  return {};
}

namespace {

// Tensors that share one piece of the arena: a node's output, the views of it, and the outputs that
// were written over it in place.
struct Groups {
  std::vector<int> of_value;  // -1: not in the arena
  std::vector<Lifetime> lifetimes;

  int open(size_t bytes, int first, int last) {
    lifetimes.push_back({bytes, first, last});
    return static_cast<int>(lifetimes.size()) - 1;
  }
};

}  // namespace

// In a loop, output k may lie where input k lies: it is the input of the next round.
bool Model::may_overwrite(const Node& node, int input) const {
  if (!is_body_) return false;
  for (size_t k = 0; k < std::min(graph_.inputs.size(), graph_.outputs.size()); ++k) {
    if (graph_.inputs[k] == input) return graph_.outputs[k] == node.outputs[0];
  }
  return false;
}

Status Model::lay_out() {
  const int end = static_cast<int>(steps_.size());
  std::vector<int> last(graph_.values.size(), -1);
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

  Groups groups;
  groups.of_value.assign(graph_.values.size(), -1);
  const auto open_input = [&](int v) {
    if (late_[v] || tensors_[v].data != nullptr) return;
    // An input keeps its bytes from one run to the next: a caller may write only what changed.
    groups.of_value[v] = groups.open(tensors_[v].bytes(), 0, kForever);
  };
  for (int v : graph_.inputs) open_input(v);
  for (const State& s : states_of(graph_)) open_input(s.input);
  std::vector<int> scratch_group(steps_.size(), -1);
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

  const ArenaPlan plan = plan_arena(groups.lifetimes);
  arena_bytes_ = plan.bytes;
  if (!arena_ || arena_.size() < plan.bytes) {
    waits_ = !reserves_ && plan.bytes > (is_body_ ? kAtLoadingBody : kAtLoading);
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
  Status status = lay_out();
  waits_ = !status.ok();
  return status;
}

}  // namespace wxnn
