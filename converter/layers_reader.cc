#include "converter/layers_reader.h"

#include <algorithm>
#include <map>

#include "core/graph.h"

namespace wxnn {

namespace {

// What a layer gives: a tensor of the graph and its shape, whose batch is -1.
struct LayerTensor {
  std::string name;
  std::vector<int32_t> shape;
};
using Tensors = std::vector<LayerTensor>;

// One layer while it becomes nodes.
class Layer {
 public:
  Layer(tf::GraphDef& graph, const std::set<std::string_view>& weights, const Json& config,
        std::string prefix, std::string own)
      : config(config),
        prefix_(std::move(prefix)),
        name_(std::move(own)),
        graph_(graph),
        weights_(weights) {}

  const Json& config;
  const std::string& name() const { return name_; }

  // --- settings ----------------------------------------------------------------------------------
  double number(const char* key, double otherwise) const {
    const Json& value = member(config, key);
    return value.is_null() ? otherwise : number_of(value);
  }
  std::string text(const char* key, std::string_view otherwise) const {
    const Json& value = member(config, key);
    return std::string(value.is_string() ? text_of(value) : otherwise);
  }
  // One number or a list of `count`.
  Status numbers(const char* key, size_t count, double otherwise,
                 std::vector<int32_t>* list) const {
    const Json& value = member(config, key);
    for (size_t i = 0; i < count; ++i) {
      const bool is_list = value.is_array() && i < value.size();
      const double d = value.is_null() ? otherwise
                       : is_list       ? number_of(value[i])
                                       : number_of(value);
      WXNN_CHECK(d >= 1 && d <= 1 << 20, key, " is out of range");
      list->push_back(static_cast<int32_t>(d));
    }
    WXNN_CHECK(!value.is_array() || value.size() == count, key, " has ", value.size(), " numbers");
    return {};
  }
  Status check_format() const {
    const std::string format = text("data_format", "channels_last");
    WXNN_CHECK(format == "channels_last", "data_format \"", format, "\" is not supported");
    return {};
  }

  // --- nodes -------------------------------------------------------------------------------------
  // The first node of a layer has its name, the others a suffix; the last one is renamed by
  // finish().
  tf::NodeDef* node(const char* op, const std::vector<std::string>& inputs) {
    tf::NodeDef* made = graph_.add_node();
    made->set_name(count_ == 0 ? prefix_ + name_ : sentence(prefix_, name_, "/", op, "_", count_));
    ++count_;
    made->set_op(op);
    for (const std::string& input : inputs) made->add_input(input);
    return made;
  }
  std::string ints(const std::vector<int32_t>& numbers, bool scalar = false) {
    tf::NodeDef* made = graph_.add_node();
    made->set_op("Const");
    made->set_name(sentence(prefix_, name_, "/numbers_", constants_++));
    (*made->mutable_attr())["dtype"].set_type(tf::DT_INT32);
    tf::TensorProto* t = (*made->mutable_attr())["value"].mutable_tensor();
    t->set_dtype(tf::DT_INT32);
    if (!scalar)
      t->mutable_tensor_shape()->add_dim()->set_size(static_cast<int64_t>(numbers.size()));
    for (const int32_t n : numbers) t->add_int_val(n);
    return made->name();
  }
  std::string scalar(double number) {
    tf::NodeDef* made = graph_.add_node();
    made->set_op("Const");
    made->set_name(sentence(prefix_, name_, "/numbers_", constants_++));
    (*made->mutable_attr())["dtype"].set_type(tf::DT_FLOAT);
    tf::TensorProto* t = (*made->mutable_attr())["value"].mutable_tensor();
    t->set_dtype(tf::DT_FLOAT);
    t->mutable_tensor_shape();
    t->add_float_val(static_cast<float>(number));
    return made->name();
  }
  // A weight of the layer, by Keras's name of it. Nested models may put theirs in front.
  Status weight(const char* which, std::string* tensor) {
    const std::string wanted = name_ + "/" + which;
    std::string found;
    for (const std::string& candidate : {wanted, prefix_ + wanted})
      if (found.empty() && weights_.contains(candidate)) found = candidate;
    for (const std::string_view w : weights_)
      if (found.empty() && w.ends_with("/" + wanted)) found = w;
    WXNN_CHECK(!found.empty(), "has no weight \"", which, "\"");
    *tensor = "weights/" + found;
    for (const auto& n : graph_.node())
      if (n.name() == *tensor) return {};
    tf::NodeDef* made = graph_.add_node();
    made->set_name(*tensor);
    made->set_op("VariableV2");
    (*made->mutable_attr())["shared_name"].set_s(found);
    return {};
  }
  Status bias(std::string* x) {
    std::string b;
    if (number("use_bias", 1) == 0) return {};
    WXNN_TRY(weight("bias", &b));
    *x = node("BiasAdd", {*x, b})->name();
    return {};
  }
  Status activate(std::string* x) { return activate(text("activation", "linear"), x); }
  Status activate(const std::string& activation, std::string* x);

