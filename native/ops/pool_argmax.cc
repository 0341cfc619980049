// MaxPoolWithArgmax: the largest pixel of every window and where it was; MaxUnpooling2D puts it
// back there. The first of equal pixels counts; NaN is never the
// largest, as in TensorFlow.js.
#include <algorithm>

#include "core/math.h"
#include "ops/conv_shape.h"

namespace wxnn {
namespace {

std::pair<int32_t, int32_t> filter_of(const Attrs& attrs) {
  return {attrs.i("filterSize", 0), attrs.i("filterSize", 1)};
}

[[clang::minsize]] Status infer_argmax(InferCtx& c) {
  const Shape& x = c.in(0).shape;
  WXNN_TRY(check_image("x", c.in(0)));
  Window w;
  WXNN_TRY(slide_window(c.attrs, x, filter_of(c.attrs), &w));
  const Shape y = {x[0], w.y.out, w.x.out, x[3]};
  c.out() = {DType::kFloat32, y};
  if (c.outputs.size() > 1) {
    c.out(1) = {c.attrs.b("indexInWindow") ? DType::kFloat32 : DType::kInt32, y};
  }
  return {};
}

struct Best {
  float value = -kInfF32;
  int32_t y = -1, x = 0;  // pixel of the image
  int32_t in_window = 0;
};

Best best_in_window(const float* image, const Window& w, int32_t oy, int32_t ox, int32_t channels) {
  Best best;
  for (int32_t ky = 0; ky < w.y.filter; ++ky) {
    const int32_t iy = oy * w.y.stride - w.y.before + ky * w.y.dilation;
    if (iy < 0 || iy >= w.y.in) continue;
    for (int32_t kx = 0; kx < w.x.filter; ++kx) {
      const int32_t ix = ox * w.x.stride - w.x.before + kx * w.x.dilation;
      if (ix < 0 || ix >= w.x.in) continue;
      const float value = image[(iy * w.x.in + ix) * channels];
      const int32_t tap = ky * w.x.filter + kx;
      if (best.y < 0) best = {-kInfF32, iy, ix, tap};
      if (value > best.value) best = {value, iy, ix, tap};
    }
  }
  return best;
}

Status run_argmax(const RunCtx& c) {
  const Shape& x = c.in(0).shape;
  const Window w = window_of(c.attrs, x, filter_of(c.attrs));
  const bool in_window = c.attrs.b("indexInWindow");
  const int32_t size = x.elements(1, 4);
  float* y = c.out().f32();
  int32_t k = 0;
  for (int32_t n = 0; n < x[0]; ++n) {
    const float* image = c.in(0).f32() + n * size;
    const int32_t first = c.attrs.b("includeBatchInIndex") ? n * size : 0;
    for (int32_t oy = 0; oy < w.y.out; ++oy) {
      for (int32_t ox = 0; ox < w.x.out; ++ox) {
        for (int32_t i = 0; i < x[3]; ++i, ++k) {
          const Best best = best_in_window(image + i, w, oy, ox, x[3]);
          y[k] = best.value;
          if (c.outputs.size() < 2) continue;
          if (in_window) {  // a little more than the number, so that rounding it down is safe
            c.out(1).f32()[k] = static_cast<float>(best.in_window) + 0.1f;
          } else {
            c.out(1).i32()[k] = first + (best.y * x[2] + best.x) * x[3] + i;
          }
        }
      }
    }
  }
  return {};
}

[[clang::minsize]] Status infer_unpool(InferCtx& c) {
  WXNN_TRY(check_image("x", c.in(0)));
  WXNN_TRY(check_image("indices", c.in(1)));
  const Shape& x = c.in(0).shape;
  WXNN_CHECK(x == c.in(1).shape, "x {} and indices {} differ", x, c.in(1).shape);
  constexpr int32_t kLongest = 1 << 15;
  const auto [height, width] = filter_of(c.attrs);
  for (const int32_t n : {height, width, c.attrs.i("strides", 0), c.attrs.i("strides", 1)}) {
    WXNN_CHECK(n > 0 && n <= kLongest, "filterSize or strides {} is out of range", n);
  }
  WXNN_CHECK(x[1] <= kLongest && x[2] <= kLongest, "x {} is too large", x);
  c.out() = {DType::kFloat32, {x[0], x[1] * height, x[2] * width, x[3]}};
  return {};
}

// Padding of the pooling that would make `in` of `out`.
int32_t padding(int32_t in, int32_t out, int32_t filter, int32_t stride) {
  return std::max((in - 1) * stride + filter - out, 0) / 2;
}

Status run_unpool(const RunCtx& c) {
  const Shape& x = c.in(0).shape;
  const Shape& shape = c.out().shape;
  const auto [height, width] = filter_of(c.attrs);
  const int32_t stride_y = c.attrs.i("strides", 0);
  const int32_t stride_x = c.attrs.i("strides", 1);
  const int32_t pad_y = padding(x[1], shape[1], height, stride_y);
  const int32_t pad_x = padding(x[2], shape[2], width, stride_x);
  float* y = c.out().f32();
  std::fill_n(y, shape.elements(), 0.0f);
  const int32_t n = x.elements();
  for (int32_t k = 0; k < n; ++k) {
    const float index = c.in(1).f32()[k];
    if (!(index >= 0 && index < static_cast<float>(height * width))) continue;
    const int32_t in_window = static_cast<int32_t>(index);
    const int32_t pixel = k / x[3];
    const int32_t row = pixel / x[2];
    const int32_t oy = row % x[1] * stride_y - pad_y + in_window / width;
    const int32_t ox = pixel % x[2] * stride_x - pad_x + in_window % width;
    if (oy < 0 || oy >= shape[1] || ox < 0 || ox >= shape[2]) continue;
    y[((row / x[1] * shape[1] + oy) * shape[2] + ox) * x[3] + k % x[3]] = c.in(0).f32()[k];
  }
  return {};
}

}  // namespace

// Outputs: y, and the index of each pixel of y in x (int32, of one image unless
// includeBatchInIndex), or with indexInWindow, after MediaPipe, in its window, as float32 with 0.1
// added.
extern constinit const Op kMaxPoolWithArgmax = {
    .name = "MaxPoolWithArgmax",
    .inputs = {{"x"}},
    .attrs = {{"filterSize", AttrKind::kNumbers},
              WXNN_WINDOW_ATTRS,
              {"includeBatchInIndex", AttrKind::kNumber, 0.0},
              {"indexInWindow", AttrKind::kNumber, 0.0}},
    .infer = infer_argmax,
    .run = run_argmax,
    .outputs = 2,
};

// MediaPipe's inverse of it: the output is filterSize times as large as x; a later pixel wins, an
// index outside counts nothing.
extern constinit const Op kMaxUnpooling2D = {
    .name = "MaxUnpooling2D",
    .inputs = {{"x"}, {"indices"}},
    .attrs = {{"filterSize", AttrKind::kNumbers}, {"strides", AttrKind::kNumbers}},
    .infer = infer_unpool,
    .run = run_unpool,
};

}  // namespace wxnn
