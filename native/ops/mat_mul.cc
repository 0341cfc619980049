// BatchMatMul, whose two operands may both come from the graph, and _FusedMatMul, whose b is packed
// once where it is a constant and which adds bias and activation.
#include <cstring>

#include "core/buffer.h"
#include "kernels/mat_mul.h"
#include "ops/activation.h"
#include "ops/conv_shape.h"

namespace wxnn {

namespace {
enum Input { kA, kB, kBias, kPrelu };

// One product of matrices [m,k] [k,n]; transposing is told apart.
struct Sides {
  int32_t m, k, n, rows_of_b;
  bool transpose_a, transpose_b;
};

Sides sides_of(const Attrs& attrs, const Shape& a, const Shape& b) {
  const bool ta = attrs.b("transposeA"), tb = attrs.b("transposeB");
  return {ta ? a[-1] : a[-2], ta ? a[-2] : a[-1], tb ? b[-2] : b[-1], tb ? b[-1] : b[-2], ta, tb};
}

Shape batch_of(const Shape& s) { return Shape(s.dims().first(s.rank() - 2)); }

Status infer_product(InferCtx& c) {
  const TensorType& a = c.in(kA);
  const TensorType& b = c.in(kB);
  WXNN_CHECK(a.shape.rank() >= 2 && b.shape.rank() >= 2, "a {} and b {} should be matrices",
             a.shape, b.shape);
  WXNN_CHECK(a.dtype == b.dtype, "a is {}, b is {}", name_of(a.dtype), name_of(b.dtype));
  const Sides s = sides_of(c.attrs, a.shape, b.shape);
  WXNN_CHECK(s.k == s.rows_of_b, "a {}{} has {} columns, b {}{} has {} rows", a.shape,
             s.transpose_a ? " transposed" : "", s.k, b.shape, s.transpose_b ? " transposed" : "",
             s.rows_of_b);
  // Packing rounds n up to whole panels, which a single long column feels.
  WXNN_TRY(check_bytes("a packed b", (s.k + 1.0) * (s.n + 16.0) * sizeof(float) *
                                         static_cast<double>(batch_of(b.shape).elements())));
  Shape y = broadcast(batch_of(a.shape), batch_of(b.shape));
  WXNN_CHECK(!y.is_unknown(), "batches of a {} and b {} do not broadcast", a.shape, b.shape);
  y.push_back(s.m);
  y.push_back(s.n);
  c.out() = {a.dtype, y};
  return {};
}

Status infer_batch_mat_mul(InferCtx& c) {
  WXNN_TRY(infer_product(c));
  const DType dtype = c.out().dtype;
  WXNN_CHECK(dtype == DType::kFloat32 || dtype == DType::kInt32,
             "a and b are {}, should be float32 or int32", name_of(dtype));
  return {};
}

Status infer_fused_mat_mul(InferCtx& c) {
  WXNN_TRY(infer_product(c));
  const bool plain = !c.has(kBias) && c.attrs.text("activation") == "linear";
  WXNN_CHECK(c.out().dtype == DType::kFloat32 || (c.out().dtype == DType::kInt32 && plain),
             "a and b are {}, should be float32{}", name_of(c.out().dtype),
             plain ? " or int32" : "");
  WXNN_CHECK(c.in(kB).shape.elements() > 0, "b {} is empty", c.in(kB).shape);
  WXNN_TRY(check_bias(c, kBias, c.out().shape[-1]));
  return Activation::check(c, kPrelu, c.out());
}

// The matrix of batch `in` (broadcast to `out`) that belongs to item `i` of `out`.
int32_t item_of(const Shape& in, const Shape& out, int32_t i) {
  int32_t item = 0, step = 1;
  for (int d = 1; d <= in.rank(); ++d) {
    const int32_t at = i % out[-d];
    i /= out[-d];
    if (in[-d] != 1) item += at * step;
    step *= in[-d];
  }
  return item;
}

// In wrapping arithmetic, as TensorFlow's. Not vectorised on purpose: rare.
void multiply_int32(const MatrixView& a, const MatrixView& b, const int32_t* a_data,
                    const int32_t* b_data, int32_t* y) {
  for (int32_t i = 0; i < a.k; ++i) {
    for (int32_t j = 0; j < b.n; ++j) {
      uint32_t sum = 0;
      for (int32_t k = 0; k < b.k; ++k) {
        sum += static_cast<uint32_t>(a_data[i * a.row_stride + k * a.column_stride]) *
               static_cast<uint32_t>(b_data[k * b.row_stride + j * b.column_stride]);
      }
      *y++ = static_cast<int32_t>(sum);
    }
  }
}

class MatMul final : public Kernel {
 public:
  // Packs the matrices of b: only what the constant, or this run's value, is.
  static Status create_packed(const InferCtx& c, std::unique_ptr<Kernel>* kernel) {
    auto made = std::make_unique<MatMul>();
    made->activation_ = Activation(c.attrs);
    WXNN_TRY(made->pack(c));
    *kernel = std::move(made);
    return {};
  }
  static Status create_unpacked(const InferCtx&, std::unique_ptr<Kernel>* kernel) {
    *kernel = std::make_unique<MatMul>();
    return {};
  }

