// MaxPool and AvgPool over NHWC images. Our own loops, along the channels: every build adds in the
// same order. Padding counts neither as a value nor in the average; a window that sees nothing but
// padding gives -infinity or NaN, as in TensorFlow.js.
#include <algorithm>
#include <limits>

#include "core/elementwise.h"
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

// Calls tap(pixel of x, n) and end(y, taps) for each output pixel y.
template <class Start, class Tap, class End>
void slide(const RunCtx& c, Start start, Tap tap, End end) {
  const Shape& shape = c.in(0).shape;
  const Window w = window_of(c.attrs, shape, filter_of(c.attrs));
  const int32_t channels = shape[3];
  const float* image = c.in(0).f32();
  float* y = c.out().f32();
  for (int32_t n = 0; n < shape[0]; ++n, image += shape.elements(1, 4)) {
    for (int32_t oy = 0; oy < w.y.out; ++oy) {
      const Taps ty = taps_at(w.y, oy);
      for (int32_t ox = 0; ox < w.x.out; ++ox, y += channels) {
        const Taps tx = taps_at(w.x, ox);
        start(y, channels);
        for (int32_t ky = ty.first; ky < ty.last; ++ky) {
          const int32_t iy = oy * w.y.stride - w.y.before + ky * w.y.dilation;
          const int32_t ix = ox * w.x.stride - w.x.before + tx.first * w.x.dilation;
          const float* x = image + (iy * shape[2] + ix) * channels;
          tap(y, x, channels, tx.last - tx.first, w.x.dilation * channels);
        }
        end(y, channels, (ty.last - ty.first) * (tx.last - tx.first));
      }
    }
  }
}

float larger(float a, float b) { return a > b || a != a ? a : b; }

Status run_max_pool(const RunCtx& c) {
  slide(
      c, [](float* y, int32_t n) { std::fill_n(y, n, -std::numeric_limits<float>::infinity()); },
      [](float* y, const float* x, int32_t n, int32_t taps, int32_t step) {
        // Two taps at once, the last alone: each pass over y costs a load and a store.
        for (; taps > 1; taps -= 2, x += 2 * step) {
          WXNN_VECTOR_LOOP
          for (int32_t i = 0; i < n; ++i) y[i] = larger(y[i], larger(x[i], x[i + step]));
        }
        if (taps == 0) return;
        WXNN_VECTOR_LOOP
        for (int32_t i = 0; i < n; ++i) y[i] = larger(y[i], x[i]);
      },
      [](float*, int32_t, int32_t) {});
  return {};
}

Status run_avg_pool(const RunCtx& c) {
  slide(
      c, [](float* y, int32_t n) { std::fill_n(y, n, 0.0f); },
      [](float* y, const float* x, int32_t n, int32_t taps, int32_t step) {
        for (; taps > 0; --taps, x += step) {
          WXNN_VECTOR_LOOP
          for (int32_t i = 0; i < n; ++i) y[i] += x[i];
        }
      },
      [](float* y, int32_t n, int32_t count) {
        const float divisor = static_cast<float>(count);
        WXNN_VECTOR_LOOP
        for (int32_t i = 0; i < n; ++i) y[i] /= divisor;
      });
  return {};
}

}  // namespace

extern constinit const Op kMaxPool = {
    .name = "MaxPool",
    .inputs = {{"x"}},
    .attrs = {{"filterSize", AttrKind::kNumbers}, WXNN_WINDOW_ATTRS},
    .infer = infer_pool,
    .run = run_max_pool,
};

extern constinit const Op kAvgPool = {
    .name = "AvgPool",
    .inputs = {{"x"}},
    .attrs = {{"filterSize", AttrKind::kNumbers}, WXNN_WINDOW_ATTRS},
    .infer = infer_pool,
    .run = run_avg_pool,
};

}  // namespace wxnn
