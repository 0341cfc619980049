#include "converter/layers_reader.h"

#include <algorithm>
#include <map>

#include "converter/layer.h"
#include "core/graph.h"
#include "core/whole.h"

namespace wxnn {

namespace {

bool is_model(std::string_view c) { return c == "Sequential" || c == "Model" || c == "Functional"; }

class Network {
 public:
  Network(const std::set<std::string_view>& weights, const InputShapes& sizes, tf::GraphDef* graph,
          TfModel* model)
      : weights_(weights), sizes_(sizes), graph_(*graph), model_(*model) {}

  // Every layer that no row knows.
  void collect_unknown(const Json& config, int depth, MissingOps* missing) const {
    for (const Json& layer : layers_of(config)) {
      const std::string_view c = text_of(member(layer, "class_name"));
      if (is_model(c) && depth < kDeepest) collect_unknown(layer, depth + 1, missing);
      if (is_model(c) || c == "InputLayer" || find_layer_row(c) != nullptr) continue;
      missing->add(c, text_of(member(member(layer, "config"), "name")));
    }
  }

  // Adds the layers of a model. `prefix`: of the weights' names; `label`: of the nodes'. `inputs`:
  // what an outer model gives, none for the outermost.
  Status add(const Json& model, const std::string& prefix, const std::string& label,
             const Tensors& inputs, int depth, Tensors* outputs) {
    WXNN_CHECK(depth < kDeepest, "its models are nested {} deep", kDeepest);
    const bool sequential = text_of(member(model, "class_name")) == "Sequential";
    Scope scope{.prefix = prefix, .label = label, .given = inputs, .depth = depth};
    if (sequential) {
      for (const Json& layer : layers_of(model)) WXNN_TRY(call(layer, 0, true, &scope));
      *outputs = scope.last;
      return {};
    }
    WXNN_TRY(call_all(layers_of(model), &scope));
    for (const Json& output : ends_of(member(member(model, "config"), "output_layers"))) {
      const Tensors* made = result_of(scope, output);
      const double index = output.is_array() && output.size() > 2 ? number_of(output[2]) : 0;
      WXNN_CHECK(made != nullptr && index >= 0 && index < static_cast<double>(made->size()),
                 "an output is the result of no layer");
      outputs->push_back((*made)[static_cast<size_t>(index)]);
    }
    return {};
  }

 private:
  static constexpr int32_t kLongest =
      1 << 24;  // of one dimension: their sums and small multiples fit int32
  static constexpr int kDeepest = 16;
  static constexpr size_t kMostUses = 1 << 12, kMostCalls = 1 << 16;
  // A layer and the number of its use. A model's own making is its use 0, as tfjs and Keras count.
  using Use = std::pair<std::string, int>;
  struct Scope {
    std::string prefix, label;
    Tensors given;
    int depth = 0;
    std::map<Use, Tensors> tensors;
    Tensors last;      // of a Sequential
    size_t taken = 0;  // of `given`
  };

  // ["a", 0, 0], or "a": what the use gives; null where there is none yet.
  static const Tensors* result_of(const Scope& scope, const Json& end) {
    const bool is_list = end.is_array() && !end.empty();
    const double use = is_list && end.size() > 1 ? number_of(end[1]) : 0;
    if (!(use >= 0 && use <= kMostUses)) return nullptr;
    const auto at =
        scope.tensors.find({std::string(text_of(is_list ? end[0] : end)), whole<int>(use)});
    return at == scope.tensors.end() ? nullptr : &at->second;
  }

