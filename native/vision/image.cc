#include "vision/image.h"

#include <algorithm>
#include <cstring>

#include "core/loop.h"
#include "vision/angle.h"

namespace wxnn {
namespace {

// Clang's vectors: SIMD where the build has it, the same operations one by one where it has not.
using F4 = float __attribute__((vector_size(16)));
using U4 = uint8_t __attribute__((vector_size(4)));

constexpr int kMaxTaps = 16;  // an axis: what bounds the work on huge photos
constexpr float kFar = 1e6f;

bool within(float value, float low, float high) { return value >= low && value <= high; }

Status check(const Image& image, const ImageTransform& t) {
  WXNN_CHECK(image.width > 0 && image.height > 0, "the picture is ", image.width, " x ",
             image.height, ": it has no pixels");
  WXNN_CHECK(image.width <= 65535 && image.height <= 65535, "the picture is ", image.width, " x ",
             image.height, ": at most 65535 a side");
  const uint64_t needed =
      uint64_t{4} * static_cast<uint32_t>(image.width) * static_cast<uint32_t>(image.height);
  WXNN_CHECK(image.bytes >= needed, "a picture of ", image.width, " x ", image.height, " has ",
             needed, " bytes of RGBA, ", image.bytes, " are given");
  WXNN_CHECK(t.width > 0 && t.height > 0 && t.width <= 16384 && t.height <= 16384,
             "a picture cannot be made into a tensor of ", t.width, " x ", t.height, " pixels");
  const Roi& r = t.roi;
  WXNN_CHECK(within(r.x, -kFar, kFar) && within(r.y, -kFar, kFar) && within(r.angle, -kFar, kFar),
             "roi: centre and angle must be numbers between -1000000 and 1000000");
  WXNN_CHECK(within(r.width, 1e-3f, kFar) && within(r.height, 1e-3f, kFar),
             "roi: width and height must be numbers between 0.001 and 1000000");
  WXNN_CHECK(t.rotation == 0 || t.rotation == 90 || t.rotation == 180 || t.rotation == 270,
             "rotation ", t.rotation, " is none of 0, 90, 180, 270");
  for (int c = 0; c < 3; ++c) {
    WXNN_CHECK(within(t.mean[c], -1e30f, 1e30f) && within(t.scale[c], -1e30f, 1e30f),
               "mean and scale must be finite numbers");
  }
  return {};
}

// One axis of a picture that is cut along its axes: output i is the weighted sum of the pixels
// index[k], k in [begin[i], begin[i + 1]); of none where it lies outside and is black.
struct Taps {
  int* begin;
  int* index;
  float* weight;
  int low, high;  // indices are in [low, high)

