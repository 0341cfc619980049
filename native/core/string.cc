#include "core/string.h"

#include <cstring>

namespace wxnn {

String& String::operator+=(std::string_view text) {
  if (text.empty()) return *this;
  char* to = static_cast<char*>(grow(text.size() + 1, 1));
  std::memcpy(to, text.data(), text.size());
  to[text.size()] = 0;
  --size_;
  return *this;
}

String operator+(const String& a, std::string_view b) {
  String both = a;
  both += b;
  return both;
}

}  // namespace wxnn
