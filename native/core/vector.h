// Vector: a std::vector whose memory is handled by a few functions for all types of elements.
// libc++ writes growth, copies and moves out for each type, and parts of them at every place: a
// fifth of a small binary.
//
// Elements move by memcpy, and nothing is called at their old place. That holds for whatever has no
// pointer into itself: numbers, views, unique_ptr, Vector, String, and structs of them. It does not
// hold for libstdc++'s std::string.
#pragma once
#include <cstddef>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

namespace wxnn {

// A vector without the type of its elements; `each` is their size in bytes. No memory left ends the
// program, as with operator new.
class Elements {
 public:
  Elements() = default;
  Elements(Elements&& other) noexcept { take(other); }
  Elements(const Elements&) = delete;
  Elements& operator=(const Elements&) = delete;
  ~Elements() { ::operator delete(data_); }

  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }
  size_t capacity() const { return capacity_; }

 protected:
  // Releases the memory and takes the other's; the elements were destroyed before.
  void take(Elements& other);
  // Room for `count` elements in all.
  void make_room(size_t count, size_t each);
  // Opens a gap of `count` elements in front of element `at`; returns its address.
  void* open(size_t at, size_t count, size_t each);
  void* grow(size_t count, size_t each);
  // Likewise at the end, of zeros.
  void grow_zeros(size_t count, size_t each);
  // Appends copies of elements that are bytes, none of them this vector's.
  void append(const void* from, size_t count, size_t each);
  // Closes the gap that `count` destroyed elements from `at` on leave.
  void close(size_t at, size_t count, size_t each);

  void* data_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

template <class T>
class Vector : public Elements {
  static constexpr size_t kSize =
      sizeof(T);  // NOLINT(bugprone-sizeof-expression): of a pointer too
  static constexpr bool kBytes = std::is_trivially_copyable_v<T>;
  static_assert(!std::is_same_v<T, std::string> && !std::is_const_v<T>);

 public:
  using value_type = T;
  using reference = T&;
  using const_reference = const T&;
  using iterator = T*;
  using const_iterator = const T*;
  using difference_type = ptrdiff_t;
  using size_type = size_t;

  Vector() = default;
  explicit Vector(size_t count) { add(count); }
  Vector(size_t count, const T& value) { add(count, value); }
  Vector(std::initializer_list<T> list) { add(list.begin(), list.size()); }
  template <std::contiguous_iterator From>
  Vector(From from, From to) {
    add(std::to_address(from), static_cast<size_t>(to - from));
  }
  // What another container holds.
  template <class List>
    requires std::is_convertible_v<const List&, std::span<const T>> &&
             (!std::is_base_of_v<Elements, List>)
  Vector(const List& list) {
    const std::span<const T> all = list;
    add(all.data(), all.size());
  }
  Vector(const Vector& other) : Elements() { add(other.data(), other.size()); }
  Vector(Vector&& other) noexcept = default;
  ~Vector() {
    static_assert(alignof(T) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__);
    destroy(0, size_);
  }

  Vector& operator=(const Vector& other) {
    if (this != &other) {
      clear();
      add(other.data(), other.size());
    }
    return *this;
  }
  Vector& operator=(Vector&& other) noexcept {
    if constexpr (!kBytes) {
      if (this != &other) destroy(0, size_);
    }
    take(other);
    return *this;
  }

  T* data() { return static_cast<T*>(data_); }
  const T* data() const { return static_cast<const T*>(data_); }
  T* begin() { return data(); }
  T* end() { return data() + size_; }
  const T* begin() const { return data(); }
  const T* end() const { return data() + size_; }
  T& operator[](size_t i) { return data()[i]; }
  const T& operator[](size_t i) const { return data()[i]; }
  T& front() { return data()[0]; }
  const T& front() const { return data()[0]; }
  T& back() { return data()[size_ - 1]; }
  const T& back() const { return data()[size_ - 1]; }

