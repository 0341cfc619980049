#include "onnx_cases.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>

#include "converter/convert.h"
#include "converter/files.h"
#include "converter/onnx_tensor.h"
#include "core/model.h"
#include "formats/tflite_reader.h"
#include "onnx/onnx.pb.h"

namespace wxnn {

namespace {

namespace fs = std::filesystem;

struct Data {
  std::vector<OnnxConstant> inputs, outputs;
};

Status read_tensors(const fs::path& folder, const char* what, std::vector<OnnxConstant>* tensors) {
  for (int i = 0;; ++i) {
    const fs::path file = folder / std::string(sentence<"{}_{}.pb">(what, i));
    if (!fs::exists(file)) return {};
    std::string bytes;
    WXNN_TRY(read_file(file, &bytes));
    onnx::TensorProto proto;
    WXNN_CHECK(proto.ParseFromString(bytes), "is no tensor");
    tensors->emplace_back();
    WXNN_TRY(read_onnx_tensor("", proto, &tensors->back()));
  }
}

bool is_ordinary(const onnx::ValueInfoProto& value) {
  DType dtype;
  return value.type().has_tensor_type() &&
         onnx_dtype(value.type().tensor_type().elem_type(), &dtype).ok();
}

double number_at(const TensorType& type, const void* data, int32_t i) {
  if (type.dtype == DType::kFloat32) return static_cast<const float*>(data)[i];
  return type.dtype == DType::kInt32 ? static_cast<const int32_t*>(data)[i]
                                     : static_cast<const uint8_t*>(data)[i];
}

// The tolerance of ONNX's own test runner.
bool close(double got, double want) {
  constexpr double kRelative = 1e-3, kAbsolute = 1e-7;
  if (got == want || (got != got && want != want)) return true;
  return std::abs(got - want) <= kAbsolute + kRelative * std::abs(want);
}

Status compare(const Model& model, const std::vector<OnnxConstant>& wanted) {
  WXNN_CHECK(model.graph().outputs.size() == wanted.size(), "gives {} outputs",
             model.graph().outputs.size());
  for (size_t k = 0; k < wanted.size(); ++k) {
    const Tensor& got = model.output(k);
    WXNN_CHECK(got.shape == wanted[k].type.shape && got.dtype == wanted[k].type.dtype,
               "output {} is {} {}, should be {} {}", k, name_of(got.dtype), got.shape,
               name_of(wanted[k].type.dtype), wanted[k].type.shape);
    for (int32_t i = 0; i < got.shape.elements(); ++i) {
      const double a = number_at(got, got.data, i), b = number_at(got, wanted[k].bytes.data(), i);
      WXNN_CHECK(close(a, b), "output {} has {} at {}, should be {}", k, std::to_string(a), i,
                 std::to_string(b));
    }
  }
  return {};
}

// `wrong` tells a refusal from a result that is not right.
Status run_graph(Graph graph, const Data& data, bool* wrong) {
  std::unique_ptr<Model> model;
  *wrong = true;
  WXNN_TRY(Model::load(std::move(graph), &model));
  WXNN_CHECK(model->planned(), "was not planned");
  WXNN_CHECK(model->graph().inputs.size() <= data.inputs.size(), "wants {} inputs",
             model->graph().inputs.size());
  for (size_t i = 0; i < model->graph().inputs.size(); ++i) {
    const Tensor& t = model->input(i);
    WXNN_CHECK(static_cast<const TensorType&>(t) == data.inputs[i].type,
               "input {} is {}, the data {}", i, t.shape, data.inputs[i].type.shape);
    std::memcpy(t.data, data.inputs[i].bytes.data(), t.bytes());
  }
  WXNN_TRY(model->run());
  return compare(*model, data.outputs);
}

// The inputs that are not fixed, in order.
Data without_fixed(const Data& data, size_t fixed_from) {
  Data left = data;
  if (left.inputs.size() > fixed_from) left.inputs.resize(fixed_from);
  return left;
}

Status run_both_ways(const ConvertOptions& options, const Data& data, CaseResult* result,
                     bool* wrong) {
  Source source;
  WXNN_TRY(read_source(options, &source));
  WXNN_TRY(run_graph(std::move(source.graph), data, wrong));
  Converted converted;
  *wrong = false;
  Status status = convert(options, &converted);
  result->builtin = status.ok();
  result->reason = std::string(status.message());
  if (!status.ok()) {  // some operator is ours alone
    ConvertOptions with_custom = options;
    with_custom.custom_ops = true;
    converted = {};
    WXNN_TRY(convert(with_custom, &converted));
  }
  *wrong = true;
  Buffer bytes;
  WXNN_TRY(bytes.allocate(converted.written.bytes.size()));
  std::ranges::copy(converted.written.bytes, bytes.data<char>());
  Graph graph;
  Status read = read_tflite(std::move(bytes), &graph);
  if (read.ok()) read = run_graph(std::move(graph), data, wrong);
  return read.ok() ? Status() : std::move(read).at("as .tflite");
}

// The cases give as inputs what models have as constants: shapes, axes, scales. Where the importer
// needs one beforehand, inputs are fixed, from the last one on.
Status run_fixing(const onnx::GraphProto& graph, const std::string& file, const Data& data,
                  CaseResult* result, bool* wrong) {
  for (size_t keep = data.inputs.size();; --keep) {
    ConvertOptions options;
    options.source = file;
    for (size_t i = keep; i < data.inputs.size(); ++i) {
      std::vector<double> numbers;
      const OnnxConstant& c = data.inputs[i];
      for (int32_t k = 0; k < c.type.shape.elements(); ++k)
        numbers.push_back(number_at(c.type, c.bytes.data(), k));
      options.constants.push_back({graph.input(static_cast<int>(i)).name(), numbers});
    }
    result->fixed = static_cast<int>(data.inputs.size() - keep);
    Status status = run_both_ways(options, without_fixed(data, keep), result, wrong);
    const bool again = !status.ok() && !*wrong && keep > 0 &&
                       status.message().find("known beforehand") != std::string::npos;
    if (!again) return status;
  }
}

}  // namespace

std::string onnx_case_folder() {
  const char* folder = "/usr/share/libonnx-testdata/data/node";
  return is_folder(folder) ? folder : "";
}

std::vector<std::string> onnx_case_names() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(onnx_case_folder()))
    names.push_back(entry.path().filename());
  std::ranges::sort(names);
  return names;
}

