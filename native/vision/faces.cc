#include "vision/faces.h"

#include <algorithm>

#include "core/math.h"
#include "vision/angle.h"

namespace wxnn {
namespace {

constexpr int kNumbers = 16;  // x, y, width, height, six keypoints
constexpr float kOverlap = 0.3f;

struct Layout {
  int16_t size;
  struct {
    int8_t cells, anchors;
    constexpr int rows() const { return cells * cells * anchors; }
  } grids[2];
};
constexpr Layout kLayouts[] = {
    {128, {{16, 2}, {8, 6}}},  // short range, tfjs front: strides 8, 16, 16, 16
    {192, {{48, 1}, {0, 0}}},  // full range: stride 4
    {256, {{16, 2}, {8, 6}}},  // tfjs back: strides 16, 32, 32, 32
};

// The output that is [1, rows, width] or [rows, width], or -1.
int find_output(std::span<const Shape> outputs, int rows, int width) {
  for (size_t i = 0; i < outputs.size(); ++i) {
    const Shape& s = outputs[i];
    const bool fits = s.rank() == 2 || (s.rank() == 3 && s[0] == 1);
    if (fits && s[-2] == rows && s[-1] == width) return static_cast<int>(i);
  }
  return -1;
}

}  // namespace

float overlap(const float* a, const float* b) {
  const float w = std::min(a[2], b[2]) - std::max(a[0], b[0]);
  const float h = std::min(a[3], b[3]) - std::max(a[1], b[1]);
  if (!(w > 0 && h > 0)) return 0;
  const float both = w * h;
  return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both);
}

float score_of(float logit) { return sigmoid_f32(logit); }

Status FaceDetector::open(int input_size, std::span<const Shape> outputs) {
  const bool split = outputs.size() == 4;
  for (const Layout& layout : kLayouts) {
    if (layout.size != input_size || (outputs.size() != 2 && !split)) continue;
    int anchors = layout.grids[0].rows() + layout.grids[1].rows(), first = 0;
    bool found = true;
    for (int g = 0; g < 2; ++g) {
      const auto& grid = layout.grids[g];
      const int rows = split ? grid.rows() : anchors;
      grids_[g] = {grid.cells,
                   grid.anchors,
                   first,
                   find_output(outputs, rows, kNumbers),
                   find_output(outputs, rows, 1),
                   split ? first : 0};
      found = found && grids_[g].regressors >= 0 && grids_[g].scores >= 0;
      first += grid.rows();
    }
    if (!found) continue;
    size_ = input_size;
    output_count_ = outputs.size();
    return memory_.allocate(kMaxFaces * sizeof(Face) + size_t(anchors) * sizeof(Candidate));
  }
  String shapes;
  for (const Shape& s : outputs) say<" {}">(shapes, s);
  return fail<"no face detector is known that reads {} x {} pixels and has the outputs{}">(
      input_size, input_size, shapes);
}

Status FaceDetector::prepare(const Image& image, int rotation, bool mirror, float* tensor) {
  prepared_ = false;
  ImageTransform t = square_transform(roi_of(image), size_, mirror, 127.5f, 1 / 127.5f);
  t.rotation = rotation;
  t.letterbox = true;
  WXNN_TRY(sampler_.to_tensor(image, t, tensor));
  to_picture_ = map_to_picture(t);
  mirror_ = mirror;
  prepared_ = true;
  return {};
}

Status FaceDetector::decode(std::span<const float* const> outputs, float threshold, int max_faces) {
  face_count_ = 0;
  WXNN_CHECK(prepared_, "there is no picture");
  WXNN_CHECK(outputs.size() == output_count_, "the detector has {} outputs, {} are given",
             output_count_, outputs.size());
  WXNN_CHECK(threshold >= 0 && threshold <= 1, "threshold should be in 0..1");
  outputs_ = outputs.data();
  candidate_count_ = 0;
  collect(threshold);
  suppress(max_faces);
  return {};
}

