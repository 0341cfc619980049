#include "vision/mesh.h"

#include <algorithm>

#include "core/math.h"
#include "vision/angle.h"

namespace wxnn {
namespace {

constexpr float kMargin = 1.5f;
// Outer corners of the eyes: the person's right, then left.
constexpr int kRightEye = 33, kLeftEye = 263;
// Each keypoint lies between two landmarks: corners of the eyes, nose tip, lips, and where the face
// ends towards the ears.
constexpr int16_t kKeypoints[6][2] = {{33, 133}, {362, 263}, {1, 1},
                                      {13, 14},  {234, 234}, {454, 454}};

}  // namespace

Roi mesh_roi(const Face& face) {
  const float* box = face.box;
  const float side = kMargin * std::max(box[2] - box[0], box[3] - box[1]);
  return {(box[0] + box[2]) * 0.5f, (box[1] + box[3]) * 0.5f, side, side, face.angle};
}

void read_face(const float* landmarks, bool mirror, Face* face) {
  float* box = face->box;
  box[0] = box[1] = kInfF32;
  box[2] = box[3] = -kInfF32;
  for (int i = 0; i < kLandmarks; ++i) {
    for (int c = 0; c < 2; ++c) {
      box[c] = std::min(box[c], landmarks[i * 3 + c]);
      box[2 + c] = std::max(box[2 + c], landmarks[i * 3 + c]);
    }
  }
  for (int k = 0; k < 6; ++k) {
    for (int c = 0; c < 2; ++c) {
      face->keypoints[k][c] =
          0.5f * (landmarks[kKeypoints[k][0] * 3 + c] + landmarks[kKeypoints[k][1] * 3 + c]);
    }
  }
  const float* from = landmarks + (mirror ? kLeftEye : kRightEye) * 3;
  const float* to = landmarks + (mirror ? kRightEye : kLeftEye) * 3;
  face->angle = angle_between(from, to);
}

ImageTransform mesh_transform(const Roi& roi, bool mirror, int size) {
  return square_transform(roi, size, mirror, 0, 1 / 255.0f);
}

bool project_mesh(const ImageTransform& transform, const float* raw, float* out) {
  const Affine to_picture = map_to_picture(transform);
  const float z_scale = transform.roi.width / static_cast<float>(transform.width);
  bool finite = true;
  for (int i = 0; i < kLandmarkFloats; i += 3) {
    finite &= map_point(to_picture, raw + i, out + i);
    out[i + 2] = raw[i + 2] * z_scale;
    finite &= out[i + 2] * 0 == 0;
  }
  return finite;
}

}  // namespace wxnn
