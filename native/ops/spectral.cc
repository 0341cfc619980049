// FFT, IFFT, RFFT, IRFFT and RFFT2D along the last axes, in double.
#include <algorithm>
#include <cstring>

#include "core/elementwise.h"
#include "ops/arguments.h"
#include "ops/conv_shape.h"
#include "ops/fourier.h"

namespace wxnn {
namespace {

// fftLength, or what the input's own shape gives; `whole` is the length that goes with x's last
// axis.
template <class Ctx>
int32_t length_of(const Ctx& c, int32_t whole) {
  const Numbers given = numbers_of(c, 1, "fftLength");
  return given.count == 0 ? whole : given[given.count - 1];
}

[[clang::minsize]] Status infer_fft(InferCtx& c) {
  const Shape& x = c.in(0).shape;
  WXNN_CHECK(c.in(0).dtype == DType::kComplex64 && x.rank() > 0,
             "input {} {} should be complex64 with an axis", name_of(c.in(0).dtype), x);
  WXNN_TRY(check_length(x[-1]));
  return same_as_x(c);
}

[[clang::minsize]] Status infer_real(InferCtx& c) {
  const bool inverse = c.attrs.b("inverse");
  const Shape& x = c.in(0).shape;
  const DType wanted = inverse ? DType::kComplex64 : DType::kFloat32;
  WXNN_CHECK(c.in(0).dtype == wanted && x.rank() > 0, "input {} {} should be {} with an axis",
             name_of(c.in(0).dtype), x, name_of(wanted));
  Numbers length;
  WXNN_TRY(read_numbers(c, 1, "fftLength", &length));
  WXNN_CHECK(length.count <= 1, "fftLength has {} numbers", length.count);
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
  WXNN_CHECK(x.rank() >= 2 && length.count == 2,
             "input {} and {} numbers of fftLength should be matrices and two", x, length.count);
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
    WXNN_TRY(
        check_bytes("the transform", (height_ + 4.0) * (width_ * 0.5 + 8.0) * 2 * sizeof(Number)));
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
