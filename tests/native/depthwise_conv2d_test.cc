#include <cmath>
#include <limits>

#include "op_test.h"

namespace wxnn {
namespace {

struct Case {
  Shape x;
  int32_t filter[2], multiplier = 1;
  int32_t stride[2] = {1, 1}, dilation[2] = {1, 1};
  const char* pad = "same";
  std::vector<double> pads = {};  // instead of `pad`: top, bottom, left, right
  bool bias = true;

  int32_t outputs() const { return x[3] * multiplier; }
  std::string str() const {
    return sentence<
        "x {} filter {}x{} multiplier {} strides {},{} dilations {},{} pad {} explicit {}">(
        x, filter[0], filter[1], multiplier, stride[0], stride[1], dilation[0], dilation[1], pad,
        pads.size());
  }
};

struct Axis {
  int32_t before, out;
};
Axis axis_of(const Case& c, int axis) {
  const int32_t in = c.x[1 + axis], stride = c.stride[axis];
  const int32_t span = (c.filter[axis] - 1) * c.dilation[axis] + 1;
  if (!c.pads.empty()) {
    const int32_t before = static_cast<int32_t>(c.pads[2 * axis]);
    const int32_t room = in + before + static_cast<int32_t>(c.pads[2 * axis + 1]) - span;
    return {before, room < 0 ? 0 : room / stride + 1};
  }
  if (std::string_view(c.pad) == "valid") return {0, in < span ? 0 : (in - span) / stride + 1};
  const int32_t out = (in + stride - 1) / stride;
  return {std::max((out - 1) * stride + span - in, 0) / 2, out};
}

// In float and in the order that kernels/depthwise.h promises: equal to the bit.
void expect_convolution(const Case& c, const HostTensor& x, const HostTensor& w,
                        const HostTensor& bias, const HostTensor& y) {
  const Axis ay = axis_of(c, 0), ax = axis_of(c, 1);
  ASSERT_EQ(y.shape(), (Shape{c.x[0], ay.out, ax.out, c.outputs()}));
  int32_t i = 0;
  for (int32_t n = 0; n < c.x[0]; ++n)
    for (int32_t oy = 0; oy < ay.out; ++oy)
      for (int32_t ox = 0; ox < ax.out; ++ox)
        for (int32_t o = 0; o < c.outputs(); ++o, ++i) {
          float sum = bias.absent() ? 0 : bias[o];
          for (int32_t ky = 0; ky < c.filter[0]; ++ky)
            for (int32_t kx = 0; kx < c.filter[1]; ++kx) {
              const int32_t iy = oy * c.stride[0] - ay.before + ky * c.dilation[0];
              const int32_t ix = ox * c.stride[1] - ax.before + kx * c.dilation[1];
              if (iy < 0 || iy >= c.x[1] || ix < 0 || ix >= c.x[2]) continue;
              sum = sum + x[((n * c.x[1] + iy) * c.x[2] + ix) * c.x[3] + o / c.multiplier] *
                              w[(ky * c.filter[1] + kx) * c.outputs() + o];
            }
          ASSERT_EQ(y[i], sum) << "at " << i;
        }
}

OpTest op_for(const Case& c, const char* name = "FusedDepthwiseConv2D") {
  OpTest op(name);
  op.attr("strides", {double(c.stride[0]), double(c.stride[1])});
  op.attr("dilations", {double(c.dilation[0]), double(c.dilation[1])});
  if (c.pads.empty()) {
    op.attr("pad", c.pad);
  } else {
    op.attr("pad", AttrValue{c.pads, ""});
  }
  return op;
}

void check(Case c, Random& random) {
  SCOPED_TRACE(c.str());
  const HostTensor w = random.tensor({c.filter[0], c.filter[1], c.x[3], c.multiplier});
  const HostTensor bias = c.bias ? random.tensor({c.outputs()}) : HostTensor();
  OpTest op = op_for(c);
  for (int round = 0; round < 3; ++round) {
    SCOPED_TRACE(round);
    const HostTensor x = random.tensor(c.x);
    expect_convolution(c, x, w, bias, op({x, w, bias}));
    if (testing::Test::HasFatalFailure()) return;
    c.x = {random.between(1, 3), c.x[1] + random.between(0, 9), c.x[2] + random.between(0, 9),
           c.x[3]};
  }
}

TEST(DepthwiseConv2D, KnownNumbers) {
  OpTest op("DepthwiseConv2dNative");
  op.attr("pad", "same");
  const HostTensor y =
      op({HostTensor({1, 1, 3, 1}, {1, 2, 3}), HostTensor({1, 3, 1, 2}, {1, 10, 1, 20, 1, 30})});
  const float expected[] = {3, 80, 6, 140, 5, 80};  // sums, and 10 a + 20 b + 30 c
  for (int i = 0; i < 6; ++i) EXPECT_EQ(y[i], expected[i]);
}

// Every width beside blocks of three, four and five pixels, numbers of channels beside the vector.
TEST(DepthwiseConv2D, BlocksAndEdges) {
  Random random(1);
  for (const int32_t filter : {3, 5}) {
    for (const int32_t stride : {1, 2}) {
      for (int32_t width = 1; width <= 27; ++width) {
        check({.x = {1, random.between(1, 7), width, random.between(1, 23)},
               .filter = {filter, filter},
               .stride = {stride, stride}},
              random);
      }
    }
  }
}

TEST(DepthwiseConv2D, Channels) {
  Random random(2);
  for (int32_t channels = 1; channels <= 37; ++channels) {
    check({.x = {1, 5, 9, channels}, .filter = {3, 3}, .bias = channels % 2 != 0}, random);
    check({.x = {1, 4, 3, channels}, .filter = {2, 3}, .pad = "valid", .bias = channels % 2 != 0},
          random);
  }
}

TEST(DepthwiseConv2D, RandomCases) {
  const uint32_t seed = test_seed();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  for (int i = 0; i < 200; ++i) {
    Case c{.x = {random.between(1, 2), random.between(1, 14), random.between(1, 14),
                 random.between(1, 20)},
           .filter = {random.between(1, 6), random.between(1, 6)},
           .multiplier = random.between(0, 2) == 0 ? random.between(2, 5) : 1,
           .stride = {random.between(1, 3), random.between(1, 3)},
           .dilation = {random.between(1, 3), random.between(1, 3)},
           .pad = random.between(0, 1) != 0 ? "same" : "valid",
           .bias = random.between(0, 1) != 0};
    if (random.between(0, 2) == 0) {  // also more padding than filter
      for (int k = 0; k < 4; ++k) c.pads.push_back(random.between(0, 8));
    }
    if (axis_of(c, 0).out < 1 || axis_of(c, 1).out < 1) continue;
    check(c, random);
    if (HasFatalFailure()) return;
  }
}

// A tap outside the image is left out: counted as zero, an infinite weight would make a NaN.
TEST(DepthwiseConv2D, PaddingIsNotMultiplied) {
  const float inf = std::numeric_limits<float>::infinity();
  HostTensor w({3, 3, 4, 1});
  for (int32_t i = 0; i < w.size(); ++i) w.data()[i] = i / 4 == 4 ? 1 : i / 4 < 4 ? inf : -inf;
  OpTest op("DepthwiseConv2dNative");
  op.attr("pad", "same");
  const HostTensor y = op({HostTensor({1, 1, 1, 4}, {1, 2, 3, 4}), w});
  for (int i = 0; i < 4; ++i) EXPECT_EQ(y[i], i + 1);
  const HostTensor wide = op({Random(3).tensor({1, 1, 9, 4}, 1, 2), w});
  EXPECT_EQ(wide[0], -inf);
  EXPECT_TRUE(std::isnan(wide[4 * 4]));
  EXPECT_EQ(wide[8 * 4], inf);
}

TEST(DepthwiseConv2D, ClampsAndNan) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const int32_t channels : {1, 4, 16}) {  // scalar, vector, several vectors
    HostTensor x({1, 1, 4, channels}), w({1, 1, channels, 1});
    const float values[] = {-1, 3, 9, nan};
    for (int32_t i = 0; i < x.size(); ++i) x.data()[i] = values[i / channels];
    for (float& v : w.data()) v = 1;
    OpTest op("FusedDepthwiseConv2D");
    op.attr("pad", "valid").attr("activation", "relu6");
    const HostTensor y = op({x, w});
    for (int32_t c = 0; c < channels; ++c) {
      EXPECT_EQ(y[c], 0);
      EXPECT_EQ(y[channels + c], 3);
      EXPECT_EQ(y[2 * channels + c], 6);
      EXPECT_TRUE(std::isnan(y[3 * channels + c]));
    }
  }
}

