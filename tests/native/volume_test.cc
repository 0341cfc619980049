// Conv3D and its like, Dilation2D, LRN, and the operators that turn pictures: references from the
// definitions.
#include <cmath>

#include "op_test.h"

namespace wxnn {
namespace {

struct Line {
  int32_t in, filter, stride, dilation;
  bool same;
  int32_t span() const { return (filter - 1) * dilation + 1; }
  int32_t out() const { return same ? (in + stride - 1) / stride : (in - span()) / stride + 1; }
  int32_t before() const { return same ? std::max((out() - 1) * stride + span() - in, 0) / 2 : 0; }
  int32_t at(int32_t o, int32_t k) const { return o * stride - before() + k * dilation; }
  bool inside(int32_t i) const { return i >= 0 && i < in; }
};

struct Volume {
  Line d, h, w;
  Shape x(int32_t n, int32_t c) const { return {n, d.in, h.in, w.in, c}; }
  Shape y(int32_t n, int32_t c) const { return {n, d.out(), h.out(), w.out(), c}; }
  Shape filter(int32_t in, int32_t out) const { return {d.filter, h.filter, w.filter, in, out}; }
  OpTest with(OpTest op) const {
    op.attr("pad", d.same ? "same" : "valid");
    op.attr("strides", {double(d.stride), double(h.stride), double(w.stride)});
    return op;
  }
  // f(pixel of x, pixel of y, tap) for all taps inside, in one image.
  template <class F>
  void each(F f) const {
    for (int32_t z = 0; z < d.out(); ++z)
      for (int32_t y = 0; y < h.out(); ++y)
        for (int32_t x = 0; x < w.out(); ++x)
          for (int32_t a = 0; a < d.filter; ++a)
            for (int32_t b = 0; b < h.filter; ++b)
              for (int32_t e = 0; e < w.filter; ++e) {
                const int32_t i = d.at(z, a), j = h.at(y, b), k = w.at(x, e);
                if (!d.inside(i) || !h.inside(j) || !w.inside(k)) continue;
                f((i * h.in + j) * w.in + k, (z * h.out() + y) * w.out() + x,
                  (a * h.filter + b) * w.filter + e);
              }
  }
};

const Volume kVolumes[] = {
    {{5, 3, 2, 1, true}, {6, 2, 1, 1, true}, {4, 3, 1, 1, true}},
    {{5, 2, 1, 2, false}, {6, 3, 2, 1, false}, {7, 2, 3, 2, false}},
    {{3, 1, 2, 1, true}, {4, 1, 4, 1, true}, {5, 2, 3, 2, true}},
};

TEST(Volume, Convolution) {
  Random random(31);
  for (const Volume& v : kVolumes) {
    const HostTensor x = random.tensor(v.x(2, 3)), f = random.tensor(v.filter(3, 9)),
                     bias = random.tensor({9});
    OpTest op = v.with(OpTest("Conv3D"));
    op.attr("dilations", {double(v.d.dilation), double(v.h.dilation), double(v.w.dilation)});
    const HostTensor y = op({x, f, bias});
    ASSERT_EQ(y.shape(), v.y(2, 9));
    std::vector<double> want(static_cast<size_t>(y.size()));
    for (int32_t i = 0; i < y.size(); ++i) want[static_cast<size_t>(i)] = bias[i % 9];
    for (int32_t n = 0; n < 2; ++n)
      v.each([&](int32_t from, int32_t to, int32_t tap) {
        for (int32_t i = 0; i < 3; ++i)
          for (int32_t o = 0; o < 9; ++o)
            want[static_cast<size_t>((n * y.size() / 18 + to) * 9 + o)] +=
                double(x[(n * x.size() / 6 + from) * 3 + i]) * f[(tap * 3 + i) * 9 + o];
      });
    for (int32_t i = 0; i < y.size(); ++i)
      EXPECT_NEAR(y[i], want[static_cast<size_t>(i)], 1e-5) << i;
    print_bits(sentence<"conv3d_{}{}">(v.d.stride, v.w.stride), y);
  }
  std::vector<HostTensor> y;
  OpTest op("Conv3D");
  op.attr("pad", "valid");
  EXPECT_SAYS(op.run({HostTensor({1, 2, 2, 2, 3}), HostTensor({1, 1, 1, 4, 2})}, &y),
              "wants 4 channels");
  EXPECT_SAYS(op.run({HostTensor({1, 2, 2, 2, 3}), HostTensor({3, 1, 1, 3, 2})}, &y),
              "does not fit into 2");
}

TEST(Volume, TransposedConvolution) {
  Random random(32);
  for (const Volume& v : kVolumes) {
    const HostTensor dy = random.tensor(v.y(2, 5)), f = random.tensor(v.filter(3, 5));
    const Shape shape = v.x(2, 3);
    OpTest op = v.with(OpTest("Conv3DBackpropInputV2"));
    op.attr("dilations", {double(v.d.dilation), double(v.h.dilation), double(v.w.dilation)});
    AttrValue numbers;
    for (int32_t d : shape.dims()) numbers.numbers.push_back(d);
    op.attr("inputShape", std::move(numbers));
    const HostTensor y = op({dy, f});
    ASSERT_EQ(y.shape(), shape);
    HostTensor sizes({shape.rank()}, DType::kInt32);
    std::ranges::copy(shape.dims(), sizes.data<int32_t>().begin());
    EXPECT_TRUE(op({dy, f, HostTensor(), sizes}).same_bytes(y));
    std::vector<double> want(static_cast<size_t>(y.size()), 0);
    for (int32_t n = 0; n < 2; ++n)
      v.each([&](int32_t to, int32_t from, int32_t tap) {
        for (int32_t i = 0; i < 3; ++i)
          for (int32_t o = 0; o < 5; ++o)
            want[static_cast<size_t>((n * y.size() / 6 + to) * 3 + i)] +=
                double(dy[(n * dy.size() / 10 + from) * 5 + o]) * f[(tap * 3 + i) * 5 + o];
      });
    for (int32_t i = 0; i < y.size(); ++i)
      EXPECT_NEAR(y[i], want[static_cast<size_t>(i)], 1e-5) << i;
  }
}

TEST(Volume, Pools) {
  Random random(33);
  for (const Volume& v :
       {kVolumes[0], Volume{{5, 2, 1, 1, false}, {6, 3, 2, 1, false}, {7, 2, 3, 1, false}}}) {
    const HostTensor x = random.tensor(v.x(1, 3));
    const auto run = [&](const char* name) {
      OpTest op = v.with(OpTest(name));
      op.attr("filterSize", {double(v.d.filter), double(v.h.filter), double(v.w.filter)});
      return op({x});
    };
    const HostTensor largest = run("MaxPool3D"), average = run("AvgPool3D");
    std::vector<double> most(static_cast<size_t>(largest.size()), -1e9), sum(most.size(), 0),
        count(most.size(), 0);
    v.each([&](int32_t from, int32_t to, int32_t) {
      for (int32_t i = 0; i < 3; ++i) {
        const size_t k = static_cast<size_t>(to * 3 + i);
        most[k] = std::max(most[k], double(x[from * 3 + i]));
        sum[k] += x[from * 3 + i];
        ++count[k];
      }
    });
    for (int32_t i = 0; i < largest.size(); ++i) {
      EXPECT_EQ(largest[i], most[static_cast<size_t>(i)]);
      EXPECT_NEAR(average[i], sum[static_cast<size_t>(i)] / count[static_cast<size_t>(i)], 1e-6);
    }
    print_bits(sentence<"avg_pool3d_{}">(v.d.stride), average);
  }
}

TEST(Dilation2D, LargestSum) {
  Random random(34);
  const Line h{7, 3, 2, 1, true}, w{8, 2, 1, 2, true};
  const HostTensor x = random.tensor({2, 7, 8, 3}), f = random.tensor({3, 2, 3});
  const HostTensor y = OpTest("Dilation2D")
                           .attr("pad", "same")
                           .attr("strides", {2, 1})
                           .attr("dilations", {1, 2})({x, f});
  ASSERT_EQ(y.shape(), (Shape{2, h.out(), w.out(), 3}));
  for (int32_t k = 0; k < y.size(); ++k) {
    const int32_t c = k % 3, ox = k / 3 % w.out(), oy = k / 3 / w.out() % h.out(),
                  n = k / 3 / w.out() / h.out();
    float most = -INFINITY;
    for (int32_t a = 0; a < 3; ++a)
      for (int32_t b = 0; b < 2; ++b) {
        const int32_t i = h.at(oy, a), j = w.at(ox, b);
        if (h.inside(i) && w.inside(j))
          most = std::max(most, x[((n * 7 + i) * 8 + j) * 3 + c] + f[(a * 2 + b) * 3 + c]);
      }
    EXPECT_EQ(y[k], most);
  }
  print_bits("dilation2d", y);
}

TEST(LRN, NeighboursOnly) {
  Random random(35);
  for (const int32_t radius : {0, 2, 20}) {
    const HostTensor x = random.tensor({1, 2, 3, 9}, -3, 3);
    const HostTensor y = OpTest("LRN")
                             .attr("depthRadius", radius)
                             .attr("bias", 1.5)
                             .attr("alpha", 0.7)
                             .attr("beta", 0.75)({x});
    for (int32_t k = 0; k < x.size(); ++k) {
      double sum = 0;
      for (int32_t i = std::max(k % 9 - radius, 0); i <= std::min(k % 9 + radius, 8); ++i) {
        sum += double(x[k / 9 * 9 + i]) * x[k / 9 * 9 + i];
      }
      EXPECT_NEAR(y[k], x[k] * std::pow(1.5 + 0.7 * sum, -0.75), 2e-6);
    }
    print_bits(sentence<"lrn_{}">(radius), y);
  }
}

TEST(Pictures, FlipAndQuarterTurn) {
  Random random(36);
  const HostTensor x = random.tensor({2, 4, 4, 3});
  const HostTensor ints = random.tensor_i32({2, 3, 5, 4}, 0, 255);
  const HostTensor flipped = OpTest("FlipLeftRight")({ints});
  for (int32_t k = 0; k < ints.size(); ++k) {
    EXPECT_EQ(flipped.data<int32_t>()[k],
              ints.data<int32_t>()[k / 20 * 20 + (4 - k / 4 % 5) * 4 + k % 4]);
  }
  const HostTensor same = OpTest("RotateWithOffset").attr("radians", 0.0)({x});
  EXPECT_TRUE(same.same_bytes(x));
  const HostTensor turned = OpTest("RotateWithOffset")
                                .attr("radians", M_PI / 2)
                                .attr("fillValue", {1, 2, 3})
                                .attr("center", {0.5, 0.5})({x});
  for (int32_t k = 0; k < x.size(); ++k) {
    // about (2, 2): (x, y) shows (4 - y, x)
    const int32_t c = k % 3, column = 4 - k / 12 % 4, row = k / 3 % 4, n = k / 48;
    EXPECT_EQ(turned[k],
              column < 4 ? x[((n * 4 + row) * 4 + column) * 3 + c] : static_cast<float>(c + 1))
        << k;
  }
}

TEST(Pictures, TransformShiftsAndScales) {
  Random random(37);
  const HostTensor x = random.tensor({1, 5, 6, 2});
  // Output (x, y) shows (x / 2 + 1, y - 2).
  const HostTensor t({1, 8}, {0.5f, 0, 1, 0, 1, -2, 0, 0});
  const HostTensor y = OpTest("Transform")
                           .attr("interpolation", "bilinear")
                           .attr("fillValue", 9)
                           .attr("outputShape", {8, 7})({x, t});
  ASSERT_EQ(y.shape(), (Shape{1, 8, 7, 2}));
  for (int32_t k = 0; k < y.size(); ++k) {
    const int32_t c = k % 2, row = k / 14 - 2, twice = k / 2 % 7 + 2;
    if (row < 0 || row > 4) {
      EXPECT_EQ(y[k], 9);
      continue;
    }
    const auto at = [&](int32_t column) {
      return column < 6 ? x[(row * 6 + column) * 2 + c] : 9.0f;
    };
    // The row below is at the border's fill, and weighs nothing.
    EXPECT_FLOAT_EQ(y[k], twice % 2 == 0 ? at(twice / 2) : (at(twice / 2) + at(twice / 2 + 1)) / 2)
        << k;
  }
  print_bits("transform", y);
  std::vector<HostTensor> outputs;
  EXPECT_SAYS(OpTest("Transform").run({x, HostTensor({2, 8})}, &outputs),
              "8 numbers for all or each");
  EXPECT_SAYS(OpTest("Transform").attr("fillMode", "mirror").run({x, t}, &outputs), "is not known");
}

TEST(Arithmetic, Divisions) {
  const HostTensor a = HostTensor::i32({6}, {7, -7, 7, -7, INT32_MIN, 5}),
                   b = HostTensor::i32({6}, {2, 2, -2, -2, -1, 0});
  const auto expect = [&](const char* name, std::initializer_list<int32_t> want) {
    const HostTensor y = OpTest(name)({a, b});
    for (int i = 0; i < 6; ++i) EXPECT_EQ(y.data<int32_t>()[i], want.begin()[i]) << name << i;
  };
  expect("RealDiv", {3, -3, -3, 3, INT32_MIN, 0});
  expect("FloorDiv", {3, -4, -4, 3, INT32_MIN, 0});
  expect("Mod", {1, 1, -1, -1, 0, 0});
  expect("TruncateMod", {1, -1, 1, -1, 0, 0});
  const HostTensor x({4}, {0, 3, NAN, 0}), y({4}, {0, 0, 0, 5});
  const HostTensor no_nan = OpTest("DivNoNan")({x, y}), xdivy = OpTest("Xdivy")({x, y}),
                   xlogy = OpTest("Xlogy")({x, y});
  for (int i = 0; i < 4; ++i) EXPECT_EQ(no_nan[i], 0);
  EXPECT_EQ(xdivy[0], 0);
  EXPECT_EQ(xdivy[1], INFINITY);
  EXPECT_TRUE(std::isnan(xdivy[2]));
  EXPECT_EQ(xdivy[3], 0);
  EXPECT_EQ(xlogy[0], 0);
  EXPECT_EQ(xlogy[1], -INFINITY);
  EXPECT_TRUE(std::isnan(xlogy[2]));
  EXPECT_FLOAT_EQ(OpTest("Xlogy")({HostTensor({1}, {2}), HostTensor({1}, {3})})[0],
                  2 * std::log(3.0f));
}

}  // namespace
}  // namespace wxnn
