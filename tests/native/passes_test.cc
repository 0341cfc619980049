// Each pass: the graph before and after as text, and the same numbers from both.
#include "passes/passes.h"

#include <gtest/gtest.h>

#include <cmath>

#include "graph_text.h"
#include "passes/match.h"

namespace wxnn {
namespace {

std::vector<std::vector<float>> numbers_for_inputs(const Graph& graph) {
  std::vector<std::vector<float>> all;
  for (int v : graph.inputs) {
    std::vector<float> x(graph.values[v].type.shape.elements());
    for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>((i * 29 + 7) % 41) / 20.0F - 1;
    all.push_back(x);
  }
  return all;
}

// Runs `before` with and without the passes; both agree up to `tolerance` of the largest output.
// Returns the graph after the passes.
Graph rewrite(std::string_view before, double tolerance = 1e-6) {
  Graph plain = parse_graph(before);
  Graph graph = parse_graph(before);
  EXPECT_TRUE(sort(graph).ok());
  const Status status = run_passes(graph);
  EXPECT_TRUE(status.ok()) << status.message();
  const auto inputs = numbers_for_inputs(plain);
  const auto want = run_plainly(plain, inputs);
  const auto got = run_plainly(graph, inputs);
  EXPECT_EQ(want.size(), got.size());
  for (size_t k = 0; k < want.size(); ++k) {
    EXPECT_EQ(want[k].size(), got[k].size());
    float largest = 0;
    for (float y : want[k]) largest = std::max(largest, std::fabs(y));
    for (size_t i = 0; i < want[k].size(); ++i) {
      EXPECT_NEAR(want[k][i], got[k][i], largest * tolerance) << before << " at " << i;
    }
  }
  return graph;
}

// What only the engine runs, after the other passes: without a tolerance not a bit changes.
std::string with_tails(std::string_view before, float tolerance = 0) {
  Graph plain = parse_graph(before);
  Graph graph = parse_graph(before);
  for (Graph* g : {&plain, &graph}) {
    EXPECT_TRUE(sort(*g).ok());
    EXPECT_TRUE(run_passes(*g).ok());
  }
  const Status status = fuse_tails(graph);
  EXPECT_TRUE(status.ok()) << status.message();
  const auto inputs = numbers_for_inputs(plain);
  const auto want = run_plainly(plain, inputs);
  const auto got = run_plainly(graph, inputs);
  if (tolerance == 0) EXPECT_EQ(want, got) << before;  // exactly: -0 equals 0
  EXPECT_EQ(want.size(), got.size());
  for (size_t k = 0; k < want.size(); ++k)
    for (size_t i = 0; i < want[k].size(); ++i)
      EXPECT_NEAR(want[k][i], got[k][i], tolerance) << before << " at " << i;
  return to_text(graph);
}

TEST(Passes, A3x3FilterOfManyChannelsTakesFewerProducts) {
  EXPECT_EQ(with_tails(R"(
    input x 1,7,6,16
    const w 3,3,16,16
    const b 16
    c = Conv2D(x, w) pad=same
    s = Add(c, b)
    a = Add(x, s)
    y = Relu(a)
    output y
  )",
                       1e-4f),
            "s = WinogradConv2D(x, w, c/bias)\na = Add(x, s)\ny = Relu(a)\n");
}

TEST(Passes, WhatIsNo3x3FilterOfManyChannelsAllOfWhichItSeesStaysAConvolution) {
  EXPECT_EQ(with_tails(R"(
    input x 1,7,6,32
    const a 3,3,16,32
    const b 3,3,32,8
    const c 3,3,32,32
    const d 1,1,32,32
    y = Conv2D(x, a) pad=same
    z = Conv2D(x, b) pad=same
    s = Conv2D(x, c) pad=same strides=2,2
    t = Conv2D(x, c) pad=same dilations=2,2
    u = Conv2D(x, d) pad=same
    output y
    output z
    output s
    output t
    output u
  )"),
            "y = Conv2D(x, a)\nz = Conv2D(x, b)\ns = Conv2D(x, c)\nt = Conv2D(x, c)\n"
            "u = Conv2D(x, d)\n");
}

TEST(Passes, A1x1FilterOfManyChannelsTakesFewerProducts) {
  EXPECT_EQ(with_tails(R"(
    input i 1,7,7,128
    const k 1,1,128,1
    const w 1,1,128,128
    const b 128
    x = FusedDepthwiseConv2D(i, k) pad=same activation=relu6
    c = Conv2D(x, w) pad=same
    s = Add(c, b)
    a = Add(x, s)
    y = Relu6(a)
    output y
  )",
                       1e-4f),
            "x = FusedDepthwiseConv2D(i, k)\ny = StrassenConv2D(x, w, c/bias, _, x)\n");
}

