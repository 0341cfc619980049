// The format's dictionary (RFC 7932, appendices A and B) and contexts of literals (section 7.1):
// both from libbrotlicommon.

#pragma once

#include "format.h"

namespace brotli {

/** A word of the dictionary, changed in one of the ways that the format has. */
struct Word {
  uint32_t text;    // where it stands in Words::text
  uint8_t length;   // of the changed word
  uint8_t copy;     // of the word itself
  uint32_t number;  // the distance less all that was put out, less 1
};

class Words {
 public:
  Words();
  /** Words that stand at data[at], as many as 4 bytes long or longer: calls use(word). */
  template <typename Use>
  void at(const Bytes& data, size_t at, Use use) const {
    if (at + 4 > data.size()) return;
    for (uint32_t w = first_[hash(data.data() + at)]; w != kNone; w = next_[w]) {
      const Word& word = words_[w];
      if (at + word.length <= data.size() &&
          std::equal(text_.begin() + word.text, text_.begin() + word.text + word.length,
                     data.begin() + at))
        use(word);
    }
  }

 private:
  static constexpr uint32_t kNone = ~0u;
  static uint32_t hash(const uint8_t* p) {
    return ((p[0] | p[1] << 8 | p[2] << 16 | uint32_t{p[3]} << 24) * 0x9e3779b1u) >> 14;
  }
  Bytes text_;
  std::vector<Word> words_;
  std::vector<uint32_t> first_, next_;
};

/** 0..63: the context of a literal behind bytes `last` and `before`. Modes: LSB6, MSB6, UTF8,
 * Signed. */
int literal_context(int mode, uint8_t last, uint8_t before);

}  // namespace brotli
