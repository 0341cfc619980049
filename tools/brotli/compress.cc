#include "compress.h"

#include <algorithm>
#include <cstdio>

#include "coding.h"
#include "parse.h"

namespace brotli {

namespace {

struct Stream {
  std::vector<Command> commands;
  DistanceCode distance_code;
  Sequence literals{kLiteralSymbols, kLiteralContexts, kModes, {}, {}};
  Sequence lengths{kCommandSymbols, 1, 1, {}, {}};
  Sequence distances{0, kDistanceContexts, 1, {}, {}};
  std::vector<uint32_t> literal_at, length_at, distance_at;  // places in the data
  Coding literal_coding, length_coding, distance_coding;
};

struct Symbols {
  uint32_t insert, copy, command;
  bool has_distance;
  DistanceCode::Coded distance;
};

/** `again`: whether the last distance, where it is used again, is left out. */
Symbols symbols_of(const Command& c, const DistanceCode& code) {
  Symbols s = {symbol_of(kInserts, c.insert), symbol_of(kCopies, c.copy), 0, false, {}};
  const bool again = c.short_code == 0 && has_again(s.insert, s.copy);
  s.command = command_symbol(s.insert, s.copy, again);
  s.has_distance = !again && c.output > 0;
  if (s.has_distance)
    s.distance = c.short_code >= 0 ? DistanceCode::Coded{static_cast<uint32_t>(c.short_code), 0, 0}
                                   : code.code(c.distance);
  return s;
}

uint8_t byte_at(const Bytes& data, size_t at, size_t back) {
  return at >= back ? data[at - back] : 0;
}

void make_sequences(const Bytes& data, Stream& s) {
  for (Sequence* q : {&s.literals, &s.lengths, &s.distances}) {
    q->symbols.clear();
    q->context.clear();
  }
  s.literal_at.clear();
  s.length_at.clear();
  s.distance_at.clear();
  s.distances.alphabet = s.distance_code.symbols();
  uint32_t at = 0;
  for (const Command& c : s.commands) {
    const Symbols y = symbols_of(c, s.distance_code);
    s.lengths.symbols.push_back(static_cast<uint16_t>(y.command));
    s.lengths.context.push_back({});
    s.length_at.push_back(at);
    for (uint32_t i = 0; i < c.insert; ++i, ++at) {
      s.literals.symbols.push_back(data[at]);
      std::array<uint8_t, kModes> context;
      for (int mode = 0; mode < kModes; ++mode)
        context[mode] =
            static_cast<uint8_t>(literal_context(mode, byte_at(data, at, 1), byte_at(data, at, 2)));
      s.literals.context.push_back(context);
      s.literal_at.push_back(at);
    }
    if (y.has_distance) {
      s.distances.symbols.push_back(static_cast<uint16_t>(y.distance.symbol));
      s.distances.context.push_back({static_cast<uint8_t>(distance_context(c.copy))});
      s.distance_at.push_back(at);
    }
    at += c.output;
  }
}

/** The window that reaches over all of the data. */
void write_window(BitWriter& out, size_t size) {
  int window = 16;
  while (window < 24 && (size_t{1} << window) - 16 < size) ++window;
  if (window == 16)
    out.put(0, 1);
  else if (window == 17)
    out.put(1, 7);
  else
    out.put(static_cast<uint32_t>(window - 17) * 2 + 1, 4);
}

void write_size(BitWriter& out, size_t size) {
  const uint32_t nibbles = size <= 1 << 16 ? 4 : size <= 1 << 20 ? 5 : 6;
  out.put(nibbles - 4, 2);
  out.put(static_cast<uint32_t>(size) - 1, nibbles * 4);
}

/** The data as it is, where nothing is found in it. */
Bytes stored(const Bytes& data) {
  BitWriter out;
  write_window(out, data.size());
  out.put(0, 1);  // not the last meta-block
  write_size(out, data.size());
  out.put(1, 1);  // not compressed
  out.align();
  out.append(data.data(), data.size());
  out.put(3, 2);  // the last meta-block, which is empty
  return out.bytes();
}

Bytes write(const Bytes& data, const Stream& s) {
  BitWriter out;
  write_window(out, data.size());
  out.put(1, 1);  // the last meta-block
  out.put(0, 1);  // not empty
  write_size(out, data.size());
  Writer literals(s.literals, s.literal_coding, Effort::kThorough),
      lengths(s.lengths, s.length_coding, Effort::kThorough),
      distances(s.distances, s.distance_coding, Effort::kThorough);
  literals.write_types(out);
  lengths.write_types(out);
  distances.write_types(out);
  out.put(s.distance_code.postfix, 2);
  out.put(s.distance_code.direct >> s.distance_code.postfix, 4);
  literals.write_modes(out);
  literals.write_map(out);
  distances.write_map(out);
  literals.write_codes(out);
  lengths.write_codes(out);
  distances.write_codes(out);
  for (const Command& c : s.commands) {
    const Symbols y = symbols_of(c, s.distance_code);
    lengths.write_next(out);
    out.put(c.insert - kInserts[y.insert].first, kInserts[y.insert].bits);
    out.put(c.copy - kCopies[y.copy].first, kCopies[y.copy].bits);
    for (uint32_t i = 0; i < c.insert; ++i) literals.write_next(out);
    if (y.has_distance) {
      distances.write_next(out);
      out.put(y.distance.extra, y.distance.bits);
    }
  }
  return out.bytes();
}

/** Types by place in the data: what lies between two symbols has the type of the second. */
std::vector<uint8_t> by_place(const std::vector<uint32_t>& at, const std::vector<uint8_t>& type,
                              size_t n) {
  std::vector<uint8_t> out(n + 1, type.empty() ? 0 : type.back());
  size_t place = 0;
  for (size_t i = 0; i < at.size(); ++i)
    for (; place <= at[i]; ++place) out[place] = type[i];
  return out;
}

Prices prices_of(const Bytes& data, const Stream& s, float whole) {
  const size_t n = data.size();
  Prices p;
  const auto literal_type = by_place(s.literal_at, s.literal_coding.type, n);
  std::vector<std::vector<float>> literal;
  for (const Counts& t : s.literal_coding.trees) literal.push_back(prices(t, whole));
  p.literals.assign(n + 1, 0);
  double sum = 0;
  for (size_t at = 0; at < n; ++at) {
    const uint8_t type = literal_type[at];
    const int context =
        literal_context(s.literal_coding.modes[type], byte_at(data, at, 1), byte_at(data, at, 2));
    sum += static_cast<double>(
        literal[s.literal_coding.map[type * kLiteralContexts + context]][data[at]]);
    p.literals[at + 1] = sum;
  }
  p.command_type.assign(n + 1, 0);
  for (size_t i = 0; i < s.length_at.size(); ++i) {
    const size_t end = i + 1 < s.length_at.size() ? s.length_at[i + 1] : n + 1;
    for (size_t at = s.length_at[i]; at < end; ++at) p.command_type[at] = s.length_coding.type[i];
  }
  p.distance_type = by_place(s.distance_at, s.distance_coding.type, n);
  for (const Counts& t : s.length_coding.trees) p.commands.push_back(prices(t, whole));
  std::vector<std::vector<float>> distance;
  for (const Counts& t : s.distance_coding.trees) distance.push_back(prices(t, whole));
  for (const uint8_t tree : s.distance_coding.map) p.distances.push_back(distance[tree]);
  return p;
}

/** Before anything is known. */
Prices first_prices(const Bytes& data, const DistanceCode& code) {
  const size_t n = data.size();
  Prices p;
  std::vector<Counts> counts(kLiteralContexts, Counts(256));
  const auto context_at = [&](size_t at) {
    return literal_context(1, byte_at(data, at, 1), byte_at(data, at, 2));
  };
  for (size_t at = 0; at < n; ++at) ++counts[context_at(at)][data[at]];
  std::vector<std::vector<float>> price;
  for (const Counts& c : counts) price.push_back(prices(c));
  p.literals.assign(n + 1, 0);
  double sum = 0;
  for (size_t at = 0; at < n; ++at) {
    sum += static_cast<double>(price[context_at(at)][data[at]]);
    p.literals[at + 1] = sum;
  }
  p.command_type.assign(n + 1, 0);
  p.distance_type.assign(n + 1, 0);
  p.commands.emplace_back(kCommandSymbols);
  for (uint32_t insert = 0; insert < kInserts.size(); ++insert) {
    for (uint32_t copy = 0; copy < kCopies.size(); ++copy) {
      const float bits = 3 + 0.4f * static_cast<float>(insert) + 0.5f * static_cast<float>(copy);
      p.commands[0][command_symbol(insert, copy, false)] = bits;
      if (has_again(insert, copy)) p.commands[0][command_symbol(insert, copy, true)] = bits + 1;
    }
  }
  p.distances.assign(kDistanceContexts, std::vector<float>(code.symbols(), 5));
  return p;
}

/** Each type takes the way to make contexts that is cheapest for it. */
void choose_modes(const Sequence& literals, Coding& coding) {
  constexpr int kSigned = 3;  // never paid
  size_t least = size(literals, coding);
  for (int type = 0; type < coding.types(); ++type) {
    for (int mode = 0; mode < kSigned; ++mode) {
      if (mode == coding.modes[type]) continue;
      Coding other = coding;
      other.modes[type] = static_cast<uint8_t>(mode);
      cluster(literals, other);
      const size_t now = size(literals, other);
      if (now >= least) continue;
      least = now;
      coding = std::move(other);
    }
  }
}

}  // namespace

Bytes compress(const Bytes& data, const Options& options) {
  if (data.empty()) return {0x06};
  constexpr int kRoundsOfOneMode = 3;
  const Matches matches(data);
  const auto say = [&](const std::string& text) {
    if (options.say) options.say(text);
  };
  Stream s;
  Prices p = first_prices(data, s.distance_code);
  Bytes best = stored(data);
  for (int round = 0; round < options.rounds; ++round) {
    s.commands = parse(data, matches, p, s.distance_code);
    make_sequences(data, s);
    if (round == 0) {
      s.literal_coding = split(s.literals, {}, 1);
      s.length_coding = split(s.lengths, {}, 0);
      s.distance_coding = split(s.distances, {}, 0);
      if (write(data, s).size() > best.size()) break;  // noise
    } else if (round == 1 || round == 4) {
      s.literal_coding = split(s.literals, {2, 3, 4, 5, 6, 8, 10, 12, 16, 20}, 1);
      s.length_coding = split(s.lengths, {2, 3, 4, 5, 6, 8, 10, 12}, 0);
      s.distance_coding = split(s.distances, {2, 3, 4, 5, 6, 8, 10, 12}, 0);
    } else {
      // Symbols are others now: each begins with the type of its place.
      for (auto [q, at, c] : {std::tuple{&s.literals, &s.literal_at, &s.literal_coding},
                              {&s.lengths, &s.length_at, &s.length_coding},
                              {&s.distances, &s.distance_at, &s.distance_coding}}) {
        c->type.assign(at->size(), 0);
        *c = improve(*q, *c, 4);
      }
    }
    if (round >= kRoundsOfOneMode) choose_modes(s.literals, s.literal_coding);
    const Bytes now = write(data, s);
    if (now.size() < best.size()) best = now;
    char line[300];
    std::snprintf(line, sizeof line,
                  "round %d: %zu bytes; %zu commands, %zu literals %zu bits (%d types, %zu trees), "
                  "lengths %zu bits (%d types), %zu distances %zu bits (%d types, %zu trees)",
                  round, now.size(), s.commands.size(), s.literals.symbols.size(),
                  size(s.literals, s.literal_coding), s.literal_coding.types(),
                  s.literal_coding.trees.size(), size(s.lengths, s.length_coding),
                  s.length_coding.types(), s.distances.symbols.size(),
                  size(s.distances, s.distance_coding), s.distance_coding.types(),
                  s.distance_coding.trees.size());
    say(line);
    // At first all may still change; at last codes are nearly what they will be.
    p = prices_of(data, s, round + 5 < options.rounds ? 0.0f : 0.5f);
  }
  return best;
}

}  // namespace brotli
