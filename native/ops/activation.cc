#include "ops/activation.h"

namespace wxnn {

namespace {
constexpr float kInf = std::numeric_limits<float>::infinity();

struct Row {
  std::string_view name;
  float min, max;
  const char* op;  // null where the clamp is all
};

constexpr Row kRows[] = {
    {"linear", -kInf, kInf, nullptr},
    {"relu", 0, kInf, nullptr},
    {"relu6", 0, 6, nullptr},
    {"reluN1To1", -1, 1, nullptr},
    {"clip", 0, 0, nullptr},  // clipMin, clipMax
    {"elu", -kInf, kInf, "Elu"},
    {"hardSwish", -kInf, kInf, "HardSwish"},
    {"leakyrelu", -kInf, kInf, "LeakyRelu"},
    {"prelu", -kInf, kInf, "Prelu"},
    {"sigmoid", -kInf, kInf, "Sigmoid"},
    {"tanh", -kInf, kInf, "Tanh"},
};

const Row* find_row(std::string_view name) {
  for (const Row& row : kRows) {
    if (row.name == name) return &row;
  }
  return nullptr;
}
}  // namespace

Status Activation::check(const InferCtx& c, size_t prelu, const TensorType& y) {
  const std::string_view name = c.attrs.text("activation");
  const Row* row = find_row(name);
  WXNN_CHECK(row != nullptr, "activation \"", name, "\" is not known");
  if (name == "clip") {
    WXNN_CHECK(c.attrs.f("clipMin") <= c.attrs.f("clipMax"), "clipMin is greater than clipMax");
  }
  WXNN_CHECK(c.has(prelu) == (name == "prelu"), "activation \"", name, "\" ",
             c.has(prelu) ? "takes no preluActivationWeights" : "lacks preluActivationWeights");
  if (row->op == nullptr) return {};
  const Op* op = find_op(row->op);
  WXNN_CHECK(op != nullptr, "activation \"", name, "\" needs the operator ", row->op,
             ", which this build does not have");
  return c.has(prelu) ? check_slopes(c.in(prelu), y.shape) : Status();
}

Activation::Activation(const Attrs& attrs) {
  const Row* row = find_row(attrs.text("activation"));
  min = row->min;
  max = row->max;
  if (row->name == "clip") {
    min = static_cast<float>(attrs.f("clipMin"));
    max = static_cast<float>(attrs.f("clipMax"));
  }
  if (row->op == nullptr) return;
  op_ = find_op(row->op);
  attrs_ = Attrs(op_->attrs);
  if (row->name == "leakyrelu") {
    [[maybe_unused]] const Status known = attrs_.set("alpha", attrs.f("leakyreluAlpha"));
  }
}

Status Activation::apply(const RunCtx& c, size_t prelu) const {
  if (op_ == nullptr) return {};
  const Tensor* inputs[] = {&c.out(), c.has(prelu) ? &c.in(prelu) : nullptr};
  return op_->run({attrs_, {inputs, c.has(prelu) ? 2u : 1u}, c.outputs.first(1)});
}

}  // namespace wxnn
