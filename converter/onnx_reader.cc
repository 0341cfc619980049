#include "converter/onnx_reader.h"

#include <google/protobuf/io/coded_stream.h>

#include <algorithm>

#include "converter/onnx_graph.h"
#include "converter/onnx_tensor.h"
#include "core/whole.h"
#include "formats/recipe.h"

namespace wxnn {

namespace {

constexpr int64_t kOldestOpset = 7;
constexpr int64_t kNewestOpset = 21;
// Operators that mean the same since opset 1 or 6: models of those are read as long as they use no
// other.
constexpr std::string_view kTimeless[] = {"Abs",
                                          "Ceil",
                                          "Constant",
                                          "Elu",
                                          "Exp",
                                          "Floor",
                                          "GlobalAveragePool",
                                          "GlobalMaxPool",
                                          "HardSigmoid",
                                          "InstanceNormalization",
                                          "LeakyRelu",
                                          "Log",
                                          "LogSoftmax",
                                          "Neg",
                                          "Not",
                                          "Reciprocal",
                                          "ReduceL1",
                                          "ReduceL2",
                                          "ReduceLogSum",
                                          "ReduceLogSumExp",
                                          "ReduceMax",
                                          "ReduceMean",
                                          "ReduceMin",
                                          "ReduceProd",
                                          "ReduceSum",
                                          "ReduceSumSquare",
                                          "Relu",
                                          "Selu",
                                          "Sigmoid",
                                          "Softmax",
                                          "Softplus",
                                          "Softsign",
                                          "Sqrt",
                                          "Tanh",
                                          "Transpose"};

class Importer {
 public:
  Importer(const ConvertOptions& options, const onnx::GraphProto& proto, Source* source)
      : options_(options),
        proto_(proto),
        source_(*source),
        builder_(source->graph, (size_t{1} << 20) + 8 * source->bytes),
        scope_(builder_, options.source) {}

  Status run(int64_t opset) {
    scope_.opset = opset;
    WXNN_TRY(refuse_unknown());
    for (const auto& tensor : proto_.initializer()) {
      source_.halves = source_.halves || tensor.data_type() == onnx::TensorProto::FLOAT16;
      WXNN_TRY(add_constant(scope_, tensor, tensor.name()));
    }
    WXNN_CHECK(proto_.sparse_initializer_size() == 0,
               "the model has sparse tensors, which are not supported");
    WXNN_TRY(refuse_open());
    for (const auto& input : proto_.input()) WXNN_TRY(add_input(input));
    WXNN_TRY(add_nodes(scope_, proto_));
    WXNN_CHECK(proto_.output_size() != 0, "the model has no outputs");
    for (const auto& output : proto_.output()) WXNN_TRY(add_graph_output(output));
    return {};
  }

 private:
  // All at once, before anything is built.
  Status refuse_unknown() const {
    MissingOps missing;
    collect_unknown(proto_, 0, &missing);
    return missing.refuse();
  }

  // Where several inputs leave sizes open, all of them at once.
  Status refuse_open() const {
    std::string names, options;
    int count = 0;
    for (const auto& input : proto_.input()) {
      const auto is_named = [&](const auto& pair) { return pair.first == input.name(); };
      const auto& shape = input.type().tensor_type().shape();
      const bool given = scope_.tensors.contains(input.name()) ||
                         std::ranges::any_of(options_.inputs, is_named) ||
                         std::ranges::any_of(options_.constants, is_named);
      bool open = false;
      for (int i = 1; i < shape.dim_size(); ++i) open = open || !shape.dim(i).has_dim_value();
      if (given || !open) continue;
      names += sentence<"{}\"{}\"">(count++ == 0 ? "" : ", ", input.name());
      options += sentence<" --input {}={}">(input.name(), example_of(shape));
    }
    WXNN_CHECK(count < 2, "inputs {} leave sizes open: say them with{}", names, options);
    return {};
  }