  void reserve(size_t count) { make_room(count, kSize); }
  void clear() {
    destroy(0, size_);
    size_ = 0;
  }
  void resize(size_t count) {
    if (!shrink(count)) add(count - size_);
  }
  void resize(size_t count, const T& value) {
    if (!shrink(count)) add(count - size_, value);
  }
  void assign(size_t count, const T& value) {
    const T kept = value;  // may be an element
    clear();
    add(count, kept);
  }
  // The elements are another vector's.
  template <std::contiguous_iterator From>
  void assign(From from, From to) {
    clear();
    add(std::to_address(from), static_cast<size_t>(to - from));
  }

  void push_back(const T& value) {
    T copy(value);  // may be an element, which moves
    new (grow(1, kSize)) T(std::move(copy));
  }
  // The value is no element.
  void push_back(T&& value)
    requires(!kBytes)
  {
    new (grow(1, kSize)) T(std::move(value));
  }
  // The parts are no elements.
  template <class... Parts>
  T& emplace_back(Parts&&... parts) {
    return *new (grow(1, kSize)) T(std::forward<Parts>(parts)...);
  }
  void pop_back() {
    --size_;
    std::destroy_at(data() + size_);
  }

  T* insert(const T* at, T value) {
    return new (open(static_cast<size_t>(at - data()), 1, kSize)) T(std::move(value));
  }
  // The elements are another vector's.
  template <std::contiguous_iterator From>
  T* insert(const T* at, From from, From to) {
    const auto count = static_cast<size_t>(to - from);
    T* gap = static_cast<T*>(open(static_cast<size_t>(at - data()), count, kSize));
    std::uninitialized_copy_n(from, count, gap);
    return gap;
  }
  T* erase(const T* at) { return erase(at, at + 1); }
  T* erase(const T* from, const T* to) {
    const auto at = static_cast<size_t>(from - data()), count = static_cast<size_t>(to - from);
    destroy(at, at + count);
    close(at, count, kSize);
    return data() + at;
  }

  bool operator==(const Vector& other) const {
    if (size_ != other.size_) return false;
    for (size_t i = 0; i < size_; ++i) {
      if (!(data()[i] == other.data()[i])) return false;
    }
    return true;
  }

 private:
  void add(size_t count) {
    if constexpr (std::is_trivially_default_constructible_v<T>) {
      grow_zeros(count, kSize);
    } else {
      T* to = static_cast<T*>(grow(count, kSize));
      for (size_t i = 0; i < count; ++i) new (to + i) T();
    }
  }
  void add(size_t count, const T& value) {
    T* to = static_cast<T*>(grow(count, kSize));
    for (size_t i = 0; i < count; ++i) new (to + i) T(value);
  }
  template <class From>
  void add(const From* from, size_t count) {
    if constexpr (kBytes && std::is_same_v<From, T>) {
      append(from, count, kSize);
    } else {
      T* to = static_cast<T*>(grow(count, kSize));
      for (size_t i = 0; i < count; ++i) new (to + i) T(static_cast<const T&>(from[i]));
    }
  }
  void destroy(size_t from, size_t to) {
    if constexpr (!std::is_trivially_destructible_v<T>) {
      for (size_t i = from; i < to; ++i) data()[i].~T();
    }
  }
  bool shrink(size_t count) {
    if (count > size_) return false;
    destroy(count, size_);
    size_ = count;
    return true;
  }
};

// Removes the elements that `unwanted` holds for; the others keep their order. Their number.
template <class T, class Unwanted>
size_t erase_if(Vector<T>& list, Unwanted unwanted) {
  size_t left = 0;
  const size_t all = list.size();
  for (size_t i = 0; i < all; ++i) {
    if (unwanted(list[i])) continue;
    if (left != i) list[left] = std::move(list[i]);
    ++left;
  }
  list.erase(list.begin() + left, list.end());
  return all - left;
}

}  // namespace wxnn
