// FFT, IFFT, RFFT, IRFFT and RFFT2D along the last axes, in double: Cooley and Tukey's for powers
// of two, Bluestein's for others. Sine and cosine are core/math_wide.h's, so that every build gives
// the same bits.
#include <algorithm>
#include <bit>
#include <cstring>

#include "core/elementwise.h"
#include "core/math_wide.h"
#include "ops/arguments.h"
#include "ops/conv_shape.h"

namespace wxnn {
namespace {

struct Number {
  double re, im;
};
Number multiply(Number a, Number b) {
  return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}

// e^(-2 pi i k / n), the angle taken apart in whole numbers.
Number root(int64_t k, int64_t n) {
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

constexpr int32_t kLongest = 1 << 24;

Status check_length(int32_t n) {
  WXNN_CHECK(n > 0 && n <= kLongest, "a transform of ", n, " numbers is not supported");
  return {};
}

// fftLength, or what the input's own shape gives; `whole` is the length that goes with x's last
// axis.
template <class Ctx>
int32_t length_of(const Ctx& c, int32_t whole) {
  const Numbers given = numbers_of(c, 1, "fftLength");
  return given.count == 0 ? whole : given[given.count - 1];
}

[[clang::minsize]] Status infer_fft(InferCtx& c) {
  const Shape& x = c.in(0).shape;
  WXNN_CHECK(c.in(0).dtype == DType::kComplex64 && x.rank() > 0, "input ", name_of(c.in(0).dtype),
             " ", x, " should be complex64 with an axis");
  WXNN_TRY(check_length(x[-1]));
  return same_as_x(c);
}

[[clang::minsize]] Status infer_real(InferCtx& c) {
  const bool inverse = c.attrs.b("inverse");
  const Shape& x = c.in(0).shape;
  const DType wanted = inverse ? DType::kComplex64 : DType::kFloat32;
  WXNN_CHECK(c.in(0).dtype == wanted && x.rank() > 0, "input ", name_of(c.in(0).dtype), " ", x,
             " should be ", name_of(wanted), " with an axis");
  Numbers length;
  WXNN_TRY(read_numbers(c, 1, "fftLength", &length));
  WXNN_CHECK(length.count <= 1, "fftLength has ", length.count, " numbers");
  WXNN_TRY(check_length(std::max(x[-1], 1)));
  const int32_t n = length_of(c, inverse ? 2 * (x[-1] - 1) : x[-1]);
  WXNN_TRY(check_length(n));
  c.out() = {inverse ? DType::kFloat32 : DType::kComplex64, x};
  c.out().shape[-1] = inverse ? n : n / 2 + 1;
  return {};
}

// FFT and IFFT of complex rows; RFFT and IRFFT, where one side is real and the other's second half
// follows from the first.
class Rows final : public Kernel {
 public:
  static Status create(const InferCtx&, std::unique_ptr<Kernel>* kernel) {
    *kernel = std::make_unique<Rows>();
    return {};
  }

  Status reshape(const InferCtx& c, size_t* scratch_bytes) override {
    inverse_ = c.attrs.b("inverse");
    from_ = c.in(0).shape[-1];
    to_ = c.out().shape[-1];
    n_ = c.out().dtype == DType::kFloat32 || c.in(0).dtype == c.out().dtype ? to_
                                                                            : length_of(c, from_);
    rows_ = c.out().shape.elements(0, c.out().shape.rank() - 1);
    transform_ = Transform(n_);
    *scratch_bytes = (transform_.numbers() + static_cast<size_t>(n_)) * sizeof(Number);
    return {};
  }

  Status run(const RunCtx& c) override {
    Number* row = static_cast<Number*>(c.scratch);
    transform_.prepare(row + n_);
    const bool from_real = c.in(0).dtype == DType::kFloat32;
    const bool to_real = c.out().dtype == DType::kFloat32;
    const float* x = c.in(0).f32();
    float* y = c.out().f32();
    const double scale = inverse_ ? 1.0 / n_ : 1.0;
    for (int32_t r = 0; r < rows_; ++r) {
      load(x, from_real, to_real, row);
      transform_.run(row);
      for (int32_t k = 0; k < to_; ++k) {
        *y++ = static_cast<float>(row[k].re * scale);
        if (!to_real) *y++ = static_cast<float>((inverse_ ? -row[k].im : row[k].im) * scale);
      }
      x += from_real ? from_ : 2 * from_;
    }
    return {};
  }

 private:
  // An inverse transform is that of the conjugate, conjugate.
  void load(const float* x, bool from_real, bool to_real, Number* row) const {
    const int32_t stored = to_real ? n_ / 2 + 1 : n_;
    for (int32_t k = 0; k < stored; ++k) {
      if (k >= from_) {
        row[k] = {0, 0};
      } else if (from_real) {
        row[k] = {x[k], 0};
      } else {
        row[k] = {x[2 * k], inverse_ ? -x[2 * k + 1] : x[2 * k + 1]};
      }
    }
    if (!to_real) return;
    row[0].im = 0;
    if (n_ % 2 == 0) row[n_ / 2].im = 0;
    for (int32_t k = stored; k < n_; ++k) row[k] = {row[n_ - k].re, -row[n_ - k].im};
  }

  bool inverse_ = false;
  int32_t from_ = 0, to_ = 0, n_ = 0, rows_ = 0;
  Transform transform_;
};

[[clang::minsize]] Status infer_plane(InferCtx& c) {
  const Shape& x = c.in(0).shape;
  WXNN_TRY(check_float("input", c.in(0)));
  Numbers length;
  WXNN_TRY(read_numbers(c, 1, "fftLength", &length));
  WXNN_CHECK(x.rank() >= 2 && length.count == 2, "input ", x, " and ", length.count,
             " numbers of fftLength should be matrices and two");
  WXNN_TRY(check_length(length[0]));
  WXNN_TRY(check_length(length[1]));
  c.out() = {DType::kComplex64, x};
  c.out().shape[-2] = length[0];
  c.out().shape[-1] = length[1] / 2 + 1;
  return {};
}

class Plane final : public Kernel {
 public:
  static Status create(const InferCtx&, std::unique_ptr<Kernel>* kernel) {
    *kernel = std::make_unique<Plane>();
    return {};
  }

  Status reshape(const InferCtx& c, size_t* scratch_bytes) override {
    const Numbers length = numbers_of(c, 1, "fftLength");
    height_ = length[0];
    width_ = length[1];
    across_ = Transform(width_);
    down_ = Transform(height_);
    WXNN_TRY(check_bytes("the transform", {height_ + 4.0, width_ * 0.5 + 8.0, 2 * sizeof(Number)}));
    *scratch_bytes = (across_.numbers() + down_.numbers() + static_cast<size_t>(width_) +
                      static_cast<size_t>(height_)) *
                     sizeof(Number);
    return {};
  }

  Status run(const RunCtx& c) override {
    Number* row = static_cast<Number*>(c.scratch);
    Number* column = row + width_;
    across_.prepare(column + height_);
    down_.prepare(column + height_ + across_.numbers());
    const Shape& x = c.in(0).shape;
    const int32_t columns = width_ / 2 + 1;
    const float* from = c.in(0).f32();
    float* to = c.out().f32();
    const int32_t planes = x.elements(0, x.rank() - 2);
    for (int32_t p = 0; p < planes; ++p) {
      for (int32_t i = 0; i < height_; ++i) {
        for (int32_t k = 0; k < width_; ++k) {
          row[k] = {i < x[-2] && k < x[-1] ? from[i * x[-1] + k] : 0.0, 0};
        }
        across_.run(row);
        store(row, columns, to + 2 * i * columns, 1);
      }
      for (int32_t k = 0; k < columns; ++k) {
        for (int32_t i = 0; i < height_; ++i) {
          const float* at = to + 2 * (i * columns + k);
          column[i] = {at[0], at[1]};
        }
        down_.run(column);
        store(column, height_, to + 2 * k, columns);
      }
      from += x[-2] * x[-1];
      to += 2 * height_ * columns;
    }
    return {};
  }

 private:
  static void store(const Number* from, int32_t n, float* to, int32_t step) {
    for (int32_t i = 0; i < n; ++i, to += 2 * step) {
      to[0] = static_cast<float>(from[i].re);
      to[1] = static_cast<float>(from[i].im);
    }
  }
  int32_t height_ = 0, width_ = 0;
  Transform across_, down_;
};

#define WXNN_FFT(op_name, port, infer_it, is_inverse)           \
  extern constinit const Op k##op_name = {                      \
      .name = #op_name,                                         \
      .inputs = {{"input"}, {"fftLength", kArgument}},          \
      .attrs = {{"inverse", AttrKind::kNumber, is_inverse},     \
                {"fftLength", AttrKind::kNumbers, kEmptyList}}, \
      .infer = infer_it,                                        \
      .create = port::create,                                   \
  }

}  // namespace

WXNN_FFT(FFT, Rows, infer_fft, 0);
WXNN_FFT(IFFT, Rows, infer_fft, 1);
// Real to the first half of its transform, and back. fftLength cuts off, or adds zeros.
WXNN_FFT(RFFT, Rows, infer_real, 0);
WXNN_FFT(IRFFT, Rows, infer_real, 1);
WXNN_FFT(RFFT2D, Plane, infer_plane, 0);

}  // namespace wxnn
