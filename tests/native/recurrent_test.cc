// LSTM, RNN, SVDF: against the formulas in double, step by step; and as .tflite operators.
#include <cmath>

#include "core/model.h"
#include "formats/tflite_reader.h"
#include "op_test.h"
#include "tflite_file.h"

namespace wxnn {
namespace {

double at(const HostTensor& t, int32_t i) { return static_cast<double>(t[i]); }

// row r of [rows,n] times x.
double dot(const HostTensor& w, int32_t r, const std::vector<double>& x) {
  double sum = 0;
  for (size_t k = 0; k < x.size(); ++k) {
    sum += at(w, r * static_cast<int32_t>(x.size()) + static_cast<int32_t>(k)) * x[k];
  }
  return sum;
}
double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

struct State {
  std::vector<double> h, c;
};

struct LstmCase {
  bool cifg = false, peephole = false, norm = false, projection = false;
  double cell_clip = 0, projection_clip = 0;
};

// One step; `in` are the inputs of LSTM from the weights on.
std::vector<double> step_plainly(const std::vector<HostTensor>& in, const LstmCase& test,
                                 const std::vector<double>& x, State& s) {
  const size_t units = s.c.size();
  std::vector<double> gate[4];
  const auto sum = [&](size_t g, const std::vector<double>& c) {
    std::vector<double> y(units);
    const size_t p = g == 3 ? 11 : 9 + g;
    for (size_t u = 0; u < units; ++u) {
      const int32_t i = static_cast<int32_t>(u);
      y[u] = dot(in[1 + g], i, x) + dot(in[5 + g], i, s.h);
      if (test.peephole && g != 2) y[u] += at(in[p], i) * c[u];
      if (!test.norm) y[u] += at(in[12 + g], i);
    }
    if (!test.norm) return y;
    double mean = 0, variance = 0;
    for (double v : y) mean += v / static_cast<double>(units);
    for (double v : y) variance += (v - mean) * (v - mean) / static_cast<double>(units);
    for (size_t u = 0; u < units; ++u) {
      const int32_t i = static_cast<int32_t>(u);
      y[u] = (y[u] - mean) / std::sqrt(variance + 1e-8) * at(in[18 + g], i) + at(in[12 + g], i);
    }
    return y;
  };
  for (size_t g = test.cifg ? 1 : 0; g < 3; ++g) gate[g] = sum(g, s.c);
  for (size_t u = 0; u < units; ++u) {
    const double f = sigmoid(gate[1][u]);
    const double i = test.cifg ? 1 - f : sigmoid(gate[0][u]);
    s.c[u] = f * s.c[u] + i * std::tanh(gate[2][u]);
    if (test.cell_clip > 0) s.c[u] = std::min(std::max(s.c[u], -test.cell_clip), test.cell_clip);
  }
  gate[3] = sum(3, s.c);
  std::vector<double> hidden(units);
  for (size_t u = 0; u < units; ++u) hidden[u] = sigmoid(gate[3][u]) * std::tanh(s.c[u]);
  if (!test.projection) return s.h = hidden;
  for (size_t o = 0; o < s.h.size(); ++o) {
    s.h[o] = dot(in[16], static_cast<int32_t>(o), hidden) + at(in[17], static_cast<int32_t>(o));
    const double most = test.projection_clip;
    if (most > 0) s.h[o] = std::min(std::max(s.h[o], -most), most);
  }
  return s.h;
}

std::vector<HostTensor> random_lstm(Random& random, const LstmCase& test, int32_t inputs,
                                    int32_t units, int32_t outputs) {
  std::vector<HostTensor> in(22);
  for (size_t g = test.cifg ? 1 : 0; g < 4; ++g) {
    in[1 + g] = random.tensor({units, inputs});
    in[5 + g] = random.tensor({units, outputs});
    if (test.peephole && g != 2) in[g == 3 ? 11 : 9 + g] = random.tensor({units});
    in[12 + g] = random.tensor({units});
    if (test.norm) in[18 + g] = random.tensor({units}, 0.5f, 1.5f);
  }
  if (test.projection) {
    in[16] = random.tensor({outputs, units});
    in[17] = random.tensor({outputs});
  }
  return in;
}

TEST(Lstm, AgreesWithTheFormulas) {
  const uint32_t seed = test_seed();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  const LstmCase cases[] = {{},
                            {.cifg = true},
                            {.peephole = true},
                            {.norm = true},
                            {.projection = true},
                            {.cifg = true, .peephole = true, .norm = true, .projection = true},
                            {.projection = true, .cell_clip = 0.3, .projection_clip = 0.2}};
  for (const LstmCase& test : cases) {
    const int32_t inputs = 3, units = 7, steps = 4, batch = 2, outputs = test.projection ? 5 : 7;
    const std::vector<HostTensor> weights = random_lstm(random, test, inputs, units, outputs);
    for (int order = 0; order < 4; ++order) {
      const bool time_major = order % 2 == 1;
      const bool reverse = order >= 2;
      OpTest op("LSTM");
      op.attr("timeMajor", time_major).attr("reverse", reverse);
      op.attr("cellClip", test.cell_clip).attr("projClip", test.projection_clip);
      std::vector<State> states(batch,
                                State{std::vector<double>(outputs), std::vector<double>(units)});
      for (int run = 0; run < 2; ++run) {  // the second goes on from the first's state
        std::vector<HostTensor> in = weights;
        const Shape shape = time_major ? Shape{steps, batch, inputs} : Shape{batch, steps, inputs};
        in[0] = random.tensor(shape);
        const HostTensor y = op(in);
        for (int32_t s = 0; s < steps; ++s) {
          const int32_t t = reverse ? steps - 1 - s : s;
          for (int32_t b = 0; b < batch; ++b) {
            const int32_t row = time_major ? t * batch + b : b * steps + t;
            std::vector<double> x;
            for (int32_t k = 0; k < inputs; ++k) x.push_back(at(in[0], row * inputs + k));
            const std::vector<double> want = step_plainly(weights, test, x, states[b]);
            for (int32_t k = 0; k < outputs; ++k) {
              EXPECT_NEAR(at(y, row * outputs + k), want[k], 2e-5)
                  << order << " " << run << " " << s;
            }
          }
        }
        print_bits("LSTM", y);
      }
    }
  }
}

TEST(Lstm, Refusals) {
  Random random(1);
  std::vector<HostTensor> in = random_lstm(random, {}, 3, 4, 4);
  in[0] = HostTensor(Shape{1, 2, 5});
  std::vector<HostTensor> y;
  EXPECT_SAYS(OpTest("LSTM").run(in, &y), "x [1,2,5] has 5 inputs, the weights 3");
  in[0] = HostTensor(Shape{1, 2, 3});
  std::vector<HostTensor> bad = in;
  bad[12] = HostTensor();
  EXPECT_SAYS(OpTest("LSTM").run(bad, &y), "has only some of the inputs of gate 0");
  bad = in;
  bad[14] = HostTensor(Shape{5});
  EXPECT_SAYS(OpTest("LSTM").run(bad, &y), "input 14 is float32 [5], should be float32 [4]");
  EXPECT_SAYS(OpTest("LSTM").attr("activation", "gelu").run(in, &y),
              "activation \"gelu\" is not known");
}

TEST(Rnn, AgreesWithTheFormulaAndKeepsState) {
  const uint32_t seed = test_seed();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed + 9);
  for (const char* activation : {"tanh", "relu", "linear", "sigmoid", "relu6", "reluN1To1"}) {
    const HostTensor w = random.tensor({4, 3}), r = random.tensor({4, 4}),
                     bias = random.tensor({4});
    OpTest op("RNN");
    op.attr("activation", activation);
    std::vector<double> h[2] = {std::vector<double>(4), std::vector<double>(4)};
    for (int run = 0; run < 2; ++run) {
      const HostTensor x = random.tensor({2, 3});
      const HostTensor y = op({x, w, r, bias});
      ASSERT_EQ(y.shape(), Shape({2, 4}));
      for (int32_t b = 0; b < 2; ++b) {
        std::vector<double> in = {at(x, b * 3), at(x, b * 3 + 1), at(x, b * 3 + 2)};
        std::vector<double> next(4);
        for (int32_t u = 0; u < 4; ++u) {
          const double sum = dot(w, u, in) + dot(r, u, h[b]) + at(bias, u);
          const std::string name = activation;
          next[u] = name == "tanh"      ? std::tanh(sum)
                    : name == "relu"    ? std::max(sum, 0.0)
                    : name == "relu6"   ? std::min(std::max(sum, 0.0), 6.0)
                    : name == "sigmoid" ? sigmoid(sum)
                    : name == "linear"  ? sum
                                        : std::min(std::max(sum, -1.0), 1.0);
          EXPECT_NEAR(at(y, b * 4 + u), next[u], 1e-5);
        }
        h[b] = next;
      }
      print_bits("RNN", y);
    }
  }
}

TEST(Svdf, AgreesWithTheFormulaAndKeepsMemory) {
  const uint32_t seed = test_seed();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed + 2);
  const int32_t batch = 2, inputs = 5, units = 3, rank = 2, memory = 4, filters = units * rank;
  const HostTensor features = random.tensor({filters, inputs});
  const HostTensor time = random.tensor({filters, memory});
  const HostTensor bias = random.tensor({units});
  OpTest op("SVDF");
  op.attr("rank", rank).attr("activation", "relu");
  std::vector<double> kept[batch * filters];
  for (auto& k : kept) k.assign(memory, 0);
  for (int run = 0; run < 6; ++run) {
    const HostTensor x = random.tensor({batch, inputs});
    const HostTensor y = op({x, features, time, bias});
    for (int32_t b = 0; b < batch; ++b) {
      std::vector<double> in;
      for (int32_t k = 0; k < inputs; ++k) in.push_back(at(x, b * inputs + k));
      for (int32_t u = 0; u < units; ++u) {
        double want = at(bias, u);
        for (int32_t f = u * rank; f < (u + 1) * rank; ++f) {
          std::vector<double>& k = kept[b * filters + f];
          k.erase(k.begin());
          k.push_back(dot(features, f, in));
          want += dot(time, f, k);
        }
        EXPECT_NEAR(at(y, b * units + u), std::max(want, 0.0), 1e-5) << run;
      }
    }
    print_bits("SVDF", y);
  }
  std::vector<HostTensor> out;
  EXPECT_SAYS(OpTest("SVDF").attr("rank", 4).run({HostTensor(Shape{1, 5}), features, time}, &out),
              "rank 4 does not divide the 6 filters");
}

