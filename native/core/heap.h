// The heap of a binary, in one memory that grows at its end. Pieces lie side by side, and each
// knows how long the one in front is: what comes free joins its neighbours at once. Free pieces
// stand in lists by powers of two of their sizes. The memory grows by what the last piece, if free,
// lacks.
#pragma once
#include <bit>
#include <cstddef>
#include <cstdint>

namespace wxnn {

// `Memory` says where it lies:
// static uintptr_t begin(): the first address, kHead beyond a multiple of kAlignment. Zeros stand
// there.
// static uintptr_t reach(uintptr_t end): makes the memory reach to `end` at least. Where it then
// ends, a multiple of kAlignment; 0: there is no more.
template <class Memory>
class Heap {
  struct Piece {
    size_t front;  // size of the piece in front of this one; 0: this is the first
    size_t size;   // a multiple of kAlignment; in use: one more
    // In use: what follows is the caller's.
    Piece* next;    // in its list
    Piece** place;  // what points to it there
  };

 public:
  static constexpr size_t kAlignment = sizeof(Piece);  // 16 in WebAssembly
  static constexpr size_t kHead = offsetof(Piece, next);

  // Null where there is no memory. `alignment` is a power of two, at least kAlignment.
  void* allocate(size_t bytes, size_t alignment = kAlignment) {
    if (bytes > SIZE_MAX / 2 - alignment) return nullptr;
    const size_t size = (bytes + kHead + kAlignment - 1) / kAlignment * kAlignment;
    do {
      for (int list = list_of(size); list >= 0; --list) {
        for (Piece* piece = lists_[list]; piece != nullptr; piece = piece->next) {
          const size_t gap = (0 - address(&piece->next)) % alignment;
          if (piece->size >= gap + size) return take(piece, gap, size);
        }
      }
    } while (grow(size + alignment));
    return nullptr;
  }

  // What allocate() gave; null is nothing.
  void release(void* block) {
    if (block == nullptr) return;
    Piece* piece = reinterpret_cast<Piece*>(static_cast<char*>(block) - kHead);
    Piece* front = in_front(piece);
    size_t size = piece->size - kUsed;
    Piece* next = behind(piece, size);
    if (is_free(next)) size += unlist(next);
    if (is_free(front)) size += unlist(piece = front);
    piece->size = size;
    behind(piece, size)->front = size;
    Piece** place = &lists_[list_of(size)];
    piece->next = *place;
    piece->place = place;
    if (*place != nullptr) (*place)->place = &piece->next;
    *place = piece;
  }

 private:
  static constexpr size_t kUsed = 1;

  static uintptr_t address(const void* at) { return reinterpret_cast<uintptr_t>(at); }
  static Piece* behind(Piece* piece, size_t bytes) {
    return reinterpret_cast<Piece*>(reinterpret_cast<char*>(piece) + bytes);
  }
  static Piece* in_front(Piece* piece) {  // of the first: itself
    return reinterpret_cast<Piece*>(reinterpret_cast<char*>(piece) - piece->front);
  }
  static bool is_free(const Piece* piece) { return piece->size % 2 == 0; }
  // Larger sizes come first.
  static int list_of(size_t size) { return std::countl_zero(size); }

  // Takes a free piece out of its list; its size.
  static size_t unlist(Piece* piece) {
    *piece->place = piece->next;
    if (piece->next != nullptr) piece->next->place = piece->place;
    return piece->size;
  }

  // Cuts a piece in use in two, both in use; the second.
  static Piece* cut(Piece* piece, size_t size) {
    Piece* second = behind(piece, size);
    second->front = size;
    second->size = piece->size - size;
    piece->size = size + kUsed;
    behind(second, second->size - kUsed)->front = second->size - kUsed;
    return second;
  }

  // Of a free piece `size` bytes that begin `gap` further on.
  void* take(Piece* piece, size_t gap, size_t size) {
    piece->size = unlist(piece) + kUsed;
    if (gap != 0) {
      Piece* second = cut(piece, gap);
      release(&piece->next);
      piece = second;
    }
    if (piece->size > size + kUsed) release(&cut(piece, size)->next);
    return &piece->next;
  }

  // So that a free piece of so many bytes, but kHead, lies at the end.
  bool grow(size_t bytes) {
    if (end_ == nullptr) end_ = reinterpret_cast<Piece*>(Memory::begin());
    Piece* fresh = end_;
    Piece* last = in_front(fresh);
    const uintptr_t end = Memory::reach(address(is_free(last) ? last : fresh) + bytes);
    if (end == 0) return false;
    end_ = reinterpret_cast<Piece*>(end - kHead);
    end_->size = kUsed;
    fresh->size = end - kHead - address(fresh) + kUsed;
    release(&fresh->next);
    return true;
  }

  Piece* lists_[8 * sizeof(size_t)] = {};
  Piece* end_ = nullptr;  // behind the last piece, of which only kHead bytes are there: in use
};

}  // namespace wxnn
