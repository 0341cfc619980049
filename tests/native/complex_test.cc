// complex64 through the operators that only move elements: eight bytes stay together.
#include "op_test.h"

namespace wxnn {
namespace {

struct Pair {
  float re, im;
  bool operator==(const Pair&) const = default;
};

HostTensor numbered(Shape shape, float from) {
  HostTensor x(shape, DType::kComplex64);
  for (Pair& p : x.data<Pair>()) p = {from++, -from};
  return x;
}

TEST(Complex, SliceTransposeReverseTileMoveWholeElements) {
  const HostTensor x = numbered({3, 4}, 1);
  const auto in = x.data<Pair>();
  OpTest slice("Slice");
  slice.attr("begin", {1, 1}).attr("size", {2, 2});
  const HostTensor s = slice({x});
  ASSERT_EQ(s.shape(), (Shape{2, 2}));
  ASSERT_EQ(s.dtype(), DType::kComplex64);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(s.data<Pair>()[i], in[(1 + i / 2) * 4 + 1 + i % 2]);

  OpTest transpose("Transpose");
  transpose.attr("perm", {1, 0});
  const HostTensor t = transpose({x});
  for (int i = 0; i < 12; ++i) EXPECT_EQ(t.data<Pair>()[i], in[i % 3 * 4 + i / 3]);

  OpTest reverse("Reverse");
  reverse.attr("dims", {1});
  const HostTensor r = reverse({x});
  for (int i = 0; i < 12; ++i) EXPECT_EQ(r.data<Pair>()[i], in[i / 4 * 4 + 3 - i % 4]);

  OpTest tile("Tile");
  tile.attr("reps", {1, 2});
  const HostTensor two = tile({x});
  for (int i = 0; i < 24; ++i) EXPECT_EQ(two.data<Pair>()[i], in[i / 8 * 4 + i % 4]);
}

TEST(Complex, ConcatPackGatherAndListsMoveWholeElements) {
  const HostTensor a = numbered({2, 3}, 1), b = numbered({2, 3}, 50);
  const auto x = a.data<Pair>(), y = b.data<Pair>();
  OpTest concat("Concat");
  concat.attr("axis", 1);
  const HostTensor c = concat({a, b});
  for (int i = 0; i < 12; ++i) {
    EXPECT_EQ(c.data<Pair>()[i], i % 6 < 3 ? x[i / 6 * 3 + i % 6] : y[i / 6 * 3 + i % 6 - 3]);
  }
  OpTest pack("Pack");
  pack.attr("axis", 1);
  const HostTensor p = pack({a, b});
  ASSERT_EQ(p.shape(), (Shape{2, 2, 3}));
  for (int i = 0; i < 12; ++i) {
    const int row = i / 6 * 3 + i % 3;
    EXPECT_EQ(p.data<Pair>()[i], i / 3 % 2 == 0 ? x[row] : y[row]);
  }
  OpTest gather("GatherV2");
  gather.attr("axis", 1);
  const HostTensor g = gather({a, HostTensor::i32({2}, {2, 0})});
  for (int i = 0; i < 4; ++i) EXPECT_EQ(g.data<Pair>()[i], x[i / 2 * 3 + (i % 2 == 0 ? 2 : 0)]);
  OpTest set("TensorListSetItem");
  const HostTensor l = set({a, numbered({3}, 90), HostTensor::i32({}, {1})});
  for (int i = 0; i < 6; ++i) {
    const float n = static_cast<float>(90 + i - 3);
    EXPECT_EQ(l.data<Pair>()[i], i < 3 ? x[i] : (Pair{n, -n - 1}));
  }
}

}  // namespace
}  // namespace wxnn
