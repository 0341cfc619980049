// The host knows which of its clocks can be trusted (WeChat's performance.now() has two units).
#include "core/clock.h"

extern "C" __attribute__((import_module("env"), import_name("wxnn_now"))) double wxnn_now();

namespace wxnn {
double now_ms() { return wxnn_now(); }
}  // namespace wxnn
