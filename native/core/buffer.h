// Buffer: one aligned block of memory that reports failure instead of aborting.
//
// Used for everything whose size comes from a model or a picture (arena, constants, file bytes).
// 64-byte aligned, and readable for kSlack bytes past the end, so that a kernel
// may load whole vectors.
#pragma once
#include <cstddef>
#include <cstdlib>
#include <utility>

#include "core/status.h"

namespace wxnn {

class Buffer {
 public:
  static constexpr size_t kAlignment = 64;
  static constexpr size_t kSlack = 64;

  // Bytes of a block in which so many are of use.
  static constexpr size_t padded(size_t bytes) {
    return (bytes + kSlack + kAlignment - 1) / kAlignment * kAlignment;
  }

  Buffer() = default;
  ~Buffer() { std::free(data_); }
  Buffer(Buffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }

  // Takes over a block that came from malloc (or aligned_alloc): how JavaScript hands a file over.
  static Buffer adopt(void* data, size_t size) {
    Buffer b;
    b.data_ = data;
    b.size_ = size;
    return b;
  }

  // Fresh bytes, not initialised; what was there is released first.
  Status allocate(size_t bytes);
  // At least so many bytes; what is there is lost where it does not suffice. Grows by half at
  // least: what grows once grows again.
  Status fit(size_t bytes);

  template <class T = std::byte>
  T* data() const {
    return static_cast<T*>(data_);
  }
  size_t size() const { return size_; }
  explicit operator bool() const { return data_ != nullptr; }

 private:
  void* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace wxnn
