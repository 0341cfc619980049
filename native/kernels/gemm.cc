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
constexpr float kInfinity = std::numeric_limits<float>::infinity();

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

  [[gnu::always_inline]] inline void start(const float* bias) {
#pragma unroll
    for (int j = 0; j < kVectors; j++)
#pragma unroll
      for (int i = 0; i < MR; i++) acc[i][j] = load(bias + j * kLanes);
  }

  // Adds a[i][k] * w[k][j] for all k. Not unrolled over k: V8 moves loads to the front and spills.
  // Returns the weights after the last k.
  [[gnu::always_inline]] inline const float* multiply(const float* (&a)[MR], const float* w,
                                                      int32_t depth) {
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

  [[gnu::always_inline]] inline void add(const float* residual, ptrdiff_t stride) {
#pragma unroll
    for (int i = 0; i < MR; i++)
#pragma unroll
      for (int j = 0; j < kVectors; j++)
        acc[i][j] = acc[i][j] + load(residual + i * stride + j * kLanes);
  }

  // `gentle`: see gentle_slopes().
  [[gnu::always_inline]] inline void bend(const float* slopes, bool gentle) {
#pragma unroll
    for (int j = 0; j < kVectors; j++) {
      const f32x4 slope = load(slopes + j * kLanes);
#pragma unroll
      for (int i = 0; i < MR; i++) {
        const f32x4 x = acc[i][j], bent = x * slope;
        acc[i][j] = gentle ? choose_each(x < bent, bent, x) : choose_each(x < 0, bent, x);
      }
    }
  }

  // A NaN is neither below nor above.
  [[gnu::always_inline]] inline void clamp(float min, float max) {
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

  [[gnu::always_inline]] inline void write(float* c, ptrdiff_t stride) const {
#pragma unroll
    for (int i = 0; i < MR; i++)
#pragma unroll
      for (int j = 0; j < kVectors; j++) store(c + i * stride + j * kLanes, acc[i][j]);
  }
};

// Rows from `row` on of a panel whose columns are not all wanted, or fewer rows than a tile has: as
// whole tiles beside c, of which what is wanted is taken. Returns how many rows it did.
[[gnu::noinline]] int32_t multiply_part(const PanelTask& t, const float* panel, int32_t row,
                                        int32_t tile_rows, int32_t width) {
  constexpr int32_t kMost = 32;
  float sums[kMost * kWidePanel];
  const float* last[kTileRows];
  const int32_t left = t.m - row;
  int32_t rows = std::min(left, kMost) / tile_rows * tile_rows;
  PanelTask whole{.a_stride = t.a_stride,
                  .piece_stride = t.piece_stride,
                  .pieces = t.pieces,
                  .depth = t.depth,
                  .m = rows,
                  .c = sums,
                  .c_stride = width,
                  .columns = width,
                  .min = -kInfinity,
                  .max = kInfinity};
  if (t.rows == nullptr) {
    whole.a = t.a + row * t.a_stride;
  } else {
    whole.rows = t.rows + row;
  }
  if (rows == 0) {
    rows = left;
    whole.m = tile_rows == 4 ? 3 : tile_rows;
    for (int32_t i = 0; i < whole.m; i++) {
      const int32_t r = std::min(i, left - 1);
      last[i] = t.rows == nullptr ? whole.a + r * t.a_stride : whole.rows[r];
    }
    whole.rows = last;
  }
  replaceable(multiply_panel)(whole, panel, width);
  const float* sum = sums;
  for (int32_t i = row; i < row + rows; i++, sum += width) {
#pragma clang loop vectorize(disable) unroll(disable)
    for (int32_t j = 0; j < t.columns; j++) {
      float v = sum[j];
      if (t.residual != nullptr && j < t.residual_columns)
        v += t.residual[i * t.residual_stride + j];
      if (t.slopes != nullptr) v = v < 0 ? v * t.slopes[j] : v;
      v = v < t.min ? t.min : v;
      t.c[i * t.c_stride + j] = v > t.max ? t.max : v;
    }
  }
  return rows;
}

// No slope is steeper than 1, or 0: a number bends to the larger of itself and its multiple, which
// is one instruction with SIMD where the question whether it is negative takes four.
inline bool gentle_slopes(const PanelTask& t) {
  if (t.slopes == nullptr || kWidePanel == kLanes) return false;
  bool gentle = true;
#pragma clang loop vectorize(disable) unroll(disable)
  for (int32_t j = 0; j < t.columns; j++) gentle &= t.slopes[j] <= 1 && t.slopes[j] != 0;
  return gentle;
}

// Rows [row, row + MR) of all NR columns.
template <int MR, int NR>
[[gnu::always_inline]] inline void multiply_tile(const PanelTask& t, const float* panel,
                                                 int32_t row, bool gentle) {
  Tile<MR, NR> tile;
  tile.start(panel);
  const float* a[MR];
  if (t.rows == nullptr) {
    const float* at = t.a + row * t.a_stride;
#pragma unroll
    for (int i = 0; i < MR; i++, at += t.a_stride) a[i] = at;
  } else {
#pragma unroll
    for (int i = 0; i < MR; i++) a[i] = t.rows[row + i];
  }
  const float* w = panel + NR;
  for (int32_t pieces = t.pieces; pieces > 0; --pieces) {
    w = tile.multiply(a, w, t.depth);
#pragma unroll
    for (int i = 0; i < MR; i++) a[i] += t.piece_stride - t.depth;
  }
  if (t.residual != nullptr) tile.add(t.residual + row * t.residual_stride, t.residual_stride);
  if (t.slopes != nullptr) tile.bend(t.slopes, gentle);
  tile.clamp(t.min, t.max);
  tile.write(t.c + row * t.c_stride, t.c_stride);
}

// Tiles of three rows first, as many as leave whole tiles of four: 49 rows are 3 and 10 of them.
template <int MR, int NR>
inline void multiply(const PanelTask& t, const float* panel) {
  const bool gentle = gentle_slopes(t);
  const bool whole = t.columns == NR && (t.residual == nullptr || t.residual_columns >= NR);
  int32_t row = 0;
  if (whole) {
    if constexpr (MR == 4) {
      for (; (t.m - row) % MR != 0 && t.m - row >= 3; row += 3)
        multiply_tile<3, NR>(t, panel, row, gentle);
    }
    for (; row + MR <= t.m; row += MR) multiply_tile<MR, NR>(t, panel, row, gentle);
  }
  while (row < t.m) row += multiply_part(t, panel, row, MR, NR);
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

// Panels two by two: a row's sums of one panel would wait for each other.
int32_t multiply_row(const PanelTask& t, const float* panels, int32_t count) {
  using Pair = Tile<2, kWidePanel>;  // its rows are panels
  const ptrdiff_t next = (static_cast<ptrdiff_t>(t.pieces) * t.depth + 1) * kWidePanel;
  int32_t done = 0;
  for (; done + 2 <= count; done += 2, panels += 2 * next) {
    Pair tile;
    const float *w = panels, *a = t.rows == nullptr ? t.a : t.rows[0];
    const auto each = [&](auto body) {
#pragma unroll
      for (int i = 0; i < 2; i++)
#pragma unroll
        for (int j = 0; j < Pair::kVectors; j++)
          body(tile.acc[i][j], load(w + i * next + j * kLanes));
      w += kWidePanel;
    };
    each([](f32x4& sum, f32x4 bias) { sum = bias; });
    for (int32_t pieces = t.pieces; pieces > 0; --pieces, a += t.piece_stride - t.depth) {
      int32_t depth = t.depth;
      do {
        const f32x4 x = splat(*a++);
        each([x](f32x4& sum, f32x4 b) { sum = add_product(sum, x, b); });
      } while (--depth != 0);
    }
    tile.clamp(t.min, t.max);
    tile.write(t.c + done * kWidePanel, kWidePanel);
  }
  return done;
}

WXNN_LOOPS(Matrix, any_loop(wide_panel), any_loop(multiply_panel), any_loop(multiply_row));

}  // namespace wxnn
