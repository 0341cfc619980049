// A constant as its file stores it, and the one function that widens it to what we compute in.
#pragma once
#include <memory>
#include <span>

#include "core/buffer.h"
#include "core/tensor.h"
#include "core/vector.h"

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
  Vector<double> scale;
  Vector<double> zero;
  double min = 0;
  int axis = 0;
};

// Copies `size` bytes from place `where` of the file that is being loaded; false where they are not
// there.
using ReadFile = bool(size_t where, size_t size, void* to);

struct Constant {
  Encoding encoding = Encoding::kPlain;
  // Inside the file, or inside `owned`; with null as data they are still to be read.
  std::span<const std::byte> bytes;
  Quantization quantization;
  Buffer owned;
  ReadFile* read = nullptr;
  size_t where = 0;  // in the file
  // What passes multiply a float32 constant by once it is widened: number i by factor i / run, the
  // factors being repeated. So a scaled filter, too, stays in the file until it is packed.
  Vector<double> factors;
  size_t run = 1;
};

// With the same bytes of the file, or a copy of bytes of its own.
Status copy_constant(const Constant& from, std::unique_ptr<Constant>* to);

// Bytes that a constant of this type takes in the file.
size_t encoded_bytes(Encoding encoding, const TensorType& type);

// Refuses bytes of a wrong length and quantisation that does not fit the shape.
Status check(const Constant& constant, const TensorType& type);

// Brings the bytes, as the file has them, into memory of the constant's own.
Status own(Constant& constant);

// Writes type.bytes() bytes to `out`, which may not overlap the constant's bytes. Bytes that are
// still to be read and to be widened are read to `spare`, as many as spare_bytes() says.
// Fails where an int64 does not fit int32 or a float64 float32. check() has passed.
Status widen(const Constant& constant, const TensorType& type, void* out, void* spare = nullptr);
size_t spare_bytes(const Constant& constant, const TensorType& type);

}  // namespace wxnn
