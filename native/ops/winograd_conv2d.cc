// WinogradConv2D: Conv2D with a 3x3 filter, strides and dilations of 1, in 4/9 of the products
// (kernels/winograd.h), with bias and activation. passes/use_winograd.cc makes it of convolutions
// whose filter is constant.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>

#include "core/buffer.h"
#include "core/threads.h"
#include "kernels/mat_mul.h"
#include "kernels/rows.h"
#include "kernels/winograd.h"
#include "ops/conv2d.h"

namespace wxnn {

namespace {
Status infer_winograd(InferCtx& c) {
  WXNN_TRY(infer_conv2d(c));
  const Filter f = filter_of(c.attrs, c.in(kFilter).shape);
  const Window w = window_of(c.attrs, c.in(kX).shape, {f.height, f.width});
  WXNN_CHECK(f.height == 3 && f.width == 3 && f.in == c.in(kX).shape[3],
             "filter {} should be 3x3 and see all channels of x {}", c.in(kFilter).shape,
             c.in(kX).shape);
  WXNN_CHECK(w.y.stride * w.x.stride == 1 && w.y.dilation * w.x.dilation == 1,
             "strides and dilations should be 1");
  return {};
}

class WinogradConv2D final : public Kernel {
 public:
  static Status create(const InferCtx& c, std::unique_ptr<Kernel>* kernel) {
    auto made = std::make_unique<WinogradConv2D>();
    WXNN_TRY(made->pack(c));
    *kernel = std::move(made);
    return {};
  }

  Status reshape(const InferCtx& c, size_t* scratch_bytes) override {
    window_ = window_of(c.attrs, c.in(kX).shape, {3, 3});
    columns_ = (window_.x.out + kWinogradTile - 1) / kWinogradTile;
    tiles_ = static_cast<int64_t>((window_.y.out + kWinogradTile - 1) / kWinogradTile) * columns_;
    work_ = c.in(kX).shape[0] * tiles_ * kWinogradProducts * in_ * out_;
    parts_ = threads();
    const int64_t share = parts_ == 1 ? tiles_ : tiles_ / (parts_ * 4) + 1;
    block_ = std::clamp(kBlockFloats / in_, 2, 8) * kTileRows;
    block_ = static_cast<int32_t>(std::min<int64_t>(block_, share));
    *scratch_bytes = part_floats() * sizeof(float) * parts_;
    return {};
  }

  Status run(const RunCtx& c) override {
    const int64_t blocks = (tiles_ + block_ - 1) / block_;
    const int64_t all = c.in(kX).shape[0] * blocks;
    const pthreadpool_t pool = pool_for(work_);
    const int64_t parts = pool == nullptr ? 1 : parts_;
    share_out(pool, parts, [&](size_t part) {
      float* scratch = static_cast<float*>(c.scratch) + part * part_floats();
      const int64_t last = all * (part + 1) / parts;
      for (int64_t i = all * part / parts; i < last; ++i)
        convolve_block(c, i / blocks, i % blocks * block_, scratch);
    });
    return activation_.apply(c, kPrelu);
  }

 private:
  // Of one entry of the transformed patches of a block, over kTileRows: what stays in a first-level
  // cache while the panels of its matrix pass.
  static constexpr int32_t kBlockFloats = 1 << 10;
  // Entries of one block lie an odd number of cache lines apart; the last vector ends in between.
  static constexpr int32_t kSkew = 16;

  ptrdiff_t patch_stride() const { return static_cast<ptrdiff_t>(block_) * in_ + kSkew; }
  ptrdiff_t sum_stride() const { return static_cast<ptrdiff_t>(block_) * out_ + kSkew; }
  ptrdiff_t tile_pixel() const { return (out_ + 3) & ~3; }
  // Transformed patches, their products, one patch and one tile.
  size_t part_floats() const {
    const size_t floats = kWinogradProducts * (patch_stride() + sum_stride() + tile_pixel() + in_);
    constexpr size_t kLine = Buffer::kAlignment / sizeof(float);
    return (floats + kLine - 1) / kLine * kLine;
  }

  struct Place {
    int32_t y, x;
  };
  // The first output of a tile.
  Place place_of(int64_t tile) const {
    return {static_cast<int32_t>(tile / columns_) * kWinogradTile,
            static_cast<int32_t>(tile % columns_) * kWinogradTile};
  }

  void convolve_block(const RunCtx& c, int64_t n, int64_t first, float* scratch) const {
    const int32_t count = static_cast<int32_t>(std::min<int64_t>(block_, tiles_ - first));
    float* patches = scratch;
    float* sums = patches + kWinogradProducts * patch_stride();
    float* spare = sums + kWinogradProducts * sum_stride();
    const ptrdiff_t image = static_cast<ptrdiff_t>(window_.y.in) * window_.x.in * in_;
    for (int32_t i = 0; i < count; ++i)
      transform_patch(c.in(kX).f32() + n * image, place_of(first + i), spare, patches + i * in_);
    const PanelLayout layout(in_, out_);
    PanelTask t{.a_stride = in_,
                .depth = in_,
                .m = count,
                .c_stride = out_,
                .min = -std::numeric_limits<float>::infinity(),
                .max = std::numeric_limits<float>::infinity()};
    for (int e = 0; e < kWinogradProducts; ++e) {
      t.a = patches + e * patch_stride();
      t.c = sums + e * sum_stride();
      layout.multiply_rows(t, packed_.data<float>() + e * layout.floats());
    }
    for (int32_t i = 0; i < count; ++i)
      finish_tile(c, n, place_of(first + i), sums + i * out_, spare);
  }

