#include "core/json.h"

#include "core/status.h"

namespace wxnn {

void json_text(String& to, std::string_view text) {
  to += '"';
  for (const char c : text) {
    if (static_cast<uint8_t>(c) < 0x20) {
      to += "\\u00";
      to += static_cast<char>('0' + c / 16);
      to += "0123456789abcdef"[c % 16];
    } else {
      if (c == '"' || c == '\\') to += '\\';
      to += c;
    }
  }
  to += '"';
}

void json_shape(String& to, const Shape& shape) {
  if (shape.is_unknown()) {
    to += "null";
    return;
  }
  to += '[';
  for (int i = 0; i < shape.rank(); ++i) {
    if (i > 0) to += ',';
    say<"{}">(to, shape[i]);
  }
  to += ']';
}

void json_ms(String& to, double ms) {
  const int64_t micros = static_cast<int64_t>(ms * 1000);
  const int64_t rest = micros % 1000;
  say<"{}{}{}">(to, micros / 1000, rest < 10 ? ".00" : rest < 100 ? ".0" : ".", rest);
}

}  // namespace wxnn
