// The matrix kernels of native/kernels/gemm.cc through XNNPACK's matrix products: every tile gives
// the bits of plain loops.

#include "gemm_testing.h"

#include <cstdlib>
#include <memory>

namespace {

using namespace wxnn::gemm_testing;

struct FullyConnected {
  size_t inputs, outputs;
  bool transposed;  // weights [inputs][outputs] instead of [outputs][inputs]
};

void check(const FullyConnected& f) {
  std::mt19937 random(seed());
  const auto weights = random_floats(f.inputs * f.outputs, random);
  const auto bias = random_floats(f.outputs, random);
  Operator product;
  ASSERT_EQ(xnn_create_fully_connected_nc_f32(f.inputs, f.outputs, f.inputs, f.outputs,
                                              weights.data(), bias.data(), -kInfinity, kInfinity,
                                              f.transposed ? XNN_FLAG_TRANSPOSE_WEIGHTS : 0,
                                              nullptr, nullptr, &product.op),
            xnn_status_success);
  for (const size_t rows : {1, 5}) {
    SCOPED_TRACE(std::to_string(rows) + " rows");
    const auto input = random_floats(rows * f.inputs, random);
    std::vector<float> expected, actual(rows * f.outputs, -77.0f);
    for (size_t row = 0; row < rows; row++)
      for (size_t o = 0; o < f.outputs; o++) {
        float acc = bias[o];
        for (size_t i = 0; i < f.inputs; i++)
          acc = acc + input[row * f.inputs + i] *
                          weights[f.transposed ? i * f.outputs + o : o * f.inputs + i];
        expected.push_back(acc);
      }
    ASSERT_EQ(xnn_reshape_fully_connected_nc_f32(product.op, rows, nullptr), xnn_status_success);
    ASSERT_EQ(xnn_setup_fully_connected_nc_f32(product.op, input.data(), actual.data()),
              xnn_status_success);
    product.run();
    expect_same_bits(expected, actual);
  }
}

TEST(Gemm, FullyConnectedHasTheBitsOfPlainLoops) {
  for (const FullyConnected& f : {FullyConnected{1, 1, false},
                                  {7, 3, false},
                                  {64, 10, true},
                                  {33, 42, false},
                                  {128, 17, true},
                                  {5, 48, false}}) {
    SCOPED_TRACE(std::to_string(f.inputs) + " to " + std::to_string(f.outputs) +
                 (f.transposed ? ", transposed weights" : ""));
    for_each_tile([&] { check(f); });
  }
}

TEST(Gemm, BatchMatrixMultiplyHasTheBitsOfPlainLoops) {
  const size_t batch = 3, m = 5, k = 7, n = 18;
  std::mt19937 random(seed());
  const auto a = random_floats(batch * m * k, random), b = random_floats(batch * k * n, random);
  std::vector<float> expected;
  for (size_t p = 0; p < batch; p++)
    for (size_t i = 0; i < m; i++)
      for (size_t j = 0; j < n; j++) {
        float acc = 0;
        for (size_t q = 0; q < k; q++) acc = acc + a[(p * m + i) * k + q] * b[(p * k + q) * n + j];
        expected.push_back(acc);
      }
  for_each_tile([&] {
    Operator product;
    ASSERT_EQ(xnn_create_batch_matrix_multiply_nc_f32(0, &product.op), xnn_status_success);
    size_t workspace = 0, alignment = 0;
    ASSERT_EQ(xnn_reshape_batch_matrix_multiply_nc_f32(product.op, 1, &batch, &batch, m, k, n,
                                                       &workspace, &alignment, nullptr),
              xnn_status_success);
    std::vector<float> actual(batch * m * n);
    const std::unique_ptr<void, decltype(&std::free)> scratch(
        std::aligned_alloc(64, (workspace + 127) / 64 * 64), &std::free);
    ASSERT_EQ(xnn_setup_batch_matrix_multiply_nc_f32(product.op, scratch.get(), a.data(), b.data(),
                                                     actual.data()),
              xnn_status_success);
    product.run();
    expect_same_bits(expected, actual);
  });
}

TEST(Gemm, ClampKeepsNanAndHandlesInfinity) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float weights[3] = {1, 1, 1}, input[5] = {nan, kInfinity, -kInfinity, -2, 9};
  for_each_tile([&] {
    Operator product;
    ASSERT_EQ(xnn_create_fully_connected_nc_f32(1, 3, 1, 3, weights, nullptr, -1, 6, 0, nullptr,
                                                nullptr, &product.op),
              xnn_status_success);
    ASSERT_EQ(xnn_reshape_fully_connected_nc_f32(product.op, 5, nullptr), xnn_status_success);
    std::vector<float> output(15);
    ASSERT_EQ(xnn_setup_fully_connected_nc_f32(product.op, input, output.data()),
              xnn_status_success);
    product.run();
    expect_same_bits({nan, nan, nan, 6, 6, 6, -1, -1, -1, -1, -1, -1, 6, 6, 6}, output);
  });
}

TEST(Gemm, AnEmptyBatchWritesNothing) {
  const float weights[3] = {1, 1, 1};
  float output[3] = {5, 5, 5};
  Operator product;
  ASSERT_EQ(xnn_create_fully_connected_nc_f32(1, 3, 1, 3, weights, nullptr, -kInfinity, kInfinity,
                                              0, nullptr, nullptr, &product.op),
            xnn_status_success);
  ASSERT_EQ(xnn_reshape_fully_connected_nc_f32(product.op, 0, nullptr), xnn_status_success);
  ASSERT_EQ(xnn_setup_fully_connected_nc_f32(product.op, weights, output), xnn_status_success);
  product.run();
  EXPECT_EQ(output[0], 5);
}

TEST(Gemm, WideTileOnlyWhereItWastesLittle) {
  if (wxnn_gemm_tile_count() == 1) GTEST_SKIP() << "this build has one tile";
  const auto selected = [](size_t outputs) {
    wxnn_select_gemm_tile(outputs);
    return std::string(wxnn_gemm_tile_name(wxnn_gemm_tile()));
  };
  EXPECT_EQ(selected(1), "4x4");
  EXPECT_EQ(selected(5), "4x8");
  EXPECT_EQ(selected(16), "2x16");
  EXPECT_EQ(selected(24), "4x8");
  EXPECT_EQ(selected(42), "4x8");
  EXPECT_EQ(selected(96), "2x16");
  EXPECT_EQ(selected(1000), "2x16");
  wxnn_use_gemm_tile(0);
}

}  // namespace
