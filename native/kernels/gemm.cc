#include "kernels/gemm.h"

#include <cstddef>
#include <cstring>

#include "xnnpack/microparams.h"

// Written once for all machines: clang lowers f32x4 to wasm simd128, SSE and NEON, and to four
// scalars where there is nothing better. Compiled with -ffp-contract=off, on which the promise of
// gemm.h rests.

namespace {

typedef float f32x4 __attribute__((vector_size(16)));
typedef float unaligned_f32x4 __attribute__((vector_size(16), aligned(4)));

constexpr int kLanes = 4;

inline f32x4 load(const float* p) { return *reinterpret_cast<const unaligned_f32x4*>(p); }
inline void store(float* p, f32x4 v) { *reinterpret_cast<unaligned_f32x4*>(p) = v; }
inline f32x4 splat(float x) { return f32x4{x, x, x, x}; }

template <typename T>
inline T* advance(T* p, size_t bytes) {
  return reinterpret_cast<T*>(reinterpret_cast<uintptr_t>(p) + bytes);
}

// acc[MR][NR] as vectors; a struct of plain arrays with constant indices, so that the compiler
// keeps all of it in registers.
template <int MR, int NR>
struct Tile {
  static_assert(NR % kLanes == 0);
  static constexpr int kVectors = NR / kLanes;
  f32x4 acc[MR][kVectors];

  inline void start(const float* bias) {
#pragma unroll
    for (int j = 0; j < kVectors; j++)
#pragma unroll
      for (int i = 0; i < MR; i++) acc[i][j] = load(bias + j * kLanes);
  }

  // Adds a[i][k] * w[k][j] for all k. Not unrolled over k: clang would hoist loads and spill.
  // Returns the weights after the last k.
  inline const float* multiply(const float* (&a)[MR], const float* w, size_t depth_bytes) {
    do {
      f32x4 b[kVectors];
#pragma unroll
      for (int j = 0; j < kVectors; j++) b[j] = load(w + j * kLanes);
      w += NR;
#pragma unroll
      for (int i = 0; i < MR; i++) {
        const f32x4 x = splat(*a[i]++);
#pragma unroll
        for (int j = 0; j < kVectors; j++) acc[i][j] = acc[i][j] + x * b[j];
      }
      depth_bytes -= sizeof(float);
    } while (depth_bytes != 0);
    return w;
  }

  inline void clamp(const xnn_f32_minmax_params* params) {
    const f32x4 low = splat(params->scalar.min), high = splat(params->scalar.max);
#pragma unroll
    for (int i = 0; i < MR; i++)
#pragma unroll
      for (int j = 0; j < kVectors; j++) {
        f32x4 v = acc[i][j];
        v = v < low ? low : v;
        acc[i][j] = v > high ? high : v;
      }
  }

  inline void write(float* const (&c)[MR], size_t columns) const {
    if (columns >= NR) {
#pragma unroll
      for (int i = 0; i < MR; i++)
#pragma unroll
        for (int j = 0; j < kVectors; j++) store(c[i] + j * kLanes, acc[i][j]);
      return;
    }
#pragma unroll
    for (int i = 0; i < MR; i++) {
      float row[NR];
#pragma unroll
      for (int j = 0; j < kVectors; j++) store(row + j * kLanes, acc[i][j]);
      for (size_t j = 0; j < columns; j++) c[i][j] = row[j];
    }
  }
};

// Rows beyond the last repeat it: they compute and write the same values again.
template <int MR, typename T>
inline void rows_of(T* (&row)[MR], T* first, size_t rows, size_t stride) {
  row[0] = first;
#pragma unroll
  for (int i = 1; i < MR; i++)
    row[i] = static_cast<size_t>(i) < rows ? advance(row[i - 1], stride) : row[i - 1];
}

template <int MR, int NR>
inline void gemm(size_t rows, size_t columns, size_t depth_bytes, const void* a_rows,
                 size_t a_stride, const void* weights, void* output, size_t c_row_stride,
                 size_t c_tile_stride, const void* params) {
  const float* a[MR];
  float* c[MR];
  rows_of<MR>(a, static_cast<const float*>(a_rows), rows, a_stride);
  rows_of<MR>(c, static_cast<float*>(output), rows, c_row_stride);
  const float* w = static_cast<const float*>(weights);
  for (;;) {
    Tile<MR, NR> tile;
    tile.start(w);
    w = tile.multiply(a, w + NR, depth_bytes);
    tile.clamp(static_cast<const xnn_f32_minmax_params*>(params));
    tile.write(c, columns);
    if (columns <= NR) return;
    columns -= NR;
#pragma unroll
    for (int i = 0; i < MR; i++) {
      a[i] = advance(a[i], -depth_bytes);
      c[i] = advance(c[i], c_tile_stride);
    }
  }
}

// As gemm, but the rows of A come from a table of pointers, MR for each tap: a pointer equal to
// `zero` is padding, any other is relative to a_offset.
template <int MR, int NR>
inline void igemm(size_t rows, size_t columns, size_t depth_bytes, size_t taps_bytes,
                  const void** a_table, const void* weights, void* output, size_t c_row_stride,
                  size_t c_tile_stride, size_t a_offset, const void* zero, const void* params) {
  float* c[MR];
  rows_of<MR>(c, static_cast<float*>(output), rows, c_row_stride);
  const float* w = static_cast<const float*>(weights);
  for (;;) {
    Tile<MR, NR> tile;
    tile.start(w);
    w += NR;
    size_t left = taps_bytes;
    const void** table = a_table;
    do {
      const float* a[MR];
#pragma unroll
      for (int i = 0; i < MR; i++) {
        a[i] = static_cast<const float*>(table[i]);
        if (a[i] != zero) a[i] = advance(a[i], a_offset);
      }
      table += MR;
      w = tile.multiply(a, w, depth_bytes);
      left -= MR * sizeof(void*);
    } while (left != 0);
    tile.clamp(static_cast<const xnn_f32_minmax_params*>(params));
    tile.write(c, columns);
    if (columns <= NR) return;
    columns -= NR;
#pragma unroll
    for (int i = 0; i < MR; i++) c[i] = advance(c[i], c_tile_stride);
  }
}

size_t selected_tile = 0;

struct TileShape {
  size_t columns;
  const char* name;
};
#define TILE_SHAPE(MR, NR) {NR, #MR "x" #NR},
constexpr TileShape kTiles[] = {WXNN_GEMM_TILES(TILE_SHAPE)};
constexpr size_t kTileCount = sizeof(kTiles) / sizeof(kTiles[0]);

}  // namespace

