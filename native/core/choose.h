// A choice between two floats by a comparison, for loops whose data decides it at random.
#pragma once
#include <bit>
#include <cstdint>

namespace wxnn {

// first ? a : b. An engine without SIMD turns a select of floats into a jump, mispredicted at every
// other number: there the choice is made with masks, which clang must not see through.
[[gnu::always_inline]] inline float choose(bool first, float a, float b) {
#if defined(__wasm__) && !defined(__wasm_simd128__)
  uint32_t mask = 0u - static_cast<uint32_t>(first);
  asm("" : "+r"(mask));
  return std::bit_cast<float>((std::bit_cast<uint32_t>(a) & mask) |
                              (std::bit_cast<uint32_t>(b) & ~mask));
#else
  return first ? a : b;
#endif
}

}  // namespace wxnn
