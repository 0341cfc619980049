#include "converter/onnx_graph.h"

#include <algorithm>
#include <map>
#include <set>

#include "converter/onnx_tensor.h"

namespace wxnn {

namespace {

std::string node_name(const onnx::NodeProto& node) {
  return !node.name().empty() ? node.name() : node.output_size() != 0 ? node.output(0) : "";
}

}  // namespace

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

Status add_constant(OnnxScope& scope, const onnx::TensorProto& tensor, const std::string& name) {
  OnnxConstant constant;
  Status status = read_onnx_tensor(scope.model_path, tensor, &constant);
  if (!status.ok()) return status.at(sentence<"tensor \"{}\"">(name));
  int value = kAbsent;
  WXNN_TRY(scope.builder.graph.add_constant(name, constant.type, constant.bytes.data(), &value));
  if (constant.saturated) scope.saturated.insert(value);
  if (constant.stands_in) scope.whole_types[value] = tensor.data_type();
  const bool fresh =
      scope.tensors.try_emplace(name, OnnxTensor{value, identity(constant.type.shape.rank())})
          .second;
  WXNN_CHECK(fresh, "two tensors are called \"{}\"", name);
  return {};
}

namespace {

Status add_constant_node(OnnxScope& scope, OnnxNode& node, const onnx::NodeProto& proto) {
  WXNN_CHECK(proto.output_size() == 1, "has {} outputs", proto.output_size());
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
  return fail<"has no value of a type that is supported">();
}

Status add_node(OnnxScope& scope, const onnx::NodeProto& proto) {
  OnnxNode node(scope, proto);
  const OnnxRow* row = find_onnx_row(proto.op_type());
  Status status = row == nullptr ? add_constant_node(scope, node, proto) : row->build(node, *row);
  if (status.ok()) status = node.check_all_seen();
  if (status.ok()) return status;
  return status.at(sentence<"node \"{}\" ({})">(node_name(proto), proto.op_type()));
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

}  // namespace

Status add_nodes(OnnxScope& scope, const onnx::GraphProto& graph) {
  for (const auto* node : in_order(graph)) WXNN_TRY(add_node(scope, *node));
  return {};
}

void collect_unknown(const onnx::GraphProto& graph, int depth, MissingOps* missing) {
  constexpr int kDeepest = 16;
  if (depth > kDeepest) return;
  for (const auto& node : graph.node()) {
    const bool ours = node.domain().empty() || node.domain() == "ai.onnx";
    for (const auto& attribute : node.attribute()) {
      if (attribute.has_g()) collect_unknown(attribute.g(), depth + 1, missing);
    }
    if (ours && (node.op_type() == "Constant" || find_onnx_row(node.op_type()) != nullptr))
      continue;
    missing->add(ours ? node.op_type() : node.domain() + "." + node.op_type(), node_name(node));
  }
}

Status import_body(OnnxScope& scope, const onnx::GraphProto& body,
                   const std::vector<OnnxTensor>& inputs, std::vector<OnnxTensor>* outputs) {
  constexpr int kDeepest = 16;
  constexpr int64_t kMostNodes = 100000;
  WXNN_CHECK(scope.depth <= kDeepest, "is nested more than {} deep", kDeepest);
  OnnxScope* root = &scope;
  while (root->outer != nullptr) root = root->outer;
  root->unrolled += body.node_size() + 1;
  WXNN_CHECK(root->unrolled <= kMostNodes, "would be written out as more than {} nodes",
             kMostNodes);
  WXNN_CHECK(static_cast<size_t>(body.input_size()) == inputs.size(),
             "its body has {} inputs and gets {}", body.input_size(), inputs.size());
  for (int i = 0; i < body.input_size(); ++i) scope.tensors[body.input(i).name()] = inputs[i];
  for (const auto& tensor : body.initializer())
    WXNN_TRY(add_constant(scope, tensor, tensor.name()));
  WXNN_TRY(add_nodes(scope, body));
  for (const auto& output : body.output()) {
    const OnnxTensor* tensor = scope.find(output.name());
    WXNN_CHECK(tensor != nullptr, "its body's output \"{}\" is computed by no node", output.name());
    outputs->push_back(*tensor);
  }
  return {};
}

}  // namespace wxnn
