// ONNX models, opset 7 to 21.
#pragma once
#include <string>

#include "converter/convert.h"
#include "converter/onnx_node.h"

namespace wxnn {

// `bytes` is the file `options.source`; tensors may lie in files beside it.
Status read_onnx(const ConvertOptions& options, const std::string& bytes, Source* source);

}  // namespace wxnn
