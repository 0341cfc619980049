#include "core/attrs.h"

#include "core/whole.h"

namespace wxnn {

Attrs::Attrs(std::initializer_list<AttrSpec> specs) : specs_(specs), slots_(specs.size()) {
  for (size_t i = 0; i < specs_.size(); ++i) {
    const AttrDefault& fallback = specs_[i].fallback;
    if (!fallback.given) continue;
    slots_[i].set = true;
    if (fallback.text != nullptr) {
      slots_[i].value.text = fallback.text;
    } else {
      slots_[i].value.numbers.push_back(fallback.number);
    }
  }
}

int Attrs::find(const char* name) const {
  for (size_t i = 0; i < specs_.size(); ++i) {
    if (same_name(specs_[i].name, name)) return static_cast<int>(i);
  }
  return -1;
}

const AttrValue& Attrs::value(const char* name) const {
  [[clang::no_destroy]] static constinit const AttrValue kNone;
  const int i = find(name);
  return i < 0 ? kNone : slots_[i].value;
}

Status Attrs::set(const char* name, AttrValue&& value) {
  const int i = find(name);
  WXNN_CHECK(i >= 0, "has no attribute \"{}\"", name_at(name));
  const AttrKind kind = specs_[i].kind;
  const bool is_text = value.numbers.empty() && !value.text.empty();
  const bool fits = kind == AttrKind::kNumber    ? value.numbers.size() == 1
                    : kind == AttrKind::kNumbers ? !is_text
                    : kind == AttrKind::kText    ? value.numbers.empty()
                                                 : true;
  WXNN_CHECK(fits, "attribute \"{}\" wants {}", name_at(name),
             kind == AttrKind::kNumber    ? "one number"
             : kind == AttrKind::kNumbers ? "numbers"
                                          : "text");
  slots_[i].value = std::move(value);
  slots_[i].set = true;
  return {};
}

Status Attrs::set(const char* name, double number) {
  AttrValue v;
  v.numbers.push_back(number);
  return set(name, std::move(v));
}

Status Attrs::set(const char* name, std::string_view text) {
  AttrValue v;
  v.text = text;
  return set(name, std::move(v));
}

Status Attrs::set(const char* name, std::initializer_list<double> numbers) {
  AttrValue v;
  v.numbers = numbers;
  return set(name, std::move(v));
}

void Attrs::adopt(const Attrs& other) {
  for (size_t i = 0; i < specs_.size(); ++i) {
    const int theirs = other.find(specs_[i].name);
    if (theirs >= 0 && other.slots_[theirs].set) slots_[i] = other.slots_[theirs];
  }
}

Status Attrs::check_complete() const {
  for (size_t i = 0; i < slots_.size(); ++i) {
    WXNN_CHECK(slots_[i].set, "lacks its attribute \"{}\"", specs_[i].name);
  }
  return {};
}

double Attrs::f(const char* name, int k) const {
  const Vector<double>& n = value(name).numbers;
  if (n.empty()) return 0;
  return n.size() == 1 ? n[0] : static_cast<size_t>(k) < n.size() ? n[k] : 0;
}

int32_t Attrs::i(const char* name, int k) const {
  // A file may say 1e300 or NaN where a whole number belongs: infer refuses what it becomes.
  return whole<int32_t>(f(name, k));
}

std::string_view Attrs::text(const char* name) const { return value(name).text; }

bool Attrs::is(const char* name, const char* text) const { return this->text(name) == text; }

std::span<const double> Attrs::numbers(const char* name) const { return value(name).numbers; }

}  // namespace wxnn
