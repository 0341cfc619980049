#include <cmath>
#include <limits>

#include "op_test.h"

namespace wxnn {
namespace {

struct Case {
  int32_t h, w, c;
  int32_t filter, stride, dilation;
  const char* pad;  // null: one number
  int32_t number;
};
const Case kCases[] = {
    {8, 8, 16, 2, 2, 1, "valid", 0}, {7, 9, 5, 2, 2, 1, "same", 0},  {7, 9, 1, 3, 2, 1, "same", 0},
    {5, 5, 33, 3, 1, 1, "same", 0},  {6, 7, 4, 3, 2, 1, nullptr, 1}, {9, 9, 3, 3, 1, 2, "same", 0},
    {4, 4, 8, 1, 2, 1, "valid", 0},  {4, 6, 8, 4, 1, 1, "valid", 0}, {5, 5, 2, 2, 3, 1, "valid", 0},
    {6, 7, 23, 6, 1, 1, "same", 0},
};

// The output's size and the padding in front of each axis, as TensorFlow states them.
void geometry(const Case& k, int32_t in, int32_t* out, int32_t* before) {
  const int32_t span = (k.filter - 1) * k.dilation + 1;
  if (k.pad != nullptr && std::string(k.pad) == "same") {
    *out = (in + k.stride - 1) / k.stride;
    *before = std::max((*out - 1) * k.stride + span - in, 0) / 2;
  } else {
    *out = (in + 2 * k.number - span) / k.stride + 1;
    *before = k.number;
  }
}

template <class F>
void each_window(const Case& k, const HostTensor& x, const HostTensor& y, F check) {
  int32_t oh, ow, top, left;
  geometry(k, k.h, &oh, &top);
  geometry(k, k.w, &ow, &left);
  ASSERT_EQ(y.shape(), Shape({2, oh, ow, k.c})) << y.shape().str();
  int32_t at = 0;
  for (int32_t n = 0; n < 2; ++n)
    for (int32_t i = 0; i < oh; ++i)
      for (int32_t j = 0; j < ow; ++j)
        for (int32_t c = 0; c < k.c; ++c) {
          std::vector<float> seen;
          for (int32_t a = 0; a < k.filter; ++a)
            for (int32_t b = 0; b < k.filter; ++b) {
              const int32_t r = i * k.stride - top + a * k.dilation;
              const int32_t s = j * k.stride - left + b * k.dilation;
              if (r < 0 || s < 0 || r >= k.h || s >= k.w) continue;
              seen.push_back(x[((n * k.h + r) * k.w + s) * k.c + c]);
            }
          check(seen, y[at++]);
        }
}

OpTest pool(const char* name, const Case& k) {
  OpTest op(name);
  op.attr("filterSize", {double(k.filter), double(k.filter)}).attr("strides", k.stride);
  op.attr("dilations", k.dilation);
  if (k.pad != nullptr)
    op.attr("pad", k.pad);
  else
    op.attr("pad", k.number);
  return op;
}

TEST(Pool, MaxAndAverage) {
  const uint32_t seed = test_seed();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  int number = 0;
  for (const Case& k : kCases) {
    SCOPED_TRACE(number++);
    HostTensor x = random.tensor({2, k.h, k.w, k.c});
    each_window(k, x, pool("AvgPool", k)({x}), [](const std::vector<float>& seen, float got) {
      double sum = 0;
      for (const float v : seen) sum += v;
      ASSERT_NEAR(got, sum / static_cast<double>(seen.size()), 1e-6);
    });
    for (float& v : x.data()) {
      if (random.bits() % 16 == 0) v = random.bits() % 2 == 0 ? NAN : -INFINITY;
    }
    each_window(k, x, pool("MaxPool", k)({x}), [](const std::vector<float>& seen, float got) {
      float most = -INFINITY;
      for (const float v : seen) most = std::isnan(v) ? most : std::max(most, v);
      ASSERT_EQ(got, most);
    });
  }
}

TEST(Pool, RefusesAndTakesEmpty) {
  std::vector<HostTensor> y;
  EXPECT_SAYS(OpTest("MaxPool")
                  .attr("filterSize", 2)
                  .attr("pad", "valid")
                  .run({HostTensor(Shape{4, 4, 1})}, &y),
              "should be float32 [N,H,W,C]");
  EXPECT_SAYS(OpTest("MaxPool")
                  .attr("filterSize", 5)
                  .attr("pad", "valid")
                  .run({HostTensor(Shape{1, 4, 4, 1})}, &y),
              "does not fit into x [1,4,4,1]");
  EXPECT_SAYS(OpTest("MaxPool").attr("pad", "valid").run({HostTensor(Shape{1, 4, 4, 1})}, &y),
              "filterSize");
  EXPECT_EQ(OpTest("AvgPool")
                .attr("filterSize", 2)
                .attr("pad", "same")({HostTensor(Shape{0, 4, 4, 2})})
                .shape(),
            Shape({0, 4, 4, 2}));
}

// Halving, which has a loop of its own for whole windows; an odd side ends in a window of one or
// two.
TEST(Pool, SameBitsWhenItHalves) {
  Random random(10);
  for (const int32_t channels : {3, 4, 24}) {
    HostTensor x = random.tensor({2, 7, 9, channels});
    for (float& v : x.data()) {
      if (random.bits() % 8 == 0) v = random.bits() % 2 == 0 ? NAN : -0.0F;
    }
    OpTest op("MaxPool");
    op.attr("filterSize", {2, 2}).attr("strides", 2).attr("pad", "same");
    print_bits("max_pool_halves_" + std::to_string(channels), op({x}));
  }
}

TEST(Pool, SameBits) {
  Random random(9);
  const HostTensor x = random.tensor({2, 9, 11, 13});
  for (const char* name : {"MaxPool", "AvgPool"}) {
    print_bits(std::string("pool_") + name,
               OpTest(name).attr("filterSize", 3).attr("strides", 2).attr("pad", "same")({x}));
  }
}

}  // namespace
}  // namespace wxnn
