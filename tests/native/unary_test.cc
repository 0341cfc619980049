// Operators of one operand: the right function, on edge values too; how exact each function is
// math_test.cc measures.
#include <cmath>

#include "core/math_wide.h"
#include "op_test.h"

namespace wxnn {
namespace {

HostTensor edges_and_numbers() {
  Random random(2);
  HostTensor x = random.tensor({3, 67}, -9, 9);
  const float edges[] = {NAN,    INFINITY, -INFINITY, 0.0f, -0.0f, 1e-45f, -1e-45f,
                         1e-38f, 1.0f,     -1.0f,     0.5f, -0.5f, 1.5f,   2.5f,
                         3e38f,  -3e38f,   1e10f,     6.0f, 3.0f,  -3.0f};
  for (size_t i = 0; i < std::size(edges); ++i) x.data()[i * 3] = edges[i];
  return x;
}

struct Row {
  const char* name;
  double (*reference)(double);
};
double sign(double x) { return x > 0 ? 1 : x < 0 ? -1 : 0; }
double relu(double x) { return x < 0 ? 0 : x; }
double relu6(double x) { return x < 0 ? 0 : x > 6 ? 6 : x; }
double elu(double x) { return x < 0 ? std::expm1(x) : x; }
double selu(double x) {
  return 1.0507009873554805 * (x < 0 ? 1.6732632423543772 * std::expm1(x) : x);
}
double hard_swish(double x) { return x * relu6(x + 3) / 6; }
double gelu(double x) {
  return x < 0 ? (std::isinf(x) ? 0 : 0.5 * x * std::erfc(-x * std::sqrt(0.5)))
               : x * (1 - 0.5 * std::erfc(x * std::sqrt(0.5)));
}
double softplus(double x) {
  return std::isnan(x) ? x : std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x)));
}

const Row kRows[] = {
    {"Abs", [](double x) { return std::abs(x); }},
    {"Acos", [](double x) { return std::acos(x); }},
    {"Acosh", [](double x) { return x < 1 ? NAN : std::acosh(x); }},
    {"Asin", [](double x) { return std::asin(x); }},
    {"Asinh", [](double x) { return std::asinh(x); }},
    {"Atan", [](double x) { return std::atan(x); }},
    {"Atanh", [](double x) { return std::atanh(x); }},
    {"Ceil", [](double x) { return std::ceil(x); }},
    {"Cos", [](double x) { return std::cos(x); }},
    {"Cosh", [](double x) { return std::cosh(x); }},
    {"Elu", elu},
    {"Erf", [](double x) { return std::erf(x); }},
    {"Exp", [](double x) { return std::exp(x); }},
    {"Expm1", [](double x) { return std::expm1(x); }},
    {"Floor", [](double x) { return std::floor(x); }},
    {"Log", [](double x) { return std::log(x); }},
    {"Log1p", [](double x) { return std::log1p(x); }},
    {"Neg", [](double x) { return -x; }},
    {"Reciprocal", [](double x) { return 1 / x; }},
    {"Relu", relu},
    {"Relu6", relu6},
    {"Round", [](double x) { return std::nearbyint(x); }},
    {"Rsqrt", [](double x) { return 1 / std::sqrt(x); }},
    {"Selu", selu},
    {"Sigmoid", [](double x) { return 1 / (1 + std::exp(-x)); }},
    {"Sign", sign},
    {"Sin", [](double x) { return std::sin(x); }},
    {"Sinh", [](double x) { return std::sinh(x); }},
    {"Softplus", softplus},
    {"Sqrt", [](double x) { return std::sqrt(x); }},
    {"Square", [](double x) { return x * x; }},
    {"Tan", [](double x) { return std::tan(x); }},
    {"Tanh", [](double x) { return std::tanh(x); }},
};

TEST(Unary, Functions) {
  const HostTensor x = edges_and_numbers();
  for (const Row& row : kRows) {
    SCOPED_TRACE(row.name);
    const HostTensor y = OpTest(row.name)({x});
    for (int32_t i = 0; i < x.size(); ++i) {
      const double want = row.reference(x[i]);
      if (std::isnan(want)) {
        EXPECT_TRUE(std::isnan(y[i])) << "of " << x[i];
      } else {
        EXPECT_FLOAT_EQ(y[i], static_cast<float>(want)) << "of " << x[i];  // 4 ULP
      }
    }
    EXPECT_EQ(OpTest(row.name)({HostTensor(Shape{2, 0})}).size(), 0);
    EXPECT_EQ(OpTest(row.name)({HostTensor({}, {0.5f})}).shape(), Shape());
  }
}

TEST(Unary, ComposedActivations) {
  const HostTensor x = edges_and_numbers();
  const HostTensor swish = OpTest("HardSwish")({x});
  const HostTensor exact = OpTest("Gelu")({x});
  const HostTensor tanh_form = OpTest("Gelu").attr("approximate", 1)({x});
  for (int32_t i = 0; i < x.size(); ++i) {
    SCOPED_TRACE(x[i]);
    if (std::isnan(x[i]) || std::abs(x[i]) > 100) continue;
    EXPECT_NEAR(swish[i], hard_swish(x[i]), 1e-6);
    EXPECT_NEAR(exact[i], gelu(x[i]), 1e-6);
    EXPECT_NEAR(tanh_form[i], gelu(x[i]), 2e-3);
  }
}

