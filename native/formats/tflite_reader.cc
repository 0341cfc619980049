#include "formats/tflite_reader.h"

#include <algorithm>

#include "core/build_parts.h"
#include "formats/tflite_graph_reader.h"
#include "formats/tflite_verify.h"

namespace wxnn {

namespace {

using Code = tflite::BuiltinOperator;
using Entry = tflite::OperatorCode;

// Operators whose outputs are elements of their inputs.
constexpr Code kCopies[] = {Code::CONCATENATION, Code::MAX_POOL_2D,   Code::PAD,   Code::PACK,
                            Code::RESHAPE,       Code::SLICE,         Code::SPLIT, Code::SQUEEZE,
                            Code::EXPAND_DIMS,   Code::STRIDED_SLICE, Code::TILE,  Code::TRANSPOSE,
                            Code::UNPACK};
// Operators whose variables we keep.
constexpr Code kKeepState[] = {Code::LSTM,
                               Code::RNN,
                               Code::SVDF,
                               Code::UNIDIRECTIONAL_SEQUENCE_LSTM,
                               Code::UNIDIRECTIONAL_SEQUENCE_RNN,
                               Code::BIDIRECTIONAL_SEQUENCE_LSTM,
                               Code::BIDIRECTIONAL_SEQUENCE_RNN};
// Operators that may read and write small integers which stand for themselves.
constexpr Code kSmallInts[] = {Code::CAST, Code::GATHER, Code::GATHER_ND, Code::SHAPE};
// Operators that see the integers of quantised tensors, not the numbers that they stand for.
// CAST is given them.
constexpr Code kSeeIntegers[] = {Code::BITCAST, Code::BITWISE_XOR, Code::RIGHT_SHIFT,
                                 Code::STABLEHLO_CONVERT};
// Operators of the reader itself: the rest of the graph has no node for them. Variables, and
// subgraphs whose nodes become this graph's.
constexpr Code kInSubgraphs[] = {Code::VAR_HANDLE, Code::READ_VARIABLE, Code::ASSIGN_VARIABLE,
                                 Code::STABLEHLO_COMPOSITE, Code::CALL_ONCE};
// From which input on an int32 with a scale is a bias.
struct BiasRow {
  Code code{};
  uint32_t first;
};
constexpr BiasRow kBiases[] = {{Code::CONV_2D, 2},
                               {Code::DEPTHWISE_CONV_2D, 2},
                               {Code::FULLY_CONNECTED, 2},
                               {Code::TRANSPOSE_CONV, 3},
                               {Code::CONV_3D, 2},
                               {Code::CONV_3D_TRANSPOSE, 3},
                               {Code::SVDF, 3},
                               {Code::LSTM, 12},
                               {Code::UNIDIRECTIONAL_SEQUENCE_LSTM, 12},
                               {Code::BIDIRECTIONAL_SEQUENCE_LSTM, 12}};

// Of a program that computes with grids: rounds to one.
bool is_rounding(Code code) { return kBuildParts.grids && code == Code::QUANTIZE; }

bool has(std::span<const Code> list, Code code) {
  return std::ranges::find(list, code) != list.end();
}

bool is_in_subgraphs(Code code) { return kBuildParts.flow && has(kInSubgraphs, code); }

bool is_by_reader(Code code) {
  return is_widening(code) || is_rounding(code) || is_in_subgraphs(code);
}

uint32_t code_index(const tflite::Operator& op) {
  return number_in<uint32_t>(&op, tflite::Operator::VT_OPCODE_INDEX);
}
const TfliteTables<Entry>& codes_of(const tflite::Model& model) {
  return tables_in<Entry>(&model, tflite::Model::VT_OPERATOR_CODES);
}
std::string_view custom_in(const Entry* entry) { return text_in(entry, Entry::VT_CUSTOM_CODE); }

bool has_one_each(const tflite::Operator& op) {
  return inputs_of(op).size() == 1 && outputs_of(op).size() == 1 && inputs_of(op).Get(0) != kAbsent;
}

}  // namespace

TfliteGraphReader::TfliteGraphReader(TfliteReading& reading, size_t index, int depth, Graph* graph)
    : reading_(reading),
      subgraph_(*subgraphs_of(reading.model).Get(static_cast<uint32_t>(index))),
      index_(index),
      depth_(depth),
      graph_(*graph),
      tensors_(reading.model, subgraph_, reading.file, graph) {}

Status TfliteGraphReader::run() {
  WXNN_TRY(find_rows());
  WXNN_TRY(read_inputs());
  Vector<int> outside;
  if (kBuildParts.flow && depth_ > 0) outside = reading_.variables.enter(graph_);
  for (size_t i = 0; i < rows_.size(); ++i) WXNN_TRY(read_operator(i));
  WXNN_TRY(read_outputs());
  if (kBuildParts.flow && depth_ > 0) reading_.variables.leave(graph_, outside);
  if (kBuildParts.flow && depth_ == 0) WXNN_TRY(reading_.variables.finish(graph_));
  return sort(graph_);
}

const tflite::Operator& TfliteGraphReader::operator_at(size_t i) const {
  return *operators_of(subgraph_).Get(static_cast<uint32_t>(i));
}

// `least`: 0, or kAbsent where a tensor may be left out.
Status TfliteGraphReader::check_indices(const TfliteInts& indices, int least) const {
  const int count = static_cast<int>(tensors_.size());
  for (const int t : indices) {
    WXNN_CHECK(t >= least && t < count, "refers to tensor {} of {}", t, count);
  }
  return {};
}

const Entry* TfliteGraphReader::code_entry(size_t i) const {
  return codes_of(reading_.model).Get(code_index(operator_at(i)));
}

Code TfliteGraphReader::code_of(size_t i) const {
  const Entry* entry = code_entry(i);
  return std::max(static_cast<Code>(number_in<int8_t>(entry, Entry::VT_DEPRECATED_BUILTIN_CODE)),
                  number_in<Code>(entry, Entry::VT_BUILTIN_CODE));
}

// The node has no name in the file: it is called after the first tensor that it writes.
String TfliteGraphReader::name_of_operator(size_t i) const {
  const TfliteInts& outputs = outputs_of(operator_at(i));
  return outputs.size() != 0 ? tensors_.name(outputs.Get(0)) : sentence<"operator {}">(i);
}

Status TfliteGraphReader::find_rows() {
  const uint32_t count = operators_of(subgraph_).size();
  MissingOps missing;
  rows_ = Vector<const TfliteRow*>(count);
  for (size_t i = 0; i < count; ++i) {
    Status status = find_row(i, &missing);
    if (!status.ok()) return status.at<"operator {}">(i);
  }
  return missing.refuse();
}

Status TfliteGraphReader::find_row(size_t i, MissingOps* missing) {
  const tflite::Operator& op = operator_at(i);
  WXNN_TRY(check_indices(inputs_of(op), kAbsent));
  WXNN_TRY(check_indices(outputs_of(op), 0));
  const uint32_t index = code_index(op), codes = codes_of(reading_.model).size();
  WXNN_CHECK(index < codes, "refers to operator code {} of {}", index, codes);
  const Code code = code_of(i);
  for (const int t : outputs_of(op)) tensors_.mark_written(t);
  mark_biases(code, inputs_of(op));
  const TfliteRow* row = find_tflite_row(code, custom_in(code_entry(i)));
  rows_[i] = row;
  if (kBuildParts.flow && (code == Code::VAR_HANDLE || code == Code::ASSIGN_VARIABLE)) {
    Status status = find_variable(i, code);
    if (!status.ok()) return status.at<"node \"{}\" ({})">(name_of_operator(i), operator_of(i));
  }
  if (kBuildParts.flow && (code == Code::IF || code == Code::WHILE)) scan_bodies(i);
  if (is_by_reader(code) || (row != nullptr && available(row->recipe))) return {};
  missing->add(operator_of(i), name_of_operator(i));
  return {};
}

void TfliteGraphReader::mark_biases(Code code, const TfliteInts& inputs) {
  if (!kBuildParts.grids) return;
  const auto* row = std::ranges::find(kBiases, code, &BiasRow::code);
  if (row == std::end(kBiases)) return;
  for (uint32_t k = row->first; k < inputs.size(); ++k) {
    if (inputs.Get(k) != kAbsent) tensors_.mark_bias(inputs.Get(k));
  }
}

Status TfliteGraphReader::read_inputs() {
  const TfliteInts& inputs = ints_in(&subgraph_, tflite::SubGraph::VT_INPUTS);
  WXNN_TRY(check_indices(inputs, 0).at("the list of inputs"));
  for (const int t : inputs) tensors_.mark_written(t);
  const Maps& names = tables_in<tflite::TensorMap>(signature(), tflite::SignatureDef::VT_INPUTS);
  for (const int t : inputs) {
    int value = kAbsent;
    WXNN_TRY(tensors_.input(t, &value));
    graph_.values[value].name = name_in(names, t);
    graph_.inputs.push_back(value);
    if (const TfliteTensors::Grid grid = tensors_.grid(t); is_quantised(grid)) {
      const String name = sentence<"{}/rounded">(graph_.values[value].name);
      const int rounded = graph_.add_value(name, graph_.values[value].type);
      WXNN_TRY(round_to_grid(graph_, value, rounded, grid));
      tensors_.alias(t, rounded);
    }
  }
  return {};
}

Status TfliteGraphReader::read_outputs() {
  const TfliteInts& outputs = ints_in(&subgraph_, tflite::SubGraph::VT_OUTPUTS);
  WXNN_TRY(check_indices(outputs, 0).at("the list of outputs"));
  WXNN_CHECK(outputs.size() != 0, "the model has no outputs");
  const Maps& names = tables_in<tflite::TensorMap>(signature(), tflite::SignatureDef::VT_OUTPUTS);
  for (const int t : outputs) {
    int value = kAbsent;
    WXNN_TRY(tensors_.value(t, &value));
    if (depth_ > 0) {
      graph_.outputs.push_back(value);
      continue;
    }
    WXNN_TRY(add_output(graph_, value, name_in(names, t)));
  }
  return {};
}

// The signature of this subgraph; one without names where it has none.
const void* TfliteGraphReader::signature() const {
  using Signature = tflite::SignatureDef;
  for (const auto* s : tables_in<Signature>(&reading_.model, tflite::Model::VT_SIGNATURE_DEFS)) {
    if (number_in<uint32_t>(s, Signature::VT_SUBGRAPH_INDEX) == index_) return s;
  }
  return no_table();
}

String TfliteGraphReader::name_in(const Maps& names, int tensor) const {
  for (const tflite::TensorMap* entry : names) {
    const std::string_view name = text_in(entry, tflite::TensorMap::VT_NAME);
    if (!name.empty() && number_in<int32_t>(entry, tflite::TensorMap::VT_TENSOR_INDEX) == tensor) {
      return String(name);
    }
  }
  return tensors_.name(tensor);
}

String TfliteGraphReader::operator_of(size_t i) const {
  const Code code = code_of(i);
  return code == Code::CUSTOM ? String(custom_in(code_entry(i))) : tflite_name(code);
}

Status TfliteGraphReader::read_operator(size_t i) {
  const Code code = code_of(i);
  Status status = is_by_reader(code) ? read_here(i, code) : build_operator(i, code);
  return status.ok() ? status : status.at<"node \"{}\" ({})">(name_of_operator(i), operator_of(i));
}

Status TfliteGraphReader::read_here(size_t i, Code code) {
  if (is_rounding(code)) return read_quantize(i);
  if (is_widening(code)) return read_widening(i, code == Code::DEQUANTIZE);
  if (is_in_subgraphs(code)) return read_shared(i, code);
  return {};
}

Status TfliteGraphReader::build_operator(size_t i, Code code) {
  const tflite::Operator& op = operator_at(i);
  const TfliteRow& row = *rows_[i];
  const bool other = row.options != tflite::BuiltinOptions::NONE &&
                     !is_absent(tflite_field(&op, tflite::Operator::VT_BUILTIN_OPTIONS)) &&
                     number_in<tflite::BuiltinOptions>(
                         &op, tflite::Operator::VT_BUILTIN_OPTIONS_TYPE) != row.options;
  WXNN_CHECK(!other, "has the options of another operator");
  TfliteOperator node(*this, graph_, tensors_, reading_.file.head, op, name_of_operator(i));
  node.custom_name = custom_in(code_entry(i));
  for (const int tensor : inputs_of(op)) {
    node.inputs.push_back(kAbsent);
    if (tensor == kAbsent) continue;
    if (kBuildParts.state && has(kKeepState, code) && tensors_.is_state(tensor)) {
      const bool shared = std::ranges::find(states_, tensor) != states_.end();
      WXNN_CHECK(!shared, "shares the variable \"{}\" with another node", tensors_.name(tensor));
      states_.push_back(tensor);
      continue;
    }
    const bool is_grid = is_quantised(tensors_.grid(tensor));
    if (is_grid && code == Code::CAST) {
      node.inputs.pop_back();
      WXNN_TRY(node.add_integers(tensor));
      continue;
    }
    WXNN_TRY(tensors_.value(tensor, &node.inputs.back()));
    WXNN_TRY(check_small_int(code, tensor));
    WXNN_CHECK(!is_grid || !has(kSeeIntegers, code),
               "its input \"{}\" is quantised, which is not supported here", tensors_.name(tensor));
  }
  WXNN_CHECK(node.output_count != 0, "has no outputs");
  for (const int tensor : outputs_of(op)) WXNN_TRY(check_small_int(code, tensor));
  if (kBuildParts.grids && has(kCopies, code) && !node.inputs.empty()) node.copies_elements();
  WXNN_TRY(cook(node, row.recipe));
  if (kBuildParts.flow && (code == Code::IF || code == Code::WHILE))
    WXNN_TRY(reading_.variables.hand_over(graph_, code == Code::WHILE));
  return node.emit_roundings();
}

Status TfliteGraphReader::check_small_int(Code code, int tensor) const {
  // Without grids nothing is computed in small integers.
  WXNN_CHECK(!kBuildParts.grids || !tensors_.is_small_int(tensor) || has(kCopies, code) ||
                 has(kSmallInts, code),
             "tensor \"{}\" is computed in {} without a scale, which is not supported here",
             tensors_.name(tensor), name_of(tensors_.stored_type(tensor)));
  return {};
}

// Numbers rounded to the grid of a quantised tensor.
Status TfliteGraphReader::read_quantize(size_t i) {
  const tflite::Operator& op = operator_at(i);
  WXNN_CHECK(has_one_each(op), "should have one input and one output");
  int from = kAbsent;
  int to = kAbsent;
  WXNN_TRY(tensors_.value(inputs_of(op).Get(0), &from));
  WXNN_TRY(tensors_.value(outputs_of(op).Get(0), &to));
  const TfliteTensors::Grid grid = tensors_.grid(outputs_of(op).Get(0));
  WXNN_CHECK(grid.bits != 0, "its output \"{}\" has no scale", graph_.values[to].name);
  return round_to_grid(graph_, from, to, grid);
}

// A constant keeps its float16 or int8 bytes and is float32 from here on, as is a quantised
// tensor that is computed: no node remains.
Status TfliteGraphReader::read_widening(size_t i, bool is_dequantize) {
  const tflite::Operator& op = operator_at(i);
  WXNN_CHECK(has_one_each(op), "should have one input and one output");
  int value = kAbsent;
  WXNN_TRY(tensors_.value(inputs_of(op).Get(0), &value));
  WXNN_CHECK(is_dequantize || graph_.values[value].constant != nullptr,
             "its input \"{}\" is computed while running; only a constant is supported",
             graph_.values[value].name);
  WXNN_CHECK(!is_dequantize || graph_.values[value].type.dtype == DType::kFloat32,
             "its input \"{}\" has no scale", graph_.values[value].name);
  tensors_.alias(outputs_of(op).Get(0), value);
  return {};
}

namespace {

// What every .tflite file has: identifier, version, offsets that stay inside.
Status check_frame(const Buffer& file) {
  WXNN_CHECK(verify_tflite(file), "it is cut off or damaged");
  const tflite::Model& model = *tflite::GetModel(file.data());
  const auto version = number_in<uint32_t>(&model, tflite::Model::VT_VERSION);
  WXNN_CHECK(version == 3, "its schema has version {}, not {}", version, 3U);
  WXNN_CHECK(subgraphs_of(model).size() != 0, "the model has no outputs");
  return {};
}

}  // namespace

Status read_tflite(File file, Graph* graph) {
  *graph = {};
  graph->file = std::move(file);
  if constexpr (sizeof(size_t) > sizeof(uint32_t)) {  // else it would not be in memory
    WXNN_CHECK(graph->file.head.size() < FLATBUFFERS_MAX_BUFFER_SIZE,
               "the file is larger than 2 GB");
  }
  Status status = check_frame(graph->file.head);
  if (!status.ok()) return status.at("not a TensorFlow Lite file");
  TfliteReading reading{graph->file, *tflite::GetModel(graph->file.head.data())};
  return TfliteGraphReader(reading, 0, 0, graph).run();
}

}  // namespace wxnn
