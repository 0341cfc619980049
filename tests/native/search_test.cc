// Where, Unique, ListDiff, SearchSorted, Bucketize, Bincount, DenseBincount.
#include <algorithm>
#include <cmath>

#include "op_test.h"

namespace wxnn {
namespace {

template <class T>
void expect_values(const HostTensor& y, const Shape& shape, std::initializer_list<T> want) {
  ASSERT_EQ(y.shape(), shape) << y.shape().str();
  for (int32_t i = 0; i < y.size(); ++i) EXPECT_EQ(y.data<T>()[i], want.begin()[i]) << "at " << i;
}

TEST(Where, PlacesInOrder) {
  expect_values<int32_t>(
      OpTest("Where")({HostTensor::boolean({2, 3}, {true, false, true, false, false, true})}),
      {3, 2}, {0, 0, 0, 2, 1, 2});
  expect_values<int32_t>(OpTest("Where")({HostTensor({4}, {0, -0.0f, NAN, 2})}), {2, 1}, {2, 3});
  expect_values<int32_t>(OpTest("Where")({HostTensor::i32({3}, {0, -1, 0})}), {1, 1}, {1});
  EXPECT_EQ(OpTest("Where")({HostTensor::boolean({}, {true})}).shape(), Shape({1, 0}));
  EXPECT_EQ(OpTest("Where")({HostTensor(Shape{0, 3}, DType::kBool)}).shape(), Shape({0, 2}));
}

TEST(Unique, FirstOccurrencesInOrder) {
  std::vector<HostTensor> y;
  ASSERT_OK(OpTest("Unique", 2).run({HostTensor::i32({6}, {4, 1, 4, -2, 1, 9})}, &y));
  expect_values<int32_t>(y[0], {4}, {4, 1, -2, 9});
  expect_values<int32_t>(y[1], {6}, {0, 1, 0, 2, 1, 3});
  ASSERT_OK(OpTest("Unique", 2).run({HostTensor({5}, {0.0f, -0.0f, NAN, 1, NAN})}, &y));
  ASSERT_EQ(y[0].shape(), Shape({3}));
  expect_values<int32_t>(y[1], {5}, {0, 0, 1, 2, 1});
  ASSERT_OK(OpTest("Unique", 2).run({HostTensor::boolean({3}, {true, true, false})}, &y));
  expect_values<uint8_t>(y[0], {2}, {1, 0});
  ASSERT_OK(OpTest("Unique", 2).run({HostTensor(Shape{0})}, &y));
  EXPECT_EQ(y[0].shape(), Shape({0}));
  EXPECT_SAYS(OpTest("Unique", 2).run({HostTensor(Shape{2, 2})}, &y),
              "x [2,2] should be a list where no axis is given");
}

TEST(Unique, SlicesAlongAnyAxis) {
  const uint32_t seed = test_seed();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  for (int axis = 0; axis < 3; ++axis) {
    Shape shape = {2, 2, 2};
    shape[axis] = 9;
    const HostTensor x = random.tensor_i32(shape, 0, 1);
    std::vector<HostTensor> y;
    ASSERT_OK(OpTest("Unique", 2).attr("axis", axis == 0 ? -3.0 : axis).run({x}, &y));
    const int32_t inner = shape.elements(axis + 1, 3);
    const int32_t outer = shape.elements(0, axis);
    const auto same = [&](const HostTensor& a, int32_t k, const HostTensor& b, int32_t j) {
      const int32_t na = a.shape()[axis];
      const int32_t nb = b.shape()[axis];
      for (int32_t o = 0; o < outer; ++o) {
        for (int32_t i = 0; i < inner; ++i) {
          if (a.data<int32_t>()[(o * na + k) * inner + i] !=
              b.data<int32_t>()[(o * nb + j) * inner + i]) {
            return false;
          }
        }
      }
      return true;
    };
    int32_t seen = 0;  // slices of y that earlier slices of x have shown
    for (int32_t k = 0; k < 9; ++k) {
      const int32_t at = y[1].data<int32_t>()[k];
      ASSERT_TRUE(at >= 0 && at <= seen);
      EXPECT_TRUE(same(x, k, y[0], at));
      for (int32_t j = 0; j < std::min(at, seen); ++j) EXPECT_FALSE(same(x, k, y[0], j));
      seen = std::max(seen, at + 1);
    }
    EXPECT_EQ(y[0].shape()[axis], seen);
  }
}

TEST(ListDiff, ValuesAndPlaces) {
  std::vector<HostTensor> y;
  ASSERT_OK(OpTest("ListDiff", 2)
                .run({HostTensor::i32({5}, {1, 2, 1, 3, 9}), HostTensor::i32({2}, {9, 2})}, &y));
  expect_values<int32_t>(y[0], {3}, {1, 1, 3});
  expect_values<int32_t>(y[1], {3}, {0, 2, 3});
  ASSERT_OK(OpTest("ListDiff", 2).run({HostTensor({2}, {1, -0.0f}), HostTensor({1}, {0})}, &y));
  expect_values<float>(y[0], {1}, {1});
  EXPECT_SAYS(OpTest("ListDiff", 2).run({HostTensor({1}, {1}), HostTensor::i32({1}, {1})}, &y),
              "x is float32, y int32");
}

TEST(SearchSorted, BothSides) {
  const uint32_t seed = test_seed();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed + 5);
  HostTensor sorted = random.tensor_i32({3, 20}, -9, 9);
  for (int r = 0; r < 3; ++r) {
    std::sort(sorted.data<int32_t>().begin() + r * 20,
              sorted.data<int32_t>().begin() + r * 20 + 20);
  }
  const HostTensor values = random.tensor_i32({3, 8}, -11, 11);
  HostTensor sorted_f(Shape{3, 20});
  HostTensor values_f(Shape{3, 8});
  for (int i = 0; i < 60; ++i) {
    sorted_f.data()[i] = static_cast<float>(sorted.data<int32_t>()[i]) / 3;
  }
  for (int i = 0; i < 24; ++i) {
    values_f.data()[i] = static_cast<float>(values.data<int32_t>()[i]) / 3;
  }
  for (const char* side : {"left", "right"}) {
    const HostTensor y = OpTest("SearchSorted").attr("side", side)({sorted, values});
    const HostTensor yf = OpTest("SearchSorted").attr("side", side)({sorted_f, values_f});
    for (int32_t i = 0; i < 24; ++i) {
      int32_t want = 0;
      for (int32_t k = 0; k < 20; ++k) {
        const int32_t s = sorted.data<int32_t>()[i / 8 * 20 + k];
        const int32_t v = values.data<int32_t>()[i];
        want += s < v || (side[0] == 'r' && s == v) ? 1 : 0;
      }
      EXPECT_EQ(y.data<int32_t>()[i], want);
      EXPECT_EQ(yf.data<int32_t>()[i], want);
    }
  }
  std::vector<HostTensor> y;
  EXPECT_SAYS(OpTest("SearchSorted").run({HostTensor(Shape{2, 2}), HostTensor(Shape{3, 2})}, &y),
              "should be tables of as many rows");
}

TEST(Bucketize, BoundariesBelongToTheRight) {
  expect_values<int32_t>(
      OpTest("Bucketize")
          .attr("boundaries", {0, 10, 10, 100})({HostTensor({6}, {-5, 0, 9.5f, 10, 1000, NAN})}),
      {6}, {0, 1, 1, 3, 4, 4});
  expect_values<int32_t>(
      OpTest("Bucketize").attr("boundaries", {0.5, 3})({HostTensor::i32({2, 1}, {0, 3})}), {2, 1},
      {0, 2});
  std::vector<HostTensor> y;
  EXPECT_SAYS(OpTest("Bucketize").attr("boundaries", {1, 0}).run({HostTensor(Shape{1})}, &y),
              "boundaries are not in ascending order");
}

TEST(Bincount, WeightsAndRows) {
  const HostTensor x = HostTensor::i32({6}, {1, 1, 3, 7, 0, 3});
  const HostTensor none(Shape{0});
  expect_values<float>(OpTest("Bincount").attr("size", 4)({x, none}), {4}, {1, 2, 0, 2});
  expect_values<int32_t>(
      OpTest("Bincount")({x, HostTensor::i32({6}, {2, 3, 4, 5, 6, 7}), HostTensor::i32({}, {8})}),
      {8}, {6, 5, 0, 11, 0, 0, 0, 5});
  const HostTensor table = HostTensor::i32({2, 3}, {0, 0, 1, 2, 2, 5});
  expect_values<float>(OpTest("DenseBincount").attr("size", 3)({table, none}), {2, 3},
                       {2, 1, 0, 0, 0, 2});
  expect_values<float>(
      OpTest("DenseBincount").attr("size", 3).attr("binaryOutput", 1)({table, none}), {2, 3},
      {1, 1, 0, 0, 0, 1});
  std::vector<HostTensor> y;
  EXPECT_SAYS(OpTest("Bincount").attr("size", 2).run({HostTensor::i32({1}, {-1}), none}, &y),
              "x has the negative number -1");
  EXPECT_SAYS(OpTest("Bincount").attr("size", 2).run({x, HostTensor({2}, {1, 2})}, &y),
              "weights [2] should be empty or like x [6]");
}

}  // namespace
}  // namespace wxnn
