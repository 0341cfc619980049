// Elementary functions as straight-line code: no table, no libm, no fused multiply-add, no branch
// (but for huge arguments of sin, cos and tan), so clang vectorises a loop over them and every
// build gives the same bits. They use + - * / sqrt, comparisons, bit casts and integer operations
// only.
//
// Each states its largest error in ULP of the float32 result, subnormal results included, over all
// float32 arguments; tests/native/math_test.cc measures it. NaN gives NaN; infinities, signed zeros
// and domain errors give what C's Annex F says. Polynomials are minimax (Remez) fits.
//
// exp, log and what follows from them are computed in float32. The rest widens to double, where
// a short polynomial already gives all bits of a float32.
#pragma once
#include <bit>
#include <cstdint>
#include <limits>

namespace wxnn {

// A loop is vectorised only where the whole function is inlined into it, which -Os would not do.
#define WXNN_MATH [[gnu::always_inline]] inline

inline constexpr float kInfF32 = std::numeric_limits<float>::infinity();
inline constexpr float kNanF32 = std::numeric_limits<float>::quiet_NaN();

WXNN_MATH float abs_f32(float x) { return __builtin_fabsf(x); }
// Magnitude of `x`, sign of `sign`.
WXNN_MATH float with_sign(float x, float sign) { return __builtin_copysignf(x, sign); }

// Both hand a NaN on, whichever operand has it.
WXNN_MATH float larger_f32(float a, float b) { return a > b || a != a ? a : b; }
WXNN_MATH float smaller_f32(float a, float b) { return a < b || a != a ? a : b; }

namespace math {

// Adding it to a small float leaves the nearest integer in the low mantissa bits: rounding and
// conversion in one addition, where a float-to-int conversion would cost wasm a range check.
inline constexpr float kRoundF32 = 0x1.8p23f;
inline constexpr double kRoundF64 = 0x1.8p52;

inline constexpr float kLog2EF32 = 0x1.715476p+0f;
// ln 2 in two parts; the upper one times a 9-bit integer is exact.
inline constexpr float kLn2High = 0x1.62e4p-1f;
inline constexpr float kLn2Low = 0x1.7f7d1cp-20f;
inline constexpr double kLog2E = 0x1.71547652b82fep+0;
inline constexpr double kLn2 = 0x1.62e42fefa39efp-1;
inline constexpr double kHalfPi = 0x1.921fb54442d18p+0;

// c[0] + c[1] x + c[2] x^2 + …
template <class T, int n>
WXNN_MATH T polynomial(T x, const T (&c)[n]) {
  T p = c[n - 1];
#pragma clang loop unroll(full)
  for (int i = n - 2; i >= 0; --i) p = p * x + c[i];
  return p;
}

// 2^n for -126 <= n <= 127.
WXNN_MATH float power_of_two(int32_t n) {
  return std::bit_cast<float>((static_cast<uint32_t>(n) + 127u) << 23);
}

// x = n ln 2 + r with |r| <= ln 2 / 2; `expm1` is e^r - 1.
struct ExpParts {
  int32_t n;
  float expm1;
};
WXNN_MATH ExpParts split_exp(float x) {
  const float t = x * kLog2EF32 + kRoundF32;
  const float n = t - kRoundF32;
  const float r = (x - n * kLn2High) - n * kLn2Low;
  const float p = polynomial(
      r, {0x1p-1f, 0x1.555556p-3f, 0x1.5554bp-5f, 0x1.11109p-7f, 0x1.6d7408p-10f, 0x1.a1a21ap-13f});
  const uint32_t bits = std::bit_cast<uint32_t>(t) - std::bit_cast<uint32_t>(kRoundF32);
  return {static_cast<int32_t>(bits), r + r * r * p};
}

// log((1 + f) 2^k) + c, for 1 + f in [sqrt 1/2, sqrt 2) and a small correction c.
WXNN_MATH float log_of_parts(float f, float k, float c) {
  const float s = f / (2.0f + f);
  const float z = s * s;
  const float p =
      z * polynomial(z, {0x1.555556p-1f, 0x1.999a64p-2f, 0x1.243d74p-2f, 0x1.e25ea8p-3f});
  const float half_square = 0.5f * f * f;
  return k * kLn2High - ((half_square - (s * (half_square + p) + (k * kLn2Low + c))) - f);
}

// A positive normal x as m 2^k with m in [sqrt 1/2, sqrt 2).
struct LogParts {
  int32_t k;
  float m;
};
WXNN_MATH LogParts split_log(float x) {
  constexpr uint32_t kSqrtHalf = 0x3f3504f3u;
  const uint32_t bits = std::bit_cast<uint32_t>(x) - kSqrtHalf;
  return {static_cast<int32_t>(bits) >> 23, std::bit_cast<float>((bits & 0x7fffffu) + kSqrtHalf)};
}

}  // namespace math

// 1 ULP.
WXNN_MATH float exp_f32(float x) {
  x = x < -104.0f ? -104.0f : x;  // 0 from here
  x = x > 89.0f ? 89.0f : x;      // infinity from here
  const math::ExpParts e = math::split_exp(x);
  // 2^n in two factors, as n reaches from -150 to 128: only the second product rounds.
  const int32_t half = e.n >> 1;
  return (1.0f + e.expm1) * math::power_of_two(half) * math::power_of_two(e.n - half);
}

// 2 ULP.
WXNN_MATH float expm1_f32(float x) {
  const float near_zero = x;
  x = x < -18.0f ? -18.0f : x;  // -1 from here
  x = x > 89.0f ? 89.0f : x;
  const math::ExpParts e = math::split_exp(x);
  const float half_scale = math::power_of_two(e.n - 1);  // 2^n itself may overflow
  const float y = (half_scale * e.expm1 + (half_scale - 0.5f)) * 2.0f;
  return abs_f32(near_zero) < 0x1p-25f ? near_zero : y;
}

// 1 ULP.
WXNN_MATH float log_f32(float x) {
  const bool subnormal = x < 0x1p-126f;
  const math::LogParts l = math::split_log(subnormal ? x * 0x1p23f : x);
  const float k = static_cast<float>(l.k) - (subnormal ? 23.0f : 0.0f);
  float y = math::log_of_parts(l.m - 1.0f, k, 0.0f);
  y = x < kInfF32 ? y : x;
  return x > 0 ? y : x == 0 ? -kInfF32 : kNanF32;
}

// 1 ULP.
WXNN_MATH float log1p_f32(float x) {
  const float u = 1.0f + x;
  const math::LogParts l = math::split_log(u);
  // What 1 + x lost in rounding is put back as a correction of the result, or by using x itself.
  const float lost = x > 1.0f ? 1.0f - (u - x) : x - (u - 1.0f);
  const bool small = l.k == 0;
  const float f = small ? x : l.m - 1.0f;
  float y = math::log_of_parts(f, static_cast<float>(l.k), small ? 0.0f : lost / u);
  y = x < kInfF32 ? y : x;
  y = x == 0 ? x : y;  // -0 stays -0
  return x > -1.0f ? y : x == -1.0f ? -kInfF32 : kNanF32;
}

// 2.5 ULP.
WXNN_MATH float sigmoid_f32(float x) {
  float a = -abs_f32(x);
  a = a < -104.0f ? -104.0f : a;
  const math::ExpParts p = math::split_exp(a);
  // e^a below 2^-126 is counted in units of 2^-149, the least subnormal number: an addition rounds
  // to whole ones, and its low bits are the number. Processors are slow to multiply and divide
  // such numbers.
  const bool tiny = a < -87.34f;
  const float scaled = (1.0f + p.expm1) * math::power_of_two(p.n + (tiny ? 149 : 0));
  const float e = tiny ? 0.0f : scaled;
  const float y = (x < 0 ? e : 1.0f) / (1.0f + e);
  const uint32_t units =
      std::bit_cast<uint32_t>(scaled + 0x1p23f) - std::bit_cast<uint32_t>(0x1p23f);
  return tiny && x < 0 ? std::bit_cast<float>(units) : y;
}

// 3 ULP.
WXNN_MATH float tanh_f32(float x) {
  float a = abs_f32(x);
  a = a > 10.0f ? 10.0f : a;  // 1 from here
  const float t = expm1_f32(-2.0f * a);
  return with_sign(t / (t + 2.0f), x);
}

// log(1 + e^x); 2 ULP.
WXNN_MATH float softplus_f32(float x) {
  return (x < 0 ? 0.0f : x) + log1p_f32(exp_f32(-abs_f32(x)));
}

// a - b trunc(a / b), which is exact: C's fmodf. NaN where a is infinite or b is 0.
float remainder_f32(float a, float b);

// 1.5 ULP: two roundings.
WXNN_MATH float rsqrt_f32(float x) { return 1.0f / __builtin_elementwise_sqrt(x); }

}  // namespace wxnn
