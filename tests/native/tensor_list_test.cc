// Lists of tensors as one tensor whose rows are the elements; tables.
#include "op_test.h"

namespace wxnn {
namespace {

TEST(TensorListReserve, OpenDimensionsHoldNothing) {
  OpTest op("TensorListReserve");
  op.attr("elementDType", "int32");
  const HostTensor list = op({HostTensor::i32({2}, {-1, 3}), HostTensor::i32({}, {4})});
  EXPECT_EQ(list.shape(), (Shape{4, 0, 3}));
  EXPECT_EQ(list.dtype(), DType::kInt32);
  const HostTensor zeros = op({HostTensor::i32({2}, {2, 3}), HostTensor::i32({}, {2})});
  EXPECT_EQ(zeros.shape(), (Shape{2, 2, 3}));
  for (const int32_t v : zeros.data<int32_t>()) EXPECT_EQ(v, 0);
  EXPECT_EQ(op({HostTensor::i32({}, {-1}), HostTensor::i32({}, {-1})}).shape(), (Shape{0, 0}));
}

TEST(TensorListSetItem, WritesOneSeveralOrBehindTheLast) {
  const uint32_t seed = test_seed();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  const HostTensor list = random.tensor({4, 2, 3}), item = random.tensor({2, 3});
  OpTest op("TensorListSetItem");
  const HostTensor one = op({list, item, HostTensor::i32({}, {2})});
  for (int32_t i = 0; i < 24; ++i) EXPECT_EQ(one[i], i / 6 == 2 ? item[i % 6] : list[i]);
  print_bits("TensorListSetItem", one);

  const HostTensor rows = random.tensor({2, 2, 3});
  const HostTensor two = op({list, rows, HostTensor::i32({2}, {3, 0})});
  for (int32_t i = 0; i < 24; ++i) {
    const float want = i / 6 == 3 ? rows[i % 6] : i / 6 == 0 ? rows[6 + i] : list[i];
    EXPECT_EQ(two[i], want);
  }
  const HostTensor more = op({list, item});
  ASSERT_EQ(more.shape(), (Shape{5, 2, 3}));
  for (int32_t i = 0; i < 30; ++i) EXPECT_EQ(more[i], i < 24 ? list[i] : item[i - 24]);
  // Nobody has written yet: the first element settles the shape, the others are zeros.
  const HostTensor first = op({HostTensor(Shape{3, 0, 3}), item, HostTensor::i32({}, {1})});
  ASSERT_EQ(first.shape(), (Shape{3, 2, 3}));
  for (int32_t i = 0; i < 18; ++i) EXPECT_EQ(first[i], i / 6 == 1 ? item[i - 6] : 0.0F);

  std::vector<HostTensor> y;
  EXPECT_SAYS(op.run({list, item, HostTensor::i32({}, {4})}, &y),
              "index 4 is outside a list of 4 elements");
  EXPECT_SAYS(op.run({list, item, HostTensor::i32({}, {-1})}, &y), "index -1 is outside");
  EXPECT_SAYS(op.run({list, random.tensor({3, 2}), HostTensor::i32({}, {0})}, &y),
              "an element [3,2] does not fit the list [4,2,3]");
  EXPECT_SAYS(op.run({list, HostTensor({2, 3}, DType::kInt32), HostTensor::i32({}, {0})}, &y),
              "tensor is int32, the list is float32");
}

TEST(TensorListPopBack, GivesTheListWithoutItsLastElement) {
  Random random(test_seed());
  const HostTensor list = random.tensor({3, 4});
  OpTest op("TensorListPopBack", 2);
  std::vector<HostTensor> y;
  ASSERT_OK(op.run({list}, &y));
  ASSERT_EQ(y[0].shape(), (Shape{2, 4}));
  ASSERT_EQ(y[1].shape(), (Shape{4}));
  for (int32_t i = 0; i < 12; ++i) EXPECT_EQ(i < 8 ? y[0][i] : y[1][i - 8], list[i]);
  EXPECT_SAYS(op.run({HostTensor(Shape{0, 4})}, &y), "the list is empty");
}

TEST(TensorListLength, CountsElements) {
  OpTest op("TensorListLength");
  EXPECT_EQ(op({HostTensor(Shape{7, 0})}).data<int32_t>()[0], 7);
  std::vector<HostTensor> y;
  EXPECT_SAYS(op.run({HostTensor(Shape{})}, &y), "list is a scalar");
}

TEST(TensorListResize, CutsOrAddsZeros) {
  Random random(test_seed());
  const HostTensor list = random.tensor({3, 2});
  OpTest op("TensorListResize");
  for (const int32_t size : {0, 2, 3, 5}) {
    const HostTensor y = op({list, HostTensor::i32({}, {size})});
    ASSERT_EQ(y.shape(), (Shape{size, 2}));
    for (int32_t i = 0; i < 2 * size; ++i) EXPECT_EQ(y[i], i < 6 ? list[i] : 0.0F);
  }
}

TEST(TensorListConcat, JoinsAlongTheFirstAxisOfTheElements) {
  Random random(test_seed());
  const HostTensor list = random.tensor({3, 2, 4});
  OpTest op("TensorListConcat", 2);
  std::vector<HostTensor> y;
  ASSERT_OK(op.run({list}, &y));
  ASSERT_EQ(y[0].shape(), (Shape{6, 4}));
  for (int32_t i = 0; i < 24; ++i) EXPECT_EQ(y[0][i], list[i]);
  ASSERT_EQ(y[1].shape(), (Shape{3}));
  for (const int32_t v : y[1].data<int32_t>()) EXPECT_EQ(v, 2);
  EXPECT_SAYS(op.run({HostTensor(Shape{3})}, &y), "have no axis to join");
}

TEST(TensorListSplit, CutsIntoPiecesOfOneLength) {
  Random random(test_seed());
  const HostTensor x = random.tensor({6, 2});
  OpTest op("TensorListSplit");
  std::vector<TensorType> types;
  ASSERT_OK(op.infer({x, HostTensor::i32({3}, {2, 2, 2})}, &types));
  EXPECT_EQ(types[0].shape, (Shape{3, 2, 2}));
  const HostTensor y = op({x, HostTensor::i32({3}, {2, 2, 2})});
  for (int32_t i = 0; i < 12; ++i) EXPECT_EQ(y[i], x[i]);
  EXPECT_SAYS(op.infer({x, HostTensor::i32({2}, {2, 4})}, &types),
              "splits into pieces of different lengths, 2 and 4");
  EXPECT_SAYS(op.infer({x, HostTensor::i32({2}, {2, 2})}, &types), "do not add up to 6");
}

TEST(LookupTableFind, TheLastOfEqualKeysCounts) {
  OpTest op("LookupTableFind");
  const HostTensor keys = HostTensor::i32({4}, {5, -2, 9, 5});
  const HostTensor values(Shape{4}, {0.5F, 1.5F, 2.5F, 3.5F});
  const HostTensor y =
      op({HostTensor::i32({2, 3}, {9, 4, 5, -2, 9, 0}), HostTensor(Shape{}, {-1}), keys, values});
  ASSERT_EQ(y.shape(), (Shape{2, 3}));
  const float want[] = {2.5F, -1, 3.5F, 1.5F, 2.5F, -1};
  for (int i = 0; i < 6; ++i) EXPECT_EQ(y[i], want[i]);
  std::vector<HostTensor> out;
  EXPECT_SAYS(op.run({values, HostTensor(Shape{}, {-1}), keys, values}, &out),
              "keys is float32, the table has int32");
}

}  // namespace
}  // namespace wxnn
