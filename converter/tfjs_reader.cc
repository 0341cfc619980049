#include "converter/tfjs_reader.h"

#include <algorithm>
#include <cstring>
#include <deque>
#include <set>

#include "converter/base64.h"
#include "converter/files.h"
#include "converter/json_reader.h"
#include "converter/layers_reader.h"
#include "converter/node_list_writer.h"
#include "converter/tf_types.h"
#include "core/whole.h"
#include "formats/node_list.h"

namespace wxnn {

namespace {

Status dims_of(const Json& shape, Dims* dims) {
  if (!shape.is_object() || number_of(member(shape, "unknownRank")) != 0) return {};
  dims->emplace();
  for (const Json& dim : items(member(shape, "dim"))) {
    const double size = number_of(member(dim, "size"));
    WXNN_CHECK(size >= -1 && size <= INT32_MAX, "a dimension of {} is out of range",
               whole<int64_t>(size));
    (*dims)->push_back(whole<int32_t>(size));
  }
  return {};
}

uint32_t type_of(const Json& type) {
  return type.is_number() ? whole<uint32_t>(std::clamp(number_of(type), 0.0, 255.0))
                          : tf_type_number(text_of(type));
}

// A weight of the manifest, in the files' bytes.
struct NamedWeight {
  std::string_view name;
  ListTensor tensor;
};

Status read_weight(const Json& spec, std::string_view weights, size_t* at, ListTensor* tensor_out) {
  const Json& quantization = member(spec, "quantization");
  const std::string_view dtype = text_of(member(spec, "dtype"));
  const std::string_view stored_as = text_of(member(quantization, "dtype"));
  const TfjsType* type = find_tfjs_type(dtype);
  const TfjsType* stored = find_tfjs_type(stored_as.empty() ? dtype : stored_as);
  WXNN_CHECK(type != nullptr && stored != nullptr && stored->bytes != 0,
             "is {} stored as {}, which is not supported", dtype, stored_as);
  ListTensor tensor{.type = type->number, .stored = stored->number};
  tensor.shape.emplace();
  size_t bytes = stored->bytes;
  for (const Json& dim : items(member(spec, "shape"))) {
    const double d = number_of(dim);
    WXNN_CHECK(d >= 0 && d <= INT32_MAX, "has a dimension out of range");
    tensor.shape->push_back(whole<int32_t>(d));
    bytes *= whole<size_t>(d);
    WXNN_CHECK(bytes <= weights.size(), "is larger than all weight files together");
  }
  WXNN_CHECK(bytes <= weights.size() - *at,
             "lies behind the end of the weight files: {} bytes are needed, there are {}",
             *at + bytes, weights.size());
  tensor.scale = number_of(member(quantization, "scale"));
  tensor.min = number_of(member(quantization, "min"));
  tensor.bytes = weights.substr(*at, bytes);
  *at += bytes;
  *tensor_out = tensor;
  return {};
}

Status list_weights(const Json& model, std::string_view weights, std::vector<NamedWeight>* list) {
  size_t at = 0;
  for (const Json& group : items(member(model, "weightsManifest"))) {
    for (const Json& spec : items(member(group, "weights"))) {
      NamedWeight w{.name = text_of(member(spec, "name")), .tensor = {}};
      Status status = read_weight(spec, weights, &at, &w.tensor);
      if (!status.ok()) return status.at(sentence<"weight \"{}\"">(w.name));
      list->push_back(std::move(w));
    }
  }
  return {};
}

class TfjsEncoder {
 public:
  TfjsEncoder(const Json& model, std::string_view weights) : model_(model), weights_(weights) {}

