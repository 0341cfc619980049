// Operators that only rename a tensor's shape: no byte moves.
#include "core/elementwise.h"
#include "ops/arguments.h"

namespace wxnn {
namespace {

Status infer_reshape(InferCtx& c) {
  const Shape& x = c.in(0).shape;
  Numbers numbers;
  WXNN_TRY(read_numbers(c, 1, "shape", &numbers));
  WXNN_TRY(check_count("shape", numbers.count, Shape::kMaxRank));
  Shape shape(numbers.span());
  const Shape wanted = shape;
  int open = -1;
  for (int i = 0; i < shape.rank(); ++i) {
    if (shape[i] >= 0) continue;
    WXNN_CHECK(shape[i] == -1 && open < 0, "shape {} should have at most one -1", wanted);
    open = i;
    shape[i] = 1;
  }
  const int32_t known = shape.fits() ? shape.elements() : -1;
  if (open >= 0 && known > 0 && x.elements() % known == 0) shape[open] = x.elements() / known;
  WXNN_CHECK(known >= 0 && shape.elements() == x.elements(), "shape {} does not hold x {}", wanted,
             x);
  c.out() = {c.in(0).dtype, shape};
  return {};
}

// Without axes, every dimension of length 1 goes.
Status infer_squeeze(InferCtx& c) {
  const Shape& x = c.in(0).shape;
  bool goes[Shape::kMaxRank] = {};
  const size_t count = c.attrs.numbers("axis").size();
  for (int i = 0; i < x.rank(); ++i) goes[i] = count == 0 && x[i] == 1;
  for (size_t k = 0; k < count; ++k) {
    int axis = 0;
    WXNN_TRY(read_axis(c.attrs.i("axis", static_cast<int>(k)), x, x.rank(), &axis));
    WXNN_CHECK(x[axis] == 1, "axis {} of x {} is not 1 long", axis, x);
    goes[axis] = true;
  }
  Shape y;
  for (int i = 0; i < x.rank(); ++i) {
    if (!goes[i]) y.push_back(x[i]);
  }
  c.out() = {c.in(0).dtype, y};
  return {};
}

Status infer_expand_dims(InferCtx& c) {
  const Shape& x = c.in(0).shape;
  WXNN_CHECK(x.rank() < Shape::kMaxRank, "x {} has no room for another dimension", x);
  int dim = 0;
  WXNN_TRY(read_axis(c.attrs.i("dim"), x, x.rank() + 1, &dim));
  c.out() = c.in(0);
  c.out().shape.insert(dim, 1);
  return {};
}

}  // namespace

extern constinit const Op kIdentity = {
    .name = "Identity",
    .inputs = {{"x"}},
    .infer = same_as_x,
    .view = true,
};

extern constinit const Op kReshape = {
    .name = "Reshape",
    .inputs = {{"x"}, {"shape", kArgument}},
    .attrs = {{"shape", AttrKind::kNumbers, kEmptyList}},
    .infer = infer_reshape,
    .view = true,
};

extern constinit const Op kSqueeze = {
    .name = "Squeeze",
    .inputs = {{"x"}},
    .attrs = {{"axis", AttrKind::kNumbers, kEmptyList}},
    .infer = infer_squeeze,
    .view = true,
};

extern constinit const Op kExpandDims = {
    .name = "ExpandDims",
    .inputs = {{"input"}},
    .attrs = {{"dim"}},
    .infer = infer_expand_dims,
    .view = true,
};

}  // namespace wxnn
