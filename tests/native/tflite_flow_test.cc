// IF and WHILE of TensorFlow Lite: subgraphs of the file as bodies.
#include <cstring>

#include "op_test.h"
#include "tflite_file.h"

namespace wxnn {
namespace {

using Options = tflite::BuiltinOptions;

// while (i < 5) { i += 1; x = x * w }
Buffer loop_file(bool recursive) {
  TfliteFile f;
  int i = f.tensor("i", {}, Type::INT32), x = f.tensor("x", {2, 3});
  const int five = f.constant("five", {}, Type::INT32, bytes_of<int32_t>({5}));
  const int less = f.tensor("less", {}, Type::BOOL);
  f.node(Code::LESS, {i, five}, {less});
  const int cond = f.body({i, x}, {less});

  i = f.tensor("i", {}, Type::INT32), x = f.tensor("x", {2, 3});
  const int one = f.constant("one", {}, Type::INT32, bytes_of<int32_t>({1}));
  const int w = f.constant("w", {3}, Type::FLOAT32, bytes_of<float>({0.5F, -2, 3}));
  const int next = f.tensor("next", {}, Type::INT32), y = f.tensor("y", {2, 3});
  f.node(Code::ADD, {i, one}, {next}, Options::AddOptions,
         add_options(f, tflite::ActivationFunctionType::NONE));
  f.node(Code::MUL, {x, w}, {y});
  if (recursive) {
    const int a = f.tensor("a", {}, Type::INT32), b = f.tensor("b", {2, 3});
    f.node(Code::WHILE, {next, y}, {a, b}, Options::WhileOptions, f.two_subgraphs(1, 2));
    f.body({i, x}, {a, b});
  } else {
    f.body({i, x}, {next, y});
  }

  i = f.tensor("start", {}, Type::INT32), x = f.tensor("x", {2, 3});
  const int last = f.tensor("last", {}, Type::INT32), out = f.tensor("out", {2, 3});
  f.node(Code::WHILE, {i, x}, {last, out}, Options::WhileOptions, f.two_subgraphs(cond, 2));
  return f.finish({i, x}, {last, out});
}

TEST(TfliteFlow, WhileRunsItsSubgraphs) {
  std::unique_ptr<Model> model;
  ASSERT_OK(load(loop_file(false), &model));
  for (const int32_t start : {0, 3, 9}) {
    *model->input(0).i32() = start;
    const float x[] = {1, 2, 3, 4, 5, 6}, w[] = {0.5F, -2, 3};
    std::memcpy(model->input(1).data, x, sizeof x);
    ASSERT_OK(model->run());
    EXPECT_EQ(*model->output(0).i32(), std::max(start, 5));
    for (int k = 0; k < 6; ++k) {
      float want = x[k];
      for (int i = start; i < 5; ++i) want *= w[k % 3];
      EXPECT_EQ(model->output(1).f32()[k], want);
    }
  }
}

TEST(TfliteFlow, IfTakesTheShapeOfItsBranch) {
  TfliteFile f;
  int x = f.tensor("x", {2, 2}), y = f.tensor("y", {2, 2});
  f.node(Code::NEG, {x}, {y});
  const int negate = f.body({x}, {y});
  x = f.tensor("x", {2, 2});
  const int all = f.constant("all", {1}, Type::INT32, bytes_of<int32_t>({-1}));
  y = f.tensor("y", {4});
  f.node(Code::RESHAPE, {x, all}, {y});
  const int flatten = f.body({x}, {y});
  const int flag = f.tensor("flag", {}, Type::BOOL);
  x = f.tensor("x", {2, 2});
  y = f.tensor("y", {2, 2});
  f.node(Code::IF, {flag, x}, {y}, Options::IfOptions, f.two_subgraphs(negate, flatten));
  std::unique_ptr<Model> model;
  ASSERT_OK(load(f.finish({flag, x}, {y}), &model));
  for (const bool taken : {true, false, true}) {
    *model->input(0).u8() = taken ? 1 : 0;
    const float values[] = {1, 2, 3, 4};
    std::memcpy(model->input(1).data, values, sizeof values);
    ASSERT_OK(model->run());
    EXPECT_EQ(model->output(0).shape, taken ? (Shape{2, 2}) : (Shape{4}));
    for (int k = 0; k < 4; ++k)
      EXPECT_EQ(model->output(0).f32()[k], taken ? -values[k] : values[k]);
  }
}

TEST(TfliteFlow, RefusesRecursionAndSubgraphsThatAreNotThere) {
  std::unique_ptr<Model> model;
  EXPECT_SAYS(load(loop_file(true), &model), "recursion is not supported");
  TfliteFile f;
  const int flag = f.tensor("flag", {}, Type::BOOL), y = f.tensor("y", {});
  f.node(Code::IF, {flag}, {y}, Options::IfOptions, f.two_subgraphs(7, 1));
  EXPECT_SAYS(load(f.finish({flag}, {y}), &model), "node \"y\" (IF): refers to subgraph 7 of 1");
}

}  // namespace
}  // namespace wxnn
