// Numbers of a file as whole ones: a cast of what does not fit its type is undefined behaviour.
#pragma once
#include <limits>

namespace wxnn {

// Without its fraction, brought to the limits of T; NaN becomes the lowest.
template <class T>
constexpr T whole(double d) {
  using Limits = std::numeric_limits<T>;
  // 2^31, 2^63…: the first number that does not fit, which is a double exactly.
  constexpr T kHalf = Limits::max() / 2 + 1;
  constexpr double kBeyond = 2.0 * static_cast<double>(kHalf);
  if (!(d > static_cast<double>(Limits::min()))) return Limits::min();
  return d < kBeyond ? static_cast<T>(d) : Limits::max();
}

}  // namespace wxnn
