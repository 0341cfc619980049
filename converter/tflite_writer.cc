#include "converter/tflite_writer.h"

#include <flatbuffers/flexbuffers.h>

#include <algorithm>
#include <set>

#include "converter/tflite_file.h"
#include "formats/tflite_verify.h"

namespace wxnn {

namespace {

using flatbuffers::Offset;
using flatbuffers::Vector;

// In the order of enum DType.
constexpr tflite::TensorType kTypes[] = {tflite::TensorType::FLOAT32, tflite::TensorType::INT32,
                                         tflite::TensorType::BOOL, tflite::TensorType::COMPLEX64};
constexpr char kLetters[] = {'f', 'i', 'b', 'c'};

tflite::TensorType tensor_type(DType dtype) { return kTypes[static_cast<int>(dtype)]; }

bool has_builtin(const Graph& graph, const Node& node) {
  const WriteRow* row = find_write_row(node);
  if (row == nullptr) return false;
  if (node.inputs.empty() || node.inputs[0] == kAbsent) return true;
  const DType dtype = graph.values[node.inputs[0]].type.dtype;
  return std::string_view(row->dtypes).find(kLetters[static_cast<int>(dtype)]) !=
         std::string_view::npos;
}

void collect_unwritable(const Graph& graph, MissingOps* missing) {
  for (const Node& node : graph.nodes) {
    for (const auto& body : node.bodies) collect_unwritable(*body, missing);
    if (has_builtin(graph, node)) continue;
    std::string op = node.op->name;
    if (find_write_row(node) != nullptr)
      op += sentence<" of {}">(name_of(graph.values[node.inputs[0]].type.dtype));
    missing->add(op, node.name);
  }
}

// All at once.
Status refuse_unwritable(const Graph& graph) {
  MissingOps missing;
  collect_unwritable(graph, &missing);
  Status status = missing.refuse();
  if (status.ok()) return status;
  std::string text(status.message());
  const std::string from = "that this build does not have";
  const size_t at = text.find(from);
  if (at != std::string::npos) text.replace(at, from.size(), "that TensorFlow Lite does not have");
  return Status(text + " (--custom-ops writes them for wxnn alone)");
}

// A builder that grows copies what it has.
size_t expected_bytes(const Graph& graph) {
  constexpr size_t kRest = 1 << 16;
  size_t bytes = kRest;
  for (const Value& v : graph.values) bytes += v.constant ? v.type.bytes() : 0;
  return std::min(bytes, size_t{1} << 30);
}

// Writes one graph: the main one, or a body of If or While.
class Writer {
 public:
  Writer(Graph& graph, const WriteOptions& options, TfliteFile& file, Written* written)
      : graph_(graph),
        options_(options),
        written_(*written),
        file_(file),
        b_(file.builder),
        tensor_of_(graph.values.size(), kAbsent) {}

  Status run(bool is_main, Offset<tflite::SubGraph>* written) {
    for (const int v : graph_.inputs) {
      if (tensor_of_[v] == kAbsent) tensor_of_[v] = add_tensor(v, is_main && options_.open_batch);
      inputs_.push_back(tensor_of_[v]);
    }
    for (Node& node : graph_.nodes) {
      Status status = write_node(node);
      if (!status.ok()) return status.at(node.place());
    }
    for (const int v : graph_.outputs) {
      outputs_.push_back(kAbsent);
      WXNN_TRY(output_tensor(v, &outputs_.back()));
    }
    *written = tflite::CreateSubGraphDirect(b_, &tensors_, &inputs_, &outputs_, &operators_,
                                            is_main ? "main" : "body");
    return {};
  }

  TfliteFile::Maps input_maps() { return maps(graph_.inputs, inputs_); }
  TfliteFile::Maps output_maps() { return maps(graph_.outputs, outputs_); }

 private:
  using Type = tflite::TensorType;

  // --- tensors ----------------------------------------------------------------------------------
  std::string unique(std::string name) {
    if (name.empty()) name = "tensor";
    if (names_.insert(name).second) return name;
    for (int i = 1;; ++i) {
      std::string other = sentence<"{}_{}">(name, i);
      if (names_.insert(other).second) return other;
    }
  }

  int add(const std::string& name, Type type, const Shape& shape, uint32_t buffer,
          bool open = false) {
    std::vector<int32_t> dims;
    if (!shape.is_unknown()) dims.assign(shape.dims().begin(), shape.dims().end());
    const auto written_name = b_.CreateString(unique(name));
    const auto written_shape = b_.CreateVector(dims);
    Offset<Vector<int32_t>> signature;
    if (open && !dims.empty()) {
      std::vector<int32_t> declared = dims;
      declared[0] = Shape::kOpen;
      signature = b_.CreateVector(declared);
    }
    tflite::TensorBuilder tensor(b_);
    tensor.add_shape(written_shape);
    tensor.add_type(type);
    tensor.add_buffer(buffer);
    tensor.add_name(written_name);
    if (!signature.IsNull()) tensor.add_shape_signature(signature);
    tensor.add_has_rank(!shape.is_unknown());
    tensors_.push_back(tensor.Finish());
    return static_cast<int>(tensors_.size()) - 1;
  }

