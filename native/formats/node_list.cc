#include "formats/node_list.h"

#include <algorithm>

#include "formats/node_list_file.h"
#include "formats/tf_rows.h"

namespace wxnn {

namespace {

// A node, and which of its outputs.
struct Ref {
  int node = 0;
  int output = 0;
};

bool is_control(std::string_view input) { return input.starts_with('^'); }
bool is_placeholder(std::string_view op) { return op == "Placeholder"; }
bool is_const(std::string_view op) { return op == "Const"; }

std::string place(const ListedNode& n) { return sentence("node \"", n.name, "\" (", n.op, ")"); }

// Splits "split:1" and returns 1; -1 for an output number that is none.
int split_output(std::string_view* tensor) {
  const size_t colon = tensor->rfind(':');
  if (colon == std::string_view::npos) return 0;
  const std::string_view digits = tensor->substr(colon + 1);
  constexpr size_t kMostDigits = 5;
  if (digits.empty() || digits.size() > kMostDigits) return -1;
  int number = 0;
  for (char c : digits) {
    if (c < '0' || c > '9') return -1;
    number = number * 10 + (c - '0');
  }
  *tensor = tensor->substr(0, colon);
  return number;
}

// The values that nodes write: those that somebody reads, or that were emitted.
class Outputs {
 public:
  Outputs(const NodeList& list, Graph& graph)
      : list_(list), graph_(graph), first_(list.nodes.size(), kAbsent) {}

  bool any(int node) const { return first_[node] != kAbsent; }
  // Made on first use.
  Status value(Ref ref, int* value) {
    for (int i = first_[ref.node]; i != kAbsent; i = entries_[i].next) {
      *value = entries_[i].value;
      if (entries_[i].output == ref.output) return {};
    }
    WXNN_CHECK(graph_.values.size() <= graph_.file.size(),
               "the graph has more tensors than its file has bytes");
    const std::string_view name = list_.nodes[ref.node].name;
    *value = graph_.add_value(ref.output == 0 ? std::string(name) : sentence(name, ":", ref.output),
                              {DType::kFloat32, Shape::unknown()});
    entries_.push_back({ref.output, *value, first_[ref.node]});
    first_[ref.node] = static_cast<int>(entries_.size()) - 1;
    return {};
  }

 private:
  struct Entry {
    int output, value;
    int next;  // of the same node
  };
  const NodeList& list_;
  Graph& graph_;
  std::vector<int> first_;  // of each node
  std::vector<Entry> entries_;
};

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
  ListNode(Outputs& outputs, Graph& graph, const ListedNode& listed, int index)
      : TfSource(graph, std::string(listed.name)),
        outputs_(outputs),
        listed_(listed),
        index_(index) {}

  Status read(std::string_view source, AttrValue* value) override {
    const size_t dot = source.find('.');
    const std::string_view name = source.substr(0, dot);
    const std::string_view filter = dot == std::string_view::npos ? "" : source.substr(dot + 1);
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
    }
    return {};
  }

  Outputs& outputs_;
  const ListedNode& listed_;
  int index_;
  std::vector<std::string_view> asked_;
};

class Reader {
 public:
  Reader(const NodeList& list, Graph* graph)
      : list_(list), graph_(*graph), outputs_(list, *graph), alive_(list.nodes.size()) {}

  Status run() {
    WXNN_CHECK(!list_.outputs.empty(), "the graph has no outputs");
    WXNN_TRY(read_inputs());
    WXNN_TRY(mark_alive());
    WXNN_TRY(check_available());
    for (size_t i = 0; i < alive_.size(); ++i) {
      if (alive_[i] == 0) continue;
      Status status = read_node(static_cast<int>(i));
      if (!status.ok()) return status.at(place(list_.nodes[i]));
    }
    for (const Endpoint& e : list_.outputs) {
      int value = kAbsent;
      WXNN_TRY(value_of(e.tensor, &value));
      WXNN_TRY(add_output(graph_, value, std::string(e.name)));
    }
    return sort(graph_);
  }

 private:
  // Follows Identity and its like: they need no node of ours.
  Status resolve(std::string_view tensor, Ref* ref) const {
    for (size_t steps = 0; steps <= list_.nodes.size(); ++steps) {
      std::string_view name = tensor;
      ref->output = split_output(&name);
      ref->node = list_.find(name);
      WXNN_CHECK(ref->node != kAbsent && ref->output >= 0, "there is no tensor \"", tensor, "\"");
      const ListedNode& from = list_.nodes[ref->node];
      if (!is_alias(from.op)) return {};
      Cursor inputs = from.inputs;
      tensor = {};
      const uint32_t wanted = static_cast<uint32_t>(ref->output);
      for (uint32_t i = 0; i < from.input_count && i <= wanted; ++i) tensor = inputs.text();
      const bool there = wanted < from.input_count && !is_control(tensor);
      WXNN_CHECK(there, place(from), ": lacks its input");
    }
    return fail("tensor \"", tensor, "\" depends on itself");
  }

  Status value_of(std::string_view tensor, int* value) {
    Ref ref;
    WXNN_TRY(resolve(tensor, &ref));
    const ListedNode& from = list_.nodes[ref.node];
    if (outputs_.any(ref.node) || !is_const(from.op)) return outputs_.value(ref, value);
    Status status = read_constant(ref.node, value);
    if (status.ok()) return status;
    return status.at(place(from));
  }

