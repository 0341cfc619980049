// The f32 matrix kernel under every convolution, transposed convolution and matrix product: rows of
// A times one panel of B (native/kernels/mat_mul.h packs and walks over panels).
//
// Promise: every build gives the same bits. An output starts from its bias and takes its products
// one by one, k ascending; multiply and add round separately; then the residual is added, PRelu
// bends, and the clamp lets a NaN pass. A tile changes speed only. Nothing is read past a row of A.
#pragma once

#include <cstddef>
#include <cstdint>

namespace wxnn {

// A row of A is `pieces` runs of `depth` floats: one for a matrix, one for each row of a filter in
// a convolution, whose columns lie side by side in the image.
struct PanelTask {
  // Piece p of row r begins at rows[p * rows_stride + r]. kTileRows - 1 repeats of the last row
  // follow it, so that every tile is whole.
  const float* const* rows;
  ptrdiff_t rows_stride;
  int32_t pieces, depth, m;
  float* c;  // row 0, first column of the panel
  ptrdiff_t c_stride;
  int32_t columns;  // of this panel
  float min, max;
  // Added to the first `residual_columns` of this panel; null: nothing.
  const float* residual;
  ptrdiff_t residual_stride;
  int32_t residual_columns;
  // What negative numbers of each column are multiplied with; null: nothing.
  const float* slopes;
};

// Columns of a panel. 16 vector registers hold 8 x 4 sums with their operands, in either shape; a
// scalar engine has room for 2 x 4.
#if defined(__wasm_simd128__) || defined(__SSE2__) || defined(__ARM_NEON)
inline constexpr int32_t kWidePanel = 8;
#else
inline constexpr int32_t kWidePanel = 4;
#endif
inline constexpr int32_t kNarrowPanel = 4;
inline constexpr int32_t kTileRows = 8;  // no tile is taller

// `panel`: [bias][k][columns], 8 or 4 columns. m >= 1.
void multiply_wide_panel(const PanelTask& t, const float* panel);
void multiply_narrow_panel(const PanelTask& t, const float* panel);

}  // namespace wxnn
