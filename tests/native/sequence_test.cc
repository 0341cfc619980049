// ReverseSequence, DynamicUpdateSlice, BroadcastArgs, SparseFillEmptyRows, SparseReshape, bits.
#include <algorithm>

#include "op_test.h"

namespace wxnn {
namespace {

template <class T>
void expect_values(const HostTensor& y, const Shape& shape, std::initializer_list<T> want) {
  ASSERT_EQ(y.shape(), shape) << y.shape().str();
  for (int32_t i = 0; i < y.size(); ++i) EXPECT_EQ(y.data<T>()[i], want.begin()[i]) << "at " << i;
}

TEST(ReverseSequence, AgreesWithLoops) {
  const uint32_t seed = test_seed();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  const int32_t dims[4] = {3, 4, 2, 5};
  for (int sequence = 0; sequence < 4; ++sequence) {
    for (int batch = 0; batch < 4; ++batch) {
      if (sequence == batch) continue;
      const HostTensor x = random.tensor_i32({3, 4, 2, 5}, 0, 999);
      const HostTensor lengths = random.tensor_i32({dims[batch]}, 0, dims[sequence]);
      const HostTensor y = OpTest("ReverseSequence")
                               .attr("seqDim", sequence)
                               .attr("batchDim", batch - 4)({x, lengths});
      int32_t at[4];
      for (int32_t i = 0; i < x.size(); ++i) {
        for (int32_t k = 3, rest = i; k >= 0; --k) {
          at[k] = rest % dims[k];
          rest /= dims[k];
        }
        const int32_t length = lengths.data<int32_t>()[at[batch]];
        if (at[sequence] < length) at[sequence] = length - 1 - at[sequence];
        int32_t from = 0;
        for (int k = 0; k < 4; ++k) from = from * dims[k] + at[k];
        ASSERT_EQ(y.data<int32_t>()[i], x.data<int32_t>()[from]) << sequence << batch << " " << i;
      }
    }
  }
  std::vector<HostTensor> y;
  EXPECT_SAYS(OpTest("ReverseSequence")
                  .attr("seqDim", 1)
                  .run({HostTensor(Shape{1, 2}), HostTensor::i32({1}, {3})}, &y),
              "sequence 0 is 3 long, axis seqDim of x [1,2] is 2");
}

TEST(DynamicUpdateSlice, StartsMoveBack) {
  const HostTensor x = HostTensor::i32({3, 3}, {0, 1, 2, 3, 4, 5, 6, 7, 8});
  const HostTensor update = HostTensor::i32({2, 1}, {-1, -2});
  expect_values<int32_t>(OpTest("DynamicUpdateSlice")({x, update, HostTensor::i32({2}, {0, 1})}),
                         {3, 3}, {0, -1, 2, 3, -2, 5, 6, 7, 8});
  expect_values<int32_t>(OpTest("DynamicUpdateSlice")({x, update, HostTensor::i32({2}, {9, -3})}),
                         {3, 3}, {0, 1, 2, -1, 4, 5, -2, 7, 8});
  expect_values<int32_t>(
      OpTest("DynamicUpdateSlice")({HostTensor::i32({}, {4}), HostTensor::i32({}, {5}),
                                    HostTensor(Shape{0}, DType::kInt32)}),
      {}, {5});
  std::vector<HostTensor> y;
  EXPECT_SAYS(
      OpTest("DynamicUpdateSlice")
          .run({x, HostTensor::i32({1, 4}, {1, 2, 3, 4}), HostTensor::i32({2}, {0, 0})}, &y),
      "update int32 [1,4] does not fit in operand int32 [3,3]");
}

TEST(Dilate, PadsBetween) {
  const HostTensor x = HostTensor::i32({2, 2}, {1, 2, 3, 4});
  const HostTensor zero = HostTensor::i32({}, {-7});
  expect_values<int32_t>(OpTest("Dilate")({x, zero, HostTensor::i32({2}, {2, 3})}), {3, 4},
                         {1, -7, -7, 2, -7, -7, -7, -7, 3, -7, -7, 4});
  std::vector<HostTensor> y;
  EXPECT_SAYS(OpTest("Dilate").run({x, zero, HostTensor::i32({2}, {0, 3})}, &y),
              "dilation 0 of axis 0 is out of range");
}

TEST(BroadcastArgs, JoinsShapes) {
  expect_values<int32_t>(
      OpTest("BroadcastArgs")({HostTensor::i32({3}, {2, 1, 5}), HostTensor::i32({2}, {7, 1})}), {3},
      {2, 7, 5});
  std::vector<HostTensor> y;
  EXPECT_SAYS(
      OpTest("BroadcastArgs").run({HostTensor::i32({1}, {2}), HostTensor::i32({1}, {3})}, &y),
      "dimensions 2 and 3 do not broadcast");
}

TEST(SparseFillEmptyRows, RowsInOrder) {
  std::vector<HostTensor> y;
  const HostTensor indices = HostTensor::i32({3, 2}, {3, 1, 0, 2, 3, 0});
  ASSERT_OK(OpTest("SparseFillEmptyRows", 4)
                .run({indices, HostTensor({3}, {5, 6, 7}), HostTensor::i32({2}, {5, 3}),
                      HostTensor({}, {-1})},
                     &y));
  expect_values<int32_t>(y[0], {6, 2}, {0, 2, 1, 0, 2, 0, 3, 1, 3, 0, 4, 0});
  expect_values<float>(y[1], {6}, {6, -1, -1, 5, 7, -1});
  expect_values<uint8_t>(y[2], {5}, {0, 1, 1, 0, 1});
  expect_values<int32_t>(y[3], {3}, {3, 0, 4});
  EXPECT_SAYS(OpTest("SparseFillEmptyRows", 4)
                  .run({indices, HostTensor({3}, {5, 6, 7}), HostTensor::i32({2}, {2, 3}),
                        HostTensor({}, {-1})},
                       &y),
              "index 3 is outside the 2 rows");
}

TEST(SparseReshape, PlacesStay) {
  std::vector<HostTensor> y;
  ASSERT_OK(OpTest("SparseReshape", 2)
                .run({HostTensor::i32({2, 3}, {0, 1, 2, 1, 0, 0}), HostTensor::i32({3}, {2, 3, 4}),
                      HostTensor::i32({2}, {8, -1})},
                     &y));
  expect_values<int32_t>(y[0], {2, 2}, {2, 0, 4, 0});
  expect_values<int32_t>(y[1], {2}, {8, 3});
  EXPECT_SAYS(
      OpTest("SparseReshape", 2)
          .run({HostTensor::i32({1, 1}, {0}), HostTensor::i32({1}, {4}), HostTensor::i32({1}, {5})},
               &y),
      "newShape has 5 places, inputShape 4");
  EXPECT_SAYS(
      OpTest("SparseReshape", 2)
          .run({HostTensor::i32({1, 1}, {4}), HostTensor::i32({1}, {4}), HostTensor::i32({1}, {4})},
               &y),
      "index 4 is outside dimension 0 of 4");
}

TEST(Bitwise, EveryOperator) {
  const HostTensor a = HostTensor::i32({3}, {0x0ff0, -1, 6});
  const HostTensor b = HostTensor::i32({3}, {0x3c3c, 4, 1});
  expect_values<int32_t>(OpTest("BitwiseAnd")({a, b}), {3}, {0x0c30, 4, 0});
  expect_values<int32_t>(OpTest("BitwiseOr")({a, b}), {3}, {0x3ffc, -1, 7});
  expect_values<int32_t>(OpTest("BitwiseXor")({a, b}), {3}, {0x33cc, -5, 7});
  const HostTensor by = HostTensor::i32({4}, {1, 31, 40, -3});
  expect_values<int32_t>(OpTest("RightShift")({HostTensor::i32({}, {-9}), by}), {4},
                         {-5, -1, -1, -9});
  expect_values<int32_t>(OpTest("LeftShift")({HostTensor::i32({}, {3}), by}), {4},
                         {6, INT32_MIN, INT32_MIN, 3});
  std::vector<HostTensor> y;
  EXPECT_SAYS(OpTest("BitwiseAnd").run({HostTensor({1}, {1}), HostTensor({1}, {1})}, &y),
              "a is float32, wants int32");
}

}  // namespace
}  // namespace wxnn
