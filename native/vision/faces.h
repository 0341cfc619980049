// What BlazeFace's outputs mean: from a picture to its input tensor, from its output tensors to
// faces on the picture. Any engine may run the network in between.
//
// Follows MediaPipe's face_detection graphs: ImageToTensor (letterbox, values in -1..1),
// SsdAnchorsCalculator, TensorsToDetectionsCalculator, NonMaxSuppressionCalculator (WEIGHTED, IoU
// 0.3), DetectionLetterboxRemovalCalculator. Paper: Bazarevsky et al., "BlazeFace", 2019.
#pragma once
#include <span>

#include "core/tensor.h"
#include "vision/image.h"

namespace wxnn {

// Coordinates are pixels of the picture as given: neither turned nor mirrored, see image.h.
struct Face {
  float score = 0;  // 0..1
  // x0, y0, x1, y1 with x0 <= x1, y0 <= y1. Finite, but not clamped to the picture: a face at the
  // border keeps its shape.
  float box[4] = {};
  // x, y of: right eye, left eye, nose tip, mouth centre, right ear, left ear (of the person as
  // the network sees it: a mirrored picture swaps right and left).
  float keypoints[6][2] = {};
  // How far the face is turned clockwise in the picture as given, in radians, from its eyes: 0
  // where it is upright there (an upright face on a frame with rotation 90 has -pi/2).
  float angle = 0;

  // The same as plain numbers, in this order.
  float* numbers() { return reinterpret_cast<float*>(this); }
};
inline constexpr int kMaxFaces = 256;   // on one picture
inline constexpr int kFaceFloats = 18;  // a Face is that many floats without padding
static_assert(sizeof(Face) == kFaceFloats * sizeof(float));

// Intersection over union of two boxes x0 y0 x1 y1, 0..1; 0 where one is empty.
float overlap(const float* a, const float* b);

// The score 0..1 of a network's logit.
float score_of(float logit);

// One detector: life is open -> prepare -> (run the network) -> decode -> prepare … decode
// allocates nothing; prepare keeps its scratch memory from picture to picture.
class FaceDetector {
 public:
  // Once. The model's geometry follows from its square input's side and its outputs' shapes, which
  // may come in any order: regressors [1, N, 16] and scores [1, N, 1], as one pair (MediaPipe) or
  // one pair for each grid (tfjs). Refuses, with the shapes, whatever is not one of:
  //   side 128 or 256, N = 896 (or 512 and 384): grids 16 x 16 x 2 and 8 x 8 x 6
  //   side 192, N = 2304: grid 48 x 48 x 1
  Status open(int input_size, std::span<const Shape> outputs);

  int input_size() const { return size_; }
  size_t output_count() const { return output_count_; }

  // Writes the input tensor [side, side, 3]: the picture letterboxed, (pixel - 127.5) / 127.5.
  // `rotation`: degrees clockwise that make the picture upright; then mirrored. Refuses what
  // ImageSampler::to_tensor refuses.
  Status prepare(const Image& image, int rotation, bool mirror, float* tensor);

  // `outputs`: data of the output tensors, in open's order, for the last prepared picture.
  // Faces with score >= threshold (0..1), best first, at most max_faces of them (0: kMaxFaces).
  // Candidates that are not finite are no faces. Refuses a threshold outside 0..1, and outputs
  // without a picture.
  Status decode(std::span<const float* const> outputs, float threshold, int max_faces);

  // Of the last decode; valid until the next.
  std::span<const Face> faces() const {
    return {memory_.data<Face>(), static_cast<size_t>(face_count_)};
  }
  bool mirror() const { return mirror_; }
  ImageSampler& sampler() { return sampler_; }

 private:
  // A square grid of cells with a number of anchors at each centre. Anchors are numbered cell by
  // cell, grid after grid.
  struct Grid {
    int cells = 0, anchors = 0;
    int first = 0;                   // number of its first anchor
    int regressors = 0, scores = 0;  // indices of the outputs
    int skip = 0;                    // anchor number less row of those outputs
    int end() const { return first + cells * cells * anchors; }
  };
  struct Candidate {
    float score;
    int anchor;
  };

  Candidate* candidates() const {
    return reinterpret_cast<Candidate*>(memory_.data<Face>() + kMaxFaces);
  }
  void read_anchor(int anchor, float* points) const;
  const Grid& grid_of(int anchor) const { return grids_[anchor >= grids_[1].first]; }
  void collect(float threshold);
  void suppress(int max_faces);
  void add_face(float score, const float* points);

  int size_ = 0;
  size_t output_count_ = 0;
  Grid grids_[2];
  bool mirror_ = false;
  bool prepared_ = false;
  Affine to_picture_;
  ImageSampler sampler_;
  const float* const* outputs_ = nullptr;  // during decode
  Buffer memory_;                          // kMaxFaces faces, then a candidate for each anchor
  int candidate_count_ = 0;
  int face_count_ = 0;
};

}  // namespace wxnn
