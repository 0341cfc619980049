#include <cmath>

#include "op_test.h"

namespace wxnn {
namespace {

enum class Mode { kTopLeft, kAlignCorners, kHalfPixel };

double source(Mode mode, int32_t i, int32_t in, int32_t out) {
  const double scale = static_cast<double>(in) / out;
  if (mode == Mode::kAlignCorners && out > 1) return static_cast<double>(i) * (in - 1) / (out - 1);
  return mode == Mode::kHalfPixel ? (i + 0.5) * scale - 0.5 : i * scale;
}

OpTest resize(const char* name, Mode mode, int32_t h, int32_t w) {
  OpTest op(name);
  op.attr("alignCorners", mode == Mode::kAlignCorners)
      .attr("halfPixelCenters", mode == Mode::kHalfPixel);
  op.attr("size", {double(h), double(w)});
  return op;
}

struct Size {
  int32_t h, w;
};
struct Case {
  Size in, out;
};
const Case kCases[] = {{{4, 4}, {8, 8}}, {{8, 8}, {4, 4}}, {{5, 7}, {3, 11}},  {{1, 1}, {4, 3}},
                       {{6, 5}, {1, 1}}, {{3, 9}, {3, 9}}, {{16, 8}, {31, 5}}, {{2, 2}, {7, 1}}};

TEST(ResizeBilinear, EveryMode) {
  const uint32_t seed = test_seed();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  for (const Mode mode : {Mode::kTopLeft, Mode::kAlignCorners, Mode::kHalfPixel}) {
    for (const Case& k : kCases) {
      const int32_t channels = random.between(1, 9);
      const HostTensor x = random.tensor({2, k.in.h, k.in.w, channels});
      const HostTensor y = resize("ResizeBilinear", mode, k.out.h, k.out.w)({x});
      ASSERT_EQ(y.shape(), Shape({2, k.out.h, k.out.w, channels}));
      const auto at = [&](int32_t n, int32_t r, int32_t s, int32_t c) {
        r = std::min(std::max(r, 0), k.in.h - 1);
        s = std::min(std::max(s, 0), k.in.w - 1);
        return static_cast<double>(x[((n * k.in.h + r) * k.in.w + s) * channels + c]);
      };
      for (int32_t i = 0; i < y.size(); ++i) {
        const int32_t c = i % channels;
        const int32_t ox = i / channels % k.out.w;
        const int32_t oy = i / channels / k.out.w % k.out.h;
        const int32_t n = i / channels / k.out.w / k.out.h;
        const double py = source(mode, oy, k.in.h, k.out.h);
        const double px = source(mode, ox, k.in.w, k.out.w);
        const int32_t r = static_cast<int32_t>(std::floor(py));
        const int32_t s = static_cast<int32_t>(std::floor(px));
        const double across = px - s;
        const double down = py - r;
        const double want =
            (at(n, r, s, c) * (1 - across) + at(n, r, s + 1, c) * across) * (1 - down) +
            (at(n, r + 1, s, c) * (1 - across) + at(n, r + 1, s + 1, c) * across) * down;
        ASSERT_NEAR(y[i], want, 1e-6) << "output " << oy << "," << ox;
      }
    }
  }
}

// Twice the size with half pixels: quarters and three quarters, exactly.
TEST(ResizeBilinear, HalfPixelIsExact) {
  const HostTensor y =
      resize("ResizeBilinear", Mode::kHalfPixel, 1, 8)({HostTensor({1, 1, 4, 1}, {0, 4, 8, 12})});
  const float want[] = {0, 1, 3, 5, 7, 9, 11, 12};
  for (int i = 0; i < 8; ++i) EXPECT_EQ(y[i], want[i]) << i;
}

// A pixel that is hit exactly does not see its neighbour, whatever that is.
TEST(ResizeBilinear, NeighbourWithoutWeightIsNotRead) {
  const HostTensor x({1, 1, 2, 1}, {3, INFINITY});
  const HostTensor y = resize("ResizeBilinear", Mode::kAlignCorners, 1, 2)({x});
  EXPECT_EQ(y[0], 3);
}

TEST(ResizeNearestNeighbor, EveryMode) {
  Random random(3);
  for (const Mode mode : {Mode::kTopLeft, Mode::kAlignCorners, Mode::kHalfPixel}) {
    for (const Case& k : kCases) {
      const HostTensor x = random.tensor_i32({1, k.in.h, k.in.w, 3}, -99, 99);
      const HostTensor y = resize("ResizeNearestNeighbor", mode, k.out.h, k.out.w)({x});
      const auto nearest = [mode](int32_t i, int32_t in, int32_t out) {
        const double at = source(mode, i, in, out);
        const double whole = mode == Mode::kTopLeft ? std::floor(at) : std::floor(at + 0.5);
        return std::min(static_cast<int32_t>(whole), in - 1);
      };
      for (int32_t i = 0; i < y.size(); ++i) {
        const int32_t r = nearest(i / 3 / k.out.w, k.in.h, k.out.h);
        const int32_t s = nearest(i / 3 % k.out.w, k.in.w, k.out.w);
        ASSERT_EQ(y.data<int32_t>()[i], x.data<int32_t>()[(r * k.in.w + s) * 3 + i % 3])
            << i << " of " << k.in.h << "," << k.in.w << " to " << k.out.h << "," << k.out.w;
      }
    }
  }
}

TEST(Resize, RefusesAndTakesSizeAsInput) {
  std::vector<HostTensor> y;
  const HostTensor x(Shape{1, 2, 2, 1});
  EXPECT_SAYS(OpTest("ResizeBilinear")
                  .attr("alignCorners", 1)
                  .attr("halfPixelCenters", 1)
                  .attr("size", {2, 2})
                  .run({x}, &y),
              "exclude each other");
  EXPECT_SAYS(OpTest("ResizeBilinear").attr("size", {0, 2}).run({x}, &y),
              "size should be height and width, 1 or more");
  EXPECT_SAYS(
      OpTest("ResizeBilinear").attr("size", {2, 2}).run({HostTensor(Shape{1, 0, 2, 1})}, &y),
      "images [1,0,2,1] should be [N,H,W,C] with pixels");
  EXPECT_SAYS(OpTest("ResizeBilinear").run({x}, &y), "size should be height and width");
  EXPECT_EQ(OpTest("ResizeBilinear")({x, HostTensor::i32({2}, {4, 6})}).shape(),
            Shape({1, 4, 6, 1}));
}

TEST(Resize, SameBits) {
  Random random(12);
  const HostTensor x = random.tensor({1, 13, 17, 5});
  for (const Mode mode : {Mode::kTopLeft, Mode::kAlignCorners, Mode::kHalfPixel}) {
    print_bits("resize_bilinear_" + std::to_string(static_cast<int>(mode)),
               resize("ResizeBilinear", mode, 29, 11)({x}));
  }
}

// dx is what each pixel of x gets of dy: the shares with which it took part in the resized image.
TEST(ResizeGradients, SharesOfEveryPixel) {
  Random random(21);
  for (const Mode mode : {Mode::kTopLeft, Mode::kAlignCorners}) {
    for (const Case& k : kCases) {
      const HostTensor x = random.tensor({2, k.in.h, k.in.w, 3});
      const HostTensor dy = random.tensor({2, k.out.h, k.out.w, 3});
      for (const bool bilinear : {true, false}) {
        OpTest op(bilinear ? "ResizeBilinearGrad" : "ResizeNearestNeighborGrad");
        op.attr("alignCorners", mode == Mode::kAlignCorners);
        const HostTensor dx = op({x, dy});
        ASSERT_EQ(dx.shape(), x.shape());
        std::vector<double> want(static_cast<size_t>(x.size()), 0), most(want);
        for (int32_t i = 0; i < dy.size(); ++i) {
          const int32_t c = i % 3, ox = i / 3 % k.out.w, oy = i / 3 / k.out.w % k.out.h;
          const int32_t n = i / 3 / k.out.w / k.out.h;
          const double py = source(mode, oy, k.in.h, k.out.h);
          const double px = source(mode, ox, k.in.w, k.out.w);
          for (int32_t r = 0; r < k.in.h; ++r)
            for (int32_t s = 0; s < k.in.w; ++s) {
              double share =
                  std::max(0.0, 1 - std::abs(py - r)) * std::max(0.0, 1 - std::abs(px - s));
              if (r == k.in.h - 1 && py > r) share = std::max(0.0, 1 - std::abs(px - s));
              if (s == k.in.w - 1 && px > s)
                share = r == k.in.h - 1 && py > r ? 1 : std::max(0.0, 1 - std::abs(py - r));
              if (!bilinear) {
                const bool up = mode == Mode::kAlignCorners;
                const int32_t row = static_cast<int32_t>(up ? std::floor(py + 0.5) : py + 1e-9);
                const int32_t column = static_cast<int32_t>(up ? std::floor(px + 0.5) : px + 1e-9);
                share = row == r && column == s ? 1 : 0;
              }
              const auto to = static_cast<size_t>(((n * k.in.h + r) * k.in.w + s) * 3 + c);
              want[to] += share * dy[i];
              most[to] += share * std::abs(dy[i]);
            }
        }
        for (int32_t i = 0; i < dx.size(); ++i)
          ASSERT_NEAR(dx[i], want[static_cast<size_t>(i)],
                      1e-5 * most[static_cast<size_t>(i)] + 1e-30)
              << (bilinear ? "bilinear " : "nearest ") << i;
        print_bits(sentence<"resize_gradient_{}{}{}">(bilinear, mode == Mode::kTopLeft, k.out.h),
                   dx);
      }
    }
  }
  std::vector<HostTensor> y;
  OpTest op("ResizeBilinearGrad");
  EXPECT_SAYS(op.run({HostTensor({1, 2, 2, 3}), HostTensor({1, 4, 4, 2})}, &y),
              "dy [1,4,4,2] should be images [1,2,2,3] of another size");
}

}  // namespace
}  // namespace wxnn
