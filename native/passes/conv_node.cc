#include "passes/conv_node.h"

#include <algorithm>

namespace wxnn {

namespace {
// "HWIO" or "OHWI", depthwise "HWCM" or "1HWO".
const char* format_of(const Node& conv) { return conv.attrs.text("filterFormat").data(); }
bool channels_first(const Node& conv) { return format_of(conv)[0] == 'O'; }

// Another node may read the same filter: this one gets a copy. It is multiplied when it is packed.
Status scale_filter(Match& match, Node& conv, std::span<const double> scale) {
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
  copy.factors = {scale.begin(), scale.end()};
  if (channels_first(conv)) {
    copy.run = static_cast<size_t>(graph.values[value].type.shape.elements()) / scale.size();
  }
  match.set_input(conv, 1, value);
  return {};
}
}  // namespace

int32_t output_channels(const Node& conv, const Shape& filter) {
  if (filter.rank() != 4) return 0;
  if (channels_first(conv)) return filter[0];
  return format_of(conv)[3] == 'M' ? filter[2] * filter[3] : filter[3];
}

bool is_linear(const Node& conv) { return conv.attrs.is("activation", "linear"); }

bool is_one(const Node& conv, const char* name) {
  return std::ranges::all_of(conv.attrs.numbers(name), [](double d) { return d == 1; });
}

bool has_input(const Node& node, size_t i) {
  return i < node.inputs.size() && node.inputs[i] != kAbsent;
}

bool is_per_channel(const Shape& shape, int32_t channels) {
  return shape.rank() >= 1 && shape[-1] == channels && shape.elements() == channels;
}

bool become_fused(Match& match, Node& node) {
  const std::string_view op = node.op->name;
  if (op == "Conv2D") return match.become(node, "FusedConv2D");
  if (op == "DepthwiseConv2dNative") return match.become(node, "FusedDepthwiseConv2D");
  return true;
}

Status scale_and_shift(Match& match, int32_t channels, const double* scale, const double* shift,
                       bool* changed) {
  Node& conv = match.node('c');
  if (!become_fused(match, conv)) return {};
  Graph& graph = match.graph();
  Tensor old;
  if (has_input(conv, 2)) WXNN_TRY(graph.materialize(conv.inputs[2], &old));
  int value = 0;
  Vector<float> bias(channels);
  for (int32_t c = 0; c < channels; ++c) {
    double sum = shift != nullptr ? shift[c] : 0;
    if (old.data != nullptr) sum += old.f32()[c] * (scale != nullptr ? scale[c] : 1);
    bias[c] = static_cast<float>(sum);
  }
  WXNN_TRY(
      graph.add_constant(conv.name + "/bias", {DType::kFloat32, {channels}}, bias.data(), &value));
  match.set_input(conv, 2, value);
  if (scale != nullptr) WXNN_TRY(scale_filter(match, conv, {scale, bias.size()}));
  match.root_becomes('c');
  *changed = true;
  return {};
}

}  // namespace wxnn