CaseResult run_onnx_case(const std::string& name) {
  CaseResult result{.name = name};
  const fs::path folder = fs::path(onnx_case_folder()) / name;
  const std::string file = folder / "model.onnx";
  std::string bytes;
  onnx::ModelProto proto;
  Status status = read_file(file, &bytes);
  if (!status.ok() || !proto.ParseFromString(bytes) || proto.graph().node_size() == 0) {
    result.outcome = Outcome::kWrong;
    result.reason = "the case cannot be read";
    return result;
  }
  // An "expanded" case is an operator's definition in terms of others.
  result.op = proto.graph().node(proto.graph().node_size() - 1).op_type();
  const auto ordinary = [](const auto& list) { return std::ranges::all_of(list, is_ordinary); };
  const bool other_domain = std::ranges::any_of(
      proto.graph().node(), [](const onnx::NodeProto& n) { return !n.domain().empty(); });
  const bool foreign =
      other_domain || !ordinary(proto.graph().input()) || !ordinary(proto.graph().output());
  Data data;
  bool wrong = false;
  status = foreign ? Status() : read_tensors(folder / "test_data_set_0", "input", &data.inputs);
  if (status.ok() && !foreign)
    status = read_tensors(folder / "test_data_set_0", "output", &data.outputs);
  if (status.ok()) status = run_fixing(proto.graph(), file, data, &result, &wrong);
  if (foreign && !wrong) wrong = status.ok();
  if (!status.ok()) result.reason = std::string(status.message());
  result.outcome = foreign       ? Outcome::kForeign
                   : status.ok() ? Outcome::kPassed
                   : wrong       ? Outcome::kWrong
                                 : Outcome::kRefused;
  return result;
}

}  // namespace wxnn
