#include "op_test.h"

namespace wxnn {
namespace {

Shape shape_of(auto&& op, const std::vector<HostTensor>& inputs) {
  std::vector<TensorType> y;
  const Status status = op.infer(inputs, &y);
  EXPECT_TRUE(status.ok()) << status.message();
  return y.empty() ? Shape() : y[0].shape;
}

TEST(Views, Reshape) {
  const HostTensor x(Shape{2, 3, 4});
  EXPECT_EQ(shape_of(OpTest("Reshape").attr("shape", {6, 4}), {x}), Shape({6, 4}));
  EXPECT_EQ(shape_of(OpTest("Reshape").attr("shape", {4, -1}), {x}), Shape({4, 6}));
  EXPECT_EQ(shape_of(OpTest("Reshape").attr("shape", -1), {x}), Shape({24}));
  EXPECT_EQ(shape_of(OpTest("Reshape"), {x, HostTensor::i32({2}, {-1, 8})}), Shape({3, 8}));
  EXPECT_EQ(shape_of(OpTest("Reshape"), {HostTensor(Shape{1, 1})}), Shape());
  EXPECT_EQ(shape_of(OpTest("Reshape").attr("shape", {0, 5}), {HostTensor(Shape{3, 0})}),
            Shape({0, 5}));
  EXPECT_EQ(shape_of(OpTest("Reshape").attr("shape", {3, -1}), {HostTensor(Shape{3, 0})}),
            Shape({3, 0}));
  std::vector<TensorType> y;
  EXPECT_SAYS(OpTest("Reshape").attr("shape", {5, -1}).infer({x}, &y),
              "shape [5,?] does not hold x [2,3,4]");
  EXPECT_SAYS(OpTest("Reshape").attr("shape", {-1, -1}).infer({x}, &y), "at most one -1");
  EXPECT_SAYS(OpTest("Reshape").attr("shape", {1e9, 1e9}).infer({x}, &y), "does not hold x");
  EXPECT_SAYS(OpTest("Reshape").attr("shape", {1, 1, 1, 1, 1, 1, 1, 1, 24}).infer({x}, &y),
              "9 numbers");
}

TEST(Views, SqueezeAndExpandDims) {
  const HostTensor x(Shape{1, 3, 1, 2});
  EXPECT_EQ(shape_of(OpTest("Squeeze"), {x}), Shape({3, 2}));
  EXPECT_EQ(shape_of(OpTest("Squeeze").attr("axis", {-2}), {x}), Shape({1, 3, 2}));
  EXPECT_EQ(shape_of(OpTest("ExpandDims").attr("dim", 1), {x}), Shape({1, 1, 3, 1, 2}));
  EXPECT_EQ(shape_of(OpTest("ExpandDims").attr("dim", -1), {x}), Shape({1, 3, 1, 2, 1}));
  EXPECT_EQ(shape_of(OpTest("ExpandDims").attr("dim", {0}), {HostTensor({}, {1.f})}), Shape({1}));
  EXPECT_EQ(shape_of(OpTest("Identity"), {x}), x.shape());
  std::vector<TensorType> y;
  EXPECT_SAYS(OpTest("Squeeze").attr("axis", {1}).infer({x}, &y),
              "axis 1 of x [1,3,1,2] is not 1 long");
  EXPECT_SAYS(OpTest("ExpandDims").attr("dim", 6).infer({x}, &y), "axis 6 is outside [1,3,1,2]");
}

}  // namespace
}  // namespace wxnn
