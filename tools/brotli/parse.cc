#include "parse.h"

#include <algorithm>
#include <limits>

namespace brotli {

namespace {

constexpr float kFar = std::numeric_limits<float>::max();
constexpr size_t kLong = 1024;
constexpr uint32_t kLongest = 1 << 16;
constexpr size_t kStarts =
    12;  // places where a command may have begun that are tried for each copy

/** The best way to a place where a command ends. */
struct Node {
  float cost = kFar;
  uint32_t start = 0;  // of the command that ends here
  Command command = {};
  Recent recent;
};

class Parser {
 public:
  Parser(const Bytes& data, const Matches& matches, const Prices& prices, const DistanceCode& code)
      : data_(data), matches_(matches), prices_(prices), code_(code), nodes_(data.size() + 1) {}

  std::vector<Command> run() {
    nodes_[0].cost = 0;
    size_t busy = 0;  // the end of a long match: within it no other is tried
    for (size_t at = 0; at < data_.size(); ++at) {
      if (at < busy) continue;
      remember(at);
      const size_t longest = std::max(tryRecent(at), tryMatches(at));
      tryWords(at);
      if (longest >= kLong) busy = at + longest;
    }
    return path();
  }

 private:
  float advantage(size_t start) const { return nodes_[start].cost - prices_.literals[start]; }

  void remember(size_t at) {
    if (!starts_.empty() && starts_.back() == at) return;
    if (fresh_) starts_.erase(std::find(starts_.begin(), starts_.end(), freshAt_));
    fresh_ = false;
    if (nodes_[at].cost == kFar) return;
    const float value = advantage(at);
    auto place = std::find_if(starts_.begin(), starts_.end(),
                              [&](size_t s) { return advantage(s) >= value; });
    const bool last = static_cast<size_t>(place - starts_.begin()) >= kStarts;
    starts_.insert(place, at);
    if (last) {  // tried here alone: without literals
      fresh_ = true;
      freshAt_ = at;
    } else if (starts_.size() > kStarts) {
      starts_.pop_back();
    }
  }

  void offer(size_t start, size_t at, uint32_t copy, uint32_t output, uint32_t distance,
             int shortCode, bool word, float cost) {
    Node& node = nodes_[at + output];
    if (cost >= node.cost) return;
    node.cost = cost;
    node.start = static_cast<uint32_t>(start);
    node.command = {static_cast<uint32_t>(at - start), copy, output, distance, shortCode, word};
    node.recent = nodes_[start].recent;
    if (shortCode != 0 && !word) node.recent.push(distance);
  }

  struct Start {
    size_t start;
    float cost;       // with literals and the bits of their number
    uint32_t insert;  // symbol
    const float* commands;
  };
  Start begin(size_t start, size_t at) const {
    const uint32_t insert = symbolOf(kInserts, static_cast<uint32_t>(at - start));
    return {start,
            advantage(start) + prices_.literals[at] + static_cast<float>(kInserts[insert].bits),
            insert, prices_.commands[prices_.commandType[start]].data()};
  }
  static float copyCost(const Start& s, uint32_t copy, bool again) {
    const uint32_t symbol = symbolOf(kCopies, copy);
    return s.cost + s.commands[commandSymbol(s.insert, symbol, again)] +
           static_cast<float>(kCopies[symbol].bits);
  }
  const std::vector<float>& distancePrices(size_t at, uint32_t copy) const {
    return prices_.distances[prices_.distanceType[at] * kDistanceContexts + distanceContext(copy)];
  }
  static bool worthTrying(uint32_t length, uint32_t longest) {
    return length < 130 || length == longest || length % 64 == 0;
  }

