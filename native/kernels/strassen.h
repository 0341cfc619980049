// Matrix products in seven of eight products of halves: V. Strassen, "Gaussian Elimination is not
// Optimal", 1969. With a, b and c = a b in quarters (11 12; 21 22),
//
//     P0 = (a11 + a22) (b11 + b22)    P3 = a22 (b21 - b11)    P5 = (a21 - a11) (b11 + b12)
//     P1 = (a21 + a22) b11            P4 = (a11 + a12) b22    P6 = (a12 - a22) (b21 + b22)
//     P2 = a11 (b12 - b22)
//     c11 = P0 + P3 - P4 + P6   c12 = P2 + P4   c21 = P1 + P3   c22 = P0 - P1 + P2 + P5
//
// The rows of a are halved by turns: a pair of rows (11 12; 21 22) lies side by side, and which
// rows meet does not depend on how many there are.
// Sums of halves round small numbers as large ones are rounded. So rows and columns of b are
// brought to about the same size by powers of two, those of rows taken back in a, those of columns
// in c: G. Ballard, A. Benson, A. Druinsky, B. Lipshitz, O. Schwartz, "Improving the Numerical
// Stability of Fast Matrix Multiplication", 2016. Without, errors of networks of bodies grew
// tenfold. Promise: every build gives the same bits. Small whole numbers stay exact; an infinite
// number in a pair of rows may become NaN in all of the pair's outputs.
#pragma once
#include <cstddef>
#include <cstdint>

namespace wxnn {

inline constexpr int kStrassenProducts = 7;
inline constexpr int kStrassenSums = 5;  // of a's quarters; P2 and P3 take one alone

// The left factors of P0, P1, P4, P5 and P6 from two rows of a with 2 * half numbers each; sum i
// goes to to[i * stride]. Number k of a row is taken factors[k] times, and a11 and a22 then follow
// as sums 5 and 6; without factors (null) they are not written. half is a multiple of 4. This and
// the next are loops that can be replaced (core/loop.h).
void strassen_sums(const float* top, const float* bottom, const float* factors, int32_t half,
                   float* to, ptrdiff_t stride);

// What is done to rows of c: number k times factors[k], then the clamp, which lets a NaN pass.
struct StrassenEnd {
  const float* factors;
  float min, max;
};
// Two rows of c, 2 * half numbers each, from a row of each product: product i at p[i * stride].
// `end` may be null.
void strassen_rows(const float* p, ptrdiff_t stride, int32_t half, const StrassenEnd* end,
                   float* top, float* bottom);

// Powers of two, between 2^-20 and 2^20, that bring the numbers of b, `lines` of `length`, to about
// one size: number j of line i is to be multiplied by of_lines[i] * of_places[j].
// places_first: of the two, places decide first. That should be outputs, whose sizes differ most.
void strassen_factors(const float* b, int32_t lines, int32_t length, bool places_first,
                      float* of_lines, float* of_places);

}  // namespace wxnn
