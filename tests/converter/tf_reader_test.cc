// GraphDef and SavedModel, written here with the messages themselves, against plain loops.
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <random>

#include "converter/convert.h"
#include "converter/crc32c.h"
#include "converter/tensor_bundle.h"
#include "core/model.h"
#include "formats/tflite_reader.h"
#include "temporary_folder.h"
#include "tf_fixtures.h"

namespace wxnn {

namespace {

std::vector<float> image_of(const MobileNet& net) {
  std::mt19937 random(3);
  std::vector<float> image(static_cast<size_t>(net.size * net.size * 3));
  for (float& f : image) f = static_cast<float>(random()) * 0x1p-31f - 1;
  return image;
}

// Converts the file and runs the .tflite.
Status run_converted(const std::string& file, const std::vector<float>& image,
                     std::vector<float>* output, Converted* converted) {
  ConvertOptions options;
  options.source = file;
  WXNN_TRY(convert(options, converted));
  Buffer bytes;
  WXNN_TRY(bytes.allocate(converted->written.bytes.size()));
  std::ranges::copy(converted->written.bytes, bytes.data<char>());
  Graph graph;
  WXNN_TRY(read_tflite(std::move(bytes), &graph));
  std::unique_ptr<Model> model;
  WXNN_TRY(Model::load(std::move(graph), &model));
  std::ranges::copy(image, model->input(0).f32());
  WXNN_TRY(model->run());
  const Tensor& t = model->output(0);
  output->assign(t.f32(), t.f32() + t.shape.elements());
  return {};
}

void expect_predictions(const MobileNet& net, const std::string& file, Converted* converted) {
  const std::vector<float> image = image_of(net);
  const std::vector<double> wanted = predictions(net, image);
  std::vector<float> got;
  const Status status = run_converted(file, image, &got, converted);
  ASSERT_TRUE(status.ok()) << status.message();
  ASSERT_EQ(got.size(), wanted.size());
  for (size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], wanted[i], 1e-5) << i;
}

TEST(GraphDef, AFrozenMobileNetGivesWhatPlainLoopsGive) {
  const MobileNet net;
  const TemporaryFolder folder;
  Converted c;
  expect_predictions(net, folder.write("frozen.pb", frozen_graph(net).SerializeAsString()), &c);
  ASSERT_EQ(c.inputs.size(), 1u);
  EXPECT_EQ(c.inputs[0].name, "input");
  EXPECT_EQ(c.outputs[0].name, "Predictions");
  // Convolutions, depthwise ones, mean, product and softmax: norms and activations are in them.
  EXPECT_EQ(c.nodes, 1 + 2 * 13 + 3);
}

TEST(GraphDef, TextIsReadToo) {
  const MobileNet net{.size = 8, .width = 4, .strides = {1}};
  std::string text;
  ASSERT_TRUE(google::protobuf::TextFormat::PrintToString(frozen_graph(net), &text));
  const TemporaryFolder folder;
  Converted c;
  expect_predictions(net, folder.write("frozen.pbtxt", text + "\nversions { producer: 27 }\n"), &c);
}

std::string write_saved_model(const TemporaryFolder& folder, const tf::SavedModel& saved,
                              const BundleFiles& bundle) {
  std::filesystem::create_directories(folder.file("model/variables"));
  folder.write("model/saved_model.pb", saved.SerializeAsString());
  folder.write("model/variables/variables.index", bundle.index);
  folder.write("model/variables/variables.data-00000-of-00001", bundle.data);
  return folder.file("model");
}

TEST(SavedModel, VariablesAndNestedFunctions) {
  const MobileNet net;
  const TemporaryFolder folder;
  Converted c;
  expect_predictions(net, write_saved_model(folder, saved_model(net), bundle_of(weights_of(net))),
                     &c);
  ASSERT_EQ(c.inputs.size(), 1u);
  EXPECT_EQ(c.inputs[0].name, "image");
  EXPECT_EQ(c.outputs[0].name, "probabilities");
  EXPECT_EQ(c.nodes, 1 + 2 * 13 + 3);
  EXPECT_EQ(c.format, "TensorFlow SavedModel");
}

std::string refusal(const std::string& file) {
  ConvertOptions options;
  options.source = file;
  Converted converted;
  const Status status = convert(options, &converted);
  EXPECT_FALSE(status.ok());
  return std::string(status.message());
}
#define EXPECT_SAYS(text, part) EXPECT_NE(text.find(part), std::string::npos) << text

TEST(SavedModel, DamageIsFound) {
  const MobileNet net{.size = 8, .width = 4, .strides = {1}};
  const TemporaryFolder folder;
  const BundleFiles good = bundle_of(weights_of(net));
  const auto says = [&](const BundleFiles& files) {
    return refusal(write_saved_model(folder, saved_model(net), files));
  };
  BundleFiles bad = good;
  bad.data[10] ^= 1;
  EXPECT_SAYS(says(bad), "its checksum is wrong");
  bad = good;
  bad.data.resize(bad.data.size() / 2);
  EXPECT_SAYS(says(bad), "behind the end of its file");
  bad = good;
  bad.index[40] ^= 1;
  EXPECT_SAYS(says(bad), "wrong checksum");
  bad = good;
  bad.index.resize(bad.index.size() - 1);
  EXPECT_SAYS(says(bad), "no tensor bundle's index");
  EXPECT_SAYS(says(bundle_of({})), "there is no value of the variable");
  std::filesystem::remove_all(folder.file("model/variables"));
  EXPECT_SAYS(refusal(folder.file("model")), "there is no value of the variable");
  std::filesystem::remove(folder.file("model/saved_model.pb"));
  EXPECT_SAYS(refusal(folder.file("model")), "no saved_model.pb");
}

// Every cut and every flipped byte of an index ends in a sentence or in the same entries.
TEST(SavedModel, AnyIndexIsReadWithoutHarm) {
  const BundleFiles good = bundle_of(weights_of({.size = 8, .width = 4, .strides = {}}));
  std::vector<std::pair<std::string, std::string_view>> entries;
  ASSERT_TRUE(read_table(good.index, &entries).ok());
  const size_t count = entries.size();
  for (size_t i = 0; i < good.index.size(); ++i) {
    entries.clear();
    EXPECT_FALSE(read_table(std::string_view(good.index).substr(0, i), &entries).ok());
    std::string flipped = good.index;
    flipped[i] ^= 0x55;
    entries.clear();
    if (read_table(flipped, &entries).ok()) EXPECT_EQ(entries.size(), count);
  }
}

TEST(SavedModel, FunctionsThatCallThemselvesAreRefused) {
  tf::SavedModel saved = saved_model({.size = 8, .width = 4, .strides = {1}});
  auto* f =
      saved.mutable_meta_graphs(0)->mutable_graph_def()->mutable_library()->mutable_function(0);
  (*f->mutable_node_def(0)->mutable_attr())["f"].mutable_func()->set_name("signature_wrapper");
  const TemporaryFolder folder;
  EXPECT_SAYS(refusal(write_saved_model(folder, saved, bundle_of({}))), "may call itself");
}

TEST(GraphDef, OtherFilesAreRefused) {
  const TemporaryFolder folder;
  EXPECT_SAYS(refusal(folder.write("a.pb", "")), "no TensorFlow graph");
  EXPECT_SAYS(refusal(folder.write("b.pb", "<html>")), "no TensorFlow graph");
  EXPECT_SAYS(refusal(folder.write("c.pbtxt", "node { name: ")),
              "no TensorFlow graph, or damaged: line 1");
  tf::GraphDef graph;
  add_node(graph.mutable_node(), "a", "Relu", {"b"});
  add_node(graph.mutable_node(), "b", "Relu", {"a"});
  add_node(graph.mutable_node(), "c", "Relu", {"b"});
  EXPECT_SAYS(refusal(folder.write("d.pb", graph.SerializeAsString())), "depends on itself");
  add_node(graph.mutable_node(), "c", "Relu", {"a"});
  EXPECT_SAYS(refusal(folder.write("e.pb", graph.SerializeAsString())),
              "two nodes are called \"c\"");
  graph.clear_node();
  add_node(graph.mutable_node(), "v", "VariableV2", {});
  add_node(graph.mutable_node(), "y", "Relu", {"v"});
  EXPECT_SAYS(refusal(folder.write("f.pb", graph.SerializeAsString())), "has to be frozen first");
}

// RFC 3720's examples.
TEST(Crc32c, KnownValues) {
  const auto mask = [](uint32_t c) { return (c >> 15 | c << 17) + 0xa282ead8u; };
  EXPECT_EQ(masked_crc32c(std::string(32, '\0')), mask(0x8a9136aau));
  EXPECT_EQ(masked_crc32c(std::string(32, '\xff')), mask(0x62a8ab43u));
  EXPECT_EQ(masked_crc32c("123456789"), mask(0xe3069283u));
}

}  // namespace

}  // namespace wxnn