extern "C" {

#define DEFINE_KERNELS(ROWS, NR)                                                                   \
  void wxnn_gemm_##ROWS##x##NR(size_t rows, size_t columns, size_t depth_bytes, const void* a,     \
                               size_t a_stride, const void* weights, void* c, size_t c_row_stride, \
                               size_t c_tile_stride, const void* params) {                         \
    gemm<ROWS, NR>(rows, columns, depth_bytes, a, a_stride, weights, c, c_row_stride,              \
                   c_tile_stride, params);                                                         \
  }                                                                                                \
  void wxnn_igemm_##ROWS##x##NR(size_t rows, size_t columns, size_t depth_bytes,                   \
                                size_t taps_bytes, const void** a, const void* weights, void* c,   \
                                size_t c_row_stride, size_t c_tile_stride, size_t a_offset,        \
                                const void* zero, const void* params) {                            \
    igemm<ROWS, NR>(rows, columns, depth_bytes, taps_bytes, a, weights, c, c_row_stride,           \
                    c_tile_stride, a_offset, zero, params);                                        \
  }
#define DEFINE_TILE(MR, NR) DEFINE_KERNELS(1, NR) DEFINE_KERNELS(MR, NR)
WXNN_GEMM_TILES(DEFINE_TILE)

void wxnn_vmulcaddc(size_t rows, size_t channels_bytes, const void* input, size_t input_stride,
                    const void* weights, void* output, size_t output_stride, const void* params) {
  const auto* bounds = static_cast<const xnn_f32_minmax_params*>(params);
  const size_t channels = channels_bytes / sizeof(float);
  for (; rows != 0; rows--) {
    const float* x = static_cast<const float*>(input);
    const float* w = static_cast<const float*>(weights);  // scale, bias of each channel
    float* y = static_cast<float*>(output);
#pragma clang loop vectorize(disable) unroll(disable)  // rare: not worth the bytes
    for (size_t i = 0; i < channels; i++) {
      float v = w[2 * i + 1] + x[i] * w[2 * i];
      v = v < bounds->scalar.min ? bounds->scalar.min : v;
      y[i] = v > bounds->scalar.max ? bounds->scalar.max : v;
    }
    input = advance(input, input_stride);
    output = advance(output, output_stride);
  }
}

// 2x16 is a quarter faster than 4x8 in JavaScriptCore and equal in V8, but only while few of its
// columns are padding.
void wxnn_select_gemm_tile(size_t output_channels) {
  const size_t padding = (16 - output_channels % 16) % 16;
  size_t wanted = 8;
  if (padding <= output_channels / 32) wanted = 16;
  if (output_channels <= 4) wanted = 4;
  selected_tile = 0;
  for (size_t tile = 0; tile < kTileCount; tile++)
    if (kTiles[tile].columns == wanted) selected_tile = tile;
}

void wxnn_use_gemm_tile(size_t tile) { selected_tile = tile < kTileCount ? tile : 0; }
size_t wxnn_gemm_tile() { return selected_tile; }
size_t wxnn_gemm_tile_count() { return kTileCount; }
const char* wxnn_gemm_tile_name(size_t tile) { return kTiles[tile < kTileCount ? tile : 0].name; }

}  // extern "C"
