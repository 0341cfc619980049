// Fourier transforms of rows of complex numbers, in double: Cooley and Tukey's for powers of two,
// Bluestein's for others. Sine and cosine are core/math_wide.h's, so that every build gives the
// same bits.
#pragma once
#include <algorithm>
#include <bit>

#include "core/math_wide.h"
#include "core/status.h"

namespace wxnn {

struct Number {
  double re, im;
};
inline Number multiply(Number a, Number b) {
  return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}

// e^(-2 pi i k / n), the angle taken apart in whole numbers.
inline Number root(int64_t k, int64_t n) {
  k %= n;
  int64_t quarter = 4 * k / n;
  int64_t rest = 4 * k - quarter * n;  // of a quarter turn, in nths
  if (2 * rest > n) {
    ++quarter;
    rest -= n;
  }
  const double r = static_cast<double>(rest) / static_cast<double>(n) * math::kHalfPi;
  const math::SinCos v = math::sin_cos_of(r);
  const Number turns[4] = {{v.cos, -v.sin}, {-v.sin, -v.cos}, {-v.cos, v.sin}, {v.sin, v.cos}};
  return turns[quarter % 4];
}

// Transforms rows of n numbers. The tables and the work area lie in memory that the caller gives.
class Transform {
 public:
  explicit Transform(int32_t n = 1) : n_(n) {
    const bool whole = std::has_single_bit(static_cast<uint32_t>(n));
    m_ = whole ? n : static_cast<int32_t>(std::bit_ceil(2 * static_cast<uint32_t>(n) - 1));
  }

  // Numbers of memory: roots, and where n is no power of two a chirp, its transform, and work.
  size_t numbers() const {
    const size_t m = static_cast<size_t>(m_);
    return m / 2 + 1 + (m_ == n_ ? 0 : static_cast<size_t>(n_) + 2 * m);
  }

  void prepare(Number* memory) {
    roots_ = memory;
    chirp_ = roots_ + m_ / 2 + 1;
    filter_ = chirp_ + n_;
    work_ = filter_ + m_;
    for (int32_t i = 0; i < m_ / 2; ++i) roots_[i] = root(i, m_);
    if (m_ == n_) return;
    // e^(-pi i k^2 / n)
    for (int64_t k = 0; k < n_; ++k) chirp_[k] = root(k * k % (2 * int64_t{n_}), 2 * int64_t{n_});
    std::fill_n(filter_, m_, Number{0, 0});
    for (int32_t k = 0; k < n_; ++k) {
      filter_[k] = {chirp_[k].re, -chirp_[k].im};
      if (k > 0) filter_[m_ - k] = filter_[k];
    }
    run_power_of_two(filter_);
  }

  void run(Number* x) const {
    if (m_ == n_) return run_power_of_two(x);
    std::fill_n(work_, m_, Number{0, 0});
    for (int32_t k = 0; k < n_; ++k) work_[k] = multiply(x[k], chirp_[k]);
    run_power_of_two(work_);
    // The inverse transform is the transform of the conjugate, conjugate.
    for (int32_t k = 0; k < m_; ++k) {
      const Number p = multiply(work_[k], filter_[k]);
      work_[k] = {p.re, -p.im};
    }
    run_power_of_two(work_);
    const double scale = 1.0 / m_;
    for (int32_t k = 0; k < n_; ++k) {
      x[k] = multiply({work_[k].re * scale, -work_[k].im * scale}, chirp_[k]);
    }
  }

 private:
  void run_power_of_two(Number* x) const {
    for (int32_t i = 1, j = 0; i < m_; ++i) {
      int32_t bit = m_ >> 1;
      for (; (j & bit) != 0; bit >>= 1) j ^= bit;
      j |= bit;
      if (i < j) std::swap(x[i], x[j]);
    }
    for (int32_t half = 1; half < m_; half *= 2) {
      for (int32_t first = 0; first < m_; first += 2 * half) {
        for (int32_t k = 0; k < half; ++k) {
          const Number odd = multiply(x[first + half + k], roots_[k * (m_ / 2 / half)]);
          const Number even = x[first + k];
          x[first + k] = {even.re + odd.re, even.im + odd.im};
          x[first + half + k] = {even.re - odd.re, even.im - odd.im};
        }
      }
    }
  }

  int32_t n_, m_;
  Number* roots_ = nullptr;
  Number* chirp_ = nullptr;
  Number* filter_ = nullptr;
  Number* work_ = nullptr;
};

inline constexpr int32_t kLongest = 1 << 24;

inline Status check_length(int32_t n) {
  WXNN_CHECK(n > 0 && n <= kLongest, "a transform of {} numbers is not supported", n);
  return {};
}

}  // namespace wxnn
