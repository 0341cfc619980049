#include <algorithm>

#include "parse.h"

namespace brotli {

namespace {

constexpr uint32_t kLongestMatch = 1 << 16;
constexpr int kSteps = 4096;   // of a chain of places with the same three bytes
constexpr int kNear = 48;      // of these are kept, whatever their length
constexpr int kNearPairs = 6;  // places with the same two bytes
constexpr uint32_t kPairsWithin = 4096;

}  // namespace

Matches::Matches(const Bytes& data) {
  static const Words dictionary;
  const size_t n = data.size();
  constexpr uint32_t kNone = ~0u;
  std::vector<uint32_t> first3(1 << 24, kNone), first2(1 << 16, kNone), next3(n, kNone),
      next2(n, kNone);
  size_t busy = 0;  // ends of long matches: places within them are not searched
  for (size_t i = 0; i < n; ++i) {
    from_.push_back(all_.size());
    words_from_.push_back(words_.size());
    const uint32_t limit = static_cast<uint32_t>(std::min<size_t>(n - i, kLongestMatch));
    const uint32_t pair = i + 2 <= n ? data[i] << 8 | data[i + 1] : 0;
    const uint32_t three = i + 3 <= n ? pair << 8 | data[i + 2] : 0;
    if (i >= busy) {
      if (i + 2 <= n) {
        int kept = 0;
        for (uint32_t j = first2[pair]; j != kNone && kept < kNearPairs && i - j <= kPairsWithin;
             j = next2[j]) {
          if (i + 2 < n && data[j + 2] == data[i + 2]) continue;
          all_.push_back({static_cast<uint32_t>(i - j), 2});
          ++kept;
        }
      }
      if (i + 3 <= n) {
        uint32_t longest = 0;
        int kept = 0, steps = 0;
        for (uint32_t j = first3[three]; j != kNone && steps < kSteps; j = next3[j], ++steps) {
          if (kept >= kNear && data[j + longest] != data[i + longest]) continue;
          uint32_t length = 3;
          while (length < limit && data[j + length] == data[i + length]) ++length;
          if (kept < kNear || length > longest)
            all_.push_back({static_cast<uint32_t>(i - j), length});
          ++kept;
          longest = std::max(longest, length);
          if (longest == limit) break;
        }
        if (longest >= 1024) busy = i + longest;
      }
      dictionary.at(data, i, [&](const Word& w) { words_.push_back(w); });
    }
    if (i + 2 <= n) {
      next2[i] = first2[pair];
      first2[pair] = static_cast<uint32_t>(i);
    }
    if (i + 3 <= n) {
      next3[i] = first3[three];
      first3[three] = static_cast<uint32_t>(i);
    }
  }
  from_.push_back(all_.size());
  words_from_.push_back(words_.size());
}

}  // namespace brotli
