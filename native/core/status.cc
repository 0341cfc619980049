#include "core/status.h"

#include <cstring>

#include "core/tensor.h"

namespace wxnn {

bool same_text(const char* a, size_t a_size, const char* b, size_t b_size) {
  return a_size == b_size && (a_size == 0 || std::memcmp(a, b, a_size) == 0);
}

namespace {
bool is_in_name(char c) {
  return c == '_' || (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
}
}  // namespace

size_t name_size(const char* text) {
  size_t n = 0;
  while (is_in_name(text[n])) ++n;
  return n;
}

bool same_name(const char* a, const char* b) { return same_text(a, name_size(a), b, name_size(b)); }

Status::Status(String sentence) {
  // Live as long as the program, so they need no destructor.
  [[clang::no_destroy]] static constinit String kept[kKept];
  static unsigned next = 0;
  String& place = kept[next++ % kKept];
  place = std::move(sentence);
  sentence_ = &place;
}

Status Status::at(std::string_view place) const {
  if (ok()) return {};
  return Status(sentence<"{}: {}">(place, *sentence_));
}

namespace {
void say_number(String& to, int64_t number) {
  char digits[20];
  int n = 0;
  uint64_t rest = number < 0 ? 0 - static_cast<uint64_t>(number) : static_cast<uint64_t>(number);
  do {
    digits[n++] = static_cast<char>('0' + rest % 10);
    rest /= 10;
  } while (rest != 0);
  if (number < 0) to += '-';
  while (n > 0) to += digits[--n];
}

// "[1,32,32,48]", "[?,224,224,3]", "[unknown]"
void say_shape(String& to, const Shape& shape) {
  if (shape.is_unknown()) {
    to += "[unknown]";
    return;
  }
  for (int i = 0; i < shape.rank(); ++i) {
    to += i > 0 ? ',' : '[';
    if (shape[i] == Shape::kOpen) {
      to += '?';
    } else {
      say_number(to, shape[i]);
    }
  }
  to += shape.rank() > 0 ? "]" : "[]";
}
}  // namespace

void say_parts(String* to, const char* format, const PartWord* words) {
  for (; *format != 0; ++format) {
    const PartKind kind = static_cast<PartKind>(*format);
    if (kind > PartKind::kShape) {
      *to += *format;
      continue;
    }
    const PartWord word = *words++;
    if (kind == PartKind::kText) {
      *to += reinterpret_cast<const char*>(word);
    } else if (kind == PartKind::kView) {
      *to += *reinterpret_cast<const std::string_view*>(word);
    } else if (kind == PartKind::kString) {
      *to += *reinterpret_cast<const String*>(word);
    } else if (kind == PartKind::kShape) {
      say_shape(*to, *reinterpret_cast<const Shape*>(word));
    } else if (kind == PartKind::kSigned) {
      say_number(*to, static_cast<intptr_t>(word));
    } else if (kind == PartKind::kUnsigned) {
      say_number(*to, static_cast<int64_t>(word));
    } else {
      say_number(*to, *reinterpret_cast<const int64_t*>(word));
    }
  }
}

Status fail_with(const char* format, const PartWord* words) {
  String text;
  say_parts(&text, format, words);
  return Status(std::move(text));
}

}  // namespace wxnn
