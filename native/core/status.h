// Status: success, or one sentence that says what is wrong.
//
// No exceptions cross this code base: the wasm is built with -fno-exceptions, and every sentence
// reaches JavaScript unchanged as Error.message. A Status is one pointer, null when all is well.
#pragma once
#include <concepts>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace wxnn {

class [[nodiscard]] Status {
 public:
  Status() = default;
  explicit Status(std::string sentence)
      : sentence_(std::make_unique<std::string>(std::move(sentence))) {}

  bool ok() const { return !sentence_; }
  // Empty when ok().
  std::string_view message() const {
    return sentence_ ? std::string_view(*sentence_) : std::string_view();
  }
  // Puts the place in front of the reason: `node "conv_3" (Conv2D): filter has 3 channels, x 4`.
  Status at(std::string_view place) &&;

 private:
  std::unique_ptr<std::string> sentence_;
};

// What may stand in a sentence: text, whole numbers, anything with str() (Shape, DType).
inline void say(std::string& to, std::string_view text) { to += text; }
void say_number(std::string& to, int64_t number);
inline void say(std::string& to, std::integral auto number) {
  say_number(to, static_cast<int64_t>(number));
}
template <class T>
  requires requires(const T& t) { t.str(); }
void say(std::string& to, const T& value) {
  to += value.str();
}

template <class... Parts>
[[gnu::noinline]] std::string sentence(const Parts&... parts) {
  std::string text;
  (say(text, parts), ...);
  return text;
}

// return fail("axis ", axis, " is outside ", shape);
template <class... Parts>
[[gnu::noinline]] Status fail(const Parts&... parts) {
  return Status(sentence(parts...));
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
