#include "dictionary.h"

// Exported by libbrotlicommon, whose headers for them are not installed.
extern "C" {
struct BrotliDictionary {
  uint8_t bits_by_length[32];
  uint32_t offsets_by_length[32];
  size_t size;
  const uint8_t* data;
};
const BrotliDictionary* BrotliGetDictionary();
const void* BrotliGetTransforms();
int BrotliTransformDictionaryWord(uint8_t* to, const uint8_t* word, int length,
                                  const void* transforms, int which);
extern const uint8_t _kBrotliContextLookupTable[2048];
}

namespace brotli {

Words::Words() : first_(1 << 18, kNone) {
  constexpr int kTransforms = 121;
  const BrotliDictionary& d = *BrotliGetDictionary();
  for (uint32_t length = 4; length <= 24; ++length) {
    const uint32_t bits = d.bits_by_length[length];
    if (bits == 0) continue;
    for (uint32_t which = 0; which < kTransforms; ++which) {
      for (uint32_t w = 0; w < 1u << bits; ++w) {
        uint8_t to[64];
        const int n = BrotliTransformDictionaryWord(
            to, d.data + d.offsets_by_length[length] + w * length, static_cast<int>(length),
            BrotliGetTransforms(), static_cast<int>(which));
        if (n < 4) continue;
        const uint32_t h = hash(to);
        words_.push_back({static_cast<uint32_t>(text_.size()), static_cast<uint8_t>(n),
                          static_cast<uint8_t>(length), which << bits | w});
        text_.insert(text_.end(), to, to + n);
        next_.push_back(first_[h]);
        first_[h] = static_cast<uint32_t>(words_.size() - 1);
      }
    }
  }
}

int literal_context(int mode, uint8_t last, uint8_t before) {
  const uint8_t* table = _kBrotliContextLookupTable + mode * 512;
  return table[last] | table[256 + before];
}

}  // namespace brotli
