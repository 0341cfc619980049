// Concat and SplitV undo each other, and so do Pack and Unpack.
#include "op_test.h"

namespace wxnn {
namespace {

TEST(Concat, EveryAxis) {
  Random random(3);
  for (int axis = -3; axis < 3; ++axis) {
    const int at = axis < 0 ? axis + 3 : axis;
    std::vector<HostTensor> parts;
    int32_t sum = 0;
    for (const int32_t n : {2, 0, 5, 1}) {
      Shape s{3, 4, 2};
      s[at] = n;
      sum += n;
      parts.push_back(random.tensor(s));
    }
    const HostTensor y = OpTest("Concat").attr("axis", axis)(parts);
    ASSERT_EQ(y.shape()[at], sum);
    const int32_t inner = y.shape().elements(at + 1, 3);
    const int32_t outer = y.shape().elements(0, at);
    for (int32_t o = 0, k = 0; o < outer; ++o) {
      for (const HostTensor& p : parts) {
        const int32_t run = p.shape()[at] * inner;
        for (int32_t i = 0; i < run; ++i) ASSERT_EQ(y[k++], p[o * run + i]);
      }
    }
    std::vector<HostTensor> back;
    ASSERT_OK(OpTest("SplitV", 4)
                  .attr("axis", axis)
                  .attr("numOrSizeSplits", {2, 0, -1, 1})
                  .run({y}, &back));
    for (size_t i = 0; i < parts.size(); ++i) EXPECT_TRUE(back[i].same_bytes(parts[i])) << i;
  }
}

TEST(Concat, Refusals) {
  std::vector<HostTensor> y;
  EXPECT_SAYS(
      OpTest("Concat").attr("axis", 1).run({HostTensor(Shape{2, 3}), HostTensor(Shape{3, 3})}, &y),
      "input 1 float32 [3,3] does not fit input 0 float32 [2,3] along axis 1");
  EXPECT_SAYS(OpTest("Concat").attr("axis", 2).run({HostTensor(Shape{2, 3})}, &y),
              "axis 2 is outside [2,3]");
  EXPECT_SAYS(OpTest("Concat")
                  .attr("axis", {0})
                  .run({HostTensor(Shape{2}), HostTensor({2}, DType::kInt32)}, &y),
              "input 1 int32 [2] does not fit input 0 float32 [2]");
  EXPECT_SAYS(OpTest("SplitV", 2)
                  .attr("axis", {0})
                  .attr("numOrSizeSplits", {2, 2})
                  .run({HostTensor(Shape{5})}, &y),
              "the parts are 4 long, x [5] is 5 along axis 0");
  EXPECT_SAYS(OpTest("SplitV", 3).attr("numOrSizeSplits", 2).run({HostTensor(Shape{4})}, &y),
              "splits into 2 parts, the node has 3 outputs");
}

TEST(Concat, SplitIntoEqualParts) {
  Random random(6);
  const HostTensor x = random.tensor({2, 6});
  std::vector<HostTensor> y;
  ASSERT_OK(OpTest("SplitV", 3).attr("axis", 1).attr("numOrSizeSplits", 3).run({x}, &y));
  for (int32_t r = 0; r < 2; ++r)
    for (int32_t c = 0; c < 6; ++c) EXPECT_EQ(y[c / 2][r * 2 + c % 2], x[r * 6 + c]);
}

TEST(Pack, AndUnpack) {
  Random random(4);
  for (int axis = 0; axis < 3; ++axis) {
    const std::vector<HostTensor> parts = {random.tensor({2, 3}), random.tensor({2, 3}),
                                           random.tensor({2, 3}), random.tensor({2, 3})};
    const HostTensor y = OpTest("Pack").attr("axis", axis)(parts);
    ASSERT_EQ(y.shape()[axis], 4);
    const int32_t inner = y.shape().elements(axis + 1, 3);
    for (int32_t i = 0; i < y.size(); ++i) {
      const int32_t outer = i / (4 * inner);
      ASSERT_EQ(y[i], parts[i / inner % 4][outer * inner + i % inner]);
    }
    std::vector<HostTensor> back;
    ASSERT_OK(OpTest("Unpack", 4).attr("axis", axis).run({y}, &back));
    for (size_t i = 0; i < 4; ++i) EXPECT_TRUE(back[i].same_bytes(parts[i]));
  }
  const HostTensor scalars = OpTest("Pack")({HostTensor({}, {1.0f}), HostTensor({}, {2.0f})});
  EXPECT_EQ(scalars.shape(), Shape({2}));
  std::vector<HostTensor> y;
  EXPECT_SAYS(OpTest("Pack").run({HostTensor(Shape{2}), HostTensor(Shape{3})}, &y),
              "input 1 float32 [3] is not like input 0 float32 [2]");
  EXPECT_SAYS(OpTest("Unpack", 2).run({HostTensor(Shape{3, 1})}, &y), "has 3 parts along axis 0");
}

}  // namespace
}  // namespace wxnn
