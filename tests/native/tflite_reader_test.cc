#include "formats/tflite_reader.h"

#include "core/model.h"
#include "formats/tflite_rows.h"
#include "op_test.h"
#include "tflite_file.h"

namespace wxnn {
namespace {

const Value& input_of(const Graph& graph, const Node& node, size_t i) {
  return graph.values[node.inputs[i]];
}

std::vector<float> floats(Graph& graph, int value) {
  Tensor t;
  EXPECT_TRUE(graph.materialize(value, &t).ok());
  return {t.f32(), t.f32() + t.shape.elements()};
}

// x + constant, the constant behind `code` (DEQUANTIZE, DENSIFY) when `widen` is given.
Buffer add_constant(TfliteFile& f, int constant, std::vector<int32_t> shape, bool widen,
                    Code code) {
  const int x = f.tensor("x", shape);
  const int y = f.tensor("y", shape);
  int c = constant;
  if (widen) {
    c = f.tensor("wide", shape);
    f.node(code, {constant}, {c});
  }
  f.node(Code::ADD, {x, c}, {y}, tflite::BuiltinOptions::AddOptions,
         add_options(f, tflite::ActivationFunctionType::NONE));
  return f.finish({x}, {y});
}

TEST(TfliteReader, HalfPrecisionConstantsLoseTheirDequantize) {
  TfliteFile f;
  const int half = f.constant("half", {3}, Type::FLOAT16, bytes_of<uint16_t>({0x3c00, 0xc000, 1}));
  Graph graph;
  ASSERT_OK(read_tflite(add_constant(f, half, {3}, true, Code::DEQUANTIZE), &graph));
  ASSERT_EQ(graph.nodes.size(), 1u);
  const Node& add = graph.nodes[0];
  EXPECT_STREQ(add.op->name, "Add");
  EXPECT_EQ(add.name, "y");
  ASSERT_NE(input_of(graph, add, 1).constant, nullptr);
  EXPECT_EQ(input_of(graph, add, 1).constant->encoding, Encoding::kFloat16);
  EXPECT_EQ(floats(graph, add.inputs[1]), (std::vector<float>{1, -2, 0x1p-24f}));
}

// Found by fuzzing: UNIQUE has two outputs, whatever the file lists.
TEST(TfliteReader, OutputsThatTheFileDoesNotList) {
  TfliteFile f;
  const int x = f.tensor("x", {3}, Type::INT32), y = f.tensor("y", {3}, Type::INT32);
  f.node(Code::UNIQUE, {x}, {y});
  Graph graph;
  EXPECT_SAYS(read_tflite(f.finish({x}, {y}), &graph), "has 1 outputs and should have more");
}

TEST(TfliteReader, Int8WeightsHaveOneScalePerChannel) {
  TfliteFile f;
  const std::vector<int8_t> q = {1, 2, 3, -4, -128, 127};
  const std::vector<float> scale = {0.5f, 2, 0.25f};
  const std::vector<int64_t> zero = {0, 1, -2};
  const int w = f.quantized("w", {2, 3}, q, scale, zero, 1);
  Graph graph;
  ASSERT_OK(read_tflite(add_constant(f, w, {2, 3}, false, Code::ADD), &graph));
  const Node& add = graph.nodes[0];
  EXPECT_EQ(input_of(graph, add, 1).type.dtype, DType::kFloat32);
  const std::vector<float> wide = floats(graph, add.inputs[1]);
  for (size_t i = 0; i < q.size(); ++i) {
    EXPECT_EQ(wide[i], (q[i] - zero[i % 3]) * scale[i % 3]) << i;
  }
}

TEST(TfliteReader, ScalesMustFitTheShape) {
  TfliteFile f;
  const int w = f.quantized("w", {2, 3}, {1, 2, 3, 4, 5, 6}, {1, 2}, {0, 0}, 1);
  Graph graph;
  EXPECT_SAYS(read_tflite(add_constant(f, w, {2, 3}, false, Code::ADD), &graph),
              "node \"y\" (ADD): tensor \"w\": has 2 scales along axis 1 of [2,3]");
}

TEST(TfliteReader, DensifyExpandsCompressedRows) {
  TfliteFile f;
  // [0 5 0 6; 0 0 0 0; 7 0 0 0]
  const auto rows = sparsity(f, {0, 1}, {}, {dense(f, 3), compressed(f, {0, 2, 2, 3}, {1, 3, 0})});
  const int s = f.sparse("s", {3, 4}, Type::FLOAT32, bytes_of<float>({5, 6, 7}), rows);
  Graph graph;
  ASSERT_OK(read_tflite(add_constant(f, s, {3, 4}, true, Code::DENSIFY), &graph));
  ASSERT_EQ(graph.nodes.size(), 1u);
  EXPECT_EQ(floats(graph, graph.nodes[0].inputs[1]),
            (std::vector<float>{0, 5, 0, 6, 0, 0, 0, 0, 7, 0, 0, 0}));
}

TEST(TfliteReader, DensifyFollowsTraversalOrderAndBlocks) {
  TfliteFile f;
  // 4x4 in blocks of 2x2, columns of blocks first: column 0 has the block of row 1, column 1 both.
  const auto blocks =
      sparsity(f, {1, 0, 2, 3}, {0, 1},
               {dense(f, 2), compressed(f, {0, 1, 3}, {1, 0, 1}), dense(f, 2), dense(f, 2)});
  std::vector<uint16_t> halves;
  for (int i = 0; i < 12; ++i) halves.push_back(static_cast<uint16_t>(0x3c00 + i));
  const int s = f.sparse("s", {4, 4}, Type::FLOAT16, bytes_of(halves), blocks);
  Graph graph;
  ASSERT_OK(read_tflite(add_constant(f, s, {4, 4}, true, Code::DENSIFY), &graph));
  EXPECT_EQ(input_of(graph, graph.nodes[0], 1).constant->encoding, Encoding::kFloat16);
  const std::vector<float> y = floats(graph, graph.nodes[0].inputs[1]);
  float expected[4][4] = {};
  const int at[3][2] = {{1, 0}, {0, 1}, {1, 1}};  // (row, column) of each stored block
  for (int b = 0; b < 3; ++b) {
    for (int i = 0; i < 4; ++i) {
      expected[at[b][0] * 2 + i / 2][at[b][1] * 2 + i % 2] = 1 + (b * 4 + i) * 0x1p-10f;
    }
  }
  for (int i = 0; i < 16; ++i) EXPECT_EQ(y[i], expected[i / 4][i % 4]) << i;
}

TEST(TfliteReader, SparseIndicesStayInside) {
  struct Case {
    const char* wrong;
    std::vector<int32_t> segments;
    std::vector<uint8_t> indices;
  };
  const Case cases[] = {
      {"index 4 in a dimension of 4", {0, 2, 2, 3}, {1, 4, 0}},
      {"segments do not ascend", {0, 2, 1, 3}, {1, 3, 0}},
      {"3 segments for 3 rows", {0, 2, 3}, {1, 3, 0}},
      {"segments do not cover the indices", {0, 1, 1, 2}, {1, 3, 0}},
      {"3 values for 2 indices", {0, 1, 1, 2}, {1, 3}},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.wrong);
    TfliteFile f;
    const auto rows = sparsity(f, {0, 1}, {}, {dense(f, 3), compressed(f, c.segments, c.indices)});
    const int s = f.sparse("s", {3, 4}, Type::FLOAT32, bytes_of<float>({5, 6, 7}), rows);
    Graph graph;
    EXPECT_SAYS(read_tflite(add_constant(f, s, {3, 4}, true, Code::DENSIFY), &graph),
                "tensor \"s\": is sparse, and its indices do not fit its shape [3,4]");
  }
}

TEST(TfliteReader, SparseSizeIsBoundedByTheFile) {
  TfliteFile f;
  const auto rows = sparsity(f, {0, 1}, {}, {dense(f, 1), compressed(f, {0, 0}, {})});
  const int x = f.tensor("x", {1});
  const int y = f.tensor("y", {1, 1 << 20});
  const int wide = f.tensor("wide", {1, 1 << 20});
  // An empty buffer is no constant; one byte makes it one.
  const int sparse = f.sparse("s", {1, 1 << 20}, Type::FLOAT32, {0}, rows);
  f.node(Code::DENSIFY, {sparse}, {wide});
  f.node(Code::ADD, {x, wide}, {y});
  Graph graph;
  EXPECT_SAYS(read_tflite(f.finish({x}, {y}), &graph), "would fill 4194304 bytes");
}

TEST(TfliteReader, BytesMustFitTheShape) {
  TfliteFile f;
  const int c = f.constant("c", {3}, Type::FLOAT32, bytes_of<float>({1, 2}));
  Graph graph;
  EXPECT_SAYS(read_tflite(add_constant(f, c, {3}, false, Code::ADD), &graph),
              "tensor \"c\": has 8 bytes, its shape [3] wants 12");
}

TEST(TfliteReader, ActivationBecomesANodeWhereAddHasNone) {
  TfliteFile f;
  const int x = f.tensor("x", {2});
  const int y = f.tensor("y", {2});
  f.node(Code::ADD, {x, x}, {y}, tflite::BuiltinOptions::AddOptions,
         add_options(f, tflite::ActivationFunctionType::RELU6));
  Graph graph;
  ASSERT_OK(read_tflite(f.finish({x}, {y}), &graph));
  ASSERT_EQ(graph.nodes.size(), 2u);
  EXPECT_STREQ(graph.nodes[1].op->name, "Relu6");
  EXPECT_EQ(graph.nodes[1].inputs[0], graph.nodes[0].outputs[0]);
  EXPECT_EQ(graph.nodes[1].outputs[0], graph.outputs[0]);
}

// x [1,4,4,2] -> CONV_2D 3x3, 5 filters, stride 2 x 1 -> y
Buffer conv_file(TfliteFile& f) {
  const int x = f.open_input("x", {1, 4, 4, 2}, {-1, 4, 4, 2});
  const int w =
      f.constant("w", {5, 3, 3, 2}, Type::FLOAT32, bytes_of(std::vector<float>(90, 0.5f)));
  const int b = f.constant("b", {5}, Type::FLOAT32, bytes_of(std::vector<float>(5, 1.0f)));
  const int y = f.tensor("y", {1, 4, 2, 5});
  f.node(Code::CONV_2D, {x, w, b}, {y}, tflite::BuiltinOptions::Conv2DOptions,
         tflite::CreateConv2DOptions(f.fbb, tflite::Padding::SAME, 2, 1,
                                     tflite::ActivationFunctionType::RELU_N1_TO_1)
             .Union());
  f.sign("image", x, "scores", y);
  return f.finish({x}, {y});
}

TEST(TfliteReader, OptionsBecomeAttributes) {
  TfliteFile f;
  Graph graph;
  ASSERT_OK(read_tflite(conv_file(f), &graph));
  ASSERT_EQ(graph.nodes.size(), 1u);
  const Node& conv = graph.nodes[0];
  EXPECT_STREQ(conv.op->name, "FusedConv2D");
  EXPECT_EQ(conv.attrs.text("pad"), "same");
  EXPECT_EQ(conv.attrs.text("activation"), "reluN1To1");
  EXPECT_EQ(conv.attrs.text("filterFormat"), "OHWI");
  EXPECT_EQ(conv.attrs.i("strides", 0), 1);
  EXPECT_EQ(conv.attrs.i("strides", 1), 2);
  EXPECT_EQ(conv.attrs.i("dilations", 0), 1);
  EXPECT_EQ(graph.values[graph.inputs[0]].name, "image");
  EXPECT_EQ(graph.values[graph.inputs[0]].type.shape, (Shape{-1, 4, 4, 2}));
  EXPECT_EQ(graph.values[graph.outputs[0]].name, "scores");
  EXPECT_EQ(conv.name, "y");
}

TEST(TfliteReader, ConstantArgumentsBecomeAttributes) {
  TfliteFile f;
  const int x = f.tensor("x", {1, 2, 2, 1});
  const int pads =
      f.constant("pads", {4, 2}, Type::INT64, bytes_of<int64_t>({0, 0, 1, 2, 3, 4, 0, 0}));
  const int padded = f.tensor("padded", {1, 5, 9, 1});
  const int shape = f.constant("shape", {2}, Type::INT32, bytes_of<int32_t>({9, -1}));
  const int y = f.tensor("y", {9, 5});
  f.node(Code::PAD, {x, pads}, {padded});
  f.node(Code::RESHAPE, {padded, shape}, {y});
  Graph graph;
  ASSERT_OK(read_tflite(f.finish({x}, {y}), &graph));
  ASSERT_EQ(graph.nodes.size(), 2u);
  const std::span<const double> pad = graph.nodes[0].attrs.numbers("paddings");
  EXPECT_EQ(std::vector<double>(pad.begin(), pad.end()),
            (std::vector<double>{0, 0, 1, 2, 3, 4, 0, 0}));
  EXPECT_EQ(graph.nodes[0].inputs.size(), 1u);
  EXPECT_EQ(graph.nodes[1].attrs.i("shape", 0), 9);
  EXPECT_EQ(graph.nodes[1].attrs.i("shape", 1), -1);
}

TEST(TfliteReader, FullyConnectedKeepsItsRank) {
  TfliteFile f;
  const int x = f.tensor("x", {1, 7, 3});
  const int w = f.constant("w", {2, 3}, Type::FLOAT32, bytes_of<float>({1, 2, 3, 4, 5, 6}));
  const int y = f.tensor("y", {1, 7, 2});
  f.node(Code::FULLY_CONNECTED, {x, w, -1}, {y}, tflite::BuiltinOptions::FullyConnectedOptions,
         tflite::CreateFullyConnectedOptions(f.fbb, tflite::ActivationFunctionType::NONE, 0, true)
             .Union());
  Graph graph;
  ASSERT_OK(read_tflite(f.finish({x}, {y}), &graph));
  ASSERT_EQ(graph.nodes.size(), 3u);
  EXPECT_EQ(graph.nodes[0].attrs.i("shape", 1), 3);
  EXPECT_STREQ(graph.nodes[1].op->name, "_FusedMatMul");
  EXPECT_TRUE(graph.nodes[1].attrs.b("transposeB"));
  EXPECT_EQ(graph.nodes[2].attrs.i("shape", 0), -1);
  EXPECT_EQ(graph.nodes[2].attrs.i("shape", 1), 7);
  EXPECT_EQ(graph.nodes[2].outputs[0], graph.outputs[0]);
}

TEST(TfliteReader, TransposedConvolutionOfMediaPipe) {
  TfliteFile f;
  const int x = f.tensor("x", {1, 4, 4, 3});
  const int w = f.constant("w", {1, 2, 2, 3}, Type::FLOAT32, bytes_of(std::vector<float>(12)));
  const int b = f.constant("b", {1}, Type::FLOAT32, bytes_of<float>({1}));
  const int y = f.tensor("y", {1, 8, 8, 1});
  f.node(Code::CUSTOM, {x, w, b}, {y}, tflite::BuiltinOptions::NONE, 0,
         "Convolution2DTransposeBias", bytes_of<int32_t>({1, 3, 2}));
  Graph graph;
  ASSERT_OK(read_tflite(f.finish({x}, {y}), &graph));
  ASSERT_EQ(graph.nodes.size(), 1u);
  EXPECT_EQ(graph.nodes[0].attrs.text("pad"), "same");
  EXPECT_EQ(graph.nodes[0].attrs.i("strides", 0), 2);
  EXPECT_EQ(graph.nodes[0].attrs.i("strides", 1), 3);
}

TEST(TfliteReader, AllMissingOperatorsAtOnce) {
  TfliteFile f;
  const int x = f.tensor("x", {4});
  const int a = f.tensor("a", {4});
  const int b = f.tensor("b", {4});
  const int y = f.tensor("y", {4});
  f.node(Code::LSH_PROJECTION, {x}, {a});
  f.node(Code::HASHTABLE_LOOKUP, {a}, {b});
  f.node(Code::CUSTOM, {b}, {y}, tflite::BuiltinOptions::NONE, 0, "MyOp");
  Graph graph;
  const Status status = read_tflite(f.finish({x}, {y}), &graph);
  EXPECT_SAYS(Status(std::string(status.message())), "3 nodes need");
  for (const char* part : {"MyOp (\"y\")", "LSH_PROJECTION (\"a\")", "HASHTABLE_LOOKUP (\"b\")"}) {
    EXPECT_NE(status.message().find(part), std::string_view::npos) << status.message();
  }
}

TEST(TfliteReader, RefusesToComputeInInt8) {
  TfliteFile f;
  const int x = f.tensor("x", {4}, Type::INT8);
  const int y = f.tensor("y", {4}, Type::INT8);
  f.node(Code::ADD, {x, x}, {y});
  Graph graph;
  EXPECT_SAYS(read_tflite(f.finish({x}, {y}), &graph),
              "tensor \"x\" is computed in int8 without a scale");
}

TEST(TfliteReader, RefusesOptionsOfAnotherOperator) {
  TfliteFile f;
  const int x = f.tensor("x", {4});
  const int y = f.tensor("y", {4});
  f.node(Code::ADD, {x, x}, {y}, tflite::BuiltinOptions::SoftmaxOptions,
         tflite::CreateSoftmaxOptions(f.fbb, 1).Union());
  Graph graph;
  EXPECT_SAYS(read_tflite(f.finish({x}, {y}), &graph),
              "node \"y\" (ADD): has the options of another operator");
}

TEST(TfliteReader, RefusesIndicesOutOfRange) {
  for (int wrong : {-2, 7, 1 << 30}) {
    TfliteFile f;
    const int x = f.tensor("x", {4});
    const int y = f.tensor("y", {4});
    f.node(Code::ABS, {wrong}, {y});
    Graph graph;
    EXPECT_SAYS(read_tflite(f.finish({x}, {y}), &graph), "operator 0: refers to tensor");
  }
}

TEST(TfliteReader, AnInputThatIsAnOutputTwice) {
  TfliteFile f;
  const int x = f.tensor("x", {4});
  Graph graph;
  ASSERT_OK(read_tflite(f.finish({x}, {x, x}), &graph));
  ASSERT_EQ(graph.outputs.size(), 2u);
  EXPECT_NE(graph.outputs[0], graph.outputs[1]);
  EXPECT_NE(graph.outputs[0], graph.inputs[0]);
  EXPECT_EQ(graph.nodes.size(), 2u);
}

// Shapes that depend on data, and random numbers: LiteRT's JavaScript form gives these not back.
TEST(TfliteReader, RowsOfLateShapes) {
  TfliteFile f;
  const int x = f.tensor("x", {5}, Type::INT32);
  const int ids = f.constant("ids", {5}, Type::INT32, bytes_of<int32_t>({0, 0, 1, 3, 3}));
  const int shape = f.constant("shape", {2}, Type::INT32, bytes_of<int32_t>({2, 3}));
  const int draws = f.constant("draws", {}, Type::INT32, bytes_of<int32_t>({4}));
  const int values = f.tensor("values", {1}, Type::INT32), at = f.tensor("at", {5}, Type::INT32);
  const int places = f.tensor("places", {1, 1}, Type::INT64);
  const int sums = f.tensor("sums", {4}, Type::INT32);
  const int random = f.tensor("random", {2, 3}), normal = f.tensor("normal", {2, 3});
  const int classes = f.tensor("classes", {2, 4}, Type::INT32);
  f.node(Code::UNIQUE, {x}, {values, at});
  f.node(Code::WHERE, {x}, {places});
  f.node(Code::SEGMENT_SUM, {x, ids}, {sums});
  for (const auto& [code, y] :
       {std::pair{Code::RANDOM_UNIFORM, random}, std::pair{Code::RANDOM_STANDARD_NORMAL, normal}}) {
    f.node(code, {shape}, {y}, tflite::BuiltinOptions::RandomOptions,
           tflite::CreateRandomOptions(f.fbb, int64_t{1} << 40, 2).Union());
  }
  f.node(Code::MULTINOMIAL, {random, draws}, {classes}, tflite::BuiltinOptions::RandomOptions,
         tflite::CreateRandomOptions(f.fbb, 3, 4).Union());
  Graph graph;
  ASSERT_OK(read_tflite(f.finish({x}, {values, at, places, sums, normal, classes}), &graph));
  std::unique_ptr<Model> model;
  ASSERT_OK(Model::load(std::move(graph), &model));
  const int32_t in[] = {7, 0, 7, 5, 0};
  std::copy(std::begin(in), std::end(in), model->input(0).i32());
  ASSERT_OK(model->run());
  const std::vector<std::vector<int32_t>> want = {
      {7, 0, 5}, {0, 1, 0, 2, 1}, {0, 2, 3}, {7, 7, 0, 5}};
  for (size_t i = 0; i < want.size(); ++i) {
    const Tensor& y = model->output(i);
    ASSERT_EQ(static_cast<size_t>(y.shape.elements()), want[i].size()) << i;
    for (size_t k = 0; k < want[i].size(); ++k) EXPECT_EQ(y.i32()[k], want[i][k]) << i;
  }
  EXPECT_EQ(model->output(2).shape, Shape({3, 1}));
  EXPECT_EQ(model->output(4).shape, Shape({2, 3}));
  for (int32_t k = 0; k < 8; ++k) {
    EXPECT_TRUE(model->output(5).i32()[k] >= 0 && model->output(5).i32()[k] < 3);
  }
}

TEST(TfliteReader, NamesOfOperatorsAreTheSchemas) {
  for (const Code code : tflite::EnumValuesBuiltinOperator()) {
    EXPECT_EQ(tflite_name(code), tflite::EnumNameBuiltinOperator(code));
  }
  const int last = static_cast<int>(tflite::BuiltinOperator::MAX);
  EXPECT_EQ(tflite_name(static_cast<Code>(last + 1)), sentence<"builtin operator {}">(last + 1));
  EXPECT_EQ(tflite_name(static_cast<Code>(-1)), "builtin operator -1");
}

}  // namespace
}  // namespace wxnn
