#include "converter/tflite_writer.h"

#include <flatbuffers/flexbuffers.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <set>
#include <unordered_map>

#include "converter/options_writer.h"
#include "converter/write_rows.h"

namespace wxnn {

namespace {

using flatbuffers::Offset;
using flatbuffers::Vector;

// In the order of enum DType.
constexpr tflite::TensorType kTypes[] = {tflite::TensorType::FLOAT32, tflite::TensorType::INT32,
                                         tflite::TensorType::BOOL, tflite::TensorType::COMPLEX64};
constexpr char kLetters[] = {'f', 'i', 'b', 'c'};

tflite::TensorType tensor_type(DType dtype) { return kTypes[static_cast<int>(dtype)]; }

class Writer {
 public:
  Writer(Graph& graph, const WriteOptions& options, Written* written)
      : graph_(graph),
        options_(options),
        written_(*written),
        b_(expected_bytes(graph)),
        tensor_of_(graph.values.size(), kAbsent) {
    buffers_.push_back(tflite::CreateBuffer(b_));  // number 0: no data
  }

  Status run() {
    WXNN_TRY(refuse_unwritable());
    for (const int v : graph_.inputs) tensor_of_[v] = add_tensor(v);
    for (const Node& node : graph_.nodes) {
      Status status = write_node(node);
      if (!status.ok()) return status.at(node.place());
    }
    std::vector<int> outputs;
    for (const int v : graph_.outputs) {
      outputs.push_back(kAbsent);
      WXNN_TRY(output_tensor(v, &outputs.back()));
    }
    return finish(outputs);
  }

 private:
  using Type = tflite::TensorType;

  // --- what cannot be written, all at once ----------------------------------------------------
  bool has_builtin(const Node& node) const {
    const WriteRow* row = find_write_row(node);
    if (row == nullptr) return false;
    if (node.inputs.empty() || node.inputs[0] == kAbsent) return true;
    const DType dtype = graph_.values[node.inputs[0]].type.dtype;
    return std::string_view(row->dtypes).find(kLetters[static_cast<int>(dtype)]) !=
           std::string_view::npos;
  }

  Status refuse_unwritable() const {
    if (options_.custom_ops) return {};
    std::vector<MissingOp> missing;
    for (const Node& node : graph_.nodes) {
      if (has_builtin(node)) continue;
      std::string op = node.op->name;
      if (find_write_row(node) != nullptr) {
        op += sentence(" of ", name_of(graph_.values[node.inputs[0]].type.dtype));
      }
      missing.push_back({op, node.name});
    }
    Status status = refuse_missing(std::move(missing));
    if (status.ok()) return status;
    std::string text(status.message());
    const std::string from = "that this build does not have";
    const size_t at = text.find(from);
    if (at != std::string::npos)
      text.replace(at, from.size(), "that TensorFlow Lite does not have");
    return Status(text + " (--custom-ops writes them for wxnn alone)");
  }

  // --- tensors ----------------------------------------------------------------------------------
  std::string unique(std::string name) {
    if (name.empty()) name = "tensor";
    if (names_.insert(name).second) return name;
    for (int i = 1;; ++i) {
      std::string other = sentence(name, "_", i);
      if (names_.insert(other).second) return other;
    }
  }

  // A builder that grows copies what it has.
  static size_t expected_bytes(const Graph& graph) {
    constexpr size_t kRest = 1 << 16;
    size_t bytes = kRest;
    for (const Value& v : graph.values) bytes += v.constant ? v.type.bytes() : 0;
    return std::min(bytes, size_t{1} << 30);
  }

  // Equal bytes are written once. They are compared with what has been written: a constant is
  // released as soon as it is there.
  const uint32_t* find_buffer(std::string_view bytes) const {
    const auto [first, last] = buffer_of_.equal_range(std::hash<std::string_view>()(bytes));
    for (auto at = first; at != last; ++at) {
      const uint8_t* written = b_.GetCurrentBufferPointer() + b_.GetSize() - at->second.end;
      const bool same =
          at->second.size == bytes.size() && std::memcmp(written, bytes.data(), bytes.size()) == 0;
      if (same) return &at->second.index;
    }
    return nullptr;
  }

