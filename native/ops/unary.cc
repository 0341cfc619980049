// Exp, Sqrt, Sin… : functions of one float32, from core/math.h, with the errors stated there.
#include "core/elementwise.h"
#include "core/math_wide.h"

namespace wxnn {
namespace {
int32_t negate(int32_t x) { return static_cast<int32_t>(0u - static_cast<uint32_t>(x)); }
// 0 of a NaN, as in TensorFlow.js and LiteRT.
float sign(float x) { return static_cast<float>((x > 0) - (x < 0)); }
float ceil(float x) { return __builtin_elementwise_ceil(x); }
float floor(float x) { return __builtin_elementwise_floor(x); }
// Halves go to the even neighbour.
float round(float x) { return __builtin_elementwise_roundeven(x); }
float square_root(float x) { return __builtin_elementwise_sqrt(x); }
float reciprocal(float x) { return 1.0f / x; }
float minus(float x) { return -x; }
float square(float x) { return x * x; }
}  // namespace

// One operator on float32: its name and its run.
#define WXNN_FLOAT_OP(op_name, op_run)     \
  extern constinit const Op k##op_name = { \
      .name = #op_name,                    \
      .inputs = {{"x"}},                   \
      .infer = same_as_float_x,            \
      .run = op_run,                       \
      .in_place = 0,                       \
  }

// One operator on float32 and int32.
#define WXNN_NUMBER_OP(op_name, op_run)    \
  extern constinit const Op k##op_name = { \
      .name = #op_name,                    \
      .inputs = {{"x"}},                   \
      .infer = same_as_number_x,           \
      .run = op_run,                       \
      .in_place = 0,                       \
  }

WXNN_FLOAT_OP(Acos, run_float_small<acos_f32>);
WXNN_FLOAT_OP(Acosh, run_float_small<acosh_f32>);
WXNN_FLOAT_OP(Asin, run_float_small<asin_f32>);
WXNN_FLOAT_OP(Asinh, run_float_small<asinh_f32>);
WXNN_FLOAT_OP(Atan, run_float_small<atan_f32>);
WXNN_FLOAT_OP(Atanh, run_float_small<atanh_f32>);
WXNN_FLOAT_OP(Ceil, run_float<ceil>);
WXNN_FLOAT_OP(Cos, run_float_small<cos_f32>);
WXNN_FLOAT_OP(Cosh, run_float_small<cosh_f32>);
WXNN_FLOAT_OP(Erf, run_float<erf_f32>);
WXNN_FLOAT_OP(Exp, run_float<exp_f32>);
WXNN_FLOAT_OP(Expm1, run_float_small<expm1_f32>);
WXNN_FLOAT_OP(Floor, run_float<floor>);
WXNN_FLOAT_OP(Log, run_float<log_f32>);
WXNN_FLOAT_OP(Log1p, run_float_small<log1p_f32>);
WXNN_FLOAT_OP(Reciprocal, run_float<reciprocal>);
WXNN_FLOAT_OP(Round, run_float<round>);
WXNN_FLOAT_OP(Rsqrt, run_float<rsqrt_f32>);
WXNN_FLOAT_OP(Sin, run_float_small<sin_f32>);
WXNN_FLOAT_OP(Sinh, run_float_small<sinh_f32>);
WXNN_FLOAT_OP(Sqrt, run_float<square_root>);
WXNN_FLOAT_OP(Tan, run_float_small<tan_f32>);

WXNN_NUMBER_OP(Abs, (run_number<abs_f32, [](int32_t x) { return x < 0 ? negate(x) : x; }>));
WXNN_NUMBER_OP(Neg, (run_number<minus, negate>));
WXNN_NUMBER_OP(Sign, (run_number<sign, [](int32_t x) { return (x > 0) - (x < 0); }>));
WXNN_NUMBER_OP(Square, (run_number<square, [](int32_t x) {
                 return static_cast<int32_t>(static_cast<uint32_t>(x) * static_cast<uint32_t>(x));
               }>));

namespace {
template <auto f>
Status run_question(const RunCtx& c) {
  map_small<float, uint8_t>(c, [](float x) -> uint8_t { return f(x); });
  return {};
}
}  // namespace

extern constinit const Op kIsNan = {
    .name = "IsNan",
    .inputs = {{"x"}},
    .infer = bool_of_float_x,
    .run = run_question<[](float x) { return x != x; }>,
};

extern constinit const Op kIsInf = {
    .name = "IsInf",
    .inputs = {{"x"}},
    .infer = bool_of_float_x,
    .run = run_question<[](float x) { return abs_f32(x) == kInfF32; }>,
};

extern constinit const Op kIsFinite = {
    .name = "IsFinite",
    .inputs = {{"x"}},
    .infer = bool_of_float_x,
    .run = run_question<[](float x) { return abs_f32(x) < kInfF32; }>,
};

namespace {
template <auto f>
AnyLoop loop_of() {
  return any_loop(float_loop<f>);
}
}  // namespace

WXNN_LOOPS(Unary, loop_of<ceil>(), loop_of<erf_f32>(), loop_of<exp_f32>(), loop_of<floor>(),
           loop_of<log_f32>(), loop_of<reciprocal>(), loop_of<round>(), loop_of<rsqrt_f32>(),
           loop_of<square_root>(), loop_of<abs_f32>(), loop_of<minus>(), loop_of<sign>(),
           loop_of<square>());

}  // namespace wxnn
