// Quantised .tflite files: constants widened, computed tensors rounded to their grids.
#include <cmath>

#include "core/model.h"
#include "formats/tflite_reader.h"
#include "op_test.h"
#include "tflite_file.h"

namespace wxnn {
namespace {

TEST(FakeQuant, RoundsToTheGrid) {
  const uint32_t seed = test_seed();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  const HostTensor x = random.tensor({501}, -3, 3);
  struct Case {
    float scale;
    int zero, lowest, highest, bits;
  };
  for (const Case& q : {Case{0.013f, 7, -128, 127, 8}, Case{0.02f, 0, 0, 255, 8},
                        Case{1.0f / 16384, 0, -32768, 32767, 16}}) {
    const double scale = static_cast<double>(q.scale);
    const HostTensor y = OpTest("FakeQuantWithMinMaxArgs")
                             .attr("min", (q.lowest - q.zero) * scale)
                             .attr("max", (q.highest - q.zero) * scale)
                             .attr("numBits", q.bits)({x});
    for (int32_t i = 0; i < x.size(); ++i) {
      const double exact = static_cast<double>(x[i]) / scale;
      if (std::abs(exact - std::floor(exact) - 0.5) < 1e-3) continue;  // a tie: either neighbour
      double n = std::floor(exact + 0.5) + q.zero;
      n = std::min<double>(std::max<double>(n, q.lowest), q.highest);
      EXPECT_EQ(y[i], static_cast<float>((n - q.zero) * scale)) << x[i];
    }
    print_bits("FakeQuantWithMinMaxArgs", y);
  }
  // TensorFlow's default range, moved so that 0 is on it.
  const HostTensor edge =
      OpTest("FakeQuantWithMinMaxArgs")({HostTensor({4}, {0, -100, INFINITY, NAN})});
  EXPECT_EQ(edge[0], 0);
  EXPECT_NEAR(edge[1], -6, 0.05);
  EXPECT_NEAR(edge[2], 6, 0.05);
  EXPECT_TRUE(std::isnan(edge[3]));
  std::vector<HostTensor> out;
  EXPECT_SAYS(OpTest("FakeQuantWithMinMaxArgs").attr("numBits", 17).run({x}, &out),
              "numBits 17 should be 2 to 16");
}

// x (int8) -> FULLY_CONNECTED with int8 weights, int32 bias -> y (int8) -> DEQUANTIZE, as integer
// arithmetic would compute it.
TEST(Quantized, FullyConnectedAsIntegersCompute) {
  const std::vector<int8_t> w = {10, -20, 127, -128, 3, 50};
  const std::vector<int32_t> bias = {100, -700};
  const float sx = 0.05f, sw = 0.01f, sy = 0.1f;
  const int64_t zx = -3, zy = 10;
  TfliteFile f;
  const int x = f.quantized_as(Type::INT8, "x", {1, 3}, {sx}, {zx});
  const int weights = f.quantized("w", {2, 3}, w, {sw}, {0}, 0);
  const int b = f.quantized_as(Type::INT32, "b", {2}, {sx * sw}, {0}, bytes_of(bias));
  const int y = f.quantized_as(Type::INT8, "y", {1, 2}, {sy}, {zy});
  const int wide = f.tensor("wide", {1, 2});
  f.node(Code::FULLY_CONNECTED, {x, weights, b}, {y});
  f.node(Code::DEQUANTIZE, {y}, {wide});
  Graph graph;
  ASSERT_OK(read_tflite(f.finish({x}, {wide}), &graph));
  std::unique_ptr<Model> model;
  ASSERT_OK(Model::load(std::move(graph), &model));
  EXPECT_EQ(model->input(0).dtype, DType::kFloat32);
  Random random(5);
  for (int run = 0; run < 50; ++run) {
    int32_t q[3];
    for (int i = 0; i < 3; ++i) {
      q[i] = random.between(-128, 127);
      model->input(0).f32()[i] = static_cast<float>(q[i] - zx) * sx;
    }
    ASSERT_OK(model->run());
    for (int o = 0; o < 2; ++o) {
      int64_t sum = bias[o];
      for (int i = 0; i < 3; ++i) sum += w[o * 3 + i] * (q[i] - zx);
      const double real = static_cast<double>(sum) * static_cast<double>(sx * sw);
      const double exact = real / static_cast<double>(sy);
      if (std::abs(exact - std::floor(exact) - 0.5) < 1e-3) continue;
      const double n = std::min(std::max(std::floor(exact + 0.5) + zy, -128.0), 127.0);
      EXPECT_EQ(model->output(0).f32()[o], static_cast<float>(n - zy) * sy);
    }
  }
}

// uint8 -> QUANTIZE to int8 -> RESHAPE (the same grid) -> ADD to itself: one grid each.
TEST(Quantized, EachTensorHasItsGrid) {
  TfliteFile f;
  const int x = f.quantized_as(Type::UINT8, "x", {4}, {0.5f}, {128});
  const int q = f.quantized_as(Type::INT8, "q", {4}, {1}, {0});
  const int r = f.quantized_as(Type::INT8, "r", {2, 2}, {1}, {0});
  const int y = f.quantized_as(Type::INT8, "y", {2, 2}, {2}, {100});
  const int shape = f.constant("shape", {2}, Type::INT32, bytes_of<int32_t>({2, 2}));
  f.node(Code::QUANTIZE, {x}, {q});
  f.node(Code::RESHAPE, {q, shape}, {r});
  f.node(Code::ADD, {r, r}, {y}, tflite::BuiltinOptions::AddOptions,
         add_options(f, tflite::ActivationFunctionType::NONE));
  Graph graph;
  ASSERT_OK(read_tflite(f.finish({x}, {y}), &graph));
  std::unique_ptr<Model> model;
  ASSERT_OK(Model::load(std::move(graph), &model));
  const float in[] = {1.2f, -1000, 30, 3.1f};
  std::copy(std::begin(in), std::end(in), model->input(0).f32());
  ASSERT_OK(model->run());
  // x: 1, -64, 30, 3; doubled and clamped to [-456, 54] in steps of 2.
  const float want[] = {2, -128, 54, 6};
  for (int i = 0; i < 4; ++i) EXPECT_EQ(model->output(0).f32()[i], want[i]);
}

TEST(Quantized, Int4AndInt64AndRefusals) {
  TfliteFile f;
  const int x = f.tensor("x", {5});
  const int w = f.quantized_as(Type::INT4, "w", {5}, {0.5f}, {0}, {0x71, 0x8f, 0x02});
  const int y = f.tensor("y", {5});
  f.node(Code::ADD, {x, w}, {y}, tflite::BuiltinOptions::AddOptions,
         add_options(f, tflite::ActivationFunctionType::NONE));
  Graph graph;
  ASSERT_OK(read_tflite(f.finish({x}, {y}), &graph));
  Tensor t;
  ASSERT_OK(graph.materialize(graph.nodes[0].inputs[1], &t));
  const float want[] = {0.5f, 3.5f, -0.5f, -4, 1};
  for (int i = 0; i < 5; ++i) EXPECT_EQ(t.f32()[i], want[i]);

  TfliteFile h;
  const int two = h.quantized_as(Type::INT8, "two", {2}, {1, 2}, {0, 0});
  const int v = h.tensor("v", {2});
  h.node(Code::NEG, {two}, {v});
  EXPECT_SAYS(read_tflite(h.finish({two}, {v}), &graph),
              "tensor \"two\": is computed with 2 scales; one, positive, is supported");
  TfliteFile k;
  const int half = k.tensor("half", {2}, Type::FLOAT16);
  const int u = k.tensor("u", {2});
  k.node(Code::NEG, {half}, {u});
  EXPECT_SAYS(read_tflite(k.finish({half}, {u}), &graph),
              "is computed in float16, which is supported for constants only");
}

// Operators on bits would see the integers of a quantised tensor, where we have the numbers.
TEST(Quantized, OperatorsOnBitsRefuseIt) {
  struct Case {
    Code code;
    const char* name;
  };
  for (const Case& c :
       {Case{Code::BITWISE_XOR, "BITWISE_XOR"}, Case{Code::RIGHT_SHIFT, "RIGHT_SHIFT"},
        Case{Code::BITCAST, "BITCAST"}, Case{Code::STABLEHLO_CONVERT, "STABLEHLO_CONVERT"}}) {
    TfliteFile f;
    const int q = f.quantized_as(Type::INT8, "q", {2}, {1}, {0});
    const int z = f.tensor("z", {2});
    const bool one = c.code == Code::BITCAST || c.code == Code::STABLEHLO_CONVERT;
    f.node(c.code, one ? std::vector<int32_t>{q} : std::vector<int32_t>{q, q}, {z});
    Graph graph;
    EXPECT_SAYS(
        read_tflite(f.finish({q}, {z}), &graph),
        sentence<"node \"z\" ({}): its input \"q\" is quantised, which is not supported here">(
            c.name));
  }
}

// The zeros of a quantised tensor are numbers, whatever integer stands for them.
TEST(Quantized, ZerosLikeAreZeros) {
  TfliteFile f;
  const int q = f.quantized_as(Type::INT8, "q", {2}, {0.5f}, {-100});
  const int z = f.quantized_as(Type::INT8, "z", {2}, {0.5f}, {-100});
  f.node(Code::ZEROS_LIKE, {q}, {z});
  std::unique_ptr<Model> model;
  ASSERT_OK(load(f.finish({q}, {z}), &model));
  model->input(0).f32()[0] = model->input(0).f32()[1] = 3;
  ASSERT_OK(model->run());
  for (int i = 0; i < 2; ++i) EXPECT_EQ(model->output(0).f32()[i], 0);
}

// A cast sees the integers of a quantised tensor, not what they stand for: all of a type.
TEST(Quantized, ACastSeesTheIntegers) {
  struct Case {
    Type type;
    float scale;
    int64_t zero;
    int least, most;
  };
  for (const Case& test :
       {Case{Type::UINT8, 0.037f, 117, 0, 255}, Case{Type::INT8, 1.7f, -5, -128, 127},
        Case{Type::INT16, 0.0003f, 0, -32768, 32767}}) {
    const int count = test.most - test.least + 1;
    for (const Type to : {Type::FLOAT32, Type::INT32}) {
      TfliteFile f;
      const int x = f.quantized_as(test.type, "x", {count}, {test.scale}, {test.zero});
      const int y = f.tensor("y", {count}, to);
      f.node(Code::CAST, {x}, {y});
      std::unique_ptr<Model> model;
      ASSERT_OK(load(f.finish({x}, {y}), &model));
      for (int i = 0; i < count; ++i)
        model->input(0).f32()[i] = static_cast<float>(test.least + i - test.zero) * test.scale;
      ASSERT_OK(model->run());
      for (int i = 0; i < count; ++i) {
        const float got = to == Type::INT32 ? static_cast<float>(model->output(0).i32()[i])
                                            : model->output(0).f32()[i];
        ASSERT_EQ(got, static_cast<float>(test.least + i)) << i;
      }
    }
  }
}

// Small integers without a scale are int32; a cast to one keeps its bits.
TEST(Quantized, SmallIntegersWrap) {
  struct Case {
    Type type;
    int32_t want[4];
  };
  for (const Case& test : {Case{Type::UINT8, {200, 44, 255, 0}}, Case{Type::INT8, {-56, 44, -1, 0}},
                           Case{Type::INT16, {200, 300, -1, 0}}}) {
    TfliteFile f;
    const int x = f.tensor("x", {4}, Type::INT32);
    const int y = f.tensor("y", {4}, test.type);
    f.node(Code::CAST, {x}, {y});
    Graph graph;
    ASSERT_OK(read_tflite(f.finish({x}, {y}), &graph));
    std::unique_ptr<Model> model;
    ASSERT_OK(Model::load(std::move(graph), &model));
    const int32_t in[] = {200, 300, -1, 65536};
    std::copy(std::begin(in), std::end(in), model->input(0).i32());
    ASSERT_OK(model->run());
    for (int i = 0; i < 4; ++i) EXPECT_EQ(model->output(0).i32()[i], test.want[i]);
  }
}

}  // namespace
}  // namespace wxnn
