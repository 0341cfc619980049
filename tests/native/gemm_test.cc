// The matrix kernel of native/kernels/gemm.cc and its panels: the bits of plain loops.
#include "kernels/mat_mul.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include "bits.h"
#include "op_test.h"

namespace wxnn {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

std::vector<float> numbers(Random& random, int32_t n) {
  std::vector<float> v(n);
  for (float& x : v) x = random.uniform(-1, 1);
  return v;
}

// c = a b + bias, then what the task asks for, one number after the other.
struct Sizes {
  int32_t pieces, depth, m, n, residual_columns;
  bool slopes;
  float min, max;
};

void check(const Sizes& s, uint32_t seed) {
  SCOPED_TRACE(testing::Message() << s.m << " rows of " << s.pieces << " x " << s.depth << ", "
                                  << s.n << " columns, residual of " << s.residual_columns
                                  << ", slopes " << s.slopes << ", seed " << seed);
  Random random(seed);
  const int32_t k = s.pieces * s.depth;
  const int32_t piece = s.depth + 2, row = s.pieces * piece;  // gaps that nobody should see
  const auto a = numbers(random, s.m * row), b = numbers(random, k * s.n);
  const auto bias = numbers(random, s.n), slopes = numbers(random, s.n);
  const auto residual = numbers(random, s.m * s.residual_columns);
  const PanelLayout layout(k, s.n);
  std::vector<float> packed(layout.floats());
  layout.pack_all({b.data(), k, s.n, s.n, 1}, bias.data(), packed.data());
  // The rows of a backwards, so that only the table says where they are.
  const float* const last = a.data() + (s.m - 1) * row;
  std::vector<const float*> rows;
  for (int32_t r = 0; r < s.m; ++r) rows.push_back(last - r * row);
  std::vector<float> actual(s.m * s.n + 8, -77.0f), expected;
  PanelTask task{.rows = rows.data(),
                 .piece_stride = piece,
                 .pieces = s.pieces,
                 .depth = s.depth,
                 .m = s.m,
                 .c = actual.data(),
                 .c_stride = s.n,
                 .min = s.min,
                 .max = s.max,
                 .residual = s.residual_columns > 0 ? residual.data() : nullptr,
                 .residual_stride = s.residual_columns,
                 .residual_columns = s.residual_columns,
                 .slopes = s.slopes ? slopes.data() : nullptr};
  layout.multiply_rows(task, packed.data());
  for (int32_t i = 0; i < s.m; ++i)
    for (int32_t j = 0; j < s.n; ++j) {
      float sum = bias[j];
      for (int32_t q = 0; q < k; ++q)
        sum = sum + rows[i][q / s.depth * piece + q % s.depth] * b[q * s.n + j];
      if (j < s.residual_columns) sum = sum + residual[i * s.residual_columns + j];
      if (s.slopes && sum < 0) sum = sum * slopes[j];
      sum = sum < s.min ? s.min : sum;
      expected.push_back(sum > s.max ? s.max : sum);
    }
  for (int i = 0; i < 8; ++i) expected.push_back(-77.0f);  // nothing is written behind the end
  expect_same_bits(expected, actual);
  std::fill(actual.begin(), actual.end(), -77.0f);
  task.rows = nullptr;
  task.a = last;  // its rows, without a table
  task.a_stride = -row;
  layout.multiply_rows(task, packed.data());
  expect_same_bits(expected, actual);
}

TEST(Gemm, HasTheBitsOfPlainLoops) {
  const uint32_t seed = test_seed();
  for (const int32_t n : {1, 3, 4, 5, 8, 12, 13, 16, 28, 42})
    for (const int32_t m : {1, 2, 3, 4, 5, 8, 11, 70})
      for (const bool slopes : {false, true})
        check({1, 7, m, n, 0, slopes, -kInfinity, kInfinity}, seed);
}

TEST(Gemm, PiecesResidualSlopesAndClamp) {
  const uint32_t seed = test_seed();
  for (const int32_t n : {1, 4, 8, 20, 28, 42})
    for (const int32_t residual : {0, 1, 4, 7, 8, 20, 24, 42}) {
      if (residual > n) continue;
      check({3, 5, 9, n, residual, true, -kInfinity, kInfinity}, seed);
      check({2, 1, 4, n, residual, false, 0, 0.5f}, seed);
      check({3, 2, 1, n, residual, residual % 2 > 0, -0.5f, kInfinity}, seed);
    }
}

// A slope of 0, NaN or more than 1 among those of a panel; numbers of every kind on their way.
TEST(Gemm, BendsByEverySlope) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> a = {-kInfinity, kInfinity, nan, -0.0f, 0.0f, -3, 3, -1e-40f};
  const std::vector<float> ones(8, 1), none(8, -0.0f);
  const int32_t m = static_cast<int32_t>(a.size());
  for (const float special : {0.0f, -0.0f, nan, 2.0f, kInfinity, -kInfinity, -2.0f, 1.0f}) {
    SCOPED_TRACE(special);
    const std::vector<float> slopes = {0.25f, 1, -0.5f, 1e-30f, -1, 0.75f, special, 0.5f};
    const PanelLayout layout(1, 8);
    std::vector<float> packed(layout.floats()), actual(m * 8), expected;
    layout.pack_all({ones.data(), 1, 8, 8, 1}, none.data(), packed.data());
    layout.multiply_rows({.a = a.data(),
                          .a_stride = 1,
                          .depth = 1,
                          .m = m,
                          .c = actual.data(),
                          .c_stride = 8,
                          .min = -kInfinity,
                          .max = kInfinity,
                          .slopes = slopes.data()},
                         packed.data());
    for (const float x : a)
      for (const float slope : slopes) {
        const float sum = -0.0f + x * 1;
        expected.push_back(sum < 0 ? sum * slope : sum);
      }
    for (int32_t i = 0; i < m * 8; ++i) {
      SCOPED_TRACE(i);
      if (std::isnan(expected[i])) {
        EXPECT_TRUE(std::isnan(actual[i]));
      } else {
        EXPECT_EQ(std::bit_cast<uint32_t>(expected[i]), std::bit_cast<uint32_t>(actual[i]));
      }
    }
  }
}

