// Loops that clang vectorises, at -O3 and at -Os alike.
#pragma once
#include <cstdint>

namespace wxnn {

// A vectorised loop may be asked for where the build cannot have one (-O1 of the sanitizers).
#pragma clang diagnostic ignored "-Wpass-failed"

// body(k) for 0 <= k < the largest multiple of a vector's four lanes in n (without vectors, for all
// k < n); returns where it stopped. The calls
// must not depend on each other: that they do not, although an output may be the very memory of an
// input, is what clang cannot see and this says. Left to itself at -Os, clang folds the rest of n
// into the vector loop with a branch per lane for every load and store, as wasm has no masked ones.
template <class F>
[[gnu::always_inline]] inline int32_t each_whole_vector(int32_t n, F body) {
#if defined(__wasm_simd128__) || defined(__SSE2__) || defined(__ARM_NEON)
  const int32_t whole = n & ~3;
#pragma clang loop vectorize(assume_safety) unroll(disable)
  for (int32_t k = 0; k < whole; ++k) {
    [[clang::always_inline]] body(k);
  }
  return whole;
#else
#pragma clang loop vectorize(disable) unroll(disable)
  for (int32_t k = 0; k < n; ++k) {
    [[clang::always_inline]] body(k);
  }
  return n;
#endif
}

// body(i) for 0 <= i < n, one by one: less code, for what is rarely hot.
template <class F>
[[gnu::always_inline]] inline void each_small(int32_t n, F body) {
#pragma clang loop vectorize(disable) unroll(disable)
  for (int32_t i = 0; i < n; ++i) {
    [[clang::always_inline]] body(i);
  }
}

// body(i) for 0 <= i < n, vectorised.
template <class F>
[[gnu::always_inline]] inline void each(int32_t n, F body) {
#pragma clang loop vectorize(disable) unroll(disable)
  for (int32_t i = each_whole_vector(n, body); i < n; ++i) {
    [[clang::always_inline]] body(i);
  }
}

}  // namespace wxnn
