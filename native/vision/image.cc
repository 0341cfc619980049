#include "vision/image.h"

#include <algorithm>
#include <cstring>

#include "core/loop.h"
#include "vision/angle.h"

#ifdef __wasm_simd128__
#include <wasm_simd128.h>
#endif

namespace wxnn {
namespace {

// Clang's vectors: SIMD where the build has it, the same operations one by one where it has not.
using F4 = float __attribute__((vector_size(16)));
using U4 = uint8_t __attribute__((vector_size(4)));

constexpr int kMaxTaps = 16;  // an axis: what bounds the work on huge photos
constexpr float kFar = 1e6f;

bool within(const float* numbers, int n, float low, float high) {
  for (int i = 0; i < n; ++i) {
    if (!(numbers[i] >= low && numbers[i] <= high)) return false;
  }
  return true;
}

[[clang::minsize]] Status check_sides(const char* what, int width, int height, int most) {
  WXNN_CHECK(std::min(width, height) > 0 && std::max(width, height) <= most,
             "{}{} x {} should have 1 to {} pixels a side", what, width, height, most);
  return {};
}

[[clang::minsize]] Status check(const Image& image, const ImageTransform& t) {
  WXNN_TRY(check_sides("a picture of ", image.width, image.height, 65535));
  WXNN_CHECK(image.bytes / 4 / image.width >= static_cast<size_t>(image.height),
             "a picture of {} x {} has 4 bytes a pixel, {} are given", image.width, image.height,
             image.bytes);
  WXNN_TRY(check_sides("a tensor of ", t.width, t.height, 16384));
  const Roi& r = t.roi;
  WXNN_CHECK(within(&r.x, 1, -kFar, kFar) && within(&r.y, 1, -kFar, kFar) &&
                 within(&r.angle, 1, -kFar, kFar) && within(&r.width, 1, 1e-3f, kFar) &&
                 within(&r.height, 1, 1e-3f, kFar),
             "roi should have numbers up to 1000000, width and height 0.001 or more");
  WXNN_CHECK(t.rotation % 90 == 0 && t.rotation >= 0 && t.rotation < 360,
             "rotation {} should be 0, 90, 180 or 270", t.rotation);
  WXNN_CHECK(within(t.mean, 3, -1e30f, 1e30f) && within(t.scale, 3, -1e30f, 1e30f),
             "mean and scale should be finite");
  return {};
}

// One axis of a picture that is cut along its axes: output i is the weighted sum of the pixels
// index[k], k in [begin[i], begin[i + 1]); of none where it lies outside and is black.
struct Taps {
  int* begin;
  int* index;
  float* weight;
  int low, high;  // indices are in [low, high)
  int outputs;

