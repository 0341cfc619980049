// Compares core/math.h with the double-precision C library on every 1000th float32 and on edges,
// prints the worst error of each function and holds it against what its docstring states.
#include "core/math.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <vector>

#include "core/math_wide.h"
#include "op_test.h"

namespace wxnn {
namespace {

// Distance of `got` from `want` in units of the spacing of float32 at `want`.
double ulp_error(float got, double want) {
  const float rounded = static_cast<float>(want);
  if (std::isnan(want) || std::isnan(got))
    return std::isnan(want) && std::isnan(got) ? 0 : INFINITY;
  if (std::isinf(rounded)) return got == rounded ? 0 : INFINITY;
  if (std::isinf(got)) return INFINITY;
  int exponent = 0;
  std::frexp(want, &exponent);
  const double spacing = std::ldexp(1.0, std::max(exponent - 24, -149));
  return std::abs(static_cast<double>(got) - want) / spacing;
}

struct Worst {
  double ulp = 0;
  float at = 0;
  void see(double error, float x) {
    if (error > ulp) *this = {error, x};
  }
};

constexpr float kEdges[] = {0.0f,
                            -0.0f,
                            1.0f,
                            -1.0f,
                            0.5f,
                            -0.5f,
                            0x1p-149f,
                            -0x1p-149f,
                            0x1p-126f,
                            -0x1p-126f,
                            0x1.fffffep127f,
                            -0x1.fffffep127f,
                            88.72283f,
                            88.72284f,
                            -103.97208f,
                            -103.9721f,
                            -87.33655f,
                            0x1.fffffep-1f,
                            0x1.000002p0f,
                            -0x1.fffffep-1f,
                            0x1p27f,
                            0x1.fffffep26f,
                            0x1.921fb6p0f,
                            0x1.921fb6p1f,
                            0x1.6cp6f,
                            0x1p24f,
                            1e10f,
                            6.0f,
                            -6.0f};

Worst measure(float (*f)(float), double (*reference)(double)) {
  Worst worst;
  const auto see = [&](float x) {
    const double want = reference(x);
    const float got = f(x);
    worst.see(ulp_error(got, want), x);
    // The reference may round to zero on the way where float32 is subnormal, but not its sign.
    if (got == 0 && want == 0) EXPECT_EQ(std::signbit(got), std::signbit(want)) << "at " << x;
  };
  for (const float x : kEdges) see(x);
  for (const float x : {kInfF32, -kInfF32, kNanF32}) see(x);
  for (uint64_t bits = 0; bits < 1ull << 32; bits += 997) {
    see(std::bit_cast<float>(static_cast<uint32_t>(bits)));
  }
  return worst;
}

struct Row {
  const char* name;
  float (*f)(float);
  double (*reference)(double);
  double stated;
};

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double softplus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }
double softplus_nan(double x) { return std::isnan(x) ? x : softplus(x); }
// (Below 1, musl does not always give acosh as NaN.)
double rsqrt(double x) { return 1 / std::sqrt(x); }

const Row kRows[] = {
    {"exp", exp_f32, [](double x) { return std::exp(x); }, 1},
    {"expm1", expm1_f32, [](double x) { return std::expm1(x); }, 2},
    {"log", log_f32, [](double x) { return std::log(x); }, 1},
    {"log1p", log1p_f32, [](double x) { return std::log1p(x); }, 1},
    {"sigmoid", sigmoid_f32, sigmoid, 2.5},
    {"tanh", tanh_f32, [](double x) { return std::tanh(x); }, 3},
    {"softplus", softplus_f32, softplus_nan, 2},
    {"rsqrt", rsqrt_f32, rsqrt, 1.5},
    {"sin", sin_f32, [](double x) { return std::sin(x); }, 1},
    {"cos", cos_f32, [](double x) { return std::cos(x); }, 1},
    {"tan", tan_f32, [](double x) { return std::tan(x); }, 1},
    {"asin", asin_f32, [](double x) { return std::asin(x); }, 1},
    {"acos", acos_f32, [](double x) { return std::acos(x); }, 1},
    {"atan", atan_f32, [](double x) { return std::atan(x); }, 1},
    {"sinh", sinh_f32, [](double x) { return std::sinh(x); }, 1},
    {"cosh", cosh_f32, [](double x) { return std::cosh(x); }, 1},
    {"asinh", asinh_f32, [](double x) { return std::asinh(x); }, 1},
    {"acosh", acosh_f32, [](double x) { return x < 1 ? NAN : std::acosh(x); }, 1},
    {"atanh", atanh_f32, [](double x) { return std::atanh(x); }, 1},
    {"erf", erf_f32, [](double x) { return std::erf(x); }, 1},
};

TEST(Math, StatedErrors) {
  for (const Row& row : kRows) {
    SCOPED_TRACE(row.name);
    const Worst worst = measure(row.f, row.reference);
    std::printf("%-9s worst %.3f ULP at %a\n", row.name, worst.ulp, static_cast<double>(worst.at));
    EXPECT_LE(worst.ulp, row.stated) << "at " << worst.at;
  }
}

TEST(Math, PowAndAtan2) {
  std::vector<float> values = {kInfF32, -kInfF32, kNanF32};
  for (const float x : kEdges) values.push_back(x);
  for (const float x : {2.0f, -2.0f, 3.0f, -3.0f, 0.1f, 10.0f, -7.5f, 1e-20f, 1e20f, 16777217.0f}) {
    values.push_back(x);
  }
  Random random(7);
  for (int i = 0; i < 1200; ++i) {
    values.push_back(random.uniform(-4, 4));
    values.push_back(std::exp2(random.uniform(-30, 30)));
  }
  Worst pow_worst;
  Worst atan2_worst;
  for (const float x : values) {
    for (const float y : values) {
      pow_worst.see(ulp_error(pow_f32(x, y), std::pow(static_cast<double>(x), y)), x);
      ASSERT_LT(pow_worst.ulp, 1) << "pow(" << x << ", " << y << ") = " << pow_f32(x, y);
      const double angle = std::atan2(static_cast<double>(x), static_cast<double>(y));
      atan2_worst.see(ulp_error(atan2_f32(x, y), angle), x);
      ASSERT_LT(atan2_worst.ulp, 1) << "atan2(" << x << ", " << y << ")";
    }
  }
  std::printf("pow       worst %.3f ULP\natan2     worst %.3f ULP\n", pow_worst.ulp,
              atan2_worst.ulp);
}

TEST(Math, RemainderIsExact) {
  std::vector<float> values(kEdges, std::end(kEdges));
  for (const float special : {INFINITY, -INFINITY, NAN}) values.push_back(special);
  // Every exponent, mantissas far apart.
  for (uint32_t bits = 1; bits < 0x7f800000; bits += 0x2f00f1) {
    values.push_back(std::bit_cast<float>(bits));
    values.push_back(-values.back());
  }
  for (const float a : values) {
    for (const float b : values) {
      const float got = remainder_f32(a, b), want = std::fmod(a, b);
      if (std::isnan(want)) {
        ASSERT_TRUE(std::isnan(got)) << a << " % " << b;
      } else {
        ASSERT_EQ(std::bit_cast<uint32_t>(got), std::bit_cast<uint32_t>(want)) << a << " % " << b;
      }
    }
  }
}

TEST(Math, Gelu) {
  Worst worst;
  for (float x = -8; x < 20; x += 0x1p-12f) {
    const double want = x < 0 ? 0.5 * x * std::erfc(-x * std::sqrt(0.5))
                              : x * (1 - 0.5 * std::erfc(x * std::sqrt(0.5)));
    worst.see(ulp_error(gelu_f32(x), want), x);
  }
  std::printf("gelu      worst %.3f ULP for x >= -8\n", worst.ulp);
  EXPECT_LE(worst.ulp, 1) << "at " << worst.at;
  EXPECT_EQ(gelu_f32(-1e30f), 0);
  EXPECT_EQ(gelu_f32(-kInfF32), 0);
  EXPECT_EQ(gelu_f32(kInfF32), kInfF32);
  EXPECT_TRUE(std::isnan(gelu_f32(kNanF32)));
}

TEST(Math, SameBitsOnEveryBuild) {
  HostTensor y(Shape{static_cast<int32_t>(std::size(kRows)), 65536});
  int32_t at = 0;
  for (const Row& row : kRows) {
    for (uint32_t high = 0; high < 65536; ++high) {
      y.data()[at++] = row.f(std::bit_cast<float>(high << 16 | 0x5a5a));
    }
  }
  print_bits("math", y);
}

}  // namespace
}  // namespace wxnn