 private:
  const std::string prefix_, name_;
  tf::GraphDef& graph_;
  const std::set<std::string_view>& weights_;
  int count_ = 0, constants_ = 0;
};

struct ActivationRow {
  std::string_view keras;
  const char* op;
};
constexpr ActivationRow kActivations[] = {
    {"relu", "Relu"}, {"relu6", "Relu6"},       {"elu", "Elu"},
    {"selu", "Selu"}, {"sigmoid", "Sigmoid"},   {"softmax", "Softmax"},
    {"tanh", "Tanh"}, {"softplus", "Softplus"}, {"exponential", "Exp"}};

Status Layer::activate(const std::string& activation, std::string* x) {
  if (activation == "linear") return {};
  if (activation == "swish" || activation == "silu") {
    *x = node("Mul", {*x, node("Sigmoid", {*x})->name()})->name();
    return {};
  }
  if (activation == "softsign") {  // x / (1 + |x|)
    const std::string below = node("AddV2", {node("Abs", {*x})->name(), scalar(1)})->name();
    *x = node("RealDiv", {*x, below})->name();
    return {};
  }
  if (activation == "hard_sigmoid" || activation == "hardSigmoid") {  // clip(0.2 x + 0.5, 0, 1)
    const std::string y =
        node("AddV2", {node("Mul", {*x, scalar(0.2)})->name(), scalar(0.5)})->name();
    *x = node("Minimum", {node("Maximum", {y, scalar(0)})->name(), scalar(1)})->name();
    return {};
  }
  const auto* row = std::ranges::find(kActivations, activation, &ActivationRow::keras);
  WXNN_CHECK(row != std::end(kActivations), "activation \"", activation, "\" is not supported");
  *x = node(row->op, {*x})->name();
  return {};
}

void set_ints(tf::NodeDef* node, const char* name, const std::vector<int32_t>& numbers) {
  auto* list = (*node->mutable_attr())[name].mutable_list();
  for (const int32_t n : numbers) list->add_i(n);
}

// Length of the output of a window; 0 where it does not fit.
int32_t windowed(int32_t in, int32_t kernel, int32_t stride, int32_t dilation, bool same) {
  if (same) return (in + stride - 1) / stride;
  const int32_t span = (kernel - 1) * dilation + 1;
  return in < span ? 0 : (in - span) / stride + 1;
}

struct Window {
  std::vector<int32_t> kernel, strides, dilations;
  bool same = false;
};

Status read_window(const Layer& layer, const char* kernel, double stride, Window* w) {
  WXNN_TRY(layer.check_format());
  WXNN_TRY(layer.numbers(kernel, 2, 1, &w->kernel));
  if (stride > 0)
    WXNN_TRY(layer.numbers("strides", 2, stride, &w->strides));
  else
    w->strides = w->kernel;
  if (stride <= 0 && !member(layer.config, "strides").is_null()) {
    w->strides.clear();
    WXNN_TRY(layer.numbers("strides", 2, 1, &w->strides));
  }
  WXNN_TRY(layer.numbers("dilation_rate", 2, 1, &w->dilations));
  const std::string padding = layer.text("padding", "valid");
  WXNN_CHECK(padding == "valid" || padding == "same", "padding \"", padding, "\" is not supported");
  w->same = padding == "same";
  return {};
}

Status want_rank(const LayerTensor& x, size_t rank) {
  WXNN_CHECK(x.shape.size() == rank, "its input has ", x.shape.size(), " dimensions, wants ", rank);
  for (size_t i = 1; i < rank; ++i)
    WXNN_CHECK(x.shape[i] > 0, "its input has an open dimension besides the batch");
  return {};
}

Status slide(Layer&, LayerTensor* x, tf::NodeDef* node, const Window& w, int32_t channels) {
  set_ints(node, "strides", {1, w.strides[0], w.strides[1], 1});
  (*node->mutable_attr())["padding"].set_s(w.same ? "SAME" : "VALID");
  (*node->mutable_attr())["data_format"].set_s("NHWC");
  x->name = node->name();
  for (size_t i = 0; i < 2; ++i) {
    x->shape[1 + i] = windowed(x->shape[1 + i], w.kernel[i], w.strides[i], w.dilations[i], w.same);
    WXNN_CHECK(x->shape[1 + i] > 0, "its window is larger than its input");
  }
  x->shape[3] = channels;
  return {};
}

Status convolve(Layer& layer, LayerTensor* x, const char* op, const char* kernel, const Window& w,
                int32_t channels) {
  std::string filter;
  WXNN_TRY(layer.weight(kernel, &filter));
  tf::NodeDef* node = layer.node(op, {x->name, filter});
  set_ints(node, "dilations", {1, w.dilations[0], w.dilations[1], 1});
  return slide(layer, x, node, w, channels);
}

// --- the layers ----------------------------------------------------------------------------------
using Build = Status (*)(Layer& layer, const Tensors& in, LayerTensor* out);

Status conv2d(Layer& layer, const Tensors& in, LayerTensor* y) {
  Window w;
  *y = in[0];
  WXNN_TRY(want_rank(*y, 4));
  WXNN_TRY(read_window(layer, "kernel_size", 1, &w));
  WXNN_CHECK(layer.number("groups", 1) == 1, "groups is not supported");
  WXNN_TRY(
      convolve(layer, y, "Conv2D", "kernel", w, static_cast<int32_t>(layer.number("filters", 1))));
  WXNN_TRY(layer.bias(&y->name));
  return layer.activate(&y->name);
}

Status depthwise(Layer& layer, const Tensors& in, LayerTensor* y) {
  Window w;
  *y = in[0];
  WXNN_TRY(want_rank(*y, 4));
  WXNN_TRY(read_window(layer, "kernel_size", 1, &w));
  const int32_t multiplier = static_cast<int32_t>(layer.number("depth_multiplier", 1));
  WXNN_TRY(
      convolve(layer, y, "DepthwiseConv2dNative", "depthwise_kernel", w, y->shape[3] * multiplier));
  WXNN_TRY(layer.bias(&y->name));
  return layer.activate(&y->name);
}

Status separable(Layer& layer, const Tensors& in, LayerTensor* y) {
  Window w;
  *y = in[0];
  WXNN_TRY(want_rank(*y, 4));
  WXNN_TRY(read_window(layer, "kernel_size", 1, &w));
  const int32_t multiplier = static_cast<int32_t>(layer.number("depth_multiplier", 1));
  WXNN_TRY(
      convolve(layer, y, "DepthwiseConv2dNative", "depthwise_kernel", w, y->shape[3] * multiplier));
  const Window one{.kernel = {1, 1}, .strides = {1, 1}, .dilations = {1, 1}};
  WXNN_TRY(convolve(layer, y, "Conv2D", "pointwise_kernel", one,
                    static_cast<int32_t>(layer.number("filters", 1))));
  WXNN_TRY(layer.bias(&y->name));
  return layer.activate(&y->name);
}

Status dense(Layer& layer, const Tensors& in, LayerTensor* y) {
  *y = in[0];
  std::string kernel;
  WXNN_TRY(layer.weight("kernel", &kernel));
  const bool flat = y->shape.size() == 2;
  WXNN_TRY(want_rank(*y, y->shape.size()));
  WXNN_CHECK(y->shape.size() >= 2, "its input has no features");
  if (!flat) y->name = layer.node("Reshape", {y->name, layer.ints({-1, y->shape.back()})})->name();
  y->name = layer.node("MatMul", {y->name, kernel})->name();
  y->shape.back() = static_cast<int32_t>(layer.number("units", 1));
  if (!flat) y->name = layer.node("Reshape", {y->name, layer.ints(y->shape)})->name();
  WXNN_TRY(layer.bias(&y->name));
  return layer.activate(&y->name);
}

Status batch_norm(Layer& layer, const Tensors& in, LayerTensor* y) {
  *y = in[0];
  const int rank = static_cast<int>(y->shape.size());
  const Json& axis = member(layer.config, "axis");
  const double a =
      axis.is_array() ? number_of(axis.size() == 1 ? axis[0] : Json()) : layer.number("axis", -1);
  WXNN_CHECK(a == -1 || a == rank - 1, "axis ", static_cast<int64_t>(a),
             " is not supported, only the last");
  // ((x - mean) * gamma / sqrt(variance + epsilon)) + beta, in TensorFlow's own operators.
  std::string mean, variance, gamma, beta;
  WXNN_TRY(layer.weight("moving_mean", &mean));
  WXNN_TRY(layer.weight("moving_variance", &variance));
  if (layer.number("scale", 1) != 0) WXNN_TRY(layer.weight("gamma", &gamma));
  if (layer.number("center", 1) != 0) WXNN_TRY(layer.weight("beta", &beta));
  if (rank == 4 && !gamma.empty() && !beta.empty()) {
    tf::NodeDef* node = layer.node("FusedBatchNormV3", {y->name, gamma, beta, mean, variance});
    (*node->mutable_attr())["epsilon"].set_f(static_cast<float>(layer.number("epsilon", 1e-3)));
    (*node->mutable_attr())["is_training"].set_b(false);
    (*node->mutable_attr())["data_format"].set_s("NHWC");
    y->name = node->name();
    return {};
  }
  const std::string epsilon = layer.scalar(layer.number("epsilon", 1e-3));
  std::string factor =
      layer.node("Rsqrt", {layer.node("AddV2", {variance, epsilon})->name()})->name();
  if (!gamma.empty()) factor = layer.node("Mul", {factor, gamma})->name();
  y->name = layer.node("Mul", {layer.node("Sub", {y->name, mean})->name(), factor})->name();
  if (!beta.empty()) y->name = layer.node("AddV2", {y->name, beta})->name();
  return {};
}

Status activation(Layer& layer, const Tensors& in, LayerTensor* y) {
  *y = in[0];
  return layer.activate(&y->name);
}

Status relu(Layer& layer, const Tensors& in, LayerTensor* y) {
  *y = in[0];
  const double most = layer.number("max_value", -1), slope = layer.number("negative_slope", 0);
  WXNN_CHECK(layer.number("threshold", 0) == 0, "threshold is not supported");
  if (slope != 0) {
    tf::NodeDef* node = layer.node("LeakyRelu", {y->name});
    (*node->mutable_attr())["alpha"].set_f(static_cast<float>(slope));
    y->name = node->name();
  } else {
    y->name = layer.node(most == 6 ? "Relu6" : "Relu", {y->name})->name();
    if (most == 6) return {};
  }
  if (most >= 0) y->name = layer.node("Minimum", {y->name, layer.scalar(most)})->name();
  return {};
}

Status leaky_relu(Layer& layer, const Tensors& in, LayerTensor* y) {
  *y = in[0];
  tf::NodeDef* node = layer.node("LeakyRelu", {y->name});
  (*node->mutable_attr())["alpha"].set_f(static_cast<float>(layer.number("alpha", 0.3)));
  y->name = node->name();
  return {};
}

Status elu(Layer& layer, const Tensors& in, LayerTensor* y) {
  *y = in[0];
  WXNN_CHECK(layer.number("alpha", 1) == 1, "alpha other than 1 is not supported");
  return layer.activate("elu", &y->name);
}

// max(x, 0) + alpha min(x, 0)
Status prelu(Layer& layer, const Tensors& in, LayerTensor* y) {
  *y = in[0];
  std::string alpha;
  WXNN_TRY(layer.weight("alpha", &alpha));
  y->name = layer.node("Prelu", {y->name, alpha})->name();
  return {};
}

Status softmax(Layer& layer, const Tensors& in, LayerTensor* y) {
  *y = in[0];
  const double axis = layer.number("axis", -1);
  WXNN_CHECK(axis == -1 || axis == static_cast<double>(y->shape.size()) - 1,
             "only the last axis is supported");
  return layer.activate("softmax", &y->name);
}

Status same(Layer&, const Tensors& in, LayerTensor* y) {
  *y = in[0];
  return {};
}

Status to_shape(Layer& layer, const LayerTensor& x, std::vector<int32_t> shape, LayerTensor* y) {
  y->shape = shape;
  y->name = layer.node("Reshape", {x.name, layer.ints(shape)})->name();
  return {};
}

int64_t features(const LayerTensor& x) {
  int64_t product = 1;
  for (size_t i = 1; i < x.shape.size(); ++i) product *= x.shape[i];
  return product;
}

Status flatten(Layer& layer, const Tensors& in, LayerTensor* y) {
  WXNN_TRY(layer.check_format());
  WXNN_TRY(want_rank(in[0], in[0].shape.size()));
  WXNN_CHECK(features(in[0]) <= INT32_MAX, "is too large");
  return to_shape(layer, in[0], {-1, static_cast<int32_t>(features(in[0]))}, y);
}

Status reshape(Layer& layer, const Tensors& in, LayerTensor* y) {
  std::vector<int32_t> shape = {-1};
  int64_t rest = features(in[0]);
  int open = -1;
  WXNN_TRY(want_rank(in[0], in[0].shape.size()));
  for (const Json& d : items(member(layer.config, "target_shape"))) {
    const double length = number_of(d);
    WXNN_CHECK(length == -1 || (length >= 1 && length <= INT32_MAX),
               "target_shape is out of range");
    if (length == -1)
      open = static_cast<int>(shape.size());
    else
      rest /= static_cast<int64_t>(length);
    shape.push_back(static_cast<int32_t>(length));
  }
  if (open > 0) shape[static_cast<size_t>(open)] = static_cast<int32_t>(rest);
  return to_shape(layer, in[0], shape, y);
}

Status permute(Layer& layer, const Tensors& in, LayerTensor* y) {
  std::vector<int32_t> perm = {0};
  y->shape = {in[0].shape[0]};
  for (const Json& d : items(member(layer.config, "dims"))) {
    const double axis = number_of(d);
    WXNN_CHECK(axis >= 1 && axis < static_cast<double>(in[0].shape.size()), "dims is out of range");
    perm.push_back(static_cast<int32_t>(axis));
    y->shape.push_back(in[0].shape[static_cast<size_t>(axis)]);
  }
  WXNN_CHECK(perm.size() == in[0].shape.size(), "dims has ", perm.size() - 1, " numbers");
  y->name = layer.node("Transpose", {in[0].name, layer.ints(perm)})->name();
  return {};
}

// padding: n, [h, w] or [[top, bottom], [left, right]]
Status sides_of(const Layer& layer, const char* key, std::vector<int32_t>* sides) {
  const Json& p = member(layer.config, key);
  for (size_t i = 0; i < 2; ++i) {
    const Json& axis = p.is_array() && i < p.size() ? p[i] : p;
    for (size_t k = 0; k < 2; ++k) {
      const double d = number_of(axis.is_array() && k < axis.size() ? axis[k] : axis);
      WXNN_CHECK(d >= 0 && d <= 1 << 20, key, " is out of range");
      sides->push_back(static_cast<int32_t>(d));
    }
  }
  return {};
}

Status zero_padding(Layer& layer, const Tensors& in, LayerTensor* y) {
  std::vector<int32_t> sides;
  *y = in[0];
  WXNN_TRY(layer.check_format());
  WXNN_TRY(want_rank(*y, 4));
  WXNN_TRY(sides_of(layer, "padding", &sides));
  std::vector<int32_t> all = {0, 0};
  all.insert(all.end(), sides.begin(), sides.end());
  all.insert(all.end(), {0, 0});
  // Pad wants a matrix.
  const std::string matrix = layer.node("Reshape", {layer.ints(all), layer.ints({4, 2})})->name();
  y->name = layer.node("Pad", {y->name, matrix})->name();
  y->shape[1] += sides[0] + sides[1];
  y->shape[2] += sides[2] + sides[3];
  return {};
}

Status cropping(Layer& layer, const Tensors& in, LayerTensor* y) {
  std::vector<int32_t> sides;
  *y = in[0];
  WXNN_TRY(layer.check_format());
  WXNN_TRY(want_rank(*y, 4));
  WXNN_TRY(sides_of(layer, "cropping", &sides));
  y->shape[1] -= sides[0] + sides[1];
  y->shape[2] -= sides[2] + sides[3];
  WXNN_CHECK(y->shape[1] > 0 && y->shape[2] > 0, "crops everything");
  y->name = layer
                .node("Slice", {y->name, layer.ints({0, sides[0], sides[2], 0}),
                                layer.ints({-1, y->shape[1], y->shape[2], -1})})
                ->name();
  return {};
}

Status up_sampling(Layer& layer, const Tensors& in, LayerTensor* y) {
  std::vector<int32_t> size;
  *y = in[0];
  WXNN_TRY(layer.check_format());
  WXNN_TRY(want_rank(*y, 4));
  WXNN_TRY(layer.numbers("size", 2, 2, &size));
  const std::string mode = layer.text("interpolation", "nearest");
  WXNN_CHECK(mode == "nearest" || mode == "bilinear", "interpolation \"", mode,
             "\" is not supported");
  for (size_t i = 0; i < 2; ++i) {
    WXNN_CHECK(int64_t{y->shape[1 + i]} * size[i] <= 1 << 20, "is too large");
    y->shape[1 + i] *= size[i];
  }
  tf::NodeDef* node = layer.node(mode == "nearest" ? "ResizeNearestNeighbor" : "ResizeBilinear",
                                 {y->name, layer.ints({y->shape[1], y->shape[2]})});
  // As tfjs computes it.
  (*node->mutable_attr())["align_corners"].set_b(false);
  (*node->mutable_attr())["half_pixel_centers"].set_b(false);
  y->name = node->name();
  return {};
}

Status pool(Layer& layer, const Tensors& in, const char* op, LayerTensor* y) {
  Window w;
  *y = in[0];
  WXNN_TRY(want_rank(*y, 4));
  WXNN_TRY(read_window(layer, "pool_size", 0, &w));
  tf::NodeDef* node = layer.node(op, {y->name});
  set_ints(node, "ksize", {1, w.kernel[0], w.kernel[1], 1});
  return slide(layer, y, node, w, y->shape[3]);
}

Status global_pool(Layer& layer, const Tensors& in, const char* op, LayerTensor* y) {
  const size_t rank = in[0].shape.size();
  WXNN_TRY(layer.check_format());
  WXNN_TRY(want_rank(in[0], rank));
  WXNN_CHECK(rank == 3 || rank == 4, "its input has ", rank, " dimensions");
  const bool keeps = layer.number("keepdims", 0) != 0;
  std::vector<int32_t> axes;
  y->shape = {in[0].shape[0]};
  for (size_t i = 1; i + 1 < rank; ++i) {
    axes.push_back(static_cast<int32_t>(i));
    if (keeps) y->shape.push_back(1);
  }
  y->shape.push_back(in[0].shape.back());
  tf::NodeDef* node = layer.node(op, {in[0].name, layer.ints(axes)});
  (*node->mutable_attr())["keep_dims"].set_b(keeps);
  y->name = node->name();
  return {};
}

// Broadcasts as NumPy does, from the last axis.
std::vector<int32_t> broadcast(const std::vector<int32_t>& a, const std::vector<int32_t>& b) {
  std::vector<int32_t> wide = a.size() >= b.size() ? a : b;
  const std::vector<int32_t>& other = a.size() >= b.size() ? b : a;
  for (size_t i = 0; i < other.size(); ++i) {
    int32_t& d = wide[wide.size() - other.size() + i];
    d = d == 1 ? other[i] : d;
  }
  return wide;
}

Status merge(Layer& layer, const Tensors& in, const char* op, LayerTensor* y) {
  *y = in[0];
  for (size_t i = 1; i < in.size(); ++i) {
    y->name = layer.node(op, {y->name, in[i].name})->name();
    y->shape = broadcast(y->shape, in[i].shape);
  }
  return {};
}

Status average(Layer& layer, const Tensors& in, LayerTensor* y) {
  WXNN_TRY(merge(layer, in, "AddV2", y));
  y->name =
      layer.node("Mul", {y->name, layer.scalar(1.0 / static_cast<double>(in.size()))})->name();
  return {};
}

Status concatenate(Layer& layer, const Tensors& in, LayerTensor* y) {
  *y = in[0];
  const int rank = static_cast<int>(y->shape.size());
  double axis = layer.number("axis", -1);
  axis = axis < 0 ? axis + rank : axis;
  WXNN_CHECK(axis >= 1 && axis < rank, "axis is out of range");
  const size_t at = static_cast<size_t>(axis);
  std::vector<std::string> names = {y->name};
  for (size_t i = 1; i < in.size(); ++i) {
    WXNN_CHECK(in[i].shape.size() == y->shape.size(), "its inputs differ in rank");
    y->shape[at] += in[i].shape[at];
    names.push_back(in[i].name);
  }
  if (in.size() == 1) return {};
  names.push_back(layer.ints({static_cast<int32_t>(at)}, true));
  tf::NodeDef* node = layer.node("ConcatV2", names);
  (*node->mutable_attr())["N"].set_i(static_cast<int64_t>(in.size()));
  y->name = node->name();
  return {};
}

Status rescaling(Layer& layer, const Tensors& in, LayerTensor* y) {
  *y = in[0];
  const Json& scale = member(layer.config, "scale");
  WXNN_CHECK(scale.is_number() && !member(layer.config, "offset").is_array(),
             "scale of several numbers is not supported");
  y->name = layer.node("Mul", {y->name, layer.scalar(number_of(scale))})->name();
  y->name = layer.node("AddV2", {y->name, layer.scalar(layer.number("offset", 0))})->name();
  return {};
}

struct LayerRow {
  std::string_view name;
  Build build;
};
#define WITH(function, op) \
  [](Layer& l, const Tensors& in, LayerTensor* y) { return function(l, in, op, y); }
constexpr LayerRow kLayers[] = {
    {"Activation", activation},
    {"ActivityRegularization", same},
    {"Add", WITH(merge, "AddV2")},
    {"AlphaDropout", same},
    {"Average", average},
    {"AveragePooling2D", WITH(pool, "AvgPool")},
    {"BatchNormalization", batch_norm},
    {"Concatenate", concatenate},
    {"Conv2D", conv2d},
    {"Cropping2D", cropping},
    {"Dense", dense},
    {"DepthwiseConv2D", depthwise},
    {"Dropout", same},
    {"ELU", elu},
    {"Flatten", flatten},
    {"GaussianDropout", same},
    {"GaussianNoise", same},
    {"GlobalAveragePooling1D", WITH(global_pool, "Mean")},
    {"GlobalAveragePooling2D", WITH(global_pool, "Mean")},
    {"GlobalMaxPooling1D", WITH(global_pool, "Max")},
    {"GlobalMaxPooling2D", WITH(global_pool, "Max")},
    {"LeakyReLU", leaky_relu},
    {"MaxPooling2D", WITH(pool, "MaxPool")},
    {"Maximum", WITH(merge, "Maximum")},
    {"Minimum", WITH(merge, "Minimum")},
    {"Multiply", WITH(merge, "Mul")},
    {"PReLU", prelu},
    {"Permute", permute},
    {"ReLU", relu},
    {"Rescaling", rescaling},
    {"Reshape", reshape},
    {"SeparableConv2D", separable},
    {"Softmax", softmax},
    {"SpatialDropout1D", same},
    {"SpatialDropout2D", same},
    {"Subtract", WITH(merge, "Sub")},
    {"UpSampling2D", up_sampling},
    {"ZeroPadding2D", zero_padding},
};
#undef WITH

bool is_model(std::string_view c) { return c == "Sequential" || c == "Model" || c == "Functional"; }

class Network {
 public:
  Network(const std::set<std::string_view>& weights, tf::GraphDef* graph, TfModel* model)
      : weights_(weights), graph_(*graph), model_(*model) {}

