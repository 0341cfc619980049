#include "formats/tflite_reader.h"

#include <algorithm>

#include "core/build_parts.h"
#include "formats/flex_map.h"
#include "formats/tflite_rows.h"
#include "formats/tflite_tensors.h"
#include "formats/tflite_variables.h"
#include "formats/tflite_verify.h"

namespace wxnn {

namespace {

using flatbuffers::Table;
using flatbuffers::Verifier;

constexpr std::string_view kPaddings[] = {"same", "valid"};
constexpr std::string_view kActivations[] = {"linear", "relu", "reluN1To1", "relu6", "tanh"};
constexpr std::string_view kMirrorModes[] = {"reflect", "symmetric"};

struct FieldKind {
  char letter;
  uint8_t bytes;
  std::span<const std::string_view> texts;  // of an enum
};
constexpr FieldKind kFieldKinds[] = {
    {'i', 4, {}},        {'d', 4, {}},           {'b', 1, {}},           {'n', 1, {}}, {'f', 4, {}},
    {'p', 1, kPaddings}, {'a', 1, kActivations}, {'m', 1, kMirrorModes}, {'t', 1, {}}, {'v', 4, {}},
    {'l', 8, {}},        {'w', 4, {}},           {'y', 1, {}},           {'s', 1, {}},
};

// Reads subgraphs of the file.
class Subgraphs {
 public:
  virtual Status read_body(size_t index, std::unique_ptr<Graph>* graph) = 0;

 protected:
  ~Subgraphs() = default;
};

bool quantised(const TfliteTensors::Grid& grid) { return kBuildParts.grids && grid.bits != 0; }

// What all readers of one file share.
struct Reading {
  const Buffer& file;
  size_t tensors = 0;  // of all graphs: bounded, as subgraphs that use subgraphs multiply
  TfliteVariables variables = {};
};
constexpr int kMostDepth = 32;

// An operator of the file while it becomes nodes of ours.
class OperatorNode final : public TfliteSource {
 public:
  OperatorNode(Subgraphs& subgraphs, Graph& graph, TfliteTensors& tensors, const Verifier& verifier,
               const tflite::Operator& op, std::string name)
      : TfliteSource(graph, std::move(name)),
        subgraphs_(subgraphs),
        tensors_(tensors),
        verifier_(verifier),
        op_(op) {
    output_count = op.outputs() == nullptr ? 0 : op.outputs()->size();
  }

  Status subgraph(size_t index, std::unique_ptr<Graph>* graph) override {
    return kBuildParts.flow ? subgraphs_.read_body(index, graph) : Status();
  }

  Status read(std::string_view source, AttrValue* value) override {
    const char letter = source[0];
    if (kBuildParts.custom && letter == 'x')
      return read_flex_option(custom_options(), source.substr(1), value);
    const auto* kind = std::ranges::find(kFieldKinds, letter, &FieldKind::letter);
    std::string_view rest = source.substr(1, source.find(':') - 1);
    for (bool more = true; more;) {
      int field = 0;
      size_t i = 0;
      while (i < rest.size() && rest[i] != ',') field = field * 10 + (rest[i++] - '0');
      WXNN_TRY(read_field(*kind, field, value));
      more = i < rest.size();
      if (more) rest.remove_prefix(i + 1);
    }
    return {};
  }

  // What a node writes to a quantised tensor is rounded to its grid behind the node.
  Status output(size_t i, int* value) override {
    const size_t listed = op_.outputs() != nullptr ? op_.outputs()->size() : 0;
    WXNN_CHECK(i < listed, "has ", listed, " outputs and should have more");  // as an option says
    const int tensor = op_.outputs()->Get(static_cast<uint32_t>(i));
    WXNN_TRY(tensors_.value(tensor, value));
    const TfliteTensors::Grid grid = tensors_.grid(tensor);
    if (!quantised(grid) || on_grid(grid)) return {};
    for (const Rounding& r : roundings_) {
      if (r.to != *value) continue;
      *value = r.from;
      return {};
    }
    const TensorType type = graph.values[*value].type;
    const int from = graph.add_value(sentence(graph.values[*value].name, "/exact"), type);
    roundings_.push_back({from, *value, grid});
    *value = from;
    return {};
  }

  Status emit_roundings() {
    if (!kBuildParts.grids) return {};
    for (const Rounding& r : roundings_) WXNN_TRY(round_to_grid(graph, r.from, r.to, r.grid));
    return {};
  }