  Status add_input(const onnx::ValueInfoProto& input) {
    // Old models list their weights among the inputs.
    if (scope_.tensors.contains(input.name())) return {};
    TensorType type;
    Status status = input_type(input, &type);
    if (!status.ok()) return status.at(sentence<"input \"{}\"">(input.name()));
    const int rank = type.shape.rank();
    const auto fixed = std::ranges::find(options_.constants, input.name(),
                                         &std::pair<std::string, std::vector<double>>::first);
    if (fixed != options_.constants.end()) return fix_input(input.name(), type, fixed->second);
    const bool image = options_.nhwc && rank == 4;
    const Perm perm = image ? channels_last(rank) : identity(rank);
    if (image) {
      const Shape nchw = type.shape;
      for (int i = 0; i < rank; ++i) type.shape[perm[i]] = nchw[i];
      source_.notes.push_back(
          sentence<"input \"{}\" {} became {}">(input.name(), nchw, type.shape));
    }
    const int value = source_.graph.add_value(input.name(), type);
    source_.graph.inputs.push_back(value);
    scope_.tensors[input.name()] = {value, perm};
    return {};
  }

  Status fix_input(const std::string& name, const TensorType& type,
                   const std::vector<double>& numbers) {
    WXNN_CHECK(static_cast<size_t>(type.shape.elements()) == numbers.size(),
               "--constant {} has {} numbers, the model declares {}", name, numbers.size(),
               type.shape);
    int value = kAbsent;
    if (type.dtype == DType::kFloat32) {
      WXNN_TRY(builder_.constant(name, type.shape,
                                 std::vector<float>(numbers.begin(), numbers.end()), &value));
    } else if (type.dtype == DType::kInt32) {
      std::vector<int32_t> rounded;
      for (const double d : numbers)
        rounded.push_back(whole<int32_t>(std::clamp(d, -2147483648.0, 2147483647.0)));
      WXNN_TRY(builder_.constant(name, type.shape, rounded, &value));
    } else {
      std::string yes;
      for (const double d : numbers) yes += static_cast<char>(d != 0);
      WXNN_TRY(source_.graph.add_constant(name, type, yes.data(), &value));
    }
    scope_.tensors[name] = {value, identity(type.shape.rank())};
    return {};
  }

  // The declared sizes, and likely ones for those that are open.
  static std::string example_of(const onnx::TensorShapeProto& shape) {
    constexpr int kImageRank = 4, kImage = 224, kOther = 128;
    std::string text;
    for (int i = 0; i < shape.dim_size(); ++i) {
      const auto& dim = shape.dim(i);
      const bool is_batch = i == 0 || dim.dim_param().find("batch") != std::string::npos;
      const int64_t likely = is_batch ? 1 : shape.dim_size() == kImageRank ? kImage : kOther;
      text += sentence<"{}{}">(i == 0 ? "" : ",", dim.has_dim_value() ? dim.dim_value() : likely);
    }
    return text;
  }

  Status input_type(const onnx::ValueInfoProto& input, TensorType* type) {
    WXNN_CHECK(input.type().has_tensor_type(),
               "is no tensor (a sequence, a map or an optional value), which is not supported");
    const auto& tensor = input.type().tensor_type();
    WXNN_TRY(onnx_dtype(tensor.elem_type(), &type->dtype));
    const auto said =
        std::ranges::find(options_.inputs, input.name(), &std::pair<std::string, Shape>::first);
    const bool is_said = said != options_.inputs.end();
    WXNN_CHECK(is_said || tensor.has_shape(),
               "has no declared shape: say it with --input {}=1,3,224,224", input.name());
    if (!tensor.has_shape()) {
      type->shape = said->second;
      return {};
    }
    WXNN_CHECK(tensor.shape().dim_size() <= Shape::kMaxRank, "has {} dimensions",
               tensor.shape().dim_size());
    WXNN_CHECK(!is_said || said->second.rank() == tensor.shape().dim_size(),
               "has {} dimensions, --input says {}", tensor.shape().dim_size(), said->second);
    for (int i = 0; i < tensor.shape().dim_size(); ++i) {
      const auto& dim = tensor.shape().dim(i);
      int64_t d = is_said ? said->second[i] : dim.dim_value();
      if (!is_said && !dim.has_dim_value()) {
        WXNN_CHECK(i == 0, "leaves its dimension {} open (\"{}\"): say it with --input {}={}", i,
                   dim.dim_param(), input.name(), example_of(tensor.shape()));
        source_.notes.push_back(sentence<"input \"{}\": its open batch became 1">(input.name()));
        d = 1;
      }
      WXNN_CHECK(d >= 0 && d <= INT32_MAX, "has a dimension of {}", d);
      type->shape.push_back(static_cast<int32_t>(d));
    }
    WXNN_CHECK(type->shape.fits(), "{} does not fit in memory", type->shape);
    return {};
  }

