#include "formats/node_list.h"

#include <algorithm>

#include "formats/node_list_file.h"
#include "formats/tf_rows.h"

namespace wxnn {

namespace {

// "conv" or "split:1": a node, and which of its outputs.
struct Ref {
  int node = 0;
  int output = 0;
};

// Names in order, for searching.
class NameIndex {
 public:
  template <class Items>
  explicit NameIndex(const Items& items) {
    for (size_t i = 0; i < items.size(); ++i) {
      entries_.push_back({items[i].name, static_cast<int>(i)});
    }
    std::ranges::sort(entries_, {}, &Entry::name);
  }
  // The name that two items have, or empty.
  std::string_view duplicate() const {
    const auto at = std::ranges::adjacent_find(entries_, {}, &Entry::name);
    return at == entries_.end() ? std::string_view() : at->name;
  }
  int find(std::string_view name) const {
    const auto at = std::ranges::lower_bound(entries_, name, {}, &Entry::name);
    return at != entries_.end() && at->name == name ? at->index : kAbsent;
  }

 private:
  struct Entry {
    std::string_view name;
    int index;
  };
  std::vector<Entry> entries_;
};

bool is_control(std::string_view input) { return input.starts_with('^'); }
bool is_placeholder(std::string_view op) { return op == "Placeholder"; }

// Splits off ":1"; -1 for an output number that is none.
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

class Reader;

// A node of the list while it becomes nodes of ours.
class ListNode final : public TfSource {
 public:
  ListNode(Reader& reader, Graph& graph, const ListedNode& listed, int index)
      : TfSource(graph, std::string(listed.name)), reader_(reader), listed_(listed), index_(index),
        seen_(listed.attrs.size()) {}

  Status read(std::string_view source, AttrValue* value) override;
  Status output(size_t i, int* value) override;
  const std::vector<std::string_view>& texts(std::string_view name) override {
    static const std::vector<std::string_view> kNone;
    const TfAttr* attr = find(name);
    return attr != nullptr ? attr->texts : kNone;
  }

  Status check_all_seen() const {
    for (size_t i = 0; i < seen_.size(); ++i) {
      const std::string_view name = listed_.attrs[i].name;
      WXNN_CHECK(seen_[i] || is_hint(name), "has the attribute \"", name, "\", which is not known");
    }
    return {};
  }

 private:
  const TfAttr* find(std::string_view name) {
    for (size_t i = 0; i < listed_.attrs.size(); ++i) {
      if (listed_.attrs[i].name != name) continue;
      seen_[i] = true;
      return &listed_.attrs[i];
    }
    return nullptr;
  }

  Reader& reader_;
  const ListedNode& listed_;
  int index_;
  std::vector<bool> seen_;
};

class Reader {
 public:
  Reader(const NodeList& list, Graph* graph)
      : list_(list), graph_(*graph), nodes_(list.nodes), weights_(list.weights),
        outputs_(list.nodes.size()) {}

  Status run() {
    WXNN_CHECK(nodes_.duplicate().empty(), "two nodes are called \"", nodes_.duplicate(), "\"");
    WXNN_CHECK(!list_.outputs.empty(), "the graph has no outputs");
    WXNN_TRY(read_inputs());
    std::vector<bool> alive(list_.nodes.size());
    WXNN_TRY(mark_alive(&alive));
    WXNN_TRY(check_available(alive));
    for (size_t i = 0; i < alive.size(); ++i) {
      if (alive[i]) WXNN_TRY(read_node(static_cast<int>(i)));
    }
    for (const Endpoint& e : list_.outputs) {
      int value = kAbsent;
      WXNN_TRY(value_of(e.tensor, &value));
      WXNN_TRY(add_output(graph_, value, std::string(e.name)));
    }
    return sort(graph_);
  }

  // The value that output `output` of a node writes; made on first use.
  Status output_value(int node, int output, int* value) {
    for (const auto& [index, known] : outputs_[node]) {
      if (index == output) {
        *value = known;
        return {};
      }
    }
    const std::string_view name = list_.nodes[node].name;
    WXNN_CHECK(graph_.values.size() <= graph_.file.size(),
               "the graph has more tensors than its file has bytes");
    *value = graph_.add_value(output == 0 ? std::string(name) : sentence(name, ":", output),
                              {DType::kFloat32, Shape::unknown()});
    outputs_[node].push_back({output, *value});
    return {};
  }

 private:
  const ListedNode& node(int i) const { return list_.nodes[i]; }