  tflite::TensorType output_type(size_t i) const override {
    const bool there = op_.outputs() != nullptr && i < op_.outputs()->size();
    return there ? tensors_.stored_type(op_.outputs()->Get(static_cast<uint32_t>(i)))
                 : tflite::TensorType::FLOAT32;
  }
  void copies_elements() { copies_ = true; }

  static Status round_to_grid(Graph& graph, int from, int to, const TfliteTensors::Grid& grid) {
    const Op* op = nullptr;
    WXNN_TRY(need_op("FakeQuantWithMinMaxArgs", &op));
    Attrs attrs(op->attrs);
    WXNN_TRY(attrs.set("min", grid.min));
    WXNN_TRY(attrs.set("max", grid.max));
    WXNN_TRY(attrs.set("numBits", grid.bits));
    graph.nodes.push_back({op, graph.values[to].name, std::move(attrs), {from}, {to}});
    return {};
  }

  std::span<const std::byte> custom_options() const override {
    const auto* bytes = op_.custom_options();
    if (bytes == nullptr) return {};
    return {reinterpret_cast<const std::byte*>(bytes->data()), bytes->size()};
  }

 private:
  struct Rounding {
    int from, to;  // values
    TfliteTensors::Grid grid;
  };

  // True where all that the node hands on is on that grid already.
  bool on_grid(const TfliteTensors::Grid& grid) const {
    for (uint32_t k = 0; copies_ && k < op_.inputs()->size(); ++k) {
      const int tensor = op_.inputs()->Get(k);
      const bool list =
          tensor == kAbsent || tensors_.stored_type(tensor) == tflite::TensorType::INT32;
      if (!list && !(tensors_.grid(tensor) == grid)) return false;
    }
    return copies_;
  }

  Status read_field(const FieldKind& kind, int field, AttrValue* value) const {
    // A table that is absent, or ends before the field, means the schema's default.
    alignas(4) static constexpr uint8_t kNoOptions[] = {4, 0, 4, 0, 4, 0, 0, 0};
    const void* options = op_.builtin_options();
    if (options == nullptr) options = op_.builtin_options_2();
    const auto& table = *static_cast<const Table*>(options != nullptr ? options : kNoOptions + 4);
    const flatbuffers::voffset_t slot = vtable_slot(field);
    if (options != nullptr) {
      const bool list = kind.letter == 'v' || kind.letter == 'w' || kind.letter == 's';
      const bool inside = list ? verify_vector(verifier_, table, field, kind.bytes)
                               : verify_scalar(verifier_, table, field, kind.bytes);
      WXNN_CHECK(inside, "has options that reach outside the file");
    }
    if (kind.letter == 'v') {
      const auto* list = table.GetPointer<const flatbuffers::Vector<int32_t>*>(slot);
      for (uint32_t i = 0; list != nullptr && i < list->size(); ++i) {
        value->numbers.push_back(list->Get(i));
      }
    } else if (kind.letter == 'w') {
      const auto* list = table.GetPointer<const flatbuffers::Vector<float>*>(slot);
      for (uint32_t i = 0; list != nullptr && i < list->size(); ++i) {
        value->numbers.push_back(list->Get(i));
      }
    } else if (kind.letter == 's') {
      const auto* text = table.GetPointer<const flatbuffers::Vector<char>*>(slot);
      if (text != nullptr) value->text.append(text->data(), text->size());
    } else if (kind.letter == 'l') {
      value->numbers.push_back(static_cast<double>(table.GetField<int64_t>(slot, 0)));
    } else if (kind.letter == 'f') {
      value->numbers.push_back(table.GetField<float>(slot, 0));
    } else if (kind.bytes == 4) {
      value->numbers.push_back(table.GetField<int32_t>(slot, kind.letter == 'd' ? 1 : 0));
    } else {
      return read_enum(kind, table.GetField<uint8_t>(slot, kind.letter == 'y' ? 1 : 0), value);
    }
    return {};
  }

  static Status read_enum(const FieldKind& kind, uint8_t number, AttrValue* value) {
    if (kind.letter == 't') {
      value->text = computed_dtype(static_cast<tflite::TensorType>(number));
      WXNN_CHECK(!value->text.empty(), "has the type ", number, ", which is not supported");
    } else if (kind.texts.empty()) {
      value->numbers.push_back(number);
    } else {
      WXNN_CHECK(number < kind.texts.size(), "has an option ", number, ", which is not known");
      value->text = kind.texts[number];
    }
    return {};
  }

