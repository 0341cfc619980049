// Conv2D and FusedConv2D: a matrix product whose rows are the windows of x. A window's row lies in
// the image as it is; only where it hangs over an edge, or has gaps, is it gathered.
#include "ops/conv2d.h"

#include <algorithm>
#include <cstring>

#include "core/buffer.h"
#include "core/threads.h"
#include "kernels/mat_mul.h"

namespace wxnn {

// HWIO is TensorFlow's order, OHWI TFLite's.
Filter filter_of(const Attrs& attrs, const Shape& s) {
  if (attrs.is("filterFormat", "OHWI")) return {s[1], s[2], s[3], s[0]};
  return {s[0], s[1], s[2], s[3]};
}

bool every_pixel(const Filter& f, const Window& w) {
  const Slide &y = w.y, &x = w.x;
  return f.height * f.width * x.stride * y.stride == 1 && x.before + y.before == 0 &&
         x.out == x.in && y.out == y.in;
}

Status infer_conv2d(InferCtx& c) {
  const TensorType& x = c.in(kX);
  const TensorType& filter = c.in(kFilter);
  WXNN_TRY(check_image("x", x));
  WXNN_TRY(check_filter(c, kFilter, {"HWIO", "OHWI"}));
  const Filter f = filter_of(c.attrs, filter.shape);
  const int32_t channels = x.shape[3];
  // Channels, and outputs, come in whole groups.
  WXNN_CHECK(channels > 0 && channels % f.in == 0 && f.out % (channels / f.in) == 0,
             "filter {} does not fit x {}", filter.shape, x.shape);
  Window window;
  WXNN_TRY(slide_window(c.attrs, x.shape, {f.height, f.width}, &window));
  // Packing rounds the outputs of each group up to whole panels; the few windows that are gathered
  // at once take less.
  const double taps = static_cast<double>(f.height) * f.width;
  WXNN_TRY(check_bytes("the packed filter", taps * (f.in + 1.0) * f.out * 16.0 * sizeof(float)));
  WXNN_TRY(check_bias(c, kBias, f.out));
  c.out() = {DType::kFloat32, {x.shape[0], window.y.out, window.x.out, f.out}};
  if (c.has(kResidual)) {
    const TensorType& residual = c.in(kResidual);
    Shape whole = residual.shape;
    const bool narrower = whole.rank() == 4 && whole[3] > 0 && whole[3] <= f.out;
    if (narrower) whole[3] = f.out;
    WXNN_CHECK(residual.dtype == DType::kFloat32 && narrower && whole == c.out().shape,
               "residual {} does not fit the output {}", residual.shape, c.out().shape);
  }
  return Activation::check(c, kPrelu, c.out());
}

namespace {
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
    window_ = window_of(c.attrs, x, {filter_.height, filter_.width});
    channels_ = x[3];
    pixels_ = window_.y.out * window_.x.out;
    parts_ = threads();
    // A few blocks for each thread.
    const int32_t share = parts_ == 1 ? pixels_ : pixels_ / (parts_ * 4) + 1;
    block_ = std::clamp(kBlockFloats / std::max(layout_k(), 1), 1, kMostTiles) * kTileRows;
    block_ = std::min(block_, share);
    places_ = places();
    // Memory in proportion to x: where few windows would share long lines, each is gathered.
    constexpr double kFree = 1 << 20;
    const double image = static_cast<double>(window_.y.in) * window_.x.in * channels_;
    if (bands() * band_floats() * parts_ > std::max(image, kFree)) places_ = 0;
    const double floats = bands() * band_floats();
    WXNN_TRY(check_bytes("what is gathered of x", floats * sizeof(float) * parts_));
    const size_t bytes = block_ * sizeof(float*) + static_cast<size_t>(floats) * sizeof(float);
    part_bytes_ = (bytes + Buffer::kAlignment - 1) / Buffer::kAlignment * Buffer::kAlignment;
    *scratch_bytes = part_bytes_ * parts_;
    return {};
  }

  Status run(const RunCtx& c) override {
    const int32_t groups = channels_ / filter_.in;
    const int32_t blocks = (pixels_ + block_ - 1) / block_;
    const int32_t all = c.in(kX).shape[0] * groups * blocks;
    const int64_t outputs = c.out().shape.elements();
    const pthreadpool_t pool = pool_for(outputs * layout_k());
    const int32_t parts = pool == nullptr ? 1 : parts_;
    share_out(pool, parts, [&](size_t part) {
      std::byte* scratch = static_cast<std::byte*>(c.scratch) + part * part_bytes_;
      const auto at = [&](size_t k) { return static_cast<int32_t>(int64_t{all} * k / parts); };
      const int32_t last = parts == 1 ? all : at(part + 1);
      for (int32_t i = parts == 1 ? 0 : at(part); i < last; ++i) {
        const int32_t image = i / blocks;
        multiply_block(c, image / groups, image % groups, i % blocks * block_, scratch);
      }
    });
    return slopes_of(c) != nullptr ? Status() : activation_.apply(c, kPrelu);
  }

