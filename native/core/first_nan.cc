#include "core/first_nan.h"

#ifdef __wasm_simd128__
#include <wasm_simd128.h>
#endif

#include "core/loop.h"

namespace wxnn {

int32_t first_nan(const float* x, int32_t count) {
  int32_t i = 0;
#ifdef __wasm_simd128__
  // Whether any number of a vector is set takes longer to ask than the rest.
  for (; i + 16 <= count; i += 16) {
    v128_t nan = {};
#pragma unroll
    for (int j = 0; j < 16; j += 4) {
      const v128_t four = wasm_v128_load(x + i + j);
      nan = wasm_v128_or(nan, wasm_f32x4_ne(four, four));
    }
    if (wasm_v128_any_true(nan)) break;
  }
#endif
  for (; i < count; ++i) {
    if (x[i] != x[i]) return i;
  }
  return -1;
}

WXNN_LOOPS(FirstNan, any_loop(first_nan));

}  // namespace wxnn