  // `outputs`: what the signature says of their shapes.
  Status encode(Buffer* file, std::vector<Dims>* outputs) {
    const Json& nodes = member(member(model_, "modelTopology"), "node");
    WXNN_CHECK(nodes.is_array(), "\"modelTopology\" has no list of nodes");
    for (const Json& node : nodes) {
      const bool named =
          !text_of(member(node, "name")).empty() && !text_of(member(node, "op")).empty();
      WXNN_CHECK(named, "a node of \"modelTopology\" has no name or op");
    }
    WXNN_TRY(write_endpoints(nodes, outputs));
    WXNN_TRY(write_weights());
    WXNN_TRY(write_nodes(nodes));
    const Json& functions =
        items(member(member(member(model_, "modelTopology"), "library"), "function"));
    out_.count(functions.size());
    for (const Json& f : functions) WXNN_TRY(write_function(f));
    return out_.finish(file);
  }

 private:
  // Inputs and outputs in the signature's order; without one, placeholders and nodes that nobody
  // reads.
  Status write_endpoints(const Json& nodes, std::vector<Dims>* outputs) {
    std::set<std::string_view> read;
    for (const Json& node : nodes) {
      for (const Json& input : items(member(node, "input"))) read.insert(node_of(text_of(input)));
    }
    const Json& own = member(model_, "signature");
    const Json& signature =
        own.is_object() ? own : member(member(model_, "userDefinedMetadata"), "signature");
    const auto is_input = [](std::string_view op, std::string_view) {
      return op.starts_with("Placeholder");
    };
    const auto is_output = [&read](std::string_view op, std::string_view name) {
      return !read.contains(name) && op != "Const" && op != "NoOp" &&
             !op.starts_with("Placeholder");
    };
    std::vector<Dims> inputs;
    WXNN_TRY(write_endpoint_list(member(signature, "inputs"), nodes, is_input, &inputs));
    return write_endpoint_list(member(signature, "outputs"), nodes, is_output, outputs);
  }

  static std::string_view node_of(std::string_view tensor) {
    if (tensor.starts_with('^')) tensor.remove_prefix(1);
    return tensor.substr(0, tensor.find(':'));
  }

  template <class Pick>
  Status write_endpoint_list(const Json& entries, const Json& nodes, Pick otherwise,
                             std::vector<Dims>* shapes) {
    std::vector<ListEndpoint> list;
    if (entries.is_object() && !entries.empty()) {
      for (const auto& [key, entry] : entries.items()) {
        const std::string_view tensor = text_of(member(entry, "name"));
        list.push_back({.name = key, .tensor = std::string(tensor.empty() ? key : tensor)});
        list.back().type = type_of(member(entry, "dtype"));
        WXNN_TRY(dims_of(member(entry, "tensorShape"), &list.back().shape));
      }
    } else {
      for (const Json& node : nodes) {
        const std::string name(text_of(member(node, "name")));
        if (otherwise(text_of(member(node, "op")), name))
          list.push_back({.name = name, .tensor = name});
      }
    }
    for (ListEndpoint& e : list) WXNN_TRY(complete(nodes, &e));
    for (const ListEndpoint& e : list) shapes->push_back(e.shape);
    out_.endpoints(list);
    return {};
  }

  // What the signature leaves out, the node may say.
  static Status complete(const Json& nodes, ListEndpoint* e) {
    for (const Json& node : nodes) {
      if (text_of(member(node, "name")) != node_of(e->tensor)) continue;
      const Json& attrs = member(node, "attr");
      if (e->type == 0) e->type = type_of(member(member(attrs, "dtype"), "type"));
      if (!e->shape) WXNN_TRY(dims_of(member(member(attrs, "shape"), "shape"), &e->shape));
    }
    return {};
  }

  Status write_weights() {
    std::vector<NamedWeight> list;
    WXNN_TRY(list_weights(model_, weights_, &list));
    out_.count(list.size());
    for (const NamedWeight& w : list) {
      out_.weight(w.name, w.tensor);
      weight_names_.insert(w.name);
    }
    return {};
  }

