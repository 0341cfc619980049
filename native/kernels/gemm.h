// The f32 matrix kernels under every convolution, transposed convolution and matrix product, and
// the choice between their tiles. A kernel computes an MR x NR tile of the output. mat_mul.h calls
// them; in the tests XNNPACK's operators do as well.
//
// Promise: every tile in every build gives the same bits. An output starts from its bias and takes
// its products one by one, k innermost, tap after tap; multiply and add round separately; a NaN
// passes the clamp. A tile changes speed only. Contract with XNNPACK: its microkernel signatures,
// its packed weights [bias NR][k][NR]; no kernel reads past a row of the input.
#pragma once

#include <stddef.h>

#include "xnnpack/microfnptr.h"

// The tiles of this build, each TILE(MR, NR), the general one first. One NR appears once: the
// kernel for a single row (1 x NR) goes by it. The 16 vector registers of x86 hold 4x8 or 2x16
// accumulators with their operands; a scalar engine has room for 2x4.
#if defined(__wasm_simd128__) || defined(__SSE2__) || defined(__ARM_NEON)
#define WXNN_GEMM_TILES(TILE) TILE(4, 8) TILE(2, 16) TILE(4, 4)
#else
#define WXNN_GEMM_TILES(TILE) TILE(2, 4)
#endif

#ifdef __cplusplus
extern "C" {
#endif

// Chooses the tile that the next PanelLayout takes, from the number of output channels (of one
// group). Not for concurrent use: call it right before. Without a call the first tile is taken.
void wxnn_select_gemm_tile(size_t output_channels);

// The same by number, for tests and measurements: tiles are numbered from 0 in the order of
// WXNN_GEMM_TILES.
void wxnn_use_gemm_tile(size_t tile);
size_t wxnn_gemm_tile(void);
size_t wxnn_gemm_tile_count(void);
const char* wxnn_gemm_tile_name(size_t tile);  // "2x16"

#define WXNN_DECLARE_KERNELS(ROWS, NR)                                                             \
  void wxnn_gemm_##ROWS##x##NR(size_t rows, size_t columns, size_t depth_bytes, const void* a,     \
                               size_t a_stride, const void* weights, void* c, size_t c_row_stride, \
                               size_t c_tile_stride, const void* params);                          \
  void wxnn_igemm_##ROWS##x##NR(size_t rows, size_t columns, size_t depth_bytes,                   \
                                size_t taps_bytes, const void** a, const void* weights, void* c,   \
                                size_t c_row_stride, size_t c_tile_stride, size_t a_offset,        \
                                const void* zero, const void* params);
#define WXNN_DECLARE_TILE(MR, NR) WXNN_DECLARE_KERNELS(1, NR) WXNN_DECLARE_KERNELS(MR, NR)
WXNN_GEMM_TILES(WXNN_DECLARE_TILE)

// x * scale + bias for one channel: XNNPACK takes it for a 1x1 convolution of single channels, the
// only such case it keeps from gemm.
void wxnn_vmulcaddc(size_t rows, size_t channels_bytes, const void* input, size_t input_stride,
                    const void* weights, void* output, size_t output_stride, const void* params);

#ifdef __cplusplus
}
#endif
