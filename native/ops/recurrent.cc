#include "ops/recurrent.h"

#include <algorithm>
#include <cstring>

namespace wxnn {
namespace {

struct ActivationRow {
  std::string_view name;
  FloatLoop loop;  // null: none
};
constexpr ActivationRow kActivations[] = {
    {"linear", nullptr},
    {"tanh", float_loop<tanh_f32>},
    {"relu", float_loop<[](float x) { return x < 0 ? 0.0f : x; }>},
    {"relu6", float_loop<[](float x) { return x < 0   ? 0.0f
                                              : x > 6 ? 6.0f
                                                      : x; }>},
    {"reluN1To1", float_loop<[](float x) { return x < -1  ? -1.0f
                                                  : x > 1 ? 1.0f
                                                          : x; }>},
    {"sigmoid", float_loop<sigmoid_f32>},
};
const ActivationRow* find_activation(std::string_view name) {
  const auto* row = std::ranges::find(kActivations, name, &ActivationRow::name);
  return row == std::end(kActivations) ? nullptr : row;
}

}  // namespace

[[clang::minsize]] Status check_shape(const InferCtx& c, size_t port, const Shape& want) {
  if (!c.has(port)) return {};
  WXNN_CHECK(c.in(port).dtype == DType::kFloat32 && c.in(port).shape == want,
             "input {} is {} {}, should be float32 {}", port, name_of(c.in(port).dtype),
             c.in(port).shape, want);
  return {};
}

[[clang::minsize]] Status infer_sequence(InferCtx& c, int32_t inputs, int32_t outputs) {
  const Shape& x = c.in(0).shape;
  WXNN_TRY(check_float("x", c.in(0)));
  WXNN_CHECK(x.rank() == 2 || x.rank() == 3, "x {} should be a sequence or one step of it", x);
  WXNN_CHECK(x[-1] == inputs && inputs > 0, "x {} has {} inputs, the weights {}", x, x[-1], inputs);
  WXNN_CHECK(find_activation(c.attrs.text("activation")) != nullptr,
             "activation \"{}\" is not known", c.attrs.text("activation"));
  c.out() = c.in(0);
  c.out().shape[-1] = outputs;
  return {};
}

[[clang::minsize]] Status check_matrix(const InferCtx& c, size_t port) {
  const Shape& shape = c.in(port).shape;
  WXNN_CHECK(shape.rank() == 2 && shape.elements() > 0, "input {} is {}, should be a matrix", port,
             shape);
  return {};
}

Status Stacked::pack(const InferCtx& c, std::span<const size_t> matrices,
                     std::span<const size_t> biases) {
  const Shape& first = c.in(matrices[0]).shape;
  const size_t each = static_cast<size_t>(first.elements());
  const size_t rows = static_cast<size_t>(first[0]);
  Buffer all;
  Buffer bias;
  WXNN_TRY(all.allocate(each * matrices.size() * sizeof(float)));
  WXNN_TRY(bias.allocate(rows * matrices.size() * sizeof(float)));
  std::memset(bias.data(), 0, bias.size());
  for (size_t i = 0; i < matrices.size(); ++i) {
    if (each != 0) {
      std::memcpy(all.data<float>() + each * i, c.in(matrices[i]).data, each * sizeof(float));
    }
    if (i < biases.size() && c.has(biases[i]) && rows != 0) {
      std::memcpy(bias.data<float>() + rows * i, c.in(biases[i]).data, rows * sizeof(float));
    }
  }
  const int32_t n = static_cast<int32_t>(rows * matrices.size());
  layout_ = PanelLayout(first[1], n);
  WXNN_TRY(packed_.allocate(layout_.floats() * sizeof(float)));
  const MatrixView view = {all.data<float>(), first[1], n, 1, first[1]};
  layout_.pack_all(view, bias.data<float>(), packed_.data<float>());
  return {};
}

Status Recurrent::open(const InferCtx& c, Sizes sizes) {
  sizes_ = sizes;
  activation_ = find_activation(c.attrs.text("activation"))->loop;
  return {};
}

Status Recurrent::reshape(const InferCtx& c, size_t* scratch_bytes) {
  const Shape& x = c.in(0).shape;
  const bool sequence = x.rank() == 3;
  time_major_ = !sequence || c.attrs.b("timeMajor");
  steps_ = !sequence ? 1 : x[time_major_ ? 0 : 1];
  const int32_t batch = sequence && time_major_ ? x[1] : x[0];
  const size_t floats = static_cast<size_t>(batch) * static_cast<size_t>(units() + outputs());
  if (batch != batch_ || !state_) {
    WXNN_TRY(state_.allocate(floats * sizeof(float)));
    batch_ = batch;
    reset();
  }
  const double rows = static_cast<double>(steps_) * batch + batch;
  const double bytes = (rows * sizes_.width + 2.0 * units()) * sizeof(float);
  WXNN_CHECK(bytes < 2147483647.0, "its gates do not fit in memory");
  *scratch_bytes = static_cast<size_t>(bytes);
  return {};
}

Status Recurrent::run(const RunCtx& c) {
  if (c.out().shape.elements() == 0) return {};
  const bool reverse = c.attrs.b("reverse");
  const int32_t rows = steps_ * batch_;
  const int32_t width = sizes_.width;
  float* gates = static_cast<float*>(c.scratch);
  float* again = gates + static_cast<size_t>(rows) * width;
  float* hidden = again + static_cast<size_t>(batch_) * width;
  inputs_.multiply(c.in(0).f32(), rows, gates);
  for (int32_t s = 0; s < steps_; ++s) {
    const int32_t t = reverse ? steps_ - 1 - s : s;
    recurrent_.multiply(state_.data<float>(), batch_, again);
    for (int32_t b = 0; b < batch_; ++b) {
      const int32_t row = time_major_ ? t * batch_ + b : b * steps_ + t;
      float* sum = gates + static_cast<size_t>(row) * width;
      const float* r = again + static_cast<size_t>(b) * width;
      each_small(width, [=](int32_t k) { sum[k] += r[k]; });
      float* h = state_.data<float>() + static_cast<size_t>(b) * outputs();
      step(sum, cell(b), hidden, h);
      std::memcpy(c.out().f32() + static_cast<size_t>(row) * outputs(), h,
                  static_cast<size_t>(outputs()) * sizeof(float));
    }
  }
  return {};
}

void Recurrent::reset() {
  if (state_.size() != 0) std::memset(state_.data(), 0, state_.size());
}

float* Recurrent::cell(int32_t b) const {
  return state_.data<float>() + static_cast<size_t>(batch_) * outputs() +
         static_cast<size_t>(b) * units();
}

void Recurrent::activate(const float* x, float* y) const {
  if (activation_ != nullptr) {
    map_floats(activation_, x, y, units());
  } else {
    std::memcpy(y, x, static_cast<size_t>(units()) * sizeof(float));
  }
}

}  // namespace wxnn
