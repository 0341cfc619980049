// Numbers of RFC 7932 (the format of brotli streams).

#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <vector>

namespace brotli {

using Bytes = std::vector<uint8_t>;

/** A range of values that share a symbol: the symbol's first value, and how many bits say which
 * value it is. */
struct Range {
  uint32_t first;
  uint32_t bits;
};

inline constexpr std::array<Range, 24> kInserts = {
    {{0, 0},   {1, 0},   {2, 0},   {3, 0},   {4, 0},     {5, 0},     {6, 1},     {8, 1},
     {10, 2},  {14, 2},  {18, 3},  {26, 3},  {34, 4},    {50, 4},    {66, 5},    {98, 5},
     {130, 6}, {194, 7}, {322, 8}, {578, 9}, {1090, 10}, {2114, 12}, {6210, 14}, {22594, 24}}};
inline constexpr std::array<Range, 24> kCopies = {
    {{2, 0},  {3, 0},   {4, 0},   {5, 0},   {6, 0},   {7, 0},   {8, 0},     {9, 0},
     {10, 1}, {12, 1},  {14, 2},  {18, 2},  {22, 3},  {30, 3},  {38, 4},    {54, 4},
     {70, 5}, {102, 5}, {134, 6}, {198, 7}, {326, 8}, {582, 9}, {1094, 10}, {2118, 24}}};
inline constexpr std::array<Range, 26> kBlockLengths = {
    {{1, 2},     {5, 2},     {9, 2},     {13, 2},    {17, 3},    {25, 3},  {33, 3},
     {41, 3},    {49, 4},    {65, 4},    {81, 4},    {97, 4},    {113, 5}, {145, 5},
     {177, 5},   {209, 5},   {241, 6},   {305, 6},   {369, 7},   {497, 8}, {753, 9},
     {1265, 10}, {2289, 11}, {4337, 12}, {8433, 13}, {16625, 24}}};

inline constexpr int kLiteralSymbols = 256;
inline constexpr int kCommandSymbols = 704;
inline constexpr int kLiteralContexts = 64;
inline constexpr int kDistanceContexts = 4;
inline constexpr int kShortDistances =
    16;                           // symbols that mean one of the last distances, or one near them
inline constexpr int kModes = 4;  // ways to make a literal's context of the two bytes before it

template <size_t N>
constexpr uint32_t symbol_of(const std::array<Range, N>& ranges, uint32_t value) {
  uint32_t low = 0, high = N;
  while (high - low > 1) {
    const uint32_t middle = (low + high) / 2;
    (ranges[middle].first <= value ? low : high) = middle;
  }
  return low;
}

/** The symbol of a command; `again`: it copies from the last distance, which then is not written
 * (insert < 8, copy < 16 only). */
constexpr uint32_t command_symbol(uint32_t insert, uint32_t copy, bool again) {
  constexpr uint32_t cells[3][3] = {{128, 192, 384}, {256, 320, 512}, {448, 576, 640}};
  const uint32_t cell = again ? (copy < 8 ? 0 : 64) : cells[insert / 8][copy / 8];
  return cell + (insert % 8) * 8 + copy % 8;
}
constexpr bool has_again(uint32_t insert, uint32_t copy) { return insert < 8 && copy < 16; }

/** How distances become symbols: `direct` small ones have a symbol each; the lowest `postfix` bits
 * of others are part of the symbol. */
struct DistanceCode {
  uint32_t postfix = 0;
  uint32_t direct = 0;  // a multiple of 1 << postfix, at most 15 times it

  uint32_t symbols() const { return kShortDistances + direct + (48u << postfix); }
  struct Coded {
    uint32_t symbol, bits, extra;
  };
  Coded code(uint32_t distance) const {
    if (distance <= direct) return {kShortDistances + distance - 1, 0, 0};
    const uint32_t d = distance - direct - 1;
    const uint32_t v = (d >> postfix) + 4;
    const uint32_t bits = std::bit_width(v) - 2;
    const uint32_t half = (v >> bits) & 1;
    return {kShortDistances + direct + ((2 * (bits - 1) + half) << postfix) +
                (d & ((1u << postfix) - 1)),
            bits, v - ((2 + half) << bits)};
  }
};

constexpr int distance_context(uint32_t copy) { return copy > 4 ? 3 : static_cast<int>(copy) - 2; }

/** The distances of the last copies, newest first. */
struct Recent {
  std::array<uint32_t, 4> distance = {4, 11, 15, 16};

  /** What short symbol `code` means; 0 or less: nothing. */
  int64_t at(int code) const {
    constexpr int nudge[6] = {-1, 1, -2, 2, -3, 3};
    if (code < 4) return distance[code];
    return code < 10 ? int64_t{distance[0]} + nudge[code - 4]
                     : int64_t{distance[1]} + nudge[code - 10];
  }
  void push(uint32_t d) { distance = {d, distance[0], distance[1], distance[2]}; }
};

/** Literals, then a copy of what stands `distance` bytes back, or a word of the format's
 * dictionary. */
struct Command {
  uint32_t insert;
  uint32_t copy;    // the length that is written; a word's own length
  uint32_t output;  // bytes that the copy or the changed word makes; 0: the stream ends behind the
                    // literals
  uint32_t distance;  // as written: words are beyond all that was put out
  int short_code;     // 0..15, or -1: the distance itself is written
  bool word;
};

/** Log2, with a table for counts. */
inline double log2_of(uint32_t n) {
  static const std::vector<double> table = [] {
    std::vector<double> t(1 << 16);
    for (size_t i = 1; i < t.size(); ++i) t[i] = std::log2(static_cast<double>(i));
    return t;
  }();
  return n < table.size() ? table[n] : std::log2(static_cast<double>(n));
}

}  // namespace brotli
