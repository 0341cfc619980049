// Conv3D, Conv3DBackpropInputV2, MaxPool3D and AvgPool3D over [N,D,H,W,C]. Loops of our own along
// the channels: rare on phones. Padding counts neither as a value of a pool nor in its average; of
// a window of padding alone the average is 0, and NaN is never the largest, as in TensorFlow.js.
#include <algorithm>

#include "core/elementwise.h"
#include "core/math.h"
#include "ops/arguments.h"
#include "ops/conv_shape.h"

namespace wxnn {
namespace {

struct Slides {
  Slide at[3];
};

Status check_volume(std::string_view name, const TensorType& t) {
  WXNN_CHECK(t.shape.rank() == 5 && t.dtype == DType::kFloat32,
             "{} {} {} should be float32 with 5 dimensions", name, name_of(t.dtype), t.shape);
  return {};
}

[[clang::minsize]] Status read_slides(const InferCtx& c, const Shape& x, const int32_t (&filter)[3],
                                      Slides* s) {
  WXNN_CHECK(c.attrs.text("dataFormat") == "NDHWC" || c.attrs.text("dataFormat") == "NHWC",
             "dataFormat \"{}\" is not supported, only \"NDHWC\"", c.attrs.text("dataFormat"));
  for (int i = 0; i < 3; ++i) WXNN_TRY(slide_axis(c.attrs, i, x[i + 1], filter[i], &s->at[i]));
  return {};
}

Slides slides_of(const Attrs& attrs, const Shape& x, const int32_t (&filter)[3]) {
  Slides s;
  for (int i = 0; i < 3; ++i) s.at[i] = axis_slide(attrs, i, x[i + 1], filter[i]);
  return s;
}

// visit(pixel of x, pixel of y, tap) for every tap of every window inside x, pixels counted over
// the whole batch; taps ascending. begin(pixel of y) goes before, end(pixel, number of taps)
// behind.
template <class Begin, class Visit, class End>
void slide_over(const Slides& s, int32_t batch, Begin begin, Visit visit, End end) {
  const Slide &d = s.at[0], &h = s.at[1], &w = s.at[2];
  int32_t pixel = 0;
  for (int32_t n = 0; n < batch; ++n) {
    for (int32_t i = 0; i < d.out * h.out * w.out; ++i, ++pixel) {
      const int32_t z0 = i / (h.out * w.out) * d.stride - d.before;
      const int32_t y0 = i / w.out % h.out * h.stride - h.before;
      const int32_t x0 = i % w.out * w.stride - w.before;
      int32_t count = 0;
      begin(pixel);
      for (int32_t k = 0; k < d.filter * h.filter * w.filter; ++k) {
        const int32_t z = z0 + k / (h.filter * w.filter) * d.dilation;
        const int32_t y = y0 + k / w.filter % h.filter * h.dilation;
        const int32_t x = x0 + k % w.filter * w.dilation;
        if (z < 0 || z >= d.in || y < 0 || y >= h.in || x < 0 || x >= w.in) continue;
        visit(((n * d.in + z) * h.in + y) * w.in + x, pixel, k);
        ++count;
      }
      end(pixel, count);
    }
  }
}

struct FilterSize {
  int32_t at[3];
};
FilterSize filter_size(const Attrs& attrs) {
  return {{attrs.i("filterSize", 0), attrs.i("filterSize", 1), attrs.i("filterSize", 2)}};
}

[[clang::minsize]] Status infer_pool(InferCtx& c) {
  const Shape& x = c.in(0).shape;
  WXNN_TRY(check_volume("x", c.in(0)));
  Slides s;
  WXNN_TRY(read_slides(c, x, filter_size(c.attrs).at, &s));
  c.out() = {DType::kFloat32, {x[0], s.at[0].out, s.at[1].out, s.at[2].out, x[4]}};
  return {};
}

template <bool average>
Status run_pool(const RunCtx& c) {
  const Shape& shape = c.in(0).shape;
  const int32_t n = shape[4];
  const float* x = c.in(0).f32();
  float* y = c.out().f32();
  slide_over(
      slides_of(c.attrs, shape, filter_size(c.attrs).at), shape[0],
      [=](int32_t to) { std::fill_n(y + to * n, n, average ? 0.0f : -kInfF32); },
      [=](int32_t from, int32_t to, int32_t) {
        float* out = y + to * n;
        const float* in = x + from * n;
        each_small(n, [=](int32_t i) {
          out[i] = average ? out[i] + in[i] : in[i] > out[i] ? in[i] : out[i];
        });
      },
      [=](int32_t to, int32_t count) {
        const float divisor = static_cast<float>(std::max(count, 1));
        for (int32_t i = 0; average && i < n; ++i) y[to * n + i] /= divisor;
      });
  return {};
}

Status check_filter5(const InferCtx& c, size_t port) {
  WXNN_TRY(check_volume("filter", c.in(port)));
  WXNN_CHECK(c.in(port).shape.elements() > 0, "filter {} is empty", c.in(port).shape);
  return {};
}

// Filter [D,H,W,in,out].
[[clang::minsize]] Status infer_conv3d(InferCtx& c) {
  const Shape& x = c.in(0).shape;
  const Shape& f = c.in(1).shape;
  WXNN_TRY(check_volume("x", c.in(0)));
  WXNN_TRY(check_filter5(c, 1));
  WXNN_CHECK(f[3] == x[4], "filter {} wants {} channels, x is {}", f, f[3], x);
  WXNN_TRY(check_bias(c, 2, f[4]));
  Slides s;
  WXNN_TRY(read_slides(c, x, {f[0], f[1], f[2]}, &s));
  c.out() = {DType::kFloat32, {x[0], s.at[0].out, s.at[1].out, s.at[2].out, f[4]}};
  return {};
}

void add_products_loop(float* y, const float* weights, float x, int32_t n) {
  each(n, [=](int32_t i) { y[i] += x * weights[i]; });
}

Status run_conv3d(const RunCtx& c) {
  const auto add_products = replaceable(add_products_loop);
  const Shape& f = c.in(1).shape;
  const int32_t ins = f[3];
  const int32_t outs = f[4];
  const float* x = c.in(0).f32();
  const float* filter = c.in(1).f32();
  const float* bias = c.has(2) ? c.in(2).f32() : nullptr;
  float* y = c.out().f32();
  slide_over(
      slides_of(c.attrs, c.in(0).shape, {f[0], f[1], f[2]}), c.out().shape[0],
      [=](int32_t to) {
        for (int32_t o = 0; o < outs; ++o) y[to * outs + o] = bias != nullptr ? bias[o] : 0.0f;
      },
      [=](int32_t from, int32_t to, int32_t tap) {
        const float* weights = filter + tap * ins * outs;
        float* out = y + to * outs;
        for (int32_t i = 0; i < ins; ++i, weights += outs) {
          const float v = x[from * ins + i];
          add_products(out, weights, v, outs);
        }
      },
      [](int32_t, int32_t) {});
  return {};
}

// dy is the output of a Conv3D over the result, whose shape is given: filter [D,H,W,channels of the
// result, of dy].
[[clang::minsize]] Status infer_conv3d_input(InferCtx& c) {
  const Shape& dy = c.in(0).shape;
  const Shape& f = c.in(1).shape;
  WXNN_TRY(check_volume("dy", c.in(0)));
  WXNN_TRY(check_filter5(c, 1));
  Shape y;
  WXNN_TRY(read_shape(c, 3, "inputShape", &y));
  WXNN_CHECK(y.rank() == 5, "inputShape {} should have 5 dimensions", y);
  if (y[4] == 0) y[4] = f[3];
  WXNN_CHECK(f[4] == dy[4] && f[3] == y[4] && y[0] == dy[0], "filter {} does not take dy {} to {}",
             f, dy, y);
  WXNN_TRY(check_bias(c, 2, f[3]));
  Slides s;
  WXNN_TRY(read_slides(c, y, {f[0], f[1], f[2]}, &s));
  WXNN_CHECK(s.at[0].out == dy[1] && s.at[1].out == dy[2] && s.at[2].out == dy[3],
             "dy {} is no output for inputShape {}", dy, y);
  c.out() = {DType::kFloat32, y};
  return {};
}

Status run_conv3d_input(const RunCtx& c) {
  const Shape& f = c.in(1).shape;
  const Shape& shape = c.out().shape;
  const int32_t results = f[3];
  const int32_t channels = f[4];
  const float* dy = c.in(0).f32();
  const float* filter = c.in(1).f32();
  float* y = c.out().f32();
  for (int32_t i = 0; i < shape.elements(); ++i) {
    y[i] = c.has(2) ? c.in(2).f32()[i % results] : 0.0f;
  }
  slide_over(
      slides_of(c.attrs, shape, {f[0], f[1], f[2]}), shape[0], [](int32_t) {},
      [=](int32_t to, int32_t from, int32_t tap) {
        for (int32_t r = 0; r < results; ++r) {
          const float* weights = filter + (tap * results + r) * channels;
          float sum = y[to * results + r];
          for (int32_t k = 0; k < channels; ++k) sum += dy[from * channels + k] * weights[k];
          y[to * results + r] = sum;
        }
      },
      [](int32_t, int32_t) {});
  return {};
}

#define WXNN_VOLUME_ATTRS                                                                \
  AttrSpec{"strides", AttrKind::kNumbers, 1}, AttrSpec{"pad", AttrKind::kTextOrNumbers}, \
      AttrSpec{"dataFormat", AttrKind::kText, "NDHWC"},                                  \
      AttrSpec{"dimRoundingMode", AttrKind::kText, ""}

}  // namespace

extern constinit const Op kMaxPool3D = {
    .name = "MaxPool3D",
    .inputs = {{"x"}},
    .attrs = {{"filterSize", AttrKind::kNumbers}, WXNN_VOLUME_ATTRS},
    .infer = infer_pool,
    .run = run_pool<false>,
};

extern constinit const Op kAvgPool3D = {
    .name = "AvgPool3D",
    .inputs = {{"x"}},
    .attrs = {{"filterSize", AttrKind::kNumbers}, WXNN_VOLUME_ATTRS},
    .infer = infer_pool,
    .run = run_pool<true>,
};

extern constinit const Op kConv3D = {
    .name = "Conv3D",
    .inputs = {{"x"}, {"filter"}, {"bias", kOptional}},
    .attrs = {WXNN_VOLUME_ATTRS, {"dilations", AttrKind::kNumbers, 1}},
    .infer = infer_conv3d,
    .run = run_conv3d,
};

extern constinit const Op kConv3DBackpropInputV2 = {
    .name = "Conv3DBackpropInputV2",
    .inputs = {{"dy"}, {"filter"}, {"bias", kOptional}, {"inputShape", kArgument}},
    .attrs = {WXNN_VOLUME_ATTRS,
              {"dilations", AttrKind::kNumbers, 1},
              {"inputShape", AttrKind::kNumbers, kEmptyList}},
    .infer = infer_conv3d_input,
    .run = run_conv3d_input,
};

WXNN_LOOPS(Volume, any_loop(add_products_loop));

}  // namespace wxnn
