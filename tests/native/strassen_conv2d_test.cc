// StrassenConv2D against the matrix product that it stands for, in double, with the error that its
// sums may have: those of the magnitudes of what is multiplied and added up.
#include <cmath>
#include <limits>

#include "bits.h"
#include "op_test.h"

namespace wxnn {
namespace {

struct Case {
  Shape x;
  int32_t out;
  int levels = 1;
  bool bias = true;
  bool residual = false;
  bool ohwi = false;
  int32_t in() const { return x[3]; }
  int32_t rows() const { return x.elements() / x[3]; }
  Shape y() const { return {x[0], x[1], x[2], out}; }
};

struct Inputs {
  HostTensor x, filter, bias, residual;
  std::vector<HostTensor> list() const { return {x, filter, bias, HostTensor(), residual}; }
  float weight(const Case& c, int32_t i, int32_t o) const {
    return c.ohwi ? filter[o * c.in() + i] : filter[i * c.out + o];
  }
};

Inputs random_inputs(const Case& c, Random& random) {
  const Shape filter = c.ohwi ? Shape{c.out, 1, 1, c.in()} : Shape{1, 1, c.in(), c.out};
  return {random.tensor(c.x), random.tensor(filter), c.bias ? random.tensor({c.out}) : HostTensor(),
          c.residual ? random.tensor(c.y()) : HostTensor()};
}

OpTest op_for(const Case& c) {
  OpTest op("StrassenConv2D");
  op.attr("pad", "valid").attr("filterFormat", c.ohwi ? "OHWI" : "HWIO").attr("levels", c.levels);
  return op;
}

double sum_of(const Case& c, const Inputs& in, int32_t row, int32_t o) {
  double sum = in.bias.absent() ? 0 : in.bias[o];
  if (!in.residual.absent()) sum += in.residual[row * c.out + o];
  for (int32_t i = 0; i < c.in(); ++i)
    sum += static_cast<double>(in.x[row * c.in() + i]) * in.weight(c, i, o);
  return sum;
}

// Twelve products of quarters' sums at most make up a quarter: its terms are no larger than the
// largest numbers of x and of the filter, twelve times for each level (N. Higham, "Accuracy and
// Stability of Numerical Algorithms", section 23.2.2).
void expect_product(const Case& c, const Inputs& in, const HostTensor& y) {
  ASSERT_EQ(y.shape(), c.y());
  const auto largest = [](const HostTensor& t) {
    double most = 0;
    if (!t.absent()) {
      for (float v : t.data()) most = std::max<double>(most, std::abs(v));
    }
    return most;
  };
  const double terms = c.in() * largest(in.x) * largest(in.filter);
  const double magnitude = std::pow(12, c.levels) * terms + largest(in.bias) + largest(in.residual);
  for (int32_t i = 0; i < y.size(); ++i)
    ASSERT_NEAR(y[i], sum_of(c, in, i / c.out, i % c.out), (c.in() + 12) * magnitude * 0x1p-24)
        << "at " << i;
}

// One kernel, the image of the case, then images of other sizes and batches.
void check(Case c, Random& random) {
  SCOPED_TRACE(sentence<"x {} outputs {} levels {} ohwi {}">(c.x, c.out, c.levels, c.ohwi));
  Inputs in = random_inputs(c, random);
  OpTest op = op_for(c);
  for (int round = 0; round < 2; ++round) {
    SCOPED_TRACE(round);
    std::vector<HostTensor> y;
    ASSERT_OK(op.run(in.list(), &y));
    expect_product(c, in, y[0]);
    c.x = {random.between(1, 3), c.x[1] + random.between(0, 5), c.x[2] + random.between(0, 5),
           c.in()};
    in.x = random.tensor(c.x);
    if (c.residual) in.residual = random.tensor(c.y());
  }
}

TEST(StrassenConv2D, IsTheProduct) {
  const uint32_t seed = test_seed();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  check({.x = {1, 1, 1, 8}, .out = 8}, random);
  check({.x = {1, 1, 1, 16}, .out = 16, .levels = 2, .residual = true}, random);
  check({.x = {1, 7, 7, 64}, .out = 24, .bias = false}, random);
  check({.x = {2, 3, 1, 32}, .out = 48, .levels = 2, .ohwi = true}, random);
  for (int i = 0; i < 12; ++i) {
    const int levels = 1 + i % 2;
    check({.x = {1, random.between(1, 9), random.between(1, 9), random.between(1, 6) * 4 << levels},
           .out = random.between(1, 6) * 4 << levels,
           .levels = levels,
           .bias = i % 3 != 0,
           .residual = i % 4 < 2,
           .ohwi = i % 5 == 0},
          random);
  }
}

// More rows than one block.
TEST(StrassenConv2D, ManyRows) {
  Random random(1);
  check({.x = {1, 37, 11, 512}, .out = 8, .residual = true}, random);
  check({.x = {1, 19, 15, 16}, .out = 1024, .levels = 2}, random);
}

TEST(StrassenConv2D, SmallWholeNumbersAreExact) {
  Random random(2);
  for (int levels : {1, 2}) {
    const Case c{.x = {1, 6, 7, 48}, .out = 32, .levels = levels, .residual = true};
    Inputs in = random_inputs(c, random);
    for (HostTensor* t : {&in.x, &in.filter, &in.bias, &in.residual})
      for (float& v : t->data()) v = std::round(v * 8);
    std::vector<HostTensor> y;
    ASSERT_OK(op_for(c).run(in.list(), &y));
    for (int32_t i = 0; i < y[0].size(); ++i)
      ASSERT_EQ(y[0][i], sum_of(c, in, i / c.out, i % c.out)) << "at " << i;
  }
}

// Channels of x and outputs of any size: an output's error is one of its own size. Without scaling
// the largest output's would be in all.
TEST(StrassenConv2D, SmallChannelsAndOutputsKeepTheirPrecision) {
  Random random(7);
  for (int levels : {1, 2}) {
    const Case c{.x = {1, 5, 5, 64}, .out = 48, .levels = levels, .bias = false};
    Inputs in = random_inputs(c, random);
    const double terms = c.in() * 1.0;
    for (int32_t k = 0; k < c.in(); ++k) {
      const float size = std::ldexp(1.0f, random.between(-8, 8));
      for (int32_t r = 0; r < c.rows(); ++r) in.x.data()[r * c.in() + k] /= size;
      for (int32_t o = 0; o < c.out; ++o) in.filter.data()[k * c.out + o] *= size;
    }
    std::vector<double> sizes;
    for (int32_t o = 0; o < c.out; ++o) {
      sizes.push_back(std::ldexp(1.0, random.between(-10, 10)));
      for (int32_t k = 0; k < c.in(); ++k)
        in.filter.data()[k * c.out + o] *= static_cast<float>(sizes[o]);
    }
    const HostTensor y = op_for(c)(in.list());
    for (int32_t i = 0; i < y.size(); ++i)
      ASSERT_NEAR(y[i], sum_of(c, in, i / c.out, i % c.out),
                  (c.in() + 12) * std::pow(12, levels) * terms * sizes[i % c.out] * 0x1p-24)
          << "at " << i;
  }
}

// How many rows there are, and which of them a block has, changes no bit of those before.
TEST(StrassenConv2D, RowsAreTheSameAmongMore) {
  Random random(6);
  const Case few{.x = {1, 4, 7, 64}, .out = 2048, .levels = 2};
  const Case many{.x = {1, 40, 7, 64}, .out = 2048, .levels = 2};
  Inputs in = random_inputs(many, random);
  const HostTensor all = op_for(many)(in.list());
  HostTensor first(few.x);
  std::copy_n(in.x.data().begin(), first.size(), first.data().begin());
  in.x = first;
  const HostTensor some = op_for(few)(in.list());
  for (int32_t i = 0; i < some.size(); ++i) ASSERT_EQ(some[i], all[i]) << "at " << i;
}

// Activations, on what the same operator gives without one.
TEST(StrassenConv2D, Activations) {
  Random random(3);
  const Case c{.x = {2, 5, 5, 16}, .out = 24, .residual = true};
  Inputs in = random_inputs(c, random);
  const HostTensor plain = op_for(c)(in.list());
  const HostTensor slopes = random.tensor({24});
  OpTest bending = op_for(c);
  const HostTensor bent =
      bending.attr("activation", "prelu")({in.x, in.filter, in.bias, slopes, in.residual});
  OpTest clipping = op_for(c);
  clipping.attr("activation", "clip").attr("clipMin", -1.0).attr("clipMax", 0.5);
  const HostTensor clipped = clipping(in.list());
  OpTest curving = op_for(c);
  const HostTensor curved = curving.attr("activation", "sigmoid")(in.list());
  for (int32_t i = 0; i < plain.size(); ++i) {
    const float v = plain[i];
    ASSERT_EQ(bent[i], v < 0 ? v * slopes[i % 24] : v) << "at " << i;
    ASSERT_EQ(clipped[i], std::min(std::max(v, -1.0f), 0.5f)) << "at " << i;
    ASSERT_NEAR(curved[i], 1 / (1 + std::exp(-static_cast<double>(v))), 1e-6) << "at " << i;
  }
}

// A NaN reaches all outputs of its row, and none beyond the rows that are combined with it.
TEST(StrassenConv2D, NaN) {
  Random random(4);
  for (int levels : {1, 2}) {
    const Case c{.x = {1, 4, 4, 16}, .out = 16, .levels = levels};
    Inputs in = random_inputs(c, random);
    in.x.data()[6 * 16 + 3] = std::numeric_limits<float>::quiet_NaN();
    OpTest op = op_for(c);
    const HostTensor y = op.attr("activation", "relu6")(in.list());
    for (int32_t i = 0; i < y.size(); ++i) {
      const int32_t row = i / 16;
      if (row == 6) {
        EXPECT_TRUE(std::isnan(y[i])) << i;
      }
      if (row >> levels != 6 >> levels) {
        EXPECT_FALSE(std::isnan(y[i])) << i;
      }
    }
  }
}

TEST(StrassenConv2D, Refuses) {
  const Case c{.x = {1, 5, 5, 16}, .out = 16};
  const HostTensor x(c.x), filter({1, 1, 16, 16});
  std::vector<HostTensor> y;
  const char* says = "1 levels of halves do not fit x [1,5,5,16] and filter";
  EXPECT_SAYS(op_for(c).run({x, HostTensor({3, 3, 16, 16})}, &y), says);
  EXPECT_SAYS(op_for(c).run({x, HostTensor({1, 1, 8, 16})}, &y), says);
  EXPECT_SAYS(op_for(c).run({x, HostTensor({1, 1, 16, 12})}, &y), says);
  EXPECT_SAYS(op_for(c).attr("strides", {2, 1}).run({x, filter}, &y), says);
  EXPECT_SAYS(op_for(c).attr("levels", 3).run({x, filter}, &y), "3 levels");
  EXPECT_SAYS(op_for(c).run({x, filter, HostTensor(), HostTensor(), HostTensor({1, 5, 5, 8})}, &y),
              says);
}

TEST(StrassenConv2D, Bits) {
  Random random(5);
  for (int levels : {1, 2}) {
    const Case c{.x = {1, 7, 7, 64}, .out = 96, .levels = levels, .residual = levels == 1};
    OpTest op = op_for(c);
    print_bits(sentence<"StrassenConv2D {}">(levels),
               op.attr("activation", "relu6")(random_inputs(c, random).list()));
  }
}

}  // namespace
}  // namespace wxnn