  /** Like tryMatches: returns how long a copy may be. */
  size_t tryRecent(size_t at) {
    size_t all = 0;
    for (const size_t start : starts_) {
      const Start s = begin(start, at);
      const Recent& recent = nodes_[start].recent;
      for (int code = 0; code < kShortDistances; ++code) {
        const int64_t distance = recent.at(code);
        if (distance <= 0 || distance > static_cast<int64_t>(at)) continue;
        const uint8_t* here = data_.data() + at;
        const uint8_t* there = here - distance;
        const uint32_t limit = static_cast<uint32_t>(std::min<size_t>(data_.size() - at, kLongest));
        uint32_t longest = 0;
        while (longest < limit && here[longest] == there[longest]) ++longest;
        all = std::max<size_t>(all, longest);
        for (uint32_t length = 2; length <= longest; ++length) {
          if (!worthTrying(length, longest)) continue;
          const float explicitly = copyCost(s, length, false) + distancePrices(at, length)[code];
          float cost = explicitly;
          if (code == 0 && hasAgain(s.insert, symbolOf(kCopies, length)))
            cost = std::min(cost, copyCost(s, length, true));
          offer(start, at, length, length, static_cast<uint32_t>(distance), code, false, cost);
        }
      }
    }
    return all;
  }

  size_t tryMatches(size_t at) {
    const auto* from = matches_.begin(at);
    const auto* to = matches_.end(at);
    if (from == to) return 0;
    uint32_t longest = 0;
    for (const auto* m = from; m != to; ++m) longest = std::max(longest, m->length);
    // For each length and context the cheapest distance: of the matches of that length or longer.
    best_.assign(longest + 1, {kFar, 0});
    for (const auto* m = from; m != to; ++m) {
      const auto coded = code_.code(m->distance);
      for (int context = distanceContext(2); context < kDistanceContexts; ++context) {
        const uint32_t length = std::min<uint32_t>(
            m->length, context < 3 ? static_cast<uint32_t>(context) + 2 : longest);
        if (distanceContext(length) != context) continue;
        const float cost =
            prices_
                .distances[prices_.distanceType[at] * kDistanceContexts + context][coded.symbol] +
            static_cast<float>(coded.bits);
        if (cost < best_[length].first) best_[length] = {cost, m->distance};
      }
    }
    for (uint32_t length = longest; length > 5; --length) {
      if (best_[length].first < best_[length - 1].first) best_[length - 1] = best_[length];
    }
    for (const size_t start : starts_) {
      const Start s = begin(start, at);
      for (uint32_t length = 2; length <= longest; ++length) {
        if (best_[length].first == kFar || !worthTrying(length, longest)) continue;
        offer(start, at, length, length, best_[length].second, -1, false,
              copyCost(s, length, false) + best_[length].first);
      }
    }
    return longest;
  }

  void tryWords(size_t at) {
    for (const Word* w = matches_.wordsBegin(at); w != matches_.wordsEnd(at); ++w) {
      const uint32_t distance = static_cast<uint32_t>(at) + 1 + w->number;
      const auto coded = code_.code(distance);
      const float bits = distancePrices(at, w->copy)[coded.symbol] + static_cast<float>(coded.bits);
      for (const size_t start : starts_)
        offer(start, at, w->copy, w->length, distance, -1, true,
              copyCost(begin(start, at), w->copy, false) + bits);
    }
  }

  std::vector<Command> path() const {
    const size_t n = data_.size();
    size_t best = n;
    float bestCost = nodes_[n].cost;
    Command end = {};
    for (size_t start = 0; start < n; ++start) {
      if (nodes_[start].cost == kFar) continue;
      const Start s = begin(start, n);
      if (s.cost >= bestCost) continue;
      for (uint32_t copy = 0; copy < kCopies.size(); ++copy) {
        const float cost = s.cost + s.commands[commandSymbol(s.insert, copy, false)];
        if (cost >= bestCost) continue;
        bestCost = cost;
        best = start;
        end = {static_cast<uint32_t>(n - start), kCopies[copy].first, 0, 0, -1, false};
      }
    }
    std::vector<Command> commands;
    if (best < n) commands.push_back(end);
    for (size_t at = best; at > 0; at = nodes_[at].start) commands.push_back(nodes_[at].command);
    std::reverse(commands.begin(), commands.end());
    return commands;
  }

  const Bytes& data_;
  const Matches& matches_;
  const Prices& prices_;
  const DistanceCode& code_;
  std::vector<Node> nodes_;
  std::vector<size_t> starts_;  // the most promising first
  bool fresh_ = false;
  size_t freshAt_ = 0;
  std::vector<std::pair<float, uint32_t>> best_;
};

}  // namespace

std::vector<Command> parse(const Bytes& data, const Matches& matches, const Prices& prices,
                           const DistanceCode& code) {
  return Parser(data, matches, prices, code).run();
}

}  // namespace brotli
