#include "op_test.h"

namespace wxnn {
namespace {

// y[o] for every o: mirrored, or the value of the border outside x.
template <class T, class Outside>
void expect_padded(const HostTensor& y, const std::vector<int>& paddings, Outside outside) {
  for (int32_t flat = 0; flat < y.size(); ++flat) {
    int32_t rest = flat;
    int32_t at[Shape::kMaxRank];
    for (int i = y.shape().rank() - 1; i >= 0; --i) {
      at[i] = rest % y.shape()[i] - paddings[2 * i];
      rest /= y.shape()[i];
    }
    ASSERT_EQ(y.data<T>()[flat], outside(at)) << "at " << flat;
  }
}

template <class T>
T element(const HostTensor& x, const int32_t* at) {
  int32_t flat = 0;
  for (int i = 0; i < x.shape().rank(); ++i) flat = flat * x.shape()[i] + at[i];
  return x.data<T>()[flat];
}
bool inside(const Shape& x, const int32_t* at) {
  for (int i = 0; i < x.rank(); ++i) {
    if (at[i] < 0 || at[i] >= x[i]) return false;
  }
  return true;
}

AttrValue list(const std::vector<int>& numbers) {
  AttrValue v;
  v.numbers.assign(numbers.begin(), numbers.end());
  return v;
}

TEST(PadV2, AnyRankAndBorder) {
  const uint32_t seed = test_seed();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  for (int round = 0; round < 60; ++round) {
    const int rank = round % 6;
    Shape shape;
    std::vector<int> paddings;
    for (int i = 0; i < rank; ++i) {
      shape.push_back(random.between(round % 7 == 0 ? 0 : 1, 5));
      paddings.push_back(random.between(0, 2) * random.between(0, 1));
      paddings.push_back(random.between(0, 2) * random.between(0, 1));
    }
    const HostTensor x = random.tensor(shape);
    const float value = round % 2 == 0 ? 0.0f : -1.5f;
    const HostTensor y =
        OpTest("PadV2").attr("paddings", list(paddings)).attr("constantValue", value)({x});
    SCOPED_TRACE(shape.str() + " " + y.shape().str());
    expect_padded<float>(y, paddings, [&](const int32_t* at) {
      return inside(shape, at) ? element<float>(x, at) : value;
    });
  }
}

TEST(PadV2, ChannelsOfAnImageAndOtherTypes) {
  Random random(1);
  const HostTensor x = random.tensor_i32({1, 4, 4, 3}, -9, 9);
  const HostTensor y =
      OpTest("PadV2").attr("paddings", {0, 0, 0, 0, 0, 0, 0, 5}).attr("constantValue", 7)({x});
  expect_padded<int32_t>(y, {0, 0, 0, 0, 0, 0, 0, 5}, [&](const int32_t* at) {
    return inside(x.shape(), at) ? element<int32_t>(x, at) : 7;
  });
  const HostTensor b = OpTest("PadV2")
                           .attr("paddings", {1, 1})
                           .attr("constantValue", 1)({HostTensor::boolean({1}, {false})});
  EXPECT_EQ(b.data<uint8_t>()[0] + 2 * b.data<uint8_t>()[1] + 4 * b.data<uint8_t>()[2], 5);
  const HostTensor by_input = OpTest("PadV2")({x, HostTensor::i32({8}, {0, 0, 1, 0, 0, 0, 0, 0})});
  EXPECT_EQ(by_input.shape(), Shape({1, 5, 4, 3}));
}

TEST(PadV2, Refusals) {
  std::vector<HostTensor> y;
  const HostTensor x(Shape{2, 3});
  EXPECT_SAYS(OpTest("PadV2").attr("paddings", {1, 1}).run({x}, &y),
              "paddings has 2 numbers, x [2,3] wants 4");
  EXPECT_SAYS(OpTest("PadV2").attr("paddings", {0, 0, -1, 0}).run({x}, &y),
              "padding of axis 1 is out of range");
}

int mirror(int k, int n, int left_out) {
  while (k < 0 || k >= n) k = k < 0 ? -k - 1 + left_out : 2 * n - 1 - left_out - k;
  return k;
}

TEST(MirrorPad, BothModes) {
  Random random(8);
  const std::vector<int> paddings = {1, 2, 0, 3, 2, 1};
  const HostTensor x = random.tensor({3, 4, 3});
  for (const int left_out : {0, 1}) {
    const HostTensor y = OpTest("MirrorPad")
                             .attr("paddings", list(paddings))
                             .attr("mode", left_out == 1 ? "reflect" : "symmetric")({x});
    expect_padded<float>(y, paddings, [&](const int32_t* at) {
      int32_t seen[3];
      for (int i = 0; i < 3; ++i) seen[i] = mirror(at[i], x.shape()[i], left_out);
      return element<float>(x, seen);
    });
  }
  std::vector<HostTensor> y;
  EXPECT_SAYS(
      OpTest("MirrorPad").attr("paddings", {3, 0, 0, 0, 0, 0}).attr("mode", "reflect").run({x}, &y),
      "paddings 3 of axis 0 are more than x [3,4,3] has to mirror");
}

}  // namespace
}  // namespace wxnn
