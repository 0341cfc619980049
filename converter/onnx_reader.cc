#include "converter/onnx_reader.h"

#include <google/protobuf/io/coded_stream.h>

#include <algorithm>
#include <map>
#include <set>

#include "converter/onnx_tensor.h"
#include "core/whole.h"
#include "formats/recipe.h"

namespace wxnn {

const OnnxRow* find_onnx_row(std::string_view op) {
  for (const auto& rows :
       {onnx_rows_elementwise(),  onnx_rows_shapes(),     onnx_rows_cuts(),
        onnx_rows_indices(),      onnx_rows_reductions(), onnx_rows_activations(),
        onnx_rows_convolutions(), onnx_rows_pools(),      onnx_rows_norms(),
        onnx_rows_late(),         onnx_rows_resize(),     onnx_rows_products(),
        onnx_rows_losses(),       onnx_rows_recurrent(),  onnx_rows_control(),
        onnx_rows_loops(),        onnx_rows_sampling(),   onnx_rows_signal(),
        onnx_rows_einsum(),       onnx_rows_scatter(),    onnx_rows_quantized()}) {
    const auto row = std::ranges::find(rows, op, &OnnxRow::op);
    if (row != rows.end()) return &*row;
  }
  return nullptr;
}

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

std::string node_name(const onnx::NodeProto& node) {
  return !node.name().empty() ? node.name() : node.output_size() != 0 ? node.output(0) : "";
}

Status add_constant(OnnxScope& scope, const onnx::TensorProto& tensor, const std::string& name) {
  OnnxConstant constant;
  Status status = read_onnx_tensor(scope.model_path, tensor, &constant);
  if (!status.ok()) return status.at(sentence("tensor \"", name, "\""));
  int value = kAbsent;
  WXNN_TRY(scope.builder.graph.add_constant(name, constant.type, constant.bytes.data(), &value));
  if (constant.saturated) scope.saturated.insert(value);
  if (constant.stands_in) scope.whole_types[value] = tensor.data_type();
  const bool fresh =
      scope.tensors.try_emplace(name, OnnxTensor{value, identity(constant.type.shape.rank())})
          .second;
  WXNN_CHECK(fresh, "two tensors are called \"", name, "\"");
  return {};
}

Status add_constant_node(OnnxScope& scope, OnnxNode& node, const onnx::NodeProto& proto) {
  WXNN_CHECK(proto.output_size() == 1, "has ", proto.output_size(), " outputs");
  if (const onnx::TensorProto* tensor = node.tensor("value"))
    return add_constant(scope, *tensor, proto.output(0));
  onnx::TensorProto tensor;
  for (const char* attribute : {"value_float", "value_int", "value_floats", "value_ints"}) {
    const onnx::AttributeProto* a = node.find(attribute);
    if (a == nullptr) continue;
    const bool is_float = std::string_view(attribute).starts_with("value_f");
    tensor.set_data_type(is_float ? onnx::TensorProto::FLOAT : onnx::TensorProto::INT64);
    for (const float f : a->floats()) tensor.add_float_data(f);
    for (const int64_t i : a->ints()) tensor.add_int64_data(i);
    if (a->has_f()) tensor.add_float_data(a->f());
    if (a->has_i()) tensor.add_int64_data(a->i());
    const int count = is_float ? tensor.float_data_size() : tensor.int64_data_size();
    if (std::string_view(attribute).ends_with('s')) tensor.add_dims(count);
    return add_constant(scope, tensor, proto.output(0));
  }
  return fail("has no value of a type that is supported");
}

Status add_node(OnnxScope& scope, const onnx::NodeProto& proto) {
  OnnxNode node(scope, proto);
  const OnnxRow* row = find_onnx_row(proto.op_type());
  Status status = row == nullptr ? add_constant_node(scope, node, proto) : row->build(node, *row);
  if (status.ok()) status = node.check_all_seen();
  if (status.ok()) return status;
  return status.at(sentence("node \"", node_name(proto), "\" (", proto.op_type(), ")"));
}

// What the node reads, in its bodies too; names that a body makes itself do no harm.
void collect_reads(const onnx::NodeProto& node, int depth, std::vector<std::string_view>* names) {
  constexpr int kDeepest = 16;
  for (const std::string& input : node.input())
    if (!input.empty()) names->push_back(input);
  for (const auto& attribute : node.attribute()) {
    if (!attribute.has_g() || depth > kDeepest) continue;
    for (const auto& inner : attribute.g().node()) collect_reads(inner, depth + 1, names);
    for (const auto& output : attribute.g().output()) names->push_back(output.name());
  }
}

// The nodes, each behind those whose results it reads: tools that rewrite models append theirs at
// the end. Nodes in a circle come last, and will say what they lack.
std::vector<const onnx::NodeProto*> in_order(const onnx::GraphProto& graph) {
  std::map<std::string_view, size_t> writer;
  const size_t count = static_cast<size_t>(graph.node_size());
  for (size_t i = 0; i < count; ++i)
    for (const std::string& output : graph.node(static_cast<int>(i)).output())
      if (!output.empty()) writer.try_emplace(output, i);
  std::vector<std::vector<size_t>> readers(count);
  std::vector<size_t> missing(count);
  for (size_t i = 0; i < count; ++i) {
    std::vector<std::string_view> names;
    collect_reads(graph.node(static_cast<int>(i)), 0, &names);
    for (const std::string_view name : names) {
      const auto at = writer.find(name);
      if (at == writer.end() || at->second == i) continue;
      readers[at->second].push_back(i);
      ++missing[i];
    }
  }
  // The first that is ready, so that an ordered list stays as it is.
  std::set<size_t> ready;
  std::vector<const onnx::NodeProto*> ordered;
  std::vector<bool> taken(count);
  for (size_t i = 0; i < count; ++i)
    if (missing[i] == 0) ready.insert(i);
  while (!ready.empty()) {
    const size_t i = *ready.begin();
    ready.erase(ready.begin());
    taken[i] = true;
    ordered.push_back(&graph.node(static_cast<int>(i)));
    for (const size_t reader : readers[i])
      if (--missing[reader] == 0) ready.insert(reader);
  }
  for (size_t i = 0; i < count; ++i)
    if (!taken[i]) ordered.push_back(&graph.node(static_cast<int>(i)));
  return ordered;
}

// Adds the nodes that no row knows, those in bodies too.
void collect_unknown(const onnx::GraphProto& graph, int depth, std::vector<MissingOp>* missing) {
  constexpr int kDeepest = 16;
  if (depth > kDeepest) return;
  for (const auto& node : graph.node()) {
    const bool ours = node.domain().empty() || node.domain() == "ai.onnx";
    for (const auto& attribute : node.attribute()) {
      if (attribute.has_g()) collect_unknown(attribute.g(), depth + 1, missing);
    }
    if (ours && (node.op_type() == "Constant" || find_onnx_row(node.op_type()) != nullptr))
      continue;
    missing->push_back(
        {ours ? node.op_type() : node.domain() + "." + node.op_type(), node_name(node)});
  }
}

}  // namespace

