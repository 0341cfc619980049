#include "core/buffer.h"

namespace wxnn {

Status Buffer::allocate(size_t bytes) {
  std::free(std::exchange(data_, nullptr));
  size_ = 0;
  const size_t padded = (bytes + kSlack + kAlignment - 1) / kAlignment * kAlignment;
  if (padded > bytes) data_ = std::aligned_alloc(kAlignment, padded);
  WXNN_CHECK(data_ != nullptr, "no memory for ", bytes, " bytes");
  size_ = bytes;
  return {};
}

}  // namespace wxnn
