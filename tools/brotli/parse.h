// Which bytes are literals, which copies: the cheapest way through the data where every symbol's
// price is known.

#pragma once

#include "dictionary.h"

namespace brotli {

/** Where the same bytes stood before: for each place, distances and how many bytes agree. */
class Matches {
 public:
  explicit Matches(const Bytes& data);
  struct Match {
    uint32_t distance, length;
  };
  const Match* begin(size_t at) const { return all_.data() + from_[at]; }
  const Match* end(size_t at) const { return all_.data() + from_[at + 1]; }
  const Word* words_begin(size_t at) const { return words_.data() + words_from_[at]; }
  const Word* words_end(size_t at) const { return words_.data() + words_from_[at + 1]; }

 private:
  std::vector<Match> all_;
  std::vector<size_t> from_;
  std::vector<Word> words_;
  std::vector<size_t> words_from_;
};

/** Bits that a symbol takes. Types of blocks are known by place in the data. */
struct Prices {
  std::vector<double> literals;  // sum of all literals' before a place: data.size() + 1 values
  std::vector<uint8_t> command_type, distance_type;  // by place
  std::vector<std::vector<float>> commands;          // [type][symbol]
  std::vector<std::vector<float>> distances;  // [type * 4 + context][symbol], without extra bits
};

std::vector<Command> parse(const Bytes& data, const Matches& matches, const Prices& prices,
                           const DistanceCode& code);

}  // namespace brotli