  static int per_output(double step) { return step <= 2 ? 2 : kMaxTaps + 2; }
  static size_t bytes(int outputs) {
    return sizeof(int) +
           size_t(outputs) * (sizeof(int) + (kMaxTaps + 2) * (sizeof(int) + sizeof(float)));
  }
};

void add(Taps& t, int& k, int index, double weight) {
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

void make_taps(const Axis& axis, std::byte* memory, Taps& t) {
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

// sum[i] = (or +=) w * row[i]: what the time of a frame goes into; clang vectorises both.
void set_row(float* __restrict sum, const uint8_t* __restrict row, float w, int n) {
  for (int i = 0; i < n; ++i) sum[i] = w * row[i];
}
void add_row(float* __restrict sum, const uint8_t* __restrict row, float w, int n) {
  for (int i = 0; i < n; ++i) sum[i] += w * row[i];
}

void put(const ImageTransform& t, F4 pixel, float* out) {
  for (int c = 0; c < 3; ++c) out[c] = (pixel[c] - t.mean[c]) * t.scale[c];
}

// Tensor pixel (column of taps, row of taps) goes to out[column * across + row * down].
struct Strides {
  size_t across, down;
};

void sample_along_axes(const Image& image, const ImageTransform& t, const Taps& columns,
                       const Taps& rows, int column_count, int row_count, Strides strides,
                       float* sums, float* out) {
  const int n = (columns.high - columns.low) * 4;
  for (int j = 0; j < row_count; ++j) {
    const bool black = rows.begin[j] == rows.begin[j + 1];
    for (int k = rows.begin[j]; k < rows.begin[j + 1]; ++k) {
      const uint8_t* row = image.rgba + (size_t(rows.index[k]) * image.width + columns.low) * 4;
      if (k == rows.begin[j]) {
        set_row(sums, row, rows.weight[k], n);
      } else {
        add_row(sums, row, rows.weight[k], n);
      }
    }
    for (int i = 0; i < column_count; ++i) {
      F4 pixel = {0, 0, 0, 0};
      for (int k = columns.begin[i]; k < columns.begin[i + 1] && !black; ++k) {
        F4 value;
        std::memcpy(&value, sums + (columns.index[k] - columns.low) * 4, sizeof value);
        pixel += value * columns.weight[k];
      }
      put(t, pixel, out + i * strides.across + j * strides.down);
    }
  }
}

F4 bilinear(const Image& image, float x, float y) {
  x = std::clamp(x - 0.5f, 0.0f, image.width - 1.0f);
  y = std::clamp(y - 0.5f, 0.0f, image.height - 1.0f);
  const int i = static_cast<int>(x), j = static_cast<int>(y);
  const float u = x - i, v = y - j;
  const size_t right = i + 1 < image.width ? 4 : 0;
  const size_t below = j + 1 < image.height ? size_t(image.width) * 4 : 0;
  const uint8_t* p = image.rgba + (size_t(j) * image.width + i) * 4;
  const auto at = [p](size_t offset) {
    U4 pixel;
    std::memcpy(&pixel, p + offset, sizeof pixel);
    return __builtin_convertvector(pixel, F4);
  };
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
      put(t, pixel, out);
    }
  }
}

}  // namespace

Affine map_to_picture(const ImageTransform& t) {
  const Roi& r = t.roi;
  const bool lying = t.rotation == 90 || t.rotation == 270;
  // Picture pixels per tensor pixel, along the tensor's axes.
  double sx = double(lying ? r.height : r.width) / t.width;
  double sy = double(lying ? r.width : r.height) / t.height;
  if (t.letterbox) sx = sy = std::max(sx, sy);
  if (t.mirror) sx = -sx;
  // The tensor's x axis points along (c, s) in the picture, its y axis along (-s, c): the roi's
  // angle, less the rotation that makes the picture upright.
  const Turn turn = turn_by(r.angle);
  double c = turn.cos, s = turn.sin;
  for (int quarter = t.rotation / 90; quarter > 0; --quarter) {
    const double old = c;
    c = s;
    s = -old;
  }
  Affine map{c * sx, -s * sy, 0, s * sx, c * sy, 0};
  map.x0 = r.x - map.x(t.width / 2.0, t.height / 2.0);
  map.y0 = r.y - map.y(t.width / 2.0, t.height / 2.0);
  return map;
}

Status ImageSampler::to_tensor(const Image& image, const ImageTransform& t, float* out) {
  WXNN_TRY(check(image, t));
  const Affine map = map_to_picture(t);
  const bool upright = map.xy == 0 && map.yx == 0;
  const bool lying = map.xx == 0 && map.yy == 0;
  if (!upright && !lying) {
    replaceable(sample_turned)(image, t, map, out);
    return {};
  }
  // Picture columns run along the tensor's x, or along its y where the picture lies on its side.
  const Axis x = upright ? Axis{map.xx, map.x0, t.width, image.width, t.extend}
                         : Axis{map.xy, map.x0, t.height, image.width, t.extend};
  const Axis y = upright ? Axis{map.yy, map.y0, t.height, image.height, t.extend}
                         : Axis{map.yx, map.y0, t.width, image.height, t.extend};
  const size_t x_bytes = Taps::bytes(x.outputs), y_bytes = Taps::bytes(y.outputs);
  const size_t needed = size_t(image.width) * 16 + x_bytes + y_bytes;
  if (scratch_.size() < needed) WXNN_TRY(scratch_.allocate(needed));
  std::byte* memory = scratch_.data();
  Taps columns, rows;
  make_taps(x, memory, columns);
  make_taps(y, memory + x_bytes, rows);
  const Strides strides =
      upright ? Strides{3, size_t(t.width) * 3} : Strides{size_t(t.width) * 3, 3};
  replaceable(sample_along_axes)(image, t, columns, rows, x.outputs, y.outputs, strides,
                                 reinterpret_cast<float*>(memory + x_bytes + y_bytes), out);
  return {};
}

WXNN_LOOPS(Image, any_loop(sample_along_axes), any_loop(sample_turned));

}  // namespace wxnn
