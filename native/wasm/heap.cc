// The heap of the binaries whose tensors lie in arenas: emmalloc's part in a third of its bytes.
#include "core/heap.h"

#include <cstdlib>
#include <new>

extern "C" char __heap_base;  // where the linker's data end

namespace wxnn {
namespace {

struct LinearMemory {
  static constexpr size_t kPage = 65536;
  static uintptr_t begin();
  static uintptr_t reach(uintptr_t end) {
    const size_t pages = __builtin_wasm_memory_size(0), wanted = (end + kPage - 1) / kPage;
    if (wanted > pages && __builtin_wasm_memory_grow(0, wanted - pages) == SIZE_MAX) return 0;
    return __builtin_wasm_memory_size(0) * kPage;
  }
};

constinit Heap<LinearMemory> heap;

uintptr_t LinearMemory::begin() {
  const uintptr_t base = reinterpret_cast<uintptr_t>(&__heap_base);
  return (base + heap.kAlignment - 1) / heap.kAlignment * heap.kAlignment + heap.kHead;
}

}  // namespace
}  // namespace wxnn

extern "C" void* malloc(size_t bytes) { return wxnn::heap.allocate(bytes); }

// Of 16 bytes or more: what asks for less calls malloc.
extern "C" void* aligned_alloc(size_t alignment, size_t bytes) {
  return wxnn::heap.allocate(bytes, alignment);
}

extern "C" void free(void* block) { wxnn::heap.release(block); }

void* operator new(size_t bytes) {
  void* block = malloc(bytes);
  if (block == nullptr) __builtin_trap();
  return block;
}

void operator delete(void* block) noexcept { free(block); }
void operator delete(void* block, size_t) noexcept { free(block); }
