// Counts what the test program asks of malloc, so that "allocates nothing" is a number.
#pragma once
#include <cstddef>

namespace wxnn {

// Calls of malloc, calloc, realloc, aligned_alloc and operator new since the program started.
size_t allocations();
// Bytes given out and not given back, blocks rounded up as the allocator does: the same block may
// count 16 bytes more another time.
size_t live_bytes();
// What that may come to in a model; a block that is lost in each of a hundred rounds is more.
inline constexpr double kRounding = 512;

}  // namespace wxnn
