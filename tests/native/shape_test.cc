// Operators that move elements: each output element is looked up where it came from.
#include <algorithm>

#include "op_test.h"

namespace wxnn {
namespace {

AttrValue list(const std::vector<int>& numbers) {
  AttrValue v;
  v.numbers.assign(numbers.begin(), numbers.end());
  return v;
}

using Index = std::vector<int32_t>;

Index index_of(const Shape& shape, int32_t flat) {
  Index at(shape.rank());
  for (int i = shape.rank() - 1; i >= 0; --i) {
    at[i] = flat % shape[i];
    flat /= shape[i];
  }
  return at;
}
int32_t flat_of(const Shape& shape, const Index& at) {
  int32_t flat = 0;
  for (int i = 0; i < shape.rank(); ++i) flat = flat * shape[i] + at[i];
  return flat;
}

// y[i] is x[source(i)] for every index i of y.
template <class F>
void expect_moved(const HostTensor& x, const HostTensor& y, const Shape& shape, F source) {
  ASSERT_EQ(y.shape(), shape) << y.shape().str();
  for (int32_t i = 0; i < y.size(); ++i) {
    const int32_t from = flat_of(x.shape(), source(index_of(shape, i)));
    ASSERT_EQ(y.data<int32_t>()[i], x.data<int32_t>()[from]) << "at " << i;
  }
}

// Elements that tell where they stood.
HostTensor numbered(const Shape& shape) {
  HostTensor x(shape, DType::kInt32);
  for (int32_t i = 0; i < x.size(); ++i) x.data<int32_t>()[i] = i;
  return x;
}

TEST(Transpose, EveryPermutation) {
  for (const Shape& shape :
       {Shape{7}, Shape{33, 20}, Shape{2, 3, 4}, Shape{3, 17, 18, 5}, Shape{2, 0, 3}}) {
    const HostTensor x = numbered(shape);
    std::vector<int> perm(shape.rank());
    for (size_t i = 0; i < perm.size(); ++i) perm[i] = static_cast<int>(i);
    do {
      Shape y_shape;
      for (const int p : perm) y_shape.push_back(shape[p]);
      expect_moved(x, OpTest("Transpose").attr("perm", list(perm))({x}), y_shape,
                   [&](const Index& at) {
                     Index from(at.size());
                     for (size_t i = 0; i < at.size(); ++i) from[perm[i]] = at[i];
                     return from;
                   });
    } while (std::next_permutation(perm.begin(), perm.end()));
  }
}

TEST(Transpose, OtherTypesRanksAndRefusals) {
  const HostTensor b = HostTensor::boolean({2, 3}, {1, 0, 0, 1, 1, 0});
  const HostTensor t = OpTest("Transpose").attr("perm", {1, 0})({b});
  for (int32_t i = 0; i < 6; ++i)
    EXPECT_EQ(t.data<uint8_t>()[i], b.data<uint8_t>()[i % 2 * 3 + i / 2]);
  const HostTensor deep = numbered({2, 1, 3, 2, 1, 2, 2, 3});
  expect_moved(deep, OpTest("Transpose").attr("perm", {7, 6, 5, 4, 3, 2, 1, 0})({deep}),
               {3, 2, 2, 1, 2, 3, 1, 2}, [](Index at) {
                 std::reverse(at.begin(), at.end());
                 return at;
               });
  std::vector<HostTensor> y;
  EXPECT_SAYS(OpTest("Transpose").attr("perm", {0, 0}).run({b}, &y), "perm has axis 0 twice");
  EXPECT_SAYS(OpTest("Transpose").attr("perm", {0}).run({b}, &y), "perm has 1 axes, x [2,3] has 2");
}

TEST(Reverse, Axes) {
  const HostTensor x = numbered({3, 4, 5});
  expect_moved(x, OpTest("Reverse").attr("dims", {0, -1})({x}), x.shape(),
               [](Index at) { return Index{2 - at[0], at[1], 4 - at[2]}; });
  expect_moved(x, OpTest("Reverse")({x}), x.shape(), [](const Index& at) { return at; });
}

TEST(Tile, AndBroadcastTo) {
  const HostTensor x = numbered({2, 3});
  expect_moved(x, OpTest("Tile").attr("reps", {3, 2})({x}), {6, 6},
               [](const Index& at) { return Index{at[0] % 2, at[1] % 3}; });
  EXPECT_EQ(OpTest("Tile").attr("reps", {0, 2})({x}).shape(), Shape({0, 6}));
  const HostTensor column = numbered({3, 1});
  expect_moved(column, OpTest("BroadcastTo").attr("shape", {2, 3, 4})({column}), {2, 3, 4},
               [](const Index& at) { return Index{at[1], 0}; });
  std::vector<HostTensor> y;
  EXPECT_SAYS(OpTest("BroadcastTo").attr("shape", {2, 4}).run({x}, &y),
              "x [2,3] does not broadcast to [2,4]");
  EXPECT_SAYS(OpTest("Tile").attr("reps", {1, -1}).run({x}, &y),
              "reps -1 of axis 1 is out of range");
}

TEST(Slice, TakesAndRefuses) {
  const HostTensor x = numbered({4, 5, 6});
  expect_moved(x, OpTest("Slice").attr("begin", {1, 0, 2}).attr("size", {2, -1, 3})({x}), {2, 5, 3},
               [](Index at) { return Index{at[0] + 1, at[1], at[2] + 2}; });
  expect_moved(
      x, OpTest("Slice")({x, HostTensor::i32({3}, {4, 0, 0}), HostTensor::i32({3}, {0, 5, 6})}),
      {0, 5, 6}, [](const Index& at) { return at; });
  EXPECT_EQ(OpTest("Slice")({HostTensor({}, {5.f})})[0], 5);
  std::vector<HostTensor> y;
  EXPECT_SAYS(OpTest("Slice").attr("begin", {0, 3, 0}).attr("size", {1, 3, 1}).run({x}, &y),
              "size 3 of axis 1 from 3 is outside x [4,5,6]");
  EXPECT_SAYS(OpTest("Slice").attr("begin", {5, 0, 0}).attr("size", {-1, 1, 1}).run({x}, &y),
              "begin 5 of axis 0 is outside x [4,5,6]");
}

OpTest strided(const std::vector<int>& begin, const std::vector<int>& end,
               const std::vector<int>& strides) {
  OpTest op("StridedSlice");
  op.attr("begin", list(begin)).attr("end", list(end)).attr("strides", list(strides));
  return op;
}

TEST(StridedSlice, ForwardAndBackward) {
  const HostTensor x = numbered({7, 5});
  expect_moved(x, strided({1, -1}, {6, -5}, {2, -2})({x}), {3, 2},
               [](const Index& at) { return Index{1 + 2 * at[0], 4 - 2 * at[1]}; });
  expect_moved(x, strided({100, 0}, {-100, 100}, {-1, 3})({x}), {7, 2},
               [](const Index& at) { return Index{6 - at[0], 3 * at[1]}; });
  EXPECT_EQ(strided({3, 0}, {3, 5}, {1, 1})({x}).shape(), Shape({0, 5}));
  EXPECT_EQ(strided({2}, {4}, {1})({x}).shape(), Shape({2, 5}));
}

TEST(StridedSlice, Masks) {
  const HostTensor x = numbered({7, 5, 3});
  // x[2:, ..., None, 1] of NumPy.
  OpTest op = strided({2, 0, 0, 1}, {0, 0, 0, 0}, {1, 1, 1, 1});
  op.attr("endMask", 1).attr("ellipsisMask", 2).attr("newAxisMask", 4).attr("shrinkAxisMask", 8);
  expect_moved(x, op({x}), {5, 5, 1}, [](const Index& at) { return Index{at[0] + 2, at[1], 1}; });
  // x[::-1, -1]
  OpTest back = strided({0, -1}, {0, 0}, {-1, 1});
  back.attr("beginMask", 1).attr("endMask", 1).attr("shrinkAxisMask", 2);
  expect_moved(x, back({x}), {7, 3}, [](const Index& at) { return Index{6 - at[0], 4, at[1]}; });
  // An ellipsis that stands for nothing.
  OpTest none = strided({1, 0, 0, 2}, {2, 0, 5, 3}, {1, 1, 1, 1});
  none.attr("ellipsisMask", 2);
  expect_moved(x, none({x}), {1, 5, 1}, [](const Index& at) { return Index{1, at[1], 2}; });
}

TEST(StridedSlice, Refusals) {
  std::vector<HostTensor> y;
  const HostTensor x = numbered({4, 2});
  EXPECT_SAYS(strided({0}, {1}, {0}).run({x}, &y), "strides of axis 0 is 0");
  EXPECT_SAYS(strided({0, 0, 0}, {1, 1, 1}, {1, 1, 1}).run({x}, &y),
              "begin has 3 indices, x [4,2] 2 dimensions");
  OpTest op = strided({0, 2}, {4, 3}, {1, 1});
  EXPECT_SAYS(op.attr("shrinkAxisMask", 2).run({x}, &y), "index 2 of axis 1 is outside x [4,2]");
  EXPECT_SAYS(strided({0}, {1, 2}, {1}).run({x}, &y),
              "begin, end and strides have 1, 2 and 1 numbers");
}

TEST(DepthToSpace, AndBack) {
  const HostTensor x = numbered({2, 3, 4, 12});
  const HostTensor y = OpTest("DepthToSpace").attr("blockSize", 2)({x});
  expect_moved(x, y, {2, 6, 8, 3}, [](const Index& at) {
    return Index{at[0], at[1] / 2, at[2] / 2, (at[1] % 2 * 2 + at[2] % 2) * 3 + at[3]};
  });
  EXPECT_TRUE(OpTest("SpaceToDepth").attr("blockSize", 2)({y}).same_bytes(x));
  std::vector<HostTensor> out;
  EXPECT_SAYS(OpTest("DepthToSpace").attr("blockSize", 5).run({x}, &out),
              "does not divide into blocks of 5");
}

TEST(SpaceToBatchND, AndBack) {
  const HostTensor x = numbered({2, 5, 6, 3});
  const HostTensor y =
      OpTest("SpaceToBatchND").attr("blockShape", {3, 2}).attr("paddings", {1, 0, 0, 2})({x});
  ASSERT_EQ(y.shape(), Shape({12, 2, 4, 3}));
  for (int32_t i = 0; i < y.size(); ++i) {
    const Index at = index_of(y.shape(), i);
    const int32_t block = at[0] / 2;
    const Index from = {at[0] % 2, at[1] * 3 + block / 2 - 1, at[2] * 2 + block % 2, at[3]};
    const bool inside = from[1] >= 0 && from[1] < 5 && from[2] < 6;
    ASSERT_EQ(y.data<int32_t>()[i], inside ? x.data<int32_t>()[flat_of(x.shape(), from)] : 0) << i;
  }
  const HostTensor back =
      OpTest("BatchToSpaceND").attr("blockShape", {3, 2}).attr("crops", {1, 0, 0, 2})({y});
  EXPECT_TRUE(back.same_bytes(x));
  std::vector<HostTensor> out;
  EXPECT_SAYS(OpTest("SpaceToBatchND")
                  .attr("blockShape", {2, 2})
                  .attr("paddings", {0, 0, 0, 0})
                  .run({x}, &out),
              "axis 1 of x [2,5,6,3] with paddings is 5, not a multiple of the block 2");
  EXPECT_SAYS(OpTest("BatchToSpaceND")
                  .attr("blockShape", {2, 2})
                  .attr("crops", {0, 0, 0, 0})
                  .run({x}, &out),
              "not a multiple of the blocks, 4");
}

}  // namespace
}  // namespace wxnn
