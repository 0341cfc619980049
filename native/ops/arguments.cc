#include "ops/arguments.h"

namespace wxnn {

Status check_count(const char* name, size_t count, size_t most) {
  WXNN_CHECK(count <= most, "{} has {} numbers, at most {} are possible", name, count, most);
  return {};
}

Status read_numbers(const Attrs& attrs, std::span<const Tensor* const> inputs, size_t port,
                    const char* name, Numbers* numbers) {
  const Tensor* t = port < inputs.size() ? inputs[port] : nullptr;
  const size_t count =
      t != nullptr ? static_cast<size_t>(t->shape.elements()) : attrs.numbers(name).size();
  WXNN_TRY(check_count(name, count, Numbers::kMost));
  if (t != nullptr) {
    WXNN_CHECK(t->dtype == DType::kInt32 && t->shape.rank() <= 2,
               "{} {} {} should be int32, a list or a table", name, name_of(t->dtype), t->shape);
    WXNN_CHECK(t->data != nullptr || count == 0, "{} is not known", name);
  }
  numbers->count = static_cast<int>(count);
  for (int i = 0; i < numbers->count; ++i) {
    numbers->at[i] = t != nullptr ? t->i32()[i] : attrs.i(name, i);
  }
  return {};
}

Status read_shape(const InferCtx& c, size_t port, const char* name, Shape* shape) {
  Numbers numbers;
  WXNN_TRY(read_numbers(c, port, name, &numbers));
  WXNN_TRY(check_count(name, numbers.count, Shape::kMaxRank));
  *shape = Shape(numbers.span());
  WXNN_CHECK(shape->is_known(), "{} {} has a negative dimension", name, *shape);
  return {};
}

Status not_known(const Attrs& attrs, const char* name) {
  return fail<"{} \"{}\" is not known">(name, attrs.text(name));
}

Status read_axis(int32_t axis, const Shape& x, int rank, int* result) {
  WXNN_CHECK(axis >= -rank && axis < rank, "axis {} is outside {}", axis, x);
  *result = axis_of(axis, rank);
  return {};
}

namespace {
constexpr DType kDTypes[] = {DType::kFloat32, DType::kInt32, DType::kBool};
}

Status read_dtype(std::string_view text, DType* dtype) {
  for (const DType d : kDTypes) {
    if (name_of(d) != text) continue;
    *dtype = d;
    return {};
  }
  return fail<"dtype \"{}\" should be \"float32\", \"int32\" or \"bool\"">(text);
}

DType dtype_of(std::string_view text) {
  DType dtype = DType::kFloat32;
  const Status accepted = read_dtype(text, &dtype);
  static_cast<void>(accepted);
  return dtype;
}

}  // namespace wxnn
