#include "kernels/depthwise.h"

#include <algorithm>
#include <cstddef>
#include <limits>

#include "core/choose.h"
#include "core/loop.h"
#include "core/threads.h"
#include "kernels/add_product.h"

// Paths that give the same bits:
//   pixel()  one output pixel, any filter, any range of taps. 16 channels at once, so that the cost
//   of
//            walking over the taps is shared.
//   block()  kBlock neighbouring pixels whose taps all lie within the row, for the filters that
//   models
//            use: an input is loaded once for all pixels that see it, a weight once for all pixels.
//   pixel_of_any()  what is left.
// Loads bound this kernel: pixel() needs two for each multiply-add, block() of 3x3 three quarters.

namespace wxnn {
namespace {

#if defined(__wasm_simd128__) || defined(__SSE2__) || defined(__ARM_NEON)
typedef float Vec __attribute__((vector_size(16)));
typedef float UnalignedVec __attribute__((vector_size(16), aligned(4)));
constexpr int kLanes = 4;
inline Vec load(const float* p) { return *reinterpret_cast<const UnalignedVec*>(p); }
inline void store(float* p, Vec v) { *reinterpret_cast<UnalignedVec*>(p) = v; }
#else
// A scalar engine keeps block()'s values in registers when a "vector" is one channel; four channels
// would spill.
typedef float Vec;
constexpr int kLanes = 1;
inline float load(const float* p) { return *p; }
inline void store(float* p, float v) { *p = v; }
#endif
constexpr int kBlock = 4;

// NaN passes: it is neither below nor above.
template <class V>
inline V clamp(V v, float min, float max) {
  const V low = V{} + min, high = V{} + max;
  v = v < low ? low : v;
  return v > high ? high : v;
}
template <>
inline float clamp(float v, float min, float max) {
  return choose(v > max, max, choose(v < min, min, v));
}

// The clamp changes something; asked once for several sums.
inline bool bounded(const DepthwiseConvolution& d) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  return d.min > -kInfinity || d.max < kInfinity;
}

struct Range {
  int32_t from, to;
};

// Taps of an output that lie within [0, in).
inline Range taps_inside(const DepthwiseAxis& a, int32_t out) {
  const int32_t first = out * a.stride - a.before;
  const int32_t from = first >= 0 ? 0 : (-first + a.dilation - 1) / a.dilation;
  const int32_t to = first >= a.in ? 0 : (a.in - 1 - first) / a.dilation + 1;
  return {from, std::min(to, a.filter)};
}

// Outputs all of whose taps lie within [0, in).
inline Range outputs_inside(const DepthwiseAxis& a) {
  const int32_t reach = (a.filter - 1) * a.dilation + 1;
  const int32_t room = a.in + a.before - reach;
  const int32_t from = std::min((a.before + a.stride - 1) / a.stride, a.out);
  const int32_t to = room < 0 ? 0 : std::min(room / a.stride + 1, a.out);
  return {from, std::max(from, to)};
}

// The taps of one output pixel, or of the first of a block, that lie within the image.
struct Taps {
  const float* in;      // channel 0 of the first of them
  const float* filter;  // likewise
  int32_t rows, columns;
  ptrdiff_t in_row, in_column, filter_row, filter_column;  // strides in floats
};

template <int kVectors>
inline void pixel_at(const DepthwiseConvolution& d, const Taps& t, int32_t channel, float* out) {
  Vec sum[kVectors];
#pragma unroll
  for (int j = 0; j < kVectors; ++j) sum[j] = load(d.bias + channel + j * kLanes);
  const float* in_row = t.in + channel;
  const float* filter_row = t.filter + channel;
  for (int32_t y = 0; y < t.rows; ++y) {
    const float* in = in_row;
    const float* w = filter_row;
    for (int32_t x = 0; x < t.columns; ++x) {
#pragma unroll
      for (int j = 0; j < kVectors; ++j)
        sum[j] = add_product(sum[j], load(in + j * kLanes), load(w + j * kLanes));
      in += t.in_column;
      w += t.filter_column;
    }
    in_row += t.in_row;
    filter_row += t.filter_row;
  }
  if (bounded(d)) {
#pragma unroll
    for (int j = 0; j < kVectors; ++j) sum[j] = clamp(sum[j], d.min, d.max);
  }
#pragma unroll
  for (int j = 0; j < kVectors; ++j) store(out + channel + j * kLanes, sum[j]);
}

// d.channels >= kLanes, d.multiplier == 1.
void pixel(const DepthwiseConvolution& d, const Taps& t, float* out) {
  constexpr int kMany = 4;
  int32_t c = 0;
  for (; c + kMany * kLanes <= d.channels; c += kMany * kLanes) pixel_at<kMany>(d, t, c, out);
  while (c < d.channels) {  // the last vector overlaps the one before: the same numbers once more
    c = std::min(c, d.channels - kLanes);
    pixel_at<1>(d, t, c, out);
    c += kLanes;
  }
}

// Any d, its sums in memory: for several outputs per input channel, or very few channels. Both
// rare.
[[clang::minsize]] void pixel_of_any(const DepthwiseConvolution& d, const Taps& t, float* out) {
  const int32_t outputs = d.channels * d.multiplier;
  std::copy_n(d.bias, outputs, out);
  for (int32_t y = 0; y < t.rows; ++y) {
    for (int32_t x = 0; x < t.columns; ++x) {
      const float* in = t.in + y * t.in_row + x * t.in_column;
      const float* __restrict w = t.filter + y * t.filter_row + x * t.filter_column;
      float* __restrict sum = out;
      for (int32_t c = 0; c < d.channels; ++c) {
        const float v = in[c];
#pragma clang loop interleave(disable) unroll(disable)
        for (int32_t m = 0; m < d.multiplier; ++m) sum[m] = sum[m] + v * w[m];
        sum += d.multiplier;
        w += d.multiplier;
      }
    }
  }
#pragma clang loop vectorize(disable) unroll(disable)
  for (int32_t o = 0; o < outputs; ++o) out[o] = clamp(out[o], d.min, d.max);
}

// d.channels >= kLanes, d.multiplier == 1, d.x.dilation == 1; all columns of the filter are inside.
template <int kFilter, int kStride>
void block(const DepthwiseConvolution& d, const Taps& t, float* out) {
  constexpr int kInputs = (kBlock - 1) * kStride + kFilter;
  const ptrdiff_t channels = d.channels;
  for (ptrdiff_t c = 0; c < channels; c += kLanes) {
    c = std::min(c, channels - kLanes);
    Vec sum[kBlock];
#pragma unroll
    for (int p = 0; p < kBlock; ++p) sum[p] = load(d.bias + c);
    const float* in = t.in + c;
    const float* w = t.filter + c;
    for (int32_t y = 0; y < t.rows; ++y) {
      Vec v[kInputs];
#pragma unroll
      for (int i = 0; i < kInputs; ++i) v[i] = load(in + i * channels);
#pragma unroll
      for (int x = 0; x < kFilter; ++x) {
        const Vec tap = load(w + x * channels);
#pragma unroll
        for (int p = 0; p < kBlock; ++p) sum[p] = add_product(sum[p], v[p * kStride + x], tap);
      }
      in += t.in_row;
      w += t.filter_row;
    }
    if (bounded(d)) {
#pragma unroll
      for (int p = 0; p < kBlock; ++p) sum[p] = clamp(sum[p], d.min, d.max);
    }
#pragma unroll
    for (int p = 0; p < kBlock; ++p) store(out + p * channels + c, sum[p]);
  }
}

using PixelFunction = void (*)(const DepthwiseConvolution&, const Taps&, float*);

// Null where blocks do not apply.
PixelFunction choose_block(const DepthwiseConvolution& d) {
  if (d.multiplier != 1 || d.channels < kLanes || d.x.dilation != 1) return nullptr;
  if (d.x.filter == 3 && d.x.stride == 1) return block<3, 1>;
  if (d.x.filter == 3 && d.x.stride == 2) return block<3, 2>;
  if (d.x.filter == 5 && d.x.stride == 1) return block<5, 1>;
  if (d.x.filter == 5 && d.x.stride == 2) return block<5, 2>;
  return nullptr;
}

// The rows of taps of the outputs in row `y` of image `in`; columns still to be settled.
Taps taps_of_row(const DepthwiseConvolution& d, const float* in, int32_t y) {
  const Range rows = taps_inside(d.y, y);
  Taps t;
  t.in_row = static_cast<ptrdiff_t>(d.y.dilation) * d.x.in * d.channels;
  t.in_column = static_cast<ptrdiff_t>(d.x.dilation) * d.channels;
  t.filter_column = static_cast<ptrdiff_t>(d.channels) * d.multiplier;
  t.filter_row = t.filter_column * d.x.filter;
  t.rows = std::max(rows.to - rows.from, 0);
  t.columns = 0;
  t.in = in;
  t.filter = d.filter;
  if (t.rows == 0) return t;
  const ptrdiff_t first = y * d.y.stride - d.y.before + rows.from * d.y.dilation;
  t.in += first * d.x.in * d.channels;
  t.filter += rows.from * t.filter_row;
  return t;
}

// The same for the output in column `x`, with the taps in `columns`.
inline Taps taps_at(const DepthwiseConvolution& d, const Taps& row, int32_t x, Range columns) {
  Taps t = row;
  t.columns = std::max(columns.to - columns.from, 0);
  if (t.columns == 0) return t;
  const ptrdiff_t first = x * d.x.stride - d.x.before + columns.from * d.x.dilation;
  t.in += first * d.channels;
  t.filter += columns.from * t.filter_column;
  return t;
}

void output_row(const DepthwiseConvolution& d, const Taps& row, float* out) {
  const PixelFunction alone = d.multiplier == 1 && d.channels >= kLanes ? pixel : pixel_of_any;
  const PixelFunction in_block = choose_block(d);
  Range blocks = outputs_inside(d.x);
  if (in_block == nullptr || blocks.to - blocks.from < kBlock) blocks = {0, 0};
  const ptrdiff_t outputs = row.filter_column;
  for (int32_t x = 0; x < d.x.out;) {
    if (x >= blocks.from && x < blocks.to) {
      x = std::min(x, blocks.to - kBlock);  // the last may overlap the one before
      in_block(d, taps_at(d, row, x, {0, d.x.filter}), out + x * outputs);
      x += kBlock;
    } else {
      alone(d, taps_at(d, row, x, taps_inside(d.x, x)), out + x * outputs);
      ++x;
    }
  }
}

}  // namespace

void depthwise_convolution(const DepthwiseConvolution& d, const float* in, float* out) {
  const ptrdiff_t in_image = static_cast<ptrdiff_t>(d.y.in) * d.x.in * d.channels;
  const ptrdiff_t out_line = static_cast<ptrdiff_t>(d.x.out) * d.channels * d.multiplier;
  const int64_t work = d.batch * d.y.out * out_line * d.y.filter * d.x.filter;
  share_out(pool_for(work), static_cast<size_t>(d.batch) * d.y.out, [&](size_t line) {
    const int32_t n = static_cast<int32_t>(line / d.y.out);
    const int32_t y = static_cast<int32_t>(line % d.y.out);
    output_row(d, taps_of_row(d, in + n * in_image, y), out + line * out_line);
  });
}

WXNN_LOOPS(Depthwise, any_loop(depthwise_convolution));

}  // namespace wxnn