std::vector<uint8_t> bytes_of_tensor(const HostTensor& t) {
  return bytes_of(std::vector<float>(t.data().begin(), t.data().end()));
}

// One bidirectional layer as a file; the two directions are those of op LSTM.
TEST(TfliteRecurrent, BidirectionalLstm) {
  Random random(4);
  for (const bool merge : {true, false}) {
    const LstmCase test = {.cifg = true};
    const std::vector<HostTensor> way[2] = {random_lstm(random, test, 3, 4, 4),
                                            random_lstm(random, test, 3, 4, 4)};
    TfliteFile f;
    const int x = f.tensor("x", {1, 5, 3});
    std::vector<int32_t> in = {x};
    for (const auto& weights : way) {
      for (size_t i = 1; i < 18; ++i) {
        const HostTensor& w = weights[i];
        if (w.absent()) {
          in.push_back(-1);
          continue;
        }
        const auto dims = w.shape().dims();
        in.push_back(
            f.constant("w", {dims.begin(), dims.end()}, Type::FLOAT32, bytes_of_tensor(w)));
      }
    }
    for (int i = 0; i < 4; ++i) in.push_back(f.variable("state", {1, 4}));
    for (int i = 0; i < 9; ++i) in.push_back(-1);
    const int y = f.tensor("y", {1, 5, merge ? 8 : 4});
    const int back = f.tensor("back", {1, 5, 4});
    const std::vector<int32_t> out =
        merge ? std::vector<int32_t>{y} : std::vector<int32_t>{y, back};
    f.node(Code::BIDIRECTIONAL_SEQUENCE_LSTM, in, out,
           tflite::BuiltinOptions::BidirectionalSequenceLSTMOptions,
           tflite::CreateBidirectionalSequenceLSTMOptions(
               f.fbb, tflite::ActivationFunctionType::TANH, 0, 0, merge, false)
               .Union());
    Graph graph;
    ASSERT_OK(read_tflite(f.finish({x}, out), &graph));
    std::unique_ptr<Model> model;
    ASSERT_OK(Model::load(std::move(graph), &model));
    const HostTensor data = random.tensor({1, 5, 3});
    OpTest forward("LSTM"), backward("LSTM");
    backward.attr("reverse", 1);
    for (int run = 0; run < 3; ++run) {
      if (run == 2) {  // as after loading
        model->reset_state();
        forward = OpTest("LSTM");
        backward = OpTest("LSTM");
        backward.attr("reverse", 1);
      }
      std::copy(data.data().begin(), data.data().end(), model->input(0).f32());
      ASSERT_OK(model->run());
      std::vector<HostTensor> inputs[2] = {way[0], way[1]};
      inputs[0][0] = inputs[1][0] = data;
      const HostTensor want[2] = {forward(inputs[0]), backward(inputs[1])};
      for (int32_t i = 0; i < 20; ++i) {
        for (int32_t k = 0; k < 2; ++k) {
          const float got = merge ? model->output(0).f32()[i / 4 * 8 + k * 4 + i % 4]
                                  : model->output(static_cast<size_t>(k)).f32()[i];
          EXPECT_EQ(got, want[k][i]) << run;
        }
      }
    }
  }
}

