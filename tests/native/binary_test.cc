// Operators of two broadcast operands against loops over every output index.
#include <bit>
#include <cmath>

#include "op_test.h"

namespace wxnn {
namespace {

// The element of `t` that broadcasting shows at output position `flat` of `y`.
int32_t broadcast_index(const Shape& t, const Shape& y, int32_t flat) {
  int32_t index = 0;
  int32_t step = 1;
  for (int i = 1; i <= y.rank(); ++i) {
    const int32_t at = flat % y[-i];
    flat /= y[-i];
    if (i > t.rank()) continue;
    if (t[-i] != 1) index += at * step;
    step *= t[-i];
  }
  return index;
}

template <class In, class Out, class F>
void expect_zip(const HostTensor& a, const HostTensor& b, const HostTensor& y, F f) {
  ASSERT_EQ(y.shape(), broadcast(a.shape(), b.shape())) << y.shape().str();
  for (int32_t i = 0; i < y.size(); ++i) {
    const In u = a.data<In>()[broadcast_index(a.shape(), y.shape(), i)];
    const In v = b.data<In>()[broadcast_index(b.shape(), y.shape(), i)];
    const Out want = f(u, v);
    const Out got = y.data<Out>()[i];
    if (want != want) {
      ASSERT_NE(got, got) << "at " << i << " of " << +u << ", " << +v;
    } else {
      ASSERT_EQ(got, want) << "at " << i << " of " << +u << ", " << +v;
    }
  }
}

struct ShapePair {
  Shape a, b;
};
const ShapePair kShapes[] = {
    {{}, {}},
    {{7}, {7}},
    {{2, 3, 4}, {2, 3, 4}},
    {{5, 6}, {}},
    {{}, {5, 6}},
    {{4, 9, 3}, {3}},
    {{3}, {400, 3}},
    {{400, 3}, {3}},
    {{2, 5, 40}, {40}},
    {{2, 5, 40}, {5, 40}},
    {{2, 5, 40}, {2, 1, 40}},
    {{2, 5, 40}, {2, 5, 1}},
    {{6, 1}, {1, 7}},
    {{2, 1, 3, 1, 5}, {1, 4, 1, 2, 5}},
    {{2, 1, 2, 1, 2, 1, 2, 1}, {1, 2, 1, 2, 1, 2, 1, 2}},
    {{1, 1, 1, 1, 1, 1, 1, 3}, {3}},
    {{0}, {0}},
    {{0, 3}, {3}},
    {{2, 0, 3}, {1, 1, 3}},
    {{1, 1}, {1}},
};

// Edge values in, so that every row length meets them.
HostTensor numbers(Random& random, const Shape& shape) {
  static const float kEdges[] = {NAN, INFINITY, -INFINITY, -0.0f, 0.0f, 1e-45f, -1e-45f, 3e38f};
  HostTensor t = random.tensor(shape, -3, 3);
  for (float& v : t.data()) {
    if (random.bits() % 4 == 0) v = kEdges[random.bits() % 8];
  }
  return t;
}

template <class F>
void check_float(const char* name, F f) {
  const uint32_t seed = test_seed();
  SCOPED_TRACE(testing::Message() << name << ", seed " << seed);
  Random random(seed);
  for (const ShapePair& s : kShapes) {
    SCOPED_TRACE(s.a.str() + " " + s.b.str());
    const HostTensor a = numbers(random, s.a);
    const HostTensor b = numbers(random, s.b);
    const HostTensor y = OpTest(name)({a, b});
    ASSERT_EQ(y.dtype(), DType::kFloat32);
    expect_zip<float, float>(a, b, y, f);
  }
}

template <class F>
void check_int(const char* name, F f) {
  const uint32_t seed = test_seed();
  SCOPED_TRACE(testing::Message() << name << ", seed " << seed);
  Random random(seed);
  for (const ShapePair& s : kShapes) {
    HostTensor a = random.tensor_i32(s.a, -9, 9);
    HostTensor b = random.tensor_i32(s.b, -9, 9);
    for (int32_t& v : a.data<int32_t>()) v = random.bits() % 8 == 0 ? INT32_MIN : v;
    for (int32_t& v : b.data<int32_t>()) v = random.bits() % 8 == 0 ? INT32_MAX : v;
    const HostTensor y = OpTest(name)({a, b});
    ASSERT_EQ(y.dtype(), DType::kInt32);
    expect_zip<int32_t, int32_t>(a, b, y, f);
  }
}

int32_t low_bits(int64_t x) { return static_cast<int32_t>(static_cast<uint32_t>(x)); }

TEST(Binary, Floats) {
  check_float("Add", [](float a, float b) { return a + b; });
  check_float("Sub", [](float a, float b) { return a - b; });
  check_float("Multiply", [](float a, float b) { return a * b; });
  check_float("RealDiv", [](float a, float b) { return a / b; });
  check_float("SquaredDifference", [](float a, float b) { return (a - b) * (a - b); });
  check_float("FloorDiv", [](float a, float b) { return std::floor(a / b); });
  check_float("Maximum", [](float a, float b) {
    return std::isnan(a) || std::isnan(b) ? NAN : std::max(a, b);
  });
  check_float("Minimum", [](float a, float b) {
    return std::isnan(a) || std::isnan(b) ? NAN : std::min(a, b);
  });
  check_float("Mod", [](float a, float b) {
    const float r = std::fmod(a, b);
    return r != 0 && std::signbit(r) != std::signbit(b) ? r + b : r;
  });
}

TEST(Binary, Ints) {
  check_int("Add", [](int64_t a, int64_t b) { return low_bits(a + b); });
  check_int("Sub", [](int64_t a, int64_t b) { return low_bits(a - b); });
  check_int("Multiply", [](int64_t a, int64_t b) { return low_bits(a * b); });
  check_int("Maximum", [](int32_t a, int32_t b) { return std::max(a, b); });
  check_int("Minimum", [](int32_t a, int32_t b) { return std::min(a, b); });
  check_int("FloorDiv", [](int32_t a, int32_t b) {
    return b == 0 ? 0 : low_bits(static_cast<int64_t>(std::floor(static_cast<double>(a) / b)));
  });
  check_int("Mod", [](int64_t a, int64_t b) {
    return b == 0 ? 0 : static_cast<int32_t>(((a % b) + b) % b);
  });
}

TEST(Binary, IntPower) {
  const HostTensor y = OpTest("Pow")({HostTensor::i32({8}, {2, -3, 2, -1, 5, 0, 1, -1}),
                                      HostTensor::i32({8}, {10, 3, -1, -3, 0, 0, -5, 1000000})});
  const int32_t want[] = {1024, -27, 0, -1, 1, 1, 1, 1};
  for (int i = 0; i < 8; ++i) EXPECT_EQ(y.data<int32_t>()[i], want[i]) << i;
}

TEST(Binary, PowAndAtan2) {
  Random random(5);
  const HostTensor a = random.tensor({4, 50}, 0, 4);
  const HostTensor b = random.tensor({50}, -4, 4);
  const HostTensor p = OpTest("Pow")({a, b});
  const HostTensor t = OpTest("Atan2")({a, b});
  for (int32_t i = 0; i < p.size(); ++i) {
    EXPECT_FLOAT_EQ(p[i], std::pow(a[i], b[i % 50]));
    EXPECT_FLOAT_EQ(t[i], std::atan2(a[i], b[i % 50]));
  }
}

TEST(Prelu, BroadcastsAlpha) {
  const uint32_t seed = test_seed();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  const Shape x_shape{2, 3, 5, 8};
  for (const Shape& alpha_shape :
       {Shape{8}, Shape{1, 1, 8}, Shape{3, 5, 8}, Shape{}, Shape{5, 1}, x_shape, Shape{1, 5, 1}}) {
    const HostTensor x = numbers(random, x_shape);
    const HostTensor alpha = random.tensor(alpha_shape);
    expect_zip<float, float>(x, alpha, OpTest("Prelu")({x, alpha}),
                             [](float v, float slope) { return v < 0 ? slope * v : v; });
  }
}

TEST(Prelu, RefusesAlphaThatDoesNotFit) {
  std::vector<HostTensor> y;
  EXPECT_SAYS(OpTest("Prelu").run({HostTensor({1, 32, 32, 48}), HostTensor(Shape{64})}, &y),
              "alpha [64] does not broadcast to x [1,32,32,48]");
  EXPECT_SAYS(OpTest("Prelu").run({HostTensor(Shape{3}), HostTensor(Shape{2, 3})}, &y),
              "alpha [2,3] does not broadcast to x [3]");
}

template <class F>
void check_comparison(const char* name, F f) {
  Random random(11);
  for (const ShapePair& s : kShapes) {
    SCOPED_TRACE(std::string(name) + s.a.str() + s.b.str());
    const HostTensor a = numbers(random, s.a);
    HostTensor b = numbers(random, s.b);
    if (b.size() == a.size() && a.size() > 0) b.data()[0] = a[0];
    expect_zip<float, uint8_t>(a, b, OpTest(name)({a, b}), f);
    const HostTensor i = random.tensor_i32(s.a, -2, 2);
    const HostTensor j = random.tensor_i32(s.b, -2, 2);
    expect_zip<int32_t, uint8_t>(i, j, OpTest(name)({i, j}), f);
  }
}

TEST(Compare, FloatsAndInts) {
  check_comparison("Equal", [](auto a, auto b) { return a == b; });
  check_comparison("NotEqual", [](auto a, auto b) { return a != b; });
  check_comparison("Less", [](auto a, auto b) { return a < b; });
  check_comparison("LessEqual", [](auto a, auto b) { return a <= b; });
  check_comparison("Greater", [](auto a, auto b) { return a > b; });
  check_comparison("GreaterEqual", [](auto a, auto b) { return a >= b; });
}

TEST(Logic, TruthTables) {
  const HostTensor a = HostTensor::boolean({2, 1}, {false, true});
  const HostTensor b = HostTensor::boolean({2}, {false, true});
  expect_zip<uint8_t, uint8_t>(a, b, OpTest("LogicalAnd")({a, b}),
                               [](int u, int v) { return u && v; });
  expect_zip<uint8_t, uint8_t>(a, b, OpTest("LogicalOr")({a, b}),
                               [](int u, int v) { return u || v; });
  expect_zip<uint8_t, uint8_t>(a, b, OpTest("LogicalXor")({a, b}),
                               [](int u, int v) { return u != v; });
  const HostTensor n = OpTest("LogicalNot")({b});
  EXPECT_EQ(n.data<uint8_t>()[0], 1);
  EXPECT_EQ(n.data<uint8_t>()[1], 0);
}

TEST(Binary, Refusals) {
  std::vector<HostTensor> y;
  EXPECT_SAYS(OpTest("Add").run({HostTensor(Shape{2, 3}), HostTensor(Shape{4})}, &y),
              "a [2,3] and b [4] do not broadcast");
  EXPECT_SAYS(OpTest("Add").run({HostTensor(Shape{3}), HostTensor({3}, DType::kInt32)}, &y),
              "a is float32, b int32");
  EXPECT_SAYS(OpTest("Add").run({HostTensor({3}, DType::kBool), HostTensor({3}, DType::kBool)}, &y),
              "a is bool, wants float32 or int32");
  EXPECT_SAYS(OpTest("LogicalAnd").run({HostTensor(Shape{3}), HostTensor(Shape{3})}, &y),
              "a is float32, wants bool");
}

TEST(Binary, SameBits) {
  Random random(1);
  const HostTensor a = numbers(random, {7, 33, 5});
  const HostTensor b = numbers(random, {5});
  for (const char* name : {"Add", "Multiply", "RealDiv", "Maximum", "Pow", "Mod"}) {
    print_bits(std::string("binary_") + name, OpTest(name)({a, b}));
  }
}

}  // namespace
}  // namespace wxnn
