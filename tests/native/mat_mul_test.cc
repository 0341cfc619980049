#include <cmath>

#include "op_test.h"

namespace wxnn {
namespace {

struct Case {
  Shape batch_a, batch_b;
  int32_t m, k, n;
  bool transpose_a = false, transpose_b = false;

  Shape a() const { return join(batch_a, transpose_a ? k : m, transpose_a ? m : k); }
  Shape b() const { return join(batch_b, transpose_b ? n : k, transpose_b ? k : n); }
  static Shape join(Shape batch, int32_t rows, int32_t columns) {
    batch.push_back(rows);
    batch.push_back(columns);
    return batch;
  }
  std::string str() const {
    return sentence<"a {}{} b {}{}">(a(), transpose_a ? "^T" : "", b(), transpose_b ? "^T" : "");
  }
};

// Index of the item of `batch` that is broadcast to item `i` of `whole`.
int32_t item(const Shape& batch, const Shape& whole, int32_t i) {
  int32_t index = 0, step = 1;
  for (int d = whole.rank() - 1, s = batch.rank() - 1; s >= 0; --d, --s) {
    index += batch[s] == 1 ? 0 : i % whole[d] * step;
    step *= batch[s];
    i /= whole[d];
  }
  return index;
}

// k ascending from the bias: equal to the bit.
template <class T>
void expect_product(const Case& c, const HostTensor& a, const HostTensor& b, const HostTensor& bias,
                    const HostTensor& y) {
  const Shape batch = broadcast(c.batch_a, c.batch_b);
  ASSERT_EQ(y.shape(), Case::join(batch, c.m, c.n));
  for (int32_t i = 0; i < y.size(); ++i) {
    const int32_t column = i % c.n, row = i / c.n % c.m, which = i / c.n / c.m;
    const T* pa = a.data<T>().data() + item(c.batch_a, batch, which) * c.m * c.k;
    const T* pb = b.data<T>().data() + item(c.batch_b, batch, which) * c.k * c.n;
    T sum = bias.absent() ? 0 : bias.data<T>()[column];
    for (int32_t k = 0; k < c.k; ++k) {
      sum = sum + pa[c.transpose_a ? k * c.m + row : row * c.k + k] *
                      pb[c.transpose_b ? column * c.k + k : k * c.n + column];
    }
    ASSERT_EQ(y.data<T>()[i], sum) << "at " << i;
  }
}

OpTest op_for(const char* name, const Case& c) {
  OpTest op(name);
  op.attr("transposeA", c.transpose_a).attr("transposeB", c.transpose_b);
  return op;
}

void check_batch(Case c, Random& random) {
  OpTest op = op_for("BatchMatMul", c);
  for (int round = 0; round < 2; ++round) {
    SCOPED_TRACE(c.str());
    const HostTensor a = random.tensor(c.a()), b = random.tensor(c.b());
    expect_product<float>(c, a, b, {}, op({a, b}));
    c.m += random.between(0, 5);
    c.k += random.between(0, 5);
    c.n += random.between(0, 20);
  }
}

void check_fused(Case c, Random& random) {
  const HostTensor b = random.tensor(c.b()), bias = random.tensor({c.n});
  OpTest op = op_for("_FusedMatMul", c);
  for (int round = 0; round < 2; ++round) {
    SCOPED_TRACE(c.str());
    const HostTensor a = random.tensor(c.a());
    expect_product<float>(c, a, b, bias, op({a, b, bias}));
    c.m += random.between(0, 7);
  }
}

TEST(MatMul, KnownNumbers) {
  const HostTensor a({2, 2}, {1, 2, 3, 4}), b({2, 2}, {5, 6, 7, 8});
  const HostTensor y = OpTest("BatchMatMul")({a, b});
  const float expected[] = {19, 22, 43, 50};
  for (int i = 0; i < 4; ++i) EXPECT_EQ(y[i], expected[i]);
}

TEST(MatMul, Shapes) {
  Random random(1);
  for (const int32_t m : {1, 2, 5, 8})
    for (const int32_t k : {1, 7})
      for (const int32_t n : {1, 3, 8, 15, 16, 17, 40}) {
        const Case c{.batch_a = {}, .batch_b = {}, .m = m, .k = k, .n = n};
        check_batch(c, random);
        check_fused(c, random);
        if (HasFatalFailure()) return;
      }
}

TEST(MatMul, Broadcasting) {
  Random random(2);
  const std::pair<Shape, Shape> batches[] = {{{3}, {3}},    {{3}, {1}},   {{1}, {3}},
                                             {{}, {4}},     {{4}, {}},    {{2, 3}, {2, 1}},
                                             {{2, 1}, {3}}, {{2, 3}, {}}, {{1, 2}, {3, 1}}};
  for (const auto& [a, b] : batches)
    for (int transposed = 0; transposed < 4; ++transposed) {
      const Case c{a, b, 3, 5, 18, transposed % 2 != 0, transposed / 2 != 0};
      check_batch(c, random);
      check_fused(c, random);
      if (HasFatalFailure()) return;
    }
}

TEST(MatMul, RandomCases) {
  const uint32_t seed = test_seed();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  for (int i = 0; i < 100; ++i) {
    const int32_t batch = random.between(1, 3);
    const Case c{.batch_a = {batch},
                 .batch_b = {random.between(0, 1) != 0 ? batch : 1},
                 .m = random.between(1, 9),
                 .k = random.between(1, 40),
                 .n = random.between(1, 50),
                 .transpose_a = random.between(0, 1) != 0,
                 .transpose_b = random.between(0, 1) != 0};
    check_batch(c, random);
    check_fused(c, random);
    if (HasFatalFailure()) return;
  }
}

TEST(MatMul, Int32Wraps) {
  Random random(3);
  for (int transposed = 0; transposed < 4; ++transposed) {
    const Case c{{2}, {1}, 3, 4, 5, transposed % 2 != 0, transposed / 2 != 0};
    const HostTensor a = random.tensor_i32(c.a(), -100, 100),
                     b = random.tensor_i32(c.b(), -100, 100);
    expect_product<int32_t>(c, a, b, {}, op_for("BatchMatMul", c)({a, b}));
    OpTest fused = op_for("_FusedMatMul", c);
    expect_product<int32_t>(c, a, b, {}, fused({a, b}));
    expect_product<int32_t>(c, a, b, {}, fused({a, b}));  // packed by now
  }
  const HostTensor y = OpTest("BatchMatMul")(
      {HostTensor::i32({1, 2}, {2147483647, 2}), HostTensor::i32({2, 1}, {1, 1})});
  EXPECT_EQ(y.data<int32_t>()[0], -2147483647);
}

TEST(MatMul, Empty) {
  const HostTensor y = OpTest("BatchMatMul")({HostTensor({2, 0}), HostTensor({0, 17})});
  ASSERT_EQ(y.shape(), (Shape{2, 17}));
  for (int i = 0; i < 34; ++i) EXPECT_EQ(y[i], 0);
  EXPECT_EQ(OpTest("BatchMatMul")({HostTensor({0, 2, 3}), HostTensor({3, 4})}).shape(),
            (Shape{0, 2, 4}));
  EXPECT_EQ(OpTest("BatchMatMul")({HostTensor({2, 3}), HostTensor({3, 0})}).size(), 0);
  EXPECT_EQ(OpTest("_FusedMatMul")({HostTensor({0, 3}), HostTensor({3, 4})}).shape(),
            (Shape{0, 4}));
}

TEST(MatMul, Activations) {
  Random random(4);
  const HostTensor a = random.tensor({5, 7}), b = random.tensor({7, 9}), alpha = random.tensor({9});
  const auto with = [&](const char* activation, const HostTensor& weights) {
    OpTest op("_FusedMatMul");
    op.attr("activation", activation);
    return op({a, b, HostTensor(), weights});
  };
  const HostTensor plain = with("linear", {}), relu = with("relu", {}),
                   prelu = with("prelu", alpha);
  for (int i = 0; i < 45; ++i) {
    EXPECT_EQ(relu[i], std::max(plain[i], 0.0f));
    EXPECT_EQ(prelu[i], plain[i] < 0 ? alpha[i % 9] * plain[i] : plain[i]);
  }
}

TEST(MatMul, Refusals) {
  std::vector<HostTensor> y;
  const auto batch = [&](const HostTensor& a, const HostTensor& b) {
    return OpTest("BatchMatMul").run({a, b}, &y);
  };
  EXPECT_SAYS(batch(HostTensor({2, 3}), HostTensor({4, 5})),
              "a [2,3] has 3 columns, b [4,5] has 4 rows");
  EXPECT_SAYS(batch(HostTensor({3}), HostTensor({3, 5})), "should be matrices");
  EXPECT_SAYS(batch(HostTensor({2, 2, 3}), HostTensor({3, 3, 5})),
              "batches of a [2,2,3] and b [3,3,5] do not broadcast");
  EXPECT_SAYS(batch(HostTensor({2, 3}), HostTensor({3, 5}, DType::kInt32)),
              "a is float32, b is int32");
  EXPECT_SAYS(batch(HostTensor({2, 3}, DType::kBool), HostTensor({3, 5}, DType::kBool)),
              "should be float32 or int32");
  OpTest fused("_FusedMatMul");
  EXPECT_SAYS(fused.run({HostTensor({2, 3}), HostTensor({3, 5}), HostTensor({4})}, &y),
              "bias float32 [4] should be float32 [5]");
  EXPECT_SAYS(fused.run({HostTensor({2, 3}, DType::kBool), HostTensor({3, 5}, DType::kBool)}, &y),
              "should be float32 or int32");
  EXPECT_SAYS(fused.run({HostTensor({2, 0}), HostTensor({0, 5})}, &y), "b [0,5] is empty");
}

TEST(MatMul, Bits) {
  Random random(97);
  const HostTensor a = random.tensor({3, 21, 35}), b = random.tensor({35, 45}),
                   bias = random.tensor({45});
  print_bits("mat_mul.batch", OpTest("BatchMatMul")({a, b}));
  print_bits("mat_mul.fused", OpTest("_FusedMatMul")({a, b, bias}));
}

}  // namespace
}  // namespace wxnn
