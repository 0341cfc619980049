#include <algorithm>

#include "coding.h"

namespace brotli {

namespace {

/** 1 to 256, as numbers of types and trees are written. */
void write_number(BitWriter& out, uint32_t n) {
  out.put(n > 1 ? 1 : 0, 1);
  if (n == 1) return;
  const uint32_t bits = std::bit_width(n - 1) - 1;
  out.put(bits, 3);
  out.put(n - 1 - (1u << bits), bits);
}

Counts counts_of(const std::vector<uint32_t>& symbols, size_t alphabet) {
  Counts counts(alphabet);
  for (const uint32_t s : symbols) ++counts[s];
  return counts;
}

/** Places in a list whose last used entry is at its front. */
std::vector<uint8_t> moved_to_front(const std::vector<uint8_t>& map) {
  std::vector<uint8_t> order(256), out;
  for (int i = 0; i < 256; ++i) order[i] = static_cast<uint8_t>(i);
  for (const uint8_t v : map) {
    const auto at = std::find(order.begin(), order.end(), v);
    out.push_back(static_cast<uint8_t>(at - order.begin()));
    std::rotate(order.begin(), at, at + 1);
  }
  return out;
}

void write_map_as(BitWriter& out, const std::vector<uint8_t>& map, uint32_t trees,
                  uint32_t longest_run, bool front) {
  const std::vector<uint8_t> values = front ? moved_to_front(map) : map;
  std::vector<uint32_t> symbols, extras;
  for (size_t i = 0; i < values.size();) {
    if (values[i] != 0) {
      symbols.push_back(values[i++] + longest_run);
      extras.push_back(0);
      continue;
    }
    size_t n = 1;
    while (i + n < values.size() && values[i + n] == 0) ++n;
    i += n;
    while (n > 0) {
      const uint32_t bits = std::min<uint32_t>(std::bit_width(n) - 1, longest_run);
      const size_t run = std::min<size_t>(n, (2u << bits) - 1);
      symbols.push_back(bits);
      extras.push_back(static_cast<uint32_t>(run) - (1u << bits));
      n -= run;
    }
  }
  out.put(longest_run > 0 ? 1 : 0, 1);
  if (longest_run > 0) out.put(longest_run - 1, 4);
  const PrefixCode code(counts_of(symbols, trees + longest_run));
  code.write_header(out);
  for (size_t i = 0; i < symbols.size(); ++i) {
    code.write(out, symbols[i]);
    if (symbols[i] <= longest_run) out.put(extras[i], symbols[i]);
  }
  out.put(front ? 1 : 0, 1);
}

}  // namespace

Writer::Writer(const Sequence& s, const Coding& coding, Effort effort) : s_(s), coding_(coding) {
  uint32_t last = 0, before = 1;
  std::vector<uint32_t> changes, lengths;
  for (size_t i = 0; i < s.symbols.size();) {
    const uint32_t type = coding.type[i];
    size_t n = 1;
    while (i + n < s.symbols.size() && coding.type[i + n] == type) ++n;
    i += n;
    const uint32_t symbol = type == (last + 1) % static_cast<uint32_t>(coding.types()) ? 1
                            : type == before                                           ? 0
                                                                                       : type + 2;
    if (!blocks_.empty()) {
      changes.push_back(symbol);
      before = last;
    }
    last = type;
    if (blocks_.empty()) before = 1;
    lengths.push_back(symbol_of(kBlockLengths, static_cast<uint32_t>(n)));
    blocks_.push_back({symbol, static_cast<uint32_t>(n)});
  }
  if (blocks_.empty()) blocks_.push_back({0, 1});
  type_code_ = PrefixCode(counts_of(changes, coding.types() + 2));
  length_code_ = PrefixCode(counts_of(lengths, kBlockLengths.size()));
  for (const Counts& counts : coding.trees) codes_.emplace_back(counts, effort);
  left_ = blocks_[0].length;
}

void Writer::write_length(BitWriter& out, uint32_t length) const {
  const uint32_t symbol = symbol_of(kBlockLengths, length);
  length_code_.write(out, symbol);
  out.put(length - kBlockLengths[symbol].first, kBlockLengths[symbol].bits);
}

void Writer::write_types(BitWriter& out) const {
  write_number(out, static_cast<uint32_t>(coding_.types()));
  if (coding_.types() == 1) return;
  type_code_.write_header(out);
  length_code_.write_header(out);
  write_length(out, blocks_[0].length);
}

void Writer::write_modes(BitWriter& out) const {
  for (const uint8_t mode : coding_.modes) out.put(mode, 2);
}

void Writer::write_map(BitWriter& out) const {
  const uint32_t trees = static_cast<uint32_t>(coding_.trees.size());
  write_number(out, trees);
  if (trees == 1) return;
  BitWriter best;
  bool best_front = false;
  uint32_t best_run = 0;
  size_t best_size = ~size_t{0};
  for (const bool front : {false, true}) {
    for (uint32_t run = 0; run <= 7; ++run) {
      BitWriter w;
      write_map_as(w, coding_.map, trees, run, front);
      if (w.size() >= best_size) continue;
      best_size = w.size();
      best_front = front;
      best_run = run;
    }
  }
  write_map_as(out, coding_.map, trees, best_run, best_front);
}

void Writer::write_codes(BitWriter& out) const {
  for (const PrefixCode& code : codes_) code.write_header(out);
}

void Writer::write_next(BitWriter& out) {
  if (left_ == 0) {
    ++block_;
    type_code_.write(out, blocks_[block_].symbol);
    write_length(out, blocks_[block_].length);
    left_ = blocks_[block_].length;
  }
  --left_;
  const uint8_t type = coding_.type[next_];
  const uint8_t context = s_.context[next_][coding_.modes[type]];
  codes_[coding_.map[type * s_.contexts + context]].write(out, s_.symbols[next_]);
  ++next_;
}

size_t size(const Sequence& s, const Coding& coding) {
  Writer w(s, coding, Effort::kQuick);
  BitWriter out;
  w.write_types(out);
  w.write_modes(out);
  if (s.contexts > 1) w.write_map(out);
  w.write_codes(out);
  for (size_t i = 0; i < s.symbols.size(); ++i) w.write_next(out);
  return out.size();
}

}  // namespace brotli
