// Elementary functions of float32 that compute in double inside; see core/math.h for what they
// promise. One rounding at the end decides the error, so all are within 1 ULP.
#pragma once
#include "core/math.h"

namespace wxnn {
namespace math {

WXNN_MATH double sqrt_f64(double x) { return __builtin_elementwise_sqrt(x); }
WXNN_MATH double abs_f64(double x) { return __builtin_fabs(x); }

struct WideExp {
  double scale;  // 2^n
  double expm1;  // e^r - 1, where x = n ln 2 + r
};
WXNN_MATH WideExp split_exp_f64(double x) {
  x = x < -200.0 ? -200.0 : x;  // far outside what a float32 holds
  x = x > 200.0 ? 200.0 : x;
  const double t = x * kLog2E + kRoundF64;
  const double r = x - (t - kRoundF64) * kLn2;
  const double p =
      polynomial(r, {0x1.fffffffff7aa2p-2, 0x1.555555554f783p-3, 0x1.555555737a0b3p-5,
                     0x1.111111293ef7cp-7, 0x1.6c164ed17c04fp-10, 0x1.a0197fefbaac2p-13,
                     0x1.a159c72fb1e6ap-16, 0x1.72f81f5c3f661p-19});
  // The low bits of t are n; the shift moves them to the exponent and drops the rest.
  const uint64_t bits = (std::bit_cast<uint64_t>(t) << 52) + std::bit_cast<uint64_t>(1.0);
  return {std::bit_cast<double>(bits), r + r * r * p};
}

WXNN_MATH double exp_f64(double x) {
  const WideExp e = split_exp_f64(x);
  return e.scale + e.scale * e.expm1;
}
WXNN_MATH double expm1_f64(double x) {
  const WideExp e = split_exp_f64(x);
  return e.scale * e.expm1 + (e.scale - 1.0);
}

// log(u), where u is f + 1 rounded, or exactly f + 1.
WXNN_MATH double log_f64(double u, double f) {
  constexpr uint64_t kSqrtHalf = 0x3fe6a09e667f3bcdu;
  const uint64_t bits = std::bit_cast<uint64_t>(u) - kSqrtHalf;
  const int64_t k = static_cast<int64_t>(bits) >> 52;
  const double m = std::bit_cast<double>((bits & 0xfffffffffffffu) + kSqrtHalf);
  f = k == 0 ? f : m - 1.0;
  const double s = f / (2.0 + f);
  const double z = s * s;
  const double p = polynomial(
      z, {0x1.5555555555572p-1, 0x1.999999998887dp-2, 0x1.2492493b52f74p-2, 0x1.c71c56d2c3503p-3,
          0x1.74655a8282e09p-3, 0x1.39b6f1dea4c70p-3, 0x1.2e3e4af1bd42ep-3});
  const double round =
      std::bit_cast<double>(static_cast<uint64_t>(k) + std::bit_cast<uint64_t>(kRoundF64));
  double y = (round - kRoundF64) * kLn2 + (2.0 * s + s * z * p);
  y = u < static_cast<double>(kInfF32) ? y : u;  // infinity and NaN
  return u > 0 ? y : u == 0 ? -static_cast<double>(kInfF32) : static_cast<double>(kNanF32);
}
WXNN_MATH double log_f64(double x) { return log_f64(x, x - 1.0); }
WXNN_MATH double log1p_f64(double x) { return log_f64(1.0 + x, x); }

// For x >= 0, infinity included.
WXNN_MATH double atan_f64(double x) {
  const bool above_one = x > 1.0;
  const double t = above_one ? 1.0 / x : x;
  const double y =
      t * polynomial(t * t, {0x1.ffffffff8c4d3p-1, -0x1.5555544050069p-2, 0x1.99992ba014938p-3,
                             -0x1.2489b0bb6d2f7p-3, 0x1.c668fb1f447dep-4, -0x1.6ff9a8cfc7cf7p-4,
                             0x1.2934cceafff84p-4, -0x1.be3b894ab6417p-5, 0x1.1a244c168fa97p-5,
                             -0x1.0acdd6861eb95p-6, 0x1.42aef0f937d57p-8, -0x1.6dfa5a36a4aa3p-11});
  return above_one ? kHalfPi - y : y;
}

// -log(1 - erf x) for 0 <= x <= 6: smoother than erf itself, so one polynomial covers it all.
WXNN_MATH double neg_log_erfc_f64(double x) {
  return x * polynomial(x, {0x1.20dd74f3f6025p+0, 0x1.45f30f5db38d9p-1, 0x1.a4f183fe7cb4fp-4,
                            -0x1.391e806c21c14p-6, -0x1.0fdb7bc3aa5dep-12, 0x1.d44aed60c07c1p-10,
                            -0x1.6d7d434bde2b9p-11, 0x1.d2b2f8607f1f5p-14, 0x1.56e45945ce368p-16,
                            -0x1.3795d85a95417p-16, 0x1.a0409cb30cc0bp-18, -0x1.63d9e2ba7c2eep-20,
                            0x1.a6a9398c2f65ap-23, -0x1.5d9103be91166p-26, 0x1.821812af9a766p-30,
                            -0x1.00b0acf60e7a8p-34, 0x1.373ae28e1a475p-40});
}

// x = quarter_turns * pi/2 + r, |r| <= pi/4; of quarter_turns only the low two bits count.
struct Angle {
  double r;
  uint32_t quarter_turns;
};
// Up to here two parts of pi/2 in double leave enough bits of r.
inline constexpr float kLargeAngle = 0x1p27f;
WXNN_MATH Angle reduce_angle(float x) {
  const double wide = x;
  const double t = wide * 0x1.45f306dc9c883p-1 + kRoundF64;  // 2/pi
  const double n = t - kRoundF64;
  const double r = (wide - n * 0x1.921fb5p+0) - n * 0x1.110b4611a6263p-26;
  return {r, static_cast<uint32_t>(std::bit_cast<uint64_t>(t))};
}
// For |x| >= kLargeAngle, infinities and NaN: Payne and Hanek's reduction (core/math.cc).
Angle reduce_large_angle(float x);

struct SinCos {
  double sin;
  double cos;
};
WXNN_MATH SinCos sin_cos_of(double r) {
  const double z = r * r;
  return {r * (1.0 + z * polynomial(z, {-0x1.5555554cbdad0p-3, 0x1.11110894acb6ep-7,
                                        -0x1.a00f9a5c64267p-13, 0x1.6cd740a3b95f3p-19})),
          (1.0 - 0.5 * z) + z * z *
                                polynomial(z, {0x1.5555554f74ebap-5, -0x1.6c16b8b7f5469p-10,
                                               0x1.a011300496b44p-16, -0x1.242d68c37ae9bp-22})};
}
WXNN_MATH float sin_of(Angle a) {
  const SinCos v = sin_cos_of(a.r);
  const double y = (a.quarter_turns & 1) != 0 ? v.cos : v.sin;
  return static_cast<float>((a.quarter_turns & 2) != 0 ? -y : y);
}
WXNN_MATH float cos_of(Angle a) { return sin_of({a.r, a.quarter_turns + 1}); }
WXNN_MATH float tan_of(Angle a) {
  const SinCos v = sin_cos_of(a.r);
  const bool odd = (a.quarter_turns & 1) != 0;
  return static_cast<float>((odd ? -v.cos : v.sin) / (odd ? v.sin : v.cos));
}

}  // namespace math

WXNN_MATH math::Angle reduce_any_angle(float x) {
  return abs_f32(x) < math::kLargeAngle ? math::reduce_angle(x) : math::reduce_large_angle(x);
}
WXNN_MATH float sin_f32(float x) { return math::sin_of(reduce_any_angle(x)); }
WXNN_MATH float cos_f32(float x) { return math::cos_of(reduce_any_angle(x)); }
WXNN_MATH float tan_f32(float x) { return math::tan_of(reduce_any_angle(x)); }

WXNN_MATH float atan_f32(float x) {
  return with_sign(static_cast<float>(math::atan_f64(abs_f32(x))), x);
}
WXNN_MATH float asin_f32(float x) {
  const double a = abs_f32(x);
  return with_sign(static_cast<float>(math::atan_f64(a / math::sqrt_f64((1.0 - a) * (1.0 + a)))),
                   x);
}
WXNN_MATH float acos_f32(float x) {
  const double a = x;
  return static_cast<float>(2.0 * math::atan_f64(math::sqrt_f64((1.0 - a) / (1.0 + a))));
}
WXNN_MATH float atan2_f32(float y, float x) {
  const double a = abs_f32(y);
  const double b = abs_f32(x);
  // 0/0 and infinity/infinity stand for the directions 0 and 1.
  const double angle = math::atan_f64(a == b ? (a == 0 ? 0.0 : 1.0) : a / b);
  const bool left = std::bit_cast<int32_t>(x) < 0;
  return with_sign(static_cast<float>(left ? 2.0 * math::kHalfPi - angle : angle), y);
}

WXNN_MATH float sinh_f32(float x) {
  const double e = math::expm1_f64(abs_f32(x));
  return with_sign(static_cast<float>(0.5 * (e + e / (e + 1.0))), x);
}
WXNN_MATH float cosh_f32(float x) {
  const double e = math::exp_f64(abs_f32(x));
  return static_cast<float>(0.5 * (e + 1.0 / e));
}
WXNN_MATH float asinh_f32(float x) {
  const double a = abs_f32(x);
  const double y = math::log1p_f64(a + a * (a / (1.0 + math::sqrt_f64(1.0 + a * a))));
  return with_sign(a < static_cast<double>(kInfF32) ? static_cast<float>(y) : abs_f32(x), x);
}
WXNN_MATH float acosh_f32(float x) {
  const double t = static_cast<double>(x) - 1.0;
  const float y = static_cast<float>(math::log1p_f64(t + math::sqrt_f64(t * (t + 2.0))));
  return x < 1.0f ? kNanF32 : y;
}
WXNN_MATH float atanh_f32(float x) {
  const double a = abs_f32(x);
  return with_sign(static_cast<float>(0.5 * math::log1p_f64(2.0 * a / (1.0 - a))), x);
}

WXNN_MATH float erf_f32(float x) {
  float a = abs_f32(x);
  a = a > 6.0f ? 6.0f : a;  // 1 from long before
  return with_sign(static_cast<float>(-math::expm1_f64(-math::neg_log_erfc_f64(a))), x);
}

// x * (standard normal distribution's integral up to x), through erfc, which keeps the left tail.
WXNN_MATH float gelu_f32(float x) {
  const double t = abs_f32(x) * 0x1.6a09e667f3bcdp-1;  // |x| / sqrt 2
  const double tail = 0.5 * math::exp_f64(-math::neg_log_erfc_f64(t > 6.0 ? 6.0 : t));
  const double share = x < 0 ? (t > 6.0 ? 0.0 : tail) : 1.0 - tail;
  return x == -kInfF32 ? -0.0f : static_cast<float>(x * share);
}

// C's pow: pow(x, 0) = pow(1, y) = 1 even for NaN; a negative x wants a whole y.
WXNN_MATH float pow_f32(float x, float y) {
  const float a = abs_f32(x);
  const double wide = a;
  float magnitude = static_cast<float>(math::exp_f64(y * math::log_f64(wide)));
  magnitude = a == 1.0f && y == y ? 1.0f : magnitude;  // 1 to plus or minus infinity
  const float half = 0.5f * y;
  const bool whole = __builtin_elementwise_floor(y) == y;
  const bool odd = whole && __builtin_elementwise_floor(half) != half;
  const bool negative = std::bit_cast<int32_t>(x) < 0;
  float result = negative && odd ? -magnitude : magnitude;
  result = x < 0 && !whole && a < kInfF32 ? kNanF32 : result;
  return y == 0 || x == 1.0f ? 1.0f : result;
}

}  // namespace wxnn