// What fuse_tails makes of layers behind x, which is bounded: the levels of each, or "-".
std::string strassen_levels(const std::string& layers) {
  Graph graph = parse_graph(
      "input i 1,12,12,768\nconst k 1,1,768,1\n"
      "x = FusedDepthwiseConv2D(i, k) pad=same activation=relu6\n" +
      layers);
  EXPECT_TRUE(sort(graph).ok() && fuse_tails(graph).ok());
  std::string text;
  for (const Node& node : graph.nodes) {
    const bool strassen = std::string_view(node.op->name) == "StrassenConv2D";
    if (&node == &graph.nodes[0]) continue;
    text += strassen ? std::to_string(node.attrs.i("levels")) : "-";
  }
  return text;
}

TEST(Passes, ManyPixelsAndChannelsTakeTwoLevels) {
  EXPECT_EQ(strassen_levels(R"(
    const w 1,1,768,768
    const v 1,1,768,128
    y = FusedConv2D(x, w) pad=same activation=relu6
    z = FusedConv2D(x, v) pad=same activation=clip clipMin=-1 clipMax=1
    output y
    output z
  )"),
            "21");
}

// Sums of halves round all of them as the largest is rounded.
TEST(Passes, OnlyLayersBetweenBoundsTakeStrassensProducts) {
  EXPECT_EQ(strassen_levels(R"(
    const w 1,1,768,768
    a = FusedConv2D(x, w) pad=same activation=relu
    b = FusedConv2D(x, w) pad=same
    c = FusedConv2D(b, w) pad=same activation=relu6
    d = FusedConv2D(i, w) pad=same activation=relu6
    output a
    output c
    output d
  )"),
            "----");
}

// Packed filters of a model grow by 8 MB, or by 11/10 where that is more: the second level of one
// of these takes 3 MB, the first 1.7 MB.
TEST(Passes, MemoryBoundsTheLevels) {
  std::string layers;
  for (const char* expected : {"2", "21", "111"}) {
    const std::string n = std::to_string(layers.size());
    layers += "const w" + n + " 1,1,768,768\ny" + n + " = FusedConv2D(x, w" + n +
              ") pad=same activation=relu6\noutput y" + n + "\n";
    EXPECT_EQ(strassen_levels(layers), expected);
  }
}

TEST(Passes, WhatIsNo1x1FilterOfManyChannelsOnEveryPixelOfManyStaysAConvolution) {
  EXPECT_EQ(with_tails(R"(
    input i 1,8,8,256
    input j 1,8,8,32
    input l 1,5,5,256
    const o 1,1,256,1
    const p 1,1,32,1
    x = FusedDepthwiseConv2D(i, o) pad=same activation=relu6
    h = FusedDepthwiseConv2D(j, p) pad=same activation=relu6
    s = FusedDepthwiseConv2D(l, o) pad=same activation=relu6
    const w 1,1,256,256
    const n 1,1,256,252
    const g 1,1,128,256
    const k 2,2,256,256
    const f 1,1,32,256
    a = FusedConv2D(x, w) pad=same activation=relu6 strides=2,2
    b = FusedConv2D(x, n) pad=same activation=relu6
    c = FusedConv2D(x, g) pad=same activation=relu6
    d = FusedConv2D(x, k) pad=same activation=relu6
    e = FusedConv2D(h, f) pad=same activation=relu6
    q = FusedConv2D(s, w) pad=same activation=relu6
    output a
    output b
    output c
    output d
    output e
    output q
  )")
                .find("Strassen"),
            std::string::npos);
}

// The image's size is open; what makes a channel of a row is not taken for channels.
TEST(Passes, ChannelsAreKnownWhereSizesAreOpen) {
  Graph graph = parse_graph(R"(
    input x -1,-1,-1,16
    const w 3,3,16,16
    const v 3,3,64,64
    c = Conv2D(x, w) pad=same
    t = Transpose(c) perm=0,1,3,2
    y = Conv2D(t, v) pad=same
    output y
  )");
  ASSERT_TRUE(sort(graph).ok() && fuse_tails(graph).ok());
  EXPECT_EQ(std::string_view(graph.nodes[0].op->name), "WinogradConv2D");
  EXPECT_EQ(std::string_view(graph.nodes.back().op->name), "Conv2D");
}

