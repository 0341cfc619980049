#include "parse.h"

#include <algorithm>
#include <limits>

namespace brotli {

namespace {

constexpr double kFar = std::numeric_limits<double>::max();
constexpr size_t kWays = 3;  // that are kept to each place: they differ in the last distance
constexpr float kNever = std::numeric_limits<float>::max();
constexpr size_t kLong = 1024;
constexpr uint32_t kLongest = 1 << 16;
constexpr size_t kStarts =
    12;  // places where a command may have begun that are tried for each copy

/** The best way to a place where a command ends. */
struct Node {
  double cost = kFar;
  uint32_t from = 0;  // the node where the command that ends here began
  Command command = {};
  Recent recent;
};

class Parser {
 public:
  Parser(const Bytes& data, const Matches& matches, const Prices& prices, const DistanceCode& code)
      : data_(data),
        matches_(matches),
        prices_(prices),
        code_(code),
        nodes_((data.size() + 1) * kWays) {}

  std::vector<Command> run() {
    nodes_[0].cost = 0;
    size_t busy = 0;  // the end of a long match: within it no other is tried
    for (size_t at = 0; at < data_.size(); ++at) {
      if (at < busy) continue;
      remember(at);
      const size_t longest = std::max(try_recent(at), try_matches(at));
      try_words(at);
      if (longest >= kLong) busy = at + longest;
    }
    return path();
  }

 private:
  static size_t place_of(size_t node) { return node / kWays; }
  double advantage(size_t node) const {
    return nodes_[node].cost - prices_.literals[place_of(node)];
  }

  /** Puts the ways to a place among those from where commands are tried; those of this place are
   * tried once in any case. */
  void remember(size_t at) {
    if (starts_.size() > kStarts) starts_.resize(kStarts);
    for (size_t way = 0; way < kWays && nodes_[at * kWays + way].cost != kFar; ++way) {
      const size_t node = at * kWays + way;
      const double value = advantage(node);
      starts_.insert(std::find_if(starts_.begin(), starts_.end(),
                                  [&](size_t s) { return advantage(s) >= value; }),
                     node);
    }
    // Behind the first kStarts stays what begins here.
    size_t n = std::min(starts_.size(), kStarts);
    for (size_t i = n; i < starts_.size(); ++i)
      if (place_of(starts_[i]) == at) starts_[n++] = starts_[i];
    starts_.resize(n);
  }

  void offer(size_t start, size_t at, uint32_t copy, uint32_t output, uint32_t distance,
             int short_code, bool word, double cost) {
    Node* const ways = &nodes_[(at + output) * kWays];
    if (cost >= ways[kWays - 1].cost) return;
    Node node;
    node.cost = cost;
    node.from = static_cast<uint32_t>(start);
    node.command = {
        static_cast<uint32_t>(at - place_of(start)), copy, output, distance, short_code, word};
    node.recent = nodes_[start].recent;
    if (short_code != 0 && !word) node.recent.push(distance);
    size_t same = 0;
    while (same < kWays - 1 && ways[same].cost != kFar &&
           ways[same].recent.distance[0] != node.recent.distance[0])
      ++same;
    if (ways[same].cost <= cost) return;
    for (; same > 0 && ways[same - 1].cost > cost; --same) ways[same] = ways[same - 1];
    ways[same] = node;
  }

  struct Start {
    size_t start;
    double cost;      // with literals and the bits of their number
    uint32_t insert;  // symbol
    const float* commands;
  };
  Start begin(size_t start, size_t at) const {
    const uint32_t insert = symbol_of(kInserts, static_cast<uint32_t>(at - place_of(start)));
    return {start,
            advantage(start) + prices_.literals[at] + static_cast<float>(kInserts[insert].bits),
            insert, prices_.commands[prices_.command_type[place_of(start)]].data()};
  }
  static double copy_cost(const Start& s, uint32_t copy, bool again) {
    const uint32_t symbol = symbol_of(kCopies, copy);
    return s.cost + s.commands[command_symbol(s.insert, symbol, again)] +
           static_cast<float>(kCopies[symbol].bits);
  }
  const std::vector<float>& distance_prices(size_t at, uint32_t copy) const {
    return prices_
        .distances[prices_.distance_type[at] * kDistanceContexts + distance_context(copy)];
  }
  static bool worth_trying(uint32_t length, uint32_t longest) {
    return length < 130 || length == longest || length % 64 == 0;
  }

