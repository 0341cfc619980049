// The threads that share the rows of a convolution. Builds with threads (native, and the
// WebAssembly build `threads`) take pthreadpool; in the others all work is done by the
// calling thread. How work is shared changes no bit: every output is computed by one thread, in the
// order that one thread alone would take.
#pragma once
#include <pthreadpool.h>

#include <cstddef>
#include <cstdint>

#include "core/status.h"

namespace wxnn {

inline constexpr int kMaxThreads = 16;

// From now on models run in `count` threads, 1 to kMaxThreads, the calling one included. Not while
// a model runs. Fails where the build has one thread or the system gives no more; then the former
// number stays.
Status set_threads(int count);
int threads();

// The pool for an operator of so many multiply-adds: null, which means the calling thread, where
// waking others would take longer than the work.
pthreadpool_t pool_for(int64_t multiply_adds);

// Calls work(i) for every i of [0, count), in the threads of `pool`.
template <class Work>
void share_out(pthreadpool_t pool, size_t count, const Work& work) {
  if (pool == nullptr) {
    for (size_t i = 0; i < count; ++i) work(i);
    return;
  }
  pthreadpool_parallelize_1d(
      pool, [](void* w, size_t i) { (*static_cast<const Work*>(w))(i); }, const_cast<Work*>(&work),
      count, /*flags=*/0);
}

}  // namespace wxnn
