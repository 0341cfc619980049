#include "converter/onnx_body.h"

namespace wxnn {

namespace {

constexpr size_t kMostFolded = size_t{16} << 20;  // bytes of constants that one body may compute

}  // namespace

OnnxBody::OnnxBody(OnnxScope& outer, std::string prefix)
    : graph(std::make_unique<Graph>()),
      builder(*graph, kMostFolded),
      scope(outer, builder, std::move(prefix)) {}

int OnnxBody::input(const std::string& name, const TensorType& type) {
  const int v = graph->add_value(name, type);
  graph->inputs.push_back(v);
  return v;
}

Status OnnxBody::import(const onnx::GraphProto& proto, const std::vector<OnnxTensor>& inputs,
                        std::vector<int>* outputs, std::vector<int>* ranks) {
  std::vector<OnnxTensor> made;
  WXNN_TRY(import_body(scope, proto, inputs, &made));
  for (const OnnxTensor& tensor : made) {
    ranks->push_back(static_cast<int>(tensor.perm.size()));
    outputs->push_back(kAbsent);
    WXNN_TRY(scope.layout(tensor, identity(ranks->back()), &outputs->back()));
  }
  return {};
}

Status add_flow_node(OnnxNode& n, const char* op, const std::vector<int>& inputs,
                     std::vector<std::unique_ptr<Graph>> bodies,
                     const std::vector<TensorType>& types, std::vector<int>* outputs) {
  Node node;
  node.op = find_op(op);
  WXNN_CHECK(node.op != nullptr, "needs the operator {}, which this build does not have", op);
  node.name = n.name;
  node.attrs = Attrs(node.op->attrs);
  node.inputs = inputs;
  for (auto& body : bodies) node.bodies.push_back(std::move(body));
  for (size_t i = 0; i < types.size(); ++i)
    node.outputs.push_back(
        n.b.graph.add_value(i == 0 ? String(n.name) : sentence<"{}:{}">(n.name, i), types[i]));
  outputs->assign(node.outputs.begin(), node.outputs.end());
  n.b.graph.nodes.push_back(std::move(node));
  return {};
}

}  // namespace wxnn
