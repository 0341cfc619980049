// Expands TensorFlow Lite's sparse constants, which the engine does not keep sparse.
#pragma once
#include <span>

#include "core/buffer.h"
#include "core/tensor.h"
#include "formats/tflite_fields.h"

namespace wxnn {

// Writes the dense tensor of `shape`, with elements of `element_bytes`, into `dense`. `values` are
// the stored elements. The frame of `sparsity` is verified, its index vectors are not yet.
struct Sparse {
  const void* sparsity;  // tflite::SparsityParameters
  std::span<const std::byte> values;
  size_t element_bytes;
};
Status densify(const Buffer& file, const Sparse& sparse, const Shape& shape, Buffer* dense);

}  // namespace wxnn
