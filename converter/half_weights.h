// Which weights may be stored as float16, and what that costs.
//
// Stored as half are constants of float32 with at least 1,024 bytes and two dimensions or more: no
// bias, no small table. A half has 11 significant bits, so a number of ordinary size moves by at
// most 2^-11 of itself. The bound that every stored tensor keeps: no number moves by more than
// 2^-11 of the tensor's largest magnitude, and none leaves the range of halves (65504). A tensor
// that cannot stays float32.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/tensor.h"

namespace wxnn {

enum class Halves : uint8_t {
  kNever,
  kExact,  // those that lose nothing: what the source stored as float16 already
  kAll,    // those that keep the bound
};

struct HalvedTensor {
  std::string name;
  Shape shape;
  double largest = 0;  // magnitude
  double error = 0;    // the largest difference
};

// The nearest half, ties to even; exact inverse of half_to_float for all 65,536 values.
uint16_t float_to_half(float value);

// True when the rule and the bound let the tensor be stored as half; then `halves` and the error.
bool halve(const Tensor& tensor, Halves which, std::vector<uint16_t>* halves, HalvedTensor* report);

}  // namespace wxnn
