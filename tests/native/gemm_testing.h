// What the tests of the matrix kernels share: every tile of the build, random numbers from a
// printed seed, and comparison bit for bit.
#pragma once

#include <gtest/gtest.h>
#include <xnnpack.h>

#include <bit>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "kernels/gemm.h"

namespace wxnn::gemm_testing {

inline constexpr float kInfinity = std::numeric_limits<float>::infinity();

// Printed with every failure; the same numbers again with --gtest_random_seed=N.
inline uint32_t seed() {
  static const uint32_t value = [] {
    const int asked = GTEST_FLAG_GET(random_seed);
    return asked != 0
               ? asked
               : static_cast<int>(
                     std::chrono::steady_clock::now().time_since_epoch().count() % 99999 + 1);
  }();
  return value;
}

inline std::vector<float> random_floats(size_t n, std::mt19937& random) {
  std::uniform_real_distribution<float> in(-1.0f, 1.0f);
  std::vector<float> v(n);
  for (float& x : v) x = in(random);
  return v;
}

struct Range {
  float min = -kInfinity, max = kInfinity;
};
inline float clamp(float v, Range range) {
  v = v < range.min ? range.min : v;
  return v > range.max ? range.max : v;
}

struct Operator {
  xnn_operator_t op = nullptr;
  Operator() { EXPECT_EQ(xnn_initialize(nullptr), xnn_status_success); }
  Operator(const Operator&) = delete;
  ~Operator() { xnn_delete_operator(op); }
  void run() { EXPECT_EQ(xnn_run_operator(op, nullptr), xnn_status_success); }
};

// Any NaN equals any NaN; everything else bit for bit.
inline void expect_same_bits(const std::vector<float>& expected, const std::vector<float>& actual) {
  ASSERT_EQ(expected.size(), actual.size());
  for (size_t i = 0; i < expected.size(); i++) {
    if (std::isnan(expected[i]) && std::isnan(actual[i])) continue;
    ASSERT_EQ(std::bit_cast<uint32_t>(expected[i]), std::bit_cast<uint32_t>(actual[i]))
        << "at " << i << ": expected " << expected[i] << ", got " << actual[i];
  }
}

// Runs `body` with each tile of this build.
template <typename Body>
void for_each_tile(Body body) {
  for (size_t tile = 0; tile < wxnn_gemm_tile_count(); tile++) {
    wxnn_use_gemm_tile(tile);
    SCOPED_TRACE(std::string("tile ") + wxnn_gemm_tile_name(tile) +
                 ", --gtest_random_seed=" + std::to_string(seed()));
    body();
  }
  wxnn_use_gemm_tile(0);
}

}  // namespace wxnn::gemm_testing
