// Angles in double precision from + - * / alone, so that every build gives the same bits (libm's
// sin, cos and atan2 differ between C libraries). Errors below 1e-9; called a few times a frame.
#pragma once

namespace wxnn {

inline constexpr double kPi = 3.14159265358979323846;

struct Turn {
  double cos = 1;
  double sin = 0;
};

// Cosine and sine of an angle in radians, |radians| <= 1e6, and so many quarter turns more. Exactly
// (1, 0) for 0.
Turn turn_by(double radians, int quarters = 0);

// The angle of the vector (x, y) in radians, in (-pi, pi]: atan2(y, x). 0 for (0, 0).
double angle_of(double x, double y);
// Of the vector from one point (x, y) to another.
float angle_between(const float* from, const float* to);

}  // namespace wxnn
