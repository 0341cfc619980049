// AudioSpectrogram and Mfcc, the two ends of TensorFlow's front for sound: TFLite's custom
// operators of those names. In double, with functions that give every build the same bits.
#include "core/elementwise.h"
#include "ops/conv_shape.h"
#include "ops/fourier.h"

namespace wxnn {
namespace {

int32_t transform_of(int32_t window) {
  return static_cast<int32_t>(std::bit_ceil(static_cast<uint32_t>(window)));
}

[[clang::minsize]] Status infer_spectrogram(InferCtx& c) {
  const Shape& x = c.in(0).shape;
  const int32_t window = c.attrs.i("windowSize");
  const int32_t stride = c.attrs.i("stride");
  WXNN_TRY(check_float("x", c.in(0)));
  WXNN_CHECK(x.rank() == 2, "x {} should be [samples,channels]", x);
  WXNN_CHECK(window >= 2 && window <= kLongest && stride >= 1,
             "windows of {} every {} samples are not supported", window, stride);
  const int32_t frames = x[0] < window ? 0 : 1 + (x[0] - window) / stride;
  c.out() = {DType::kFloat32, {x[1], frames, 1 + transform_of(window) / 2}};
  return {};
}

class Spectrogram final : public Kernel {
 public:
  Status reshape(const InferCtx& c, size_t* scratch_bytes) override {
    window_ = c.attrs.i("windowSize");
    n_ = transform_of(window_);
    transform_ = Transform(n_);
    *scratch_bytes = (transform_.numbers() + static_cast<size_t>(n_)) * sizeof(Number) +
                     static_cast<size_t>(window_) * sizeof(double);
    return {};
  }

  // Windows of Hann, filled up with zeros.
  Status run(const RunCtx& c) override {
    Number* row = static_cast<Number*>(c.scratch);
    transform_.prepare(row + n_);
    auto* hann = reinterpret_cast<double*>(row + n_ + transform_.numbers());
    for (int32_t i = 0; i < window_; ++i) hann[i] = 0.5 - 0.5 * root(i, window_).re;
    const int32_t stride = c.attrs.i("stride");
    const bool squared = c.attrs.b("magnitudeSquared");
    const int32_t channels = c.in(0).shape[1];
    const int32_t frames = c.out().shape[1];
    float* y = c.out().f32();
    for (int32_t channel = 0; channel < channels; ++channel) {
      for (int32_t f = 0; f < frames; ++f) {
        const float* x = c.in(0).f32() + static_cast<size_t>(f) * stride * channels + channel;
        for (int32_t i = 0; i < n_; ++i) {
          row[i] = {i < window_ ? x[static_cast<size_t>(i) * channels] * hann[i] : 0.0, 0};
        }
        transform_.run(row);
        for (int32_t k = 0; k <= n_ / 2; ++k) {
          const auto square = static_cast<float>(row[k].re * row[k].re + row[k].im * row[k].im);
          *y++ = squared ? square : __builtin_elementwise_sqrt(square);
        }
      }
    }
    return {};
  }

 private:
  int32_t window_ = 0, n_ = 0;
  Transform transform_;
};

[[clang::minsize]] Status infer_mfcc(InferCtx& c) {
  const Shape& x = c.in(0).shape;
  const Tensor& rate = c.in(1);
  const int32_t bands = c.attrs.i("filterbankChannelCount");
  const int32_t given = c.attrs.i("dctCoefficientCount");
  const double low = c.attrs.f("lowerFrequencyLimit");
  const double high = c.attrs.f("upperFrequencyLimit");
  WXNN_TRY(check_float("spectrogram", c.in(0)));
  WXNN_CHECK(x.rank() == 3 && x[2] >= 2, "spectrogram {} should be [channels,frames,bins]", x);
  WXNN_CHECK(rate.dtype == DType::kInt32 && rate.shape.elements() == 1,
             "sampleRate {} {} should be one int32", name_of(rate.dtype), rate.shape);
  WXNN_CHECK(given > 0 && given <= bands && bands <= kLongest,
             "{} coefficients of {} bands are not supported", given, bands);
  WXNN_CHECK(low >= 0 && high > low && high <= 1e9, "its limits of frequency are not in order");
  WXNN_TRY(check_bytes("the table of cosines", bands * 1.0 * (given + 2.0) * sizeof(double)));
  c.out() = {DType::kFloat32, {x[0], x[1], given}};
  return {};
}

double mel(double frequency) { return 1127.0 * math::log1p_f64(frequency / 700.0); }

// Bands of triangles, equally wide in mel; the logarithm of what is in each; its cosine transform.
class Mfcc final : public Kernel {
 public:
  Status reshape(const InferCtx& c, size_t* scratch_bytes) override {
    bins_ = c.in(0).shape[2];
    bands_ = c.attrs.i("filterbankChannelCount");
    given_ = c.attrs.i("dctCoefficientCount");
    *scratch_bytes = (static_cast<size_t>(bands_) * (static_cast<size_t>(given_) + 1) +
                      2 * static_cast<size_t>(bins_)) *
                     sizeof(double);
    return {};
  }

