// Transpose, Reverse, Tile, BroadcastTo: the same elements in another order, or repeated.
#include "core/strided_copy.h"
#include "ops/arguments.h"

namespace wxnn {
namespace {

// Bytes from one index of each axis to the next.
struct Steps {
  explicit Steps(const Tensor& t) {
    ptrdiff_t step = static_cast<ptrdiff_t>(size_of(t.dtype));
    for (int i = t.shape.rank() - 1; i >= 0; --i) {
      at[i] = step;
      step *= t.shape[i];
    }
  }
  ptrdiff_t operator[](int i) const { return at[i]; }
  ptrdiff_t at[Shape::kMaxRank] = {};
};

[[clang::minsize]] Status infer_transpose(InferCtx& c) {
  const Shape& x = c.in(0).shape;
  Numbers perm;
  WXNN_TRY(read_numbers(c, 1, "perm", &perm));
  WXNN_CHECK(perm.count == x.rank(), "perm has {} axes, x {} has {}", perm.count, x, x.rank());
  uint32_t seen = 0;
  Shape y;
  for (const int32_t p : perm.span()) {
    int axis = 0;
    WXNN_TRY(read_axis(p, x, x.rank(), &axis));
    WXNN_CHECK((seen >> axis & 1) == 0, "perm has axis {} twice", axis);
    seen |= 1u << axis;
    y.push_back(x[axis]);
  }
  c.out() = {c.in(0).dtype, y};
  return {};
}

Status run_transpose(const RunCtx& c) {
  const Numbers perm = numbers_of(c, 1, "perm");
  const Steps from(c.in(0));
  const Steps to(c.out());
  StridedCopy copy(size_of(c.out().dtype));
  for (int i = 0; i < perm.count; ++i) {
    copy.loop(c.out().shape[i], from[axis_of(perm[i], perm.count)], to[i]);
  }
  copy.copy(c.in(0).data, c.out().data);
  return {};
}

[[clang::minsize]] Status infer_reverse(InferCtx& c) {
  const Shape& x = c.in(0).shape;
  Numbers dims;
  WXNN_TRY(read_numbers(c, 1, "dims", &dims));
  for (const int32_t dim : dims.span()) {
    int unused = 0;
    WXNN_TRY(read_axis(dim, x, x.rank(), &unused));
  }
  c.out() = c.in(0);
  return {};
}

Status run_reverse(const RunCtx& c) {
  const Shape& shape = c.in(0).shape;
  const Steps steps(c.in(0));
  uint32_t reversed = 0;
  const Numbers dims = numbers_of(c, 1, "dims");
  for (const int32_t dim : dims.span()) reversed |= 1u << axis_of(dim, shape.rank());
  StridedCopy copy(size_of(c.out().dtype));
  const uint8_t* from = c.in(0).u8();
  if (shape.elements() == 0) return {};
  for (int i = 0; i < shape.rank(); ++i) {
    const bool back = (reversed >> i & 1) != 0;
    if (back) from += steps[i] * (shape[i] - 1);
    copy.loop(shape[i], back ? -steps[i] : steps[i], steps[i]);
  }
  copy.copy(from, c.out().data);
  return {};
}

[[clang::minsize]] Status infer_tile(InferCtx& c) {
  const Shape& x = c.in(0).shape;
  Numbers reps;
  WXNN_TRY(read_numbers(c, 1, "reps", &reps));
  WXNN_CHECK(reps.count == x.rank(), "reps has {} numbers, x {} wants {}", reps.count, x, x.rank());
  Shape y = x;
  for (int i = 0; i < x.rank(); ++i) {
    const int64_t n = static_cast<int64_t>(x[i]) * reps[i];
    WXNN_CHECK(reps[i] >= 0 && n <= INT32_MAX, "reps {} of axis {} is out of range", reps[i], i);
    y[i] = static_cast<int32_t>(n);
  }
  c.out() = {c.in(0).dtype, y};
  return {};
}

Status run_tile(const RunCtx& c) {
  const Shape& x = c.in(0).shape;
  const Steps from(c.in(0));
  const Steps to(c.out());
  StridedCopy copy(size_of(c.out().dtype));
  for (int i = 0; i < x.rank(); ++i) {
    if (x[i] == 0) return {};
    copy.loop(c.out().shape[i] / x[i], 0, to[i] * x[i]);
    copy.loop(x[i], from[i], to[i]);
  }
  copy.copy(c.in(0).data, c.out().data);
  return {};
}

[[clang::minsize]] Status infer_broadcast(InferCtx& c) {
  Shape y;
  WXNN_TRY(read_shape(c, 1, "shape", &y));
  WXNN_CHECK(broadcasts(c.in(0).shape, y), "x {} does not broadcast to {}", c.in(0).shape, y);
  c.out() = {c.in(0).dtype, y};
  return {};
}

Status run_broadcast(const RunCtx& c) {
  const Shape& x = c.in(0).shape;
  const Shape& y = c.out().shape;
  const int added = y.rank() - x.rank();
  const Steps from(c.in(0));
  const Steps to(c.out());
  StridedCopy copy(size_of(c.out().dtype));
  for (int i = 0; i < y.rank(); ++i) {
    const bool repeated = i < added || x[i - added] == 1;
    copy.loop(y[i], repeated ? 0 : from[i - added], to[i]);
  }
  copy.copy(c.in(0).data, c.out().data);
  return {};
}

}  // namespace

extern constinit const Op kTranspose = {
    .name = "Transpose",
    .inputs = {{"x"}, {"perm", kArgument}},
    .attrs = {{"perm", AttrKind::kNumbers, kEmptyList}},
    .infer = infer_transpose,
    .run = run_transpose,
};

extern constinit const Op kReverse = {
    .name = "Reverse",
    .inputs = {{"x"}, {"dims", kArgument}},
    .attrs = {{"dims", AttrKind::kNumbers, kEmptyList}},
    .infer = infer_reverse,
    .run = run_reverse,
};

extern constinit const Op kTile = {
    .name = "Tile",
    .inputs = {{"x"}, {"reps", kArgument}},
    .attrs = {{"reps", AttrKind::kNumbers, kEmptyList}},
    .infer = infer_tile,
    .run = run_tile,
};

extern constinit const Op kBroadcastTo = {
    .name = "BroadcastTo",
    .inputs = {{"x"}, {"shape", kArgument}},
    .attrs = {{"shape", AttrKind::kNumbers, kEmptyList}},
    .infer = infer_broadcast,
    .run = run_broadcast,
};

}  // namespace wxnn
