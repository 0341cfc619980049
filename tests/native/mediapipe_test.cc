// References: the definitions, as matrices and loops in double.
#include <array>
#include <cmath>

#include "flatbuffers/flexbuffers.h"
#include "formats/flex_map.h"
#include "op_test.h"

namespace wxnn {
namespace {

using Matrix = std::array<std::array<double, 3>, 3>;
Matrix operator*(const Matrix& a, const Matrix& b) {
  Matrix c{};
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 3; ++j)
      for (int k = 0; k < 3; ++k) c[i][j] += a[i][k] * b[k][j];
  return c;
}
Matrix shift(double x, double y) { return {{{1, 0, x}, {0, 1, y}, {0, 0, 1}}}; }
Matrix scale(double x, double y) { return {{{x, 0, 0}, {0, y, 0}, {0, 0, 1}}}; }
Matrix turn(double r) {
  return {{{std::cos(r), -std::sin(r), 0}, {std::sin(r), std::cos(r), 0}, {0, 0, 1}}};
}

// Lowest and highest x, y of the points, turned by r.
std::array<double, 4> bounds(const HostTensor& points, std::initializer_list<int> subset,
                             double r) {
  std::array<double, 4> b{1e9, 1e9, -1e9, -1e9};
  for (int i : subset) {
    const double x = points[3 * i], y = points[3 * i + 1];
    const double u = x * std::cos(r) - y * std::sin(r), v = x * std::sin(r) + y * std::cos(r);
    b = {std::min(b[0], u), std::min(b[1], v), std::max(b[2], u), std::max(b[3], v)};
  }
  return b;
}

void expect_matrix(const Matrix& want, const HostTensor& y) {
  ASSERT_EQ(y.shape(), (Shape{1, 4, 4}));
  const double all[16] = {want[0][0], want[0][1], 0, want[0][2], want[1][0], want[1][1],
                          0,          want[1][2], 0, 0,          1,          0,
                          0,          0,          0, 1};
  for (int i = 0; i < 16; ++i) EXPECT_NEAR(y[i], all[i], 2e-4) << i;
}

TEST(LandmarksToTransformMatrix, Version2) {
  Random random(5);
  const HostTensor points = random.tensor({1, 6, 3}, 0, 100);
  OpTest op("LandmarksToTransformMatrix");
  op.attr("subset", {1, 2, 4, 5}).attr("leftRotationIdx", 0.0).attr("rightRotationIdx", 3);
  op.attr("outputSize", {32, 48}).attr("scale", {1.5, 1.25}).attr("targetRotationRadians", 0.3);
  const HostTensor y = op({points});
  const double r = 0.3 - std::atan2(points[10] - points[1], points[9] - points[0]);
  const auto b = bounds(points, {1, 2, 4, 5}, r);
  const double mu = (b[0] + b[2]) / 2, mv = (b[1] + b[3]) / 2;
  const Matrix want =
      shift(mu * std::cos(-r) - mv * std::sin(-r), mu * std::sin(-r) + mv * std::cos(-r)) *
      turn(-r) * scale(1.5 * (b[2] - b[0]) / 48, 1.25 * (b[3] - b[1]) / 32) * shift(-24, -16);
  expect_matrix(want, y);
  print_bits("landmarks_to_matrix", y);
}

TEST(LandmarksToTransformMatrix, Version1) {
  Random random(6);
  const HostTensor points = random.tensor({1, 1, 1, 18}, 20, 180);
  OpTest op("LandmarksToTransformMatrix");
  op.attr("version", 1)
      .attr("subset", {1, 2, 4, 5})
      .attr("leftRotationIdx", 0.0)
      .attr("rightRotationIdx", 3);
  op.attr("outputSize", {8, 12})
      .attr("inputSize", {40, 50})
      .attr("landmarksRange", 192)
      .attr("scale", 1.3);
  const HostTensor y = op({points});
  const double r = -std::atan((points[10] - points[1]) / (points[9] - points[0]));
  const auto b = bounds(points, {1, 2, 4, 5}, r);
  const double mu = (b[0] + b[2]) / 2, mv = (b[1] + b[3]) / 2;
  const double cx = mu * std::cos(-r) - mv * std::sin(-r),
               cy = mu * std::sin(-r) + mv * std::cos(-r);
  const Matrix absolute = {{{49 / 2.0, 0, 49 / 2.0}, {0, 39 / 2.0, 39 / 2.0}, {0, 0, 1}}};
  const Matrix relative = {{{2 / 11.0, 0, -1}, {0, 2 / 7.0, -1}, {0, 0, 1}}};
  Matrix rotation = turn(-r);
  rotation[0][2] = cx / 192 * 2 - 1;
  rotation[1][2] = cy / 192 * 2 - 1;
  expect_matrix(
      absolute * rotation * scale((b[2] - b[0]) * 1.3 / 192, (b[3] - b[1]) * 1.3 / 192) * relative,
      y);
  std::vector<HostTensor> outputs;
  op.attr("subset", {1, 6});
  EXPECT_SAYS(op.run({points}, &outputs), "landmark 6 is outside landmarks [1,1,1,18]");
}

TEST(TransformLandmarks, TwoAndThreeNumbers) {
  Random random(7);
  const HostTensor m = random.tensor({1, 4, 4});
  for (const int32_t d : {2, 3}) {
    const HostTensor x = random.tensor({1, 5, d});
    const HostTensor y = OpTest("TransformLandmarks").attr("scale", 2)({x, m});
    for (int32_t i = 0; i < 5; ++i) {
      const float* p = x.data().data() + i * d;
      EXPECT_NEAR(y[i * d], m[0] * p[0] + m[1] * p[1] + 2 * m[3], 1e-5f);
      EXPECT_NEAR(y[i * d + 1], m[4] * p[0] + m[5] * p[1] + 2 * m[7], 1e-5f);
      if (d == 3) EXPECT_EQ(y[i * d + 2], p[2]);
    }
  }
}

TEST(TransformTensorBilinear, AgainstSamples) {
  Random random(8);
  const HostTensor x = random.tensor({1, 6, 7, 3});
  HostTensor m({1, 4, 4});
  const float rows[] = {0.8f, -0.3f, 0, 1.1f, 0.25f, 0.9f, 0, -0.4f};
  std::fill(m.data().begin(), m.data().end(), 0.0f);
  std::copy(std::begin(rows), std::end(rows), m.data().begin());
  for (const int centers : {0, 1}) {
    const HostTensor y = OpTest("TransformTensorBilinear")
                             .attr("outputSize", {8, 9})
                             .attr("centers", centers)({x, m});
    ASSERT_EQ(y.shape(), (Shape{1, 8, 9, 3}));
    int outside = 0;
    for (int32_t k = 0; k < y.size(); ++k) {
      const float h = centers != 0 ? 0.5f : 0;
      const float ox = static_cast<float>(k / 3 % 9) + h, oy = static_cast<float>(k / 27) + h;
      const float px = rows[0] * ox + rows[1] * oy + rows[3] - h,
                  py = rows[4] * ox + rows[5] * oy + rows[7] - h;
      if (px < 0 || px > 6 || py < 0 || py > 5) {
        EXPECT_EQ(y[k], 0);
        ++outside;
        continue;
      }
      float sum = 0;
      for (int i = 0; i < 6; ++i)
        for (int j = 0; j < 7; ++j)
          sum += std::max(0.0f, 1 - std::abs(px - static_cast<float>(j))) *
                 std::max(0.0f, 1 - std::abs(py - static_cast<float>(i))) *
                 x[(i * 7 + j) * 3 + k % 3];
      EXPECT_NEAR(y[k], sum, 1e-5f) << k;
    }
    EXPECT_GT(outside, 0);
    EXPECT_LT(outside, y.size());
    print_bits(sentence<"transform_bilinear_{}">(centers), y);
  }
}

TEST(MaxPoolWithArgmax, IndicesNameThePixels) {
  Random random(9);
  const HostTensor x = random.tensor({2, 7, 6, 3});
  OpTest op("MaxPoolWithArgmax", 2);
  op.attr("filterSize", {3, 2})
      .attr("strides", {2, 2})
      .attr("pad", "same")
      .attr("includeBatchInIndex", 1);
  std::vector<HostTensor> y;
  ASSERT_OK(op.run({x}, &y));
  const HostTensor pooled =
      OpTest("MaxPool").attr("filterSize", {3, 2}).attr("strides", {2, 2}).attr("pad", "same")({x});
  for (int32_t i = 0; i < pooled.size(); ++i) {
    EXPECT_EQ(y[0][i], pooled[i]);
    EXPECT_EQ(x[y[1].data<int32_t>()[i]], pooled[i]);
  }
}

TEST(MaxUnpooling2D, PutsThePixelsBack) {
  Random random(10);
  const HostTensor x = random.tensor({2, 6, 4, 3}, 1, 2);
  OpTest pool("MaxPoolWithArgmax", 2), unpool("MaxUnpooling2D");
  pool.attr("filterSize", 2).attr("strides", 2).attr("pad", "valid").attr("indexInWindow", 1);
  unpool.attr("filterSize", 2).attr("strides", 2);
  std::vector<HostTensor> y;
  ASSERT_OK(pool.run({x}, &y));
  const HostTensor back = unpool({y[0], y[1]});
  ASSERT_EQ(back.shape(), x.shape());
  int kept = 0;
  for (int32_t i = 0; i < x.size(); ++i) {
    kept += back[i] == x[i];
    EXPECT_TRUE(back[i] == x[i] || back[i] == 0);
  }
  EXPECT_EQ(kept, x.size() / 4);
  y[1].data()[0] = NAN;
  y[1].data()[1] = -3;
  y[1].data()[2] = 4;
  EXPECT_EQ(unpool({y[0], y[1]})[0], 0);
}

std::vector<uint8_t> options() {
  flexbuffers::Builder b;
  b.Map([&] {
    b.Int("small", -5);
    b.Int("large", 1 << 20);
    b.UInt("unsigned", 200);
    b.Float("float", 0.25f);
    b.Double("double", 1e-3);
    b.Bool("yes", true);
    b.String("text", "bilinear");
    b.TypedVector("sizes", [&] {
      b.Int(256);
      b.Int(-1);
      b.Int(7);
    });
    b.Vector("mixed", [&] {
      b.Int(3);
      b.Float(0.5f);
    });
    const int pair[] = {31, 17};
    b.FixedTypedVector("pair", pair, 2);
  });
  b.Finish();
  return b.GetBuffer();
}

TEST(FlexMap, ReadsWhatFlatbuffersWrites) {
  const std::vector<uint8_t> bytes = options();
  const auto read = [&](const char* name) {
    AttrValue value;
    const Status status = read_flex_option(std::as_bytes(std::span(bytes)), name, &value);
    EXPECT_TRUE(status.ok()) << status.message();
    return value;
  };
  using Numbers = std::vector<double>;
  EXPECT_EQ(read("small").numbers, Numbers({-5}));
  EXPECT_EQ(read("large").numbers, Numbers({1 << 20}));
  EXPECT_EQ(read("unsigned").numbers, Numbers({200}));
  EXPECT_EQ(read("float").numbers, Numbers({0.25}));
  EXPECT_EQ(read("double").numbers, Numbers({1e-3}));
  EXPECT_EQ(read("yes").numbers, Numbers({1}));
  EXPECT_EQ(read("text").text, "bilinear");
  EXPECT_EQ(read("sizes").numbers, Numbers({256, -1, 7}));
  EXPECT_EQ(read("mixed").numbers, Numbers({3, 0.5}));
  EXPECT_EQ(read("pair").numbers, Numbers({31, 17}));
  EXPECT_TRUE(read("absent").numbers.empty() && read("absent").text.empty());
}

// Whatever is damaged ends in a value or a sentence; the sanitizers watch.
TEST(FlexMap, DamagedBytesEnd) {
  const std::vector<uint8_t> whole = options();
  Random random(12);
  for (int round = 0; round < 3000; ++round) {
    std::vector<uint8_t> bytes = whole;
    for (int32_t k = random.between(1, 4); k > 0; --k) {
      bytes[static_cast<size_t>(random.between(0, static_cast<int32_t>(bytes.size()) - 1))] =
          static_cast<uint8_t>(random.bits());
    }
    bytes.erase(bytes.begin(), bytes.begin() + random.between(0, 2) * random.between(0, 40));
    for (const char* name : {"small", "text", "sizes", "mixed", "pair"}) {
      AttrValue value;
      const Status status = read_flex_option(std::as_bytes(std::span(bytes)), name, &value);
      EXPECT_TRUE(status.ok() || !status.message().empty());
      EXPECT_LE(value.numbers.size(), bytes.size() + 1);
    }
  }
}

}  // namespace
}  // namespace wxnn
