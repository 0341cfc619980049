#include "core/json.h"

#include "core/status.h"

namespace wxnn {

namespace {

// Length of the valid UTF-8 sequence at the start of s, or 0 (RFC 3629: no overlong forms, no
// surrogates, nothing above U+10FFFF).
size_t utf8_length(std::string_view s) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(s[i]); };
  const uint8_t lead = byte(0);
  const size_t n = lead < 0x80                   ? 1
                   : lead >= 0xc2 && lead < 0xe0 ? 2
                   : (lead & 0xf0) == 0xe0       ? 3
                   : lead >= 0xf0 && lead < 0xf5 ? 4
                                                 : 0;
  if (n == 0 || s.size() < n) return 0;
  for (size_t i = 1; i < n; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  if ((lead == 0xe0 && byte(1) < 0xa0) || (lead == 0xed && byte(1) > 0x9f)) return 0;
  if ((lead == 0xf0 && byte(1) < 0x90) || (lead == 0xf4 && byte(1) > 0x8f)) return 0;
  return n;
}

}  // namespace

void json_text(String& to, std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  to += '"';
  while (!text.empty()) {
    const size_t n = utf8_length(text);
    const uint8_t c = static_cast<uint8_t>(text[0]);
    if (n == 0) {
      to += "\\ufffd";
    } else if (c < 0x20) {
      to += "\\u00";
      to += kHex[c >> 4];
      to += kHex[c & 15];
    } else {
      if (c == '"' || c == '\\') to += '\\';
      to += text.substr(0, n);
    }
    text.remove_prefix(n == 0 ? 1 : n);
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
