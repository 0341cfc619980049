// How many numbers become one, the same way in every build and for every layout: element i goes to
// lane i % 4, and the lanes are joined as (0 1)(2 3). One lane is what a SIMD register holds of a
// float32 sum; the plain build keeps the same four.
#pragma once
#include <cstdint>

#include "core/loop.h"

namespace wxnn {

template <class T>
struct Lanes {
  T lane[4];
};

template <class T, class F>
T join(const Lanes<T>& lanes, F f) {
  return f(f(lanes.lane[0], lanes.lane[1]), f(lanes.lane[2], lanes.lane[3]));
}

// Takes n more elements; n is a multiple of 4 except in the last call.
template <class T, class F>
void accumulate(const T* x, int32_t n, Lanes<T>& lanes, F f) {
  T a = lanes.lane[0];
  T b = lanes.lane[1];
  T c = lanes.lane[2];
  T d = lanes.lane[3];
  int32_t i = 0;
  for (; i + 4 <= n; i += 4) {
    a = f(a, x[i]);
    b = f(b, x[i + 1]);
    c = f(c, x[i + 2]);
    d = f(d, x[i + 3]);
  }
  lanes = {{a, b, c, d}};
  for (; i < n; ++i) lanes.lane[i % 4] = f(lanes.lane[i % 4], x[i]);
}

template <class T, class F>
T reduce(const T* x, int32_t n, T start, F f) {
  Lanes<T> lanes{{start, start, start, start}};
  accumulate(x, n, lanes, f);
  return join(lanes, f);
}

// y[k] = the reduction of x[k], x[k + step], x[k + 2 step]…, `rows` of them, for k < columns.
template <class T, class F>
void reduce_columns(const T* x, int32_t rows, int32_t step, int32_t columns, T start, F f, T* y) {
  constexpr int32_t kBlock = 64;
  T lanes[4][kBlock];
  for (int32_t k = 0; k < columns; k += kBlock) {
    const int32_t n = columns - k < kBlock ? columns - k : kBlock;
    for (auto& lane : lanes) {
      for (T& v : lane) v = start;
    }
    for (int32_t r = 0; r < rows; ++r) {
      const T* row = x + static_cast<int64_t>(r) * step + k;
      T* lane = lanes[r % 4];
      each(n, [=](int32_t i) { lane[i] = f(lane[i], row[i]); });
    }
    for (int32_t i = 0; i < n; ++i) {
      y[k + i] = f(f(lanes[0][i], lanes[1][i]), f(lanes[2][i], lanes[3][i]));
    }
  }
}

}  // namespace wxnn
