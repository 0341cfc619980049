// Attributes of one node: strides, pad, axis… with tfjs's spellings, checked against the operator's
// own list when the node is built, so that operators read them without checking again.
#pragma once
#include <initializer_list>
#include <span>
#include <string_view>

#include "core/status.h"
#include "core/string.h"
#include "core/vector.h"

namespace wxnn {

enum class AttrKind : uint8_t {
  kNumber,         // a number or a bool (0 or 1)
  kNumbers,        // a list of numbers; a single one stands for a list of that one repeated
  kText,           // "NHWC", "relu6"
  kTextOrNumbers,  // pad: "same", "valid", or explicit [top, bottom, left, right]
};

// What an absent attribute means. None given: the attribute is required.
struct AttrDefault {
  constexpr AttrDefault() = default;
  constexpr AttrDefault(int n) : number(n), given(true) {}  // 0 is a number, not a null text
  constexpr AttrDefault(double n) : number(n), given(true) {}
  constexpr AttrDefault(const char* t) : text(t), given(true) {}
  double number = 0;
  const char* text = nullptr;
  bool given = false;
};

struct AttrSpec {
  const char* name;
  AttrKind kind = AttrKind::kNumber;
  AttrDefault fallback = {};
};

// Every number that an attribute can hold (int32, bool, float32) is exact in a double.
struct AttrValue {
  Vector<double> numbers;
  String text;
};

class Attrs {
 public:
  Attrs() = default;
  // Starts with the defaults of `specs`, which must outlive the Attrs (they are constants).
  explicit Attrs(std::initializer_list<AttrSpec> specs);

  // Refuses a name that is not in the list, a kind that does not fit, and non-finite lists.
  // Here and below a name is a plain pointer (core/text.h), because a string_view would be written
  // to memory in front of each of hundreds of calls.
  Status set(const char* name, AttrValue&& value);
  Status set(const char* name, double number);
  Status set(const char* name, std::string_view text);
  Status set(const char* name, std::initializer_list<double> numbers);
  // Takes over the values of all attributes that both lists have.
  void adopt(const Attrs& other);
  // The name of the first required attribute that was never set, in a sentence.
  Status check_complete() const;

  bool knows(const char* name) const { return find(name) >= 0; }
  // `name` is in the operator's list.
  // Number k of `name`; a list of one is repeated for every k.
  double f(const char* name, int k = 0) const;
  int32_t i(const char* name, int k = 0) const;
  bool b(const char* name) const { return f(name) != 0; }
  std::string_view text(const char* name) const;
  // Whether the text is this one.
  bool is(const char* name, const char* text) const;
  std::span<const double> numbers(const char* name) const;
  // For names that are no literals.
  Status set(std::string_view name, AttrValue&& value) {
    return set(String(name).c_str(), std::move(value));
  }
  double f(std::string_view name, int k = 0) const { return f(String(name).c_str(), k); }
  int32_t i(std::string_view name, int k = 0) const { return i(String(name).c_str(), k); }
  std::string_view text(std::string_view name) const { return text(String(name).c_str()); }
  std::span<const double> numbers(std::string_view name) const {
    return numbers(String(name).c_str());
  }

 private:
  int find(const char* name) const;
  const AttrValue& value(const char* name) const;

  struct Slot {
    AttrValue value;
    bool set = false;
  };
  std::span<const AttrSpec> specs_;
  Vector<Slot> slots_;  // parallel to specs_
};

}  // namespace wxnn
