#include "converter/half_weights.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>

#include "core/half.h"

namespace wxnn {

namespace {

bool is_nan(uint16_t half) { return (half & 0x7c00u) == 0x7c00u && (half & 0x3ffu) != 0; }

TEST(FloatToHalf, GivesBackAll65536Halves) {
  for (uint32_t h = 0; h < 65536; ++h) {
    const uint16_t half = static_cast<uint16_t>(h);
    EXPECT_EQ(float_to_half(half_to_float(half)), half) << h;
  }
}

// Between two neighbours the nearer one is chosen, and the even one in the middle.
TEST(FloatToHalf, RoundsToTheNearestEven) {
  for (uint16_t h = 0; h < 0x7bff; ++h) {
    const float low = half_to_float(h), high = half_to_float(static_cast<uint16_t>(h + 1));
    const float middle = low + (high - low) / 2;  // exact: halves have 13 bits to spare
    EXPECT_EQ(float_to_half(middle), h % 2 == 0 ? h : h + 1) << h;
    EXPECT_EQ(float_to_half(std::nextafter(middle, 0.0f)), h) << h;
    EXPECT_EQ(float_to_half(std::nextafter(middle, 1e30f)), h + 1) << h;
    EXPECT_EQ(float_to_half(-middle), 0x8000 + float_to_half(middle)) << h;
  }
}

TEST(FloatToHalf, BeyondTheLargestIsInfinity) {
  EXPECT_EQ(float_to_half(65519.99f), 0x7bff);
  EXPECT_EQ(float_to_half(65520), 0x7c00);
  EXPECT_EQ(float_to_half(-INFINITY), 0xfc00);
  EXPECT_TRUE(is_nan(float_to_half(NAN)));
}

struct Numbers {
  Numbers(Shape shape, float value) : numbers(static_cast<size_t>(shape.elements()), value) {
    tensor.shape = shape;
    tensor.data = numbers.data();
  }
  std::vector<float> numbers;
  Tensor tensor;
};

bool halves(Numbers& n, Halves which) {
  std::vector<uint16_t> out;
  HalvedTensor report;
  return halve(n.tensor, which, &out, &report);
}

TEST(Halve, KeepsBiasesAndSmallTensorsInFull) {
  Numbers bias({4096}, 0.5f), small({3, 85}, 0.5f), large({2, 128}, 0.5f);
  EXPECT_FALSE(halves(bias, Halves::kAll));
  EXPECT_FALSE(halves(small, Halves::kAll));  // 1,020 bytes
  EXPECT_TRUE(halves(large, Halves::kAll));
  EXPECT_FALSE(halves(large, Halves::kNever));
}

TEST(Halve, KeepsTheBound) {
  Numbers n({2, 128}, 1);
  n.numbers[5] = 1 + 0x1p-12f;  // lost, but within 2^-11 of the largest
  EXPECT_TRUE(halves(n, Halves::kAll));
  EXPECT_FALSE(halves(n, Halves::kExact));
  n.numbers[7] = 70000;  // no half reaches it
  EXPECT_FALSE(halves(n, Halves::kAll));
  Numbers tiny({2, 128}, 0x1.8p-24f);  // halves are too coarse down there
  EXPECT_FALSE(halves(tiny, Halves::kAll));
  Numbers nan({2, 128}, NAN);
  EXPECT_FALSE(halves(nan, Halves::kAll));
}

}  // namespace

}  // namespace wxnn
