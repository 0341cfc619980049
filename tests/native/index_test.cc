// Operators that pick, generate, search and convert.
#include <algorithm>
#include <cmath>

#include "op_test.h"

namespace wxnn {
namespace {

template <class T>
void expect_values(const HostTensor& y, const Shape& shape, std::initializer_list<T> want) {
  ASSERT_EQ(y.shape(), shape) << y.shape().str();
  ASSERT_EQ(static_cast<size_t>(y.size()), want.size());
  for (int32_t i = 0; i < y.size(); ++i) EXPECT_EQ(y.data<T>()[i], want.begin()[i]) << "at " << i;
}

TEST(Cast, EveryPair) {
  const HostTensor f({7}, {NAN, 3e9f, -3e9f, -1.9f, 0.5f, -0.0f, 7});
  expect_values<int32_t>(OpTest("Cast").attr("dtype", "int32")({f}), {7},
                         {0, INT32_MAX, INT32_MIN, -1, 0, 0, 7});
  expect_values<uint8_t>(OpTest("Cast").attr("dtype", "bool")({f}), {7}, {1, 1, 1, 1, 1, 0, 1});
  const HostTensor i = HostTensor::i32({3}, {0, 256, -5});
  expect_values<float>(OpTest("Cast").attr("dtype", "float32")({i}), {3}, {0, 256, -5});
  expect_values<uint8_t>(OpTest("Cast").attr("dtype", "bool")({i}), {3}, {0, 1, 1});
  expect_values<int32_t>(OpTest("Cast").attr("dtype", "int32")({i}), {3}, {0, 256, -5});
  const HostTensor b = HostTensor::boolean({2}, {true, false});
  expect_values<float>(OpTest("Cast").attr("dtype", "float32")({b}), {2}, {1, 0});
  expect_values<int32_t>(OpTest("Cast").attr("dtype", "int32")({b}), {2}, {1, 0});
  std::vector<HostTensor> y;
  EXPECT_SAYS(OpTest("Cast").attr("dtype", "string").run({f}, &y), "dtype \"string\" should be");
}

TEST(Select, RowsAndBroadcasts) {
  const HostTensor t = HostTensor::i32({2, 2}, {1, 2, 3, 4});
  const HostTensor e = HostTensor::i32({2, 2}, {5, 6, 7, 8});
  const HostTensor c = HostTensor::boolean({2}, {true, false});
  expect_values<int32_t>(OpTest("Select")({c, t, e}), {2, 2}, {1, 2, 7, 8});
  expect_values<int32_t>(OpTest("SelectV2")({c, t, e}), {2, 2}, {1, 6, 3, 8});
  expect_values<int32_t>(OpTest("Select")({HostTensor::boolean({}, {false}), t, e}), {2, 2},
                         {5, 6, 7, 8});
  expect_values<int32_t>(
      OpTest("SelectV2")({HostTensor::boolean({2, 1}, {false, true}), HostTensor::i32({}, {9}),
                          HostTensor::i32({3}, {1, 2, 3})}),
      {2, 3}, {1, 2, 3, 9, 9, 9});
  std::vector<HostTensor> y;
  EXPECT_SAYS(OpTest("Select").run({HostTensor::boolean({3}, {1, 0, 1}), t, e}, &y),
              "condition [3], t [2,2] and e [2,2] do not broadcast");
}

TEST(GatherV2, AxesAndBatches) {
  Random random(2);
  const HostTensor x = random.tensor_i32({3, 4, 5}, 0, 999);
  const HostTensor indices = HostTensor::i32({2, 2}, {3, 0, 1, 3});
  const HostTensor y = OpTest("GatherV2").attr("axis", 1)({x, indices});
  ASSERT_EQ(y.shape(), Shape({3, 2, 2, 5}));
  for (int32_t i = 0; i < y.size(); ++i) {
    const int32_t pick = indices.data<int32_t>()[i / 5 % 4];
    EXPECT_EQ(y.data<int32_t>()[i], x.data<int32_t>()[(i / 20 * 4 + pick) * 5 + i % 5]);
  }
  const HostTensor per_row = HostTensor::i32({3, 2}, {0, 1, 2, 3, 3, 0});
  const HostTensor b = OpTest("GatherV2").attr("axis", 1).attr("batchDims", 1)({x, per_row});
  ASSERT_EQ(b.shape(), Shape({3, 2, 5}));
  for (int32_t i = 0; i < b.size(); ++i) {
    const int32_t pick = per_row.data<int32_t>()[i / 5];
    EXPECT_EQ(b.data<int32_t>()[i], x.data<int32_t>()[(i / 10 * 4 + pick) * 5 + i % 5]);
  }
  expect_values<int32_t>(
      OpTest("GatherV2")({HostTensor::i32({3}, {7, 8, 9}), HostTensor::i32({}, {2})}), {}, {9});
  std::vector<HostTensor> out;
  EXPECT_SAYS(OpTest("GatherV2").attr("axis", 1).run({x, HostTensor::i32({1}, {4})}, &out),
              "index 4 is outside axis 1 of x [3,4,5]");
  EXPECT_SAYS(OpTest("GatherV2").run({x, HostTensor::i32({1}, {-1})}, &out),
              "index -1 is outside axis 0");
  EXPECT_SAYS(OpTest("GatherV2").attr("axis", 3).run({x, indices}, &out),
              "axis 3 is outside [3,4,5]");
}

TEST(GatherNd, PicksSlices) {
  const HostTensor params = HostTensor::i32({2, 3, 2}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
  expect_values<int32_t>(OpTest("GatherNd")({params, HostTensor::i32({2, 2}, {1, 0, 0, 2})}),
                         {2, 2}, {6, 7, 4, 5});
  expect_values<int32_t>(OpTest("GatherNd")({params, HostTensor::i32({3}, {1, 2, 1})}), {}, {11});
  std::vector<HostTensor> y;
  EXPECT_SAYS(OpTest("GatherNd").run({params, HostTensor::i32({1, 2}, {1, 3})}, &y),
              "index 3 is outside axis 1 of params [2,3,2]");
}

TEST(Generate, FillLikeAndShape) {
  expect_values<float>(OpTest("Fill").attr("shape", {2, 2}).attr("value", 1.5)({}), {2, 2},
                       {1.5f, 1.5f, 1.5f, 1.5f});
  expect_values<uint8_t>(OpTest("Fill").attr("shape", 2).attr("value", 1).attr("dtype", "bool")({}),
                         {2}, {1, 1});
  expect_values<int32_t>(OpTest("Fill")({HostTensor::i32({1}, {3}), HostTensor::i32({}, {-4})}),
                         {3}, {-4, -4, -4});
  const HostTensor x(Shape{2, 1}, DType::kInt32);
  expect_values<int32_t>(OpTest("ZerosLike")({x}), {2, 1}, {0, 0});
  expect_values<int32_t>(OpTest("OnesLike")({x}), {2, 1}, {1, 1});
  expect_values<float>(OpTest("OnesLike")({HostTensor(Shape{1})}), {1}, {1});
  expect_values<int32_t>(OpTest("Shape")({x}), {2}, {2, 1});
  expect_values<int32_t>(OpTest("Size")({x}), {}, {2});
  expect_values<int32_t>(OpTest("Rank")({x}), {}, {2});
  std::vector<HostTensor> y;
  EXPECT_SAYS(OpTest("Fill").attr("shape", {2, -2}).run({}, &y), "has a negative dimension");
}

TEST(Generate, Progressions) {
  expect_values<float>(OpTest("Range").attr("start", 1).attr("stop", 2).attr("step", 0.25)({}), {4},
                       {1, 1.25f, 1.5f, 1.75f});
  expect_values<int32_t>(
      OpTest("Range").attr("start", 5).attr("stop", -2).attr("step", -3).attr("dtype", "int32")({}),
      {3}, {5, 2, -1});
  EXPECT_EQ(OpTest("Range").attr("start", 5).attr("stop", 2)({}).size(), 0);
  expect_values<int32_t>(OpTest("Range")({HostTensor::i32({}, {0}), HostTensor::i32({}, {3}),
                                          HostTensor::i32({}, {1})}),
                         {3}, {0, 1, 2});
  expect_values<float>(OpTest("LinSpace").attr("start", 0.0).attr("stop", 1).attr("num", 5)({}),
                       {5}, {0, 0.25f, 0.5f, 0.75f, 1});
  expect_values<float>(OpTest("LinSpace").attr("start", 3).attr("stop", 1).attr("num", 1)({}), {1},
                       {3});
  std::vector<HostTensor> y;
  EXPECT_SAYS(OpTest("Range").attr("stop", 3).attr("step", {0}).run({}, &y), "step is 0");
}

TEST(OneHot, AxesAndOutside) {
  const HostTensor i = HostTensor::i32({3}, {1, -1, 2});
  expect_values<float>(OpTest("OneHot").attr("depth", 3)({i}), {3, 3}, {0, 1, 0, 0, 0, 0, 0, 0, 1});
  expect_values<int32_t>(OpTest("OneHot")
                             .attr("depth", 2)
                             .attr("axis", {0})
                             .attr("onValue", 5)
                             .attr("offValue", -1)
                             .attr("dtype", "int32")({i}),
                         {2, 3}, {-1, -1, -1, 5, -1, -1});
}

TEST(ArgMax, AndArgMin) {
  const HostTensor x({2, 3}, {1, 5, 5, -2, -9, 0});
  expect_values<int32_t>(OpTest("ArgMax").attr("axis", 1)({x}), {2}, {1, 2});
  expect_values<int32_t>(OpTest("ArgMin").attr("axis", -1)({x}), {2}, {0, 1});
  expect_values<int32_t>(OpTest("ArgMax").attr("axis", {0})({x}), {3}, {0, 0, 0});
  std::vector<HostTensor> y;
  EXPECT_SAYS(OpTest("ArgMax").run({HostTensor(Shape{0, 3})}, &y), "axis 0 of x [0,3] is empty");
}

TEST(Cumulative, SumsAndProducts) {
  const HostTensor x({2, 3}, {1, 2, 3, 4, 5, 6});
  expect_values<float>(OpTest("Cumsum").attr("axis", 1)({x}), {2, 3}, {1, 3, 6, 4, 9, 15});
  expect_values<float>(OpTest("Cumsum").attr("axis", {0})({x}), {2, 3}, {1, 2, 3, 5, 7, 9});
  expect_values<float>(OpTest("Cumsum").attr("axis", 1).attr("exclusive", 1)({x}), {2, 3},
                       {0, 1, 3, 0, 4, 9});
  expect_values<float>(OpTest("Cumsum").attr("axis", 1).attr("reverse", 1)({x}), {2, 3},
                       {6, 5, 3, 15, 11, 6});
  expect_values<float>(
      OpTest("Cumprod").attr("axis", 1).attr("exclusive", 1).attr("reverse", 1)({x}), {2, 3},
      {6, 3, 1, 30, 6, 1});
  expect_values<int32_t>(OpTest("Cumprod")({HostTensor::i32({3}, {INT32_MAX, 2, 3})}), {3},
                         {INT32_MAX, -2, -6});
}

TEST(TopK, SortedWithTies) {
  std::vector<HostTensor> y;
  ASSERT_OK(OpTest("TopK", 2).attr("k", 3).run(
      {HostTensor({2, 5}, {3, 9, 1, 9, 4, -1, -1, -1, -1, -1})}, &y));
  expect_values<float>(y[0], {2, 3}, {9, 9, 4, -1, -1, -1});
  expect_values<int32_t>(y[1], {2, 3}, {1, 3, 4, 0, 1, 2});
  ASSERT_OK(OpTest("TopK", 2).run({HostTensor::i32({3}, {1, 3, 2}), HostTensor::i32({}, {3})}, &y));
  expect_values<int32_t>(y[0], {3}, {3, 2, 1});
  ASSERT_OK(OpTest("TopK", 2).attr("k", 2).run({HostTensor({4}, {1, NAN, 7, NAN})}, &y));
  expect_values<int32_t>(y[1], {2}, {1, 3});
  EXPECT_SAYS(OpTest("TopK", 2).attr("k", 4).run({HostTensor(Shape{2, 3})}, &y),
              "k 4 is outside the last axis of x [2,3]");
}

TEST(TopK, AgainstFullSort) {
  const uint32_t seed = test_seed();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  for (int round = 0; round < 20; ++round) {
    const int32_t n = random.between(1, 200);
    const int32_t k = random.between(0, n);
    HostTensor x = random.tensor({n});
    for (float& v : x.data()) v = std::floor(v * 10);
    std::vector<int32_t> order(n);
    for (int32_t i = 0; i < n; ++i) order[i] = i;
    std::stable_sort(order.begin(), order.end(),
                     [&x](int32_t a, int32_t b) { return x[a] > x[b]; });
    std::vector<HostTensor> y;
    ASSERT_OK(OpTest("TopK", 2).attr("k", {double(k)}).run({x}, &y));
    for (int32_t i = 0; i < k; ++i) EXPECT_EQ(y[1].data<int32_t>()[i], order[i]);
  }
}

TEST(Views, ExpandDimsAndSqueezeOfAnyType) {
  const HostTensor x = HostTensor::i32({2, 3}, {1, 2, 3, 4, 5, 6});
  expect_values<int32_t>(OpTest("ExpandDims").attr("dim", -1)({x}), {2, 3, 1}, {1, 2, 3, 4, 5, 6});
  expect_values<int32_t>(OpTest("ExpandDims").attr("dim", {0})({HostTensor::i32({}, {7})}), {1},
                         {7});
  const HostTensor b = HostTensor::boolean({1, 2, 1}, {true, false});
  expect_values<uint8_t>(OpTest("Squeeze")({b}), {2}, {1, 0});
  expect_values<uint8_t>(OpTest("Squeeze").attr("axis", {-1})({b}), {1, 2}, {1, 0});
  EXPECT_EQ(OpTest("Squeeze")({HostTensor(Shape{1, 0})}).shape(), Shape({0}));
  std::vector<HostTensor> y;
  EXPECT_FALSE(OpTest("Squeeze").attr("axis", 1).run({b}, &y).ok());
  EXPECT_FALSE(OpTest("ExpandDims").attr("dim", 4).run({x}, &y).ok());
}

// What tfjs has as attributes and graphs may compute.
TEST(Arguments, ComputedNumbers) {
  expect_values<float>(
      OpTest("LinSpace")({HostTensor({}, {-1}), HostTensor({}, {1}), HostTensor::i32({}, {3})}),
      {3}, {-1, 0, 1});
  expect_values<float>(OpTest("OneHot")({HostTensor::i32({2}, {1, 0}), HostTensor::i32({}, {2}),
                                         HostTensor({}, {5}), HostTensor({}, {-5})}),
                       {2, 2}, {-5, 5, 5, -5});
  expect_values<int32_t>(
      OpTest("PadV2")(
          {HostTensor::i32({1}, {3}), HostTensor::i32({1, 2}, {1, 2}), HostTensor::i32({}, {9})}),
      {4}, {9, 3, 9, 9});
  std::vector<HostTensor> y;
  EXPECT_SAYS(
      OpTest("PadV2").run(
          {HostTensor::i32({1}, {3}), HostTensor::i32({1, 2}, {1, 2}), HostTensor({}, {9})}, &y),
      "constantValue should be one int32");
  EXPECT_SAYS(
      OpTest("OneHot").run(
          {HostTensor::i32({2}, {1, 0}), HostTensor::i32({}, {2}), HostTensor::i32({}, {5})}, &y),
      "onValue and offValue should be one float32 each");
  EXPECT_SAYS(OpTest("StridedSlice")
                  .attr("begin", {0, 0})
                  .attr("end", {1, 1})
                  .attr("ellipsisMask", 3)
                  .run({HostTensor(Shape{2, 2})}, &y),
              "ellipsisMask has more than one bit");
}

}  // namespace
}  // namespace wxnn