  // Every layer that no row knows.
  void collect_unknown(const Json& config, int depth, std::vector<MissingOp>* missing) const {
    for (const Json& layer : layers_of(config)) {
      const std::string_view c = text_of(member(layer, "class_name"));
      if (is_model(c) && depth < kDeepest) collect_unknown(layer, depth + 1, missing);
      if (is_model(c) || c == "InputLayer" ||
          std::ranges::find(kLayers, c, &LayerRow::name) != std::end(kLayers))
        continue;
      missing->push_back(
          {std::string(c), std::string(text_of(member(member(layer, "config"), "name")))});
    }
  }

  // Adds the layers of a model. `inputs`: what an outer model gives, none for the outermost.
  Status add(const Json& model, const std::string& prefix, const Tensors& inputs, int depth,
             Tensors* outputs) {
    WXNN_CHECK(depth < kDeepest, "its models are nested ", kDeepest, " deep");
    const bool sequential = text_of(member(model, "class_name")) == "Sequential";
    Scope scope{.prefix = prefix, .given = inputs, .depth = depth};
    for (const Json& layer : layers_of(model)) {
      Status status = add_layer(layer, sequential, &scope);
      if (!status.ok())
        return std::move(status).at(sentence("layer \"", prefix, name_of_layer(layer), "\" (",
                                             text_of(member(layer, "class_name")), ")"));
    }
    if (sequential) {
      *outputs = scope.last;
      return {};
    }
    for (const Json& output : ends_of(member(member(model, "config"), "output_layers"))) {
      const auto at =
          scope.tensors.find(text_of(output.is_array() && !output.empty() ? output[0] : output));
      WXNN_CHECK(at != scope.tensors.end() && !at->second.empty(),
                 "an output is the result of no layer");
      outputs->push_back(at->second[0]);
      output_names_.push_back(at->first);
    }
    return {};
  }
  const std::vector<std::string>& output_names() const { return output_names_; }

