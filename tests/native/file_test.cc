// Models whose weights are not in memory, but read one by one while they are loaded (core/file.h).
#include "core/file.h"

#include <algorithm>
#include <cstring>
#include <random>
#include <set>

#include "allocations.h"
#include "core/model.h"
#include "formats/read_model.h"
#include "node_list_bytes.h"
#include "op_test.h"
#include "tflite_file.h"

namespace wxnn {
namespace {

constexpr int kWide = 128;  // of the layers below: weights of 64 KB each as float32
constexpr size_t kWeight = size_t{kWide} * kWide * sizeof(float);

// The file that is being loaded, and what was asked of it.
struct Elsewhere {
  std::vector<uint8_t> bytes;
  std::vector<size_t> asked = {};  // places, in order
  size_t most_live = 0;            // bytes in use, at most, when something was asked for
  size_t fails_at = SIZE_MAX;      // which question is not answered, counted from 1
};
Elsewhere elsewhere;

bool read_elsewhere(size_t where, size_t size, void* to) {
  elsewhere.most_live = std::max(elsewhere.most_live, live_bytes());
  elsewhere.asked.push_back(where);
  const size_t all = elsewhere.bytes.size();
  if (elsewhere.asked.size() == elsewhere.fails_at || where > all || size > all - where)
    return false;
  std::memcpy(to, elsewhere.bytes.data() + where, size);
  return true;
}

// Bytes that have to be in memory: of a node list what stands before its weights.
size_t head_of(const std::vector<uint8_t>& file) {
  uint32_t weights_at = 0;
  if (std::memcmp(file.data(), "WXNL", 4) != 0) return file.size();
  std::memcpy(&weights_at, file.data() + 8, sizeof weights_at);
  return weights_at;
}

Status load_whole(const std::vector<uint8_t>& bytes, std::unique_ptr<Model>* model) {
  Graph graph;
  WXNN_TRY(read_model(to_buffer(bytes.data(), bytes.size()), &graph));
  return Model::load(std::move(graph), model);
}

Status load_elsewhere(std::unique_ptr<Model>* model) {
  File file(to_buffer(elsewhere.bytes.data(), head_of(elsewhere.bytes)));
  file.bytes = elsewhere.bytes.size();
  file.read = read_elsewhere;
  Graph graph;
  WXNN_TRY(read_model(std::move(file), &graph));
  return Model::load(std::move(graph), model);
}

void put_elsewhere(std::vector<uint8_t> file) {
  elsewhere = {std::move(file)};
  elsewhere.asked.reserve(100);  // it allocates nothing while bytes are counted
}

std::vector<float> numbers_of(std::mt19937& random, size_t count) {
  std::uniform_real_distribution<float> number(-0.1F, 0.1F);
  std::vector<float> list(count);
  for (float& x : list) x = number(random);
  return list;
}

// y = (x w0 + b) wh wq w0: float32, float16 and uint8; one weight that two kernels pack, and one
// constant that is read in place.
std::vector<uint8_t> list_file(std::vector<int32_t> input) {
  std::mt19937 random(1);
  NodeListFile f;
  f.input("x", "x", std::move(input));
  f.output("y", "y");
  f.placeholder("x");
  f.weight("w0", {kWide, kWide}, numbers_of(random, size_t{kWide} * kWide));
  f.weight("b", {kWide}, numbers_of(random, kWide));
  std::vector<uint16_t> halves;
  for (const float x : numbers_of(random, size_t{kWide} * kWide)) {
    halves.push_back(static_cast<uint16_t>(0x2000 + static_cast<int>(x * 5000)));
  }
  f.weight("wh", kFloat, {kWide, kWide}, kHalf, halves.data(), halves.size() * 2);
  std::vector<uint8_t> bytes(size_t{kWide} * kWide);
  for (uint8_t& x : bytes) x = static_cast<uint8_t>(random());
  f.weight("wq", kFloat, {kWide, kWide}, kUint8, bytes.data(), bytes.size(), 0.001, -0.1);
  f.node("first", "MatMul", {"x", "w0"});
  f.node("sum", "AddV2", {"first", "b"});
  f.node("positive", "Relu", {"sum"});
  f.node("second", "MatMul", {"positive", "wh"});
  f.node("third", "MatMul", {"second", "wq"});
  f.node("y", "MatMul", {"third", "w0"});
  return f.finish();
}

// As many layers of one weight each, in TensorFlow Lite's form; every other one is float16.
std::vector<uint8_t> tflite_file(int layers) {
  std::mt19937 random(2);
  TfliteFile f;
  const int x = f.tensor("x", {1, kWide});
  int last = x;
  for (int i = 0; i < layers; ++i) {
    const std::vector<float> numbers = numbers_of(random, size_t{kWide} * kWide);
    int w = f.constant("w", {kWide, kWide}, Type::FLOAT32, bytes_of(numbers));
    if (i % 2 == 1) {
      std::vector<uint16_t> halves(numbers.size());
      for (uint16_t& h : halves) h = static_cast<uint16_t>(0x2000 + random() % 1024);
      const int half = f.constant("h", {kWide, kWide}, Type::FLOAT16, bytes_of(halves));
      w = f.tensor("wide", {kWide, kWide});
      f.node(Code::DEQUANTIZE, {half}, {w});
    }
    const int y = f.tensor("y", {1, kWide});
    f.node(Code::FULLY_CONNECTED, {last, w, -1}, {y});
    last = y;
  }
  const Buffer file = f.finish({x}, {last});
  return {file.data<uint8_t>(), file.data<uint8_t>() + file.size()};
}

void expect_same_numbers(Model& a, Model& b) {
  std::mt19937 random(3);
  const std::vector<float> x = numbers_of(random, kWide);
  for (Model* m : {&a, &b}) {
    ASSERT_EQ(m->input(0).bytes(), x.size() * sizeof(float));
    std::memcpy(m->input(0).data, x.data(), m->input(0).bytes());
    ASSERT_OK(m->run());
  }
  ASSERT_EQ(a.output(0).bytes(), b.output(0).bytes());
  EXPECT_EQ(0, std::memcmp(a.output(0).data, b.output(0).data, a.output(0).bytes()));
}

TEST(File, WeightsThatAreReadOneByOneGiveTheSameNumbers) {
  struct Case {
    std::vector<uint8_t> file;
    size_t readings;  // one for each kernel, and one for what is read in place
  };
  for (const Case& c : {Case{list_file({1, kWide}), 5}, Case{tflite_file(4), 4}}) {
    std::unique_ptr<Model> whole, parts;
    ASSERT_OK(load_whole(c.file, &whole));
    put_elsewhere(c.file);
    ASSERT_OK(load_elsewhere(&parts));
    const std::set<size_t> places(elsewhere.asked.begin(), elsewhere.asked.end());
    EXPECT_EQ(places.size(), 4u);
    EXPECT_EQ(elsewhere.asked.size(), c.readings);
    elsewhere.bytes = {};  // nothing more of it is wanted
    expect_same_numbers(*whole, *parts);
    ASSERT_OK(parts->resize(0, {3, kWide}));
    ASSERT_OK(parts->run());
    EXPECT_EQ(elsewhere.asked.size(), c.readings);
  }
}

// A model that cannot be planned yet takes its weights with it.
TEST(File, AModelOfOpenDimensionsIsPlannedWithoutItsFile) {
  std::unique_ptr<Model> whole, parts;
  ASSERT_OK(load_whole(list_file({1, kWide}), &whole));
  put_elsewhere(list_file({1, -1}));
  ASSERT_OK(load_elsewhere(&parts));
  EXPECT_FALSE(parts->planned());
  EXPECT_EQ(elsewhere.asked.size(), 4u);
  elsewhere.bytes = {};
  ASSERT_OK(parts->resize(0, {1, kWide}));
  EXPECT_EQ(elsewhere.asked.size(), 4u);
  expect_same_numbers(*whole, *parts);
}

// While it is loaded a model takes what it takes later, and one weight or two: not its file too.
TEST(File, LoadingTakesNoMoreThanTheModelAndAWeight) {
  constexpr int kLayers = 16;
  NodeListFile list;
  list.input("x", "x", {1, kWide});
  list.output("y", "n15");
  list.placeholder("x");
  std::mt19937 random(4);
  std::vector<std::string> names;
  for (int i = 0; i < kLayers; ++i) names.push_back(sentence<"n{}">(i));
  for (int i = 0; i < kLayers; ++i) {
    const std::string w = "w" + names[i];
    list.weight(w, {kWide, kWide}, numbers_of(random, size_t{kWide} * kWide));
    list.node(names[i], "MatMul", {i == 0 ? "x" : names[i - 1], w});
  }
  for (const std::vector<uint8_t>& file : {list.finish(), tflite_file(kLayers)}) {
    const bool is_list = head_of(file) < file.size();
    put_elsewhere(file);
    std::unique_ptr<Model> model;
    const size_t before = live_bytes();
    ASSERT_OK(load_elsewhere(&model));
    const size_t kept = live_bytes() - before;
    EXPECT_EQ(elsewhere.asked.size(), static_cast<size_t>(kLayers));
    constexpr size_t kNames = size_t{1} << 16;
    EXPECT_LE(elsewhere.most_live - before, kept + 2 * kWeight + kNames) << is_list;
    EXPECT_GE(file.size(), 6 * kWeight) << "with its file in memory it would take more";
  }
}

TEST(File, BytesThatAreNotThereEndInASentenceAndLeaveNothing) {
  for (const std::vector<uint8_t>& file :
       {list_file({1, kWide}), list_file({1, -1}), tflite_file(4)}) {
    put_elsewhere(file);
    for (size_t i = 1; i <= 4; ++i) {
      const size_t live = live_bytes();
      for (int again = 0; again < 3; ++again) {
        elsewhere.fails_at = i;
        elsewhere.asked.clear();
        std::unique_ptr<Model> model;
        EXPECT_SAYS(load_elsewhere(&model), "\": has its data outside the file");
      }
      EXPECT_LT(live_bytes(), live + kWeight / 8) << i;  // the last sentences are kept
    }
    elsewhere.fails_at = SIZE_MAX;
    std::unique_ptr<Model> model;
    ASSERT_OK(load_elsewhere(&model));
  }
  // A file that says of itself that it is longer than it is.
  put_elsewhere(list_file({1, kWide}));
  elsewhere.bytes.resize(elsewhere.bytes.size() - 1);
  std::unique_ptr<Model> model;
  EXPECT_SAYS(load_elsewhere(&model), "it is cut off or damaged");
}

// Bodies of loops have constants of the same file.
TEST(File, ALoopHasItsConstantsWithoutTheFile) {
  TfliteFile f;
  int i = f.tensor("i", {}, Type::INT32), x = f.tensor("x", {1, 4});
  const int two = f.constant("two", {}, Type::INT32, bytes_of<int32_t>({2}));
  const int less = f.tensor("less", {}, Type::BOOL);
  f.node(Code::LESS, {i, two}, {less});
  const int cond = f.body({i, x}, {less});
  i = f.tensor("i", {}, Type::INT32), x = f.tensor("x", {1, 4});
  const int one = f.constant("one", {}, Type::INT32, bytes_of<int32_t>({1}));
  std::vector<float> numbers;
  for (int k = 0; k < 16; ++k) numbers.push_back(static_cast<float>(k % 5));
  const int w = f.constant("w", {4, 4}, Type::FLOAT32, bytes_of(numbers));
  const int next = f.tensor("next", {}, Type::INT32), y = f.tensor("y", {1, 4});
  f.node(Code::ADD, {i, one}, {next}, tflite::BuiltinOptions::AddOptions,
         add_options(f, tflite::ActivationFunctionType::NONE));
  f.node(Code::FULLY_CONNECTED, {x, w, -1}, {y});
  const int body = f.body({i, x}, {next, y});
  i = f.tensor("start", {}, Type::INT32), x = f.tensor("x", {1, 4});
  const int last = f.tensor("last", {}, Type::INT32), out = f.tensor("out", {1, 4});
  f.node(Code::WHILE, {i, x}, {last, out}, tflite::BuiltinOptions::WhileOptions,
         f.two_subgraphs(cond, body));
  const Buffer file = f.finish({i, x}, {last, out});
  put_elsewhere({file.data<uint8_t>(), file.data<uint8_t>() + file.size()});
  std::unique_ptr<Model> model;
  ASSERT_OK(load_elsewhere(&model));
  elsewhere.bytes = {};
  *model->input(0).i32() = 0;
  const std::vector<float> first = {1, 2, 3, 4};
  std::memcpy(model->input(1).data, first.data(), 16);
  ASSERT_OK(model->run());
  std::vector<float> want = first;
  for (int turn = 0; turn < 2; ++turn) {
    const std::vector<float> from = want;
    for (size_t o = 0; o < 4; ++o) {
      want[o] = 0;
      for (size_t k = 0; k < 4; ++k) want[o] += from[k] * numbers[o * 4 + k];
    }
  }
  for (size_t o = 0; o < 4; ++o) EXPECT_EQ(model->output(1).f32()[o], want[o]);
}

}  // namespace
}  // namespace wxnn
