// If: one of two graphs, chosen by a condition. TensorFlow's If and StatelessIf, TFLite's IF.
#include <algorithm>

#include "core/flow.h"

namespace wxnn {
namespace {

class If final : public Flow {
 public:
  Status open(Graph& graph, Node& node) {
    WXNN_CHECK(!node.inputs.empty() && node.inputs[0] != kAbsent, "lacks its condition");
    for (size_t i = 1; i < node.inputs.size(); ++i) {
      int& v = node.inputs[i];
      if (v == kAbsent || !graph.values[v].constant) continue;
      WXNN_TRY(hand_over(graph, v, node.bodies, i - 1));
      v = kAbsent;
    }
    WXNN_TRY(load_bodies(node, 2, 1));
    for (const std::unique_ptr<Model>& branch : bodies_) {
      const size_t outputs = branch->graph().outputs.size();
      WXNN_CHECK(outputs >= node.outputs.size(), "has a branch that gives {} values, wants {}",
                 outputs, node.outputs.size());
    }
    return {};
  }

  Status plan(InferCtx& c) override {
    const Tensor& condition = c.in(0);
    const bool decided = condition.data != nullptr;
    bool settled = false;  // a branch has said what it gives
    for (int b = 0; b < 2; ++b) {
      if (decided && is_true(condition) != (b == 0)) continue;
      Model& branch = *bodies_[b];
      arguments_.clear();
      for (size_t i = 1; i < c.inputs.size(); ++i) {
        arguments_.push_back(c.has(i) && branch.reads(i - 1) ? c.in(i) : nothing());
      }
      Status status = branch.plan_for(arguments_);
      refusals_[b] = status.message();
      if (!status.ok()) continue;  // only a run that takes this branch fails
      for (size_t k = 0; k < c.outputs.size(); ++k) {
        const TensorType& type = branch.output(k);
        if (!settled) {
          c.out(k) = type;
        } else if (!(c.out(k) == type)) {
          c.out(k).shape = Shape::unknown();
        }
      }
      settled = true;
    }
    if (settled) return {};
    return refused(decided && !is_true(condition) ? 1 : 0);
  }

  Status run(const RunCtx& c) override {
    const int b = is_true(c.in(0)) ? 0 : 1;
    if (!refusals_[b].empty()) return refused(b);
    Model& branch = *bodies_[b];
    for (size_t i = 1; i < c.inputs.size(); ++i) {
      if (c.has(i) && branch.reads(i - 1)) WXNN_TRY(branch.give(i - 1, c.in(i)));
    }
    WXNN_TRY(branch.run());
    for (size_t k = 0; k < c.outputs.size(); ++k) WXNN_TRY(deliver(c, k, branch.output(k)));
    return {};
  }

 private:
  Status refused(int b) const { return Status(refusals_[b]); }

  Vector<Tensor> arguments_;
  String refusals_[2];
};

Status make_if(Graph& graph, Node& node, std::unique_ptr<Flow>* flow) {
  auto made = std::make_unique<If>();
  WXNN_TRY(made->open(graph, node));
  *flow = std::move(made);
  return {};
}

}  // namespace

extern constinit const Op kIf = {
    .name = "If",
    .inputs = {{"cond"}, {"args", kOptional}},
    .flow = make_if,
    .variadic = true,
    .outputs = kAnyNumber,
};

}  // namespace wxnn
