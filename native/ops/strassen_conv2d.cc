// StrassenConv2D: Conv2D with a 1x1 filter and strides of 1, in 7/8 or 49/64 of the products
// (kernels/strassen.h) with `levels` 1 or 2, with bias, activation and residual.
// passes/use_strassen.cc makes it of convolutions whose filter is constant.
#include <algorithm>
#include <limits>

#include "core/buffer.h"
#include "core/threads.h"
#include "kernels/mat_mul.h"
#include "kernels/rows.h"
#include "kernels/strassen.h"
#include "ops/conv2d.h"

namespace wxnn {

namespace {
constexpr float kInfinity = std::numeric_limits<float>::infinity();

Status infer_strassen(InferCtx& c) {
  WXNN_TRY(infer_conv2d(c));
  const Shape &x = c.in(kX).shape, &y = c.out().shape;
  const Filter f = filter_of(c.attrs, c.in(kFilter).shape);
  const Window w = window_of(c.attrs, x, {f.height, f.width});
  const int32_t levels = c.attrs.i("levels");
  const bool whole = f.in == x[3] && every_pixel(f, w) && (levels == 1 || levels == 2) &&
                     (f.in | f.out) % (4 << levels) == 0 &&
                     (!c.has(kResidual) || c.in(kResidual).shape == y);
  WXNN_CHECK(whole, "{} levels of halves do not fit x {} and filter {}", levels, x,
             c.in(kFilter).shape);
  return {};
}

// Rows of floats; behind the last comes the last again.
struct Rows {
  const float* data;
  ptrdiff_t stride, last;
  const float* at(int32_t i) const { return data + std::min(i * stride, last); }
};

class StrassenConv2D final : public Kernel {
 public:
  static Status create(const InferCtx& c, std::unique_ptr<Kernel>* kernel) {
    auto made = std::make_unique<StrassenConv2D>();
    WXNN_TRY(made->pack(c));
    *kernel = std::move(made);
    return {};
  }

  Status reshape(const InferCtx& c, size_t* scratch_bytes) override {
    pixels_ = c.in(kX).shape.elements() / in_;
    parts_ = threads();
    const int64_t most = std::max(kBlockFloats / std::max(in_, out_), 64);
    const int64_t blocks = (pixels_ + most - 1) / most * (parts_ == 1 ? 1 : 4);
    const int64_t share = pixels_ / std::max<int64_t>(blocks, 1) + 1;
    block_ = static_cast<int32_t>((share + 3) / 4 * 4);
    *scratch_bytes = part_floats() * sizeof(float) * parts_;
    return {};
  }

  Status run(const RunCtx& c) override {
    const int64_t blocks = (pixels_ + block_ - 1) / block_;
    const pthreadpool_t pool = pool_for(pixels_ * in_ * out_);
    const int64_t parts = pool == nullptr ? 1 : parts_;
    share_out(pool, parts, [&](size_t part) {
      float* scratch = static_cast<float*>(c.scratch) + part * part_floats();
      const int64_t last = blocks * (part + 1) / parts;
      for (int64_t i = blocks * part / parts; i < last; ++i) {
        const int64_t first = i * block_;
        const int32_t m = static_cast<int32_t>(std::min<int64_t>(block_, pixels_ - first));
        const Rows a{c.in(kX).f32() + first * in_, in_, static_cast<ptrdiff_t>(m - 1) * in_};
        const float* packed = packed_.data<float>();
        const float* residual = c.has(kResidual) ? c.in(kResidual).f32() + first * out_ : nullptr;
        multiply(0, a, m, packed, c.out().f32() + first * out_, residual, scratch);
      }
    });
    return activation_.apply(c, kPrelu);
  }

 private:
  static constexpr int32_t kBlockFloats = 1 << 17;
  // Sums and products of one kind lie an odd number of cache lines apart.
  static constexpr int32_t kSkew = 16;

  // What level `level` writes of `m` rows: left factors, products.
  ptrdiff_t sum_stride(int32_t level, int32_t m) const {
    return static_cast<ptrdiff_t>((m + 1) / 2) * (in_ >> (level + 1)) + kSkew;
  }
  ptrdiff_t product_stride(int32_t level, int32_t m) const {
    return static_cast<ptrdiff_t>((m + 1) / 2) * (out_ >> (level + 1)) + kSkew;
  }
  // Where x is scaled, P2 and P3 have factors of their own as well.
  static int32_t sums(int32_t level) { return level == 0 ? kStrassenProducts : kStrassenSums; }
  size_t part_floats() const {
    size_t floats = block_ * (sizeof(std::uintptr_t) / sizeof(float)) + out_;
    for (int32_t level = 0, m = block_; level < levels_; ++level, m = (m + 1) / 2)
      floats += sums(level) * sum_stride(level, m) + kStrassenProducts * product_stride(level, m);
    constexpr size_t kLine = Buffer::kAlignment / sizeof(float);
    return (floats + kLine - 1) / kLine * kLine;
  }

