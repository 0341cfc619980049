#include "converter/layer.h"

#include <algorithm>

namespace wxnn {

tf::NodeDef* Layer::node(const char* op, const std::vector<std::string>& inputs) {
  tf::NodeDef* made = graph_.add_node();
  int& count = counts_of_->nodes;
  made->set_name(count == 0 ? label_ : std::string(sentence<"{}/{}_{}">(label_, op, count)));
  ++count;
  made->set_op(op);
  for (const std::string& input : inputs) made->add_input(input);
  return made;
}

std::string Layer::ints(const std::vector<int32_t>& numbers, bool scalar) {
  tf::NodeDef* made = graph_.add_node();
  made->set_op("Const");
  made->set_name(sentence<"{}/numbers_{}">(label_, counts_of_->constants++));
  (*made->mutable_attr())["dtype"].set_type(tf::DT_INT32);
  tf::TensorProto* t = (*made->mutable_attr())["value"].mutable_tensor();
  t->set_dtype(tf::DT_INT32);
  if (!scalar) t->mutable_tensor_shape()->add_dim()->set_size(static_cast<int64_t>(numbers.size()));
  for (const int32_t n : numbers) t->add_int_val(n);
  return made->name();
}

std::string Layer::scalar(double number) {
  tf::NodeDef* made = graph_.add_node();
  made->set_op("Const");
  made->set_name(sentence<"{}/numbers_{}">(label_, counts_of_->constants++));
  (*made->mutable_attr())["dtype"].set_type(tf::DT_FLOAT);
  tf::TensorProto* t = (*made->mutable_attr())["value"].mutable_tensor();
  t->set_dtype(tf::DT_FLOAT);
  t->mutable_tensor_shape();
  t->add_float_val(static_cast<float>(number));
  return made->name();
}

std::string Layer::find_weight(const char* which, const std::string& part) const {
  const std::string ending = sentence<"/{}">(which), own = name_ + "/";
  std::string found;
  for (const std::string& candidate : {name_ + ending, prefix_ + name_ + ending})
    if (found.empty() && part.empty() && weights_.contains(candidate)) found = candidate;
  for (const std::string_view w : weights_) {
    const size_t at = w.find(own);
    const bool ours = at != std::string_view::npos && (at == 0 || w[at - 1] == '/') &&
                      w.ends_with(ending) && w.find(part, at) != std::string_view::npos;
    if (found.empty() && ours) found = w;
  }
  return found;
}

Status Layer::weight(const char* which, std::string* tensor, const std::string& part) {
  const std::string found = find_weight(which, part);
  WXNN_CHECK(!found.empty(), "has no weight \"{}\"", which);
  *tensor = "weights/" + found;
  for (const auto& n : graph_.node())
    if (n.name() == *tensor) return {};
  tf::NodeDef* made = graph_.add_node();
  made->set_name(*tensor);
  made->set_op("VariableV2");
  (*made->mutable_attr())["shared_name"].set_s(found);
  return {};
}

Status Layer::bias(std::string* x) {
  std::string b;
  if (number("use_bias", 1) == 0) return {};
  WXNN_TRY(weight("bias", &b));
  *x = op("BiasAdd", {*x, b});
  return {};
}

namespace {

struct ActivationRow {
  std::string_view keras;
  const char* op;
};
constexpr ActivationRow kActivations[] = {{"relu", "Relu"},
                                          {"relu6", "Relu6"},
                                          {"elu", "Elu"},
                                          {"selu", "Selu"},
                                          {"sigmoid", "Sigmoid"},
                                          {"softmax", "Softmax"},
                                          {"tanh", "Tanh"},
                                          {"softplus", "Softplus"},
                                          {"exponential", "Exp"},
                                          {"log_softmax", "LogSoftmax"},
                                          {"logSoftmax", "LogSoftmax"}};

}  // namespace

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
  if (activation == "mish") {  // x tanh(softplus(x))
    *x = node("Mul", {*x, node("Tanh", {node("Softplus", {*x})->name()})->name()})->name();
    return {};
  }
  if (activation == "gelu") {  // x / 2 (1 + erf(x / sqrt(2)))
    const std::string erf =
        node("Erf", {node("Mul", {*x, scalar(0.7071067811865476)})->name()})->name();
    const std::string half = node("Mul", {*x, scalar(0.5)})->name();
    *x = node("Mul", {half, node("AddV2", {erf, scalar(1)})->name()})->name();
    return {};
  }
  if (activation == "gelu_new") {  // x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))
    const std::string cube = node("Mul", {node("Square", {*x})->name(), *x})->name();
    const std::string sum =
        node("AddV2", {*x, node("Mul", {cube, scalar(0.044715)})->name()})->name();
    const std::string tanh =
        node("Tanh", {node("Mul", {sum, scalar(0.7978845608028654)})->name()})->name();
    const std::string half = node("Mul", {*x, scalar(0.5)})->name();
    *x = node("Mul", {half, node("AddV2", {tanh, scalar(1)})->name()})->name();
    return {};
  }
  const auto* row = std::ranges::find(kActivations, activation, &ActivationRow::keras);
  WXNN_CHECK(row != std::end(kActivations), "activation \"{}\" is not supported", activation);
  *x = node(row->op, {*x})->name();
  return {};
}

const LayerRow* find_layer_row(std::string_view name) {
  for (const auto& rows : {layers_of_convolutions(), layers_of_pools(), layers_of_shapes(),
                           layers_of_sequences(), layers_of_others()}) {
    const auto row = std::ranges::find(rows, name, &LayerRow::name);
    if (row != rows.end()) return &*row;
  }
  return nullptr;
}

void set_list(tf::NodeDef* node, const char* name, const std::vector<int32_t>& numbers) {
  auto* list = (*node->mutable_attr())[name].mutable_list();
  for (const int32_t n : numbers) list->add_i(n);
}

Status want_rank(const LayerTensor& x, size_t rank) {
  WXNN_CHECK(x.shape.size() == rank, "its input has {} dimensions, wants {}", x.shape.size(), rank);
  for (size_t i = 1; i < rank; ++i)
    WXNN_CHECK(x.shape[i] > 0,
               "its input has an open dimension besides the batch: say the sizes of the model's "
               "inputs with --input NAME=1,128,128,3");
  return {};
}

std::string mask_of(Layer& layer, const std::string& bools, int32_t steps) {
  tf::NodeDef* ones = layer.node("Cast", {bools});
  (*ones->mutable_attr())["SrcT"].set_type(tf::DT_BOOL);
  (*ones->mutable_attr())["DstT"].set_type(tf::DT_FLOAT);
  return layer.op("Reshape", {ones->name(), layer.ints({-1, steps})});
}

Status to_shape(Layer& layer, const LayerTensor& x, const std::vector<int32_t>& shape,
                LayerTensor* y) {
  y->shape = shape;
  y->name = layer.node("Reshape", {x.name, layer.ints(shape)})->name();
  return {};
}

}  // namespace wxnn
