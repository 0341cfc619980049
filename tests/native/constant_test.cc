#include "core/constant.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "core/half.h"

namespace wxnn {
namespace {

// binary16 by its definition: sign, 2^(e-15) * (1 + m/1024), subnormals m * 2^-24.
double half_by_definition(uint16_t h) {
  const int exponent = h >> 10 & 31, mantissa = h & 1023;
  const double sign = (h & 0x8000) != 0 ? -1 : 1;
  if (exponent == 31) return mantissa != 0 ? NAN : sign * INFINITY;
  if (exponent == 0) return sign * std::ldexp(mantissa, -24);
  return sign * std::ldexp(1024 + mantissa, exponent - 25);
}

TEST(Half, All65536AreExact) {
  for (int i = 0; i < 65536; ++i) {
    const float got = half_to_float(static_cast<uint16_t>(i));
    const double want = half_by_definition(static_cast<uint16_t>(i));
    if (std::isnan(want)) {
      EXPECT_TRUE(std::isnan(got)) << i;
    } else {
      ASSERT_EQ(static_cast<double>(got), want) << i;
      ASSERT_EQ(std::signbit(got), std::signbit(want)) << i;
    }
  }
}

template <class T>
Constant of(Encoding encoding, const std::vector<T>& numbers) {
  Constant c;
  c.encoding = encoding;
  c.bytes = std::as_bytes(std::span(numbers));
  return c;
}

TEST(Constant, QuantisedPerChannelIsScaledAlongItsAxis) {
  const std::vector<int8_t> q = {-128, 127, 0, 5, -5, 10};
  Constant c = of(Encoding::kInt8, q);
  const TensorType type{DType::kFloat32, {3, 2}};
  c.quantization.scale = {0.5, 2, 4};
  c.quantization.zero = {0, 1, 2};
  c.quantization.axis = 0;
  ASSERT_TRUE(check(c, type).ok());
  float out[6];
  ASSERT_TRUE(widen(c, type, out).ok());
  for (int i = 0; i < 6; ++i) {
    const int k = i / 2;
    EXPECT_EQ(out[i], (q[i] - static_cast<float>(k)) * static_cast<float>(c.quantization.scale[k]));
  }
}

TEST(Constant, TfjsFormHasScaleAndMin) {
  const std::vector<uint8_t> q = {0, 1, 128, 255};
  Constant c = of(Encoding::kUint8, q);
  c.quantization.scale = {0.011372549};
  c.quantization.min = -1.25;
  float out[4];
  ASSERT_TRUE(widen(c, {DType::kFloat32, {4}}, out).ok());
  for (int i = 0; i < 4; ++i) EXPECT_EQ(out[i], static_cast<float>(q[i] * 0.011372549 - 1.25));
}

TEST(Constant, Int64OutsideInt32IsRefusedAndBoolsBecomeZeroOrOne) {
  const std::vector<int64_t> big = {1, int64_t{1} << 31};
  int32_t ints[2];
  const Status status = widen(of(Encoding::kInt64, big), {DType::kInt32, {2}}, ints);
  EXPECT_EQ(status.message(), "holds a number that does not fit int32");
  const std::vector<int64_t> small = {-2147483648LL, 2147483647LL};
  ASSERT_TRUE(widen(of(Encoding::kInt64, small), {DType::kInt32, {2}}, ints).ok());
  EXPECT_EQ(ints[0], INT32_MIN);
  EXPECT_EQ(ints[1], INT32_MAX);
  const std::vector<uint8_t> raw = {0, 1, 2, 255};
  uint8_t bools[4];
  ASSERT_TRUE(widen(of(Encoding::kPlain, raw), {DType::kBool, {4}}, bools).ok());
  EXPECT_EQ(std::vector<uint8_t>(bools, bools + 4), (std::vector<uint8_t>{0, 1, 1, 1}));
}

TEST(Constant, WrongLengthsAndAxesAreRefused) {
  const std::vector<float> two = {1, 2};
  EXPECT_EQ(check(of(Encoding::kPlain, two), {DType::kFloat32, {3}}).message(),
            "has 8 bytes, its shape [3] wants 12");
  const std::vector<int8_t> q = {1, 2};
  Constant c = of(Encoding::kInt8, q);
  c.quantization.scale = {1, 2, 3};
  EXPECT_EQ(check(c, {DType::kFloat32, {2}}).message(), "has 3 scales along axis 0 of [2]");
}

}  // namespace
}  // namespace wxnn
