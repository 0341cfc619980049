// A constant as its file stores it, and the one function that widens it to what we compute in.
#pragma once
#include <span>
#include <vector>

#include "core/buffer.h"
#include "core/tensor.h"

namespace wxnn {

// How the bytes stand in the file.
enum class Encoding : uint8_t {
  kPlain,    // float32, int32, bool, complex64: as computed
  kFloat16,  // IEEE 754 half -> float32
  kInt8,     // value = (q - zero_point) * scale
  kUint8,    // likewise
  kInt16,    // likewise
  kUint16,   // likewise
  kInt64,    // -> int32, refused outside its range
  kFloat64,  // -> float32, refused outside its range
  kInt32,    // value = (q - zero_point) * scale: the bias of a quantised convolution
  kInt4,     // likewise, two to a byte, the lower half first
};

// Affine quantisation: value = (q - zero) * scale + min, in double, then rounded once to float32.
// TFLite's form has min = 0, and one scale and zero, or one per index of dimension `axis`; tfjs's
// (weightsManifest) has zero = 0. An empty zero is all zeros. With no scale, an integer encoding is
// a plain integer, widened to int32 or float32.
struct Quantization {
  std::vector<double> scale;
  std::vector<double> zero;
  double min = 0;
  int axis = 0;
};

struct Constant {
  Encoding encoding = Encoding::kPlain;
  std::span<const std::byte> bytes;  // inside the file, or inside `owned`
  Quantization quantization;
  Buffer owned;
};

// Bytes that a constant of this type takes in the file.
size_t encoded_bytes(Encoding encoding, const TensorType& type);

// Refuses bytes of a wrong length and quantisation that does not fit the shape.
Status check(const Constant& constant, const TensorType& type);

// Writes type.bytes() bytes to `out`, which may not overlap the constant's bytes.
// Fails where an int64 does not fit int32 or a float64 float32. check() has passed.
Status widen(const Constant& constant, const TensorType& type, void* out);

}  // namespace wxnn
