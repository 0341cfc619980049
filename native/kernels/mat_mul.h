// Matrix products c = a b of f32 through the tiles of gemm.h: b is packed panel by panel (some of
// its columns, a bias in front), once where it is a constant, or at every run into one panel's
// memory. What is promised of bits in gemm.h holds here: an output adds its products with k
// ascending.
#pragma once
#include <cstddef>
#include <cstdint>

#include "core/loop.h"
#include "kernels/gemm.h"

namespace wxnn {

// k rows and n columns of floats, any strides (in floats): a transposed matrix is the same matrix
// with its strides exchanged.
struct MatrixView {
  const float* data;
  int32_t k, n;
  ptrdiff_t row_stride, column_stride;
};

// How a b of k rows and n columns is packed: wide panels, and a narrow one where few columns are
// left.
class PanelLayout {
 public:
  PanelLayout() = default;
  PanelLayout(int32_t k, int32_t n) : k_(k), n_(n), wide_(replaceable(wide_panel)()) {}

  int32_t panels() const { return (n_ + wide_ - 1) / wide_; }
  // Of one panel at most.
  size_t panel_floats() const { return (static_cast<size_t>(k_) + 1) * wide_; }
  size_t floats() const;

  // Writes panel `i` of b. `bias` has b.n numbers, or is null for zeros.
  void pack(const MatrixView& b, const float* bias, int32_t i, float* panel) const;
  // All panels, one after the other.
  void pack_all(const MatrixView& b, const float* bias, float* packed) const;

  // Rows of a are k floats without gaps, rows of c n floats.
  struct Product {
    const float* a;
    int32_t m;
    float* c;
    float min, max;
  };
  // The columns of c that panel `i` gives.
  void multiply(const Product& p, int32_t i, const float* panel) const;
  void multiply_all(const Product& p, const float* packed) const;
  // The rows of `t`, times all panels. `t` speaks of c, residual and slopes as wholes (n columns).
  void multiply_rows(const PanelTask& t, const float* packed) const;

 private:
  int32_t width(int32_t i) const { return n_ - i * wide_ <= kNarrowPanel ? kNarrowPanel : wide_; }
  void multiply_panel(const PanelTask& t, int32_t i, const float* panel) const;
  template <class Body>
  void for_blocks(const Product& p, Body body) const;

  int32_t k_ = 0, n_ = 0, wide_ = kNarrowPanel;
};

}  // namespace wxnn
