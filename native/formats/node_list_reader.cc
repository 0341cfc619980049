#include "formats/node_list_reader.h"

#include <algorithm>

#include "core/build_parts.h"
#include "formats/list_node.h"
#include "formats/tf_rows.h"

namespace wxnn {

namespace {

bool is_const(std::string_view op) { return op == "Const"; }
// PlaceholderWithDefault is its default where it is not among the graph's inputs.
bool is_placeholder(std::string_view op) {
  constexpr std::string_view kBegin = "Placeholder";
  return op.substr(0, kBegin.size()) == kBegin;
}

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
  std::string_view digits = *tensor;
  digits.remove_prefix(colon + 1);
  tensor->remove_suffix(tensor->size() - colon);
  const size_t second = digits.find(':');
  if (second != std::string_view::npos) {
    *name = digits.substr(0, second);
    digits.remove_prefix(second + 1);
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

}  // namespace

String place(const ListedNode& n) { return sentence<"node \"{}\" ({})">(n.name, n.op); }

int Outputs::find(Ref ref) const {
  for (int i = first_[ref.node]; i != kAbsent; i = next_[i]) {
    if (output_[i] == ref.output) return value_[i];
  }
  return kAbsent;
}

void Outputs::set(Ref ref, int value) {
  output_.push_back(ref.output);
  value_.push_back(value);
  next_.push_back(first_[ref.node]);
  first_[ref.node] = static_cast<int>(next_.size()) - 1;
}

Status Outputs::value(Ref ref, int* value) {
  *value = find(ref);
  if (*value != kAbsent) return {};
  WXNN_CHECK(++reading_.tensors <= reading_.file.bytes,
             "the graph has more tensors than its file has bytes");
  String name = sentence<"{}{}">(prefix_, scope_.nodes[ref.node].name);
  if (ref.output != 0) name = sentence<"{}:{}">(name, ref.output);
  *value = graph_.add_value(std::move(name), {DType::kFloat32, Shape::unknown()});
  set(ref, *value);
  return {};
}

ScopeReader::ScopeReader(Reading& reading, const NodeScope& scope, Graph& graph, String prefix,
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
    WXNN_CHECK(ref->node != kAbsent && ref->output >= 0, "there is no tensor \"{}\"", tensor);
    const ListedNode& from = scope.nodes[ref->node];
    if (kBuildParts.flow) {  // only functions name outputs so
      for (const OutputName& row : kOutputNames) {
        if (row.op == from.op && row.name == output) ref->output += row.first;
      }
    }
    if (!is_alias(from.op) || (given != nullptr && given->find(*ref) != kAbsent)) return {};
    tensor = input_of(from, static_cast<size_t>(ref->output));
    WXNN_CHECK(!tensor.empty() && !is_control(tensor), "node \"{}\" ({}): lacks its input",
               from.name, from.op);
  }
  return fail<"tensor \"{}\" depends on itself">(tensor);
}

Status ScopeReader::value_of(std::string_view tensor, int* value) {
  Ref ref;
  WXNN_TRY(resolve(tensor, &ref));
  const ListedNode& from = scope_.nodes[ref.node];
  if (outputs_.any(ref.node) || !is_const(from.op)) return outputs_.value(ref, value);
  Status status = read_constant(ref.node, value);
  if (status.ok()) return status;
  return status.at<"node \"{}\" ({})">(from.name, from.op);
}

Status ScopeReader::read(const Vector<std::string_view>& tensors) {
  WXNN_TRY(mark_alive(tensors));
  WXNN_TRY(check_available());
  for (size_t i = 0; i < alive_.size(); ++i) {
    if (alive_[i] == 0) continue;
    Status status = read_node(static_cast<int>(i));
    const ListedNode& n = scope_.nodes[i];
    if (!status.ok()) return status.at<"node \"{}\" ({})">(n.name, n.op);
  }
  return {};
}

// The weight of the node's name, or the tensor that it carries itself.
bool ScopeReader::tensor_of(const ListedNode& from, ListedTensor* tensor) const {
  if (from.weight.ok()) {
    Cursor weight = from.weight;
    *tensor = read_weight(&weight);
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
  WXNN_CHECK(known, "has TensorFlow's type {} stored as {}, which is not supported", tensor.type,
             tensor.stored);
  const size_t weights = reading_.list.weights_bytes;
  const bool inside = tensor.where <= weights && tensor.size <= weights - tensor.where;
  WXNN_CHECK(inside, "has its data outside the file");
  auto constant = std::make_unique<Constant>();
  constant->encoding = stored->encoding;
  reading_.file.lend(reading_.list.weights_at + tensor.where, tensor.size, constant.get());
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
  WXNN_CHECK(is_placeholder(from.op),
             "input \"{}\" is the node \"{}\" ({}), which is no Placeholder", e.name, from.name,
             from.op);
  return add_input(ref.node, e);
}

Status ScopeReader::add_input(int placeholder, const Endpoint& e) {
  const TfType* type = find_tf_type(e.type);
  constexpr int kText = 7;
  WXNN_CHECK(type != nullptr || e.type != kText,
             "input \"{}\" is text (TensorFlow's type 7), which is not supported: cut the graph "
             "where its numbers begin",
             e.name);
  WXNN_CHECK(type != nullptr, "input \"{}\" has TensorFlow's type {}, which is not supported",
             e.name, e.type);
  WXNN_CHECK(!kBuildParts.flow || depth_ == 0,
             "is an input of the graph, which cannot be read here");
  int value = kAbsent;
  WXNN_TRY(outputs_.value({placeholder, 0}, &value));
  graph_.values[value].name = e.name;
  graph_.values[value].type = {type->dtype, e.shape};
  graph_.inputs.push_back(value);
  return {};
}

// Without recursion: a file may be one long chain.
Status ScopeReader::mark_alive(const Vector<std::string_view>& tensors) {
  Vector<int> open;
  for (std::string_view tensor : tensors) WXNN_TRY(visit(tensor, &open));
  while (!open.empty()) {
    const ListedNode& from = scope_.nodes[open.back()];
    open.pop_back();
    Vector<std::string_view> inputs;
    WXNN_TRY(v1_.dependencies(static_cast<int>(&from - scope_.nodes.data()), &inputs));
    for (std::string_view input : inputs) {
      Status status = visit(input, &open);
      if (!status.ok()) return status.at<"node \"{}\" ({})">(from.name, from.op);
    }
  }
  return {};
}

Status ScopeReader::visit(std::string_view tensor, Vector<int>* open) {
  Ref ref;
  WXNN_TRY(resolve(tensor, &ref));
  if (outputs_.find(ref) != kAbsent) return {};  // given
  if (alive_[ref.node] == 0) open->push_back(ref.node);
  alive_[ref.node] = 1;
  return {};
}

Status ScopeReader::check_available() const {
  MissingOps missing;
  for (size_t i = 0; i < alive_.size(); ++i) {
    const ListedNode& n = scope_.nodes[i];
    if (alive_[i] == 0 || is_const(n.op) || is_placeholder(n.op)) continue;
    const TfRow* row = find_tf_row(n.op);
    if (row == nullptr || !available(row->recipe)) missing.add(n.op, n.name);
  }
  return missing.refuse();
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
  ListNode source(*this, outputs_, graph_, n, i, sentence<"{}{}">(prefix_, n.name));
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
    WXNN_CHECK(constant, "its table is filled by {} with what is not constant", place(n));
    return {};
  }
  return fail<"its table \"{}\" is never filled">(scope_.nodes[table.node].name);
}

Status ScopeReader::values_of(const Vector<std::string_view>& tensors, Vector<int>* values) {
  for (std::string_view tensor : tensors) {
    values->push_back(kAbsent);
    WXNN_TRY(value_of(tensor, &values->back()));
  }
  return {};
}

}  // namespace wxnn
