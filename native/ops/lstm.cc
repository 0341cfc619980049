// LSTM: i, f, o = sigmoid(Wx + Rh + Pc + b), g = activation(Wx + Rh + b),
// c = f c + i g, h = projection(o activation(c)). Without an input gate i is 1 - f. P, the
// peepholes, are diagonal; o sees the new c. With layer norm each sum but b is scaled to mean 0 and
// variance 1, then multiplied by its coefficients.
#include <cstring>

#include "core/math.h"
#include "core/reduce.h"
#include "ops/recurrent.h"

namespace wxnn {
namespace {

enum Gate { kInputGate, kForgetGate, kCellGate, kOutputGate, kGates };
// Ports, for gate g.
constexpr size_t kWeights = 1, kRecurrent = 5, kPeephole = 9, kBias = 12;
constexpr size_t kProjection = 16, kProjectionBias = 17, kNorm = 18;

// There is no peephole into the cell gate.
constexpr size_t peephole_of(int gate) {
  return kPeephole + static_cast<size_t>(gate == kOutputGate ? 2 : gate);
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
    WXNN_CHECK(there || g == kInputGate, "lacks the weights of gate {}", g);
    WXNN_CHECK(c.has(kRecurrent + g) == there && c.has(kBias + g) == there &&
                   c.has(kNorm + g) == (there && norm) &&
                   (g == kCellGate || c.has(peephole_of(g)) == (there && peepholes)),
               "has only some of the inputs of gate {}", g);
    WXNN_TRY(check_shape(c, kWeights + g, weights));
    WXNN_TRY(check_shape(c, kRecurrent + g, {units, outputs}));
    if (g != kCellGate) WXNN_TRY(check_shape(c, peephole_of(g), {units}));
    WXNN_TRY(check_shape(c, kBias + g, {units}));
    WXNN_TRY(check_shape(c, kNorm + g, {units}));
  }
  WXNN_TRY(check_shape(c, kProjection, {outputs, units}));
  WXNN_TRY(check_shape(c, kProjectionBias, {outputs}));
  WXNN_CHECK(c.has(kProjection) || outputs == units,
             "gives {} outputs of {} units without a projection", outputs, units);
  return infer_sequence(c, weights[1], outputs);
}

class Lstm final : public Recurrent {
 public:
  Status open(const InferCtx& c) {
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
    const int32_t units = c.in(kWeights + kForgetGate).shape[0];
    const int32_t outputs = c.in(kRecurrent + kForgetGate).shape[1];
    WXNN_TRY(Recurrent::open(c, {units, outputs, units * static_cast<int32_t>(gates)}));
    // Layer norm comes before the bias.
    WXNN_TRY(inputs_.pack(c, {weights, gates}, {bias, norm_ ? 0 : gates}));
    WXNN_TRY(recurrent_.pack(c, {recurrent, gates}, {}));
    projects_ = c.has(kProjection);
    if (projects_) {
      const size_t matrix[] = {kProjection};
      const size_t shift[] = {kProjectionBias};
      WXNN_TRY(projection_.pack(c, matrix, shift));
    }
    WXNN_TRY(vectors_.allocate(static_cast<size_t>(units) * kVectors * sizeof(float)));
    for (int g = 0; g < kGates; ++g) {
      if (g != kCellGate) keep(c, peephole_of(g), &peephole_[g]);
      if (norm_) keep(c, kNorm + g, &scale_[g]);
      if (norm_) keep(c, kBias + g, &shift_[g]);
    }
    return {};
  }

 private:
  // Copies a vector of one number per unit, whose constant is released.
  void keep(const InferCtx& c, size_t port, const float** at) {
    if (!c.has(port)) return;
    const size_t n = static_cast<size_t>(units());
    float* to = vectors_.data<float>() + n * kept_++;
    if (n != 0) std::memcpy(to, c.in(port).data, n * sizeof(float));
    *at = to;
  }

  // Peephole and layer norm of one gate's sums.
  void finish(int gate, const float* c, float* sum) const {
    const int32_t n = units();
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

  void step(float* sums, float* c, float* hidden, float* h) const override {
    const int32_t n = units();
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
    clip(h, outputs(), projection_clip_);
  }

  static constexpr size_t kVectors = 11;
  bool norm_ = false, projects_ = false;
  int first_ = 0;  // gate
  float cell_clip_ = 0, projection_clip_ = 0;
  Stacked projection_;
  Buffer vectors_;
  size_t kept_ = 0;
  const float* peephole_[kGates] = {};
  const float* scale_[kGates] = {};
  const float* shift_[kGates] = {};
};

constexpr uint8_t kMaybe = kPacked | kOptional;

}  // namespace

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
    .create = create_recurrent<Lstm>,
    .stateful = true,
};

}  // namespace wxnn
