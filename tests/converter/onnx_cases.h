// ONNX's own operator tests (Debian's libonnx-testdata): a model of one operator, inputs and the
// outputs that the specification wants.
#pragma once
#include <string>
#include <vector>

namespace wxnn {

enum class Outcome {
  kPassed,   // the converted model gives the expected outputs
  kRefused,  // in a sentence
  kWrong,    // other outputs, or a result that does not run
  kForeign,  // its inputs or outputs are no float32, int32, int64 or bool tensors; must be refused
};

struct CaseResult {
  std::string name, op;
  Outcome outcome = Outcome::kPassed;
  std::string reason;
  int fixed = 0;         // inputs that had to be known beforehand
  bool builtin = false;  // the .tflite needs no custom operators
};

// The folder of the cases, or empty where they are not installed.
std::string onnx_case_folder();
std::vector<std::string> onnx_case_names();
// Imports the case, runs it on the engine, and where TensorFlow Lite has all its operators writes
// the .tflite, reads it back and runs that too.
CaseResult run_onnx_case(const std::string& name);

// docs/onnx.md: a line per operator.
std::string onnx_table(const std::vector<CaseResult>& results);

}  // namespace wxnn
