#include "core/graph.h"

#include <gtest/gtest.h>

#include "core/model.h"
#include "graph_text.h"

namespace wxnn {
namespace {

TEST(Graph, SortPutsProducersFirstAndRefusesCycles) {
  Graph g = parse_graph(R"(
    input x 2,2
    a = Relu(x)
    b = Neg(a)
    output b
  )");
  std::swap(g.nodes[0], g.nodes[1]);
  ASSERT_TRUE(sort(g).ok());
  EXPECT_EQ(to_text(g), "a = Relu(x)\nb = Neg(a)\n");
  g.nodes[0].inputs[0] = g.nodes[1].outputs[0];
  EXPECT_EQ(sort(g).message(), "node \"b\" (Neg): depends on itself");
}

TEST(Graph, IndicesOutOfRangeAndDoubleWritersAreSentences) {
  const auto fresh = [] { return parse_graph("input x 2\na = Relu(x)\nb = Neg(a)\noutput b\n"); };
  Graph g = fresh();
  g.nodes[0].inputs[0] = 99;
  EXPECT_EQ(sort(g).message(), "node \"a\" (Relu): has tensor 99 of 3");
  g = fresh();
  g.nodes[1].outputs[0] = g.nodes[0].outputs[0];
  EXPECT_EQ(sort(g).message(), "node \"b\" (Neg): \"a\" is given or written already");
  g = fresh();
  g.outputs[0] = -7;
  EXPECT_EQ(sort(g).message(), "the graph: has tensor -7 of 3");
  g = fresh();
  g.inputs.clear();
  EXPECT_EQ(sort(g).message(), "node \"a\" (Relu): \"x\" is computed by no node");
}

TEST(Graph, ALongChainNeedsNoStack) {
  std::string text = "input x 1\nt0 = Relu(x)\n";
  for (int i = 1; i < 20000; ++i) {
    text += "t" + std::to_string(i) + " = Relu(t" + std::to_string(i - 1) + ")\n";
  }
  Graph g = parse_graph(text + "output t19999\n");
  std::reverse(g.nodes.begin(), g.nodes.end());
  ASSERT_TRUE(sort(g).ok());
  EXPECT_EQ(g.nodes.front().name, "t0");
}

TEST(Graph, MissingOperatorsAreListedAllAtOnce) {
  MissingOps missing;
  EXPECT_TRUE(missing.refuse().ok());
  missing.add("FFT", "f2");
  EXPECT_EQ(missing.refuse().message(),
            "1 node needs an operator that this build does not have: FFT (\"f2\")");
  missing.add("RFFT", "r");
  missing.add("FFT", "f1");
  EXPECT_EQ(missing.refuse().message(),
            "3 nodes need an operator that this build does not have: FFT (\"f2\"), RFFT (\"r\")");
}

}  // namespace
}  // namespace wxnn
