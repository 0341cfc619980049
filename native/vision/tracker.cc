#include "vision/tracker.h"

#include <algorithm>
#include <utility>

#include "core/math.h"

namespace wxnn {
namespace {

constexpr float kPresence = 0.5f;  // MediaPipe's threshold for a mesh
constexpr float kSame = 0.3f;      // overlap of a detection and the face that it is
constexpr float kDouble = 0.5f;    // overlap at which two followed faces are one
constexpr int kLookAgain = 15;     // frames after which the detector looks for new faces
constexpr size_t kBoxAndKeypoints = 16;

// A crop that ImageSampler takes, and of a face that one could still see.
bool usable(const Roi& roi) {
  return roi.width >= 4 && roi.width < 1e5f && abs_f32(roi.x) < 1e5f && abs_f32(roi.y) < 1e5f;
}

}  // namespace

Status FaceTracker::begin(const Image& image, int rotation, bool mirror, double ms,
                          const FaceTrackerOptions& options) {
  const bool continues = options.track && options_.track && image.width == image_.width &&
                         image.height == image_.height && rotation == rotation_ &&
                         mirror == mirror_;
  if (!continues) count_ = 0;
  const double since = (ms - ms_) / 1000;
  seconds_ = since > 1e-3 ? static_cast<float>(since < 1 ? since : 1) : 1e-3f;  // NaN: 1e-3
  image_ = image;
  rotation_ = rotation;
  mirror_ = mirror;
  ms_ = ms;
  options_ = options;
  if (options_.max_faces <= 0 || options_.max_faces > kMaxFaces) options_.max_faces = kMaxFaces;
  for (size_t i = 0; i < count_; ++i) subjects_[i]->found = false;
  ++frames_since_detection_;
  phase_ = Phase::kFollow;
  asked_ = kDone;
  at_ = 0;
  return {};
}

bool FaceTracker::detector_is_due() const {
  if (!options_.track || !has_mesh()) return true;
  for (size_t i = 0; i < count_; ++i) {
    if (!subjects_[i]->found) return true;
  }
  if (full()) return false;
  return count_ == 0 || frames_since_detection_ >= kLookAgain;
}

Status FaceTracker::next(const NetworkArrays& detector, const NetworkArrays& mesh, Step* step) {
  *step = kFailed;
  const Step asked = std::exchange(asked_, kDone);
  const Phase phase = std::exchange(phase_, Phase::kOver);  // what a failure leaves
  if (asked == kRunMesh) WXNN_TRY(read_mesh(mesh));
  if (asked == kRunDetector) {
    const std::span outputs(detector.outputs, detector_.output_count());
    WXNN_TRY(detector_.decode(outputs, options_.threshold, options_.max_faces));
    frames_since_detection_ = 0;
  }
  if (phase == Phase::kFollow) {
    while (at_ < count_ && !(has_mesh() && subjects_[at_]->followed)) ++at_;
    if (at_ < count_) {
      const size_t subject = at_++;
      WXNN_TRY(ask_mesh(subject, subjects_[subject]->next, mesh));
    } else if (detector_is_due()) {
      WXNN_TRY(detector_.prepare(image_, rotation_, mirror_, detector.input));
      asked_ = kRunDetector;
      at_ = 0;
    }
  } else if (phase == Phase::kMatch) {
    const auto faces = detector_.faces();
    while (at_ < faces.size() && asked_ == kDone) WXNN_TRY(take_detection(faces[at_++], mesh));
    if (asked_ == kDone) drop_lost();
  }
  if (asked_ == kRunMesh) phase_ = phase;
  if (asked_ == kRunDetector) phase_ = Phase::kMatch;
  *step = asked_;
  return {};
}

Status FaceTracker::ask_mesh(size_t subject, const Roi& roi, const NetworkArrays& mesh) {
  Buffer& landmarks = subjects_[subject]->landmarks;
  if (!landmarks) WXNN_TRY(landmarks.allocate(kLandmarkFloats * sizeof(float)));
  crop_ = mesh_transform(roi, mirror_, mesh_size_);
  WXNN_TRY(detector_.sampler().to_tensor(image_, crop_, mesh.input));
  current_ = subject;
  asked_ = kRunMesh;
  return {};
}

Status FaceTracker::read_mesh(const NetworkArrays& mesh) {
  Subject& subject = *subjects_[current_];
  TrackedFace& result = subject.result;
  float* landmarks = subject.landmarks.data<float>();
  const float flag = *mesh.outputs[1], presence = score_is_logit_ ? score_of(flag) : flag;
  const bool finite = project_mesh(crop_, mesh.outputs[0], landmarks);
  result.mesh_score = finite && presence >= 0 && presence <= 1 ? presence : 0;
  if (!options_.track) return {};
  const bool was_followed = std::exchange(subject.followed, false);
  if (result.mesh_score < kPresence) {
    return was_followed ? Status() : smooth(subject, result.face.box, kBoxAndKeypoints);
  }
  Face face = result.face;
  read_face(landmarks, mirror_, &face);
  const Roi next = mesh_roi(face);
  if (!usable(next)) return {};
  if (was_followed) face.score = result.mesh_score;
  result.face = face;
  if (was_followed && meets_earlier(current_)) return {};
  subject.found = subject.followed = true;
  subject.next = next;  // from what was seen: a smoothed crop would lag behind
  WXNN_TRY(smooth(subject, landmarks, kLandmarkFloats));
  read_face(landmarks, mirror_, &result.face);
  return {};
}

Status FaceTracker::smooth(Subject& subject, float* values, size_t count) {
  if (!options_.smooth) return {};
  const float* box = subject.result.face.box;
  const float size = std::max(std::max(box[2] - box[0], box[3] - box[1]), 1.0f);
  return subject.filter.smooth(values, count, seconds_, size);
}

// A detection is a face that is known, or a new one. Its mesh, where there is a network, comes
// next.
Status FaceTracker::take_detection(const Face& face, const NetworkArrays& mesh) {
  const Roi crop = mesh_roi(face);
  if (has_mesh() && !usable(crop)) return {};  // no face that a network could have meant
  size_t i = options_.track ? 0 : count_;
  while (i < count_ && !(overlap(subjects_[i]->result.face.box, face.box) > kSame)) ++i;
  if (i == count_) {
    if (full()) return {};
    if (!subjects_[i]) subjects_[i] = std::make_unique<Subject>();
    ++count_;
    Subject& fresh = *subjects_[i];
    fresh.result = {};
    fresh.found = fresh.followed = false;
    fresh.filter.reset();
    if (options_.track) fresh.result.number = ++last_number_;
  }
  Subject& subject = *subjects_[i];
  if (subject.found) return {};  // followed, or the better one of two detections
  subject.found = true;
  subject.result.face = face;
  if (has_mesh()) return ask_mesh(i, crop, mesh);
  return smooth(subject, subject.result.face.box, kBoxAndKeypoints);
}

// Two crops can slide onto one face.
bool FaceTracker::meets_earlier(size_t subject) const {
  const float* box = subjects_[subject]->result.face.box;
  for (size_t i = 0; i < subject; ++i) {
    if (subjects_[i]->found && overlap(subjects_[i]->result.face.box, box) > kDouble) return true;
  }
  return false;
}

void FaceTracker::drop_lost() {
  size_t kept = 0;
  for (size_t i = 0; i < count_; ++i) {
    if (!subjects_[i]->found) continue;
    if (i != kept) std::swap(subjects_[i], subjects_[kept]);
    ++kept;
  }
  count_ = kept;
}

}  // namespace wxnn
