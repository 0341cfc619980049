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

ArenaPlan plan_arena(std::span<const Lifetime> lifetimes) {
  Vector<int> by_size(lifetimes.size());
  for (size_t i = 0; i < by_size.size(); ++i) by_size[i] = static_cast<int>(i);
  const auto larger = [&](int a, int b) {
    const size_t bytes_a = lifetimes[a].bytes, bytes_b = lifetimes[b].bytes;
    return bytes_a != bytes_b ? bytes_a > bytes_b : a < b;  // the tie decides: one plan everywhere
  };
  sort(by_size, order_of(larger));
  ArenaPlan plan;
  plan.offsets = Vector<size_t>(lifetimes.size());
  Vector<int> placed;  // in order of offset
  for (int i : by_size) {
    const Lifetime& life = lifetimes[i];
    if (life.bytes == 0) continue;
    const size_t need = padded(life.bytes);
    size_t at = 0;
    for (int other : placed) {
      if (!together(life, lifetimes[other])) continue;
      if (plan.offsets[other] >= at + need) break;  // the gap before `other` is wide enough
      at = std::max(at, plan.offsets[other] + padded(lifetimes[other].bytes));
    }
    plan.offsets[i] = at;
    plan.bytes = std::max(plan.bytes, at + need);
    placed.push_back(i);
    for (size_t k = placed.size() - 1; k > 0 && plan.offsets[placed[k - 1]] > at; --k) {
      std::swap(placed[k], placed[k - 1]);
    }
  }
  return plan;
}

}  // namespace wxnn
