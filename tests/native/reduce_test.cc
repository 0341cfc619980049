#include <cmath>
#include <limits>

#include "op_test.h"

namespace wxnn {
namespace {

AttrValue list(const std::vector<int>& numbers) {
  AttrValue v;
  v.numbers.assign(numbers.begin(), numbers.end());
  return v;
}

// out[k] = all elements that reduce to output k, in row-major order.
std::vector<std::vector<double>> groups(const HostTensor& x, const std::vector<int>& axes) {
  bool reduced[Shape::kMaxRank] = {};
  for (const int a : axes) reduced[a < 0 ? a + x.shape().rank() : a] = true;
  int32_t outputs = 1;
  for (int i = 0; i < x.shape().rank(); ++i) outputs *= reduced[i] ? 1 : x.shape()[i];
  std::vector<std::vector<double>> out(outputs);
  for (int32_t flat = 0; flat < x.size(); ++flat) {
    int32_t rest = flat;
    int32_t index = 0;
    int32_t step = 1;
    for (int i = x.shape().rank() - 1; i >= 0; --i) {
      if (!reduced[i]) {
        index += rest % x.shape()[i] * step;
        step *= x.shape()[i];
      }
      rest /= x.shape()[i];
    }
    out[index].push_back(x.dtype() == DType::kFloat32 ? x[flat]
                         : x.dtype() == DType::kInt32 ? x.data<int32_t>()[flat]
                                                      : x.data<uint8_t>()[flat]);
  }
  return out;
}

struct Case {
  Shape shape;
  std::vector<int> axes;
};
const Case kCases[] = {
    {{5}, {0}},
    {{4, 9}, {1}},
    {{4, 9}, {0}},
    {{4, 9}, {-1, -2}},
    {{2, 7, 6, 70}, {1, 2}},
    {{2, 3, 4, 5}, {0, 2}},
    {{2, 3, 4, 5}, {1, 3}},
    {{2, 3, 4, 5}, {0, 3}},
    {{2, 1, 700}, {1, 2}},
    {{3, 5, 2}, {1}},
    {{0, 4}, {0}},
    {{4, 0}, {0}},
    {{2, 3, 2, 2, 2, 3, 2, 2}, {0, 2, 5, 7}},
    {{1, 1}, {0}},
    {{2, 300, 3, 2}, {1, 3}},
};

template <class F>
void check(const char* name, F f) {
  const uint32_t seed = test_seed();
  SCOPED_TRACE(testing::Message() << name << ", seed " << seed);
  Random random(seed);
  for (const Case& k : kCases) {
    SCOPED_TRACE(k.shape.str());
    const HostTensor x = random.tensor(k.shape, 0.5f, 1.5f);
    const auto want = groups(x, k.axes);
    for (const double keep : {0, 1}) {
      const HostTensor y = OpTest(name).attr("axis", list(k.axes)).attr("keepDims", keep)({x});
      ASSERT_EQ(y.size(), static_cast<int32_t>(want.size()));
      if (keep == 1) ASSERT_EQ(y.shape().rank(), k.shape.rank());
      for (size_t i = 0; i < want.size(); ++i) {
        const double expected = f(want[i]);
        if (std::isnan(expected))
          ASSERT_TRUE(std::isnan(y[i]));
        else
          ASSERT_NEAR(y[i], expected, 2e-6 * std::abs(expected)) << i;
      }
    }
  }
}

double sum(const std::vector<double>& v) {
  double s = 0;
  for (const double x : v) s += x;
  return s;
}

TEST(Reduce, Floats) {
  check("Sum", sum);
  check("Mean", [](const auto& v) { return sum(v) / static_cast<double>(v.size()); });
}

TEST(Reduce, Products) {
  Random random(8);
  const HostTensor x = random.tensor({3, 11, 5}, -2, 2);
  const HostTensor y = OpTest("Prod").attr("axis", 1)({x});
  const auto want = groups(x, {1});
  for (size_t i = 0; i < want.size(); ++i) {
    double product = 1;
    for (const double v : want[i]) product *= v;
    EXPECT_FLOAT_EQ(y[i], static_cast<float>(product));
  }
  EXPECT_EQ(OpTest("Prod")({HostTensor::i32({3}, {-2, 3, 7})}).data<int32_t>()[0], -42);
  EXPECT_EQ(OpTest("Prod")({HostTensor(Shape{0})})[0], 1);
}

TEST(Reduce, LargestAndSmallestHandNaNOn) {
  Random random(5);
  for (const Case& k : kCases) {
    HostTensor x = random.tensor(k.shape);
    for (float& v : x.data()) v = random.bits() % 9 == 0 ? NAN : v;
    const auto want = groups(x, k.axes);
    const HostTensor most = OpTest("Max").attr("reductionIndices", list(k.axes))({x});
    const HostTensor least = OpTest("Min").attr("axis", list(k.axes))({x});
    for (size_t i = 0; i < want.size(); ++i) {
      double high = -INFINITY;
      double low = INFINITY;
      for (const double v : want[i]) {
        high = std::isnan(v) || std::isnan(high) ? NAN : std::max(high, v);
        low = std::isnan(v) || std::isnan(low) ? NAN : std::min(low, v);
      }
      EXPECT_TRUE(most[i] == high || (most[i] != most[i] && high != high));
      EXPECT_TRUE(least[i] == low || (least[i] != least[i] && low != low));
    }
  }
}

TEST(Reduce, IntsAndBools) {
  Random random(6);
  for (const Case& k : kCases) {
    const HostTensor x = random.tensor_i32(k.shape, -50, 50);
    HostTensor b(k.shape, DType::kBool);
    for (uint8_t& v : b.data<uint8_t>()) v = random.bits() % 8 != 0;
    const auto want = groups(x, k.axes);
    const auto truths = groups(b, k.axes);
    const HostTensor total = OpTest("Sum").attr("axis", list(k.axes))({x});
    const HostTensor all = OpTest("All").attr("axis", list(k.axes))({b});
    const HostTensor any = OpTest("Any").attr("axis", list(k.axes))({b});
    for (size_t i = 0; i < want.size(); ++i) {
      EXPECT_EQ(total.data<int32_t>()[i], sum(want[i]));
      EXPECT_EQ(all.data<uint8_t>()[i], sum(truths[i]) == static_cast<double>(truths[i].size()));
      EXPECT_EQ(any.data<uint8_t>()[i], sum(truths[i]) > 0);
    }
  }
}

// The order of additions follows from the number of elements alone, not from the layout.
TEST(Reduce, LayoutDoesNotMatter) {
  Random random(7);
  const HostTensor x = random.tensor({1000, 6});
  const HostTensor t = OpTest("Transpose").attr("perm", {1, 0})({x});
  EXPECT_TRUE(OpTest("Sum").attr("axis", {0})({x}).same_bytes(OpTest("Sum").attr("axis", 1)({t})));
}

TEST(Reduce, AllAxesAndRefusals) {
  Random random(2);
  const HostTensor x = random.tensor({3, 4});
  EXPECT_EQ(OpTest("Sum")({x}).shape(), Shape());
  EXPECT_EQ(OpTest("Sum")({x, HostTensor::i32({1}, {1})}).shape(), Shape({3}));
  std::vector<HostTensor> y;
  EXPECT_SAYS(OpTest("Sum").attr("axis", 2).run({x}, &y), "axis 2 is outside [3,4]");
  EXPECT_SAYS(OpTest("Mean").run({HostTensor({3}, DType::kInt32)}, &y),
              "x is int32, wants float32");
  EXPECT_SAYS(OpTest("All").run({x}, &y), "x is float32, wants bool");
}

TEST(Reduce, SameBits) {
  Random random(3);
  const HostTensor x = random.tensor({3, 17, 19, 21});
  print_bits("reduce_sum_all", OpTest("Sum")({x}));
  print_bits("reduce_mean_hw", OpTest("Mean").attr("axis", {1, 2})({x}));
  print_bits("reduce_sum_last", OpTest("Sum").attr("axis", 3)({x}));
  print_bits("reduce_sum_mixed", OpTest("Sum").attr("axis", {0, 2})({x}));
}

TEST(Softmax, RowsAddUpToOne) {
  const uint32_t seed = test_seed();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  for (const Shape& shape :
       {Shape{3}, Shape{2, 5, 7}, Shape{4, 1001}, Shape{1, 1}, Shape{0, 3}, Shape{2, 0}}) {
    const HostTensor x = random.tensor(shape, -20, 20);
    const HostTensor y = OpTest("Softmax")({x});
    const HostTensor log = OpTest("LogSoftmax")({x});
    const int32_t n = shape[-1];
    for (int32_t r = 0; r * n < x.size(); ++r) {
      double total = 0;
      for (int32_t i = 0; i < n; ++i) total += std::exp(static_cast<double>(x[r * n + i]));
      for (int32_t i = 0; i < n; ++i) {
        const double want = std::exp(static_cast<double>(x[r * n + i])) / total;
        ASSERT_NEAR(y[r * n + i], want, 4e-6 * want);
        ASSERT_NEAR(log[r * n + i], std::log(want), 1e-5);
      }
    }
  }
}

TEST(Softmax, LargeLogitsAndRefusals) {
  const HostTensor y = OpTest("Softmax")({HostTensor({4}, {1e30f, 1e30f, -INFINITY, -1e30f})});
  EXPECT_EQ(y[0], 0.5f);
  EXPECT_EQ(y[2], 0);
  EXPECT_EQ(y[3], 0);
  EXPECT_TRUE(std::isnan(OpTest("Softmax")({HostTensor({2}, {NAN, 0})})[1]));
  std::vector<HostTensor> out;
  EXPECT_SAYS(OpTest("Softmax").attr("dim", {0}).run({HostTensor(Shape{2, 3})}, &out),
              "dim 0 is not the last axis of logits [2,3]");
  Random random(1);
  print_bits("softmax", OpTest("Softmax")({random.tensor({5, 103}, -9, 9)}));
}

TEST(FusedBatchNorm, PerChannel) {
  Random random(4);
  for (const int32_t channels : {1, 5, 64, 100}) {
    const HostTensor x = random.tensor({2, 3, channels});
    const HostTensor mean = random.tensor({channels});
    const HostTensor variance = random.tensor({channels}, 0.1f, 2);
    const HostTensor offset = random.tensor({1, 1, channels});
    const HostTensor scale = random.tensor({channels});
    const HostTensor y =
        OpTest("FusedBatchNorm").attr("varianceEpsilon", 0.01)({x, mean, variance, offset, scale});
    const HostTensor plain =
        OpTest("FusedBatchNorm").attr("varianceEpsilon", 0.01)({x, mean, variance});
    for (int32_t i = 0; i < x.size(); ++i) {
      const int32_t c = i % channels;
      const double z = (x[i] - mean[c]) / std::sqrt(variance[c] + 0.01);
      ASSERT_NEAR(y[i], z * scale[c] + offset[c], 3e-6);
      ASSERT_NEAR(plain[i], z, 3e-6);
    }
  }
  std::vector<HostTensor> y;
  EXPECT_SAYS(OpTest("FusedBatchNorm")
                  .run({HostTensor(Shape{2, 3}), HostTensor(Shape{4}), HostTensor(Shape{3})}, &y),
              "mean [4] does not give one number per channel of x [2,3]");
}

}  // namespace
}  // namespace wxnn
