#include "converter/half_weights.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "core/half.h"

namespace wxnn {

uint16_t float_to_half(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const uint32_t sign = bits >> 16 & 0x8000u;
  const uint32_t magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) {  // NaN: its payload's upper bits, never empty
    const uint32_t payload = magnitude >> 13 & 0x3ffu;
    return static_cast<uint16_t>(sign | 0x7c00u | (payload != 0 ? payload : 1u));
  }
  // From halfway above the largest half on, infinity.
  if (magnitude >= 0x477ff000u) return static_cast<uint16_t>(sign | 0x7c00u);
  if (magnitude < 0x38800000u) {  // subnormal half: a multiple of 2^-24, rounded by the FPU
    const float scaled = std::bit_cast<float>(magnitude) * 0x1p24f;
    return static_cast<uint16_t>(sign | static_cast<uint32_t>(std::nearbyint(scaled)));
  }
  const uint32_t odd = magnitude >> 13 & 1u;
  return static_cast<uint16_t>(sign | ((magnitude - (112u << 23) + 0xfffu + odd) >> 13));
}

bool halve(const Tensor& tensor, Halves which, std::vector<uint16_t>* halves,
           HalvedTensor* report) {
  constexpr size_t kSmall = 1024;
  constexpr double kBound = 0x1p-11;
  constexpr double kLargestHalf = 65504;
  const bool fit = which != Halves::kNever && tensor.dtype == DType::kFloat32 &&
                   tensor.shape.rank() >= 2 && tensor.bytes() >= kSmall;
  if (!fit) return false;
  const std::span<const float> numbers(tensor.f32(), static_cast<size_t>(tensor.shape.elements()));
  halves->clear();
  for (const float x : numbers) {
    if (!(std::abs(x) <= kLargestHalf)) return false;
    halves->push_back(float_to_half(x));
    const double error = std::abs(static_cast<double>(half_to_float(halves->back())) - x);
    if (which == Halves::kExact && error != 0) return false;
    report->error = std::max(report->error, error);
    report->largest = std::max<double>(report->largest, std::abs(x));
  }
  return report->error <= kBound * report->largest;
}

}  // namespace wxnn
