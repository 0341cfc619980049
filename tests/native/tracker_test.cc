// vision/tracker.h with networks that are right by construction: the picture's colours are its own
// coordinates, so that a network made up here can tell from its input what it looks at.
#include "vision/tracker.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "op_test.h"
#include "vision/angle.h"

namespace wxnn {
namespace {

Face face_of(const float* landmarks, bool mirror) {
  Face face;
  read_face(landmarks, mirror, &face);
  return face;
}

constexpr int kSide = 128;  // of the picture and of the detector's input
constexpr int kMeshSize = 192;

struct TrueFace {
  float x, y, size;
  float angle = 0;
  bool in_profile = false;  // no mesh is seen
};

// Where a landmark lies in a face of size 1 around 0, 0.
std::array<float, 2> pattern(int i) {
  switch (i) {
    case 33:
      return {-0.35f, -0.1f};
    case 133:
      return {-0.15f, -0.1f};
    case 362:
      return {0.15f, -0.1f};
    case 263:
      return {0.35f, -0.1f};
    default:
      break;
  }
  const float turn = static_cast<float>(i) * 0.7f,
              far = 0.2f + 0.3f * static_cast<float>(i % 7) / 6;
  const Turn at = turn_by(turn);  // no libm: libms differ, and Bits are compared
  return {far * static_cast<float>(at.cos), far * static_cast<float>(at.sin)};
}

std::vector<float> true_landmarks(const TrueFace& face) {
  std::vector<float> points(kLandmarkFloats);
  const Turn turn = turn_by(face.angle);
  const float c = static_cast<float>(turn.cos), s = static_cast<float>(turn.sin);
  for (size_t i = 0; i < kLandmarks; ++i) {
    const auto [x, y] = pattern(static_cast<int>(i));
    points[i * 3] = face.x + (x * c - y * s) * face.size;
    points[i * 3 + 1] = face.y + (x * s + y * c) * face.size;
  }
  return points;
}

// From a tensor's pixels to the picture's, as its middle shows it: picture = origin + u * across +
// v * down.
struct Look {
  double origin[2], across[2], down[2];

  // `at` gives a tensor element (0..1 of a byte).
  template <class At>
  static Look of(int size, At at) {
    Look look;
    const int m = size / 2, step = size / 8;
    for (int c = 0; c < 2; ++c) {
      const auto place = [&](int u, int v) { return at(u, v, c) * 255 / 2 + 0.5; };
      look.across[c] = (place(m + step, m) - place(m, m)) / step;
      look.down[c] = (place(m, m + step) - place(m, m)) / step;
      look.origin[c] = place(m, m) - (m + 0.5) * (look.across[c] + look.down[c]);
    }
    return look;
  }
  void to_tensor(double x, double y, float* uv) const {
    const double det = across[0] * down[1] - across[1] * down[0];
    const double dx = x - origin[0], dy = y - origin[1];
    uv[0] = static_cast<float>((dx * down[1] - dy * down[0]) / det);
    uv[1] = static_cast<float>((dy * across[0] - dx * across[1]) / det);
  }
  double centre(int c, int size) const { return origin[c] + size / 2.0 * (across[c] + down[c]); }
};

struct Stage {
  std::vector<uint8_t> rgba = std::vector<uint8_t>(kSide * kSide * 4, 255);
  std::vector<float> input = std::vector<float>(kSide * kSide * 3);
  std::vector<float> boxes = std::vector<float>(896 * 16), scores = std::vector<float>(896);
  std::vector<float> crop = std::vector<float>(kMeshSize * kMeshSize * 3);
  std::vector<float> points = std::vector<float>(kLandmarkFloats);
  float flag = 0;
  std::unique_ptr<FaceTracker> tracker;
  FaceTrackerOptions options = {.track = true};
  int rotation = 0;
  bool mirror = false;
  double ms = 0;
  float noise = 0;
  Random random{1};
  int detections = 0, meshes = 0;  // networks run for the last frame

  explicit Stage(bool with_mesh = true) {
    for (size_t y = 0; y < kSide; ++y) {
      for (size_t x = 0; x < kSide; ++x) {
        rgba[(y * kSide + x) * 4] = static_cast<uint8_t>(2 * x);
        rgba[(y * kSide + x) * 4 + 1] = static_cast<uint8_t>(2 * y);
      }
    }
    tracker = std::make_unique<FaceTracker>();
    EXPECT_TRUE(
        tracker->detector().open(kSide, std::vector<Shape>{{1, 896, 16}, {1, 896, 1}}).ok());
    if (with_mesh) tracker->use_mesh(kMeshSize, true);
  }

