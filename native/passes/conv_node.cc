#include "passes/conv_node.h"

namespace wxnn {

namespace {
bool is_depthwise(const Node& conv) {
  return std::string_view(conv.op->name).find("Depthwise") != std::string_view::npos;
}
bool channels_first(const Node& conv) { return conv.attrs.is("filterFormat", "OHWI"); }
}  // namespace

int32_t output_channels(const Node& conv, const Shape& filter) {
  if (filter.rank() != 4) return 0;
  if (conv.attrs.is("filterFormat", "1HWO")) return filter[3];
  if (is_depthwise(conv)) return filter[2] * filter[3];
  return channels_first(conv) ? filter[0] : filter[3];
}

int32_t channel_of(const Node& conv, const Shape& filter, int32_t i) {
  const int32_t channels = output_channels(conv, filter);
  if (channels == 0) return 0;  // the filter has no elements
  if (!channels_first(conv)) return i % channels;
  return i / filter.elements(1, 4);
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

Status scale_and_shift(Match& match, Node& conv, const std::vector<double>& scale,
                       const std::vector<double>& shift) {
  Graph& graph = match.graph();
  Tensor filter;
  WXNN_TRY(graph.materialize(conv.inputs[1], &filter));
  std::vector<double> bias = shift;
  if (has_input(conv, 2)) {
    Tensor old;
    WXNN_TRY(graph.materialize(conv.inputs[2], &old));
    for (size_t c = 0; c < bias.size(); ++c) {
      bias[c] += static_cast<double>(old.f32()[c]) * scale[c];
    }
  }
  // Another node may read the same filter: this one gets a copy.
  const Shape shape = filter.shape;
  const int32_t n = shape.elements();
  std::vector<float> numbers(n);
  for (int32_t i = 0; i < n; ++i) {
    const double factor = scale[channel_of(conv, shape, i)];
    numbers[i] = static_cast<float>(static_cast<double>(filter.f32()[i]) * factor);
  }
  int value = 0;
  WXNN_TRY(graph.add_constant(conv.name + "/filter", filter, numbers.data(), &value));
  match.set_input(conv, 1, value);
  numbers.assign(bias.begin(), bias.end());
  const int32_t channels = static_cast<int32_t>(bias.size());
  WXNN_TRY(graph.add_constant(conv.name + "/bias", {DType::kFloat32, {channels}}, numbers.data(),
                              &value));
  match.set_input(conv, 2, value);
  return {};
}

}  // namespace wxnn
