// The model: plan, arena, in-place and views, resize, late nodes, profile, no allocation in run.
#include "core/model.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "allocations.h"
#include "graph_text.h"

namespace wxnn {
namespace {

std::unique_ptr<Model> load(std::string_view text) {
  std::unique_ptr<Model> model;
  const Status status = Model::load(parse_graph(text), &model);
  EXPECT_TRUE(status.ok()) << status.message();
  return model;
}

void fill(const Model& model, std::vector<std::vector<float>>* copies, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> number(-1, 1);
  for (size_t i = 0; i < model.graph().inputs.size(); ++i) {
    const Tensor& x = model.input(i);
    std::vector<float> copy(x.shape.elements());
    for (float& f : copy) f = number(random);
    std::memcpy(x.data, copy.data(), x.bytes());
    copies->push_back(copy);
  }
}

// A small face-detector-like net: in-place candidates, views, skips, several readers.
constexpr std::string_view kNet = R"(
  input x 1,16,16,3
  const w0 3,3,3,8
  const b0 8
  const w1 3,3,8,1
  const w2 1,1,8,8
  const w3 1,1,8,4
  const alpha 1,1,8
  c0 = FusedConv2D(x, w0, b0) strides=2 pad=same activation=relu
  d1 = DepthwiseConv2dNative(c0, w1) pad=same
  c1 = Conv2D(d1, w2) pad=same
  a1 = Add(c1, c0)
  r1 = Prelu(a1, alpha)
  m1 = MaxPool(r1) filterSize=2 strides=2 pad=same
  p1 = PadV2(m1) paddings=0,0,0,0,0,0,0,4 constantValue=0
  h = Conv2D(r1, w3) pad=same
  flat = Reshape(h) shape=1,-1,2
  flat2 = Reshape(p1) shape=1,-1,2
  y = Concat(flat, flat2) axis=1
  s = Sigmoid(flat)
  output y
  output s
  output flat
)";

TEST(Model, GivesWhatItsNodesGiveOneByOne) {
  auto model = load(kNet);
  ASSERT_TRUE(model);
  Graph plain = parse_graph(kNet);
  for (unsigned round = 0; round < 3; ++round) {
    std::vector<std::vector<float>> inputs;
    fill(*model, &inputs, round);
    const Status status = model->run();
    ASSERT_TRUE(status.ok()) << status.message();
    const auto want = run_plainly(plain, inputs);
    for (size_t k = 0; k < want.size(); ++k) {
      const Tensor& got = model->output(k);
      ASSERT_EQ(static_cast<size_t>(got.shape.elements()), want[k].size());
      for (size_t i = 0; i < want[k].size(); ++i) {
        ASSERT_NEAR(got.f32()[i], want[k][i], 1e-5) << "output " << k << " at " << i;
      }
    }
    // Inputs are never written by the engine.
    EXPECT_EQ(0, std::memcmp(model->input(0).data, inputs[0].data(), model->input(0).bytes()));
  }
}

TEST(Model, TheArenaIsSmallerThanTheSumOfItsTensors) {
  auto model = load(kNet);
  size_t sum = 0;
  for (const Node& node : model->graph().nodes) {
    (void)node;
    sum += 8 * 8 * 8 * 4;
  }
  EXPECT_LT(model->memory().arena_bytes, sum);
  EXPECT_GT(model->memory().packed_bytes, 0u);
}

TEST(Model, RunAllocatesNothing) {
  auto model = load(kNet);
  std::vector<std::vector<float>> inputs;
  fill(*model, &inputs, 1);
  ASSERT_TRUE(model->run().ok());
  const size_t before = allocations();
  bool ok = true;
  for (int i = 0; i < 1000; ++i) ok &= model->run().ok();
  EXPECT_EQ(allocations() - before, 0u);
  EXPECT_TRUE(ok);
}

TEST(Model, ALargeArenaWaitsForItsFirstUse) {
  constexpr std::string_view kLarge = R"(
    input x 1,2200,2200,4
    a = Relu(x)
    y = Multiply(a, x)
    output y
  )";
  auto model = load(kLarge);
  constexpr size_t kBytes = size_t{2200} * 2200 * 4 * sizeof(float);
  EXPECT_GE(model->arena_bytes(), 2 * kBytes);
  EXPECT_EQ(model->memory().arena_bytes, 0u);
  EXPECT_EQ(model->input(0).data, nullptr);
  ASSERT_TRUE(model->reserve().ok());
  EXPECT_GE(model->memory().arena_bytes, 2 * kBytes);
  const size_t last = kBytes / sizeof(float) - 1;
  model->input(0).f32()[0] = -3;
  model->input(0).f32()[last] = 3;
  ASSERT_TRUE(model->run().ok());
  EXPECT_EQ(model->output(0).f32()[0], 0.0F);
  EXPECT_EQ(model->output(0).f32()[last], 9.0F);
  ASSERT_TRUE(model->resize(0, {1, 2200, 2200, 4}).ok());
  EXPECT_TRUE(load(kLarge)->run().ok()) << "run takes the memory itself";
}

