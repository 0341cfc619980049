// Planning a model: shapes, what can be computed now, kernels.
#include <algorithm>

#include "core/model_step.h"
#include "core/ports.h"
#include "core/states.h"

namespace wxnn {

namespace {

bool packs(const Op& op, size_t input) { return (op.traits(input) & kPacked) != 0; }

// Bytes that the constant needs while it is packed; 0 where its bytes may be read where they are:
// a kernel copies.
size_t room_to_pack(const Value& value) {
  const Constant& c = *value.constant;
  const bool there =
      c.bytes.data() != nullptr && reinterpret_cast<uintptr_t>(c.bytes.data()) % sizeof(float) == 0;
  if (there && c.encoding == Encoding::kPlain && c.factors.empty()) return 0;
  return Buffer::padded(value.type.bytes()) + Buffer::padded(spare_bytes(c, value.type));
}

// Bytes of constants that may have blocks of their own while they are packed.
constexpr size_t kSmall = size_t{1} << 17;

}  // namespace

String Model::Step::described() const {
  String text = node->place();
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i] == nullptr || node->op->inputs.size() == 0) continue;
    const size_t port = std::min(i, node->op->inputs.size() - 1);
    say<"{}{} {}">(text, i == 0 ? ", " : " ", node->op->inputs.begin()[port].name,
                   inputs[i]->shape);
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
  unpacked_ = Vector<int>(n);
  kept_ = Vector<uint8_t>(n);
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

// Input i where it is a constant that the node's kernel packs, else null.
const Value* Model::packed_constant(const Node& node, size_t i) const {
  const int v = node.inputs[i];
  const bool packed = v != kAbsent && packs(*node.op, i) && graph_.values[v].constant;
  return packed ? &graph_.values[v] : nullptr;
}

// After the step's kernel was made. One that is made anew at every run needs its constants then.
void Model::release_packed(const Step& step) {
  const Node& node = *step.node;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const int v = node.inputs[i];
    const Value* value = packed_constant(node, i);
    if (value == nullptr || kept_[v]) continue;
    tensors_[v].data = nullptr;
    if (step.packs_data || --unpacked_[v] > 0) continue;
    packed_bytes_ += value->type.bytes();
    value->constant->owned = {};
    value->constant->bytes = {};
  }
}

// The file is there for as long as the model is being loaded: what is packed later, or again at
// every run, is kept as the file has it.
Status Model::leave_file() {
  for (size_t v = 0; v < unpacked_.size(); ++v) {
    if (unpacked_[v] <= 0 || kept_[v]) continue;
    const Value& value = graph_.values[v];
    WXNN_TRY(value.constant->encoding == Encoding::kPlain
                 ? graph_.materialize(static_cast<int>(v), &tensors_[v])
                 : value.at(own(*value.constant)));
  }
  for (const Step& step : steps_) {
    if (!step.is_flow()) continue;
    for (const std::unique_ptr<Model>& body : step.flow->bodies()) WXNN_TRY(body->leave_file());
  }
  graph_.file.head = {};
  return {};
}

Status Model::create_kernel(Step& step) {
  const Node& node = *step.node;
  if (node.op->create == nullptr || (step.kernel && !step.packs_data)) return {};
  step.kernel.reset();
  Buffer block;
  const size_t needed = packing_ ? 0 : packing_room(step);
  if (needed != 0) WXNN_TRY(block.allocate(needed));
  std::byte* room = packing_ ? packing_.data() : block.data();
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const Value* value = packed_constant(node, i);
    if (value == nullptr) continue;
    const size_t bytes = room_to_pack(*value);
    const Constant& c = *value->constant;
    if (bytes != 0) {
      std::byte* spare = room + Buffer::padded(value->type.bytes());
      WXNN_TRY(value->at(widen(c, value->type, room, spare)));
    }
    tensors_[node.inputs[i]].data = bytes != 0 ? room : const_cast<std::byte*>(c.bytes.data());
    room += bytes;
  }
  WXNN_TRY(node.op->create(step.infer_ctx(), &step.kernel));
  release_packed(step);
  return {};
}

// What the constants of a kernel that is still to be made need besides their place in the file.
size_t Model::packing_room(const Step& step) const {
  const Node& node = *step.node;
  size_t bytes = 0;
  if (node.op->create == nullptr || step.kernel) return 0;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    if (const Value* value = packed_constant(node, i)) bytes += room_to_pack(*value);
  }
  return bytes;
}