  Status reshape(const InferCtx& c, size_t* scratch_bytes) override {
    const Shape& a = c.in(kA).shape;
    const Shape& b = c.in(kB).shape;
    sides_ = sides_of(c.attrs, a, b);
    batch_a_ = batch_of(a);
    batch_b_ = batch_of(b);
    batch_ = broadcast(batch_a_, batch_b_);
    items_ = c.out().shape.elements() == 0 ? 0 : batch_.elements();
    if (items_ == 0) return {};
    if (batch_b_.elements() == 1 && !sides_.transpose_a) {  // one tall product
      sides_.m *= items_;
      items_ = 1;
    }
    layout_ = PanelLayout(sides_.k, sides_.n);
    size_t floats = packed_ ? 0 : layout_.panel_floats();
    if (sides_.transpose_a) floats += static_cast<size_t>(sides_.m) * sides_.k;
    *scratch_bytes = floats * sizeof(float);
    return {};
  }

  Status run(const RunCtx& c) override {
    const Sides& s = sides_;
    const size_t a_size = static_cast<size_t>(s.m) * s.k, b_size = static_cast<size_t>(s.k) * s.n;
    const size_t y_size = static_cast<size_t>(s.m) * s.n;
    for (int32_t i = 0; i < items_; ++i) {
      const size_t a = a_size * item_of(batch_a_, batch_, i);
      const size_t b = b_size * item_of(batch_b_, batch_, i);
      const MatrixView a_view = view(c.in(kA).f32() + a, s.m, s.k, s.transpose_a);
      MatrixView b_view = view(nullptr, s.k, s.n, s.transpose_b);
      if (c.out().dtype == DType::kInt32) {
        const int32_t* b_data = packed_ ? packed_.data<int32_t>() : c.in(kB).i32();
        multiply_int32(a_view, b_view, c.in(kA).i32() + a, b_data + b, c.out().i32() + y_size * i);
        continue;
      }
      float* scratch = static_cast<float*>(c.scratch);
      PanelLayout::Product p{a_view.data, s.m, c.out().f32() + y_size * i, activation_.min,
                             activation_.max};
      if (s.transpose_a) {
        p.a = transpose(a_view, scratch);
        scratch += a_size;
      }
      if (packed_) {
        layout_.multiply_all(
            p, packed_.data<float>() + layout_.floats() * item_of(batch_b_, batch_, i));
        continue;
      }
      b_view.data = c.in(kB).f32() + b;
      for (int32_t panel = 0; panel < layout_.panels(); ++panel) {
        layout_.pack(b_view, nullptr, panel, scratch);
        layout_.multiply(p, panel, scratch);
      }
    }
    return activation_.apply(c, kPrelu);
  }

 private:
  static MatrixView view(const float* data, int32_t rows, int32_t columns, bool transposed) {
    return transposed ? MatrixView{data, rows, columns, 1, rows}
                      : MatrixView{data, rows, columns, columns, 1};
  }

  static const float* transpose(const MatrixView& a, float* to) {
    for (int32_t i = 0; i < a.k; ++i) {
      for (int32_t j = 0; j < a.n; ++j) {
        to[static_cast<size_t>(i) * a.n + j] = a.data[i * a.row_stride + j * a.column_stride];
      }
    }
    return to;
  }

  Status pack(const InferCtx& c) {
    const Shape& b = c.in(kB).shape;
    if (c.in(kB).dtype == DType::kInt32) {
      WXNN_TRY(packed_.allocate(c.in(kB).bytes()));
      std::memcpy(packed_.data(), c.in(kB).data, c.in(kB).bytes());
      return {};
    }
    const Sides s = sides_of(c.attrs, c.in(kA).shape, b);
    const PanelLayout layout(s.k, s.n);
    const int32_t items = batch_of(b).elements();
    WXNN_TRY(packed_.allocate(layout.floats() * items * sizeof(float)));
    const float* bias = c.has(kBias) ? c.in(kBias).f32() : nullptr;
    for (int32_t i = 0; i < items; ++i) {
      const float* data = c.in(kB).f32() + static_cast<size_t>(i) * s.k * s.n;
      layout.pack_all(view(data, s.k, s.n, s.transpose_b), bias,
                      packed_.data<float>() + layout.floats() * i);
    }
    return {};
  }

  Sides sides_{};
  Shape batch_a_, batch_b_, batch_;
  int32_t items_ = 0;
  PanelLayout layout_;
  Buffer packed_;
  Activation activation_;
};
}  // namespace

extern constinit const Op kBatchMatMul = {
    .name = "BatchMatMul",
    .inputs = {{"a"}, {"b"}},
    .attrs = {{"transposeA", AttrKind::kNumber, 0.0}, {"transposeB", AttrKind::kNumber, 0.0}},
    .infer = infer_batch_mat_mul,
    .create = MatMul::create_unpacked};

extern constinit const Op kFusedMatMul = {.name = "_FusedMatMul",
                                          .inputs = {{"a"},
                                                     {"b", kPacked},
                                                     {"bias", kPacked | kOptional},
                                                     {"preluActivationWeights", kOptional}},
                                          .attrs = {{"transposeA", AttrKind::kNumber, 0.0},
                                                    {"transposeB", AttrKind::kNumber, 0.0},
                                                    WXNN_ACTIVATION_ATTRS},
                                          .infer = infer_fused_mat_mul,
                                          .create = MatMul::create_packed};

}  // namespace wxnn
