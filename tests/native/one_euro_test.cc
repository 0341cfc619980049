// vision/one_euro.h against the paper's algorithm in double precision, and what it is for.
#include "vision/one_euro.h"

#include <cmath>

#include "op_test.h"

namespace wxnn {
namespace {

// The paper's algorithm 1, for one value.
struct PlainFilter {
  double out = 0, speed = 0;
  bool fresh = true;

  static double alpha(double cutoff, double seconds) {
    const double tau = 1 / (2 * M_PI * cutoff);
    return 1 / (1 + tau / seconds);
  }
  double filter(double x, double seconds, double size) {
    if (fresh) {
      fresh = false;
      return out = x;
    }
    const double a = alpha(1, seconds);
    speed = a * (x - out) / seconds + (1 - a) * speed;
    const double b = alpha(0.5 + 20 * std::abs(speed) / size, seconds);
    return out = b * x + (1 - b) * out;
  }
};

TEST(OneEuro, ComputesThePapersFilter) {
  const uint32_t seed = test_seed();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  OneEuroFilter filter;
  for (const size_t count : {size_t{5}, size_t{1404}, size_t{16}}) {
    std::vector<PlainFilter> plain(count);
    std::vector<float> values(count);
    for (int frame = 0; frame < 50; ++frame) {
      const float seconds = random.uniform(0.001f, 1), size = random.uniform(1, 500);
      std::vector<double> expected(count);
      for (size_t i = 0; i < count; ++i) {
        values[i] = random.uniform(-1000, 1000);
        expected[i] = plain[i].filter(values[i], seconds, size);
      }
      ASSERT_OK(filter.smooth(values.data(), count, seconds, size));
      for (size_t i = 0; i < count; ++i) ASSERT_NEAR(values[i], expected[i], 0.05) << frame;
    }
  }
}

// Standard deviation of a resting face's tremble, and how far a moving face lags behind.
TEST(OneEuro, RemovesTrembleAndHardlyLags) {
  Random random(3);
  OneEuroFilter filter;
  const float size = 100, seconds = 1 / 30.0f;
  double in = 0, out = 0;
  for (int frame = 0; frame < 600; ++frame) {
    const float noise = random.uniform(-0.5f, 0.5f);
    float value = 50 + noise;
    ASSERT_OK(filter.smooth(&value, 1, seconds, size));
    if (frame >= 60) in += noise * noise, out += (value - 50) * (value - 50);
  }
  EXPECT_LT(std::sqrt(out / in), 0.4);
  filter.reset();
  float lag = 0;
  for (int frame = 0; frame < 60; ++frame) {  // one face size a second
    const float x = size * seconds * static_cast<float>(frame);
    float value = x;
    ASSERT_OK(filter.smooth(&value, 1, seconds, size));
    lag = x - value;
  }
  EXPECT_GT(lag, 0);
  EXPECT_LT(lag, 0.02f * size);
}

TEST(OneEuro, StartsAfresh) {
  OneEuroFilter filter;
  float values[2] = {1, 2};
  ASSERT_OK(filter.smooth(values, 2, 0.03f, 10));
  values[0] = 100;
  filter.reset();
  ASSERT_OK(filter.smooth(values, 2, 0.03f, 10));
  EXPECT_EQ(values[0], 100);
  float one = -7;
  ASSERT_OK(filter.smooth(&one, 1, 0.03f, 10));
  EXPECT_EQ(one, -7);
}

TEST(OneEuro, Bits) {
  Random random(9);
  OneEuroFilter filter;
  HostTensor all(Shape{20, 33});
  for (int frame = 0; frame < 20; ++frame) {
    float* row = all.data().data() + size_t(frame) * 33;
    for (int i = 0; i < 33; ++i) row[i] = random.uniform(-300, 300);
    ASSERT_OK(filter.smooth(row, 33, 0.02f + 0.001f * static_cast<float>(frame), 77));
  }
  print_bits("one euro filter", all);
}

}  // namespace
}  // namespace wxnn