// A file of a few bytes may ask for much that is constant: Tile makes `count` numbers of one.
TEST(Model, WhatIsConstantIsComputedBeforeTheFirstRunWithinBounds) {
  for (const int count : {1000, 1000000}) {
    const std::string text = sentence<
        "input x 1\nconst one 1 = 2\nt = Tile(one) reps={}\ns = Max(t)\ny = Multiply(s, x)\noutput "
        "y">(count);
    auto model = load(text);
    const size_t bytes = static_cast<size_t>(count) * sizeof(float);
    EXPECT_EQ(model->arena_bytes() > bytes, count == 1000000) << model->arena_bytes();
    for (const float x : {1.0F, 5.0F}) {
      model->input(0).f32()[0] = x;
      ASSERT_TRUE(model->run().ok());
      EXPECT_EQ(model->output(0).f32()[0], 2 * x);
    }
  }
}

TEST(Model, ResizeKeepsWeightsAndGivesTheNumbersOfAFreshModel) {
  constexpr std::string_view kOpen = R"(
    input x -1,-1,-1,3
    const w 3,3,3,4
    const b 4
    c = FusedConv2D(x, w, b) pad=same strides=2 activation=relu6
    y = Sigmoid(c)
    output y
  )";
  auto model = load(kOpen);
  EXPECT_EQ(model->run().message(),
            "input \"x\" has open dimensions [1,?,?,3]: give it a shape first");
  for (const Shape& shape : {Shape{1, 9, 7, 3}, Shape{2, 4, 4, 3}, Shape{1, 9, 7, 3}}) {
    const Status resized = model->resize(0, shape);
    ASSERT_TRUE(resized.ok()) << resized.message();
    std::vector<std::vector<float>> inputs;
    fill(*model, &inputs, 5);
    ASSERT_TRUE(model->run().ok());
    Graph plain = parse_graph(kOpen);
    plain.values[plain.inputs[0]].type.shape = shape;
    const auto want = run_plainly(plain, inputs);
    ASSERT_EQ(static_cast<size_t>(model->output(0).shape.elements()), want[0].size());
    EXPECT_EQ(0, std::memcmp(model->output(0).data, want[0].data(), model->output(0).bytes()));
  }
  EXPECT_EQ(model->resize(0, {1, 9, 7, 4}).message(),
            "input \"x\" is declared [?,?,?,3] and cannot become [1,9,7,4]");
  EXPECT_EQ(model->resize(1, {1}).message(), "the model has 1 inputs, there is no input 1");
  EXPECT_TRUE(model->run().ok());
}

