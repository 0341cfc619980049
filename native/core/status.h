// Status: success, or one sentence that says what is wrong.
//
// No exceptions cross this code base: the wasm is built with -fno-exceptions, and every sentence
// reaches JavaScript unchanged as Error.message. There are hundreds of places that can fail, so
// what one costs decides the binary's size: a Status is one word without a destructor, and a
// sentence is one address and a word for each part.
#pragma once
#include <concepts>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>
#include "core/string.h"

#include "core/text.h"

namespace wxnn {

class Shape;

// A literal as a template argument.
template <size_t N>
struct Literal {
  char text[N];
  consteval Literal(const char (&from)[N]) {
    for (size_t i = 0; i < N; ++i) text[i] = from[i];
  }
  template <size_t M>
  consteval Literal<N + M - 1> operator+(const char (&more)[M]) const {
    char all[N + M - 1];
    for (size_t i = 0; i < N; ++i) all[i] = text[i];
    for (size_t i = 0; i < M; ++i) all[N - 1 + i] = more[i];
    return all;
  }
};

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
  // status.at<"tensor \"{}\"">(name)
  template <Literal format, class... Parts>
  Status at(const Parts&... parts) const;

 private:
  const String* sentence_ = nullptr;
};

// --- sentences -----------------------------------------------------------------------------------
// A sentence is a text with a place "{}" for each part: a text, a whole number or a Shape. When the
// program is compiled, each place becomes one byte that says what kind of part stands there, so a
// call passes one address, and one word a part: the number itself, or an address.
using PartWord = uintptr_t;
enum class PartKind : char { kText = 1, kView, kString, kSigned, kUnsigned, kLong, kShape };

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
using Part = std::remove_cvref_t<decltype(part_of(std::declval<const T&>()))>;

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

// The literal with a kind in each place.
template <Literal format, class Places, class... Parts>
struct Format;
template <Literal format, size_t... place, class... Parts>
struct Format<format, std::index_sequence<place...>, Parts...> {
  static consteval char at(size_t wanted) {
    constexpr char kinds[] = {static_cast<char>(part_kind<Part<Parts>>())..., 0};
    size_t parts = 0, from = 0;
    for (size_t to = 0;; ++to, ++from) {
      const bool is_part = format.text[from] == '{' && format.text[from + 1] == '}';
      if (to == wanted) return is_part ? kinds[parts] : format.text[from];
      if (!is_part) continue;
      ++parts;
      ++from;
    }
  }
  // Of one byte's alignment, where clang would give a longer array that of a vector.
  alignas(char) static constexpr char text[] = {at(place)...};
};
void a_sentence_has_as_many_places_as_parts();  // what the compiler says otherwise

template <Literal format, class... Parts>
consteval const char* encode() {
  size_t places = 0;
  for (size_t i = 0; format.text[i] != 0; ++i) {
    places += format.text[i] == '{' && format.text[i + 1] == '}';
  }
  constexpr size_t parts = sizeof...(Parts);
  constexpr size_t size = sizeof format.text > parts ? sizeof format.text - parts : 0;
  if (places != parts) a_sentence_has_as_many_places_as_parts();
  return Format<format, std::make_index_sequence<size>, Parts...>::text;
}
template <Literal format, class... Parts>
inline constexpr const char* kFormat = encode<format, Parts...>();

void say_parts(String* to, const char* format, const PartWord* words);
Status fail_with(const char* format, const PartWord* words);

// Words are parameters, not an array: the caller then writes no memory. One function for each
// number of parts.
template <std::same_as<PartWord>... Words>
[[gnu::noinline]] void say_words(String* to, const char* format, Words... words) {
  const PartWord list[] = {words..., 0};
  say_parts(to, format, list);
}
template <std::same_as<PartWord>... Words>
[[gnu::noinline]] Status fail_words(const char* format, Words... words) {
  const PartWord list[] = {words..., 0};
  return fail_with(format, list);
}

// These become calls of the functions above everywhere, also where clang would rather share them:
// numbers would then be written to memory to be passed by reference.
// Appends the sentence.
template <Literal format, class... Parts>
[[gnu::always_inline]] inline void say(String& to, const Parts&... parts) {
  say_words(&to, kFormat<format, Parts...>, part_word(part_of(parts))...);
}

template <Literal format, class... Parts>
String sentence(const Parts&... parts) {
  String text;
  say<format>(text, parts...);
  return text;
}

// return fail<"axis {} is outside {}">(axis, shape);
template <Literal format, class... Parts>
[[gnu::always_inline]] inline Status fail(const Parts&... parts) {
  return fail_words(kFormat<format, Parts...>, part_word(part_of(parts))...);
}

template <Literal format, class... Parts>
[[gnu::always_inline]] inline Status Status::at(const Parts&... parts) const {
  return ok() ? Status() : fail<format + ": {}">(parts..., *sentence_);
}

#define WXNN_TRY(expression)                                                  \
  do {                                                                        \
    if (::wxnn::Status status_ = (expression); !status_.ok()) return status_; \
  } while (0)

#define WXNN_CHECK(condition, format, ...)      \
  do {                                          \
    if (!(condition)) [[unlikely]]              \
      return ::wxnn::fail<format>(__VA_ARGS__); \
  } while (0)

}  // namespace wxnn
