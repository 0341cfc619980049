// LSTM and RNN over a sequence, as TensorFlow Lite defines them, with the state of the last step
// kept for the next run (Model::reset_state forgets it). x is [steps,batch,inputs] where timeMajor
// is set, [batch,steps,inputs] where not, or [batch,inputs] for one step. reverse walks from the
// last step to the first; outputs stand where their inputs do.
//
//   RNN   h = activation(Wx + Rh + b)
//   LSTM  i, f, o = sigmoid(Wx + Rh + Pc + b), g = activation(Wx + Rh + b)
//         c = f c + i g, h = projection(o activation(c))
//   Without an input gate i is 1 - f. P, the peepholes, are diagonal; o sees the new c. With layer
//   norm each sum but b is scaled to mean 0 and variance 1, then multiplied by its coefficients.
#include <algorithm>
#include <cstring>

#include "core/buffer.h"
#include "core/elementwise.h"
#include "core/math.h"
#include "core/reduce.h"
#include "kernels/mat_mul.h"

namespace wxnn {
namespace {

enum Gate { kInputGate, kForgetGate, kCellGate, kOutputGate, kGates };
// Ports of LSTM, for gate g.
constexpr size_t kWeights = 1, kRecurrent = 5, kPeephole = 9, kBias = 12;
constexpr size_t kProjection = 16, kProjectionBias = 17, kNorm = 18;
// Ports of RNN.
constexpr size_t kRnnWeights = 1, kRnnRecurrent = 2, kRnnBias = 3;

// There is no peephole into the cell gate.
constexpr size_t peephole_of(int gate) {
  return kPeephole + static_cast<size_t>(gate == kOutputGate ? 2 : gate);
}

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

[[clang::minsize]] Status check_shape(const InferCtx& c, size_t port, const Shape& want) {
  if (!c.has(port)) return {};
  WXNN_CHECK(c.in(port).dtype == DType::kFloat32 && c.in(port).shape == want, "input ", port,
             " is ", name_of(c.in(port).dtype), " ", c.in(port).shape, ", should be float32 ",
             want);
  return {};
}

[[clang::minsize]] Status infer_sequence(InferCtx& c, int32_t inputs, int32_t outputs) {
  const Shape& x = c.in(0).shape;
  WXNN_TRY(check_float("x", c.in(0)));
  WXNN_CHECK(x.rank() == 2 || x.rank() == 3, "x ", x, " should be a sequence or one step of it");
  WXNN_CHECK(x[-1] == inputs && inputs > 0, "x ", x, " has ", x[-1], " inputs, the weights ",
             inputs);
  WXNN_CHECK(find_activation(c.attrs.text("activation")) != nullptr, "activation \"",
             c.attrs.text("activation"), "\" is not known");
  c.out() = c.in(0);
  c.out().shape[-1] = outputs;
  return {};
}

Status check_matrix(const InferCtx& c, size_t port) {
  const Shape& shape = c.in(port).shape;
  WXNN_CHECK(shape.rank() == 2 && shape.elements() > 0, "input ", port, " is ", shape,
             ", should be a matrix");
  return {};
}

[[clang::minsize]] Status infer_rnn(InferCtx& c) {
  WXNN_TRY(check_matrix(c, kRnnWeights));
  const Shape weights = c.in(kRnnWeights).shape;
  const int32_t units = weights[0];
  WXNN_TRY(check_shape(c, kRnnWeights, weights));
  WXNN_TRY(check_shape(c, kRnnRecurrent, {units, units}));
  WXNN_TRY(check_shape(c, kRnnBias, {units}));
  return infer_sequence(c, weights[1], units);
}

[[clang::minsize]] Status infer_lstm(InferCtx& c) {
  const size_t forget = kWeights + kForgetGate;
  WXNN_TRY(check_matrix(c, forget));
  WXNN_TRY(check_matrix(c, kRecurrent + kForgetGate));
  const Shape weights = c.in(forget).shape;
  const int32_t units = weights[0];
  const int32_t outputs = c.in(kRecurrent + kForgetGate).shape[1];
  const bool peepholes = c.has(peephole_of(kForgetGate));
  const bool norm = c.has(kNorm + kForgetGate);
  for (int g = 0; g < kGates; ++g) {
    const bool there = c.has(kWeights + g);
    WXNN_CHECK(there || g == kInputGate, "lacks the weights of gate ", g);
    WXNN_CHECK(c.has(kRecurrent + g) == there && c.has(kBias + g) == there &&
                   c.has(kNorm + g) == (there && norm) &&
                   (g == kCellGate || c.has(peephole_of(g)) == (there && peepholes)),
               "has only some of the inputs of gate ", g);
    WXNN_TRY(check_shape(c, kWeights + g, weights));
    WXNN_TRY(check_shape(c, kRecurrent + g, {units, outputs}));
    if (g != kCellGate) WXNN_TRY(check_shape(c, peephole_of(g), {units}));
    WXNN_TRY(check_shape(c, kBias + g, {units}));
    WXNN_TRY(check_shape(c, kNorm + g, {units}));
  }
  WXNN_TRY(check_shape(c, kProjection, {outputs, units}));
  WXNN_TRY(check_shape(c, kProjectionBias, {outputs}));
  WXNN_CHECK(c.has(kProjection) || outputs == units, "gives ", outputs, " outputs of ", units,
             " units without a projection");
  return infer_sequence(c, weights[1], outputs);
}

// Matrices [rows,k] one under the other, packed for products with vectors of k.
class Stacked {
 public:
  Status pack(const InferCtx& c, std::span<const size_t> matrices, std::span<const size_t> biases) {
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
  void multiply(const float* x, int32_t rows, float* y) const {
    layout_.multiply_all({x, rows, y, -kInfF32, kInfF32}, packed_.data<float>());
  }

 private:
  PanelLayout layout_;
  Buffer packed_;
};

class Recurrent final : public Kernel {
 public:
  Status open_rnn(const InferCtx& c) {
    activation_ = find_activation(c.attrs.text("activation"))->loop;
    const size_t weights[] = {kRnnWeights};
    const size_t recurrent[] = {kRnnRecurrent};
    const size_t bias[] = {kRnnBias};
    units_ = outputs_ = width_ = c.in(kRnnWeights).shape[0];
    WXNN_TRY(inputs_.pack(c, weights, bias));
    return recurrent_.pack(c, recurrent, {});
  }

