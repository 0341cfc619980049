// ONNX's tensors, as constants of ours.
#pragma once
#include <string>

#include "core/constant.h"
#include "onnx/onnx.pb.h"

namespace wxnn {

// float32, int32, int64 (as int32) and bool; others are refused by name.
Status onnx_dtype(int32_t data_type, DType* dtype);

// Types that only constants may have: numbers of 8 bits and halves, which become float32 of the
// same value.
bool onnx_is_whole(int32_t data_type);  // int8 or uint8

// Reads the tensor, from its own fields or from a file in the folder of `model_path`. An int64
// beyond int32 becomes its limit, and `saturated` true.
struct OnnxConstant {
  TensorType type;
  std::string bytes;
  bool saturated = false;
  bool stands_in = false;  // float32 for numbers of 8 bits
};
Status read_onnx_tensor(const std::string& model_path, const onnx::TensorProto& proto,
                        OnnxConstant* constant);

}  // namespace wxnn
