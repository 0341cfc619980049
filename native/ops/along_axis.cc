// Operators that walk one axis in order: ArgMax, ArgMin, Cumsum, Cumprod, TopK.
#include <algorithm>

#include "core/elementwise.h"
#include "core/sort.h"
#include "ops/arguments.h"
#include "ops/order.h"

namespace wxnn {
namespace {

// The axis of a tensor [outer, n, inner].
struct Axis {
  int32_t outer, n, inner;
};
template <class Ctx>
Axis axis_in(const Ctx& c) {
  const Shape& x = c.in(0).shape;
  const int axis = axis_of(c.attrs.i("axis"), x.rank());
  return {x.elements(0, axis), x[axis], x.elements(axis + 1, x.rank())};
}

[[clang::minsize]] Status infer_arg(InferCtx& c) {
  const Shape& x = c.in(0).shape;
  int axis = 0;
  WXNN_TRY(check_number("x", c.in(0)));
  WXNN_TRY(read_axis(c.attrs.i("axis"), x, x.rank(), &axis));
  WXNN_CHECK(x[axis] > 0, "axis {} of x {} is empty", axis, x);
  c.out() = {DType::kInt32, x};
  c.out().shape.erase(axis);
  return {};
}

// The first of equal elements counts.
template <class T, class Better>
void find_best(const RunCtx& c, Better better) {
  const Axis a = axis_in(c);
  const T* x = static_cast<const T*>(c.in(0).data);
  int32_t* y = c.out().i32();
  for (int32_t o = 0; o < a.outer; ++o, x += a.n * a.inner) {
    for (int32_t i = 0; i < a.inner; ++i) {
      int32_t best = 0;
      for (int32_t k = 1; k < a.n; ++k) {
        if (better(x[k * a.inner + i], x[best * a.inner + i])) best = k;
      }
      *y++ = best;
    }
  }
}

template <class Better>
Status run_arg(const RunCtx& c) {
  if (c.in(0).dtype == DType::kInt32) {
    find_best<int32_t>(c, Better());
  } else {
    find_best<float>(c, Better());
  }
  return {};
}

Status infer_cumulative(InferCtx& c) {
  const Shape& x = c.in(0).shape;
  int unused = 0;
  WXNN_TRY(check_number("x", c.in(0)));
  WXNN_TRY(read_axis(c.attrs.i("axis"), x, x.rank(), &unused));
  return same_as_x(c);
}

// One element after another, so y may be x. T is unsigned for integers, which wrap around.
template <class T>
void accumulate_along(const RunCtx& c, bool product) {
  const Axis a = axis_in(c);
  const bool exclusive = c.attrs.b("exclusive");
  const bool reverse = c.attrs.b("reverse");
  const T* x = static_cast<const T*>(c.in(0).data);
  T* y = static_cast<T*>(c.out().data);
  for (int32_t o = 0; o < a.outer; ++o) {
    for (int32_t i = 0; i < a.inner; ++i) {
      T sum = product ? 1 : 0;
      for (int32_t k = 0; k < a.n; ++k) {
        const int32_t at = (o * a.n + (reverse ? a.n - 1 - k : k)) * a.inner + i;
        const T next = product ? sum * x[at] : sum + x[at];
        y[at] = exclusive ? sum : next;
        sum = next;
      }
    }
  }
}

template <bool product>
Status run_cumulative(const RunCtx& c) {
  if (c.in(0).dtype == DType::kInt32) {
    accumulate_along<uint32_t>(c, product);
  } else {
    accumulate_along<float>(c, product);
  }
  return {};
}

[[clang::minsize]] Status infer_top_k(InferCtx& c) {
  const Shape& x = c.in(0).shape;
  Numbers k;
  WXNN_TRY(check_number("x", c.in(0)));
  WXNN_TRY(read_numbers(c, 1, "k", &k));
  WXNN_CHECK(x.rank() > 0, "x has no axis");
  WXNN_CHECK(k.count == 1 && k[0] >= 0 && k[0] <= x[-1], "k {} is outside the last axis of x {}",
             k[0], x);
  WXNN_CHECK(c.outputs.size() == 2, "gives two outputs, values and indices");
  for (TensorType& y : c.outputs) {
    y = c.in(0);
    y.shape[-1] = k[0];
  }
  c.out(1).dtype = DType::kInt32;
  return {};
}

// Of equal elements the first comes first.
void top_k(const int32_t* x, bool is_float, int32_t n, int32_t k, int32_t* values,
           int32_t* indices) {
  const auto before = [=](int32_t a, int32_t b) {
    const int32_t u = key_of(x[a], is_float);
    const int32_t v = key_of(x[b], is_float);
    return u != v ? u > v : a < b;
  };
  // A heap whose top is the worst of those kept.
  const std::span heap(indices, static_cast<size_t>(k));
  for (int32_t i = 0; i < k; ++i) indices[i] = i;
  make_heap(heap, order_of(before));
  for (int32_t i = k; i < n && k > 0; ++i) {
    if (!before(i, indices[0])) continue;
    indices[0] = i;
    sift_top(heap, order_of(before));
  }
  sort(heap, order_of(before));
  for (int32_t i = 0; i < k; ++i) values[i] = x[indices[i]];
}

Status run_top_k(const RunCtx& c) {
  const Shape& x = c.in(0).shape;
  const int32_t n = x[-1];
  const int32_t k = c.out().shape[-1];
  const int32_t rows = x.elements(0, x.rank() - 1);
  if (k == 0) return {};
  for (int32_t r = 0; r < rows; ++r) {
    top_k(c.in(0).i32() + r * n, c.in(0).dtype == DType::kFloat32, n, k, c.out().i32() + r * k,
          c.out(1).i32() + r * k);
  }
  return {};
}

struct Larger {
  bool operator()(auto a, auto b) const { return a > b; }
};
struct Smaller {
  bool operator()(auto a, auto b) const { return a < b; }
};

#define WXNN_CUMULATIVE_ATTRS                                                              \
  AttrSpec{"axis", AttrKind::kNumber, 0.0}, AttrSpec{"exclusive", AttrKind::kNumber, 0.0}, \
      AttrSpec{"reverse", AttrKind::kNumber, 0.0}

}  // namespace

extern constinit const Op kArgMax = {
    .name = "ArgMax",
    .inputs = {{"x"}},
    .attrs = {{"axis", AttrKind::kNumber, 0.0}},
    .infer = infer_arg,
    .run = run_arg<Larger>,
};

extern constinit const Op kArgMin = {
    .name = "ArgMin",
    .inputs = {{"x"}},
    .attrs = {{"axis", AttrKind::kNumber, 0.0}},
    .infer = infer_arg,
    .run = run_arg<Smaller>,
};

extern constinit const Op kCumsum = {
    .name = "Cumsum",
    .inputs = {{"x"}},
    .attrs = {WXNN_CUMULATIVE_ATTRS},
    .infer = infer_cumulative,
    .run = run_cumulative<false>,
    .in_place = 0,
};

extern constinit const Op kCumprod = {
    .name = "Cumprod",
    .inputs = {{"x"}},
    .attrs = {WXNN_CUMULATIVE_ATTRS},
    .infer = infer_cumulative,
    .run = run_cumulative<true>,
    .in_place = 0,
};

extern constinit const Op kTopK = {
    .name = "TopK",
    .inputs = {{"x"}, {"k", kArgument}},
    .attrs = {{"k", AttrKind::kNumbers, kEmptyList}, {"sorted", AttrKind::kNumber, 1.0}},
    .infer = infer_top_k,
    .run = run_top_k,
    .outputs = 2,
};

}  // namespace wxnn