  Status write_nodes(const Json& nodes) {
    out_.count(nodes.size());
    for (const Json& node : nodes) {
      const std::string_view name = text_of(member(node, "name"));
      Status status = write_node(node, name);
      if (!status.ok()) return status.at(sentence<"node \"{}\"">(name));
    }
    return {};
  }

  Status write_node(const Json& node, std::string_view name) {
    out_.text(name);
    out_.text(text_of(member(node, "op")));
    std::vector<std::string_view> inputs;
    for (const Json& input : items(member(node, "input"))) inputs.push_back(text_of(input));
    out_.texts(inputs);
    const Json& attrs = member(node, "attr");
    std::vector<std::pair<std::string_view, const Json*>> kept;
    if (!attrs.is_object()) return no_attrs();
    for (const auto& [key, value] : attrs.get_ref<const Json::object_t&>()) {
      const bool stored_outside =
          member(value, "tensor").is_object() && weight_names_.contains(name);
      if (!key.starts_with('_') && !stored_outside) kept.push_back({key, &value});
    }
    out_.count(kept.size());
    for (const auto& [key, value] : kept) WXNN_TRY(write_attr(key, *value));
    return {};
  }

  Status no_attrs() {
    out_.count(0);
    return {};
  }

  Status write_attr(std::string_view name, const Json& value) {
    const Json& list = member(value, "list");
    if (const Json& s = member(value, "s"); s.is_string()) {
      out_.attr_text(name, decoded(s));
    } else if (const Json& texts = member(list, "s"); texts.is_array()) {
      std::vector<std::string_view> all;
      for (const Json& t : texts) all.push_back(decoded(t));
      out_.attr_texts(name, all);
    } else if (const Json& shape = member(value, "shape"); shape.is_object()) {
      Dims dims;
      WXNN_TRY(dims_of(shape, &dims));
      out_.attr_shape(name, dims);
    } else if (const Json& type = member(value, "type"); !type.is_null()) {
      out_.attr_types(name, {type_of(type)});
    } else if (const Json& types = member(list, "type"); types.is_array()) {
      std::vector<uint32_t> all;
      for (const Json& t : types) all.push_back(type_of(t));
      out_.attr_types(name, all);
    } else if (const Json& tensor = member(value, "tensor"); tensor.is_object()) {
      return write_tensor(name, tensor);
    } else if (const Json& func = member(value, "func"); func.is_object()) {
      out_.attr_function(name, text_of(member(func, "name")));
    } else {
      out_.attr_numbers(name, numbers_of(value));
    }
    return {};
  }

  static std::vector<double> numbers_of(const Json& value) {
    for (const char* key : {"i", "f", "b"}) {
      const Json& one = member(value, key);
      if (!one.is_null()) return {number_of(one)};
    }
    std::vector<double> numbers;
    for (const char* key : {"i", "f", "b"}) {
      for (const Json& n : items(member(member(value, "list"), key)))
        numbers.push_back(number_of(n));
    }
    return numbers;
  }

  std::string_view decoded(const Json& base64) {
    return texts_.emplace_back(base64_decode(text_of(base64)));
  }

  // A constant in the graph's own text.
  Status write_tensor(std::string_view name, const Json& tensor) {
    ListTensor t{.type = type_of(member(tensor, "dtype"))};
    t.shape.emplace();
    WXNN_TRY(dims_of(member(tensor, "tensorShape"), &t.shape));
    std::string& bytes =
        texts_.emplace_back(base64_decode(text_of(member(tensor, "tensorContent"))));
    if (bytes.empty()) {
      std::vector<double> numbers;
      for (const char* key :
           {"floatVal", "doubleVal", "intVal", "int64Val", "boolVal", "halfVal"}) {
        for (const Json& n : items(member(tensor, key))) numbers.push_back(number_of(n));
      }
      WXNN_TRY(encode_numbers(t.type, *t.shape, numbers, &bytes));
    }
    t.bytes = bytes;
    out_.attr_tensor(name, t);
    return {};
  }

