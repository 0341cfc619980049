#include "kernels/strassen.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "core/loop.h"

namespace wxnn {

void strassen_sums(const float* top, const float* bottom, int32_t half, float* to,
                   ptrdiff_t stride) {
  each_whole_vector(half, [=](int32_t k) {
    const float a = top[k], b = top[k + half], c = bottom[k], d = bottom[k + half];
    to[k] = a + d;
    to[k + stride] = c + d;
    to[k + 2 * stride] = a + b;
    to[k + 3 * stride] = c - a;
    to[k + 4 * stride] = b - d;
  });
}

void strassen_rows(const float* p, ptrdiff_t stride, int32_t half, float* top, float* bottom) {
  each_whole_vector(half, [=](int32_t k) {
    const float p0 = p[k], p1 = p[k + stride], p2 = p[k + 2 * stride], p3 = p[k + 3 * stride];
    const float p4 = p[k + 4 * stride], p5 = p[k + 5 * stride], p6 = p[k + 6 * stride];
    top[k] = ((p0 + p3) - p4) + p6;
    top[k + half] = p2 + p4;
    bottom[k] = p1 + p3;
    bottom[k + half] = ((p0 - p1) + p2) + p5;
  });
}

WXNN_LOOPS(Strassen, any_loop(strassen_sums), any_loop(strassen_rows));

namespace {
// Near x, which is not negative; far from where floats end.
float power_of_two(float x) {
  constexpr int kBias = 127, kMost = 20, kMantissa = 23;
  const int exponent = static_cast<int>(std::bit_cast<uint32_t>(x) >> kMantissa) - kBias;
  return std::bit_cast<float>((std::clamp(exponent, -kMost, kMost) + kBias) << kMantissa);
}
}  // namespace

void strassen_scales(const float* b, int32_t k, int32_t n, float* rows, float* columns) {
  std::fill_n(rows, k, 1.0f);
  // Each side as the other leaves it; a third time changes little.
  for (int round = 0; round < 2; ++round) {
    for (int32_t j = 0; j < n; ++j) {
      float sum = 0;
      for (int32_t i = 0; i < k; ++i) sum += std::fabs(b[i * n + j]) / rows[i];
      columns[j] = power_of_two(sum / static_cast<float>(k));
    }
    for (int32_t i = 0; i < k; ++i) {
      float sum = 0;
      for (int32_t j = 0; j < n; ++j) sum += std::fabs(b[i * n + j]) / columns[j];
      rows[i] = power_of_two(sum / static_cast<float>(n));
    }
  }
}

}  // namespace wxnn