TEST(Passes, A1x1ConvolutionOfAnEnlargedPictureGoesFirst) {
  for (const char* mode : {"", "halfPixelCenters=1", "alignCorners=1"}) {
    EXPECT_EQ(with_tails(sentence<R"(
    input x 2,3,4,6
    const w 1,1,6,5
    const v 1,1,5,5
    const b 5
    r = ResizeBilinear(x) size=7,8 {}
    c = Conv2D(r, w) pad=same
    s = Add(c, b)
    y = Conv2D(s, v) pad=same
    output y
  )">(mode),
                         1e-5f),
              "r = FusedConv2D(x, w, c/bias)\ns = Conv2D(r, v)\ny = ResizeBilinear(s)\n");
  }
}

TEST(Passes, NoOtherConvolutionGoesBeforeAResize) {
  // A picture that becomes smaller, a stride, padding, an activation, a larger filter, more
  // channels than there were, a picture that something else reads, a filter that is computed.
  for (const char* rest :
       {"size=2,9\ny = Conv2D(r, w) pad=same", "size=6,8\ny = Conv2D(r, w) pad=same strides=2,2",
        "size=6,8\ny = Conv2D(r, w) pad=1", "size=6,6\ny = Conv2D(r, w) pad=3 strides=2,2",
        "size=6,8\ny = FusedConv2D(r, w) pad=same activation=relu",
        "size=6,8\ny = Conv2D(r, large) pad=same", "size=6,8\ny = Conv2D(r, more) pad=same",
        "size=6,8\ny = Conv2D(r, w) pad=same\noutput r", "size=6,8\ny = Conv2D(r, f) pad=same"}) {
    const std::string text = with_tails(sentence<R"(
    input x 1,3,4,6
    input f 1,1,6,5
    const w 1,1,6,5
    const large 3,3,6,5
    const more 1,1,6,7
    r = ResizeBilinear(x) {}
    output y
  )">(rest));
    EXPECT_EQ(text.substr(0, text.find('\n')), "r = ResizeBilinear(x)") << rest;
  }
}

TEST(Passes, AResidualGoesIntoTheConvolution) {
  EXPECT_EQ(with_tails(R"(
    input x 1,5,5,4
    const d 3,3,4,1
    const w 1,1,4,4
    const b 4
    h = DepthwiseConv2dNative(x, d) pad=same
    c = Conv2D(h, w) pad=same
    s = Add(c, b)
    a = Add(x, s)
    y = Relu(a)
    output y
  )"),
            "h = DepthwiseConv2dNative(x, d)\n"
            "y = FusedConv2D(h, w, c/bias, _, x)\n");
}

TEST(Passes, AResidualOfFewerChannelsNeedsNoPadding) {
  EXPECT_EQ(with_tails(R"(
    input x 1,4,4,6
    const w 1,1,6,10
    c = Conv2D(x, w) pad=same
    p = PadV2(x) paddings=0,0,0,0,0,0,0,4
    y = Add(c, p)
    output y
  )"),
            "y = FusedConv2D(x, w, _, _, x)\n");
}

TEST(Passes, OfTwoConvolutionsTheOneThatNothingElseReadsTakesTheOther) {
  for (const char* sum : {"s = Add(c, e)", "s = Add(e, c)"}) {
    EXPECT_EQ(with_tails(sentence<"{}{}{}">(R"(
      input x 1,4,4,6
      const w 1,1,6,6
      c = Conv2D(x, w) pad=same
      r = Relu(c)
      d = Tanh(r)
      e = Conv2D(d, w) pad=same
      )",
                                            sum, R"(
      output s
      output r
    )")),
              "c = Conv2D(x, w)\nr = Relu(c)\nd = Tanh(r)\ns = FusedConv2D(d, w, _, _, c)\n");
  }
}

