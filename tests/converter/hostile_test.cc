// Files that are not what they claim: each ends in one sentence, and no file outside the model's
// folder is opened.
#include <gtest/gtest.h>

#include "converter/convert.h"
#include "converter/files.h"
#include "onnx/onnx.pb.h"
#include "temporary_folder.h"

namespace wxnn {

namespace {

std::string refusal(const std::string& file) {
  ConvertOptions options;
  options.source = file;
  Converted converted;
  Status status = convert(options, &converted);
  EXPECT_FALSE(status.ok());
  return std::string(status.message());
}

#define EXPECT_SAYS(text, part) EXPECT_NE(text.find(part), std::string::npos) << text

TEST(Hostile, FilesOfAnotherKind) {
  const TemporaryFolder folder;
  EXPECT_SAYS(refusal(folder.file("absent.onnx")), "cannot open");
  EXPECT_SAYS(refusal(folder.write("page.json", "<html>")), "is no .tflite, model.json");
  EXPECT_SAYS(refusal(folder.write("a.json", "{}")), "no \"modelTopology\"");
  EXPECT_SAYS(refusal(folder.write("b.json", "{\"modelTopology\": {\"node\": [")),
              "\": it is no JSON, or damaged");
  EXPECT_SAYS(refusal(folder.write("c.onnx", "\x08\x01garbage")),
              "c.onnx\": it is no ONNX model, or damaged");
  EXPECT_SAYS(
      refusal(folder.write("d.tflite", std::string("\0\0\0\0TFL3", 8) + std::string(40, '\xff'))),
      "damaged");
  EXPECT_SAYS(refusal(folder.write("deep.json", "{\"modelTopology\":" + std::string(100000, '['))),
              "damaged");
}

TEST(Hostile, WeightFilesOutsideTheFolder) {
  const TemporaryFolder folder;
  std::string path;
  for (const char* name : {"/etc/passwd", "../secret", "a/../../secret", "", "..\\secret"}) {
    EXPECT_FALSE(sibling(folder.file("model.json"), name, &path).ok()) << name;
  }
  EXPECT_TRUE(sibling(folder.file("model.json"), "weights/1.bin", &path).ok());
  std::filesystem::create_symlink("/etc/hostname", folder.file("link.bin"));
  EXPECT_FALSE(sibling(folder.file("model.json"), "link.bin", &path).ok());
  const std::string json =
      R"({"modelTopology": {"node": []}, "weightsManifest": [{"paths": ["../../../etc/hostname"], "weights": []}]})";
  EXPECT_SAYS(refusal(folder.write("model.json", json)), "outside its folder");
}

std::string graph_json(const std::string& nodes, const std::string& weights = "") {
  return R"({"modelTopology": {"node": [)" + nodes +
         R"(]}, "weightsManifest": [{"paths": [], "weights": [)" + weights + "]}]}";
}

TEST(Hostile, TfjsGraphs) {
  const TemporaryFolder folder;
  const auto says = [&](const std::string& json) {
    return refusal(folder.write("model.json", json));
  };
  EXPECT_SAYS(says(graph_json("")), "no outputs");
  EXPECT_SAYS(
      says(graph_json(
          R"({"name": "a", "op": "Relu", "input": ["b"]}, {"name": "b", "op": "Relu", "input": ["a"]},
                                 {"name": "c", "op": "Relu", "input": ["a"]})")),
      "depends on itself");
  EXPECT_SAYS(says(graph_json(R"({"name": "a", "op": "Relu", "input": ["nobody"]})")),
              "no tensor \"nobody\"");
  EXPECT_SAYS(says(graph_json(R"({"name": "a", "op": "FFT3D", "input": []})")), "FFT3D (1): \"a\"");
  EXPECT_SAYS(says(graph_json(
                  R"({"name": "w", "op": "Const"}, {"name": "a", "op": "Relu", "input": ["w"]})",
                  R"({"name": "w", "dtype": "float32", "shape": [100000, 100000]})")),
              "larger than all weight files");
  EXPECT_SAYS(says(graph_json(
                  R"({"name": "w", "op": "Const"}, {"name": "a", "op": "Relu", "input": ["w"]})",
                  R"({"name": "w", "dtype": "float32", "shape": [-1]})")),
              "out of range");
  EXPECT_SAYS(says(graph_json(R"({"name": 5, "op": {}})")), "no name or op");
}

// y = Relu(x), with one field spoiled by the caller.
onnx::ModelProto small_model() {
  onnx::ModelProto model;
  model.set_ir_version(8);
  model.add_opset_import()->set_version(13);
  auto* x = model.mutable_graph()->add_input();
  x->set_name("x");
  x->mutable_type()->mutable_tensor_type()->set_elem_type(onnx::TensorProto::FLOAT);
  x->mutable_type()->mutable_tensor_type()->mutable_shape()->add_dim()->set_dim_value(4);
  auto* node = model.mutable_graph()->add_node();
  node->set_op_type("Relu");
  node->add_input("x");
  node->add_output("y");
  model.mutable_graph()->add_output()->set_name("y");
  return model;
}

TEST(Hostile, OnnxScalarsHaveNoAxis) {
  const TemporaryFolder folder;
  for (const char* op : {"Softmax", "LogSoftmax", "Hardmax"}) {
    onnx::ModelProto model = small_model();
    model.mutable_graph()->mutable_node(0)->set_op_type(op);
    model.mutable_graph()
        ->mutable_input(0)
        ->mutable_type()
        ->mutable_tensor_type()
        ->mutable_shape()
        ->clear_dim();
    for (const int opset : {11, 13}) {
      model.mutable_opset_import(0)->set_version(opset);
      EXPECT_SAYS(refusal(folder.write("model.onnx", model.SerializeAsString())),
                  "its input has no axis");
    }
  }
}

TEST(Hostile, OnnxModels) {
  const TemporaryFolder folder;
  const auto says = [&](const onnx::ModelProto& model) {
    return refusal(folder.write("model.onnx", model.SerializeAsString()));
  };
  const auto dims = [](onnx::ModelProto& m) {
    return m.mutable_graph()
        ->mutable_input(0)
        ->mutable_type()
        ->mutable_tensor_type()
        ->mutable_shape();
  };
  onnx::ModelProto m = small_model();
  dims(m)->mutable_dim(0)->set_dim_value(-3);
  EXPECT_SAYS(says(m), "a dimension of -3");
  m = small_model();
  for (int i = 0; i < 4; ++i) dims(m)->add_dim()->set_dim_value(1 << 20);
  EXPECT_SAYS(says(m), "does not fit in memory");
  m = small_model();
  m.mutable_graph()->mutable_node(0)->set_input(0, "y");
  EXPECT_SAYS(says(m), "\"y\" is computed by no node");
  m = small_model();
  m.mutable_graph()->add_node()->CopyFrom(m.graph().node(0));
  EXPECT_SAYS(says(m), "written twice");
  m = small_model();
  m.mutable_graph()->mutable_node(0)->add_attribute()->set_name("strange");
  EXPECT_SAYS(says(m), "the attribute \"strange\", which is not known");
  m = small_model();
  m.mutable_opset_import(0)->set_version(99);
  EXPECT_SAYS(says(m), "opset 99");
  m = small_model();
  auto* tensor = m.mutable_graph()->add_initializer();
  tensor->set_name("w");
  tensor->set_data_type(onnx::TensorProto::FLOAT);
  tensor->add_dims(1);
  tensor->set_data_location(onnx::TensorProto::EXTERNAL);
  auto* location = tensor->add_external_data();
  location->set_key("location");
  location->set_value("/etc/hostname");
  EXPECT_SAYS(says(m), "outside its folder");
}

// Found by tools/test fuzz: a pool with an int64 that is no int32.
TEST(Hostile, OnnxIntegersBeyondInt32) {
  const TemporaryFolder folder;
  for (const int64_t wide : {int64_t{468337000000000000}, INT64_MIN, int64_t{INT32_MAX} + 1}) {
    for (const char* spoiled : {"pool_int64s", "ngram_counts", "ngram_indexes"}) {
      onnx::ModelProto m = small_model();
      onnx::NodeProto* node = m.mutable_graph()->mutable_node(0);
      node->set_op_type("TfIdfVectorizer");
      for (const char* name : {"pool_int64s", "ngram_counts", "ngram_indexes"}) {
        onnx::AttributeProto* list = node->add_attribute();
        list->set_name(name);
        list->set_type(onnx::AttributeProto::INTS);
        list->add_ints(std::string_view(name) == spoiled ? wide : 0);
      }
      EXPECT_SAYS(refusal(folder.write("model.onnx", m.SerializeAsString())),
                  sentence(spoiled, " holds a number that is no int32"));
    }
  }
}

// A shape of a few bytes may not ask for gigabytes.
TEST(Hostile, ConstantsThatExplode) {
  const TemporaryFolder folder;
  onnx::ModelProto m = small_model();
  auto* shape = m.mutable_graph()->add_initializer();
  shape->set_name("shape");
  shape->set_data_type(onnx::TensorProto::INT64);
  shape->add_dims(2);
  shape->add_int64_data(20000);
  shape->add_int64_data(20000);
  auto* fill = m.mutable_graph()->add_node();
  fill->set_op_type("ConstantOfShape");
  fill->add_input("shape");
  fill->add_output("large");
  m.mutable_graph()->add_output()->set_name("large");
  ConvertOptions options;
  options.source = folder.write("model.onnx", m.SerializeAsString());
  Converted converted;
  const Status status = convert(options, &converted);
  EXPECT_LT(converted.written.bytes.size(), 10000u) << status.message();
}

}  // namespace

}  // namespace wxnn