  Subgraphs& subgraphs_;
  TfliteTensors& tensors_;
  const Verifier& verifier_;
  const tflite::Operator& op_;
  bool copies_ = false;
  std::vector<Rounding> roundings_;
};

using Code = tflite::BuiltinOperator;

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
constexpr Code kSeeIntegers[] = {Code::BITCAST,          Code::BITWISE_XOR, Code::CAST,
                                 Code::CUSTOM,           Code::RIGHT_SHIFT, Code::ZEROS_LIKE,
                                 Code::STABLEHLO_CONVERT};
// Operators of the reader itself: the rest of the graph has no node for them. Variables, and
// subgraphs whose nodes become this graph's.
constexpr Code kInSubgraphs[] = {Code::VAR_HANDLE, Code::READ_VARIABLE, Code::ASSIGN_VARIABLE,
                                 Code::STABLEHLO_COMPOSITE, Code::CALL_ONCE};
// From which input on an int32 with a scale is a bias.
struct BiasRow {
  Code code;
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

class Reader final : public Subgraphs {
 public:
  Reader(const Verifier& verifier, const tflite::Model& model, size_t index, Reading& reading,
         int depth, Graph* graph)
      : verifier_(verifier),
        model_(model),
        subgraph_(*model.subgraphs()->Get(static_cast<uint32_t>(index))),
        index_(index),
        reading_(reading),
        depth_(depth),
        graph_(*graph),
        tensors_(verifier, model, subgraph_, reading.file, graph) {}

  Status run() {
    WXNN_TRY(find_rows());
    WXNN_TRY(read_inputs());
    for (size_t i = 0; i < rows_.size(); ++i) WXNN_TRY(read_operator(i));
    WXNN_TRY(read_outputs());
    if (kBuildParts.flow && depth_ == 0) WXNN_TRY(reading_.variables.finish(graph_));
    return sort(graph_);
  }

  Status read_body(size_t index, std::unique_ptr<Graph>* graph) override {
    WXNN_TRY(check_subgraph(index));
    *graph = std::make_unique<Graph>();
    return Reader(verifier_, model_, index, reading_, depth_ + 1, graph->get()).run();
  }

 private:
  using Ints = flatbuffers::Vector<int32_t>;
  using Maps = flatbuffers::Vector<flatbuffers::Offset<tflite::TensorMap>>;

  Status check_subgraph(size_t index) {
    const uint32_t count = model_.subgraphs()->size();
    WXNN_CHECK(index < count, "refers to subgraph ", index, " of ", count);
    const auto* tensors = model_.subgraphs()->Get(static_cast<uint32_t>(index))->tensors();
    reading_.tensors += 1 + (tensors == nullptr ? 0 : tensors->size());
    WXNN_CHECK(depth_ < kMostDepth && reading_.tensors <= reading_.file.size(),
               "uses subgraphs inside each other too often; recursion is not supported");
    return {};
  }

  // The nodes of a subgraph among those of this graph, on the operator's inputs. `once`: CALL_ONCE,
  // whose variables get their first values.
  Status read_inside(size_t i, size_t index, bool once) {
    WXNN_TRY(check_subgraph(index));
    Reader inner(verifier_, model_, index, reading_, depth_ + 1, &graph_);
    inner.once_ = once;
    inner.is_inside_ = is_inside_ || depth_ == 0;
    WXNN_TRY(inner.find_rows());
    const tflite::Operator& op = operator_at(i);
    const Ints* const given[] = {op.inputs(), op.outputs()};
    const Ints* const declared[] = {inner.subgraph_.inputs(), inner.subgraph_.outputs()};
    for (int side = 0; side < 2; ++side) {
      WXNN_TRY(inner.check_indices(declared[side], false, "a subgraph"));
      const uint32_t ours = given[side] == nullptr ? 0 : given[side]->size();
      const uint32_t theirs = declared[side] == nullptr ? 0 : declared[side]->size();
      WXNN_CHECK(ours == theirs || once, "has ", ours, side == 0 ? " inputs" : " outputs",
                 ", its subgraph ", theirs);
      if (side == 1) {
        for (size_t k = 0; k < inner.rows_.size(); ++k) WXNN_TRY(inner.read_operator(k));
      }
      for (uint32_t k = 0; k < std::min(ours, theirs); ++k) {
        int value = kAbsent;
        if (side == 0) inner.tensors_.mark_written(declared[0]->Get(k));
        if (side == 0) WXNN_TRY(tensors_.value(given[0]->Get(k), &value));
        if (side == 0) inner.tensors_.alias(declared[0]->Get(k), value);
        if (side == 1) WXNN_TRY(inner.tensors_.value(declared[1]->Get(k), &value));
        if (side == 1) tensors_.alias(given[1]->Get(k), value);
      }
    }
    return {};
  }