  Status add_graph_output(const onnx::ValueInfoProto& output) {
    const auto at = scope_.tensors.find(output.name());
    WXNN_CHECK(at != scope_.tensors.end(), "output \"{}\" is computed by no node", output.name());
    OnnxTensor tensor = at->second;
    WXNN_CHECK(!scope_.is_whole(tensor.value),
               "output \"{}\" is quantized; only float32, int32, int64 and bool are supported",
               output.name());
    const int rank = static_cast<int>(tensor.perm.size());
    const bool image = options_.nhwc && rank == 4;
    int value = kAbsent;
    WXNN_TRY(scope_.layout(tensor, image ? channels_last(rank) : identity(rank), &value));
    if (image) {
      source_.notes.push_back(
          sentence<"output \"{}\" became {}">(output.name(), builder_.shape(value)));
    }
    // The name is the output's alone: a value of this name inside may be another layout of it.
    for (Value& v : source_.graph.values) {
      if (v.name == output.name() && &v != &source_.graph.values[value] && !is_input(v))
        v.name += "/inner";
    }
    WXNN_TRY(add_output(source_.graph, value, output.name()));
    declare(output, image, &source_.graph.values[source_.graph.outputs.back()].type.shape);
    return {};
  }

  // The shape that the model states for an output whose size depends on the data.
  static void declare(const onnx::ValueInfoProto& output, bool image, Shape* shape) {
    const auto& tensor = output.type().tensor_type();
    if (!shape->is_unknown() || image || !tensor.has_shape()) return;
    Shape said;
    for (const auto& dim : tensor.shape().dim()) {
      const bool known = dim.has_dim_value() && dim.dim_value() >= 0 &&
                         dim.dim_value() <= INT32_MAX && said.rank() < Shape::kMaxRank;
      if (!known) return;
      said.push_back(static_cast<int32_t>(dim.dim_value()));
    }
    *shape = said;
  }

  bool is_input(const Value& value) const {
    return std::ranges::any_of(source_.graph.inputs,
                               [&](int v) { return &source_.graph.values[v] == &value; });
  }

  const ConvertOptions& options_;
  const onnx::GraphProto& proto_;
  Source& source_;
  GraphBuilder builder_;
  OnnxScope scope_;
};

}  // namespace

Status read_onnx(const ConvertOptions& options, const std::string& bytes, Source* source) {
  onnx::ModelProto model;
  WXNN_CHECK(bytes.size() < INT32_MAX, "the file is larger than 2 GB");
  google::protobuf::io::CodedInputStream stream(reinterpret_cast<const uint8_t*>(bytes.data()),
                                                static_cast<int>(bytes.size()));
  constexpr int kDeepest = 64;
  stream.SetRecursionLimit(kDeepest);
  const bool parsed = model.ParseFromCodedStream(&stream) && stream.ConsumedEntireMessage();
  WXNN_CHECK(parsed && model.has_graph(), "it is no ONNX model, or damaged");
  WXNN_CHECK(model.functions_size() == 0,
             "the model defines functions of its own, which are not supported");
  int64_t opset = 0;
  for (const auto& set : model.opset_import()) {
    if (set.domain().empty() || set.domain() == "ai.onnx") opset = set.version();
  }
  const bool timeless = std::ranges::all_of(model.graph().node(), [](const onnx::NodeProto& node) {
    return std::ranges::find(kTimeless, node.op_type()) != std::end(kTimeless);
  });
  WXNN_CHECK((opset >= kOldestOpset || (timeless && opset > 0)) && opset <= kNewestOpset,
             "the model uses ONNX's opset {}; {} to {} are supported", opset, kOldestOpset,
             kNewestOpset);
  return Importer(options, model.graph(), source).run(opset);
}

}  // namespace wxnn
