// XlaPad and XlaReduceWindow: StableHLO's padding, between elements too, and its reduction of
// windows, which TensorFlow Lite has too. Rare, so one element after another.
#include <algorithm>
#include <cstring>

#include "core/strided_copy.h"
#include "ops/combine.h"

namespace wxnn {
namespace {

[[clang::minsize]] Status read_list(const Attrs& attrs, std::span<const Tensor* const> inputs,
                                    const char* name, int count, int32_t least, Numbers* list) {
  WXNN_TRY(read_numbers(attrs, {}, kNoPort, name, list));
  WXNN_CHECK(list->count == count, "{} has {} numbers, x {} wants {}", name, list->count,
             inputs[0]->shape, count);
  for (const int32_t v : list->span()) WXNN_CHECK(v >= least, "{} has {}", name, v);
  return {};
}

Status check_one(const char* name, const Tensor& value, const Tensor& x) {
  WXNN_CHECK(value.dtype == x.dtype && value.shape.elements() == 1, "{} {} {} should be one {}",
             name, name_of(value.dtype), value.shape, name_of(x.dtype));
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
    WXNN_CHECK(n >= 0 && n <= INT32_MAX, "axis {} of x {} is padded by {}, {} and {} between", i,
               x.shape, p.low[i], p.high[i], p.interior[i]);
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
  WXNN_CHECK(whole.fits(), "windowDimensions {} are too large", whole);
  c.out() = x;
  for (int i = 0; i < x.shape.rank(); ++i) {
    const int64_t n =
        stretched(x.shape[i], r.base[i] - 1) + r.padding[2 * i] + r.padding[2 * i + 1];
    const int64_t window = stretched(r.window[i], r.dilations[i] - 1);
    WXNN_CHECK(n >= 0 && n <= INT32_MAX, "axis {} of x {} has {} elements with its padding", i,
               x.shape, n);
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
  for (int32_t i = 0; i < n; ++i, next_index(y.shape, at)) {
    int32_t in_window[Shape::kMaxRank] = {};
    for (int32_t k = 0; k < m; ++k, next_index(window, in_window)) {
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
