// The matrix kernels of native/kernels/gemm.cc through XNNPACK's convolutions: every tile gives the
// bits of plain loops.

#include "gemm_testing.h"

#include <cstdlib>
#include <memory>

namespace {

using namespace wxnn::gemm_testing;

struct Convolution {
  const char* name;
  uint32_t kernel_height, kernel_width;
  uint32_t stride = 1, dilation = 1, padding = 0, groups = 1;  // padding on all four sides
  size_t group_inputs, group_outputs;
  Range range = {};

  size_t inputs() const { return groups * group_inputs; }
  size_t outputs() const { return groups * group_outputs; }
  size_t out(size_t in, uint32_t kernel) const {
    return (in + 2 * padding - ((kernel - 1) * dilation + 1)) / stride + 1;
  }
};

// input [height][width][inputs], kernel [outputs][kernel_height][kernel_width][group_inputs],
// result [height][width][outputs]
std::vector<float> reference(const Convolution& c, size_t height, size_t width,
                             const std::vector<float>& input, const std::vector<float>& kernel,
                             const std::vector<float>& bias) {
  std::vector<float> output;
  for (size_t y = 0; y < c.out(height, c.kernel_height); y++)
    for (size_t x = 0; x < c.out(width, c.kernel_width); x++)
      for (size_t o = 0; o < c.outputs(); o++) {
        float acc = bias[o];
        const size_t group = o / c.group_outputs;
        for (size_t ky = 0; ky < c.kernel_height; ky++)
          for (size_t kx = 0; kx < c.kernel_width; kx++)
            for (size_t i = 0; i < c.group_inputs; i++) {
              const size_t iy = y * c.stride + ky * c.dilation - c.padding,
                           ix = x * c.stride + kx * c.dilation - c.padding;
              const bool inside =
                  iy < height &&
                  ix < width;  // padding is zeros that are multiplied like any other number
              const float a =
                  inside ? input[(iy * width + ix) * c.inputs() + group * c.group_inputs + i]
                         : 0.0f;
              const float b =
                  kernel[((o * c.kernel_height + ky) * c.kernel_width + kx) * c.group_inputs + i];
              acc = acc + a * b;
            }
        output.push_back(clamp(acc, c.range));
      }
  return output;
}

void check(const Convolution& c) {
  std::mt19937 random(seed());
  const auto kernel =
      random_floats(c.outputs() * c.kernel_height * c.kernel_width * c.group_inputs, random);
  const auto bias = random_floats(c.outputs(), random);
  Operator convolution;
  ASSERT_EQ(xnn_create_convolution2d_nhwc_f32(
                c.padding, c.padding, c.padding, c.padding, c.kernel_height, c.kernel_width,
                c.stride, c.stride, c.dilation, c.dilation, c.groups, c.group_inputs,
                c.group_outputs, c.inputs(), c.outputs(), kernel.data(), bias.data(), c.range.min,
                c.range.max, 0, nullptr, nullptr, &convolution.op),
            xnn_status_success);
  for (const auto [height, width] : {std::pair<size_t, size_t>{9, 11}, {7, 6}}) {
    SCOPED_TRACE("input " + std::to_string(height) + "x" + std::to_string(width));
    const auto input = random_floats(height * width * c.inputs(), random);
    size_t workspace = 0, alignment = 0, out_height = 0, out_width = 0;
    ASSERT_EQ(xnn_reshape_convolution2d_nhwc_f32(convolution.op, 1, height, width, &workspace,
                                                 &alignment, &out_height, &out_width, nullptr),
              xnn_status_success);
    const auto expected = reference(c, height, width, input, kernel, bias);
    std::vector<float> actual(out_height * out_width * c.outputs(), -77.0f);
    const std::unique_ptr<void, decltype(&std::free)> scratch(std::malloc(workspace + 64),
                                                              &std::free);
    ASSERT_EQ(xnn_setup_convolution2d_nhwc_f32(convolution.op, scratch.get(), input.data(),
                                               actual.data()),
              xnn_status_success);
    convolution.run();
    expect_same_bits(expected, actual);
  }
}

TEST(GemmConvolution, ConvolutionHasTheBitsOfPlainLoops) {
  const Convolution cases[] = {
      {.name = "1x1, 8 to 16",
       .kernel_height = 1,
       .kernel_width = 1,
       .group_inputs = 8,
       .group_outputs = 16},
      {.name = "1x1, one channel to one",
       .kernel_height = 1,
       .kernel_width = 1,
       .group_inputs = 1,
       .group_outputs = 1,
       .range = {-0.5f, 0.5f}},
      {.name = "1x1, 24 channels one by one",
       .kernel_height = 1,
       .kernel_width = 1,
       .groups = 24,
       .group_inputs = 1,
       .group_outputs = 1},
      {.name = "1x1 with stride",
       .kernel_height = 1,
       .kernel_width = 1,
       .stride = 2,
       .group_inputs = 7,
       .group_outputs = 24},
      {.name = "3x3",
       .kernel_height = 3,
       .kernel_width = 3,
       .padding = 1,
       .group_inputs = 3,
       .group_outputs = 24},
      {.name = "3x3, relu6",
       .kernel_height = 3,
       .kernel_width = 3,
       .padding = 1,
       .group_inputs = 24,
       .group_outputs = 42,
       .range = {0, 6}},
      {.name = "3x3, stride",
       .kernel_height = 3,
       .kernel_width = 3,
       .stride = 2,
       .padding = 1,
       .group_inputs = 5,
       .group_outputs = 48},
      {.name = "3x3, dilation",
       .kernel_height = 3,
       .kernel_width = 3,
       .dilation = 2,
       .padding = 2,
       .group_inputs = 4,
       .group_outputs = 28},
      {.name = "5x1 in 3 groups",
       .kernel_height = 5,
       .kernel_width = 1,
       .padding = 2,
       .groups = 3,
       .group_inputs = 2,
       .group_outputs = 7},
      {.name = "depthwise 3x3 as a grouped one",
       .kernel_height = 3,
       .kernel_width = 3,
       .padding = 1,
       .groups = 6,
       .group_inputs = 1,
       .group_outputs = 1},
      {.name = "one output channel",
       .kernel_height = 3,
       .kernel_width = 3,
       .group_inputs = 6,
       .group_outputs = 1},
      {.name = "three output channels",
       .kernel_height = 2,
       .kernel_width = 3,
       .group_inputs = 9,
       .group_outputs = 3},
      {.name = "empty range",
       .kernel_height = 1,
       .kernel_width = 1,
       .group_inputs = 4,
       .group_outputs = 9,
       .range = {0.25f, 0.25f}},
      {.name = "only a lower bound",
       .kernel_height = 1,
       .kernel_width = 1,
       .group_inputs = 4,
       .group_outputs = 17,
       .range = {0, kInfinity}},
  };
  for (const Convolution& c : cases) {
    SCOPED_TRACE(c.name);
    for_each_tile([&] { check(c); });
  }
}

TEST(GemmConvolution, EveryNumberOfOutputChannelsIsWrittenAndNoMore) {
  for (size_t outputs = 1; outputs <= 34; outputs++) {
    SCOPED_TRACE(std::to_string(outputs) + " output channels");
    for_each_tile([&] {
      check({.name = "",
             .kernel_height = 1,
             .kernel_width = 1,
             .group_inputs = 3,
             .group_outputs = outputs});
    });
  }
}

struct Deconvolution {
  uint32_t kernel, stride, padding, adjustment;
  size_t inputs, outputs;
};

// input [height][width][inputs], kernel [outputs][kernel][kernel][inputs]; in double, since the
// order of taps is XNNPACK's.
std::vector<float> reference(const Deconvolution& d, size_t height, size_t width, size_t out_height,
                             size_t out_width, const std::vector<float>& input,
                             const std::vector<float>& kernel, const std::vector<float>& bias) {
  std::vector<float> output;
  for (size_t y = 0; y < out_height; y++)
    for (size_t x = 0; x < out_width; x++)
      for (size_t o = 0; o < d.outputs; o++) {
        double acc = bias[o];
        for (size_t ky = 0; ky < d.kernel; ky++)
          for (size_t kx = 0; kx < d.kernel; kx++) {
            const size_t ty = y + d.padding - ky,
                         tx = x + d.padding - kx;  // wraps to a huge number where negative
            if (ty % d.stride != 0 || tx % d.stride != 0 || ty / d.stride >= height ||
                tx / d.stride >= width)
              continue;
            for (size_t i = 0; i < d.inputs; i++)
              acc += double{input[(ty / d.stride * width + tx / d.stride) * d.inputs + i]} *
                     kernel[((o * d.kernel + ky) * d.kernel + kx) * d.inputs + i];
          }
        output.push_back(static_cast<float>(acc));
      }
  return output;
}

// The outputs of two shapes, one after the other.
std::vector<float> check(const Deconvolution& d) {
  std::mt19937 random(seed());
  const auto kernel = random_floats(d.outputs * d.kernel * d.kernel * d.inputs, random);
  const auto bias = random_floats(d.outputs, random);
  std::vector<float> all;
  Operator deconvolution;
  EXPECT_EQ(xnn_create_deconvolution2d_nhwc_f32(
                d.padding, d.padding, d.padding, d.padding, d.kernel, d.kernel, d.stride, d.stride,
                1, 1, 1, d.inputs, d.outputs, d.inputs, d.outputs, kernel.data(), bias.data(),
                -kInfinity, kInfinity, 0, nullptr, nullptr, &deconvolution.op),
            xnn_status_success);
  for (const auto [height, width] : {std::pair<size_t, size_t>{5, 7}, {4, 3}}) {
    const auto input = random_floats(height * width * d.inputs, random);
    size_t out_height = 0, out_width = 0;
    EXPECT_EQ(xnn_reshape_deconvolution2d_nhwc_f32(deconvolution.op, 1, height, width, d.adjustment,
                                                   d.adjustment, &out_height, &out_width, nullptr),
              xnn_status_success);
    const auto expected = reference(d, height, width, out_height, out_width, input, kernel, bias);
    std::vector<float> actual(expected.size(), -77.0f);
    EXPECT_EQ(xnn_setup_deconvolution2d_nhwc_f32(deconvolution.op, input.data(), actual.data()),
              xnn_status_success);
    deconvolution.run();
    for (size_t i = 0; i < actual.size(); i++)
      EXPECT_NEAR(expected[i], actual[i], 1e-4) << "at " << i;
    all.insert(all.end(), actual.begin(), actual.end());
  }
  return all;
}

TEST(GemmConvolution, DeconvolutionIsRightAndTheSameBitsWithEveryTile) {
  for (const Deconvolution& d : {Deconvolution{2, 2, 0, 0, 8, 16},
                                 {3, 2, 1, 1, 5, 24},
                                 {4, 2, 1, 0, 3, 3},
                                 {3, 1, 1, 0, 7, 42},
                                 {3, 3, 0, 0, 1, 1}}) {
    SCOPED_TRACE("kernel " + std::to_string(d.kernel) + ", stride " + std::to_string(d.stride) +
                 ", outputs " + std::to_string(d.outputs));
    std::vector<float> first;
    for_each_tile([&] {
      const auto now = check(d);
      if (first.empty()) first = now;
      expect_same_bits(first, now);
    });
  }
}

}  // namespace
