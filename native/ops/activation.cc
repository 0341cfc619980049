#include "ops/activation.h"

#include "ops/arguments.h"

namespace wxnn {

namespace {
constexpr float kInf = std::numeric_limits<float>::infinity();

constexpr ActivationRow kRows[] = {
    {"linear", -kInf, kInf},
    {"relu", 0, kInf, "Relu"},
    {"relu6", 0, 6, "Relu6"},
    {"reluN1To1", -1, 1},
    {"clip", kInf, -kInf},  // clipMin, clipMax
    {"elu", -kInf, kInf, "Elu"},
    {"hardSwish", -kInf, kInf, "HardSwish"},
    {"leakyrelu", -kInf, kInf, "LeakyRelu"},
    {"prelu", -kInf, kInf, "Prelu"},
    {"sigmoid", -kInf, kInf, "Sigmoid"},
    {"tanh", -kInf, kInf, "Tanh"},
};
}  // namespace

std::span<const ActivationRow> activations() { return kRows; }

const ActivationRow* read_activation(const Attrs& attrs, float* min, float* max) {
  for (const ActivationRow& row : kRows) {
    if (!attrs.is("activation", row.name)) continue;
    *min = row.min;
    *max = row.max;
    if (row.min > row.max) {
      *min = static_cast<float>(attrs.f("clipMin"));
      *max = static_cast<float>(attrs.f("clipMax"));
    }
    return &row;
  }
  return nullptr;
}

Status Activation::check(const InferCtx& c, size_t prelu, const TensorType& y) {
  float min, max;
  const ActivationRow* row = read_activation(c.attrs, &min, &max);
  if (row == nullptr) return not_known(c.attrs, "activation");
  WXNN_CHECK(min <= max, "clipMin is greater than clipMax");
  WXNN_CHECK(c.has(prelu) == c.attrs.is("activation", "prelu"),
             "preluActivationWeights belong to the activation \"prelu\"");
  if (row->is_clamp()) return {};
  const Op* op = find_op(row->op);
  WXNN_CHECK(op != nullptr, "the activation needs the operator {}, which this build does not have",
             row->op);
  return c.has(prelu) ? check_slopes(c.in(prelu), y.shape) : Status();
}

Activation::Activation(const Attrs& attrs) {
  const ActivationRow* row = read_activation(attrs, &min, &max);
  if (row->is_clamp()) return;
  op_ = find_op(row->op);
}

Status Activation::apply(const RunCtx& c, size_t prelu) const {
  if (op_ == nullptr) return {};
  const Tensor* inputs[] = {&c.out(), c.has(prelu) ? &c.in(prelu) : nullptr};
  return op_->run({c.attrs, {inputs, c.has(prelu) ? 2u : 1u}, c.outputs.first(1)});
}

}  // namespace wxnn
