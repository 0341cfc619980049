// What the binary has of its host: a clock, as the host knows which of its clocks can be trusted
// (WeChat's performance.now() has two units). It tells the host nothing when its memory grows:
// views of it are checked where they are used.
#include <cstddef>

#include "core/clock.h"

extern "C" __attribute__((import_module("env"), import_name("wxnn_now"))) double wxnn_now();

namespace wxnn {
double now_ms() { return wxnn_now(); }
}  // namespace wxnn

extern "C" void emscripten_notify_memory_growth(size_t) {}
