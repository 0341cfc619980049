// What a damaged file asks of the engine, found by tools/test fuzz: each ends in a sentence, or in
// next to no time.
#include <gtest/gtest.h>

#include <cmath>

#include "core/model.h"
#include "core/ports.h"
#include "core/whole.h"
#include "graph_text.h"

namespace wxnn {
namespace {

TEST(Hostile, NumbersAsWholeOnes) {
  EXPECT_EQ(whole<int32_t>(2.9), 2);
  EXPECT_EQ(whole<int32_t>(-2.9), -2);
  EXPECT_EQ(whole<int32_t>(2147483647.0), INT32_MAX);
  EXPECT_EQ(whole<int32_t>(2147483648.0), INT32_MAX);
  EXPECT_EQ(whole<int32_t>(-2147483648.0), INT32_MIN);
  EXPECT_EQ(whole<int32_t>(4.68337e+17), INT32_MAX);
  EXPECT_EQ(whole<int32_t>(-INFINITY), INT32_MIN);
  EXPECT_EQ(whole<int32_t>(std::nan("")), INT32_MIN);
  EXPECT_EQ(whole<int64_t>(9223372036854775808.0), INT64_MAX);
  EXPECT_EQ(whole<int64_t>(-1e300), INT64_MIN);
  EXPECT_EQ(whole<uint8_t>(-1), 0);
  EXPECT_EQ(whole<uint8_t>(255.5), 255);
  EXPECT_EQ(whole<size_t>(1e300), SIZE_MAX);
}

// A view whose shape is known while running only: its input was looked at before it was missed.
TEST(Hostile, AViewWithoutItsInput) {
  Graph graph = parse_graph(R"(
input x 2
input shape 1
y = Reshape(x, shape)
output y)");
  graph.values[graph.inputs[1]].type.dtype = DType::kInt32;
  Node& node = graph.nodes[0];
  ASSERT_EQ(node.inputs.size(), 2u);
  node.inputs[0] = kAbsent;
  std::unique_ptr<Model> model;
  const Status status = Model::load(std::move(graph), &model);
  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.message().find("lacks its input \"x\""), std::string_view::npos)
      << status.message();
}

// What is done to a whole graph asks for a convolution's inputs before anything refuses the graph.
TEST(Hostile, AConvolutionWithoutItsInputs) {
  for (const size_t left : {0, 1}) {
    Graph graph = parse_graph(R"(
input x 1,4,4,8
const w 1,1,8,8
y = Conv2D(x, w)
output y)");
    Vector<int> inputs(left);  // not a longer list's memory
    for (size_t i = 0; i < left; ++i) inputs[i] = graph.nodes[0].inputs[i];
    graph.nodes[0].inputs = std::move(inputs);
    std::unique_ptr<Model> model;
    const Status status = Model::load(std::move(graph), &model);
    ASSERT_FALSE(status.ok());
    EXPECT_NE(status.message().find("lacks its input"), std::string_view::npos) << status.message();
  }
}

// 2^28 rows of nothing.
TEST(Hostile, EmptyTensorsAreNotLoopedOver) {
  for (const char* op : {"Softmax", "LogSoftmax", "Relu"}) {
    std::unique_ptr<Model> model;
    Graph graph = parse_graph(std::string("input x 268435456,0\ny = ") + op + "(x)\noutput y\n");
    EXPECT_TRUE(gives_nothing(*graph.nodes[0].op, std::vector<Tensor>{{{.shape = {5, 0}}}}));
    EXPECT_FALSE(gives_nothing(*graph.nodes[0].op, std::vector<Tensor>{{{.shape = {5, 1}}}}));
    ASSERT_TRUE(Model::load(std::move(graph), &model).ok());
    ASSERT_TRUE(model->run().ok());
    EXPECT_EQ(model->output(0).shape, (Shape{268435456, 0}));
  }
}

// Sentences about numbers that are no whole ones, and values that no int32 has.
TEST(Hostile, NumbersThatAreNoIntegers) {
  std::unique_ptr<Model> model;
  EXPECT_FALSE(Model::load(parse_graph("input x 1,4,4,1\nconst w 1,1,1,1\n"
                                       "y = Conv2D(x, w) pad=1e300 strides=1\noutput y\n"),
                           &model)
                   .ok());
  ASSERT_TRUE(
      Model::load(parse_graph("y = Fill() shape=2 value=1e300 dtype=int32\noutput y\n"), &model)
          .ok());
  ASSERT_TRUE(model->run().ok());
  EXPECT_EQ(model->output(0).i32()[1], INT32_MAX);
}

// A last pixel that float32 rounds up to the one behind it.
TEST(Hostile, ImagesLongerThanFloatsCount) {
  std::unique_ptr<Model> model;
  Graph graph = parse_graph(R"(
input image 1,16777220,1,1
input boxes 1,4
input index 1
y = CropAndResize(image, boxes, index) cropSize=1,1
output y)");
  graph.values[graph.inputs[2]].type.dtype = DType::kInt32;
  const Status status = Model::load(std::move(graph), &model);
  EXPECT_NE(status.message().find("is too large"), std::string_view::npos) << status.message();
}

}  // namespace
}  // namespace wxnn
