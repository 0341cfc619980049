#include "core/self_test.h"

#include <gtest/gtest.h>

namespace wxnn {
namespace {

TEST(SelfTest, PassesOnThisBuild) {
  const Status status = self_test();
  EXPECT_TRUE(status.ok()) << status.message();
}

}  // namespace
}  // namespace wxnn