  Status write_function(const Json& f) {
    const Json& signature = member(f, "signature");
    out_.text(text_of(member(signature, "name")));
    std::vector<std::string_view> parameters;
    for (const Json& arg : items(member(signature, "inputArg")))
      parameters.push_back(text_of(member(arg, "name")));
    out_.texts(parameters);
    const Json& returns = items(member(signature, "outputArg"));
    out_.count(returns.size());
    for (const Json& arg : returns) {
      const std::string name(text_of(member(arg, "name")));
      out_.text(name);
      out_.text(text_of(member(member(f, "ret"), name.c_str())));
    }
    return write_nodes(items(member(f, "nodeDef")));
  }

  const Json& model_;
  std::string_view weights_;
  NodeListWriter out_;
  std::set<std::string_view> weight_names_;
  std::deque<std::string> texts_;  // what the writer points into until it is done
};

Status read_weights(const std::string& path, const Json& model, std::string* weights) {
  for (const Json& group : items(member(model, "weightsManifest"))) {
    for (const Json& name : items(member(group, "paths"))) {
      std::string file, bytes;
      WXNN_TRY(sibling(path, text_of(name), &file));
      WXNN_TRY(read_file(file, &bytes));
      *weights += bytes;
    }
  }
  return {};
}

// Weights are variables of the graph that the layers make.
Status encode_layers(const Json& model, std::string_view bytes, const InputShapes& sizes,
                     Buffer* file) {
  std::vector<NamedWeight> list;
  std::set<std::string_view> names;
  WXNN_TRY(list_weights(model, bytes, &list));
  for (const NamedWeight& w : list) names.insert(w.name);
  const Json& topology = member(model, "modelTopology");
  const Json& config = member(topology, "model_config");
  tf::GraphDef graph;
  TfModel made;
  WXNN_TRY(build_layers_graph(config.is_null() ? topology : config, names, sizes, &graph, &made));
  made.variable = [&list](const std::string& name, const ListTensor** variable) {
    const auto at = std::ranges::find(list, name, &NamedWeight::name);
    *variable = at == list.end() ? nullptr : &at->tensor;
    return Status();
  };
  return encode_tf_graph(made, file);
}

// nlohmann's parser keeps a stack of its own, but freeing a value recurses.
constexpr int kDeepest = 64;

}  // namespace

Status read_tfjs(const ConvertOptions& options, const std::string& json, Source* source) {
  bool too_deep = false;
  const Json model = Json::parse(
      json,
      [&too_deep](int depth, Json::parse_event_t, Json&) {
        too_deep = too_deep || depth > kDeepest;
        return depth <= kDeepest;
      },
      false);
  WXNN_CHECK(!model.is_discarded() && !too_deep, "it is no JSON, or damaged");
  const Json& topology = member(model, "modelTopology");
  WXNN_CHECK(topology.is_object(), "it is no tfjs model.json: it has no \"modelTopology\"");
  std::string weights;
  WXNN_TRY(read_weights(options.source, model, &weights));
  source->bytes += weights.size();
  Buffer list;
  const bool layers = text_of(member(model, "format")) == "layers-model" ||
                      !member(topology, "model_config").is_null() ||
                      !member(topology, "class_name").is_null();
  if (layers) source->format = "tfjs layers model";
  std::vector<Dims> outputs;
  WXNN_TRY(layers ? encode_layers(model, weights, options.inputs, &list)
                  : TfjsEncoder(model, weights).encode(&list, &outputs));
  Graph& graph = source->graph;
  WXNN_TRY(read_node_list(std::move(list), &graph));
  for (size_t i = 0; i < std::min(outputs.size(), graph.outputs.size()); ++i) {
    Shape& shape = graph.values[graph.outputs[i]].type.shape;
    const Dims& said = outputs[i];
    if (!said || said->size() > Shape::kMaxRank) continue;
    shape = {};
    for (const int32_t d : *said) shape.push_back(d);
  }
  return {};
}

}  // namespace wxnn
