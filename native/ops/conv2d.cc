// Conv2D and FusedConv2D: a product of the filter with a matrix whose rows are the windows of x.
// Where these lie in x as they are (1x1 filters) it is read in place, otherwise through a table of
// addresses, one for each tap of each output pixel, which reshape fills once.
#include <cstring>

#include "core/buffer.h"
#include "kernels/mat_mul.h"
#include "ops/activation.h"
#include "ops/conv_shape.h"

namespace wxnn {

namespace {
enum Input { kX, kFilter, kBias, kPrelu };

// The filter's four numbers, whatever the order they are stored in.
struct Filter {
  int32_t height, width, in, out;  // `in` of one group
};

// HWIO is TensorFlow's order, OHWI TFLite's.
Filter filter_of(const Attrs& attrs, const Shape& s) {
  if (attrs.is("filterFormat", "OHWI")) return {s[1], s[2], s[3], s[0]};
  return {s[0], s[1], s[2], s[3]};
}

Status infer_conv2d(InferCtx& c) {
  const TensorType& x = c.in(kX);
  const TensorType& filter = c.in(kFilter);
  WXNN_TRY(check_image("x", x));
  WXNN_TRY(check_filter(c, kFilter, {"HWIO", "OHWI"}));
  const Filter f = filter_of(c.attrs, filter.shape);
  const int32_t channels = x.shape[3];
  WXNN_CHECK(channels > 0 && channels % f.in == 0, "filter ", filter.shape, " wants ", f.in,
             " channels, x is ", x.shape);
  WXNN_CHECK(f.out % (channels / f.in) == 0, "filter ", filter.shape, " makes ", channels / f.in,
             " groups of x ", x.shape, ", which do not divide its ", f.out, " outputs");
  Window window;
  WXNN_TRY(slide_window(c.attrs, x.shape, {f.height, f.width}, &window));
  // Outputs are rounded up to whole tiles, and there is an address for each tap of each.
  const double taps = static_cast<double>(f.height) * f.width;
  WXNN_TRY(check_bytes("the packed filter", {taps, f.in + 1.0, f.out * 16.0, sizeof(float)}));
  WXNN_TRY(check_bytes("the table of inputs",
                       {taps, window.y.out + 4.0, window.x.out + 4.0, sizeof(void*)}));
  WXNN_TRY(check_bias(c, kBias, f.out));
  c.out() = {DType::kFloat32, {x.shape[0], window.y.out, window.x.out, f.out}};
  return Activation::check(c, kPrelu, c.out());
}

class Conv2D final : public Kernel {
 public:
  static Status create(const InferCtx& c, std::unique_ptr<Kernel>* kernel) {
    auto made = std::make_unique<Conv2D>();
    WXNN_TRY(made->pack(c));
    *kernel = std::move(made);
    return {};
  }

  Status reshape(const InferCtx& c, size_t*) override {
    const Shape& x = c.in(kX).shape;
    const Window w = window_of(c.attrs, x, {filter_.height, filter_.width});
    images_ = x[0];
    pixels_ = w.y.out * w.x.out;
    const bool whole = w.y.before + w.y.after + w.x.before + w.x.after == 0;
    const bool pointwise = filter_.height * filter_.width * w.y.stride * w.x.stride == 1;
    const bool one_window =
        groups_ == 1 && pixels_ == 1 && filter_.height == x[1] && filter_.width == x[2];
    direct_ = whole && (pointwise || one_window);
    return direct_ ? Status() : point(x, w);
  }

  Status run(const RunCtx& c) override {
    const Shape& x = c.in(kX).shape;
    const int32_t outputs = filter_.out / groups_;
    const ptrdiff_t image = static_cast<ptrdiff_t>(x[1]) * x[2] * x[3];
    // Rows of the product: pixels, or whole images where there is one window in each.
    const ptrdiff_t stride = filter_.height * filter_.width == 1 ? x[3] : image;
    for (int32_t g = 0; g < groups_; ++g) {
      const float* from = c.in(kX).f32() + g * filter_.in;
      PanelLayout::Rows rows = {from,
                                stride,
                                direct_ ? images_ * pixels_ : pixels_,
                                c.out().f32() + g * outputs,
                                filter_.out,
                                activation_.min,
                                activation_.max};
      const float* packed = packed_.data<float>() + g * layout_.floats();
      if (direct_) {
        layout_.multiply_rows(rows, packed);
        continue;
      }
      for (int32_t n = 0; n < images_; ++n) {
        const uintptr_t offset = reinterpret_cast<uintptr_t>(from + n * image) - base();
        layout_.multiply_taps(
            rows, {table_.data<const void*>(), filter_.height * filter_.width, zeros_, offset},
            packed);
        rows.c += static_cast<ptrdiff_t>(pixels_) * filter_.out;
      }
    }
    return activation_.apply(c, kPrelu);
  }