Status Model::prepare_kernel(Step& step) {
  step.scratch_bytes = 0;
  if (step.node->op->create == nullptr) return {};
  WXNN_TRY(create_kernel(step));
  return step.kernel->reshape(step.infer_ctx(), &step.scratch_bytes);
}

// Large constants are read and widened to one block, which is there before any of them is packed
// and gone before the arena comes, and is as large as that: the arena takes its place. Blocks of
// their own among the packed weights would leave gaps that later ones, mostly larger, do not fit.
// Kernels of small constants, which work where tensors are large, come first: what scratch they
// want is known then.
Status Model::prepare_kernels() {
  size_t room = 0;
  Vector<Step*> large;
  for (Step& step : steps_) {
    if (step.kind != Step::Kind::kRun || step.packs_data) continue;
    const size_t bytes = packing_room(step);
    room = std::max(room, bytes);
    if (bytes > kSmall) {
      large.push_back(&step);
    } else {
      WXNN_TRY(step.at(prepare_kernel(step)));
    }
  }
  if (large.empty()) return {};
  WXNN_TRY(lay_out(true));
  if (arena_bytes_ <= at_loading()) room = std::max(room, arena_bytes_);
  WXNN_TRY(packing_.allocate(room));
  Status status;
  for (size_t i = 0; status.ok() && i < large.size(); ++i) {
    status = large[i]->at(prepare_kernel(*large[i]));
  }
  packing_ = {};
  return status;
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

bool Model::is_late(int value) const { return kBuildParts.late && late_[value]; }

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
  bool all_known = kBuildParts.early;
  for (size_t i = 0; i < step.inputs.size(); ++i) {
    const Tensor* in = step.inputs[i];
    if (in == nullptr) continue;
    const uint8_t port = op.traits(i);
    late |= in->shape.is_unknown() || (op.view && is_late(step.node->inputs[i])) ||
            ((port & kValueKnown) != 0 && in->data == nullptr);
    const bool constant = graph_.values[step.node->inputs[i]].constant != nullptr;
    all_known &= in->data != nullptr || constant || (port & kTypeOnly) != 0;
  }
  std::ranges::fill(step.types, TensorType{DType::kFloat32, Shape::unknown()});
  if (!kBuildParts.late || !late) {
    InferCtx c = step.infer_ctx();
    WXNN_TRY(infer(op, c));
    late =
        std::ranges::any_of(step.types, [](const TensorType& t) { return t.shape.is_unknown(); });
  }
  for (size_t i = 0; i < step.types.size(); ++i) step.outputs[i] = {step.types[i], nullptr};
  if (kBuildParts.late && late) {
    WXNN_TRY(check_ports(op, step.infer_ctx()));
    step.kind = Step::Kind::kLate;
  } else if (op.view) {
    step.kind = Step::Kind::kView;
    step.outputs[0].data = step.inputs[0]->data;
  } else if (kBuildParts.early && all_known && !op.stateful && may_evaluate(step)) {
    step.kind = Step::Kind::kEvaluated;
    WXNN_TRY(evaluate_now(step));
  } else {
    step.kind = Step::Kind::kRun;
  }
  if (kBuildParts.late) {
    for (int v : step.node->outputs) late_[v] = step.kind == Step::Kind::kLate;
  }
  publish(step);
  return {};
}

Status Model::plan() {
  planned_ = false;
  evaluated_ = 0;
  if (kBuildParts.late) late_ = Vector<uint8_t>(tensors_.size());
  for (size_t v = 0; v < tensors_.size(); ++v) {
    if (!kept_[v]) tensors_[v].data = nullptr;  // what a former plan knew
  }
  for (size_t i = 0; kBuildParts.flow && i < known_.size(); ++i) {
    const int v = graph_.inputs[i];
    tensors_[v].data = const_cast<void*>(known_[i]);
    late_[v] = tensors_[v].shape.is_unknown();
  }
  for (Step& step : steps_) WXNN_TRY(step.at(plan_step(step)));
  WXNN_TRY(check_states());
  WXNN_TRY(prepare_kernels());
  WXNN_TRY(lay_out(false));
  planned_ = true;
  return {};
}

}  // namespace wxnn
