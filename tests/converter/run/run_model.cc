// wxnn_run_model FILE.tflite: reads {"input": [numbers]} from stdin, runs the model, and prints
// [{"name", "shape", "dtype", "data"}] of its outputs. Infinities and NaN are strings.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "converter/files.h"
#include "core/model.h"
#include "formats/tflite_reader.h"

namespace {

using Json = nlohmann::json;

Json number_json(double d) {
  if (d != d) return "NaN";
  if (d - d != 0) return d > 0 ? "Infinity" : "-Infinity";
  return d;
}

double number_of(const Json& json) {
  if (json.is_boolean()) return json.get<bool>() ? 1 : 0;
  if (json.is_number()) return json.get<double>();
  if (json == "Infinity") return __builtin_inf();
  return json == "-Infinity" ? -__builtin_inf() : __builtin_nan("");
}

wxnn::Status fill(const Json& inputs, wxnn::Model& model, size_t i) {
  const std::string& name = model.graph().values[model.graph().inputs[i]].name;
  const wxnn::Tensor& t = model.input(i);
  WXNN_CHECK(inputs.contains(name) && inputs[name].is_array(), "there is no input \"{}\"", name);
  const Json& numbers = inputs[name];
  WXNN_CHECK(numbers.size() == static_cast<size_t>(t.shape.elements()),
             "input \"{}\" is {} and gets {} numbers", name, t.shape, numbers.size());
  for (int32_t k = 0; k < t.shape.elements(); ++k) {
    const double d = number_of(numbers[static_cast<size_t>(k)]);
    if (t.dtype == wxnn::DType::kFloat32) t.f32()[k] = static_cast<float>(d);
    if (t.dtype == wxnn::DType::kInt32) t.i32()[k] = static_cast<int32_t>(d);
    if (t.dtype == wxnn::DType::kBool) t.u8()[k] = d != 0;
  }
  return {};
}

Json output_json(const wxnn::Model& model, size_t i) {
  const wxnn::Tensor& t = model.output(i);
  Json json = {{"name", model.graph().values[model.graph().outputs[i]].name},
               {"dtype", name_of(t.dtype)},
               {"shape", std::vector<int32_t>(t.shape.dims().begin(), t.shape.dims().end())},
               {"data", Json::array()}};
  for (int32_t k = 0; k < t.shape.elements(); ++k) {
    const bool is_float = t.dtype == wxnn::DType::kFloat32;
    json["data"].push_back(is_float                         ? number_json(t.f32()[k])
                           : t.dtype == wxnn::DType::kInt32 ? Json(t.i32()[k])
                                                            : Json(t.u8()[k] != 0));
  }
  return json;
}

wxnn::Status run(const char* file, const Json& inputs) {
  std::string bytes;
  WXNN_TRY(wxnn::read_file(file, &bytes));
  wxnn::Buffer buffer;
  WXNN_TRY(buffer.allocate(bytes.size()));
  std::copy(bytes.begin(), bytes.end(), buffer.data<char>());
  wxnn::Graph graph;
  WXNN_TRY(wxnn::read_tflite(std::move(buffer), &graph));
  std::unique_ptr<wxnn::Model> model;
  WXNN_TRY(wxnn::Model::load(std::move(graph), &model));
  WXNN_TRY(model->reserve());  // a large arena waits for its first use
  for (size_t i = 0; i < model->graph().inputs.size(); ++i) WXNN_TRY(fill(inputs, *model, i));
  WXNN_TRY(model->run());
  Json outputs = Json::array();
  for (size_t i = 0; i < model->graph().outputs.size(); ++i)
    outputs.push_back(output_json(*model, i));
  std::puts(outputs.dump().c_str());
  return {};
}

}  // namespace

int main(int count, char** arguments) {
  const Json inputs = Json::parse(stdin, nullptr, false);
  if (count != 2 || inputs.is_discarded()) {
    std::fputs("wxnn_run_model MODEL.tflite < INPUTS.json\n", stderr);
    return 2;
  }
  const wxnn::Status status = run(arguments[1], inputs);
  if (status.ok()) return 0;
  std::fprintf(stderr, "%s: %s.\n", arguments[1], std::string(status.message()).c_str());
  return 1;
}