 private:
  // PRelu's weights where they are one for each channel: the kernel then bends.
  const float* slopes_of(const RunCtx& c) const {
    if (!c.has(kPrelu)) return nullptr;
    const Shape& s = c.in(kPrelu).shape;
    const bool by_channel = s.rank() > 0 && s[-1] == filter_.out && s.elements() == filter_.out;
    return by_channel ? c.in(kPrelu).f32() : nullptr;
  }

  // Of x in one block: half of a small second-level cache. Of few channels a block has more rows
  // than pay for what it costs by itself, and not so many that its outputs fill the cache.
  static constexpr int32_t kBlockFloats = 1 << 12, kMostTiles = 128;  // times kTileRows

  // Outputs of group `g` of image `n`, from pixel `first` on.
  void multiply_block(const RunCtx& c, int32_t n, int32_t g, int32_t first, void* scratch) const {
    const int32_t outputs = filter_.out / (channels_ / filter_.in);
    const PanelLayout layout(layout_k(), outputs);
    const ptrdiff_t at = n * pixels_ + first;
    const int32_t channel = g * outputs;
    const ptrdiff_t image = static_cast<ptrdiff_t>(window_.y.in) * window_.x.in * channels_;
    const float* x = c.in(kX).f32() + n * image + g * filter_.in;
    const bool apart = places_ > 0;
    PanelTask t{.piece_stride = line_stride(),
                .pieces = apart ? filter_.height : 1,
                .depth = apart ? row_floats() : layout_k(),
                .m = std::min(block_, pixels_ - first),
                .c = c.out().f32() + at * filter_.out + channel,
                .c_stride = filter_.out,
                .min = activation_.min,
                .max = activation_.max};
    if (every_pixel(filter_, window_)) {
      t.a = x + static_cast<ptrdiff_t>(first) * channels_;
      t.a_stride = channels_;
    } else {
      const float** table = static_cast<const float**>(scratch);
      find_rows(x, first, t.m, table);
      t.rows = table;
    }
    if (const float* slopes = slopes_of(c)) t.slopes = slopes + channel;
    if (c.has(kResidual)) {
      t.residual_columns = c.in(kResidual).shape[3] - channel;
      t.residual_stride = c.in(kResidual).shape[3];
      t.residual = c.in(kResidual).f32() + at * t.residual_stride + channel;
    }
    layout.multiply_rows(t, packed_.data<float>() + g * layout.floats());
  }

  int32_t row_floats() const { return filter_.width * filter_.in; }
  int32_t layout_k() const { return filter_.height * row_floats(); }

  // Columns of x where a window may begin that lies there without gaps, its rows a line of x from
  // each other. All other windows are gathered.
  int32_t places() const {
    const Slide &y = window_.y, &x = window_.x;
    const bool dilated = (y.filter > 1 && y.dilation > 1) || (x.filter > 1 && x.dilation > 1);
    return dilated || channels_ > filter_.in ? 0 : std::max(x.in - x.span() + 1, 0);
  }
  // From a row of a window to its next: a line of x, of gathered windows too, as one block's are
  // all alike. Where all are gathered, their rows follow each other.
  ptrdiff_t line_stride() const {
    return places_ > 0 ? static_cast<ptrdiff_t>(window_.x.in) * channels_ : row_floats();
  }
  // Lines of x or as many floats, for the rows of one window and others beside it.
  double band_floats() const { return static_cast<double>(filter_.height) * line_stride(); }
  int32_t in_band() const { return static_cast<int32_t>(line_stride() / row_floats()); }

  static bool hangs_over(const Slide& s, int32_t at) { return at < 0 || at + s.span() > s.in; }
  static int32_t overhanging(const Slide& s) {
    int32_t n = 0;
    for (int32_t i = 0; i < s.out; ++i) n += hangs_over(s, i * s.stride - s.before);
    return n;
  }
  // Of a block, at most: one for each row of outputs whose windows hang over above or below, and
  // those of the windows that are gathered.
  int32_t bands() const {
    const int32_t rows = std::min(block_ / window_.x.out + 2, window_.y.out);
    const bool some = places_ > 0;
    const int32_t windows = some ? std::min(block_, rows * overhanging(window_.x)) : block_;
    const int32_t lines = some ? std::min(rows, overhanging(window_.y)) : 0;
    return lines + (windows + in_band() - 1) / in_band();
  }