  int add_tensor(int v, bool open = false) {
    const Value& value = graph_.values[v];
    return add(value.name, tensor_type(value.type.dtype), value.type.shape, 0, open);
  }

  Status add_constant(int v, int* index) {
    Tensor t;
    WXNN_TRY(graph_.materialize(v, &t));
    const Value& value = graph_.values[v];
    std::vector<uint16_t> halves;
    HalvedTensor report{.name = value.name, .shape = t.shape};
    if (halve(t, options_.halves, &halves, &report)) {
      written_.halved.push_back(report);
      const std::string_view bytes(reinterpret_cast<const char*>(halves.data()), t.bytes() / 2);
      const int half = add(value.name + "/half", Type::FLOAT16, t.shape, file_.add_buffer(bytes));
      *index = add(value.name, Type::FLOAT32, t.shape, 0);
      constexpr int kVersion = 3;
      add_operator(
          {.code = tflite::BuiltinOperator::DEQUANTIZE, .version = kVersion}, {half}, {*index},
          {tflite::BuiltinOptions::DequantizeOptions, tflite::CreateDequantizeOptions(b_).Union()});
      return {};
    }
    const std::string_view bytes(static_cast<const char*>(t.data), t.bytes());
    *index = add(value.name, tensor_type(t.dtype), t.shape, file_.add_buffer(bytes));
    return {};
  }

  Status tensor(int v, int* index) {
    if (v == kAbsent) {
      *index = kAbsent;
      return {};
    }
    if (tensor_of_[v] == kAbsent) {
      if (graph_.values[v].constant) {
        WXNN_TRY(add_constant(v, &tensor_of_[v]));
        graph_.values[v].constant->owned = Buffer();
        graph_.values[v].constant->bytes = {};
      } else {
        tensor_of_[v] = add_tensor(v);
      }
    }
    *index = tensor_of_[v];
    return {};
  }

  // LiteRT wants outputs that an operator writes, each its own: inputs and constants are copied.
  Status output_tensor(int v, int* index) {
    WXNN_TRY(tensor(v, index));
    // Those of a WHILE or IF too: LiteRT.js does not see what these write to an output.
    const bool written = std::ranges::any_of(graph_.nodes, [v](const Node& node) {
      return node.op->flow == nullptr && std::ranges::find(node.outputs, v) != node.outputs.end();
    });
    if (written) return {};
    const Value& value = graph_.values[v];
    // Every number is its own maximum. A RESHAPE would share its input's memory, and LiteRT.js
    // would not see it either.
    Node copy;
    copy.op = find_op(value.type.dtype == DType::kBool ? "LogicalOr" : "Maximum");
    copy.name = value.name;
    copy.attrs = Attrs(copy.op->attrs);
    copy.inputs = {v, v};
    *index = add(value.name, tensor_type(value.type.dtype), value.type.shape, 0);
    return write_builtin(copy, *find_write_row(copy), {*index});
  }

  // --- operators
  // ----------------------------------------------------------------------------------
  void add_operator(const TfliteFile::CodeKey& key, const std::vector<int>& inputs,
                    const std::vector<int>& outputs, const WrittenOptions& options,
                    Offset<Vector<uint8_t>> custom = {}) {
    operators_.push_back(file_.add_operator(key, inputs, outputs, options, custom));
  }

  Status write_node(Node& node) {
    std::vector<int> outputs;
    for (const int v : node.outputs) {
      outputs.push_back(kAbsent);
      WXNN_TRY(tensor(v, &outputs.back()));
    }
    if (!has_builtin(graph_, node)) return write_custom(node, outputs);
    const WriteRow& row = *find_write_row(node);
    if (!node.bodies.empty()) return write_flow(node, row, outputs);
    return row.gives_int64 ? write_wide(node, row, outputs) : write_builtin(node, row, outputs);
  }

  // Its bodies become graphs of the file, whose numbers are its options.
  Status write_flow(Node& node, const WriteRow& row, const std::vector<int>& outputs) {
    std::vector<int> inputs;
    for (const int v : node.inputs) {
      inputs.push_back(kAbsent);
      WXNN_TRY(tensor(v, &inputs.back()));
    }
    std::vector<int> graphs;
    for (const auto& body : node.bodies) {
      Offset<tflite::SubGraph> graph;
      WXNN_TRY(Writer(*body, options_, file_, &written_).run(false, &graph));
      graphs.push_back(file_.add_graph(graph));
    }
    const flatbuffers::uoffset_t start = b_.StartTable();
    for (size_t i = 0; i < graphs.size(); ++i)
      b_.AddElement<int32_t>(vtable_slot(static_cast<int>(i)), graphs[i], 0);
    const WrittenOptions options{row.options, Offset<void>(b_.EndTable(start))};
    add_operator({.code = row.code}, inputs, outputs, options);
    return {};
  }