  // Follows Identity and its like: they need no node of ours.
  Status resolve(std::string_view tensor, Ref* ref) const {
    for (size_t steps = 0; steps <= list_.nodes.size(); ++steps) {
      std::string_view name = tensor;
      ref->output = split_output(&name);
      ref->node = nodes_.find(name);
      WXNN_CHECK(ref->node != kAbsent && ref->output >= 0, "there is no tensor \"", tensor, "\"");
      const ListedNode& from = node(ref->node);
      if (!is_alias(from.op)) return {};
      const size_t i = static_cast<size_t>(ref->output);
      const bool has_input = i < from.inputs.size() && !is_control(from.inputs[i]);
      WXNN_CHECK(has_input, "node \"", from.name, "\" (", from.op, "): lacks its input");
      tensor = from.inputs[i];
    }
    return fail("node \"", node(ref->node).name, "\" (", node(ref->node).op,
                "): depends on itself");
  }

  Status value_of(std::string_view tensor, int* value) {
    Ref ref;
    WXNN_TRY(resolve(tensor, &ref));
    const ListedNode& from = node(ref.node);
    if (!outputs_[ref.node].empty() || from.op != "Const") {
      return output_value(ref.node, ref.output, value);
    }
    Status status = read_constant(ref.node, value);
    if (status.ok()) return status;
    return std::move(status).at(sentence("node \"", from.name, "\" (Const)"));
  }

  Status read_constant(int i, int* value) {
    const ListedNode& from = node(i);
    const auto attr = std::ranges::find(from.attrs, TfAttrKind::kTensor, &TfAttr::kind);
    const int weight = weights_.find(from.name);
    WXNN_CHECK(weight != kAbsent || attr != from.attrs.end(), "has no weight of this name");
    const ListedTensor& tensor = weight != kAbsent ? list_.weights[weight] : attr->tensor;
    const TfType* type = find_tf_type(tensor.type);
    const TfType* stored = find_tf_type(tensor.stored);
    WXNN_CHECK(type != nullptr && stored != nullptr, "has TensorFlow's type ", tensor.type,
               " stored as ", tensor.stored, ", which is not supported");
    auto constant = std::make_unique<Constant>();
    constant->encoding = stored->encoding;
    constant->bytes = tensor.bytes;
    if (tensor.scale != 0) {
      constant->quantization.scale.push_back(static_cast<float>(tensor.scale));
      constant->quantization.min = static_cast<float>(tensor.min);
    }
    const TensorType as_computed = {type->dtype, tensor.shape};
    // Plain bytes are taken as what is computed: they must be that.
    const bool plain = stored->encoding == Encoding::kPlain;
    WXNN_CHECK(!plain || stored->dtype == type->dtype, "has TensorFlow's type ", tensor.type,
               " stored as ", tensor.stored);
    WXNN_TRY(check(*constant, as_computed));
    WXNN_TRY(output_value(i, 0, value));
    graph_.values[*value].type = as_computed;
    graph_.values[*value].constant = std::move(constant);
    return {};
  }

  Status read_inputs() {
    for (const Endpoint& e : list_.inputs) {
      Ref ref;
      WXNN_TRY(resolve(e.tensor, &ref));
      WXNN_CHECK(is_placeholder(node(ref.node).op), "input \"", e.name, "\" is the node \"",
                 node(ref.node).name, "\" (", node(ref.node).op, "), which is no Placeholder");
      WXNN_TRY(add_input(ref.node, e));
    }
    return {};
  }

  Status add_input(int placeholder, const Endpoint& e) {
    const TfType* type = find_tf_type(e.type);
    WXNN_CHECK(type != nullptr, "input \"", e.name, "\" has TensorFlow's type ", e.type,
               ", which is not supported");
    int value = kAbsent;
    WXNN_TRY(output_value(placeholder, 0, &value));
    graph_.values[value].name = e.name;
    graph_.values[value].type = {type->dtype, e.shape};
    graph_.inputs.push_back(value);
    return {};
  }

  // Marks the nodes that an output depends on; without recursion, a file may be one long chain.
  Status mark_alive(std::vector<bool>* alive) {
    std::vector<int> open;
    auto visit = [&](std::string_view tensor) -> Status {
      Ref ref;
      WXNN_TRY(resolve(tensor, &ref));
      if (!(*alive)[ref.node]) open.push_back(ref.node);
      (*alive)[ref.node] = true;
      return {};
    };
    for (const Endpoint& e : list_.outputs) WXNN_TRY(visit(e.tensor));
    while (!open.empty()) {
      const ListedNode& from = node(open.back());
      open.pop_back();
      for (std::string_view input : from.inputs) {
        if (is_control(input)) continue;
        Status status = visit(input);
        if (!status.ok()) return std::move(status).at(place(from));
      }
    }
    return {};
  }

