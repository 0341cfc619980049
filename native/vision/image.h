// An 8-bit picture to the float tensor that a network reads, and from its coordinates back to the
// picture's.
//
// Coordinates are continuous: pixel (i, j) covers [i, i+1) x [j, j+1), its centre is at
// (i+0.5, j+0.5), x to the right, y down; angles in radians, clockwise as one sees it.
//
// What a tensor element holds: the rectangle `roi` of the picture is cut out, its content turned
// clockwise by `rotation`, then mirrored, then fitted into the tensor. Where one tensor pixel
// covers at most 2 x 2 picture pixels it is the bilinear sample at its centre; where it covers
// more, an average over what it covers, of at most 16 x 16 samples. (MediaPipe's
// ImageToTensorCalculator samples bilinearly at any scale, which aliases on large photos.)
// Alpha is ignored.
#pragma once
#include "core/buffer.h"

namespace wxnn {

// Row-major RGBA without padding between rows; `bytes` is how much the caller has there.
struct Image {
  const uint8_t* rgba = nullptr;
  size_t bytes = 0;
  int width = 0;
  int height = 0;
};

// A rectangle on the picture, in its pixels: centre, extent, and how far it is turned clockwise.
struct Roi {
  float x = 0, y = 0;
  float width = 0, height = 0;
  float angle = 0;
};

// The whole picture.
inline Roi roi_of(const Image& image) {
  const float w = static_cast<float>(image.width), h = static_cast<float>(image.height);
  return {w / 2, h / 2, w, h, 0};
}

struct ImageTransform {
  Roi roi;
  int width = 0;  // of the tensor [height, width, 3]
  int height = 0;
  int rotation = 0;  // 0, 90, 180, 270: degrees clockwise that make the picture upright
  bool mirror = false;
  bool letterbox = false;  // keep the aspect ratio, centred between black bars; else stretch
  bool extend = false;     // outside the picture: its nearest edge pixel; else black (0, 0, 0)
  // out = (pixel - mean) * scale, pixel in 0..255, also for black. The fourth of each is not used.
  float mean[4] = {};
  float scale[4] = {1, 1, 1};
};

// To a square tensor, all channels alike.
ImageTransform square_transform(const Roi& roi, int size, bool mirror, float mean, float scale);

// x' = xx * x + xy * y + x0; y' = yx * x + yy * y + y0.
struct Affine {
  double xx = 0, xy = 0, x0 = 0;
  double yx = 0, yy = 0, y0 = 0;
  double x(double px, double py) const { return xx * px + xy * py + x0; }
  double y(double px, double py) const { return yx * px + yy * py + y0; }
};
// Of the point (x, y) at `from`, written to `to`, which may be `from`; false where it is not
// finite.
bool map_point(const Affine& map, const float* from, float* to);

// From tensor coordinates (0..width, 0..height) to picture coordinates. `transform` is one that
// ImageSampler::to_tensor accepts.
Affine map_to_picture(const ImageTransform& transform);

// Keeps its scratch memory from picture to picture: it stops growing once sizes repeat.
class ImageSampler {
 public:
  // Writes width * height * 3 floats to `out`, [height, width, 3]. Refuses, in a sentence: an empty
  // picture or more than 65,535 a side, fewer bytes than width * height * 4, a roi that is not
  // finite, is empty or is larger or further away than a million pixels, any other rotation, a
  // tensor side outside 1..16,384, means or scales that are not finite. Fails for want of memory.
  Status to_tensor(const Image& image, const ImageTransform& transform, float* out);

 private:
  Buffer scratch_;
};

}  // namespace wxnn
