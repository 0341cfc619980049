#include "kernels/winograd.h"

#include "core/loop.h"

namespace wxnn {

namespace {
// G[r] g for three numbers; G's rows are (1 0 0), (1 1 1) / 2, (1 -1 1) / 2, (0 0 1).
double filter_row(int r, double a, double b, double c) {
  if (r == 0) return a;
  if (r == 3) return c;
  return ((a + c) + (r == 1 ? b : -b)) * 0.5;
}

int32_t whole(int32_t channels) { return (channels + 3) & ~3; }
}  // namespace

float winograd_filter(const float* data, ptrdiff_t stride, int e) {
  double rows[3];
  for (int i = 0; i < 3; ++i, data += 3 * stride)
    rows[i] = filter_row(e % kWinogradPatch, data[0], data[stride], data[2 * stride]);
  return static_cast<float>(filter_row(e / kWinogradPatch, rows[0], rows[1], rows[2]));
}

void winograd_patch(const float* patch, ptrdiff_t row, int32_t channels, float* to,
                    ptrdiff_t stride) {
  each_whole_vector(whole(channels), [=](int32_t k) {
    float t[4][4];
#pragma unroll
    for (int j = 0; j < 4; ++j) {
      const float* p = patch + j * channels + k;
      const float a = p[0], b = p[row], c = p[2 * row], d = p[3 * row];
      t[0][j] = a - c;
      t[1][j] = b + c;
      t[2][j] = c - b;
      t[3][j] = b - d;
    }
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      float* out = to + i * 4 * stride + k;
      out[0] = t[i][0] - t[i][2];
      out[stride] = t[i][1] + t[i][2];
      out[2 * stride] = t[i][2] - t[i][1];
      out[3 * stride] = t[i][1] - t[i][3];
    }
  });
}

void winograd_tile(const float* m, ptrdiff_t stride, int32_t channels, float* to, ptrdiff_t pixel) {
  each_whole_vector(whole(channels), [=](int32_t k) {
    float t[2][4];
#pragma unroll
    for (int j = 0; j < 4; ++j) {
      const float* p = m + j * stride + k;
      const float a = p[0], b = p[4 * stride], c = p[8 * stride], d = p[12 * stride];
      t[0][j] = (a + b) + c;
      t[1][j] = (b - c) - d;
    }
#pragma unroll
    for (int i = 0; i < 2; ++i) {
      float* out = to + i * 2 * pixel + k;
      out[0] = (t[i][0] + t[i][1]) + t[i][2];
      out[pixel] = (t[i][1] - t[i][2]) - t[i][3];
    }
  });
}

WXNN_LOOPS(Winograd, any_loop(winograd_patch), any_loop(winograd_tile));

}  // namespace wxnn
