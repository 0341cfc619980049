// Where a NaN stands among numbers that a caller gives.
#pragma once
#include <cstdint>

namespace wxnn {

// The index of the first NaN of x[0..count), or -1. A loop that can be replaced (core/loop.h).
int32_t first_nan(const float* x, int32_t count);

}  // namespace wxnn
