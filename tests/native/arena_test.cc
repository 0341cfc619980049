#include "core/arena.h"

#include <gtest/gtest.h>

#include <random>

#include "core/buffer.h"

namespace wxnn {
namespace {

// No two tensors that are alive together may touch; the arena is at least what lives at once.
size_t check(std::vector<Lifetime> lives) {
  const size_t bytes = plan_arena(lives);
  size_t most = 0;
  for (size_t a = 0; a < lives.size(); ++a) {
    EXPECT_EQ(lives[a].offset % Buffer::kAlignment, 0u);
    if (lives[a].bytes == 0) continue;
    EXPECT_LE(lives[a].offset + lives[a].bytes + Buffer::kSlack, bytes);
    size_t alive = 0;
    for (size_t b = 0; b < lives.size(); ++b) {
      if (lives[b].bytes == 0) continue;
      if (lives[b].first <= lives[a].first && lives[a].first <= lives[b].last) {
        alive += lives[b].bytes;
      }
      if (a == b || lives[a].last < lives[b].first || lives[b].last < lives[a].first) continue;
      const bool apart = lives[a].offset + lives[a].bytes + Buffer::kSlack <= lives[b].offset ||
                         lives[b].offset + lives[b].bytes + Buffer::kSlack <= lives[a].offset;
      EXPECT_TRUE(apart) << a << " and " << b << " overlap";
    }
    most = std::max(most, alive);
  }
  EXPECT_GE(bytes, most);
  return bytes;
}

TEST(Arena, AChainNeedsItsTwoLargestNeighbours) {
  const std::vector<Lifetime> chain = {{1000, 0, 1}, {2000, 1, 2}, {3000, 2, 3}, {1000, 3, 4}};
  EXPECT_LE(check(chain), 2000u + 3000u + 4 * 128u);
}

TEST(Arena, NothingAndEmptyTensors) {
  EXPECT_EQ(check({}), 0u);
  check({{0, 0, 5}, {10, 0, 5}});
}

TEST(Arena, RandomLifetimesNeverOverlap) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 200; ++round) {
    std::vector<Lifetime> lives(random() % 40);
    for (Lifetime& life : lives) {
      life.bytes = random() % 3 == 0 ? random() % 100000 : random() % 300;
      life.first = static_cast<int>(random() % 30);
      life.last = life.first + static_cast<int>(random() % 10);
    }
    check(lives);
  }
}

}  // namespace
}  // namespace wxnn