  // In the list's order, but for uses of what later layers make.
  Status call_all(const Json& layers, Scope* scope) {
    std::vector<std::pair<const Json*, int>> open;
    for (const Json& layer : layers) {
      const size_t uses = std::max<size_t>(items(member(layer, "inbound_nodes")).size(), 1);
      WXNN_CHECK(uses <= kMostUses && open.size() <= kMostCalls, "has too many uses of layers");
      for (size_t i = 0; i < uses; ++i) open.emplace_back(&layer, static_cast<int>(i));
    }
    while (!open.empty()) {
      std::vector<std::pair<const Json*, int>> later;
      for (const auto& [layer, use] : open) {
        if (is_ready(*layer, use, *scope))
          WXNN_TRY(call(*layer, use, false, scope));
        else
          later.emplace_back(layer, use);
      }
      // Nothing more can be made: the first says what it lacks.
      if (later.size() == open.size()) return call(*later[0].first, later[0].second, false, scope);
      open = std::move(later);
    }
    return {};
  }

  static const Json& sources_of(const Json& layer, int use) {
    const Json& call = item(member(layer, "inbound_nodes"), static_cast<size_t>(use));
    return items(call.is_object() ? member(call, "args") : call);
  }

  static bool is_ready(const Json& layer, int use, const Scope& scope) {
    return std::ranges::all_of(sources_of(layer, use), [&](const Json& source) {
      return result_of(scope, source) != nullptr;
    });
  }

  Status call(const Json& layer, int use, bool sequential, Scope* scope) {
    Status status = add_layer(layer, use, sequential, scope);
    if (status.ok()) return {};
    return status.at(sentence<"layer \"{}{}\" ({})">(scope->prefix, name_of_layer(layer),
                                                     text_of(member(layer, "class_name"))));
  }

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
      WXNN_CHECK(scope->taken < scope->given.size(), "the model around it gives {} inputs",
                 scope->given.size());
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
    const auto said = std::ranges::find(sizes_, name, &InputShapes::value_type::first);
    const bool is_said =
        said != sizes_.end() && static_cast<size_t>(said->second.rank()) == shape.size();
    for (const Json& d : shape) {
      const int i = static_cast<int>(end.shape->size());
      const double open = is_said && i > 0 ? said->second[i] : -1;
      const double length = d.is_null() ? open : number_of(d);
      WXNN_CHECK(length >= -1 && length <= kLongest, "its shape is out of range");
      end.shape->push_back(whole<int32_t>(length));
    }
    *tensor = {name, *end.shape};
    tensor->shape[0] = -1;
    model_.inputs.push_back(std::move(end));
    return {};
  }

  static Status inputs_of(const Json& layer, int use, const Scope& scope, Tensors* in) {
    for (const Json& source : sources_of(layer, use)) {
      WXNN_CHECK(source.is_array() && source.size() >= 3,
                 "its inbound_nodes are of a form that is not known");
      const Tensors* made = result_of(scope, source);
      WXNN_CHECK(made != nullptr,
                 "reads layer \"{}\", which it depends on itself, or which is not there",
                 text_of(source[0]));
      const double index = number_of(source[2]);
      WXNN_CHECK(index >= 0 && index < static_cast<double>(made->size()),
                 "reads a result of layer \"{}\" that it does not have", text_of(source[0]));
      in->push_back((*made)[whole<size_t>(index)]);
    }
    WXNN_CHECK(!in->empty(), "has no inputs");
    return {};
  }

  Status add_layer(const Json& layer, int use, bool sequential, Scope* scope) {
    const std::string_view kind = text_of(member(layer, "class_name"));
    const std::string name = name_of_layer(layer);
    const Use made_as{name, is_model(kind) ? use + 1 : use};
    WXNN_CHECK(!name.empty() && !scope->tensors.contains(made_as),
               "a layer has no name of its own");
    LayerTensor y;
    Tensors in;
    if (kind == "InputLayer") {
      WXNN_TRY(input(layer, name, scope, &y));
      scope->last = scope->tensors[made_as] = {y};
      return {};
    }
    if (sequential && scope->tensors.empty()) {  // the first layer says the input's shape itself
      WXNN_TRY(input(layer, name + "_input", scope, &y));
      in = {y};
    } else if (sequential) {
      in = scope->last;
    } else {
      WXNN_TRY(inputs_of(layer, use, *scope, &in));
    }
    std::string label = scope->label + name;
    if (use > 0) label += sentence<"/use_{}">(use);
    Tensors results(1);
    if (is_model(kind)) {
      results.clear();
      WXNN_TRY(add(layer, scope->prefix + name + "/", label + "/", in, scope->depth + 1, &results));
    } else {
      const LayerRow* row = find_layer_row(kind);
      WXNN_CHECK(row != nullptr, "is not supported");
      Layer made(graph_, weights_, member(layer, "config"), scope->prefix, name, label);
      WXNN_TRY(build_turned(made, *row, in, &results[0]));
      results.insert(results.end(), made.more.begin(), made.more.end());
      for (const LayerTensor& t : results)
        for (const int32_t d : t.shape) WXNN_CHECK(d <= kLongest, "would be too large");
    }
    scope->last = scope->tensors[made_as] = results;
    return {};
  }