  Status open_lstm(const InferCtx& c) {
    lstm_ = true;
    activation_ = find_activation(c.attrs.text("activation"))->loop;
    units_ = c.in(kWeights + kForgetGate).shape[0];
    outputs_ = c.in(kRecurrent + kForgetGate).shape[1];
    norm_ = c.has(kNorm + kForgetGate);
    first_ = c.has(kWeights) ? kInputGate : kForgetGate;
    cell_clip_ = static_cast<float>(c.attrs.f("cellClip"));
    projection_clip_ = static_cast<float>(c.attrs.f("projClip"));
    size_t weights[kGates], recurrent[kGates], bias[kGates];
    const size_t gates = static_cast<size_t>(kGates - first_);
    for (size_t i = 0; i < gates; ++i) {
      const size_t g = i + static_cast<size_t>(first_);
      weights[i] = kWeights + g;
      recurrent[i] = kRecurrent + g;
      bias[i] = kBias + g;
    }
    width_ = units_ * static_cast<int32_t>(gates);
    // Layer norm comes before the bias.
    WXNN_TRY(inputs_.pack(c, {weights, gates}, {bias, norm_ ? 0 : gates}));
    WXNN_TRY(recurrent_.pack(c, {recurrent, gates}, {}));
    projects_ = c.has(kProjection);
    if (projects_) {
      const size_t matrix[] = {kProjection};
      const size_t shift[] = {kProjectionBias};
      WXNN_TRY(projection_.pack(c, matrix, shift));
    }
    WXNN_TRY(vectors_.allocate(static_cast<size_t>(units_) * kVectors * sizeof(float)));
    for (int g = 0; g < kGates; ++g) {
      if (g != kCellGate) keep(c, peephole_of(g), &peephole_[g]);
      if (norm_) keep(c, kNorm + g, &scale_[g]);
      if (norm_) keep(c, kBias + g, &shift_[g]);
    }
    return {};
  }