  static int per_output(double step) { return step <= 2 ? 2 : kMaxTaps + 2; }
  static size_t bytes(int outputs) {
    return sizeof(int) +
           size_t(outputs) * (sizeof(int) + (kMaxTaps + 2) * (sizeof(int) + sizeof(float)));
  }
};

[[clang::minsize]] void add(Taps& t, int& k, int index, double weight) {
  t.index[k] = index;
  t.weight[k++] = static_cast<float>(weight);
  t.low = std::min(t.low, index);
  t.high = std::max(t.high, index + 1);
}

// Output i is centred at slope * (i + 0.5) + offset on an axis of `size` pixels.
struct Axis {
  double slope, offset;
  int outputs, size;
  bool extend;
};

[[clang::minsize]] void make_taps(const Axis& axis, std::byte* memory, Taps& t) {
  t.outputs = axis.outputs;
  t.begin = reinterpret_cast<int*>(memory);
  t.index = t.begin + axis.outputs + 1;
  const double step = axis.slope < 0 ? -axis.slope : axis.slope;
  t.weight = reinterpret_cast<float*>(t.index + size_t(axis.outputs) * Taps::per_output(step));
  t.low = axis.size;
  t.high = 0;
  int k = 0;
  for (int i = 0; i < axis.outputs; ++i) {
    t.begin[i] = k;
    double centre = axis.slope * (i + 0.5) + axis.offset;
    if (axis.extend) centre = std::clamp(centre, 0.0, double(axis.size));
    if (centre < 0 || centre > axis.size) continue;
    if (step <= 2) {
      const double x = std::clamp(centre - 0.5, 0.0, axis.size - 1.0);
      const int first = static_cast<int>(x);
      add(t, k, first, 1 - (x - first));
      if (x > first) add(t, k, first + 1, x - first);
      continue;
    }
    const double low = std::max(centre - step / 2, 0.0);
    const double high = std::min(centre + step / 2, double(axis.size));
    const double length = high - low;  // >= 1
    if (length <= kMaxTaps) {
      for (int p = static_cast<int>(low); p < high; ++p) {
        add(t, k, p, (std::min(p + 1.0, high) - std::max(double(p), low)) / length);
      }
    } else {
      for (int s = 0; s < kMaxTaps; ++s) {
        add(t, k, static_cast<int>(low + (s + 0.5) * length / kMaxTaps), 1.0 / kMaxTaps);
      }
    }
  }
  t.begin[axis.outputs] = k;
}

// sums[3 * x + c]: the weighted sum of taps `from` to `to` of n pixels, red, green and blue: what
// the time of a frame goes into. `picture`: the first of these pixels in the picture's first row.
void sum_rows(const uint8_t* picture, size_t row_bytes, const Taps& rows, int from, int to, int n,
              float* sums) {
  int x = 0;
#ifdef __wasm_simd128__
  // The bytes of a float's low end, four floats of three channels after the other; 255: none.
  const v128_t first = wasm_u32x4_const(0xffffff00, 0xffffff01, 0xffffff02, 0xffffff04);
  const v128_t second = wasm_u32x4_const(0xffffff05, 0xffffff06, 0xffffff08, 0xffffff09);
  const v128_t third = wasm_u32x4_const(0xffffff0a, 0xffffff0c, 0xffffff0d, 0xffffff0e);
  // Eight pixels at a time; the last ones may be some of those before them once more.
  for (; n >= 8 && x < n; x += 8) {
    x = std::min(x, n - 8);
    v128_t sum[6] = {};
    for (int k = from; k < to; ++k) {
      const uint8_t* pixels = picture + size_t(rows.index[k]) * row_bytes + size_t(x) * 4;
      const v128_t weight = wasm_v128_load32_splat(rows.weight + k);
      const auto add = [&](v128_t& to_sum, v128_t four, v128_t bytes) {
        const v128_t numbers = wasm_f32x4_convert_i32x4(wasm_i8x16_swizzle(four, bytes));
        to_sum = wasm_f32x4_add(to_sum, wasm_f32x4_mul(weight, numbers));
      };
      const v128_t left = wasm_v128_load(pixels), right = wasm_v128_load(pixels + 16);
      add(sum[0], left, first);
      add(sum[1], left, second);
      add(sum[2], left, third);
      add(sum[3], right, first);
      add(sum[4], right, second);
      add(sum[5], right, third);
    }
    for (int i = 0; i < 6; ++i) wasm_v128_store(sums + size_t(x) * 3 + i * 4, sum[i]);
  }
#endif
  for (; x < n; ++x) {
    float red = 0, green = 0, blue = 0;
    for (int k = from; k < to; ++k) {
      const uint8_t* pixel = picture + size_t(rows.index[k]) * row_bytes + size_t(x) * 4;
      const float weight = rows.weight[k];
      red += weight * pixel[0];
      green += weight * pixel[1];
      blue += weight * pixel[2];
    }
    sums[x * 3] = red;
    sums[x * 3 + 1] = green;
    sums[x * 3 + 2] = blue;
  }
}

// (pixel - mean) * scale of three channels.
struct Normalise {
  F4 mean, scale;

