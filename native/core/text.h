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

}  // namespace wxnn
