#include "formats/recipe.h"

#include <algorithm>

#include "ops/activation.h"

namespace wxnn {

namespace {

// A recipe is read where it stands: a term ends at a blank or the text's end, and what a term
// consists of also at = and |.
bool ends(char c) { return c == ' ' || c == 0; }

const char* next_term(const char* at) {
  while (!ends(*at)) ++at;
  while (*at == ' ') ++at;
  return at;
}

// Where the part of the term that follows `mark` begins; null where it lacks one.
const char* behind(const char* term, char mark) {
  for (; !ends(*term); ++term) {
    if (*term == mark) return term + 1;
  }
  return nullptr;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Numbers in recipes are short decimals: "-1", "0.0001". (strtod would be 5 KB of wasm.)
double parse_number(const char* text) {
  const bool negative = *text == '-';
  double number = 0;
  double scale = 0;
  for (text += negative; is_digit(*text) || *text == '.'; ++text) {
    if (*text == '.') {
      scale = 1;
    } else {
      number = number * 10 + (*text - '0');
      scale *= 10;
    }
  }
  if (scale > 0) number /= scale;
  return negative ? -number : number;
}

// A literal of a recipe: a number or a text.
void read_literal(const char* text, AttrValue* value) {
  if (*text == '-' || is_digit(*text)) {
    value->numbers.push_back(parse_number(text));
  } else {
    value->text = name_at(text);
  }
}

bool is_empty(const AttrValue& value) { return value.numbers.empty() && value.text.empty(); }

// The readable part of a source: "b5:offset" is the field "offset".
std::string_view label(const char* source) {
  const char* name = behind(source, ':');
  return name_at(name != nullptr ? name : source);
}

bool has_order() { return kTfTerms.order || kTfliteTerms.order; }
bool has_counts() { return kTfTerms.counts || kTfliteTerms.counts; }

class Cook {
 public:
  Cook(SourceNode& node, const Recipe& recipe, Cooked* cooked)
      : node_(node), recipe_(recipe), cooked_(*cooked), consumed_(node.inputs.size()) {}

  Status run() {
    WXNN_TRY(need_op(recipe_.op, &cooked_.op));
    cooked_.attrs = Attrs(cooked_.op->attrs);
    arguments_stay_ = has_computed_argument();
    const char* order = "";
    for (const char* term = recipe_.terms; *term != 0; term = next_term(term)) {
      if (has_order() && *term == '^') {
        order = term + 1;
      } else if (has_counts() && *term == '@') {
        WXNN_TRY(count_outputs(term + 1));
      } else if (*term == '~') {
        AttrValue ignored;
        WXNN_TRY(node_.read(term + 1, &ignored));
      } else {
        WXNN_TRY(settle(term, behind(term, '=')));
      }
    }
    hand_on(order);
    return {};
  }

 private:
  // #2, or what the node says.
  Status read_number(const char* source, AttrValue* value) {
    if (*source != '#') return node_.read(source, value);
    read_literal(source + 1, value);
    return {};
  }

  Status count_outputs(const char* source) {
    AttrValue count;
    WXNN_TRY(read_number(source, &count));
    constexpr double kMostOutputs = 1 << 16;
    const double n = count.numbers.size() == 1 ? count.numbers[0] : 0;
    WXNN_CHECK(n >= 1 && n <= kMostOutputs, "{} is not a number of outputs", label(source));
    node_.output_count = static_cast<size_t>(n);
    return {};
  }

  Status settle(const char* target, const char* source) {
    if (*source == '<') return settle_from_input(target, source + 1);
    for (const char* settled : settled_) {
      if (same_name(settled, target)) return {};
    }
    AttrValue value;
    if (*source == '\'') {
      value.text = name_at(source + 1);
    } else {
      WXNN_TRY(read_number(source, &value));
      const char* fallback = behind(source, '|');
      if (is_empty(value) && fallback != nullptr) read_literal(fallback, &value);
    }
    if (is_empty(value)) return {};
    if (*target == '!') return require(target + 1, source, value);
    settled_.push_back(target);
    if (same_name(target, "activation") && !cooked_.attrs.knows(target)) {
      cooked_.activation = std::move(value.text);
      return {};
    }
    return cooked_.attrs.set(target, std::move(value));
  }

  static Status require(const char* want, const char* source, const AttrValue& value) {
    AttrValue expected;
    read_literal(want, &expected);
    if (value.text == expected.text && value.numbers == expected.numbers) return {};
    WXNN_CHECK(value.text.empty(), "{} \"{}\" is not supported, only \"{}\"", label(source),
               value.text, expected.text);
    return fail<"{} is not supported">(label(source));
  }

  // Which input "1", "-1" or "1?" means; -1 when the node lacks it.
  int input_at(const char* number) const {
    const int count = static_cast<int>(node_.inputs.size());
    int at = static_cast<int>(parse_number(number));
    if (at < 0) at += count;
    return at >= 0 && at < count && node_.inputs[at] != kAbsent ? at : -1;
  }

  // Arguments stay inputs all together: our operator knows them by their place. An empty constant
  // stays too: as an attribute it could not be told from one that is absent.
  bool has_computed_argument() const {
    for (const char* term = recipe_.terms; *term != 0; term = next_term(term)) {
      const char* from = behind(term, '<');
      if (from == nullptr || behind(from, '?') == nullptr) continue;
      const int at = input_at(from);
      if (at < 0) continue;
      const Value& v = node_.graph.values[node_.inputs[at]];
      if (!v.constant || v.type.shape.elements() == 0) return true;
    }
    return false;
  }

  Status settle_from_input(const char* target, const char* source) {
    const int at = input_at(source);
    if (at < 0) return {};
    settled_.push_back(target);
    if (arguments_stay_ && behind(source, '?') != nullptr) return {};
    consumed_[at] = 1;
    AttrValue numbers;
    WXNN_TRY(constant_numbers(node_, node_.inputs[at], target, &numbers.numbers));
    return cooked_.attrs.set(target, std::move(numbers));
  }

  void hand_on(const char* order) {
    Vector<int>& to = cooked_.inputs;
    const bool ordered = has_order() && !ends(*order);
    for (; ordered && !ends(*order); ++order) {
      const size_t i = static_cast<size_t>(*order - '0');  // huge for '-'
      const bool there = *order >= '0' && i < node_.inputs.size();
      if (!there || consumed_[i] == 0) to.push_back(there ? node_.inputs[i] : kAbsent);
    }
    while (!to.empty() && to.back() == kAbsent) to.pop_back();
    for (size_t i = 0; !ordered && i < node_.inputs.size(); ++i) {
      if (consumed_[i] == 0) to.push_back(node_.inputs[i]);
    }
  }

  SourceNode& node_;
  const Recipe& recipe_;
  Cooked& cooked_;
  bool arguments_stay_ = false;
  Vector<uint8_t> consumed_;
  Vector<const char*> settled_;  // targets
};

Status append(SourceNode& node, String name, Cooked& cooked, Vector<int>&& outputs) {
  node.graph.nodes.push_back({cooked.op, std::move(name), std::move(cooked.attrs),
                              std::move(cooked.inputs), std::move(outputs),
                              std::move(cooked.bodies)});
  return {};
}

// y = activation(x) as a node of its own, writing the node's output.
Status append_activation(SourceNode& node, std::string_view activation, int x, int y) {
  const auto rows = activations();
  const auto row = std::ranges::find_if(
      rows, [&](const ActivationRow& r) { return std::string_view(r.name) == activation; });
  WXNN_CHECK(row != rows.end(), "has the activation \"{}\", which is not supported", activation);
  Cooked cooked;
  WXNN_TRY(make(row->op != nullptr ? row->op : "ClipByValue", {x}, &cooked));
  if (row->op == nullptr) {
    WXNN_TRY(cooked.attrs.set("clipValueMin", row->min));
    WXNN_TRY(cooked.attrs.set("clipValueMax", row->max));
  }
  return append(node, sentence<"{}/{}">(node.name, activation), cooked, {y});
}

}  // namespace

Status need_op(const char* name, const Op** op) {
  *op = find_op(name);
  WXNN_CHECK(*op != nullptr, "needs the operator {}, which this build does not have", name);
  return {};
}

Status make(const char* op, Vector<int> inputs, Cooked* cooked) {
  WXNN_TRY(need_op(op, &cooked->op));
  cooked->attrs = Attrs(cooked->op->attrs);
  cooked->inputs = std::move(inputs);
  return {};
}

bool available(const Recipe& recipe) {
  return recipe.op == nullptr || find_op(recipe.op) != nullptr;
}

Status constant_numbers(SourceNode& node, int value, const char* what, Vector<double>* numbers) {
  WXNN_CHECK(value != kAbsent && node.graph.values[value].constant != nullptr,
             "its input \"{}\" is computed while running; only a constant is supported", what);
  Tensor tensor;
  WXNN_TRY(node.graph.materialize(value, &tensor));
  const int32_t n = tensor.shape.elements();
  for (int32_t i = 0; i < n; ++i) {
    const bool is_float = tensor.dtype == DType::kFloat32;
    const bool is_int = tensor.dtype == DType::kInt32;
    WXNN_CHECK(is_float || is_int, "its input \"{}\" is {}", name_at(what), name_of(tensor.dtype));
    numbers->push_back(is_float ? static_cast<double>(tensor.f32()[i]) : tensor.i32()[i]);
  }
  return {};
}

Status prepare(SourceNode& node, const Recipe& recipe, Cooked* cooked) {
  return Cook(node, recipe, cooked).run();
}

Status emit(SourceNode& node, Cooked&& cooked) {
  Vector<int> outputs;
  const size_t most = cooked.op->outputs == kAnyNumber ? node.output_count : cooked.op->outputs;
  for (size_t i = 0; i < std::min(most, node.output_count); ++i) {
    outputs.push_back(kAbsent);
    WXNN_TRY(node.output(i, &outputs.back()));
  }
  if (cooked.activation.empty() || cooked.activation == "linear") {
    return append(node, node.name, cooked, std::move(outputs));
  }
  const String activation = std::move(cooked.activation);
  const int before =
      node.graph.add_value(sentence<"{}/linear">(node.name),
                           {node.graph.values[outputs[0]].type.dtype, Shape::unknown()});
  WXNN_TRY(append(node, node.name, cooked, {before}));
  return append_activation(node, activation, before, outputs[0]);
}

Status emit_output(SourceNode& node, size_t i, Cooked&& cooked) {
  int value = kAbsent;
  WXNN_TRY(node.output(i, &value));
  String name = i == 0 ? node.name : sentence<"{}:{}">(node.name, i);
  return append(node, std::move(name), cooked, {value});
}

Status emit_before(SourceNode& node, std::string_view suffix, Cooked&& cooked, int* value) {
  String name = sentence<"{}{}">(node.name, suffix);
  *value = node.graph.add_value(name, {DType::kFloat32, Shape::unknown()});
  return append(node, std::move(name), cooked, {*value});
}

Status cook(SourceNode& node, const Recipe& recipe) {
  if (recipe.build != nullptr) return recipe.build(node, recipe);
  Cooked cooked;
  WXNN_TRY(prepare(node, recipe, &cooked));
  return emit(node, std::move(cooked));
}

Status cook_sum(SourceNode& node, const Recipe&) {
  WXNN_CHECK(!node.inputs.empty(), "has no inputs");
  int sum = node.inputs[0];
  for (size_t i = 1; i + 1 < node.inputs.size(); ++i) {
    Cooked add;
    WXNN_TRY(make("Add", {sum, node.inputs[i]}, &add));
    WXNN_TRY(emit_before(node, sentence<"/{}">(i), std::move(add), &sum));
  }
  Cooked last;
  if (node.inputs.size() == 1) {
    WXNN_TRY(make("Identity", {sum}, &last));
  } else {
    WXNN_TRY(make("Add", {sum, node.inputs.back()}, &last));
  }
  return emit(node, std::move(last));
}

Status add_output(Graph& graph, int value, String name) {
  auto listed = [value](const Vector<int>& list) {
    return std::ranges::find(list, value) != list.end();
  };
  if (graph.values[value].constant || listed(graph.inputs) || listed(graph.outputs)) {
    const Op* identity = nullptr;
    Status status = need_op("Identity", &identity);
    if (!status.ok()) return status.at<"output \"{}\"">(name);
    const TensorType type = graph.values[value].type;
    value = graph.add_node(*identity, name, {value}, Attrs(identity->attrs));
    graph.values[value].type = type;
  } else {
    graph.values[value].name = std::move(name);
  }
  graph.outputs.push_back(value);
  return {};
}

}  // namespace wxnn
