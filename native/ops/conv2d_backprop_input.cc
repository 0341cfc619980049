// Conv2DBackpropInput, the transposed convolution: one matrix product gives, for each pixel of dy,
// its share of every tap (`columns`), and the shares are then added up where they belong.
#include <algorithm>
#include <cstring>

#include "core/buffer.h"
#include "core/loop.h"
#include "kernels/mat_mul.h"
#include "kernels/rows.h"
#include "ops/activation.h"
#include "ops/arguments.h"
#include "ops/conv_shape.h"

namespace wxnn {

namespace {
enum Input { kDy, kFilter, kBias, kPrelu, kInputShape };

struct Filter {
  int32_t height, width, out, in;
};

// HWOI is TensorFlow's order, OHWI TFLite's. `out` are the channels of the result.
Filter filter_of(const Attrs& attrs, const Shape& s) {
  if (attrs.is("filterFormat", "OHWI")) return {s[1], s[2], s[0], s[3]};
  return {s[0], s[1], s[2], s[3]};
}

// The image that the forward convolution would have seen. Without inputShape it is the largest
// whose convolution has dy's size, as TFLite's MediaPipe operator means it.
Shape image_of(const InferCtx& c, const Shape& dy, const Filter& f) {
  const Attrs& attrs = c.attrs;
  const Numbers sizes = numbers_of(c, kInputShape, "inputShape");
  const bool given = sizes.count == 4;
  Shape image{dy[0], given ? sizes[1] : -1, given ? sizes[2] : -1, f.out};
  const int32_t filter[] = {f.height, f.width};
  for (int axis = 0; axis < 2; ++axis) {
    if (image[1 + axis] >= 0) continue;
    const int64_t in = dy[1 + axis], stride = attrs.i("strides", axis);
    const int64_t span = (filter[axis] - 1) * static_cast<int64_t>(attrs.i("dilations", axis)) + 1;
    const int64_t length = attrs.is("pad", "same") ? in * stride : (in - 1) * stride + span;
    image[1 + axis] = static_cast<int32_t>(std::clamp<int64_t>(length, 0, INT32_MAX));
  }
  return image;
}

// Rows of dy whose columns are computed at once: enough to keep the tiles busy, few enough to stay
// in a cache.
int32_t band_rows(const Slide& y, int64_t row_floats) {
  constexpr int64_t kBandFloats = 1 << 16;
  return static_cast<int32_t>(
      std::clamp<int64_t>(kBandFloats / std::max<int64_t>(row_floats, 1), 1, y.out));
}

Status infer_backprop(InferCtx& c) {
  const TensorType& dy = c.in(kDy);
  const TensorType& filter = c.in(kFilter);
  WXNN_TRY(check_image("dy", dy));
  WXNN_TRY(check_filter(c, kFilter, {"HWOI", "OHWI"}));
  const Filter f = filter_of(c.attrs, filter.shape);
  WXNN_CHECK(f.in == dy.shape[3], "filter {} wants {} channels, dy is {}", filter.shape, f.in,
             dy.shape);
  Numbers sizes;
  WXNN_TRY(read_numbers(c, kInputShape, "inputShape", &sizes));
  const bool given = sizes.count == 4;
  const bool open = sizes.count == 1 && !c.has(kInputShape) && c.attrs.numbers("pad").empty();
  WXNN_CHECK(given || open, "inputShape should have 4 numbers");
  const Shape image = image_of(c, dy.shape, f);
  WXNN_CHECK(!given || sizes[3] == f.out, "inputShape wants {} channels, filter {} gives {}",
             sizes[3], filter.shape, f.out);
  Window window;
  WXNN_TRY(slide_window(c.attrs, image, {f.height, f.width}, &window));
  WXNN_CHECK(window.y.out == dy.shape[1] && window.x.out == dy.shape[2],
             "a convolution of {} gives {} x {}, dy is {}", image, window.y.out, window.x.out,
             dy.shape);
  const double columns = static_cast<double>(f.height) * f.width * f.out;
  WXNN_TRY(check_bytes("a row of columns", columns * (dy.shape[2] + 0.0) * sizeof(float)));
  WXNN_TRY(check_bytes("the packed filter", (columns + 16) * (f.in + 1.0) * sizeof(float)));
  WXNN_TRY(check_bias(c, kBias, f.out));
  c.out() = {DType::kFloat32, image};
  return Activation::check(c, kPrelu, c.out());
}

class Conv2DBackpropInput final : public Kernel {
 public:
  static Status create(const InferCtx& c, std::unique_ptr<Kernel>* kernel) {
    auto made = std::make_unique<Conv2DBackpropInput>();
    WXNN_TRY(made->pack(c));
    *kernel = std::move(made);
    return {};
  }

  Status reshape(const InferCtx& c, size_t* scratch_bytes) override {
    const Shape& dy = c.in(kDy).shape;
    window_ = window_of(c.attrs, c.out().shape, {filter_.height, filter_.width});
    const int64_t row_floats = static_cast<int64_t>(dy[2]) * columns();
    band_ = band_rows(window_.y, row_floats);
    *scratch_bytes = static_cast<size_t>(band_ * row_floats) * sizeof(float);
    return {};
  }