  // The weight of the node's name, or the tensor that it carries itself.
  bool tensor_of(const ListedNode& from, ListedTensor* tensor) const {
    if (from.weight != kAbsent) {
      *tensor = list_.weights[from.weight];
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

  Status read_constant(int i, int* value) {
    ListedTensor tensor;
    WXNN_CHECK(tensor_of(list_.nodes[i], &tensor), "has no weight of this name");
    const TfType* type = find_tf_type(tensor.type);
    const TfType* stored = find_tf_type(tensor.stored);
    // Plain bytes are taken as what is computed: they must be that.
    const bool known = type != nullptr && stored != nullptr &&
                       (stored->encoding != Encoding::kPlain || stored->dtype == type->dtype);
    WXNN_CHECK(known, "has TensorFlow's type ", tensor.type, " stored as ", tensor.stored,
               ", which is not supported");
    const bool inside =
        tensor.where <= list_.blob.size() && tensor.size <= list_.blob.size() - tensor.where;
    WXNN_CHECK(inside, "has its data outside the file");
    auto constant = std::make_unique<Constant>();
    constant->encoding = stored->encoding;
    constant->bytes = list_.blob.subspan(tensor.where, tensor.size);
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

  Status read_inputs() {
    for (const Endpoint& e : list_.inputs) {
      Ref ref;
      WXNN_TRY(resolve(e.tensor, &ref));
      const ListedNode& from = list_.nodes[ref.node];
      WXNN_CHECK(is_placeholder(from.op), "input \"", e.name, "\" is the ", place(from),
                 ", which is no Placeholder");
      WXNN_TRY(add_input(ref.node, e));
    }
    return {};
  }

  Status add_input(int placeholder, const Endpoint& e) {
    const TfType* type = find_tf_type(e.type);
    WXNN_CHECK(type != nullptr, "input \"", e.name, "\" has TensorFlow's type ", e.type,
               ", which is not supported");
    int value = kAbsent;
    WXNN_TRY(outputs_.value({placeholder, 0}, &value));
    graph_.values[value].name = e.name;
    graph_.values[value].type = {type->dtype, e.shape};
    graph_.inputs.push_back(value);
    return {};
  }

  // Marks the nodes that an output depends on; without recursion, a file may be one long chain.
  Status mark_alive() {
    std::vector<int> open;
    for (const Endpoint& e : list_.outputs) WXNN_TRY(visit(e.tensor, &open));
    while (!open.empty()) {
      const ListedNode& from = list_.nodes[open.back()];
      open.pop_back();
      Cursor inputs = from.inputs;
      for (uint32_t i = 0; i < from.input_count; ++i) {
        const std::string_view input = inputs.text();
        if (is_control(input)) continue;
        Status status = visit(input, &open);
        if (!status.ok()) return status.at(place(from));
      }
    }
    return {};
  }
  Status visit(std::string_view tensor, std::vector<int>* open) {
    Ref ref;
    WXNN_TRY(resolve(tensor, &ref));
    if (alive_[ref.node] == 0) open->push_back(ref.node);
    alive_[ref.node] = 1;
    return {};
  }

  Status check_available() const {
    std::vector<MissingOp> missing;
    for (size_t i = 0; i < alive_.size(); ++i) {
      const ListedNode& n = list_.nodes[i];
      if (alive_[i] == 0 || is_const(n.op) || is_placeholder(n.op)) continue;
      const TfRow* row = find_tf_row(n.op);
      if (row != nullptr && available(row->recipe)) continue;
      missing.push_back({std::string(n.op), std::string(n.name)});
    }
    return refuse_missing(std::move(missing));
  }

  Status read_node(int i) {
    const ListedNode& n = list_.nodes[i];
    if (is_const(n.op)) return {};
    return is_placeholder(n.op) ? read_placeholder(i) : build_node(i);
  }

  // One that the list of inputs leaves out is an input all the same.
  Status read_placeholder(int i) {
    int value = kAbsent;
    WXNN_TRY(outputs_.value({i, 0}, &value));
    if (std::ranges::find(graph_.inputs, value) != graph_.inputs.end()) return {};
    const ListedNode& n = list_.nodes[i];
    Endpoint e{.name = n.name, .tensor = n.name, .type = 0, .shape = Shape::unknown()};
    Cursor at = n.attrs;
    for (uint32_t k = 0; k < n.attr_count; ++k) {
      TfAttr attr = read_attr(&at);
      if (attr.kind == TfAttrKind::kTypes && attr.value.count() == 1) e.type = attr.value.u32();
      if (attr.kind == TfAttrKind::kShape) e.shape = attr.value.shape();
    }
    return add_input(i, e);
  }

  Status build_node(int i) {
    const ListedNode& n = list_.nodes[i];
    ListNode source(outputs_, graph_, n, i);
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

  const NodeList& list_;
  Graph& graph_;
  Outputs outputs_;
  std::vector<uint8_t> alive_;  // parallel to the nodes
};

}  // namespace

Status read_node_list(Buffer file, Graph* graph) {
  *graph = {};
  graph->file = std::move(file);
  NodeList list;
  WXNN_TRY(parse_node_list(graph->file, &list));
  return Reader(list, graph).run();
}

}  // namespace wxnn