  // As tfjs does with masks.
  static Status build(Layer& layer, const LayerRow& row, const Tensors& in, LayerTensor* y) {
    if (row.masks == Masks::kOwn) return row.build(layer, in, y);
    Tensors bare = in;
    for (LayerTensor& t : bare) {
      WXNN_CHECK(t.mask.empty() || row.masks == Masks::kPassed, "takes no input that is masked");
      t.mask.clear();
    }
    WXNN_TRY(row.build(layer, bare, y));
    y->mask = in[0].mask;
    return {};
  }

  // Images whose channels come first are turned, and what comes out of them turned back.
  static Status build_turned(Layer& layer, const LayerRow& row, const Tensors& in, LayerTensor* y) {
    const size_t rank = in[0].shape.size();
    const bool turns = layer.text("data_format", "") == "channels_first" && rank >= 3 &&
                       std::ranges::all_of(in, [&](auto& t) { return t.shape.size() == rank; });
    if (!turns || row.name == "ConvLSTM2D") return build(layer, row, in, y);
    std::vector<int32_t> last = {0}, first = {0, static_cast<int32_t>(rank) - 1};
    for (int32_t i = 2; i < static_cast<int32_t>(rank); ++i) {
      last.push_back(i);
      first.push_back(i - 1);
    }
    last.push_back(1);
    const auto turn = [&](LayerTensor* t, const std::vector<int32_t>& perm) {
      const std::vector<int32_t> shape = t->shape;
      for (size_t i = 0; i < rank; ++i) t->shape[i] = shape[static_cast<size_t>(perm[i])];
      t->name = layer.op("Transpose", {t->name, layer.ints(perm)});
    };
    Tensors turned = in;
    for (LayerTensor& t : turned) turn(&t, last);
    layer.is_turned = true;
    WXNN_TRY(build(layer, row, turned, y));
    if (y->shape.size() == rank) turn(y, first);
    return {};
  }

  const std::set<std::string_view>& weights_;
  const InputShapes& sizes_;
  tf::GraphDef& graph_;
  TfModel& model_;
};

}  // namespace

Status build_layers_graph(const Json& config, const std::set<std::string_view>& weights,
                          const InputShapes& sizes, tf::GraphDef* graph, TfModel* model) {
  Network network(weights, sizes, graph, model);
  MissingOps missing;
  network.collect_unknown(config, 0, &missing);
  WXNN_TRY(missing.refuse());
  Tensors outputs;
  WXNN_TRY(network.add(config, "", "", {}, 0, &outputs));
  WXNN_CHECK(!outputs.empty(), "the model has no outputs");
  for (const LayerTensor& t : outputs) {
    const std::string layer = t.name.substr(0, t.name.find('/'));
    std::string name = layer;
    const auto is_taken = [&] {
      return std::ranges::find(model->outputs, name, &ListEndpoint::name) != model->outputs.end();
    };
    for (int k = 1; is_taken(); ++k) name = sentence<"{}:{}">(layer, k);
    model->outputs.push_back({.name = name, .tensor = t.name});
  }
  model->graph = graph;
  return {};
}

}  // namespace wxnn
