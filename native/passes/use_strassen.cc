// Convolutions with constant 1x1 filters of many channels become StrassenConv2D where that is
// faster, as far as a model's memory allows: each level makes 7/4 of the packed filter's numbers.
#include <algorithm>
#include <string_view>

#include "ops/conv2d.h"
#include "passes/conv_node.h"
#include "passes/whole_graph.h"

namespace wxnn {

namespace {

constexpr int kMostLevels = 2;
// Of fewer pixels' products, fetching the filter takes longer than the products that are saved.
constexpr int32_t kLeastPixels[kMostLevels] = {48, 128};
// Of an ordinary product's time. The second level's memory wants more.
constexpr double kLeastGain[kMostLevels] = {0.025, 0.03};
// What the filters of a model may grow by, in floats: so many, or 11/10 of what they have.
constexpr double kRoom = 2 << 20;

struct Layer {
  Node* node = nullptr;
  int32_t pixels = 0;
  Filter filter{};
  int levels = 0;  // that it has been given

  double weights() const {
    return static_cast<double>(filter.height) * filter.width * filter.in * filter.out;
  }
  bool fits(int n) const { return (filter.in | filter.out) % (4 << n) == 0; }

  // The time next to that of an ordinary product, as measured: where there are few outputs, few
  // columns read the sums of x; products of few channels take little longer than adding them up.
  double time(int n) const {
    if (n == 0) return 1;
    if (n == 1) return 0.875 + 8.0 / filter.in + 3.0 / filter.out;
    return 0.766 + 27.0 / filter.in + 12.0 / filter.out;
  }
  // Floats that one level more takes.
  double growth() const { return weights() * (levels == 0 ? 0.75 : 1.3125); }
  // Time saved by one level more, for each of these floats; 0 where there should be none.
  double worth() const {
    if (levels == kMostLevels || pixels < kLeastPixels[levels] || !fits(levels + 1)) return 0;
    const double gain = time(levels) - time(levels + 1);
    return gain < kLeastGain[levels] ? 0 : gain * pixels * weights() / growth();
  }
};

// What `node` is, with its filter alone where it cannot become a StrassenConv2D.
Layer layer_of(const Graph& graph, const std::vector<TensorType>& types, Node& node) {
  const std::string_view name = node.op->name;
  const bool conv = name == "Conv2D" || name == "FusedConv2D";
  if (!conv || !graph.values[node.inputs[kFilter]].constant) return {};
  const Shape &x = types[node.inputs[kX]].shape, &y = types[node.outputs[0]].shape;
  const Shape& w = types[node.inputs[kFilter]].shape;
  if (w.rank() != 4) return {};
  Layer layer{.node = &node, .filter = filter_of(node.attrs, w)};
  const Filter& f = layer.filter;
  if (!x.is_known() || !y.is_known() || x.rank() != 4 || f.in != x[3]) return layer;
  const bool narrow = has_input(node, kResidual) && types[node.inputs[kResidual]].shape != y;
  if (!narrow && every_pixel(f, window_of(node.attrs, x, {f.height, f.width})))
    layer.pixels = x[1] * x[2];
  return layer;
}

}  // namespace

Status use_strassen(Graph& graph, const std::vector<TensorType>& types) {
  std::vector<Layer> layers;
  double weights = 0;
  for (Node& node : graph.nodes) {
    const Layer layer = layer_of(graph, types, node);
    weights += layer.weights();
    if (layer.worth() > 0) layers.push_back(layer);
  }
  const Op* op = layers.empty() ? nullptr : find_op("StrassenConv2D");
  if (op == nullptr) return {};
  double room = std::max(kRoom, weights * 1.1);
  for (;;) {
    Layer* best = nullptr;
    for (Layer& layer : layers)
      if (layer.growth() <= room && layer.worth() > (best == nullptr ? 0 : best->worth()))
        best = &layer;
    if (best == nullptr) break;
    room -= best->growth();
    ++best->levels;
  }
  for (const Layer& layer : layers) {
    if (layer.levels == 0) continue;
    Attrs attrs(op->attrs);
    attrs.adopt(layer.node->attrs);
    WXNN_TRY(attrs.set("levels", layer.levels));
    layer.node->attrs = std::move(attrs);
    layer.node->op = op;
  }
  return {};
}

}  // namespace wxnn