  // c = a b, whose packed factors `b` moves along.
  void multiply(int32_t level, const Rows& a, int32_t m, const float*& b, float* c,
                const float* residual, float* scratch) const {
    if (level == levels_) {
      const PanelLayout layout(in_ >> level, out_ >> level);
      const auto table = reinterpret_cast<const float**>(scratch);
      for (int32_t i = 0; i < m; ++i) table[i] = a.at(i);
      layout.multiply_rows({.rows = table,
                            .depth = in_ >> level,
                            .m = m,
                            .c = c,
                            .c_stride = out_ >> level,
                            .min = -kInfinity,
                            .max = kInfinity},
                           b);
      b += layout.floats();
      return;
    }
    const int32_t k = in_ >> (level + 1), n = out_ >> (level + 1), half = (m + 1) / 2;
    const ptrdiff_t sum = sum_stride(level, m), product = product_stride(level, m);
    float* products = scratch + sums(level) * sum;
    float* rest = products + kStrassenProducts * product;
    const float* of_channels = level == 0 ? row_factors_.data<float>() : nullptr;
    for (int32_t i = 0; i < half; ++i)
      replaceable(strassen_sums)(a.at(2 * i), a.at(2 * i + 1), of_channels, k, scratch + i * k,
                                 sum);
    const auto rows = [&](int i) {
      return Rows{scratch + i * sum, k, static_cast<ptrdiff_t>(half - 1) * k};
    };
    Rows factors[kStrassenProducts] = {rows(0), rows(1), rows(5), rows(6),
                                       rows(2), rows(3), rows(4)};
    if (level > 0) {
      factors[2] = {a.data, 2 * a.stride, a.last};
      factors[3] = {a.data + a.stride + k, 2 * a.stride, a.last - a.stride};
    }
    for (int i = 0; i < kStrassenProducts; ++i)
      multiply(level + 1, factors[i], half, b, products + i * product, nullptr, rest);
    // The clamp follows the residual.
    StrassenEnd end{column_factors_.data<float>(), activation_.min, activation_.max};
    if (residual != nullptr) end.min = -kInfinity, end.max = kInfinity;
    for (int32_t i = 0; i < half; ++i, c += 4 * n) {
      const bool odd = 2 * i + 1 == m;
      replaceable(strassen_rows)(products + i * n, product, n, level == 0 ? &end : nullptr, c,
                                 odd ? rest : c + 2 * n);
      if (residual == nullptr) continue;
      const int32_t outputs = (odd ? 2 : 4) * n;
      replaceable(add_row)(c, residual + static_cast<ptrdiff_t>(i) * 4 * n, outputs);
      if (clamps_) replaceable(clamp_row)(c, outputs, activation_.min, activation_.max);
    }
  }

  Status pack(const InferCtx& c) {
    activation_ = Activation(c.attrs);
    clamps_ = activation_.min > -kInfinity || activation_.max < kInfinity;
    levels_ = c.attrs.i("levels");
    const Filter f = filter_of(c.attrs, c.in(kFilter).shape);
    in_ = f.in, out_ = f.out;
    size_t products = 1;
    for (int32_t i = 0; i < levels_; ++i) products *= kStrassenProducts;
    const size_t floats = PanelLayout(in_ >> levels_, out_ >> levels_).floats();
    WXNN_TRY(packed_.allocate(products * floats * sizeof(float)));
    const bool hwio = c.attrs.is("filterFormat", "HWIO");
    const ptrdiff_t row = hwio ? out_ : 1, column = hwio ? 1 : in_;
    // A quarter, a quarter of a quarter, and the bias.
    const size_t all = static_cast<size_t>(in_) * out_;
    Buffer sums;
    WXNN_TRY(sums.allocate((all / 3 + out_) * sizeof(float)));
    WXNN_TRY(row_factors_.allocate(in_ * sizeof(float)));
    WXNN_TRY(column_factors_.allocate(out_ * sizeof(float)));
    float *rows = row_factors_.data<float>(), *columns = column_factors_.data<float>();
    const float* b = c.in(kFilter).f32();
    if (hwio)
      strassen_factors(b, in_, out_, true, rows, columns);
    else
      strassen_factors(b, out_, in_, false, columns, rows);
    float* bias = sums.data<float>() + all / 3;
    for (int32_t j = 0; j < out_; ++j)
      bias[j] = c.has(kBias) ? c.in(kBias).f32()[j] * columns[j] : 0;
    float* to = packed_.data<float>();
    pack_factors(levels_, {b, in_, out_, row, column}, {rows, columns}, bias, sums.data<float>(),
                 to);
    for (int32_t k = 0; k < in_; ++k) rows[k] = 1 / rows[k];
    for (int32_t j = 0; j < out_; ++j) columns[j] = 1 / columns[j];
    return {};
  }

