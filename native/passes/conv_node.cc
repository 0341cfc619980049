#include "passes/conv_node.h"

#include <algorithm>

namespace wxnn {

namespace {
bool is_depthwise(const Node& conv) {
  return std::string_view(conv.op->name).find("Depthwise") != std::string_view::npos;
}
bool channels_first(const Node& conv) { return conv.attrs.is("filterFormat", "OHWI"); }

// Another node may read the same filter: this one gets a copy. It is multiplied when it is packed.
Status scale_filter(Match& match, Node& conv, const Vector<double>& scale) {
  Graph& graph = match.graph();
  const int filter = conv.inputs[1];
  if (!graph.values[filter]
           .constant->factors.empty()) {  // rounded once more, as it would have been
    Tensor scaled;
    WXNN_TRY(graph.materialize(filter, &scaled));
  }
  const int value = graph.add_value(conv.name + "/filter", graph.values[filter].type);
  WXNN_TRY(copy_constant(*graph.values[filter].constant, &graph.values[value].constant));
  Constant& copy = *graph.values[value].constant;
  copy.factors = scale;
  if (channels_first(conv)) {
    copy.run = static_cast<size_t>(graph.values[value].type.shape.elements()) / scale.size();
  }
  match.set_input(conv, 1, value);
  return {};
}
}  // namespace

int32_t output_channels(const Node& conv, const Shape& filter) {
  if (filter.rank() != 4) return 0;
  if (conv.attrs.is("filterFormat", "1HWO")) return filter[3];
  if (is_depthwise(conv)) return filter[2] * filter[3];
  return channels_first(conv) ? filter[0] : filter[3];
}

bool is_linear(const Node& conv) { return conv.attrs.is("activation", "linear"); }

bool has_input(const Node& node, size_t i) {
  return i < node.inputs.size() && node.inputs[i] != kAbsent;
}

bool is_per_channel(const Shape& shape, int32_t channels) {
  return shape.rank() >= 1 && shape[-1] == channels && shape.elements() == channels;
}

bool become_fused(Match& match, Node& conv) {
  return match.become(conv, is_depthwise(conv) ? "FusedDepthwiseConv2D" : "FusedConv2D");
}

Status scale_and_shift(Match& match, Node& conv, const Vector<double>& scale,
                       const Vector<double>& shift) {
  Graph& graph = match.graph();
  Vector<double> bias = shift;
  if (has_input(conv, 2)) {
    Tensor old;
    WXNN_TRY(graph.materialize(conv.inputs[2], &old));
    for (size_t c = 0; c < bias.size(); ++c) {
      bias[c] += static_cast<double>(old.f32()[c]) * scale[c];
    }
  }
  if (std::ranges::any_of(scale, [](double s) { return s != 1; })) {
    WXNN_TRY(scale_filter(match, conv, scale));
  }
  Vector<float> numbers(bias.size());
  std::ranges::transform(bias, numbers.begin(), [](double b) { return static_cast<float>(b); });
  const int32_t channels = static_cast<int32_t>(bias.size());
  int value = 0;
  WXNN_TRY(graph.add_constant(conv.name + "/bias", {DType::kFloat32, {channels}}, numbers.data(),
                              &value));
  match.set_input(conv, 2, value);
  return {};
}

}  // namespace wxnn
