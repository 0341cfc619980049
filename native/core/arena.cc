#include "core/arena.h"

#include <algorithm>

#include "core/buffer.h"
#include "core/sort.h"

namespace wxnn {

namespace {
constexpr auto padded = Buffer::padded;
bool together(const Lifetime& a, const Lifetime& b) {
  return a.first <= b.last && b.first <= a.last;
}
}  // namespace

size_t plan_arena(std::span<Lifetime> lifetimes) {
  Vector<int> order(lifetimes.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int>(i);
  const auto larger = [&](int a, int b) {
    const size_t bytes_a = lifetimes[a].bytes, bytes_b = lifetimes[b].bytes;
    return bytes_a != bytes_b ? bytes_a > bytes_b : a < b;  // the tie decides: one plan everywhere
  };
  sort(order, order_of(larger));
  size_t bytes = 0;
  for (size_t n = 0; n < order.size(); ++n) {
    const int i = order[n];
    Lifetime& life = lifetimes[i];
    if (life.bytes == 0) break;
    const size_t need = padded(life.bytes);
    size_t at = 0;
    for (size_t k = 0; k < n; ++k) {  // those that are placed, in order of offset
      const Lifetime& other = lifetimes[order[k]];
      if (!together(life, other)) continue;
      if (other.offset >= at + need) break;  // the gap before `other` is wide enough
      at = std::max(at, other.offset + padded(other.bytes));
    }
    life.offset = at;
    bytes = std::max(bytes, at + need);
    size_t k = n;
    for (; k > 0 && lifetimes[order[k - 1]].offset > at; --k) order[k] = order[k - 1];
    order[k] = i;
  }
  return bytes;
}

}  // namespace wxnn
