// ScatterNd, TensorScatter…, SparseToDense.
#include <algorithm>
#include <cmath>

#include "op_test.h"

namespace wxnn {
namespace {

// Rows of indices [rows,depth] into y, in plain loops.
template <class F>
void scatter_plainly(const HostTensor& indices, const HostTensor& updates, const Shape& y,
                     std::vector<double>& out, F f) {
  const int depth = indices.shape()[-1];
  const int32_t slice = y.elements(depth, y.rank());
  const int32_t rows = indices.size() / depth;
  for (int32_t r = 0; r < rows; ++r) {
    int32_t at = 0;
    for (int k = 0; k < depth; ++k) at = at * y[k] + indices.data<int32_t>()[r * depth + k];
    for (int32_t i = 0; i < slice; ++i) {
      const int32_t from = r * slice + i;
      const double v = updates.dtype() == DType::kInt32 ? updates.data<int32_t>()[from]
                                                        : static_cast<double>(updates[from]);
      out[static_cast<size_t>(at * slice + i)] = f(out[static_cast<size_t>(at * slice + i)], v);
    }
  }
}

void expect_all(const HostTensor& y, const std::vector<double>& want) {
  ASSERT_EQ(static_cast<size_t>(y.size()), want.size());
  for (int32_t i = 0; i < y.size(); ++i) {
    const double got =
        y.dtype() == DType::kInt32 ? y.data<int32_t>()[i] : static_cast<double>(y[i]);
    EXPECT_NEAR(got, want[static_cast<size_t>(i)], 1e-5) << "at " << i;
  }
}

HostTensor random_rows(Random& random, int32_t rows, const Shape& y, int depth) {
  HostTensor t(Shape{rows, depth}, DType::kInt32);
  for (int32_t i = 0; i < t.size(); ++i) t.data<int32_t>()[i] = random.between(0, y[i % depth] - 1);
  return t;
}

TEST(ScatterNd, AgreesWithLoops) {
  const uint32_t seed = test_seed();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  for (int depth = 1; depth <= 3; ++depth) {
    const Shape y = {3, 4, 2};
    const HostTensor indices = random_rows(random, 9, y, depth);
    Shape u = {9};
    for (int i = depth; i < 3; ++i) u.push_back(y[i]);
    const HostTensor shape = HostTensor::i32({3}, {3, 4, 2});
    std::vector<double> want(24, 0);
    const auto plus = [](double a, double b) { return a + b; };
    const HostTensor floats = random.tensor(u);
    scatter_plainly(indices, floats, y, want, plus);
    const HostTensor got = OpTest("ScatterNd")({indices, floats, shape});
    EXPECT_EQ(got.shape(), y);
    expect_all(got, want);
    print_bits("ScatterNd", got);
    const HostTensor ints = random.tensor_i32(u, -9, 9);
    std::ranges::fill(want, 0);
    scatter_plainly(indices, ints, y, want, plus);
    expect_all(OpTest("ScatterNd").attr("shape", {3, 4, 2})({indices, ints}), want);
  }
}

TEST(ScatterNd, BoolsEmptyAndRefusals) {
  const HostTensor one = HostTensor::i32({2, 1}, {1, 1});
  const HostTensor b =
      OpTest("ScatterNd").attr("shape", 3)({one, HostTensor::boolean({2}, {true, false})});
  EXPECT_EQ(b.data<uint8_t>()[1], 1);
  EXPECT_EQ(b.data<uint8_t>()[0], 0);
  const HostTensor none =
      OpTest("ScatterNd")
          .attr("shape", {2, 2})({HostTensor(Shape{0, 1}, DType::kInt32), HostTensor(Shape{0, 2})});
  expect_all(none, {0, 0, 0, 0});
  // An index without numbers names the whole tensor.
  expect_all(OpTest("ScatterNd")
                 .attr("shape", 2)(
                     {HostTensor(Shape{2, 0}, DType::kInt32), HostTensor({2, 2}, {1, 2, 3, 4})}),
             {4, 6});
  std::vector<HostTensor> y;
  EXPECT_SAYS(OpTest("ScatterNd").attr("shape", 2).run({one, HostTensor({3}, {1, 2, 3})}, &y),
              "updates [3] should be [2] for indices [2,1] into [2]");
  EXPECT_SAYS(OpTest("ScatterNd").attr("shape", 1).run({one, HostTensor({2}, {1, 2})}, &y),
              "index 1 is outside axis 0 of [1]");
  EXPECT_SAYS(OpTest("ScatterNd")
                  .attr("shape", 3)
                  .run({HostTensor::i32({1, 1}, {-1}), HostTensor({1}, {1})}, &y),
              "index -1 is outside axis 0");
  EXPECT_SAYS(OpTest("ScatterNd")
                  .attr("shape", 3)
                  .run({HostTensor::i32({1, 2}, {0, 0}), HostTensor({1}, {1})}, &y),
              "indices [1,2] does not address [3]");
}

TEST(TensorScatter, EveryCombination) {
  const uint32_t seed = test_seed();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed + 1);
  struct Case {
    const char* op;
    double (*f)(double, double);
  };
  const Case cases[] = {{"TensorScatterUpdate", [](double, double b) { return b; }},
                        {"TensorScatterAdd", [](double a, double b) { return a + b; }},
                        {"TensorScatterSub", [](double a, double b) { return a - b; }},
                        {"TensorScatterMin", [](double a, double b) { return std::min(a, b); }},
                        {"TensorScatterMax", [](double a, double b) { return std::max(a, b); }}};
  for (const Case& test : cases) {
    SCOPED_TRACE(test.op);
    const Shape y = {4, 3};
    const HostTensor x = random.tensor_i32(y, -5, 5);
    const HostTensor indices = random_rows(random, 6, y, 1);
    const HostTensor updates = random.tensor_i32({6, 3}, -9, 9);
    std::vector<double> want(x.data<int32_t>().begin(), x.data<int32_t>().end());
    scatter_plainly(indices, updates, y, want, test.f);
    expect_all(OpTest(test.op)({x, indices, updates}), want);
    const HostTensor xf = random.tensor(y);
    const HostTensor uf = random.tensor({6, 3});
    want.assign(xf.data().begin(), xf.data().end());
    scatter_plainly(indices, uf, y, want, test.f);
    const HostTensor got = OpTest(test.op)({xf, indices, uf});
    expect_all(got, want);
    print_bits(test.op, got);
  }
  const HostTensor nan = OpTest("TensorScatterMin")(
      {HostTensor({1}, {1}), HostTensor::i32({1, 1}, {0}), HostTensor({1}, {NAN})});
  EXPECT_TRUE(std::isnan(nan[0]));
  std::vector<HostTensor> y;
  EXPECT_SAYS(
      OpTest("TensorScatterUpdate")
          .run({HostTensor({1}, {1}), HostTensor::i32({1, 1}, {0}), HostTensor::i32({1}, {1})}, &y),
      "tensor is float32, updates int32");
}

TEST(SparseToDense, RanksOfIndices) {
  const HostTensor zero({}, {-1});
  expect_all(OpTest("SparseToDense")
                 .attr("outputShape", {2, 2})(
                     {HostTensor::i32({2, 2}, {0, 1, 1, 0}), HostTensor({2}, {5, 6}), zero}),
             {-1, 5, 6, -1});
  expect_all(OpTest("SparseToDense")({HostTensor::i32({2}, {3, 0}), HostTensor({}, {7}), zero,
                                      HostTensor::i32({1}, {4})}),
             {7, -1, -1, 7});
  expect_all(OpTest("SparseToDense")
                 .attr("outputShape", 3)({HostTensor::i32({}, {1}), HostTensor({}, {7}), zero}),
             {-1, 7, -1});
  std::vector<HostTensor> y;
  EXPECT_SAYS(OpTest("SparseToDense")
                  .attr("outputShape", {2, 2})
                  .run({HostTensor::i32({2}, {3, 0}), HostTensor({}, {7}), zero}, &y),
              "sparseIndices [2] does not address [2,2]");
  EXPECT_SAYS(OpTest("SparseToDense")
                  .attr("outputShape", 2)
                  .run({HostTensor::i32({2}, {0, 2}), HostTensor({2}, {7, 8}), zero}, &y),
              "index 2 is outside axis 0 of [2]");
  EXPECT_SAYS(OpTest("SparseToDense")
                  .attr("outputShape", 4)
                  .run({HostTensor::i32({2}, {3, 0}), HostTensor({3}, {7, 8, 9}), zero}, &y),
              "sparseValues [3] should be one number or one for each of 2 indices");
}

}  // namespace
}  // namespace wxnn
