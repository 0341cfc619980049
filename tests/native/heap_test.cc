#include "core/heap.h"

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <random>
#include <vector>

#include "op_test.h"

namespace wxnn {
namespace {

// 4 MB that come by pages of 4096 bytes, zeros in front.
struct Pages {
  static constexpr size_t kPage = 4096, kMost = 1024;
  alignas(kPage) static inline unsigned char bytes[kMost * kPage];
  static inline size_t pages = 0;

  static uintptr_t first() { return reinterpret_cast<uintptr_t>(bytes); }
  static uintptr_t begin() { return first() + Heap<Pages>::kHead; }
  static uintptr_t reach(uintptr_t end) {
    const size_t wanted = (end - first() + kPage - 1) / kPage;
    if (wanted > kMost) return 0;
    if (wanted > pages) pages = wanted;
    return first() + pages * kPage;
  }
};

using TestHeap = Heap<Pages>;

class HeapTest : public testing::Test {
 protected:
  void SetUp() override {
    std::memset(Pages::bytes, 0, sizeof Pages::bytes);
    Pages::pages = 0;
  }
  TestHeap heap;
};

// All that the heap can give where its pages are one free piece: less its head and the end's.
size_t all_of(size_t pages) {
  return (pages * Pages::kPage - TestHeap::kHead) / TestHeap::kAlignment * TestHeap::kAlignment -
         TestHeap::kHead;
}

TEST_F(HeapTest, BlocksAreAlignedApartAndTheCallersOwn) {
  const uint32_t seed = test_seed();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  const auto below = [&](size_t n) { return random() % n; };
  struct Block {
    size_t size;
    unsigned char fill;
  };
  std::map<unsigned char*, Block> live;
  size_t refused = 0;
  for (int round = 0; round < 10000; ++round) {
    // Now more blocks come, now more go.
    const bool give = live.empty() || below(100) < (round / 1000 % 2 == 0 ? 60u : 40u);
    if (give) {
      const size_t size = below(3) == 0 ? below(40) : below(20) == 0 ? below(300000) : below(2000);
      const size_t alignment = TestHeap::kAlignment << (below(3) == 0 ? below(4) : 0);
      void* block = heap.allocate(size, alignment);
      if (block == nullptr) {
        ++refused;
        continue;
      }
      ASSERT_EQ(reinterpret_cast<uintptr_t>(block) % alignment, 0u);
      unsigned char* at = static_cast<unsigned char*>(block);
      const auto next = live.upper_bound(at);
      ASSERT_LE(Pages::bytes, at);
      ASSERT_LE(at + size, next != live.end() ? next->first : Pages::bytes + sizeof Pages::bytes);
      if (next != live.begin()) {
        const auto before = std::prev(next);
        ASSERT_LE(before->first + before->second.size, at);
      }
      const auto fill = static_cast<unsigned char>(below(256));
      std::memset(at, fill, size);
      ASSERT_TRUE(live.insert({at, {size, fill}}).second);
    } else {
      auto it = live.begin();
      std::advance(it, below(live.size()));
      for (size_t i = 0; i < it->second.size; ++i) ASSERT_EQ(it->first[i], it->second.fill);
      heap.release(it->first);
      live.erase(it);
    }
  }
  EXPECT_LT(refused, 1000u);
  for (const auto& [at, block] : live) {
    for (size_t i = 0; i < block.size; ++i) ASSERT_EQ(at[i], block.fill);
    heap.release(at);
  }
  // What came back is one piece again.
  const size_t pages = Pages::pages;
  void* all = heap.allocate(all_of(pages));
  ASSERT_NE(all, nullptr);
  EXPECT_EQ(Pages::pages, pages);
  heap.release(all);
}

TEST_F(HeapTest, GrowsByWhatTheLastPieceLacks) {
  void* low = heap.allocate(10 * Pages::kPage);
  void* high = heap.allocate(20 * Pages::kPage);
  EXPECT_LE(Pages::pages, 31u);
  heap.release(high);
  high = heap.allocate(25 * Pages::kPage);
  EXPECT_LE(Pages::pages, 36u);
  // The gap that the first leaves is used before the memory grows.
  heap.release(low);
  const size_t pages = Pages::pages;
  void* part = heap.allocate(9 * Pages::kPage);
  EXPECT_EQ(part, low);
  EXPECT_EQ(Pages::pages, pages);
  heap.release(part);
  heap.release(high);
}

TEST_F(HeapTest, BlocksOfNothingAreBlocks) {
  void* a = heap.allocate(0);
  void* b = heap.allocate(0);
  ASSERT_NE(a, nullptr);
  EXPECT_NE(a, b);
  heap.release(a);
  heap.release(nullptr);
  heap.release(b);
}

TEST_F(HeapTest, RefusesWhatThereIsNoMemoryFor) {
  EXPECT_EQ(heap.allocate(sizeof Pages::bytes), nullptr);
  EXPECT_EQ(heap.allocate(SIZE_MAX), nullptr);
  EXPECT_EQ(heap.allocate(SIZE_MAX - 64, 64), nullptr);
  EXPECT_EQ(heap.allocate(SIZE_MAX / 2 - 64, 64), nullptr);
  void* all = heap.allocate(all_of(Pages::kMost) - TestHeap::kAlignment);
  EXPECT_NE(all, nullptr);
  EXPECT_EQ(heap.allocate(Pages::kPage), nullptr);
  heap.release(all);
  void* page = heap.allocate(Pages::kPage, 64);
  EXPECT_NE(page, nullptr);
  heap.release(page);
}

}  // namespace
}  // namespace wxnn
