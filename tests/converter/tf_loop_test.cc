// A SavedModel whose function loops over a variable until the data say so, against plain loops.
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "converter/convert.h"
#include "core/model.h"
#include "formats/tflite_reader.h"
#include "temporary_folder.h"
#include "tf_fixtures.h"

namespace wxnn {

namespace {

constexpr int kRows = 2, kColumns = 3;
constexpr double kLimit = 50;

std::string attr(const std::string& key, const std::string& value) {
  return "attr { key: '" + key + "' value { " + value + " } } ";
}

std::string node(const std::string& list, const std::string& name, const std::string& op,
                 const std::vector<std::string>& inputs, const std::string& attrs = "") {
  std::string text = list + " { name: '" + name + "' op: '" + op + "' ";
  for (const std::string& input : inputs) text += "input: '" + input + "' ";
  return text + attrs + "} ";
}

std::string constant(const std::string& name, const std::string& type, const std::string& value) {
  return node("node_def", name, "Const", {},
              attr("dtype", "type: " + type) +
                  attr("value", "tensor { dtype: " + type + " tensor_shape { } " + value + " }"));
}

std::string function(const std::string& name, const std::string& arguments,
                     const std::string& results, const std::string& nodes) {
  return "function { signature { name: '" + name + "' " + arguments + results + " } " + nodes +
         "} ";
}

// The state of the loop: turns, x, and the variable w, which the body reads.
std::string saved_model_text() {
  const std::string state =
      "input_arg { name: 'i' type: DT_INT32 } input_arg { name: 'x' type: DT_FLOAT } "
      "input_arg { name: 'w' type: DT_RESOURCE } ";
  const std::string condition = function(
      "goes_on", state, "output_arg { name: 'yes' type: DT_BOOL }",
      constant("axes", "DT_INT32", "int_val: 0") + constant("last", "DT_INT32", "int_val: 0") +
          constant("limit", "DT_FLOAT", "float_val: 50") +
          node("node_def", "square", "Mul", {"x", "x"}) +
          node("node_def", "rows", "Sum", {"square:z:0", "axes:output:0"}) +
          node("node_def", "sum", "Sum", {"rows:output:0", "last:output:0"}) +
          node("node_def", "below", "Less", {"sum:output:0", "limit:output:0"}) +
          "ret { key: 'yes' value: 'below:z:0' } ");
  const std::string body = function(
      "turn", state,
      "output_arg { name: 'i_out' type: DT_INT32 } output_arg { name: 'x_out' type: DT_FLOAT } "
      "output_arg { name: 'w_out' type: DT_RESOURCE }",
      constant("one", "DT_INT32", "int_val: 1") + constant("half", "DT_FLOAT", "float_val: 0.5") +
          node("node_def", "next", "AddV2", {"i", "one:output:0"}) +
          node("node_def", "read", "ReadVariableOp", {"w"}, attr("dtype", "type: DT_FLOAT")) +
          node("node_def", "product", "MatMul", {"x", "read:value:0"}) +
          node("node_def", "sum", "AddV2", {"product:product:0", "half:output:0"}) +
          "ret { key: 'i_out' value: 'next:z:0' } ret { key: 'x_out' value: 'sum:z:0' } "
          "ret { key: 'w_out' value: 'w' } ");
  const std::string entry = function(
      "entry", "input_arg { name: 'x' type: DT_FLOAT } input_arg { name: 'w' type: DT_RESOURCE } ",
      "output_arg { name: 'y' type: DT_FLOAT }",
      constant("zero", "DT_INT32", "int_val: 0") +
          node("node_def", "while", "While", {"zero:output:0", "x", "w"},
               attr("cond", "func { name: 'goes_on' }") + attr("body", "func { name: 'turn' }") +
                   attr("T", "list { type: DT_INT32 type: DT_FLOAT type: DT_RESOURCE }")) +
          node("node_def", "turns", "Cast", {"while:output:0"},
               attr("SrcT", "type: DT_INT32") + attr("DstT", "type: DT_FLOAT")) +
          node("node_def", "all", "AddV2", {"while:output:1", "turns:y:0"}) +
          "ret { key: 'y' value: 'all:z:0' } ");
  const std::string shape = "tensor_shape { dim { size: 2 } dim { size: 3 } }";
  return "saved_model_schema_version: 1 meta_graphs { meta_info_def { tags: 'serve' } graph_def "
         "{ " +
         node("node", "x", "Placeholder", {},
              attr("dtype", "type: DT_FLOAT") +
                  attr("shape", "shape { dim { size: 2 } dim { size: 3 } }")) +
         node("node", "handle", "VarHandleOp", {},
              attr("dtype", "type: DT_FLOAT") + attr("shared_name", "s: 'w'")) +
         node("node", "call", "StatefulPartitionedCall", {"x", "handle"},
              attr("f", "func { name: 'entry' }")) +
         "library { " + condition + body + entry +
         "} } signature_def { key: 'serving_default' value { inputs { key: 'x' value { name: 'x:0' "
         "dtype: DT_FLOAT " +
         shape + " } } outputs { key: 'y' value { name: 'call:0' dtype: DT_FLOAT " + shape +
         " } } } } }";
}

// What the loop gives, and its turns.
int plain_loop(const std::vector<float>& w, std::vector<double>* x) {
  int turns = 0;
  for (;; ++turns) {
    double sum = 0;
    for (const double d : *x) sum += d * d;
    if (sum >= kLimit) break;
    std::vector<double> next(x->size(), 0.5);
    for (int i = 0; i < kRows; ++i) {
      for (int j = 0; j < kColumns; ++j) {
        for (int k = 0; k < kColumns; ++k)
          next[i * kColumns + j] +=
              (*x)[i * kColumns + k] * static_cast<double>(w[k * kColumns + j]);
      }
    }
    *x = next;
  }
  for (double& d : *x) d += turns;
  return turns;
}

TEST(SavedModel, ALoopOverAVariable) {
  tf::SavedModel saved;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(saved_model_text(), &saved));
  std::mt19937 random(5);
  NamedTensor w{.name = "w", .shape = {kColumns, kColumns}, .numbers = {}};
  for (int i = 0; i < kColumns * kColumns; ++i)
    w.numbers.push_back(static_cast<float>(random()) * 0x1p-32f);
  const BundleFiles bundle = bundle_of({w});
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder.file("model/variables"));
  folder.write("model/saved_model.pb", saved.SerializeAsString());
  folder.write("model/variables/variables.index", bundle.index);
  folder.write("model/variables/variables.data-00000-of-00001", bundle.data);
  ConvertOptions options;
  options.source = folder.file("model");
  Converted converted;
  Status status = convert(options, &converted);
  ASSERT_TRUE(status.ok()) << status.message();
  Buffer bytes;
  ASSERT_TRUE(bytes.allocate(converted.written.bytes.size()).ok());
  std::ranges::copy(converted.written.bytes, bytes.data<char>());
  Graph graph;
  ASSERT_TRUE(read_tflite(std::move(bytes), &graph).ok());
  std::unique_ptr<Model> model;
  ASSERT_TRUE(Model::load(std::move(graph), &model).ok());
  int different = -1;
  for (const float scale : {0.01f, 0.5f, 20.0f}) {
    std::vector<double> x(kRows * kColumns);
    for (size_t i = 0; i < x.size(); ++i) {
      model->input(0).f32()[i] = static_cast<float>(random()) * 0x1p-32f * scale;
      x[i] = static_cast<double>(model->input(0).f32()[i]);
    }
    const int turns = plain_loop(w.numbers, &x);
    EXPECT_NE(turns, different);
    different = turns;
    ASSERT_TRUE(model->run().ok());
    for (size_t i = 0; i < x.size(); ++i)
      EXPECT_NEAR(static_cast<double>(model->output(0).f32()[i]), x[i], 1e-5 * x[i]) << turns;
  }
  EXPECT_EQ(different, 0);  // the last has nothing to do
}

}  // namespace

}  // namespace wxnn
