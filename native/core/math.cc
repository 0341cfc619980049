#include "core/math_wide.h"

namespace wxnn {

// Long division in base 2. Each difference is a whole number of spacings of a or b, below 2^25 of
// them: exact in double.
float remainder_f32(float a, float b) {
  double x = abs_f32(a);
  const double y = abs_f32(b);
  if (!(x < kInfF32) || !(y > 0)) return kNanF32;
  double step = y;
  while (step <= x) step *= 2;
  while (step > y) {
    step *= 0.5;
    if (x >= step) x -= step;
  }
  return with_sign(static_cast<float>(x), a);
}

namespace math {

// M. Payne and R. Hanek, "Radian reduction for trigonometric functions", 1983. |x| = m 2^e with a
// 24-bit m, so those bits of 2/pi whose weight times 2^e is a multiple of 4 only add whole turns:
// the product needs the 96 bits behind them.
Angle reduce_large_angle(float x) {
  // Bits of 2/pi after the point.
  static constexpr uint32_t kTwoOverPi[] = {0xa2f9836e, 0x4e441529, 0xfc2757d1, 0xf534ddc0,
                                            0xdb629599, 0x3c439041, 0xfe5163ab};
  const uint32_t bits = std::bit_cast<uint32_t>(x);
  const int32_t exponent = static_cast<int32_t>(bits >> 23 & 0xff) - 150;
  if (exponent > 104 || exponent < 4) return {static_cast<double>(x - x) / 0.0, 0};  // NaN
  const uint64_t m = (bits & 0x7fffffu) | 0x800000u;

  const int word = (exponent - 2) / 32;
  const int shift = (exponent - 2) % 32;
  uint32_t window[3];
  for (int i = 0; i < 3; ++i) {
    const uint64_t pair =
        static_cast<uint64_t>(kTwoOverPi[word + i]) << 32 | kTwoOverPi[word + i + 1];
    window[i] = static_cast<uint32_t>(pair >> (32 - shift));
  }
  const uint64_t low = m * window[2];
  const uint64_t middle = m * window[1] + (low >> 32);
  const uint64_t high = m * window[0] + (middle >> 32);
  // Two bits of quarter turns, then the fraction.
  const uint64_t turns = high << 32 | (middle & 0xffffffffu);
  const int64_t fraction = static_cast<int64_t>(turns << 2);
  const uint32_t quarter = static_cast<uint32_t>(turns >> 62) + (fraction < 0 ? 1 : 0);
  const double r = static_cast<double>(fraction) * (0x1p-64 * kHalfPi);
  if (static_cast<int32_t>(bits) < 0) return {-r, 0u - quarter};
  return {r, quarter};
}

}  // namespace math
}  // namespace wxnn
