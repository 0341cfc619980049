// GatherV2 and GatherNd: slices picked by index. A bad index is the run's refusal.
#include <cstring>

#include "ops/arguments.h"

namespace wxnn {
namespace {

Status check_indices(const Tensor& indices) {
  WXNN_CHECK(indices.dtype == DType::kInt32, "indices is {}, wants int32", name_of(indices.dtype));
  return {};
}

struct GatherAxes {
  int axis;
  int batch;  // leading dimensions that x and indices share
};
template <class Ctx>
GatherAxes gather_axes(const Ctx& c) {
  return {axis_of(c.attrs.i("axis"), c.in(0).shape.rank()),
          axis_of(c.attrs.i("batchDims"), c.in(1).shape.rank())};
}

[[clang::minsize]] Status infer_gather(InferCtx& c) {
  const Shape& x = c.in(0).shape;
  const Shape& indices = c.in(1).shape;
  WXNN_TRY(check_indices(c.in(1)));
  int axis = 0;
  WXNN_TRY(read_axis(c.attrs.i("axis"), x, x.rank(), &axis));
  const int batch = gather_axes(c).batch;
  WXNN_CHECK(batch >= 0 && batch <= axis && batch <= indices.rank(),
             "batchDims {} does not fit x {}, indices {} and axis {}", c.attrs.i("batchDims"), x,
             indices, axis);
  WXNN_CHECK(x.rank() - 1 + indices.rank() - batch <= Shape::kMaxRank,
             "would give more than {} dimensions", Shape::kMaxRank);
  Shape y;
  for (int i = 0; i < axis; ++i) {
    WXNN_CHECK(i >= batch || x[i] == indices[i], "x {} and indices {} differ in batch axis {}", x,
               indices, i);
    y.push_back(x[i]);
  }
  for (int i = batch; i < indices.rank(); ++i) y.push_back(indices[i]);
  for (int i = axis + 1; i < x.rank(); ++i) y.push_back(x[i]);
  c.out() = {c.in(0).dtype, y};
  return {};
}

Status run_gather(const RunCtx& c) {
  const Tensor& x = c.in(0);
  const Tensor& indices = c.in(1);
  const auto [axis, batch] = gather_axes(c);
  const int32_t length = x.shape[axis];
  const int32_t batches = x.shape.elements(0, batch);
  const int32_t outer = x.shape.elements(batch, axis);
  const int32_t picks = indices.shape.elements(batch, indices.shape.rank());
  const size_t bytes =
      static_cast<size_t>(x.shape.elements(axis + 1, x.shape.rank())) * size_of(x.dtype);
  if (c.out().shape.elements() == 0) return {};
  const uint8_t* from = x.u8();
  uint8_t* y = c.out().u8();
  for (int32_t b = 0; b < batches; ++b) {
    const int32_t* index = indices.i32() + b * picks;
    for (int32_t o = 0; o < outer; ++o, from += static_cast<size_t>(length) * bytes) {
      for (int32_t k = 0; k < picks; ++k, y += bytes) {
        WXNN_CHECK(index[k] >= 0 && index[k] < length, "index {} is outside axis {} of x {}",
                   index[k], static_cast<int>(axis), x.shape);
        std::memcpy(y, from + static_cast<size_t>(index[k]) * bytes, bytes);
      }
    }
  }
  return {};
}

// Each row of the last axis of indices addresses one slice of params.
[[clang::minsize]] Status infer_gather_nd(InferCtx& c) {
  const Shape& params = c.in(0).shape;
  const Shape& indices = c.in(1).shape;
  WXNN_TRY(check_indices(c.in(1)));
  WXNN_CHECK(indices.rank() > 0 && indices[-1] <= params.rank(),
             "indices {} does not address params {}", indices, params);
  Shape y;
  const int slice = params.rank() - indices[-1];
  WXNN_CHECK(indices.rank() - 1 + slice <= Shape::kMaxRank, "would give more than {} dimensions",
             Shape::kMaxRank);
  for (int i = 0; i + 1 < indices.rank(); ++i) y.push_back(indices[i]);
  for (int i = indices[-1]; i < params.rank(); ++i) y.push_back(params[i]);
  c.out() = {c.in(0).dtype, y};
  return {};
}

Status run_gather_nd(const RunCtx& c) {
  const Shape& params = c.in(0).shape;
  const Shape& indices = c.in(1).shape;
  const int depth = indices[-1];
  const size_t bytes =
      static_cast<size_t>(params.elements(depth, params.rank())) * size_of(c.in(0).dtype);
  const int32_t rows = indices.elements(0, indices.rank() - 1);
  if (c.out().shape.elements() == 0) return {};
  const int32_t* index = c.in(1).i32();
  uint8_t* y = c.out().u8();
  for (int32_t r = 0; r < rows; ++r, index += depth, y += bytes) {
    size_t at = 0;
    for (int i = 0; i < depth; ++i) {
      WXNN_CHECK(index[i] >= 0 && index[i] < params[i], "index {} is outside axis {} of params {}",
                 index[i], i, params);
      at = at * static_cast<size_t>(params[i]) + static_cast<size_t>(index[i]);
    }
    std::memcpy(y, c.in(0).u8() + at * bytes, bytes);
  }
  return {};
}

}  // namespace

extern constinit const Op kGatherV2 = {
    .name = "GatherV2",
    .inputs = {{"x"}, {"indices"}},
    .attrs = {{"axis", AttrKind::kNumber, 0.0}, {"batchDims", AttrKind::kNumber, 0.0}},
    .infer = infer_gather,
    .run = run_gather,
};

extern constinit const Op kGatherNd = {
    .name = "GatherNd",
    .inputs = {{"params"}, {"indices"}},
    .infer = infer_gather_nd,
    .run = run_gather_nd,
};

}  // namespace wxnn
