#include "coding.h"

#include <algorithm>
#include <limits>
#include <map>

namespace brotli {

namespace {

constexpr size_t kMostTrees = 256;

void add(Counts& to, const Counts& from) {
  for (size_t i = 0; i < to.size(); ++i) to[i] += from[i];
}

/** Merges what is cheaper together, the best pair first, down to `least`; after each merge calls
 * step(groups left, group of each). */
template <typename Step>
void agglomerate(const std::vector<Counts>& all, double bonus, size_t least, size_t most,
                 Step step) {
  const size_t n = all.size();
  std::vector<SomeCounts> counts(all.begin(), all.end());
  std::vector<double> cost(n);
  std::vector<int> group(n);
  std::vector<bool> alive(n, true);
  for (size_t i = 0; i < n; ++i) {
    cost[i] = estimate(counts[i]);
    group[i] = static_cast<int>(i);
  }
  struct Best {
    double change = std::numeric_limits<double>::max();
    size_t with = 0;
  };
  std::vector<Best> best(n);  // of the later ones
  const auto change = [&](size_t a, size_t b) {
    return estimate(counts[a], counts[b]) - cost[a] - cost[b] - bonus;
  };
  const auto search = [&](size_t i) {
    best[i] = {};
    for (size_t j = i + 1; j < n; ++j) {
      if (!alive[j]) continue;
      const double c = change(i, j);
      if (c < best[i].change) best[i] = {c, j};
    }
  };
  for (size_t i = 0; i < n; ++i) search(i);
  for (size_t left = n; left > least; --left) {
    step(left, group);
    size_t a = n;
    for (size_t i = 0; i < n; ++i) {
      if (alive[i] && best[i].with != 0 && (a == n || best[i].change < best[a].change)) a = i;
    }
    if (a == n || (best[a].change >= 0 && left <= most)) return;
    const size_t b = best[a].with;
    counts[a] = sum(counts[a], counts[b]);
    cost[a] = estimate(counts[a]);
    alive[b] = false;
    for (int& g : group)
      if (g == static_cast<int>(b)) g = static_cast<int>(a);
    for (size_t i = 0; i < n; ++i) {
      if (!alive[i]) continue;
      if (i == a || best[i].with == a || best[i].with == b)
        search(i);
      else if (i < a) {
        const double c = change(i, a);
        if (c < best[i].change) best[i] = {c, a};
      }
    }
  }
  step(least, group);
}

double price_of(const Counts& counts, const std::vector<float>& price) {
  double bits = 0;
  for (size_t i = 0; i < counts.size(); ++i)
    if (counts[i] != 0) bits += counts[i] * static_cast<double>(price[i]);
  return bits;
}

/** Types and trees get numbers in the order in which they come; what is unused goes. */
void renumber_types(const Sequence& s, Coding& c) {
  std::vector<int> now(c.modes.size(), -1);
  std::vector<uint8_t> modes, map;
  for (uint8_t& t : c.type) {
    if (now[t] < 0) {
      now[t] = static_cast<int>(modes.size());
      modes.push_back(c.modes[t]);
      if (!c.map.empty())
        map.insert(map.end(), c.map.begin() + t * s.contexts, c.map.begin() + (t + 1) * s.contexts);
    }
    t = static_cast<uint8_t>(now[t]);
  }
  if (modes.empty()) {
    modes.push_back(c.modes[0]);
    if (!c.map.empty()) map.assign(c.map.begin(), c.map.begin() + s.contexts);
  }
  c.modes = modes;
  c.map = map;
}

std::vector<Counts> histograms(const Sequence& s, const Coding& c) {
  std::vector<Counts> counts(c.modes.size() * s.contexts, Counts(s.alphabet));
  for (size_t i = 0; i < s.symbols.size(); ++i)
    ++counts[c.type[i] * s.contexts + s.context[i][c.modes[c.type[i]]]][s.symbols[i]];
  return counts;
}

bool empty(const Counts& counts) {
  return std::all_of(counts.begin(), counts.end(), [](uint32_t n) { return n == 0; });
}

/** Trees of a map: sums of what it puts together, numbered as they come; contexts that do not occur
 * take their neighbour's. */
void make_trees(const std::vector<Counts>& counts, std::vector<int> map, Coding& c) {
  std::map<int, int> now;
  c.trees.clear();
  c.map.assign(map.size(), 0);
  uint8_t last = 0;
  for (size_t i = 0; i < map.size(); ++i) {
    if (map[i] >= 0) {
      const auto [at, fresh] = now.emplace(map[i], static_cast<int>(c.trees.size()));
      if (fresh) c.trees.emplace_back(counts[i].size());
      last = static_cast<uint8_t>(at->second);
      add(c.trees[last], counts[i]);
    }
    c.map[i] = last;
  }
  if (c.trees.empty()) c.trees.emplace_back(counts[0].size());
}

/** Each context moves to the tree that codes it best. */
void reassign(const std::vector<Counts>& counts, Coding& c, int rounds) {
  constexpr double kSame = 4;  // bits saved in the map where a neighbour has the same tree
  for (int round = 0; round < rounds; ++round) {
    std::vector<std::vector<float>> price;
    for (const Counts& t : c.trees) price.push_back(prices(t));
    std::vector<int> map(counts.size(), -1);
    int last = -1;
    for (size_t i = 0; i < counts.size(); ++i) {
      if (empty(counts[i])) continue;
      double best = std::numeric_limits<double>::max();
      for (size_t t = 0; t < price.size(); ++t) {
        const double bits =
            price_of(counts[i], price[t]) - (static_cast<int>(t) == last ? kSame : 0);
        if (bits >= best) continue;
        best = bits;
        map[i] = static_cast<int>(t);
      }
      last = map[i];
    }
    make_trees(counts, map, c);
  }
}

}  // namespace

std::vector<float> prices(const Counts& counts, float whole) {
  uint32_t total = 0;
  for (const uint32_t n : counts) total += n;
  const double all = log2_of(std::max(total, 1u));
  constexpr double kNew = 8;  // what does not occur would make the code longer, too
  std::vector<float> out(counts.size(), static_cast<float>(all + kNew));
  Lengths lengths(counts.size());
  if (whole > 0) lengths = lengths_for(counts, 15);
  for (size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] == 0) continue;
    const float bits = static_cast<float>(std::max(all - log2_of(counts[i]), 0.05));
    out[i] = whole * static_cast<float>(lengths[i]) + (1 - whole) * bits;
  }
  return out;
}

