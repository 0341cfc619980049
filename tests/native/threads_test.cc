// More threads change no bit. Builds without threads say so.
#include "core/threads.h"

#include "op_test.h"

namespace wxnn {
namespace {

class Threads : public testing::Test {
 protected:
  void TearDown() override { ASSERT_OK(set_threads(1)); }
};

// True where this build has threads.
bool several(int count) { return set_threads(count).ok(); }

TEST_F(Threads, SentencesAndNumbers) {
  EXPECT_EQ(threads(), 1);
  EXPECT_SAYS(set_threads(0), "0 threads are not between 1 and 16");
  EXPECT_SAYS(set_threads(17), "17 threads are not between");
  const Status two = set_threads(2);
  if (two.ok()) {
    EXPECT_EQ(threads(), 2);
  } else {
    EXPECT_SAYS(two, "has no 2 threads");
    EXPECT_EQ(threads(), 1);
  }
}

TEST_F(Threads, SharedWorkIsDoneOnceEach) {
  several(3);
  std::vector<int> calls(1000);
  share_out(pool_for(INT64_MAX), calls.size(), [&](size_t i) { ++calls[i]; });
  EXPECT_EQ(calls, std::vector<int>(1000, 1));
}

TEST_F(Threads, StrassensProductsKeepTheirBits) {
  Random random(1);
  const HostTensor x = random.tensor({1, 23, 31, 64}), filter = random.tensor({1, 1, 64, 256});
  OpTest op("StrassenConv2D");
  op.attr("pad", "valid").attr("levels", 2);
  const HostTensor one = op({x, filter});
  for (int count : {2, 3}) {
    if (!several(count)) continue;
    OpTest again("StrassenConv2D");
    again.attr("pad", "valid").attr("levels", 2);
    EXPECT_TRUE(again({x, filter}).same_bytes(one)) << count << " threads";
  }
}

// Sizes on both sides of what is worth sharing.
TEST_F(Threads, ConvolutionsKeepTheirBits) {
  const uint32_t seed = test_seed();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  for (const char* name : {"FusedConv2D", "FusedDepthwiseConv2D"}) {
    const bool depthwise = std::string_view(name) == "FusedDepthwiseConv2D";
    for (int round = 0; round < 12; ++round) {
      const int32_t in = random.between(1, 40), out = depthwise ? 1 : random.between(1, 40);
      const int32_t k = random.between(1, 5), side = random.between(k, 8 + 6 * round);
      const HostTensor x = random.tensor({random.between(1, 3), side, side + 1, in});
      const HostTensor filter = random.tensor({k, k, in, out});
      const HostTensor bias = random.tensor({depthwise ? in : out});
      SCOPED_TRACE(sentence<"{} of x {} and {}">(name, x.shape(), filter.shape()));
      OpTest op(name);
      op.attr("pad", "same");
      ASSERT_OK(set_threads(1));
      const HostTensor one = op({x, filter, bias});
      for (int count : {2, 3}) {
        if (!several(count)) continue;
        EXPECT_TRUE(op({x, filter, bias}).same_bytes(one)) << count << " threads";
      }
    }
  }
}

}  // namespace
}  // namespace wxnn
