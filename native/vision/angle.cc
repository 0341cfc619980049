#include "vision/angle.h"

namespace wxnn {

Turn turn_by(double radians, int quarters) {
  const double whole = radians * (2 / kPi);
  const int k = static_cast<int>(whole + (whole < 0 ? -0.5 : 0.5));
  const double r = radians - k * (kPi / 2);  // |r| <= pi/4
  // Taylor series, innermost bracket first.
  double sin = 1, cos = 1;
  for (int n = 14; n > 0; n -= 2) {
    cos = 1 - r * r / (n * (n - 1)) * cos;
    sin = 1 - r * r / (n * (n + 1)) * sin;
  }
  Turn turn{cos, sin * r};
  for (int i = (k + quarters) & 3; i > 0; --i) turn = {-turn.sin, turn.cos};
  return turn;
}

double angle_of(double x, double y) {
  const double ax = x < 0 ? -x : x;
  const double ay = y < 0 ? -y : y;
  const bool steep = ay > ax;
  const double large = steep ? ay : ax;
  if (large == 0) return 0;
  double z = (steep ? ax : ay) / large;        // in [0, 1]
  const bool shift = z > 0.41421356237309503;  // tan(pi/8): the series below wants |z| small
  if (shift) z = (z - 1) / (z + 1);
  double p = 0;
  for (int n = 21; n > 0; n -= 2) p = 1.0 / n - z * z * p;
  double angle = z * p + (shift ? kPi / 4 : 0);
  if (steep) angle = kPi / 2 - angle;
  if (x < 0) angle = kPi - angle;
  return y < 0 ? -angle : angle;
}

float angle_between(const float* from, const float* to) {
  return static_cast<float>(angle_of(double(to[0]) - from[0], double(to[1]) - from[1]));
}

}  // namespace wxnn
