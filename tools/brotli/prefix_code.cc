#include "prefix_code.h"

#include <algorithm>
#include <numeric>

namespace brotli {

namespace {

constexpr int kLongest = 15;
constexpr int kLengthSymbols = 18;  // lengths 0 to 15; 16: the last but zero again; 17: zeros
constexpr int kLongestOfLengths = 5;
constexpr uint8_t kOrder[kLengthSymbols] = {1, 2, 3, 4,  0,  5,  17, 6,  16,
                                            7, 8, 9, 10, 11, 12, 13, 14, 15};

struct Token {
  uint8_t symbol, extra;
};

uint32_t extra_bits(int symbol) { return symbol == 16 ? 2 : symbol == 17 ? 3 : 0; }

/** Symbols 16 or 17 for a run of n, first ones first; n >= 3. */
std::vector<Token> repeat(int symbol, uint32_t n) {
  const uint32_t bits = extra_bits(symbol), base = 1u << bits;
  std::vector<Token> out;
  for (n -= 3;; n = (n >> bits) - 1) {
    out.push_back({static_cast<uint8_t>(symbol), static_cast<uint8_t>(n % base)});
    if (n < base) break;
  }
  std::reverse(out.begin(), out.end());
  return out;
}

/** Lengths as tokens, the cheapest where each token costs what `cost` says. */
std::vector<Token> tokens(const Lengths& lengths, const double* cost) {
  size_t end = lengths.size();
  while (end > 0 && lengths[end - 1] == 0) --end;
  std::vector<Token> out;
  uint8_t last = 8;
  for (size_t i = 0; i < end;) {
    const uint8_t value = lengths[i];
    size_t n = 1;
    while (i + n < end && lengths[i + n] == value) ++n;
    i += n;
    if (value != 0 && value != last) {
      out.push_back({value, 0});
      --n;
    }
    if (value != 0) last = value;
    const int symbol = value == 0 ? 17 : 16;
    double best = static_cast<double>(n) * cost[value];
    size_t singles = n;
    for (size_t j = 0; j <= 2 && j + 3 <= n; ++j) {
      const double c = static_cast<double>(j) * cost[value] +
                       static_cast<double>(repeat(symbol, static_cast<uint32_t>(n - j)).size()) *
                           (cost[symbol] + extra_bits(symbol));
      if (c < best) {
        best = c;
        singles = j;
      }
    }
    for (size_t j = 0; j < singles; ++j) out.push_back({value, 0});
    if (singles < n) {
      const auto more = repeat(symbol, static_cast<uint32_t>(n - singles));
      out.insert(out.end(), more.begin(), more.end());
    }
  }
  return out;
}

std::vector<uint16_t> bits_for(const Lengths& lengths) {
  std::vector<uint16_t> bits(lengths.size());
  uint32_t next = 0;
  for (uint32_t length = 1; length <= kLongest; ++length, next *= 2) {
    for (size_t s = 0; s < lengths.size(); ++s) {
      if (lengths[s] != length) continue;
      uint32_t reversed = 0;
      for (uint32_t b = 0; b < length; ++b) reversed |= ((next >> b) & 1) << (length - 1 - b);
      bits[s] = static_cast<uint16_t>(reversed);
      ++next;
    }
  }
  return bits;
}

struct Header {
  std::vector<Token> tokens;
  Lengths lengths;  // of the 18 symbols
  bool lone = false;
  size_t bits = 0;
};

constexpr uint8_t kLengthBits[6] = {2, 4, 3, 2, 2, 4}, kLengthCodes[6] = {0, 7, 3, 2, 1, 15};

/** How many of kOrder's first are left out as zeros, and where the list ends. */
std::pair<int, int> shown(const Header& h) {
  int end = kLengthSymbols;
  if (!h.lone)
    while (end > 0 && h.lengths[kOrder[end - 1]] == 0) --end;
  const int skip = h.lengths[kOrder[0]] != 0 || h.lengths[kOrder[1]] != 0 ? 0
                   : h.lengths[kOrder[2]] != 0                            ? 2
                                                                          : 3;
  return {skip, end};
}

Header header_for(const Lengths& lengths) {
  double cost[kLengthSymbols];
  std::fill(cost, cost + kLengthSymbols, 3.5);
  Header best;
  for (int round = 0; round < 4; ++round) {
    Header h;
    h.tokens = tokens(lengths, cost);
    Counts counts(kLengthSymbols);
    for (const Token& t : h.tokens) ++counts[t.symbol];
    h.lengths = lengths_for(counts, kLongestOfLengths);
    h.lone = std::count_if(counts.begin(), counts.end(), [](uint32_t c) { return c != 0; }) == 1;
    if (h.lone)
      for (int s = 0; s < kLengthSymbols; ++s) h.lengths[s] = counts[s] != 0 ? 3 : 0;
    const auto [skip, end] = shown(h);
    h.bits = 2;
    for (int i = skip; i < end; ++i) h.bits += kLengthBits[h.lengths[kOrder[i]]];
    for (const Token& t : h.tokens)
      h.bits += (h.lone ? 0 : h.lengths[t.symbol]) + extra_bits(t.symbol);
    for (int s = 0; s < kLengthSymbols; ++s) cost[s] = counts[s] != 0 ? h.lengths[s] : 6;
    if (round == 0 || h.bits < best.bits) best = h;
  }
  return best;
}

uint32_t alphabet_bits(size_t n) { return std::bit_width(n - 1); }

/** Symbols in the order in which a code of at most four symbols names them: shorter ones first. */
std::vector<uint32_t> few_symbols(const Lengths& lengths, const std::vector<bool>& used) {
  std::vector<uint32_t> symbols;
  for (uint32_t s = 0; s < used.size(); ++s)
    if (used[s]) symbols.push_back(s);
  std::stable_sort(symbols.begin(), symbols.end(),
                   [&](uint32_t a, uint32_t b) { return lengths[a] < lengths[b]; });
  return symbols;
}

size_t symbol_bits(const Counts& counts, const Lengths& lengths) {
  size_t bits = 0;
  for (size_t s = 0; s < counts.size(); ++s) bits += size_t{counts[s]} * lengths[s];
  return bits;
}

}  // namespace

Lengths lengths_for(const Counts& counts, int limit) {
  Lengths lengths(counts.size());
  std::vector<std::pair<uint64_t, int>> leaves;
  for (size_t s = 0; s < counts.size(); ++s)
    if (counts[s] != 0) leaves.emplace_back(counts[s], static_cast<int>(s));
  if (leaves.size() < 2) return lengths;
  std::sort(leaves.begin(), leaves.end());
  const size_t n = leaves.size();
  // Package-merge: row r holds the packages of up to r + 1 bits; `is_leaf` says which of a row's
  // items are leaves.
  std::vector<std::vector<bool>> is_leaf(limit);
  std::vector<uint64_t> row(n);
  for (size_t i = 0; i < n; ++i) row[i] = leaves[i].first;
  is_leaf[0].assign(n, true);
  for (int r = 1; r < limit; ++r) {
    std::vector<uint64_t> merged;
    std::vector<bool> leaf;
    size_t a = 0, b = 0;
    const size_t pairs = row.size() / 2;
    while (a < n || b < pairs) {
      const bool take_leaf =
          b >= pairs || (a < n && leaves[a].first <= row[2 * b] + row[2 * b + 1]);
      merged.push_back(take_leaf ? leaves[a].first : row[2 * b] + row[2 * b + 1]);
      leaf.push_back(take_leaf);
      take_leaf ? ++a : ++b;
    }
    row = std::move(merged);
    is_leaf[r] = std::move(leaf);
  }
  size_t take = 2 * n - 2;
  for (int r = limit - 1; r >= 0 && take > 0; --r) {
    size_t taken = 0;
    for (size_t i = 0; i < take; ++i)
      if (is_leaf[r][i]) ++lengths[leaves[taken++].second];
    take = 2 * (take - taken);
  }
  return lengths;
}

PrefixCode::PrefixCode(const Counts& counts, Effort effort) : used_(counts.size()) {
  const size_t many =
      std::count_if(counts.begin(), counts.end(), [](uint32_t c) { return c != 0; });
  for (size_t s = 0; s < counts.size(); ++s) used_[s] = counts[s] != 0;
  if (many == 0) used_[0] = true;
  lengths_ = lengths_for(counts, kLongest);
  if (many <= 4) {
    header_ = 4 + std::max<size_t>(many, 1) * alphabet_bits(counts.size()) + (many == 4 ? 1 : 0);
    bits_ = bits_for(lengths_);
    return;
  }
  if (effort == Effort::kQuick) {
    bits_ = bits_for(lengths_);
    header_ = header_for(lengths_).bits;
    return;
  }
  size_t best = ~size_t{0};
  const auto consider = [&](const Lengths& lengths) {
    const size_t header = header_for(lengths).bits;
    const size_t all = header + symbol_bits(counts, lengths);
    if (all >= best) return;
    best = all;
    header_ = header;
    lengths_ = lengths;
  };
  for (int limit = std::bit_width(many - 1); limit <= kLongest; ++limit) {
    const Lengths lengths = lengths_for(counts, limit);
    consider(lengths);
    if (*std::max_element(lengths.begin(), lengths.end()) < limit) break;
  }
  // Counts made alike give lengths that are alike, which are cheaper to write.
  for (const double step : {0.5, 1.0, 1.5, 2.0}) {
    for (const double shift : {0.0, 0.33, 0.66}) {
      Counts rounded(counts.size());
      for (size_t s = 0; s < counts.size(); ++s) {
        if (counts[s] != 0)
          rounded[s] = static_cast<uint32_t>(std::lround(
              256 * std::exp2((std::floor(log2_of(counts[s]) / step + shift) + 0.5) * step)));
      }
      consider(lengths_for(rounded, kLongest));
    }
  }
  // One symbol after the other takes the length of the one before it, as far as that pays.
  for (bool better = true; better;) {
    better = false;
    Counts weights(counts.size());
    for (size_t s = 0; s < counts.size(); ++s)
      if (counts[s] != 0) weights[s] = 1u << (kLongest + 5 - lengths_[s]);
    const Lengths now = lengths_;
    uint8_t last = 0;
    for (size_t s = 0; s < counts.size(); ++s) {
      if (counts[s] == 0) continue;
      if (last != 0 && std::abs(now[s] - last) == 1) {
        const size_t before = best;
        Counts changed = weights;
        changed[s] = 1u << (kLongest + 5 - last);
        consider(lengths_for(changed, kLongest));
        if (best < before) {
          better = true;
          break;
        }
      }
      last = now[s];
    }
    if (many > 300) break;
  }
  bits_ = bits_for(lengths_);
}

void PrefixCode::write_header(BitWriter& out) const {
  const auto symbols = few_symbols(lengths_, used_);
  if (symbols.size() <= 4) {
    out.put(1, 2);
    out.put(static_cast<uint32_t>(symbols.size()) - 1, 2);
    for (const uint32_t s : symbols) out.put(s, alphabet_bits(lengths_.size()));
    if (symbols.size() == 4) out.put(lengths_[symbols[0]] == 1 ? 1 : 0, 1);
    return;
  }
  const Header h = header_for(lengths_);
  const auto [skip, end] = shown(h);
  out.put(static_cast<uint32_t>(skip), 2);
  for (int i = skip; i < end; ++i)
    out.put(kLengthCodes[h.lengths[kOrder[i]]], kLengthBits[h.lengths[kOrder[i]]]);
  const auto bits = bits_for(h.lengths);
  for (const Token& t : h.tokens) {
    if (!h.lone) out.put(bits[t.symbol], h.lengths[t.symbol]);
    out.put(t.extra, extra_bits(t.symbol));
  }
}

SomeCounts::SomeCounts(const Counts& counts) : alphabet(counts.size()) {
  for (size_t s = 0; s < counts.size(); ++s)
    if (counts[s] != 0) symbols.emplace_back(static_cast<uint16_t>(s), counts[s]);
}

namespace {

/** Calls use(symbol, count) for each symbol of either. */
template <typename Use>
void for_both(const SomeCounts& a, const SomeCounts& b, Use use) {
  auto i = a.symbols.begin(), j = b.symbols.begin();
  const auto i_end = a.symbols.end(), j_end = b.symbols.end();
  while (i != i_end && j != j_end) {
    if (i->first < j->first)
      use(i->first, i->second), ++i;
    else if (j->first < i->first)
      use(j->first, j->second), ++j;
    else
      use(i->first, i->second + j->second), ++i, ++j;
  }
  for (; i != i_end; ++i) use(i->first, i->second);
  for (; j != j_end; ++j) use(j->first, j->second);
}

}  // namespace

SomeCounts sum(const SomeCounts& a, const SomeCounts& b) {
  SomeCounts out;
  out.alphabet = a.alphabet;
  for_both(a, b, [&](uint16_t symbol, uint32_t count) { out.symbols.emplace_back(symbol, count); });
  return out;
}

double estimate(const SomeCounts& a) { return estimate(a, SomeCounts()); }

double estimate(const SomeCounts& a, const SomeCounts& b) {
  uint32_t total = 0, many = 0;
  for_both(a, b, [&](uint16_t, uint32_t count) {
    total += count;
    ++many;
  });
  if (many <= 1) return many == 0 ? 0 : 4 + alphabet_bits(a.alphabet);
  const double log_total = log2_of(total);
  uint32_t seen[kLengthSymbols] = {};
  double bits = 0, extra = 0;
  int next = 0;  // symbol
  for_both(a, b, [&](uint16_t symbol, uint32_t count) {
    const uint32_t zeros = static_cast<uint32_t>(symbol - next);
    next = symbol + 1;
    if (zeros < 3) {
      seen[0] += zeros;
    } else {
      for (uint32_t z = zeros - 2; z > 0; z >>= 3) {
        ++seen[17];
        extra += 3;
      }
    }
    const double p = log_total - log2_of(count);
    bits += count * p;
    ++seen[std::clamp(static_cast<int>(p + 0.5), 1, kLongest)];
  });
  if (many <= 4) return 5 + many * alphabet_bits(a.alphabet) + std::max<double>(bits, total);
  uint32_t tokens = 0;
  double header = 14 + extra;
  for (const uint32_t c : seen) {
    if (c == 0) continue;
    tokens += c;
    header += 2 - c * log2_of(c);
  }
  return bits + header + tokens * log2_of(tokens);
}

}  // namespace brotli