TEST(Passes, AHardSwishWrittenOutIsOneOperatorOfTheSameBits) {
  EXPECT_EQ(with_tails(R"(
    input x 1,5,5,7
    const scale 1 = 0.16662598
    const shift 1 = 3
    m = Multiply(scale, x)
    a = Add(x, shift)
    r = Relu6(a)
    y = Multiply(m, r)
    output y
  )"),
            "y = ScaledHardSwish(x)\n");
  // A factor for each channel is none of them.
  const char* kept = R"(
    input x 1,5,5,7
    const scale 7
    const shift 1
    m = Multiply(x, scale)
    a = Add(x, shift)
    r = Relu6(a)
    y = Multiply(m, r)
    output y
  )";
  EXPECT_EQ(with_tails(kept),
            "m = Multiply(x, scale)\na = Add(x, shift)\nr = Relu6(a)\ny = Multiply(m, r)\n");
}

TEST(Passes, NoResidualOfAnotherShapeAndNoneTwice) {
  // A bias of one picture, a convolution read twice, one that is bent already.
  EXPECT_EQ(with_tails(R"(
    input x 1,4,4,3
    input z 1,1,1,3
    const w 1,1,3,3
    c = Conv2D(x, w) pad=same
    y = Add(c, z)
    e = Conv2D(x, w) pad=same
    r = Relu(e)
    u = Add(r, x)
    f = Conv2D(u, w) pad=same
    v = Add(f, x)
    output y
    output f
    output v
  )"),
            "c = Conv2D(x, w)\ny = Add(c, z)\nr = FusedConv2D(x, w)\nu = Add(r, x)\n"
            "f = Conv2D(u, w)\nv = Add(f, x)\n");
}

TEST(Passes, PreluGoesIntoTheConvolution) {
  EXPECT_EQ(with_tails(R"(
    input x 1,5,4,3
    const w 3,3,3,6
    const k 1,1,6
    const m 5,4,6
    c = Conv2D(x, w) pad=same
    p = Prelu(c, k)
    d = Conv2D(x, w) pad=same
    a = Add(d, p)
    y = Prelu(a, k)
    e = Conv2D(x, w) pad=same
    q = Prelu(e, m)
    output y
    output q
  )"),
            "p = FusedConv2D(x, w, _, k)\ny = FusedConv2D(x, w, _, k, p)\ne = Conv2D(x, w)\n"
            "q = Prelu(e, m)\n");
}

TEST(Passes, ABiasGoesIntoTheProduct) {
  const Graph g = rewrite(R"(
    input x 2,5
    const w 5,3
    const b 3
    p = _FusedMatMul(x, w)
    s = Add(p, b)
    y = Relu(s)
    output y
  )");
  EXPECT_EQ(to_text(g), "y = _FusedMatMul(x, w, b)\n");
  // One number for all columns, or one per row, is no bias.
  EXPECT_EQ(to_text(rewrite(R"(
    input x 3,5
    const w 5,3
    const b 3,1
    p = _FusedMatMul(x, w)
    y = Add(p, b)
    output y
  )")),
            "p = _FusedMatMul(x, w)\ny = Add(p, b)\n");
}

TEST(Passes, PadGoesIntoTheConvolution) {
  const Graph g = rewrite(R"(
    input x 1,6,6,2
    const w 3,3,2,3
    p = PadV2(x) paddings=0,0,1,0,2,1,0,0 constantValue=0
    y = Conv2D(p, w) strides=2 pad=valid
    output y
  )");
  EXPECT_EQ(to_text(g), "y = Conv2D(x, w)\n");
  EXPECT_EQ(g.nodes[0].attrs.i("pad", 0), 1);
  EXPECT_EQ(g.nodes[0].attrs.i("pad", 1), 0);
  EXPECT_EQ(g.nodes[0].attrs.i("pad", 2), 2);
  EXPECT_EQ(g.nodes[0].attrs.i("pad", 3), 1);
}

TEST(Passes, PadStaysWhereItIsNotTheConvolutionsOwn) {
  // Channels padded; ones padded; a second reader; a "same" convolution behind it.
  for (std::string_view before : {R"(
    input x 1,6,6,2
    const w 3,3,3,3
    p = PadV2(x) paddings=0,0,0,0,0,0,0,1 constantValue=0
    y = Conv2D(p, w) pad=valid
    output y
  )",
                                  R"(
    input x 1,6,6,2
    const w 3,3,2,3
    p = PadV2(x) paddings=0,0,1,1,1,1,0,0 constantValue=1
    y = Conv2D(p, w) pad=valid
    output y
  )",
                                  R"(
    input x 1,6,6,2
    const w 3,3,2,3
    p = PadV2(x) paddings=0,0,1,1,1,1,0,0 constantValue=0
    y = Conv2D(p, w) pad=valid
    output y
    output p
  )",
                                  R"(
    input x 1,6,6,2
    const w 3,3,2,3
    p = PadV2(x) paddings=0,0,1,1,1,1,0,0 constantValue=0
    y = Conv2D(p, w) pad=same
    output y
  )"}) {
    EXPECT_EQ(to_text(rewrite(before)), "p = PadV2(x)\ny = Conv2D(p, w)\n");
  }
}

