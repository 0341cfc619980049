// Dense layers, norms, activations and what joins layers.
#include <algorithm>

#include "converter/layer.h"
#include "core/whole.h"

namespace wxnn {

namespace {

Status dense(Layer& layer, const Tensors& in, LayerTensor* y) {
  *y = in[0];
  std::string kernel;
  WXNN_TRY(layer.weight("kernel", &kernel));
  const bool flat = y->shape.size() == 2;
  WXNN_TRY(want_rank(*y, y->shape.size()));
  WXNN_CHECK(y->shape.size() >= 2, "its input has no features");
  if (!flat) y->name = layer.node("Reshape", {y->name, layer.ints({-1, y->shape.back()})})->name();
  y->name = layer.node("MatMul", {y->name, kernel})->name();
  y->shape.back() = whole<int32_t>(layer.number("units", 1));
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
  WXNN_CHECK(a >= -rank && a < rank && a != 0 && a != -rank, "axis {} is not supported",
             whole<int64_t>(a));
  const int at = whole<int>(a < 0 ? a + rank : a);
  // ((x - mean) * gamma / sqrt(variance + epsilon)) + beta, in TensorFlow's own operators.
  std::string mean, variance, gamma, beta;
  WXNN_TRY(layer.weight("moving_mean", &mean));
  WXNN_TRY(layer.weight("moving_variance", &variance));
  if (layer.number("scale", 1) != 0) WXNN_TRY(layer.weight("gamma", &gamma));
  if (layer.number("center", 1) != 0) WXNN_TRY(layer.weight("beta", &beta));
  if (at != rank - 1) {
    std::vector<int32_t> wide(y->shape.size(), 1);
    wide[static_cast<size_t>(at)] = -1;
    for (std::string* w : {&mean, &variance, &gamma, &beta})
      if (!w->empty()) *w = layer.op("Reshape", {*w, layer.ints(wide)});
  } else if (rank == 4 && !gamma.empty() && !beta.empty()) {
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

Status rescaling(Layer& layer, const Tensors& in, LayerTensor* y) {
  *y = in[0];
  const Json& scale = member(layer.config, "scale");
  WXNN_CHECK(scale.is_number() && !member(layer.config, "offset").is_array(),
             "scale of several numbers is not supported");
  y->name = layer.node("Mul", {y->name, layer.scalar(number_of(scale))})->name();
  y->name = layer.node("AddV2", {y->name, layer.scalar(layer.number("offset", 0))})->name();
  return {};
}

// (x - mean) / sqrt(variance + epsilon) * gamma + beta, over the axes.
Status layer_norm(Layer& layer, const Tensors& in, LayerTensor* y) {
  *y = in[0];
  const int rank = static_cast<int>(y->shape.size());
  WXNN_TRY(want_rank(*y, y->shape.size()));
  const Json& axis = member(layer.config, "axis");
  std::vector<int32_t> axes, wide(y->shape.size(), 1);
  const size_t count = axis.is_array() ? axis.size() : 1;
  for (size_t i = 0; i < count; ++i) {
    const double a = axis.is_array() ? number_of(axis[i]) : layer.number("axis", -1);
    WXNN_CHECK(a >= -rank && a < rank && a != 0 && a != -rank, "axis is out of range");
    axes.push_back(whole<int32_t>(a < 0 ? a + rank : a));
    wide[static_cast<size_t>(axes.back())] = y->shape[static_cast<size_t>(axes.back())];
  }
  const auto mean = [&](const std::string& x) {
    tf::NodeDef* node = layer.node("Mean", {x, layer.ints(axes)});
    (*node->mutable_attr())["keep_dims"].set_b(true);
    return node->name();
  };
  const std::string centre = mean(y->name);
  const std::string spread = mean(layer.op("SquaredDifference", {y->name, centre}));
  const std::string epsilon = layer.scalar(layer.number("epsilon", 1e-3));
  const std::string factor = layer.op("Rsqrt", {layer.op("AddV2", {spread, epsilon})});
  y->name = layer.op("Mul", {layer.op("Sub", {y->name, centre}), factor});
  constexpr struct {
    const char *key, *weight, *op;
  } kParts[] = {{"scale", "gamma", "Mul"}, {"center", "beta", "AddV2"}};
  for (const auto& part : kParts) {
    std::string w;
    if (layer.number(part.key, 1) == 0) continue;
    WXNN_TRY(layer.weight(part.weight, &w));
    y->name = layer.op(part.op, {y->name, layer.op("Reshape", {w, layer.ints(wide)})});
  }
  return {};
}

// x where x > theta, else 0.
Status thresholded_relu(Layer& layer, const Tensors& in, LayerTensor* y) {
  *y = in[0];
  tf::NodeDef* above =
      layer.node("Cast", {layer.op("Greater", {y->name, layer.scalar(layer.number("theta", 1))})});
  (*above->mutable_attr())["SrcT"].set_type(tf::DT_BOOL);
  (*above->mutable_attr())["DstT"].set_type(tf::DT_FLOAT);
  y->name = layer.op("Mul", {y->name, above->name()});
  return {};
}

// Along an axis divided by its length.
std::string to_length_1(Layer& layer, const std::string& x, int32_t axis) {
  constexpr double kEpsilon = 1e-7;
  tf::NodeDef* sum = layer.node("Sum", {layer.op("Square", {x}), layer.ints({axis})});
  (*sum->mutable_attr())["keep_dims"].set_b(true);
  const std::string least = layer.op("Maximum", {sum->name(), layer.scalar(kEpsilon)});
  return layer.op("RealDiv", {x, layer.op("Sqrt", {least})});
}

// Of each item of the batch: products of vectors, or of matrices as tfjs's batchDot makes them.
Status dot(Layer& layer, const Tensors& in, LayerTensor* y) {
  WXNN_CHECK(in.size() == 2, "has {} inputs", in.size());
  const Json& said = member(layer.config, "axes");
  int32_t axes[2] = {};
  Tensors x = in;
  for (size_t i = 0; i < 2; ++i) {
    const int rank = static_cast<int>(in[i].shape.size());
    WXNN_TRY(want_rank(in[i], in[i].shape.size()));
    WXNN_CHECK(rank == 2 || rank == 3, "its input has {} dimensions; two or three are supported",
               rank);
    const double a = number_of(said.is_array() && said.size() == 2 ? said[i] : said);
    WXNN_CHECK(a >= -rank && a < rank && a != 0 && a != -rank, "axes is out of range");
    axes[i] = static_cast<int32_t>(a < 0 ? a + rank : a);
    if (layer.flag("normalize")) x[i].name = to_length_1(layer, x[i].name, axes[i]);
  }
  const auto length = [&](size_t i) { return in[i].shape[static_cast<size_t>(axes[i])]; };
  WXNN_CHECK(length(0) == length(1), "its axes have {} and {} elements", length(0), length(1));
  if (in[0].shape.size() == 2 && in[1].shape.size() == 2) {
    tf::NodeDef* node =
        layer.node("Sum", {layer.op("Mul", {x[0].name, x[1].name}), layer.ints({1})});
    (*node->mutable_attr())["keep_dims"].set_b(true);
    *y = {node->name(), {-1, 1}};
    return {};
  }
  // A vector is a matrix of one column.
  std::vector<int32_t> kept = {-1};
  std::string sides[2];
  bool adjoint[2] = {};
  for (size_t i = 0; i < 2; ++i) {
    const bool is_vector = in[i].shape.size() == 2;
    const bool by_last = axes[i] == 2;
    sides[i] = is_vector ? layer.op("ExpandDims", {x[i].name, layer.ints({-1}, true)}) : x[i].name;
    adjoint[i] = i == 0 ? !by_last : by_last;
    if (!is_vector) kept.push_back(in[i].shape[by_last ? 1 : 2]);
  }
  tf::NodeDef* node = layer.node("BatchMatMulV2", {sides[0], sides[1]});
  (*node->mutable_attr())["adj_x"].set_b(adjoint[0]);
  (*node->mutable_attr())["adj_y"].set_b(adjoint[1]);
  *y = {node->name(), kept};
  if (kept.size() < 3) y->name = layer.op("Reshape", {y->name, layer.ints(kept)});
  return {};
}

constexpr LayerRow kRows[] = {
    {"Activation", activation, Masks::kPassed},
    {"ActivityRegularization", same},
    {"Add", WXNN_WITH(merge, "AddV2")},
    {"AlphaDropout", same, Masks::kPassed},
    {"Average", average},
    {"BatchNormalization", batch_norm, Masks::kPassed},
    {"Dense", dense, Masks::kPassed},
    {"Dot", dot},
    {"Dropout", same, Masks::kPassed},
    {"ELU", elu},
    {"GaussianDropout", same, Masks::kPassed},
    {"GaussianNoise", same, Masks::kPassed},
    {"LayerNormalization", layer_norm, Masks::kPassed},
    {"LeakyReLU", leaky_relu},
    {"Maximum", WXNN_WITH(merge, "Maximum")},
    {"Minimum", WXNN_WITH(merge, "Minimum")},
    {"Multiply", WXNN_WITH(merge, "Mul")},
    {"PReLU", prelu, Masks::kPassed},
    {"ReLU", relu, Masks::kPassed},
    {"Rescaling", rescaling},
    {"Softmax", softmax},
    {"SpatialDropout1D", same, Masks::kPassed},
    {"SpatialDropout2D", same},
    {"Subtract", WXNN_WITH(merge, "Sub")},
    {"ThresholdedReLU", thresholded_relu},
};

}  // namespace

std::span<const LayerRow> layers_of_others() { return kRows; }

}  // namespace wxnn
