// CropAndResize: boxes [y0, x0, y1, x1] in fractions of an image's first to last pixel, each
// resized to one size. A sample outside the image is extrapolationValue.
#include <algorithm>

#include "core/elementwise.h"
#include "ops/arguments.h"

namespace wxnn {
namespace {
enum Input { kImage, kBoxes, kBoxInd, kCropSize };

[[clang::minsize]] Status infer_crop(InferCtx& c) {
  const Shape& image = c.in(kImage).shape;
  const Shape& boxes = c.in(kBoxes).shape;
  const Tensor& index = c.in(kBoxInd);
  WXNN_TRY(check_number("image", c.in(kImage)));
  WXNN_TRY(check_float("boxes", c.in(kBoxes)));
  WXNN_CHECK(image.rank() == 4 && image[1] > 0 && image[2] > 0,
             "image {} should be [N,H,W,C] with pixels", image);
  // Places are float32: beyond 2^24 a last pixel is no such number, and one past it would be read.
  WXNN_CHECK(image[1] <= 1 << 24 && image[2] <= 1 << 24, "image {} is too large", image);
  WXNN_CHECK(boxes.rank() == 2 && boxes[1] == 4, "boxes {} should be [B,4]", boxes);
  WXNN_CHECK(index.dtype == DType::kInt32 && index.shape == Shape{boxes[0]},
             "boxInd {} {} does not name an image for each of boxes {}", name_of(index.dtype),
             index.shape, boxes);
  Numbers size;
  WXNN_TRY(read_numbers(c, kCropSize, "cropSize", &size));
  WXNN_CHECK(size.count == 2 && size[0] > 0 && size[1] > 0,
             "cropSize should be a height and a width");
  const std::string_view method = c.attrs.text("method");
  WXNN_CHECK(method == "bilinear" || method == "nearest",
             "method \"{}\" should be \"bilinear\" or \"nearest\"", method);
  c.out() = {DType::kFloat32, {boxes[0], size[0], size[1], image[3]}};
  return {};
}

// Where sample i of n looks along an axis of this length.
float sample(float first, float last, int32_t length, int32_t i, int32_t n) {
  const float way = static_cast<float>(length - 1);
  if (n == 1) return 0.5f * (first + last) * way;
  const float step = (last - first) * way / static_cast<float>(n - 1);
  return first * way + static_cast<float>(i) * step;
}

// The two pixels that a sample lies between. With nearest, the nearer one twice, halves up.
struct Pair {
  int32_t low, high;
  float fraction;
};
Pair pair_at(float at, bool nearest) {
  if (nearest) {
    const float moved = at + 0.5f;  // at is not negative here
    const int32_t i = static_cast<int32_t>(moved);
    return {i, i, 0};
  }
  const int32_t low = static_cast<int32_t>(at);
  const float fraction = at - static_cast<float>(low);
  return {low, fraction > 0 ? low + 1 : low, fraction};
}

bool inside(float at, int32_t length) { return at >= 0 && at <= static_cast<float>(length - 1); }

struct Crop {
  const Shape& image;
  const Shape& y;
  bool nearest;
  float outside;

  template <class T>
  void run(const T* pixels, const float* box, float* out) const {
    const int32_t channels = image[3];
    for (int32_t oy = 0; oy < y[1]; ++oy) {
      const float at_y = sample(box[0], box[2], image[1], oy, y[1]);
      for (int32_t ox = 0; ox < y[2]; ++ox, out += channels) {
        const float at_x = sample(box[1], box[3], image[2], ox, y[2]);
        if (!inside(at_y, image[1]) || !inside(at_x, image[2])) {
          std::fill_n(out, channels, outside);
          continue;
        }
        const Pair v = pair_at(at_y, nearest);
        const Pair h = pair_at(at_x, nearest);
        const T* top = pixels + v.low * image[2] * channels;
        const T* bottom = pixels + v.high * image[2] * channels;
        const int32_t left = h.low * channels;
        const int32_t right = h.high * channels;
        each(channels, [=](int32_t i) {
          const float a = static_cast<float>(top[left + i]);
          const float b = static_cast<float>(bottom[left + i]);
          const float upper = a + (static_cast<float>(top[right + i]) - a) * h.fraction;
          const float lower = b + (static_cast<float>(bottom[right + i]) - b) * h.fraction;
          out[i] = upper + (lower - upper) * v.fraction;
        });
      }
    }
  }
};

Status run_crop(const RunCtx& c) {
  const Shape& image = c.in(kImage).shape;
  const Shape& y = c.out().shape;
  const Crop crop{image, y, c.attrs.text("method") == "nearest",
                  static_cast<float>(c.attrs.f("extrapolationValue"))};
  float* out = c.out().f32();
  for (int32_t b = 0; b < y[0]; ++b, out += y.elements(1, 4)) {
    const int32_t n = c.in(kBoxInd).i32()[b];
    WXNN_CHECK(n >= 0 && n < image[0], "boxInd {} is outside image {}", n, image);
    const float* box = c.in(kBoxes).f32() + 4 * b;
    const int32_t first = n * image.elements(1, 4);
    if (c.in(kImage).dtype == DType::kInt32) {
      crop.run(c.in(kImage).i32() + first, box, out);
    } else {
      crop.run(c.in(kImage).f32() + first, box, out);
    }
  }
  return {};
}

}  // namespace

extern constinit const Op kCropAndResize = {
    .name = "CropAndResize",
    .inputs = {{"image"}, {"boxes"}, {"boxInd"}, {"cropSize", kArgument}},
    .attrs = {{"cropSize", AttrKind::kNumbers, kEmptyList},
              {"method", AttrKind::kText, "bilinear"},
              {"extrapolationValue", AttrKind::kNumber, 0.0}},
    .infer = infer_crop,
    .run = run_crop,
};

}  // namespace wxnn