  uint32_t add_buffer(std::string_view bytes) {
    if (const uint32_t* known = find_buffer(bytes)) return *known;
    constexpr size_t kAlignment = 16;
    b_.ForceVectorAlignment(bytes.size(), 1, kAlignment);
    const auto data = b_.CreateVector(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
    const uint32_t index = static_cast<uint32_t>(buffers_.size());
    buffers_.push_back(tflite::CreateBuffer(b_, data));
    // The vector's length stands in front of its bytes.
    const size_t end = data.o - sizeof(flatbuffers::uoffset_t);
    buffer_of_.emplace(std::hash<std::string_view>()(bytes),
                       WrittenBuffer{end, bytes.size(), index});
    return index;
  }

  int add(const std::string& name, Type type, const Shape& shape, uint32_t buffer,
          bool open = false) {
    const std::vector<int32_t> dims(shape.dims().begin(), shape.dims().end());
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
    tensor.add_has_rank(true);
    tensors_.push_back(tensor.Finish());
    return static_cast<int>(tensors_.size()) - 1;
  }

  int add_tensor(int v) {
    const Value& value = graph_.values[v];
    const bool input = std::ranges::find(graph_.inputs, v) != graph_.inputs.end();
    return add(value.name, tensor_type(value.type.dtype), value.type.shape, 0,
               input && options_.open_batch);
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
      const int half = add(value.name + "/half", Type::FLOAT16, t.shape, add_buffer(bytes));
      *index = add(value.name, Type::FLOAT32, t.shape, 0);
      constexpr int kVersion = 3;
      add_operator(
          {.code = tflite::BuiltinOperator::DEQUANTIZE, .version = kVersion}, {half}, {*index},
          {tflite::BuiltinOptions::DequantizeOptions, tflite::CreateDequantizeOptions(b_).Union()});
      return {};
    }
    const std::string_view bytes(static_cast<const char*>(t.data), t.bytes());
    *index = add(value.name, tensor_type(t.dtype), t.shape, bytes.empty() ? 0 : add_buffer(bytes));
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

  // LiteRT wants outputs that an operator writes: inputs and constants are copied.
  Status output_tensor(int v, int* index) {
    WXNN_TRY(tensor(v, index));
    const bool written = std::ranges::any_of(graph_.nodes, [v](const Node& node) {
      return std::ranges::find(node.outputs, v) != node.outputs.end();
    });
    if (written) return {};
    const Value& value = graph_.values[v];
    Node copy;
    copy.op = find_op("Identity");
    copy.name = value.name;
    copy.attrs = Attrs(copy.op->attrs);
    copy.inputs = {v};
    const int from = tensor_of_[v];
    tensor_of_[v] = kAbsent;
    const int to = add(value.name, tensor_type(value.type.dtype), value.type.shape, 0);
    tensor_of_[v] = from;
    WXNN_TRY(write_builtin(copy, *find_write_row(copy), {to}));
    *index = to;
    return {};
  }

  // --- operators
  // ----------------------------------------------------------------------------------
  struct CodeKey {
    tflite::BuiltinOperator code;
    int version = 1;
    std::string custom = {};
    auto operator<=>(const CodeKey&) const = default;
  };

  uint32_t code_index(const CodeKey& key) {
    const auto [at, fresh] = codes_.try_emplace(key, static_cast<uint32_t>(codes_.size()));
    if (fresh) {
      constexpr int kMostInByte = 127;  // readers before codes had 32 bits look at the byte
      const int code = static_cast<int>(key.code);
      const auto custom =
          key.custom.empty() ? Offset<flatbuffers::String>() : b_.CreateString(key.custom);
      written_codes_.push_back(tflite::CreateOperatorCode(
          b_, static_cast<int8_t>(std::min(code, kMostInByte)), custom, key.version, key.code));
    }
    return at->second;
  }

  void add_operator(const CodeKey& key, const std::vector<int>& inputs,
                    const std::vector<int>& outputs, const WrittenOptions& options,
                    Offset<Vector<uint8_t>> custom = {}) {
    const uint32_t code = code_index(key);
    const auto in = b_.CreateVector(inputs);
    const auto out = b_.CreateVector(outputs);
    operators_.push_back(
        tflite::CreateOperator(b_, code, in, out, options.type, options.table, custom));
    const std::string name =
        key.custom.empty() ? tflite::EnumNameBuiltinOperator(key.code) : key.custom;
    ++counts_[name];
  }

  Status write_node(const Node& node) {
    std::vector<int> outputs;
    for (const int v : node.outputs) {
      outputs.push_back(kAbsent);
      WXNN_TRY(tensor(v, &outputs.back()));
    }
    if (has_builtin(node)) return write_builtin(node, *find_write_row(node), outputs);
    return write_custom(node, outputs);
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
    const std::string name = sentence(node.name, "/", p.name);
    return add(name, tensor_type(p.dtype), p.shape, p.bytes.empty() ? 0 : add_buffer(p.bytes));
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

  // --- the file
  // -----------------------------------------------------------------------------------
  using Maps = std::vector<Offset<tflite::TensorMap>>;
  Maps maps(const std::vector<int>& values, const std::vector<int>& tensors) {
    Maps written;
    std::set<std::string> keys;
    for (size_t i = 0; i < values.size(); ++i) {
      std::string key = graph_.values[values[i]].name;
      while (!keys.insert(key).second) key += "_";
      written.push_back(
          tflite::CreateTensorMapDirect(b_, key.c_str(), static_cast<uint32_t>(tensors[i])));
    }
    return written;
  }

  Status finish(const std::vector<int>& outputs) {
    constexpr size_t kMostBytes = (size_t{1} << 31) - (size_t{1} << 20);
    WXNN_CHECK(b_.GetSize() < kMostBytes,
               "the result would be larger than 2 GB, which .tflite cannot be");
    std::vector<int> inputs;
    for (const int v : graph_.inputs) inputs.push_back(tensor_of_[v]);
    const Maps in = maps(graph_.inputs, inputs);
    const Maps out = maps(graph_.outputs, outputs);
    std::vector<Offset<tflite::SignatureDef>> signatures = {
        tflite::CreateSignatureDefDirect(b_, &in, &out, "serving_default", 0)};
    std::vector<Offset<tflite::SubGraph>> subgraphs = {
        tflite::CreateSubGraphDirect(b_, &tensors_, &inputs, &outputs, &operators_, "main")};
    constexpr uint32_t kSchema = 3;
    tflite::FinishModelBuffer(
        b_, tflite::CreateModelDirect(b_, kSchema, &written_codes_, &subgraphs,
                                      options_.description.c_str(), &buffers_, nullptr, nullptr,
                                      &signatures));
    written_.bytes.assign(reinterpret_cast<const char*>(b_.GetBufferPointer()), b_.GetSize());
    for (const auto& [op, count] : counts_) written_.ops.push_back({op, count});
    return {};
  }

  Graph& graph_;
  const WriteOptions& options_;
  Written& written_;
  flatbuffers::FlatBufferBuilder b_;
  std::vector<int> tensor_of_;  // per value
  std::set<std::string> names_;
  struct WrittenBuffer {
    size_t end;  // where its bytes begin, from the end of what is written
    size_t size;
    uint32_t index;
  };
  std::unordered_multimap<size_t, WrittenBuffer> buffer_of_;  // by hash
  std::map<CodeKey, uint32_t> codes_;
  std::map<std::string, int> counts_;
  std::vector<Offset<tflite::Buffer>> buffers_;
  std::vector<Offset<tflite::Tensor>> tensors_;
  std::vector<Offset<tflite::OperatorCode>> written_codes_;
  std::vector<Offset<tflite::Operator>> operators_;
};

}  // namespace

Status write_tflite(Graph& graph, const WriteOptions& options, Written* written) {
  return Writer(graph, options, written).run();
}

}  // namespace wxnn
