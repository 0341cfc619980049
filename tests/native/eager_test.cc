// Single operators with kernels kept between calls: the same numbers as a fresh call, and no kernel
// outlives what it packed.
#include "core/eager.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "op_test.h"

namespace wxnn {
namespace {

struct Owned {
  explicit Owned(const HostTensor& from) {
    tensor.dtype = DType::kFloat32;
    tensor.shape = from.shape();
    tensor.data = std::aligned_alloc(64, (tensor.bytes() + 127) / 64 * 64);
    for (int32_t i = 0; i < from.size(); ++i) tensor.f32()[i] = from[i];
  }
  Owned(const Owned&) = delete;
  ~Owned() { std::free(tensor.data); }
  Tensor tensor;
};

// y = x * filter for a 1x1 filter [1,1,in,out], pixel by pixel.
void expect_product(const Tensor& x, const Tensor& filter, const Tensor& y) {
  const int32_t in = filter.shape[2], out = filter.shape[3];
  ASSERT_EQ(y.shape, (Shape{x.shape[0], x.shape[1], x.shape[2], out}));
  for (int32_t p = 0; p < x.shape.elements(0, 3); ++p) {
    for (int32_t o = 0; o < out; ++o) {
      double sum = 0;
      for (int32_t i = 0; i < in; ++i) {
        sum += static_cast<double>(x.f32()[p * in + i]) * filter.f32()[i * out + o];
      }
      ASSERT_NEAR(y.f32()[p * out + o], sum, 1e-5);
    }
  }
}

// strides 1, pad "valid", the rest as it is by default.
constexpr double kPlain[] = {1, 1, -6, 'v', 'a', 'l', 'i', 'd'};

Status convolve(Eager& eager, const Tensor& x, const Tensor& filter, Tensor* y) {
  const Tensor* inputs[] = {&x, &filter};
  return eager.run(*find_op("Conv2D"), kPlain, inputs, {y, 1});
}

TEST(Eager, KeepsPackedWeightsForEveryShape) {
  const uint32_t seed = test_seed();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  Eager eager;
  const Owned filter(random.tensor({1, 1, 5, 7}));
  for (int32_t side = 1; side < 9; ++side) {
    const Owned x(random.tensor({1 + side % 2, side, 3, 5}));
    Tensor y;
    ASSERT_TRUE(convolve(eager, x.tensor, filter.tensor, &y).ok());
    expect_product(x.tensor, filter.tensor, y);
    std::free(y.data);
    EXPECT_EQ(eager.kernels(), 1u);
    EXPECT_EQ(eager.packed_bytes(), filter.tensor.bytes());
  }
}

TEST(Eager, ForgetsFreedWeights) {
  Random random(test_seed());
  Eager eager;
  const Owned x(random.tensor({1, 2, 2, 3})), filter(random.tensor({1, 1, 3, 2}));
  for (int round = 0; round < 2; ++round) {
    Tensor y;
    ASSERT_TRUE(convolve(eager, x.tensor, filter.tensor, &y).ok());
    expect_product(x.tensor, filter.tensor, y);
    std::free(y.data);
    eager.forget(filter.tensor.data);
    EXPECT_EQ(eager.kernels(), 0u);
    EXPECT_EQ(eager.packed_bytes(), 0u);
    for (int32_t i = 0; i < 6; ++i)
      filter.tensor.f32()[i] += 1;  // another tensor at the same address
  }
}

TEST(Eager, APlanRunsAgainOnOtherDataOfTheSameTypes) {
  Random random(test_seed());
  Eager eager;
  const Owned x(random.tensor({1, 3, 2, 4})), other(random.tensor({1, 3, 2, 4}));
  const Owned filter(random.tensor({1, 1, 4, 6})), small(random.tensor({1, 2, 2, 4}));
  const Owned changed(random.tensor({1, 1, 4, 6}));
  const auto again = [&](uint32_t plan, const Owned& image, const Owned& weights) {
    Tensor y{{DType::kFloat32, {1, 3, 2, 6}}, nullptr};
    y.data = eager.again(plan, {image.tensor.data, weights.tensor.data, nullptr, nullptr});
    if (y.data != nullptr) expect_product(image.tensor, weights.tensor, y);
    std::free(y.data);
    return y.data != nullptr;
  };
  const auto plan_of = [&](const Owned& image) {
    Tensor y;
    EXPECT_TRUE(convolve(eager, image.tensor, filter.tensor, &y).ok());
    std::free(y.data);
    return eager.last_plan();
  };
  const uint32_t first = plan_of(x);
  ASSERT_NE(first, 0u);
  EXPECT_TRUE(again(first, other, filter));
  EXPECT_TRUE(again(first, x, filter));
  EXPECT_FALSE(again(first, x, changed)) << "its weights are not packed";
  EXPECT_FALSE(again(first + 1, x, filter)) << "there is no such plan yet";
  plan_of(small);
  EXPECT_FALSE(again(first, x, filter)) << "the kernel is ready for another shape";
  const uint32_t second = plan_of(x);
  EXPECT_TRUE(again(second, other, filter));
  eager.forget(filter.tensor.data);
  EXPECT_FALSE(again(second, x, filter)) << "the kernel is gone";
  const uint32_t third = plan_of(x);
  EXPECT_TRUE(again(third, x, filter));
  eager.clear();
  EXPECT_FALSE(again(third, x, filter));
}

TEST(Eager, OldPlansMakeRoom) {
  Random random(test_seed());
  Eager eager;
  const Op& add = *find_op("Add");
  std::vector<uint32_t> plans;
  for (int32_t n = 1; n <= 300; ++n) {
    const Owned a(random.tensor({n})), b(random.tensor({n}));
    const Tensor* inputs[] = {&a.tensor, &b.tensor};
    Tensor y;
    ASSERT_TRUE(eager.run(add, {}, inputs, {&y, 1}).ok());
    std::free(y.data);
    plans.push_back(eager.last_plan());
    auto* sums =
        static_cast<float*>(eager.again(plans.back(), {a.tensor.data, b.tensor.data, 0, 0}));
    ASSERT_NE(sums, nullptr);
    for (int32_t i = 0; i < n; ++i) ASSERT_EQ(sums[i], a.tensor.f32()[i] + b.tensor.f32()[i]);
    std::free(sums);
  }
  const Owned one(random.tensor({300}));
  EXPECT_EQ(eager.again(plans.front(), {one.tensor.data, one.tensor.data, 0, 0}), nullptr);
}

TEST(Eager, PackedBytesAreBounded) {
  Random random(test_seed());
  Eager eager(200);
  const Owned x(random.tensor({1, 1, 1, 4}));
  std::vector<std::unique_ptr<Owned>> filters;
  for (int i = 0; i < 10; ++i) {
    filters.push_back(std::make_unique<Owned>(random.tensor({1, 1, 4, 4})));  // 64 bytes
    Tensor y;
    ASSERT_TRUE(convolve(eager, x.tensor, filters.back()->tensor, &y).ok());
    expect_product(x.tensor, filters.back()->tensor, y);
    std::free(y.data);
    EXPECT_LE(eager.packed_bytes(), 200u);
  }
  EXPECT_EQ(eager.kernels(), 3u);
}

TEST(Eager, RefusesInASentenceAndGoesOn) {
  Random random(test_seed());
  Eager eager;
  const Owned x(random.tensor({1, 2, 2, 3})), filter(random.tensor({1, 1, 4, 2}));
  Tensor y;
  const Status refused = convolve(eager, x.tensor, filter.tensor, &y);
  EXPECT_NE(refused.message().find("Conv2D of x float32 [1,2,2,3], filter float32 [1,1,4,2]: "),
            std::string::npos)
      << refused.message();
  EXPECT_EQ(y.data, nullptr);
  const double cut_short[] = {5, 1};
  const Tensor* inputs[] = {&x.tensor, &filter.tensor};
  EXPECT_FALSE(eager.run(*find_op("Conv2D"), cut_short, inputs, {&y, 1}).ok());
  const Tensor* both[] = {&x.tensor, &x.tensor};
  ASSERT_TRUE(eager.run(*find_op("Add"), {}, both, {&y, 1}).ok());
  for (int32_t i = 0; i < 12; ++i) EXPECT_EQ(y.f32()[i], 2 * x.tensor.f32()[i]);
  std::free(y.data);
}

TEST(Eager, ViewsShareTheirInput) {
  Random random(test_seed());
  Eager eager;
  const Owned x(random.tensor({2, 3}));
  const Tensor* inputs[] = {&x.tensor};
  const double shape[] = {2, 3, -1};
  Tensor y;
  ASSERT_TRUE(eager.run(*find_op("Reshape"), shape, inputs, {&y, 1}).ok());
  EXPECT_EQ(y.data, x.tensor.data);
  EXPECT_EQ(y.shape, (Shape{3, 2}));
}

}  // namespace
}  // namespace wxnn