  explicit Normalise(const ImageTransform& t) {
    std::memcpy(&mean, t.mean, sizeof mean);
    std::memcpy(&scale, t.scale, sizeof scale);
  }

  void put(F4 pixel, float* out) const {
    const F4 value = (pixel - mean) * scale;
    std::memcpy(out, &value, 3 * sizeof(float));
  }
};

// Tensor pixel (column of taps, row of taps) goes to out[column * across + row * down].
struct Strides {
  size_t across, down;
};

void sample_along_axes(const Image& image, const ImageTransform& t, const Taps& columns,
                       const Taps& rows, Strides strides, float* sums, float* out) {
  const Normalise normalise(t);
  const uint8_t* picture = image.rgba + size_t(columns.low) * 4;
  for (int j = 0; j < rows.outputs; ++j) {
    const int from = rows.begin[j], to = rows.begin[j + 1];
    const bool black = from == to;
    if (!black) {
      sum_rows(picture, size_t(image.width) * 4, rows, from, to, columns.high - columns.low, sums);
    }
    for (int i = 0; i < columns.outputs; ++i) {
      F4 pixel = {0, 0, 0, 0};
      for (int k = columns.begin[i]; k < columns.begin[i + 1] && !black; ++k) {
        F4 value;  // of three sums, and one that nobody reads
        std::memcpy(&value, sums + size_t(columns.index[k] - columns.low) * 3, sizeof value);
        pixel += value * columns.weight[k];
      }
      normalise.put(pixel, out + i * strides.across + j * strides.down);
    }
  }
}

F4 numbers_of(const uint8_t* rgba) {
#ifdef __wasm_simd128__  // clang's way, by unsigned conversion, takes x86 eight instructions more
  const v128_t low_ends = wasm_u32x4_const(0xffffff00, 0xffffff01, 0xffffff02, 0xffffff03);
  return wasm_f32x4_convert_i32x4(wasm_i8x16_swizzle(wasm_v128_load32_zero(rgba), low_ends));
#else
  U4 pixel;
  std::memcpy(&pixel, rgba, sizeof pixel);
  return __builtin_convertvector(pixel, F4);
#endif
}

F4 bilinear(const Image& image, float x, float y) {
  x = std::clamp(x - 0.5f, 0.0f, image.width - 1.0f);
  y = std::clamp(y - 0.5f, 0.0f, image.height - 1.0f);
  const int i = static_cast<int>(x), j = static_cast<int>(y);
  const float u = x - i, v = y - j;
  const size_t right = i + 1 < image.width ? 4 : 0;
  const size_t below = j + 1 < image.height ? size_t(image.width) * 4 : 0;
  const uint8_t* p = image.rgba + (size_t(j) * image.width + i) * 4;
  const auto at = [p](size_t offset) { return numbers_of(p + offset); };
  const F4 upper = at(0) * (1 - u) + at(right) * u;
  const F4 lower = at(below) * (1 - u) + at(below + right) * u;
  return upper * (1 - v) + lower * v;
}

// Bilinear samples per tensor pixel, so that they lie at most 2 picture pixels apart.
int samples(double dx, double dy) {
  const double step = __builtin_sqrt(dx * dx + dy * dy);
  return step > 2 * kMaxTaps ? kMaxTaps : step <= 2 ? 1 : static_cast<int>(step / 2 + 0.999);
}

void sample_turned(const Image& image, const ImageTransform& t, const Affine& map, float* out) {
  const Normalise normalise(t);
  const int nx = samples(map.xx, map.yx), ny = samples(map.xy, map.yy);
  for (int j = 0; j < t.height; ++j) {
    for (int i = 0; i < t.width; ++i, out += 3) {
      F4 pixel = {0, 0, 0, 0};
      const double x = map.x(i + 0.5, j + 0.5), y = map.y(i + 0.5, j + 0.5);
      if (t.extend || (x >= 0 && y >= 0 && x <= image.width && y <= image.height)) {
        for (int b = 0; b < ny; ++b) {
          for (int a = 0; a < nx; ++a) {
            const double px = i + (a + 0.5) / nx, py = j + (b + 0.5) / ny;
            pixel += bilinear(image, static_cast<float>(map.x(px, py)),
                              static_cast<float>(map.y(px, py)));
          }
        }
        pixel *= 1.0f / static_cast<float>(nx * ny);
      }
      normalise.put(pixel, out);
    }
  }
}

}  // namespace

[[clang::minsize]] ImageTransform square_transform(const Roi& roi, int size, bool mirror,
                                                   float mean, float scale) {
  return {.roi = roi,
          .width = size,
          .height = size,
          .mirror = mirror,
          .mean = {mean, mean, mean},
          .scale = {scale, scale, scale}};
}

[[clang::minsize]] Affine map_to_picture(const ImageTransform& t) {
  const Roi& r = t.roi;
  const bool lying = t.rotation == 90 || t.rotation == 270;
  // Picture pixels per tensor pixel, along the tensor's axes.
  double sx = double(lying ? r.height : r.width) / t.width;
  double sy = double(lying ? r.width : r.height) / t.height;
  if (t.letterbox) sx = sy = std::max(sx, sy);
  if (t.mirror) sx = -sx;
  // The tensor's x axis points along (c, s) in the picture, its y axis along (-s, c): the roi's
  // angle, less the rotation that makes the picture upright.
  const auto [c, s] = turn_by(r.angle, -t.rotation / 90);
  Affine map{c * sx, -s * sy, 0, s * sx, c * sy, 0};
  map.x0 = r.x - map.x(t.width / 2.0, t.height / 2.0);
  map.y0 = r.y - map.y(t.width / 2.0, t.height / 2.0);
  return map;
}

[[clang::minsize]] bool map_point(const Affine& map, const float* from, float* to) {
  const float x = from[0], y = from[1];
  to[0] = static_cast<float>(map.x(x, y));
  to[1] = static_cast<float>(map.y(x, y));
  return (to[0] + to[1]) * 0 == 0;
}

[[clang::minsize]] Status ImageSampler::to_tensor(const Image& image, const ImageTransform& t,
                                                  float* out) {
  WXNN_TRY(check(image, t));
  const Affine map = map_to_picture(t);
  const bool upright = map.xy == 0 && map.yx == 0;
  const bool lying = map.xx == 0 && map.yy == 0;
  if (!upright && !lying) {
    replaceable(sample_turned)(image, t, map, out);
    return {};
  }
  Axis x{map.xx, map.x0, t.width, image.width, t.extend};
  Axis y{map.yy, map.y0, t.height, image.height, t.extend};
  Strides strides{3, size_t(t.width) * 3};
  if (!upright) {  // picture columns run along the tensor's y
    x.slope = map.xy;
    y.slope = map.yx;
    std::swap(x.outputs, y.outputs);
    std::swap(strides.across, strides.down);
  }
  const size_t x_bytes = Taps::bytes(x.outputs), y_bytes = Taps::bytes(y.outputs);
  const size_t needed = size_t(image.width) * 16 + x_bytes + y_bytes;
  if (scratch_.size() < needed) WXNN_TRY(scratch_.allocate(needed));
  std::byte* memory = scratch_.data();
  Taps columns, rows;
  make_taps(x, memory, columns);
  make_taps(y, memory + x_bytes, rows);
  replaceable(sample_along_axes)(image, t, columns, rows, strides,
                                 reinterpret_cast<float*>(memory + x_bytes + y_bytes), out);
  return {};
}

WXNN_LOOPS(Image, any_loop(sample_along_axes), any_loop(sample_turned));

}  // namespace wxnn