TEST(Unary, Ints) {
  const HostTensor x = HostTensor::i32({5}, {0, 7, -7, INT32_MIN, INT32_MAX});
  const auto expect = [&x](auto&& op, std::initializer_list<int32_t> want) {
    const HostTensor y = op({x});
    ASSERT_EQ(y.dtype(), DType::kInt32);
    for (size_t i = 0; i < want.size(); ++i) EXPECT_EQ(y.data<int32_t>()[i], want.begin()[i]) << i;
  };
  expect(OpTest("Abs"), {0, 7, 7, INT32_MIN, INT32_MAX});
  expect(OpTest("Neg"), {0, -7, 7, INT32_MIN, -INT32_MAX});
  expect(OpTest("Sign"), {0, 1, -1, -1, 1});
  expect(OpTest("Square"), {0, 49, 49, 0, 1});
  expect(OpTest("Relu"), {0, 7, 0, 0, INT32_MAX});
  expect(OpTest("Relu6"), {0, 6, 0, 0, 6});
  expect(OpTest("ClipByValue").attr("clipValueMin", -5).attr("clipValueMax", 5), {0, 5, -5, -5, 5});
}

TEST(Unary, WithAttributes) {
  const HostTensor x({6}, {NAN, -2, -0.0f, 0.5f, 3, INFINITY});
  const HostTensor clip =
      OpTest("ClipByValue").attr("clipValueMin", -1).attr("clipValueMax", 2)({x});
  const HostTensor leaky = OpTest("LeakyRelu").attr("alpha", 0.25)({x});
  const HostTensor step = OpTest("Step").attr("alpha", -3)({x});
  EXPECT_TRUE(std::isnan(clip[0]) && std::isnan(leaky[0]) && std::isnan(step[0]));
  const float clip_want[] = {-1, 0, 0.5f, 2, 2};
  const float leaky_want[] = {-0.5f, 0, 0.5f, 3, INFINITY};
  const float step_want[] = {-3, -3, 1, 1, 1};
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(clip[i + 1], clip_want[i]);
    EXPECT_EQ(leaky[i + 1], leaky_want[i]);
    EXPECT_EQ(step[i + 1], step_want[i]);
  }
  std::vector<HostTensor> y;
  EXPECT_SAYS(OpTest("ClipByValue").attr("clipValueMin", 2).attr("clipValueMax", 1).run({x}, &y),
              "clipValueMin is greater than clipValueMax");
  EXPECT_SAYS(OpTest("Exp").run({HostTensor({2}, DType::kInt32)}, &y), "x is int32, wants float32");
}

TEST(Unary, Questions) {
  const HostTensor x({4}, {NAN, INFINITY, -INFINITY, 3e38f});
  const auto expect = [&x](const char* name, std::initializer_list<int> want) {
    const HostTensor y = OpTest(name)({x});
    ASSERT_EQ(y.dtype(), DType::kBool);
    for (size_t i = 0; i < 4; ++i) EXPECT_EQ(y.data<uint8_t>()[i], want.begin()[i]) << name << i;
  };
  expect("IsNan", {1, 0, 0, 0});
  expect("IsInf", {0, 1, 1, 0});
  expect("IsFinite", {0, 0, 0, 1});
}

// A vectorised loop and its scalar remainder give the same bits: every length up to two registers.
TEST(Unary, LengthDoesNotMatter) {
  Random random(4);
  const HostTensor x = random.tensor({19}, -4, 4);
  for (const char* name : {"Exp", "Tanh", "Sigmoid", "Elu", "Erf", "Gelu", "Log", "Rsqrt"}) {
    const HostTensor all = OpTest(name)({x});
    for (int32_t i = 0; i < x.size(); ++i) {
      const HostTensor one = OpTest(name)({HostTensor({1}, {x[i]})});
      EXPECT_TRUE(one[0] == all[i] || (one[0] != one[0] && all[i] != all[i]))
          << name << " of " << x[i];
    }
  }
}

TEST(Unary, ScaledHardSwishRoundsAsFourOperatorsDo) {
  const HostTensor x = edges_and_numbers();
  const float scale = 0x1.554p-3f, shift = 3;
  const HostTensor y = OpTest("ScaledHardSwish").attr("scale", scale).attr("shift", shift)({x});
  for (int32_t i = 0; i < x.size(); ++i) {
    SCOPED_TRACE(x[i]);
    const float sum = x[i] + shift, scaled = x[i] * scale;
    const float want = scaled * (sum < 0 ? 0 : sum > 6 ? 6 : sum);
    if (std::isnan(want))
      EXPECT_TRUE(std::isnan(y[i]));
    else
      EXPECT_EQ(y[i], want);
  }
}

TEST(Unary, SameBits) {
  const HostTensor x = edges_and_numbers();
  for (const Row& row : kRows) print_bits(std::string("unary_") + row.name, OpTest(row.name)({x}));
  print_bits("unary_Gelu", OpTest("Gelu")({x}));
  print_bits("unary_HardSwish", OpTest("HardSwish")({x}));
  print_bits("unary_ScaledHardSwish",
             OpTest("ScaledHardSwish").attr("scale", 0.16662598).attr("shift", 3)({x}));
}

}  // namespace
}  // namespace wxnn
