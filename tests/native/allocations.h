// Counts what the test program asks of malloc, so that "allocates nothing" is a number.
#pragma once
#include <cstddef>

namespace wxnn {

// Calls of malloc, calloc, realloc, aligned_alloc and operator new since the program started.
size_t allocations();
// Bytes given out and not given back, blocks rounded up as the allocator does.
size_t live_bytes();

}  // namespace wxnn
