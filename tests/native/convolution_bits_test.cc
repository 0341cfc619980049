// Conv2D over the kernel of native/kernels/gemm.cc: the bits of plain loops, whatever the shape.
#include <limits>

#include "bits.h"
#include "op_test.h"

namespace wxnn {
namespace {

struct Range {
  float min = -std::numeric_limits<float>::infinity();
  float max = std::numeric_limits<float>::infinity();
};
constexpr float kInfinity = std::numeric_limits<float>::infinity();

struct Convolution {
  const char* name;
  int32_t kernel_height, kernel_width;
  int32_t stride = 1, dilation = 1, padding = 0, groups = 1;  // padding on all four sides
  int32_t group_inputs, group_outputs;
  Range range = {};

  int32_t inputs() const { return groups * group_inputs; }
  int32_t outputs() const { return groups * group_outputs; }
  int32_t out(int32_t in, int32_t kernel) const {
    return (in + 2 * padding - ((kernel - 1) * dilation + 1)) / stride + 1;
  }
};

// x [height][width][inputs], filter [kernel_height][kernel_width][group_inputs][outputs].
std::vector<float> reference(const Convolution& c, const HostTensor& x, const HostTensor& filter,
                             const HostTensor& bias) {
  const int32_t height = x.shape()[1], width = x.shape()[2];
  std::vector<float> output;
  for (int32_t y = 0; y < c.out(height, c.kernel_height); y++)
    for (int32_t column = 0; column < c.out(width, c.kernel_width); column++)
      for (int32_t o = 0; o < c.outputs(); o++) {
        float sum = bias[o];
        const int32_t group = o / c.group_outputs;
        for (int32_t ky = 0; ky < c.kernel_height; ky++)
          for (int32_t kx = 0; kx < c.kernel_width; kx++)
            for (int32_t i = 0; i < c.group_inputs; i++) {
              const int32_t iy = y * c.stride + ky * c.dilation - c.padding;
              const int32_t ix = column * c.stride + kx * c.dilation - c.padding;
              // Padding is zeros that are multiplied like any other number.
              const bool inside = iy >= 0 && iy < height && ix >= 0 && ix < width;
              const float a =
                  inside ? x[(iy * width + ix) * c.inputs() + group * c.group_inputs + i] : 0.0f;
              sum = sum +
                    a * filter[((ky * c.kernel_width + kx) * c.group_inputs + i) * c.outputs() + o];
            }
        sum = sum < c.range.min ? c.range.min : sum;
        output.push_back(sum > c.range.max ? c.range.max : sum);
      }
  return output;
}

void check(const Convolution& c, uint32_t seed) {
  Random random(seed);
  const HostTensor filter =
      random.tensor({c.kernel_height, c.kernel_width, c.group_inputs, c.outputs()});
  const HostTensor bias = random.tensor({c.outputs()});
  OpTest op("FusedConv2D");
  const double stride = c.stride, dilation = c.dilation;
  op.attr("strides", {stride, stride}).attr("dilations", {dilation, dilation});
  op.attr("pad", static_cast<double>(c.padding));
  op.attr("activation", "clip").attr("clipMin", c.range.min).attr("clipMax", c.range.max);
  for (const auto& [height, width] : {std::pair{9, 11}, {7, 6}, {23, 29}}) {
    SCOPED_TRACE(testing::Message() << "x of " << height << " x " << width);
    const HostTensor x = random.tensor({1, height, width, c.inputs()});
    const HostTensor y = op({x, filter, bias});
    expect_same_bits(reference(c, x, filter, bias), y.data());
  }
}

TEST(ConvolutionBits, AreThoseOfPlainLoops) {
  const uint32_t seed = test_seed();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
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
    check(c, seed);
  }
}

TEST(ConvolutionBits, EveryNumberOfOutputChannelsIsWrittenAndNoMore) {
  for (int32_t outputs = 1; outputs <= 34; outputs++) {
    SCOPED_TRACE(testing::Message() << outputs << " output channels");
    check({.name = "",
           .kernel_height = 1,
           .kernel_width = 1,
           .group_inputs = 3,
           .group_outputs = outputs},
          test_seed());
  }
}

// More than one block of windows, and a filter larger than a block.
TEST(ConvolutionBits, ManyChannels) {
  check({.name = "",
         .kernel_height = 3,
         .kernel_width = 3,
         .padding = 1,
         .group_inputs = 130,
         .group_outputs = 9},
        test_seed());
  check({.name = "",
         .kernel_height = 1,
         .kernel_width = 1,
         .group_inputs = 4100,
         .group_outputs = 20},
        test_seed());
}

}  // namespace
}  // namespace wxnn
