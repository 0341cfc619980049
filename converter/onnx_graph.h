// The nodes and constants of an ONNX graph, or of a body inside one, become nodes of ours.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "converter/convert.h"
#include "converter/onnx_node.h"

namespace wxnn {

Status add_constant(OnnxScope& scope, const onnx::TensorProto& tensor, const std::string& name);

// All nodes, each behind those whose results it reads, whatever their order in the file.
Status add_nodes(OnnxScope& scope, const onnx::GraphProto& graph);

// Adds the nodes that no row knows, those in bodies too, to `missing`. `depth`: 0, or how deep the
// graph lies in others.
void collect_unknown(const onnx::GraphProto& graph, int depth, MissingOps* missing);

// The operators of one family; each family has its own file.
std::span<const OnnxRow> onnx_rows_elementwise();
std::span<const OnnxRow> onnx_rows_shapes();
std::span<const OnnxRow> onnx_rows_cuts();
std::span<const OnnxRow> onnx_rows_indices();
std::span<const OnnxRow> onnx_rows_reductions();
std::span<const OnnxRow> onnx_rows_activations();
std::span<const OnnxRow> onnx_rows_convolutions();
std::span<const OnnxRow> onnx_rows_pools();
std::span<const OnnxRow> onnx_rows_norms();
std::span<const OnnxRow> onnx_rows_late();
std::span<const OnnxRow> onnx_rows_resize();
std::span<const OnnxRow> onnx_rows_products();
std::span<const OnnxRow> onnx_rows_losses();
std::span<const OnnxRow> onnx_rows_recurrent();
std::span<const OnnxRow> onnx_rows_control();
std::span<const OnnxRow> onnx_rows_loops();
std::span<const OnnxRow> onnx_rows_einsum();
std::span<const OnnxRow> onnx_rows_scatter();
std::span<const OnnxRow> onnx_rows_quantized();
std::span<const OnnxRow> onnx_rows_sampling();
std::span<const OnnxRow> onnx_rows_signal();
const OnnxRow* find_onnx_row(std::string_view op);

// Appends the nodes of a body to the graph, in a scope made for it. Bounded: a small file cannot
// ask for endless nodes.
Status import_body(OnnxScope& scope, const onnx::GraphProto& body,
                   const std::vector<OnnxTensor>& inputs, std::vector<OnnxTensor>* outputs);

}  // namespace wxnn