  const tflite::Operator& operator_at(size_t i) const {
    return *subgraph_.operators()->Get(static_cast<uint32_t>(i));
  }

  Status check_indices(const Ints* indices, bool may_be_absent, std::string_view what) const {
    const int count = static_cast<int>(tensors_.size());
    for (uint32_t i = 0; indices != nullptr && i < indices->size(); ++i) {
      const int t = indices->Get(i);
      WXNN_CHECK((t >= 0 && t < count) || (t == kAbsent && may_be_absent), what,
                 " refers to tensor ", t, " of ", count);
    }
    return {};
  }

  Status code_of(size_t i, tflite::BuiltinOperator* code, std::string* custom) const {
    const uint32_t index = operator_at(i).opcode_index();
    const auto* codes = model_.operator_codes();
    const uint32_t count = codes == nullptr ? 0 : codes->size();
    WXNN_CHECK(index < count, "operator ", i, " refers to operator code ", index, " of ", count);
    const tflite::OperatorCode& entry = *codes->Get(index);
    *code = std::max(static_cast<tflite::BuiltinOperator>(entry.deprecated_builtin_code()),
                     entry.builtin_code());
    if (entry.custom_code() != nullptr) *custom = entry.custom_code()->str();
    return {};
  }

  // The node has no name in the file: it is called after the first tensor that it writes.
  std::string name_of_operator(size_t i) const {
    const Ints* outputs = operator_at(i).outputs();
    return outputs != nullptr && outputs->size() != 0 ? tensors_.name(outputs->Get(0))
                                                      : sentence("operator ", i);
  }

  // Checks all indices and lists all operators that we do not have, before anything is built.
  Status find_rows() {
    const uint32_t count = subgraph_.operators() == nullptr ? 0 : subgraph_.operators()->size();
    std::vector<MissingOp> missing;
    for (size_t i = 0; i < count; ++i) {
      const tflite::Operator& op = operator_at(i);
      WXNN_TRY(check_indices(op.inputs(), true, sentence("operator ", i)));
      WXNN_TRY(check_indices(op.outputs(), false, sentence("operator ", i)));
      tflite::BuiltinOperator code;
      std::string custom;
      WXNN_TRY(code_of(i, &code, &custom));
      for (uint32_t k = 0; op.outputs() != nullptr && k < op.outputs()->size(); ++k) {
        tensors_.mark_written(op.outputs()->Get(k));
      }
      mark_biases(code, op.inputs());
      const TfliteRow* row = find_tflite_row(code, custom);
      rows_.push_back(row);
      if (kBuildParts.flow && (code == Code::VAR_HANDLE || code == Code::ASSIGN_VARIABLE)) {
        Status status = find_variable(i, code);
        if (!status.ok()) return status.at(place_of(i));
      }
      if (is_by_reader(code) || (row != nullptr && available(row->recipe))) continue;
      const bool is_custom = code == tflite::BuiltinOperator::CUSTOM;
      missing.push_back({is_custom ? custom : tflite_name(code), name_of_operator(i)});
    }
    return refuse_missing(std::move(missing));
  }

  void mark_biases(Code code, const Ints* inputs) {
    if (!kBuildParts.grids) return;
    const auto* row = std::ranges::find(kBiases, code, &BiasRow::code);
    if (row == std::end(kBiases) || inputs == nullptr) return;
    for (uint32_t k = row->first; k < inputs->size(); ++k) {
      if (inputs->Get(k) != kAbsent) tensors_.mark_bias(inputs->Get(k));
    }
  }

