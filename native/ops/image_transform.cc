// FlipLeftRight, RotateWithOffset and Transform, as tfjs has them: pictures [N,H,W,C] of float32 or
// int32, sampled anew.
#include <algorithm>
#include <cstring>

#include "core/elementwise.h"
#include "core/math_wide.h"
#include "ops/arguments.h"

namespace wxnn {
namespace {

Status check_pictures(const char* name, const Tensor& x) {
  WXNN_TRY(check_number(name, x));
  WXNN_CHECK(x.shape.rank() == 4, "{} {} should be [N,H,W,C]", name, x.shape);
  return {};
}

Status infer_pictures(InferCtx& c) {
  WXNN_TRY(check_pictures("image", c.in(0)));
  return same_as_x(c);
}

Status run_flip(const RunCtx& c) {
  const Shape& x = c.in(0).shape;
  const size_t pixel = static_cast<size_t>(x[3]) * size_of(c.in(0).dtype);
  const int32_t rows = x[0] * x[1];
  for (int32_t r = 0; r < rows; ++r) {
    const uint8_t* from = c.in(0).u8() + static_cast<size_t>(r) * x[2] * pixel;
    uint8_t* to = c.out().u8() + static_cast<size_t>(r) * x[2] * pixel;
    for (int32_t i = 0; i < x[2]; ++i)
      std::memcpy(to + (x[2] - 1 - i) * pixel, from + i * pixel, pixel);
  }
  return {};
}

// A number as an element of y.
void put(const Tensor& y, int32_t at, float value) {
  if (y.dtype == DType::kInt32) {
    y.i32()[at] =
        value >= -2147483648.0f && value < 2147483648.0f ? static_cast<int32_t>(value) : 0;
  } else {
    y.f32()[at] = value;
  }
}
float get(const Tensor& x, int32_t at) {
  return x.dtype == DType::kInt32 ? static_cast<float>(x.i32()[at]) : x.f32()[at];
}

// Halves up, as JavaScript's.
double round_up(double x) { return __builtin_elementwise_floor(x + 0.5); }

// Pixel (row, column) shows what lies at that place turned about the centre. Where nothing does:
// fillValue, of which a list is red, green, blue, and 255 for the fourth channel.
Status run_rotate(const RunCtx& c) {
  const Shape& x = c.in(0).shape;
  const float radians = static_cast<float>(c.attrs.f("radians"));
  const double sine = sin_f32(radians);
  const double cosine = cos_f32(radians);
  const double center_x = c.attrs.f("center", 0) * x[2];
  const double center_y = c.attrs.f("center", 1) * x[1];
  const bool one_fill = c.attrs.numbers("fillValue").size() == 1;
  int32_t k = 0;
  for (int32_t n = 0; n < x[0]; ++n) {
    for (int32_t row = 0; row < x[1]; ++row) {
      for (int32_t column = 0; column < x[2]; ++column) {
        const double dx = column - center_x;
        const double dy = row - center_y;
        const double at_x = round_up(dx * cosine - dy * sine + center_x);
        const double at_y = round_up(dx * sine + dy * cosine + center_y);
        const bool inside = at_x >= 0 && at_x < x[2] && at_y >= 0 && at_y < x[1];
        for (int32_t i = 0; i < x[3]; ++i, ++k) {
          if (inside) {
            const int32_t pixel =
                (n * x[1] + static_cast<int32_t>(at_y)) * x[2] + static_cast<int32_t>(at_x);
            put(c.out(), k, get(c.in(0), pixel * x[3] + i));
          } else {
            const bool alpha = !one_fill && i == 3;
            put(c.out(), k, alpha ? 255.0f : static_cast<float>(c.attrs.f("fillValue", i)));
          }
        }
      }
    }
  }
  return {};
}

constexpr std::string_view kFillModes[] = {"constant", "reflect", "wrap", "nearest"};

[[clang::minsize]] Status infer_transform(InferCtx& c) {
  const Shape& x = c.in(0).shape;
  const Shape& t = c.in(1).shape;
  WXNN_TRY(check_pictures("image", c.in(0)));
  WXNN_TRY(check_float("transforms", c.in(1)));
  WXNN_CHECK(t.rank() == 2 && t[1] == 8 && (t[0] == 1 || t[0] == x[0]),
             "transforms {} should be 8 numbers for all or each of image {}", t, x);
  // Places are float32: beyond 2^24 a last pixel is no such number, and one past it would be read.
  WXNN_CHECK(x[1] <= 1 << 24 && x[2] <= 1 << 24, "image {} is too large", x);
  const std::string_view mode = c.attrs.text("fillMode");
  WXNN_CHECK(std::ranges::find(kFillModes, mode) != std::end(kFillModes),
             "fillMode \"{}\" is not known", mode);
  const std::string_view how = c.attrs.text("interpolation");
  WXNN_CHECK(how == "nearest" || how == "bilinear",
             "interpolation \"{}\" should be \"nearest\" or \"bilinear\"", how);
  Numbers size;
  WXNN_TRY(read_numbers(c, 2, "outputShape", &size));
  WXNN_CHECK(size.count == 0 || (size.count == 2 && size[0] > 0 && size[1] > 0),
             "outputShape should be a height and a width");
  c.out() = c.in(0);
  if (size.count == 2) c.out().shape = {x[0], size[0], size[1], x[3]};
  return {};
}

// A coordinate brought inside, so that pictures repeat, or are mirrored, or go on with their
// border.
float map_coordinate(float at, int32_t length, std::string_view mode) {
  const float last = static_cast<float>(length - 1);
  const float n = static_cast<float>(length);
  if (mode == "constant") return at;
  if (mode != "nearest" && (at < 0 || at > last)) {
    if (length <= 1) {
      at = 0;
    } else if (mode == "wrap") {
      at = at < 0 ? at + n * (__builtin_elementwise_trunc(-at / last) + 1)
                  : at - n * __builtin_elementwise_trunc(at / last);
    } else if (at < 0) {
      at += 2 * n * __builtin_elementwise_trunc(-at / (2 * n));
      at = at < -n ? at + 2 * n : -at - 1;
    } else {
      at -= 2 * n * __builtin_elementwise_trunc(at / (2 * n));
      at = at >= n ? 2 * n - at - 1 : at;
    }
  }
  return std::min(std::max(at, 0.0f), last);
}

struct Picture {
  const Tensor& x;
  int32_t n;
  float fill;
  float at(float row, float column, int32_t channel) const {
    const Shape& s = x.shape;
    const bool inside = row >= 0 && row < static_cast<float>(s[1]) && column >= 0 &&
                        column < static_cast<float>(s[2]);
    if (!inside) return fill;
    const int32_t pixel =
        (n * s[1] + static_cast<int32_t>(row)) * s[2] + static_cast<int32_t>(column);
    return get(x, pixel * s[3] + channel);
  }
  float between(float row, float column, int32_t channel) const {
    const float top = __builtin_elementwise_floor(row);
    const float left = __builtin_elementwise_floor(column);
    const float right_share = column - left;
    const float left_share = left + 1 - column;
    const float upper =
        left_share * at(top, left, channel) + right_share * at(top, left + 1, channel);
    const float lower =
        left_share * at(top + 1, left, channel) + right_share * at(top + 1, left + 1, channel);
    return (top + 1 - row) * upper + (row - top) * lower;
  }
};

Status run_transform(const RunCtx& c) {
  const Shape& x = c.in(0).shape;
  const Shape& y = c.out().shape;
  const std::string_view mode = c.attrs.text("fillMode");
  const bool nearest = c.attrs.text("interpolation") == "nearest";
  const float fill = static_cast<float>(c.attrs.f("fillValue"));
  int32_t k = 0;
  for (int32_t n = 0; n < y[0]; ++n) {
    const float* t = c.in(1).f32() + (c.in(1).shape[0] == 1 ? 0 : n * 8);
    const Picture picture{c.in(0), n, fill};
    for (int32_t oy = 0; oy < y[1]; ++oy) {
      for (int32_t ox = 0; ox < y[2]; ++ox) {
        const float fx = static_cast<float>(ox);
        const float fy = static_cast<float>(oy);
        const float projection = t[6] * fx + t[7] * fy + 1;
        const float in_x = map_coordinate((t[0] * fx + t[1] * fy + t[2]) / projection, x[2], mode);
        const float in_y = map_coordinate((t[3] * fx + t[4] * fy + t[5]) / projection, x[1], mode);
        for (int32_t i = 0; i < y[3]; ++i, ++k) {
          float value = fill;
          if (projection != 0) {
            value = nearest ? picture.at(__builtin_elementwise_floor(in_y + 0.5f),
                                         __builtin_elementwise_floor(in_x + 0.5f), i)
                            : picture.between(in_y, in_x, i);
          }
          put(c.out(), k, value);
        }
      }
    }
  }
  return {};
}

}  // namespace

extern constinit const Op kFlipLeftRight = {
    .name = "FlipLeftRight",
    .inputs = {{"image"}},
    .infer = infer_pictures,
    .run = run_flip,
};

extern constinit const Op kRotateWithOffset = {
    .name = "RotateWithOffset",
    .inputs = {{"image"}},
    .attrs = {{"radians"},
              {"fillValue", AttrKind::kNumbers, 0},
              {"center", AttrKind::kNumbers, 0.5}},  // x, y, in lengths of the picture
    .infer = infer_pictures,
    .run = run_rotate,
};

// transforms: output (x, y) shows input ((a x + b y + c) / p, (d x + e y + f) / p) with p = g x + h
// y + 1.
extern constinit const Op kTransform = {
    .name = "Transform",
    .inputs = {{"image"}, {"transforms"}, {"outputShape", kArgument}},
    .attrs = {{"interpolation", AttrKind::kText, "nearest"},
              {"fillMode", AttrKind::kText, "constant"},
              {"fillValue", AttrKind::kNumber, 0.0},
              {"outputShape", AttrKind::kNumbers, kEmptyList}},
    .infer = infer_transform,
    .run = run_transform,
};

}  // namespace wxnn