  /** Like try_matches: returns how long a copy may be. */
  size_t try_recent(size_t at) {
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
          if (!worth_trying(length, longest)) continue;
          const double explicitly = copy_cost(s, length, false) + distance_prices(at, length)[code];
          double cost = explicitly;
          if (code == 0 && has_again(s.insert, symbol_of(kCopies, length)))
            cost = std::min(cost, copy_cost(s, length, true));
          offer(start, at, length, length, static_cast<uint32_t>(distance), code, false, cost);
        }
      }
    }
    return all;
  }

  size_t try_matches(size_t at) {
    const auto* from = matches_.begin(at);
    const auto* to = matches_.end(at);
    if (from == to) return 0;
    uint32_t longest = 0;
    for (const auto* m = from; m != to; ++m) longest = std::max(longest, m->length);
    // For each length and context the cheapest distance: of the matches of that length or longer.
    best_.assign(longest + 1, {kNever, 0});
    for (const auto* m = from; m != to; ++m) {
      const auto coded = code_.code(m->distance);
      for (int context = distance_context(2); context < kDistanceContexts; ++context) {
        const uint32_t length = std::min<uint32_t>(
            m->length, context < 3 ? static_cast<uint32_t>(context) + 2 : longest);
        if (distance_context(length) != context) continue;
        const float cost =
            prices_
                .distances[prices_.distance_type[at] * kDistanceContexts + context][coded.symbol] +
            static_cast<float>(coded.bits);
        if (cost < best_[length].first) best_[length] = {cost, m->distance};
      }
    }
    for (uint32_t length = longest; length > 5; --length) {
      if (best_[length].first < best_[length - 1].first) best_[length - 1] = best_[length];
    }
    for (const size_t start : starts_) {
      if (start % kWays != 0) continue;
      const Start s = begin(start, at);
      for (uint32_t length = 2; length <= longest; ++length) {
        if (best_[length].first == kNever || !worth_trying(length, longest)) continue;
        offer(start, at, length, length, best_[length].second, -1, false,
              copy_cost(s, length, false) + best_[length].first);
      }
    }
    return longest;
  }

  void try_words(size_t at) {
    for (const Word* w = matches_.words_begin(at); w != matches_.words_end(at); ++w) {
      const uint32_t distance = static_cast<uint32_t>(at) + 1 + w->number;
      const auto coded = code_.code(distance);
      const float bits =
          distance_prices(at, w->copy)[coded.symbol] + static_cast<float>(coded.bits);
      for (const size_t start : starts_)
        offer(start, at, w->copy, w->length, distance, -1, true,
              copy_cost(begin(start, at), w->copy, false) + bits);
    }
  }

  std::vector<Command> path() const {
    const size_t n = data_.size();
    size_t last = n * kWays;  // node
    double best_cost = nodes_[last].cost;
    Command end = {};
    for (size_t start = 0; start < n * kWays; start += kWays) {
      if (nodes_[start].cost == kFar) continue;
      const Start s = begin(start, n);
      if (s.cost >= best_cost) continue;
      for (uint32_t copy = 0; copy < kCopies.size(); ++copy) {
        const double cost = s.cost + s.commands[command_symbol(s.insert, copy, false)];
        if (cost >= best_cost) continue;
        best_cost = cost;
        last = start;
        end = {static_cast<uint32_t>(n - place_of(start)), kCopies[copy].first, 0, 0, -1, false};
      }
    }
    std::vector<Command> commands;
    if (end.insert > 0) commands.push_back(end);
    for (size_t node = last; place_of(node) > 0; node = nodes_[node].from)
      commands.push_back(nodes_[node].command);
    std::reverse(commands.begin(), commands.end());
    return commands;
  }

  const Bytes& data_;
  const Matches& matches_;
  const Prices& prices_;
  const DistanceCode& code_;
  std::vector<Node> nodes_;
  std::vector<size_t> starts_;  // the most promising first
  std::vector<std::pair<float, uint32_t>> best_;
};

}  // namespace

std::vector<Command> parse(const Bytes& data, const Matches& matches, const Prices& prices,
                           const DistanceCode& code) {
  return Parser(data, matches, prices, code).run();
}

}  // namespace brotli
