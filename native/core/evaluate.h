// One operator, run once, outside any plan: constant folding, and later tfjs's eager calls.
#pragma once
#include <span>

#include "core/buffer.h"
#include "core/graph.h"
#include "core/op.h"
#include "core/vector.h"

namespace wxnn {

struct Evaluated {
  Vector<Tensor> outputs;
  Vector<Buffer> memory;  // parallel to outputs, which point into it
};

// infer, create, reshape, run. All inputs have data. Outputs larger than `most_bytes` are refused
// before anything is allocated.
Status evaluate(const Op& op, const Attrs& attrs, std::span<const Tensor* const> inputs,
                size_t output_count, size_t most_bytes, Evaluated* result);

// Bytes of what is computed from constants before the first run: of a file of a few bytes not more
// than a few times as many.
inline size_t most_evaluated(const Graph& graph) {
  return (size_t{1} << 20) + 4 * graph.file.bytes;
}

}  // namespace wxnn