  Status run(const RunCtx& c) override {
    const float* dy = c.in(kDy).f32();
    float* image = c.out().f32();
    const ptrdiff_t dy_row = static_cast<ptrdiff_t>(window_.x.out) * filter_.in;
    const ptrdiff_t image_size = static_cast<ptrdiff_t>(window_.y.in) * window_.x.in * filter_.out;
    float* shares = static_cast<float*>(c.scratch);
    for (int32_t n = 0; n < c.in(kDy).shape[0]; ++n) {
      begin(image, image_size);
      for (int32_t y = 0; y < window_.y.out; y += band_) {
        const int32_t rows = std::min(band_, window_.y.out - y);
        layout_.multiply_all({dy, rows * window_.x.out, shares, -kInf, kInf},
                             packed_.data<float>());
        for (int32_t r = 0; r < rows; ++r) {
          scatter_row(y + r, shares + static_cast<ptrdiff_t>(r) * window_.x.out * columns(), image);
        }
        dy += rows * dy_row;
      }
      finish(image, image_size);
      image += image_size;
    }
    return activation_.apply(c, kPrelu);
  }

 private:
  static constexpr float kInf = std::numeric_limits<float>::infinity();

  // Shares that a pixel of dy gives, in the order [height, width, out].
  int32_t columns() const { return filter_.height * filter_.width * filter_.out; }

  Status pack(const InferCtx& c) {
    filter_ = filter_of(c.attrs, c.in(kFilter).shape);
    activation_ = Activation(c.attrs);
    layout_ = PanelLayout(filter_.in, columns());
    WXNN_TRY(packed_.allocate(layout_.floats() * sizeof(float)));
    const float* data = c.in(kFilter).f32();
    Buffer reordered;
    if (c.attrs.is("filterFormat", "OHWI") && filter_.out > 1) {
      WXNN_TRY(reordered.allocate(c.in(kFilter).bytes()));
      const int32_t taps = filter_.height * filter_.width;
      for (int32_t o = 0; o < filter_.out; ++o) {
        for (int32_t tap = 0; tap < taps; ++tap) {
          std::memcpy(reordered.data<float>() + (tap * filter_.out + o) * filter_.in,
                      data + (o * taps + tap) * filter_.in, filter_.in * sizeof(float));
        }
      }
      data = reordered.data<float>();
    }
    layout_.pack_all({data, filter_.in, columns(), 1, filter_.in}, nullptr, packed_.data<float>());
    if (!c.has(kBias)) return {};
    WXNN_TRY(bias_.allocate(c.in(kBias).bytes()));
    std::memcpy(bias_.data(), c.in(kBias).data, bias_.size());
    return {};
  }

  void begin(float* image, ptrdiff_t size) const {
    if (!bias_) {
      std::memset(image, 0, size * sizeof(float));
      return;
    }
    for (ptrdiff_t i = 0; i < size; i += filter_.out) {
      std::memcpy(image + i, bias_.data<float>(), bias_.size());
    }
  }

  static constexpr int32_t kFew = 4;  // numbers that are added before a call would have begun

  // Adds the shares of row `y` of dy. An output takes its shares in the order of dy's pixels.
  void scatter_row(int32_t y, const float* shares, float* image) const {
    const Slide& sx = window_.x;
    const int32_t channels = filter_.out;
    const auto add_shares = replaceable(add_row);
    // Without dilation the taps of a row lie side by side in the image.
    const int32_t together = sx.dilation == 1 ? filter_.width : 1;
    for (int32_t ky = 0; ky < filter_.height; ++ky) {
      const int32_t row = y * window_.y.stride - window_.y.before + ky * window_.y.dilation;
      if (row < 0 || row >= window_.y.in) continue;
      float* to = image + static_cast<ptrdiff_t>(row) * sx.in * channels;
      const float* from = shares + ky * filter_.width * channels;
      const int32_t n = together * channels;
      if (n <= kFew && together == filter_.width && sx.before == 0 &&
          (sx.out - 1) * sx.stride + together <= sx.in) {  // few numbers, all of them inside
        for (int32_t x = 0; x < sx.out; ++x) {
          each_small(n, [=](int32_t i) { to[i] += from[i]; });
          to += sx.stride * channels;
          from += columns();
        }
        continue;
      }
      for (int32_t x = 0; x < sx.out; ++x) {
        for (int32_t kx = 0; kx < filter_.width; kx += together) {
          const int32_t column = x * sx.stride - sx.before + kx * sx.dilation;
          const int32_t first = std::max(0, -column);
          const int32_t last = std::min(together, sx.in - column);
          if (first >= last) continue;
          add_shares(to + static_cast<ptrdiff_t>(column + first) * channels,
                     from + (kx + first) * channels, (last - first) * channels);
        }
        from += columns();
      }
    }
  }

  void finish(float* image, ptrdiff_t size) const {
    const float low = activation_.min, high = activation_.max;
    if (low == -kInf && high == kInf) return;
    replaceable(clamp_row)(image, size, low, high);
  }

  Filter filter_{};
  Window window_;
  Activation activation_;
  PanelLayout layout_;
  Buffer packed_, bias_;
  int32_t band_ = 1;
};
}  // namespace

extern constinit const Op kConv2DBackpropInput = {
    .name = "Conv2DBackpropInput",
    .inputs = {{"dy"},
               {"filter", kPacked},
               {"bias", kPacked | kOptional},
               {"preluActivationWeights", kOptional},
               {"inputShape", kArgument}},
    .attrs = {WXNN_WINDOW_ATTRS,
              WXNN_ACTIVATION_ATTRS,
              {"filterFormat", AttrKind::kText, "HWOI"},
              {"inputShape", AttrKind::kNumbers, -1.0}},
    .infer = infer_backprop,
    .create = Conv2DBackpropInput::create};

}  // namespace wxnn
