// Random numbers: what the distributions promise, that seeds decide them, and that runs go on.
#include <algorithm>
#include <cmath>

#include "core/model.h"
#include "graph_text.h"
#include "op_test.h"

namespace wxnn {
namespace {

struct Moments {
  double mean = 0, deviation = 0, least = 1e9, most = -1e9;
};
Moments moments_of(const HostTensor& t) {
  Moments m;
  for (float v : t.data()) m.mean += static_cast<double>(v) / t.size();
  for (float v : t.data()) {
    m.deviation += (static_cast<double>(v) - m.mean) * (static_cast<double>(v) - m.mean) / t.size();
    m.least = std::min(m.least, static_cast<double>(v));
    m.most = std::max(m.most, static_cast<double>(v));
  }
  m.deviation = std::sqrt(m.deviation);
  return m;
}

// 40000 draws: means are within 5 standard errors.
TEST(Random, Distributions) {
  const HostTensor u = OpTest("RandomUniform")
                           .attr("shape", 40000)
                           .attr("minval", -1)
                           .attr("maxval", 3)
                           .attr("seed", 7)({});
  const Moments mu = moments_of(u);
  EXPECT_NEAR(mu.mean, 1, 0.03);
  EXPECT_NEAR(mu.deviation, 4 / std::sqrt(12), 0.03);
  EXPECT_TRUE(mu.least >= -1 && mu.most < 3);
  print_bits("RandomUniform", u);

  const HostTensor n =
      OpTest("RandomStandardNormal").attr("shape", {200, 200}).attr("seed2", 3)({});
  const Moments mn = moments_of(n);
  EXPECT_NEAR(mn.mean, 0, 0.025);
  EXPECT_NEAR(mn.deviation, 1, 0.02);
  EXPECT_GT(mn.most, 3);
  print_bits("RandomStandardNormal", n);

  const HostTensor t = OpTest("TruncatedNormal").attr("shape", 40000).attr("mean", 5)({});
  const Moments mt = moments_of(t);
  EXPECT_NEAR(mt.mean, 5, 0.025);
  EXPECT_NEAR(mt.deviation, 0.8796, 0.02);  // of the normal cut at 2 deviations
  EXPECT_TRUE(mt.least >= 3 && mt.most <= 7);
  print_bits("TruncatedNormal", t);
}

TEST(Random, IntegersCoverTheirRange) {
  const HostTensor y =
      OpTest("RandomUniformInt")
          .attr("shape", 6000)({HostTensor::i32({}, {-2}), HostTensor::i32({}, {4})});
  int counts[6] = {};
  for (int32_t v : y.data<int32_t>()) {
    ASSERT_TRUE(v >= -2 && v < 4);
    ++counts[v + 2];
  }
  for (int count : counts) EXPECT_NEAR(count, 1000, 150);
}

TEST(Multinomial, FollowsTheLogits) {
  const HostTensor logits({2, 3}, {0, std::log(2.0f), std::log(5.0f), -INFINITY, 3, -INFINITY});
  const HostTensor y = OpTest("Multinomial").attr("numSamples", 8000).attr("seed", 5)({logits});
  ASSERT_EQ(y.shape(), Shape({2, 8000}));
  int counts[3] = {};
  for (int i = 0; i < 8000; ++i) ++counts[y.data<int32_t>()[i]];
  EXPECT_NEAR(counts[0], 1000, 160);
  EXPECT_NEAR(counts[1], 2000, 220);
  EXPECT_NEAR(counts[2], 5000, 250);
  for (int i = 8000; i < 16000; ++i) ASSERT_EQ(y.data<int32_t>()[i], 1);
  const HostTensor p = OpTest("Multinomial")
                           .attr("numSamples", 10)
                           .attr("normalized", 1)({HostTensor({1, 3}, {0, 1, 0})});
  for (int32_t v : p.data<int32_t>()) EXPECT_EQ(v, 1);
  std::vector<HostTensor> out;
  EXPECT_SAYS(OpTest("Multinomial").attr("numSamples", 1).run({HostTensor(Shape{3})}, &out),
              "logits [3] should be [rows,classes]");
}

TEST(Random, RunsGoOnAndStateResets) {
  std::unique_ptr<Model> model;
  ASSERT_OK(Model::load(parse_graph("const s 1 = 4\n"
                                    "r = RandomUniform() shape=4 seed=9\n"
                                    "q = RandomUniform() shape=4 seed=10\n"
                                    "output r\noutput q\n"),
                        &model));
  const auto run = [&](size_t i) {
    EXPECT_TRUE(model->run().ok());
    return std::vector<float>(model->output(i).f32(), model->output(i).f32() + 4);
  };
  const std::vector<float> first = run(0);
  const std::vector<float> second = run(0);
  EXPECT_NE(first, second);
  model->reset_state();
  EXPECT_EQ(run(0), first);
  model->reset_state();
  EXPECT_NE(run(1), first);
}

}  // namespace
}  // namespace wxnn
