#pragma once
namespace wxnn {
// Milliseconds on a clock that never runs backwards. In the wasm builds this is the import
// env.wxnn_now: the host knows which of its clocks can be trusted.
double now_ms();
}  // namespace wxnn