  Status read_inputs() {
    const Ints* inputs = subgraph_.inputs();
    WXNN_TRY(check_indices(inputs, false, "the list of inputs"));
    for (uint32_t i = 0; inputs != nullptr && i < inputs->size(); ++i) {
      tensors_.mark_written(inputs->Get(i));
    }
    const Maps* names = signature() != nullptr ? signature()->inputs() : nullptr;
    for (uint32_t i = 0; inputs != nullptr && i < inputs->size(); ++i) {
      int value = kAbsent;
      WXNN_TRY(tensors_.input(inputs->Get(i), &value));
      graph_.values[value].name = name_in(names, inputs->Get(i));
      graph_.inputs.push_back(value);
      if (const TfliteTensors::Grid grid = tensors_.grid(inputs->Get(i)); quantised(grid)) {
        const std::string name = sentence(graph_.values[value].name, "/rounded");
        const int rounded = graph_.add_value(name, graph_.values[value].type);
        WXNN_TRY(OperatorNode::round_to_grid(graph_, value, rounded, grid));
        tensors_.alias(inputs->Get(i), rounded);
      }
    }
    return {};
  }

  Status read_outputs() {
    const Ints* outputs = subgraph_.outputs();
    WXNN_TRY(check_indices(outputs, false, "the list of outputs"));
    WXNN_CHECK(outputs != nullptr && outputs->size() != 0, "the model has no outputs");
    const Maps* names = signature() != nullptr ? signature()->outputs() : nullptr;
    for (uint32_t i = 0; i < outputs->size(); ++i) {
      int value = kAbsent;
      WXNN_TRY(tensors_.value(outputs->Get(i), &value));
      if (depth_ > 0) {
        graph_.outputs.push_back(value);
        continue;
      }
      WXNN_TRY(add_output(graph_, value, name_in(names, outputs->Get(i))));
    }
    return {};
  }

  const tflite::SignatureDef* signature() const {
    const auto* all = model_.signature_defs();
    for (uint32_t i = 0; all != nullptr && i < all->size(); ++i) {
      if (all->Get(i)->subgraph_index() == index_) return all->Get(i);
    }
    return nullptr;
  }

  std::string name_in(const Maps* names, int tensor) const {
    for (uint32_t i = 0; names != nullptr && i < names->size(); ++i) {
      const tflite::TensorMap& entry = *names->Get(i);
      const bool named = entry.name() != nullptr && entry.name()->size() != 0;
      if (named && entry.tensor_index() == static_cast<uint32_t>(tensor))
        return entry.name()->str();
    }
    return tensors_.name(tensor);
  }

  std::string place_of(size_t i) const {
    Code code;
    std::string custom;
    const Status known = code_of(i, &code, &custom);
    static_cast<void>(known);  // find_rows has asked for it
    return sentence("node \"", name_of_operator(i), "\" (",
                    code == Code::CUSTOM ? custom : tflite_name(code), ")");
  }

  Status read_operator(size_t i) {
    Code code;
    std::string custom;
    WXNN_TRY(code_of(i, &code, &custom));
    Status status = is_by_reader(code) ? read_here(i, code) : build_operator(i, code, custom);
    return status.ok() ? status : status.at(place_of(i));
  }

  Status read_here(size_t i, Code code) {
    if (is_rounding(code)) return read_quantize(i);
    if (is_widening(code)) return read_widening(i, code == Code::DEQUANTIZE);
    if (is_in_subgraphs(code)) return read_shared(i, code);
    return {};
  }

  // Variables, and subgraphs whose nodes become this graph's.
  Status read_shared(size_t i, Code code) {
    if (code == Code::VAR_HANDLE) return {};
    if (code == Code::READ_VARIABLE || code == Code::ASSIGN_VARIABLE) return use_variable(i, code);
    AttrValue index;
    WXNN_TRY(option(i, code == Code::CALL_ONCE ? "i0" : "i1", &index));
    WXNN_CHECK(index.numbers[0] >= 0, "refers to subgraph ", static_cast<int>(index.numbers[0]));
    return read_inside(i, static_cast<size_t>(index.numbers[0]), code == Code::CALL_ONCE);
  }

  Status option(size_t i, std::string_view source, AttrValue* value) {
    OperatorNode node(*this, graph_, tensors_, verifier_, operator_at(i), {});
    return node.read(source, value);
  }

