// vision/faces.h against a plain decoder in double precision, with MediaPipe's anchor generator.
#include "vision/faces.h"

#include <algorithm>
#include <cmath>

#include "allocations.h"
#include "op_test.h"

namespace wxnn {
namespace {

struct Model {
  const char* name;
  int size;
  std::vector<int> strides;  // SsdAnchorsCalculator's options
  int per_layer;             // 2 where interpolated_scale_aspect_ratio is 1
  std::vector<Shape> outputs;
};

const std::vector<Model>& models() {
  static const std::vector<Model> all = {
      {"short", 128, {8, 16, 16, 16}, 2, {{1, 896, 16}, {1, 896, 1}}},
      {"full", 192, {4}, 1, {{1, 2304, 16}, {1, 2304, 1}}},
      {"front", 128, {8, 16, 16, 16}, 2, {{1, 512, 1}, {1, 384, 1}, {1, 512, 16}, {1, 384, 16}}},
      {"back", 256, {16, 32, 32, 32}, 2, {{1, 384, 16}, {1, 512, 1}, {1, 384, 1}, {1, 512, 16}}},
  };
  return all;
}

// SsdAnchorsCalculator with fixed_anchor_size: neighbouring layers of one stride share their cells.
std::vector<std::array<double, 2>> anchors_of(const Model& model) {
  std::vector<std::array<double, 2>> anchors;
  for (size_t layer = 0; layer < model.strides.size();) {
    const int stride = model.strides[layer];
    int per_cell = 0;
    for (; layer < model.strides.size() && model.strides[layer] == stride; ++layer) {
      per_cell += model.per_layer;
    }
    for (int y = 0; y < model.size / stride; ++y) {
      for (int x = 0; x < model.size / stride; ++x) {
        for (int a = 0; a < per_cell; ++a)
          anchors.push_back({(x + 0.5) * stride, (y + 0.5) * stride});
      }
    }
  }
  return anchors;
}

// What a network gave: rows of 16 and one logit for each anchor, and the same cut into the outputs.
struct Outputs {
  std::vector<float> raw, logits;
  std::vector<std::vector<float>> parts;
  std::vector<const float*> pointers;
};

void cut(const Model& model, Outputs& out) {
  const int all = static_cast<int>(out.logits.size());
  out.parts.clear();
  out.pointers.clear();
  for (const Shape& shape : model.outputs) {
    const int first = shape[1] == 384 ? 512 : 0, rows = std::min(shape[1], all);
    const std::vector<float>& from = shape[2] == 16 ? out.raw : out.logits;
    out.parts.emplace_back(from.begin() + first * shape[2],
                           from.begin() + (first + rows) * shape[2]);
  }
  for (const auto& part : out.parts) out.pointers.push_back(part.data());
}

// Mostly background, and clusters of anchors that agree on a face.
Outputs random_outputs(const Model& model, Random& random) {
  const auto anchors = anchors_of(model);
  const float size = static_cast<float>(model.size);
  Outputs out;
  struct Blob {
    float x, y, side;
  };
  std::vector<Blob> blobs(static_cast<size_t>(random.between(0, 5)));
  for (Blob& b : blobs) {
    b = {random.uniform(0, size), random.uniform(0, size), random.uniform(0.05f, 0.4f) * size};
  }
  for (const auto& [ax, ay] : anchors) {
    float logit = random.uniform(-9, -0.01f);
    std::vector<float> row(16);
    for (float& v : row) v = random.uniform(-1, 1) * size;
    for (const Blob& b : blobs) {
      const double dx = b.x - ax, dy = b.y - ay;  // no hypot: libms differ, and Bits are compared
      if (4 * (dx * dx + dy * dy) > b.side * b.side) continue;
      logit = random.uniform(-3, 5);
      for (size_t i = 0; i < 16; ++i) {
        const float anchor = static_cast<float>(i % 2 ? ay : ax);
        row[i] = (i % 2 ? b.y : b.x) - anchor + random.uniform(-0.3f, 0.3f) * b.side;
      }
      row[2] = b.side * random.uniform(0.6f, 1.4f);
      row[3] = b.side * random.uniform(0.6f, 1.4f);
    }
    if (std::abs(logit) < 1e-3f) logit = -1;  // not on the threshold
    out.logits.push_back(logit);
    out.raw.insert(out.raw.end(), row.begin(), row.end());
  }
  cut(model, out);
  return out;
}

struct PlainFace {
  double score;
  double points[16];  // box corners, keypoints; tensor pixels
};

double plain_overlap(const PlainFace& a, const PlainFace& b) {
  const double* p = a.points;
  const double* q = b.points;
  const double w = std::max(0.0, std::min(p[2], q[2]) - std::max(p[0], q[0]));
  const double h = std::max(0.0, std::min(p[3], q[3]) - std::max(p[1], q[1]));
  const double both = w * h;
  return both == 0 ? 0
                   : both / ((p[2] - p[0]) * (p[3] - p[1]) + (q[2] - q[0]) * (q[3] - q[1]) - both);
}

// TensorsToDetections and weighted suppression. False where a case hangs on rounding.
bool plain_faces(const Model& model, const Outputs& out, double threshold,
                 std::vector<PlainFace>* faces) {
  const auto anchors = anchors_of(model);
  std::vector<PlainFace> left;
  for (size_t n = 0; n < anchors.size(); ++n) {
    PlainFace f{1 / (1 + std::exp(-double(out.logits[n]))), {}};
    const float* raw = &out.raw[n * 16];
    bool good = f.score >= threshold && raw[2] >= 0 && raw[3] >= 0;
    for (size_t i = 0; i < 16; ++i) {
      good = good && std::isfinite(raw[i]);
      f.points[i] = raw[i] + anchors[n][i % 2];
    }
    for (size_t i = 0; i < 2; ++i) {
      const double middle = f.points[i];
      f.points[i] = middle - raw[2 + i] / 2.0;
      f.points[2 + i] = middle + raw[2 + i] / 2.0;
    }
    if (good) left.push_back(f);
  }
  std::sort(left.begin(), left.end(),
            [](const PlainFace& a, const PlainFace& b) { return a.score > b.score; });
  while (!left.empty()) {
    const PlainFace best = left[0];
    if (left.size() > 1 && best.score - left[1].score < 1e-6) return false;  // a tie as float32
    PlainFace mean{best.score, {}};
    double weight = 0;
    std::vector<PlainFace> rest;
    for (size_t i = 0; i < left.size(); ++i) {
      const double overlap = plain_overlap(left[i], best);
      if (std::abs(overlap - 0.3) < 1e-4) return false;
      if (i != 0 && overlap <= 0.3) {
        rest.push_back(left[i]);
        continue;
      }
      weight += left[i].score;
      for (int k = 0; k < 16; ++k) mean.points[k] += left[i].score * left[i].points[k];
    }
    for (double& v : mean.points) v /= weight;
    faces->push_back(mean);
    left = std::move(rest);
  }
  return true;
}

std::unique_ptr<FaceDetector> make(const Model& model) {
  auto detector = std::make_unique<FaceDetector>();
  const Status status = detector->open(model.size, model.outputs);
  EXPECT_TRUE(status.ok()) << status.message();
  return detector;
}

// A grey picture of that size, prepared.
void prepare(FaceDetector& detector, int width, int height, int rotation = 0, bool mirror = false) {
  const std::vector<uint8_t> rgba(size_t(width) * height * 4, 255);
  std::vector<float> tensor(size_t(detector.input_size()) * detector.input_size() * 3);
  ASSERT_OK(
      detector.prepare({rgba.data(), rgba.size(), width, height}, rotation, mirror, tensor.data()));
  for (const float v : tensor) ASSERT_TRUE(v == -1 || std::abs(v - 1) < 1e-6f) << v;
}

TEST(Faces, DecodeAsPlainLoopsDo) {
  const uint32_t seed = test_seed();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  int compared = 0, seen = 0;
  for (const Model& model : models()) {
    SCOPED_TRACE(model.name);
    const auto detector = make(model);
    prepare(*detector, model.size, model.size);  // picture pixels are tensor pixels
    for (int n = 0; n < 40; ++n) {
      const Outputs out = random_outputs(model, random);
      std::vector<PlainFace> expected;
      if (!plain_faces(model, out, 0.5, &expected)) continue;
      ++compared;
      ASSERT_OK(detector->decode(out.pointers, 0.5f, 0));
      const auto faces = detector->faces();
      ASSERT_EQ(faces.size(), expected.size()) << "case " << n;
      for (size_t f = 0; f < faces.size(); ++f, ++seen) {
        Face face = faces[f];
        EXPECT_NEAR(face.score, expected[f].score, 1e-6);
        for (int i = 0; i < 16; ++i) {
          ASSERT_NEAR(face.numbers()[1 + i], expected[f].points[i], 2e-3) << "number " << i;
        }
        const auto& eyes = face.keypoints;
        EXPECT_NEAR(face.angle,
                    std::atan2(double(eyes[1][1]) - eyes[0][1], double(eyes[1][0]) - eyes[0][0]),
                    1e-6);
      }
    }
  }
  EXPECT_GT(compared, 100);
  EXPECT_GT(seen, 100);
}

// One face, upright for the network, on frames that came turned and mirrored: the results are on
// the frame as it came.
TEST(Faces, FindBackOnTurnedFrames) {
  const Model& model = models()[0];
  const auto detector = make(model);
  const auto anchors = anchors_of(model);
  Outputs out{std::vector<float>(896 * 16), std::vector<float>(896, -10), {}, {}};
  const size_t n = 300;
  out.logits[n] = 3;
  const auto set = [&](size_t i, double x, double y) {
    out.raw[n * 16 + i] = static_cast<float>(x - anchors[n][0]);
    out.raw[n * 16 + i + 1] = static_cast<float>(y - anchors[n][1]);
  };
  for (size_t i = 0; i < 16; i += 2) set(i, 60, 70);
  out.raw[n * 16 + 2] = 20, out.raw[n * 16 + 3] = 10;
  set(4, 55, 68);  // eyes
  set(6, 65, 68);
  cut(model, out);
  struct Case {
    int width, height, rotation;
    bool mirror;
    float box[4];
    double angle;
  };
  // A frame of 256 x 192 is 128 x 96 in the tensor, 16 rows below its top.
  for (const Case& c : {Case{256, 192, 0, false, {100, 98, 140, 118}, 0},
                        Case{256, 192, 180, false, {116, 74, 156, 94}, M_PI},
                        Case{256, 192, 0, true, {116, 98, 156, 118}, 0},
                        Case{192, 256, 90, false, {98, 116, 118, 156}, -M_PI / 2},
                        Case{192, 256, 270, false, {74, 100, 94, 140}, M_PI / 2},
                        Case{192, 256, 90, true, {98, 100, 118, 140}, -M_PI / 2}}) {
    SCOPED_TRACE(testing::Message() << "rotation " << c.rotation << " mirror " << c.mirror);
    prepare(*detector, c.width, c.height, c.rotation, c.mirror);
    ASSERT_OK(detector->decode(out.pointers, 0.5f, 1));
    ASSERT_EQ(detector->faces().size(), 1u);
    const Face& face = detector->faces()[0];
    for (int i = 0; i < 4; ++i) EXPECT_NEAR(face.box[i], c.box[i], 1e-3) << i;
    EXPECT_NEAR(std::remainder(face.angle - c.angle, 2 * M_PI), 0, 1e-5);
  }
}

TEST(Faces, TakeWhateverANetworkSays) {
  const Model& model = models()[1];
  const auto detector = make(model);
  prepare(*detector, 33, 77);
  for (const float odd : {NAN, INFINITY, -INFINITY, 3e38f, -3e38f, 0.0f, -0.0f}) {
    for (const float logit : {NAN, INFINITY, -INFINITY, 5.0f, 0.0f}) {
      Outputs out{std::vector<float>(2304 * 16, odd), std::vector<float>(2304, logit), {}, {}};
      cut(model, out);
      for (const float threshold : {0.0f, 0.5f, 1.0f}) {
        ASSERT_OK(detector->decode(out.pointers, threshold, 0));
        for (Face face : detector->faces()) {
          for (int i = 0; i < kFaceFloats; ++i) ASSERT_TRUE(std::isfinite(face.numbers()[i]));
          ASSERT_GE(face.score, threshold);
        }
        if (std::isnan(logit) || !std::isfinite(odd)) {
          EXPECT_EQ(detector->faces().size(), 0u) << odd << " " << logit;
        }
      }
    }
  }
}

TEST(Faces, AreLimitedBestFirst) {
  const Model& model = models()[1];
  const auto detector = make(model);
  prepare(*detector, 192, 192);
  Outputs out{std::vector<float>(2304 * 16), std::vector<float>(2304), {}, {}};
  Random random(4);
  for (size_t n = 0; n < 2304; ++n) {
    out.raw[n * 16 + 2] = out.raw[n * 16 + 3] = 1;  // no two overlap
    out.logits[n] = random.uniform(0.1f, 9);
  }
  cut(model, out);
  for (const int limit : {0, 1, 7, 100000}) {
    ASSERT_OK(detector->decode(out.pointers, 0.5f, limit));
    const auto faces = detector->faces();
    EXPECT_EQ(faces.size(), limit == 0 || limit > kMaxFaces ? kMaxFaces : size_t(limit));
    for (size_t f = 1; f < faces.size(); ++f) ASSERT_GE(faces[f - 1].score, faces[f].score);
  }
  const size_t before = allocations();
  ASSERT_OK(detector->decode(out.pointers, 0.5f, 0));
  EXPECT_EQ(allocations(), before);
}

TEST(Faces, RefuseUnknownGeometries) {
  std::unique_ptr<FaceDetector> detector;
  const auto create = [&](int size, std::vector<Shape> outputs) {
    detector = std::make_unique<FaceDetector>();
    return detector->open(size, outputs);
  };
  EXPECT_SAYS(create(100, {{1, 896, 16}, {1, 896, 1}}),
              "reads 100 x 100 pixels and has the outputs [1,896,16] [1,896,1]");
  EXPECT_SAYS(create(192, {{1, 896, 16}, {1, 896, 1}}), "192 x 192");
  EXPECT_SAYS(create(128, {{1, 2304, 16}, {1, 2304, 1}}), "[1,2304,16]");
  EXPECT_SAYS(create(128, {{1, 896, 16}}), "no face detector");
  EXPECT_SAYS(create(128, {{1, 896, 16}, {1, 896, 16}}), "no face detector");
  EXPECT_SAYS(create(128, {{2, 896, 16}, {1, 896, 1}}), "no face detector");
  EXPECT_SAYS(create(128, {{1, 512, 16}, {1, 512, 1}, {1, 512, 16}, {1, 512, 1}}), "no face");
  EXPECT_SAYS(create(128, {}), "no face detector");
  EXPECT_SAYS(create(128, {Shape::unknown(), Shape()}), "[unknown]");
  ASSERT_OK(create(128, {{896, 1}, {896, 16}}));
  const float nothing[896 * 16] = {};
  const float* pointers[] = {nothing, nothing};
  EXPECT_SAYS(detector->decode(pointers, 0.5f, 0), "no picture");
  prepare(*detector, 5, 5);
  EXPECT_SAYS(detector->decode(std::span(pointers, 1), 0.5f, 0), "has 2 outputs, 1 are given");
  EXPECT_SAYS(detector->decode(pointers, NAN, 0), "threshold");
  EXPECT_SAYS(detector->decode(pointers, 1.5f, 0), "threshold");
  EXPECT_SAYS(detector->prepare({}, 0, false, nullptr), "0 x 0 should have");
  EXPECT_SAYS(detector->decode(pointers, 0.5f, 0), "no picture");
}

TEST(Faces, Bits) {
  Random random(5);
  for (const Model& model : models()) {
    const auto detector = make(model);
    prepare(*detector, 640, 480, 90, true);
    Outputs out = random_outputs(model, random);
    for (size_t n = 0; n < out.logits.size(); n += 50) out.logits[n] += 5;
    cut(model, out);
    ASSERT_OK(detector->decode(out.pointers, 0.3f, 0));
    const auto faces = detector->faces();
    HostTensor tensor(Shape{static_cast<int32_t>(faces.size()), kFaceFloats});
    std::memcpy(tensor.data().data(), faces.data(), faces.size_bytes());
    print_bits(std::string("faces ") + model.name, tensor);
  }
}

}  // namespace
}  // namespace wxnn
