// Status: success, or one sentence that says what is wrong.
//
// No exceptions cross this code base: the wasm is built with -fno-exceptions, and every sentence
// reaches JavaScript unchanged as Error.message. There are hundreds of places that can fail, so
// what one costs decides the binary's size: a Status is one word without a destructor, and a
// sentence's parts are passed as words too (about 20 bytes of wasm for `return fail("axis ", i)`).
#pragma once
#include <concepts>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "core/string.h"
#include "core/text.h"

namespace wxnn {

class Shape;

// Null when all is well. It owns nothing: the last kKept sentences of the program are kept, and a
// Status that is older than those has another one's message.
class [[nodiscard]] Status {
 public:
  static constexpr int kKept = 16;

  constexpr Status() = default;
  explicit Status(String sentence);

  bool ok() const { return sentence_ == nullptr; }
  // Empty when ok().
  std::string_view message() const {
    return sentence_ != nullptr ? std::string_view(*sentence_) : std::string_view();
  }
  // Puts the place in front of the reason: `node "conv_3" (Conv2D): filter has 3 channels, x 4`.
  Status at(std::string_view place) const;

 private:
  const String* sentence_ = nullptr;
};

// --- sentences -----------------------------------------------------------------------------------
// A part is text, a whole number or a Shape. It travels as one word: the number itself, or an
// address; the kinds of all parts travel as one number, three bits each, first part lowest.
using PartWord = uintptr_t;
enum class PartKind : uint8_t { kNone, kText, kView, kString, kSigned, kUnsigned, kLong, kShape };
inline constexpr int kPartKindBits = 3;

template <class T>
constexpr PartKind part_kind() {
  if constexpr (std::is_same_v<T, String>) {
    return PartKind::kString;
  } else if constexpr (std::is_same_v<T, std::string_view>) {
    return PartKind::kView;
  } else if constexpr (std::is_same_v<T, Shape>) {
    return PartKind::kShape;
  } else if constexpr (std::integral<T>) {
    return sizeof(T) > sizeof(PartWord) ? PartKind::kLong
           : std::is_signed_v<T>        ? PartKind::kSigned
                                        : PartKind::kUnsigned;
  } else {
    static_assert(std::is_convertible_v<T, const char*>, "what is no part of a sentence");
    return PartKind::kText;
  }
}

// Another library's text is looked at as a view, which lives as long as the sentence is made.
template <class T>
const T& part_of(const T& part) {
  return std::as_const(part);
}
inline std::string_view part_of(const std::string& part) { return part; }

template <class T>
[[gnu::always_inline]] inline PartWord part_word(const T& part) {
  constexpr PartKind kind = part_kind<T>();
  if constexpr (kind == PartKind::kText) {
    return reinterpret_cast<PartWord>(static_cast<const char*>(part));
  } else if constexpr (kind == PartKind::kSigned || kind == PartKind::kUnsigned) {
    return static_cast<PartWord>(part);
  } else {
    return reinterpret_cast<PartWord>(&part);
  }
}

template <class... Parts>
constexpr uint64_t part_kinds() {
  static_assert(sizeof...(Parts) * kPartKindBits < 64, "a sentence of too many parts");
  uint64_t kinds = 0;
  int shift = 0;
  ((kinds |= static_cast<uint64_t>(
                 part_kind<std::remove_cvref_t<decltype(part_of(std::declval<const Parts&>()))>>())
             << shift,
    shift += kPartKindBits),
   ...);
  return kinds;
}

void say_parts(String* to, uint64_t kinds, const PartWord* words);
Status fail_with(uint64_t kinds, const PartWord* words);

// Words are parameters, not an array: the caller then writes no memory. One function for each
// number of parts.
template <std::same_as<PartWord>... Words>
[[gnu::noinline]] void say_words(String* to, uint64_t kinds, Words... words) {
  const PartWord list[] = {words...};
  say_parts(to, kinds, list);
}
template <std::same_as<PartWord>... Words>
[[gnu::noinline]] Status fail_words(uint64_t kinds, Words... words) {
  const PartWord list[] = {words...};
  return fail_with(kinds, list);
}

// These become calls of the functions above everywhere, also where clang would rather share them:
// numbers would then be written to memory to be passed by reference.
// Appends the parts.
template <class... Parts>
[[gnu::always_inline]] inline void say(String& to, const Parts&... parts) {
  say_words(&to, part_kinds<Parts...>(), part_word(part_of(parts))...);
}

template <class... Parts>
String sentence(const Parts&... parts) {
  String text;
  say(text, parts...);
  return text;
}

// return fail("axis ", axis, " is outside ", shape);
template <class... Parts>
[[gnu::always_inline]] inline Status fail(const Parts&... parts) {
  return fail_words(part_kinds<Parts...>(), part_word(part_of(parts))...);
}

#define WXNN_TRY(expression)                                                  \
  do {                                                                        \
    if (::wxnn::Status status_ = (expression); !status_.ok()) return status_; \
  } while (0)

#define WXNN_CHECK(condition, ...)      \
  do {                                  \
    if (!(condition)) [[unlikely]]      \
      return ::wxnn::fail(__VA_ARGS__); \
  } while (0)

}  // namespace wxnn
