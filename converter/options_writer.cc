#include "converter/options_writer.h"

#include <algorithm>

#include "core/whole.h"
#include "formats/tflite_verify.h"

namespace wxnn {

namespace {

struct Term {
  std::string_view target, source;
};

std::vector<Term> parse(std::string_view terms) {
  std::vector<Term> parsed;
  while (!terms.empty()) {
    const size_t end = std::min(terms.find(' '), terms.size());
    const std::string_view term = terms.substr(0, end);
    terms.remove_prefix(std::min(end + 1, terms.size()));
    const size_t equals = term.find('=');
    if (term[0] == '^') {
      parsed.push_back({"^", term.substr(1)});
    } else {
      parsed.push_back({term.substr(0, equals), term.substr(equals + 1)});
    }
  }
  return parsed;
}

// Targets that are no attributes but follow from the node.
struct Computed {
  std::string_view name;
  double (*value)(const Graph&, const Node&);
};
constexpr Computed kComputed[] = {
    {"count", [](const Graph&, const Node& n) { return static_cast<double>(n.inputs.size()); }},
    {"outputs", [](const Graph&, const Node& n) { return static_cast<double>(n.outputs.size()); }},
    {"multiplier",
     [](const Graph& g, const Node& n) {
       const Shape& x = g.values[n.inputs[0]].type.shape;
       if (x.is_unknown()) return 1.0;  // lower_conv.cc sees to it
       const int32_t in = x[-1];
       return static_cast<double>(g.values[n.inputs[1]].type.shape[-1]) / std::max(in, 1);
     }},
    {"keepRank",
     [](const Graph& g, const Node& n) {
       return g.values[n.inputs[0]].type.shape.rank() != 2 ? 1.0 : 0.0;
     }},
    {"1", [](const Graph&, const Node&) { return 1.0; }},
};

double number_of(const Graph& graph, const Node& node, std::string_view target, int k) {
  const auto* row = std::ranges::find(kComputed, target, &Computed::name);
  return row != std::end(kComputed) ? row->value(graph, node) : node.attrs.f(target, k);
}

template <class T>
void append(std::string* bytes, double number) {
  T value;
  if constexpr (std::is_floating_point_v<T>)
    value = static_cast<T>(number);
  else
    value = whole<T>(number);
  bytes->append(reinterpret_cast<const char*>(&value), sizeof value);
}

// "<1", "<1x2", "<1.", "<2#"
PlacedInput numbers_input(const Graph& graph, const Node& node, const Term& term,
                          std::span<const double> numbers) {
  PlacedInput input{.is_numbers = true, .name = term.target};
  const char form = term.source.size() > 2 ? term.source[2] : ' ';
  const int32_t count = static_cast<int32_t>(numbers.size());
  if (form == 'x') {
    input.shape = {count / 2, 2};
  } else if (form == ' ') {
    input.shape = {count};
  }
  if (form == '#') {
    input.dtype = graph.values[node.outputs[0]].type.dtype;
  }
  for (const double number : numbers) {
    if (input.dtype == DType::kFloat32) {
      append<float>(&input.bytes, number);
    } else if (input.dtype == DType::kInt32) {
      append<int32_t>(&input.bytes, number);
    } else {
      append<uint8_t>(&input.bytes, number);
    }
  }
  return input;
}

// RESHAPE to the shape that x has; the batch follows from the rest.
std::vector<double> same_shape(const Graph& graph, const Node& node) {
  const Shape& shape = graph.values[node.inputs[0]].type.shape;
  std::vector<double> numbers(shape.dims().begin(), shape.dims().end());
  if (!numbers.empty() && shape.elements() != 0) numbers[0] = -1;
  return numbers;
}

// Attributes that an empty list may mean something in.
std::vector<double> numbers_of(const Graph& graph, const Node& node, const Term& term) {
  if (term.target == "same") return same_shape(graph, node);
  const std::span<const double> numbers = node.attrs.numbers(term.target);
  std::vector<double> list(numbers.begin(), numbers.end());
  const bool names_axes = term.target == "axis" || term.target == "reductionIndices";
  const bool all_axes = list.empty() && names_axes && node.inputs.size() == 1;
  for (int i = 0; all_axes && i < graph.values[node.inputs[0]].type.shape.rank(); ++i) {
    list.push_back(i);
  }
  return list;
}

// The input that may say what the attribute says (ops/arguments.h): it has the attribute's name.
int port_of(const Op& op, std::string_view attribute) {
  const auto* at = std::ranges::find(op.inputs, attribute, &Port::name);
  return at == op.inputs.end() ? kAbsent : static_cast<int>(at - op.inputs.begin());
}

// Terms that need to know the shape of the first input.
Status check_shape_known(const Graph& graph, const Node& node, const Term& term) {
  const bool all_axes = (term.target == "axis" || term.target == "reductionIndices") &&
                        node.inputs.size() == 1 && node.attrs.numbers(term.target).empty();
  const bool reads = all_axes || term.target == "same";
  const bool known = node.inputs.empty() || !graph.values[node.inputs[0]].type.shape.is_unknown();
  WXNN_CHECK(
      !reads || known,
      "reads a tensor whose shape depends on the data, which its TensorFlow Lite form cannot");
  return {};
}

// Where the node's own inputs go, and the attributes among them.
struct Slots {
  std::vector<PlacedInput> at = std::vector<PlacedInput>(16);
  std::vector<bool> taken = std::vector<bool>(16);
  std::vector<bool> placed;  // per input of the node
  size_t count = 0;

