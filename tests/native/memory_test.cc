// memcpy and its like of the wasm builds (native/wasm/memory.cc) against loops over bytes.
// A native build tests the C library's.
#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <vector>

namespace {

constexpr size_t kRoom = 200;

std::vector<uint8_t> numbered() {
  std::vector<uint8_t> bytes(kRoom);
  for (size_t i = 0; i < kRoom; ++i) bytes[i] = static_cast<uint8_t>(i * 7 + 1);
  return bytes;
}

// Volatile: the compiler shall not know the length, and call.
volatile size_t length = 0;

TEST(Memory, MoveTakesEveryLengthAndOverlap) {
  const std::vector<uint8_t> source = numbered();
  for (size_t n = 0; n <= 70; ++n) {
    for (size_t from = 0; from < 40; ++from) {
      for (size_t to = 0; to < 40; ++to) {
        std::vector<uint8_t> bytes = source, expected = source;
        for (size_t i = 0; i < n; ++i) expected[to + i] = source[from + i];
        length = n;
        ASSERT_EQ(memmove(bytes.data() + to, bytes.data() + from, length), bytes.data() + to);
        ASSERT_EQ(bytes, expected) << n << " bytes from " << from << " to " << to;
      }
    }
  }
}

TEST(Memory, CopyAndSetKeepWhatLiesAround) {
  const std::vector<uint8_t> source = numbered();
  for (size_t n = 0; n <= 150; ++n) {
    for (size_t to = 0; to < 20; ++to) {
      std::vector<uint8_t> copied(kRoom, 9), set(kRoom, 9);
      std::vector<uint8_t> expected_copy = copied, expected_set = set;
      for (size_t i = 0; i < n; ++i) {
        expected_copy[to + i] = source[3 + i];
        expected_set[to + i] = 0xA5;
      }
      length = n;
      ASSERT_EQ(memcpy(copied.data() + to, source.data() + 3, length), copied.data() + to);
      ASSERT_EQ(memset(set.data() + to, 0xFFFFA5, length), set.data() + to);
      ASSERT_EQ(copied, expected_copy) << n << " bytes to " << to;
      ASSERT_EQ(set, expected_set) << n << " bytes to " << to;
    }
  }
}

TEST(Memory, FindsTheFirstByteAndTheEndOfATextWithin) {
  char text[] = "abcabc\xff";
  EXPECT_EQ(memchr(text, 'c', sizeof text), text + 2);
  length = 2;
  EXPECT_EQ(memchr(text, 'c', length), nullptr);
  EXPECT_EQ(memchr(text, 0xff, sizeof text), text + 6);
  EXPECT_EQ(memchr(text, 0, sizeof text), text + 7);
  length = 3;
  EXPECT_EQ(strlen(text + length), 4u);
  EXPECT_EQ(strlen(text + 4 + length), 0u);
}

}  // namespace