  void run_detector(const std::vector<TrueFace>& faces) {
    ++detections;
    const Look look = Look::of(kSide, [&](int u, int v, int c) {
      return (input[size_t((v * kSide + u) * 3 + c)] + 1) / 2;
    });
    std::fill(scores.begin(), scores.end(), -10.0f);
    for (size_t n = 0; n < faces.size(); ++n) {
      const size_t anchor = 512 + n * 6;  // of the 8 x 8 grid's first row
      const float ax = (static_cast<float>(n) + 0.5f) * 16, ay = 8;
      const std::vector<float> points = true_landmarks(faces[n]);
      const Face face = face_of(points.data(), false);
      scores[anchor] = 3 - static_cast<float>(n) * 0.1f;
      float* row = &boxes[anchor * 16];
      float low[2], high[2];
      look.to_tensor(face.box[0], face.box[1], low);
      look.to_tensor(face.box[2], face.box[3], high);
      row[0] = (low[0] + high[0]) / 2 - ax, row[1] = (low[1] + high[1]) / 2 - ay;
      row[2] = std::abs(high[0] - low[0]), row[3] = std::abs(high[1] - low[1]);
      for (int k = 0; k < 6; ++k) {
        look.to_tensor(face.keypoints[k][0], face.keypoints[k][1], row + 4 + 2 * k);
        row[4 + 2 * k] -= ax, row[5 + 2 * k] -= ay;
      }
    }
  }

  // A mesh is seen where the crop is around a face and about 1.5 times as large.
  void run_mesh(const std::vector<TrueFace>& faces) {
    ++meshes;
    const Look look = Look::of(
        kMeshSize, [&](int u, int v, int c) { return crop[size_t((v * kMeshSize + u) * 3 + c)]; });
    const double side = std::hypot(look.across[0], look.across[1]) * kMeshSize;
    flag = -6;
    std::fill(points.begin(), points.end(), 50.0f);
    for (const TrueFace& face : faces) {
      const double off =
          std::hypot(look.centre(0, kMeshSize) - face.x, look.centre(1, kMeshSize) - face.y);
      if (face.in_profile || off > 0.35 * face.size || side < face.size || side > 2.2 * face.size) {
        continue;
      }
      flag = 5;
      const std::vector<float> truth = true_landmarks(face);
      for (size_t i = 0; i < kLandmarkFloats; i += 3) {
        look.to_tensor(truth[i] + random.uniform(-noise, noise),
                       truth[i + 1] + random.uniform(-noise, noise), &points[i]);
      }
    }
  }

  void see(const std::vector<TrueFace>& faces, double step_ms = 33) {
    detections = meshes = 0;
    ms += step_ms;
    const NetworkArrays network{input.data(), {boxes.data(), scores.data()}};
    const NetworkArrays mesh{crop.data(), {points.data(), &flag}};
    ASSERT_OK(
        tracker->begin({rgba.data(), rgba.size(), kSide, kSide}, rotation, mirror, ms, options));
    for (;;) {
      FaceTracker::Step step;
      ASSERT_OK(tracker->next(network, mesh, &step));
      if (step == FaceTracker::kDone) return;
      ASSERT_LT(detections + meshes, 100);
      if (step == FaceTracker::kRunDetector)
        run_detector(faces);
      else
        run_mesh(faces);
    }
  }

  std::vector<float> numbers() const {
    std::vector<float> all;
    for (size_t i = 0; i < tracker->count(); ++i) all.push_back(tracker->face(i).number);
    return all;
  }

