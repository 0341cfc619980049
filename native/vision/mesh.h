// FaceMesh: the square that is cut out around a face, the network's input from it, and its
// landmarks back on the picture.
//
// Follows MediaPipe's graphs face_detection_front_detection_to_roi and face_landmarks_to_roi
// (RectTransformation: scale 1.5, square_long), face_landmark (input in 0..1) and
// LandmarkProjectionCalculator. Paper: Kartynnik et al., "Real-time Facial Surface
// Geometry from Monocular Video on Mobile GPUs", 2019.
#pragma once
#include "vision/faces.h"

namespace wxnn {

inline constexpr int kLandmarks = 468;
inline constexpr int kLandmarkFloats = kLandmarks * 3;  // x, y, z each

// The square around a face, turned as its eyes are: of a detected one, or of one that read_face
// read on the frame before (tracking).
Roi mesh_roi(const Face& face);

// A face as its landmarks show it, all but the score, which stays: their bounding box, the six
// keypoints (eyes: between their corners) and the angle. `landmarks`: [468, 3], x and y in picture
// pixels. `mirror` as the crop they come from had it.
void read_face(const float* landmarks, bool mirror, Face* face);

// How that square becomes the network's input [size, size, 3]: pixel / 255; black outside the
// picture; mirrored after it was turned upright.
ImageTransform mesh_transform(const Roi& roi, bool mirror, int size);

// `raw`: the network's [468, 3]: x and y in pixels of its input (0..size), z in the same unit,
// smaller is nearer. `out`: [468, 3] in picture pixels, z scaled alike; may be `raw`. `transform`:
// what the input was made with. False where a number is not finite: then there is no face.
bool project_mesh(const ImageTransform& transform, const float* raw, float* out);

}  // namespace wxnn
