// XlaGather and XlaScatter: windows of a tensor taken out and put in, as StableHLO says it and
// TensorFlow Lite has it. Rare, so one element after another.
#include <algorithm>
#include <cstring>

#include "ops/combine.h"

namespace wxnn {
namespace {

// Where windows that lie together in one tensor (the output of XlaGather, the updates of
// XlaScatter) are in another, the operand. A row of indices says where a window starts.
struct Windows {
  Shape together;
  Shape operand;
  int axis[Shape::kMaxRank];  // of the operand, that a dimension of `together` runs along; -1:
                              // one of the indices
  ptrdiff_t index_step[Shape::kMaxRank];  // where it is one of those: between two rows
  int depth = 1;                          // numbers in a row
  ptrdiff_t depth_step = 1;
  Numbers starts_along;  // the axis of each
};

// Reads what the two operators' attributes have in common; `sizes` of a window become the
// dimensions of `together`, or where that is there already are compared with it.
[[clang::minsize]] Status read_windows(const Attrs& attrs, const Tensor& operand,
                                       const Tensor& indices, const Shape& sizes, Windows* w) {
  const Shape& rows = indices.shape;
  Numbers dims, collapsed;
  WXNN_TRY(read_numbers(attrs, {}, kNoPort, "windowDims", &dims));
  WXNN_TRY(read_numbers(attrs, {}, kNoPort, "collapsedDims", &collapsed));
  WXNN_TRY(read_numbers(attrs, {}, kNoPort, "indexMap", &w->starts_along));
  const int vector = attrs.i("indexVectorDim");
  WXNN_CHECK(indices.dtype == DType::kInt32 && vector >= 0 && vector <= rows.rank(),
             "indices {} {} should be int32 with an axis {}", name_of(indices.dtype), rows, vector);
  w->operand = operand.shape;
  w->depth = vector < rows.rank() ? rows[vector] : 1;
  w->depth_step = vector < rows.rank() ? rows.elements(vector + 1, rows.rank()) : 1;
  WXNN_CHECK(w->starts_along.count == w->depth, "indexMap has {} numbers, indices {} wants {}",
             w->starts_along.count, rows, w->depth);
  const int rank = operand.shape.rank();
  for (int k = 0; k < w->depth; ++k) {
    WXNN_CHECK(w->starts_along[k] >= 0 && w->starts_along[k] < rank, "indexMap {} is outside {}",
               w->starts_along[k], operand.shape);
  }
  w->together = {};
  int axis = -1;
  int row = -1;
  const int count =
      std::min(rows.rank() - (vector < rows.rank() ? 1 : 0) + dims.count, Shape::kMaxRank + 1);
  WXNN_CHECK(count <= Shape::kMaxRank, "indices {} has too many dimensions", rows);
  for (int i = 0; i < count; ++i) {
    const bool in_window = std::ranges::find(dims.span(), i) != dims.span().end();
    if (in_window) {
      const auto left_out = collapsed.span();
      for (++axis; std::ranges::find(left_out, axis) != left_out.end();) ++axis;
    } else {
      for (++row; row == vector;) ++row;
    }
    WXNN_CHECK(in_window ? axis < rank : row < rows.rank(),
               "windowDims and collapsedDims do not fit {} and indices {}", operand.shape, rows);
    w->axis[i] = in_window ? axis : -1;
    w->index_step[i] = in_window ? 0 : rows.elements(row + 1, rows.rank());
    w->together.push_back(in_window ? sizes[axis] : rows[row]);
  }
  WXNN_CHECK(dims.count + collapsed.count == rank,
             "windowDims and collapsedDims name {} axes, {} has {}", dims.count + collapsed.count,
             operand.shape, rank);
  return {};
}

// Place of element `at` of `together` in the operand, for windows of these sizes that are moved
// until they fit; without sizes, -1 outside.
int32_t place_of(const Windows& w, const int32_t* at, const int32_t* indices, const Shape* sizes) {
  int64_t place[Shape::kMaxRank] = {};
  for (int i = 0; i < w.together.rank(); ++i) indices += at[i] * w.index_step[i];
  for (int k = 0; k < w.depth; ++k) {
    const int axis = w.starts_along[k];
    int64_t start = indices[k * w.depth_step];
    if (sizes != nullptr) start = std::clamp<int64_t>(start, 0, w.operand[axis] - (*sizes)[axis]);
    place[axis] = start;
  }
  for (int i = 0; i < w.together.rank(); ++i) {
    if (w.axis[i] >= 0) place[w.axis[i]] += at[i];
  }
  int32_t flat = 0;
  for (int i = 0; i < w.operand.rank(); ++i) {
    if (place[i] < 0 || place[i] >= w.operand[i]) return -1;
    flat = flat * w.operand[i] + static_cast<int32_t>(place[i]);
  }
  return flat;
}

Status read_gather(const Attrs& attrs, std::span<const Tensor* const> inputs, Windows* w,
                   Shape* sizes) {
  Numbers given;
  WXNN_TRY(read_numbers(attrs, {}, kNoPort, "sliceSizes", &given));
  const Tensor& operand = *inputs[0];
  WXNN_CHECK(given.count == operand.shape.rank(), "sliceSizes has {} numbers, operand {} wants {}",
             given.count, operand.shape, operand.shape.rank());
  *sizes = Shape(given.span());
  for (int i = 0; i < given.count; ++i) {
    WXNN_CHECK(given[i] >= 0 && given[i] <= operand.shape[i],
               "a slice of {} does not fit in operand {}", *sizes, operand.shape);
  }
  return read_windows(attrs, operand, *inputs[1], *sizes, w);
}

[[clang::minsize]] Status infer_gather(InferCtx& c) {
  Windows w;
  Shape sizes;
  WXNN_TRY(read_gather(c.attrs, c.inputs, &w, &sizes));
  Numbers collapsed;
  WXNN_TRY(read_numbers(c, kNoPort, "collapsedDims", &collapsed));
  for (const int32_t axis : collapsed.span()) {
    WXNN_CHECK(axis >= 0 && axis < sizes.rank() && sizes[axis] == 1,
               "collapsedDims {} of slices {} is not 1", axis, sizes);
  }
  c.out() = {c.in(0).dtype, w.together};
  return {};
}

[[clang::minsize]] Status run_gather(const RunCtx& c) {
  Windows w;
  Shape sizes;
  WXNN_TRY(read_gather(c.attrs, c.inputs, &w, &sizes));
  const size_t size = size_of(c.out().dtype);
  const int32_t n = c.out().shape.elements();
  int32_t at[Shape::kMaxRank] = {};
  for (int32_t i = 0; i < n; ++i, next_index(w.together, at)) {
    const int32_t from = place_of(w, at, c.in(1).i32(), &sizes);
    std::memcpy(c.out().u8() + static_cast<size_t>(i) * size,
                c.in(0).u8() + static_cast<size_t>(from) * size, size);
  }
  return {};
}

[[clang::minsize]] Status infer_scatter(InferCtx& c) {
  Windows w;
  const Tensor& updates = c.in(2);
  WXNN_CHECK(updates.dtype == c.in(0).dtype, "operand is {}, updates {}", name_of(c.in(0).dtype),
             name_of(updates.dtype));
  if (!c.attrs.text("computation").empty()) WXNN_TRY(check_combine(c.attrs, updates.dtype));
  WXNN_TRY(read_windows(c.attrs, c.in(0), c.in(1), c.in(0).shape, &w));
  bool fits = updates.shape.rank() == w.together.rank();
  for (int i = 0; fits && i < updates.shape.rank(); ++i) {
    fits =
        updates.shape[i] == w.together[i] || (w.axis[i] >= 0 && updates.shape[i] < w.together[i]);
  }
  WXNN_CHECK(fits, "updates {} should be at most {}", updates.shape, w.together);
  c.out() = c.in(0);
  return {};
}

[[clang::minsize]] Status run_scatter(const RunCtx& c) {
  const Tensor& y = c.out();
  const Tensor& updates = c.in(2);
  if (y.data != c.in(0).data && y.bytes() != 0) std::memcpy(y.data, c.in(0).data, y.bytes());
  Windows w;
  WXNN_TRY(read_windows(c.attrs, c.in(0), c.in(1), c.in(0).shape, &w));
  const std::string_view name = c.attrs.text("computation");
  const Combine f = name.empty() ? nullptr : find_combine(name, y.dtype);
  const size_t size = size_of(y.dtype);
  const int32_t n = updates.shape.elements();
  int32_t at[Shape::kMaxRank] = {};
  for (int32_t i = 0; i < n; ++i, next_index(updates.shape, at)) {
    const int32_t place = place_of(w, at, c.in(1).i32(), nullptr);
    if (place < 0) continue;
    uint8_t* to = y.u8() + static_cast<size_t>(place) * size;
    const uint8_t* from = updates.u8() + static_cast<size_t>(i) * size;
    if (f != nullptr) {
      f(to, from);
    } else {
      std::memcpy(to, from, size);
    }
  }
  return {};
}

}  // namespace

// Slices of sliceSizes of the operand. windowDims: the output's dimensions that run along the
// operand's axes, in order, but for collapsedDims; along indexVectorDim of the indices stand the
// slice's first places on the axes indexMap. A slice that would reach outside is moved.
extern constinit const Op kXlaGather = {
    .name = "XlaGather",
    .inputs = {{"operand"}, {"indices"}},
    .attrs = {{"windowDims", AttrKind::kNumbers, kEmptyList},
              {"collapsedDims", AttrKind::kNumbers, kEmptyList},
              {"indexMap", AttrKind::kNumbers, kEmptyList},
              {"indexVectorDim"},
              {"sliceSizes", AttrKind::kNumbers, kEmptyList}},
    .infer = infer_gather,
    .run = run_gather,
};

// Likewise, the updates' windows put into the operand: computation names the operator that combines
// them with what is there (Add, Multiply, Minimum, Maximum, LogicalAnd, LogicalOr); without it they
// replace it. What would lie outside is left out.
extern constinit const Op kXlaScatter = {
    .name = "XlaScatter",
    .inputs = {{"operand"}, {"indices"}, {"updates"}},
    .attrs = {{"windowDims", AttrKind::kNumbers, kEmptyList},
              {"collapsedDims", AttrKind::kNumbers, kEmptyList},
              {"indexMap", AttrKind::kNumbers, kEmptyList},
              {"indexVectorDim"},
              {"computation", AttrKind::kText, ""}},
    .infer = infer_scatter,
    .run = run_scatter,
    .in_place = 0,
};

}  // namespace wxnn
