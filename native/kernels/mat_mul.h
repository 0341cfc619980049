// Matrix products c = a b of f32 through the tiles of gemm.h: b is packed panel by panel (NR of its
// columns, a bias in front), once where it is a constant, or at every run into one panel's memory.
// Rows of a may be gathered from several places, which makes a product a convolution.
// What is promised of bits in gemm.h holds here: an output adds its products with k ascending.
#pragma once
#include <cstddef>
#include <cstdint>

namespace wxnn {

// k rows and n columns of floats, any strides (in floats): a transposed matrix is the same matrix
// with its strides exchanged.
struct MatrixView {
  const float* data;
  int32_t k, n;
  ptrdiff_t row_stride, column_stride;
};

// How b will be packed; fixed between packing and multiplying.
class PanelLayout {
 public:
  PanelLayout() = default;
  PanelLayout(int32_t k, int32_t n);

  int32_t panels() const;
  size_t panel_floats() const;
  size_t floats() const { return panel_floats() * static_cast<size_t>(panels()); }

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

  // Rows of c through all panels at once, a tile of rows after the other, in the threads of
  // set_threads(). A row of a is k floats; the next begins a_stride floats further, in c c_stride
  // floats.
  struct Rows {
    const float* a;
    ptrdiff_t a_stride;
    int32_t m;
    float* c;
    ptrdiff_t c_stride;
    float min, max;
  };
  void multiply_rows(const Rows& p, const float* packed) const;

  // A row of a that is made of `taps` pieces of k / taps floats. `table` has tile_rows() addresses
  // for each tap of each tile of rows; an address is `zero`, where that many zeros are, or becomes
  // one with `offset` added to it. Of Rows, a and a_stride mean nothing here.
  struct Taps {
    const void** table;
    int32_t taps;
    const float* zero;
    uintptr_t offset;  // in bytes, modulo the address space
  };
  void multiply_taps(const Rows& p, const Taps& taps, const float* packed) const;
  int32_t tile_rows() const;

 private:
  template <class Work>
  void share_rows(int32_t m, const Work& work) const;

  int32_t k_ = 0, n_ = 0;
  size_t tile_ = 0;
};

}  // namespace wxnn
