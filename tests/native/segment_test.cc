// UnsortedSegment…, SegmentSum, SparseSegment….
#include <algorithm>
#include <cfloat>
#include <cmath>

#include "op_test.h"

namespace wxnn {
namespace {

TEST(UnsortedSegment, EveryReduction) {
  const uint32_t seed = test_seed();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  struct Case {
    const char* op;
    double first_f, first_i;
    double (*f)(double, double);
  };
  const Case cases[] = {{"UnsortedSegmentSum", 0, 0, [](double a, double b) { return a + b; }},
                        {"UnsortedSegmentProd", 1, 1, [](double a, double b) { return a * b; }},
                        {"UnsortedSegmentMax", -FLT_MAX, INT32_MIN,
                         [](double a, double b) { return std::max(a, b); }},
                        {"UnsortedSegmentMin", FLT_MAX, INT32_MAX,
                         [](double a, double b) { return std::min(a, b); }}};
  for (const Case& test : cases) {
    SCOPED_TRACE(test.op);
    const HostTensor x = random.tensor({2, 5, 3});
    const HostTensor xi = random.tensor_i32({2, 5, 3}, -3, 3);
    const HostTensor ids = random.tensor_i32({2, 5}, -1, 3);
    std::vector<double> want(5 * 3, test.first_f);
    std::vector<double> want_i(5 * 3, test.first_i);
    for (int32_t i = 0; i < 10; ++i) {
      const int32_t id = ids.data<int32_t>()[i];
      for (int32_t k = 0; id >= 0 && k < 3; ++k) {
        double& f = want[static_cast<size_t>(id * 3 + k)];
        double& n = want_i[static_cast<size_t>(id * 3 + k)];
        f = test.f(f, static_cast<double>(x[i * 3 + k]));
        n = test.f(n, xi.data<int32_t>()[i * 3 + k]);
      }
    }
    const HostTensor y = OpTest(test.op).attr("numSegments", 5)({x, ids});
    ASSERT_EQ(y.shape(), Shape({5, 3}));
    const HostTensor yi = OpTest(test.op)({xi, ids, HostTensor::i32({}, {5})});
    for (int32_t i = 0; i < 15; ++i) {
      EXPECT_FLOAT_EQ(y[i], static_cast<float>(want[static_cast<size_t>(i)])) << i;
      EXPECT_EQ(yi.data<int32_t>()[i], want_i[static_cast<size_t>(i)]) << i;
    }
    print_bits(test.op, y);
  }
  std::vector<HostTensor> y;
  EXPECT_SAYS(OpTest("UnsortedSegmentSum")
                  .attr("numSegments", 2)
                  .run({HostTensor({1}, {1}), HostTensor::i32({1}, {2})}, &y),
              "segment 2 is outside the 2 segments");
  EXPECT_SAYS(OpTest("UnsortedSegmentSum")
                  .attr("numSegments", 2)
                  .run({HostTensor({2}, {1, 2}), HostTensor::i32({3}, {0, 1, 0})}, &y),
              "segmentIds [3] does not fit x [2]");
  EXPECT_EQ(
      OpTest("UnsortedSegmentSum")
          .attr("numSegments", {0})({HostTensor(Shape{0, 2}), HostTensor(Shape{0}, DType::kInt32)})
          .shape(),
      Shape({0, 2}));
}

TEST(SegmentSum, LengthFollowsTheLastSegment) {
  const HostTensor x({4, 2}, {1, 2, 3, 4, 5, 6, 7, 8});
  const HostTensor y = OpTest("SegmentSum")({x, HostTensor::i32({4}, {0, 0, 2, 2})});
  ASSERT_EQ(y.shape(), Shape({3, 2}));
  const float want[] = {4, 6, 0, 0, 12, 14};
  for (int i = 0; i < 6; ++i) EXPECT_EQ(y[i], want[i]);
  EXPECT_EQ(
      OpTest("SegmentSum")({HostTensor(Shape{0, 2}), HostTensor(Shape{0}, DType::kInt32)}).shape(),
      Shape({0, 2}));
  std::vector<HostTensor> out;
  EXPECT_SAYS(OpTest("SegmentSum").run({x, HostTensor::i32({4}, {0, 1, 0, 2})}, &out),
              "segmentIds are not in ascending order at 2");
  EXPECT_SAYS(OpTest("SegmentSum").run({x, HostTensor::i32({4}, {-1, 1, 1, 2})}, &out),
              "not in ascending order at 0");
  EXPECT_SAYS(OpTest("SegmentSum").run({x, HostTensor::i32({3}, {0, 1, 1})}, &out),
              "segmentIds [3] should be [4]");
}

TEST(SparseSegment, SumsAndMeans) {
  const uint32_t seed = test_seed();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed + 3);
  const HostTensor x = random.tensor({6, 3});
  const HostTensor indices = random.tensor_i32({7}, 0, 5);
  const HostTensor ids = HostTensor::i32({7}, {0, 0, 1, 3, 3, 3, 4});
  float sums[15] = {};
  int counts[5] = {};
  for (int i = 0; i < 7; ++i) {
    const int id = ids.data<int32_t>()[i];
    ++counts[id];
    for (int k = 0; k < 3; ++k) sums[id * 3 + k] += x[indices.data<int32_t>()[i] * 3 + k];
  }
  const HostTensor sum = OpTest("SparseSegmentSum")({x, indices, ids});
  const HostTensor mean = OpTest("SparseSegmentMean")({x, indices, ids});
  ASSERT_EQ(sum.shape(), Shape({5, 3}));
  ASSERT_EQ(mean.shape(), Shape({5, 3}));
  for (int i = 0; i < 15; ++i) {
    EXPECT_FLOAT_EQ(sum[i], sums[i]);
    EXPECT_FLOAT_EQ(mean[i], counts[i / 3] == 0 ? 0 : sums[i] / static_cast<float>(counts[i / 3]));
  }
  print_bits("SparseSegmentMean", mean);
  std::vector<HostTensor> y;
  EXPECT_SAYS(
      OpTest("SparseSegmentSum").run({x, HostTensor::i32({1}, {6}), HostTensor::i32({1}, {0})}, &y),
      "index 6 is outside data [6,3]");
}

// Random weights; places that follow each other are one sum.
TEST(EmbeddingLookupSparse, EveryCombiner) {
  const uint32_t seed = test_seed();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  for (const int combiner : {0, 1, 2}) {
    for (const int32_t n : {0, 1, 9}) {
      const HostTensor table = random.tensor({6, 3}), weights = random.tensor({n}, 0.5F, 1.5F);
      const HostTensor ids = random.tensor_i32({n}, 0, 5);
      HostTensor indices(Shape{n, 3}, DType::kInt32);
      for (int32_t i = 0; i < n; ++i) {
        const int32_t index[] = {i / 4, i % 2 == 0 ? 1 : 0, i};
        std::ranges::copy(index, indices.data<int32_t>().begin() + i * 3);
      }
      std::vector<double> want(3 * 2 * 3);
      for (int32_t i = 0; i < n; ++i) {
        const auto place = static_cast<size_t>(i / 4 * 2 + (i % 2 == 0 ? 1 : 0));
        const double w = static_cast<double>(weights[i]);
        // A place that the list comes back to is divided again, as LiteRT does: here by what its
        // last element alone says.
        for (size_t k = 0; k < 3; ++k) {
          const double x = static_cast<double>(
              table[ids.data<int32_t>()[static_cast<size_t>(i)] * 3 + static_cast<int32_t>(k)]);
          double& y = want[place * 3 + k];
          y += x * w;
          if (combiner == 1) y /= w;
          if (combiner == 2) y /= std::sqrt(w * w);
        }
      }
      const HostTensor y = OpTest("EmbeddingLookupSparse")
                               .attr("combiner", combiner)(
                                   {ids, indices, HostTensor::i32({3}, {3, 2, 9}), weights, table});
      ASSERT_EQ(y.shape(), Shape({3, 2, 3}));
      for (int32_t i = 0; i < 18; ++i) {
        const double w = want[static_cast<size_t>(i)];
        EXPECT_NEAR(static_cast<double>(y[i]), w, 1e-4 * (1 + std::abs(w))) << combiner << " " << i;
      }
      if (n == 9) print_bits(sentence<"EmbeddingLookupSparse {}">(combiner), y);
    }
  }
}

TEST(EmbeddingLookupSparse, NeighboursOfOnePlaceAreOneSum) {
  const HostTensor table({2, 2}, {1, 2, 10, 20}), weights({3}, {1, 3, 4});
  const HostTensor ids = HostTensor::i32({3}, {0, 1, 1}), dense = HostTensor::i32({2}, {2, 2});
  const HostTensor indices = HostTensor::i32({3, 2}, {1, 0, 1, 1, 0, 0});
  const float want[3][4] = {{40, 80, 31, 62},
                            {40.0F / 4, 80.0F / 4, 31.0F / 4, 62.0F / 4},
                            {10, 20, 31 / std::sqrt(10.0F), 62 / std::sqrt(10.0F)}};
  for (const int combiner : {0, 1, 2}) {
    const HostTensor y = OpTest("EmbeddingLookupSparse")
                             .attr("combiner", combiner)({ids, indices, dense, weights, table});
    for (int32_t i = 0; i < 4; ++i) EXPECT_FLOAT_EQ(y[i], want[combiner][i]) << combiner;
  }
  std::vector<HostTensor> y;
  EXPECT_SAYS(OpTest("EmbeddingLookupSparse")
                  .run({HostTensor::i32({3}, {0, 1, 2}), indices, dense, weights, table}, &y),
              "id 2 is outside the table [2,2]");
  EXPECT_SAYS(
      OpTest("EmbeddingLookupSparse")
          .run({ids, HostTensor::i32({3, 2}, {2, 0, 1, 1, 0, 0}), dense, weights, table}, &y),
      "index 2 is outside denseShape");
  EXPECT_SAYS(OpTest("EmbeddingLookupSparse")
                  .attr("combiner", 3)
                  .run({ids, indices, dense, weights, table}, &y),
              "combiner 3 is not known");
  EXPECT_SAYS(OpTest("EmbeddingLookupSparse")
                  .run({ids, indices, HostTensor::i32({1}, {2}), weights, table}, &y),
              "ids [3], indices [3,2], denseShape [2] and weights [3] do not go together");
}

}  // namespace
}  // namespace wxnn