  // Of VAR_HANDLE and ASSIGN_VARIABLE, before anything is built.
  Status find_variable(size_t i, Code code) {
    if (code == Code::ASSIGN_VARIABLE) {
      int variable = kAbsent;
      WXNN_TRY(variable_of(i, &variable));
      if (!once_) reading_.variables.mark_assigned(variable);
      return {};
    }
    const Ints* outputs = operator_at(i).outputs();
    AttrValue name;
    WXNN_TRY(option(i, "s0", &name));
    if (!name.text.empty()) name.text += '/';
    WXNN_TRY(option(i, "s1", &name));
    WXNN_CHECK(outputs != nullptr && outputs->size() == 1, "should have one output");
    handles_.resize(tensors_.size(), kAbsent);
    handles_[outputs->Get(0)] = reading_.variables.find(name.text);
    return {};
  }

  Status variable_of(size_t i, int* variable) const {
    const Ints* inputs = operator_at(i).inputs();
    const bool there = inputs != nullptr && inputs->size() != 0 && inputs->Get(0) != kAbsent;
    *variable = there && !handles_.empty() ? handles_[inputs->Get(0)] : kAbsent;
    WXNN_CHECK(*variable != kAbsent, "its variable comes from no VAR_HANDLE of this subgraph");
    return {};
  }

  Status use_variable(size_t i, Code code) {
    const tflite::Operator& op = operator_at(i);
    int variable = kAbsent;
    int value = kAbsent;
    WXNN_TRY(variable_of(i, &variable));
    WXNN_CHECK(depth_ == 0 || is_inside_,
               "uses a variable in a loop or a condition, which is not "
               "supported");
    if (code == Code::READ_VARIABLE) {
      WXNN_CHECK(op.outputs() != nullptr && op.outputs()->size() == 1, "should have one output");
      WXNN_TRY(reading_.variables.read(graph_, variable, &value));
      tensors_.alias(op.outputs()->Get(0), value);
      return {};
    }
    const bool given = op.inputs()->size() == 2 && op.inputs()->Get(1) != kAbsent;
    WXNN_CHECK(given, "should have two inputs");
    WXNN_TRY(tensors_.value(op.inputs()->Get(1), &value));
    reading_.variables.assign(variable, value, once_);
    return {};
  }

  Status build_operator(size_t i, Code code, std::string_view custom) {
    const tflite::Operator& op = operator_at(i);
    const TfliteRow& row = *rows_[i];
    const bool other = row.options != tflite::BuiltinOptions::NONE &&
                       op.builtin_options() != nullptr && op.builtin_options_type() != row.options;
    WXNN_CHECK(!other, "has the options of another operator");
    OperatorNode node(*this, graph_, tensors_, verifier_, op, name_of_operator(i));
    node.custom_name = custom;
    for (uint32_t k = 0; op.inputs() != nullptr && k < op.inputs()->size(); ++k) {
      node.inputs.push_back(kAbsent);
      const int tensor = op.inputs()->Get(k);
      if (tensor == kAbsent) continue;
      if (kBuildParts.state && has(kKeepState, code) && tensors_.is_state(tensor)) {
        const bool shared = std::ranges::find(states_, tensor) != states_.end();
        WXNN_CHECK(!shared, "shares the variable \"", tensors_.name(tensor),
                   "\" with another node");
        states_.push_back(tensor);
        continue;
      }
      WXNN_TRY(tensors_.value(tensor, &node.inputs.back()));
      WXNN_TRY(check_small_int(code, tensor));
      WXNN_CHECK(!has(kSeeIntegers, code) || !quantised(tensors_.grid(tensor)), "its input \"",
                 tensors_.name(tensor), "\" is quantised, which is not supported here");
    }
    WXNN_CHECK(node.output_count != 0, "has no outputs");
    for (uint32_t k = 0; k < op.outputs()->size(); ++k) {
      WXNN_TRY(check_small_int(code, op.outputs()->Get(k)));
    }
    if (kBuildParts.grids && has(kCopies, code) && !node.inputs.empty()) node.copies_elements();
    WXNN_TRY(cook(node, row.recipe));
    return node.emit_roundings();
  }

  Status check_small_int(Code code, int tensor) const {
    // Without grids nothing is computed in small integers.
    WXNN_CHECK(!kBuildParts.grids || !tensors_.is_small_int(tensor) || has(kCopies, code) ||
                   has(kSmallInts, code),
               "tensor \"", tensors_.name(tensor), "\" is computed in ",
               name_of(tensors_.stored_type(tensor)),
               " without a scale, which is not supported here");
    return {};
  }

