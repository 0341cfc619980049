// Conv2D and FusedConv2D: XNNPACK's convolution operator over the tiles of kernels/gemm.h.
#include "core/buffer.h"
#include "core/threads.h"
#include "core/xnn.h"
#include "kernels/gemm.h"
#include "ops/activation.h"
#include "ops/conv_shape.h"
#include "xnnpack/operator.h"

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
  // XNNPACK rounds the outputs up to whole tiles, and keeps a pointer for each tap of each output.
  const double taps = static_cast<double>(f.height) * f.width;
  WXNN_TRY(check_bytes("the packed filter", {taps, f.in + 1.0, f.out * 16.0, sizeof(float)}));
  WXNN_TRY(check_bytes("the table of inputs",
                       {taps, window.y.out + 4.0, window.x.out + 4.0, sizeof(void*)}));
  WXNN_TRY(check_bias(c, kBias, f.out));
  c.out() = {DType::kFloat32, {x.shape[0], window.y.out, window.x.out, f.out}};
  return Activation::check(c, kPrelu, c.out());
}

// [H,W,I,O] -> [O,H,W,I].
void to_ohwi(const float* hwio, const Filter& f, float* ohwi) {
  const int32_t depth = f.height * f.width * f.in;
  for (int32_t i = 0; i < depth; ++i) {
    for (int32_t o = 0; o < f.out; ++o) ohwi[o * depth + i] = hwio[i * f.out + o];
  }
}

class Conv2D final : public Kernel {
 public:
  static Status create(const InferCtx& c, std::unique_ptr<Kernel>* kernel) {
    auto made = std::make_unique<Conv2D>();
    WXNN_TRY(made->pack(c));
    *kernel = std::move(made);
    return {};
  }

  Status reshape(const InferCtx& c, size_t* scratch_bytes) override {
    const Shape& x = c.in(kX).shape;
    const Window w = window_of(c.attrs, x, {filter_.height, filter_.width});
    empty_ = x[0] == 0;
    if (empty_) return {};
    work_ = int64_t{1} * x[0] * w.y.out * w.x.out * filter_.out * filter_.height * filter_.width *
            filter_.in;
    // XNNPACK's own "same" underflows where a stride exceeds the filter.
    op_->padding_top = w.y.before;
    op_->padding_bottom = w.y.after;
    op_->padding_left = w.x.before;
    op_->padding_right = w.x.after;
    size_t alignment = 0;
    return xnn(xnn_reshape_convolution2d_nhwc_f32(op_.get(), x[0], x[1], x[2], scratch_bytes,
                                                  &alignment, nullptr, nullptr, nullptr),
               "the convolution's shape");
  }

  Status run(const RunCtx& c) override {
    if (empty_) return {};
    WXNN_TRY(
        xnn(xnn_setup_convolution2d_nhwc_f32(op_.get(), c.scratch, c.in(kX).f32(), c.out().f32()),
            "the convolution's setup"));
    WXNN_TRY(xnn(xnn_run_operator(op_.get(), pool_for(work_)), "the convolution"));
    return activation_.apply(c, kPrelu);
  }

 private:
  Status pack(const InferCtx& c) {
    WXNN_TRY(xnn_ready());
    filter_ = filter_of(c.attrs, c.in(kFilter).shape);
    activation_ = Activation(c.attrs);
    const float* weights = c.in(kFilter).f32();
    Buffer transposed;
    if (c.attrs.is("filterFormat", "HWIO")) {
      WXNN_TRY(transposed.allocate(c.in(kFilter).bytes()));
      to_ohwi(weights, filter_, transposed.data<float>());
      weights = transposed.data<float>();
    }
    const int32_t channels = c.in(kX).shape[3];
    const uint32_t groups = channels / filter_.in;
    const Window w = window_of(c.attrs, c.in(kX).shape, {filter_.height, filter_.width});
    // Without numbers the padding depends on the image: "same" makes XNNPACK prepare for any.
    const bool fixed = !c.attrs.numbers("pad").empty();
    const bool same = c.attrs.is("pad", "same");
    wxnn_select_gemm_tile(filter_.out / groups);
    xnn_operator_t op = nullptr;
    WXNN_TRY(xnn(
        xnn_create_convolution2d_nhwc_f32(
            fixed ? w.y.before : 0, fixed ? w.x.after : 0, fixed ? w.y.after : 0,
            fixed ? w.x.before : 0, filter_.height, filter_.width, w.y.stride, w.x.stride,
            w.y.dilation, w.x.dilation, groups, filter_.in, filter_.out / groups, channels,
            filter_.out, weights, c.has(kBias) ? c.in(kBias).f32() : nullptr, activation_.min,
            activation_.max, same ? XNN_FLAG_TENSORFLOW_SAME_PADDING : 0, nullptr, nullptr, &op),
        "the convolution"));
    op_.reset(op);
    op_->flags &= ~XNN_FLAG_TENSORFLOW_SAME_PADDING;  // reshape says what it comes to
    return {};
  }

  XnnOp op_;
  Filter filter_{};
  Activation activation_;
  bool empty_ = false;
  int64_t work_ = 0;  // multiply-adds
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
