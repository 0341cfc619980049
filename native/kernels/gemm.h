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

// A row of A is `pieces` runs of `depth` floats, which begin at `piece_stride` floats from each
// other: the rows of a filter in a convolution, whose columns lie side by side in the image. Row r
// begins at a + r * a_stride or, where `rows` is not null, at rows[r].
struct PanelTask {
  const float* a = nullptr;
  ptrdiff_t a_stride = 0;
  const float* const* rows = nullptr;
  ptrdiff_t piece_stride = 0;
  int32_t pieces = 1, depth, m;
  float* c;  // row 0, first column of the panel
  ptrdiff_t c_stride;
  int32_t columns;  // of this panel
  float min, max;
  // Added to the first `residual_columns` of this panel; null: nothing.
  const float* residual = nullptr;
  ptrdiff_t residual_stride = 0;
  int32_t residual_columns = 0;
  // What negative numbers of each column are multiplied with; null: nothing.
  const float* slopes = nullptr;
};

inline constexpr int32_t kNarrowPanel = 4;
inline constexpr int32_t kTileRows = 8;  // no tile is taller

// Columns of a wide panel, 8 or 4. This and the next two are loops that can be replaced
// (core/loop.h), all or none.
int32_t wide_panel();
// `panel`: [bias][k][width], width columns: wide_panel() or kNarrowPanel. m >= 1.
void multiply_panel(const PanelTask& t, const float* panel, int32_t width);
// The one row of `t`, which has neither residual nor slopes, times the first of `count` whole wide
// panels that lie one after the other. Returns how many it did.
int32_t multiply_row(const PanelTask& t, const float* panels, int32_t count);

}  // namespace wxnn