  // Each face that there is was found once, and its box is within `tolerance` pixels.
  void expect(const std::vector<TrueFace>& faces, float tolerance) const {
    ASSERT_EQ(tracker->count(), faces.size());
    std::set<size_t> taken;
    for (const TrueFace& face : faces) {
      const std::vector<float> points = true_landmarks(face);
      const Face truth = face_of(points.data(), mirror);
      for (size_t i = 0; i < tracker->count(); ++i) {
        const Face& found = tracker->face(i).face;
        if (overlap(found.box, truth.box) < 0.5f || !taken.insert(i).second) continue;
        for (int k = 0; k < 4; ++k) EXPECT_NEAR(found.box[k], truth.box[k], tolerance);
        for (int k = 0; k < 12; ++k) {
          EXPECT_NEAR(found.keypoints[k / 2][k % 2], truth.keypoints[k / 2][k % 2], tolerance);
        }
        EXPECT_NEAR(std::remainder(found.angle - truth.angle, 2 * M_PI), 0, 0.05);
        break;
      }
    }
    EXPECT_EQ(taken.size(), faces.size());
  }
};

TEST(Tracker, FollowsAFaceWithoutTheDetector) {
  for (const int rotation : {0, 90, 270}) {
    for (const bool mirror : {false, true}) {
      SCOPED_TRACE(testing::Message() << rotation << " " << mirror);
      Stage stage;
      stage.rotation = rotation, stage.mirror = mirror;
      TrueFace face{40, 50, 40, 0.1f};
      int detections = 0;
      for (int frame = 0; frame < 30; ++frame) {
        stage.see({face});
        stage.expect({face}, 0.7f);
        EXPECT_EQ(stage.numbers(), std::vector<float>{1});
        if (frame > 0) EXPECT_EQ(stage.meshes, 1);
        detections += stage.detections;
        face.x += 1.2f, face.y += 0.5f, face.angle += 0.02f;
      }
      EXPECT_EQ(detections, 2);  // the first frame, and 15 frames later
    }
  }
}

TEST(Tracker, LooksAgainInTheFrameThatLosesAFace) {
  Stage stage;
  TrueFace face{40, 50, 40};
  for (int frame = 0; frame < 5; ++frame) stage.see({face});
  face.x = 95;  // it jumps
  stage.see({face});
  stage.expect({face}, 1);
  EXPECT_EQ(stage.detections, 1);
  EXPECT_EQ(stage.numbers(), std::vector<float>{2});
  stage.see({});
  EXPECT_EQ(stage.tracker->count(), 0u);
  EXPECT_EQ(stage.detections, 1);
  stage.see({});
  EXPECT_EQ(stage.detections, 1);
  EXPECT_EQ(stage.meshes, 0);
  stage.see({face});
  stage.expect({face}, 1);
  EXPECT_EQ(stage.numbers(), std::vector<float>{3});
}

TEST(Tracker, FindsNewFacesAndKeepsNumbers) {
  Stage stage;
  const TrueFace first{30, 40, 36}, second{95, 80, 40}, third{30, 100, 30};
  stage.see({first});
  int frames = 0;
  do {
    stage.see({first, second});
    ASSERT_LE(++frames, 15);
  } while (stage.tracker->count() < 2);
  EXPECT_EQ(stage.numbers(), (std::vector<float>{1, 2}));
  stage.see({second});  // the first goes: the second moves up and stays itself
  EXPECT_EQ(stage.numbers(), std::vector<float>{2});
  EXPECT_EQ(stage.detections, 1);
  stage.options.max_faces = 1;
  for (int frame = 0; frame < 40; ++frame) {
    stage.see({second, third});
    EXPECT_EQ(stage.numbers(), std::vector<float>{2});
    EXPECT_EQ(stage.detections, 0);
  }
}

TEST(Tracker, OneFaceIsNotFollowedTwice) {
  Stage stage;
  TrueFace a{40, 60, 36}, b{88, 60, 36};
  stage.see({a, b});
  EXPECT_EQ(stage.tracker->count(), 2u);
  for (int frame = 0; frame < 20; ++frame) {  // b passes in front of a
    b.x -= 2.2f;
    stage.see(b.x - a.x > 14 ? std::vector{a, b} : std::vector{b});
  }
  stage.expect({b}, 1);
}

// A face in profile has no mesh to follow: the detector keeps it, under its number.
TEST(Tracker, KeepsFacesWithoutAMesh) {
  for (const bool with_mesh : {true, false}) {
    Stage stage(with_mesh);
    TrueFace face{40, 50, 40, 0, true};
    for (int frame = 0; frame < 20; ++frame) {
      stage.see({face});
      stage.expect({face}, 1);
      EXPECT_EQ(stage.detections, 1);
      EXPECT_EQ(stage.numbers(), std::vector<float>{1});
      EXPECT_LT(stage.tracker->face(0).mesh_score, 0.5f);
      face.x += 2;
    }
  }
}

TEST(Tracker, WithoutTrackingEveryPictureStandsAlone) {
  Stage stage;
  stage.options.track = false;
  const TrueFace a{40, 60, 36}, b{88, 60, 36, 0.3f, true};
  for (int picture = 0; picture < 3; ++picture) {
    stage.see({a, b});
    stage.expect({a, b}, 1);
    EXPECT_EQ(stage.detections, 1);
    EXPECT_EQ(stage.meshes, 2);
    EXPECT_EQ(stage.numbers(), (std::vector<float>{0, 0}));
    EXPECT_GT(stage.tracker->face(0).mesh_score, 0.9f);
    EXPECT_LT(stage.tracker->face(1).mesh_score, 0.1f);
    EXPECT_GT(stage.tracker->face(1).face.score, 0.9f);  // the detector's
    const std::vector<float> truth = true_landmarks(a);
    for (size_t i = 0; i < kLandmarkFloats; i += 3) {
      ASSERT_NEAR(stage.tracker->landmarks(0)[i], truth[i], 0.7f);
      ASSERT_NEAR(stage.tracker->landmarks(0)[i + 1], truth[i + 1], 0.7f);
    }
  }
}

TEST(Tracker, AnotherKindOfFrameStartsAfresh) {
  Stage stage;
  const TrueFace face{60, 60, 40};
  stage.see({face});
  stage.see({face});
  EXPECT_EQ(stage.detections, 0);
  stage.mirror = true;
  stage.see({face});
  EXPECT_EQ(stage.detections, 1);
  EXPECT_EQ(stage.numbers(), std::vector<float>{2});
  stage.rotation = 180;
  stage.see({face});
  EXPECT_EQ(stage.detections, 1);
}

TEST(Tracker, SmoothingRemovesTremble) {
  double tremble[2] = {};
  for (const bool smooth : {false, true}) {
    Stage stage;
    stage.options.smooth = smooth;
    stage.noise = 0.4f;
    const TrueFace face{60, 60, 50};
    const std::vector<float> truth = true_landmarks(face);
    for (int frame = 0; frame < 60; ++frame) {
      stage.see({face});
      ASSERT_EQ(stage.numbers(), std::vector<float>{1});
      for (size_t i = 0; i < kLandmarkFloats && frame >= 20; i += 3) {
        const double off = stage.tracker->landmarks(0)[i] - truth[i];
        tremble[smooth] += off * off;
      }
    }
  }
  EXPECT_LT(std::sqrt(tremble[1] / tremble[0]), 0.6);
}

// Whatever a network says: finite faces, and the next frame works.
TEST(Tracker, TakesWhateverANetworkSays) {
  for (const float odd : {NAN, INFINITY, -3e38f, 1e30f, 0.0f}) {
    Stage stage;
    stage.options.smooth = true;
    const TrueFace face{60, 60, 40};
    stage.see({face});
    const NetworkArrays network{stage.input.data(), {stage.boxes.data(), stage.scores.data()}};
    const NetworkArrays mesh{stage.crop.data(), {stage.points.data(), &stage.flag}};
    for (int frame = 0; frame < 5; ++frame) {
      ASSERT_OK(stage.tracker->begin({stage.rgba.data(), stage.rgba.size(), kSide, kSide}, 0, false,
                                     frame % 2 ? NAN : -1e9, stage.options));
      FaceTracker::Step step = FaceTracker::kRunMesh;
      for (int runs = 0; step != FaceTracker::kDone; ++runs) {
        ASSERT_LT(runs, 600);
        std::fill(stage.points.begin(), stage.points.end(), odd);
        stage.flag = frame % 3 ? odd : 9;
        std::fill(stage.scores.begin(), stage.scores.end(), odd);
        std::fill(stage.boxes.begin(), stage.boxes.end(), odd);
        ASSERT_OK(stage.tracker->next(network, mesh, &step));
      }
      for (size_t i = 0; i < stage.tracker->count(); ++i) {
        TrackedFace result = stage.tracker->face(i);
        for (int n = 0; n < kFaceFloats; ++n) ASSERT_TRUE(std::isfinite(result.face.numbers()[n]));
        ASSERT_TRUE(result.mesh_score >= 0 && result.mesh_score <= 1);
      }
    }
    stage.see({face});
    stage.expect({face}, 40);
  }
}

TEST(Tracker, AFailureEndsTheFrameOnly) {
  Stage stage;
  const TrueFace face{60, 60, 40};
  stage.see({face});
  const NetworkArrays network{stage.input.data(), {stage.boxes.data(), stage.scores.data()}};
  const NetworkArrays mesh{stage.crop.data(), {stage.points.data(), &stage.flag}};
  FaceTracker::Step step;
  ASSERT_OK(
      stage.tracker->begin({stage.rgba.data(), 12, kSide, kSide}, 0, false, 0, stage.options));
  EXPECT_SAYS(stage.tracker->next(network, mesh, &step), "12 are given");
  EXPECT_EQ(step, FaceTracker::kFailed);
  ASSERT_OK(stage.tracker->next(network, mesh, &step));
  EXPECT_EQ(step, FaceTracker::kDone);
  stage.options.threshold = 7;
  ASSERT_OK(stage.tracker->begin({stage.rgba.data(), stage.rgba.size(), kSide, kSide}, 45, false, 0,
                                 stage.options));
  EXPECT_SAYS(stage.tracker->next(network, mesh, &step), "rotation 45");
  stage.options.threshold = 0.5f;
  stage.see({face});
  stage.expect({face}, 1);
}

TEST(Tracker, Bits) {
  Stage stage;
  stage.options.smooth = true;
  stage.noise = 0.3f;
  TrueFace face{40, 50, 40, 0.1f};
  HostTensor all(Shape{20, kTrackedFaceFloats});
  for (int frame = 0; frame < 20; ++frame) {
    stage.see({face});
    ASSERT_EQ(stage.tracker->count(), 1u);
    std::memcpy(all.data().data() + frame * kTrackedFaceFloats, &stage.tracker->face(0),
                sizeof(TrackedFace));
    face.x += 1.25f;
  }
  print_bits("tracked face", all);
}

}  // namespace
}  // namespace wxnn
