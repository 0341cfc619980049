// vision/image.h and vision/angle.h against plain loops in double precision.
#include "vision/image.h"

#include <cmath>

#include "allocations.h"
#include "op_test.h"
#include "vision/angle.h"

namespace wxnn {
namespace {

struct Picture {
  int width, height;
  std::vector<uint8_t> rgba;
  Image image() const { return {rgba.data(), rgba.size(), width, height}; }
};

Picture random_picture(Random& random, int width, int height) {
  Picture p{width, height, std::vector<uint8_t>(size_t(width) * height * 4)};
  for (uint8_t& v : p.rgba) v = static_cast<uint8_t>(random.bits() >> 24);
  return p;
}

struct Point {
  double x, y;
};

// Step by step, as image.h says it: bars, mirror, rotation, roi.
Point to_picture(const ImageTransform& t, Point tensor) {
  const bool lying = t.rotation % 180 != 0;
  const double w = lying ? t.roi.height : t.roi.width, h = lying ? t.roi.width : t.roi.height;
  double sx = t.width / w, sy = t.height / h;
  if (t.letterbox) sx = sy = std::min(sx, sy);
  Point p = {(tensor.x - (t.width - w * sx) / 2) / sx, (tensor.y - (t.height - h * sy) / 2) / sy};
  if (t.mirror) p.x = w - p.x;
  if (t.rotation == 90) p = {p.y, w - p.x};
  if (t.rotation == 180) p = {w - p.x, h - p.y};
  if (t.rotation == 270) p = {h - p.y, p.x};
  const double dx = p.x - t.roi.width / 2, dy = p.y - t.roi.height / 2;
  const double c = std::cos(double(t.roi.angle)), s = std::sin(double(t.roi.angle));
  return {t.roi.x + dx * c - dy * s, t.roi.y + dx * s + dy * c};
}

double distance(Point a, Point b) { return std::hypot(a.x - b.x, a.y - b.y); }

double pixel_at(const Picture& p, int x, int y, int c) {
  x = std::clamp(x, 0, p.width - 1);
  y = std::clamp(y, 0, p.height - 1);
  return p.rgba[(size_t(y) * p.width + x) * 4 + c];
}

double bilinear(const Picture& p, Point at, int c) {
  const int x = static_cast<int>(std::floor(at.x - 0.5));
  const int y = static_cast<int>(std::floor(at.y - 0.5));
  const double u = at.x - 0.5 - x, v = at.y - 0.5 - y;
  return (pixel_at(p, x, y, c) * (1 - u) + pixel_at(p, x + 1, y, c) * u) * (1 - v) +
         (pixel_at(p, x, y + 1, c) * (1 - u) + pixel_at(p, x + 1, y + 1, c) * u) * v;
}

// How much of pixel `i` lies between centre - step / 2 and centre + step / 2; where that is no more
// than two pixels, its weight in a linear interpolation.
double cover(int i, double centre, double step, int size) {
  if (step <= 2) {
    return std::max(0.0, 1 - std::abs(std::clamp(centre, 0.5, size - 0.5) - (i + 0.5)));
  }
  return std::max(0.0,
                  std::min(i + 1.0, centre + step / 2) - std::max(double(i), centre - step / 2));
}

double area_mean(const Picture& p, Point at, Point step, int c) {
  double sum = 0, weight = 0;
  for (int y = 0; y < p.height; ++y) {
    for (int x = 0; x < p.width; ++x) {
      const double w = cover(x, at.x, step.x, p.width) * cover(y, at.y, step.y, p.height);
      sum += w * pixel_at(p, x, y, c);
      weight += w;
    }
  }
  return sum / weight;
}

// Compares one tensor pixel. Centres on the very edge may round to either side.
void expect_pixel(const Picture& p, const ImageTransform& t, int i, int j, const float* actual) {
  const Point at = to_picture(t, {i + 0.5, j + 0.5});
  const Point right = to_picture(t, {i + 1.5, j + 0.5}), below = to_picture(t, {i + 0.5, j + 1.5});
  const double out = std::max({-at.x, -at.y, at.x - p.width, at.y - p.height});
  if (std::abs(out) < 1e-4) return;
  const bool turned = t.roi.angle != 0;
  const Point step = {std::abs(right.x - at.x) + std::abs(below.x - at.x),
                      std::abs(right.y - at.y) + std::abs(below.y - at.y)};
  for (int c = 0; c < 3; ++c) {
    double expected = 0;
    if (out < 0 || t.extend) {
      const Point in = turned ? at
                              : Point{std::clamp(at.x, 0.0, double(p.width)),
                                      std::clamp(at.y, 0.0, double(p.height))};
      expected = turned ? bilinear(p, in, c) : area_mean(p, in, step, c);
    }
    expected = (expected - t.mean[c]) * t.scale[c];
    ASSERT_NEAR(actual[c], expected, 2e-3)
        << "tensor pixel " << i << "," << j << " at picture " << at.x << "," << at.y;
  }
}

ImageTransform random_transform(Random& random, const Picture& p, bool turned) {
  ImageTransform t{.roi = roi_of(p.image()),
                   .width = random.between(1, 24),
                   .height = random.between(1, 24),
                   .rotation = 90 * random.between(0, 3),
                   .mirror = random.between(0, 1) != 0,
                   .letterbox = random.between(0, 1) != 0,
                   .extend = random.between(0, 1) != 0};
  if (turned || random.between(0, 1)) {
    const float w = static_cast<float>(p.width), h = static_cast<float>(p.height);
    t.roi = {random.uniform(-0.2f, 1.2f) * w, random.uniform(-0.2f, 1.2f) * h,
             random.uniform(0.1f, 1.5f) * w, random.uniform(0.1f, 1.5f) * h, 0};
  }
  if (turned) {  // one bilinear sample a pixel: at most 2 picture pixels apart
    t.roi.angle = random.uniform(-7, 7);
    const float side = 1.9f * static_cast<float>(std::min(t.width, t.height));
    t.roi.width = std::min(t.roi.width, side);
    t.roi.height = std::min(t.roi.height, side);
    t.letterbox = false;
  }
  for (int c = 0; c < 3; ++c) {
    t.mean[c] = random.uniform(-1, 128);
    t.scale[c] = random.uniform(-1, 1);
  }
  return t;
}

TEST(Image, IsSampledAsPlainLoopsDo) {
  const uint32_t seed = test_seed();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  ImageSampler sampler;
  for (int n = 0; n < 600; ++n) {
    const Picture p = random_picture(random, random.between(1, 70), random.between(1, 70));
    const ImageTransform t = random_transform(random, p, n % 2 != 0);
    SCOPED_TRACE(testing::Message()
                 << "case " << n << ": " << p.width << "x" << p.height << " -> " << t.width << "x"
                 << t.height << " roi " << t.roi.x << "," << t.roi.y << " " << t.roi.width << "x"
                 << t.roi.height << " angle " << t.roi.angle << " rotation " << t.rotation
                 << (t.mirror ? " mirror" : "") << (t.letterbox ? " letterbox" : "")
                 << (t.extend ? " extend" : ""));
    // At most 16 samples an axis are taken: there the reference, which takes all, does not apply.
    const Point a = to_picture(t, {0, 0}), b = to_picture(t, {1, 1});
    if (std::max(std::abs(a.x - b.x), std::abs(a.y - b.y)) > 15.9) continue;
    std::vector<float> out(size_t(t.width) * t.height * 3);
    ASSERT_OK(sampler.to_tensor(p.image(), t, out.data()));
    for (int j = 0; j < t.height; ++j) {
      for (int i = 0; i < t.width; ++i) {
        ASSERT_NO_FATAL_FAILURE(expect_pixel(p, t, i, j, &out[(size_t(j) * t.width + i) * 3]));
      }
    }
  }
}

TEST(Image, IsTurnedClockwiseThenMirrored) {
  // Red values: 1 2 3
  //             4 5 6
  Picture p{3, 2, std::vector<uint8_t>(24)};
  for (int i = 0; i < 6; ++i) p.rgba[size_t(i) * 4] = static_cast<uint8_t>(i + 1);
  const auto red = [&](int rotation, bool mirror) {
    ImageTransform t{.roi = roi_of(p.image()),
                     .width = rotation % 180 ? 2 : 3,
                     .height = rotation % 180 ? 3 : 2,
                     .rotation = rotation,
                     .mirror = mirror};
    ImageSampler sampler;
    std::vector<float> out(18);
    EXPECT_TRUE(sampler.to_tensor(p.image(), t, out.data()).ok());
    std::string digits;
    for (int i = 0; i < 6; ++i)
      digits += static_cast<char>('0' + static_cast<int>(out[size_t(i) * 3]));
    return digits;
  };
  EXPECT_EQ(red(0, false), "123456");
  EXPECT_EQ(red(90, false), "415263");
  EXPECT_EQ(red(180, false), "654321");
  EXPECT_EQ(red(270, false), "362514");
  EXPECT_EQ(red(0, true), "321654");
  EXPECT_EQ(red(90, true), "142536");
}

TEST(Image, OnePixelFillsTheTensor) {
  const Picture p{1, 1, {10, 20, 30, 0}};
  ImageTransform t{.roi = roi_of(p.image()), .width = 2, .height = 2};
  ImageSampler sampler;
  std::vector<float> out(12);
  ASSERT_OK(sampler.to_tensor(p.image(), t, out.data()));
  EXPECT_EQ(out, (std::vector<float>{10, 20, 30, 10, 20, 30, 10, 20, 30, 10, 20, 30}));
}

// One-pixel checks shrink to grey: nothing aliases, up to where samples are few.
TEST(Image, ShrinksWithoutAliasing) {
  for (const int width : {300, 1000, 4001}) {
    for (const float angle : {0.0f, 0.4f}) {
      Picture p{width, width / 2, std::vector<uint8_t>(size_t(width) * (width / 2) * 4)};
      for (size_t i = 0; i < p.rgba.size() / 4; ++i) {
        const size_t x = i % size_t(width), y = i / size_t(width);
        for (size_t c = 0; c < 3; ++c) p.rgba[i * 4 + c] = (x + y) % 2 ? 255 : 0;
      }
      const float side = static_cast<float>(width) * 0.35f;
      ImageTransform t{
          .roi = {static_cast<float>(width) / 2, static_cast<float>(width) / 4, side, side, angle},
          .width = 32,
          .height = 32};
      ImageSampler sampler;
      std::vector<float> out(32 * 32 * 3);
      ASSERT_OK(sampler.to_tensor(p.image(), t, out.data()));
      double sum = 0, worst = 0;
      for (const float v : out) {
        sum += v;
        worst = std::max(worst, std::abs(v - 127.5));
      }
      EXPECT_NEAR(sum / static_cast<double>(out.size()), 127.5, 8) << width << " " << angle;
      EXPECT_LT(worst, 64) << width << " " << angle;
    }
  }
}

TEST(Image, CoordinatesFindBack) {
  const uint32_t seed = test_seed();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  for (int n = 0; n < 500; ++n) {
    const Picture p{random.between(1, 5000), random.between(1, 5000), {}};
    const ImageTransform t = random_transform(random, p, n % 2 != 0);
    const Affine map = map_to_picture(t);
    const Point tensor = {random.uniform(-5, 40), random.uniform(-5, 40)};
    const Point expected = to_picture(t, tensor);
    ASSERT_LT(distance({map.x(tensor.x, tensor.y), map.y(tensor.x, tensor.y)}, expected), 1e-3)
        << "case " << n;
  }
}

TEST(Image, RefusesWhatItCannotRead) {
  const Picture p{4, 3, std::vector<uint8_t>(48)};
  const ImageTransform good{.roi = roi_of(p.image()), .width = 2, .height = 2};
  float out[12];
  ImageSampler sampler;
  ASSERT_OK(sampler.to_tensor(p.image(), good, out));
  const auto with = [&](auto change) {
    ImageTransform t = good;
    Image image = p.image();
    change(t, image);
    return sampler.to_tensor(image, t, out);
  };
  using T = ImageTransform;
  EXPECT_SAYS(with([](T&, Image& i) { i.width = i.height = 0; }), "0 x 0 should have 1 to 65535");
  EXPECT_SAYS(with([](T&, Image& i) { i.width = -4; }), "-4 x 3 should have");
  EXPECT_SAYS(with([](T&, Image& i) { i.bytes = 47; }), "4 x 3 has 4 bytes a pixel, 47 are given");
  EXPECT_SAYS(with([](T&, Image& i) { i.width = i.height = 65535; }),
              "65535 x 65535 has 4 bytes a pixel");
  EXPECT_SAYS(with([](T&, Image& i) { i.width = 1 << 30; }), "1 to 65535 pixels a side");
  EXPECT_SAYS(with([](T& t, Image&) { t.width = 0; }), "a tensor of 0 x 2");
  EXPECT_SAYS(with([](T& t, Image&) { t.height = 20000; }), "a tensor of 2 x 20000");
  EXPECT_SAYS(with([](T& t, Image&) { t.rotation = 45; }), "rotation 45");
  EXPECT_SAYS(with([](T& t, Image&) { t.roi.x = NAN; }), "roi should");
  EXPECT_SAYS(with([](T& t, Image&) { t.roi.angle = INFINITY; }), "roi should");
  EXPECT_SAYS(with([](T& t, Image&) { t.roi.y = 1e20f; }), "roi should");
  EXPECT_SAYS(with([](T& t, Image&) { t.roi.width = 0; }), "roi should");
  EXPECT_SAYS(with([](T& t, Image&) { t.roi.height = NAN; }), "roi should");
  EXPECT_SAYS(with([](T& t, Image&) { t.mean[1] = NAN; }), "mean and scale");
  EXPECT_SAYS(with([](T& t, Image&) { t.scale[2] = INFINITY; }), "mean and scale");
}

TEST(Image, AllocatesOnceForOneSize) {
  Random random(1);
  const Picture p = random_picture(random, 64, 48);
  const ImageTransform t{.roi = roi_of(p.image()), .width = 16, .height = 16, .letterbox = true};
  std::vector<float> out(16 * 16 * 3);
  ImageSampler sampler;
  ASSERT_OK(sampler.to_tensor(p.image(), t, out.data()));
  const size_t before = allocations();
  ASSERT_OK(sampler.to_tensor(p.image(), t, out.data()));
  EXPECT_EQ(allocations(), before);
}

TEST(Angle, AgreesWithLibm) {
  Random random(2);
  for (int n = 0; n < 10000; ++n) {
    const double a = random.uniform(-1, 1) * (n % 2 ? 4 : 1e6);
    const Turn turn = turn_by(a);
    ASSERT_NEAR(turn.cos, std::cos(a), 1e-9) << a;
    ASSERT_NEAR(turn.sin, std::sin(a), 1e-9) << a;
    const double x = random.uniform(-1, 1), y = random.uniform(-1, 1) * (n % 3 ? 1 : 1e-3);
    ASSERT_NEAR(angle_of(x, y), std::atan2(y, x), 1e-9) << x << " " << y;
  }
  EXPECT_EQ(turn_by(0).cos, 1);
  EXPECT_EQ(turn_by(0).sin, 0);
  EXPECT_EQ(angle_of(0, 0), 0);
  EXPECT_NEAR(angle_of(0, 1), kPi / 2, 1e-12);
  EXPECT_NEAR(angle_of(-1, 0), kPi, 1e-12);
  EXPECT_NEAR(angle_of(0, -1), -kPi / 2, 1e-12);
}

TEST(Image, Bits) {
  Random random(3);
  ImageSampler sampler;
  const Picture p = random_picture(random, 211, 157);
  for (int n = 0; n < 8; ++n) {
    ImageTransform t{.roi = roi_of(p.image()),
                     .width = 40,
                     .height = 32,
                     .rotation = 90 * (n % 4),
                     .mirror = n % 2 != 0,
                     .letterbox = n % 3 == 0,
                     .mean = {127.5f, 127.5f, 127.5f},
                     .scale = {1 / 127.5f, 1 / 127.5f, 0.01f}};
    if (n >= 4)
      t.roi = {90.25f, 70.5f, 37.0f * static_cast<float>(n), 120, 0.3f * static_cast<float>(n)};
    HostTensor out(Shape{32, 40, 3});
    ASSERT_OK(sampler.to_tensor(p.image(), t, out.data().data()));
    print_bits("image " + std::to_string(n), out);
  }
}

// Widths around the eight pixels that the loop with SIMD takes at once, shrunk and not.
TEST(Image, BitsOfManyWidths) {
  Random random(4);
  ImageSampler sampler;
  for (const int width : {1, 5, 7, 8, 9, 15, 16, 17, 23, 333, 1280}) {
    const Picture p = random_picture(random, width, 61);
    const ImageTransform t{.roi = roi_of(p.image()),
                           .width = 24,
                           .height = 20,
                           .letterbox = width % 2 != 0,
                           .scale = {1 / 255.0f, 1, 0.01f}};
    HostTensor out(Shape{20, 24, 3});
    ASSERT_OK(sampler.to_tensor(p.image(), t, out.data().data()));
    print_bits("image of width " + std::to_string(width), out);
  }
}

}  // namespace
}  // namespace wxnn