TEST(Passes, BiasFactorAndClampsGoIntoTheConvolution) {
  const Graph g = rewrite(R"(
    input x 1,5,5,2
    const w 3,3,2,3
    const s 1,1,1,3
    const b 3
    const six scalar = 0.25
    const zero scalar = -0.125
    c = Conv2D(x, w) pad=same
    m = Multiply(c, s)
    a = Add(b, m)
    r = Relu(a)
    lo = Minimum(r, six)
    y = Maximum(lo, zero)
    output y
  )");
  EXPECT_EQ(to_text(g), "y = FusedConv2D(x, c/filter, c/bias)\n");
  EXPECT_EQ(g.nodes[0].attrs.text("activation"), "clip");
  EXPECT_EQ(g.nodes[0].attrs.f("clipMin"), 0);
  EXPECT_EQ(g.nodes[0].attrs.f("clipMax"), 0.25);
}

TEST(Passes, BatchNormGoesIntoADepthwiseConvolution) {
  const Graph g = rewrite(R"(
    input x 1,5,5,3
    const w 3,3,3,2
    const mean 6
    const variance 6 = 0.5 1 2 3 0.25 1.5
    const offset 6
    const scale 6
    c = DepthwiseConv2dNative(x, w) pad=valid
    n = FusedBatchNorm(c, mean, variance, offset, scale) varianceEpsilon=0.001
    y = Relu6(n)
    output y
  )",
                          1e-5);
  EXPECT_EQ(to_text(g), "y = FusedDepthwiseConv2D(x, c/filter, c/bias)\n");
  EXPECT_EQ(g.nodes[0].attrs.text("activation"), "relu6");
}

TEST(Passes, NothingIsFoldedBehindAnActivationOrForAnotherReader) {
  const Graph g = rewrite(R"(
    input x 1,5,5,2
    const w 1,1,2,3
    const b 3
    c = FusedConv2D(x, w) activation=relu pad=valid
    y = Add(c, b)
    d = Conv2D(x, w) pad=valid
    z = Relu(d)
    output y
    output z
    output d
  )");
  EXPECT_EQ(to_text(g), "c = FusedConv2D(x, w)\ny = Add(c, b)\nd = Conv2D(x, w)\nz = Relu(d)\n");
}

TEST(Passes, BiasThatBroadcastsTheOutputStays) {
  const Graph g = rewrite(R"(
    input x 1,3,3,2
    const w 1,1,2,3
    const b 1,3,3,3
    c = Conv2D(x, w) pad=valid
    y = Add(c, b)
    output y
  )");
  EXPECT_EQ(to_text(g), "c = Conv2D(x, w)\ny = Add(c, b)\n");
}

TEST(Passes, SharedFilterIsFoldedForOneReaderOnly) {
  const Graph g = rewrite(R"(
    input x 1,3,3,2
    const w 1,1,2,3
    const s 3 = 2 3 4
    c = Conv2D(x, w) pad=valid
    y = Multiply(c, s)
    z = Conv2D(x, w) pad=valid
    output y
    output z
  )");
  EXPECT_EQ(to_text(g), "y = FusedConv2D(x, c/filter, c/bias)\nz = Conv2D(x, w)\n");
}