  // Numbers rounded to the grid of a quantised tensor.
  Status read_quantize(size_t i) {
    const tflite::Operator& op = operator_at(i);
    WXNN_CHECK(has_one_each(op), "should have one input and one output");
    int from = kAbsent;
    int to = kAbsent;
    WXNN_TRY(tensors_.value(op.inputs()->Get(0), &from));
    WXNN_TRY(tensors_.value(op.outputs()->Get(0), &to));
    const TfliteTensors::Grid grid = tensors_.grid(op.outputs()->Get(0));
    WXNN_CHECK(grid.bits != 0, "its output \"", graph_.values[to].name, "\" has no scale");
    return OperatorNode::round_to_grid(graph_, from, to, grid);
  }

  static bool has_one_each(const tflite::Operator& op) {
    return op.inputs() != nullptr && op.inputs()->size() == 1 && op.outputs() != nullptr &&
           op.outputs()->size() == 1 && op.inputs()->Get(0) != kAbsent;
  }

  // A constant keeps its float16 or int8 bytes and is float32 from here on, as is a quantised
  // tensor that is computed: no node remains.
  Status read_widening(size_t i, bool is_dequantize) {
    const tflite::Operator& op = operator_at(i);
    WXNN_CHECK(has_one_each(op), "should have one input and one output");
    int value = kAbsent;
    WXNN_TRY(tensors_.value(op.inputs()->Get(0), &value));
    WXNN_CHECK(is_dequantize || graph_.values[value].constant != nullptr, "its input \"",
               graph_.values[value].name,
               "\" is computed while running; only a constant is supported");
    WXNN_CHECK(!is_dequantize || graph_.values[value].type.dtype == DType::kFloat32, "its input \"",
               graph_.values[value].name, "\" has no scale");
    tensors_.alias(op.outputs()->Get(0), value);
    return {};
  }

  const Verifier& verifier_;
  const tflite::Model& model_;
  const tflite::SubGraph& subgraph_;
  size_t index_;
  Reading& reading_;
  int depth_;  // of subgraphs inside each other
  Graph& graph_;
  TfliteTensors tensors_;
  bool once_ = false;                   // in what CALL_ONCE runs
  bool is_inside_ = false;              // a subgraph that has become nodes of the main graph
  std::vector<int> handles_;            // per tensor: the variable that it stands for
  std::vector<int> states_;             // variables that some operator keeps
  std::vector<const TfliteRow*> rows_;  // parallel to the operators; null for DEQUANTIZE, DENSIFY
};

// What every .tflite file has: identifier, version, offsets that stay inside.
Status check_frame(Verifier& verifier, const Buffer& file) {
  const uint8_t* bytes = file.data<uint8_t>();
  constexpr size_t kSmallest = 16;
  const bool marked = file.size() >= kSmallest && tflite::ModelBufferHasIdentifier(bytes);
  WXNN_CHECK(marked, "bytes 4 to 7 are not \"TFL3\"");
  const bool whole =
      verifier.VerifyOffset(0) != 0 && verify_tflite(verifier, *tflite::GetModel(bytes));
  WXNN_CHECK(whole, "it is cut off or damaged");
  const tflite::Model& model = *tflite::GetModel(bytes);
  WXNN_CHECK(model.version() == 3, "its schema has version ", model.version(), ", not 3");
  const bool has_graph = model.subgraphs() != nullptr && model.subgraphs()->size() != 0;
  WXNN_CHECK(has_graph, "it contains no graph");
  return {};
}

}  // namespace

Status read_tflite(Buffer file, Graph* graph) {
  *graph = {};
  graph->file = std::move(file);
  const uint8_t* bytes = graph->file.data<uint8_t>();
  WXNN_CHECK(graph->file.size() < FLATBUFFERS_MAX_BUFFER_SIZE, "the file is larger than 2 GB");
  Verifier verifier(bytes, graph->file.size());
  Status status = check_frame(verifier, graph->file);
  if (!status.ok()) return status.at("not a TensorFlow Lite file");
  const tflite::Model& model = *tflite::GetModel(bytes);
  Reading reading{graph->file};
  return Reader(verifier, model, 0, reading, 0, graph).run();
}

}  // namespace wxnn
