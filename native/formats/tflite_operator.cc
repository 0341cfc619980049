#include "formats/tflite_operator.h"

#include <algorithm>
#include <cstring>

#include "core/build_parts.h"
#include "formats/flex_map.h"
#include "formats/tflite_graph_reader.h"
#include "formats/tflite_verify.h"

namespace wxnn {

namespace {

constexpr std::string_view kPaddings[] = {"same", "valid"};
constexpr std::string_view kActivations[] = {"linear", "relu", "reluN1To1", "relu6", "tanh"};
constexpr std::string_view kMirrorModes[] = {"reflect", "symmetric"};

constexpr uint32_t letters(const char* list) {
  uint32_t bits = 0;
  for (; *list != 0; ++list) bits |= 1U << (*list - 'a');
  return bits;
}
constexpr uint32_t kLists = letters("vwsq");
constexpr uint32_t kOfEightBytes = letters("lq");
constexpr uint32_t kOfFourBytes = letters("idfvw");

// Options that no row of the program has are not in it.
bool is_among(char letter, uint32_t some) {
  return (kTfliteOptions & some & (1U << (letter - 'a'))) != 0;
}
bool is(char letter, char one) {
  return (kTfliteOptions & (1U << (one - 'a'))) != 0 && letter == one;
}

}  // namespace

bool is_quantised(const TfliteTensors::Grid& grid) { return kBuildParts.grids && grid.bits != 0; }

Status round_to_grid(Graph& graph, int from, int to, const TfliteTensors::Grid& grid) {
  const Op* op = nullptr;
  WXNN_TRY(need_op("FakeQuantWithMinMaxArgs", &op));
  Attrs attrs(op->attrs);
  WXNN_TRY(attrs.set("min", grid.min));
  WXNN_TRY(attrs.set("max", grid.max));
  WXNN_TRY(attrs.set("numBits", grid.bits));
  graph.nodes.push_back({op, graph.values[to].name, std::move(attrs), {from}, {to}});
  return {};
}

TfliteOperator::TfliteOperator(TfliteGraphReader& reader, Graph& graph, TfliteTensors& tensors,
                               const Buffer& file, const tflite::Operator& op, String name)
    : SourceNode(graph, std::move(name)), reader_(reader), tensors_(tensors), file_(file), op_(op) {
  output_count = outputs_of(op).size();
}

Status TfliteOperator::subgraph(size_t index, std::unique_ptr<Graph>* graph) {
  return kBuildParts.flow ? reader_.read_body(index, graph) : Status();
}

Status TfliteOperator::read(const char* source, AttrValue* value) {
  const char letter = *source++;
  if (kBuildParts.custom && letter == 'x')
    return read_flex_option(custom_options(), name_at(source), value);
  do {
    int field = 0;
    while (*source >= '0' && *source <= '9') field = field * 10 + (*source++ - '0');
    WXNN_TRY(read_field(letter, field, value));
  } while (*source++ == ',');
  return {};
}

// What a node writes to a quantised tensor is rounded to its grid behind the node.
Status TfliteOperator::output(size_t i, int* value) {
  const auto& listed = outputs_of(op_);
  WXNN_CHECK(i < listed.size(), "has {} outputs and should have more",
             listed.size());  // as an option says
  const int tensor = listed.Get(static_cast<uint32_t>(i));
  WXNN_TRY(tensors_.value(tensor, value));
  const TfliteTensors::Grid grid = tensors_.grid(tensor);
  if (!is_quantised(grid) || on_grid(grid)) return {};
  for (const Rounding& r : roundings_) {
    if (r.to != *value) continue;
    *value = r.from;
    return {};
  }
  const TensorType type = graph.values[*value].type;
  const int from = graph.add_value(sentence<"{}/exact">(graph.values[*value].name), type);
  roundings_.push_back({from, *value, grid});
  *value = from;
  return {};
}

// (x - least) / scale, rounded, + the least integer
Status TfliteOperator::add_integers(int tensor) {
  const TfliteTensors::Grid grid = tensors_.grid(tensor);
  const bool is_signed = tensors_.stored_type(tensor) != tflite::TensorType::UINT8;
  const double levels = static_cast<double>((1 << grid.bits) - 1);
  struct Step {
    const char* op;
    double operand;
  };
  const Step steps[] = {{"Sub", grid.min},
                        {"RealDiv", (grid.max - grid.min) / levels},
                        {"Round", 0},
                        {"Add", is_signed ? -static_cast<double>(1 << (grid.bits - 1)) : 0}};
  int value = kAbsent;
  WXNN_TRY(tensors_.value(tensor, &value));
  for (const Step& step : steps) {
    Vector<int> inputs = {value};
    if (!same_name(step.op, "Round")) {
      const auto operand = static_cast<float>(step.operand);
      int number = kAbsent;
      WXNN_TRY(graph.add_constant(sentence<"{}/{}/y">(name, step.op), {DType::kFloat32, {}},
                                  &operand, &number));
      inputs.push_back(number);
    }
    Cooked cooked;
    WXNN_TRY(make(step.op, std::move(inputs), &cooked));
    WXNN_TRY(emit_before(*this, sentence<"/{}">(step.op), std::move(cooked), &value));
  }
  this->inputs.push_back(value);
  return {};
}

Status TfliteOperator::emit_roundings() {
  if (!kBuildParts.grids) return {};
  for (const Rounding& r : roundings_) WXNN_TRY(round_to_grid(graph, r.from, r.to, r.grid));
  return {};
}

tflite::TensorType TfliteOperator::stored_type(const TfliteInts& tensors, size_t i) const {
  const int tensor = i < tensors.size() ? tensors.Get(static_cast<uint32_t>(i)) : kAbsent;
  return tensor == kAbsent ? tflite::TensorType::FLOAT32 : tensors_.stored_type(tensor);
}

tflite::TensorType TfliteOperator::input_type(size_t i) const {
  return kBuildParts.rare ? stored_type(inputs_of(op_), i) : tflite::TensorType::FLOAT32;
}
tflite::TensorType TfliteOperator::output_type(size_t i) const {
  return stored_type(outputs_of(op_), i);
}

std::span<const std::byte> TfliteOperator::custom_options() const {
  const auto& bytes = list_in<std::byte>(&op_, tflite::Operator::VT_CUSTOM_OPTIONS);
  return {reinterpret_cast<const std::byte*>(bytes.Data()), bytes.size()};
}

// True where all that the node hands on is on that grid already.
bool TfliteOperator::on_grid(const TfliteTensors::Grid& grid) const {
  if (!copies_) return false;
  for (const int tensor : inputs_of(op_)) {
    const bool list =
        tensor == kAbsent || tensors_.stored_type(tensor) == tflite::TensorType::INT32;
    if (!list && !(tensors_.grid(tensor) == grid)) return false;
  }
  return true;
}

Status TfliteOperator::read_field(char letter, int field, AttrValue* value) const {
  using Op = tflite::Operator;
  const void* table = tflite_target(&op_, Op::VT_BUILTIN_OPTIONS);
  if (is_absent(table)) table = tflite_target(&op_, Op::VT_BUILTIN_OPTIONS_2);
  const int slot = vtable_slot(field);
  const size_t bytes = is_among(letter, kOfEightBytes) ? 8 : is_among(letter, kOfFourBytes) ? 4 : 1;
  const bool inside = is_among(letter, kLists) ? verify_list(file_, table, slot, bytes)
                                               : verify_number(file_, table, slot, bytes);
  WXNN_CHECK(inside, "has options that reach outside the file");
  const void* number = tflite_field(table, slot);
  if (is(letter, 'v')) {
    for (int32_t n : ints_in(table, slot)) value->numbers.push_back(n);
  } else if (is(letter, 'w')) {
    for (float n : list_in<float>(table, slot)) value->numbers.push_back(n);
  } else if (is(letter, 'q')) {
    const auto& list64 = list_in<int64_t>(table, slot);
    for (uint32_t i = 0; i < list64.size(); ++i) {
      int64_t n = 0;  // the elements of a damaged file are not aligned
      std::memcpy(&n, list64.Data() + i * sizeof n, sizeof n);
      value->numbers.push_back(static_cast<double>(n));
    }
  } else if (is(letter, 's')) {
    value->text += text_in(table, slot);
  } else if (is(letter, 'l')) {
    value->numbers.push_back(static_cast<double>(*static_cast<const int64_t*>(number)));
  } else if (is(letter, 'f')) {
    value->numbers.push_back(*static_cast<const float*>(number));
  } else if (is(letter, 'd') && is_absent(number)) {
    value->numbers.push_back(1);
  } else if (bytes == 4) {
    value->numbers.push_back(*static_cast<const int32_t*>(number));
  } else {
    const bool one = is(letter, 'y') && is_absent(number);
    return read_enum(letter, one ? 1 : *static_cast<const uint8_t*>(number), value);
  }
  return {};
}

Status TfliteOperator::read_enum(char letter, uint8_t number, AttrValue* value) {
  std::span<const std::string_view> texts;
  if (is(letter, 'p')) texts = kPaddings;
  if (is(letter, 'a')) texts = kActivations;
  if (is(letter, 'm')) texts = kMirrorModes;
  if (is(letter, 't')) {
    value->text = computed_dtype(static_cast<tflite::TensorType>(number));
    WXNN_CHECK(!value->text.empty(), "has the type {}, which is not supported", number);
  } else if (texts.empty()) {
    value->numbers.push_back(number);
  } else {
    WXNN_CHECK(number < texts.size(), "has an option {}, which is not known", number);
    value->text = texts[number];
  }
  return {};
}

}  // namespace wxnn