TEST(Gemm, ProductsOfWholeMatrices) {
  const uint32_t seed = test_seed();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  for (const auto& [m, k, n] : {std::tuple{1, 1, 1}, {5, 33, 42}, {130, 12, 10}, {3, 0, 5}}) {
    SCOPED_TRACE(testing::Message() << m << " x " << k << " x " << n);
    const auto a = numbers(random, m * k), b = numbers(random, k * n), bias = numbers(random, n);
    std::vector<float> expected;
    for (int i = 0; i < m; ++i)
      for (int j = 0; j < n; ++j) {
        float sum = bias[j];
        for (int q = 0; q < k; ++q) sum = sum + a[i * k + q] * b[j * k + q];
        expected.push_back(sum);
      }
    const PanelLayout layout(k, n);
    const MatrixView transposed{b.data(), k, n, 1, k};
    std::vector<float> packed(layout.floats()), panel(layout.panel_floats());
    layout.pack_all(transposed, bias.data(), packed.data());
    std::vector<float> whole(m * n), by_panel(m * n);
    layout.multiply_all({a.data(), m, whole.data(), -kInfinity, kInfinity}, packed.data());
    expect_same_bits(expected, whole);
    for (int32_t i = 0; i < layout.panels(); ++i) {
      layout.pack(transposed, bias.data(), i, panel.data());
      layout.multiply({a.data(), m, by_panel.data(), -kInfinity, kInfinity}, i, panel.data());
    }
    expect_same_bits(expected, by_panel);
  }
}

TEST(Gemm, ClampKeepsNanAndHandlesInfinity) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float ones[3] = {1, 1, 1}, a[5] = {nan, kInfinity, -kInfinity, -2, 9};
  const PanelLayout layout(1, 3);
  std::vector<float> packed(layout.floats()), c(15);
  layout.pack_all({ones, 1, 3, 3, 1}, nullptr, packed.data());
  layout.multiply_all({a, 5, c.data(), -1, 6}, packed.data());
  expect_same_bits(std::vector<float>{nan, nan, nan, 6, 6, 6, -1, -1, -1, -1, -1, -1, 6, 6, 6}, c);
}

}  // namespace
}  // namespace wxnn