  // TFLite gives 64 bits where all of ours have 32.
  Status write_wide(const Node& node, const WriteRow& row, const std::vector<int>& outputs) {
    const Shape& shape = graph_.values[node.outputs[0]].type.shape;
    const int wide = add(node.name + "/int64", Type::INT64, shape, 0);
    WXNN_TRY(write_builtin(node, row, {wide}));
    add_operator({.code = tflite::BuiltinOperator::CAST}, {wide}, outputs,
                 {tflite::BuiltinOptions::CastOptions,
                  tflite::CreateCastOptions(b_, Type::INT64, Type::INT32).Union()});
    return {};
  }

  Status write_builtin(const Node& node, const WriteRow& row, const std::vector<int>& outputs) {
    PlacedInputs placed;
    WXNN_TRY(place_inputs(graph_, node, row, &placed));
    std::vector<int> inputs;
    for (const PlacedInput& p : placed) {
      inputs.push_back(kAbsent);
      if (p.is_numbers) {
        inputs.back() = add_numbers(node, p);
      } else {
        WXNN_TRY(tensor(p.value, &inputs.back()));
      }
    }
    const WrittenOptions options = write_options(b_, graph_, node, row);
    add_operator({.code = row.code, .version = version_of(node, row)}, inputs, outputs, options);
    return {};
  }

  int version_of(const Node& node, const WriteRow& row) const {
    if (row.version == nullptr) return 1;
    int rank = 0;
    for (const int v : node.inputs) {
      if (v != kAbsent) rank = std::max(rank, graph_.values[v].type.shape.rank());
    }
    const TensorType none;
    const TensorType& x = node.inputs.empty() ? none : graph_.values[node.inputs[0]].type;
    const bool broadcast = node.inputs.size() > 1 && node.inputs[1] != kAbsent &&
                           !(graph_.values[node.inputs[1]].type.shape == x.shape);
    return row.version({node, x, rank, broadcast});
  }

  // A constant input that the node keeps as an attribute.
  int add_numbers(const Node& node, const PlacedInput& p) {
    const std::string name = sentence<"{}/{}">(node.name, p.name);
    return add(name, tensor_type(p.dtype), p.shape, file_.add_buffer(p.bytes));
  }

  // Our name, our inputs, our attributes as a flexbuffer map.
  Status write_custom(const Node& node, const std::vector<int>& outputs) {
    std::vector<int> inputs;
    for (const int v : node.inputs) {
      inputs.push_back(kAbsent);
      WXNN_TRY(tensor(v, &inputs.back()));
    }
    flexbuffers::Builder flex;
    flex.Map([&] {
      for (const AttrSpec& spec : node.op->attrs) {
        const std::span<const double> numbers = node.attrs.numbers(spec.name);
        if (numbers.empty()) {
          flex.String(spec.name, std::string(node.attrs.text(spec.name)));
        } else if (numbers.size() == 1) {
          flex.Double(spec.name, numbers[0]);
        } else {
          flex.TypedVector(spec.name, [&] {
            for (const double d : numbers) flex.Double(d);
          });
        }
      }
    });
    flex.Finish();
    const auto options = b_.CreateVector(flex.GetBuffer());
    add_operator(
        {.code = tflite::BuiltinOperator::CUSTOM, .custom = std::string("wxnn.") + node.op->name},
        inputs, outputs, {}, options);
    return {};
  }

  TfliteFile::Maps maps(std::span<const int> values, std::span<const int> tensors) {
    TfliteFile::Maps written;
    std::set<std::string> keys;
    for (size_t i = 0; i < values.size(); ++i) {
      std::string key = graph_.values[values[i]].name;
      while (!keys.insert(key).second) key += "_";
      written.push_back(
          tflite::CreateTensorMapDirect(b_, key.c_str(), static_cast<uint32_t>(tensors[i])));
    }
    return written;
  }

  Graph& graph_;
  const WriteOptions& options_;
  Written& written_;
  TfliteFile& file_;
  flatbuffers::FlatBufferBuilder& b_;
  std::vector<int> tensor_of_;  // per value
  std::vector<int> inputs_, outputs_;
  std::set<std::string> names_;
  std::vector<Offset<tflite::Tensor>> tensors_;
  std::vector<Offset<tflite::Operator>> operators_;
};

}  // namespace

Status write_tflite(Graph& graph, const WriteOptions& options, Written* written) {
  if (!options.custom_ops) WXNN_TRY(refuse_unwritable(graph));
  TfliteFile file(expected_bytes(graph));
  Writer writer(graph, options, file, written);
  Offset<tflite::SubGraph> main;
  WXNN_TRY(writer.run(true, &main));
  file.finish_main(main);
  const TfliteFile::Maps inputs = writer.input_maps(), outputs = writer.output_maps();
  return file.finish(inputs, outputs, options.description, written);
}

}  // namespace wxnn
