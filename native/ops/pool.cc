// MaxPool and AvgPool over NHWC images. Our own loops, along the channels: every build adds in the
// same order. Padding counts neither as a value nor in the average; a window that sees nothing but
// padding gives -infinity or NaN, as in TensorFlow.js.
#include <algorithm>
#include <cstring>

#include "core/choose.h"
#include "core/loop.h"
#include "core/math.h"
#include "ops/conv_shape.h"

namespace wxnn {
namespace {

std::pair<int32_t, int32_t> filter_of(const Attrs& attrs) {
  return {attrs.i("filterSize", 0), attrs.i("filterSize", 1)};
}

[[clang::minsize]] Status infer_pool(InferCtx& c) {
  const Shape& x = c.in(0).shape;
  WXNN_TRY(check_image("x", c.in(0)));
  Window w;
  WXNN_TRY(slide_window(c.attrs, x, filter_of(c.attrs), &w));
  c.out() = {DType::kFloat32, {x[0], w.y.out, w.x.out, x[3]}};
  return {};
}

// Taps of a window that lie inside the image: [first, last) along one axis.
struct Taps {
  int32_t first, last;
};
Taps taps_at(const Slide& s, int32_t out) {
  const int32_t start = out * s.stride - s.before;  // of the image, may be negative
  const int32_t skip = start < 0 ? (-start + s.dilation - 1) / s.dilation : 0;
  const int32_t fit = start < s.in ? (s.in - start + s.dilation - 1) / s.dilation : 0;
  return {skip, std::max(skip, std::min(fit, s.filter))};
}

// What a pooling does with the n channels of an output pixel y.
struct Pooling {
  float start;
  // Takes `taps` pixels of x that lie `step` floats apart.
  void (*take)(float* y, const float* x, int32_t n, int32_t taps, int32_t step);
  void (*divide)(float* y, float count, int32_t n);  // null: the sum is the answer
  // A row of whole windows of 2 x 2, side by side, of 4 k channels; `below`: from a row of x to the
  // next. May be null.
  void (*take_fours)(float* y, const float* x, int32_t n, int32_t windows, int32_t below) = nullptr;
};

bool halves(const Slide& s) {
  return s.filter == 2 && s.stride == 2 && s.dilation == 1 && s.before == 0;
}

Status run_pool(const RunCtx& c, const Pooling& pooling) {
  const Shape& shape = c.in(0).shape;
  const Window w = window_of(c.attrs, shape, filter_of(c.attrs));
  const int32_t channels = shape[3];
  const bool fours =
      pooling.take_fours != nullptr && channels % 4 == 0 && halves(w.x) && halves(w.y);
  const float* image = c.in(0).f32();
  float* y = c.out().f32();
  for (int32_t n = 0; n < shape[0]; ++n, image += shape.elements(1, 4)) {
    for (int32_t oy = 0; oy < w.y.out; ++oy) {
      const Taps ty = taps_at(w.y, oy);
      int32_t ox = 0;
      if (fours && ty.last == 2) {
        ox = shape[2] / 2;
        const int32_t below = shape[2] * channels;
        pooling.take_fours(y, image + 2 * oy * below, channels, ox, below);
        y += ox * channels;
      }
      for (; ox < w.x.out; ++ox, y += channels) {
        const Taps tx = taps_at(w.x, ox);
        std::fill_n(y, channels, pooling.start);
        for (int32_t ky = ty.first; ky < ty.last; ++ky) {
          const int32_t iy = oy * w.y.stride - w.y.before + ky * w.y.dilation;
          const int32_t ix = ox * w.x.stride - w.x.before + tx.first * w.x.dilation;
          pooling.take(y, image + (iy * shape[2] + ix) * channels, channels, tx.last - tx.first,
                       w.x.dilation * channels);
        }
        if (pooling.divide == nullptr) continue;
        pooling.divide(y, static_cast<float>((ty.last - ty.first) * (tx.last - tx.first)),
                       channels);
      }
    }
  }
  return {};
}

// A NaN is never the largest, as in TensorFlow.js and LiteRT.
float more(float most, float x) { return choose(most < x, x, most); }

// Two taps at once, as each pass over y costs a load and a store; a last one alone counts twice.
void take_largest(float* y, const float* x, int32_t n, int32_t taps, int32_t step) {
  for (; taps > 0; taps -= 2, x += 2 * step) {
    const float* next = taps > 1 ? x + step : x;
    each(n, [=](int32_t i) { y[i] = more(more(y[i], x[i]), next[i]); });
  }
}

void take_largest_of_fours(float* y, const float* x, int32_t n, int32_t windows, int32_t below) {
  for (; windows > 0; --windows, y += n, x += 2 * n) {
    each_whole_vector(n, [=](int32_t i) {
      const float upper = more(more(-kInfF32, x[i]), x[i + n]);
      y[i] = more(more(upper, x[i + below]), x[i + below + n]);
    });
  }
}

#if defined(__wasm_simd128__) || defined(__SSE2__) || defined(__ARM_NEON)
typedef float Vec __attribute__((vector_size(16)));
#else
typedef float Vec;
#endif

// The sums of kCount neighbouring Vs of channels, in registers: in memory each tap would wait for
// the last.
template <class V, int kCount>
inline void add_taps(float* y, const float* x, int32_t taps, int32_t step) {
  V sum[kCount];
  std::memcpy(sum, y, sizeof(sum));
#pragma clang loop unroll(disable)
  for (; taps > 0; --taps, x += step) {
#pragma unroll
    for (int j = 0; j < kCount; ++j) {
      V tap;
      // NOLINTNEXTLINE(bugprone-sizeof-expression): without SIMD V is one number
      std::memcpy(&tap, x + j * (sizeof(V) / sizeof(float)), sizeof(V));
      sum[j] += tap;
    }
  }
  std::memcpy(y, sum, sizeof(sum));
}

void take_sum(float* y, const float* x, int32_t n, int32_t taps, int32_t step) {
  constexpr int32_t kLanes = sizeof(Vec) / sizeof(float), kMany = 4;
  int32_t i = 0;
  for (; i <= n - kMany * kLanes; i += kMany * kLanes)
    add_taps<Vec, kMany>(y + i, x + i, taps, step);
  for (; i <= n - kLanes; i += kLanes) add_taps<Vec, 1>(y + i, x + i, taps, step);
  for (; i < n; ++i) add_taps<float, 1>(y + i, x + i, taps, step);
}

void divide(float* y, float count, int32_t n) {
  each(n, [=](int32_t i) { y[i] /= count; });
}

}  // namespace

extern constinit const Op kMaxPool = {
    .name = "MaxPool",
    .inputs = {{"x"}},
    .attrs = {{"filterSize", AttrKind::kNumbers}, WXNN_WINDOW_ATTRS},
    .infer = infer_pool,
    .run = [](const RunCtx& c) -> Status {
      return run_pool(
          c, {-kInfF32, replaceable(take_largest), nullptr, replaceable(take_largest_of_fours)});
    },
};

extern constinit const Op kAvgPool = {
    .name = "AvgPool",
    .inputs = {{"x"}},
    .attrs = {{"filterSize", AttrKind::kNumbers}, WXNN_WINDOW_ATTRS},
    .infer = infer_pool,
    .run = [](const RunCtx& c) -> Status {
      return run_pool(c, {0.0f, replaceable(take_sum), replaceable(divide)});
    },
};

WXNN_LOOPS(Pool, any_loop(take_largest), any_loop(take_largest_of_fours), any_loop(take_sum),
           any_loop(divide));

}  // namespace wxnn