TEST(Passes, PreluIsRecognisedInBothSpellings) {
  EXPECT_EQ(to_text(rewrite(R"(
    input x 1,4,4,3
    const k 3 = -0.25 -0.5 0.125
    a = Relu(x)
    n = Neg(x)
    r = Relu(n)
    m = Multiply(k, r)
    y = Add(m, a)
    output y
  )")),
            "y = Prelu(x, y/alpha)\n");
  EXPECT_EQ(to_text(rewrite(R"(
    input x 1,4,4,3
    const k 3 = 0.25 0.5 -0.125
    const half scalar = 0.5
    a = Relu(x)
    b = Abs(x)
    s = Sub(x, b)
    t = Multiply(k, s)
    m = Multiply(t, half)
    y = Add(a, m)
    output y
  )")),
            "y = Prelu(x, y/alpha)\n");
}

TEST(Passes, ConstantsAreFoldedAndIdentitiesBypassed) {
  const Graph g = rewrite(R"(
    input x 2,3
    const a 3
    const b scalar = 3
    i = Identity(x)
    c = Multiply(a, b)
    d = Neg(c)
    y = Add(i, d)
    z = Identity(y)
    unused = Relu(x)
    output z
  )");
  EXPECT_EQ(to_text(g), "y = Add(x, d)\nz = Identity(y)\n");
}

TEST(Passes, FoldingIsBoundedByTheFile) {
  // Four-fold growth, twenty times: 4^20 floats, were it folded.
  std::string text = "const c 4\n";
  std::string last = "c";
  for (int i = 0; i < 20; ++i) {
    const std::string name = "t" + std::to_string(i);
    text += name + " = Concat(" + last + ", " + last + ", " + last + ", " + last + ") axis=0\n";
    last = name;
  }
  text += "output " + last + "\n";
  Graph g = parse_graph(text);
  ASSERT_TRUE(sort(g).ok());
  ASSERT_TRUE(run_passes(g).ok());
  size_t bytes = 0;
  for (const Value& v : g.values) bytes += v.constant ? v.type.bytes() : 0;
  EXPECT_LE(bytes, size_t{2} << 20);
}

// Whether the pattern is found at the last node of the graph.
bool finds(const char* pattern, const std::string& text) {
  Graph graph = parse_graph(text);
  Wiring wiring(graph);
  return Match(graph, wiring, pattern).find(static_cast<int>(graph.nodes.size()) - 1);
}

TEST(Pattern, IsFoundByItsLinesInputsAndTheRest) {
  const char* const pattern = "p = PadV2(x)\ny = Conv2D|FusedConv2D(p, W, ...)";
  const std::string pad = "input x 1,4,4,2\np = PadV2(x) paddings=0,0,1,1,1,1,0,0\n";
  const std::string constants = "const W 1,1,2,3\nconst B 3\n";
  EXPECT_TRUE(finds(pattern, pad + constants + "y = Conv2D(p, W)\noutput y\n"));
  EXPECT_TRUE(finds(pattern, pad + constants + "y = FusedConv2D(p, W, B)\noutput y\n"));
  EXPECT_FALSE(finds(pattern, pad + constants + "y = DepthwiseConv2dNative(p, W)\noutput y\n"));
  EXPECT_FALSE(finds(pattern, pad + constants + "y = Conv2D(x, W)\noutput y\n"));
  EXPECT_FALSE(finds(pattern, pad + constants + "y = Conv2D(p)\noutput y\n"));
  // Capitals are constants; what the pattern makes is read inside alone.
  EXPECT_FALSE(finds(pattern, pad + "input W 1,1,2,3\ny = Conv2D(p, W)\noutput y\n"));
  EXPECT_FALSE(finds(pattern, pad + constants + "y = Conv2D(p, W)\noutput y\noutput p\n"));
}

TEST(Pattern, InputsAreAllOfThemInEitherOrder) {
  const std::string x = "input x 2\ninput z 2\nr = Relu(x)\n";
  EXPECT_TRUE(finds("r = Relu(x)\ny = Add(r, z)", x + "y = Add(r, z)\noutput y\n"));
  EXPECT_TRUE(finds("r = Relu(x)\ny = Add(r, z)", x + "y = Add(z, r)\noutput y\n"));
  EXPECT_FALSE(finds("r = Relu(x)\ny = Sub(r, z)", x + "y = Sub(z, r)\noutput y\n"));
  EXPECT_FALSE(finds("r = Relu(x)\ny = Add(r)", x + "y = Add(r, z)\noutput y\n"));
  EXPECT_FALSE(finds("r = Relu(x)\ny = Add(r, z)", x + "y = Add(r)\noutput y\n"));
  EXPECT_TRUE(finds("y = Multiply(x, x)", "input x 2\ny = Multiply(x, x)\noutput y\n"));
  EXPECT_FALSE(finds("y = Multiply(x, x)", x + "y = Multiply(x, z)\noutput y\n"));
}

}  // namespace
}  // namespace wxnn
