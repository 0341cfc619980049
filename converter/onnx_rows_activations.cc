// ONNX's activations that are more than one operator, or have numbers of their own.
#include <algorithm>
#include <limits>

#include "converter/onnx_graph.h"

namespace wxnn {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

Status leaky(OnnxNode& n, const OnnxRow& row) {
  OnnxTensor x;
  WXNN_TRY(n.any(0, &x));
  int y = kAbsent;
  WXNN_TRY(n.add(row.ours, {x.value}, {{"alpha", n.number("alpha", 0.01)}}, &y));
  return n.out(0, y, x.perm);
}

// elu with a slope of its own, for a positive one.
Status scaled_elu(OnnxNode& n, double alpha, int x, int* y) {
  WXNN_TRY(n.add("Elu", {x}, {}, y));
  return alpha == 1 ? Status() : n.add("LeakyRelu", {*y}, {{"alpha", alpha}}, y);
}

Status elu(OnnxNode& n, const OnnxRow&) {
  OnnxTensor x;
  WXNN_TRY(n.any(0, &x));
  int y = kAbsent;
  WXNN_TRY(scaled_elu(n, n.number("alpha", 1), x.value, &y));
  return n.out(0, y, x.perm);
}

Status selu(OnnxNode& n, const OnnxRow&) {
  OnnxTensor x;
  WXNN_TRY(n.any(0, &x));
  int y = kAbsent;
  WXNN_TRY(scaled_elu(n, n.number("alpha", 1.67326319217681884765625), x.value, &y));
  WXNN_TRY(n.with_scalar("Multiply", y, n.number("gamma", 1.05070102214813232421875), &y));
  return n.out(0, y, x.perm);
}

// max(0, x) + min(0, alpha (exp(x / alpha) - 1))
Status celu(OnnxNode& n, const OnnxRow&) {
  OnnxTensor x;
  WXNN_TRY(n.any(0, &x));
  const double alpha = n.number("alpha", 1);
  WXNN_CHECK(alpha > 0, "alpha should be positive");
  int y = x.value;
  WXNN_TRY(n.with_scalar("RealDiv", y, alpha, &y));
  WXNN_TRY(n.add("Elu", {y}, {}, &y));
  WXNN_TRY(n.with_scalar("Multiply", y, alpha, &y));
  return n.out(0, y, x.perm);
}

// min and max are attributes up to opset 10, inputs from 11 on; all may be absent.
Status clip(OnnxNode& n, const OnnxRow&) {
  OnnxTensor x;
  n.allow_any_size();
  WXNN_TRY(n.any(0, &x));
  const bool known = (!n.has(1) || n.is_known(1)) && (!n.has(2) || n.is_known(2));
  int y = x.value;
  if (!known) {
    constexpr const char* kOps[] = {"", "Maximum", "Minimum"};
    for (size_t i = 1; i < 3; ++i) {
      int bound = kAbsent;
      if (n.has(i)) WXNN_TRY(n.in(i, &bound));
      if (n.has(i)) WXNN_TRY(n.add(kOps[i], {y, bound}, {}, &y));
    }
    return n.out(0, y, x.perm);
  }
  const DType dtype = n.b.type(x.value).dtype;
  const bool whole = dtype == DType::kInt32;
  double bounds[] = {n.number("min", whole ? INT32_MIN : -kInfinity),
                     n.number("max", whole ? INT32_MAX : kInfinity)};
  for (size_t i = 0; i < 2; ++i) {
    if (!n.has(i + 1)) continue;
    std::vector<double> numbers;
    WXNN_TRY(n.numbers(i + 1, i == 0 ? "min" : "max", &numbers));
    WXNN_CHECK(numbers.size() == 1, "a bound should be one number");
    bounds[i] = numbers[0];
  }
  // Where min exceeds max, all is max.
  bounds[0] = std::min(bounds[0], bounds[1]);
  if (dtype == DType::kFloat32 && bounds[0] == 0 && bounds[1] == kInfinity) {
    WXNN_TRY(n.add("Relu", {y}, {}, &y));
  } else {
    WXNN_TRY(
        n.add("ClipByValue", {y}, {{"clipValueMin", bounds[0]}, {"clipValueMax", bounds[1]}}, &y));
  }
  return n.out(0, y, x.perm);
}

Status hard_sigmoid(OnnxNode& n, const OnnxRow&) {
  OnnxTensor x;
  WXNN_TRY(n.any(0, &x));
  int y = x.value;
  WXNN_TRY(n.with_scalar("Multiply", y, n.number("alpha", 0.2), &y));
  WXNN_TRY(n.with_scalar("Add", y, n.number("beta", 0.5), &y));
  WXNN_TRY(n.add("ClipByValue", {y}, {{"clipValueMin", 0}, {"clipValueMax", 1}}, &y));
  return n.out(0, y, x.perm);
}

Status softsign(OnnxNode& n, const OnnxRow&) {
  OnnxTensor x;
  WXNN_TRY(n.any(0, &x));
  int y = kAbsent;
  WXNN_TRY(n.add("Abs", {x.value}, {}, &y));
  WXNN_TRY(n.with_scalar("Add", y, 1, &y));
  WXNN_TRY(n.add("RealDiv", {x.value, y}, {}, &y));
  return n.out(0, y, x.perm);
}

Status mish(OnnxNode& n, const OnnxRow&) {
  OnnxTensor x;
  WXNN_TRY(n.any(0, &x));
  int y = kAbsent;
  WXNN_TRY(n.add("Softplus", {x.value}, {}, &y));
  WXNN_TRY(n.add("Tanh", {y}, {}, &y));
  WXNN_TRY(n.add("Multiply", {x.value, y}, {}, &y));
  return n.out(0, y, x.perm);
}

Status gelu(OnnxNode& n, const OnnxRow&) {
  OnnxTensor x;
  WXNN_TRY(n.any(0, &x));
  const std::string approximate = n.text("approximate", "none");
  WXNN_CHECK(approximate == "none" || approximate == "tanh", "approximate \"{}\" is not supported",
             approximate);
  int y = kAbsent;
  WXNN_TRY(n.add("Gelu", {x.value}, {{"approximate", approximate == "tanh"}}, &y));
  return n.out(0, y, x.perm);
}

Status thresholded_relu(OnnxNode& n, const OnnxRow&) {
  OnnxTensor x;
  WXNN_TRY(n.any(0, &x));
  int above = kAbsent, zero = kAbsent, y = kAbsent;
  WXNN_TRY(n.with_scalar("Greater", x.value, n.number("alpha", 1), &above));
  WXNN_TRY(n.scalar(DType::kFloat32, 0, &zero));
  WXNN_TRY(n.add("SelectV2", {above, x.value, zero}, {}, &y));
  return n.out(0, y, x.perm);
}

// x + bias below -lambd, x - bias above lambd, 0 between.
Status shrink(OnnxNode& n, const OnnxRow&) {
  OnnxTensor x;
  WXNN_TRY(n.any(0, &x));
  const double lambd = n.number("lambd", 0.5), bias = n.number("bias", 0);
  int above = kAbsent, below = kAbsent, less = kAbsent, more = kAbsent, y = kAbsent;
  WXNN_TRY(n.with_scalar("Greater", x.value, lambd, &above));
  WXNN_TRY(n.with_scalar("Less", x.value, -lambd, &below));
  WXNN_TRY(n.with_scalar("Sub", x.value, bias, &less));
  WXNN_TRY(n.with_scalar("Add", x.value, bias, &more));
  WXNN_TRY(n.scalar(DType::kFloat32, 0, &y));
  WXNN_TRY(n.add("SelectV2", {above, less, y}, {}, &y));
  WXNN_TRY(n.add("SelectV2", {below, more, y}, {}, &y));
  return n.out(0, y, x.perm);
}

constexpr OnnxRow kRows[] = {
    {"Celu", celu},
    {"Clip", clip},
    {"Elu", elu},
    {"Gelu", gelu},
    {"HardSigmoid", hard_sigmoid},
    {"LeakyRelu", leaky, "LeakyRelu"},
    {"Mish", mish},
    {"Selu", selu},
    {"Shrink", shrink},
    {"Softsign", softsign},
    {"ThresholdedRelu", thresholded_relu},
};

}  // namespace

std::span<const OnnxRow> onnx_rows_activations() { return kRows; }

}  // namespace wxnn
