// operator new of the binary for tfjs. Its kept calls are many small blocks that live long, between
// tensors that come and go: each of them would cut the heap in two for good, and every larger
// tensor would then make it grow. So blocks of at most 256 bytes have chunks of their own, cut into
// pages of blocks of one size; a chunk is never given back. One thread alone allocates.
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <new>

namespace wxnn {
namespace {

constexpr size_t kGrain = 16;  // sizes are multiples of it, and addresses
constexpr size_t kLargest = 256;
constexpr size_t kPage = 4096;
constexpr size_t kChunk = 65536;  // at a multiple of its size
constexpr size_t kPages = kChunk / kPage;

struct Block {
  Block* next;
};
// At a chunk's begin; its first page is a little shorter.
struct alignas(kGrain) Chunk {
  uint8_t grains[kPages];  // of a page's blocks
};

Block* unused[kLargest / kGrain + 1];  // by grains
// A bit for each 64 KB of the 2 GB that the heap may grow to.
uint32_t is_chunk[(1u << 31) / kChunk / 32];
Chunk* newest = nullptr;
size_t pages_used = kPages;

bool add_page(size_t grains) {
  if (pages_used == kPages) {
    void* memory = std::aligned_alloc(kChunk, kChunk);
    if (memory == nullptr) return false;
    newest = static_cast<Chunk*>(memory);
    const uintptr_t index = reinterpret_cast<uintptr_t>(memory) / kChunk;
    is_chunk[index / 32] |= 1u << index % 32;
    pages_used = 0;
  }
  newest->grains[pages_used] = static_cast<uint8_t>(grains);
  uint8_t* page = reinterpret_cast<uint8_t*>(newest) + pages_used * kPage;
  const size_t size = grains * kGrain;
  for (size_t at = pages_used == 0 ? sizeof(Chunk) : 0; at + size <= kPage; at += size) {
    Block* block = reinterpret_cast<Block*>(page + at);
    block->next = unused[grains];
    unused[grains] = block;
  }
  ++pages_used;
  return true;
}

}  // namespace
}  // namespace wxnn

void* operator new(size_t bytes) {
  using namespace wxnn;
  if (bytes > kLargest) {
    void* memory = std::malloc(bytes);
    if (memory == nullptr) __builtin_trap();
    return memory;
  }
  const size_t grains = bytes == 0 ? 1 : (bytes + kGrain - 1) / kGrain;
  if (unused[grains] == nullptr && !add_page(grains)) __builtin_trap();
  Block* block = unused[grains];
  unused[grains] = block->next;
  return block;
}

void operator delete(void* memory) noexcept {
  using namespace wxnn;
  const uintptr_t address = reinterpret_cast<uintptr_t>(memory);
  const uintptr_t index = address / kChunk;
  if (index / 32 >= std::size(is_chunk) || (is_chunk[index / 32] >> index % 32 & 1) == 0)
    return std::free(memory);
  const Chunk* chunk = reinterpret_cast<const Chunk*>(index * kChunk);
  const size_t grains = chunk->grains[address % kChunk / kPage];
  Block* block = static_cast<Block*>(memory);
  block->next = unused[grains];
  unused[grains] = block;
}

void operator delete(void* memory, size_t) noexcept { operator delete(memory); }
void* operator new[](size_t bytes) { return operator new(bytes); }
void operator delete[](void* memory) noexcept { operator delete(memory); }
void operator delete[](void* memory, size_t) noexcept { operator delete(memory); }
