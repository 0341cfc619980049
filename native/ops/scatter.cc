// ScatterNd, TensorScatterUpdate and its kin, SparseToDense: values written to the places that
// indices name, in the order in which they stand. A bad index is the run's refusal.
#include <cstring>

#include "core/elementwise.h"
#include "ops/arguments.h"

namespace wxnn {
namespace {

// n elements of y become what they and as many updates give.
using Combine = void (*)(void* y, const void* updates, size_t n);

template <class T, auto f>
void combine(void* y, const void* updates, size_t n) {
  T* to = static_cast<T*>(y);
  const T* from = static_cast<const T*>(updates);
  for (size_t i = 0; i < n; ++i) to[i] = static_cast<T>(f(to[i], from[i]));
}

constexpr auto kPlus = [](auto a, auto b) { return a + b; };
constexpr auto kMinus = [](auto a, auto b) { return a - b; };
constexpr auto kLower = [](auto a, auto b) { return b < a || b != b ? b : a; };
constexpr auto kHigher = [](auto a, auto b) { return b > a || b != b ? b : a; };
constexpr auto kEither = [](auto a, auto b) { return (a | b) != 0; };

template <auto f, class Int = int32_t>
Combine combine_as(DType dtype) {
  return dtype == DType::kFloat32 ? combine<float, f> : combine<Int, f>;
}

// Indices [rows..., depth], each row the address of a slice of y.
struct Places {
  int depth = 1;
  int32_t rows = 1;
  int32_t slice = 1;  // elements
};

[[clang::minsize]] Status read_places(const Tensor& indices, const Shape& y, Places* p) {
  const Shape& s = indices.shape;
  WXNN_CHECK(indices.dtype == DType::kInt32, "indices is {}, wants int32", name_of(indices.dtype));
  WXNN_CHECK(s.rank() > 0 && s[-1] <= y.rank(), "indices {} does not address {}", s, y);
  p->depth = s[-1];
  p->rows = s.elements(0, s.rank() - 1);
  p->slice = y.elements(p->depth, y.rank());
  return {};
}

[[clang::minsize]] Status check_updates(const Tensor& indices, const Tensor& updates,
                                        const Shape& y) {
  Places p;
  WXNN_TRY(read_places(indices, y, &p));
  Shape want(indices.shape.dims().first(static_cast<size_t>(indices.shape.rank() - 1)));
  WXNN_CHECK(want.rank() + y.rank() - p.depth <= Shape::kMaxRank,
             "indices {} has too many dimensions", indices.shape);
  for (int i = p.depth; i < y.rank(); ++i) want.push_back(y[i]);
  WXNN_CHECK(updates.shape == want, "updates {} should be {} for indices {} into {}", updates.shape,
             want, indices.shape, y);
  return {};
}

// Without a Combine, updates replace what is there.
[[clang::minsize]] Status scatter(const Tensor& indices, const Tensor& updates, Combine f,
                                  const Tensor& y) {
  Places p;
  WXNN_TRY(read_places(indices, y.shape, &p));
  const size_t bytes = static_cast<size_t>(p.slice) * size_of(y.dtype);
  const size_t step = updates.shape.rank() == 0 ? 0 : bytes;  // one value for all places
  const int32_t* index = indices.i32();
  const uint8_t* from = updates.u8();
  for (int32_t r = 0; r < p.rows; ++r, index += p.depth, from += step) {
    size_t at = 0;
    for (int i = 0; i < p.depth; ++i) {
      WXNN_CHECK(index[i] >= 0 && index[i] < y.shape[i], "index {} is outside axis {} of {}",
                 index[i], i, y.shape);
      at = at * static_cast<size_t>(y.shape[i]) + static_cast<size_t>(index[i]);
    }
    if (bytes == 0) continue;
    if (f != nullptr) {
      f(y.u8() + at * bytes, from, static_cast<size_t>(p.slice));
    } else {
      std::memcpy(y.u8() + at * bytes, from, bytes);
    }
  }
  return {};
}

[[clang::minsize]] Status infer_scatter_nd(InferCtx& c) {
  c.out().dtype = c.in(1).dtype;
  WXNN_CHECK(c.in(1).dtype != DType::kComplex64, "updates is complex64");
  WXNN_TRY(read_shape(c, 2, "shape", &c.out().shape));
  return check_updates(c.in(0), c.in(1), c.out().shape);
}

Status infer_tensor_scatter(InferCtx& c) {
  c.out() = c.in(0);
  WXNN_CHECK(c.in(0).dtype == c.in(2).dtype, "tensor is {}, updates {}", name_of(c.in(0).dtype),
             name_of(c.in(2).dtype));
  return check_updates(c.in(1), c.in(2), c.out().shape);
}

Status infer_tensor_combine(InferCtx& c) {
  WXNN_TRY(check_number("tensor", c.in(0)));
  return infer_tensor_scatter(c);
}

Status run_tensor_scatter(const RunCtx& c, Combine f) {
  const size_t bytes = c.out().bytes();
  if (c.out().data != c.in(0).data && bytes != 0) std::memcpy(c.out().data, c.in(0).data, bytes);
  return scatter(c.in(1), c.in(2), f, c.out());
}

template <auto f, class Int>
Status run_tensor_combine(const RunCtx& c) {
  return run_tensor_scatter(c, combine_as<f, Int>(c.in(0).dtype));
}

// sparseIndices: [n,rank], [n] for a vector, or one number for a single place of it.
Tensor as_rows(const Tensor& indices) {
  Tensor rows = indices;
  while (rows.shape.rank() < 2) rows.shape.push_back(1);
  return rows;
}

[[clang::minsize]] Status infer_sparse_to_dense(InferCtx& c) {
  const Tensor indices = as_rows(c.in(0));
  const Tensor& values = c.in(1);
  Shape y;
  WXNN_TRY(read_shape(c, 3, "outputShape", &y));
  WXNN_CHECK(indices.shape.rank() == 2 && indices.shape[1] == y.rank(),
             "sparseIndices {} does not address {}", c.in(0).shape, y);
  WXNN_CHECK(
      values.shape.rank() == 0 || (values.shape.rank() == 1 && values.shape[0] == indices.shape[0]),
      "sparseValues {} should be one number or one for each of {} indices", values.shape,
      indices.shape[0]);
  WXNN_CHECK(c.in(2).dtype == values.dtype && c.in(2).shape.elements() == 1,
             "defaultValue {} {} should be one {}", name_of(c.in(2).dtype), c.in(2).shape,
             name_of(values.dtype));
  WXNN_CHECK(values.dtype != DType::kComplex64, "sparseValues is complex64");
  Places p;
  WXNN_TRY(read_places(indices, y, &p));
  c.out() = {values.dtype, y};
  return {};
}

Status run_sparse_to_dense(const RunCtx& c) {
  const Tensor& y = c.out();
  const size_t size = size_of(y.dtype);
  const size_t n = static_cast<size_t>(y.shape.elements());
  for (size_t i = 0; i < n; ++i) std::memcpy(y.u8() + i * size, c.in(2).data, size);
  return scatter(as_rows(c.in(0)), c.in(1), nullptr, y);
}

}  // namespace

// Sums of what is written to one place; of bools, whether one is true.
extern constinit const Op kScatterNd = {
    .name = "ScatterNd",
    .inputs = {{"indices"}, {"updates"}, {"shape", kArgument}},
    .attrs = {{"shape", AttrKind::kNumbers, kEmptyList}},
    .infer = infer_scatter_nd,
    .run = [](const RunCtx& c) -> Status {
      if (c.out().bytes() != 0) std::memset(c.out().data, 0, c.out().bytes());
      const Combine f = c.out().dtype == DType::kBool ? combine<uint8_t, kEither>
                                                      : combine_as<kPlus, uint32_t>(c.out().dtype);
      return scatter(c.in(0), c.in(1), f, c.out());
    },
};

// Of several updates of one place the last remains.
extern constinit const Op kTensorScatterUpdate = {
    .name = "TensorScatterUpdate",
    .inputs = {{"tensor"}, {"indices"}, {"updates"}},
    .infer = infer_tensor_scatter,
    .run = [](const RunCtx& c) { return run_tensor_scatter(c, nullptr); },
    .in_place = 0,
};

#define WXNN_TENSOR_SCATTER(op_name, f, Int)            \
  extern constinit const Op k##op_name = {              \
      .name = #op_name,                                 \
      .inputs = {{"tensor"}, {"indices"}, {"updates"}}, \
      .infer = infer_tensor_combine,                    \
      .run = run_tensor_combine<f, Int>,                \
      .in_place = 0,                                    \
  }
WXNN_TENSOR_SCATTER(TensorScatterAdd, kPlus, uint32_t);
WXNN_TENSOR_SCATTER(TensorScatterMax, kHigher, int32_t);
WXNN_TENSOR_SCATTER(TensorScatterMin, kLower, int32_t);
WXNN_TENSOR_SCATTER(TensorScatterSub, kMinus, uint32_t);

extern constinit const Op kSparseToDense = {
    .name = "SparseToDense",
    .inputs = {{"sparseIndices"}, {"sparseValues"}, {"defaultValue"}, {"outputShape", kArgument}},
    .attrs = {{"outputShape", AttrKind::kNumbers, kEmptyList}},
    .infer = infer_sparse_to_dense,
    .run = run_sparse_to_dense,
};

}  // namespace wxnn
