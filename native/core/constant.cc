#include "core/constant.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/half.h"
#include "core/loop.h"

namespace wxnn {

namespace {

// Files do not align their tensors; a copy of a few bytes is a plain load on every target.
template <class T>
T load(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

// Index into scale and zero for element i: constant for one pair, else i's place along the axis.
struct Channels {
  int32_t inner = 1;
  int32_t count = 1;
  Channels(const Quantization& q, const Shape& shape) {
    if (q.scale.size() <= 1) return;
    inner = shape.elements(q.axis + 1, shape.rank());
    count = shape[q.axis];
  }
  int32_t of(int32_t i) const { return count == 1 ? 0 : i / inner % count; }
};

// Elements [first, first + n) of a constant's bytes.
using Read = void(const std::byte* bytes, int32_t first, int32_t n, double* to);

template <class T>
[[clang::minsize]] void read(const std::byte* bytes, int32_t first, int32_t n, double* to) {
  bytes += static_cast<size_t>(first) * sizeof(T);
  for (int32_t i = 0; i < n; ++i) {
    to[i] = static_cast<double>(load<T>(bytes + static_cast<size_t>(i) * sizeof(T)));
  }
}

[[clang::minsize]] void read_half_bytes(const std::byte* bytes, int32_t first, int32_t n,
                                        double* to) {
  for (int32_t i = 0; i < n; ++i) {
    const uint8_t pair = load<uint8_t>(bytes + (first + i) / 2);
    const uint8_t high = (first + i) % 2 == 0 ? static_cast<uint8_t>(pair << 4) : pair;
    to[i] = static_cast<int8_t>(high) >> 4;
  }
}

// Writes number i of the constant, which is not quantised any more.
Status put(double value, bool quantised, DType dtype, int32_t i, void* out) {
  if (dtype == DType::kFloat32) {
    const float narrow = static_cast<float>(value);
    WXNN_CHECK(quantised || std::isfinite(narrow) || !std::isfinite(value),
               "holds a number that does not fit {}", "float32");
    static_cast<float*>(out)[i] = narrow;
  } else if (dtype == DType::kInt32) {
    const bool in_range = value >= -2147483648.0 && value <= 2147483647.0;
    WXNN_CHECK(in_range, "holds a number that does not fit {}", "int32");
    static_cast<int32_t*>(out)[i] = static_cast<int32_t>(value);
  } else {
    static_cast<uint8_t*>(out)[i] = value != 0;
  }
  return {};
}

Status widen_numbers(const Constant& constant, const std::byte* bytes, const TensorType& type,
                     Read& read, void* out) {
  const Quantization& q = constant.quantization;
  const Channels channels(q, type.shape);
  const bool quantised = !q.scale.empty();
  constexpr int32_t kBlock = 256;
  double block[kBlock];
  const int32_t n = type.shape.elements();
  for (int32_t i = 0; i < n; ++i) {
    if (i % kBlock == 0) read(bytes, i, std::min(kBlock, n - i), block);
    double value = block[i % kBlock];
    if (quantised) {
      const int32_t k = channels.of(i);
      const double zero = q.zero.empty() ? 0 : q.zero.size() == 1 ? q.zero[0] : q.zero[k];
      value = (value - zero) * q.scale[k] + q.min;
      if (type.dtype != DType::kFloat32) value = std::floor(value + 0.5);
    }
    WXNN_TRY(put(value, quantised, type.dtype, i, out));
  }
  return {};
}

void widen_halves(const std::byte* halves, int32_t n, float* out) {
  for (int32_t i = 0; i < n; ++i) {
    out[i] = half_to_float(load<uint16_t>(halves + static_cast<size_t>(i) * 2));
  }
}

struct EncodingRow {
  size_t element_bits;  // 0: as the dtype
  Read* read;           // of kPlain: for a bool, which in a file may be any byte; ours are 0 and 1
};

// In the order of enum Encoding.
constexpr EncodingRow kEncodings[] = {
    {0, read<uint8_t>},  {16, nullptr},        {8, read<int8_t>},   {8, read<uint8_t>},
    {16, read<int16_t>}, {16, read<uint16_t>}, {64, read<int64_t>}, {64, read<double>},
    {32, read<int32_t>}, {4, read_half_bytes},
};

}  // namespace

size_t encoded_bytes(Encoding encoding, const TensorType& type) {
  const size_t bits = kEncodings[static_cast<int>(encoding)].element_bits;
  const size_t n = static_cast<size_t>(type.shape.elements());
  return bits == 0 ? n * size_of(type.dtype) : bits < 8 ? (n + 1) / 2 : n * (bits / 8);
}

Status check(const Constant& constant, const TensorType& type) {
  WXNN_CHECK(type.shape.is_known() && type.shape.fits(), "is a constant of shape {}", type.shape);
  const size_t want = encoded_bytes(constant.encoding, type);
  WXNN_CHECK(constant.bytes.size() == want, "has {} bytes, its shape {} wants {}",
             constant.bytes.size(), type.shape, want);
  WXNN_CHECK(constant.encoding != Encoding::kFloat16 || type.dtype == DType::kFloat32,
             "stores float16 but is {}", name_of(type.dtype));
  const Quantization& q = constant.quantization;
  const size_t scales = q.scale.size();
  WXNN_CHECK(q.zero.size() <= 1 || q.zero.size() == scales, "has {} scales but {} zero points",
             scales, q.zero.size());
  if (scales <= 1) return {};
  const bool fits = q.axis >= 0 && q.axis < type.shape.rank() &&
                    static_cast<size_t>(type.shape[q.axis]) == scales;
  WXNN_CHECK(fits, "has {} scales along axis {} of {}", scales, q.axis, type.shape);
  return {};
}

namespace {

bool is_as_computed(const Constant& constant, const TensorType& type) {
  return constant.encoding == Encoding::kPlain && type.dtype != DType::kBool;
}

// The bytes, in `room` where they have to be read.
Status stored(const Constant& constant, void* room, const std::byte** bytes) {
  *bytes = constant.bytes.data();
  if (*bytes != nullptr || constant.bytes.empty()) return {};
  WXNN_CHECK(constant.read(constant.where, constant.bytes.size(), room),
             "has its data outside the file");
  *bytes = static_cast<std::byte*>(room);
  return {};
}

void scale(const Constant& constant, int32_t n, float* numbers) {
  size_t channel = 0;
  for (size_t i = 0; i < static_cast<size_t>(n);) {
    const double factor = constant.factors[channel];
    for (size_t k = 0; k < constant.run; ++k, ++i) {
      numbers[i] = static_cast<float>(static_cast<double>(numbers[i]) * factor);
    }
    if (++channel == constant.factors.size()) channel = 0;
  }
}

void copy(const std::byte* from, size_t size, void* to) {
  if (size != 0 && from != to) std::memcpy(to, from, size);
}

}  // namespace

Status copy_constant(const Constant& from, std::unique_ptr<Constant>* to) {
  auto constant = std::make_unique<Constant>();
  constant->encoding = from.encoding;
  constant->bytes = from.bytes;
  constant->quantization = from.quantization;
  constant->read = from.read;
  constant->where = from.where;
  constant->factors = from.factors;
  constant->run = from.run;
  if (from.owned) {
    WXNN_TRY(constant->owned.allocate(from.bytes.size()));
    copy(from.bytes.data(), from.bytes.size(), constant->owned.data());
    constant->bytes = {constant->owned.data(), from.bytes.size()};
  }
  *to = std::move(constant);
  return {};
}

Status own(Constant& constant) {
  if (constant.owned) return {};
  const size_t size = constant.bytes.size();
  Buffer memory;
  const std::byte* bytes = nullptr;
  WXNN_TRY(memory.allocate(size));
  WXNN_TRY(stored(constant, memory.data(), &bytes));
  copy(bytes, size, memory.data());
  constant.owned = std::move(memory);
  constant.bytes = {constant.owned.data(), size};
  return {};
}

size_t spare_bytes(const Constant& constant, const TensorType& type) {
  const bool none = constant.bytes.data() != nullptr || is_as_computed(constant, type);
  return none ? 0 : constant.bytes.size();
}

Status widen(const Constant& constant, const TensorType& type, void* out, void* spare) {
  const bool copied = is_as_computed(constant, type);
  const std::byte* bytes = nullptr;
  WXNN_TRY(stored(constant, copied ? out : spare, &bytes));
  if (copied) {
    copy(bytes, constant.bytes.size(), out);
  } else if (constant.encoding == Encoding::kFloat16) {
    replaceable(widen_halves)(bytes, type.shape.elements(), static_cast<float*>(out));
  } else {
    WXNN_TRY(widen_numbers(constant, bytes, type,
                           *kEncodings[static_cast<int>(constant.encoding)].read, out));
  }
  if (!constant.factors.empty()) scale(constant, type.shape.elements(), static_cast<float*>(out));
  return {};
}

WXNN_LOOPS(Constant, any_loop(widen_halves));

}  // namespace wxnn
