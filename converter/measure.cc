#include "converter/measure.h"

#include <algorithm>

#include "formats/tflite_reader.h"

namespace wxnn {

namespace {

int64_t elements_of(const Graph& graph, int value) {
  return graph.values[value].type.shape.elements();
}

// Multiply-adds per element of the output: what the filter has for one channel.
int64_t per_output(const Graph& graph, const Node& node) {
  const Shape& w = graph.values[node.inputs[1]].type.shape;
  if (w.rank() != 4) return 0;
  const std::string_view format = node.attrs.text("filterFormat");
  return w.elements() / std::max(format == "OHWI" ? w[0] : w[3], 1);
}

int64_t of_convolution(const Graph& graph, const Node& node) {
  return elements_of(graph, node.outputs[0]) * per_output(graph, node);
}

// [H, W, C, M]: one output sees H x W numbers.
int64_t of_depthwise(const Graph& graph, const Node& node) {
  const Shape& w = graph.values[node.inputs[1]].type.shape;
  const int64_t channels = graph.values[node.outputs[0]].type.shape[-1];
  return elements_of(graph, node.outputs[0]) * (w.elements() / std::max<int64_t>(channels, 1));
}

// Every number of the input meets the whole filter of its channel.
int64_t of_transposed(const Graph& graph, const Node& node) {
  const int64_t channels = graph.values[node.inputs[0]].type.shape[-1];
  return elements_of(graph, node.inputs[0]) *
         (elements_of(graph, node.inputs[1]) / std::max<int64_t>(channels, 1));
}

int64_t of_product(const Graph& graph, const Node& node) {
  const Shape& a = graph.values[node.inputs[0]].type.shape;
  if (a.rank() == 0) return 0;
  const int axis = node.attrs.b("transposeA") && a.rank() > 1 ? -2 : -1;
  return elements_of(graph, node.outputs[0]) * a[axis];
}

struct CostRow {
  std::string_view op;
  int64_t (*count)(const Graph&, const Node&);
};
constexpr CostRow kCosts[] = {{"BatchMatMul", of_product},
                              {"Conv2D", of_convolution},
                              {"Conv2DBackpropInput", of_transposed},
                              {"DepthwiseConv2dNative", of_depthwise},
                              {"FusedConv2D", of_convolution},
                              {"FusedDepthwiseConv2D", of_depthwise},
                              {"StrassenConv2D", of_convolution},
                              {"WinogradConv2D", of_convolution},
                              {"_FusedMatMul", of_product}};

int64_t multiply_adds(const Graph& graph, const Node& node) {
  const auto* row = std::ranges::find(kCosts, node.op->name, &CostRow::op);
  if (row == std::end(kCosts) || node.inputs.size() < 2) return 0;
  for (const int v : {node.inputs[0], node.inputs[1], node.outputs[0]})
    if (v == kAbsent || !graph.values[v].type.shape.is_known()) return 0;
  return row->count(graph, node);
}

Status run(Model& model, int runs, ModelCost* cost) {
  WXNN_CHECK(model.planned(), "an input's size is open: say it with --input");
  WXNN_TRY(model.run());  // the first touches memory for the first time
  // The run that was disturbed least.
  for (int i = 0; i < runs; ++i) {
    model.set_profiling(true);
    WXNN_TRY(model.run());
    double total = 0;
    for (const NodeProfile& p : model.profile()) total += p.ms;
    if (i != 0 && total >= cost->ms) continue;
    cost->ms = total;
    for (size_t k = 0; k < model.profile().size(); ++k) cost->nodes[k].ms = model.profile()[k].ms;
  }
  return {};
}

}  // namespace

Status measure(const std::string& tflite, int runs, ModelCost* cost) {
  Buffer file;
  WXNN_TRY(file.allocate(tflite.size()));
  std::ranges::copy(tflite, file.data<char>());
  Graph graph;
  WXNN_TRY(read_tflite(std::move(file), &graph));
  std::unique_ptr<Model> model;
  WXNN_TRY(Model::load(std::move(graph), &model));
  const Graph& g = model->graph();
  std::vector<int> writer(g.values.size(), -1);
  for (size_t i = 0; i < g.nodes.size(); ++i) {
    const Node& node = g.nodes[i];
    NodeCost c{.name = node.name, .op = node.op->name};
    if (!node.outputs.empty()) c.shape = g.values[node.outputs[0]].type.shape;
    c.multiply_adds = multiply_adds(g, node);
    cost->multiply_adds += c.multiply_adds;
    for (const int v : node.inputs)
      if (v != kAbsent && writer[v] >= 0) c.inputs.push_back(writer[v]);
    for (const int v : node.outputs) writer[v] = static_cast<int>(i);
    cost->nodes.push_back(std::move(c));
  }
  if (runs > 0) WXNN_TRY(run(*model, runs, cost));
  cost->memory = model->memory();
  return {};
}

}  // namespace wxnn
