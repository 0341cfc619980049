#include "core/clock.h"

#include <chrono>

namespace wxnn {

// Weak: the plugin's binary, which has no clock of its own, brings native/wasm/clock.cc instead.
[[gnu::weak]] double now_ms() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double, std::milli>(now).count();
}

}  // namespace wxnn
