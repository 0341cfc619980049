// Sum, Mean, Max… over any axes, in the order that core/reduce.h states.
#include "core/reduce.h"

#include <algorithm>
#include <concepts>

#include "core/elementwise.h"
#include "core/math.h"
#include "ops/arguments.h"

namespace wxnn {
namespace {

#define WXNN_REDUCE_ATTRS(axis_name) \
  AttrSpec{axis_name, AttrKind::kNumbers, kEmptyList}, AttrSpec{"keepDims", AttrKind::kNumber, 0.0}

// tfjs spells it so for Max alone.
const char* axis_name(const Attrs& attrs) {
  return attrs.knows("axis") ? "axis" : "reductionIndices";
}

// One bit per axis that is reduced. No axis given means all of them.
template <class Ctx>
uint32_t reduced_axes(const Ctx& c) {
  const int rank = c.in(0).shape.rank();
  const Numbers axes = numbers_of(c, 1, axis_name(c.attrs));
  uint32_t reduced = axes.count == 0 && !c.has(1) ? ~0u : 0;
  for (const int32_t axis : axes.span()) reduced |= 1u << axis_of(axis, rank);
  return reduced;
}

[[clang::minsize]] Status infer_axes(InferCtx& c) {
  const Shape& x = c.in(0).shape;
  Numbers axes;
  WXNN_TRY(read_numbers(c, 1, axis_name(c.attrs), &axes));
  for (const int32_t axis : axes.span()) {
    int unused = 0;
    WXNN_TRY(read_axis(axis, x, x.rank(), &unused));
  }
  const uint32_t reduced = reduced_axes(c);
  Shape y;
  for (int i = 0; i < x.rank(); ++i) {
    if ((reduced >> i & 1) == 0) {
      y.push_back(x[i]);
    } else if (c.attrs.b("keepDims")) {
      y.push_back(1);
    }
  }
  c.out() = {c.in(0).dtype, y};
  return {};
}

Status infer_numbers(InferCtx& c) {
  WXNN_TRY(check_number("x", c.in(0)));
  return infer_axes(c);
}

Status infer_bools(InferCtx& c) {
  WXNN_CHECK(c.in(0).dtype == DType::kBool, "x is {}, wants bool", name_of(c.in(0).dtype));
  return infer_axes(c);
}

// What a reduction does with elements of one type; the walk over the axes is shared. Without
// `columns`, which only sums and extremes of float32 have, columns are gathered.
struct Reducer {
  int32_t size;
  void (*start)(void* lanes);
  void (*accumulate)(const void* x, int32_t n, void* lanes);
  void (*finish)(const void* lanes, void* y);
  void (*columns)(const void* x, int32_t rows, int32_t step, int32_t columns, void* y);
};

// Of floats the order of core/reduce.h. Whole numbers and bools give the same in any order.
template <class T, T first, auto f, bool has_columns = false>
struct ReducerOf {
  static constexpr int kLanes = std::floating_point<T> ? 4 : 1;
  static void start(void* lanes) { std::fill_n(static_cast<T*>(lanes), kLanes, first); }
  static void add(const void* x, int32_t n, void* lanes) {
    const T* from = static_cast<const T*>(x);
    if constexpr (kLanes == 4) {
      accumulate(from, n, *static_cast<Lanes<T>*>(lanes), f);
    } else {
      T& all = *static_cast<T*>(lanes);
      each_small(n, [&, from](int32_t i) { all = f(all, from[i]); });
    }
  }
  static void finish(const void* lanes, void* y) {
    if constexpr (kLanes == 4) {
      *static_cast<T*>(y) = join(*static_cast<const Lanes<T>*>(lanes), f);
    } else {
      *static_cast<T*>(y) = *static_cast<const T*>(lanes);
    }
  }
  static void columns(const void* x, int32_t rows, int32_t step, int32_t n, void* y) {
    reduce_columns(static_cast<const T*>(x), rows, step, n, first, f, static_cast<T*>(y));
  }
  static constexpr Reducer value = {sizeof(T), start, add, finish, has_columns ? columns : nullptr};
};

// Neighbouring axes that are reduced, or kept, are one group; axes of length 1 belong to any.
struct Groups {
  int count = 0;
  bool reduced[Shape::kMaxRank];
  int32_t n[Shape::kMaxRank];
  int32_t step[Shape::kMaxRank];  // elements
};

Groups group_axes(const Shape& x, uint32_t reduced) {
  Groups g;
  for (int i = 0; i < x.rank(); ++i) {
    if (x[i] == 1) continue;
    const bool r = (reduced >> i & 1) != 0;
    if (g.count > 0 && g.reduced[g.count - 1] == r) {
      g.n[g.count - 1] *= x[i];
    } else {
      g.reduced[g.count] = r;
      g.n[g.count++] = x[i];
    }
  }
  int32_t step = 1;
  for (int i = g.count - 1; i >= 0; --i) {
    g.step[i] = step;
    step *= g.n[i];
  }
  return g;
}

// Steps through the groups that are (or are not) reduced, in row-major order.
class Odometer {
 public:
  Odometer(const Groups& g, bool reduced) : g_(g), reduced_(reduced) {}
  int32_t count() const {
    int32_t n = 1;
    for (int i = 0; i < g_.count; ++i) n *= g_.reduced[i] == reduced_ ? g_.n[i] : 1;
    return n;
  }
  int32_t offset() const { return offset_; }
  void advance() {
    for (int i = g_.count - 1; i >= 0; --i) {
      if (g_.reduced[i] != reduced_) continue;
      offset_ += g_.step[i];
      if (++at_[i] < g_.n[i]) return;
      offset_ -= g_.step[i] * g_.n[i];
      at_[i] = 0;
    }
  }

