#include <gtest/gtest.h>

#include <cstdlib>
#include <map>

#include "converter/files.h"
#include "onnx_cases.h"

namespace wxnn {

namespace {

// WXNN_ONNX_CASES=all prints each case that did not pass; WXNN_ONNX_TRACE=1 names each before it
// runs.
void print(const std::vector<CaseResult>& results, Outcome outcome, const char* title) {
  if (std::getenv("WXNN_ONNX_CASES") == nullptr) return;
  for (const CaseResult& r : results) {
    if (r.outcome == outcome)
      std::printf("%s %s (%s): %s\n", title, r.name.c_str(), r.op.c_str(), r.reason.c_str());
  }
}

TEST(OnnxCases, GiveWhatTheSpecificationWants) {
  if (onnx_case_folder().empty()) GTEST_SKIP() << "libonnx-testdata is not installed";
  std::vector<CaseResult> results;
  std::map<Outcome, int> counts;
  int builtin = 0, fixed = 0;
  for (const std::string& name : onnx_case_names()) {
    if (std::getenv("WXNN_ONNX_TRACE") != nullptr) std::fprintf(stderr, "%s\n", name.c_str());
    results.push_back(run_onnx_case(name));
    ++counts[results.back().outcome];
    fixed += results.back().outcome == Outcome::kPassed && results.back().fixed > 0;
    builtin += results.back().outcome == Outcome::kPassed && results.back().builtin;
  }
  print(results, Outcome::kWrong, "WRONG");
  print(results, Outcome::kRefused, "REFUSED");
  std::printf(
      "ONNX cases: %d passed (%d of them as .tflite without custom operators; in %d some inputs "
      "were fixed), %d refused, %d wrong; %d of other types\n",
      counts[Outcome::kPassed], builtin, fixed, counts[Outcome::kRefused], counts[Outcome::kWrong],
      counts[Outcome::kForeign]);
  EXPECT_EQ(counts[Outcome::kWrong], 0);
  // 95% of those that a widely used runtime passes, 764 of the 781 of these types.
  EXPECT_EQ(counts[Outcome::kPassed] + counts[Outcome::kRefused], 781);
  EXPECT_GE(counts[Outcome::kPassed], 742);
  const std::string table = onnx_table(results);
  if (const char* file = std::getenv("WXNN_ONNX_TABLE")) EXPECT_TRUE(write_file(file, table).ok());
  std::string committed;
  ASSERT_TRUE(read_file(WXNN_ROOT "/docs/onnx.md", &committed).ok());
  EXPECT_EQ(committed, table) << "docs/onnx.md is out of date";
}

}  // namespace

}  // namespace wxnn
