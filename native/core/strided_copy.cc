#include "core/strided_copy.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/build_parts.h"

namespace wxnn {

void StridedCopy::loop(int32_t n, ptrdiff_t from, ptrdiff_t to) {
  if (n == 0) empty_ = true;
  if (n == 1) return;
  // Joins the loop around it where both layouts go on where that one's step leads.
  if (loops_ > 0 && loop_[loops_ - 1].from == from * n && loop_[loops_ - 1].to == to * n) {
    Loop& outer = loop_[loops_ - 1];
    outer = {outer.n * n, from, to};
    return;
  }
  loop_[loops_++] = {n, from, to};
}

void StridedCopy::simplify() {
  if (loops_ > 0 && loop_[loops_ - 1].from == run_ && loop_[loops_ - 1].to == run_) {
    run_ *= loop_[--loops_].n;
    return;
  }
  if (!kBuildParts.transposes || loops_ < 2 || run_ != 4) return;
  // Elements apart in at least one layout: the loop that is dense in the target goes innermost and
  // the one that is dense in the source next to it; then square tiles use whole cache lines.
  int dense_to = -1;
  int dense_from = -1;
  for (int i = 0; i < loops_; ++i) {
    if (loop_[i].to == 4) dense_to = i;
    if (loop_[i].from == 4) dense_from = i;
  }
  if (dense_to < 0) return;
  move_loop(dense_to, loops_ - 1);
  if (dense_from < 0 || dense_from == dense_to) return;
  move_loop(dense_from > dense_to ? dense_from - 1 : dense_from, loops_ - 2);
  tiled_ = true;
}

// Moves one loop inwards; those between go outwards by one.
void StridedCopy::move_loop(int from, int to) {
  for (; from < to; ++from) std::swap(loop_[from], loop_[from + 1]);
}

void StridedCopy::copy_tiles(const uint8_t* from, uint8_t* to) const {
  constexpr int32_t kTile = 16;
  const Loop rows = loop_[loops_ - 2];     // dense in the source
  const Loop columns = loop_[loops_ - 1];  // dense in the target
  for (int32_t c0 = 0; c0 < columns.n; c0 += kTile) {
    const int32_t c1 = std::min(c0 + kTile, columns.n);
    for (int32_t r = 0; r < rows.n; ++r) {
      const uint8_t* f = from + r * 4 + c0 * columns.from;
      uint32_t* t = reinterpret_cast<uint32_t*>(to + r * rows.to) + c0;
      for (int32_t c = c0; c < c1; ++c, f += columns.from) {
        *t++ = *reinterpret_cast<const uint32_t*>(f);
      }
    }
  }
}

void StridedCopy::copy_row(const uint8_t* from, uint8_t* to) const {
  const Loop row = loops_ > 0 ? loop_[loops_ - 1] : Loop{1, 0, 0};
  if (run_ == 4) {
    for (int32_t i = 0; i < row.n; ++i, from += row.from, to += row.to) {
      *reinterpret_cast<uint32_t*>(to) = *reinterpret_cast<const uint32_t*>(from);
    }
    return;
  }
  for (int32_t i = 0; i < row.n; ++i, from += row.from, to += row.to) {
    std::memcpy(to, from, static_cast<size_t>(run_));
  }
}

void StridedCopy::copy(const void* from_data, void* to_data) {
  if (empty_) return;
  simplify();
  run(0, static_cast<const uint8_t*>(from_data), static_cast<uint8_t*>(to_data));
}

// Loop i and all within.
void StridedCopy::run(int i, const uint8_t* from, uint8_t* to) const {
  if (kBuildParts.transposes && tiled_ && i == loops_ - 2) return copy_tiles(from, to);
  if (i >= loops_ - 1) return copy_row(from, to);
  const Loop& l = loop_[i];
  for (int32_t k = 0; k < l.n; ++k, from += l.from, to += l.to) run(i + 1, from, to);
}

}  // namespace wxnn
