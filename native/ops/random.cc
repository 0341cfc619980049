// Random numbers: the same ones on every build and machine, from the seeds alone. Number i since
// the model was loaded (or its state reset) is a mix of the seeds and i, so each run goes on where
// the last one stopped; every generator takes two 32-bit numbers per element. Seeds of 0 are seeds
// like any other.
//
// The mix is SplitMix64's finaliser over a counter in steps of the golden ratio.
#include <algorithm>

#include "core/elementwise.h"
#include "core/math_wide.h"
#include "ops/arguments.h"

namespace wxnn {
namespace {

class Generator {
 public:
  explicit Generator(const Attrs& attrs)
      : key_(mix(static_cast<uint64_t>(static_cast<int64_t>(attrs.i("seed"))) * kGolden +
                 static_cast<uint64_t>(static_cast<int64_t>(attrs.i("seed2"))))) {}
  void rewind() { counter_ = 0; }
  uint64_t bits() { return mix(key_ + kGolden * ++counter_); }
  // 24 bits: 0 <= u < 1.
  static float unit(uint32_t bits) { return static_cast<float>(bits >> 8) * 0x1p-24f; }

 private:
  static constexpr uint64_t kGolden = 0x9e3779b97f4a7c15u;
  static uint64_t mix(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  uint64_t key_;
  uint64_t counter_ = 0;
};

// Box and Muller's transform.
float normal(Generator& g) {
  const uint64_t bits = g.bits();
  const float u = Generator::unit(static_cast<uint32_t>(bits));
  const float v = Generator::unit(static_cast<uint32_t>(bits >> 32));
  const float radius = __builtin_elementwise_sqrt(-2.0f * log_f32(1.0f - u));
  return radius * cos_f32(6.2831855f * v);
}

void fill_uniform(const RunCtx& c, Generator& g) {
  const float low = static_cast<float>(c.attrs.f("minval"));
  const float range = static_cast<float>(c.attrs.f("maxval")) - low;
  const int32_t n = c.out().shape.elements();
  for (int32_t i = 0; i < n; ++i) {
    c.out().f32()[i] = low + range * Generator::unit(static_cast<uint32_t>(g.bits() >> 32));
  }
}

// Of the integers from minval up to, not including, maxval.
void fill_uniform_int(const RunCtx& c, Generator& g) {
  const auto bound = [&](size_t port, const char* name) -> int64_t {
    return c.has(port) ? *c.in(port).i32() : c.attrs.i(name);
  };
  const int64_t low = bound(0, "minval");
  const uint64_t range = static_cast<uint64_t>(std::max<int64_t>(bound(1, "maxval") - low, 1));
  const int32_t n = c.out().shape.elements();
  for (int32_t i = 0; i < n; ++i) {
    const uint64_t scaled = (g.bits() >> 32) * range >> 32;
    c.out().i32()[i] = static_cast<int32_t>(low + static_cast<int64_t>(scaled));
  }
}

void fill_normal(const RunCtx& c, Generator& g) {
  const float mean = static_cast<float>(c.attrs.f("mean"));
  const float deviation = static_cast<float>(c.attrs.f("stdDev"));
  const int32_t n = c.out().shape.elements();
  for (int32_t i = 0; i < n; ++i) c.out().f32()[i] = mean + deviation * normal(g);
}

// What is more than two deviations away is drawn again.
void fill_truncated(const RunCtx& c, Generator& g) {
  const float mean = static_cast<float>(c.attrs.f("mean"));
  const float deviation = static_cast<float>(c.attrs.f("stdDev"));
  const int32_t n = c.out().shape.elements();
  for (int32_t i = 0; i < n; ++i) {
    float z = normal(g);
    while (abs_f32(z) > 2.0f) z = normal(g);
    c.out().f32()[i] = mean + deviation * z;
  }
}

// Each row of logits [rows,classes] gives as many classes, each with probability softmax(logits).
void draw_classes(const RunCtx& c, Generator& g) {
  const int32_t classes = c.in(0).shape[1];
  const int32_t draws = c.out().shape[1];
  const bool normalized = c.attrs.b("normalized");
  for (int32_t r = 0; r < c.out().shape[0]; ++r) {
    const float* x = c.in(0).f32() + r * classes;
    float most = -kInfF32;
    for (int32_t k = 0; k < classes; ++k) most = larger_f32(most, x[k]);
    const auto weight = [&](int32_t k) { return normalized ? x[k] : exp_f32(x[k] - most); };
    double all = 0;
    for (int32_t k = 0; k < classes; ++k) all += static_cast<double>(weight(k));
    for (int32_t i = 0; i < draws; ++i) {
      const float unit = Generator::unit(static_cast<uint32_t>(g.bits() >> 32));
      const double u = all * static_cast<double>(unit);
      double sum = static_cast<double>(weight(0));
      int32_t k = 0;
      while (k + 1 < classes && !(u < sum)) sum += static_cast<double>(weight(++k));
      c.out().i32()[r * draws + i] = k;
    }
  }
}

using Draw = void (*)(const RunCtx&, Generator&);

class RandomKernel final : public Kernel {
 public:
  RandomKernel(const Attrs& attrs, Draw draw) : generator_(attrs), draw_(draw) {}
  Status reshape(const InferCtx&, size_t*) override { return {}; }
  Status run(const RunCtx& c) override {
    draw_(c, generator_);
    return {};
  }
  void reset() override { generator_.rewind(); }

