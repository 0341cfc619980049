// Resource variables, CALL_ONCE and STABLEHLO_COMPOSITE; the basic LSTM cell, whose state is such a
// variable; auxiliary inputs and int8 weights of recurrent layers.
#include <cmath>
#include <cstring>

#include "op_test.h"
#include "tflite_file.h"

namespace wxnn {
namespace {

using Options = tflite::BuiltinOptions;

std::vector<uint8_t> bytes_of_tensor(const HostTensor& t) {
  return bytes_of(std::vector<float>(t.data().begin(), t.data().end()));
}
int constant(TfliteFile& f, const HostTensor& t) {
  const auto dims = t.shape().dims();
  return f.constant("w", {dims.begin(), dims.end()}, Type::FLOAT32, bytes_of_tensor(t));
}
void write(const Model& model, size_t input, const HostTensor& t) {
  std::memcpy(model.input(input).data, t.data().data(), model.input(input).bytes());
}

int handle(TfliteFile& f, const char* name) {
  const int h = f.tensor("handle", {}, Type::RESOURCE);
  f.node(Code::VAR_HANDLE, {}, {h}, Options::VarHandleOptions,
         tflite::CreateVarHandleOptionsDirect(f.fbb, "shared", name).Union());
  return h;
}
int read(TfliteFile& f, int h, std::vector<int32_t> shape) {
  const int y = f.tensor("read", std::move(shape));
  f.node(Code::READ_VARIABLE, {h}, {y});
  return y;
}
void call_once(TfliteFile& f, int subgraph) {
  f.node(Code::CALL_ONCE, {}, {}, Options::CallOnceOptions,
         tflite::CreateCallOnceOptions(f.fbb, subgraph).Union());
}

// Begins a file whose variables have these values at first.
void begin(TfliteFile& f, const std::vector<std::pair<const char*, HostTensor>>& variables) {
  for (const auto& [name, value] : variables) {
    f.node(Code::ASSIGN_VARIABLE, {handle(f, name), constant(f, value)}, {});
  }
  call_once(f, f.body({}, {}));
}

TEST(TfliteState, AVariableIsWhatTheRunBeforeLeft) {
  TfliteFile f;
  begin(f, {{"sum", HostTensor({2}, {10, 20})}});
  const int x = f.tensor("x", {2}), h = handle(f, "sum"), y = f.tensor("y", {2});
  f.node(Code::ADD, {read(f, h, {2}), x}, {y});
  f.node(Code::ASSIGN_VARIABLE, {h, y}, {});
  const int again = read(f, h, {2}), twice = f.tensor("twice", {2});
  f.node(Code::ADD, {again, again}, {twice});
  std::unique_ptr<Model> model;
  ASSERT_OK(load(f.finish({x}, {y, twice}), &model));
  for (int round = 0; round < 2; ++round) {
    float want[] = {10, 20};
    for (int run = 0; run < 4; ++run) {
      const HostTensor step({2}, {1.0F + run, -2});
      write(*model, 0, step);
      ASSERT_OK(model->run());
      for (int i = 0; i < 2; ++i) {
        want[i] += step[i];
        EXPECT_EQ(model->output(0).f32()[i], want[i]);
        EXPECT_EQ(model->output(1).f32()[i], 2 * want[i]);
      }
    }
    model->reset_state();
  }
}

// Two variables that hand their values on: neither is overwritten before it has been read.
TEST(TfliteState, ValuesMoveFromVariableToVariable) {
  TfliteFile f;
  begin(f, {{"a", HostTensor({1}, {1})}, {"b", HostTensor({1}, {2})}});
  const int x = f.tensor("x", {1}), a = handle(f, "a"), b = handle(f, "b");
  const int old_a = read(f, a, {1}), old_b = read(f, b, {1}), y = f.tensor("y", {1});
  f.node(Code::SUB, {old_a, old_b}, {y});
  f.node(Code::ASSIGN_VARIABLE, {a, old_b}, {});
  f.node(Code::ASSIGN_VARIABLE, {b, old_a}, {});
  std::unique_ptr<Model> model;
  ASSERT_OK(load(f.finish({x}, {y}), &model));
  for (int run = 0; run < 4; ++run) {
    ASSERT_OK(model->run());
    EXPECT_EQ(model->output(0).f32()[0], run % 2 == 0 ? -1 : 1);
  }
}

TEST(TfliteState, AFailedRunAndAnotherShapeLeaveVariablesAlone) {
  TfliteFile f;
  begin(f, {{"sum", HostTensor({1}, {5})}});
  const int x = f.open_input("x", {1, 2}, {-1, 2}), at = f.tensor("at", {1}, Type::INT32);
  const int h = handle(f, "sum"), last = f.tensor("last", {1}), y = f.tensor("y", {1});
  const int column = f.constant("column", {1}, Type::INT32, bytes_of<int32_t>({0}));
  const int total = f.tensor("total", {2});
  f.node(Code::SUM, {x, column}, {total}, Options::ReducerOptions,
         tflite::CreateReducerOptions(f.fbb, false).Union());
  f.node(Code::GATHER, {total, at}, {last}, Options::GatherOptions,
         tflite::CreateGatherOptions(f.fbb, 0).Union());
  f.node(Code::ADD, {read(f, h, {1}), last}, {y});
  f.node(Code::ASSIGN_VARIABLE, {h, y}, {});
  std::unique_ptr<Model> model;
  ASSERT_OK(load(f.finish({x, at}, {y}), &model));
  float want = 5;
  for (const int32_t batch : {1, 3, 2}) {
    ASSERT_OK(model->resize(0, {batch, 2}));
    for (int32_t i = 0; i < 2 * batch; ++i) model->input(0).f32()[i] = static_cast<float>(i);
    *model->input(1).i32() = 7;
    EXPECT_SAYS(model->run(), "7");
    *model->input(1).i32() = 1;
    ASSERT_OK(model->run());
    for (int32_t i = 0; i < batch; ++i) want += static_cast<float>(2 * i + 1);
    EXPECT_EQ(model->output(0).f32()[0], want);
  }
}

TEST(TfliteState, WhatIsNeverAssignedIsAConstant) {
  TfliteFile f;
  begin(f, {{"w", HostTensor({2}, {3, 4})}});
  const int x = f.tensor("x", {2}), y = f.tensor("y", {2});
  f.node(Code::MUL, {x, read(f, handle(f, "w"), {2})}, {y});
  Graph graph;
  ASSERT_OK(read_tflite(f.finish({x}, {y}), &graph));
  EXPECT_TRUE(graph.states.empty());
  EXPECT_NE(graph.values[graph.nodes[0].inputs[1]].constant, nullptr);
}

// while (i < n) { v = v w + x; i += 1 }
int loop_body(TfliteFile& f, int* cond) {
  int i = f.tensor("i", {}, Type::INT32), n = f.tensor("n", {}, Type::INT32),
      x = f.tensor("x", {2});
  const int less = f.tensor("less", {}, Type::BOOL);
  f.node(Code::LESS, {i, n}, {less});
  *cond = f.body({i, n, x}, {less});
  i = f.tensor("i", {}, Type::INT32), n = f.tensor("n", {}, Type::INT32), x = f.tensor("x", {2});
  const int one = f.constant("one", {}, Type::INT32, bytes_of<int32_t>({1}));
  const int next = f.tensor("next", {}, Type::INT32), v = handle(f, "v");
  const int scaled = f.tensor("scaled", {2}), sum = f.tensor("sum", {2});
  f.node(Code::ADD, {i, one}, {next});
  f.node(Code::MUL, {read(f, v, {2}), read(f, handle(f, "w"), {2})}, {scaled});
  f.node(Code::ADD, {scaled, x}, {sum});
  f.node(Code::ASSIGN_VARIABLE, {v, sum}, {});
  return f.body({i, n, x}, {next, n, x});
}

// The variable is read before the loop, in it, and after it; the loop stands in a condition.
TEST(TfliteState, LoopsAndConditionsUseVariables) {
  for (const bool in_condition : {false, true}) {
    TfliteFile f;
    int cond = 0;
    const int body = loop_body(f, &cond);
    const auto loop = [&](int n, int x) {
      const int zero = f.constant("zero", {}, Type::INT32, bytes_of<int32_t>({0}));
      const int i = f.tensor("i", {}, Type::INT32), m = f.tensor("m", {}, Type::INT32);
      const int z = f.tensor("z", {2});
      f.node(Code::WHILE, {zero, n, x}, {i, m, z}, Options::WhileOptions,
             f.two_subgraphs(cond, body));
      return i;
    };
    int branch = 0, other = 0;
    if (in_condition) {
      int n = f.tensor("n", {}, Type::INT32), x = f.tensor("x", {2});
      branch = f.body({n, x}, {loop(n, x)});
      n = f.tensor("n", {}, Type::INT32), x = f.tensor("x", {2});
      other = f.body({n, x}, {n});
    }
    begin(f, {{"v", HostTensor({2}, {1, -1})}, {"w", HostTensor({2}, {0.5F, 2})}});
    const int n = f.tensor("n", {}, Type::INT32), x = f.tensor("x", {2}), v = handle(f, "v");
    const int flag = f.tensor("flag", {}, Type::BOOL), rounds = f.tensor("rounds", {}, Type::INT32);
    const int y = f.tensor("y", {2}), before = read(f, v, {2});
    if (in_condition) {
      f.node(Code::IF, {flag, n, x}, {rounds}, Options::IfOptions, f.two_subgraphs(branch, other));
    }
    const int count = in_condition ? rounds : loop(n, x);
    f.node(Code::ADD, {before, read(f, v, {2})}, {y});
    std::unique_ptr<Model> model;
    ASSERT_OK(load(f.finish({flag, n, x}, {y, count}), &model));
    for (int again = 0; again < 2; ++again) {
      float want[] = {1, -1};
      for (int run = 0; run < 5; ++run) {
        const float old[] = {want[0], want[1]}, step[] = {1.0F + static_cast<float>(run), 0.25F};
        const bool taken = !in_condition || run % 2 == 0;
        *model->input(0).u8() = taken ? 1 : 0;
        *model->input(1).i32() = run;
        std::memcpy(model->input(2).data, step, sizeof step);
        ASSERT_OK(model->run());
        for (int i = 0; taken && i < run; ++i) {
          want[0] = want[0] * 0.5F + step[0];
          want[1] = want[1] * 2 + step[1];
        }
        for (int k = 0; k < 2; ++k) EXPECT_EQ(model->output(0).f32()[k], old[k] + want[k]) << run;
        EXPECT_EQ(*model->output(1).i32(), run);
      }
      model->reset_state();
    }
  }
}

TEST(TfliteState, Refusals) {
  std::unique_ptr<Model> model;
  TfliteFile unset;
  int x = unset.tensor("x", {1}), y = unset.tensor("y", {1});
  unset.node(Code::ADD, {x, read(unset, handle(unset, "v"), {1})}, {y});
  EXPECT_SAYS(
      load(unset.finish({x}, {y}), &model),
      "node \"read\" (READ_VARIABLE): reads the variable \"shared/v\" before it has a value");

  TfliteFile other;
  begin(other, {{"v", HostTensor({1}, {0})}});
  x = other.tensor("x", {2}), y = other.tensor("y", {2});
  const int h = handle(other, "v");
  other.node(Code::ADD, {x, read(other, h, {1})}, {y});
  other.node(Code::ASSIGN_VARIABLE, {h, x}, {});
  EXPECT_SAYS(load(other.finish({x}, {y}), &model),
              "variable \"shared/v\" is float32 [1] and cannot become float32 [2]");

  TfliteFile stray;
  x = stray.tensor("x", {1}), y = stray.tensor("y", {1});
  stray.node(Code::READ_VARIABLE, {x}, {y});
  EXPECT_SAYS(load(stray.finish({x}, {y}), &model), "comes from no VAR_HANDLE");

  TfliteFile late;
  begin(late, {{"v", HostTensor({1}, {0})}});
  x = late.tensor("x", {1}), y = late.tensor("y", {1});
  late.node(Code::ADD, {x, read(late, handle(late, "v"), {1})}, {y});
  const int body = late.body({x}, {y});
  const int flag = late.tensor("flag", {}, Type::BOOL);
  x = late.tensor("x", {1}), y = late.tensor("y", {1});
  late.node(Code::IF, {flag, x}, {y}, Options::IfOptions, late.two_subgraphs(body, body));
  EXPECT_SAYS(load(late.finish({flag, x}, {y}), &model), "begins a variable in the body");
}

// double(x) + double(double(x)), where double is a subgraph; the second lies in another.
TEST(TfliteState, CompositesAreTheirSubgraphs) {
  TfliteFile f;
  int x = f.tensor("x", {2}), y = f.tensor("y", {2});
  f.node(Code::ADD, {x, x}, {y});
  const int twice = f.body({x}, {y});
  x = f.tensor("x", {2}), y = f.tensor("y", {2});
  f.composite(twice, {x}, {y});
  const int nested = f.body({x}, {y});
  x = f.tensor("x", {2});
  const int a = f.tensor("a", {2}), b = f.tensor("b", {2});
  y = f.tensor("y", {2});
  f.composite(twice, {x}, {a});
  f.composite(nested, {a}, {b});
  f.node(Code::STABLEHLO_ADD, {a, b}, {y});
  std::unique_ptr<Model> model;
  ASSERT_OK(load(f.finish({x}, {y}), &model));
  write(*model, 0, HostTensor({2}, {1.5F, -3}));
  ASSERT_OK(model->run());
  EXPECT_EQ(model->output(0).f32()[0], 9);
  EXPECT_EQ(model->output(0).f32()[1], -18);

  TfliteFile wrong;
  x = wrong.tensor("x", {2}), y = wrong.tensor("y", {2});
  wrong.composite(1, {x}, {y});
  wrong.body({x, x}, {y});
  x = wrong.tensor("x", {2}), y = wrong.tensor("y", {2});
  wrong.composite(1, {x}, {y});
  EXPECT_SAYS(load(wrong.finish({x}, {y}), &model), "has 1 inputs, its subgraph 2");
  TfliteFile itself;
  x = itself.tensor("x", {2}), y = itself.tensor("y", {2});
  itself.composite(0, {x}, {y});
  EXPECT_SAYS(load(itself.finish({x}, {y}), &model), "recursion is not supported");
}

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

TEST(TfliteState, BasicLstmAgreesWithTheFormulas) {
  Random random(11);
  constexpr int kBatch = 2, kIn = 3, kUnits = 4;
  const HostTensor w = random.tensor({4 * kUnits, kIn + kUnits}),
                   bias = random.tensor({4 * kUnits});
  TfliteFile f;
  const HostTensor zeros({kBatch, kUnits}, {0, 0, 0, 0, 0, 0, 0, 0});
  begin(f, {{"h", zeros}, {"c", zeros}});
  const int x = f.tensor("x", {kBatch, kIn}), h = handle(f, "h"), c = handle(f, "c");
  const int y = f.tensor("y", {kBatch, kUnits}), state = f.tensor("state", {kBatch, kUnits});
  const int scratch = f.tensor("scratch", {1}), gates = f.tensor("gates", {1});
  const int old_h = read(f, h, {kBatch, kUnits}), old_c = read(f, c, {kBatch, kUnits});
  f.node(Code::LSTM, {x, old_h, constant(f, w), constant(f, bias), old_c},
         {y, state, scratch, gates}, Options::LSTMOptions,
         tflite::CreateLSTMOptions(f.fbb, tflite::ActivationFunctionType::TANH, 0, 0, 1).Union());
  f.node(Code::ASSIGN_VARIABLE, {h, y}, {});
  f.node(Code::ASSIGN_VARIABLE, {c, state}, {});
  std::unique_ptr<Model> model;
  ASSERT_OK(load(f.finish({x}, {y, state}), &model));
  std::vector<double> want_h(kBatch * kUnits), want_c(kBatch * kUnits);
  for (int step = 0; step < 5; ++step) {
    const HostTensor data = random.tensor({kBatch, kIn});
    write(*model, 0, data);
    ASSERT_OK(model->run());
    const std::vector<double> before = want_h;
    for (int n = 0; n < kBatch; ++n) {
      for (int u = 0; u < kUnits; ++u) {
        double g[4];  // input, cell, forget, output
        for (int k = 0; k < 4; ++k) {
          const int row = k * kUnits + u;
          g[k] = bias[row];
          for (int i = 0; i < kIn; ++i) g[k] += double(w[row * 7 + i]) * data[n * kIn + i];
          for (int i = 0; i < kUnits; ++i) {
            g[k] += double(w[row * 7 + kIn + i]) * before[static_cast<size_t>(n * kUnits + i)];
          }
        }
        const auto at = static_cast<size_t>(n * kUnits + u);
        want_c[at] = sigmoid(g[0]) * std::tanh(g[1]) + sigmoid(g[2]) * want_c[at];
        want_h[at] = sigmoid(g[3]) * std::tanh(want_c[at]);
      }
    }
    for (size_t i = 0; i < want_h.size(); ++i) {
      EXPECT_NEAR(model->output(0).f32()[i], want_h[i], 2e-6) << step;
      EXPECT_NEAR(model->output(1).f32()[i], want_c[i], 2e-6) << step;
    }
  }
}

// With weights, a second x stands beside the first; without, it is the x of the layer backward.
TEST(TfliteState, AuxiliaryInputsOfBidirectionalRnn) {
  Random random(12);
  for (const bool weighted : {true, false}) {
    const HostTensor w[2] = {random.tensor({2, 3}), random.tensor({2, 3})};
    const HostTensor aux[2] = {random.tensor({2, 3}), random.tensor({2, 3})};
    const HostTensor r = random.tensor({2, 2}), bias = random.tensor({2});
    TfliteFile f;
    const int x = f.tensor("x", {1, 4, 3}), second = f.tensor("aux", {1, 4, 3});
    std::vector<int32_t> in = {x};
    for (const HostTensor& weights : w) {
      in.insert(in.end(),
                {constant(f, weights), constant(f, r), constant(f, bias), f.variable("h", {1, 2})});
    }
    in.push_back(second);
    for (const HostTensor& weights : aux) in.push_back(weighted ? constant(f, weights) : -1);
    const int y = f.tensor("y", {1, 4, 4});
    f.node(Code::BIDIRECTIONAL_SEQUENCE_RNN, in, {y}, Options::BidirectionalSequenceRNNOptions,
           tflite::CreateBidirectionalSequenceRNNOptions(f.fbb, false,
                                                         tflite::ActivationFunctionType::TANH, true)
               .Union());
    std::unique_ptr<Model> model;
    ASSERT_OK(load(f.finish({x, second}, {y}), &model));
    const HostTensor data[2] = {random.tensor({1, 4, 3}), random.tensor({1, 4, 3})};
    for (size_t i = 0; i < 2; ++i) write(*model, i, data[i]);
    ASSERT_OK(model->run());
    for (int k = 0; k < 2; ++k) {
      double h[2] = {0, 0};
      for (int step = 0; step < 4; ++step) {
        const int t = k == 0 ? step : 3 - step;
        double next[2];
        for (int u = 0; u < 2; ++u) {
          next[u] = bias[u];
          for (int i = 0; i < 3; ++i) {
            const HostTensor& own = data[!weighted && k == 1 ? 1 : 0];
            next[u] += double(w[k][u * 3 + i]) * own[t * 3 + i];
            if (weighted) next[u] += double(aux[k][u * 3 + i]) * data[1][t * 3 + i];
          }
          for (int i = 0; i < 2; ++i) next[u] += double(r[u * 2 + i]) * h[i];
        }
        for (int u = 0; u < 2; ++u) {
          h[u] = std::tanh(next[u]);
          EXPECT_NEAR(model->output(0).f32()[t * 4 + k * 2 + u], h[u], 2e-6) << weighted;
        }
      }
    }
  }
}

// Hybrid weights: int8 with a scale, which are numbers from loading on.
TEST(TfliteState, Int8WeightsOfRnn) {
  const std::vector<int8_t> w = {1, -2, 3, 40, -50, 60}, r = {7, 0, -8, 9};
  TfliteFile f;
  const int x = f.tensor("x", {1, 2, 3}), y = f.tensor("y", {1, 2, 2});
  const int bias = f.constant("b", {2}, Type::FLOAT32, bytes_of<float>({0.5F, -0.25F}));
  f.node(
      Code::UNIDIRECTIONAL_SEQUENCE_RNN,
      {x, f.quantized("w", {2, 3}, w, {0.02F}, {0}, 0), f.quantized("r", {2, 2}, r, {0.1F}, {0}, 0),
       bias, f.variable("h", {1, 2})},
      {y}, Options::SequenceRNNOptions,
      tflite::CreateSequenceRNNOptions(f.fbb, false, tflite::ActivationFunctionType::TANH).Union());
  std::unique_ptr<Model> model;
  ASSERT_OK(load(f.finish({x}, {y}), &model));
  Random random(13);
  const HostTensor data = random.tensor({1, 2, 3});
  write(*model, 0, data);
  ASSERT_OK(model->run());
  double h[2] = {0, 0};
  for (size_t t = 0; t < 2; ++t) {
    double next[2] = {0.5, -0.25};
    for (size_t u = 0; u < 2; ++u) {
      for (size_t i = 0; i < 3; ++i) next[u] += 0.02 * w[u * 3 + i] * data.data()[t * 3 + i];
      for (size_t i = 0; i < 2; ++i) next[u] += 0.1 * r[u * 2 + i] * h[i];
    }
    for (size_t u = 0; u < 2; ++u) {
      h[u] = std::tanh(next[u]);
      EXPECT_NEAR(model->output(0).f32()[t * 2 + u], h[u], 2e-6);
    }
  }
}

}  // namespace
}  // namespace wxnn
