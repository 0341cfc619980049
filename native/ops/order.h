// float32 and int32 elements as integers that compare alike: for what sorts and searches.
#pragma once
#include <bit>
#include <cstdint>

namespace wxnn {

// float32 bits of negative numbers turned round, both zeros 0, NaN above all (and equal to NaN).
inline int32_t key_of(int32_t element, bool is_float) {
  if (!is_float) return element;
  const float x = std::bit_cast<float>(element);
  if (x == 0) return 0;
  return x != x ? INT32_MAX : element ^ (element >> 31 & INT32_MAX);
}

}  // namespace wxnn