TEST(Model, InputsThatGoTogetherAreResizedTogether) {
  constexpr std::string_view kSum = R"(
    input a -1,3
    input b -1,3
    y = Add(a, b)
    output y
  )";
  auto model = load(kSum);
  for (const int32_t batch : {2, 3, 5}) {
    Shape both[] = {{batch, 3}, {batch, 3}};
    ASSERT_TRUE(model->resize(both).ok());
    for (int i = 0; i < 2; ++i) {
      for (int k = 0; k < 3 * batch; ++k) model->input(i).f32()[k] = static_cast<float>(k + i);
    }
    ASSERT_TRUE(model->run().ok());
    for (int k = 0; k < 3 * batch; ++k) EXPECT_EQ(model->output(0).f32()[k], 2.0F * k + 1);
  }
  Shape apart[] = {{4, 3}, {2, 3}};
  EXPECT_FALSE(model->resize(apart).ok());
  EXPECT_EQ(model->input(0).shape, (Shape{5, 3}));
  EXPECT_EQ(model->input(1).shape, (Shape{5, 3}));
  Shape one[] = {Shape::unknown(), {1, 3}};
  EXPECT_TRUE(model->resize(one).ok());
  EXPECT_EQ(model->input(0).shape, (Shape{5, 3}));
}

TEST(Model, AnInputWithoutRankIsAScalarUntilItGetsAShape) {
  const auto open = [](std::string_view text, std::initializer_list<int> inputs) {
    Graph graph = parse_graph(text);
    for (int i : inputs) graph.values[graph.inputs[i]].type.shape = Shape::unknown();
    std::unique_ptr<Model> model;
    EXPECT_TRUE(Model::load(std::move(graph), &model).ok());
    return model;
  };
  auto scaled = open("input x 2,2\ninput s 1\ny = Multiply(x, s)\noutput y", {1});
  EXPECT_EQ(scaled->input(1).shape, Shape());
  for (int k = 0; k < 4; ++k) scaled->input(0).f32()[k] = static_cast<float>(k);
  scaled->input(1).f32()[0] = 3;
  ASSERT_TRUE(scaled->run().ok());
  for (int k = 0; k < 4; ++k) EXPECT_EQ(scaled->output(0).f32()[k], 3.0F * k);
  ASSERT_TRUE(scaled->resize(1, {2, 1}).ok());
  EXPECT_EQ(scaled->output(0).shape, (Shape{2, 2}));

  // A graph that takes no scalar there is planned once it has a shape.
  auto product = open("input a 2,3\ninput b 3,4\ny = BatchMatMul(a, b)\noutput y", {0, 1});
  EXPECT_NE(product->run().message().find("(BatchMatMul), a [] b []"), std::string_view::npos);
  Shape shapes[] = {{2, 3}, {3, 4}};
  ASSERT_TRUE(product->resize(shapes).ok());
  EXPECT_EQ(product->output(0).shape, (Shape{2, 4}));
  EXPECT_TRUE(product->run().ok());
}

// Weights are packed once: their bytes are gone after the first plan, so that no later one could
// pack them again.
TEST(Model, AlternatingBetweenTwoShapesKeepsMemoryAsItIs) {
  auto model = load(R"(
    input x -1,-1,-1,3
    const w 3,3,3,16
    const w2 16,4
    c = FusedConv2D(x, w) pad=same strides=2 activation=relu6
    flat = Reshape(c) shape=-1,16
    y = _FusedMatMul(flat, w2)
    output y
  )");
  ASSERT_TRUE(model);
  const Shape shapes[] = {{1, 32, 24, 3}, {4, 8, 8, 3}};
  for (const Shape& shape : shapes) ASSERT_TRUE(model->resize(0, shape).ok());
  for (const Shape& shape : shapes) ASSERT_TRUE(model->resize(0, shape).ok());
  const size_t live = live_bytes();
  const size_t packed = model->memory().packed_bytes;
  EXPECT_EQ(packed, (3 * 3 * 3 * 16 + 16 * 4) * sizeof(float));
  EXPECT_EQ(model->memory().constant_bytes, 0u);
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(model->resize(0, shapes[i % 2]).ok());
    const Shape& shape = shapes[i % 2];
    ASSERT_EQ(model->output(0).shape, (Shape{shape[0] * shape[1] / 2 * (shape[2] / 2), 4}));
    ASSERT_TRUE(model->run().ok());
  }
  EXPECT_NEAR(static_cast<double>(live_bytes()), static_cast<double>(live), kRounding);
  EXPECT_EQ(model->memory().packed_bytes, packed);
}

