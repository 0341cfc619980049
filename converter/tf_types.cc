#include "converter/tf_types.h"

#include <algorithm>
#include <limits>

namespace wxnn {

namespace {

struct NameRow {
  std::string_view name;
  uint32_t number;
};
constexpr NameRow kNames[] = {
    {"DT_FLOAT", 1},     {"DT_DOUBLE", 2},   {"DT_INT32", 3},   {"DT_UINT8", 4},
    {"DT_INT16", 5},     {"DT_INT8", 6},     {"DT_STRING", 7},  {"DT_COMPLEX64", 8},
    {"DT_INT64", 9},     {"DT_BOOL", 10},    {"DT_UINT16", 17}, {"DT_HALF", 19},
    {"DT_RESOURCE", 20}, {"DT_VARIANT", 21}, {"DT_UINT32", 22}, {"DT_UINT64", 23}};

constexpr TfjsType kTfjsTypes[] = {{"float32", 1, 4},   {"int32", 3, 4}, {"bool", 10, 1},
                                   {"complex64", 8, 8}, {"uint8", 4, 1}, {"uint16", 17, 2},
                                   {"float16", 19, 2},  {"string", 7, 0}};

template <class T>
std::string bytes_of(T value) {
  return std::string(reinterpret_cast<const char*>(&value), sizeof value);
}

template <class T>
void append(std::string* bytes, double number) {
  // Beyond the type's range the nearest that it has; NaN is no whole number.
  if constexpr (!std::is_floating_point_v<T>) {
    constexpr double kLow = static_cast<double>(std::numeric_limits<T>::min());
    constexpr double kHigh = static_cast<double>(std::numeric_limits<T>::max());
    number = number > kLow ? number : kLow;
    if (number >= kHigh) return bytes->append(bytes_of(std::numeric_limits<T>::max())), void();
  }
  bytes->append(bytes_of(static_cast<T>(number)));
}

struct AppendRow {
  uint32_t number;
  size_t bytes;
  void (*append)(std::string*, double);
};
constexpr AppendRow kAppend[] = {
    {1, 4, append<float>},    {2, 8, append<double>},   {3, 4, append<int32_t>},
    {4, 1, append<uint8_t>},  {5, 2, append<int16_t>},  {6, 1, append<int8_t>},
    {9, 8, append<int64_t>},  {10, 1, append<uint8_t>}, {17, 2, append<uint16_t>},
    {19, 2, append<uint16_t>}};  // halves are given by their bits

}  // namespace

uint32_t tf_type_number(std::string_view name) {
  const auto* row = std::ranges::find(kNames, name, &NameRow::name);
  return row == std::end(kNames) ? 0 : row->number;
}

const TfjsType* find_tfjs_type(std::string_view name) {
  const auto* row = std::ranges::find(kTfjsTypes, name, &TfjsType::name);
  return row == std::end(kTfjsTypes) ? nullptr : row;
}

Status encode_numbers(uint32_t type, const std::vector<int32_t>& shape,
                      const std::vector<double>& numbers, std::string* bytes) {
  // The one number of a large tensor costs a few bytes: this much is no attack.
  constexpr int64_t kMost = 1 << 20;
  const auto* row = std::ranges::find(kAppend, type, &AppendRow::number);
  WXNN_CHECK(row != std::end(kAppend), "holds TensorFlow's type {}, which is not supported", type);
  int64_t count = 1;
  for (const int32_t d : shape) {
    WXNN_CHECK(d >= 0, "has a negative dimension");
    count *= d;
    const bool fits = count <= std::max<int64_t>(kMost, static_cast<int64_t>(numbers.size()));
    WXNN_CHECK(fits, "declares more numbers than it has");
  }
  WXNN_CHECK(numbers.size() <= static_cast<size_t>(count), "has {} numbers, its shape wants {}",
             numbers.size(), count);
  const double rest = numbers.empty() ? 0 : numbers.back();
  for (int64_t i = 0; i < count; ++i) {
    row->append(bytes, static_cast<size_t>(i) < numbers.size() ? numbers[i] : rest);
  }
  return {};
}

}  // namespace wxnn
