#include <cmath>

#include "op_test.h"

namespace wxnn {
namespace {

struct Case {
  Shape image;            // of the result
  int32_t filter[2], in;  // channels of dy
  int32_t stride[2] = {1, 1};
  const char* pad = "same";
  std::vector<double> pads = {};
  bool bias = false;

  Shape filter_shape() const { return {filter[0], filter[1], image[3], in}; }
  std::string str() const {
    return sentence<"image {} filter {} strides {},{} pad {} explicit {}">(
        image, filter_shape(), stride[0], stride[1], pad, pads.size());
  }
};

struct Axis {
  int32_t before, out;  // out: length of dy
};
Axis axis_of(const Case& c, int axis) {
  const int32_t in = c.image[1 + axis], stride = c.stride[axis], span = c.filter[axis];
  if (!c.pads.empty()) {
    const int32_t before = static_cast<int32_t>(c.pads[2 * axis]);
    const int32_t room = in + before + static_cast<int32_t>(c.pads[2 * axis + 1]) - span;
    return {before, room < 0 ? 0 : room / stride + 1};
  }
  if (std::string_view(c.pad) == "valid") return {0, in < span ? 0 : (in - span) / stride + 1};
  const int32_t out = (in + stride - 1) / stride;
  return {std::max((out - 1) * stride + span - in, 0) / 2, out};
}
Shape dy_of(const Case& c) { return {c.image[0], axis_of(c, 0).out, axis_of(c, 1).out, c.in}; }

// The gradient of a convolution by its definition: every product of the forward pass, backwards.
void expect_gradient(const Case& c, const HostTensor& dy, const HostTensor& w,
                     const HostTensor& bias, const HostTensor& y) {
  ASSERT_EQ(y.shape(), c.image);
  const Axis ay = axis_of(c, 0), ax = axis_of(c, 1);
  std::vector<double> sum(y.size()), magnitude(y.size());
  const int32_t out = c.image[3];
  for (int32_t i = 0; i < y.size() && !bias.absent(); ++i)
    sum[i] = bias[i % out], magnitude[i] = std::abs(sum[i]);
  for (int32_t p = 0; p < dy.size() / c.in; ++p) {
    const int32_t ox = p % ax.out, oy = p / ax.out % ay.out, n = p / ax.out / ay.out;
    for (int32_t ky = 0; ky < c.filter[0]; ++ky)
      for (int32_t kx = 0; kx < c.filter[1]; ++kx) {
        const int32_t iy = oy * c.stride[0] - ay.before + ky,
                      ix = ox * c.stride[1] - ax.before + kx;
        if (iy < 0 || iy >= c.image[1] || ix < 0 || ix >= c.image[2]) continue;
        for (int32_t o = 0; o < out; ++o)
          for (int32_t k = 0; k < c.in; ++k) {
            const double product = static_cast<double>(dy[p * c.in + k]) *
                                   w[((ky * c.filter[1] + kx) * out + o) * c.in + k];
            const int32_t at = ((n * c.image[1] + iy) * c.image[2] + ix) * out + o;
            sum[at] += product;
            magnitude[at] += std::abs(product);
          }
      }
  }
  const double terms = c.in + c.filter[0] * c.filter[1] + 1;
  for (int32_t i = 0; i < y.size(); ++i)
    ASSERT_NEAR(y[i], sum[i], terms * magnitude[i] * 0x1p-24 + 1e-30) << "at " << i;
}

OpTest op_for(const Case& c) {
  OpTest op("Conv2DBackpropInput");
  op.attr("strides", {double(c.stride[0]), double(c.stride[1])});
  op.attr("inputShape",
          {double(c.image[0]), double(c.image[1]), double(c.image[2]), double(c.image[3])});
  if (c.pads.empty()) {
    op.attr("pad", c.pad);
  } else {
    op.attr("pad", AttrValue{c.pads, ""});
  }
  return op;
}

void check(Case c, Random& random) {
  SCOPED_TRACE(c.str());
  const HostTensor w = random.tensor(c.filter_shape());
  const HostTensor bias = c.bias ? random.tensor({c.image[3]}) : HostTensor();
  OpTest op = op_for(c);
  for (int32_t round = 0; round < 2; ++round) {
    const HostTensor dy = random.tensor(dy_of(c));
    expect_gradient(c, dy, w, bias, op({dy, w, bias}));
    c.image[0] = random.between(1, 3);  // inputShape's own batch does not count
  }
}

TEST(Conv2DBackpropInput, KnownNumbers) {
  OpTest op("Conv2DBackpropInput");
  op.attr("pad", "valid").attr("strides", 2).attr("inputShape", {1, 2, 4, 1});
  const HostTensor y =
      op({HostTensor({1, 1, 2, 1}, {1, 2}), HostTensor({2, 2, 1, 1}, {1, 2, 3, 4})});
  const float expected[] = {1, 2, 2, 4, 3, 4, 6, 8};
  for (int i = 0; i < 8; ++i) EXPECT_EQ(y[i], expected[i]);
}

TEST(Conv2DBackpropInput, ShapesOfModels) {
  Random random(1);
  check({.image = {1, 12, 12, 40}, .filter = {2, 2}, .in = 33, .stride = {2, 2}, .bias = true},
        random);
  check({.image = {1, 64, 64, 1}, .filter = {2, 2}, .in = 16, .stride = {2, 2}, .bias = true},
        random);
  check({.image = {1, 9, 9, 5}, .filter = {3, 3}, .in = 7, .stride = {2, 2}}, random);
  check({.image = {1, 8, 8, 5}, .filter = {4, 4}, .in = 7, .stride = {2, 2}}, random);
  check({.image = {1, 1, 1, 1}, .filter = {1, 1}, .in = 1}, random);
  // Few channels: windows side by side, one that hangs over, windows that overlap.
  check({.image = {2, 8, 8, 2}, .filter = {2, 2}, .in = 3, .stride = {2, 2}}, random);
  check({.image = {1, 9, 9, 1}, .filter = {2, 2}, .in = 3, .stride = {2, 2}}, random);
  check({.image = {1, 9, 9, 1}, .filter = {3, 3}, .in = 3, .stride = {2, 2}, .pad = "valid"},
        random);
}

TEST(Conv2DBackpropInput, RandomCases) {
  const uint32_t seed = test_seed();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  for (int i = 0; i < 100; ++i) {
    Case c{.image = {random.between(1, 2), random.between(1, 12), random.between(1, 12),
                     random.between(1, 9)},
           .filter = {random.between(1, 5), random.between(1, 5)},
           .in = random.between(1, 12),
           .stride = {random.between(1, 3), random.between(1, 3)},
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

// MediaPipe's Convolution2DTransposeBias: the filter in TFLite's order, no inputShape.
TEST(Conv2DBackpropInput, FilterOfTFLite) {
  Random random(2);
  const HostTensor dy = random.tensor({1, 3, 4, 5}), w = random.tensor({2, 3, 6, 5}),
                   bias = random.tensor({6});
  HostTensor ohwi({6, 2, 3, 5});
  for (int32_t tap = 0; tap < 6; ++tap)
    for (int32_t o = 0; o < 6; ++o)
      for (int32_t k = 0; k < 5; ++k) ohwi.data()[(o * 6 + tap) * 5 + k] = w[(tap * 6 + o) * 5 + k];
  for (const auto& [pad, shape] :
       {std::pair{"same", Shape{1, 6, 8, 6}}, {"valid", Shape{1, 6, 9, 6}}}) {
    OpTest tf("Conv2DBackpropInput"), tflite("Conv2DBackpropInput");
    tf.attr("pad", pad).attr("strides", 2);
    tf.attr("inputShape", {1, double(shape[1]), double(shape[2]), 6});
    tflite.attr("pad", pad).attr("strides", 2).attr("filterFormat", "OHWI");
    const HostTensor y = tflite({dy, ohwi, bias});
    EXPECT_EQ(y.shape(), shape);
    EXPECT_TRUE(tf({dy, w, bias}).same_bytes(y));
    EXPECT_EQ(tflite({random.tensor({2, 5, 1, 5}), ohwi, bias}).shape()[1], 10);
  }
}

TEST(Conv2DBackpropInput, SizeAsAnInput) {
  Random random(4);
  const HostTensor dy = random.tensor({1, 3, 4, 5}), w = random.tensor({2, 2, 6, 5});
  for (const int32_t height : {5, 6}) {  // both give three rows
    OpTest attribute("Conv2DBackpropInput"), input("Conv2DBackpropInput");
    attribute.attr("pad", "same").attr("strides", 2).attr("inputShape", {1, double(height), 8, 6});
    input.attr("pad", "same").attr("strides", 2);
    const HostTensor sizes = HostTensor::i32({4}, {1, height, 8, 6});
    const HostTensor y = input({dy, w, HostTensor(), HostTensor(), sizes});
    EXPECT_EQ(y.shape(), (Shape{1, height, 8, 6}));
    EXPECT_TRUE(attribute({dy, w}).same_bytes(y));
  }
  std::vector<HostTensor> y;
  OpTest op("Conv2DBackpropInput");
  op.attr("pad", "same").attr("strides", 2);
  const auto with = [&](HostTensor sizes) {
    return op.run({dy, w, HostTensor(), HostTensor(), std::move(sizes)}, &y);
  };
  EXPECT_SAYS(with(HostTensor::i32({1}, {6})), "inputShape should have 4 numbers");
  EXPECT_SAYS(with(HostTensor::i32({4}, {1, 9, 8, 6})), "gives 5 x 4, dy is [1,3,4,5]");
}

TEST(Conv2DBackpropInput, ActivationAndEmptyBatch) {
  Random random(3);
  const HostTensor dy = random.tensor({1, 4, 4, 3}), w = random.tensor({3, 3, 5, 3});
  const auto with = [&](const char* activation, const HostTensor& x) {
    OpTest op("Conv2DBackpropInput");
    op.attr("pad", "same").attr("strides", 2).attr("activation", activation);
    return op({x, w});
  };
  const HostTensor plain = with("linear", dy), relu6 = with("relu6", dy),
                   leaky = with("leakyrelu", dy);
  for (int32_t i = 0; i < plain.size(); ++i) {
    EXPECT_EQ(relu6[i], std::min(std::max(plain[i], 0.0f), 6.0f));
    EXPECT_EQ(leaky[i], plain[i] < 0 ? 0.2f * plain[i] : plain[i]);
  }
  EXPECT_EQ(with("linear", HostTensor({0, 4, 4, 3})).shape(), (Shape{0, 8, 8, 5}));
}

TEST(Conv2DBackpropInput, Refusals) {
  const HostTensor dy({1, 4, 4, 3}), w({2, 2, 8, 3});
  std::vector<HostTensor> y;
  const auto with = [&](std::initializer_list<double> shape, const HostTensor& filter,
                        const HostTensor& bias) {
    OpTest op("Conv2DBackpropInput");
    op.attr("pad", "same").attr("strides", 2).attr("inputShape", shape);
    return op.run({dy, filter, bias}, &y);
  };
  EXPECT_SAYS(with({1, 8, 8, 8}, HostTensor({2, 2, 8, 4}), {}),
              "filter [2,2,8,4] wants 4 channels, dy is [1,4,4,3]");
  EXPECT_SAYS(with({1, 9, 8, 8}, w, {}), "a convolution of [1,9,8,8] gives 5 x 4, dy is [1,4,4,3]");
  EXPECT_SAYS(with({1, 8, 8, 7}, w, {}), "inputShape wants 7 channels, filter [2,2,8,3] gives 8");
  EXPECT_SAYS(with({8, 8}, w, {}), "inputShape should have 4 numbers");
  EXPECT_SAYS(with({1, 8, 8, 8}, w, HostTensor({3})), "bias float32 [3] should be float32 [8]");
}

TEST(Conv2DBackpropInput, Bits) {
  Random random(96);
  const auto print = [&](const char* name, const Case& c) {
    const HostTensor dy = random.tensor(dy_of(c)), w = random.tensor(c.filter_shape());
    print_bits(name, op_for(c)({dy, w, random.tensor({c.image[3]})}));
  };
  print("transposed.2x2s2",
        {.image = {1, 14, 18, 21}, .filter = {2, 2}, .in = 35, .stride = {2, 2}});
  print("transposed.3x3s2",
        {.image = {2, 15, 17, 5}, .filter = {3, 3}, .in = 19, .stride = {2, 2}});
}

}  // namespace
}  // namespace wxnn