  static std::string place(const ListedNode& n) {
    return sentence("node \"", n.name, "\" (", n.op, ")");
  }

  static bool needs_row(std::string_view op) { return op != "Const" && !is_placeholder(op); }

  Status check_available(const std::vector<bool>& alive) {
    std::vector<MissingOp> missing;
    for (size_t i = 0; i < alive.size(); ++i) {
      const ListedNode& n = node(static_cast<int>(i));
      if (!alive[i] || !needs_row(n.op)) continue;
      const TfRow* row = find_tf_row(n.op);
      if (row == nullptr || !available(row->recipe)) {
        missing.push_back({std::string(n.op), std::string(n.name)});
      }
    }
    return refuse_missing(std::move(missing));
  }

  Status read_node(int i) {
    const ListedNode& n = node(i);
    Status status = n.op == "Const"          ? Status()
                    : is_placeholder(n.op) ? read_placeholder(i)
                                           : build_node(i);
    return status.ok() ? Status() : std::move(status).at(place(n));
  }

  // One that the list of inputs leaves out is an input all the same.
  Status read_placeholder(int i) {
    if (!outputs_[i].empty() && listed_as_input(outputs_[i][0].second)) return {};
    Endpoint e{.name = node(i).name, .tensor = node(i).name, .type = 0, .shape = Shape::unknown()};
    for (const TfAttr& attr : node(i).attrs) {
      if (attr.name == "dtype" && attr.numbers.size() == 1) {
        e.type = static_cast<uint32_t>(attr.numbers[0]);
      }
      if (attr.name == "shape" && attr.kind == TfAttrKind::kShape) e.shape = attr.tensor.shape;
    }
    return add_input(i, e);
  }
  bool listed_as_input(int value) const {
    return std::ranges::find(graph_.inputs, value) != graph_.inputs.end();
  }

  Status build_node(int i) {
    ListNode source(*this, graph_, node(i), i);
    for (std::string_view input : node(i).inputs) {
      if (is_control(input)) continue;
      source.inputs.push_back(kAbsent);
      WXNN_TRY(value_of(input, &source.inputs.back()));
    }
    WXNN_TRY(cook(source, find_tf_row(node(i).op)->recipe));
    return source.check_all_seen();
  }

  const NodeList& list_;
  Graph& graph_;
  NameIndex nodes_, weights_;
  // Of each node, the outputs that somebody reads or that were emitted, with their values.
  std::vector<std::vector<std::pair<int, int>>> outputs_;
};

Status take_height_and_width(std::string_view name, AttrValue* value) {
  std::vector<double>& n = value->numbers;
  if (n.empty()) return {};
  const bool plain = n.size() == 4 && n[0] == 1 && n[3] == 1;
  WXNN_CHECK(plain, name, " should be 1 for batch and channels");
  n = {n[1], n[2]};
  return {};
}

void to_lower(std::string* text) {
  for (char& c : *text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
}

Status ListNode::read(std::string_view source, AttrValue* value) {
  const size_t dot = source.find('.');
  const std::string_view name = source.substr(0, dot);
  const std::string_view filter = dot == std::string_view::npos ? "" : source.substr(dot + 1);
  const TfAttr* attr = find(name);
  if (attr == nullptr) return {};
  if (attr->kind == TfAttrKind::kNumbers) {
    value->numbers = attr->numbers;
  } else if (attr->kind == TfAttrKind::kText) {
    value->text = attr->texts[0];
  } else if (attr->kind == TfAttrKind::kTypes && attr->numbers.size() == 1) {
    const TfType* type = find_tf_type(static_cast<uint32_t>(attr->numbers[0]));
    WXNN_CHECK(type != nullptr, name, " is TensorFlow's type ",
               static_cast<int64_t>(attr->numbers[0]), ", which is not supported");
    value->text = name_of(type->dtype);
  }
  if (filter == "hw") return take_height_and_width(name, value);
  if (filter == "lower" || filter == "pad") to_lower(&value->text);
  if (filter == "pad" && value->text == "explicit") {
    value->text.clear();
    return read("explicit_paddings", value);
  }
  return {};
}

Status ListNode::output(size_t i, int* value) {
  return reader_.output_value(index_, static_cast<int>(i), value);
}

}  // namespace

Status read_node_list(Buffer file, Graph* graph) {
  *graph = {};
  graph->file = std::move(file);
  NodeList list;
  WXNN_TRY(parse_node_list(graph->file, &list));
  return Reader(list, graph).run();
}

}  // namespace wxnn
