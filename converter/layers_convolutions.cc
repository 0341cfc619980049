// Convolutions, of lists, images and volumes.
#include <algorithm>

#include "converter/layer.h"
#include "core/whole.h"

namespace wxnn {

namespace {

// Length of the output of a window; 0 where it does not fit.
int32_t windowed(int32_t in, int32_t kernel, int32_t stride, int32_t dilation, bool same) {
  if (same) return (in + stride - 1) / stride;
  const int64_t span = int64_t{kernel - 1} * dilation + 1;
  return in < span ? 0 : static_cast<int32_t>((in - span) / stride + 1);
}

}  // namespace

Status read_sliding(const Layer& layer, const char* kernel, size_t dims, double stride,
                    Sliding* s) {
  WXNN_TRY(layer.check_format());
  WXNN_TRY(layer.numbers(kernel, dims, 1, &s->kernel));
  const bool said = stride > 0 || !member(layer.config, "strides").is_null();
  if (said)
    WXNN_TRY(layer.numbers("strides", dims, std::max(stride, 1.0), &s->strides));
  else
    s->strides = s->kernel;
  WXNN_TRY(layer.numbers("dilation_rate", dims, 1, &s->dilations));
  const std::string padding = layer.text("padding", "valid");
  WXNN_CHECK(padding == "valid" || padding == "same", "padding \"{}\" is not supported", padding);
  s->same = padding == "same";
  return {};
}

Status slide(LayerTensor* x, tf::NodeDef* node, const Sliding& s, int32_t channels) {
  const size_t dims = s.kernel.size();
  std::vector<int32_t> strides = s.strides;
  strides.insert(strides.begin(), 1);
  strides.push_back(1);
  set_list(node, "strides", strides);
  (*node->mutable_attr())["padding"].set_s(s.same ? "SAME" : "VALID");
  (*node->mutable_attr())["data_format"].set_s(dims == 3 ? "NDHWC" : "NHWC");
  x->name = node->name();
  for (size_t i = 0; i < dims; ++i) {
    int32_t& d = x->shape[1 + i];
    d = windowed(d, s.kernel[i], s.strides[i], s.dilations[i], s.same);
    WXNN_CHECK(d > 0, "its window is larger than its input");
  }
  x->shape[1 + dims] = channels;
  return {};
}

void to_row(Layer& layer, LayerTensor* x) {
  x->name = layer.op("ExpandDims", {x->name, layer.ints({1}, true)});
  x->shape.insert(x->shape.begin() + 1, 1);
}

void from_row(Layer& layer, LayerTensor* x) {
  x->shape.erase(x->shape.begin() + 1);
  tf::NodeDef* node = layer.node("Squeeze", {x->name});
  set_list(node, "squeeze_dims", {1});
  x->name = node->name();
}

void make_row(Sliding* s) {
  for (auto* list : {&s->kernel, &s->strides, &s->dilations}) list->insert(list->begin(), 1);
}

namespace {

Status convolve(Layer& layer, LayerTensor* x, const char* op, const std::string& filter,
                const Sliding& s, int32_t channels) {
  tf::NodeDef* node = layer.node(op, {x->name, filter});
  std::vector<int32_t> dilations = s.dilations;
  dilations.insert(dilations.begin(), 1);
  dilations.push_back(1);
  set_list(node, "dilations", dilations);
  return slide(x, node, s, channels);
}

Status convolve_by(Layer& layer, LayerTensor* x, const char* op, const char* kernel,
                   const Sliding& s, int32_t channels) {
  std::string filter;
  WXNN_TRY(layer.weight(kernel, &filter));
  return convolve(layer, x, op, filter, s, channels);
}

int32_t filters_of(const Layer& layer) {
  return whole<int32_t>(std::clamp(layer.number("filters", 1), 1.0, 1048576.0));
}

Status multiplied(const Layer& layer, const LayerTensor& x, int32_t* channels) {
  const double d = layer.number("depth_multiplier", 1) * x.shape.back();
  WXNN_CHECK(d >= 1 && d <= 1 << 20, "depth_multiplier is out of range");
  *channels = whole<int32_t>(d);
  return {};
}

Status finish(Layer& layer, LayerTensor* y) {
  WXNN_TRY(layer.bias(&y->name));
  return layer.activate(&y->name);
}

Status check_groups(const Layer& layer) {
  WXNN_CHECK(layer.number("groups", 1) == 1, "groups is not supported");
  return {};
}

Status conv1d(Layer& layer, const Tensors& in, LayerTensor* y) {
  Sliding s;
  std::string filter;
  *y = in[0];
  WXNN_TRY(want_rank(*y, 3));
  WXNN_TRY(read_sliding(layer, "kernel_size", 1, 1, &s));
  WXNN_TRY(check_groups(layer));
  WXNN_TRY(layer.weight("kernel", &filter));
  filter = layer.op("ExpandDims", {filter, layer.ints({0}, true)});
  to_row(layer, y);
  make_row(&s);
  WXNN_TRY(convolve(layer, y, "Conv2D", filter, s, filters_of(layer)));
  from_row(layer, y);
  return finish(layer, y);
}

Status conv(Layer& layer, const Tensors& in, const char* op, LayerTensor* y) {
  const size_t dims = std::string_view(op) == "Conv3D" ? 3 : 2;
  Sliding s;
  *y = in[0];
  WXNN_TRY(want_rank(*y, dims + 2));
  WXNN_TRY(read_sliding(layer, "kernel_size", dims, 1, &s));
  WXNN_TRY(check_groups(layer));
  WXNN_TRY(convolve_by(layer, y, op, "kernel", s, filters_of(layer)));
  return finish(layer, y);
}

// The image whose convolution has the input's size.
Status transposed(Layer& layer, const Tensors& in, LayerTensor* y) {
  Sliding s;
  std::string filter;
  *y = in[0];
  WXNN_TRY(want_rank(*y, 4));
  WXNN_TRY(read_sliding(layer, "kernel_size", 2, 1, &s));
  WXNN_CHECK(s.dilations[0] == 1 && s.dilations[1] == 1, "dilation_rate is not supported");
  WXNN_TRY(layer.weight("kernel", &filter));
  for (size_t i = 0; i < 2; ++i) {
    const int64_t beyond = s.same ? 0 : std::max(s.kernel[i] - s.strides[i], 0);
    const int64_t length = int64_t{y->shape[1 + i]} * s.strides[i] + beyond;
    WXNN_CHECK(length <= 1 << 20, "is too large");
    y->shape[1 + i] = static_cast<int32_t>(length);
  }
  y->shape[3] = filters_of(layer);
  // The batch is the input's own, whatever stands here.
  const std::string size = layer.ints({1, y->shape[1], y->shape[2], y->shape[3]});
  tf::NodeDef* node = layer.node("Conv2DBackpropInput", {size, filter, y->name});
  set_list(node, "strides", {1, s.strides[0], s.strides[1], 1});
  (*node->mutable_attr())["padding"].set_s(s.same ? "SAME" : "VALID");
  (*node->mutable_attr())["data_format"].set_s("NHWC");
  y->name = node->name();
  return finish(layer, y);
}

Status transposed_volume(Layer& layer, const Tensors& in, LayerTensor* y) {
  Sliding s;
  std::string filter;
  *y = in[0];
  WXNN_TRY(want_rank(*y, 5));
  WXNN_TRY(read_sliding(layer, "kernel_size", 3, 1, &s));
  WXNN_CHECK(s.dilations == std::vector<int32_t>(3, 1), "dilation_rate is not supported");
  WXNN_TRY(layer.weight("kernel", &filter));
  for (size_t i = 0; i < 3; ++i) {
    const int64_t beyond = s.same ? 0 : std::max(s.kernel[i] - s.strides[i], 0);
    const int64_t length = int64_t{y->shape[1 + i]} * s.strides[i] + beyond;
    WXNN_CHECK(length <= 1 << 20, "is too large");
    y->shape[1 + i] = static_cast<int32_t>(length);
  }
  y->shape[4] = filters_of(layer);
  const std::string batch =
      layer.op("Slice", {layer.op("Shape", {in[0].name}), layer.ints({0}), layer.ints({1})});
  const std::string rest = layer.ints({y->shape.begin() + 1, y->shape.end()});
  tf::NodeDef* size = layer.node("ConcatV2", {batch, rest, layer.ints({0}, true)});
  (*size->mutable_attr())["N"].set_i(2);
  tf::NodeDef* node = layer.node("Conv3DBackpropInputV2", {size->name(), filter, in[0].name});
  set_list(node, "strides", {1, s.strides[0], s.strides[1], s.strides[2], 1});
  (*node->mutable_attr())["padding"].set_s(s.same ? "SAME" : "VALID");
  (*node->mutable_attr())["data_format"].set_s("NDHWC");
  y->name = node->name();
  return finish(layer, y);
}

// Each channel by filters of its own.
Status by_channel(Layer& layer, const Tensors& in, LayerTensor* y) {
  Sliding s;
  int32_t channels = 0;
  *y = in[0];
  WXNN_TRY(want_rank(*y, 4));
  WXNN_TRY(read_sliding(layer, "kernel_size", 2, 1, &s));
  WXNN_TRY(multiplied(layer, *y, &channels));
  return convolve_by(layer, y, "DepthwiseConv2dNative", "depthwise_kernel", s, channels);
}

Status depthwise(Layer& layer, const Tensors& in, LayerTensor* y) {
  WXNN_TRY(by_channel(layer, in, y));
  return finish(layer, y);
}

Status separable(Layer& layer, const Tensors& in, LayerTensor* y) {
  WXNN_TRY(by_channel(layer, in, y));
  const Sliding one{.kernel = {1, 1}, .strides = {1, 1}, .dilations = {1, 1}};
  WXNN_TRY(convolve_by(layer, y, "Conv2D", "pointwise_kernel", one, filters_of(layer)));
  return finish(layer, y);
}

constexpr LayerRow kRows[] = {
    {"Conv1D", conv1d},
    {"Conv2D", WXNN_WITH(conv, "Conv2D")},
    {"Conv2DTranspose", transposed},
    {"Conv3D", WXNN_WITH(conv, "Conv3D")},
    {"Conv3DTranspose", transposed_volume},
    {"DepthwiseConv2D", depthwise},
    {"SeparableConv2D", separable},
};

}  // namespace

std::span<const LayerRow> layers_of_convolutions() { return kRows; }

}  // namespace wxnn