 private:
  Status pack(const InferCtx& c) {
    filter_ = filter_of(c.attrs, c.in(kFilter).shape);
    activation_ = Activation(c.attrs);
    groups_ = c.in(kX).shape[3] / filter_.in;
    const int32_t depth = filter_.height * filter_.width * filter_.in;
    const int32_t outputs = filter_.out / groups_;
    const bool ohwi = c.attrs.is("filterFormat", "OHWI");
    layout_ = PanelLayout(depth, outputs);
    WXNN_TRY(packed_.allocate(layout_.floats() * groups_ * sizeof(float)));
    for (int32_t g = 0; g < groups_; ++g) {
      const ptrdiff_t first = static_cast<ptrdiff_t>(g) * outputs;
      const MatrixView filter = {c.in(kFilter).f32() + (ohwi ? first * depth : first), depth,
                                 outputs, ohwi ? 1 : filter_.out, ohwi ? depth : 1};
      layout_.pack_all(filter, c.has(kBias) ? c.in(kBias).f32() + first : nullptr,
                       packed_.data<float>() + g * layout_.floats());
    }
    return {};
  }

  // Where image 0 would begin for the table's addresses: behind the zeros, so that no address is
  // theirs.
  uintptr_t base() const { return reinterpret_cast<uintptr_t>(zeros_ + 1); }

  // Fills the table with the pixels that each window covers, tap by tap.
  Status point(const Shape& x, const Window& w) {
    const int32_t taps = filter_.height * filter_.width;
    const int32_t rows = layout_.tile_rows();
    const int32_t padded = (pixels_ + rows - 1) / rows * rows;
    const size_t addresses = static_cast<size_t>(taps) * static_cast<size_t>(padded);
    const size_t zero_bytes = filter_.in * sizeof(float);
    WXNN_TRY(table_.fit(addresses * sizeof(void*) + zero_bytes));
    const void** table = table_.data<const void*>();
    void* zeros = table + addresses;
    zeros_ = static_cast<const float*>(std::memset(zeros, 0, zero_bytes));
    int32_t out_y = 0, out_x = 0;
    for (int32_t pixel = 0; pixel < padded; ++pixel) {
      const void** to = table + static_cast<ptrdiff_t>(pixel / rows) * rows * taps + pixel % rows;
      for (int32_t tap = 0; tap < taps; ++tap, to += rows) {
        const int32_t in_y = out_y * w.y.stride + tap / filter_.width * w.y.dilation - w.y.before;
        const int32_t in_x = out_x * w.x.stride + tap % filter_.width * w.x.dilation - w.x.before;
        const bool inside = in_y >= 0 && in_y < x[1] && in_x >= 0 && in_x < x[2];
        const ptrdiff_t at = (static_cast<ptrdiff_t>(in_y) * x[2] + in_x) * x[3];
        *to = inside ? reinterpret_cast<const void*>(base() + at * sizeof(float)) : zeros_;
      }
      if (pixel + 1 >= pixels_) continue;  // rows beyond the last repeat it
      if (++out_x == w.x.out) out_x = 0, ++out_y;
    }
    return {};
  }

  Filter filter_{};
  int32_t groups_ = 1;
  Activation activation_;
  PanelLayout layout_;
  Buffer packed_;  // group after group
  int32_t images_ = 0;
  int32_t pixels_ = 0;   // of an output image
  bool direct_ = false;  // rows of the product lie in x as they are
  Buffer table_;         // otherwise: where they lie; the zeros are behind it
  const float* zeros_ = nullptr;
};

constexpr std::initializer_list<Port> kPorts = {{"x"},
                                                {"filter", kPacked},
                                                {"bias", kPacked | kOptional},
                                                {"preluActivationWeights", kOptional}};
constexpr std::initializer_list<AttrSpec> kAttrs = {
    WXNN_WINDOW_ATTRS, WXNN_ACTIVATION_ATTRS, {"filterFormat", AttrKind::kText, "HWIO"}};
}  // namespace

extern constinit const Op kConv2D = {.name = "Conv2D",
                                     .inputs = kPorts,
                                     .attrs = kAttrs,
                                     .infer = infer_conv2d,
                                     .create = Conv2D::create};

extern constinit const Op kFusedConv2D = {.name = "FusedConv2D",
                                          .inputs = kPorts,
                                          .attrs = kAttrs,
                                          .infer = infer_conv2d,
                                          .create = Conv2D::create};

}  // namespace wxnn
