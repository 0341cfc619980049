// ResizeBilinear and ResizeNearestNeighbor over NHWC images.
//
// Where output index i looks in the input, after TensorFlow and TFLite:
//   alignCorners       i (in - 1) / (out - 1), and 0 where out is 1
//   halfPixelCenters   (i + 1/2) in / out - 1/2
//   neither            i in / out
// All three are fractions of whole numbers and computed as such: no rounding moves a sample.
#include <algorithm>
#include <cstring>

#include "core/elementwise.h"
#include "ops/arguments.h"

namespace wxnn {
namespace {

// A position of the input, index + rest / unit, that moves by a fixed fraction per output index. An
// image that is not empty has less than 2^29 rows and columns, so that twice those are within
// int32.
class Position {
 public:
  Position(int32_t start, int32_t step, int32_t unit)
      : step_(step / unit), step_rest_(step % unit), unit_(unit) {
    index_ = start / unit - (start % unit < 0 ? 1 : 0);
    rest_ = start - index_ * unit;
  }
  int32_t index() const { return index_; }
  float fraction() const { return static_cast<float>(rest_) / static_cast<float>(unit_); }
  void advance() {
    index_ += step_;
    rest_ += step_rest_;
    if (rest_ < unit_) return;
    rest_ -= unit_;
    ++index_;
  }

 private:
  int32_t index_;
  int32_t rest_;
  int32_t step_;
  int32_t step_rest_;
  int32_t unit_;
};

enum class Sample : bool { kBilinear, kNearest };

struct Axis {
  int32_t in;
  int32_t out;
  bool align_corners;
  bool half_pixel;

