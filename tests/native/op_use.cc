#include "op_use.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <string>

namespace wxnn {

namespace {

std::map<std::string, std::set<std::string>>& uses() {
  static std::map<std::string, std::set<std::string>> all;
  return all;
}

class EveryOperatorHasATest final : public testing::Environment {
 public:
  void TearDown() override {
    const testing::UnitTest& unit = *testing::UnitTest::GetInstance();
    if (unit.test_to_run_count() != unit.total_test_count()) return;  // some were left out
    for (const Op* op : ops()) {
      EXPECT_TRUE(uses().contains(op->name))
          << op->name << " is run by no test through OpTest or graph_text";
    }
    const char* file = std::getenv("WXNN_OP_USE");
    if (file == nullptr) return;
    std::ofstream to(file);
    for (const auto& [name, dtypes] : uses()) {
      to << name;
      for (const std::string& dtype : dtypes) to << ' ' << dtype;
      to << '\n';
    }
  }
};

[[maybe_unused]] const testing::Environment* const kRegistered =
    testing::AddGlobalTestEnvironment(new EveryOperatorHasATest);

}  // namespace

void record_use(const Op& op) { uses()[op.name]; }

void record_use(const Op& op, DType dtype) { uses()[op.name].insert(std::string(name_of(dtype))); }

}  // namespace wxnn
