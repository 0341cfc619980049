#include "converter/crc32c.h"

#include <array>

namespace wxnn {

namespace {

// Four bytes at a time: table k holds the effect of a byte that k others follow.
constexpr std::array<std::array<uint32_t, 256>, 4> make_tables() {
  std::array<std::array<uint32_t, 256>, 4> tables{};
  constexpr uint32_t kPolynomial = 0x82f63b78;
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t c = i;
    for (int bit = 0; bit < 8; ++bit) c = (c & 1) != 0 ? c >> 1 ^ kPolynomial : c >> 1;
    tables[0][i] = c;
  }
  for (size_t k = 1; k < 4; ++k) {
    for (uint32_t i = 0; i < 256; ++i) {
      const uint32_t c = tables[k - 1][i];
      tables[k][i] = c >> 8 ^ tables[0][c & 255];
    }
  }
  return tables;
}
constexpr auto kTables = make_tables();

}  // namespace

uint32_t masked_crc32c(std::string_view bytes) {
  uint32_t c = ~0u;
  size_t i = 0;
  const auto at = [&](size_t k) { return static_cast<uint32_t>(static_cast<uint8_t>(bytes[k])); };
  for (; i + 4 <= bytes.size(); i += 4) {
    c ^= at(i) | at(i + 1) << 8 | at(i + 2) << 16 | at(i + 3) << 24;
    c = kTables[3][c & 255] ^ kTables[2][c >> 8 & 255] ^ kTables[1][c >> 16 & 255] ^
        kTables[0][c >> 24];
  }
  for (; i < bytes.size(); ++i) c = c >> 8 ^ kTables[0][(c ^ at(i)) & 255];
  c = ~c;
  return (c >> 15 | c << 17) + 0xa282ead8u;
}

}  // namespace wxnn
