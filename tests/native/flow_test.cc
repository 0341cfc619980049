// If and While: planned bodies, state whose shape changes, lists, no allocation per round.
#include "core/flow.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "allocations.h"
#include "graph_text.h"
#include "op_test.h"
#include "op_use.h"

namespace wxnn {
namespace {

int value_named(const Graph& graph, std::string_view name) {
  for (size_t v = 0; v < graph.values.size(); ++v) {
    if (graph.values[v].name == name) return static_cast<int>(v);
  }
  ADD_FAILURE() << "no value " << name;
  return 0;
}

// Appends a node with bodies; its outputs are called NAME:0, NAME:1… and are the graph's outputs.
void add_flow(Graph& graph, std::string_view op, std::string name,
              std::initializer_list<std::string_view> inputs, size_t outputs, Graph first,
              Graph second) {
  Node node;
  node.op = find_op(op);
  record_use(*node.op, DType::kFloat32);
  node.name = name;
  node.attrs = Attrs(node.op->attrs);
  for (std::string_view input : inputs) node.inputs.push_back(value_named(graph, input));
  for (size_t i = 0; i < outputs; ++i) {
    node.outputs.push_back(
        graph.add_value(name + ":" + std::to_string(i), {DType::kFloat32, Shape::unknown()}));
    graph.outputs.push_back(node.outputs.back());
  }
  node.bodies.push_back(std::make_unique<Graph>(std::move(first)));
  node.bodies.push_back(std::make_unique<Graph>(std::move(second)));
  graph.nodes.push_back(std::move(node));
}

std::unique_ptr<Model> load(Graph graph) {
  std::unique_ptr<Model> model;
  const Status status = Model::load(std::move(graph), &model);
  EXPECT_TRUE(status.ok()) << status.message();
  return model;
}

void write(const Model& model, size_t input, std::vector<float> values) {
  ASSERT_EQ(model.input(input).bytes(), values.size() * sizeof(float));
  std::memcpy(model.input(input).data, values.data(), model.input(input).bytes());
}

std::vector<float> read(const Model& model, size_t output) {
  const Tensor& y = model.output(output);
  return {y.f32(), y.f32() + y.shape.elements()};
}

// while (i < limit) { i += step; x = x * factor + i }
Graph counting_loop() {
  Graph graph = parse_graph(R"(
    input limit scalar
    input x 3
    const zero scalar = 0
    const factor scalar = 0.5
  )");
  add_flow(graph, "While", "loop", {"zero", "limit", "x", "factor"}, 3, parse_graph(R"(
    input i scalar
    input limit scalar
    input x 3
    input factor scalar
    go = Less(i, limit)
    output go
  )"),
           parse_graph(R"(
    input i scalar
    input limit scalar
    input x 3
    input factor scalar
    const one scalar = 1
    next = Add(i, one)
    scaled = Multiply(x, factor)
    y = Add(scaled, next)
    output next
    output limit
    output y
    output factor
  )"));
  return graph;
}

TEST(While, RunsAsOftenAsItsDataSay) {
  auto model = load(counting_loop());
  ASSERT_TRUE(model);
  for (const int limit : {0, 1, 7, 3}) {
    write(*model, 0, {static_cast<float>(limit)});
    write(*model, 1, {1, -2, 0.25F});
    ASSERT_OK(model->run());
    float x[] = {1, -2, 0.25F};
    for (int i = 1; i <= limit; ++i) {
      for (float& v : x) v = v * 0.5F + static_cast<float>(i);
    }
    EXPECT_EQ(read(*model, 0), std::vector<float>{static_cast<float>(limit)});
    EXPECT_EQ(read(*model, 1), std::vector<float>{static_cast<float>(limit)});
    EXPECT_EQ(read(*model, 2), (std::vector<float>{x[0], x[1], x[2]}));
  }
}

TEST(While, AllocatesNothingPerRunOrRound) {
  auto model = load(counting_loop());
  write(*model, 0, {200});
  write(*model, 1, {1, 2, 3});
  ASSERT_OK(model->run());
  const size_t before = allocations();
  bool ok = true;
  for (int i = 0; i < 20; ++i) ok &= model->run().ok();
  EXPECT_EQ(allocations() - before, 0u);
  EXPECT_TRUE(ok);
}

TEST(While, DroppingAModelWithLoopsKeepsNothing) {
  load(counting_loop());
  const size_t before = live_bytes();
  for (int i = 0; i < 200; ++i) {
    auto model = load(counting_loop());
    ASSERT_TRUE(model);
  }
  EXPECT_EQ(live_bytes(), before);
}

// (a, b, c) -> (b, c, a + b): each part of the state lies where another one came from.
TEST(While, PartsOfTheStateMayChangePlaces) {
  Graph graph = parse_graph(R"(
    input n scalar
    input a 2
    input b 2
    input c 1,2
    const zero scalar = 0
  )");
  add_flow(graph, "While", "loop", {"zero", "n", "a", "b", "c"}, 5, parse_graph(R"(
    input i scalar
    input n scalar
    input a 2
    input b 2
    input c 1,2
    go = Less(i, n)
    output go
  )"),
           parse_graph(R"(
    input i scalar
    input n scalar
    input a 2
    input b 2
    input c 1,2
    const one scalar = 1
    next = Add(i, one)
    flat = Reshape(c) shape=2
    sum = Add(a, b)
    d = Reshape(sum) shape=1,2
    output next
    output n
    output b
    output flat
    output d
  )"));
  auto model = load(std::move(graph));
  ASSERT_TRUE(model);
  float a[] = {1, 2}, b[] = {3, 5}, c[] = {7, 11};
  write(*model, 0, {9});
  write(*model, 1, {a[0], a[1]});
  write(*model, 2, {b[0], b[1]});
  write(*model, 3, {c[0], c[1]});
  ASSERT_OK(model->run());
  for (int i = 0; i < 9; ++i) {
    for (int k = 0; k < 2; ++k) {
      const float sum = a[k] + b[k];
      a[k] = b[k];
      b[k] = c[k];
      c[k] = sum;
    }
  }
  EXPECT_EQ(read(*model, 2), (std::vector<float>{a[0], a[1]}));
  EXPECT_EQ(read(*model, 3), (std::vector<float>{b[0], b[1]}));
  EXPECT_EQ(read(*model, 4), (std::vector<float>{c[0], c[1]}));
}

// x = concat(x, i): another shape after every round.
TEST(While, AStateThatGrowsComesBackWithItsTrueShape) {
  Graph graph = parse_graph(R"(
    input n scalar
    input x 1,2
    input row 1,2
    const zero scalar = 0
  )");
  add_flow(graph, "While", "loop", {"zero", "n", "x", "row"}, 3, parse_graph(R"(
    input i scalar
    input n scalar
    input x 1,2
    input row 1,2
    go = Less(i, n)
    output go
  )"),
           parse_graph(R"(
    input i scalar
    input n scalar
    input x 1,2
    input row 1,2
    const one scalar = 1
    next = Add(i, one)
    more = Add(row, next)
    y = Concat(x, more) axis=0
    output next
    output n
    output y
    output row
  )"));
  auto model = load(std::move(graph));
  ASSERT_TRUE(model);
  size_t live = 0;
  for (const int n : {5, 0, 3, 5, 5, 2}) {
    write(*model, 0, {static_cast<float>(n)});
    write(*model, 1, {-1, -2});
    write(*model, 2, {10, 20});
    ASSERT_OK(model->run());
    ASSERT_EQ(model->output(2).shape, (Shape{1 + n, 2}));
    std::vector<float> want = {-1, -2};
    for (int i = 1; i <= n; ++i) {
      want.push_back(static_cast<float>(10 + i));
      want.push_back(static_cast<float>(20 + i));
    }
    EXPECT_EQ(read(*model, 2), want);
    if (n != 5) continue;
    if (live != 0) EXPECT_EQ(live_bytes(), live);
    live = live_bytes();
  }
}

// A recurrent layer as Keras writes it: h = tanh(x[t] w + h u), each h into a list of open
// elements.
TEST(While, ARecurrentLayerWritesAListOfOpenElementsWithoutAllocating) {
  Graph graph = parse_graph(R"(
    input x 4,2,3
    input h 2,5
    const w 3,5
    const u 5,5
    const zero scalar = 0
    list = TensorListReserve() elementShape=-1,5 numElements=4
  )");
  const int32_t start = 0;
  int time = 0;
  ASSERT_OK(graph.add_constant("t0", {DType::kInt32, {}}, &start, &time));
  add_flow(graph, "While", "loop", {"t0", "x", "h", "list", "w", "u"}, 4, parse_graph(R"(
    input t scalar
    input x 4,2,3
    input h 2,5
    input list 4,0
    input w 3,5
    input u 5,5
    n = TensorListLength(x)
    go = Less(t, n)
    output go
  )"),
           parse_graph(R"(
    input t scalar
    input x 4,2,3
    input h 2,5
    input list 4,0
    input w 3,5
    input u 5,5
    xt = GatherV2(x, t)
    a = _FusedMatMul(xt, w)
    b = _FusedMatMul(h, u)
    s = Add(a, b)
    y = Tanh(s)
    done = TensorListSetItem(list, y, t)
    one_f = OnesLike(t)
    next = Add(t, one_f)
    output next
    output x
    output y
    output done
    output w
    output u
  )"));
  auto model = load(std::move(graph));
  ASSERT_TRUE(model);
  EXPECT_EQ(model->output(3).shape, (Shape{4, 2, 5}));  // known before the first run
  EXPECT_EQ(model->memory().constant_bytes, 4u);        // t0: w and u are packed in the body
  Random random(test_seed());
  const HostTensor x = random.tensor({4, 2, 3}), h = random.tensor({2, 5});
  for (int round = 0; round < 2; ++round) {
    std::memcpy(model->input(0).data, x.data().data(), model->input(0).bytes());
    std::memcpy(model->input(1).data, h.data().data(), model->input(1).bytes());
    const size_t before = allocations();
    ASSERT_OK(model->run());
    EXPECT_EQ(allocations(), before);
  }
  auto constant = [](size_t seed, int i) {
    return static_cast<double>(
        static_cast<float>((static_cast<size_t>(i) * 37 + seed) % 23) / 11.0F - 1.0F);
  };
  std::vector<double> state(h.data().begin(), h.data().end());
  for (int t = 0; t < 4; ++t) {
    std::vector<double> next(10);
    for (int b = 0; b < 2; ++b) {
      for (int o = 0; o < 5; ++o) {
        double sum = 0;
        for (int i = 0; i < 3; ++i) sum += double{x[(t * 2 + b) * 3 + i]} * constant(1, i * 5 + o);
        for (int i = 0; i < 5; ++i) sum += state[b * 5 + i] * constant(2, i * 5 + o);
        next[b * 5 + o] = std::tanh(sum);
        EXPECT_NEAR(read(*model, 3)[(t * 2 + b) * 5 + o], next[b * 5 + o], 1e-5);
      }
    }
    state = next;
  }
}

Graph choice() {
  Graph graph = parse_graph(R"(
    input flag scalar
    input x 2,3
    const w 3,2
  )");
  add_flow(graph, "If", "choice", {"flag", "x", "w"}, 2, parse_graph(R"(
    input x 2,3
    input w 3,2
    y = _FusedMatMul(x, w)
    z = Neg(x)
    output y
    output z
  )"),
           parse_graph(R"(
    input x 2,3
    input w 3,2
    y = Reshape(x) shape=6
    z = Square(x)
    output y
    output z
  )"));
  return graph;
}

TEST(If, GivesTheShapeOfTheBranchThatIsTaken) {
  auto model = load(choice());
  ASSERT_TRUE(model);
  for (const float flag : {1.0F, 0.0F, -2.0F, 0.0F}) {
    write(*model, 0, {flag});
    write(*model, 1, {1, 2, 3, 4, 5, 6});
    ASSERT_OK(model->run());
    if (flag == 0) {
      EXPECT_EQ(model->output(0).shape, (Shape{6}));
      EXPECT_EQ(read(*model, 0), (std::vector<float>{1, 2, 3, 4, 5, 6}));
      EXPECT_EQ(read(*model, 1), (std::vector<float>{1, 4, 9, 16, 25, 36}));
    } else {
      EXPECT_EQ(model->output(0).shape, (Shape{2, 2}));
      EXPECT_EQ(read(*model, 1), (std::vector<float>{-1, -2, -3, -4, -5, -6}));
    }
  }
}

TEST(Flow, ASentenceSaysWhereInTheBody) {
  Graph graph = parse_graph("input flag scalar\ninput x 2,3\n");
  add_flow(graph, "If", "choice", {"flag", "x"}, 1,
           parse_graph("input x 2,3\nconst w 2,2\nbad = _FusedMatMul(x, w)\noutput bad\n"),
           parse_graph("input x 2,3\ngood = Neg(x)\noutput good\n"));
  auto model = load(std::move(graph));
  ASSERT_TRUE(model);  // a branch that is never taken harms nobody
  write(*model, 0, {0});
  ASSERT_OK(model->run());
  write(*model, 0, {1});
  EXPECT_SAYS(model->run(),
              "node \"choice\" (If), cond [] args [2,3]: node \"bad\" (_FusedMatMul)");
  write(*model, 0, {0});
  ASSERT_OK(model->run());
}

TEST(Flow, RefusesBodiesThatDoNotFit) {
  Graph graph = parse_graph("input x 2\n");
  add_flow(graph, "While", "loop", {"x"}, 1, parse_graph("input x 2\noutput x\n"),
           parse_graph("input x 2\ninput y 2\noutput x\n"));
  std::unique_ptr<Model> model;
  EXPECT_SAYS(Model::load(std::move(graph), &model),
              "node \"loop\" (While): starts with 1 values, but its body takes 2 and gives 1");
}

TEST(Model, AViewThatIsSettledWhileRunningKeepsItsMemory) {
  // `flat` is a view of `a` under a shape that is computed: a must stay where it is until z has
  // read it, although big and more come between.
  Graph graph = parse_graph(R"(
    input x 4
    input shape 1
    a = Neg(x)
    i = Cast(shape) dtype=int32
    flat = Reshape(a, i)
    big = Square(x)
    more = Neg(big)
    most = Square(more)
    z = Add(flat, most)
    output z
  )");
  auto model = load(std::move(graph));
  ASSERT_TRUE(model);
  write(*model, 0, {1, 2, 3, 4});
  write(*model, 1, {4});
  ASSERT_OK(model->run());
  EXPECT_EQ(read(*model, 0), (std::vector<float>{0, 14, 78, 252}));
}

}  // namespace
}  // namespace wxnn