  // Where the windows of `m` outputs begin, from output `first` on. One row of outputs after the
  // other: what is asked of each window is as little as can be.
  void find_rows(const float* image, int32_t first, int32_t m, const float** table) const {
    const Slide &y = window_.y, &x = window_.x;
    const ptrdiff_t step = static_cast<ptrdiff_t>(x.stride) * channels_;
    const ptrdiff_t line = line_stride(), band = line * filter_.height;
    float* free = reinterpret_cast<float*>(table + block_);
    float* gathered = nullptr;
    int32_t room = 0;
    int32_t oy = first / x.out, ox = first % x.out;
    for (int32_t i = 0; i < m; ox = 0, ++oy) {
      const int32_t end = std::min(m, i + x.out - ox);
      const int32_t iy = oy * y.stride - y.before;
      int32_t ix = ox * x.stride - x.before;
      const float* at = image + static_cast<ptrdiff_t>(iy) * x.in * channels_;
      if (places_ > 0 && hangs_over(y, iy)) {
        gather(image, iy, 0, x.in, free, line);
        at = free;
        free += band;
      }
      at += static_cast<ptrdiff_t>(ix) * channels_;
      for (; i < end; ++i, ix += x.stride, at += step) {
        const uint32_t places = places_;
        for (; i < end && static_cast<uint32_t>(ix) < places; ++i, ix += x.stride, at += step)
          table[i] = at;
        if (i == end) break;
        if (room-- == 0) {
          gathered = free;
          free += band;
          room = in_band() - 1;
        }
        gather(image, iy, ix, filter_.width, gathered, line);
        table[i] = gathered;
        gathered += row_floats();
      }
    }
  }

  // The rows of windows from pixel (iy, ix) on, `width` pixels each, to lines of `stride` floats;
  // zeros where they lie outside.
  void gather(const float* image, int32_t iy, int32_t ix, int32_t width, float* to,
              ptrdiff_t stride) const {
    const Slide& x = window_.x;
    const int32_t pixel = filter_.in;
    for (int32_t ky = 0; ky < filter_.height; ++ky, iy += window_.y.dilation, to += stride) {
      const bool inside = iy >= 0 && iy < window_.y.in;
      const float* line = image + static_cast<ptrdiff_t>(iy) * x.in * channels_;
      float* end = to;
      for (int32_t kx = 0, n, at = ix; kx < width;
           kx += n, at += n * x.dilation, end += n * pixel) {
        const bool there = inside && at >= 0 && at < x.in;
        n = there && places_ > 0 ? std::min(width - kx, x.in - at) : 1;
        if (there) {
          std::copy_n(line + static_cast<ptrdiff_t>(at) * channels_, n * pixel, end);
        } else {
          std::fill_n(end, pixel, 0.0f);
        }
      }
    }
  }

  Status pack(const InferCtx& c) {
    filter_ = filter_of(c.attrs, c.in(kFilter).shape);
    activation_ = Activation(c.attrs);
    const int32_t groups = c.in(kX).shape[3] / filter_.in;
    const int32_t k = layout_k(), outputs = filter_.out / groups;
    const PanelLayout layout(k, outputs);
    WXNN_TRY(packed_.allocate(layout.floats() * groups * sizeof(float)));
    const bool hwio = c.attrs.is("filterFormat", "HWIO");
    MatrixView view{c.in(kFilter).f32(), k, outputs, hwio ? filter_.out : 1, hwio ? 1 : k};
    for (int32_t g = 0; g < groups; ++g, view.data += outputs * view.column_stride) {
      const float* bias = c.has(kBias) ? c.in(kBias).f32() + g * outputs : nullptr;
      layout.pack_all(view, bias, packed_.data<float>() + g * layout.floats());
    }
    return {};
  }

  Filter filter_{};
  Window window_;
  Activation activation_;
  Buffer packed_;  // group after group
  int32_t channels_ = 0;
  int32_t block_ = 0;   // pixels whose windows are multiplied at once
  int32_t pixels_ = 0;  // of an output
  int32_t places_ = 0;
  int parts_ = 1;          // threads that there is scratch for
  size_t part_bytes_ = 0;  // of it for each: the table of the windows' places, and bands
};
}  // namespace

extern constinit const Op kConv2D = {.name = "Conv2D",
                                     .inputs = kConv2DPorts,
                                     .attrs = kConv2DAttrs,
                                     .infer = infer_conv2d,
                                     .create = Conv2D::create};

extern constinit const Op kFusedConv2D = {.name = "FusedConv2D",
                                          .inputs = kConv2DPorts,
                                          .attrs = kConv2DAttrs,
                                          .infer = infer_conv2d,
                                          .create = Conv2D::create};

}  // namespace wxnn