  // `image` at the outputs from `at` on; what lies outside of it counts as zeros.
  void transform_patch(const float* image, Place at, float* gathered, float* to) const {
    const Slide &y = window_.y, &x = window_.x;
    const int32_t iy = at.y - y.before, ix = at.x - x.before;
    const bool inside =
        iy >= 0 && ix >= 0 && iy + kWinogradPatch <= y.in && ix + kWinogradPatch <= x.in;
    const ptrdiff_t line = static_cast<ptrdiff_t>(x.in) * in_;
    const float* patch = gathered;
    if (inside) {
      patch = image + iy * line + ix * in_;
    } else {
      float* pixel = gathered;
      for (int i = iy; i < iy + kWinogradPatch; ++i)
        for (int j = ix; j < ix + kWinogradPatch; ++j, pixel += in_) {
          if (i < 0 || j < 0 || i >= y.in || j >= x.in)
            std::memset(pixel, 0, in_ * sizeof(float));
          else
            std::memcpy(pixel, image + i * line + j * in_, in_ * sizeof(float));
        }
    }
    replaceable(winograd_patch)(patch, inside ? line : kWinogradPatch * in_, in_, to,
                                patch_stride());
  }

  void finish_tile(const RunCtx& c, int64_t n, Place at, const float* sums, float* tile) const {
    replaceable(winograd_tile)(sums, sum_stride(), out_, tile, tile_pixel());
    replaceable(clamp_row)(tile, kWinogradTile * kWinogradTile * tile_pixel(), activation_.min,
                           activation_.max);
    for (int i = 0; i < kWinogradTile * kWinogradTile; ++i, tile += tile_pixel()) {
      const int32_t y = at.y + i / kWinogradTile, x = at.x + i % kWinogradTile;
      if (y >= window_.y.out || x >= window_.x.out) continue;
      const ptrdiff_t pixel = (n * window_.y.out + y) * window_.x.out + x;
      std::memcpy(c.out().f32() + pixel * out_, tile, out_ * sizeof(float));
    }
  }

  // One matrix [in][out] for each entry of the transformed filter. A bias stands with the entry
  // that all four outputs take once.
  Status pack(const InferCtx& c) {
    activation_ = Activation(c.attrs);
    const Filter f = filter_of(c.attrs, c.in(kFilter).shape);
    in_ = f.in, out_ = f.out;
    const PanelLayout layout(in_, out_);
    WXNN_TRY(packed_.allocate(layout.floats() * kWinogradProducts * sizeof(float)));
    Buffer matrix;
    WXNN_TRY(matrix.allocate(static_cast<size_t>(in_) * out_ * sizeof(float)));
    const bool hwio = c.attrs.is("filterFormat", "HWIO");
    const ptrdiff_t tap = hwio ? static_cast<ptrdiff_t>(in_) * out_ : in_;
    const ptrdiff_t row = hwio ? out_ : 1, column = hwio ? 1 : 9 * in_;
    constexpr int kForAll = kWinogradPatch + 1;
    for (int e = 0; e < kWinogradProducts; ++e) {
      float* to = matrix.data<float>();
      for (int32_t i = 0; i < in_; ++i)
        for (int32_t o = 0; o < out_; ++o)
          *to++ = winograd_filter(c.in(kFilter).f32() + i * row + o * column, tap, e);
      const float* bias = e == kForAll && c.has(kBias) ? c.in(kBias).f32() : nullptr;
      layout.pack_all({matrix.data<float>(), in_, out_, out_, 1}, bias,
                      packed_.data<float>() + e * layout.floats());
    }
    return {};
  }

  Window window_;
  Activation activation_;
  Buffer packed_;
  int32_t in_ = 0, out_ = 0;  // channels
  int32_t columns_ = 0;       // of tiles
  int32_t block_ = 0;         // tiles that are multiplied at once
  int64_t tiles_ = 0;         // of an image
  int64_t work_ = 0;          // multiply-adds
  int parts_ = 1;             // threads that there is scratch for
};

constexpr std::initializer_list<Port> kPorts = {{"x"},
                                                {"filter", kPacked},
                                                {"bias", kPacked | kOptional},
                                                {"preluActivationWeights", kOptional}};
}  // namespace

extern constinit const Op kWinogradConv2D = {.name = "WinogradConv2D",
                                             .inputs = kPorts,
                                             .attrs = kConv2DAttrs,
                                             .infer = infer_winograd,
                                             .create = WinogradConv2D::create};

}  // namespace wxnn
