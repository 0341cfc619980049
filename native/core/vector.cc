#include "core/vector.h"

#include <cstring>

namespace wxnn {

void Elements::take(Elements& other) {
  if (this == &other) return;
  ::operator delete(data_);
  data_ = std::exchange(other.data_, nullptr);
  size_ = std::exchange(other.size_, 0);
  capacity_ = std::exchange(other.capacity_, 0);
}

void Elements::make_room(size_t count, size_t each) {
  if (count <= capacity_) return;
  size_t bytes;
  if (__builtin_mul_overflow(count, each, &bytes)) bytes = PTRDIFF_MAX;  // more than there is
  void* data = ::operator new(bytes);
  if (size_ != 0) std::memcpy(data, data_, size_ * each);
  ::operator delete(data_);
  data_ = data;
  capacity_ = count;
}

void* Elements::open(size_t at, size_t count, size_t each) {
  const size_t size = size_ + count;
  if (size > capacity_) make_room(size > 2 * capacity_ ? size : 2 * capacity_, each);
  char* gap = static_cast<char*>(data_) + at * each;
  if (at != size_) std::memmove(gap + count * each, gap, (size_ - at) * each);
  size_ = size;
  return gap;
}

void* Elements::grow(size_t count, size_t each) { return open(size_, count, each); }

void Elements::grow_zeros(size_t count, size_t each) {
  void* gap = grow(count, each);
  if (count != 0) std::memset(gap, 0, count * each);
}

void Elements::append(const void* from, size_t count, size_t each) {
  void* gap = grow(count, each);
  if (count != 0) std::memcpy(gap, from, count * each);
}

void Elements::close(size_t at, size_t count, size_t each) {
  if (count == 0) return;
  char* gap = static_cast<char*>(data_) + at * each;
  size_ -= count;
  std::memmove(gap, gap + count * each, (size_ - at) * each);
}

}  // namespace wxnn
