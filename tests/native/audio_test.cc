// AudioSpectrogram and Mfcc next to loops over their definitions.
#include <cmath>
#include <complex>
#include <numbers>

#include "op_test.h"

namespace wxnn {
namespace {

OpTest spectrogram(double window, double stride, bool squared) {
  OpTest op("AudioSpectrogram");
  op.attr("windowSize", window).attr("stride", stride).attr("magnitudeSquared", squared ? 1 : 0);
  return op;
}

TEST(AudioSpectrogram, AgreesWithTheDefinition) {
  const uint32_t seed = test_seed();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  for (const bool squared : {false, true}) {
    OpTest op = spectrogram(12, 5, squared);
    for (const int32_t samples : {40, 57, 12}) {
      const HostTensor x = random.tensor({samples, 2});
      const HostTensor y = op({x});
      const int32_t frames = 1 + (samples - 12) / 5;
      ASSERT_EQ(y.shape(), (Shape{2, frames, 9}));
      for (int32_t i = 0; i < y.size(); ++i) {
        const int32_t channel = i / (frames * 9), frame = i / 9 % frames, bin = i % 9;
        std::complex<double> sum = 0;
        for (int32_t t = 0; t < 12; ++t) {
          const double hann = 0.5 - 0.5 * std::cos(2 * std::numbers::pi * t / 12);
          // polar's radius must not be negative.
          sum += hann * static_cast<double>(x[2 * (5 * frame + t) + channel]) *
                 std::polar(1.0, -2 * std::numbers::pi * t * bin / 16);
        }
        EXPECT_NEAR(y[i], squared ? std::norm(sum) : std::abs(sum), 1e-5) << i;
      }
      print_bits(squared ? "audio_spectrogram_squared" : "audio_spectrogram", y);
    }
  }
  std::vector<HostTensor> y;
  EXPECT_EQ(spectrogram(12, 5, true)({HostTensor(Shape{11, 3})}).shape(), (Shape{3, 0, 9}));
  EXPECT_SAYS(spectrogram(1, 5, true).run({HostTensor(Shape{9, 1})}, &y),
              "windows of 1 every 5 samples are not supported");
  EXPECT_SAYS(spectrogram(12, 5, true).run({HostTensor(Shape{9})}, &y),
              "x [9] should be [samples,channels]");
}

double mel(double f) { return 1127 * std::log1p(f / 700); }

TEST(Mfcc, AgreesWithTheDefinition) {
  const uint32_t seed = test_seed();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  constexpr int kBands = 6, kGiven = 4;
  OpTest op("Mfcc");
  op.attr("upperFrequencyLimit", 3000).attr("lowerFrequencyLimit", 50);
  op.attr("filterbankChannelCount", kBands).attr("dctCoefficientCount", kGiven);
  for (const int32_t bins : {33, 65}) {
    HostTensor x = random.tensor({2, 3, bins}, 0, 4);
    for (int32_t i = 0; i < bins; ++i) x.data()[i] = 0;  // silence: the floor of the logarithm
    const HostTensor y = op({x, HostTensor::i32({}, {8000})});
    ASSERT_EQ(y.shape(), (Shape{2, 3, kGiven}));
    const double hz = 4000.0 / (bins - 1), step = (mel(3000) - mel(50)) / (kBands + 1);
    for (int32_t f = 0; f < 6; ++f) {
      double band[kBands] = {};
      // Bin i, from the first after the lower limit on, in triangles around k + 1 steps.
      for (int32_t i = static_cast<int32_t>(1.5 + 50 / hz); i <= static_cast<int32_t>(3000 / hz);
           ++i) {
        for (int k = 0; k < kBands; ++k) {
          const double away = std::abs((mel(i * hz) - mel(50)) / step - (k + 1));
          if (away < 1) band[k] += (1 - away) * std::sqrt(static_cast<double>(x[f * bins + i]));
        }
      }
      for (int32_t i = 0; i < kGiven; ++i) {
        double want = 0;
        for (int k = 0; k < kBands; ++k) {
          want += std::sqrt(2.0 / kBands) * std::cos(i * std::numbers::pi / kBands * (k + 0.5)) *
                  std::log(std::max(band[k], 1e-12));
        }
        EXPECT_NEAR(y[f * kGiven + i], want, 2e-5 * std::max(1.0, std::abs(want))) << f << " " << i;
      }
    }
    print_bits("mfcc", y);
  }
  std::vector<HostTensor> y;
  const HostTensor x(Shape{1, 2, 9});
  EXPECT_SAYS(op.run({x, HostTensor::i32({}, {0})}, &y), "sampleRate 0 should be positive");
  EXPECT_SAYS(op.run({x, HostTensor::i32({}, {4000})}, &y),
              "its upper limit of frequency is beyond the spectrogram's, 2000");
  EXPECT_SAYS(op.run({x, HostTensor(Shape{}, {8000})}, &y),
              "sampleRate float32 [] should be one int32");
  EXPECT_SAYS(OpTest("Mfcc").attr("dctCoefficientCount", 41).run({x, HostTensor::i32({}, {1})}, &y),
              "41 coefficients of 40 bands are not supported");
}

}  // namespace
}  // namespace wxnn
