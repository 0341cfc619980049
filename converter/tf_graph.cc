#include "converter/tf_graph.h"

#include <algorithm>
#include <deque>
#include <set>

#include "converter/tf_functions.h"
#include "converter/tf_types.h"
#include "formats/node_list.h"

namespace wxnn {

Status tf_dims(const tf::TensorShapeProto& shape, Dims* dims) {
  dims->reset();
  if (shape.unknown_rank()) return {};
  dims->emplace();
  for (const auto& dim : shape.dim()) {
    WXNN_CHECK(dim.size() >= -1 && dim.size() <= INT32_MAX, "a dimension of {} is out of range",
               dim.size());
    (*dims)->push_back(static_cast<int32_t>(dim.size()));
  }
  return {};
}

namespace {

constexpr std::string_view kVariables[] = {"VarHandleOp", "VariableV2", "Variable"};
bool is_variable(std::string_view op) {
  return std::ranges::find(kVariables, op) != std::end(kVariables);
}

template <class List>
std::vector<double> numbers_of(const List& list) {
  return {list.begin(), list.end()};
}

std::vector<double> all_numbers(const tf::TensorProto& t) {
  std::vector<double> numbers = numbers_of(t.float_val());
  const auto add = [&numbers](const auto& list) {
    for (const auto n : list) numbers.push_back(static_cast<double>(n));
  };
  add(t.double_val());
  add(t.int_val());
  add(t.int64_val());
  add(t.bool_val());
  add(t.half_val());
  return numbers;
}

class Encoder {
 public:
  Encoder(const TfModel& model) : model_(model) {}

  Status encode(Buffer* file) {
    TfFlattener flattener(*model_.graph, nullptr);
    std::vector<ListEndpoint> inputs = model_.inputs, outputs = model_.outputs;
    std::vector<FlatNode> nodes;
    for (ListEndpoint& e : outputs) WXNN_TRY(flattener.want(std::string(e.tensor), &e.tensor));
    // An input that nothing depends on is one all the same.
    for (ListEndpoint& e : inputs) WXNN_TRY(flattener.want(std::string(e.tensor), &e.tensor));
    WXNN_TRY(flattener.finish(&nodes));
    out_.endpoints(inputs);
    out_.endpoints(outputs);
    WXNN_TRY(write_variables(nodes));
    WXNN_TRY(write_nodes(nodes));
    WXNN_TRY(flatten_functions());
    out_.count(functions_.size());
    for (const Function& f : functions_) WXNN_TRY(write_function(f));
    return out_.finish(file);
  }

 private:
  struct Function {
    const tf::FunctionDef* proto;
    std::vector<std::string> returns;
    std::vector<FlatNode> nodes;
  };

  Status write_variables(const std::vector<FlatNode>& nodes) {
    const auto is = [](const FlatNode& n) { return is_variable(n.proto->op()); };
    out_.count(static_cast<size_t>(std::ranges::count_if(nodes, is)));
    for (const FlatNode& n : nodes) {
      if (!is(n)) continue;
      const auto at = n.proto->attr().find("shared_name");
      const bool shared = at != n.proto->attr().end() && !at->second.s().empty();
      const std::string name = shared ? at->second.s() : n.proto->name();
      const ListTensor* variable = nullptr;
      if (model_.variable) WXNN_TRY(model_.variable(name, &variable));
      WXNN_CHECK(variable != nullptr,
                 "node \"{}\" ({}): there is no value of the variable \"{}\": a graph without its "
                 "variables has to be frozen first",
                 n.name, n.proto->op(), name);
      out_.weight(n.name, *variable);
    }
    return {};
  }

  // Functions that conditions and loops name, and those that these name.
  Status flatten_functions() {
    for (size_t i = 0; i < names_.size(); ++i) {
      const auto& all = model_.graph->library().function();
      const auto at = std::ranges::find_if(
          all, [&](const auto& f) { return f.signature().name() == names_[i]; });
      WXNN_CHECK(at != all.end(), "there is no function \"{}\"", names_[i]);
      functions_.push_back({.proto = &*at});
      Function& f = functions_.back();
      TfFlattener flattener(*model_.graph, f.proto);
      for (const auto& arg : f.proto->signature().output_arg()) {
        const auto ret = f.proto->ret().find(arg.name());
        WXNN_CHECK(ret != f.proto->ret().end(), "function \"{}\" does not return \"{}\"", names_[i],
                   arg.name());
        f.returns.emplace_back();
        WXNN_TRY(flattener.want(ret->second, &f.returns.back()));
      }
      WXNN_TRY(flattener.finish(&f.nodes));
      for (const FlatNode& n : f.nodes) {
        for (const auto& [key, value] : n.proto->attr()) note_function(value);
      }
    }
    return {};
  }

  void note_function(const tf::AttrValue& value) {
    if (!value.has_func()) return;
    if (std::ranges::find(names_, value.func().name()) == names_.end())
      names_.push_back(value.func().name());
  }

  Status write_function(const Function& f) {
    out_.text(f.proto->signature().name());
    std::vector<std::string_view> parameters;
    for (const auto& arg : f.proto->signature().input_arg()) parameters.push_back(arg.name());
    out_.texts(parameters);
    out_.count(f.returns.size());
    for (size_t i = 0; i < f.returns.size(); ++i) {
      out_.text(f.proto->signature().output_arg(static_cast<int>(i)).name());
      out_.text(f.returns[i]);
    }
    for (const FlatNode& n : f.nodes)
      WXNN_CHECK(!is_variable(n.proto->op()),
                 "function \"{}\" makes a variable of its own, which is not supported",
                 f.proto->signature().name());
    return write_nodes(f.nodes);
  }

