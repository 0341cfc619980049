// Concat, SplitV, Pack and Unpack: tensors joined and parted along one axis.
#include <cstring>
#include <utility>

#include "core/strided_copy.h"
#include "ops/arguments.h"

namespace wxnn {
namespace {

size_t bytes_behind(const Tensor& t, int axis) {
  return static_cast<size_t>(t.shape.elements(axis, t.shape.rank())) * size_of(t.dtype);
}

// Moves rows that lie `from_step` and `to_step` bytes apart.
void copy_rows(const uint8_t* from, size_t from_step, uint8_t* to, size_t to_step, int32_t rows,
               size_t bytes) {
  StridedCopy copy(1);
  copy.loop(rows, static_cast<ptrdiff_t>(from_step), static_cast<ptrdiff_t>(to_step));
  copy.loop(static_cast<int32_t>(bytes), 1, 1);
  copy.copy(from, to);
}

// Each input is a block of rows of the output, and each output of the input.
Status run_join(const RunCtx& c, int axis, size_t out_bytes) {
  uint8_t* y = c.out().u8();
  const int32_t rows = c.out().shape.elements(0, axis);
  for (size_t i = 0; i < c.inputs.size(); ++i) {
    const size_t bytes = bytes_behind(c.in(i), axis);
    copy_rows(c.in(i).u8(), bytes, y, out_bytes, rows, bytes);
    y += bytes;
  }
  return {};
}

Status run_part(const RunCtx& c, int axis) {
  const Tensor& x = c.in(0);
  const uint8_t* from = x.u8();
  const int32_t rows = x.shape.elements(0, axis);
  const size_t x_bytes = bytes_behind(x, axis);
  for (Tensor& y : c.outputs) {
    const size_t bytes = bytes_behind(y, axis);
    copy_rows(from, x_bytes, y.u8(), bytes, rows, bytes);
    from += bytes;
  }
  return {};
}

[[clang::minsize]] Status infer_concat(InferCtx& c) {
  TensorType y = c.in(0);
  int axis = 0;
  WXNN_TRY(read_axis(c.attrs.i("axis"), y.shape, y.shape.rank(), &axis));
  int64_t length = 0;
  for (size_t i = 0; i < c.inputs.size(); ++i) {
    WXNN_CHECK(c.has(i), "lacks input {}", i);
    TensorType t = c.in(i);
    if (t.shape.rank() == y.shape.rank()) length += std::exchange(t.shape[axis], y.shape[axis]);
    WXNN_CHECK(t == y, "input {} {} {} does not fit input 0 {} {} along axis {}", i,
               name_of(t.dtype), c.in(i).shape, name_of(y.dtype), y.shape, axis);
  }
  WXNN_CHECK(length <= INT32_MAX, "axis {} is too long", axis);
  y.shape[axis] = static_cast<int32_t>(length);
  c.out() = y;
  return {};
}

[[clang::minsize]] Status infer_pack(InferCtx& c) {
  const Tensor& first = c.in(0);
  WXNN_CHECK(first.shape.rank() < Shape::kMaxRank, "input 0 {} has no room for another dimension",
             first.shape);
  for (size_t i = 0; i < c.inputs.size(); ++i) {
    WXNN_CHECK(c.has(i), "lacks input {}", i);
    const Tensor& t = c.in(i);
    WXNN_CHECK(static_cast<const TensorType&>(t) == first,
               "input {} {} {} is not like input 0 {} {}", i, name_of(t.dtype), t.shape,
               name_of(first.dtype), first.shape);
  }
  int axis = 0;
  WXNN_TRY(read_axis(c.attrs.i("axis"), first.shape, first.shape.rank() + 1, &axis));
  c.out() = first;
  c.out().shape.insert(axis, static_cast<int32_t>(c.inputs.size()));
  return {};
}

[[clang::minsize]] Status infer_unpack(InferCtx& c) {
  const Tensor& x = c.in(0);
  int axis = 0;
  WXNN_TRY(read_axis(c.attrs.i("axis"), x.shape, x.shape.rank(), &axis));
  WXNN_CHECK(static_cast<size_t>(x.shape[axis]) == c.outputs.size(),
             "value {} has {} parts along axis {}, the node has {} outputs", x.shape, x.shape[axis],
             axis, c.outputs.size());
  for (TensorType& y : c.outputs) {
    y = x;
    y.shape.erase(axis);
  }
  return {};
}

// numOrSizeSplits: a number of equal parts, or the length of each, one of which may be -1.
[[clang::minsize]] Status infer_split(InferCtx& c) {
  const Tensor& x = c.in(0);
  int axis = 0;
  WXNN_TRY(read_axis(c.attrs.i("axis"), x.shape, x.shape.rank(), &axis));
  const int32_t length = x.shape[axis];
  const size_t parts = c.outputs.size();
  const size_t count = c.attrs.numbers("numOrSizeSplits").size();
  const bool equal = count == 1 && (parts != 1 || c.attrs.i("numOrSizeSplits") == 1);
  const size_t stated = equal ? static_cast<size_t>(c.attrs.i("numOrSizeSplits")) : count;
  WXNN_CHECK(stated == parts && parts > 0, "splits into {} parts, the node has {} outputs", stated,
             parts);
  int64_t sum = 0;
  int open = -1;
  for (size_t i = 0; i < parts; ++i) {
    const int k = static_cast<int>(i);
    const int32_t part =
        equal ? length / static_cast<int32_t>(parts) : c.attrs.i("numOrSizeSplits", k);
    if (part == -1 && open < 0) {
      open = k;
    } else {
      WXNN_CHECK(part >= 0, "part {} would be {} long", i, part);
      sum += part;
    }
    c.outputs[i] = x;
    c.outputs[i].shape[axis] = part;
  }
  if (open >= 0 && sum <= length) {
    c.outputs[open].shape[axis] = static_cast<int32_t>(length - sum);
    sum = length;
  }
  WXNN_CHECK(sum == length, "the parts are {} long, x {} is {} along axis {}", sum, x.shape, length,
             axis);
  return {};
}

}  // namespace

extern constinit const Op kConcat = {
    .name = "Concat",
    .inputs = {{"inputs"}},
    .attrs = {{"axis"}},
    .infer = infer_concat,
    .run = [](const RunCtx& c) -> Status {
      const int axis = axis_of(c.attrs.i("axis"), c.out().shape.rank());
      return run_join(c, axis, bytes_behind(c.out(), axis));
    },
    .variadic = true,
};

extern constinit const Op kPack = {
    .name = "Pack",
    .inputs = {{"inputs"}},
    .attrs = {{"axis", AttrKind::kNumber, 0.0}},
    .infer = infer_pack,
    .run = [](const RunCtx& c) -> Status {
      const int axis = axis_of(c.attrs.i("axis"), c.out().shape.rank());
      return run_join(c, axis, bytes_behind(c.out(), axis));
    },
    .variadic = true,
};

extern constinit const Op kSplitV = {
    .name = "SplitV",
    .inputs = {{"x"}},
    .attrs = {{"numOrSizeSplits", AttrKind::kNumbers}, {"axis", AttrKind::kNumber, 0.0}},
    .infer = infer_split,
    .run = [](const RunCtx& c) -> Status {
      return run_part(c, axis_of(c.attrs.i("axis"), c.in(0).shape.rank()));
    },
    .outputs = kAnyNumber,
};

extern constinit const Op kUnpack = {
    .name = "Unpack",
    .inputs = {{"value"}},
    .attrs = {{"axis", AttrKind::kNumber, 0.0}},
    .infer = infer_unpack,
    .run = [](const RunCtx& c) -> Status {
      return run_part(c, axis_of(c.attrs.i("axis"), c.in(0).shape.rank()));
    },
    .outputs = kAnyNumber,
};

}  // namespace wxnn
