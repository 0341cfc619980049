// vision/mesh.h: crops around faces, and points that find back onto the picture.
#include "vision/mesh.h"

#include <cmath>

#include "op_test.h"

namespace wxnn {
namespace {

Face face_of(const float* landmarks, bool mirror) {
  Face face;
  read_face(landmarks, mirror, &face);
  return face;
}

constexpr int kSize = 192;

// Where a picture point lies in the crop, in its pixels: the crop's axes, written out.
void to_crop(const Roi& roi, bool mirror, double x, double y, float* crop) {
  const double dx = x - roi.x, dy = y - roi.y;
  const double c = std::cos(double(roi.angle)), s = std::sin(double(roi.angle));
  const double across = (dx * c + dy * s) / roi.width, down = (dy * c - dx * s) / roi.height;
  crop[0] = static_cast<float>(((mirror ? -across : across) + 0.5) * kSize);
  crop[1] = static_cast<float>((down + 0.5) * kSize);
}

Roi random_roi(Random& random) {
  const float side = random.uniform(20, 900);
  return {random.uniform(-100, 1500), random.uniform(-100, 1500), side, side,
          random.uniform(-3.14f, 3.14f)};
}

TEST(Mesh, LandmarksFindBack) {
  const uint32_t seed = test_seed();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  for (int n = 0; n < 100; ++n) {
    const Roi roi = random_roi(random);
    const bool mirror = n % 2 != 0;
    std::vector<float> points(kLandmarkFloats), raw(kLandmarkFloats), out(kLandmarkFloats);
    for (int i = 0; i < kLandmarkFloats; i += 3) {
      float* point = &points[static_cast<size_t>(i)];
      point[0] = roi.x + random.uniform(-1, 1) * roi.width;
      point[1] = roi.y + random.uniform(-1, 1) * roi.width;
      point[2] = random.uniform(-0.5f, 0.5f) * roi.width;
      to_crop(roi, mirror, point[0], point[1], &raw[static_cast<size_t>(i)]);
      raw[static_cast<size_t>(i) + 2] = point[2] * kSize / roi.width;
    }
    const ImageTransform transform = mesh_transform(roi, mirror, kSize);
    ASSERT_TRUE(project_mesh(transform, raw.data(), out.data()));
    for (size_t i = 0; i < out.size(); ++i) ASSERT_NEAR(out[i], points[i], 0.01) << i;
    ASSERT_TRUE(project_mesh(transform, raw.data(), raw.data()));
    EXPECT_EQ(raw, out);
    raw[static_cast<size_t>(random.between(0, kLandmarkFloats - 1))] = n % 3 ? NAN : INFINITY;
    EXPECT_FALSE(project_mesh(transform, raw.data(), out.data()));
  }
}

// A white square of 9 x 9 pixels is where the crop shows it, and is projected back to its place.
TEST(Mesh, CropShowsWhatItProjects) {
  Random random(6);
  for (int n = 0; n < 12; ++n) {
    std::vector<uint8_t> rgba(320 * 240 * 4, 0);
    const int x0 = random.between(110, 200), y0 = random.between(80, 150);
    for (int y = y0; y < y0 + 9; ++y) {
      for (int x = x0; x < x0 + 9; ++x) {
        for (int c = 0; c < 4; ++c) rgba[static_cast<size_t>((y * 320 + x) * 4 + c)] = 255;
      }
    }
    const ImageTransform t =
        mesh_transform({160, 120, 180, 180, random.uniform(-3, 3)}, n % 2 != 0, kSize);
    std::vector<float> tensor(kSize * kSize * 3);
    ImageSampler sampler;
    ASSERT_OK(sampler.to_tensor({rgba.data(), rgba.size(), 320, 240}, t, tensor.data()));
    double weight = 0, x = 0, y = 0;
    for (int j = 0; j < kSize; ++j) {
      for (int i = 0; i < kSize; ++i) {
        const float v = tensor[static_cast<size_t>((j * kSize + i) * 3)];
        ASSERT_TRUE(v >= 0 && v <= 1.0001f);
        weight += v, x += v * (i + 0.5), y += v * (j + 0.5);
      }
    }
    std::vector<float> points(kLandmarkFloats, 0);
    points[0] = static_cast<float>(x / weight), points[1] = static_cast<float>(y / weight);
    ASSERT_TRUE(project_mesh(t, points.data(), points.data()));
    EXPECT_NEAR(points[0], x0 + 4.5, 0.1);
    EXPECT_NEAR(points[1], y0 + 4.5, 0.1);
  }
}

TEST(Mesh, SquareIsAroundTheBoxAndTurnedAsTheEyes) {
  Face face;
  face.box[0] = 100, face.box[1] = 50, face.box[2] = 140, face.box[3] = 130;
  face.angle = 0.25f;
  const Roi roi = mesh_roi(face);
  EXPECT_EQ(roi.x, 120);
  EXPECT_EQ(roi.y, 90);
  EXPECT_EQ(roi.width, 120);
  EXPECT_EQ(roi.height, 120);
  EXPECT_EQ(roi.angle, 0.25f);
}

// The square for the next frame follows a face that turns, mirrored or not.
TEST(Mesh, SquareFollowsLandmarks) {
  for (const bool mirror : {false, true}) {
    for (const float angle : {0.0f, 0.5f, -2.0f, 3.0f}) {
      const Roi roi = {300, 200, 150, 150, angle};
      std::vector<float> points(kLandmarkFloats);
      for (int i = 0; i < kLandmarks; ++i) {  // a circle of radius 60 in the crop, and the eyes
        points[static_cast<size_t>(i * 3)] = 96 + 60 * std::cos(static_cast<float>(i));
        points[static_cast<size_t>(i * 3 + 1)] = 96 + 60 * std::sin(static_cast<float>(i));
      }
      points[33 * 3] = 70, points[33 * 3 + 1] = 80;
      points[263 * 3] = 120, points[263 * 3 + 1] = 80;
      ASSERT_TRUE(project_mesh(mesh_transform(roi, mirror, kSize), points.data(), points.data()));
      const Roi next = mesh_roi(face_of(points.data(), mirror));
      EXPECT_NEAR(next.x, 300, 0.1);
      EXPECT_NEAR(next.y, 200, 0.1);
      EXPECT_NEAR(next.width, 1.5 * 120 * 150 / kSize, 0.2);
      EXPECT_EQ(next.width, next.height);
      EXPECT_NEAR(next.angle, angle, 1e-4);
    }
  }
}

TEST(Mesh, Bits) {
  Random random(7);
  HostTensor points(Shape{kLandmarks, 3});
  for (float& v : points.data()) v = random.uniform(0, kSize);
  const Roi roi = random_roi(random);
  ASSERT_TRUE(
      project_mesh(mesh_transform(roi, true, kSize), points.data().data(), points.data().data()));
  print_bits("mesh points", points);
  const Roi next = mesh_roi(face_of(points.data().data(), true));
  print_bits("mesh roi",
             HostTensor(Shape{5}, {next.x, next.y, next.width, next.height, next.angle}));
}

}  // namespace
}  // namespace wxnn
