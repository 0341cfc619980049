// The one-euro filter: a low-pass filter whose cut-off rises with speed, so that what rests does
// not tremble and what moves does not lag.
//
// Paper: Casiez, Roussel, Vogel, "1 EUR Filter: A Simple Speed-based Low-pass Filter for Noisy
// Input in Interactive Systems", CHI 2012. Speed is measured in sizes of the face a second, so that
// a face is smoothed alike near and far.
#pragma once
#include "core/buffer.h"

namespace wxnn {

class OneEuroFilter {
 public:
  // Forgets what was filtered.
  void reset() { count_ = 0; }

  // Smooths `values` in place. `seconds` > 0 since the last call, `size` > 0: the face's. The first
  // values after a reset, or of another count, pass as they are. Allocates when the count grows.
  Status smooth(float* values, size_t count, float seconds, float size);

 private:
  Buffer state_;  // for each value: what was given out last, and its speed
  size_t count_ = 0;
};

}  // namespace wxnn