  Status reshape(const InferCtx& c, size_t* scratch_bytes) override {
    const Shape& x = c.in(0).shape;
    const bool sequence = x.rank() == 3;
    time_major_ = !sequence || c.attrs.b("timeMajor");
    steps_ = !sequence ? 1 : x[time_major_ ? 0 : 1];
    const int32_t batch = sequence && time_major_ ? x[1] : x[0];
    const size_t floats = static_cast<size_t>(batch) * static_cast<size_t>(units_ + outputs_);
    if (batch != batch_ || !state_) {
      WXNN_TRY(state_.allocate(floats * sizeof(float)));
      batch_ = batch;
      reset();
    }
    const double rows = static_cast<double>(steps_) * batch + batch;
    const double bytes = (rows * width_ + 2.0 * units_) * sizeof(float);
    WXNN_CHECK(bytes < 2147483647.0, "its gates do not fit in memory");
    *scratch_bytes = static_cast<size_t>(bytes);
    return {};
  }

  Status run(const RunCtx& c) override {
    if (c.out().shape.elements() == 0) return {};
    const bool reverse = c.attrs.b("reverse");
    const int32_t rows = steps_ * batch_;
    float* gates = static_cast<float*>(c.scratch);
    float* again = gates + static_cast<size_t>(rows) * width_;
    float* hidden = again + static_cast<size_t>(batch_) * width_;
    inputs_.multiply(c.in(0).f32(), rows, gates);
    for (int32_t s = 0; s < steps_; ++s) {
      const int32_t t = reverse ? steps_ - 1 - s : s;
      recurrent_.multiply(state_.data<float>(), batch_, again);
      for (int32_t b = 0; b < batch_; ++b) {
        const int32_t row = time_major_ ? t * batch_ + b : b * steps_ + t;
        float* sum = gates + static_cast<size_t>(row) * width_;
        const float* r = again + static_cast<size_t>(b) * width_;
        each_small(width_, [=](int32_t k) { sum[k] += r[k]; });
        float* h = state_.data<float>() + static_cast<size_t>(b) * outputs_;
        if (lstm_) {
          step(sum, cell(b), hidden, h);
        } else {
          activate(sum, h);
        }
        std::memcpy(c.out().f32() + static_cast<size_t>(row) * outputs_, h,
                    static_cast<size_t>(outputs_) * sizeof(float));
      }
    }
    return {};
  }

  void reset() override {
    if (state_.size() != 0) std::memset(state_.data(), 0, state_.size());
  }

 private:
  // Copies a vector of one number per unit, whose constant is released.
  void keep(const InferCtx& c, size_t port, const float** at) {
    if (!c.has(port)) return;
    float* to = vectors_.data<float>() + static_cast<size_t>(units_) * kept_++;
    if (units_ != 0) std::memcpy(to, c.in(port).data, static_cast<size_t>(units_) * sizeof(float));
    *at = to;
  }

  float* cell(int32_t b) const {
    return state_.data<float>() + static_cast<size_t>(batch_) * outputs_ +
           static_cast<size_t>(b) * units_;
  }

  void activate(const float* x, float* y) const {
    if (activation_ != nullptr) {
      map_floats(activation_, x, y, units_);
    } else {
      std::memcpy(y, x, static_cast<size_t>(units_) * sizeof(float));
    }
  }

  // Peephole and layer norm of one gate's sums.
  void finish(int gate, const float* c, float* sum) const {
    const int32_t n = units_;
    if (const float* p = peephole_[gate]; p != nullptr) {
      each_small(n, [=](int32_t k) { sum[k] += p[k] * c[k]; });
    }
    if (!norm_) return;
    const auto plus = [](float a, float b) { return a + b; };
    const float mean = reduce(sum, n, 0.0f, plus) / static_cast<float>(n);
    each_small(n, [=](int32_t k) { sum[k] -= mean; });
    float square = 0;
    for (int32_t k = 0; k < n; ++k) square += sum[k] * sum[k];
    constexpr float kEpsilon = 1e-8f;
    const float inverse = rsqrt_f32(square / static_cast<float>(n) + kEpsilon);
    const float* a = scale_[gate];
    const float* b = shift_[gate];
    each_small(n, [=](int32_t k) { sum[k] = sum[k] * inverse * a[k] + b[k]; });
  }

  static void clip(float* x, int32_t n, float most) {
    if (!(most > 0)) return;
    each_small(n, [=](int32_t k) { x[k] = x[k] < -most ? -most : x[k] > most ? most : x[k]; });
  }