  Status write_nodes(const std::vector<FlatNode>& nodes) {
    out_.count(nodes.size());
    for (const FlatNode& n : nodes) {
      Status status = write_node(n);
      if (!status.ok()) return status.at(sentence<"node \"{}\" ({})">(n.name, n.proto->op()));
    }
    return {};
  }

  Status write_node(const FlatNode& n) {
    out_.text(n.name);
    const bool reads = n.proto->op() == "ReadVariableOp";
    const bool variable = is_variable(n.proto->op());
    out_.text(variable ? "Const" : reads ? "Identity" : std::string_view(n.proto->op()));
    out_.texts({n.inputs.begin(), n.inputs.end()});
    // By name: the order of a protobuf map changes from run to run.
    std::vector<std::pair<std::string_view, const tf::AttrValue*>> attrs;
    for (const auto& [key, value] : n.proto->attr()) {
      if (key.starts_with('_') || variable || reads) continue;
      attrs.push_back({key, &value});
      note_function(value);
      if (value.value_case() != tf::AttrValue::kPlaceholder || n.call == nullptr) continue;
      const auto given = n.call->find(value.placeholder());
      if (given != n.call->end()) attrs.back().second = &given->second;
    }
    std::ranges::sort(attrs);
    out_.count(attrs.size());
    for (const auto& [key, value] : attrs) WXNN_TRY(write_attr(key, *value));
    return {};
  }

  Status write_attr(std::string_view name, const tf::AttrValue& v) {
    Dims dims;
    switch (v.value_case()) {
      case tf::AttrValue::kS:
        out_.attr_text(name, v.s());
        return {};
      case tf::AttrValue::kI:
        out_.attr_numbers(name, {static_cast<double>(v.i())});
        return {};
      case tf::AttrValue::kF:
        out_.attr_numbers(name, {v.f()});
        return {};
      case tf::AttrValue::kB:
        out_.attr_numbers(name, {v.b() ? 1.0 : 0.0});
        return {};
      case tf::AttrValue::kType:
        out_.attr_types(name, {static_cast<uint32_t>(v.type())});
        return {};
      case tf::AttrValue::kShape:
        WXNN_TRY(tf_dims(v.shape(), &dims));
        out_.attr_shape(name, dims);
        return {};
      case tf::AttrValue::kTensor:
        return write_tensor(name, v.tensor());
      case tf::AttrValue::kFunc:
        out_.attr_function(name, v.func().name());
        return {};
      case tf::AttrValue::kList:
        return write_list(name, v.list());
      case tf::AttrValue::kPlaceholder:
      case tf::AttrValue::VALUE_NOT_SET:
        out_.attr_numbers(name, {});
        return {};
    }
    return fail<"has the attribute \"{}\" of an unknown kind">(name);
  }

  Status write_list(std::string_view name, const tf::AttrValue::ListValue& list) {
    if (list.s_size() != 0) {
      out_.attr_texts(name, {list.s().begin(), list.s().end()});
    } else if (list.type_size() != 0) {
      out_.attr_types(name, {list.type().begin(), list.type().end()});
    } else if (list.f_size() != 0) {
      out_.attr_numbers(name, numbers_of(list.f()));
    } else if (list.b_size() != 0) {
      out_.attr_numbers(name, numbers_of(list.b()));
    } else {
      out_.attr_numbers(name, numbers_of(list.i()));
    }
    return {};
  }

  Status write_tensor(std::string_view name, const tf::TensorProto& tensor) {
    ListTensor t{.type = static_cast<uint32_t>(tensor.dtype()), .bytes = tensor.tensor_content()};
    WXNN_TRY(tf_dims(tensor.tensor_shape(), &t.shape));
    WXNN_CHECK(t.shape, "its value has no shape");
    if (t.bytes.empty()) {
      std::string& bytes = texts_.emplace_back();
      WXNN_TRY(encode_numbers(t.type, *t.shape, all_numbers(tensor), &bytes));
      t.bytes = bytes;
    }
    out_.attr_tensor(name, t);
    return {};
  }

  const TfModel& model_;
  NodeListWriter out_;
  std::vector<std::string> names_;  // of functions
  std::deque<Function> functions_;
  std::deque<std::string> texts_;  // what the writer points into until it is done
};

void complete(const tf::NodeDef& node, ListEndpoint* e) {
  const auto type = node.attr().find("dtype");
  if (e->type == 0 && type != node.attr().end())
    e->type = static_cast<uint32_t>(type->second.type());
  const auto shape = node.attr().find("shape");
  if (!e->shape && shape != node.attr().end())
    static_cast<void>(tf_dims(shape->second.shape(), &e->shape));
}

}  // namespace

Status find_endpoints(TfModel* model) {
  std::set<std::string_view> read;
  for (const auto& node : model->graph->node()) {
    for (const std::string& input : node.input()) {
      std::string_view name = input;
      if (name.starts_with('^')) name.remove_prefix(1);
      read.insert(name.substr(0, name.find(':')));
    }
  }
  for (const auto& node : model->graph->node()) {
    const bool placeholder = node.op() == "Placeholder" || node.op() == "PlaceholderWithDefault";
    ListEndpoint e{.name = node.name(), .tensor = node.name()};
    if (placeholder) complete(node, &e);
    if (placeholder) {
      model->inputs.push_back(std::move(e));
    } else if (!read.contains(node.name()) && node.op() != "NoOp" && node.op() != "Const") {
      model->outputs.push_back(std::move(e));
    }
  }
  return {};
}

Status encode_tf_graph(const TfModel& model, Buffer* file) { return Encoder(model).encode(file); }

}  // namespace wxnn