void cluster(const Sequence& s, Coding& c) {
  renumber_types(s, c);
  const std::vector<Counts> counts = histograms(s, c);
  std::vector<int> map(counts.size(), -1);
  if (s.contexts == 1) {
    for (size_t i = 0; i < map.size(); ++i) map[i] = static_cast<int>(i);
    make_trees(counts, map, c);
    return;
  }
  std::vector<size_t> used;
  std::vector<Counts> some;
  for (size_t i = 0; i < counts.size(); ++i) {
    if (empty(counts[i])) continue;
    used.push_back(i);
    some.push_back(counts[i]);
  }
  std::vector<int> group(used.size());
  constexpr double kMapBits = 6;  // what another tree costs in the map
  if (!some.empty())
    agglomerate(some, kMapBits, 1, kMostTrees,
                [&](size_t, const std::vector<int>& g) { group = g; });
  for (size_t i = 0; i < used.size(); ++i) map[used[i]] = group[i];
  make_trees(counts, map, c);
  reassign(counts, c, 3);
}

/** The types that cost least, where a change of type costs `change` bits. */
static void assign_types(const Sequence& s, Coding& c, float change) {
  const size_t types = c.modes.size(), n = s.symbols.size();
  if (types == 1 || n == 0) return;
  std::vector<std::vector<float>> price;
  for (const Counts& t : c.trees) price.push_back(prices(t));
  std::vector<float> cost(types, 0);
  std::vector<uint8_t> changed(n * types), from(n);
  for (size_t i = 0; i < n; ++i) {
    const size_t best = std::min_element(cost.begin(), cost.end()) - cost.begin();
    const float other = cost[best] + (i == 0 ? 0 : change);
    from[i] = static_cast<uint8_t>(best);
    for (size_t t = 0; t < types; ++t) {
      if (other < cost[t]) {
        cost[t] = other;
        changed[i * types + t] = 1;
      }
      cost[t] += price[c.map[t * s.contexts + s.context[i][c.modes[t]]]][s.symbols[i]];
    }
    const float least = *std::min_element(cost.begin(), cost.end());
    for (float& x : cost) x -= least;
  }
  size_t t = std::min_element(cost.begin(), cost.end()) - cost.begin();
  for (size_t i = n; i-- > 0;) {
    c.type[i] = static_cast<uint8_t>(t);
    if (changed[i * types + t]) t = from[i];
  }
}

/** About what a change of type costs: its symbol, and the length of the block. */
static float change_bits(const Coding& c) {
  return 6.0f + static_cast<float>(log2_of(static_cast<uint32_t>(c.modes.size())));
}

Coding improve(const Sequence& s, Coding c, int rounds) {
  Coding best;
  size_t least = ~size_t{0};
  const auto keep_if_less = [&] {
    const size_t now = size(s, c);
    if (now >= least) return false;
    least = now;
    best = c;
    return true;
  };
  for (int round = 0; round < rounds; ++round) {
    assign_types(s, c, change_bits(c));
    renumber_types(s, c);
    reassign(histograms(s, c), c, 2);
    if (!keep_if_less()) break;
  }
  c = best;
  cluster(s, c);
  keep_if_less();
  return best;
}

Coding split(const Sequence& s, const std::vector<int>& numbers, int mode) {
  const size_t n = s.symbols.size();
  Coding one;
  one.type.assign(n, 0);
  one.modes = {static_cast<uint8_t>(mode)};
  cluster(s, one);
  Coding best = one;
  size_t least = size(s, one);
  const size_t step = std::max<size_t>(n / 200, 100);
  std::vector<Counts> pieces;
  for (size_t i = 0; i < n; ++i) {
    if (i % step == 0) pieces.emplace_back(s.alphabet);
    ++pieces.back()[s.symbols[i]];
  }
  if (pieces.size() < 2 || numbers.empty()) return best;
  agglomerate(pieces, 0, 1, 1, [&](size_t left, const std::vector<int>& group) {
    if (std::find(numbers.begin(), numbers.end(), static_cast<int>(left)) == numbers.end()) return;
    std::map<int, int> now;
    for (const int g : group) now.emplace(g, static_cast<int>(now.size()));
    Coding c;
    c.modes.assign(left, static_cast<uint8_t>(mode));
    for (size_t i = 0; i < n; ++i) c.type.push_back(static_cast<uint8_t>(now[group[i / step]]));
    cluster(s, c);
    c = improve(s, c, 5);
    const size_t bits = size(s, c);
    if (bits >= least) return;
    least = bits;
    best = c;
  });
  return best;
}

}  // namespace brotli
