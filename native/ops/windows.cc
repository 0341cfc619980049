// XlaGather, XlaScatter, XlaPad, XlaReduceWindow: StableHLO's operators on windows of a tensor,
// which TensorFlow Lite has too. Rare, so one element after another.
#include <algorithm>
#include <cstring>

#include "core/elementwise.h"
#include "core/strided_copy.h"
#include "ops/arguments.h"

namespace wxnn {
namespace {

// A list that is an attribute alone.
constexpr size_t kNoPort = SIZE_MAX;

// What a result and one more element give, by the name of the operator that the file says it with.
using Combine = void (*)(void* y, const void* x);
template <class T, auto f>
void combine(void* y, const void* x) {
  T& to = *static_cast<T*>(y);
  to = static_cast<T>(f(to, *static_cast<const T*>(x)));
}
struct Computation {
  std::string_view name;
  Combine f32, i32, flags;
};
constexpr auto kPlus = [](auto a, auto b) { return a + b; };
constexpr auto kTimes = [](auto a, auto b) { return a * b; };
constexpr auto kLower = [](auto a, auto b) { return b < a || b != b ? b : a; };
constexpr auto kHigher = [](auto a, auto b) { return b > a || b != b ? b : a; };
constexpr auto kBoth = [](auto a, auto b) { return a & b; };
constexpr auto kEither = [](auto a, auto b) { return a | b; };
constexpr Computation kComputations[] = {
    {"Add", combine<float, kPlus>, combine<uint32_t, kPlus>, nullptr},
    {"Multiply", combine<float, kTimes>, combine<uint32_t, kTimes>, nullptr},
    {"Minimum", combine<float, kLower>, combine<int32_t, kLower>, nullptr},
    {"Maximum", combine<float, kHigher>, combine<int32_t, kHigher>, nullptr},
    {"LogicalAnd", nullptr, nullptr, combine<uint8_t, kBoth>},
    {"LogicalOr", nullptr, nullptr, combine<uint8_t, kEither>},
};

// Null where there is none for this type.
Combine find_combine(std::string_view name, DType dtype) {
  const auto* row = std::ranges::find(kComputations, name, &Computation::name);
  if (row == std::end(kComputations)) return nullptr;
  if (dtype == DType::kFloat32) return row->f32;
  return dtype == DType::kInt32 ? row->i32 : dtype == DType::kBool ? row->flags : nullptr;
}

Status check_combine(const Attrs& attrs, DType dtype) {
  const std::string_view name = attrs.text("computation");
  WXNN_CHECK(find_combine(name, dtype) != nullptr, "computation \"", name, "\" of ", name_of(dtype),
             " is not supported");
  return {};
}

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
  WXNN_CHECK(indices.dtype == DType::kInt32 && vector >= 0 && vector <= rows.rank(), "indices ",
             name_of(indices.dtype), " ", rows, " should be int32 with an axis ", vector);
  w->operand = operand.shape;
  w->depth = vector < rows.rank() ? rows[vector] : 1;
  w->depth_step = vector < rows.rank() ? rows.elements(vector + 1, rows.rank()) : 1;
  WXNN_CHECK(w->starts_along.count == w->depth, "indexMap has ", w->starts_along.count,
             " numbers, indices ", rows, " wants ", w->depth);
  const int rank = operand.shape.rank();
  for (int k = 0; k < w->depth; ++k) {
    WXNN_CHECK(w->starts_along[k] >= 0 && w->starts_along[k] < rank, "indexMap ",
               w->starts_along[k], " is outside ", operand.shape);
  }
  w->together = {};
  int axis = -1;
  int row = -1;
  const int count =
      std::min(rows.rank() - (vector < rows.rank() ? 1 : 0) + dims.count, Shape::kMaxRank + 1);
  WXNN_CHECK(count <= Shape::kMaxRank, "indices ", rows, " has too many dimensions");
  for (int i = 0; i < count; ++i) {
    const bool in_window = std::ranges::find(dims.span(), i) != dims.span().end();
    if (in_window) {
      const auto left_out = collapsed.span();
      for (++axis; std::ranges::find(left_out, axis) != left_out.end();) ++axis;
    } else {
      for (++row; row == vector;) ++row;
    }
    WXNN_CHECK(in_window ? axis < rank : row < rows.rank(), "windowDims and collapsedDims do not ",
               "fit ", operand.shape, " and indices ", rows);
    w->axis[i] = in_window ? axis : -1;
    w->index_step[i] = in_window ? 0 : rows.elements(row + 1, rows.rank());
    w->together.push_back(in_window ? sizes[axis] : rows[row]);
  }
  WXNN_CHECK(dims.count + collapsed.count == rank, "windowDims and collapsedDims name ",
             dims.count + collapsed.count, " axes, ", operand.shape, " has ", rank);
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

// The next index in row-major order.
void step(const Shape& shape, int32_t* at) {
  for (int i = shape.rank() - 1; i >= 0; --i) {
    if (++at[i] < shape[i]) return;
    at[i] = 0;
  }
}

Status read_gather(const Attrs& attrs, std::span<const Tensor* const> inputs, Windows* w,
                   Shape* sizes) {
  Numbers given;
  WXNN_TRY(read_numbers(attrs, {}, kNoPort, "sliceSizes", &given));
  const Tensor& operand = *inputs[0];
  WXNN_CHECK(given.count == operand.shape.rank(), "sliceSizes has ", given.count,
             " numbers, operand ", operand.shape, " wants ", operand.shape.rank());
  *sizes = Shape(given.span());
  for (int i = 0; i < given.count; ++i) {
    WXNN_CHECK(given[i] >= 0 && given[i] <= operand.shape[i], "a slice of ", *sizes,
               " does not fit in operand ", operand.shape);
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
    WXNN_CHECK(axis >= 0 && axis < sizes.rank() && sizes[axis] == 1, "collapsedDims ", axis,
               " of slices ", sizes, " is not 1");
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
  for (int32_t i = 0; i < n; ++i, step(w.together, at)) {
    const int32_t from = place_of(w, at, c.in(1).i32(), &sizes);
    std::memcpy(c.out().u8() + static_cast<size_t>(i) * size,
                c.in(0).u8() + static_cast<size_t>(from) * size, size);
  }
  return {};
}

[[clang::minsize]] Status infer_scatter(InferCtx& c) {
  Windows w;
  const Tensor& updates = c.in(2);
  WXNN_CHECK(updates.dtype == c.in(0).dtype, "operand is ", name_of(c.in(0).dtype), ", updates ",
             name_of(updates.dtype));
  if (!c.attrs.text("computation").empty()) WXNN_TRY(check_combine(c.attrs, updates.dtype));
  WXNN_TRY(read_windows(c.attrs, c.in(0), c.in(1), c.in(0).shape, &w));
  bool fits = updates.shape.rank() == w.together.rank();
  for (int i = 0; fits && i < updates.shape.rank(); ++i) {
    fits =
        updates.shape[i] == w.together[i] || (w.axis[i] >= 0 && updates.shape[i] < w.together[i]);
  }
  WXNN_CHECK(fits, "updates ", updates.shape, " should be at most ", w.together);
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
  for (int32_t i = 0; i < n; ++i, step(updates.shape, at)) {
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

[[clang::minsize]] Status read_list(const Attrs& attrs, std::span<const Tensor* const> inputs,
                                    const char* name, int count, int32_t least, Numbers* list) {
  WXNN_TRY(read_numbers(attrs, {}, kNoPort, name, list));
  WXNN_CHECK(list->count == count, name, " has ", list->count, " numbers, x ", inputs[0]->shape,
             " wants ", count);
  for (const int32_t v : list->span()) WXNN_CHECK(v >= least, name, " has ", v);
  return {};
}

Status check_one(const char* name, const Tensor& value, const Tensor& x) {
  WXNN_CHECK(value.dtype == x.dtype && value.shape.elements() == 1, name, " ", name_of(value.dtype),
             " ", value.shape, " should be one ", name_of(x.dtype));
  return {};
}

void fill(const Tensor& y, const void* value) {
  const size_t size = size_of(y.dtype);
  const size_t n = static_cast<size_t>(y.shape.elements());
  for (size_t i = 0; i < n; ++i) std::memcpy(y.u8() + i * size, value, size);
}

struct Pads {
  Numbers low, high, interior;
};

Status read_pads(const Attrs& attrs, std::span<const Tensor* const> inputs, Pads* p) {
  const int rank = inputs[0]->shape.rank();
  WXNN_TRY(read_list(attrs, inputs, "low", rank, INT32_MIN, &p->low));
  WXNN_TRY(read_list(attrs, inputs, "high", rank, INT32_MIN, &p->high));
  return read_list(attrs, inputs, "interior", rank, 0, &p->interior);
}

// Elements of an axis of n with `between` in each gap.
int64_t stretched(int32_t n, int64_t between) { return n == 0 ? 0 : n + (n - 1) * between; }

[[clang::minsize]] Status infer_pad(InferCtx& c) {
  const Tensor& x = c.in(0);
  Pads p;
  WXNN_TRY(read_pads(c.attrs, c.inputs, &p));
  WXNN_TRY(check_one("paddingValue", c.in(1), x));
  c.out() = x;
  for (int i = 0; i < x.shape.rank(); ++i) {
    const int64_t n = stretched(x.shape[i], p.interior[i]) + p.low[i] + p.high[i];
    WXNN_CHECK(n >= 0 && n <= INT32_MAX, "axis ", i, " of x ", x.shape, " is padded by ", p.low[i],
               ", ", p.high[i], " and ", p.interior[i], " between");
    c.out().shape[i] = static_cast<int32_t>(n);
  }
  return {};
}

[[clang::minsize]] Status run_pad(const RunCtx& c) {
  const Tensor& x = c.in(0);
  const Tensor& y = c.out();
  Pads p;
  WXNN_TRY(read_pads(c.attrs, c.inputs, &p));
  fill(y, c.in(1).data);
  const ptrdiff_t size = static_cast<ptrdiff_t>(size_of(y.dtype));
  ptrdiff_t from[Shape::kMaxRank], to[Shape::kMaxRank];
  int32_t count[Shape::kMaxRank];
  ptrdiff_t from_step = size, to_step = size, first_from = 0, first_to = 0;
  for (int i = x.shape.rank() - 1; i >= 0; --i) {
    const int64_t step = int64_t{p.interior[i]} + 1;
    // Element k lands at low + k step: the first and one past the last that stay.
    const int64_t low = p.low[i];
    const int64_t first = low < 0 ? (-low + step - 1) / step : 0;
    const int64_t room = y.shape[i] - 1 - low;
    const int64_t last = room < 0 ? 0 : std::min<int64_t>(x.shape[i], room / step + 1);
    count[i] = static_cast<int32_t>(std::max<int64_t>(last - first, 0));
    if (count[i] == 0) return {};
    from[i] = from_step;
    to[i] = to_step * static_cast<ptrdiff_t>(step);
    first_from += static_cast<ptrdiff_t>(first) * from_step;
    first_to += static_cast<ptrdiff_t>(low + first * step) * to_step;
    from_step *= x.shape[i];
    to_step *= y.shape[i];
  }
  StridedCopy copy(static_cast<size_t>(size));
  for (int i = 0; i < x.shape.rank(); ++i) copy.loop(count[i], from[i], to[i]);
  copy.copy(x.u8() + first_from, y.u8() + first_to);
  return {};
}

struct Reduction {
  Numbers window, strides, base, dilations, padding;
};

// An absent list means 1 for each axis, of padding 0.
Status read_reduction(const Attrs& attrs, std::span<const Tensor* const> inputs, Reduction* r) {
  const int rank = inputs[0]->shape.rank();
  WXNN_TRY(read_list(attrs, inputs, "windowDimensions", rank, 1, &r->window));
  struct Item {
    const char* name;
    Numbers* list;
  };
  for (const Item& item : {Item{"windowStrides", &r->strides}, Item{"baseDilations", &r->base},
                           Item{"windowDilations", &r->dilations}}) {
    std::fill_n(item.list->at, rank, 1);
    if (attrs.numbers(item.name).empty()) continue;
    WXNN_TRY(read_list(attrs, inputs, item.name, rank, 1, item.list));
  }
  if (attrs.numbers("padding").empty()) return {};
  return read_list(attrs, inputs, "padding", 2 * rank, INT32_MIN, &r->padding);
}

[[clang::minsize]] Status infer_reduce_window(InferCtx& c) {
  const Tensor& x = c.in(0);
  Reduction r;
  WXNN_TRY(read_reduction(c.attrs, c.inputs, &r));
  WXNN_TRY(check_one("init", c.in(1), x));
  WXNN_TRY(check_combine(c.attrs, x.dtype));
  const Shape whole(r.window.span());
  WXNN_CHECK(whole.fits(), "windowDimensions ", whole, " are too large");
  c.out() = x;
  for (int i = 0; i < x.shape.rank(); ++i) {
    const int64_t n =
        stretched(x.shape[i], r.base[i] - 1) + r.padding[2 * i] + r.padding[2 * i + 1];
    const int64_t window = stretched(r.window[i], r.dilations[i] - 1);
    WXNN_CHECK(n >= 0 && n <= INT32_MAX, "axis ", i, " of x ", x.shape, " has ", n,
               " elements with its padding");
    c.out().shape[i] = n < window ? 0 : static_cast<int32_t>((n - window) / r.strides[i] + 1);
  }
  return {};
}

// What is beside x, or between its elements, is init.
[[clang::minsize]] Status run_reduce_window(const RunCtx& c) {
  const Tensor& x = c.in(0);
  const Tensor& y = c.out();
  Reduction r;
  WXNN_TRY(read_reduction(c.attrs, c.inputs, &r));
  const Combine f = find_combine(c.attrs.text("computation"), x.dtype);
  const size_t size = size_of(x.dtype);
  const Shape window(r.window.span());
  const int32_t n = y.shape.elements();
  const int32_t m = window.elements();
  fill(y, c.in(1).data);
  int32_t at[Shape::kMaxRank] = {};
  for (int32_t i = 0; i < n; ++i, step(y.shape, at)) {
    int32_t in_window[Shape::kMaxRank] = {};
    for (int32_t k = 0; k < m; ++k, step(window, in_window)) {
      bool inside = true;
      int32_t flat = 0;
      for (int d = 0; d < x.shape.rank(); ++d) {
        const int64_t place = int64_t{at[d]} * r.strides[d] +
                              int64_t{in_window[d]} * r.dilations[d] - r.padding[2 * d];
        const int64_t element = place / r.base[d];
        inside &= place >= 0 && element * r.base[d] == place && element < x.shape[d];
        flat = flat * x.shape[d] + (inside ? static_cast<int32_t>(element) : 0);
      }
      f(y.u8() + static_cast<size_t>(i) * size,
        inside ? x.u8() + static_cast<size_t>(flat) * size : c.in(1).u8());
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

// paddingValue before, after and between the elements of each axis; negative low and high cut off.
extern constinit const Op kXlaPad = {
    .name = "XlaPad",
    .inputs = {{"x"}, {"paddingValue"}},
    .attrs = {{"low", AttrKind::kNumbers, kEmptyList},
              {"high", AttrKind::kNumbers, kEmptyList},
              {"interior", AttrKind::kNumbers, kEmptyList}},
    .infer = infer_pad,
    .run = run_pad,
};

// init and all elements of each window of x, combined.
extern constinit const Op kXlaReduceWindow = {
    .name = "XlaReduceWindow",
    .inputs = {{"x"}, {"init"}},
    .attrs = {{"windowDimensions", AttrKind::kNumbers, kEmptyList},
              {"windowStrides", AttrKind::kNumbers, kEmptyList},
              {"baseDilations", AttrKind::kNumbers, kEmptyList},
              {"windowDilations", AttrKind::kNumbers, kEmptyList},
              {"padding", AttrKind::kNumbers, kEmptyList},
              {"computation", AttrKind::kText}},
    .infer = infer_reduce_window,
    .run = run_reduce_window,
};

}  // namespace wxnn
