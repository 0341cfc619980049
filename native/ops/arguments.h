// Arguments that are attributes in tfjs but may be computed by a TensorFlow or TFLite graph (the
// shape of a Reshape): read from an optional input, or from the attribute of that name without it.
// Also how axes are read: negative ones count from the end.
#pragma once
#include "core/op.h"

namespace wxnn {

// The traits of such an input.
inline constexpr uint8_t kArgument = kOptional | kValueKnown;
// The default of an attribute that such an input may replace, or of a list that may be absent.
inline constexpr AttrDefault kEmptyList = "";

struct Numbers {
  static constexpr int kMost = 2 * Shape::kMaxRank;
  int count = 0;
  int32_t at[kMost] = {};
  int32_t operator[](int i) const { return at[i]; }
  std::span<const int32_t> span() const { return {at, static_cast<size_t>(count)}; }
};

// "shape has 9 numbers, at most 8 are possible".
Status check_count(const char* name, size_t count, size_t most);

// The numbers of input `port` (int32; paddings are a table, read row by row), or of attribute
// `name`.
Status read_numbers(const Attrs& attrs, std::span<const Tensor* const> inputs, size_t port,
                    const char* name, Numbers* numbers);

template <class Ctx>
Status read_numbers(const Ctx& c, size_t port, const char* name, Numbers* numbers) {
  return read_numbers(c.attrs, c.inputs, port, name, numbers);
}

// The same where infer has accepted them.
template <class Ctx>
Numbers numbers_of(const Ctx& c, size_t port, const char* name) {
  Numbers numbers;
  const Status accepted = read_numbers(c, port, name, &numbers);
  static_cast<void>(accepted);
  return numbers;
}

// A shape from such numbers: every one at least 0.
Status read_shape(const InferCtx& c, size_t port, const char* name, Shape* shape);

// `axis` of a tensor x with this shape, made non-negative: "axis 4 is outside x [1,32,32]".
// Where `rank` is more than the shape's, the axis is one of the output's.
Status read_axis(int32_t axis, const Shape& x, int rank, int* result);
inline int axis_of(int32_t axis, int rank) { return axis < 0 ? axis + rank : axis; }

// "pad \"around\" is not known", of an attribute's text.
Status not_known(const Attrs& attrs, const char* name);

// "float32", "int32", "bool"; refuses other text.
Status read_dtype(std::string_view text, DType* dtype);
// infer has accepted the text.
DType dtype_of(std::string_view text);

}  // namespace wxnn
