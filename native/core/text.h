// Comparing texts. std::string_view's own comparison takes both by value, which wasm32 writes to
// memory in front of each of a hundred calls: these take words.
#pragma once
#include <string_view>

namespace wxnn {

bool same_text(const char* a, size_t a_size, const char* b, size_t b_size);

// What == and != mean in this code: chosen before std's, which are templates.
[[gnu::always_inline]] inline bool operator==(std::string_view a, std::string_view b) {
  return same_text(a.data(), a.size(), b.data(), b.size());
}

// A name is letters, digits and _, and ends where none follows: so a name inside a longer text, a
// recipe, is passed as a plain pointer, like one that stands alone.
bool same_name(const char* a, const char* b);
size_t name_size(const char* text);
inline std::string_view name_at(const char* text) { return {text, name_size(text)}; }

}  // namespace wxnn
