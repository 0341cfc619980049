// XlaGather, XlaScatter, XlaPad, XlaReduceWindow, Bitcast. tests/programs/tflite_cases.cc has more
// of their options, next to LiteRT.
#include <algorithm>
#include <cmath>
#include <limits>

#include "op_test.h"

namespace wxnn {
namespace {

const float kNan = std::numeric_limits<float>::quiet_NaN();
const float kInf = std::numeric_limits<float>::infinity();

// Windows of [1, h, w] of x [n, 6, 5], at rows of (plane, row).
OpTest gather(double h, double w) {
  OpTest op("XlaGather");
  op.attr("windowDims", {1, 2}).attr("collapsedDims", {0}).attr("indexMap", {0, 1});
  op.attr("indexVectorDim", 1).attr("sliceSizes", {1, h, w});
  return op;
}

TEST(XlaGather, AgreesWithLoops) {
  const uint32_t seed = test_seed();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  for (const int32_t n : {3, 7}) {
    const HostTensor x = random.tensor({n, 6, 5});
    const HostTensor at = random.tensor_i32({4, 2}, -3, 8);
    const HostTensor y = gather(2, 5)({x, at});
    ASSERT_EQ(y.shape(), (Shape{4, 2, 5}));
    for (int32_t i = 0; i < 4; ++i) {
      const int32_t plane = std::clamp(at.data<int32_t>()[2 * i], 0, n - 1);
      const int32_t row = std::clamp(at.data<int32_t>()[2 * i + 1], 0, 4);
      for (int32_t k = 0; k < 10; ++k)
        EXPECT_EQ(y[10 * i + k], x[30 * plane + 5 * row + k]) << i << " " << k;
    }
    print_bits("xla_gather", y);
  }
}

TEST(XlaGather, IndicesMayBeSingleNumbers) {
  // Without an axis of their own; windows first, and numbers that are none.
  OpTest op("XlaGather");
  op.attr("windowDims", {0}).attr("collapsedDims", {0}).attr("indexMap", {0});
  op.attr("indexVectorDim", 1).attr("sliceSizes", {1, 2});
  const HostTensor y =
      op({HostTensor(Shape{3, 2}, {1, kNan, 3, -kInf, 5, -0.0f}), HostTensor::i32({2}, {2, 0})});
  ASSERT_EQ(y.shape(), (Shape{2, 2}));
  EXPECT_EQ(y[0], 5);
  EXPECT_EQ(y[1], 1);
  EXPECT_TRUE(std::signbit(y[2]));
  EXPECT_TRUE(std::isnan(y[3]));
}

TEST(XlaGather, TakesNothingAndRefuses) {
  const HostTensor x(Shape{2, 6, 5});
  EXPECT_EQ(gather(2, 5)({x, HostTensor(Shape{0, 2}, DType::kInt32)}).shape(), (Shape{0, 2, 5}));
  EXPECT_EQ(gather(0, 5)({x, HostTensor::i32({1, 2}, {9, 9})}).shape(), (Shape{1, 0, 5}));
  std::vector<HostTensor> y;
  const HostTensor at = HostTensor::i32({1, 2}, {0, 0});
  EXPECT_SAYS(gather(7, 5).run({x, at}, &y), "a slice of [1,7,5] does not fit in operand [2,6,5]");
  EXPECT_SAYS(gather(2, 5).run({x, HostTensor(Shape{1, 2})}, &y),
              "indices float32 [1,2] should be int32 with an axis 1");
  EXPECT_SAYS(gather(2, 5).run({x, HostTensor::i32({2, 1}, {0, 0})}, &y),
              "indexMap has 2 numbers, indices [2,1] wants 1");
  EXPECT_SAYS(gather(2, 5).attr("collapsedDims", {1}).run({x, at}, &y),
              "collapsedDims 1 of slices [1,2,5] is not 1");
  EXPECT_SAYS(gather(2, 5).attr("indexMap", {0, 3}).run({x, at}, &y),
              "indexMap 3 is outside [2,6,5]");
  EXPECT_SAYS(gather(2, 5).attr("windowDims", {1}).run({x, at}, &y), "name 2 axes, [2,6,5] has 3");
  EXPECT_SAYS(gather(2, 5).attr("windowDims", {1, 7}).run({x, at}, &y), "do not fit [2,6,5]");
}

OpTest scatter(const char* computation) {
  OpTest op("XlaScatter");
  op.attr("windowDims", {1}).attr("collapsedDims", {0}).attr("indexMap", {0, 1});
  op.attr("indexVectorDim", 1).attr("computation", computation);
  return op;
}

template <class T>
T combined(std::string_view name, T a, T b) {
  if (name == "Add") return a + b;
  if (name == "Multiply") return a * b;
  if (name == "Minimum") return std::min(a, b);
  return name == "Maximum" ? std::max(a, b) : b;
}

template <class T>
void expect_scatter(const char* name, const HostTensor& x, const HostTensor& at,
                    const HostTensor& updates) {
  const HostTensor y = scatter(name)({x, at, updates});
  std::vector<T> want(x.data<T>().begin(), x.data<T>().end());
  const int32_t height = x.shape()[0], width = x.shape()[1], window = updates.shape()[1];
  for (int32_t i = 0; i < at.shape()[0]; ++i) {
    for (int32_t k = 0; k < window; ++k) {
      const int32_t row = at.data<int32_t>()[2 * i], column = at.data<int32_t>()[2 * i + 1] + k;
      if (row < 0 || row >= height || column < 0 || column >= width) continue;
      T& to = want[row * width + column];
      to = combined<T>(name, to, updates.data<T>()[i * window + k]);
    }
  }
  for (int32_t i = 0; i < y.size(); ++i) EXPECT_EQ(y.data<T>()[i], want[i]) << name << " " << i;
  print_bits(sentence<"xla_scatter_{}">(name), y);
}

TEST(XlaScatter, AgreesWithLoops) {
  const uint32_t seed = test_seed();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  for (const char* name : {"", "Add", "Multiply", "Minimum", "Maximum"}) {
    for (const int32_t width : {4, 9}) {
      const HostTensor at = random.tensor_i32({11, 2}, -2, 6);
      expect_scatter<float>(name, random.tensor({5, width}), at, random.tensor({11, 3}));
      expect_scatter<int32_t>(name, random.tensor_i32({5, width}, -9, 9), at,
                              random.tensor_i32({11, 3}, -9, 9));
    }
  }
}

TEST(XlaScatter, BoolsNaNsNothingAndRefusals) {
  const HostTensor at = HostTensor::i32({2, 2}, {0, 0, 0, 0});
  for (const bool both : {true, false}) {
    const HostTensor y = scatter(both ? "LogicalAnd" : "LogicalOr")(
        {HostTensor::boolean({1, 2}, {true, false}), at,
         HostTensor::boolean({2, 2}, {true, true, true, false})});
    EXPECT_EQ(y.data<uint8_t>()[0], 1);
    EXPECT_EQ(y.data<uint8_t>()[1], both ? 0 : 1);
  }
  const HostTensor y = scatter("Maximum")(
      {HostTensor(Shape{1, 2}, {1, kNan}), at, HostTensor(Shape{2, 2}, {kNan, 2, 3, kInf})});
  EXPECT_TRUE(std::isnan(y[0]) && std::isnan(y[1]));
  EXPECT_EQ(scatter("Add")({HostTensor(Shape{0, 2}), at, HostTensor(Shape{2, 2})}).size(), 0);
  std::vector<HostTensor> none;
  const HostTensor x(Shape{3, 3});
  EXPECT_SAYS(scatter("Add").run({x, at, HostTensor(Shape{2, 4})}, &none),
              "updates [2,4] should be at most [2,3]");
  EXPECT_SAYS(scatter("Sub").run({x, at, HostTensor(Shape{2, 2})}, &none),
              "computation \"Sub\" of float32 is not supported");
  EXPECT_SAYS(scatter("Add").run({x, at, HostTensor(Shape{2, 2}, DType::kInt32)}, &none),
              "operand is float32, updates int32");
}

OpTest pad(std::initializer_list<double> low, std::initializer_list<double> high,
           std::initializer_list<double> interior) {
  OpTest op("XlaPad");
  op.attr("low", low).attr("high", high).attr("interior", interior);
  return op;
}

TEST(XlaPad, AgreesWithLoops) {
  for (const int32_t n : {4, 7}) {
    HostTensor x = HostTensor(Shape{n, 3}, DType::kInt32);
    for (int32_t i = 0; i < x.size(); ++i) x.data<int32_t>()[i] = i + 1;
    for (int low = -5; low <= 2; ++low) {
      for (int high = -3; high <= 2; ++high) {
        for (int interior = 0; interior <= 2; ++interior) {
          const int32_t height = n + (n - 1) * interior + low + high;
          if (height < 0) continue;
          const HostTensor y = pad({low * 1.0, 1}, {high * 1.0, -1},
                                   {interior * 1.0, 1})({x, HostTensor::i32({}, {-7})});
          ASSERT_EQ(y.shape(), (Shape{height, 5}));
          for (int32_t i = 0; i < y.size(); ++i) {
            const int32_t row = i / 5 - low, column = i % 5 - 1;
            const bool there = row >= 0 && row % (interior + 1) == 0 && row / (interior + 1) < n &&
                               column >= 0 && column % 2 == 0;
            EXPECT_EQ(y.data<int32_t>()[i],
                      there ? x.data<int32_t>()[row / (interior + 1) * 3 + column / 2] : -7)
                << low << " " << high << " " << interior << " " << i;
          }
        }
      }
    }
  }
  std::vector<HostTensor> y;
  const HostTensor x(Shape{2, 3});
  EXPECT_SAYS(pad({0, 0}, {-3, 0}, {0, 0}).run({x, HostTensor(Shape{}, {0})}, &y),
              "axis 0 of x [2,3] is padded by 0, -3 and 0 between");
  EXPECT_SAYS(pad({0, 0}, {0, 0}, {0, -1}).run({x, HostTensor(Shape{}, {0})}, &y),
              "interior has -1");
  EXPECT_SAYS(pad({0}, {0, 0}, {0, 0}).run({x, HostTensor(Shape{}, {0})}, &y),
              "low has 1 numbers, x [2,3] wants 2");
  EXPECT_SAYS(pad({0, 0}, {0, 0}, {0, 0}).run({x, HostTensor::i32({}, {0})}, &y),
              "paddingValue int32 [] should be one float32");
  EXPECT_EQ(
      pad({1, 0}, {0, 2}, {5, 5})({HostTensor(Shape{0, 0}), HostTensor(Shape{}, {3})}).shape(),
      (Shape{1, 2}));
}

TEST(XlaReduceWindow, AgreesWithLoops) {
  const uint32_t seed = test_seed();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  for (const char* name : {"Add", "Multiply", "Minimum", "Maximum"}) {
    OpTest op("XlaReduceWindow");
    op.attr("windowDimensions", {3}).attr("windowStrides", {2}).attr("baseDilations", {2});
    op.attr("windowDilations", {3}).attr("padding", {2, 1}).attr("computation", name);
    for (const int32_t n : {5, 12}) {
      const HostTensor x = random.tensor({n});
      const HostTensor y = op({x, HostTensor(Shape{}, {0.25f})});
      const int32_t whole = 2 * n - 1 + 3;
      ASSERT_EQ(y.size(), (whole - 7) / 2 + 1);
      for (int32_t i = 0; i < y.size(); ++i) {
        float want = 0.25f;
        for (int32_t k = 0; k < 3; ++k) {
          const int32_t at = 2 * i + 3 * k - 2;
          const bool there = at >= 0 && at % 2 == 0 && at / 2 < n;
          want = combined<float>(name, want, there ? x[at / 2] : 0.25f);
        }
        EXPECT_EQ(y[i], want) << name << " " << i;
      }
      print_bits(sentence<"xla_reduce_window_{}">(name), y);
    }
  }
}

TEST(XlaReduceWindow, IntegersBoolsNothingAndRefusals) {
  OpTest sum("XlaReduceWindow");
  sum.attr("windowDimensions", {2, 1}).attr("computation", "Add");
  const HostTensor y =
      sum({HostTensor::i32({2, 2}, {1, 2, 30, INT32_MAX}), HostTensor::i32({}, {1})});
  ASSERT_EQ(y.shape(), (Shape{1, 2}));
  EXPECT_EQ(y.data<int32_t>()[0], 32);
  EXPECT_EQ(y.data<int32_t>()[1], INT32_MIN + 2);
  OpTest any("XlaReduceWindow");
  any.attr("windowDimensions", {2}).attr("computation", "LogicalOr");
  EXPECT_EQ(any({HostTensor::boolean({2}, {false, true}), HostTensor::boolean({}, {false})})
                .data<uint8_t>()[0],
            1);
  EXPECT_EQ(sum({HostTensor(Shape{1, 3}, DType::kInt32), HostTensor::i32({}, {0})}).shape(),
            (Shape{0, 3}));
  std::vector<HostTensor> none;
  const HostTensor x(Shape{2, 2}), zero(Shape{}, {0});
  OpTest bad("XlaReduceWindow");
  bad.attr("computation", "Add");
  EXPECT_SAYS(bad.attr("windowDimensions", {2}).run({x, zero}, &none),
              "windowDimensions has 1 numbers, x [2,2] wants 2");
  EXPECT_SAYS(bad.attr("windowDimensions", {70000, 70000}).run({x, zero}, &none),
              "windowDimensions [70000,70000] are too large");
  EXPECT_SAYS(bad.attr("windowDimensions", {0, 1}).run({x, zero}, &none), "windowDimensions has 0");
  EXPECT_SAYS(
      bad.attr("windowDimensions", {1, 1}).attr("padding", {-3, 0, 0, 0}).run({x, zero}, &none),
      "axis 0 of x [2,2] has -1 elements with its padding");
  EXPECT_SAYS(any.run({HostTensor(Shape{2}), zero}, &none),
              "computation \"LogicalOr\" of float32 is not supported");
}

TEST(Bitcast, KeepsBytes) {
  OpTest to_int("Bitcast"), to_float("Bitcast"), to_bool("Bitcast");
  const HostTensor x(Shape{4}, {1, -0.0f, kInf, 0x1p-149f});
  const HostTensor i = to_int.attr("dtype", "int32")({x});
  EXPECT_EQ(i.data<int32_t>()[0], 0x3f800000);
  EXPECT_EQ(i.data<int32_t>()[1], INT32_MIN);
  EXPECT_EQ(i.data<int32_t>()[3], 1);
  EXPECT_TRUE(to_float.attr("dtype", "float32")({i}).same_bytes(x));
  EXPECT_EQ(to_float({HostTensor(Shape{0}, DType::kInt32)}).size(), 0);
  std::vector<HostTensor> y;
  EXPECT_SAYS(to_bool.attr("dtype", "bool").run({x}, &y),
              "x is float32, dtype bool: only types of four bytes are supported");
}

}  // namespace
}  // namespace wxnn