  void take(size_t slot, PlacedInput input) {
    at[slot] = std::move(input);
    taken[slot] = true;
    count = std::max(count, slot + 1);
  }
};

void place_term(const Graph& graph, const Node& node, const Term& term, Slots* slots) {
  const size_t slot = static_cast<size_t>(term.source[1] - '0');
  const int port = port_of(*node.op, term.target);
  const bool has_port = port != kAbsent && static_cast<size_t>(port) < node.inputs.size();
  if (has_port) slots->placed[static_cast<size_t>(port)] = true;
  if (has_port && node.inputs[port] != kAbsent) {
    slots->take(slot, {.value = node.inputs[port]});
    return;
  }
  const std::vector<double> numbers = numbers_of(graph, node, term);
  // A scalar's shape or axes are an empty list. Without a port of its own, the attribute's place
  // among the inputs says whether the node lacks the input.
  const bool is_attribute = !numbers.empty() || port != kAbsent || node.inputs.size() < slot + 1;
  if (is_attribute) slots->take(slot, numbers_input(graph, node, term, numbers));
}

}  // namespace

Status place_inputs(const Graph& graph, const Node& node, const WriteRow& row,
                    PlacedInputs* placed) {
  std::string_view order;
  Slots slots;
  slots.placed.resize(node.inputs.size());
  slots.at.resize(slots.at.size() + node.inputs.size());
  slots.taken.resize(slots.at.size());
  for (const Term& term : parse(row.terms)) {
    WXNN_TRY(check_shape_known(graph, node, term));
    if (term.target == "^") order = term.source;
    if (term.source[0] == '<') place_term(graph, node, term, &slots);
  }
  size_t free = 0;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    if (slots.placed[i]) continue;
    while (free < slots.taken.size() && slots.taken[free]) ++free;
    const size_t slot = i < order.size() ? static_cast<size_t>(order[i] - '0') : free;
    WXNN_CHECK(slot < slots.taken.size() && !slots.taken[slot],
               "has inputs that its TensorFlow Lite form has not");
    slots.take(slot, {.value = node.inputs[i]});
  }
  placed->assign(slots.at.begin(), slots.at.begin() + static_cast<ptrdiff_t>(slots.count));
  return {};
}

namespace {

constexpr std::string_view kPaddings[] = {"same", "valid"};
constexpr std::string_view kActivations[] = {"linear", "relu", "reluN1To1", "relu6", "tanh"};
constexpr std::string_view kMirrorModes[] = {"reflect", "symmetric"};
constexpr std::string_view kDTypes[] = {"float32", "", "int32", "", "", "", "bool"};

// Letters of enums: the text at index k is the number k.
struct EnumRow {
  char letter;
  std::span<const std::string_view> texts;
};
constexpr EnumRow kEnums[] = {
    {'p', kPaddings}, {'a', kActivations}, {'m', kMirrorModes}, {'t', kDTypes}};

std::string_view text_of(const Graph& graph, const Node& node, std::string_view target) {
  if (target == "int32") return "int32";
  if (target == "input") return name_of(graph.values[node.inputs[0]].type.dtype);
  return node.attrs.text(target);
}

void add_field(flatbuffers::FlatBufferBuilder& b, const Graph& graph, const Node& node,
               const Term& term, char letter, int field, int k) {
  const flatbuffers::voffset_t slot = vtable_slot(field);
  const auto* row = std::ranges::find(kEnums, letter, &EnumRow::letter);
  if (row != std::end(kEnums)) {
    const auto at = std::ranges::find(row->texts, text_of(graph, node, term.target));
    b.AddElement<int8_t>(slot, static_cast<int8_t>(at - row->texts.begin()), 0);
    return;
  }
  const double number = number_of(graph, node, term.target, k);
  if (letter == 'f') {
    b.AddElement<float>(slot, static_cast<float>(number), 0);
  } else if (letter == 'b') {
    b.AddElement<uint8_t>(slot, number != 0, 0);
  } else {
    b.AddElement<int32_t>(slot, whole<int32_t>(number), letter == 'd' ? 1 : 0);
  }
}

}  // namespace

WrittenOptions write_options(flatbuffers::FlatBufferBuilder& b, const Graph& graph,
                             const Node& node, const WriteRow& row) {
  if (row.options == tflite::BuiltinOptions::NONE) return {};
  const std::vector<Term> terms = parse(row.terms);
  flatbuffers::Offset<flatbuffers::Vector<int32_t>> list;
  for (const Term& term : terms) {
    if (term.source[0] != 'v') continue;
    const std::span<const double> numbers = node.attrs.numbers(term.target);
    list = b.CreateVector(std::vector<int32_t>(numbers.begin(), numbers.end()));
  }
  const flatbuffers::uoffset_t start = b.StartTable();
  for (const Term& term : terms) {
    if (term.target == "^" || term.source[0] == '<') continue;
    if (term.source[0] == 'v') {
      b.AddOffset(vtable_slot(term.source[1] - '0'), list);
      continue;
    }
    // "i2,1": number 0 of the attribute is field 2, number 1 is field 1.
    int k = 0;
    for (size_t i = 1; i < term.source.size(); i += 2, ++k) {
      add_field(b, graph, node, term, term.source[0], term.source[i] - '0', k);
    }
  }
  return {row.options, flatbuffers::Offset<void>(b.EndTable(start))};
}

}  // namespace wxnn
