// Sorting whole numbers (mostly indices of something) by any order: one heap sort for the whole
// binary, where each std::sort would bring 2 KB of its own.
#pragma once
#include <cstdint>
#include <span>

namespace wxnn {

// before(context, a, b): whether a comes first. Two different numbers should never be equal in the
// order: which of them then comes first is not said.
struct Order {
  bool (*before)(const void* context, int32_t a, int32_t b);
  const void* context;
};

// `before(int32_t, int32_t)` must outlive the Order.
template <class Before>
Order order_of(const Before& before) {
  return {[](const void* f, int32_t a, int32_t b) {
            return static_cast<bool>((*static_cast<const Before*>(f))(a, b));
          },
          &before};
}

void sort(std::span<int32_t> numbers, Order order);

// A heap keeps the last of its numbers at the top. After numbers[0] was replaced, this makes it a
// heap again.
void make_heap(std::span<int32_t> numbers, Order order);
void sift_top(std::span<int32_t> heap, Order order);

}  // namespace wxnn
