#include "core/first_nan.h"

#ifdef __wasm_simd128__
#include <wasm_simd128.h>
#endif

#include "core/loop.h"

namespace wxnn {

int32_t first_nan(const float* x, int32_t count) {
  int32_t i = 0;
#ifdef __wasm_simd128__
  for (; i + 4 <= count; i += 4) {
    const v128_t four = wasm_v128_load(x + i);
    if (wasm_v128_any_true(wasm_f32x4_ne(four, four))) break;
  }
#endif
  for (; i < count; ++i) {
    if (x[i] != x[i]) return i;
  }
  return -1;
}

WXNN_LOOPS(FirstNan, any_loop(first_nan));

}  // namespace wxnn