 private:
  const Groups& g_;
  bool reduced_;
  int32_t offset_ = 0;
  int32_t at_[Shape::kMaxRank] = {};
};

// Axes in any arrangement: each output gathers its elements, a block at a time.
void reduce_gathered(const Reducer& r, const Groups& g, const uint8_t* x, uint8_t* y) {
  constexpr int32_t kBlock = 256;
  alignas(16) uint8_t block[kBlock * 4];
  alignas(16) uint8_t lanes[16];
  Odometer kept(g, false);
  const int32_t outputs = kept.count();
  for (int32_t i = 0; i < outputs; ++i, kept.advance(), y += r.size) {
    r.start(lanes);
    Odometer inner(g, true);
    for (int32_t left = inner.count(); left > 0; left -= kBlock) {
      const int32_t n = std::min(left, kBlock);
      for (int32_t k = 0; k < n; ++k, inner.advance()) {
        const uint8_t* from = x + (kept.offset() + inner.offset()) * r.size;
        std::copy_n(from, r.size, block + k * r.size);
      }
      r.accumulate(block, n, lanes);
    }
    r.finish(lanes, y);
  }
}

void reduce_axes(const RunCtx& c, const Reducer& r) {
  const Shape& shape = c.in(0).shape;
  const Groups g = group_axes(shape, reduced_axes(c));
  const uint8_t* x = c.in(0).u8();
  uint8_t* y = c.out().u8();
  const int last = g.count - 1;
  // [R], [K,R], [R,K], [K,R,K]: all others gather.
  const bool rows = g.count <= 2 && (last < 0 || g.reduced[last] || g.count == 1);
  const bool columns = r.columns != nullptr && !rows && !g.reduced[last] && g.count <= 3;
  if (columns) {
    const int32_t outer = g.count == 3 ? g.n[0] : 1;
    const int32_t n = g.n[last - 1];
    for (int32_t i = 0; i < outer; ++i) {
      r.columns(x, n, g.n[last], g.n[last], y);
      x += n * g.n[last] * r.size;
      y += g.n[last] * r.size;
    }
    return;
  }
  if (!rows) return reduce_gathered(r, g, x, y);
  const int32_t n = last >= 0 && g.reduced[last] ? g.n[last] : 1;
  const int32_t outputs = c.out().shape.elements();
  alignas(16) uint8_t lanes[16];
  for (int32_t i = 0; i < outputs; ++i, x += n * r.size, y += r.size) {
    r.start(lanes);
    r.accumulate(x, n, lanes);
    r.finish(lanes, y);
  }
}

constexpr auto kAddFloats = [](float a, float b) { return a + b; };
constexpr auto kMultiplyFloats = [](float a, float b) { return a * b; };
constexpr auto kLargerFloat = [](float a, float b) { return larger_f32(a, b); };
constexpr auto kSmallerFloat = [](float a, float b) { return smaller_f32(a, b); };
// Integers wrap around.
constexpr auto kAddInts = [](int32_t a, int32_t b) {
  return static_cast<int32_t>(static_cast<uint32_t>(a) + static_cast<uint32_t>(b));
};
constexpr auto kMultiplyInts = [](int32_t a, int32_t b) {
  return static_cast<int32_t>(static_cast<uint32_t>(a) * static_cast<uint32_t>(b));
};
constexpr auto kLargerInt = [](int32_t a, int32_t b) { return a > b ? a : b; };
constexpr auto kSmallerInt = [](int32_t a, int32_t b) { return a < b ? a : b; };

template <auto& floats, auto& ints>
Status run_reduce(const RunCtx& c) {
  reduce_axes(c, c.in(0).dtype == DType::kInt32 ? ints : floats);
  return {};
}

constexpr const Reducer& kSumF = ReducerOf<float, 0.0f, kAddFloats, true>::value;
constexpr const Reducer& kSumI = ReducerOf<int32_t, 0, kAddInts>::value;
constexpr const Reducer& kProdF = ReducerOf<float, 1.0f, kMultiplyFloats>::value;
constexpr const Reducer& kProdI = ReducerOf<int32_t, 1, kMultiplyInts>::value;
constexpr const Reducer& kMaxF = ReducerOf<float, -kInfF32, kLargerFloat, true>::value;
constexpr const Reducer& kMaxI = ReducerOf<int32_t, INT32_MIN, kLargerInt>::value;
constexpr const Reducer& kMinF = ReducerOf<float, kInfF32, kSmallerFloat, true>::value;
constexpr const Reducer& kMinI = ReducerOf<int32_t, INT32_MAX, kSmallerInt>::value;
constexpr const Reducer& kAllB =
    ReducerOf<uint8_t, 1, [](uint8_t a, uint8_t b) -> uint8_t { return a & (b != 0); }>::value;
constexpr const Reducer& kAnyB =
    ReducerOf<uint8_t, 0, [](uint8_t a, uint8_t b) -> uint8_t { return a | (b != 0); }>::value;

}  // namespace

extern constinit const Op kSum = {
    .name = "Sum",
    .inputs = {{"x"}, {"axis", kArgument}},
    .attrs = {WXNN_REDUCE_ATTRS("axis")},
    .infer = infer_numbers,
    .run = run_reduce<kSumF, kSumI>,
};

extern constinit const Op kProd = {
    .name = "Prod",
    .inputs = {{"x"}, {"axis", kArgument}},
    .attrs = {WXNN_REDUCE_ATTRS("axis")},
    .infer = infer_numbers,
    .run = run_reduce<kProdF, kProdI>,
};

extern constinit const Op kMax = {
    .name = "Max",
    .inputs = {{"x"}, {"axis", kArgument}},
    .attrs = {WXNN_REDUCE_ATTRS("reductionIndices")},
    .infer = infer_numbers,
    .run = run_reduce<kMaxF, kMaxI>,
};

extern constinit const Op kMin = {
    .name = "Min",
    .inputs = {{"x"}, {"axis", kArgument}},
    .attrs = {WXNN_REDUCE_ATTRS("axis")},
    .infer = infer_numbers,
    .run = run_reduce<kMinF, kMinI>,
};

extern constinit const Op kMean = {
    .name = "Mean",
    .inputs = {{"x"}, {"axis", kArgument}},
    .attrs = {WXNN_REDUCE_ATTRS("axis")},
    .infer = [](InferCtx& c) -> Status {
      WXNN_TRY(check_float("x", c.in(0)));
      return infer_axes(c);
    },
    .run = [](const RunCtx& c) -> Status {
      reduce_axes(c, kSumF);
      const uint32_t reduced = reduced_axes(c);
      const Shape& x = c.in(0).shape;
      int32_t count = 1;
      for (int i = 0; i < x.rank(); ++i) count *= (reduced >> i & 1) != 0 ? x[i] : 1;
      const float divisor = static_cast<float>(count);
      float* y = c.out().f32();
      const int32_t n = c.out().shape.elements();
      for (int32_t i = 0; i < n; ++i) y[i] /= divisor;
      return {};
    },
};

extern constinit const Op kAll = {
    .name = "All",
    .inputs = {{"x"}, {"axis", kArgument}},
    .attrs = {WXNN_REDUCE_ATTRS("axis")},
    .infer = infer_bools,
    .run = run_reduce<kAllB, kAllB>,
};

extern constinit const Op kAny = {
    .name = "Any",
    .inputs = {{"x"}, {"axis", kArgument}},
    .attrs = {WXNN_REDUCE_ATTRS("axis")},
    .infer = infer_bools,
    .run = run_reduce<kAnyB, kAnyB>,
};

WXNN_LOOPS(Reduce, any_loop(kSumF.accumulate), any_loop(kSumF.columns), any_loop(kProdF.accumulate),
           any_loop(kMaxF.accumulate), any_loop(kMaxF.columns), any_loop(kMinF.accumulate),
           any_loop(kMinF.columns));

}  // namespace wxnn
