#include "kernels/depthwise.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include "core/choose.h"
#include "core/loop.h"
#include "core/threads.h"
#include "kernels/add_product.h"

// Paths that give the same bits:
//   blocks() some neighbouring pixels at once whose taps all lie within the row, for the filters
//            that models use: an input is loaded once for all pixels that see it, a weight once
//            for all pixels.
//   pixel()  one output pixel, any filter, any range of taps. 16 channels at once, so that the cost
//            of walking over the taps is shared.
//   pixel_of_any()  what is left.
// What bounds the kernel is the number of instructions, at most two thirds of which multiply and
// add.

namespace wxnn {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

#if defined(__wasm_simd128__) || defined(__SSE2__) || defined(__ARM_NEON)
typedef float Vec __attribute__((vector_size(16)));
typedef float UnalignedVec __attribute__((vector_size(16), aligned(4)));
typedef int32_t Choice __attribute__((vector_size(16)));
constexpr int kLanes = 4;
inline Vec choose(Choice first, Vec a, Vec b) { return first ? a : b; }
inline Vec load(const float* p) { return *reinterpret_cast<const UnalignedVec*>(p); }
inline void store(float* p, Vec v) { *reinterpret_cast<UnalignedVec*>(p) = v; }
// Whether a bound changes anything; a clamp of four numbers takes no longer than the question.
inline bool binds(Vec) { return true; }
#else
// A scalar engine keeps block()'s values in registers when a "vector" is one channel; four channels
// would spill.
typedef float Vec;
constexpr int kLanes = 1;
inline float load(const float* p) { return *p; }
inline void store(float* p, float v) { *p = v; }
inline bool binds(float bound) { return std::abs(bound) < kInfinity; }
#endif
inline Vec splat(float x) { return x - Vec{}; }  // to add 0 would change -0

// NaN passes: it is neither below nor above.
template <int n>
inline void clamp(Vec (&sum)[n], Vec low, Vec high) {
  if (binds(low)) {
#pragma unroll
    for (int i = 0; i < n; ++i) sum[i] = choose(sum[i] < low, low, sum[i]);
  }
  if (binds(high)) {
#pragma unroll
    for (int i = 0; i < n; ++i) sum[i] = choose(sum[i] > high, high, sum[i]);
  }
}

struct Range {
  int32_t from, to;
};

// Outputs all of whose taps lie within [0, in).
inline Range outputs_inside(const DepthwiseAxis& a) {
  const int32_t reach = (a.filter - 1) * a.dilation + 1;
  const int32_t room = a.in + a.before - reach;
  const int32_t from = std::min((a.before + a.stride - 1) / a.stride, a.out);
  const int32_t to = room < 0 ? 0 : std::min(room / a.stride + 1, a.out);
  return {from, std::max(from, to)};
}

// Outputs whose weights lie together.
inline int32_t group_width(int32_t channels, int32_t multiplier, int32_t lanes) {
  return multiplier == 1 && channels >= lanes ? lanes : channels * multiplier;
}

// The taps of one output pixel, or of a row of them, that lie within the image.
struct Taps {
  const float* in;    // channel 0 of the first of them
  ptrdiff_t weights;  // from a group's start to the first of them, in floats
  int32_t rows, columns;
  ptrdiff_t in_row, in_column, weights_row;  // strides in floats
};

template <int kVectors>
inline void pixel_at(const DepthwiseConvolution& d, const Taps& t, int32_t channel,
                     const float* group, ptrdiff_t group_floats, float* out) {
  Vec sum[kVectors];
#pragma unroll
  for (int j = 0; j < kVectors; ++j) sum[j] = load(group + j * group_floats);
  const float* in_row = t.in + channel;
  const float* weights_row = group + t.weights;
#pragma clang loop unroll(disable)
  for (int32_t y = 0; y < t.rows; ++y) {
    const float* in = in_row;
    const float* w = weights_row;
#pragma clang loop unroll(disable)
    for (int32_t x = 0; x < t.columns; ++x) {
#pragma unroll
      for (int j = 0; j < kVectors; ++j)
        sum[j] = add_product(sum[j], load(in + j * kLanes), load(w + j * group_floats));
      in += t.in_column;
      w += kLanes;
    }
    in_row += t.in_row;
    weights_row += t.weights_row;
  }
  clamp(sum, splat(d.min), splat(d.max));
#pragma unroll
  for (int j = 0; j < kVectors; ++j) store(out + channel + j * kLanes, sum[j]);
}

// d.channels >= kLanes, d.multiplier == 1.
void pixel(const DepthwiseConvolution& d, const Taps& t, float* out) {
  constexpr int kMany = 4;
  const ptrdiff_t group_floats = (d.y.filter * d.x.filter + 1) * kLanes;
  const float* group = d.weights;
  int32_t c = 0;
  for (; c + kMany * kLanes <= d.channels; c += kMany * kLanes) {
    pixel_at<kMany>(d, t, c, group, group_floats, out);
    group += kMany * group_floats;
  }
  for (; c < d.channels; c += kLanes) {
    c = std::min(c, d.channels - kLanes);  // the last overlaps: the same numbers once more
    pixel_at<1>(d, t, c, group, group_floats, out);
    group += group_floats;
  }
}

// Any d, its sums in memory: for several outputs per input channel, or very few channels. Both
// rare.
[[clang::minsize]] void pixel_of_any(const DepthwiseConvolution& d, const Taps& t, float* out) {
  const int32_t outputs = d.channels * d.multiplier;
  std::copy_n(d.weights, outputs, out);
  for (int32_t y = 0; y < t.rows; ++y) {
    for (int32_t x = 0; x < t.columns; ++x) {
      const float* in = t.in + y * t.in_row + x * t.in_column;
      const float* __restrict w = d.weights + t.weights + y * t.weights_row + x * outputs;
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
  for (int32_t o = 0; o < outputs; ++o) {
    float v = out[o];
    v = v < d.min ? d.min : v;
    out[o] = v > d.max ? d.max : v;
  }
}

// The outputs in columns [from, to) of a row, kBlock or more, which see whole rows of taps, one or
// more. d.channels >= kLanes, d.multiplier == 1, d.x.dilation == 1. kBounded: they are clamped.
// One loop over blocks and groups of channels, which clang is not to make two of: V8 unrolls what
// is nested deeper, and then keeps half of its numbers in memory. Pointers move on from where a
// block leaves them, and steps are opaque, or clang would keep what they are made of.
template <int kFilter, int kStride, int kBlock, bool kBounded>
void blocks(const DepthwiseConvolution& d, const Taps& t, int32_t from, int32_t to, float* out) {
  constexpr int kInputs = (kBlock - 1) * kStride + kFilter;
  const ptrdiff_t channels = d.channels, last = channels - kLanes, in_row = t.in_row;
  ptrdiff_t weights = t.weights;
  ptrdiff_t next_in = kLanes - t.rows * in_row, next_out = kLanes - kBlock * channels;
  ptrdiff_t next_w = ((d.y.filter - t.rows) * kFilter + 1) * kLanes;
  asm("" : "+r"(weights), "+r"(next_w), "+r"(next_in), "+r"(next_out));
  const Vec low = splat(d.min), high = splat(d.max);
  const float* in = t.in + (from * kStride - d.x.before) * channels;
  const float* w = d.weights + weights;
  out += from * channels;
  int32_t left = to - from;
  ptrdiff_t ahead = last;  // channels behind this group
  for (;;) {
    const Vec bias = load(w - weights);
    Vec sum[kBlock];
#pragma unroll
    for (int p = 0; p < kBlock; ++p) sum[p] = bias;
    int32_t rows = t.rows;
    do {
      Vec v[kInputs];
      const float* at = in;
#pragma unroll
      for (int i = 0; i < kInputs; ++i) {
        v[i] = load(at);
        at += channels;
        asm("" : "+r"(at));  // one register instead of one for each multiple of `channels`
      }
#pragma unroll
      for (int x = 0; x < kFilter; ++x) {
        const Vec tap = load(w + x * kLanes);
#pragma unroll
        for (int p = 0; p < kBlock; ++p) sum[p] = add_product(sum[p], v[p * kStride + x], tap);
      }
      in += in_row;
      w += kFilter * kLanes;
    } while (--rows != 0);
    if constexpr (kBounded) clamp(sum, low, high);
#pragma unroll
    for (int p = 0; p < kBlock; ++p) {
      store(out, sum[p]);
      out += channels;
      asm("" : "+r"(out));
    }
    in += next_in;
    out += next_out;
    w += next_w;
    ahead -= kLanes;
    if (ahead < 0 && ahead > -kLanes) {  // the last overlaps: the same numbers once more
      in += ahead;
      out += ahead;
      ahead = 0;
    } else if (ahead < 0) {
      left -= kBlock;
      if (left <= 0) return;
      const int32_t step = std::min(kBlock, left);  // the last may overlap, too
      in += (step * kStride - 1) * channels;
      out += (step - 1) * channels;
      w = d.weights + weights;
      ahead = last;
    }
    asm("" : "+r"(ahead), "+r"(left));
  }
}

struct Blocks {
  void (*run)(const DepthwiseConvolution&, const Taps&, int32_t from, int32_t to, float*);
  int32_t pixels;  // of one
};

// For `n` outputs of a row, which see whole rows of taps. What is fastest in V8.
template <bool kBounded>
Blocks choose_blocks(const DepthwiseAxis& x, int32_t n) {
  if (x.dilation != 1) return {};
  if (x.filter == 3 && x.stride == 1 && n % 4 == 0) return {blocks<3, 1, 4, kBounded>, 4};
  if (x.filter == 3 && x.stride == 1) return {blocks<3, 1, 5, kBounded>, 5};
  if (x.filter == 3 && x.stride == 2) return {blocks<3, 2, 4, kBounded>, 4};
  if (x.filter == 5 && x.stride == 1) return {blocks<5, 1, 4, kBounded>, 4};
  if (x.filter == 5 && x.stride == 2) return {blocks<5, 2, 3, kBounded>, 3};
  return {};
}

// What all rows of a convolution have in common.
struct Columns {
  Blocks blocks = {};
  Range in_blocks = {0, 0};  // the outputs of a row that they compute, and `pixel` the others
  void (*pixel)(const DepthwiseConvolution&, const Taps&, float*) = pixel_of_any;
};
Columns plan_columns(const DepthwiseConvolution& d) {
  Columns columns;
  if (d.multiplier != 1 || d.channels < kLanes) return columns;
  columns.pixel = pixel;
  Range inside = outputs_inside(d.x);
  const int32_t n = inside.to - inside.from;
  const bool bounded = kLanes == 1 || d.min > -kInfinity || d.max < kInfinity;
  const Blocks blocks = bounded ? choose_blocks<true>(d.x, n) : choose_blocks<false>(d.x, n);
  if (blocks.run == nullptr || n < blocks.pixels) return columns;
  // A last block that would compute more pixels again than anew is left to pixel().
  const int32_t rest = n % blocks.pixels;
  if (rest <= blocks.pixels / 2) inside.to -= rest;
  columns.blocks = blocks;
  columns.in_blocks = inside;
  return columns;
}

// Moves to the first tap of output `out` of an axis that lies within the image; says how many do.
// In floats: what lies between two neighbours in the image, and between two weights.
[[gnu::noinline]] int32_t enter(Taps& t, const DepthwiseAxis& a, int32_t out, ptrdiff_t neighbour,
                                ptrdiff_t weight) {
  const int32_t start = out * a.stride - a.before;
  const int32_t from = start >= 0 ? 0 : (-start + a.dilation - 1) / a.dilation;
  const int32_t to = start >= a.in ? 0 : (a.in - 1 - start) / a.dilation + 1;
  const int32_t n = std::min(to, a.filter) - from;
  if (n <= 0) return 0;
  t.in += (start + from * a.dilation) * neighbour;
  t.weights += from * weight;
  return n;
}

// Row `y` of the outputs of image `in`.
void output_row(const DepthwiseConvolution& d, const Columns& columns, const float* in, int32_t y,
                float* out) {
  const ptrdiff_t width = group_width(d.channels, d.multiplier, kLanes);
  const ptrdiff_t in_row = static_cast<ptrdiff_t>(d.x.in) * d.channels;
  Taps row;
  row.in = in;
  row.weights = width;  // behind the biases
  row.columns = 0;
  row.in_row = d.y.dilation * in_row;
  row.in_column = static_cast<ptrdiff_t>(d.x.dilation) * d.channels;
  row.weights_row = d.x.filter * width;
  row.rows = enter(row, d.y, y, in_row, row.weights_row);
  const ptrdiff_t outputs = static_cast<ptrdiff_t>(d.channels) * d.multiplier;
  for (int32_t x = 0; x < d.x.out; ++x) {
    if (x == columns.in_blocks.from && columns.blocks.run != nullptr && row.rows != 0) {
      columns.blocks.run(d, row, columns.in_blocks.from, columns.in_blocks.to, out);
      x = columns.in_blocks.to - 1;
      continue;
    }
    Taps taps = row;
    taps.columns = enter(taps, d.x, x, d.channels, width);
    columns.pixel(d, taps, out + x * outputs);
  }
}

}  // namespace

int32_t depthwise_lanes() { return kLanes; }

size_t depthwise_floats(int32_t channels, int32_t multiplier, int32_t taps) {
  const int32_t outputs = channels * multiplier;
  const int32_t width = group_width(channels, multiplier, replaceable(depthwise_lanes)());
  const int32_t groups = width == 0 ? 0 : (outputs + width - 1) / width;
  return static_cast<size_t>(groups) * width * (taps + 1);
}

[[clang::minsize]] void pack_depthwise(int32_t channels, int32_t multiplier, int32_t taps,
                                       const float* filter, const float* bias, float* weights) {
  const int32_t outputs = channels * multiplier;
  const int32_t width = group_width(channels, multiplier, replaceable(depthwise_lanes)());
  for (int32_t first = 0; first < outputs; first += width) {
    first = std::min(first, outputs - width);
    for (int32_t tap = -1; tap < taps; ++tap, weights += width) {
      const float* from = tap < 0 ? bias : filter + static_cast<ptrdiff_t>(tap) * outputs;
      for (int32_t i = 0; i < width; ++i) weights[i] = from == nullptr ? 0 : from[first + i];
    }
  }
}

void depthwise_convolution(const DepthwiseConvolution& d, const float* in, float* out) {
  const ptrdiff_t in_image = static_cast<ptrdiff_t>(d.y.in) * d.x.in * d.channels;
  const ptrdiff_t out_line = static_cast<ptrdiff_t>(d.x.out) * d.channels * d.multiplier;
  const int64_t work = d.batch * d.y.out * out_line * d.y.filter * d.x.filter;
  const Columns columns = plan_columns(d);
  share_out(pool_for(work), static_cast<size_t>(d.batch) * d.y.out, [&](size_t line) {
    const int32_t n = static_cast<int32_t>(line / d.y.out);
    const int32_t y = static_cast<int32_t>(line % d.y.out);
    output_row(d, columns, in + n * in_image, y, out + line * out_line);
  });
}

WXNN_LOOPS(Depthwise, any_loop(depthwise_lanes), any_loop(depthwise_convolution));

}  // namespace wxnn
