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
  EXPECT_SAYS(says(graph_json(R"({"name": "a", "op": "FFT3D", "input": []})")), "FFT3D (\"a\")");
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
                  sentence<"{} holds a number that is no int32">(spoiled));
    }
  }
}

// An input of the small model in another shape.
void set_input(onnx::ModelProto* m, const std::vector<int64_t>& dims) {
  auto* shape =
      m->mutable_graph()->mutable_input(0)->mutable_type()->mutable_tensor_type()->mutable_shape();
  shape->clear_dim();
  for (const int64_t d : dims) shape->add_dim()->set_dim_value(d);
}

void add_floats(onnx::ModelProto* m, const std::string& name, const std::vector<float>& numbers,
                bool scalar = false) {
  onnx::TensorProto* t = m->mutable_graph()->add_initializer();
  t->set_name(name);
  t->set_data_type(onnx::TensorProto::FLOAT);
  if (!scalar) t->add_dims(static_cast<int64_t>(numbers.size()));
  for (const float f : numbers) t->add_float_data(f);
  m->mutable_graph()->mutable_node(0)->add_input(name);
}

void add_int(onnx::ModelProto* m, const std::string& name, int64_t number) {
  onnx::AttributeProto* a = m->mutable_graph()->mutable_node(0)->add_attribute();
  a->set_name(name);
  a->set_type(onnx::AttributeProto::INT);
  a->set_i(number);
}

void add_text(onnx::ModelProto* m, const std::string& name, const std::string& text) {
  onnx::AttributeProto* a = m->mutable_graph()->mutable_node(0)->add_attribute();
  a->set_name(name);
  a->set_type(onnx::AttributeProto::STRING);
  a->set_s(text);
}

// Floats where whole numbers belong, and tables whose size a few bytes name.
TEST(Hostile, OnnxSizesThatAreNotSensible) {
  const TemporaryFolder folder;
  const auto says = [&](const onnx::ModelProto& model) {
    return refusal(folder.write("model.onnx", model.SerializeAsString()));
  };
  const auto with = [](const char* op, const std::vector<int64_t>& dims) {
    onnx::ModelProto m = small_model();
    m.mutable_graph()->mutable_node(0)->set_op_type(op);
    set_input(&m, dims);
    return m;
  };
  for (const float depth : {1e30f, 1e9f}) {
    onnx::ModelProto m = with("OneHot", {2});
    add_floats(&m, "depth", {depth}, true);
    add_floats(&m, "values", {0, 1});
    EXPECT_SAYS(says(m), "too large for a model of this size");
  }
  EXPECT_SAYS(says(with("Trilu", {16384, 16384})), "needs a table of 268435456 numbers");
  EXPECT_SAYS(says(with("EyeLike", {16384, 16384})), "needs a table of 268435456 numbers");
  onnx::ModelProto m = with("Resize", {1, 1, 1 << 14, 1});
  add_floats(&m, "roi", {});
  add_floats(&m, "scales", {1, 1, 64, 1});
  add_text(&m, "mode", "cubic");
  EXPECT_SAYS(says(m), "too large for a model of this size");
  for (const float end : {1e30f, NAN}) {
    m = with("Resize", {1, 1, 4, 4});
    add_floats(&m, "roi", {0, 0, 0, 0, 1, 1, end, end});
    add_floats(&m, "scales", {1, 1, 2, 2});
    add_text(&m, "coordinate_transformation_mode", "tf_crop_and_resize");
    EXPECT_SAYS(says(m), "elements along axis 2");
  }
  m = with("Col2Im", {1, 1, 4});
  add_floats(&m, "image_shape", {2, 2});
  add_floats(&m, "block_shape", {0.5f, 0.5f});
  EXPECT_SAYS(says(m), "block_shape is too large, or empty");
  m = with("DepthToSpace", {1, 4, 1, 1});
  add_int(&m, "blocksize", 65536);
  add_text(&m, "mode", "CRD");
  EXPECT_SAYS(says(m), "blocksize 65536 does not divide");
  m = with("Expand", {1});
  add_floats(&m, "shape", {1e30f});
  EXPECT_SAYS(says(m), "does not fit in memory");
}

// Nodes without the inputs that their operators need.
TEST(Hostile, NodesWithoutInputs) {
  const TemporaryFolder folder;
  const auto says = [&](const std::string& nodes) {
    return refusal(folder.write("model.json", graph_json(nodes)));
  };
  for (const char* op : {"_FusedConv2D", "DepthwiseConv2dNative", "MatMul", "Relu", "MaxPool"})
    EXPECT_SAYS(says(sentence<R"({"name": "a", "op": "{}", "input": []})">(op)), "a");
}

TEST(Hostile, LayersThatAreTooLarge) {
  const TemporaryFolder folder;
  const auto says = [&](const std::string& shape, const std::string& layer) {
    return refusal(folder.write(
        "model.json",
        R"({"modelTopology": {"model_config": {"class_name": "Sequential", "config": {"layers": [)"
        R"({"class_name": "InputLayer", "config": {"name": "x", "batch_input_shape": )" +
            shape + "}}, " + layer + R"(]}}}, "weightsManifest": []})"));
  };
  const std::string flatten = R"({"class_name": "Flatten", "config": {"name": "f"}})";
  EXPECT_SAYS(says("[null, 2147483647, 2]", flatten), "its shape is out of range");
  EXPECT_SAYS(says("[null, 16777216, 16777216, 16777216]", flatten), "too large");
  EXPECT_SAYS(
      says("[null, 4]", R"({"class_name": "RepeatVector", "config": {"name": "r", "n": 1e300}})"),
      "out of range");
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
