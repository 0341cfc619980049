#include "allocations.h"

#include <malloc.h>

#include <cstdlib>
#include <new>

namespace {

size_t calls = 0;
size_t live = 0;

void* taken(void* p) {
  ++calls;
  live += malloc_usable_size(p);
  return p;
}

}  // namespace

// The test program is linked with --wrap for these (cmake/tests.cmake).
extern "C" {
void* __real_malloc(size_t);
void* __real_calloc(size_t, size_t);
void* __real_realloc(void*, size_t);
void* __real_aligned_alloc(size_t, size_t);
int __real_posix_memalign(void**, size_t, size_t);
void __real_free(void*);

void* __wrap_malloc(size_t n) { return taken(__real_malloc(n)); }
void* __wrap_calloc(size_t n, size_t m) { return taken(__real_calloc(n, m)); }
void* __wrap_aligned_alloc(size_t a, size_t n) { return taken(__real_aligned_alloc(a, n)); }
void* __wrap_realloc(void* p, size_t n) {
  live -= malloc_usable_size(p);
  return taken(__real_realloc(p, n));
}
int __wrap_posix_memalign(void** p, size_t a, size_t n) {
  const int status = __real_posix_memalign(p, a, n);
  if (status == 0) taken(*p);
  return status;
}
void __wrap_free(void* p) {
  live -= malloc_usable_size(p);
  __real_free(p);
}
}

// The native C++ library calls malloc from a shared object, where --wrap does not reach.
void* operator new(size_t n) {
  void* p = __wrap_malloc(n);
  if (p == nullptr) std::abort();
  return p;
}
void operator delete(void* p) noexcept { __wrap_free(p); }
void operator delete(void* p, size_t) noexcept { __wrap_free(p); }

namespace wxnn {

size_t allocations() { return calls; }

#ifdef __wasm__
// Emscripten's C library frees some blocks past --wrap, so its allocator is asked; no header of its
// declares this function.
extern "C" {
struct EmscriptenMallinfo {
  size_t arena, ordblks, smblks, hblks, hblkhd, usmblks, fsmblks, uordblks, fordblks, keepcost;
};
EmscriptenMallinfo mallinfo();
}
size_t live_bytes() { return mallinfo().uordblks; }
#else
size_t live_bytes() { return live; }
#endif

}  // namespace wxnn
