// The multiply-add of the matrix and depthwise kernels.
#pragma once

namespace wxnn {

// sum + a * b, where V is a float or a vector of floats. Two roundings, of the product and of the
// sum, are what all builds agree on; the relaxed build, which nobody gets without asking, has one
// where the processor does both at once.
template <class V>
[[gnu::always_inline]] inline V add_product(V sum, V a, V b) {
#if defined(__wasm_relaxed_simd__)
  if constexpr (sizeof(V) == 16) return __builtin_wasm_relaxed_madd_f32x4(a, b, sum);
#endif
  return sum + a * b;
}

}  // namespace wxnn
