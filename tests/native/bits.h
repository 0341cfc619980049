// Comparison bit for bit.
#pragma once
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <span>

namespace wxnn {

// Any NaN equals any NaN; everything else bit for bit.
inline void expect_same_bits(std::span<const float> expected, std::span<const float> actual) {
  ASSERT_EQ(expected.size(), actual.size());
  for (size_t i = 0; i < expected.size(); i++) {
    if (std::isnan(expected[i]) && std::isnan(actual[i])) continue;
    ASSERT_EQ(std::bit_cast<uint32_t>(expected[i]), std::bit_cast<uint32_t>(actual[i]))
        << "at " << i << ": expected " << expected[i] << ", got " << actual[i];
  }
}

}  // namespace wxnn
