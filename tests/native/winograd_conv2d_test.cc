// WinogradConv2D against the convolution that it stands for, in double, with the error that its
// sums may have: those of the transformed numbers' magnitudes.
#include <cmath>
#include <limits>

#include "bits.h"
#include "core/graph.h"
#include "op_test.h"

namespace wxnn {
namespace {

constexpr double kG[4][3] = {{1, 0, 0}, {0.5, 0.5, 0.5}, {0.5, -0.5, 0.5}, {0, 0, 1}};
constexpr double kB[4][4] = {{1, 0, -1, 0}, {0, 1, 1, 0}, {0, -1, 1, 0}, {0, 1, 0, -1}};
constexpr double kA[2][4] = {{1, 1, 1, 0}, {0, 1, -1, -1}};

struct Case {
  Shape x;
  int32_t out;
  std::vector<double> pads = {1, 1, 1, 1};  // top, bottom, left, right
  bool bias = true;
  bool ohwi = false;
};

struct Inputs {
  HostTensor x, filter, bias;
  float tap(const Case& c, int ky, int kx, int32_t i, int32_t o) const {
    const int32_t in = c.x[3];
    if (c.ohwi) return filter[((o * 3 + ky) * 3 + kx) * in + i];
    return filter[((ky * 3 + kx) * in + i) * c.out + o];
  }
  float pixel(const Case& c, int32_t n, int32_t y, int32_t x_, int32_t i) const {
    if (y < 0 || x_ < 0 || y >= c.x[1] || x_ >= c.x[2]) return 0;
    return x[((n * c.x[1] + y) * c.x[2] + x_) * c.x[3] + i];
  }
};

Inputs random_inputs(const Case& c, Random& random) {
  const Shape filter = c.ohwi ? Shape{c.out, 3, 3, c.x[3]} : Shape{3, 3, c.x[3], c.out};
  return {random.tensor(c.x), random.tensor(filter),
          c.bias ? random.tensor({c.out}) : HostTensor()};
}

OpTest op_for(const Case& c) {
  OpTest op("WinogradConv2D");
  op.attr("pad", AttrValue{c.pads, ""}).attr("filterFormat", c.ohwi ? "OHWI" : "HWIO");
  return op;
}

int32_t out_of(const Case& c, int axis) {
  return c.x[1 + axis] + static_cast<int32_t>(c.pads[2 * axis] + c.pads[2 * axis + 1]) - 2;
}

// The sum of the output and the largest that the absolute values of its terms can make.
struct Sum {
  double value = 0, magnitude = 0;
};
Sum sum_of(const Case& c, const Inputs& in, int32_t n, int32_t oy, int32_t ox, int32_t o) {
  Sum s;
  if (!in.bias.absent()) s.value = in.bias[o], s.magnitude = std::abs(s.value);
  const int32_t iy = oy - static_cast<int32_t>(c.pads[0]);
  const int32_t ix = ox - static_cast<int32_t>(c.pads[2]);
  const int ty = oy % 2, tx = ox % 2;  // place in the tile
  for (int32_t i = 0; i < c.x[3]; ++i) {
    for (int ky = 0; ky < 3; ++ky)
      for (int kx = 0; kx < 3; ++kx)
        s.value +=
            static_cast<double>(in.tap(c, ky, kx, i, o)) * in.pixel(c, n, iy + ky, ix + kx, i);
    for (int r = 0; r < 4; ++r)
      for (int q = 0; q < 4; ++q) {
        double g = 0, d = 0;
        for (int a = 0; a < 3; ++a)
          for (int b = 0; b < 3; ++b) g += std::abs(kG[r][a] * kG[q][b] * in.tap(c, a, b, i, o));
        for (int a = 0; a < 4; ++a)
          for (int b = 0; b < 4; ++b)
            d += std::abs(kB[r][a] * kB[q][b] * in.pixel(c, n, iy - ty + a, ix - tx + b, i));
        s.magnitude += std::abs(kA[ty][r] * kA[tx][q]) * g * d;
      }
  }
  return s;
}

void expect_convolution(const Case& c, const Inputs& in, const HostTensor& y) {
  ASSERT_EQ(y.shape(), (Shape{c.x[0], out_of(c, 0), out_of(c, 1), c.out}));
  // Roundings on the way of a term: 6 of its factors and product, the channels, 6 of the tile.
  const double roundings = c.x[3] + 12;
  int32_t i = 0;
  for (int32_t n = 0; n < c.x[0]; ++n)
    for (int32_t oy = 0; oy < y.shape()[1]; ++oy)
      for (int32_t ox = 0; ox < y.shape()[2]; ++ox)
        for (int32_t o = 0; o < c.out; ++o, ++i) {
          const Sum s = sum_of(c, in, n, oy, ox, o);
          ASSERT_NEAR(y[i], s.value, roundings * s.magnitude * 0x1p-24 + 1e-30) << "at " << i;
        }
}

// One kernel, the image of the case, then images of other sizes and batches.
void check(Case c, Random& random) {
  SCOPED_TRACE(sentence<"x {} outputs {} pads {} ohwi {}">(c.x, c.out, c.pads.size(), c.ohwi));
  Inputs in = random_inputs(c, random);
  OpTest op = op_for(c);
  for (int round = 0; round < 2; ++round) {
    SCOPED_TRACE(round);
    expect_convolution(c, in, op({in.x, in.filter, in.bias}));
    c.x = {random.between(1, 3), c.x[1] + random.between(0, 5), c.x[2] + random.between(0, 5),
           c.x[3]};
    in.x = random.tensor(c.x);
  }
}

TEST(WinogradConv2D, IsTheConvolution) {
  const uint32_t seed = test_seed();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  check({.x = {1, 8, 8, 16}, .out = 16}, random);
  check({.x = {1, 3, 3, 4}, .out = 5, .pads = {0, 0, 0, 0}, .bias = false}, random);
  check({.x = {1, 1, 1, 7}, .out = 3}, random);
  check({.x = {2, 5, 4, 6}, .out = 33, .pads = {2, 0, 0, 1}}, random);
  check({.x = {1, 7, 9, 18}, .out = 20, .ohwi = true}, random);
  for (int i = 0; i < 8; ++i) {
    check({.x = {1, random.between(3, 9), random.between(3, 9), random.between(1, 20)},
           .out = random.between(1, 12),
           .bias = i % 2 == 0,
           .ohwi = i % 3 == 0},
          random);
  }
}

// More tiles than one block.
TEST(WinogradConv2D, ManyTiles) {
  Random random(1);
  check({.x = {1, 19, 15, 24}, .out = 3}, random);
  check({.x = {1, 10, 9, 200}, .out = 1}, random);
}

TEST(WinogradConv2D, SmallWholeNumbersAreExact) {
  Random random(2);
  const Case c{.x = {1, 6, 7, 9}, .out = 5};
  Inputs in = random_inputs(c, random);
  for (HostTensor* t : {&in.x, &in.filter, &in.bias})
    for (float& v : t->data()) v = std::round(v * 8);
  const HostTensor y = op_for(c)({in.x, in.filter, in.bias});
  for (int32_t i = 0; i < y.size(); ++i)
    ASSERT_EQ(y[i], sum_of(c, in, 0, i / 5 / 7, i / 5 % 7, i % 5).value) << "at " << i;
}

// Activations, on what the same operator gives without one.
TEST(WinogradConv2D, Activations) {
  Random random(3);
  const Case c{.x = {2, 5, 5, 16}, .out = 18};
  const Inputs in = random_inputs(c, random);
  const HostTensor plain = op_for(c)({in.x, in.filter, in.bias});
  const HostTensor slopes = random.tensor({18});
  OpTest bending = op_for(c);
  const HostTensor bent = bending.attr("activation", "prelu")({in.x, in.filter, in.bias, slopes});
  OpTest clipping = op_for(c);
  clipping.attr("activation", "clip").attr("clipMin", -1.0).attr("clipMax", 0.5);
  const HostTensor clipped = clipping({in.x, in.filter, in.bias});
  OpTest curving = op_for(c);
  const HostTensor curved = curving.attr("activation", "sigmoid")({in.x, in.filter, in.bias});
  for (int32_t i = 0; i < plain.size(); ++i) {
    const float v = plain[i];
    ASSERT_EQ(bent[i], v < 0 ? v * slopes[i % 18] : v) << "at " << i;
    ASSERT_EQ(clipped[i], std::min(std::max(v, -1.0f), 0.5f)) << "at " << i;
    ASSERT_NEAR(curved[i], 1 / (1 + std::exp(-static_cast<double>(v))), 1e-6) << "at " << i;
  }
}

// A NaN reaches the outputs that see it, and none beyond their tiles.
TEST(WinogradConv2D, NaN) {
  Random random(4);
  const Case c{.x = {1, 8, 8, 16}, .out = 16};
  Inputs in = random_inputs(c, random);
  in.x.data()[(5 * 8 + 2) * 16 + 3] = std::numeric_limits<float>::quiet_NaN();
  OpTest op = op_for(c);
  const HostTensor y = op.attr("activation", "relu6")({in.x, in.filter, in.bias});
  for (int32_t i = 0; i < y.size(); ++i) {
    const int32_t oy = i / 16 / 8, ox = i / 16 % 8;
    if (std::abs(oy - 5) <= 1 && std::abs(ox - 2) <= 1) {
      EXPECT_TRUE(std::isnan(y[i])) << oy << "," << ox;
    }
    if (oy < 4 || ox > 3) {
      EXPECT_FALSE(std::isnan(y[i])) << oy << "," << ox;
    }
  }
}

TEST(WinogradConv2D, Refuses) {
  const HostTensor x({1, 5, 5, 4}), filter({3, 3, 4, 2});
  std::vector<HostTensor> y;
  EXPECT_SAYS(op_for({.x = {1, 5, 5, 4}, .out = 2}).run({x, HostTensor({3, 2, 4, 2})}, &y),
              "filter [3,2,4,2] should be 3x3");
  EXPECT_SAYS(op_for({.x = {1, 5, 5, 4}, .out = 2}).run({x, HostTensor({3, 3, 2, 2})}, &y),
              "see all channels of x [1,5,5,4]");
  EXPECT_SAYS(op_for({.x = {1, 5, 5, 4}, .out = 2}).attr("strides", {2, 1}).run({x, filter}, &y),
              "strides and dilations should be 1");
  EXPECT_SAYS(op_for({.x = {1, 5, 5, 4}, .out = 2}).attr("dilations", {1, 2}).run({x, filter}, &y),
              "strides and dilations should be 1");
}

TEST(WinogradConv2D, Bits) {
  Random random(5);
  for (const Shape& x : {Shape{1, 9, 11, 20}, {2, 6, 6, 64}}) {
    const Case c{.x = x, .out = 27};
    const Inputs in = random_inputs(c, random);
    OpTest op = op_for(c);
    print_bits(sentence<"WinogradConv2D {}">(x),
               op.attr("activation", "relu6")({in.x, in.filter, in.bias}));
  }
}

}  // namespace
}  // namespace wxnn
