#include "vision/one_euro.h"

#include "core/math.h"

namespace wxnn {
namespace {

// Hertz. At rest a tremble of a 30 Hz camera shrinks to about a third; at one face size a second
// the face lags by 8 ms.
constexpr float kRestCutoff = 0.5f;
constexpr float kCutoffPerSpeed = 20;
constexpr float kSpeedCutoff = 1;

// The share of a new value that a low-pass filter of that cut-off lets through.
float share(float cutoff, float seconds) {
  constexpr float kTwoPi = 6.2831853f;
  const float turned = kTwoPi * cutoff * seconds;
  return turned / (turned + 1);
}

}  // namespace

Status OneEuroFilter::smooth(float* values, size_t count, float seconds, float size) {
  const bool fresh = count != count_;
  if (state_.size() < count * 2 * sizeof(float)) {
    count_ = 0;
    WXNN_TRY(state_.allocate(count * 2 * sizeof(float)));
  }
  count_ = count;
  float* state = state_.data<float>();
  const float speed_share = share(kSpeedCutoff, seconds);
  for (size_t i = 0; i < count; ++i, state += 2) {
    if (fresh) {
      state[0] = values[i];
      state[1] = 0;
      continue;
    }
    const float change = values[i] - state[0];
    state[1] += (change / seconds - state[1]) * speed_share;
    const float speed = abs_f32(state[1]) / size;
    state[0] += change * share(kRestCutoff + kCutoffPerSpeed * speed, seconds);
    values[i] = state[0];
  }
  return {};
}

}  // namespace wxnn
