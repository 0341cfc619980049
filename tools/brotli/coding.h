// How the symbols of one kind (literals, commands, distances) are coded: blocks of types, and for
// each type and context a prefix code.

#pragma once

#include "prefix_code.h"

namespace brotli {

struct Sequence {
  uint32_t alphabet;
  int contexts;  // for each type
  int modes;     // ways to make contexts; each type has one
  std::vector<uint16_t> symbols;
  std::vector<std::array<uint8_t, kModes>> context;  // by mode, for each symbol
};

struct Coding {
  std::vector<uint8_t> type;   // of each symbol of the sequence; types are numbered as they come
  std::vector<uint8_t> modes;  // of each type
  std::vector<uint8_t> map;    // [type * contexts + context]: which tree
  std::vector<Counts> trees;

  int types() const { return static_cast<int>(modes.size()); }
};

/** Bits for each symbol of a tree. `whole`: how much of each is the whole number of bits that a
 * code has, 0 to 1. */
std::vector<float> prices(const Counts& counts, float whole = 0);

/** Trees for types that are given: contexts whose symbols are alike share one. */
void cluster(const Sequence& s, Coding& coding);

/** Types anew, each symbol by the trees that there are, and new trees for these; `rounds` times. */
Coding improve(const Sequence& s, Coding coding, int rounds);

/** A coding from nothing: several numbers of types are tried. */
Coding split(const Sequence& s, const std::vector<int>& numbers, int mode);

/** Bits of everything, headers, changes of types, symbols: nearly those that a Writer writes. */
size_t size(const Sequence& s, const Coding& coding);

/** A coding as it is written. */
class Writer {
 public:
  Writer(const Sequence& s, const Coding& coding, Effort effort);
  void write_types(
      BitWriter& out) const;  // number of types, codes of changes, length of the first block
  void write_modes(BitWriter& out) const;
  void write_map(BitWriter& out) const;
  void write_codes(BitWriter& out) const;
  void write_next(
      BitWriter& out);  // the next symbol, with a change of types before it where one is

 private:
  void write_length(BitWriter& out, uint32_t length) const;
  const Sequence& s_;
  const Coding& coding_;
  struct Block {
    uint32_t symbol, length;
  };
  std::vector<Block> blocks_;
  PrefixCode type_code_, length_code_;
  std::vector<PrefixCode> codes_;
  size_t next_ = 0, block_ = 0, left_ = 0;
};

}  // namespace brotli
