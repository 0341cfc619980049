#include "core/names.h"

#include <cstring>

#include "core/text.h"

namespace wxnn {

bool is_listed(const char* names, std::string_view name) {
  for (;; ++names) {
    const size_t size = name_size(names);
    if (name == std::string_view(names, size)) return true;
    names += size;
    if (*names != ' ' && *names != '|') return false;
  }
}

bool comes_before(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return a.size() < b.size();
  return !a.empty() && std::memcmp(a.data(), b.data(), a.size()) < 0;
}

}  // namespace wxnn
