// SVDF, TensorFlow Lite's filter over time in few parameters: each of rank * units filters keeps
// the last `memory` dot products of its features with x (one more per run) and weighs them.
#include <algorithm>
#include <cstring>

#include "core/buffer.h"
#include "core/elementwise.h"
#include "core/reduce.h"

namespace wxnn {
namespace {

enum Input { kX, kFeatures, kTime, kBias };
constexpr auto kPlus = [](float a, float b) { return a + b; };

[[clang::minsize]] Status infer_svdf(InferCtx& c) {
  const Shape& x = c.in(kX).shape;
  const Shape& features = c.in(kFeatures).shape;
  const Shape& time = c.in(kTime).shape;
  const int32_t rank = c.attrs.i("rank");
  for (size_t i = 0; i < c.inputs.size(); ++i) {
    if (c.has(i)) WXNN_TRY(check_float("an input", c.in(i)));
  }
  WXNN_CHECK(x.rank() == 2 && features.rank() == 2 && time.rank() == 2,
             "x {}, features {} and time {} should be matrices", x, features, time);
  WXNN_CHECK(x[1] == features[1] && features[0] == time[0],
             "x {} does not fit features {} and time {}", x, features, time);
  WXNN_CHECK(rank > 0 && features[0] % rank == 0, "rank {} does not divide the {} filters", rank,
             features[0]);
  const std::string_view activation = c.attrs.text("activation");
  WXNN_CHECK(activation == "linear" || activation == "relu", "activation \"{}\" is not supported",
             activation);
  const int32_t units = features[0] / rank;
  WXNN_CHECK(!c.has(kBias) || c.in(kBias).shape == Shape{units}, "bias {} should be [{}]",
             c.in(kBias).shape, units);
  c.out() = {DType::kFloat32, {x[0], units}};
  return {};
}

class Svdf final : public Kernel {
 public:
  Status reshape(const InferCtx& c, size_t* scratch_bytes) override {
    const Shape& time = c.in(kTime).shape;
    const double floats = static_cast<double>(c.in(kX).shape[0]) * time[0] * time[1];
    WXNN_CHECK(floats * sizeof(float) < 2147483647.0, "its memory does not fit");
    const size_t bytes = static_cast<size_t>(floats) * sizeof(float);
    *scratch_bytes =
        (static_cast<size_t>(time[1]) + static_cast<size_t>(c.in(kX).shape[1])) * sizeof(float);
    if (state_ && state_.size() == bytes) return {};
    WXNN_TRY(state_.allocate(bytes));
    reset();
    return {};
  }

  Status run(const RunCtx& c) override {
    const int32_t inputs = c.in(kX).shape[1];
    const int32_t filters = c.in(kTime).shape[0];
    const int32_t memory = c.in(kTime).shape[1];
    const int32_t units = c.out().shape[1];
    const int32_t rank = units == 0 ? 0 : filters / units;
    const bool relu = c.attrs.text("activation") == "relu";
    float* products = static_cast<float*>(c.scratch);
    const auto dot = [&](const float* a, const float* b, int32_t n) {
      each(n, [=](int32_t k) { products[k] = a[k] * b[k]; });
      return reduce(products, n, 0.0f, kPlus);
    };
    for (int32_t b = 0; b < c.in(kX).shape[0]; ++b) {
      for (int32_t u = 0; u < units; ++u) {
        float sum = c.has(kBias) ? c.in(kBias).f32()[u] : 0;
        for (int32_t f = u * rank; f < (u + 1) * rank; ++f) {
          float* last = state_.data<float>() + (static_cast<size_t>(b) * filters + f) * memory;
          if (memory == 0) continue;
          std::memmove(last, last + 1, static_cast<size_t>(memory - 1) * sizeof(float));
          last[memory - 1] =
              dot(c.in(kX).f32() + b * inputs, c.in(kFeatures).f32() + f * inputs, inputs);
          sum += dot(last, c.in(kTime).f32() + f * memory, memory);
        }
        c.out().f32()[b * units + u] = relu && sum < 0 ? 0 : sum;
      }
    }
    return {};
  }

  void reset() override {
    if (state_.size() != 0) std::memset(state_.data(), 0, state_.size());
  }

 private:
  Buffer state_;  // [batch,filters,memory]
};

}  // namespace

extern constinit const Op kSVDF = {
    .name = "SVDF",
    .inputs = {{"x"}, {"weightsFeature"}, {"weightsTime"}, {"bias", kOptional}},
    .attrs = {{"rank"}, {"activation", AttrKind::kText, "linear"}},
    .infer = infer_svdf,
    .create = [](const InferCtx&, std::unique_ptr<Kernel>* kernel) -> Status {
      *kernel = std::make_unique<Svdf>();
      return {};
    },
    .stateful = true,
};

}  // namespace wxnn
