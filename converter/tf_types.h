// TensorFlow's numbers for types, their names, and tensors given as lists of numbers.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/status.h"

namespace wxnn {

// "DT_FLOAT" -> 1; 0 for a name that is none.
uint32_t tf_type_number(std::string_view name);

// tfjs's names of weights.
struct TfjsType {
  std::string_view name;
  uint32_t number;
  size_t bytes;  // of one element; 0: of any length
};
const TfjsType* find_tfjs_type(std::string_view name);

// Bytes of a tensor whose last number stands for all that are left out, as TensorProto has it.
Status encode_numbers(uint32_t type, const std::vector<int32_t>& shape,
                      const std::vector<double>& numbers, std::string* bytes);

}  // namespace wxnn
