#include "kernels/gemm.h"

#include <algorithm>
#include <limits>

#include "core/choose.h"
#include "core/loop.h"
#include "kernels/add_product.h"

// Written once for all machines: clang lowers f32x4 to wasm simd128, SSE and NEON, and to four
// scalars where there is nothing better. Compiled with -ffp-contract=off, on which the promise of
// gemm.h rests.

namespace wxnn {
namespace {

typedef float f32x4 __attribute__((vector_size(16)));
typedef float unaligned_f32x4 __attribute__((vector_size(16), aligned(4)));

constexpr int kLanes = 4;

// 16 vector registers hold 8 x 4 sums with their operands, in either shape; a scalar engine has
// room for 2 x 4.
#if defined(__wasm_simd128__) || defined(__SSE2__) || defined(__ARM_NEON)
constexpr int32_t kWidePanel = 8;
#else
constexpr int32_t kWidePanel = 4;
#endif

inline f32x4 load(const float* p) { return *reinterpret_cast<const unaligned_f32x4*>(p); }
inline void store(float* p, f32x4 v) { *reinterpret_cast<unaligned_f32x4*>(p) = v; }
inline f32x4 splat(float x) { return f32x4{x, x, x, x}; }

typedef int32_t i32x4 __attribute__((vector_size(16)));
inline f32x4 choose_each(i32x4 first, f32x4 a, f32x4 b) {
  if constexpr (kWidePanel > kLanes) return first ? a : b;
#pragma unroll
  for (int i = 0; i < kLanes; i++) b[i] = choose(first[i] != 0, a[i], b[i]);
  return b;
}

// acc[MR][NR] as vectors; a struct of plain arrays with constant indices, so that the compiler
// keeps all of it in registers.
template <int MR, int NR>
struct Tile {
  static_assert(NR % kLanes == 0 && MR <= kTileRows);
  static constexpr int kVectors = NR / kLanes;
  f32x4 acc[MR][kVectors];

  inline void start(const float* bias) {
#pragma unroll
    for (int j = 0; j < kVectors; j++)
#pragma unroll
      for (int i = 0; i < MR; i++) acc[i][j] = load(bias + j * kLanes);
  }

  // Adds a[i][k] * w[k][j] for all k. Not unrolled over k: V8 moves loads to the front and spills.
  // Returns the weights after the last k.
  inline const float* multiply(const float* const* rows, const float* w, int32_t depth) {
    const float* a[MR];
#pragma unroll
    for (int i = 0; i < MR; i++) a[i] = rows[i];
    do {
      f32x4 b[kVectors];
#pragma unroll
      for (int j = 0; j < kVectors; j++) b[j] = load(w + j * kLanes);
      w += NR;
#pragma unroll
      for (int i = 0; i < MR; i++) {
        const f32x4 x = splat(*a[i]++);
#pragma unroll
        for (int j = 0; j < kVectors; j++) acc[i][j] = add_product(acc[i][j], x, b[j]);
      }
    } while (--depth != 0);
    return w;
  }

  inline void add(const float* residual, ptrdiff_t stride) {
#pragma unroll
    for (int i = 0; i < MR; i++)
#pragma unroll
      for (int j = 0; j < kVectors; j++)
        acc[i][j] = acc[i][j] + load(residual + i * stride + j * kLanes);
  }

  inline void bend(const float* slopes) {
#pragma unroll
    for (int j = 0; j < kVectors; j++) {
      const f32x4 slope = load(slopes + j * kLanes);
#pragma unroll
      for (int i = 0; i < MR; i++)
        acc[i][j] = choose_each(acc[i][j] < 0, acc[i][j] * slope, acc[i][j]);
    }
  }

  // A NaN is neither below nor above.
  inline void clamp(float min, float max) {
    constexpr float kInfinity = std::numeric_limits<float>::infinity();
    constexpr bool kCheap = kWidePanel > kLanes;  // one instruction for four
    if (kCheap || min > -kInfinity) {
#pragma unroll
      for (int i = 0; i < MR; i++)
#pragma unroll
        for (int j = 0; j < kVectors; j++)
          acc[i][j] = choose_each(acc[i][j] < splat(min), splat(min), acc[i][j]);
    }
    if (kCheap || max < kInfinity) {
#pragma unroll
      for (int i = 0; i < MR; i++)
#pragma unroll
        for (int j = 0; j < kVectors; j++)
          acc[i][j] = choose_each(acc[i][j] > splat(max), splat(max), acc[i][j]);
    }
  }

  inline void write(float* c, ptrdiff_t stride) const {
#pragma unroll
    for (int i = 0; i < MR; i++)
#pragma unroll
      for (int j = 0; j < kVectors; j++) store(c + i * stride + j * kLanes, acc[i][j]);
  }
};

// The end of a tile that is not filled: `sums` [rows][width].
[[gnu::noinline]] void finish_part(const PanelTask& t, int32_t row, int32_t rows, int32_t width,
                                   const float* sums) {
  for (int32_t i = row; i < row + rows; i++, sums += width) {
#pragma clang loop vectorize(disable) unroll(disable)
    for (int32_t j = 0; j < t.columns; j++) {
      float v = sums[j];
      if (t.residual != nullptr && j < t.residual_columns)
        v += t.residual[i * t.residual_stride + j];
      if (t.slopes != nullptr) v = v < 0 ? v * t.slopes[j] : v;
      v = v < t.min ? t.min : v;
      t.c[i * t.c_stride + j] = v > t.max ? t.max : v;
    }
  }
}

template <int MR, int NR>
inline void multiply_tile(const PanelTask& t, const float* panel, int32_t row) {
  const int32_t height = std::min(MR, t.m - row);
  const bool whole =
      height == MR && t.columns == NR && (t.residual == nullptr || t.residual_columns >= NR);
  Tile<MR, NR> tile;
  tile.start(panel);
  const float* w = panel + NR;
  const float* const* rows = t.rows + row;
  for (int32_t piece = 0; piece < t.pieces; piece++, rows += t.rows_stride)
    w = tile.multiply(rows, w, t.depth);
  if (!whole) {
    float sums[MR * NR];  // not acc itself: its address would take it out of the registers
    tile.write(sums, NR);
    finish_part(t, row, height, NR, sums);
    return;
  }
  if (t.residual != nullptr) tile.add(t.residual + row * t.residual_stride, t.residual_stride);
  if (t.slopes != nullptr) tile.bend(t.slopes);
  tile.clamp(t.min, t.max);
  tile.write(t.c + row * t.c_stride, t.c_stride);
}

// Tiles of three rows first, as many as leave whole tiles of four: 49 rows are 3 and 10 of them.
template <int MR, int NR>
inline void multiply(const PanelTask& t, const float* panel) {
  int32_t row = 0;
  if constexpr (MR == 4) {
    for (; (t.m - row) % MR != 0 && row < t.m; row += 3) multiply_tile<3, NR>(t, panel, row);
  }
  for (; row < t.m; row += MR) multiply_tile<MR, NR>(t, panel, row);
}

}  // namespace

int32_t wide_panel() { return kWidePanel; }

#if defined(__wasm_simd128__) || defined(__SSE2__) || defined(__ARM_NEON)
void multiply_panel(const PanelTask& t, const float* panel, int32_t width) {
  if (width == kNarrowPanel) return multiply<8, 4>(t, panel);
  multiply<4, 8>(t, panel);
}
#else
void multiply_panel(const PanelTask& t, const float* panel, int32_t) { multiply<2, 4>(t, panel); }
#endif

WXNN_LOOPS(Matrix, any_loop(wide_panel), any_loop(multiply_panel));

}  // namespace wxnn
