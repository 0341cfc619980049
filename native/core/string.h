// String: a text in memory of its own, for names and sentences. std::string keeps short texts in
// itself, and libc++ asks at every place which of the two it is.
#pragma once
#include <iosfwd>
#include <string>
#include <string_view>

#include "core/text.h"
#include "core/vector.h"

namespace wxnn {

// Its bytes are followed by a zero. A text that is added to it is not part of it.
class String : public Elements {
 public:
  using value_type = char;
  using iterator = const char*;
  using const_iterator = const char*;

  String() = default;
  String(const char* text) : String(std::string_view(text)) {}
  String(std::string_view text) { *this += text; }
  String(const std::string& text) : String(std::string_view(text)) {}
  String(const String& other) : String(std::string_view(other)) {}
  String(String&& other) noexcept = default;
  String& operator=(const String& other) { return *this = String(other); }
  String& operator=(String&& other) noexcept {
    take(other);
    return *this;
  }

  operator std::string_view() const { return {data(), size()}; }
  // For code that is not the engine's.
  operator std::string() const { return std::string(data(), size()); }

  const char* data() const { return static_cast<const char*>(data_); }
  const char* c_str() const { return empty() ? "" : data(); }
  const char* begin() const { return data(); }
  const char* end() const { return data() + size(); }
  char& operator[](size_t i) { return static_cast<char*>(data_)[i]; }
  char operator[](size_t i) const { return data()[i]; }
  char back() const { return data()[size() - 1]; }

  String& operator+=(std::string_view text);
  String& operator+=(char c) { return *this += std::string_view(&c, 1); }
  void clear() { size_ = 0; }
  void pop_back() { (*this)[--size_] = 0; }

  std::string_view substr(size_t from, size_t count = std::string_view::npos) const {
    return std::string_view(*this).substr(from, count);
  }
  bool starts_with(std::string_view text) const {
    return std::string_view(*this).starts_with(text);
  }
  bool ends_with(std::string_view text) const { return std::string_view(*this).ends_with(text); }
  size_t find(std::string_view text) const { return std::string_view(*this).find(text); }
  int compare(std::string_view other) const { return std::string_view(*this).compare(other); }
  bool operator<(const String& other) const { return compare(other) < 0; }
};

String operator+(const String& a, std::string_view b);

template <class Traits>
std::basic_ostream<char, Traits>& operator<<(std::basic_ostream<char, Traits>& to,
                                             const String& text) {
  return to << std::string_view(text);
}

}  // namespace wxnn
