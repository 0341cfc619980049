#include <gtest/gtest.h>

#include <algorithm>

#include "core/op.h"
#include "core/ops_of_build.h"

namespace wxnn {
namespace {

TEST(OpTable, OperatorsThatReadTypesAloneAreNamed) {
  for (const Op* op : ops()) {
    const bool reads_types = std::ranges::any_of(
        op->inputs, [](const Port& port) { return (port.traits & kTypeOnly) != 0; });
    const bool named = std::ranges::find(kReadTypes, op->name) != std::end(kReadTypes);
    EXPECT_EQ(reads_types, named) << op->name;
  }
}

}  // namespace
}  // namespace wxnn
