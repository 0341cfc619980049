#include "core/buffer.h"

#include <algorithm>

namespace wxnn {

Status Buffer::allocate(size_t bytes) {
  std::free(std::exchange(data_, nullptr));
  size_ = 0;
  if (padded(bytes) > bytes) data_ = std::aligned_alloc(kAlignment, padded(bytes));
  WXNN_CHECK(data_ != nullptr, "no memory for {} bytes", bytes);
  size_ = bytes;
  return {};
}

Status Buffer::fit(size_t bytes) {
  if (data_ != nullptr && size_ >= bytes) return {};
  return allocate(std::max(bytes, size_ + size_ / 2));
}

}  // namespace wxnn