TEST(DepthwiseConv2D, OtherActivations) {
  Random random(4);
  const HostTensor x = random.tensor({1, 5, 5, 6}), w = random.tensor({3, 3, 6, 1}),
                   alpha = random.tensor({6});
  const auto with = [&](const char* activation, const HostTensor& weights) {
    OpTest op("FusedDepthwiseConv2D");
    op.attr("pad", "same").attr("activation", activation).attr("leakyreluAlpha", 0.5);
    return op({x, w, HostTensor(), weights});
  };
  const HostTensor plain = with("linear", {}), leaky = with("leakyrelu", {}),
                   prelu = with("prelu", alpha);
  for (int32_t i = 0; i < plain.size(); ++i) {
    EXPECT_EQ(leaky[i], plain[i] < 0 ? 0.5f * plain[i] : plain[i]);
    EXPECT_EQ(prelu[i], plain[i] < 0 ? alpha[i % 6] * plain[i] : plain[i]);
  }
}

TEST(DepthwiseConv2D, FilterOfTFLiteAndEmptyBatch) {
  Random random(5);
  const HostTensor x = random.tensor({1, 6, 6, 3}), w = random.tensor({3, 3, 3, 2});
  HostTensor flat({1, 3, 3, 6});
  std::copy(w.data().begin(), w.data().end(), flat.data().begin());
  OpTest tf("DepthwiseConv2dNative"), tflite("DepthwiseConv2dNative");
  tf.attr("pad", "same");
  tflite.attr("pad", "same").attr("filterFormat", "1HWO");
  EXPECT_EQ(tflite({HostTensor({0, 6, 6, 3}), flat}).shape(), (Shape{0, 6, 6, 6}));
  EXPECT_TRUE(tf({x, w}).same_bytes(tflite({x, flat})));
}