// 16 numbers in tensor pixels: the box's corners x0 y0 x1 y1, then x y of the six keypoints.
void FaceDetector::read_anchor(int anchor, float* points) const {
  const Grid& grid = grid_of(anchor);
  const int cell = (anchor - grid.first) / grid.anchors;
  const int row = cell / grid.cells, column = cell % grid.cells;
  const int pixels = size_ / grid.cells;  // a cell's side, whole by construction
  const float stride = static_cast<float>(pixels);
  const float centre[2] = {(static_cast<float>(column) + 0.5f) * stride,
                           (static_cast<float>(row) + 0.5f) * stride};
  const float* raw = outputs_[grid.regressors] + size_t(anchor - grid.skip) * kNumbers;
  for (int i = 0; i < kNumbers; ++i) points[i] = raw[i] + centre[i & 1];
  for (int i = 0; i < 2; ++i) {
    const float middle = points[i], half = raw[2 + i] * 0.5f;
    points[i] = middle - half;
    points[2 + i] = middle + half;
  }
}

void FaceDetector::collect(float threshold) {
  for (int anchor = 0; anchor < grids_[1].end(); ++anchor) {
    const Grid& grid = grid_of(anchor);
    const float logit = outputs_[grid.scores][anchor - grid.skip];
    const float score = score_of(std::clamp(logit, -100.0f, 100.0f));
    if (!(score >= threshold)) continue;  // NaN is no face
    float points[kNumbers], nothing = 0;
    read_anchor(anchor, points);
    for (float x : points) nothing += x * 0;  // not 0 where one is not finite
    if (nothing != 0 || !(points[0] <= points[2] && points[1] <= points[3])) continue;
    candidates()[candidate_count_++] = {score, anchor};
  }
}

// MediaPipe's weighted suppression: the best candidate takes all that overlap it, and the face is
// their average, weighted by score, with the best one's score. Of equal scores, the first is best.
void FaceDetector::suppress(int max_faces) {
  Candidate* const candidates = this->candidates();
  if (max_faces <= 0 || max_faces > kMaxFaces) max_faces = kMaxFaces;
  while (candidate_count_ > 0 && face_count_ < max_faces) {
    Candidate best = candidates[0];
    for (int i = 1; i < candidate_count_; ++i) {
      if (candidates[i].score > best.score) best = candidates[i];
    }
    float best_box[kNumbers], points[kNumbers], sum[kNumbers] = {}, weight = 0;
    read_anchor(best.anchor, best_box);
    int kept = 0;
    for (int i = 0; i < candidate_count_; ++i) {
      const Candidate c = candidates[i];
      read_anchor(c.anchor, points);
      if (c.anchor == best.anchor || overlap(points, best_box) > kOverlap) {
        for (int k = 0; k < kNumbers; ++k) sum[k] += c.score * points[k];
        weight += c.score;
      } else {
        candidates[kept++] = c;
      }
    }
    candidate_count_ = kept;
    if (!(weight > 0)) continue;  // only where the threshold is 0 and the score vanishes
    for (float& x : sum) x /= weight;
    add_face(best.score, sum);
  }
}

void FaceDetector::add_face(float score, const float* points) {
  Face& face = memory_.data<Face>()[face_count_];
  face.score = score;
  float* to = face.numbers() + 1;  // box and keypoints
  for (int i = 0; i < kNumbers; i += 2) {
    if (!map_point(to_picture_, points + i, to + i)) return;
  }
  for (int i = 0; i < 2; ++i) {  // rotation and mirroring move the corners
    if (face.box[i] > face.box[2 + i]) std::swap(face.box[i], face.box[2 + i]);
  }
  // Mirrored, the right eye is the one on the right.
  const float* from = face.keypoints[mirror_ ? 1 : 0];
  const float* towards = face.keypoints[mirror_ ? 0 : 1];
  face.angle = angle_between(from, towards);
  ++face_count_;
}

}  // namespace wxnn