TEST(Model, AFailedResizeLeavesTheFormerShapeInForce) {
  auto model = load(R"(
    input x 1,8,8,1
    const w 5,5,1,1
    y = Conv2D(x, w) pad=valid
    output y
  )");
  Graph open = parse_graph(R"(
    input x -1,-1,-1,1
    const w 5,5,1,1
    y = Conv2D(x, w) pad=valid
    output y
  )");
  std::unique_ptr<Model> m;
  ASSERT_TRUE(Model::load(std::move(open), &m).ok());
  ASSERT_TRUE(m->resize(0, {1, 8, 8, 1}).ok());
  const Status status = m->resize(0, {1, 3, 3, 1});
  EXPECT_FALSE(status.ok());
  EXPECT_NE(status.message().find("node \"y\" (Conv2D)"), std::string_view::npos)
      << status.message();
  EXPECT_EQ(m->input(0).shape, (Shape{1, 8, 8, 1}));
  EXPECT_TRUE(m->run().ok());
}

TEST(Model, AnErrorNamesNodeOpAndShapes) {
  std::unique_ptr<Model> model;
  const Status status = Model::load(parse_graph(R"(
    input x 1,32,32,48
    const alpha 64
    block_3/prelu = Prelu(x, alpha)
    output block_3/prelu
  )"),
                                    &model);
  EXPECT_NE(status.message().find("node \"block_3/prelu\" (Prelu), x [1,32,32,48] alpha [64]: "),
            std::string_view::npos)
      << status.message();
}

TEST(Model, AFilterThatIsComputedIsPackedAtEveryRun) {
  constexpr std::string_view kComputed = R"(
    input x 1,5,5,2
    input w 3,3,2,3
    d = Neg(w)
    c = Conv2D(x, d) pad=valid
    y = Reshape(c) shape=9,3
    z = Relu(y)
    output z
    output y
  )";
  auto model = load(kComputed);
  ASSERT_TRUE(model);
  for (unsigned round = 0; round < 3; ++round) {
    std::vector<std::vector<float>> inputs;
    fill(*model, &inputs, round);
    const Status status = model->run();
    ASSERT_TRUE(status.ok()) << status.message();
    Graph plain = parse_graph(kComputed);
    const auto want = run_plainly(plain, inputs);
    for (size_t k = 0; k < want.size(); ++k) {
      ASSERT_EQ(model->output(k).bytes(), want[k].size() * sizeof(float));
      EXPECT_EQ(0, std::memcmp(model->output(k).data, want[k].data(), model->output(k).bytes()));
    }
  }
}

TEST(Model, ProfileNamesEveryNodeAndCountsRuns) {
  auto model = load(kNet);
  std::vector<std::vector<float>> inputs;
  fill(*model, &inputs, 1);
  model->set_profiling(true);
  ASSERT_TRUE(model->run().ok());
  ASSERT_TRUE(model->run().ok());
  ASSERT_EQ(model->profile().size(), model->graph().nodes.size());
  for (const NodeProfile& p : model->profile()) {
    EXPECT_EQ(p.runs, 2);
    EXPECT_GE(p.ms, 0);
  }
}

TEST(Model, LoadingAndDroppingTwoHundredTimesKeepsNothing) {
  load(kNet);
  const size_t before = live_bytes();
  for (int i = 0; i < 200; ++i) load(kNet);
  EXPECT_EQ(live_bytes(), before);
}

}  // namespace
}  // namespace wxnn