  // Of output index 0. What is nearest to an aligned corner is rounded, halves up.
  Position first(Sample sample) const {
    const bool nearest = sample == Sample::kNearest;
    if (align_corners) {
      const int32_t unit = std::max(out - 1, 1);
      return {nearest ? unit : 0, 2 * (in - 1), 2 * unit};
    }
    return {!half_pixel ? 0 : nearest ? in : in - out, 2 * in, 2 * out};
  }
};

struct Axes {
  Axis y, x;
};
// From one image to another of this size.
Axes axes_of(const Attrs& attrs, const Shape& in, const Shape& out) {
  const bool corners = attrs.b("alignCorners");
  const bool half = attrs.b("halfPixelCenters");
  return {{in[1], out[1], corners, half}, {in[2], out[2], corners, half}};
}

[[clang::minsize]] Status infer_resize(InferCtx& c) {
  const Shape& x = c.in(0).shape;
  WXNN_CHECK(x.rank() == 4 && x[1] > 0 && x[2] > 0, "images {} should be [N,H,W,C] with pixels", x);
  WXNN_CHECK(!(c.attrs.b("alignCorners") && c.attrs.b("halfPixelCenters")),
             "alignCorners and halfPixelCenters exclude each other");
  Numbers size;
  WXNN_TRY(read_numbers(c, 1, "size", &size));
  WXNN_CHECK(size.count == 2 && size[0] > 0 && size[1] > 0,
             "size should be height and width, 1 or more");
  c.out() = {c.in(0).dtype, {x[0], size[0], size[1], x[3]}};
  return {};
}

// The two pixels around a position; at the border, and where it falls on a pixel, only one.
struct Pair {
  int32_t low, high;
  float fraction;  // of the way to high
};
Pair pair_at(const Position& p, int32_t in) {
  const float fraction = p.fraction();
  return {std::max(p.index(), 0), std::min(p.index() + (fraction > 0), in - 1), fraction};
}

// Two rows of `out` pixels between the same two rows of the image, or one row twice.
struct BlendedRows {
  float* y[2];
  float down[2];  // of the way from the upper row to the lower one
};
void blend_rows(const float* upper, const float* lower, const Axis& across, int32_t channels,
                const BlendedRows& rows) {
  Position p = across.first(Sample::kBilinear);
  float *y = rows.y[0], *z = rows.y[1];
  const float y_down = rows.down[0], z_down = rows.down[1];
  for (int32_t i = 0; i < across.out; ++i, p.advance(), y += channels, z += channels) {
    const Pair h = pair_at(p, across.in);
    const int32_t left = h.low * channels;
    const int32_t right = h.high * channels;
    each(channels, [=](int32_t k) {
      const float *l = upper + left, *r = upper + right;
      const float *m = lower + left, *s = lower + right;
      const float top = l[k] + (r[k] - l[k]) * h.fraction;
      const float below = (m[k] + (s[k] - m[k]) * h.fraction) - top;
      y[k] = top + below * y_down;
      z[k] = top + below * z_down;
    });
  }
}

[[clang::minsize]] Status run_bilinear(const RunCtx& c) {
  const Shape& in = c.in(0).shape;
  const Shape& out = c.out().shape;
  if (out.elements() == 0) return {};
  const Axes axes = axes_of(c.attrs, in, out);
  const int32_t channels = in[3];
  const int32_t row = in[2] * channels, out_row = out[2] * channels;
  const float* image = c.in(0).f32();
  float* y = c.out().f32();
  for (int32_t n = 0; n < in[0]; ++n, image += in[1] * row) {
    Position py = axes.y.first(Sample::kBilinear);
    for (int32_t oy = 0; oy < out[1];) {
      Pair v{};
      BlendedRows rows;
#pragma clang loop unroll(disable)
      for (int k = 0; k < 2; ++k) {
        const Pair next = pair_at(py, axes.y.in);
        if (k == 0) {
          v = next;
        } else if (oy == out[1] || next.low != v.low || next.high != v.high) {
          break;
        }
        rows.y[k] = rows.y[1] = y;
        rows.down[k] = rows.down[1] = next.fraction;
        py.advance();
        y += out_row;
        ++oy;
      }
      replaceable(blend_rows)(image + v.low * row, image + v.high * row, axes.x, channels, rows);
    }
  }
  return {};
}

Status run_nearest(const RunCtx& c) {
  const Shape& in = c.in(0).shape;
  const Shape& out = c.out().shape;
  if (out.elements() == 0) return {};
  const Axes axes = axes_of(c.attrs, in, out);
  const size_t pixel = static_cast<size_t>(in[3]) * size_of(c.in(0).dtype);
  const size_t row = static_cast<size_t>(in[2]) * pixel;
  const uint8_t* image = c.in(0).u8();
  uint8_t* y = c.out().u8();
  for (int32_t n = 0; n < in[0]; ++n, image += static_cast<size_t>(in[1]) * row) {
    Position py = axes.y.first(Sample::kNearest);
    for (int32_t oy = 0; oy < out[1]; ++oy, py.advance()) {
      const uint8_t* from = image + static_cast<size_t>(std::min(py.index(), in[1] - 1)) * row;
      Position px = axes.x.first(Sample::kNearest);
      for (int32_t ox = 0; ox < out[2]; ++ox, px.advance(), y += pixel) {
        std::memcpy(y, from + static_cast<size_t>(std::min(px.index(), in[2] - 1)) * pixel, pixel);
      }
    }
  }
  return {};
}

// Gradients: what an image [N,H,W,C] gets of dy, which has the size of the resized one.
[[clang::minsize]] Status infer_gradient(InferCtx& c) {
  const Shape &x = c.in(0).shape, &dy = c.in(1).shape;
  WXNN_TRY(check_float("images", c.in(0)));
  WXNN_TRY(check_float("dy", c.in(1)));
  WXNN_CHECK(x.rank() == 4 && dy.rank() == 4 && x[0] == dy[0] && x[3] == dy[3],
             "dy {} should be images {} of another size", dy, x);
  WXNN_CHECK(dy.elements() == 0 || x.elements() != 0, "images {} have no pixels", x);
  c.out() = c.in(0);
  return {};
}

// visit(image, row of dy, column, numbers of the pixel) for every pixel of dy.
template <class Visit>
void each_pixel(const RunCtx& c, Sample sample, Visit visit) {
  const Shape &in = c.in(0).shape, &out = c.in(1).shape;
  const Axes axes = axes_of(c.attrs, in, out);
  const float* dy = c.in(1).f32();
  float* dx = c.out().f32();
  if (c.out().bytes() != 0) std::memset(dx, 0, c.out().bytes());
  if (out.elements() == 0) return;
  for (int32_t n = 0; n < in[0]; ++n, dx += in.elements(1, 4)) {
    Position py = axes.y.first(sample);
    for (int32_t oy = 0; oy < out[1]; ++oy, py.advance()) {
      Position px = axes.x.first(sample);
      for (int32_t ox = 0; ox < out[2]; ++ox, px.advance(), dy += in[3]) {
        visit(dx, pair_at(py, in[1]), pair_at(px, in[2]), dy);
      }
    }
  }
}

Status run_bilinear_gradient(const RunCtx& c) {
  const int32_t columns = c.out().shape[2], channels = c.out().shape[3];
  each_pixel(c, Sample::kBilinear, [=](float* dx, Pair y, Pair x, const float* dy) {
    const auto add = [=](int32_t row, int32_t column, float down, float across) {
      float* to = dx + (row * columns + column) * channels;
      const float share = down * across;
      for (int32_t i = 0; i < channels; ++i) to[i] += dy[i] * share;
    };
    add(y.low, x.low, 1 - y.fraction, 1 - x.fraction);
    add(y.low, x.high, 1 - y.fraction, x.fraction);
    add(y.high, x.low, y.fraction, 1 - x.fraction);
    add(y.high, x.high, y.fraction, x.fraction);
  });
  return {};
}

Status run_nearest_gradient(const RunCtx& c) {
  const int32_t columns = c.out().shape[2], channels = c.out().shape[3];
  each_pixel(c, Sample::kNearest, [=](float* dx, Pair y, Pair x, const float* dy) {
    float* to = dx + (y.low * columns + x.low) * channels;
    for (int32_t i = 0; i < channels; ++i) to[i] += dy[i];
  });
  return {};
}

}  // namespace

extern constinit const Op kResizeBilinearGrad = {
    .name = "ResizeBilinearGrad",
    .inputs = {{"images"}, {"dy"}},
    .attrs = {{"alignCorners", AttrKind::kNumber, 0.0},
              {"halfPixelCenters", AttrKind::kNumber, 0.0}},
    .infer = infer_gradient,
    .run = run_bilinear_gradient,
};

extern constinit const Op kResizeNearestNeighborGrad = {
    .name = "ResizeNearestNeighborGrad",
    .inputs = {{"images"}, {"dy"}},
    .attrs = {{"alignCorners", AttrKind::kNumber, 0.0},
              {"halfPixelCenters", AttrKind::kNumber, 0.0}},
    .infer = infer_gradient,
    .run = run_nearest_gradient,
};

extern constinit const Op kResizeBilinear = {
    .name = "ResizeBilinear",
    .inputs = {{"images"}, {"size", kArgument}},
    .attrs = {{"alignCorners", AttrKind::kNumber, 0.0},
              {"halfPixelCenters", AttrKind::kNumber, 0.0},
              {"size", AttrKind::kNumbers, kEmptyList}},
    .infer = [](InferCtx& c) -> Status {
      WXNN_TRY(check_float("images", c.in(0)));
      return infer_resize(c);
    },
    .run = run_bilinear,
};

extern constinit const Op kResizeNearestNeighbor = {
    .name = "ResizeNearestNeighbor",
    .inputs = {{"images"}, {"size", kArgument}},
    .attrs = {{"alignCorners", AttrKind::kNumber, 0.0},
              {"halfPixelCenters", AttrKind::kNumber, 0.0},
              {"size", AttrKind::kNumbers, kEmptyList}},
    .infer = infer_resize,
    .run = run_nearest,
};

WXNN_LOOPS(Resize, any_loop(blend_rows));

}  // namespace wxnn
