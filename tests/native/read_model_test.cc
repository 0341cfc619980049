// Model files as they come: damaged, of the wrong kind, and real ones.
#include "formats/read_model.h"

#include <cstdio>
#include <cstdlib>
#include <random>

#include "formats/tflite_reader.h"
#include "op_test.h"
#include "tflite_file.h"

namespace wxnn {
namespace {

using Code = tflite::BuiltinOperator;
using Type = tflite::TensorType;

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

TEST(ReadModel, TruncatedAnywhere) {
  TfliteFile f;
  const Buffer whole = rich_file(f);
  Graph graph;
  ASSERT_OK(read_tflite(to_buffer(whole.data<uint8_t>(), whole.size()), &graph));
  for (size_t size = 0; size < whole.size(); ++size) {
    expect_graph_or_sentence(whole.data<uint8_t>(), size);
  }
}

TEST(ReadModel, BitsFlippedAnywhere) {
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
      sentence<"{}/{}/model.tflite">(folder != nullptr ? folder : ".cache/models", id);
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

TEST(ReadModel, RealModels) {
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