Status import_body(OnnxScope& scope, const onnx::GraphProto& body,
                   const std::vector<OnnxTensor>& inputs, std::vector<OnnxTensor>* outputs) {
  constexpr int kDeepest = 16;
  constexpr int64_t kMostNodes = 100000;
  WXNN_CHECK(scope.depth <= kDeepest, "is nested more than ", kDeepest, " deep");
  OnnxScope* root = &scope;
  while (root->outer != nullptr) root = root->outer;
  root->unrolled += body.node_size() + 1;
  WXNN_CHECK(root->unrolled <= kMostNodes, "would be written out as more than ", kMostNodes,
             " nodes");
  WXNN_CHECK(static_cast<size_t>(body.input_size()) == inputs.size(), "its body has ",
             body.input_size(), " inputs and gets ", inputs.size());
  for (int i = 0; i < body.input_size(); ++i) scope.tensors[body.input(i).name()] = inputs[i];
  for (const auto& tensor : body.initializer())
    WXNN_TRY(add_constant(scope, tensor, tensor.name()));
  for (const auto* node : in_order(body)) WXNN_TRY(add_node(scope, *node));
  for (const auto& output : body.output()) {
    const OnnxTensor* tensor = scope.find(output.name());
    WXNN_CHECK(tensor != nullptr, "its body's output \"", output.name(),
               "\" is computed by no node");
    outputs->push_back(*tensor);
  }
  return {};
}

