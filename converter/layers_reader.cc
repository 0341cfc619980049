#include "converter/layers_reader.h"

#include <algorithm>
#include <map>

#include "converter/layer.h"
#include "core/graph.h"

namespace wxnn {

namespace {

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
      if (is_model(c) || c == "InputLayer" || find_layer_row(c) != nullptr) continue;
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
      const LayerRow* row = find_layer_row(kind);
      WXNN_CHECK(row != nullptr, "is not supported");
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
