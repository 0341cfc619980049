#include "core/arena.h"

#include <gtest/gtest.h>

#include <random>

#include "core/buffer.h"

namespace wxnn {
namespace {

// No two tensors that are alive together may touch; the arena is at least what lives at once.
void check(const std::vector<Lifetime>& lives, const ArenaPlan& plan) {
  ASSERT_EQ(plan.offsets.size(), lives.size());
  size_t most = 0;
  for (size_t a = 0; a < lives.size(); ++a) {
    EXPECT_EQ(plan.offsets[a] % Buffer::kAlignment, 0u);
    if (lives[a].bytes == 0) continue;
    EXPECT_LE(plan.offsets[a] + lives[a].bytes + Buffer::kSlack, plan.bytes);
    size_t alive = 0;
    for (size_t b = 0; b < lives.size(); ++b) {
      if (lives[b].bytes == 0) continue;
      if (lives[b].first <= lives[a].first && lives[a].first <= lives[b].last) {
        alive += lives[b].bytes;
      }
      if (a == b || lives[a].last < lives[b].first || lives[b].last < lives[a].first) continue;
      const bool apart = plan.offsets[a] + lives[a].bytes + Buffer::kSlack <= plan.offsets[b] ||
                         plan.offsets[b] + lives[b].bytes + Buffer::kSlack <= plan.offsets[a];
      EXPECT_TRUE(apart) << a << " and " << b << " overlap";
    }
    most = std::max(most, alive);
  }
  EXPECT_GE(plan.bytes, most);
}

TEST(Arena, AChainNeedsItsTwoLargestNeighbours) {
  const std::vector<Lifetime> chain = {{1000, 0, 1}, {2000, 1, 2}, {3000, 2, 3}, {1000, 3, 4}};
  const ArenaPlan plan = plan_arena(chain);
  check(chain, plan);
  EXPECT_LE(plan.bytes, 2000u + 3000u + 4 * 128u);
}

TEST(Arena, NothingAndEmptyTensors) {
  EXPECT_EQ(plan_arena({}).bytes, 0u);
  const std::vector<Lifetime> lives = {{0, 0, 5}, {10, 0, 5}};
  check(lives, plan_arena(lives));
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
    check(lives, plan_arena(lives));
  }
}

}  // namespace
}  // namespace wxnn
