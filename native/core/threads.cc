#include "core/threads.h"

namespace wxnn {

namespace {
// A wake-up costs some microseconds; a thread does about ten multiply-adds per nanosecond.
constexpr int64_t kWorthSharing = 100000;
pthreadpool_t pool = nullptr;
}  // namespace

Status set_threads(int count) {
  WXNN_CHECK(count >= 1 && count <= kMaxThreads, "{} threads are not between 1 and {}", count,
             kMaxThreads);
  if (count == threads()) return {};
  pthreadpool_t wanted = nullptr;
  if (count > 1) {
    wanted = pthreadpool_create(static_cast<size_t>(count));
    WXNN_CHECK(wanted != nullptr, "this build or this system has no {} threads", count);
  }
  if (pool != nullptr) pthreadpool_destroy(pool);
  pool = wanted;
  return {};
}

int threads() {
  return pool == nullptr ? 1 : static_cast<int>(pthreadpool_get_threads_count(pool));
}

pthreadpool_t pool_for(int64_t multiply_adds) {
  return multiply_adds < kWorthSharing ? nullptr : pool;
}

}  // namespace wxnn
