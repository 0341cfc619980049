// Convolutions next to XNNPACK's: its operator with its scalar kernels, which start from the bias
// and add the products in the order (row, column, channel) of the filter, as ours promise to. Bit
// for bit, therefore. On this machine only: what our builds have in common,
// convolution_bits_test.cc compares.
#ifdef WXNN_HAS_XNNPACK
#include <xnnpack.h>

#include <cmath>
#include <utility>

#include "op_test.h"

namespace wxnn {
namespace {

struct Case {
  int32_t batch, height, width, in, out, filter, stride, dilation;
  bool depthwise;
};

// x [N,H,W,I], filter [O,K,K,I] or [1,K,K,O], TensorFlow's padding "same".
HostTensor by_xnnpack(const Case& c, const HostTensor& x, const HostTensor& filter,
                      const HostTensor& bias, const Shape& y) {
  const uint32_t groups = c.depthwise ? c.in : 1;
  const size_t k = static_cast<size_t>(c.filter);
  xnn_operator_t op = nullptr;
  EXPECT_EQ(xnn_status_success, xnn_initialize(nullptr));
  EXPECT_EQ(
      xnn_status_success,
      xnn_create_convolution2d_nhwc_f32(
          0, 0, 0, 0, k, k, c.stride, c.stride, c.dilation, c.dilation, groups,
          c.depthwise ? 1 : c.in, c.depthwise ? 1 : c.out, c.in, c.out, filter.data().data(),
          bias.data().data(), -INFINITY, INFINITY,
          XNN_FLAG_TENSORFLOW_SAME_PADDING | (c.depthwise ? XNN_FLAG_DEPTHWISE_CONVOLUTION : 0),
          nullptr, nullptr, &op));
  size_t scratch_bytes = 0, alignment = 0, height = 0, width = 0;
  EXPECT_EQ(xnn_status_success,
            xnn_reshape_convolution2d_nhwc_f32(op, c.batch, c.height, c.width, &scratch_bytes,
                                               &alignment, &height, &width, nullptr));
  EXPECT_EQ(y, (Shape{c.batch, int32_t(height), int32_t(width), c.out}));
  HostTensor result(y);
  std::vector<std::byte> scratch(scratch_bytes + 64);
  EXPECT_EQ(xnn_status_success, xnn_setup_convolution2d_nhwc_f32(
                                    op, scratch.data(), x.data().data(), result.data().data()));
  EXPECT_EQ(xnn_status_success, xnn_run_operator(op, nullptr));
  xnn_delete_operator(op);
  return result;
}

// Rows as columns: [N,H,W,C] -> [N,W,H,C].
HostTensor turned(const HostTensor& t) {
  const Shape& s = t.shape();
  HostTensor result(Shape{s[0], s[2], s[1], s[3]});
  for (int32_t n = 0; n < s[0]; ++n)
    for (int32_t y = 0; y < s[1]; ++y)
      for (int32_t x = 0; x < s[2]; ++x)
        for (int32_t c = 0; c < s[3]; ++c)
          result.data()[((n * s[2] + x) * s[1] + y) * s[3] + c] =
              t[((n * s[1] + y) * s[2] + x) * s[3] + c];
  return result;
}

// XNNPACK's depthwise kernels add (column, row), so they get the picture turned.
HostTensor by_xnnpack_turned(const Case& upright, const HostTensor& x, const HostTensor& filter,
                             const HostTensor& bias, const Shape& y) {
  Case c = upright;
  std::swap(c.height, c.width);
  return turned(by_xnnpack(c, turned(x), turned(filter), bias, Shape{y[0], y[2], y[1], y[3]}));
}

void compare(const Case& c, Random& random) {
  const HostTensor x = random.tensor({c.batch, c.height, c.width, c.in});
  const HostTensor bias = random.tensor({c.out});
  const HostTensor filter = random.tensor(c.depthwise ? Shape{1, c.filter, c.filter, c.out}
                                                      : Shape{c.out, c.filter, c.filter, c.in});
  SCOPED_TRACE(sentence<"x {} filter {} stride {} dilation {}">(x.shape(), filter.shape(), c.stride,
                                                                c.dilation));
  OpTest op(c.depthwise ? "FusedDepthwiseConv2D" : "FusedConv2D");
  op.attr("strides", {double(c.stride), double(c.stride)});
  op.attr("dilations", {double(c.dilation), double(c.dilation)});
  op.attr("pad", "same");
  op.attr("filterFormat", c.depthwise ? "1HWO" : "OHWI");
  const HostTensor ours = op({x, filter, bias});
  const HostTensor theirs =
      (c.depthwise ? by_xnnpack_turned : by_xnnpack)(c, x, filter, bias, ours.shape());
  EXPECT_TRUE(theirs.same_bytes(ours));
}

TEST(XNNPACK, ConvolutionsHaveItsBits) {
  const uint32_t seed = test_seed();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  for (int round = 0; round < 60; ++round) {
    const int32_t dilation = random.between(1, 4) == 4 ? 2 : 1;
    const int32_t stride = dilation > 1 ? 1 : random.between(1, 3);
    const int32_t filter = std::max(random.between(1, 5), stride);  // its "same" underflows below
    compare({random.between(1, 2), random.between(1, 20), random.between(1, 20),
             random.between(1, 40), random.between(1, 70), filter, stride, dilation, false},
            random);
  }
}

TEST(XNNPACK, DepthwiseConvolutionsHaveItsBits) {
  const uint32_t seed = test_seed();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed + 1);
  for (int round = 0; round < 60; ++round) {
    const int32_t channels = random.between(1, 40);
    compare({random.between(1, 2), random.between(1, 20), random.between(1, 20), channels, channels,
             random.between(1, 2) * 2 + 1, random.between(1, 2), 1, true},
            random);
  }
}

}  // namespace
}  // namespace wxnn
#endif
