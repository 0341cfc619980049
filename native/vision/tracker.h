// Faces on one picture, or on the frames of a camera: which network has to run next, and what its
// outputs mean. Any engine may run the networks; this class writes their inputs and reads their
// outputs.
//
// With tracking, a face whose mesh was seen gives the next frame's crop from its own landmarks, as
// MediaPipe's face_landmark_front graph does, and the detector runs only when there is no face,
// when one was lost or shows no mesh, and now and then to find new ones. Without a mesh network the
// detector runs on every frame and its faces are matched by overlap. Either way faces keep their
// number, and smoothing removes their tremble (one_euro.h).
#pragma once
#include <memory>

#include "vision/mesh.h"
#include "vision/one_euro.h"

namespace wxnn {

struct FaceTrackerOptions {
  float threshold = 0.5f;  // of the detector's score, 0..1
  int max_faces = 0;       // 0: kMaxFaces
  bool track = false;
  bool smooth = false;  // needs track
};

// Where a network reads and writes. A mesh network: outputs[0] its 1404 numbers, outputs[1] its
// face flag.
struct NetworkArrays {
  float* input = nullptr;
  const float* outputs[4] = {};
};

struct TrackedFace {
  Face face;             // of a followed face: from its landmarks, with the mesh's score
  float mesh_score = 0;  // that the mesh is a face's, 0..1; 0 where it was not finite
  float number = 0;      // 1, 2, … with tracking: the same face on every frame
};
inline constexpr int kTrackedFaceFloats = kFaceFloats + 2;
static_assert(sizeof(TrackedFace) == kTrackedFaceFloats * sizeof(float));

// begin -> next (run a network, next again) until it gives kDone -> count, face, landmarks.
class FaceTracker {
 public:
  enum Step { kFailed = -1, kDone, kRunDetector, kRunMesh };

  // Opened before the first frame.
  FaceDetector& detector() { return detector_; }

  // Faces then have landmarks. `size`: side of the mesh network's input. `score_is_logit`: its
  // flag is a logit (the .tflite model), else a probability (tfjs's).
  void use_mesh(int size, bool score_is_logit) {
    mesh_size_ = size;
    score_is_logit_ = score_is_logit;
  }
  bool has_mesh() const { return mesh_size_ > 0; }

  // A new frame; `image` is read until kDone. `ms`: a clock's, for smoothing. A frame of another
  // size, rotation or mirroring starts afresh. Options may change from frame to frame.
  Status begin(const Image& image, int rotation, bool mirror, double ms,
               const FaceTrackerOptions& options);

  // Reads what the network gave that the last step asked for, and writes the next one's input.
  // Refuses what FaceDetector::prepare and decode refuse; then the frame is over.
  Status next(const NetworkArrays& detector, const NetworkArrays& mesh, Step* step);

  // After kDone, until the next begin. Without tracking best first, with it the longest seen first.
  size_t count() const { return count_; }
  const TrackedFace& face(size_t i) const { return subjects_[i]->result; }
  // [468, 3] in picture pixels, where there is a mesh network.
  const float* landmarks(size_t i) const { return subjects_[i]->landmarks.data<float>(); }

 private:
  struct Subject {
    TrackedFace result;
    Roi next;               // its crop on the next frame, where it is followed
    bool followed = false;  // its mesh was seen
    bool found = false;     // on this frame
    Buffer landmarks;
    OneEuroFilter filter;
  };
  enum class Phase { kFollow, kDetect, kMatch, kOver };

  bool full() const { return count_ >= static_cast<size_t>(options_.max_faces); }
  bool detector_is_due() const;
  Status ask_mesh(size_t subject, const Roi& roi, const NetworkArrays& mesh);
  Status read_mesh(const NetworkArrays& mesh);
  Status smooth(Subject& subject, float* values, size_t count);
  Status take_detection(const Face& face, const NetworkArrays& mesh);
  bool meets_earlier(size_t subject) const;
  void drop_lost();

  FaceDetector detector_;
  int mesh_size_ = 0;
  bool score_is_logit_ = false;
  FaceTrackerOptions options_;

  // The frame.
  Image image_;
  int rotation_ = 0;
  bool mirror_ = false;
  double ms_ = 0;
  float seconds_ = 0;  // since the one before
  Phase phase_ = Phase::kOver;
  Step asked_ = kDone;
  size_t at_ = 0;        // subject or detection whose turn it is
  size_t current_ = 0;   // subject whose mesh was asked for
  ImageTransform crop_;  // and its crop

  // The first count_ are faces, those behind room for new ones, or null.
  std::unique_ptr<Subject> subjects_[kMaxFaces];
  size_t count_ = 0;
  int frames_since_detection_ = 0;
  float last_number_ = 0;
};

}  // namespace wxnn
