// Reading JSON that may hold anything anywhere: what is not there, or of another kind, reads as
// nothing.
#pragma once
#include <nlohmann/json.hpp>
#include <string_view>

namespace wxnn {

// Keys in the file's order: it is the order of inputs and outputs.
using Json = nlohmann::ordered_json;

inline const Json& member(const Json& object, const char* key) {
  static const Json kNone;
  if (!object.is_object()) return kNone;
  const auto at = object.find(key);
  return at == object.end() ? kNone : *at;
}

inline std::string_view text_of(const Json& value) {
  return value.is_string() ? std::string_view(value.get_ref<const std::string&>())
                           : std::string_view();
}

// JSON forms of protobuf write int64 as text.
inline double number_of(const Json& value) {
  if (value.is_number()) return value.get<double>();
  if (value.is_boolean()) return value.get<bool>() ? 1 : 0;
  if (value.is_string()) return std::strtod(value.get_ref<const std::string&>().c_str(), nullptr);
  return 0;
}

// The items of an array, or nothing.
inline const Json& items(const Json& value) {
  static const Json kNone = Json::array();
  return value.is_array() ? value : kNone;
}

// Of an array; null where there is none.
inline const Json& item(const Json& value, size_t index) {
  static const Json kNone;
  return value.is_array() && index < value.size() ? value[index] : kNone;
}

}  // namespace wxnn