namespace {

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
    for (const auto* node : in_order(proto_)) WXNN_TRY(add_node(scope_, *node));
    WXNN_CHECK(proto_.output_size() != 0, "the model has no outputs");
    for (const auto& output : proto_.output()) WXNN_TRY(add_graph_output(output));
    return {};
  }

 private:
  // All at once, before anything is built.
  Status refuse_unknown() const {
    std::vector<MissingOp> missing;
    collect_unknown(proto_, 0, &missing);
    return refuse_missing(std::move(missing));
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
      names += sentence(count++ == 0 ? "" : ", ", "\"", input.name(), "\"");
      options += sentence(" --input ", input.name(), "=", example_of(shape));
    }
    WXNN_CHECK(count < 2, "inputs ", names, " leave sizes open: say them with", options);
    return {};
  }

  Status add_input(const onnx::ValueInfoProto& input) {
    // Old models list their weights among the inputs.
    if (scope_.tensors.contains(input.name())) return {};
    TensorType type;
    Status status = input_type(input, &type);
    if (!status.ok()) return status.at(sentence("input \"", input.name(), "\""));
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
          sentence("input \"", input.name(), "\" ", nchw, " became ", type.shape));
    }
    const int value = source_.graph.add_value(input.name(), type);
    source_.graph.inputs.push_back(value);
    scope_.tensors[input.name()] = {value, perm};
    return {};
  }

  Status fix_input(const std::string& name, const TensorType& type,
                   const std::vector<double>& numbers) {
    WXNN_CHECK(static_cast<size_t>(type.shape.elements()) == numbers.size(), "--constant ", name,
               " has ", numbers.size(), " numbers, the model declares ", type.shape);
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
      text += sentence(i == 0 ? "" : ",", dim.has_dim_value() ? dim.dim_value() : likely);
    }
    return text;
  }

  Status input_type(const onnx::ValueInfoProto& input, TensorType* type) {
    WXNN_CHECK(input.type().has_tensor_type(),
               "is no tensor (a sequence, a map or an optional value), "
               "which is not supported");
    const auto& tensor = input.type().tensor_type();
    WXNN_TRY(onnx_dtype(tensor.elem_type(), &type->dtype));
    const auto said =
        std::ranges::find(options_.inputs, input.name(), &std::pair<std::string, Shape>::first);
    const bool is_said = said != options_.inputs.end();
    WXNN_CHECK(is_said || tensor.has_shape(), "has no declared shape: say it with --input ",
               input.name(), "=1,3,224,224");
    if (!tensor.has_shape()) {
      type->shape = said->second;
      return {};
    }
    WXNN_CHECK(tensor.shape().dim_size() <= Shape::kMaxRank, "has ", tensor.shape().dim_size(),
               " dimensions");
    WXNN_CHECK(!is_said || said->second.rank() == tensor.shape().dim_size(), "has ",
               tensor.shape().dim_size(), " dimensions, --input says ", said->second);
    for (int i = 0; i < tensor.shape().dim_size(); ++i) {
      const auto& dim = tensor.shape().dim(i);
      int64_t d = is_said ? said->second[i] : dim.dim_value();
      if (!is_said && !dim.has_dim_value()) {
        WXNN_CHECK(i == 0, "leaves its dimension ", i, " open (\"", dim.dim_param(),
                   "\"): say it with --input ", input.name(), "=", example_of(tensor.shape()));
        source_.notes.push_back(sentence("input \"", input.name(), "\": its open batch became 1"));
        d = 1;
      }
      WXNN_CHECK(d >= 0 && d <= INT32_MAX, "has a dimension of ", d);
      type->shape.push_back(static_cast<int32_t>(d));
    }
    WXNN_CHECK(type->shape.fits(), type->shape, " does not fit in memory");
    return {};
  }

  Status add_graph_output(const onnx::ValueInfoProto& output) {
    const auto at = scope_.tensors.find(output.name());
    WXNN_CHECK(at != scope_.tensors.end(), "output \"", output.name(), "\" is computed by no node");
    OnnxTensor tensor = at->second;
    WXNN_CHECK(!scope_.is_whole(tensor.value), "output \"", output.name(),
               "\" is quantized; only float32, int32, int64 and bool are supported");
    const int rank = static_cast<int>(tensor.perm.size());
    const bool image = options_.nhwc && rank == 4;
    int value = kAbsent;
    WXNN_TRY(scope_.layout(tensor, image ? channels_last(rank) : identity(rank), &value));
    if (image) {
      source_.notes.push_back(
          sentence("output \"", output.name(), "\" became ", builder_.shape(value)));
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
             "the model uses ONNX's opset ", opset, "; ", kOldestOpset, " to ", kNewestOpset,
             " are supported");
  return Importer(options, model.graph(), source).run(opset);
}

}  // namespace wxnn
