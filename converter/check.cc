#include "converter/check.h"

#include <cmath>
#include <random>

#include "core/model.h"
#include "formats/tflite_reader.h"

namespace wxnn {

namespace {

void fill(const Tensor& t, std::mt19937& random) {
  const int32_t n = t.shape.elements();
  for (int32_t i = 0; i < n; ++i) {
    const uint32_t bits = random();
    if (t.dtype == DType::kFloat32) {
      t.f32()[i] = static_cast<float>(static_cast<int32_t>(bits)) * 0x1p-31f;
    } else if (t.dtype == DType::kInt32) {
      t.i32()[i] = static_cast<int32_t>(bits >> 29);
    } else {
      t.u8()[i] = bits >> 31;
    }
  }
}

double number_at(const Tensor& t, int32_t i) {
  if (t.dtype == DType::kFloat32) return t.f32()[i];
  return t.dtype == DType::kInt32 ? t.i32()[i] : t.u8()[i];
}

Status settle(const ConvertOptions& options, Model* model) {
  for (size_t i = 0; i < model->graph().inputs.size(); ++i) {
    for (const auto& [name, shape] : options.inputs) {
      const Value& value = model->graph().values[model->graph().inputs[i]];
      if (value.name == name || value.name == name + ":0") WXNN_TRY(model->resize(i, shape));
    }
  }
  WXNN_CHECK(model->planned(), "an input's size is open: say it with --input");
  return {};
}

Status run_seeded(const ConvertOptions& options, Model* model) {
  WXNN_TRY(settle(options, model));
  WXNN_TRY(model->reserve());
  std::mt19937 random(1);
  for (size_t i = 0; i < model->graph().inputs.size(); ++i) fill(model->input(i), random);
  return model->run();
}

double difference_of(double a, double b) {
  if (a == b || (a != a && b != b)) return 0;
  return std::abs(a - b);
}

}  // namespace

Status check_conversion(const ConvertOptions& options, const std::string& tflite,
                        std::vector<OutputDifference>* differences) {
  Source source;
  WXNN_TRY(read_source(options, &source));
  std::unique_ptr<Model> before, after;
  WXNN_TRY(Model::load(std::move(source.graph), &before));
  // The ONNX importer has set the sizes, perhaps in another layout; the result has those that were
  // said.
  const ConvertOptions settled;
  WXNN_TRY(run_seeded(source.format == "ONNX" ? settled : options, before.get()));
  Buffer file;
  WXNN_TRY(file.allocate(tflite.size()));
  std::copy(tflite.begin(), tflite.end(), file.data<char>());
  Graph graph;
  WXNN_TRY(read_tflite(std::move(file), &graph));
  WXNN_TRY(Model::load(std::move(graph), &after));
  WXNN_TRY(run_seeded(settled, after.get()));
  for (size_t i = 0; i < after->graph().outputs.size(); ++i) {
    const Tensor& b = after->output(i);
    OutputDifference d{.name = after->graph().values[after->graph().outputs[i]].name,
                       .shape = b.shape};
    for (size_t k = 0; k < before->graph().outputs.size(); ++k) {
      if (before->graph().values[before->graph().outputs[k]].name != d.name) continue;
      const Tensor& a = before->output(k);
      WXNN_CHECK(a.shape == b.shape && a.dtype == b.dtype,
                 "output \"{}\" is {} {} after the conversion and was {} {}", d.name,
                 name_of(b.dtype), b.shape, name_of(a.dtype), a.shape);
      for (int32_t e = 0; e < a.shape.elements(); ++e) {
        d.largest = std::max(d.largest, std::abs(number_at(a, e)));
        d.difference = std::fmax(d.difference, difference_of(number_at(a, e), number_at(b, e)));
      }
    }
    differences->push_back(d);
  }
  return {};
}

}  // namespace wxnn