TEST(TfliteRecurrent, RnnsAndRefusals) {
  Random random(4);
  for (const bool both : {false, true}) {
    TfliteFile f;
    const HostTensor w = random.tensor({2, 3}), r = random.tensor({2, 2}),
                     bias = random.tensor({2});
    const int x = f.tensor("x", {4, 1, 3});
    std::vector<int32_t> in = {x};
    for (int k = 0; k < (both ? 2 : 1); ++k) {
      in.push_back(f.constant("w", {2, 3}, Type::FLOAT32, bytes_of_tensor(w)));
      in.push_back(f.constant("r", {2, 2}, Type::FLOAT32, bytes_of_tensor(r)));
      in.push_back(f.constant("b", {2}, Type::FLOAT32, bytes_of_tensor(bias)));
      in.push_back(f.variable("h", {1, 2}));
    }
    const int y = f.tensor("y", {4, 1, both ? 4 : 2});
    if (both) {
      for (int k = 0; k < 3; ++k) in.push_back(-1);
      f.node(Code::BIDIRECTIONAL_SEQUENCE_RNN, in, {y},
             tflite::BuiltinOptions::BidirectionalSequenceRNNOptions,
             tflite::CreateBidirectionalSequenceRNNOptions(
                 f.fbb, true, tflite::ActivationFunctionType::RELU, true)
                 .Union());
    } else {
      f.node(Code::UNIDIRECTIONAL_SEQUENCE_RNN, in, {y}, tflite::BuiltinOptions::SequenceRNNOptions,
             tflite::CreateSequenceRNNOptions(f.fbb, true, tflite::ActivationFunctionType::RELU)
                 .Union());
    }
    Graph graph;
    ASSERT_OK(read_tflite(f.finish({x}, {y}), &graph));
    std::unique_ptr<Model> model;
    ASSERT_OK(Model::load(std::move(graph), &model));
    const HostTensor data = random.tensor({4, 1, 3});
    std::copy(data.data().begin(), data.data().end(), model->input(0).f32());
    ASSERT_OK(model->run());
    for (int k = 0; k < (both ? 2 : 1); ++k) {
      OpTest op("RNN");
      op.attr("timeMajor", 1).attr("activation", "relu").attr("reverse", k);
      const HostTensor want = op({data, w, r, bias});
      for (int32_t i = 0; i < 8; ++i) {
        EXPECT_EQ(model->output(0).f32()[i / 2 * (both ? 4 : 2) + k * 2 + i % 2], want[i]);
      }
    }
  }
  TfliteFile f;
  const int x = f.tensor("x", {1, 3});
  const int w = f.constant("w", {2, 3}, Type::FLOAT32, std::vector<uint8_t>(24));
  const int r = f.constant("r", {2, 2}, Type::FLOAT32, std::vector<uint8_t>(16));
  const int h = f.constant("h", {1, 2}, Type::FLOAT32, std::vector<uint8_t>(8));
  const int y = f.tensor("y", {1, 2});
  f.node(Code::RNN, {x, w, r, -1, h}, {y});
  Graph graph;
  EXPECT_SAYS(read_tflite(f.finish({x}, {y}), &graph),
              "node \"y\" (RNN): its state \"h\" is not a variable");
}

}  // namespace
}  // namespace wxnn
