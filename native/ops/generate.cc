// Operators whose output does not come from a tensor's elements: Fill, Range, OneHot, Shape…
#include <algorithm>
#include <cstring>

#include "core/elementwise.h"
#include "core/whole.h"
#include "ops/arguments.h"

namespace wxnn {
namespace {

// The bits of `value` as an element; a bool is one byte of them.
[[clang::minsize]] uint32_t element(double value, DType dtype) {
  if (dtype == DType::kFloat32) return std::bit_cast<uint32_t>(static_cast<float>(value));
  if (dtype == DType::kBool) return value != 0;
  return static_cast<uint32_t>(whole<int32_t>(value));
}

void fill(const Tensor& y, uint32_t bits) {
  const size_t n = static_cast<size_t>(y.shape.elements());
  if (size_of(y.dtype) == 1) {
    if (n != 0) std::memset(y.data, static_cast<int>(bits), n);
  } else {
    std::fill_n(static_cast<uint32_t*>(y.data), n, bits);
  }
}

Status infer_like(InferCtx& c) {
  WXNN_CHECK(c.in(0).dtype != DType::kComplex64, "x is complex64");
  return same_as_x(c);
}

// TensorFlow's Fill takes the value from an input of rank 0, tfjs's from an attribute.
[[clang::minsize]] Status infer_fill(InferCtx& c) {
  WXNN_TRY(read_shape(c, 0, "shape", &c.out().shape));
  if (!c.has(1)) return read_dtype(c.attrs.text("dtype"), &c.out().dtype);
  WXNN_CHECK(c.in(1).shape.elements() == 1 && c.in(1).dtype != DType::kComplex64,
             "value {} should be one number", c.in(1).shape);
  c.out().dtype = c.in(1).dtype;
  return {};
}

Status run_fill(const RunCtx& c) {
  uint32_t bits = element(c.attrs.f("value"), c.out().dtype);
  if (c.has(1)) {
    bits = 0;
    std::memcpy(&bits, c.in(1).data, size_of(c.in(1).dtype));
  }
  fill(c.out(), bits);
  return {};
}

// One bound of a Range, from its input or its attribute.
template <class Ctx>
double bound(const Ctx& c, size_t port, const char* name) {
  if (!c.has(port)) return c.attrs.f(name);
  return c.in(port).dtype == DType::kInt32 ? *c.in(port).i32() : *c.in(port).f32();
}

[[clang::minsize]] Status check_bounds(const InferCtx& c) {
  for (size_t i = 0; i < 3; ++i) {
    if (!c.has(i)) continue;
    WXNN_TRY(check_number("a bound", c.in(i)));
    WXNN_CHECK(c.in(i).shape.elements() == 1 && c.in(i).data != nullptr,
               "bound {} should be one known number", c.in(i).shape);
    c.out().dtype = c.in(i).dtype;
  }
  return {};
}

[[clang::minsize]] Status infer_range(InferCtx& c) {
  WXNN_TRY(read_dtype(c.attrs.text("dtype"), &c.out().dtype));
  WXNN_TRY(check_bounds(c));
  WXNN_CHECK(c.out().dtype != DType::kBool, "dtype is bool");
  const double start = bound(c, 0, "start");
  const double stop = bound(c, 1, "stop");
  const double step = bound(c, 2, "step");
  WXNN_CHECK(step != 0, "step is 0");
  const double count = __builtin_elementwise_ceil((stop - start) / step);
  WXNN_CHECK(count < 1e9, "the range does not fit in memory");
  c.out().shape = {count > 0 ? static_cast<int32_t>(count) : 0};
  return {};
}

// y[i] = start + i step, in double, so that errors do not add up.
void progression(const Tensor& y, double start, double step) {
  const int32_t n = y.shape.elements();
  for (int32_t i = 0; i < n; ++i) {
    const double v = start + i * step;
    if (y.dtype == DType::kInt32) {
      y.i32()[i] = whole<int32_t>(v);
    } else {
      y.f32()[i] = static_cast<float>(v);
    }
  }
}

[[clang::minsize]] Status infer_one_hot(InferCtx& c) {
  const Shape& indices = c.in(0).shape;
  Numbers depth;
  WXNN_TRY(read_numbers(c, 1, "depth", &depth));
  WXNN_CHECK(c.in(0).dtype == DType::kInt32, "indices is {}, wants int32", name_of(c.in(0).dtype));
  WXNN_CHECK(depth.count == 1 && depth[0] >= 0, "depth should be one number, not negative");
  WXNN_CHECK(indices.rank() < Shape::kMaxRank, "indices {} has no room for another dimension",
             indices);
  int axis = 0;
  WXNN_TRY(read_axis(c.attrs.i("axis"), indices, indices.rank() + 1, &axis));
  c.out().shape = indices;
  c.out().shape.insert(axis, depth[0]);
  WXNN_TRY(read_dtype(c.attrs.text("dtype"), &c.out().dtype));
  for (size_t i = 2; i < 4; ++i) {
    WXNN_CHECK(!c.has(i) || (c.in(i).dtype == c.out().dtype && c.in(i).shape.elements() == 1),
               "onValue and offValue should be one {} each", name_of(c.out().dtype));
  }
  return {};
}

// An index outside [0, depth) gives no hot element.
Status run_one_hot(const RunCtx& c) {
  const Tensor& y = c.out();
  uint32_t hot = element(c.attrs.f("onValue"), y.dtype);
  uint32_t cold = element(c.attrs.f("offValue"), y.dtype);
  if (c.has(2)) std::memcpy(&hot, c.in(2).data, size_of(y.dtype));
  if (c.has(3)) std::memcpy(&cold, c.in(3).data, size_of(y.dtype));
  fill(y, cold);
  const int axis = axis_of(c.attrs.i("axis"), y.shape.rank());
  const int32_t depth = y.shape[axis];
  const int32_t inner = y.shape.elements(axis + 1, y.shape.rank());
  const int32_t n = c.in(0).shape.elements();
  for (int32_t i = 0; i < n; ++i) {
    const int32_t index = c.in(0).i32()[i];
    if (index < 0 || index >= depth) continue;
    const int32_t at = (i / inner * depth + index) * inner + i % inner;
    if (y.dtype == DType::kBool) {
      y.u8()[at] = static_cast<uint8_t>(hot);
    } else {
      static_cast<uint32_t*>(y.data)[at] = hot;
    }
  }
  return {};
}

Status infer_number(InferCtx& c) {
  c.out() = {DType::kInt32, {}};
  return {};
}

}  // namespace

extern constinit const Op kFill = {
    .name = "Fill",
    .inputs = {{"shape", kArgument}, {"value", kOptional}},
    .attrs = {{"shape", AttrKind::kNumbers, kEmptyList},
              {"value", AttrKind::kNumber, 0.0},
              {"dtype", AttrKind::kText, "float32"}},
    .infer = infer_fill,
    .run = run_fill,
};

extern constinit const Op kZerosLike = {
    .name = "ZerosLike",
    .inputs = {{"x", kTypeOnly}},
    .infer = infer_like,
    .run = [](const RunCtx& c) -> Status {
      fill(c.out(), 0);
      return {};
    },
};

extern constinit const Op kOnesLike = {
    .name = "OnesLike",
    .inputs = {{"x", kTypeOnly}},
    .infer = infer_like,
    .run = [](const RunCtx& c) -> Status {
      fill(c.out(), element(1, c.out().dtype));
      return {};
    },
};

extern constinit const Op kRange = {
    .name = "Range",
    .inputs = {{"start", kArgument}, {"stop", kArgument}, {"step", kArgument}},
    .attrs = {{"start", AttrKind::kNumber, 0.0},
              {"stop", AttrKind::kNumber, 0.0},
              {"step", AttrKind::kNumber, 1.0},
              {"dtype", AttrKind::kText, "float32"}},
    .infer = infer_range,
    .run = [](const RunCtx& c) -> Status {
      progression(c.out(), bound(c, 0, "start"), bound(c, 2, "step"));
      return {};
    },
};

extern constinit const Op kLinSpace = {
    .name = "LinSpace",
    .inputs = {{"start", kArgument}, {"stop", kArgument}, {"num", kArgument}},
    .attrs = {{"start", AttrKind::kNumber, 0.0},
              {"stop", AttrKind::kNumber, 0.0},
              {"num", AttrKind::kNumber, 0.0}},
    .infer = [](InferCtx& c) -> Status {
      WXNN_TRY(check_bounds(c));
      const double num = bound(c, 2, "num");
      WXNN_CHECK(num > 0 && num < 1e9, "num should be positive");
      c.out() = {DType::kFloat32, {static_cast<int32_t>(num)}};
      return {};
    },
    .run = [](const RunCtx& c) -> Status {
      const int32_t n = c.out().shape[0];
      const double start = bound(c, 0, "start");
      const double stop = bound(c, 1, "stop");
      progression(c.out(), start, n > 1 ? (stop - start) / (n - 1) : 0);
      if (n > 1) c.out().f32()[n - 1] = static_cast<float>(stop);
      return {};
    },
};

extern constinit const Op kOneHot = {
    .name = "OneHot",
    .inputs = {{"indices"}, {"depth", kArgument}, {"onValue", kOptional}, {"offValue", kOptional}},
    .attrs = {{"depth", AttrKind::kNumbers, kEmptyList},
              {"onValue", AttrKind::kNumber, 1.0},
              {"offValue", AttrKind::kNumber, 0.0},
              {"axis", AttrKind::kNumber, -1.0},
              {"dtype", AttrKind::kText, "float32"}},
    .infer = infer_one_hot,
    .run = run_one_hot,
};

// Shape, Size and Rank are TensorFlow's; tfjs knows shapes without asking a kernel.
extern constinit const Op kShape = {
    .name = "Shape",
    .inputs = {{"x", kTypeOnly}},
    .infer = [](InferCtx& c) -> Status {
      c.out() = {DType::kInt32, {c.in(0).shape.rank()}};
      return {};
    },
    .run = [](const RunCtx& c) -> Status {
      std::ranges::copy(c.in(0).shape.dims(), c.out().i32());
      return {};
    },
};

extern constinit const Op kSize = {
    .name = "Size",
    .inputs = {{"x", kTypeOnly}},
    .infer = infer_number,
    .run = [](const RunCtx& c) -> Status {
      *c.out().i32() = c.in(0).shape.elements();
      return {};
    },
};

extern constinit const Op kRank = {
    .name = "Rank",
    .inputs = {{"x", kTypeOnly}},
    .infer = infer_number,
    .run = [](const RunCtx& c) -> Status {
      *c.out().i32() = c.in(0).shape.rank();
      return {};
    },
};

}  // namespace wxnn
