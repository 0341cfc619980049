// Types, shapes and views of tensors. Nothing here owns memory: constants belong to the Model,
// activations to its arena.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>

#include "core/string.h"

namespace wxnn {

// What the engine computes in. Files also store float16, int8, int64…: those are encodings of a
// constant (core/constant.h) and are widened when a model is loaded.
enum class DType : uint8_t { kFloat32, kInt32, kBool, kComplex64 };

// "float32", "int32", "bool", "complex64": tfjs's spelling.
const char* name_of(DType dtype);
// Bytes of one element: 4, 4, 1, 8.
size_t size_of(DType dtype);

// Up to eight dimensions, by value. Activations of image models are NHWC.
//
// Three states: a known shape (every dimension >= 0); a shape with open dimensions (kOpen), as
// graph inputs have them until Model::resize; and "unknown", the shape of an output that depends
// on data (NonMaxSuppression, Where), which is settled while running.
class Shape {
 public:
  static constexpr int kMaxRank = 8;
  static constexpr int32_t kOpen = -1;

  Shape() = default;  // rank 0: a scalar
  Shape(std::initializer_list<int32_t> dims) {
    for (int32_t d : dims) push_back(d);
  }
  explicit Shape(std::span<const int32_t> dims) {
    for (int32_t d : dims) push_back(d);
  }
  static Shape unknown() {
    Shape s;
    s.rank_ = -1;
    return s;
  }

  int rank() const { return rank_; }
  bool is_unknown() const { return rank_ < 0; }
  // True when every dimension is there and >= 0.
  bool is_known() const;
  // Negative indices count from the end, as in NumPy.
  int32_t operator[](int i) const { return dims_[i < 0 ? i + rank_ : i]; }
  int32_t& operator[](int i) { return dims_[i < 0 ? i + rank_ : i]; }
  // The caller has checked rank() < kMaxRank.
  void push_back(int32_t d) { dims_[rank_++] = d; }
  void insert(int at, int32_t d);
  void erase(int at);
  std::span<const int32_t> dims() const { return {dims_.data(), static_cast<size_t>(rank_)}; }

  // Number of elements of a known shape; 1 for a scalar. Shapes that passed fits() do not overflow.
  int32_t elements() const { return elements(0, rank_); }
  // Product of the dimensions [from, to).
  int32_t elements(int from, int to) const;
  // False when the elements do not fit a 32-bit address space (2^31 - 1 bytes of float32).
  bool fits() const;

  bool operator==(const Shape& other) const;
  String str() const;  // "[1,32,32,48]", "[?,224,224,3]", "[unknown]"

 private:
  int rank_ = 0;
  std::array<int32_t, kMaxRank> dims_{};
};

struct TensorType {
  DType dtype = DType::kFloat32;
  Shape shape;
  size_t bytes() const { return static_cast<size_t>(shape.elements()) * size_of(dtype); }
  bool operator==(const TensorType&) const = default;
};

// A typed view; never owns. In infer, data is null unless the value is already known.
struct Tensor : TensorType {
  void* data = nullptr;
  float* f32() const { return static_cast<float*>(data); }
  int32_t* i32() const { return static_cast<int32_t*>(data); }
  uint8_t* u8() const { return static_cast<uint8_t*>(data); }
};

// True when `from` stretches to `to` by repeating dimensions of length 1 (NumPy's rules).
bool broadcasts(const Shape& from, const Shape& to);
// The common shape of a and b under NumPy's rules; unknown() when there is none.
Shape broadcast(const Shape& a, const Shape& b);

}  // namespace wxnn
