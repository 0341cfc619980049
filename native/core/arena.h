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
};

struct ArenaPlan {
  Vector<size_t> offsets;  // parallel to the lifetimes; multiples of Buffer::kAlignment
  size_t bytes = 0;        // of the whole arena
};

// Greedy by size (Pisarchyk and Lee, "Efficient memory management for deep neural net inference",
// 2020): the largest first, each at the lowest offset where it overlaps no tensor that is alive at
// the same time. Each tensor is followed by Buffer::kSlack readable bytes, as kernels
// need. Zero-byte tensors get offset 0.
ArenaPlan plan_arena(std::span<const Lifetime> lifetimes);

}  // namespace wxnn
