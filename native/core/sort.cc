#include "core/sort.h"

#include <utility>

namespace wxnn {

namespace {
void sift(std::span<int32_t> heap, size_t at, Order order) {
  for (size_t child; (child = 2 * at + 1) < heap.size(); at = child) {
    if (child + 1 < heap.size() && order.before(order.context, heap[child], heap[child + 1])) {
      ++child;
    }
    if (!order.before(order.context, heap[at], heap[child])) return;
    std::swap(heap[at], heap[child]);
  }
}
}  // namespace

void sift_top(std::span<int32_t> heap, Order order) { sift(heap, 0, order); }

void make_heap(std::span<int32_t> numbers, Order order) {
  for (size_t i = numbers.size() / 2; i-- > 0;) sift(numbers, i, order);
}

void sort(std::span<int32_t> numbers, Order order) {
  make_heap(numbers, order);
  for (size_t n = numbers.size(); n > 1;) {
    std::swap(numbers[0], numbers[--n]);
    sift(numbers.first(n), 0, order);
  }
}

}  // namespace wxnn
