// Relu, Sigmoid and the other activation functions of networks.
#include "core/choose.h"
#include "core/elementwise.h"
#include "core/math_wide.h"

namespace wxnn {
namespace {

// All hand a NaN on: the comparison is false for it.
float relu(float x) { return choose(x < 0, 0.0f, x); }
float clip(float x, float low, float high) {
  x = choose(x < low, low, x);
  return choose(x > high, high, x);
}

float relu6(float x) { return clip(x, 0, 6); }
float elu(float x) { return x < 0 ? expm1_f32(x) : x; }
float hard_swish(float x) { return x * clip(x + 3.0f, 0, 6) * (1.0f / 6.0f); }

// (scale x) relu6(x + shift), rounded as the four operators would.
void hard_swish_of(const float* x, float* y, int32_t n, float scale, float shift) {
  each(n,
       [=](int32_t i) { [[clang::always_inline]] y[i] = scale * x[i] * clip(x[i] + shift, 0, 6); });
}

float leaky(float x, float alpha) { return x < 0 ? alpha * x : x; }

void clip_loop(const float* x, float* y, int32_t n, float low, float high) {
  each(n, [=](int32_t i) { [[clang::always_inline]] y[i] = clip(x[i], low, high); });
}

constexpr double kSeluScale = 1.0507009873554805;
constexpr double kSeluAlpha = 1.6732632423543772;
constexpr float kSeluNegative = static_cast<float>(kSeluScale * kSeluAlpha);

// The tanh form that some models were trained with.
float gelu_by_tanh(float x) {
  constexpr float kSqrtTwoOverPi = 0x1.988454p-1f;
  return 0.5f * x * (1.0f + tanh_f32(kSqrtTwoOverPi * (x + 0.044715f * x * x * x)));
}

}  // namespace

extern constinit const Op kRelu = {
    .name = "Relu",
    .inputs = {{"x"}},
    .infer = same_as_number_x,
    .run = run_number<relu, [](int32_t x) { return x < 0 ? 0 : x; }>,
    .in_place = 0,
};

extern constinit const Op kRelu6 = {
    .name = "Relu6",
    .inputs = {{"x"}},
    .infer = same_as_number_x,
    .run = run_number<relu6, [](int32_t x) { return x < 0   ? 0
                                                    : x > 6 ? 6
                                                            : x; }>,
    .in_place = 0,
};

extern constinit const Op kClipByValue = {
    .name = "ClipByValue",
    .inputs = {{"x"}},
    .attrs = {{"clipValueMin"}, {"clipValueMax"}},
    .infer = [](InferCtx& c) -> Status {
      WXNN_CHECK(c.attrs.f("clipValueMin") <= c.attrs.f("clipValueMax"),
                 "clipValueMin is greater than clipValueMax");
      return same_as_number_x(c);
    },
    .run = [](const RunCtx& c) -> Status {
      if (c.in(0).dtype == DType::kInt32) {
        const int32_t low = c.attrs.i("clipValueMin");
        const int32_t high = c.attrs.i("clipValueMax");
        map_small<int32_t, int32_t>(c, [=](int32_t x) {
          return x < low ? low : x > high ? high : x;
        });
      } else {
        const float low = static_cast<float>(c.attrs.f("clipValueMin"));
        const float high = static_cast<float>(c.attrs.f("clipValueMax"));
        replaceable(clip_loop)(c.in(0).f32(), c.out().f32(), c.out().shape.elements(), low, high);
      }
      return {};
    },
    .in_place = 0,
};

extern constinit const Op kLeakyRelu = {
    .name = "LeakyRelu",
    .inputs = {{"x"}},
    .attrs = {{"alpha", AttrKind::kNumber, 0.2}},
    .infer = same_as_float_x,
    .run = [](const RunCtx& c) -> Status {
      // A matrix operator whose activation this is calls it otherwise (ops/activation.h).
      const char* name = c.attrs.knows("alpha") ? "alpha" : "leakyreluAlpha";
      const float alpha = static_cast<float>(c.attrs.f(name));
      replaceable(row_loop<float, float, leaky>)(c.in(0).data, &alpha, c.out().data,
                                                 c.out().shape.elements(), Row::kOneB);
      return {};
    },
    .in_place = 0,
};

extern constinit const Op kElu = {
    .name = "Elu",
    .inputs = {{"x"}},
    .infer = same_as_float_x,
    .run = run_float<elu>,
    .in_place = 0,
};

extern constinit const Op kSelu = {
    .name = "Selu",
    .inputs = {{"x"}},
    .infer = same_as_float_x,
    .run = run_float_small<[](float x) {
      return x < 0 ? kSeluNegative * expm1_f32(x) : static_cast<float>(kSeluScale) * x;
    }>,
    .in_place = 0,
};

extern constinit const Op kSigmoid = {
    .name = "Sigmoid",
    .inputs = {{"x"}},
    .infer = same_as_float_x,
    .run = run_float<sigmoid_f32>,
    .in_place = 0,
};

extern constinit const Op kTanh = {
    .name = "Tanh",
    .inputs = {{"x"}},
    .infer = same_as_float_x,
    .run = run_float<tanh_f32>,
    .in_place = 0,
};

extern constinit const Op kSoftplus = {
    .name = "Softplus",
    .inputs = {{"x"}},
    .infer = same_as_float_x,
    .run = run_float_small<softplus_f32>,
    .in_place = 0,
};

// x relu6(x + 3) / 6; TFLite has it as HARD_SWISH, tfjs has no kernel of this name.
extern constinit const Op kHardSwish = {
    .name = "HardSwish",
    .inputs = {{"x"}},
    .infer = same_as_float_x,
    .run = run_float<hard_swish>,
    .in_place = 0,
};

// HardSwish with a graph's own numbers; passes/find_hard_swish.cc alone makes it.
extern constinit const Op kScaledHardSwish = {
    .name = "ScaledHardSwish",
    .inputs = {{"x"}},
    .attrs = {{"scale"}, {"shift"}},
    .infer = same_as_float_x,
    .run = [](const RunCtx& c) -> Status {
      replaceable(hard_swish_of)(c.in(0).f32(), c.out().f32(), c.out().shape.elements(),
                                 static_cast<float>(c.attrs.f("scale")),
                                 static_cast<float>(c.attrs.f("shift")));
      return {};
    },
    .in_place = 0,
};

// TFLite's GELU; `approximate` chooses the form with tanh. tfjs has no kernel of this name.
extern constinit const Op kGelu = {
    .name = "Gelu",
    .inputs = {{"x"}},
    .attrs = {{"approximate", AttrKind::kNumber, 0.0}},
    .infer = same_as_float_x,
    .run = [](const RunCtx& c) -> Status {
      run_float_loop(c, c.attrs.b("approximate") ? float_loop<gelu_by_tanh> : float_loop<gelu_f32>);
      return {};
    },
    .in_place = 0,
};

// 1 for positive x, alpha x for others; a NaN stays.
extern constinit const Op kStep = {
    .name = "Step",
    .inputs = {{"x"}},
    .attrs = {{"alpha", AttrKind::kNumber, 0.0}},
    .infer = same_as_float_x,
    .run = [](const RunCtx& c) -> Status {
      const float alpha = static_cast<float>(c.attrs.f("alpha"));
      map_small<float, float>(c, [alpha](float x) { return x != x ? x : x > 0 ? 1.0f : alpha; });
      return {};
    },
    .in_place = 0,
};

WXNN_LOOPS(Activation, any_loop(float_loop<relu>), any_loop(float_loop<relu6>), any_loop(clip_loop),
           any_loop(row_loop<float, float, leaky>), any_loop(float_loop<elu>),
           any_loop(float_loop<sigmoid_f32>), any_loop(float_loop<tanh_f32>),
           any_loop(float_loop<hard_swish>), any_loop(hard_swish_of),
           any_loop(float_loop<gelu_by_tanh>), any_loop(float_loop<gelu_f32>));

}  // namespace wxnn
