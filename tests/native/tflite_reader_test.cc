#include "formats/tflite_reader.h"

#include <cstdio>
#include <cstdlib>
#include <random>

#include "formats/read_model.h"
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

flatbuffers::Offset<void> add_options(TfliteFile& f, tflite::ActivationFunctionType activation) {
  return tflite::CreateAddOptions(f.fbb, activation).Union();
}

// x + constant, the constant behind `code` (DEQUANTIZE, DENSIFY) when `widen` is given.
Buffer add_constant(TfliteFile& f, int constant, std::vector<int32_t> shape, bool widen, Code code) {
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

flatbuffers::Offset<tflite::DimensionMetadata> dense(TfliteFile& f, int size) {
  return tflite::CreateDimensionMetadata(f.fbb, tflite::DimensionType::DENSE, size);
}
flatbuffers::Offset<tflite::DimensionMetadata> compressed(TfliteFile& f, std::vector<int32_t> segments,
                                                          std::vector<uint8_t> indices) {
  const auto s = tflite::CreateInt32VectorDirect(f.fbb, &segments).Union();
  const auto i = tflite::CreateUint8VectorDirect(f.fbb, &indices).Union();
  return tflite::CreateDimensionMetadata(f.fbb, tflite::DimensionType::SPARSE_CSR, 0,
                                         tflite::SparseIndexVector::Int32Vector, s,
                                         tflite::SparseIndexVector::Uint8Vector, i);
}
flatbuffers::Offset<tflite::SparsityParameters> sparsity(
    TfliteFile& f, std::vector<int32_t> order, std::vector<int32_t> blocks,
    std::vector<flatbuffers::Offset<tflite::DimensionMetadata>> dims) {
  return tflite::CreateSparsityParametersDirect(f.fbb, &order, blocks.empty() ? nullptr : &blocks,
                                                &dims);
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
  const auto blocks = sparsity(
      f, {1, 0, 2, 3}, {0, 1},
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
    std::vector<int32_t> segments;
    std::vector<uint8_t> indices;
    const char* says;
  };
  const Case cases[] = {
      {{0, 2, 2, 3}, {1, 4, 0}, "has index 4 in a dimension of 4"},
      {{0, 2, 1, 3}, {1, 3, 0}, "segments that do not ascend"},
      {{0, 2, 3}, {1, 3, 0}, "has 3 segments in a compressed dimension, not 4"},
      {{0, 1, 1, 2}, {1, 3, 0}, "segments that do not cover its indices"},
      {{0, 1, 1, 2}, {1, 3}, "stores 12 bytes for 2 sparse elements"},
  };
  for (const Case& c : cases) {
    TfliteFile f;
    const auto rows = sparsity(f, {0, 1}, {}, {dense(f, 3), compressed(f, c.segments, c.indices)});
    const int s = f.sparse("s", {3, 4}, Type::FLOAT32, bytes_of<float>({5, 6, 7}), rows);
    Graph graph;
    EXPECT_SAYS(read_tflite(add_constant(f, s, {3, 4}, true, Code::DENSIFY), &graph), c.says);
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
  const int w = f.constant("w", {5, 3, 3, 2}, Type::FLOAT32, bytes_of(std::vector<float>(90, 0.5f)));
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
  f.node(Code::CUSTOM, {x, w, b}, {y}, tflite::BuiltinOptions::NONE, 0, "Convolution2DTransposeBias",
         bytes_of<int32_t>({1, 3, 2}));
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
  f.node(Code::RFFT2D, {x}, {a});
  f.node(Code::SVDF, {a}, {b});
  f.node(Code::CUSTOM, {b}, {y}, tflite::BuiltinOptions::NONE, 0, "MyOp");
  Graph graph;
  const Status status = read_tflite(f.finish({x}, {y}), &graph);
  EXPECT_SAYS(Status(std::string(status.message())), "3 nodes need");
  for (const char* part : {"MyOp (1): \"y\"", "RFFT2D (1): \"a\"", "SVDF (1): \"b\""}) {
    EXPECT_NE(status.message().find(part), std::string_view::npos) << status.message();
  }
}

TEST(TfliteReader, RefusesToComputeInInt8) {
  TfliteFile f;
  const int x = f.tensor("x", {4}, Type::INT8);
  const int y = f.tensor("y", {4}, Type::INT8);
  f.node(Code::ADD, {x, x}, {y});
  Graph graph;
  EXPECT_SAYS(read_tflite(f.finish({x}, {y}), &graph), "tensor \"x\": is computed in int8");
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
    EXPECT_SAYS(read_tflite(f.finish({x}, {y}), &graph), "operator 0 refers to tensor");
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

// A model with a bit of everything, for the two tests of damaged files.
Buffer rich_file(TfliteFile& f) {
  const auto rows = sparsity(f, {0, 1}, {}, {dense(f, 3), compressed(f, {0, 2, 2, 3}, {1, 3, 0})});
  const int s = f.sparse("s", {3, 4}, Type::FLOAT16, bytes_of<uint16_t>({5, 6, 7}), rows);
  const int q = f.quantized("q", {3, 4}, std::vector<int8_t>(12, 3), {1, 2, 3, 4}, {0, 0, 0, 0}, 1);
  const int x = f.open_input("x", {3, 4}, {-1, 4});
  const int dense_half = f.tensor("dense", {3, 4}, Type::FLOAT16);
  const int wide = f.tensor("wide", {3, 4});
  const int a = f.tensor("a", {3, 4});
  const int b = f.tensor("b", {3, 4});
  const int y = f.tensor("y", {12});
  f.node(Code::DENSIFY, {s}, {dense_half});
  f.node(Code::DEQUANTIZE, {dense_half}, {wide});
  f.node(Code::ADD, {x, wide}, {a}, tflite::BuiltinOptions::AddOptions,
         add_options(f, tflite::ActivationFunctionType::RELU));
  f.node(Code::MUL, {a, q}, {b});
  const std::vector<int32_t> shape = {12};
  f.node(Code::RESHAPE, {b}, {y}, tflite::BuiltinOptions::ReshapeOptions,
         tflite::CreateReshapeOptionsDirect(f.fbb, &shape).Union());
  f.sign("in", x, "out", y);
  return f.finish({x}, {y});
}

void expect_graph_or_sentence(const uint8_t* bytes, size_t size) {
  Graph graph;
  const Status status = read_model(to_buffer(bytes, size), &graph);
  EXPECT_TRUE(status.ok() || !status.message().empty());
}

TEST(TfliteReader, TruncatedAnywhere) {
  TfliteFile f;
  const Buffer whole = rich_file(f);
  Graph graph;
  ASSERT_OK(read_tflite(to_buffer(whole.data<uint8_t>(), whole.size()), &graph));
  for (size_t size = 0; size < whole.size(); ++size) {
    expect_graph_or_sentence(whole.data<uint8_t>(), size);
  }
}

TEST(TfliteReader, BitsFlippedAnywhere) {
  TfliteFile f;
  const Buffer whole = rich_file(f);
  const uint32_t seed = std::random_device()();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  constexpr int kRounds = 5000;
  for (int round = 0; round < kRounds; ++round) {
    std::vector<uint8_t> bytes(whole.data<uint8_t>(), whole.data<uint8_t>() + whole.size());
    const int flips = 1 + static_cast<int>(random() % 4);
    for (int k = 0; k < flips; ++k) bytes[random() % bytes.size()] ^= 1 << random() % 8;
    expect_graph_or_sentence(bytes.data(), bytes.size());
  }
}

TEST(ReadModel, SaysWhatTheBytesLookLike) {
  struct Case {
    std::string_view bytes;
    const char* says;
  };
  const Case cases[] = {
      {"", "the file is empty"},
      {"  \n<!DOCTYPE html><html>", "a web page"},
      {"{\"modelTopology\": {}}", "JSON"},
      {"PK\x03\x04.........", "a zip archive"},
      {"\x1f\x8b\x08.........", "gzip"},
      {"\x89PNG\r\n", "a PNG picture"},
      {"\xff\xd8\xff\xe0", "a JPEG picture"},
      {"\x01\x02\xfe", "it begins with 01 02 fe"},
  };
  for (const Case& c : cases) {
    Graph graph;
    const auto* bytes = reinterpret_cast<const uint8_t*>(c.bytes.data());
    EXPECT_SAYS(read_model(to_buffer(bytes, c.bytes.size()), &graph), c.says);
  }
}

// Real files, where tools/setup has fetched them.
Buffer fetched(const std::string& id) {
  const char* folder = std::getenv("WXNN_MODELS");
  const std::string path =
      sentence(folder != nullptr ? folder : ".cache/models", "/", id, "/model.tflite");
  Buffer file;
  std::FILE* f = std::fopen(path.c_str(), "rb");
  if (f == nullptr) return file;
  std::fseek(f, 0, SEEK_END);
  const size_t size = static_cast<size_t>(std::ftell(f));
  std::rewind(f);
  EXPECT_TRUE(file.allocate(size).ok());
  EXPECT_EQ(std::fread(file.data(), 1, size, f), size);
  std::fclose(f);
  return file;
}

TEST(TfliteReader, RealModels) {
  struct Case {
    const char* id;
    const char* input;
    Shape shape;
    std::vector<Shape> outputs;
    const char* needs = "Add";  // read only by builds that have this operator
  };
  const Case cases[] = {
      {"short", "input", {1, 128, 128, 3}, {{1, 896, 16}, {1, 896, 1}}},
      {"full", "input", {1, 192, 192, 3}, {{1, 2304, 16}, {1, 2304, 1}}},
      {"full-sparse", "input_1", {1, 192, 192, 3}, {{1, 2304, 16}, {1, 2304, 1}}, "DepthToSpace"},
      {"mesh", "input_1", {1, 192, 192, 3}, {{1, 1, 1, 1404}, {1, 1, 1, 1}}},
      {"selfie", "input_1", {1, 256, 256, 3}, {{1, 256, 256, 1}}},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.id);
    Buffer file = fetched(c.id);
    if (!file || find_op(c.needs) == nullptr) continue;
    Graph graph;
    ASSERT_OK(read_tflite(std::move(file), &graph));
    ASSERT_EQ(graph.inputs.size(), 1u);
    EXPECT_EQ(graph.values[graph.inputs[0]].name, c.input);
    EXPECT_EQ(graph.values[graph.inputs[0]].type.shape, c.shape);
    ASSERT_EQ(graph.outputs.size(), c.outputs.size());
    for (size_t i = 0; i < c.outputs.size(); ++i) {
      EXPECT_EQ(graph.values[graph.outputs[i]].type.shape, c.outputs[i]);
    }
  }
}

}  // namespace
}  // namespace wxnn