 private:
  Generator generator_;
  Draw draw_;
};

template <Draw draw>
Status create_random(const InferCtx& c, std::unique_ptr<Kernel>* kernel) {
  *kernel = std::make_unique<RandomKernel>(c.attrs, draw);
  return {};
}

Status infer_random(InferCtx& c) {
  c.out().dtype = DType::kFloat32;
  return read_shape(c, 0, "shape", &c.out().shape);
}

[[clang::minsize]] Status infer_uniform_int(InferCtx& c) {
  for (size_t i = 0; i < 2; ++i) {
    if (!c.has(i)) continue;
    WXNN_CHECK(c.in(i).dtype == DType::kInt32 && c.in(i).shape.elements() == 1,
               "a bound {} {} should be one int32", name_of(c.in(i).dtype), c.in(i).shape);
  }
  c.out().dtype = DType::kInt32;
  return read_shape(c, 2, "shape", &c.out().shape);
}

[[clang::minsize]] Status infer_multinomial(InferCtx& c) {
  const Shape& x = c.in(0).shape;
  Numbers samples;
  WXNN_TRY(check_float("logits", c.in(0)));
  WXNN_TRY(read_numbers(c, 1, "numSamples", &samples));
  WXNN_CHECK(x.rank() == 2 && x[1] > 0, "logits {} should be [rows,classes]", x);
  WXNN_CHECK(samples.count == 1 && samples[0] >= 0,
             "numSamples should be one number, not negative");
  c.out() = {DType::kInt32, {x[0], samples[0]}};
  return {};
}

#define WXNN_SEEDS \
  AttrSpec{"seed", AttrKind::kNumber, 0.0}, AttrSpec{"seed2", AttrKind::kNumber, 0.0}
#define WXNN_SHAPE \
  AttrSpec { "shape", AttrKind::kNumbers, kEmptyList }

}  // namespace

extern constinit const Op kRandomUniform = {
    .name = "RandomUniform",
    .inputs = {{"shape", kArgument}},
    .attrs = {WXNN_SHAPE,
              {"minval", AttrKind::kNumber, 0.0},
              {"maxval", AttrKind::kNumber, 1.0},
              WXNN_SEEDS},
    .infer = infer_random,
    .create = create_random<fill_uniform>,
    .stateful = true,
};

extern constinit const Op kRandomUniformInt = {
    .name = "RandomUniformInt",
    .inputs = {{"minval", kOptional}, {"maxval", kOptional}, {"shape", kArgument}},
    .attrs = {WXNN_SHAPE,
              {"minval", AttrKind::kNumber, 0.0},
              {"maxval", AttrKind::kNumber, 1.0},
              WXNN_SEEDS},
    .infer = infer_uniform_int,
    .create = create_random<fill_uniform_int>,
    .stateful = true,
};

extern constinit const Op kRandomStandardNormal = {
    .name = "RandomStandardNormal",
    .inputs = {{"shape", kArgument}},
    .attrs = {WXNN_SHAPE,
              {"mean", AttrKind::kNumber, 0.0},
              {"stdDev", AttrKind::kNumber, 1.0},
              WXNN_SEEDS},
    .infer = infer_random,
    .create = create_random<fill_normal>,
    .stateful = true,
};

extern constinit const Op kTruncatedNormal = {
    .name = "TruncatedNormal",
    .inputs = {{"shape", kArgument}},
    .attrs = {WXNN_SHAPE,
              {"mean", AttrKind::kNumber, 0.0},
              {"stdDev", AttrKind::kNumber, 1.0},
              WXNN_SEEDS},
    .infer = infer_random,
    .create = create_random<fill_truncated>,
    .stateful = true,
};

extern constinit const Op kMultinomial = {
    .name = "Multinomial",
    .inputs = {{"logits"}, {"numSamples", kArgument}},
    .attrs = {{"numSamples", AttrKind::kNumbers, kEmptyList},
              {"normalized", AttrKind::kNumber, 0.0},
              WXNN_SEEDS},
    .infer = infer_multinomial,
    .create = create_random<draw_classes>,
    .stateful = true,
};

}  // namespace wxnn