 private:
  static constexpr int kDeepest = 16;
  struct Scope {
    std::string prefix;
    Tensors given;
    int depth = 0;
    std::map<std::string, Tensors, std::less<>> tensors;
    Tensors last;      // of a Sequential
    size_t taken = 0;  // of `given`
  };

  static const Json& layers_of(const Json& model) {
    const Json& config = member(model, "config");
    return items(config.is_array() ? config : member(config, "layers"));
  }
  static std::string name_of_layer(const Json& layer) {
    const std::string_view own = text_of(member(layer, "name"));
    return std::string(own.empty() ? text_of(member(member(layer, "config"), "name")) : own);
  }
  // [["a", 0, 0], …], or one of them alone.
  static Json ends_of(const Json& list) {
    const bool one = list.is_array() && !list.empty() && list[0].is_string();
    return one ? Json::array({list}) : items(list);
  }

  Status input(const Json& layer, const std::string& name, Scope* scope, LayerTensor* tensor) {
    if (scope->depth > 0) {
      WXNN_CHECK(scope->taken < scope->given.size(), "the model around it gives ",
                 scope->given.size(), " inputs");
      *tensor = scope->given[scope->taken++];
      return {};
    }
    const Json& config = member(layer, "config");
    const Json& shape =
        items(member(config, member(config, "batch_input_shape").is_null() ? "batch_shape"
                                                                           : "batch_input_shape"));
    WXNN_CHECK(!shape.empty(), "has no batch_input_shape");
    tf::NodeDef* node = graph_.add_node();
    node->set_name(name);
    node->set_op("Placeholder");
    (*node->mutable_attr())["dtype"].set_type(tf::DT_FLOAT);
    ListEndpoint end{
        .name = name, .tensor = name, .type = tf::DT_FLOAT, .shape = std::vector<int32_t>()};
    for (const Json& d : shape) {
      const double length = d.is_null() ? -1 : number_of(d);
      WXNN_CHECK(length >= -1 && length <= INT32_MAX, "its shape is out of range");
      end.shape->push_back(static_cast<int32_t>(length));
    }
    *tensor = {name, *end.shape};
    tensor->shape[0] = -1;
    model_.inputs.push_back(std::move(end));
    return {};
  }

