// ReverseSequence, DynamicUpdateSlice, Dilate, BroadcastArgs.
#include <algorithm>
#include <cstring>

#include "core/strided_copy.h"
#include "ops/arguments.h"

namespace wxnn {
namespace {

[[clang::minsize]] Status infer_reverse_sequence(InferCtx& c) {
  const Shape& x = c.in(0).shape;
  const Tensor& lengths = c.in(1);
  int sequence = 0;
  int batch = 0;
  WXNN_TRY(read_axis(c.attrs.i("seqDim"), x, x.rank(), &sequence));
  WXNN_TRY(read_axis(c.attrs.i("batchDim"), x, x.rank(), &batch));
  WXNN_CHECK(sequence != batch, "seqDim and batchDim are both {}", batch);
  WXNN_CHECK(lengths.dtype == DType::kInt32 && lengths.shape == Shape{x[batch]},
             "seqLengths {} {} should be int32 [{}]", name_of(lengths.dtype), lengths.shape,
             x[batch]);
  c.out() = c.in(0);
  return {};
}

// Of picture b of the batch, the first seqLengths[b] steps are turned round.
Status run_reverse_sequence(const RunCtx& c) {
  const Shape& x = c.in(0).shape;
  const int sequence = axis_of(c.attrs.i("seqDim"), x.rank());
  const int batch = axis_of(c.attrs.i("batchDim"), x.rank());
  const int outer = std::min(sequence, batch);
  const int inner = std::max(sequence, batch);
  const int32_t steps = x[sequence];
  const size_t bytes =
      static_cast<size_t>(x.elements(inner + 1, x.rank())) * size_of(c.in(0).dtype);
  const int32_t n = bytes == 0 ? 0 : x.elements(0, inner + 1);
  const int32_t between = x.elements(outer + 1, inner);
  // Rows from one index of the outer of the two axes to the next.
  const int32_t row = between * x[inner];
  for (int32_t i = 0; i < n; ++i) {
    const int32_t at_inner = i % x[inner];
    const int32_t at_outer = i / row % x[outer];
    const int32_t b = batch == outer ? at_outer : at_inner;
    const int32_t s = batch == outer ? at_inner : at_outer;
    const int32_t length = c.in(1).i32()[b];
    WXNN_CHECK(length >= 0 && length <= steps, "sequence {} is {} long, axis seqDim of x {} is {}",
               b, length, x, steps);
    const int32_t from = s < length ? i + (length - 1 - 2 * s) * (batch == outer ? 1 : row) : i;
    std::memcpy(c.out().u8() + i * bytes, c.in(0).u8() + from * bytes, bytes);
  }
  return {};
}

[[clang::minsize]] Status infer_update_slice(InferCtx& c) {
  const Tensor& x = c.in(0);
  const Tensor& update = c.in(1);
  const Tensor& start = c.in(2);
  bool fits = x.dtype == update.dtype && x.shape.rank() == update.shape.rank();
  for (int i = 0; fits && i < x.shape.rank(); ++i) fits = update.shape[i] <= x.shape[i];
  WXNN_CHECK(fits, "update {} {} does not fit in operand {} {}", name_of(update.dtype),
             update.shape, name_of(x.dtype), x.shape);
  WXNN_CHECK(start.dtype == DType::kInt32 && start.shape.elements() == x.shape.rank(),
             "startIndices {} {} should be int32 [{}]", name_of(start.dtype), start.shape,
             x.shape.rank());
  c.out() = x;
  return {};
}

// A start too near the end moves back until the update fits.
Status run_update_slice(const RunCtx& c) {
  const Tensor& y = c.out();
  const Shape& update = c.in(1).shape;
  if (y.data != c.in(0).data && y.bytes() != 0) std::memcpy(y.data, c.in(0).data, y.bytes());
  if (update.elements() == 0) return {};
  const ptrdiff_t size = static_cast<ptrdiff_t>(size_of(y.dtype));
  ptrdiff_t from[Shape::kMaxRank];
  ptrdiff_t to[Shape::kMaxRank];
  ptrdiff_t from_step = size;
  ptrdiff_t to_step = size;
  ptrdiff_t first = 0;
  for (int i = update.rank() - 1; i >= 0; --i) {
    first += std::clamp(c.in(2).i32()[i], 0, y.shape[i] - update[i]) * to_step;
    from[i] = from_step;
    to[i] = to_step;
    from_step *= update[i];
    to_step *= y.shape[i];
  }
  StridedCopy copy(static_cast<size_t>(size));
  for (int i = 0; i < update.rank(); ++i) copy.loop(update[i], from[i], to[i]);
  copy.copy(c.in(1).data, y.u8() + first);
  return {};
}

[[clang::minsize]] Status infer_dilate(InferCtx& c) {
  const Tensor& x = c.in(0);
  Numbers dilations;
  WXNN_TRY(read_numbers(c, 2, "dilations", &dilations));
  WXNN_CHECK(dilations.count == x.shape.rank(), "dilations has {} numbers, x {} wants {}",
             dilations.count, x.shape, x.shape.rank());
  WXNN_CHECK(c.in(1).dtype == x.dtype && c.in(1).shape.elements() == 1,
             "paddingValue should be one {}", name_of(x.dtype));
  c.out() = x;
  for (int i = 0; i < dilations.count; ++i) {
    const int64_t n = x.shape[i] == 0 ? 0 : (x.shape[i] - 1) * int64_t{dilations[i]} + 1;
    WXNN_CHECK(dilations[i] > 0 && n <= INT32_MAX, "dilation {} of axis {} is out of range",
               dilations[i], i);
    c.out().shape[i] = static_cast<int32_t>(n);
  }
  return {};
}

Status run_dilate(const RunCtx& c) {
  const Tensor& x = c.in(0);
  const Tensor& y = c.out();
  const Numbers dilations = numbers_of(c, 2, "dilations");
  const size_t size = size_of(y.dtype);
  const size_t n = static_cast<size_t>(y.shape.elements());
  for (size_t i = 0; i < n; ++i) std::memcpy(y.u8() + i * size, c.in(1).data, size);
  ptrdiff_t from[Shape::kMaxRank];
  ptrdiff_t to[Shape::kMaxRank];
  ptrdiff_t from_step = static_cast<ptrdiff_t>(size);
  ptrdiff_t to_step = from_step;
  for (int i = x.shape.rank() - 1; i >= 0; --i) {
    from[i] = from_step;
    to[i] = to_step * dilations[i];
    from_step *= x.shape[i];
    to_step *= y.shape[i];
  }
  StridedCopy copy(size);
  for (int i = 0; i < x.shape.rank(); ++i) copy.loop(x.shape[i], from[i], to[i]);
  copy.copy(x.data, y.data);
  return {};
}

[[clang::minsize]] Status infer_broadcast_args(InferCtx& c) {
  for (size_t i = 0; i < 2; ++i) {
    WXNN_CHECK(c.in(i).dtype == DType::kInt32 && c.in(i).shape.rank() == 1,
               "s{} {} {} should be a list of int32", i, name_of(c.in(i).dtype), c.in(i).shape);
  }
  c.out() = {DType::kInt32, {std::max(c.in(0).shape[0], c.in(1).shape[0])}};
  return {};
}

Status run_broadcast_args(const RunCtx& c) {
  const int32_t n = c.out().shape[0];
  for (int32_t i = 0; i < n; ++i) {
    int32_t d[2] = {1, 1};
    for (size_t k = 0; k < 2; ++k) {
      const int32_t at = i - n + c.in(k).shape[0];
      if (at >= 0) d[k] = c.in(k).i32()[at];
    }
    WXNN_CHECK(d[0] == d[1] || d[0] == 1 || d[1] == 1, "dimensions {} and {} do not broadcast",
               d[0], d[1]);
    c.out().i32()[i] = d[0] == 1 ? d[1] : d[0];
  }
  return {};
}

}  // namespace

extern constinit const Op kReverseSequence = {
    .name = "ReverseSequence",
    .inputs = {{"x"}, {"seqLengths"}},
    .attrs = {{"seqDim"}, {"batchDim", AttrKind::kNumber, 0.0}},
    .infer = infer_reverse_sequence,
    .run = run_reverse_sequence,
};

extern constinit const Op kDynamicUpdateSlice = {
    .name = "DynamicUpdateSlice",
    .inputs = {{"operand"}, {"update"}, {"startIndices"}},
    .infer = infer_update_slice,
    .run = run_update_slice,
    .in_place = 0,
};

// dilations - 1 elements of paddingValue between each two of an axis.
extern constinit const Op kDilate = {
    .name = "Dilate",
    .inputs = {{"x"}, {"paddingValue"}, {"dilations", kArgument}},
    .attrs = {{"dilations", AttrKind::kNumbers, kEmptyList}},
    .infer = infer_dilate,
    .run = run_dilate,
};

// The shape that two shapes broadcast to.
extern constinit const Op kBroadcastArgs = {
    .name = "BroadcastArgs",
    .inputs = {{"s0"}, {"s1"}},
    .infer = infer_broadcast_args,
    .run = run_broadcast_args,
};

}  // namespace wxnn
