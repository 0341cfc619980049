#include "kernels/strassen.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "core/choose.h"
#include "core/loop.h"

namespace wxnn {

void strassen_sums(const float* top, const float* bottom, const float* factors, int32_t half,
                   float* to, ptrdiff_t stride) {
  const auto add = [=](int32_t k, float a, float b, float c, float d) {
    to[k] = a + d;
    to[k + stride] = c + d;
    to[k + 2 * stride] = a + b;
    to[k + 3 * stride] = c - a;
    to[k + 4 * stride] = b - d;
  };
  if (factors == nullptr) {
    each_whole_vector(
        half, [=](int32_t k) { add(k, top[k], top[k + half], bottom[k], bottom[k + half]); });
    return;
  }
  each_whole_vector(half, [=](int32_t k) {
    const float left = factors[k], right = factors[k + half];
    const float a = top[k] * left, d = bottom[k + half] * right;
    add(k, a, top[k + half] * right, bottom[k] * left, d);
    to[k + 5 * stride] = a;
    to[k + 6 * stride] = d;
  });
}

void strassen_rows(const float* p, ptrdiff_t stride, int32_t half, const StrassenEnd* end,
                   float* top, float* bottom) {
  const auto rows = [=](auto left, auto right) {
    each_whole_vector(half, [=](int32_t k) {
      const float p0 = p[k], p1 = p[k + stride], p2 = p[k + 2 * stride], p3 = p[k + 3 * stride];
      const float p4 = p[k + 4 * stride], p5 = p[k + 5 * stride], p6 = p[k + 6 * stride];
      top[k] = left(k, ((p0 + p3) - p4) + p6);
      top[k + half] = right(k, p2 + p4);
      bottom[k] = left(k, p1 + p3);
      bottom[k + half] = right(k, ((p0 - p1) + p2) + p5);
    });
  };
  if (end == nullptr) {
    const auto same = [](int32_t, float v) { return v; };
    return rows(same, same);
  }
  const float *factors = end->factors, min = end->min, max = end->max;
  const auto ended = [=](int32_t k, float v) {
    v *= factors[k];
    v = choose(v < min, min, v);
    return choose(v > max, max, v);
  };
  rows(ended, [=](int32_t k, float v) { return ended(k + half, v); });
}

WXNN_LOOPS(Strassen, any_loop(strassen_sums), any_loop(strassen_rows));

namespace {
// 1 over a power of two near x, which is not negative; far from where floats end.
float factor_for(float x) {
  constexpr int kBias = 127, kMost = 20, kMantissa = 23;
  const int exponent = static_cast<int>(std::bit_cast<uint32_t>(x) >> kMantissa) - kBias;
  return std::bit_cast<float>((kBias - std::clamp(exponent, -kMost, kMost)) << kMantissa);
}
}  // namespace

void strassen_factors(const float* b, int32_t lines, int32_t length, bool places_first,
                      float* of_lines, float* of_places) {
  std::fill_n(of_lines, lines, 1.0f);
  std::fill_n(of_places, length, 1.0f);
  // Each side as the other leaves it, twice: the first are found among numbers of any size.
  constexpr int kSteps = 4;
  for (int step = 0; step < kSteps; ++step) {
    const float* line = b;
    if (places_first == (step % 2 == 0)) {
      std::fill_n(of_places, length, 0.0f);
      for (int32_t i = 0; i < lines; ++i, line += length)
        for (int32_t j = 0; j < length; ++j) of_places[j] += std::fabs(line[j]) * of_lines[i];
      for (int32_t j = 0; j < length; ++j)
        of_places[j] = factor_for(of_places[j] / static_cast<float>(lines));
    } else {
      for (int32_t i = 0; i < lines; ++i, line += length) {
        float sum = 0;
        for (int32_t j = 0; j < length; ++j) sum += std::fabs(line[j]) * of_places[j];
        of_lines[i] = factor_for(sum / static_cast<float>(length));
      }
    }
  }
}

}  // namespace wxnn
