#include "core/first_nan.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace wxnn {
namespace {

TEST(FirstNan, IsFoundAtEveryPlace) {
  constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (int32_t count = 0; count <= 19; ++count) {
    std::vector<float> x(count + 1, -kInfinity);  // infinities are none
    x[count] = kNaN;                              // nor is what lies behind the end
    EXPECT_EQ(first_nan(x.data(), count), -1) << count;
    for (int32_t at = count; at-- > 0;) {
      x[at] = -kNaN;
      EXPECT_EQ(first_nan(x.data(), count), at) << count;
    }
  }
}

}  // namespace
}  // namespace wxnn
