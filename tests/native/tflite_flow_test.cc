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

// y = branch[i](x), three branches of which the second gives another shape.
Buffer case_file(std::vector<int32_t> branches, bool wide = false) {
  TfliteFile f;
  int x = f.tensor("x", {2, 2}), y = f.tensor("y", {2, 2});
  f.node(Code::NEG, {x}, {y});
  f.body({x}, {y});
  x = f.tensor("x", {2, 2});
  const int all = f.constant("all", {1}, Type::INT32, bytes_of<int32_t>({-1}));
  y = f.tensor("y", {4});
  f.node(Code::RESHAPE, {x, all}, {y});
  f.body({x}, {y});
  x = f.tensor("x", {2, 2});
  const int more = f.tensor("more", {2, 2});
  f.body(wide ? std::vector<int32_t>{x, more} : std::vector<int32_t>{x}, {x});
  const int index = f.tensor("index", {}, Type::INT32);
  x = f.tensor("x", {2, 2});
  y = f.tensor("y", {2, 2});
  const auto list = f.fbb.CreateVector(branches);
  const auto start = f.fbb.StartTable();
  f.fbb.AddOffset(4, list);
  f.node_2(Code::STABLEHLO_CASE, {index, x}, {y}, tflite::BuiltinOptions2::Case,
           {f.fbb.EndTable(start)});
  return f.finish({index, x}, {y});
}

TEST(TfliteFlow, CaseTakesABranchByItsNumber) {
  std::unique_ptr<Model> model;
  ASSERT_OK(load(case_file({1, 2, 3}), &model));
  for (const int32_t index : {0, 1, 2, 3, -5, 1}) {
    *model->input(0).i32() = index;
    const float values[] = {1, 2, 3, 4};
    std::memcpy(model->input(1).data, values, sizeof values);
    ASSERT_OK(model->run());
    EXPECT_EQ(model->output(0).shape, index == 1 ? (Shape{4}) : (Shape{2, 2})) << index;
    for (int k = 0; k < 4; ++k)
      EXPECT_EQ(model->output(0).f32()[k], index == 0 ? -values[k] : values[k]) << index;
  }
  ASSERT_OK(load(case_file({1}), &model));
  *model->input(0).i32() = 7;
  model->input(1).f32()[3] = 8;
  ASSERT_OK(model->run());
  EXPECT_EQ(model->output(0).f32()[3], -8);
  EXPECT_SAYS(load(case_file({}), &model), "node \"y\" (STABLEHLO_CASE): has no branches");
  EXPECT_SAYS(load(case_file({1, 9}), &model), "refers to subgraph 9 of 4");
  EXPECT_SAYS(load(case_file({1, -1}), &model), "refers to subgraph -1");
  EXPECT_SAYS(load(case_file({1, 0}), &model), "recursion is not supported");
  EXPECT_SAYS(load(case_file({1, 2, 3}, true), &model), "a branch of other inputs or outputs");
}

// Computations are subgraphs of one operator on two values.
TEST(TfliteFlow, ComputationsOfOneOperator) {
  const auto scatter = [](std::vector<Code> codes) {
    TfliteFile f;
    const int a = f.tensor("a", {}), b = f.tensor("b", {});
    int y = a;
    for (const Code code : codes) {
      const int next = f.tensor("c", {});
      f.node(code, {y, b}, {next});
      y = next;
    }
    f.body({a, b}, {y});
    const int x = f.tensor("x", {3}), at = f.tensor("at", {1, 1}, Type::INT32);
    const int u = f.tensor("u", {1}), out = f.tensor("out", {3});
    f.node_2(Code::STABLEHLO_SCATTER, {x, at, u}, {out}, tflite::BuiltinOptions2::Scatter,
             f.options({TfliteFile::longs(2, {0}), TfliteFile::longs(3, {0}),
                        TfliteFile::one_long(4, 1), TfliteFile::one_int(6, 1)}));
    return f.finish({x, at, u}, {out});
  };
  std::unique_ptr<Model> model;
  ASSERT_OK(load(scatter({Code::ADD}), &model));
  EXPECT_SAYS(load(scatter({Code::ADD, Code::MUL}), &model),
              "has a computation of 2 operators; one is supported");
  EXPECT_SAYS(load(scatter({}), &model), "has a computation of 0 operators");
  EXPECT_SAYS(load(scatter({Code::DIV}), &model), "computation \"RealDiv\" of float32");
  TfliteFile f;
  const int x = f.tensor("x", {3}), y = f.tensor("y", {3}, Type::INT64);
  f.node(Code::BITCAST, {x}, {y});
  EXPECT_SAYS(load(f.finish({x}, {y}), &model),
              "node \"y\" (BITCAST): is supported between float32 and int32 only");
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
