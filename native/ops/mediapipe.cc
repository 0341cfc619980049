// Operators that only MediaPipe's models have: a mesh's landmarks give a transform, which cuts eyes
// and lips out of a feature map, and takes what is found there back. (MaxPoolingWithArgmax2D and
// MaxUnpooling2D are in pool_argmax.cc.)
#include <algorithm>

#include "core/elementwise.h"
#include "core/math_wide.h"
#include "core/whole.h"
#include "ops/arguments.h"

namespace wxnn {
namespace {

struct Point {
  float x, y;
};

// A rotation about the origin.
struct Turn {
  float sin, cos;
  explicit Turn(float angle) : sin(sin_f32(angle)), cos(cos_f32(angle)) {}
  Point operator()(Point p) const { return {p.x * cos - p.y * sin, p.x * sin + p.y * cos}; }
  Point back(Point p) const { return {p.x * cos + p.y * sin, p.y * cos - p.x * sin}; }
};

// The first two rows of a 4 x 4 matrix, seen as one of the plane.
struct Rows {
  float xx, xy, x0, yx, yy, y0;
  explicit Rows(const float* m) : xx(m[0]), xy(m[1]), x0(m[3]), yx(m[4]), yy(m[5]), y0(m[7]) {}
  Point operator()(Point p) const { return {p.x * xx + p.y * xy + x0, p.x * yx + p.y * yy + y0}; }
};

Status check_matrix(const InferCtx& c, size_t port) {
  WXNN_TRY(check_float("transform", c.in(port)));
  WXNN_CHECK(c.in(port).shape.elements() == 16, "transform {} is no 4 x 4 matrix",
             c.in(port).shape);
  return {};
}

[[clang::minsize]] Status infer_matrix(InferCtx& c) {
  const Tensor& x = c.in(0);
  WXNN_TRY(check_float("landmarks", x));
  const int32_t points = x.shape.elements() / 3;
  const auto check_index = [&](double i) -> Status {
    WXNN_CHECK(i >= 0 && i < points, "landmark {} is outside landmarks {}", whole<int64_t>(i),
               x.shape);
    return {};
  };
  WXNN_TRY(check_index(c.attrs.f("leftRotationIdx")));
  WXNN_TRY(check_index(c.attrs.f("rightRotationIdx")));
  WXNN_CHECK(!c.attrs.numbers("subset").empty(), "subset names no landmark");
  for (const double i : c.attrs.numbers("subset")) WXNN_TRY(check_index(i));
  WXNN_CHECK(c.attrs.i("outputSize", 0) > 0 && c.attrs.i("outputSize", 1) > 0 &&
                 c.attrs.i("inputSize", 0) > 0 && c.attrs.i("inputSize", 1) > 0,
             "inputSize and outputSize should be positive");
  c.out() = {DType::kFloat32, {1, 4, 4}};
  return {};
}

struct Span {
  Point low, high;
  Point middle() const { return {(low.x + high.x) / 2, (low.y + high.y) / 2}; }
};

// The bounding box of the subset, turned.
Span span_of(const RunCtx& c, const Turn& turn) {
  Span s{{kInfF32, kInfF32}, {-kInfF32, -kInfF32}};
  for (const double i : c.attrs.numbers("subset")) {
    const float* p = c.in(0).f32() + 3 * static_cast<int32_t>(i);
    const Point q = turn({p[0], p[1]});
    s = {{std::min(s.low.x, q.x), std::min(s.low.y, q.y)},
         {std::max(s.high.x, q.x), std::max(s.high.y, q.y)}};
  }
  return s;
}

// Output pixels to input pixels: turned by `turn` back, scaled, and moved to `to` from the output's
// `center`.
void write_matrix(float* m, const Turn& turn, Point scale, Point to, Point center) {
  const float xx = turn.cos * scale.x;
  const float xy = turn.sin * scale.y;
  const float yx = -turn.sin * scale.x;
  const float yy = turn.cos * scale.y;
  const float rows[16] = {xx, xy, 0, to.x - (xx * center.x + xy * center.y),
                          yx, yy, 0, to.y - (yx * center.x + yy * center.y),
                          0,  0,  1, 0,
                          0,  0,  0, 1};
  std::copy_n(rows, 16, m);
}

Status run_matrix(const RunCtx& c) {
  const float* left = c.in(0).f32() + 3 * c.attrs.i("leftRotationIdx");
  const float* right = c.in(0).f32() + 3 * c.attrs.i("rightRotationIdx");
  const float dx = right[0] - left[0];
  const float dy = right[1] - left[1];
  const float out_h = static_cast<float>(c.attrs.i("outputSize", 0));
  const float out_w = static_cast<float>(c.attrs.i("outputSize", 1));
  float* m = c.out().f32();
  if (c.attrs.i("version") == 2) {
    const Turn turn(static_cast<float>(c.attrs.f("targetRotationRadians")) - atan2_f32(dy, dx));
    const Span s = span_of(c, turn);
    const Point scale = {static_cast<float>(c.attrs.f("scale", 0)) * (s.high.x - s.low.x) / out_w,
                         static_cast<float>(c.attrs.f("scale", 1)) * (s.high.y - s.low.y) / out_h};
    write_matrix(m, turn, scale, turn.back(s.middle()), {out_w / 2, out_h / 2});
    return {};
  }
  // Version 1 counts from the middle of the first pixel to that of the last, and landmarks in a
  // range of their own.
  const Turn turn(-atan_f32(dy / dx));
  const Span s = span_of(c, turn);
  const float range = static_cast<float>(c.attrs.f("landmarksRange"));
  const float multiplier = static_cast<float>(c.attrs.f("scale", 0));
  const Point half = {(static_cast<float>(c.attrs.i("inputSize", 1)) - 1) / 2,
                      (static_cast<float>(c.attrs.i("inputSize", 0)) - 1) / 2};
  const Point middle = turn.back(s.middle());
  const Point to = {half.x * (middle.x / range * 2), half.y * (middle.y / range * 2)};
  const Point size = {(s.high.x - s.low.x) * multiplier / range * 2 / (out_w - 1),
                      (s.high.y - s.low.y) * multiplier / range * 2 / (out_h - 1)};
  const Point center = {(out_w - 1) / 2, (out_h - 1) / 2};
  // Rows are scaled by the input's two lengths, which may differ.
  write_matrix(m, turn, size, {0, 0}, center);
  for (int i = 0; i < 4; ++i) {
    m[i] *= half.x;
    m[4 + i] *= half.y;
  }
  m[3] += to.x;
  m[7] += to.y;
  return {};
}

[[clang::minsize]] Status infer_transform_landmarks(InferCtx& c) {
  WXNN_TRY(check_float("landmarks", c.in(0)));
  WXNN_TRY(check_matrix(c, 1));
  const Shape& x = c.in(0).shape;
  const int32_t dimensions = c.attrs.i("dimensions") != 0 ? c.attrs.i("dimensions") : x[-1];
  WXNN_CHECK(x.rank() > 0 && (dimensions == 2 || dimensions == 3) && x[-1] % dimensions == 0,
             "landmarks {} are not of 2 or 3 numbers", x);
  c.out() = c.in(0);
  return {};
}

Status run_transform_landmarks(const RunCtx& c) {
  const Shape& x = c.in(0).shape;
  const int32_t dimensions = c.attrs.i("dimensions") != 0 ? c.attrs.i("dimensions") : x[-1];
  const float scale = static_cast<float>(c.attrs.f("scale"));
  Rows rows(c.in(1).f32());
  rows.x0 *= scale;
  rows.y0 *= scale;
  const float* from = c.in(0).f32();
  float* to = c.out().f32();
  for (int32_t i = 0; i < x.elements(); i += dimensions) {
    const Point p = rows({from[i], from[i + 1]});
    to[i] = p.x;
    to[i + 1] = p.y;
    if (dimensions == 3) to[i + 2] = from[i + 2];
  }
  return {};
}

[[clang::minsize]] Status infer_transform_bilinear(InferCtx& c) {
  const Shape& x = c.in(0).shape;
  WXNN_TRY(check_float("x", c.in(0)));
  WXNN_TRY(check_matrix(c, 1));
  WXNN_CHECK(x.rank() == 4 && x[0] == 1, "x {} should be [1,H,W,C]", x);
  // Places are float32: beyond 2^24 a last pixel is no such number, and one past it would be read.
  WXNN_CHECK(x[1] <= 1 << 24 && x[2] <= 1 << 24, "x {} is too large", x);
  const int32_t height = c.attrs.i("outputSize", 0);
  const int32_t width = c.attrs.i("outputSize", 1);
  WXNN_CHECK(height > 0 && width > 0, "outputSize {},{} is not positive", height, width);
  c.out() = {DType::kFloat32, {1, height, width, x[3]}};
  return {};
}

// Where a sample lies among four pixels: how far on the next ones are, and how near they count.
struct Sample {
  int32_t step_x, step_y;
  float right, lower;
};
void blend(const float* q, const Sample& s, int32_t channels, float* y) {
  each(channels, [=](int32_t i) {
    const float top = (1 - s.right) * q[i] + s.right * q[i + s.step_x];
    const float bottom = (1 - s.right) * q[i + s.step_y] + s.right * q[i + s.step_x + s.step_y];
    y[i] = s.lower * bottom + (1 - s.lower) * top;
  });
}

Status run_transform_bilinear(const RunCtx& c) {
  const Shape& x = c.in(0).shape;
  const Shape& shape = c.out().shape;
  Rows rows(c.in(1).f32());
  if (c.attrs.b("centers")) {
    // From middles of pixels to middles of pixels.
    rows.x0 += rows.xx * 0.5f + rows.xy * 0.5f - 0.5f;
    rows.y0 += rows.yx * 0.5f + rows.yy * 0.5f - 0.5f;
  }
  const int32_t channels = x[3];
  const float last_x = static_cast<float>(x[2] - 1);
  const float last_y = static_cast<float>(x[1] - 1);
  float* y = c.out().f32();
  for (int32_t oy = 0; oy < shape[1]; ++oy) {
    for (int32_t ox = 0; ox < shape[2]; ++ox, y += channels) {
      const Point p = rows({static_cast<float>(ox), static_cast<float>(oy)});
      if (!(p.x >= 0 && p.x <= last_x && p.y >= 0 && p.y <= last_y)) {
        std::fill_n(y, channels, 0.0f);
        continue;
      }
      const int32_t ix = static_cast<int32_t>(p.x);
      const int32_t iy = static_cast<int32_t>(p.y);
      const float right = p.x - static_cast<float>(ix);
      const float lower = p.y - static_cast<float>(iy);
      // Beyond the last pixel counts nothing, and 0 of it.
      const int32_t step_x = ix + 1 < x[2] ? channels : 0;
      const int32_t step_y = iy + 1 < x[1] ? channels * x[2] : 0;
      const float* q = c.in(0).f32() + (iy * x[2] + ix) * channels;
      replaceable(blend)(q, {step_x, step_y, right, lower}, channels, y);
    }
  }
  return {};
}

}  // namespace

// Landmarks [.., N * 3] in, a matrix [1,4,4] out that takes pixels of the crop to pixels of the
// input.
extern constinit const Op kLandmarksToTransformMatrix = {
    .name = "LandmarksToTransformMatrix",
    .inputs = {{"landmarks"}},
    .attrs = {{"version", AttrKind::kNumber, 2},
              {"subset", AttrKind::kNumbers},
              {"leftRotationIdx"},
              {"rightRotationIdx"},
              {"outputSize", AttrKind::kNumbers},
              {"inputSize", AttrKind::kNumbers, 1},                // version 1
              {"landmarksRange", AttrKind::kNumber, 1},            // version 1
              {"scale", AttrKind::kNumbers, 1},                    // x, y; version 1 has one
              {"targetRotationRadians", AttrKind::kNumber, 0.0}},  // version 2
    .infer = infer_matrix,
    .run = run_matrix,
};

// Landmarks of `dimensions` numbers (0: as long as the last axis) through a matrix; z stays.
extern constinit const Op kTransformLandmarks = {
    .name = "TransformLandmarks",
    .inputs = {{"landmarks"}, {"transform"}},
    .attrs = {{"dimensions", AttrKind::kNumber, 0}, {"scale", AttrKind::kNumber, 1}},
    .infer = infer_transform_landmarks,
    .run = run_transform_landmarks,
    .in_place = 0,
};

// Output pixel p shows x at transform(p), bilinearly; 0 outside.
extern constinit const Op kTransformTensorBilinear = {
    .name = "TransformTensorBilinear",
    .inputs = {{"x"}, {"transform"}},
    .attrs = {{"outputSize", AttrKind::kNumbers}, {"centers", AttrKind::kNumber, 0.0}},
    .infer = infer_transform_bilinear,
    .run = run_transform_bilinear,
};

WXNN_LOOPS(MediaPipe, any_loop(blend));

}  // namespace wxnn
