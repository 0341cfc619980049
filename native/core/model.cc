#include "core/model.h"

#include <algorithm>

#include "core/clock.h"
#include "core/evaluate.h"
#include "core/model_step.h"
#include "core/ports.h"
#include "core/states.h"
#include "passes/passes.h"

namespace wxnn {

Model::Model(Graph&& graph) : graph_(std::move(graph)) {}
Model::~Model() = default;

Status Model::build(Graph&& graph, bool is_body, std::unique_ptr<Model>* model) {
  WXNN_TRY(sort(graph));
  remove_dead(graph);
  WXNN_TRY(run_passes(graph));
  WXNN_TRY(fuse_tails(graph));
  std::unique_ptr<Model> m(new Model(std::move(graph)));
  m->most_evaluated_ = most_evaluated(m->graph_);
  m->is_body_ = is_body;
  WXNN_TRY(m->open());
  *model = std::move(m);
  return {};
}

Status Model::load(Graph&& graph, std::unique_ptr<Model>* model) {
  WXNN_TRY(build(std::move(graph), false, model));
  return (*model)->leave_file();
}

Status Model::load_body(Graph&& graph, std::unique_ptr<Model>* model) {
  return build(std::move(graph), true, model);
}

Status Model::open() {
  steps_ = Vector<Step>(graph_.nodes.size());
  bool flows = false;
  for (size_t i = 0; i < steps_.size(); ++i) {
    Node& node = graph_.nodes[i];
    if (!kBuildParts.flow || node.op->flow == nullptr) continue;
    Status status = node.op->flow(graph_, node, &steps_[i].flow);
    if (!status.ok()) return status.at(node.place());
    flows = true;
  }
  if (flows) remove_dead(graph_);  // constants that only bodies read are theirs now
  tensors_ = Vector<Tensor>(graph_.values.size());
  for (size_t v = 0; v < tensors_.size(); ++v) {
    static_cast<TensorType&>(tensors_[v]) = graph_.values[v].type;
  }
  for (size_t i = 0; i < steps_.size(); ++i) {
    Step& step = steps_[i];
    step.node = &graph_.nodes[i];
    step.inputs = Vector<const Tensor*>(step.node->inputs.size());
    for (size_t k = 0; k < step.inputs.size(); ++k) {
      const int v = step.node->inputs[k];
      if (v != kAbsent) step.inputs[k] = &tensors_[v];
      const bool computed = v != kAbsent && !graph_.values[v].constant;
      step.packs_data |= computed && (step.node->op->traits(k) & kPacked) != 0;
    }
    const size_t outputs = step.node->outputs.size();
    step.types = Vector<TensorType>(outputs);
    step.outputs = Vector<Tensor>(outputs);
    if (kBuildParts.late || kBuildParts.early) step.own = Vector<Buffer>(outputs);
  }
  WXNN_TRY(keep_constants());
  WXNN_TRY(open_states());
  if (kBuildParts.flow && is_body_) return {};
  bool settled = true;
  bool guessed = false;
  for (int v : graph_.inputs) {
    Shape& shape = tensors_[v].shape;
    guessed |= shape.is_unknown();
    if (shape.is_unknown()) shape = {};
    if (shape.rank() > 0 && shape[0] == Shape::kOpen) shape[0] = 1;
    settled &= shape.is_known();
    WXNN_CHECK(!shape.is_known() || shape.fits(),
               "graph input \"{}\" of shape {} does not fit in memory", graph_.values[v].name,
               shape);
  }
  Status status = settled ? plan() : Status();
  return guessed ? Status() : status;
}

Status Model::check_shape(size_t input, const Shape& shape) const {
  const Value& value = graph_.values[graph_.inputs[input]];
  const Shape& declared = value.type.shape;
  bool fits = shape.is_known() && shape.fits();
  if (!declared.is_unknown()) fits &= shape.rank() == declared.rank();
  for (int i = 1; fits && i < declared.rank(); ++i) {
    fits = declared[i] == Shape::kOpen || declared[i] == shape[i];
  }
  WXNN_CHECK(fits, "input \"{}\" is declared {} and cannot become {}", value.name, declared, shape);
  return {};
}

Status Model::resize(size_t input, const Shape& shape) {
  WXNN_CHECK(input < graph_.inputs.size(), "the model has {} inputs, there is no input {}",
             graph_.inputs.size(), input);
  Vector<Shape> shapes(graph_.inputs.size());
  for (size_t i = 0; i < shapes.size(); ++i) shapes[i] = i == input ? shape : Shape::unknown();
  return resize(shapes);
}

Status Model::resize(std::span<Shape> shapes) {
  WXNN_CHECK(shapes.size() == graph_.inputs.size(), "there are shapes for {} of {} inputs",
             shapes.size(), graph_.inputs.size());
  for (size_t i = 0; i < shapes.size(); ++i) {
    if (!shapes[i].is_unknown()) WXNN_TRY(check_shape(i, shapes[i]));
  }
  bool changes = !planned_;
  bool settled = true;
  const auto exchange = [&] {
    for (size_t i = 0; i < shapes.size(); ++i) {
      Shape& current = tensors_[graph_.inputs[i]].shape;
      if (shapes[i].is_unknown()) shapes[i] = current;
      changes |= !(current == shapes[i]);
      std::swap(current, shapes[i]);
      settled &= current.is_known();  // else others are still to come
    }
  };
  const bool worked = planned_;
  exchange();
  if (!settled || !changes) return {};
  reserves_ = true;  // the caller asked for it, not the file
  Status status = plan();
  if (status.ok()) return status;
  exchange();
  if (worked) WXNN_TRY(plan());  // it worked before, and memory for it is there
  return status;
}

struct Model::Step::Late final : LateAllocator {
  explicit Late(Step* step) : step(step) {}
  Step* step;
  Status allocate(size_t output, const Shape& shape) override {
    WXNN_CHECK(shape.is_known() && shape.fits(),
               "gives an output of shape {}, which does not fit in memory", shape);
    step->outputs[output].shape = shape;
    return step->own_output(output);
  }
};

Status Model::run_flow(Step& step) {
  for (size_t i = 0; i < step.types.size(); ++i) {
    if (step.types[i].shape.is_unknown()) step.outputs[i] = {step.types[i], nullptr};
  }
  Step::Late late(&step);
  WXNN_TRY(step.flow->run(step.run_ctx(&late)));
  publish(step);
  return {};
}

// The kernel of what this run computed. Its scratch is not in the arena.
Status Model::make_anew(Step& step) {
  size_t scratch = 0;
  WXNN_TRY(create_kernel(step));
  WXNN_TRY(step.kernel->reshape(step.infer_ctx(), &scratch));
  if (late_scratch_.size() < scratch) WXNN_TRY(late_scratch_.allocate(scratch));
  step.scratch = late_scratch_.data();
  return {};
}

Status Model::run_late(Step& step) {
  Step::Late late(&step);
  const Op& op = *step.node->op;
  InferCtx c = step.infer_ctx();
  WXNN_TRY(infer(op, c));
  for (size_t i = 0; i < step.types.size(); ++i) {
    step.outputs[i] = {step.types[i], nullptr};
    if (step.types[i].shape.is_unknown()) continue;
    if (op.view) {
      step.outputs[i].data = step.inputs[0]->data;
    } else {
      WXNN_TRY(step.own_output(i));
    }
  }
  if (!op.view && !gives_nothing(op, step.outputs)) {
    if (op.create != nullptr) {
      WXNN_TRY(make_anew(step));
      WXNN_TRY(step.kernel->run(step.run_ctx(&late)));
    } else {
      WXNN_TRY(op.run(step.run_ctx(&late)));
    }
  }
  publish(step);
  return {};
}

Status Model::run_step(Step& step) {
  switch (step.kind) {
    case Step::Kind::kView:
    case Step::Kind::kEvaluated:
      return {};
    case Step::Kind::kLate:
      return kBuildParts.late ? run_late(step) : Status();
    case Step::Kind::kFlow:
      return kBuildParts.flow ? run_flow(step) : Status();
    case Step::Kind::kRun:
      break;
  }
  if (gives_nothing(*step.node->op, step.outputs)) return {};
  if (step.packs_data) WXNN_TRY(make_anew(step));
  return step.kernel ? step.kernel->run(step.run_ctx()) : step.node->op->run(step.run_ctx());
}

Status Model::run() {
  for (size_t i = 0; !planned_ && i < graph_.inputs.size(); ++i) {
    WXNN_CHECK(input(i).shape.is_known(),
               "input \"{}\" has open dimensions {}: give it a shape first",
               graph_.values[graph_.inputs[i]].name, input(i).shape);
  }
  if (!planned_) WXNN_TRY(plan());  // says what does not go with shapes that were guessed
  WXNN_TRY(reserve());
  copy_states(StatePart::kInput);
  for (size_t i = 0; i < steps_.size(); ++i) {
    const double start = profiling_ ? now_ms() : 0;
    WXNN_TRY(steps_[i].at(run_step(steps_[i])));
    if (!profiling_) continue;
    profile_[i].ms += now_ms() - start;
    ++profile_[i].runs;
  }
  if (states_of(graph_).empty()) return {};
  WXNN_TRY(check_states());
  copy_states(StatePart::kOutput);
  return {};
}

void Model::reset_state() {
  copy_states(StatePart::kInitial);
  for (Step& step : steps_) {
    if (step.kernel) step.kernel->reset();
    if (!step.is_flow()) continue;
    for (const std::unique_ptr<Model>& body : step.flow->bodies()) body->reset_state();
  }
}

void Model::set_profiling(bool on) {
  profiling_ = on;
  if (!on) return;
  profile_ = Vector<NodeProfile>(graph_.nodes.size());
  for (size_t i = 0; i < profile_.size(); ++i) profile_[i].node = &graph_.nodes[i];
}

MemoryUse Model::memory() const {
  MemoryUse use;
  use.arena_bytes = arena_.size() + kept_states_.size();
  use.packed_bytes = packed_bytes_;
  for (const Step& step : steps_) {
    if (!step.is_flow()) continue;
    for (const std::unique_ptr<Model>& body : step.flow->bodies()) {
      const MemoryUse theirs = body->memory();
      use.arena_bytes += theirs.arena_bytes;
      use.packed_bytes += theirs.packed_bytes;
      use.constant_bytes += theirs.constant_bytes;
    }
  }
  for (size_t v = 0; v < kept_.size(); ++v) {
    if (kept_[v]) use.constant_bytes += graph_.values[v].type.bytes();
  }
  return use;
}

}  // namespace wxnn
