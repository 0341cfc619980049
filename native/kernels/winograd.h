// The minimal filtering algorithm F(2x2, 3x3) for convolutions with 3x3 filters and strides of 1:
// two by two outputs from 16 products a channel, where one after the other takes 36. S. Winograd,
// "Arithmetic Complexity of Computations", 1980; A. Lavin, S. Gray, "Fast Algorithms for
// Convolutional Neural Networks", 2016. With a 4x4 patch d of the image and a filter g:
//
//     y = A' [ (G g G') * (B' d B) ] A
//
// The factors of B and A are 0, 1 and -1, those of G halves, so small whole numbers stay exact.
// Promise: every build gives the same bits; an output depends on the whole patch, so that an
// infinite number in it may become NaN in its neighbours. Blocking changes speed only.
#pragma once
#include <cstddef>
#include <cstdint>

namespace wxnn {

inline constexpr int kWinogradPatch = 4;      // side of d
inline constexpr int kWinogradTile = 2;       // side of y
inline constexpr int kWinogradProducts = 16;  // entries of the transformed filter and patch

// (G g G')[e] of a filter whose nine numbers are g[i] at data[i * stride], i = row * 3 + column;
// rounded once.
float winograd_filter(const float* data, ptrdiff_t stride, int e);

// B' d B of every channel. Pixel (i, j) of the patch: `channels` floats at patch + i * row + j *
// channels. Entry e goes to to[e * stride]. This and the next work on whole vectors: up to 3 floats
// behind `channels` are read, and written, too. Loops that can be replaced (core/loop.h).
void winograd_patch(const float* patch, ptrdiff_t row, int32_t channels, float* to,
                    ptrdiff_t stride);

// A' m A of every channel, entry e at m[e * stride]. The tile's pixels, row by row, lie `pixel`
// floats apart, which are at least as many as are written.
void winograd_tile(const float* m, ptrdiff_t stride, int32_t channels, float* to, ptrdiff_t pixel);

}  // namespace wxnn
