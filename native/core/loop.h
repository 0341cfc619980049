// Loops that clang vectorises, at -O3 and at -Os alike, and how those of another binary take their
// place.
//
// The plugin ships the engine once, without SIMD, and beside it a small binary with the loops
// alone, compiled with SIMD (native/simd/loops.def): on a host that has SIMD the adapter puts those
// into the engine's table of functions, over their plain twins. A loop that can be replaced is
// therefore always called by its address, never fails, allocates nothing, and calls nothing but
// loops.
#pragma once
#include <cstdint>
#include <initializer_list>

namespace wxnn {

// The address of a loop, of whatever type.
using AnyLoop = void (*)();
template <class F>
AnyLoop any_loop(F* f) {
  return reinterpret_cast<AnyLoop>(f);
}

// Defines the list of a file's loops that loops.def names.
#define WXNN_LOOPS(name, ...)                                 \
  extern const std::initializer_list<AnyLoop> k##name##Loops; \
  const std::initializer_list<AnyLoop> k##name##Loops = {__VA_ARGS__}

#ifdef __wasm_simd128__
// There is nothing better to put in its place: what is called is known. It is called, though, and
// not compiled into its caller, which may be compiled for size.
template <class F>
struct Loop {
  F* f;
  operator F*() const { return f; }
  template <class... Args>
  [[gnu::always_inline]] auto operator()(Args... args) const {
    [[clang::noinline]] return f(args...);
  }
};
template <class F>
[[gnu::always_inline]] inline Loop<F> replaceable(F* f) {
  return {f};
}
#else
// `f` as an address that the compiler does not see through.
template <class F>
[[gnu::always_inline]] inline F* replaceable(F* f) {
  asm("" : "+r"(f));
  return f;
}
#endif

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