TEST(DepthwiseConv2D, Refusals) {
  const HostTensor x({1, 8, 8, 3}), w({3, 3, 3, 2});
  std::vector<HostTensor> y;
  const auto with = [&](const char* attr, auto value, const HostTensor& filter,
                        const HostTensor& bias) {
    OpTest op("FusedDepthwiseConv2D");
    op.attr("pad", "valid").attr(attr, value);
    return op.run({x, filter, bias}, &y);
  };
  EXPECT_SAYS(with("pad", "same", HostTensor({3, 3, 4, 1}), {}),
              "filter [3,3,4,1] does not fit x [1,8,8,3]");
  EXPECT_SAYS(with("pad", "same", HostTensor({3, 3, 3, 0}), {}),
              "[3,3,3,0] should be float32 with 4 dimensions, not empty");
  EXPECT_SAYS(with("pad", "same", HostTensor({3, 3, 3}), {}), "filter float32 [3,3,3] should be");
  EXPECT_SAYS(with("pad", "same", w, HostTensor({3})), "bias float32 [3] should be float32 [6]");
  EXPECT_SAYS(with("filterFormat", "1HWO", w, {}), "filter [3,3,3,2] does not fit x");
  EXPECT_SAYS(with("filterFormat", "HWIO", w, {}), "filterFormat \"HWIO\"");
  EXPECT_SAYS(with("strides", 0.0, w, {}), "strides 0");
  EXPECT_SAYS(with("dilations", 4.0, w, {}), "a window of 9 x 9 does not fit into x [1,8,8,3]");
  EXPECT_SAYS(with("activation", "swish", w, {}), "activation \"swish\" is not known");
}

TEST(DepthwiseConv2D, ChannelsStayAsTheyWerePacked) {
  OpTest op("DepthwiseConv2dNative");
  op.attr("pad", "same").attr("filterFormat", "1HWO");
  const HostTensor flat({1, 3, 3, 12});
  std::vector<HostTensor> y;
  ASSERT_TRUE(op.run({HostTensor({1, 8, 8, 12}), flat}, &y).ok());
  EXPECT_SAYS(op.run({HostTensor({1, 8, 8, 6}), flat}, &y), "filter does not fit x [1,8,8,6]");
}

TEST(DepthwiseConv2D, Bits) {
  Random random(98);
  const auto print = [&](const char* name, const Case& c) {
    const HostTensor x = random.tensor(c.x),
                     w = random.tensor({c.filter[0], c.filter[1], c.x[3], c.multiplier});
    print_bits(name, op_for(c)({x, w, random.tensor({c.outputs()})}));
  };
  print("depthwise.3x3", {.x = {1, 17, 19, 21}, .filter = {3, 3}});
  print("depthwise.3x3s2", {.x = {2, 18, 17, 24}, .filter = {3, 3}, .stride = {2, 2}});
  print("depthwise.5x5", {.x = {1, 16, 15, 32}, .filter = {5, 5}});
  print("depthwise.5x5s2", {.x = {1, 23, 24, 7}, .filter = {5, 5}, .stride = {2, 2}});
  print("depthwise.4x2d3", {.x = {1, 13, 13, 9}, .filter = {4, 2}, .dilation = {3, 3}});
  print("depthwise.multiplier", {.x = {1, 9, 9, 5}, .filter = {3, 3}, .multiplier = 3});
}

}  // namespace
}  // namespace wxnn
