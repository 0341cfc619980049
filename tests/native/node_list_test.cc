#include "formats/node_list.h"

#include <algorithm>
#include <cstring>
#include <random>
#include <string>

#include "core/model.h"
#include "node_list_bytes.h"
#include "op_test.h"

namespace wxnn {
namespace {

Status read(const std::vector<uint8_t>& bytes, Graph* graph) {
  Buffer file;
  EXPECT_TRUE(file.allocate(bytes.size()).ok());
  if (!bytes.empty()) std::memcpy(file.data(), bytes.data(), bytes.size());
  return read_node_list(std::move(file), graph);
}

std::vector<float> floats(Graph& graph, int value) {
  Tensor t;
  EXPECT_TRUE(graph.materialize(value, &t).ok());
  return {t.f32(), t.f32() + t.shape.elements()};
}

// x -> _FusedConv2D [BiasAdd, Prelu] -> Reshape -> Identity, as tfjs's converter writes it. The
// nodes stand in no useful order.
NodeListFile conv_file(std::vector<std::string_view> fused = {"BiasAdd", "Prelu"},
                       std::string_view format = "NHWC") {
  NodeListFile f;
  f.input("image", "x:0", {-1, 4, 4, 1});
  f.output("scores", "Identity:0");
  f.node("Identity", "Identity", {"r", "^init"});
  f.node("r", "Reshape", {"conv", "shape"});
  f.node("conv", "_FusedConv2D", {"x", "w", "b", "alpha"}, 5, [&](Bytes& b) {
    numbers(b, "strides", {1, 2, 1, 1});
    text(b, "padding", "SAME");
    texts(b, "fused_ops", fused);
    text(b, "data_format", format);
    number(b, "num_args", 2);
  });
  f.node("init", "NoOp", {});
  f.weight("w", {1, 1, 1, 2}, {2, 3});
  f.weight("b", {2}, {0, 1});
  const uint16_t half[] = {0x3c00, 0x3800};
  f.weight("alpha", kFloat, {1, 1, 2}, kHalf, half, sizeof half);
  f.ints("shape", {-1, 2});
  f.placeholder("x");
  return f;
}

TEST(NodeList, ReadsWhatWasWritten) {
  Graph graph;
  ASSERT_OK(read(conv_file().finish(), &graph));
  ASSERT_EQ(graph.nodes.size(), 2u);
  const Node& conv = graph.nodes[0];
  EXPECT_STREQ(conv.op->name, "FusedConv2D");
  EXPECT_EQ(conv.name, "conv");
  EXPECT_EQ(conv.attrs.text("pad"), "same");
  EXPECT_EQ(conv.attrs.i("strides", 0), 2);
  EXPECT_EQ(conv.attrs.i("strides", 1), 1);
  EXPECT_EQ(conv.attrs.text("activation"), "prelu");
  ASSERT_EQ(conv.inputs.size(), 4u);
  EXPECT_EQ(floats(graph, conv.inputs[1]), (std::vector<float>{2, 3}));
  EXPECT_EQ(graph.values[conv.inputs[3]].type.shape, (Shape{1, 1, 2}));
  EXPECT_EQ(floats(graph, conv.inputs[3]), (std::vector<float>{1, 0.5f}));
  EXPECT_EQ(graph.nodes[1].attrs.i("shape", 0), -1);
  EXPECT_EQ(graph.values[graph.inputs[0]].name, "image");
  EXPECT_EQ(graph.values[graph.inputs[0]].type.shape, (Shape{-1, 4, 4, 1}));
  EXPECT_EQ(graph.values[graph.outputs[0]].name, "scores");
}

TEST(NodeList, ActivationWithoutBias) {
  NodeListFile f;
  f.input("x", "x", {1, 2});
  f.output("y", "y");
  f.placeholder("x");
  f.weight("w", {2, 2}, {1, 2, 3, 4});
  f.node("y", "_FusedMatMul", {"x", "w"}, 2, [](Bytes& b) {
    texts(b, "fused_ops", {"Relu6"});
    number(b, "transpose_b", 1);
  });
  Graph graph;
  ASSERT_OK(read(f.finish(), &graph));
  EXPECT_EQ(graph.nodes[0].attrs.text("activation"), "relu6");
  EXPECT_TRUE(graph.nodes[0].attrs.b("transposeB"));
}

TEST(NodeList, RefusesWhatItWouldComputeWrongly) {
  Graph graph;
  EXPECT_SAYS(read(conv_file({"FusedBatchNorm"}).finish(), &graph),
              "node \"conv\" (_FusedConv2D): fused_ops has \"FusedBatchNorm\"");
  EXPECT_SAYS(read(conv_file({"BiasAdd"}, "NCHW").finish(), &graph),
              "data_format \"NCHW\" is not supported, only \"NHWC\"");
  NodeListFile unknown;
  unknown.input("x", "x", {2});
  unknown.output("y", "y");
  unknown.placeholder("x");
  unknown.node("y", "Relu", {"x"}, 1, [](Bytes& b) { number(b, "sharpness", 2); });
  EXPECT_SAYS(read(unknown.finish(), &graph),
              "node \"y\" (Relu): has the attribute \"sharpness\", which is not known");
}

TEST(NodeList, Int64AndTfjsQuantisation) {
  NodeListFile f;
  f.input("x", "x", {2});
  f.output("y", "y");
  f.placeholder("x");
  const uint8_t q[] = {0, 255};
  f.weight("q", kFloat, {2}, kUint8, q, sizeof q, 0.5, -3);
  const int64_t axis[] = {0};
  f.weight("axis", kInt64, {1}, kInt64, axis, sizeof axis);
  f.node("sum", "AddV2", {"x", "q"});
  f.node("y", "Mean", {"sum", "axis"}, 1, [](Bytes& b) { number(b, "keep_dims", 1); });
  Graph graph;
  ASSERT_OK(read(f.finish(), &graph));
  ASSERT_EQ(graph.nodes.size(), 2u);
  EXPECT_EQ(floats(graph, graph.nodes[0].inputs[1]), (std::vector<float>{-3, 255 * 0.5f - 3}));
  EXPECT_EQ(graph.nodes[1].attrs.i("axis"), 0);
  EXPECT_TRUE(graph.nodes[1].attrs.b("keepDims"));
}

TEST(NodeList, ExplicitPaddingAndStridesOverChannels) {
  auto file = [](std::vector<double> strides) {
    NodeListFile f;
    f.input("x", "x", {1, 4, 4, 1});
    f.output("y", "y");
    f.placeholder("x");
    f.weight("w", {1, 1, 1, 1}, {2});
    f.node("y", "Conv2D", {"x", "w"}, 3, [&](Bytes& b) {
      numbers(b, "strides", strides);
      text(b, "padding", "EXPLICIT");
      numbers(b, "explicit_paddings", {0, 0, 1, 2, 3, 4, 0, 0});
    });
    return f.finish();
  };
  Graph graph;
  ASSERT_OK(read(file({1, 1, 1, 1}), &graph));
  EXPECT_EQ(graph.nodes[0].attrs.i("pad", 5), 4);
  EXPECT_SAYS(read(file({1, 1, 1, 2}), &graph), "strides should be 1 for batch and channels");
}

TEST(NodeList, SplitHasManyOutputs) {
  NodeListFile f;
  f.input("x", "x", {4});
  f.output("y", "y");
  f.placeholder("x");
  f.ints("axis", {0});
  f.node("s", "Split", {"axis", "x"}, 1, [](Bytes& b) { number(b, "num_split", 2); });
  f.node("y", "Sub", {"s:1", "s"});
  Graph graph;
  ASSERT_OK(read(f.finish(), &graph));
  ASSERT_EQ(graph.nodes.size(), 2u);
  ASSERT_EQ(graph.nodes[0].outputs.size(), 2u);
  EXPECT_EQ(graph.nodes[1].inputs[0], graph.nodes[0].outputs[1]);
  EXPECT_EQ(graph.nodes[1].inputs[1], graph.nodes[0].outputs[0]);
}

TEST(NodeList, DeadNodesAreNotRead) {
  NodeListFile f;
  f.input("x", "x", {2});
  f.output("y", "y");
  f.placeholder("x");
  f.node("y", "Relu", {"x"});
  f.node("dead", "DecodeJpeg", {"x"});
  Graph graph;
  ASSERT_OK(read(f.finish(), &graph));
  EXPECT_EQ(graph.nodes.size(), 1u);
}

TEST(NodeList, AllMissingOperatorsAtOnce) {
  NodeListFile f;
  f.input("x", "x", {2});
  f.output("y", "b");
  f.placeholder("x");
  f.node("a", "DecodeJpeg", {"x"});
  f.node("b", "DecodeJpeg", {"c"});
  f.node("c", "RaggedRange", {"a"});
  Graph graph;
  EXPECT_SAYS(read(f.finish(), &graph), "DecodeJpeg (\"a\"), RaggedRange (\"c\")");
}

TEST(NodeList, NamesThatLeadNowhere) {
  for (const char* wrong : {"z", "x:", "x:a", "x:123456", ""}) {
    NodeListFile f;
    f.input("x", "x", {2});
    f.output("y", "y");
    f.placeholder("x");
    f.node("y", "Relu", {wrong});
    Graph graph;
    EXPECT_SAYS(read(f.finish(), &graph), "there is no tensor");
  }
  NodeListFile loop;
  loop.output("y", "a");
  loop.node("a", "Identity", {"b"});
  loop.node("b", "Identity", {"a"});
  Graph graph;
  EXPECT_SAYS(read(loop.finish(), &graph), "depends on itself");
}

void type(Bytes& b, std::string_view name, uint32_t value) {
  b.text(name).u32(5).u32(1).u32(value);
}

// One node: x (float32 [4] = -1 2 3 4), then constants, as operator `op`; output 0 after one run.
struct OneNode {
  std::string_view op;
  std::vector<std::vector<int32_t>> ints;  // inputs after x
  std::vector<float> want;                 // none: only the shape counts
  uint32_t attr_count = 0;
  std::function<void(Bytes&)> attrs = nullptr;
  bool takes_x = true;
};

void expect_node(const OneNode& test) {
  SCOPED_TRACE(std::string(test.op));
  NodeListFile f;
  f.input("x", "x:0", {4});
  f.output("y", "y:0");
  f.placeholder("x");
  std::vector<std::string> names;
  for (size_t i = 0; i < test.ints.size(); ++i) names.push_back("i" + std::to_string(i));
  std::vector<std::string_view> inputs(test.takes_x ? 1 : 0, "x");
  for (size_t i = 0; i < names.size(); ++i) {
    f.ints(names[i], test.ints[i]);
    inputs.push_back(names[i]);
  }
  f.node("y", test.op, inputs, test.attr_count, test.attrs);
  Graph graph;
  ASSERT_OK(read(f.finish(), &graph));
  std::unique_ptr<Model> model;
  ASSERT_OK(Model::load(std::move(graph), &model));
  const float x[] = {-1, 2, 3, 4};
  std::copy(std::begin(x), std::end(x), model->input(0).f32());
  ASSERT_OK(model->run());
  const Tensor& y = model->output(0);
  const size_t count = test.want.empty() ? 6 : test.want.size();
  ASSERT_EQ(static_cast<size_t>(y.shape.elements()), count);
  if (test.want.empty()) return;
  for (int32_t i = 0; i < y.shape.elements(); ++i) {
    const float got = y.dtype == DType::kInt32 ? static_cast<float>(y.i32()[i]) : y.f32()[i];
    EXPECT_EQ(got, test.want[static_cast<size_t>(i)]) << i;
  }
}

// Rows that TensorFlow.js's graph executor lacks, or whose numbers it draws at random.
TEST(NodeList, RowsOfIndices) {
  expect_node({"UnsortedSegmentSum", {{1, 0, 1, -1}, {3}}, {2, 2, 0}});
  expect_node({"UnsortedSegmentProd", {{1, 0, 1, -1}, {3}}, {2, -3, 1}});
  expect_node({"UnsortedSegmentMax", {{1, 0, 1, 2}, {3}}, {2, 3, 4}});
  expect_node({"UnsortedSegmentMin", {{1, 0, 1, 2}, {3}}, {2, -1, 4}});
  expect_node({"SegmentSum", {{0, 0, 2, 2}}, {1, 0, 7}});
  expect_node(
      {"Bucketize", {}, {0, 1, 2, 2}, 1, [](Bytes& b) { numbers(b, "boundaries", {0, 3}); }});
  expect_node({"FakeQuantWithMinMaxArgs", {}, {-1, 2, 3, 3}, 3, [](Bytes& b) {
                 number(b, "min", -4);
                 number(b, "max", 3);
                 number(b, "num_bits", 3);
               }});
  expect_node({"BitwiseAnd", {{6, 7}, {3, 8}}, {2, 0}, 0, nullptr, false});
  expect_node({"BitwiseOr", {{6, 7}, {3, 8}}, {7, 15}, 0, nullptr, false});
  expect_node({"BitwiseXor", {{6, 7}, {3, 8}}, {5, 15}, 0, nullptr, false});
  expect_node({"LeftShift", {{6, 7}, {3, 1}}, {48, 14}, 0, nullptr, false});
  expect_node({"RightShift", {{6, -7}, {1, 1}}, {3, -4}, 0, nullptr, false});
  const auto seeds = [](Bytes& b) {
    number(b, "seed", 3);
    number(b, "seed2", 4);
    type(b, "dtype", kFloat);
  };
  for (const char* op : {"RandomUniform", "RandomStandardNormal", "TruncatedNormal"}) {
    expect_node({op, {{2, 3}}, {}, 3, seeds, false});
  }
  expect_node({"RandomUniformInt",
               {{2, 3}, {5}, {9}},
               {},
               1,
               [](Bytes& b) { type(b, "Tout", kInt32); },
               false});
}

TEST(NodeList, TruncatedAnywhere) {
  const std::vector<uint8_t> whole = conv_file().finish();
  for (size_t size = 0; size < whole.size(); ++size) {
    Graph graph;
    const Status status = read({whole.begin(), whole.begin() + static_cast<long>(size)}, &graph);
    EXPECT_FALSE(status.ok()) << size;
  }
}

TEST(NodeList, BitsFlippedAnywhere) {
  const std::vector<uint8_t> whole = conv_file().finish();
  const uint32_t seed = std::random_device()();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  constexpr int kRounds = 5000;
  for (int round = 0; round < kRounds; ++round) {
    std::vector<uint8_t> bytes = whole;
    const int flips = 1 + static_cast<int>(random() % 4);
    for (int k = 0; k < flips; ++k) bytes[random() % bytes.size()] ^= 1 << random() % 8;
    Graph graph;
    const Status status = read(bytes, &graph);
    EXPECT_TRUE(status.ok() || !status.message().empty());
  }
}

}  // namespace
}  // namespace wxnn
