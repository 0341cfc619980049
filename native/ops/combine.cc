#include "ops/combine.h"

#include <algorithm>

namespace wxnn {
namespace {

template <class T, auto f>
void combine(void* y, const void* x) {
  T& to = *static_cast<T*>(y);
  to = static_cast<T>(f(to, *static_cast<const T*>(x)));
}
struct Computation {
  std::string_view name;
  Combine f32, i32, flags;
};
constexpr auto kPlus = [](auto a, auto b) { return a + b; };
constexpr auto kTimes = [](auto a, auto b) { return a * b; };
constexpr auto kLower = [](auto a, auto b) { return b < a || b != b ? b : a; };
constexpr auto kHigher = [](auto a, auto b) { return b > a || b != b ? b : a; };
constexpr auto kBoth = [](auto a, auto b) { return a & b; };
constexpr auto kEither = [](auto a, auto b) { return a | b; };
constexpr Computation kComputations[] = {
    {"Add", combine<float, kPlus>, combine<uint32_t, kPlus>, nullptr},
    {"Multiply", combine<float, kTimes>, combine<uint32_t, kTimes>, nullptr},
    {"Minimum", combine<float, kLower>, combine<int32_t, kLower>, nullptr},
    {"Maximum", combine<float, kHigher>, combine<int32_t, kHigher>, nullptr},
    {"LogicalAnd", nullptr, nullptr, combine<uint8_t, kBoth>},
    {"LogicalOr", nullptr, nullptr, combine<uint8_t, kEither>},
};

}  // namespace

Combine find_combine(std::string_view name, DType dtype) {
  const auto* row = std::ranges::find(kComputations, name, &Computation::name);
  if (row == std::end(kComputations)) return nullptr;
  if (dtype == DType::kFloat32) return row->f32;
  return dtype == DType::kInt32 ? row->i32 : dtype == DType::kBool ? row->flags : nullptr;
}

Status check_combine(const Attrs& attrs, DType dtype) {
  const std::string_view name = attrs.text("computation");
  WXNN_CHECK(find_combine(name, dtype) != nullptr, "computation \"{}\" of {} is not supported",
             name, name_of(dtype));
  return {};
}

void next_index(const Shape& shape, int32_t* at) {
  for (int i = shape.rank() - 1; i >= 0; --i) {
    if (++at[i] < shape[i]) return;
    at[i] = 0;
  }
}

}  // namespace wxnn
