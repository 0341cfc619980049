#include "formats/node_list_reader.h"

#include <algorithm>
#include <utility>

#include "core/build_parts.h"
#include "formats/tf_rows.h"

namespace wxnn {

namespace {

constexpr int kMostCalls = 32;  // inside each other

bool is_const(std::string_view op) { return op == "Const"; }
// PlaceholderWithDefault is its default where it is not among the graph's inputs.
bool is_placeholder(std::string_view op) { return op.starts_with("Placeholder"); }

// Outputs of several names, as functions refer to them ("top:indices:0"): which output the first of
// that name is. Names that are not here are the operator's first.
struct OutputName {
  std::string_view op, name;
  int first;
};
constexpr OutputName kOutputNames[] = {
    {"ListDiff", "idx", 1},
    {"NonMaxSuppressionV4", "valid_outputs", 1},
    {"NonMaxSuppressionV5", "selected_scores", 1},
    {"NonMaxSuppressionV5", "valid_outputs", 2},
    {"SparseFillEmptyRows", "output_values", 1},
    {"SparseFillEmptyRows", "empty_row_indicator", 2},
    {"SparseFillEmptyRows", "reverse_index_map", 3},
    {"SparseReshape", "output_shape", 1},
    {"TensorArrayV3", "flow", 1},
    {"TensorListConcat", "lengths", 1},
    {"TensorListConcatV2", "lengths", 1},
    {"TensorListPopBack", "tensor", 1},
    {"TopKV2", "indices", 1},
    {"Unique", "idx", 1},
    {"UniqueV2", "idx", 1},
};

// Splits "split:1" or "split:output:1" and returns 1; -1 for an output that is none.
int split_output(std::string_view* tensor, std::string_view* name) {
  const size_t colon = tensor->find(':');
  if (colon == std::string_view::npos) return 0;
  std::string_view digits = tensor->substr(colon + 1);
  *tensor = tensor->substr(0, colon);
  const size_t second = digits.find(':');
  if (second != std::string_view::npos) {
    *name = digits.substr(0, second);
    digits = digits.substr(second + 1);
  }
  constexpr size_t kMostDigits = 5;
  if (digits.empty() || digits.size() > kMostDigits) return -1;
  int number = 0;
  for (char c : digits) {
    if (c < '0' || c > '9') return -1;
    number = number * 10 + (c - '0');
  }
  return number;
}

// The numbers between those for batch and channels, of which there are `axes`.
Status take_inner(std::string_view name, size_t axes, AttrValue* value) {
  std::vector<double>& n = value->numbers;
  if (n.empty()) return {};
  const bool plain = n.size() == axes + 2 && n.front() == 1 && n.back() == 1;
  WXNN_CHECK(plain, name, " should be 1 for batch and channels");
  n.erase(n.begin());
  n.pop_back();
  return {};
}

void to_lower(std::string* text) {
  for (char& c : *text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
}

// A node of the list while it becomes nodes of ours.
class ListNode final : public TfSource {
 public:
  ListNode(ScopeReader& reader, Outputs& outputs, Graph& graph, const ListedNode& listed, int index,
           std::string name)
      : TfSource(graph, std::move(name)),
        reader_(reader),
        outputs_(outputs),
        listed_(listed),
        index_(index) {}

  Status read(std::string_view source, AttrValue* value) override {
    const size_t dot = source.find('.');
    const std::string_view name = source.substr(0, dot);
    const std::string_view filter = dot == std::string_view::npos ? "" : source.substr(dot + 1);
    if (kBuildParts.flow && filter == "array") return read_of_array(name, value);
    WXNN_TRY(read_plain(name, value));
    if (filter == "hw" || filter == "dhw") return take_inner(name, filter.size(), value);
    if (filter.empty()) return {};
    to_lower(&value->text);
    if (value->text != "explicit") return {};
    value->text.clear();
    return read_plain("explicit_paddings", value);
  }

  Status output(size_t i, int* value) override {
    return outputs_.value({index_, static_cast<int>(i)}, value);
  }

  std::vector<std::string_view> texts(std::string_view name) override {
    std::vector<std::string_view> all;
    TfAttr attr = find(name);
    if (attr.kind != TfAttrKind::kTexts) return all;
    for (size_t n = attr.value.count(); n > 0; --n) all.push_back(attr.value.text());
    return all;
  }

  Status function(std::string_view attr_name, std::unique_ptr<Graph>* graph) override {
    TfAttr attr = find(attr_name);
    WXNN_CHECK(kBuildParts.flow && attr.kind == TfAttrKind::kFunction, "lacks its function ",
               attr_name);
    return reader_.read_function(attr.value.text(), graph);
  }

  Status call(std::string_view attr_name, std::vector<int>* results) override {
    TfAttr attr = find(attr_name);
    WXNN_CHECK(kBuildParts.flow && attr.kind == TfAttrKind::kFunction, "lacks its function ",
               attr_name);
    return reader_.call(attr.value.text(), name, inputs, results);
  }

  Status table(int* keys, int* values) override {
    return kBuildParts.tables ? reader_.table_of(index_, keys, values) : Status();
  }

  Status check_all_known() const {
    Cursor at = listed_.attrs;
    for (uint32_t i = 0; i < listed_.attr_count; ++i) {
      const std::string_view name = read_attr(&at).name;
      const bool known = is_hint(name) || std::ranges::find(asked_, name) != asked_.end();
      WXNN_CHECK(known, "has the attribute \"", name, "\", which is not known");
    }
    return {};
  }

 private:
  // Of kind kNone where the node lacks it.
  TfAttr find(std::string_view name) {
    Cursor at = listed_.attrs;
    asked_.push_back(name);
    for (uint32_t i = 0; i < listed_.attr_count; ++i) {
      const TfAttr attr = read_attr(&at);
      if (attr.name == name) return attr;
    }
    return {};
  }

  Status read_plain(std::string_view name, AttrValue* value) {
    TfAttr attr = find(name);
    if (attr.kind == TfAttrKind::kNumbers) {
      for (size_t n = attr.value.count(); n > 0; --n) value->numbers.push_back(attr.value.f64());
    } else if (attr.kind == TfAttrKind::kText) {
      value->text = attr.value.text();
    } else if (attr.kind == TfAttrKind::kTypes && attr.value.count() == 1) {
      const uint32_t number = attr.value.u32();
      const TfType* type = find_tf_type(number);
      WXNN_CHECK(type != nullptr, name, " is TensorFlow's type ", number,
                 ", which is not supported");
      value->text = name_of(type->dtype);
    } else if (attr.kind == TfAttrKind::kShape) {
      const Shape shape = attr.value.shape();
      for (int i = 0; i < shape.rank(); ++i) value->numbers.push_back(shape[i]);
    }
    return {};
  }

  // Of a TensorArray's write: the attribute of the array.
  Status read_of_array(std::string_view attr, AttrValue* value) const {
    int node = index_;
    const NodeScope& scope = reader_.scope();
    for (size_t steps = 0; steps < scope.nodes.size(); ++steps) {
      const ListedNode& n = scope.nodes[node];
      if (n.op == "TensorArrayV3") {
        Cursor at = n.attrs;
        for (uint32_t i = 0; i < n.attr_count; ++i) {
          TfAttr a = read_attr(&at);
          if (a.name != attr || a.kind != TfAttrKind::kNumbers || a.value.count() != 1) continue;
          value->numbers.push_back(a.value.f64());
        }
        return {};
      }
      if (n.input_count == 0) return {};
      Cursor inputs = n.inputs;
      std::string_view tensor = inputs.text();
      node = scope.find(tensor.substr(0, tensor.find(':')));
      if (node == kAbsent) return {};
    }
    return {};
  }

  ScopeReader& reader_;
  Outputs& outputs_;
  const ListedNode& listed_;
  int index_;
  std::vector<std::string_view> asked_;
};

}  // namespace

std::string place(const ListedNode& n) { return sentence("node \"", n.name, "\" (", n.op, ")"); }

int Outputs::find(Ref ref) const {
  for (int i = first_[ref.node]; i != kAbsent; i = entries_[i].next) {
    if (entries_[i].output == ref.output) return entries_[i].value;
  }
  return kAbsent;
}

void Outputs::set(Ref ref, int value) {
  entries_.push_back({ref.output, value, first_[ref.node]});
  first_[ref.node] = static_cast<int>(entries_.size()) - 1;
}

Status Outputs::value(Ref ref, int* value) {
  *value = find(ref);
  if (*value != kAbsent) return {};
  WXNN_CHECK(++reading_.tensors <= reading_.file_bytes,
             "the graph has more tensors than its file has bytes");
  std::string name = sentence(prefix_, scope_.nodes[ref.node].name);
  if (ref.output != 0) name = sentence(name, ":", ref.output);
  *value = graph_.add_value(std::move(name), {DType::kFloat32, Shape::unknown()});
  set(ref, *value);
  return {};
}

ScopeReader::ScopeReader(Reading& reading, const NodeScope& scope, Graph& graph, std::string prefix,
                         int depth)
    : reading_(reading),
      scope_(scope),
      graph_(graph),
      prefix_(std::move(prefix)),
      depth_(depth),
      outputs_(reading, scope, graph, prefix_),
      alive_(scope.nodes.size()),
      v1_(scope) {
  constexpr size_t kNodesPerTensor = 16;  // as to the time that a scope takes
  reading.tensors += scope.nodes.size() / kNodesPerTensor;
}

std::string_view input_of(const ListedNode& node, size_t wanted) {
  Cursor inputs = node.inputs;
  std::string_view input;
  for (uint32_t i = 0; i < node.input_count && i <= wanted; ++i) input = inputs.text();
  return wanted < node.input_count ? input : std::string_view();
}

Status trace(const NodeScope& scope, std::string_view tensor, const Outputs* given, Ref* ref) {
  for (size_t steps = 0; steps <= scope.nodes.size(); ++steps) {
    std::string_view name = tensor;
    std::string_view output;
    ref->output = split_output(&name, &output);
    ref->node = scope.find(name);
    WXNN_CHECK(ref->node != kAbsent && ref->output >= 0, "there is no tensor \"", tensor, "\"");
    const ListedNode& from = scope.nodes[ref->node];
    if (kBuildParts.flow) {  // only functions name outputs so
      for (const OutputName& row : kOutputNames) {
        if (row.op == from.op && row.name == output) ref->output += row.first;
      }
    }
    if (!is_alias(from.op) || (given != nullptr && given->find(*ref) != kAbsent)) return {};
    tensor = input_of(from, static_cast<size_t>(ref->output));
    WXNN_CHECK(!tensor.empty() && !is_control(tensor), place(from), ": lacks its input");
  }
  return fail("tensor \"", tensor, "\" depends on itself");
}

Status ScopeReader::value_of(std::string_view tensor, int* value) {
  Ref ref;
  WXNN_TRY(resolve(tensor, &ref));
  const ListedNode& from = scope_.nodes[ref.node];
  if (outputs_.any(ref.node) || !is_const(from.op)) return outputs_.value(ref, value);
  Status status = read_constant(ref.node, value);
  if (status.ok()) return status;
  return status.at(place(from));
}

Status ScopeReader::read(const std::vector<std::string_view>& tensors) {
  WXNN_TRY(mark_alive(tensors));
  WXNN_TRY(check_available());
  for (size_t i = 0; i < alive_.size(); ++i) {
    if (alive_[i] == 0) continue;
    Status status = read_node(static_cast<int>(i));
    if (!status.ok()) return status.at(place(scope_.nodes[i]));
  }
  return {};
}

// The weight of the node's name, or the tensor that it carries itself.
bool ScopeReader::tensor_of(const ListedNode& from, ListedTensor* tensor) const {
  if (from.weight != kAbsent) {
    *tensor = reading_.list.weights[from.weight];
    return true;
  }
  Cursor at = from.attrs;
  for (uint32_t i = 0; i < from.attr_count; ++i) {
    TfAttr attr = read_attr(&at);
    if (attr.kind != TfAttrKind::kTensor) continue;
    tensor->type = tensor->stored = attr.value.u32();
    tensor->shape = attr.value.shape();
    tensor->where = attr.value.u32();
    tensor->size = attr.value.u32();
    return true;
  }
  return false;
}

Status ScopeReader::read_constant(int i, int* value) {
  ListedTensor tensor;
  WXNN_CHECK(tensor_of(scope_.nodes[i], &tensor), "has no weight of this name");
  const TfType* type = find_tf_type(tensor.type);
  const TfType* stored = find_tf_type(tensor.stored);
  // Plain bytes are taken as what is computed: they must be that.
  const bool known = type != nullptr && stored != nullptr &&
                     (stored->encoding != Encoding::kPlain || stored->dtype == type->dtype);
  WXNN_CHECK(known, "has TensorFlow's type ", tensor.type, " stored as ", tensor.stored,
             ", which is not supported");
  const bool inside = tensor.where <= reading_.list.blob.size() &&
                      tensor.size <= reading_.list.blob.size() - tensor.where;
  WXNN_CHECK(inside, "has its data outside the file");
  auto constant = std::make_unique<Constant>();
  constant->encoding = stored->encoding;
  constant->bytes = reading_.list.blob.subspan(tensor.where, tensor.size);
  if (tensor.scale != 0) {
    constant->quantization.scale.push_back(static_cast<float>(tensor.scale));
    constant->quantization.min = static_cast<float>(tensor.min);
  }
  const TensorType as_computed = {type->dtype, tensor.shape};
  WXNN_TRY(check(*constant, as_computed));
  WXNN_TRY(outputs_.value({i, 0}, value));
  graph_.values[*value].type = as_computed;
  graph_.values[*value].constant = std::move(constant);
  return {};
}

Status ScopeReader::read_input(const Endpoint& e) {
  const std::string_view name = e.tensor.substr(0, e.tensor.find(':'));
  Ref ref{scope_.find(name), 0};
  if (ref.node == kAbsent || !is_placeholder(scope_.nodes[ref.node].op)) {
    WXNN_TRY(resolve(e.tensor, &ref));
  }
  const ListedNode& from = scope_.nodes[ref.node];
  WXNN_CHECK(is_placeholder(from.op), "input \"", e.name, "\" is the ", place(from),
             ", which is no Placeholder");
  return add_input(ref.node, e);
}

Status ScopeReader::add_input(int placeholder, const Endpoint& e) {
  const TfType* type = find_tf_type(e.type);
  WXNN_CHECK(type != nullptr, "input \"", e.name, "\" has TensorFlow's type ", e.type,
             ", which is not supported");
  WXNN_CHECK(depth_ == 0, "is an input of the graph, which cannot be read here");
  int value = kAbsent;
  WXNN_TRY(outputs_.value({placeholder, 0}, &value));
  graph_.values[value].name = e.name;
  graph_.values[value].type = {type->dtype, e.shape};
  graph_.inputs.push_back(value);
  return {};
}

// Without recursion: a file may be one long chain.
Status ScopeReader::mark_alive(const std::vector<std::string_view>& tensors) {
  std::vector<int> open;
  for (std::string_view tensor : tensors) WXNN_TRY(visit(tensor, &open));
  while (!open.empty()) {
    const ListedNode& from = scope_.nodes[open.back()];
    open.pop_back();
    std::vector<std::string_view> inputs;
    WXNN_TRY(v1_.dependencies(static_cast<int>(&from - scope_.nodes.data()), &inputs));
    for (std::string_view input : inputs) {
      Status status = visit(input, &open);
      if (!status.ok()) return status.at(place(from));
    }
  }
  return {};
}

Status ScopeReader::visit(std::string_view tensor, std::vector<int>* open) {
  Ref ref;
  WXNN_TRY(resolve(tensor, &ref));
  if (outputs_.find(ref) != kAbsent) return {};  // given
  if (alive_[ref.node] == 0) open->push_back(ref.node);
  alive_[ref.node] = 1;
  return {};
}

Status ScopeReader::check_available() const {
  std::vector<MissingOp> missing;
  for (size_t i = 0; i < alive_.size(); ++i) {
    const ListedNode& n = scope_.nodes[i];
    if (alive_[i] == 0 || is_const(n.op) || is_placeholder(n.op)) continue;
    const TfRow* row = find_tf_row(n.op);
    if (row != nullptr && available(row->recipe)) continue;
    missing.push_back({std::string(n.op), sentence(prefix_, n.name)});
  }
  return refuse_missing(std::move(missing));
}

Status ScopeReader::read_node(int i) {
  const ListedNode& n = scope_.nodes[i];
  if (is_const(n.op)) return {};
  return is_placeholder(n.op) ? read_placeholder(i) : build_node(i);
}

// One that the list of inputs leaves out is an input all the same.
Status ScopeReader::read_placeholder(int i) {
  int value = kAbsent;
  WXNN_TRY(outputs_.value({i, 0}, &value));
  if (std::ranges::find(graph_.inputs, value) != graph_.inputs.end()) return {};
  const ListedNode& n = scope_.nodes[i];
  Endpoint e{.name = n.name, .tensor = n.name, .type = 0, .shape = Shape::unknown()};
  Cursor at = n.attrs;
  for (uint32_t k = 0; k < n.attr_count; ++k) {
    TfAttr attr = read_attr(&at);
    if (attr.kind == TfAttrKind::kTypes && attr.value.count() == 1) e.type = attr.value.u32();
    if (attr.kind == TfAttrKind::kShape) e.shape = attr.value.shape();
  }
  return add_input(i, e);
}

Status ScopeReader::build_node(int i) {
  const ListedNode& n = scope_.nodes[i];
  if (kBuildParts.flow && n.op == "Exit") return build_loop(i);
  if (kBuildParts.flow && n.op == "Merge") return build_choice(i);
  ListNode source(*this, outputs_, graph_, n, i, sentence(prefix_, n.name));
  Cursor inputs = n.inputs;
  for (uint32_t k = 0; k < n.input_count; ++k) {
    const std::string_view input = inputs.text();
    if (is_control(input)) continue;
    source.inputs.push_back(kAbsent);
    WXNN_TRY(value_of(input, &source.inputs.back()));
  }
  WXNN_TRY(cook(source, find_tf_row(n.op)->recipe));
  return source.check_all_known();
}

// Tables are filled once, before the first run: by a node that no output depends on.
Status ScopeReader::table_of(int node, int* keys, int* values) {
  Ref table;
  WXNN_TRY(trace(scope_, input_of(scope_.nodes[node], 0), nullptr, &table));
  for (const ListedNode& n : scope_.nodes) {
    if (!n.op.starts_with("LookupTableImport") && !n.op.starts_with("InitializeTable")) continue;
    Ref filled;
    WXNN_TRY(trace(scope_, input_of(n, 0), nullptr, &filled));
    if (!(filled == table)) continue;
    WXNN_TRY(value_of(input_of(n, 1), keys));
    WXNN_TRY(value_of(input_of(n, 2), values));
    const bool constant = graph_.values[*keys].constant && graph_.values[*values].constant;
    WXNN_CHECK(constant, "its table is filled by ", place(n), " with what is not constant");
    return {};
  }
  return fail("its table \"", scope_.nodes[table.node].name, "\" is never filled");
}

Status ScopeReader::values_of(const std::vector<std::string_view>& tensors,
                              std::vector<int>* values) {
  for (std::string_view tensor : tensors) {
    values->push_back(kAbsent);
    WXNN_TRY(value_of(tensor, &values->back()));
  }
  return {};
}

// A part of this scope as a graph of its own, from the tensors that it is given, of which the last
// so many are results too.
Status ScopeReader::read_part(const std::vector<Ref>& given,
                              const std::vector<std::string_view>& results, size_t handed_back,
                              std::vector<std::unique_ptr<Graph>>* bodies) {
  WXNN_CHECK(depth_ < kMostCalls, "is more than ", kMostCalls, " loops or conditions deep");
  bodies->push_back(std::make_unique<Graph>());
  Graph& graph = *bodies->back();
  ScopeReader reader(reading_, scope_, graph, prefix_, depth_ + 1);
  for (Ref ref : given) {
    const int value = graph.add_value(std::string(scope_.nodes[ref.node].name),
                                      {DType::kFloat32, Shape::unknown()});
    graph.inputs.push_back(value);
    reader.give(ref, value);
  }
  WXNN_TRY(reader.read(results));
  WXNN_TRY(reader.values_of(results, &graph.outputs));
  graph.outputs.insert(graph.outputs.end(),
                       graph.inputs.end() - static_cast<ptrdiff_t>(handed_back),
                       graph.inputs.end());
  return {};
}

// All Exit nodes of a loop are outputs of one While.
Status ScopeReader::build_loop(int exit) {
  TfLoop* loop = nullptr;
  WXNN_TRY(v1_.loop_at(exit, &loop));
  if (std::exchange(loop->built, true)) return {};
  Cooked cooked;
  WXNN_TRY(need_op("While", &cooked.op));
  std::vector<std::string_view> starts, results;
  std::vector<Ref> merges, switches;
  for (size_t k = 0; k < loop->enters.size(); ++k) {
    starts.push_back(input_of(scope_.nodes[loop->enters[k]], 0));
    results.push_back(input_of(scope_.nodes[loop->nexts[k]], 0));
    merges.push_back({loop->merges[k], 0});
    switches.push_back({loop->switches[k], 1});
  }
  for (int enter : loop->constants) {
    starts.push_back(input_of(scope_.nodes[enter], 0));
    merges.push_back({enter, 0});
    switches.push_back({enter, 0});
  }
  std::vector<int> inputs, outputs;
  WXNN_TRY(values_of(starts, &inputs));
  std::string name = sentence(prefix_, scope_.nodes[exit].name);
  for (int e : loop->exits) {
    outputs.push_back(kAbsent);
    if (e != kAbsent) {
      WXNN_TRY(outputs_.value({e, 0}, &outputs.back()));
    } else {
      outputs.back() = graph_.add_value(name, {DType::kFloat32, Shape::unknown()});
    }
  }
  std::vector<std::unique_ptr<Graph>> bodies;
  WXNN_TRY(read_part(merges, {loop->condition}, 0, &bodies));
  WXNN_TRY(read_part(switches, results, loop->constants.size(), &bodies));
  graph_.nodes.push_back({cooked.op, std::move(name), Attrs(cooked.op->attrs), std::move(inputs),
                          std::move(outputs), std::move(bodies)});
  return {};
}

Status ScopeReader::build_choice(int merge) {
  TfChoice* choice = nullptr;
  WXNN_TRY(v1_.choice_at(merge, &choice));
  const Op* op = nullptr;
  WXNN_TRY(need_op("If", &op));
  std::vector<std::string_view> arguments = {choice->condition};
  for (int s : choice->switches) arguments.push_back(input_of(scope_.nodes[s], 0));
  std::vector<int> inputs, outputs(1);
  WXNN_TRY(values_of(arguments, &inputs));
  WXNN_TRY(outputs_.value({merge, 0}, &outputs[0]));
  std::vector<std::unique_ptr<Graph>> bodies;
  for (int side : {1, 0}) {
    std::vector<Ref> given;
    for (int s : choice->switches) given.push_back({s, side});
    WXNN_TRY(read_part(given, {choice->results[side]}, 0, &bodies));
  }
  graph_.nodes.push_back({op, sentence(prefix_, scope_.nodes[merge].name), Attrs(op->attrs),
                          std::move(inputs), std::move(outputs), std::move(bodies)});
  return {};
}

Status ScopeReader::find_function(std::string_view name, const NodeScope** function) const {
  *function = reading_.list.function(name);
  WXNN_CHECK(*function != nullptr, "calls the function \"", name, "\", which is not there");
  WXNN_CHECK(depth_ < kMostCalls, "calls functions more than ", kMostCalls,
             " deep; recursion is not supported");
  return {};
}

Status ScopeReader::read_function(std::string_view name, std::unique_ptr<Graph>* graph) {
  const NodeScope* function = nullptr;
  WXNN_TRY(find_function(name, &function));
  *graph = std::make_unique<Graph>();
  ScopeReader reader(reading_, *function, **graph, prefix_, depth_ + 1);
  for (size_t i = 0; i < function->parameters; ++i) {
    const int value = (*graph)->add_value(std::string(function->nodes[i].name),
                                          {DType::kFloat32, Shape::unknown()});
    (*graph)->inputs.push_back(value);
    reader.give({static_cast<int>(i), 0}, value);
  }
  WXNN_TRY(reader.read(function->results));
  return reader.values_of(function->results, &(*graph)->outputs);
}

Status ScopeReader::call(std::string_view name, const std::string& by,
                         const std::vector<int>& arguments, std::vector<int>* results) {
  const NodeScope* function = nullptr;
  WXNN_TRY(find_function(name, &function));
  WXNN_CHECK(function->parameters == arguments.size(), "calls a function of ", function->parameters,
             " parameters with ", arguments.size(), " inputs");
  ScopeReader reader(reading_, *function, graph_, sentence(by, "/"), depth_ + 1);
  for (size_t i = 0; i < arguments.size(); ++i) {
    reader.give({static_cast<int>(i), 0}, arguments[i]);
  }
  WXNN_TRY(reader.read(function->results));
  return reader.values_of(function->results, results);
}

}  // namespace wxnn
