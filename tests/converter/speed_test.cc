// A MobileNetV1 of the usual size, 17 MB: converted in under a second of one core, in under five
// times its size of memory.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <ctime>

#include "converter/convert.h"
#include "temporary_folder.h"
#include "tf_fixtures.h"

namespace wxnn {

namespace {

size_t peak_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<size_t>(usage.ru_maxrss) * 1024;
}

TEST(Speed, AMobileNetOf17Megabytes) {
  const TemporaryFolder folder;
  std::string file;
  size_t size = 0;
  {
    const std::string bytes =
        frozen_graph({.size = 224, .width = 32, .classes = 1001}).SerializeAsString();
    size = bytes.size();
    file = folder.write("mobilenet.pb", bytes);
  }
  EXPECT_GT(size, 16'900'000u);
  ConvertOptions options;
  options.source = file;
  Converted converted;
  const size_t before = peak_bytes();
  const std::clock_t start = std::clock();
  const Status status = convert(options, &converted);
  const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_LT(seconds, 1);
  // The peak so far counts as taken: making the file needed about as much.
  const double times = static_cast<double>(peak_bytes() - before) / static_cast<double>(size);
  EXPECT_LT(times, 5);
  std::printf("%zu bytes in %.2f s, peak grew by %.1f times the file\n", size, seconds, times);
}

}  // namespace

}  // namespace wxnn
