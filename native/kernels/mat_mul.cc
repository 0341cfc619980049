#include "kernels/mat_mul.h"

#include <algorithm>

#include "core/threads.h"
#include "kernels/gemm.h"
#include "xnnpack/microparams.h"

namespace wxnn {

namespace {
struct Tile {
  int32_t rows, columns;
  xnn_gemm_ukernel_fn one_row, all_rows;
  xnn_igemm_ukernel_fn taps;
};
#define TILE(MR, NR) {MR, NR, wxnn_gemm_1x##NR, wxnn_gemm_##MR##x##NR, wxnn_igemm_##MR##x##NR},
constexpr Tile kTiles[] = {WXNN_GEMM_TILES(TILE)};
#undef TILE

// The kernels want at least one product. Without any, and so without a bias, all sums are 0.
void without_products(const PanelLayout::Product& p, int32_t n, int32_t first, size_t columns) {
  for (int32_t row = 0; row < p.m; ++row) {
    std::fill_n(p.c + static_cast<ptrdiff_t>(row) * n + first, columns, 0.0f);
  }
}
}  // namespace

PanelLayout::PanelLayout(int32_t k, int32_t n) : k_(k), n_(n) {
  wxnn_select_gemm_tile(static_cast<size_t>(n));
  tile_ = wxnn_gemm_tile();
}

int32_t PanelLayout::panels() const {
  const int32_t width = kTiles[tile_].columns;
  return n_ / width + (n_ % width != 0);
}

size_t PanelLayout::panel_floats() const {
  return (static_cast<size_t>(k_) + 1) * static_cast<size_t>(kTiles[tile_].columns);
}

void PanelLayout::pack(const MatrixView& b, const float* bias, int32_t i, float* panel) const {
  const int32_t width = kTiles[tile_].columns;
  const int32_t first = i * width;
  const int32_t filled = std::min(width, n_ - first);
  const auto fill = [&](float* to, const float* from, ptrdiff_t stride) {
    for (int32_t j = 0; j < filled; ++j) to[j] = from[j * stride];
    for (int32_t j = filled; j < width; ++j) to[j] = 0;
  };
  const float zero = 0;
  fill(panel, bias != nullptr ? bias + first : &zero, bias != nullptr);
  for (int32_t k = 0; k < k_; ++k) {
    panel += width;
    fill(panel, b.data + k * b.row_stride + first * b.column_stride, b.column_stride);
  }
}

void PanelLayout::pack_all(const MatrixView& b, const float* bias, float* packed) const {
  for (int32_t i = 0; i < panels(); ++i) pack(b, bias, i, packed + i * panel_floats());
}

void PanelLayout::multiply(const Product& p, int32_t i, const float* panel) const {
  const Tile& tile = kTiles[tile_];
  const int32_t first = i * tile.columns;
  const size_t columns = static_cast<size_t>(std::min(tile.columns, n_ - first));
  const size_t row_bytes = static_cast<size_t>(n_) * sizeof(float);
  const size_t depth_bytes = static_cast<size_t>(k_) * sizeof(float);
  xnn_f32_minmax_params params;
  params.scalar = {.min = p.min, .max = p.max};
  if (k_ == 0) return without_products(p, n_, first, columns);
  for (int32_t row = 0; row < p.m; row += tile.rows) {
    const int32_t rows = std::min(tile.rows, p.m - row);
    const xnn_gemm_ukernel_fn kernel = rows == 1 ? tile.one_row : tile.all_rows;
    kernel(static_cast<size_t>(rows), columns, depth_bytes, p.a + static_cast<ptrdiff_t>(row) * k_,
           depth_bytes, panel, p.c + static_cast<ptrdiff_t>(row) * n_ + first, row_bytes,
           tile.columns * sizeof(float), &params);
  }
}

void PanelLayout::multiply_all(const Product& p, const float* packed) const {
  for (int32_t i = 0; i < panels(); ++i) multiply(p, i, packed + i * panel_floats());
}

template <class Work>
void PanelLayout::share_rows(int32_t m, const Work& work) const {
  const int32_t tile = kTiles[tile_].rows;
  const size_t tiles = static_cast<size_t>(m / tile + (m % tile != 0));
  share_out(pool_for(int64_t{1} * m * k_ * n_), tiles, [&](size_t i) {
    const int32_t row = static_cast<int32_t>(i) * tile;
    work(i, row, std::min(tile, m - row));
  });
}

void PanelLayout::multiply_rows(const Rows& p, const float* packed) const {
  const Tile& tile = kTiles[tile_];
  xnn_f32_minmax_params params;
  params.scalar = {.min = p.min, .max = p.max};
  share_rows(p.m, [&](size_t, int32_t row, int32_t rows) {
    const xnn_gemm_ukernel_fn kernel = rows == 1 ? tile.one_row : tile.all_rows;
    kernel(static_cast<size_t>(rows), static_cast<size_t>(n_), k_ * sizeof(float),
           p.a + row * p.a_stride, p.a_stride * sizeof(float), packed, p.c + row * p.c_stride,
           p.c_stride * sizeof(float), tile.columns * sizeof(float), &params);
  });
}

void PanelLayout::multiply_taps(const Rows& p, const Taps& taps, const float* packed) const {
  const Tile& tile = kTiles[tile_];
  xnn_f32_minmax_params params;
  params.scalar = {.min = p.min, .max = p.max};
  const size_t depth_bytes = static_cast<size_t>(k_ / taps.taps) * sizeof(float);
  const size_t addresses = static_cast<size_t>(taps.taps) * static_cast<size_t>(tile.rows);
  share_rows(p.m, [&](size_t i, int32_t row, int32_t rows) {
    tile.taps(static_cast<size_t>(rows), static_cast<size_t>(n_), depth_bytes,
              addresses * sizeof(void*), taps.table + i * addresses, packed, p.c + row * p.c_stride,
              p.c_stride * sizeof(float), tile.columns * sizeof(float), taps.offset, taps.zero,
              &params);
  });
}

int32_t PanelLayout::tile_rows() const { return kTiles[tile_].rows; }

}  // namespace wxnn
