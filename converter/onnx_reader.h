// ONNX models, opset 7 to 21.
#pragma once
#include <string>

#include "converter/convert.h"
#include "converter/onnx_node.h"

namespace wxnn {

// `bytes` is the file `options.source`; tensors may lie in files beside it.
Status read_onnx(const ConvertOptions& options, const std::string& bytes, Source* source);

// The operators of one family; each family has its own file.
std::span<const OnnxRow> onnx_rows_elementwise();
std::span<const OnnxRow> onnx_rows_shapes();
std::span<const OnnxRow> onnx_rows_indices();
std::span<const OnnxRow> onnx_rows_reductions();
std::span<const OnnxRow> onnx_rows_images();
std::span<const OnnxRow> onnx_rows_resize();
std::span<const OnnxRow> onnx_rows_products();
std::span<const OnnxRow> onnx_rows_losses();
const OnnxRow* find_onnx_row(std::string_view op);

}  // namespace wxnn
