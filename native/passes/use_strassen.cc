// Convolutions with constant 1x1 filters of many channels become StrassenConv2D where that is
// faster, as far as a model's memory allows: each level makes 7/4 of the packed filter's numbers.
#include <algorithm>
#include <limits>
#include <string_view>

#include "core/sort.h"
#include "ops/conv2d.h"
#include "passes/conv_node.h"
#include "passes/whole_graph.h"

namespace wxnn {

namespace {

constexpr int kMostLevels = 2;
struct Level {
  // Of fewer pixels' products, fetching the filter takes longer than the products that are saved.
  int32_t least_pixels;
  double least_gain;  // of an ordinary product's time; the second level's memory wants more
  double growth;      // of the filter's numbers, over the level below
};
constexpr Level kLevels[kMostLevels] = {{48, 0.025, 0.75}, {128, 0.03, 1.3125}};
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
  // Of kLevels: floats that it takes more than what is below it.
  double growth(int level) const { return weights() * kLevels[level == 0 ? 0 : 1].growth; }
  // Time that it saves for each of these floats; 0 where there should be none. The second level is
  // never worth more than the first, without which it cannot be.
  double worth(int level) const {
    const Level& row = kLevels[level == 0 ? 0 : 1];
    if (pixels < row.least_pixels || !fits(level + 1)) return 0;
    const double gain = time(level) - time(level + 1);
    const double own = gain < row.least_gain ? 0 : gain * pixels / row.growth;
    return level == 0 ? own : std::min(own, worth(0));
  }
};

// Whether what the node gives lies between two numbers.
bool is_bounded(const Node* node) {
  if (node == nullptr || !std::string_view(node->op->name).ends_with("Conv2D")) return false;
  const Activation activation(node->attrs);
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  return activation.min > -kInfinity && activation.max < kInfinity;
}

// What `node` is, with its filter alone where it cannot become a StrassenConv2D. Both sides should
// be bounded: sums of halves round all of them as the largest is rounded, and behind a layer with
// no bounds, as MobileNetV2's every second, one channel may be a thousand times another.
// `writers`: by value.
Layer layer_of(const Graph& graph, const Vector<TensorType>& types,
               const Vector<const Node*>& writers, Node& node) {
  const std::string_view name = node.op->name;
  const bool conv = name == "Conv2D" || name == "FusedConv2D";
  if (!conv || !has_input(node, kX) || !has_input(node, kFilter) ||
      !graph.values[node.inputs[kFilter]].constant)
    return {};
  const Shape &x = types[node.inputs[kX]].shape, &y = types[node.outputs[0]].shape;
  const Shape& w = types[node.inputs[kFilter]].shape;
  if (w.rank() != 4) return {};
  Layer layer{.node = &node, .filter = filter_of(node.attrs, w)};
  const Filter& f = layer.filter;
  if (!x.is_known() || !y.is_known() || x.rank() != 4 || f.in != x[3]) return layer;
  const bool narrow = has_input(node, kResidual) && types[node.inputs[kResidual]].shape != y;
  const bool bounded = is_bounded(&node) && is_bounded(writers[node.inputs[kX]]);
  if (bounded && !narrow && every_pixel(f, window_of(node.attrs, x, {f.height, f.width})))
    layer.pixels = x[1] * x[2];
  return layer;
}

}  // namespace

Status use_strassen(Graph& graph, const Vector<TensorType>& types) {
  Vector<Layer> layers;
  double weights = 0;
  Vector<const Node*> writers(graph.values.size());
  for (const Node& node : graph.nodes)
    for (int v : node.outputs) writers[v] = &node;
  for (Node& node : graph.nodes) {
    const Layer layer = layer_of(graph, types, writers, node);
    weights += layer.weights();
    if (layer.worth(0) > 0) layers.push_back(layer);
  }
  const Op* op = layers.empty() ? nullptr : find_op("StrassenConv2D");
  if (op == nullptr) return {};
  // Levels of layers, number kMostLevels * layer + level, the worthiest first.
  Vector<int32_t> order(layers.size() * kMostLevels);
  for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int32_t>(i);
  const auto worth = [&](int32_t i) { return layers[i / kMostLevels].worth(i % kMostLevels); };
  const auto before = [&](int32_t a, int32_t b) {
    const double of_a = worth(a), of_b = worth(b);
    return of_a != of_b ? of_a > of_b : a < b;
  };
  sort(order, order_of(before));
  double room = std::max(kRoom, weights * 1.1);
  for (const int32_t i : order) {
    Layer& layer = layers[i / kMostLevels];
    const double growth = layer.growth(i % kMostLevels);
    if (worth(i) <= 0 || growth > room || layer.levels != i % kMostLevels) continue;
    room -= growth;
    ++layer.levels;
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
