#include <cmath>
#include <limits>

#include "op_test.h"

namespace wxnn {
namespace {

struct Case {
  Shape x, filter;  // HWIO
  int32_t stride[2] = {1, 1}, dilation[2] = {1, 1};
  const char* pad = "valid";
  std::vector<double> pads = {};  // instead of `pad`: top, bottom, left, right
  bool bias = false;

  std::string str() const {
    return sentence<"x {} filter {} strides {},{} dilations {},{} pad {} explicit {}">(
        x, filter, stride[0], stride[1], dilation[0], dilation[1], pad, pads.size());
  }
};

// TensorFlow's rules, written out once more.
struct Axis {
  int32_t before, out;
};
Axis axis_of(const Case& c, int axis) {
  const int32_t in = c.x[1 + axis], stride = c.stride[axis];
  const int32_t span = (c.filter[axis] - 1) * c.dilation[axis] + 1;
  if (!c.pads.empty()) {
    const int32_t before = static_cast<int32_t>(c.pads[2 * axis]);
    const int32_t after = static_cast<int32_t>(c.pads[2 * axis + 1]);
    return {before, in + before + after < span ? 0 : (in + before + after - span) / stride + 1};
  }
  if (std::string_view(c.pad) == "valid") return {0, in < span ? 0 : (in - span) / stride + 1};
  const int32_t out = (in + stride - 1) / stride;
  return {std::max((out - 1) * stride + span - in, 0) / 2, out};
}

// Compares every output with its sum in double; `magnitude` is the sum of |products|.
void expect_convolution(const Case& c, const HostTensor& x, const HostTensor& w,
                        const HostTensor& bias, const HostTensor& y) {
  const Axis ay = axis_of(c, 0), ax = axis_of(c, 1);
  const int32_t in = c.filter[2], out = c.filter[3], groups = c.x[3] / in;
  ASSERT_EQ(y.shape(), (Shape{c.x[0], ay.out, ax.out, out}));
  const double terms = c.filter[0] * c.filter[1] * in + 1;
  int32_t i = 0;
  for (int32_t n = 0; n < c.x[0]; ++n)
    for (int32_t oy = 0; oy < ay.out; ++oy)
      for (int32_t ox = 0; ox < ax.out; ++ox)
        for (int32_t o = 0; o < out; ++o, ++i) {
          double sum = bias.absent() ? 0 : bias[o], magnitude = std::abs(sum);
          const int32_t first = o / (out / groups) * in;
          for (int32_t ky = 0; ky < c.filter[0]; ++ky)
            for (int32_t kx = 0; kx < c.filter[1]; ++kx) {
              const int32_t iy = oy * c.stride[0] - ay.before + ky * c.dilation[0];
              const int32_t ix = ox * c.stride[1] - ax.before + kx * c.dilation[1];
              if (iy < 0 || iy >= c.x[1] || ix < 0 || ix >= c.x[2]) continue;
              for (int32_t k = 0; k < in; ++k) {
                const double product =
                    static_cast<double>(x[((n * c.x[1] + iy) * c.x[2] + ix) * c.x[3] + first + k]) *
                    w[((ky * c.filter[1] + kx) * in + k) * out + o];
                sum += product;
                magnitude += std::abs(product);
              }
            }
          ASSERT_NEAR(y[i], sum, terms * magnitude * 0x1p-24 + 1e-30) << "at " << i;
        }
}

OpTest op_for(const Case& c, const char* name = "FusedConv2D") {
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

// One kernel, the image of the case, then images of other sizes and batches.
void check(Case c, Random& random) {
  SCOPED_TRACE(c.str());
  const HostTensor w = random.tensor(c.filter);
  const HostTensor bias = c.bias ? random.tensor({c.filter[3]}) : HostTensor();
  OpTest op = op_for(c);
  for (int round = 0; round < 3; ++round) {
    SCOPED_TRACE(round);
    const HostTensor x = random.tensor(c.x);
    expect_convolution(c, x, w, bias, op({x, w, bias}));
    c.x = {random.between(1, 3), c.x[1] + random.between(0, 9), c.x[2] + random.between(0, 9),
           c.x[3]};
  }
}

TEST(Conv2D, KnownNumbers) {
  OpTest op("Conv2D");
  op.attr("pad", "same");
  const HostTensor y = op({HostTensor({1, 2, 2, 1}, {1, 2, 3, 4}),
                           HostTensor({3, 3, 1, 1}, {1, 1, 1, 1, 1, 1, 1, 1, 1})});
  for (int i = 0; i < 4; ++i) EXPECT_EQ(y[i], 10);
}

TEST(Conv2D, ShapesOfModels) {
  Random random(1);
  check(
      {.x = {1, 17, 17, 3}, .filter = {3, 3, 3, 24}, .stride = {2, 2}, .pad = "same", .bias = true},
      random);
  check({.x = {1, 9, 9, 32}, .filter = {1, 1, 32, 17}, .pad = "same", .bias = true}, random);
  check({.x = {1, 8, 8, 96}, .filter = {2, 2, 96, 6}, .pad = "same"}, random);
  check({.x = {1, 3, 3, 96}, .filter = {3, 3, 96, 40}}, random);
  check({.x = {1, 1, 1, 1}, .filter = {1, 1, 1, 1}}, random);
  check({.x = {1, 1, 1, 5}, .filter = {1, 1, 5, 33}, .pad = "same", .bias = true}, random);
}

// tfjs-backend-wasm returns zeros here (tfjs#5907).
TEST(Conv2D, StrideGreaterThanFilter) {
  Random random(2);
  for (const char* pad : {"same", "valid"}) {
    check({.x = {1, 7, 8, 3}, .filter = {1, 1, 3, 4}, .stride = {2, 2}, .pad = pad}, random);
    check({.x = {1, 7, 8, 3}, .filter = {1, 1, 3, 4}, .stride = {3, 3}, .pad = pad}, random);
    check({.x = {1, 4, 5, 3}, .filter = {2, 2, 3, 4}, .stride = {3, 3}, .pad = pad}, random);
    check({.x = {1, 7, 3, 3}, .filter = {2, 1, 3, 4}, .stride = {3, 5}, .pad = pad}, random);
    check({.x = {1, 9, 9, 2}, .filter = {1, 3, 2, 4}, .stride = {4, 1}, .pad = pad}, random);
  }
}

TEST(Conv2D, Groups) {
  Random random(3);
  check({.x = {1, 5, 5, 6}, .filter = {3, 3, 3, 4}, .pad = "same", .bias = true}, random);
  check({.x = {1, 5, 5, 6}, .filter = {1, 1, 2, 9}, .bias = true}, random);
  check({.x = {1, 5, 5, 6}, .filter = {3, 3, 1, 6}, .pad = "same"}, random);
  check({.x = {1, 5, 5, 6}, .filter = {1, 1, 1, 6}, .pad = "same", .bias = true}, random);
  check({.x = {1, 5, 5, 6}, .filter = {3, 3, 1, 12}, .pad = "same"}, random);
}

TEST(Conv2D, ExplicitPadding) {
  Random random(4);
  check({.x = {1, 5, 6, 3}, .filter = {3, 3, 3, 5}, .pads = {1, 0, 2, 1}, .bias = true}, random);
  check({.x = {1, 5, 6, 3}, .filter = {3, 3, 3, 5}, .stride = {2, 2}, .pads = {0, 1, 0, 1}},
        random);
  check({.x = {1, 5, 6, 3}, .filter = {1, 1, 3, 5}, .pads = {3, 3, 4, 4}, .bias = true}, random);
  check({.x = {1, 5, 6, 3}, .filter = {1, 1, 3, 5}, .pads = {0, 0, 0, 0}}, random);
}

TEST(Conv2D, SinglePaddingNumber) {
  const HostTensor x({1, 1, 1, 1}, {2}), w({1, 1, 1, 1}, {3});
  OpTest one("Conv2D");
  one.attr("pad", 1);
  EXPECT_EQ(one({x, w}).shape(), (Shape{1, 3, 3, 1}));
  OpTest eight("Conv2D");
  eight.attr("pad", {0, 0, 1, 0, 2, 0, 0, 0});
  EXPECT_EQ(eight({x, w}).shape(), (Shape{1, 2, 3, 1}));
}

TEST(Conv2D, RoundingModes) {
  const HostTensor x = Random(5).tensor({1, 6, 6, 1}), w = Random(6).tensor({3, 3, 1, 1});
  for (const auto& [mode, out] : {std::pair{"", 2}, {"floor", 2}, {"ceil", 3}, {"round", 3}}) {
    OpTest op("Conv2D");
    op.attr("pad", 0.0).attr("strides", 2).attr("dimRoundingMode", mode);
    EXPECT_EQ(op({x, w}).shape(), (Shape{1, out, out, 1})) << mode;
  }
}

TEST(Conv2D, RandomCases) {
  const uint32_t seed = test_seed();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  for (int i = 0; i < 60; ++i) {
    const int32_t groups = random.between(0, 4) == 0 ? random.between(2, 3) : 1;
    const int32_t in = random.between(1, 9);
    Case c{
        .x = {random.between(1, 2), random.between(1, 12), random.between(1, 12), in * groups},
        .filter = {random.between(1, 4), random.between(1, 4), in, random.between(1, 20) * groups},
        .stride = {random.between(1, 3), random.between(1, 3)},
        .dilation = {random.between(1, 2), random.between(1, 2)},
        .pad = random.between(0, 1) != 0 ? "same" : "valid",
        .bias = random.between(0, 1) != 0};
    if (random.between(0, 2) == 0) {
      for (int k = 0; k < 4; ++k) c.pads.push_back(random.between(0, 3));
    }
    if (axis_of(c, 0).out < 1 || axis_of(c, 1).out < 1) continue;
    check(c, random);
    if (HasFatalFailure()) return;
  }
}

TEST(Conv2D, FilterOfTFLite) {
  Random random(7);
  const HostTensor x = random.tensor({1, 4, 4, 3}), hwio = random.tensor({3, 2, 3, 5});
  HostTensor ohwi({5, 3, 2, 3});
  for (int32_t i = 0; i < 18; ++i)
    for (int32_t o = 0; o < 5; ++o) ohwi.data()[o * 18 + i] = hwio[i * 5 + o];
  OpTest tf("Conv2D"), tflite("Conv2D");
  tf.attr("pad", "same");
  tflite.attr("pad", "same").attr("filterFormat", "OHWI");
  EXPECT_TRUE(tf({x, hwio}).same_bytes(tflite({x, ohwi})));
}

TEST(Conv2D, EmptyBatchThenImage) {
  Random random(8);
  const HostTensor w = random.tensor({3, 3, 2, 3});
  OpTest op("Conv2D");
  op.attr("pad", "same");
  EXPECT_EQ(op({HostTensor({0, 5, 5, 2}), w}).shape(), (Shape{0, 5, 5, 3}));
  const HostTensor x = random.tensor({1, 5, 5, 2});
  expect_convolution({.x = x.shape(), .filter = w.shape(), .pad = "same"}, x, w, {}, op({x, w}));
  EXPECT_EQ(op({HostTensor({0, 5, 5, 2}), w}).size(), 0);
}

TEST(Conv2D, Activations) {
  const HostTensor x({1, 1, 6, 1}, {-9, -1, -0.5, 0.5, 2, 9}), one({1, 1, 1, 1}, {1});
  const auto with = [&](const char* activation) {
    OpTest op("FusedConv2D");
    op.attr("pad", "valid").attr("activation", activation).attr("clipMin", -2).attr("clipMax", 1);
    return op({x, one});
  };
  const auto expect = [&](const char* activation, auto f) {
    const HostTensor y = with(activation);
    ASSERT_EQ(y.size(), 6);
    for (int i = 0; i < 6; ++i) EXPECT_NEAR(y[i], f(x[i]), 1e-6) << activation << " of " << x[i];
  };
  expect("linear", [](float v) { return v; });
  expect("relu", [](float v) { return std::max(v, 0.0f); });
  expect("relu6", [](float v) { return std::min(std::max(v, 0.0f), 6.0f); });
  expect("reluN1To1", [](float v) { return std::min(std::max(v, -1.0f), 1.0f); });
  expect("clip", [](float v) { return std::min(std::max(v, -2.0f), 1.0f); });
  expect("elu", [](float v) { return v < 0 ? std::expm1(v) : v; });
  expect("leakyrelu", [](float v) { return v < 0 ? 0.2f * v : v; });
  expect("sigmoid", [](float v) { return 1 / (1 + std::exp(-v)); });
  expect("tanh", [](float v) { return std::tanh(v); });
  expect("hardSwish", [](float v) { return v * std::min(std::max(v + 3, 0.0f), 6.0f) / 6; });
}

TEST(Conv2D, Prelu) {
  OpTest op("FusedConv2D");
  op.attr("pad", "valid").attr("activation", "prelu");
  const HostTensor y = op({HostTensor({1, 1, 2, 1}, {-2, 2}), HostTensor({1, 1, 1, 2}, {1, -1}),
                           HostTensor(), HostTensor({2}, {0.5, 0.25})});
  const float expected[] = {-1, 2, 2, -0.5};  // of -2, 2, 2, -2 with one alpha for each channel
  for (int i = 0; i < 4; ++i) EXPECT_EQ(y[i], expected[i]);
}

// x * 1 + bias + residual, whose missing channels count as 0, then the clamp.
TEST(Conv2D, Residual) {
  OpTest op("FusedConv2D");
  op.attr("pad", "same").attr("activation", "relu");
  const HostTensor x({1, 1, 2, 1}, {1, -2}), filter({1, 1, 1, 3}, {1, 2, -1}), none;
  const HostTensor bias({3}, {0.5F, 0, 0});
  const HostTensor whole =
      op({x, filter, bias, none, HostTensor({1, 1, 2, 3}, {1, 2, 3, 4, 5, 6})});
  const float want[] = {2.5F, 4, 2, 2.5F, 1, 8};
  for (int i = 0; i < 6; ++i) EXPECT_EQ(whole[i], want[i]) << i;
  const HostTensor part = op({x, filter, bias, none, HostTensor({1, 1, 2, 1}, {1, 4})});
  const float narrow[] = {2.5F, 2, 0, 2.5F, 0, 2};
  for (int i = 0; i < 6; ++i) EXPECT_EQ(part[i], narrow[i]) << i;
  std::vector<TensorType> types;
  EXPECT_SAYS(op.infer({x, filter, bias, none, HostTensor({1, 2, 1, 3})}, &types),
              "residual [1,2,1,3] does not fit the output [1,1,2,3]");
  EXPECT_SAYS(op.infer({x, filter, bias, none, HostTensor({1, 1, 2, 4})}, &types),
              "residual [1,1,2,4] does not fit the output [1,1,2,3]");
}

TEST(Conv2D, NanAndInfinityPass) {
  const float nan = std::numeric_limits<float>::quiet_NaN(),
              inf = std::numeric_limits<float>::infinity();
  OpTest op("FusedConv2D");
  op.attr("pad", "valid").attr("activation", "relu6");
  const HostTensor y =
      op({HostTensor({1, 1, 3, 1}, {nan, inf, -inf}), HostTensor({1, 1, 1, 1}, {1})});
  EXPECT_TRUE(std::isnan(y[0]));
  EXPECT_EQ(y[1], 6);
  EXPECT_EQ(y[2], 0);
}

TEST(Conv2D, Refusals) {
  const HostTensor x({1, 32, 32, 3}), w({3, 3, 3, 8});
  std::vector<HostTensor> y;
  const auto with = [&](const char* attr, auto value, const HostTensor& image,
                        const HostTensor& filter, const HostTensor& bias) {
    OpTest op("FusedConv2D");
    op.attr("pad", "same").attr(attr, value);
    return op.run({image, filter, bias}, &y);
  };
  const auto shapes = [&](const HostTensor& image, const HostTensor& filter,
                          const HostTensor& bias) {
    return with("pad", "valid", image, filter, bias);
  };
  EXPECT_SAYS(shapes(x, HostTensor({3, 3, 4, 8}), {}),
              "filter [3,3,4,8] does not fit x [1,32,32,3]");
  EXPECT_SAYS(shapes(HostTensor({32, 3}), w, {}), "x float32 [32,3] should be float32 [N,H,W,C]");
  EXPECT_SAYS(shapes(HostTensor({1, 4, 4, 3}, DType::kInt32), w, {}),
              "x int32 [1,4,4,3] should be float32");
  EXPECT_SAYS(shapes(x, HostTensor({3, 8}), {}), "filter float32 [3,8] should be");
  EXPECT_SAYS(shapes(x, HostTensor({3, 3, 0, 8}), {}),
              "filter float32 [3,3,0,8] should be float32 with 4 dimensions, not empty");
  EXPECT_SAYS(shapes(HostTensor({1, 5, 5, 6}), HostTensor({1, 1, 2, 8}), {}),
              "filter [1,1,2,8] does not fit x [1,5,5,6]");
  EXPECT_SAYS(shapes(x, w, HostTensor({7})), "bias float32 [7] should be float32 [8]");
  EXPECT_SAYS(shapes(HostTensor({1, 2, 9, 3}), w, {}),
              "would give an empty output: a window of 3 x 3 does not fit into x [1,2,9,3]");
  EXPECT_SAYS(with("pad", "same", HostTensor({1, 0, 9, 3}), w, {}), "empty output");
  EXPECT_SAYS(with("strides", 0.0, x, w, {}), "strides 0 should be 1 or more");
  EXPECT_SAYS(with("dilations", -1.0, x, w, {}), "dilations -1 should be 1 or more");
  EXPECT_SAYS(with("dilations", 1e300, x, w, {}), "dilations");
  EXPECT_SAYS(with("pad", "explicit", x, w, {}), "pad \"explicit\" is not known");
  EXPECT_SAYS(with("pad", -1.0, x, w, {}), "pad -1 is out of range");
  EXPECT_SAYS(with("pad", 300000000.0, x, w, {}), "does not fit in memory");
  EXPECT_SAYS(with("dataFormat", "NCHW", x, w, {}), "dataFormat \"NCHW\" is not known");
  EXPECT_SAYS(with("filterFormat", "OIHW", x, w, {}), "filterFormat \"OIHW\"");
  EXPECT_SAYS(with("activation", "gelu", x, w, {}), "activation \"gelu\" is not known");
  EXPECT_SAYS(with("activation", "prelu", x, w, {}), "preluActivationWeights belong");
}

// A row of outputs that hangs over takes a copy of its lines; of many lines, more than x has, each
// window is gathered instead.
TEST(Conv2D, WindowsFarTallerThanTheImage) {
  Random random(9);
  check({.x = {1, 1, 7, 2}, .filter = {40, 2, 2, 3}, .stride = {50, 1}, .pads = {39, 39, 1, 0}},
        random);
  check(
      {.x = {1, 1, 300, 8}, .filter = {600, 1, 8, 1}, .stride = {900, 1}, .pads = {599, 599, 0, 0}},
      random);
}

TEST(Conv2D, Bits) {
  Random random(99);
  const auto print = [&](const char* name, const Case& c) {
    const HostTensor x = random.tensor(c.x), w = random.tensor(c.filter),
                     bias = random.tensor({c.filter[3]});
    print_bits(name, op_for(c)({x, w, bias}));
  };
  print("conv2d.1x1", {.x = {1, 14, 14, 67}, .filter = {1, 1, 67, 45}});
  print("conv2d.3x3", {.x = {2, 15, 13, 19}, .filter = {3, 3, 19, 37}, .pad = "same"});
  print("conv2d.3x3s2",
        {.x = {1, 33, 31, 3}, .filter = {3, 3, 3, 24}, .stride = {2, 2}, .pad = "same"});
  print("conv2d.5x5d2",
        {.x = {1, 17, 17, 8}, .filter = {5, 5, 8, 6}, .dilation = {2, 2}, .pad = "same"});
  print("conv2d.groups", {.x = {1, 9, 9, 12}, .filter = {3, 3, 4, 15}});
}

}  // namespace
}  // namespace wxnn
