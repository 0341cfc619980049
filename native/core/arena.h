// The arena planner: where each tensor of a model lies while it is alive. A pure function.
#pragma once
#include <cstddef>
#include <span>

#include "core/vector.h"

namespace wxnn {

// A tensor that is alive from step `first` to step `last`, both included.
struct Lifetime {
  size_t bytes = 0;
  int first = 0;
  int last = 0;
  size_t offset = 0;  // of plan_arena, a multiple of Buffer::kAlignment
};

// Greedy by size (Pisarchyk and Lee, "Efficient memory management for deep neural net inference",
// 2020): the largest first, each at the lowest offset where it overlaps no tensor that is alive at
// the same time. Each tensor is followed by Buffer::kSlack readable bytes, as kernels
// need. Zero-byte tensors keep offset 0. Returns the bytes of the whole arena.
size_t plan_arena(std::span<Lifetime> lifetimes);

}  // namespace wxnn
