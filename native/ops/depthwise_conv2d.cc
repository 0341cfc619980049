// DepthwiseConv2dNative and FusedDepthwiseConv2D, over kernels/depthwise.h.
#include "core/buffer.h"
#include "core/loop.h"
#include "kernels/depthwise.h"
#include "ops/activation.h"
#include "ops/conv_shape.h"

namespace wxnn {

namespace {
enum Input { kX, kFilter, kBias, kPrelu };

// TensorFlow's [H,W,C,M] and TFLite's [1,H,W,C*M] are the same numbers in the same order.
struct Filter {
  int32_t height, width, outputs;
};

Filter filter_of(const Attrs& attrs, const Shape& s) {
  if (attrs.is("filterFormat", "1HWO")) return {s[1], s[2], s[3]};
  return {s[0], s[1], s[2] * s[3]};
}

Status infer_depthwise(InferCtx& c) {
  const TensorType& x = c.in(kX);
  const TensorType& filter = c.in(kFilter);
  WXNN_TRY(check_image("x", x));
  WXNN_TRY(check_filter(c, kFilter, {"HWCM", "1HWO"}));
  const Filter f = filter_of(c.attrs, filter.shape);
  const int32_t channels = x.shape[3];
  const bool fits = c.attrs.is("filterFormat", "HWCM")
                        ? filter.shape[2] == channels
                        : filter.shape[0] == 1 && channels > 0 && f.outputs % channels == 0;
  WXNN_CHECK(fits, "filter {} does not fit x {}", filter.shape, x.shape);
  Window window;
  WXNN_TRY(slide_window(c.attrs, x.shape, {f.height, f.width}, &window));
  WXNN_TRY(check_bias(c, kBias, f.outputs));
  c.out() = {DType::kFloat32, {x.shape[0], window.y.out, window.x.out, f.outputs}};
  return Activation::check(c, kPrelu, c.out());
}

DepthwiseAxis axis_of(const Slide& s) {
  return {s.in, s.out, s.filter, s.stride, s.dilation, s.before};
}

class Depthwise final : public Kernel {
 public:
  static Status create(const InferCtx& c, std::unique_ptr<Kernel>* kernel) {
    auto made = std::make_unique<Depthwise>();
    WXNN_TRY(made->pack(c));
    *kernel = std::move(made);
    return {};
  }

  Status reshape(const InferCtx& c, size_t*) override {
    const Shape& x = c.in(kX).shape;
    const Window w = window_of(c.attrs, x, {filter_.height, filter_.width});
    WXNN_CHECK(x[3] == convolution_.channels, "filter does not fit x {}", x);
    convolution_.batch = x[0];
    convolution_.y = axis_of(w.y);
    convolution_.x = axis_of(w.x);
    return {};
  }

  Status run(const RunCtx& c) override {
    replaceable(depthwise_convolution)(convolution_, c.in(kX).f32(), c.out().f32());
    return activation_.apply(c, kPrelu);
  }

 private:
  Status pack(const InferCtx& c) {
    filter_ = filter_of(c.attrs, c.in(kFilter).shape);
    activation_ = Activation(c.attrs);
    DepthwiseConvolution& d = convolution_;
    d.channels = c.in(kX).shape[3];
    d.multiplier = filter_.outputs / d.channels;
    const int32_t taps = filter_.height * filter_.width;
    WXNN_TRY(weights_.allocate(depthwise_floats(d.channels, d.multiplier, taps) * sizeof(float)));
    pack_depthwise(d.channels, d.multiplier, taps, c.in(kFilter).f32(),
                   c.has(kBias) ? c.in(kBias).f32() : nullptr, weights_.data<float>());
    d.weights = weights_.data<float>();
    d.min = activation_.min;
    d.max = activation_.max;
    return {};
  }

  Filter filter_{};
  Activation activation_;
  Buffer weights_;
  DepthwiseConvolution convolution_{};
};

constexpr std::initializer_list<Port> kPorts = {{"x"},
                                                {"filter", kPacked},
                                                {"bias", kPacked | kOptional},
                                                {"preluActivationWeights", kOptional}};
constexpr std::initializer_list<AttrSpec> kAttrs = {
    WXNN_WINDOW_ATTRS, WXNN_ACTIVATION_ATTRS, {"filterFormat", AttrKind::kText, "HWCM"}};
}  // namespace

extern constinit const Op kDepthwiseConv2dNative = {.name = "DepthwiseConv2dNative",
                                                    .inputs = kPorts,
                                                    .attrs = kAttrs,
                                                    .infer = infer_depthwise,
                                                    .create = Depthwise::create};

extern constinit const Op kFusedDepthwiseConv2D = {.name = "FusedDepthwiseConv2D",
                                                   .inputs = kPorts,
                                                   .attrs = kAttrs,
                                                   .infer = infer_depthwise,
                                                   .create = Depthwise::create};

}  // namespace wxnn
