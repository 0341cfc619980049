#include "kernels/strassen.h"

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

}  // namespace wxnn
