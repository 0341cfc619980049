// Add and the other operators that combine two broadcast numbers.
#include "core/build_parts.h"
#include "core/choose.h"
#include "core/elementwise.h"
#include "core/math_wide.h"
#include "ops/activation.h"

namespace wxnn {
namespace {

// Integers wrap around, as in TensorFlow; C++ would call that undefined.
int32_t wrap(uint32_t bits) { return static_cast<int32_t>(bits); }
uint32_t bits(int32_t x) { return static_cast<uint32_t>(x); }

// Division rounding to zero, 0 where the divisor is 0.
int32_t divide(int32_t a, int32_t b) {
  if (b == 0) return 0;
  return b == -1 ? wrap(0u - bits(a)) : a / b;  // the one quotient that overflows is among these
}
int32_t truncated_modulo(int32_t a, int32_t b) { return b == 0 || b == -1 ? 0 : a % b; }
float divide_no_nan(float a, float b) { return b == 0 ? 0 : a / b; }

// Division rounding down; 0 where the divisor is 0, as in TensorFlow.js.
int32_t floor_divide(int32_t a, int32_t b) {
  if (b == 0) return 0;
  const int32_t q = divide(a, b);
  return b == -1 ? q : q - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
}

// The remainder of that division: it has the divisor's sign.
int32_t floor_modulo(int32_t a, int32_t b) {
  if (b == 0) return 0;
  return wrap(bits(a) - bits(floor_divide(a, b)) * bits(b));
}
float floor_modulo_f32(float a, float b) {
  const float r = remainder_f32(a, b);
  return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}

// Truncated towards zero for negative powers, as an int32 tensor would store it.
int32_t power(int32_t x, int32_t n) {
  if (n < 0) return x == 1 ? 1 : x == -1 ? ((n & 1) != 0 ? -1 : 1) : 0;
  uint32_t result = 1;
  uint32_t base = bits(x);
  for (; n != 0; n >>= 1) {
    if ((n & 1) != 0) result *= base;
    base *= base;
  }
  return wrap(result);
}

float add(float a, float b) { return a + b; }
float subtract(float a, float b) { return a - b; }
float multiply(float a, float b) { return a * b; }
float divide_f32(float a, float b) { return a / b; }
float divide_unless_zero(float a, float b) { return a == 0 ? 0 : a / b; }
float squared_difference(float a, float b) { return (a - b) * (a - b); }
float bend(float x, float alpha) { return choose(x < 0, alpha * x, x); }

struct Complex {
  float re, im;
};
bool is_complex(DType dtype) { return kBuildParts.complex && dtype == DType::kComplex64; }

// floats, ints and complex: of two operands of one dtype.
template <auto floats, auto ints, auto complex>
Status run_any(const RunCtx& c) {
  if (!is_complex(c.in(0).dtype)) return run_zip<floats, ints>(c);
  zip(c, small_row_loop<Complex, Complex, complex>);
  return {};
}

Status broadcast_any(InferCtx& c) {
  return is_complex(c.in(0).dtype) ? broadcast_complex(c) : broadcast_both(c);
}

}  // namespace

extern constinit const Op kAdd = {
    .name = "Add",
    .inputs = {{"a"}, {"b"}},
    .infer = broadcast_any,
    .run = run_any<add, [](int32_t a, int32_t b) { return wrap(bits(a) + bits(b)); },
                   [](Complex a, Complex b) { return Complex{a.re + b.re, a.im + b.im}; }>,
    .in_place = 0,
};

extern constinit const Op kSub = {
    .name = "Sub",
    .inputs = {{"a"}, {"b"}},
    .infer = broadcast_any,
    .run = run_any<subtract, [](int32_t a, int32_t b) { return wrap(bits(a) - bits(b)); },
                   [](Complex a, Complex b) { return Complex{a.re - b.re, a.im - b.im}; }>,
    .in_place = 0,
};

extern constinit const Op kMultiply = {
    .name = "Multiply",
    .inputs = {{"a"}, {"b"}},
    .infer = broadcast_any,
    .run = run_any<multiply, [](int32_t a, int32_t b) { return wrap(bits(a) * bits(b)); },
                   [](Complex a, Complex b) {
                     return Complex{a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
                   }>,
    .in_place = 0,
};

// Of integers rounded to zero, as TensorFlow's Div and TFLite's DIV.
extern constinit const Op kRealDiv = {
    .name = "RealDiv",
    .inputs = {{"a"}, {"b"}},
    .infer = broadcast_both,
    .run = run_zip<divide_f32, divide>,
    .in_place = 0,
};

// 0 wherever the divisor is.
extern constinit const Op kDivNoNan = {
    .name = "DivNoNan",
    .inputs = {{"a"}, {"b"}},
    .infer = broadcast_floats,
    .run = [](const RunCtx& c) -> Status {
      zip(c, small_row_loop<float, float, divide_no_nan>);
      return {};
    },
    .in_place = 0,
};

extern constinit const Op kTruncateMod = {
    .name = "TruncateMod",
    .inputs = {{"a"}, {"b"}},
    .infer = broadcast_both,
    .run = run_zip_small<remainder_f32, truncated_modulo>,
    .in_place = 0,
};

// 0 where a is 0, whatever b; the quotient elsewhere.
extern constinit const Op kXdivy = {
    .name = "Xdivy",
    .inputs = {{"a"}, {"b"}},
    .infer = broadcast_floats,
    .run = run_zip_float<divide_unless_zero>,
    .in_place = 0,
};

// 0 where a is 0, whatever b; a log b elsewhere.
extern constinit const Op kXlogy = {
    .name = "Xlogy",
    .inputs = {{"a"}, {"b"}},
    .infer = broadcast_floats,
    .run = [](const RunCtx& c) -> Status {
      zip(c, small_row_loop<float, float,
                            [](float a, float b) { return a == 0 ? 0 : a * log_f32(b); }>);
      return {};
    },
    .in_place = 0,
};

extern constinit const Op kMaximum = {
    .name = "Maximum",
    .inputs = {{"a"}, {"b"}},
    .infer = broadcast_both,
    .run = run_zip<larger_f32, [](int32_t a, int32_t b) { return a > b ? a : b; }>,
    .in_place = 0,
};

extern constinit const Op kMinimum = {
    .name = "Minimum",
    .inputs = {{"a"}, {"b"}},
    .infer = broadcast_both,
    .run = run_zip<smaller_f32, [](int32_t a, int32_t b) { return a < b ? a : b; }>,
    .in_place = 0,
};

extern constinit const Op kSquaredDifference = {
    .name = "SquaredDifference",
    .inputs = {{"a"}, {"b"}},
    .infer = broadcast_both,
    .run = run_zip<squared_difference,
                   [](int32_t a, int32_t b) {
                     const uint32_t d = bits(a) - bits(b);
                     return wrap(d * d);
                   }>,
    .in_place = 0,
};

// The output has the operands' dtype, as in TensorFlow. (tfjs's own kernel always says int32.)
extern constinit const Op kFloorDiv = {
    .name = "FloorDiv",
    .inputs = {{"a"}, {"b"}},
    .infer = broadcast_both,
    .run = run_zip_small<[](float a, float b) { return __builtin_elementwise_floor(a / b); },
                         floor_divide>,
    .in_place = 0,
};

extern constinit const Op kMod = {
    .name = "Mod",
    .inputs = {{"a"}, {"b"}},
    .infer = broadcast_both,
    .run = run_zip_small<floor_modulo_f32, floor_modulo>,
    .in_place = 0,
};

extern constinit const Op kPow = {
    .name = "Pow",
    .inputs = {{"a"}, {"b"}},
    .infer = broadcast_both,
    .run = run_zip_small<pow_f32, power>,
    .in_place = 0,
};

extern constinit const Op kAtan2 = {
    .name = "Atan2",
    .inputs = {{"a"}, {"b"}},
    .infer = broadcast_floats,
    .run = [](const RunCtx& c) -> Status {
      zip(c, small_row_loop<float, float, atan2_f32>);
      return {};
    },
    .in_place = 0,
};

Status check_slopes(const Tensor& alpha, const Shape& x) {
  WXNN_TRY(check_float("alpha", alpha));
  WXNN_CHECK(broadcasts(alpha.shape, x), "alpha {} does not broadcast to x {}", alpha.shape, x);
  return {};
}

// y = x where x >= 0, alpha x elsewhere.
extern constinit const Op kPrelu = {
    .name = "Prelu",
    .inputs = {{"x"}, {"alpha"}},
    .infer = [](InferCtx& c) -> Status {
      WXNN_TRY(check_float("x", c.in(0)));
      WXNN_TRY(check_slopes(c.in(1), c.in(0).shape));
      return same_as_x(c);
    },
    .run = run_zip_float<bend>,
    .in_place = 0,
};

namespace {
template <auto f>
AnyLoop loop_of() {
  return any_loop(row_loop<float, float, f>);
}
}  // namespace

WXNN_LOOPS(Arithmetic, loop_of<add>(), loop_of<subtract>(), loop_of<multiply>(),
           loop_of<divide_f32>(), loop_of<divide_unless_zero>(), loop_of<larger_f32>(),
           loop_of<smaller_f32>(), loop_of<squared_difference>(), loop_of<bend>());

}  // namespace wxnn