  Status inputs_of(const Json& layer, Scope* scope, Tensors* in) {
    const Json& calls = items(member(layer, "inbound_nodes"));
    WXNN_CHECK(calls.size() == 1, "is used ", calls.size(),
               " times; a shared layer is not supported");
    const Json& call = calls[0].is_object() ? member(calls[0], "args") : calls[0];
    WXNN_CHECK(call.is_array(), "its inbound_nodes are of a form that is not known");
    for (const Json& source : call) {
      WXNN_CHECK(source.is_array() && source.size() >= 3,
                 "its inbound_nodes are of a form that is not known");
      const auto at = scope->tensors.find(text_of(source[0]));
      WXNN_CHECK(at != scope->tensors.end(), "reads layer \"", text_of(source[0]),
                 "\", which comes later or not at all");
      const double index = number_of(source[2]);
      WXNN_CHECK(
          number_of(source[1]) == 0 && index >= 0 && index < static_cast<double>(at->second.size()),
          "reads a result of layer \"", text_of(source[0]), "\" that it does not have");
      in->push_back(at->second[static_cast<size_t>(index)]);
    }
    WXNN_CHECK(!in->empty(), "has no inputs");
    return {};
  }

  Status add_layer(const Json& layer, bool sequential, Scope* scope) {
    const std::string_view kind = text_of(member(layer, "class_name"));
    const Json& config = member(layer, "config");
    const std::string name = name_of_layer(layer);
    WXNN_CHECK(!name.empty() && !scope->tensors.contains(name), "a layer has no name of its own");
    LayerTensor y;
    Tensors in;
    if (kind == "InputLayer") {
      WXNN_TRY(input(layer, name, scope, &y));
      scope->last = scope->tensors[name] = {y};
      return {};
    }
    if (sequential && scope->tensors.empty()) {  // the first layer says the input's shape itself
      WXNN_TRY(input(layer, name + "_input", scope, &y));
      in = {y};
    } else if (sequential) {
      in = scope->last;
    } else {
      WXNN_TRY(inputs_of(layer, scope, &in));
    }
    Tensors results;
    if (is_model(kind)) {
      WXNN_TRY(add(layer, scope->prefix + name + "/", in, scope->depth + 1, &results));
    } else {
      const auto* row = std::ranges::find(kLayers, kind, &LayerRow::name);
      WXNN_CHECK(row != std::end(kLayers), "is not supported");
      Layer made(graph_, weights_, config, scope->prefix, name);
      WXNN_TRY(row->build(made, in, &y));
      results = {y};
    }
    scope->last = scope->tensors[name] = results;
    return {};
  }

  const std::set<std::string_view>& weights_;
  tf::GraphDef& graph_;
  TfModel& model_;
  std::vector<std::string> output_names_;
};

}  // namespace

Status build_layers_graph(const Json& config, const std::set<std::string_view>& weights,
                          tf::GraphDef* graph, TfModel* model) {
  Network network(weights, graph, model);
  std::vector<MissingOp> missing;
  network.collect_unknown(config, 0, &missing);
  WXNN_TRY(refuse_missing(std::move(missing)));
  Tensors outputs;
  WXNN_TRY(network.add(config, "", {}, 0, &outputs));
  WXNN_CHECK(!outputs.empty(), "the model has no outputs");
  for (const LayerTensor& t : outputs)
    model->outputs.push_back({.name = t.name.substr(0, t.name.find('/')), .tensor = t.name});
  model->graph = graph;
  return {};
}

}  // namespace wxnn