  Status run(const RunCtx& c) override {
    double* cosines = static_cast<double*>(c.scratch);
    double* band = cosines + static_cast<size_t>(bands_) * given_;
    double* weight = band + bands_;
    double* right = weight + bins_;  // the band whose right side a bin is on; -1: before the first
    WXNN_TRY(prepare(c, weight, right));
    const double norm = math::sqrt_f64(2.0 / bands_);
    for (int32_t i = 0; i < given_; ++i) {
      for (int32_t k = 0; k < bands_; ++k) {
        const int64_t turn = int64_t{i} * (2 * int64_t{k} + 1);
        cosines[static_cast<size_t>(i) * bands_ + k] = norm * root(turn, 4 * int64_t{bands_}).re;
      }
    }
    const float* x = c.in(0).f32();
    float* y = c.out().f32();
    const int32_t frames = c.in(0).shape.elements(0, 2);
    for (int32_t f = 0; f < frames; ++f, x += bins_, y += given_) {
      std::fill_n(band, bands_, 0.0);
      for (int32_t i = first_; i <= last_; ++i) {
        const double value = math::sqrt_f64(static_cast<double>(x[i]));
        const int32_t k = static_cast<int32_t>(right[i]);
        if (k >= 0) band[k] += value * weight[i];
        if (k + 1 < bands_) band[k + 1] += value - value * weight[i];
      }
      constexpr double kLeast = 1e-12;
      for (int32_t k = 0; k < bands_; ++k)
        band[k] = math::log_f64(band[k] < kLeast ? kLeast : band[k]);
      for (int32_t i = 0; i < given_; ++i) {
        double sum = 0;
        for (int32_t k = 0; k < bands_; ++k)
          sum += cosines[static_cast<size_t>(i) * bands_ + k] * band[k];
        y[i] = static_cast<float>(sum);
      }
    }
    return {};
  }

 private:
  Status prepare(const RunCtx& c, double* weight, double* right) {
    const int32_t rate = *c.in(1).i32();
    const double low = c.attrs.f("lowerFrequencyLimit");
    const double high = c.attrs.f("upperFrequencyLimit");
    WXNN_CHECK(rate > 0, "sampleRate {} should be positive", rate);
    const double width = 0.5 * rate / (bins_ - 1);  // of a bin, in Hz
    WXNN_CHECK(high / width < bins_, "its upper limit of frequency is beyond the spectrogram's, {}",
               rate / 2);
    first_ = static_cast<int32_t>(1.5 + low / width);
    last_ = static_cast<int32_t>(high / width);
    const double mel_low = mel(low);
    const double spacing = (mel(high) - mel_low) / (bands_ + 1);
    const auto centre = [&](int32_t k) { return mel_low + spacing * (k + 1); };
    int32_t k = 0;
    for (int32_t i = first_; i <= last_; ++i) {
      const double at = mel(i * width);
      while (k < bands_ && centre(k) < at) ++k;
      right[i] = k - 1;
      // The centre before the first band is mel_low.
      weight[i] = (centre(k) - at) / (centre(k) - (k == 0 ? mel_low : centre(k - 1)));
    }
    return {};
  }

  int32_t bins_ = 0, bands_ = 0, given_ = 0, first_ = 0, last_ = 0;
};

template <class Made>
Status create_kernel(const InferCtx&, std::unique_ptr<Kernel>* kernel) {
  *kernel = std::make_unique<Made>();
  return {};
}

}  // namespace

// Magnitudes of the Fourier transforms of windows of sound.
extern constinit const Op kAudioSpectrogram = {
    .name = "AudioSpectrogram",
    .inputs = {{"x"}},
    .attrs = {{"windowSize"}, {"stride"}, {"magnitudeSquared", AttrKind::kNumber, 0.0}},
    .infer = infer_spectrogram,
    .create = create_kernel<Spectrogram>,
};

// Mel-frequency cepstral coefficients of a spectrogram of squares.
extern constinit const Op kMfcc = {
    .name = "Mfcc",
    .inputs = {{"spectrogram"}, {"sampleRate"}},
    .attrs = {{"upperFrequencyLimit", AttrKind::kNumber, 4000.0},
              {"lowerFrequencyLimit", AttrKind::kNumber, 20.0},
              {"filterbankChannelCount", AttrKind::kNumber, 40.0},
              {"dctCoefficientCount", AttrKind::kNumber, 13.0}},
    .infer = infer_mfcc,
    .create = create_kernel<Mfcc>,
};

}  // namespace wxnn
