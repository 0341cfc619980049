// Prefix codes: lengths for counts, and how the lengths themselves are written (RFC 7932, section
// 3).

#pragma once

#include "format.h"

namespace brotli {

class BitWriter {
 public:
  void put(uint32_t value, uint32_t bits) {
    for (uint32_t i = 0; i < bits; ++i, ++size_) {
      if (size_ % 8 == 0) bytes_.push_back(0);
      bytes_.back() |= static_cast<uint8_t>(((value >> i) & 1) << (size_ % 8));
    }
  }
  void align() { put(0, (8 - size_ % 8) % 8); }
  void append(const uint8_t* from, size_t n) {
    bytes_.insert(bytes_.end(), from, from + n);
    size_ += n * 8;
  }
  size_t size() const { return size_; }
  const Bytes& bytes() const { return bytes_; }

 private:
  Bytes bytes_;
  size_t size_ = 0;
};

using Counts = std::vector<uint32_t>;
using Lengths = std::vector<uint8_t>;

/** Lengths of at most `limit` bits, of the least sum; a lone symbol has length 0, as has what does
 * not occur. */
Lengths lengths_for(const Counts& counts, int limit);

enum class Effort { kQuick, kThorough };

/** A code for counts: the lengths that make header and symbols together small. */
class PrefixCode {
 public:
  PrefixCode() = default;
  explicit PrefixCode(const Counts& counts, Effort effort = Effort::kThorough);
  void write_header(BitWriter& out) const;
  void write(BitWriter& out, uint32_t symbol) const { out.put(bits_[symbol], lengths_[symbol]); }
  uint32_t length(uint32_t symbol) const { return lengths_[symbol]; }
  bool has(uint32_t symbol) const { return used_[symbol]; }
  size_t header_bits() const { return header_; }

 private:
  Lengths lengths_;
  std::vector<bool> used_;
  std::vector<uint16_t> bits_;  // the lowest is written first
  size_t header_ = 0;
};

/** Counts of the symbols that occur, in order. */
struct SomeCounts {
  explicit SomeCounts(const Counts& counts);
  SomeCounts() = default;
  std::vector<std::pair<uint16_t, uint32_t>> symbols;
  size_t alphabet = 0;
};
SomeCounts sum(const SomeCounts& a, const SomeCounts& b);

/** About how many bits header and symbols take: what clustering compares. The second is
 * estimate(sum(a, b)). */
double estimate(const SomeCounts& a);
double estimate(const SomeCounts& a, const SomeCounts& b);

}  // namespace brotli