  // What rows and columns of b are multiplied by; null: nothing.
  struct Factors {
    const float *rows, *columns;
  };

  // The right factors of b, deepest level side by side. P2 and P3 are in outputs of one half each
  // of the columns, with no sign: they bring the bias.
  static void pack_factors(int32_t levels, const MatrixView& b, Factors factors, const float* bias,
                           float* sums, float*& to) {
    const PanelLayout layout(b.k, b.n);
    if (levels == 0) {
      layout.pack_all(b, bias, to);
      to += layout.floats();
      return;
    }
    // Quarters: 0 is b11, 1 b12, 2 b21, 3 b22; a sign of 0 is no second quarter.
    struct Sum {
      int8_t first, second, sign;
    };
    static constexpr Sum kSums[kStrassenProducts] = {{0, 3, 1}, {0, 0, 0}, {1, 3, -1}, {2, 0, -1},
                                                     {3, 3, 0}, {0, 1, 1}, {2, 3, 1}};
    const int32_t k = b.k / 2, n = b.n / 2;
    const bool by_rows = b.column_stride == 1;  // else columns have no gaps
    const int32_t lines = by_rows ? k : n, length = by_rows ? n : k;
    const ptrdiff_t stride = by_rows ? b.row_stride : b.column_stride;
    struct Quarter {
      const float *data, *of_lines, *of_places;
    };
    const auto quarter = [&](int q) -> Quarter {
      const int32_t row = q / 2 * k, column = q % 2 * n;
      const float* data = b.data + row * b.row_stride + column * b.column_stride;
      if (factors.rows == nullptr) return {data, nullptr, nullptr};
      const float *rows = factors.rows + row, *columns = factors.columns + column;
      return {data, by_rows ? rows : columns, by_rows ? columns : rows};
    };
    for (int i = 0; i < kStrassenProducts; ++i) {
      const Quarter x = quarter(kSums[i].first), y = quarter(kSums[i].second);
      const float sign = kSums[i].sign;
      float* sum_row = sums;
      for (int32_t r = 0; r < lines; ++r, sum_row += length) {
        const float *one = x.data + r * stride, *other = y.data + r * stride;
        if (factors.rows == nullptr) {
          replaceable(wxnn::sum_row)(sum_row, one, other, sign, length);
        } else {
          const float of_one = x.of_lines[r], of_other = sign * y.of_lines[r];
          for (int32_t j = 0; j < length; ++j)
            sum_row[j] =
                one[j] * (of_one * x.of_places[j]) + other[j] * (of_other * y.of_places[j]);
        }
      }
      const MatrixView sum{sums, k, n, by_rows ? n : 1, by_rows ? 1 : k};
      const float* part = bias == nullptr ? nullptr : i == 2 ? bias + n : i == 3 ? bias : nullptr;
      pack_factors(levels - 1, sum, {}, part, sums + static_cast<ptrdiff_t>(k) * n, to);
    }
  }

  Activation activation_;
  bool clamps_ = false;
  Buffer packed_;
  Buffer row_factors_, column_factors_;  // of x and of the output, kernels/strassen.h
  int32_t in_ = 0, out_ = 0;             // channels
  int32_t levels_ = 1;
  int32_t block_ = 0;   // pixels that are multiplied at once
  int64_t pixels_ = 0;  // of all images
  int parts_ = 1;       // threads that there is scratch for
};

constexpr std::initializer_list<AttrSpec> kAttrs = {WXNN_WINDOW_ATTRS,
                                                    WXNN_ACTIVATION_ATTRS,
                                                    {"filterFormat", AttrKind::kText, "HWIO"},
                                                    {"levels", AttrKind::kNumber, 1.0}};
}  // namespace

extern constinit const Op kStrassenConv2D = {.name = "StrassenConv2D",
                                             .inputs = kConv2DPorts,
                                             .attrs = kAttrs,
                                             .infer = infer_strassen,
                                             .create = StrassenConv2D::create};

}  // namespace wxnn