  // One step of one sequence: sums of the gates; c and h become the new state.
  void step(float* sums, float* c, float* hidden, float* h) const {
    const int32_t n = units_;
    const auto gate = [&](int g) { return sums + static_cast<size_t>(n) * (g - first_); };
    float* f = gate(kForgetGate);
    float* g = gate(kCellGate);
    float* o = gate(kOutputGate);
    finish(kForgetGate, c, f);
    map_floats(float_loop<sigmoid_f32>, f, f, n);
    float* i = hidden;
    if (first_ == kInputGate) {
      i = gate(kInputGate);
      finish(kInputGate, c, i);
      map_floats(float_loop<sigmoid_f32>, i, i, n);
    } else {
      each_small(n, [=](int32_t k) { i[k] = 1.0f - f[k]; });
    }
    finish(kCellGate, c, g);
    activate(g, g);
    each_small(n, [=](int32_t k) { c[k] = f[k] * c[k] + i[k] * g[k]; });
    clip(c, n, cell_clip_);
    finish(kOutputGate, c, o);
    map_floats(float_loop<sigmoid_f32>, o, o, n);
    activate(c, hidden);
    float* y = projects_ ? hidden : h;
    each_small(n, [=](int32_t k) { y[k] = o[k] * hidden[k]; });
    if (!projects_) return;
    projection_.multiply(hidden, 1, h);
    clip(h, outputs_, projection_clip_);
  }

  static constexpr size_t kVectors = 11;
  bool lstm_ = false, norm_ = false, projects_ = false, time_major_ = true;
  int first_ = 0;  // gate
  int32_t units_ = 0, outputs_ = 0, width_ = 0, steps_ = 0, batch_ = 0;
  float cell_clip_ = 0, projection_clip_ = 0;
  FloatLoop activation_ = nullptr;
  Stacked inputs_, recurrent_, projection_;
  Buffer vectors_;
  size_t kept_ = 0;
  const float* peephole_[kGates] = {};
  const float* scale_[kGates] = {};
  const float* shift_[kGates] = {};
  Buffer state_;  // h [batch,outputs], then c [batch,units]
};

template <Status (Recurrent::*open)(const InferCtx&)>
Status create_recurrent(const InferCtx& c, std::unique_ptr<Kernel>* kernel) {
  auto made = std::make_unique<Recurrent>();
  WXNN_TRY((made.get()->*open)(c));
  *kernel = std::move(made);
  return {};
}

#define WXNN_SEQUENCE_ATTRS                                                                       \
  AttrSpec{"activation", AttrKind::kText, "tanh"}, AttrSpec{"timeMajor", AttrKind::kNumber, 0.0}, \
      AttrSpec{"reverse", AttrKind::kNumber, 0.0}

constexpr uint8_t kMaybe = kPacked | kOptional;

}  // namespace

extern constinit const Op kRNN = {
    .name = "RNN",
    .inputs = {{"x"}, {"weights", kPacked}, {"recurrentWeights", kPacked}, {"bias", kMaybe}},
    .attrs = {WXNN_SEQUENCE_ATTRS},
    .infer = infer_rnn,
    .create = create_recurrent<&Recurrent::open_rnn>,
    .stateful = true,
};

extern constinit const Op kLSTM = {
    .name = "LSTM",
    .inputs = {{"x"},
               {"inputWeights", kMaybe},
               {"forgetWeights", kPacked},
               {"cellWeights", kPacked},
               {"outputWeights", kPacked},
               {"inputRecurrent", kMaybe},
               {"forgetRecurrent", kPacked},
               {"cellRecurrent", kPacked},
               {"outputRecurrent", kPacked},
               {"inputPeephole", kMaybe},
               {"forgetPeephole", kMaybe},
               {"outputPeephole", kMaybe},
               {"inputBias", kMaybe},
               {"forgetBias", kPacked},
               {"cellBias", kPacked},
               {"outputBias", kPacked},
               {"projection", kMaybe},
               {"projectionBias", kMaybe},
               {"inputNorm", kMaybe},
               {"forgetNorm", kMaybe},
               {"cellNorm", kMaybe},
               {"outputNorm", kMaybe}},
    .attrs = {WXNN_SEQUENCE_ATTRS,
              {"cellClip", AttrKind::kNumber, 0.0},
              {"projClip", AttrKind::kNumber, 0.0}},
    .infer = infer_lstm,
    .create = create_recurrent<&Recurrent::open_lstm>,
    .stateful = true,
};

}  // namespace wxnn
