// What looks for elements: Where, Unique, ListDiff, SearchSorted, Bucketize, and the counts of
// Bincount and DenseBincount.
#include <algorithm>
#include <cstring>

#include "core/buffer.h"
#include "core/elementwise.h"
#include "core/sort.h"
#include "ops/arguments.h"
#include "ops/order.h"

namespace wxnn {
namespace {

// Element i of a tensor as an integer that compares as the elements do.
int32_t key_at(const Tensor& t, int32_t i) {
  if (t.dtype == DType::kBool) return t.u8()[i] != 0;
  return key_of(t.i32()[i], t.dtype == DType::kFloat32);
}

Status no_complex(const char* name, const Tensor& t) {
  WXNN_CHECK(t.dtype != DType::kComplex64, "{} is complex64", name);
  return {};
}

// The places of what is not 0, row by row, in ascending order.
[[clang::minsize]] Status run_where(const RunCtx& c) {
  const Tensor& x = c.in(0);
  const int32_t n = x.shape.elements();
  const auto holds = [&](int32_t i) {
    return x.dtype == DType::kBool      ? x.u8()[i] != 0
           : x.dtype == DType::kFloat32 ? x.f32()[i] != 0
                                        : x.i32()[i] != 0;
  };
  int32_t count = 0;
  for (int32_t i = 0; i < n; ++i) count += holds(i) ? 1 : 0;
  WXNN_TRY(c.late->allocate(0, {count, x.shape.rank()}));
  int32_t* row = c.out().i32();
  for (int32_t i = 0; i < n; ++i) {
    if (!holds(i)) continue;
    int32_t rest = i;
    for (int k = x.shape.rank() - 1; k >= 0; --k) {
      row[k] = rest % x.shape[k];
      rest /= x.shape[k];
    }
    row += x.shape.rank();
  }
  return {};
}

// The slices of x along an axis: x is [outer, n, inner].
struct Slices {
  const Tensor& x;
  int axis;
  int32_t outer, n, inner;

  Slices(const Tensor& x, int axis) : x(x), axis(axis) {
    outer = x.shape.elements(0, axis);
    n = x.shape[axis];
    inner = x.shape.elements(axis + 1, x.shape.rank());
  }
  // -1, 0 or 1.
  int compare(int32_t a, int32_t b) const {
    for (int32_t o = 0; o < outer; ++o) {
      for (int32_t i = 0; i < inner; ++i) {
        const int32_t u = key_at(x, (o * n + a) * inner + i);
        const int32_t v = key_at(x, (o * n + b) * inner + i);
        if (u != v) return u < v ? -1 : 1;
      }
    }
    return 0;
  }
};

template <class Ctx>
Status axis_of_unique(const Ctx& c, int* axis) {
  const Shape& x = c.in(0).shape;
  const bool given = !c.attrs.numbers("axis").empty();
  WXNN_CHECK(given || x.rank() == 1, "x {} should be a list where no axis is given", x);
  return read_axis(given ? c.attrs.i("axis") : 0, x, x.rank(), axis);
}

[[clang::minsize]] Status infer_unique(InferCtx& c) {
  int axis = 0;
  WXNN_TRY(no_complex("x", c.in(0)));
  WXNN_TRY(axis_of_unique(c, &axis));
  WXNN_CHECK(c.outputs.size() == 2, "gives two outputs, values and indices");
  c.out(0) = {c.in(0).dtype, Shape::unknown()};
  c.out(1) = {DType::kInt32, {c.in(0).shape[axis]}};
  return {};
}

// Slices in the order in which they first occur, and for each slice of x which of them it is.
// Both zeros are one; so is every NaN.
[[clang::minsize]] Status run_unique(const RunCtx& c) {
  int axis = 0;
  WXNN_TRY(axis_of_unique(c, &axis));
  const Slices s(c.in(0), axis);
  Buffer memory;
  WXNN_TRY(memory.allocate(2 * static_cast<size_t>(s.n) * sizeof(int32_t)));
  int32_t* order = memory.data<int32_t>();
  int32_t* first = order + s.n;  // of each slice: the first that is equal to it
  for (int32_t i = 0; i < s.n; ++i) order[i] = i;
  const auto before = [&](int32_t a, int32_t b) {
    const int way = s.compare(a, b);
    return way != 0 ? way < 0 : a < b;
  };
  sort({order, static_cast<size_t>(s.n)}, order_of(before));
  for (int32_t i = 0; i < s.n; ++i) {
    const bool same = i > 0 && s.compare(order[i], order[i - 1]) == 0;
    first[order[i]] = same ? first[order[i - 1]] : order[i];
  }
  int32_t count = 0;
  int32_t* y = c.out(1).i32();
  for (int32_t i = 0; i < s.n; ++i) {
    if (first[i] == i) order[count] = i;
    y[i] = first[i] == i ? count++ : y[first[i]];
  }
  Shape shape = s.x.shape;
  shape[axis] = count;
  WXNN_TRY(c.late->allocate(0, shape));
  const size_t bytes = static_cast<size_t>(s.inner) * size_of(s.x.dtype);
  uint8_t* to = c.out().u8();
  for (int32_t o = 0; o < s.outer && bytes != 0; ++o) {
    for (int32_t k = 0; k < count; ++k, to += bytes) {
      std::memcpy(to, s.x.u8() + static_cast<size_t>(o * s.n + order[k]) * bytes, bytes);
    }
  }
  return {};
}

[[clang::minsize]] Status infer_list_diff(InferCtx& c) {
  WXNN_TRY(check_number("x", c.in(0)));
  WXNN_CHECK(c.in(0).dtype == c.in(1).dtype, "x is {}, y {}", name_of(c.in(0).dtype),
             name_of(c.in(1).dtype));
  WXNN_CHECK(c.in(0).shape.rank() == 1 && c.in(1).shape.rank() == 1,
             "x {} and y {} should be lists", c.in(0).shape, c.in(1).shape);
  c.out(0) = {c.in(0).dtype, Shape::unknown()};
  if (c.outputs.size() > 1) c.out(1) = {DType::kInt32, Shape::unknown()};
  return {};
}

// What of x is not in y, and where it stands in x.
[[clang::minsize]] Status run_list_diff(const RunCtx& c) {
  const Tensor& x = c.in(0);
  const int32_t n = x.shape[0];
  const int32_t m = c.in(1).shape[0];
  Buffer memory;
  WXNN_TRY(memory.allocate((static_cast<size_t>(n) + static_cast<size_t>(m)) * sizeof(int32_t)));
  int32_t* known = memory.data<int32_t>();
  int32_t* kept = known + m;
  for (int32_t i = 0; i < m; ++i) known[i] = key_at(c.in(1), i);
  const auto less = [](int32_t a, int32_t b) { return a < b; };
  sort({known, static_cast<size_t>(m)}, order_of(less));
  int32_t count = 0;
  for (int32_t i = 0; i < n; ++i) {
    if (!std::binary_search(known, known + m, key_at(x, i))) kept[count++] = i;
  }
  for (size_t k = 0; k < c.outputs.size(); ++k) {
    WXNN_TRY(c.late->allocate(k, {count}));
    for (int32_t i = 0; i < count; ++i) c.out(k).i32()[i] = k == 0 ? x.i32()[kept[i]] : kept[i];
  }
  return {};
}

// How many of n ascending elements stand before `key` (side left) or not behind it (right).
int32_t place_of(const Tensor& sorted, int32_t from, int32_t n, int32_t key, bool right) {
  int32_t low = 0;
  while (n > 0) {
    const int32_t half = n / 2;
    const int32_t at = key_at(sorted, from + low + half);
    if (at < key || (right && at == key)) {
      low += half + 1;
      n -= half + 1;
    } else {
      n = half;
    }
  }
  return low;
}

[[clang::minsize]] Status infer_search_sorted(InferCtx& c) {
  const Tensor& sorted = c.in(0);
  const Tensor& values = c.in(1);
  const std::string_view side = c.attrs.text("side");
  WXNN_CHECK(side == "left" || side == "right", "side \"{}\" is neither left nor right", side);
  WXNN_TRY(check_number("sortedSequence", sorted));
  WXNN_CHECK(sorted.dtype == values.dtype, "sortedSequence is {}, values {}", name_of(sorted.dtype),
             name_of(values.dtype));
  WXNN_CHECK(
      sorted.shape.rank() == 2 && values.shape.rank() == 2 && sorted.shape[0] == values.shape[0],
      "sortedSequence {} and values {} should be tables of as many rows", sorted.shape,
      values.shape);
  c.out() = {DType::kInt32, values.shape};
  return {};
}

Status run_search_sorted(const RunCtx& c) {
  const int32_t length = c.in(0).shape[1];
  const int32_t row = c.in(1).shape[1];
  const bool right = c.attrs.is("side", "right");
  const int32_t n = c.out().shape.elements();
  for (int32_t i = 0; i < n; ++i) {
    c.out().i32()[i] = place_of(c.in(0), i / row * length, length, key_at(c.in(1), i), right);
  }
  return {};
}

[[clang::minsize]] Status infer_bucketize(InferCtx& c) {
  WXNN_TRY(check_number("x", c.in(0)));
  const std::span<const double> bounds = c.attrs.numbers("boundaries");
  WXNN_CHECK(std::ranges::is_sorted(bounds), "boundaries are not in ascending order");
  c.out() = {DType::kInt32, c.in(0).shape};
  return {};
}

// How many boundaries are not above x; for NaN, all.
Status run_bucketize(const RunCtx& c) {
  const Tensor& x = c.in(0);
  const std::span<const double> bounds = c.attrs.numbers("boundaries");
  const int32_t n = x.shape.elements();
  for (int32_t i = 0; i < n; ++i) {
    const double v = x.dtype == DType::kInt32 ? x.i32()[i] : static_cast<double>(x.f32()[i]);
    const auto above = std::ranges::find_if(bounds, [v](double b) { return v < b; });
    c.out().i32()[i] = static_cast<int32_t>(above - bounds.begin());
  }
  return {};
}

// x: any shape is one histogram; for DenseBincount a table [rows, n] is one per row.
template <bool dense>
[[clang::minsize]] Status infer_bincount(InferCtx& c) {
  const Tensor& x = c.in(0);
  const Tensor& weights = c.in(1);
  Numbers size;
  WXNN_CHECK(x.dtype == DType::kInt32, "x is {}, wants int32", name_of(x.dtype));
  WXNN_TRY(check_number("weights", weights));
  WXNN_TRY(read_numbers(c, 2, "size", &size));
  WXNN_CHECK(size.count == 1 && size[0] >= 0, "size should be one number, not negative");
  WXNN_CHECK(weights.shape.elements() == 0 || weights.shape == x.shape,
             "weights {} should be empty or like x {}", weights.shape, x.shape);
  WXNN_CHECK(!dense || x.shape.rank() == 1 || x.shape.rank() == 2,
             "x {} should be a list or a table", x.shape);
  c.out() = {weights.dtype, {size[0]}};
  if (dense && x.shape.rank() == 2) c.out().shape = {x.shape[0], size[0]};
  return {};
}

// What is not below `size` is not counted.
[[clang::minsize]] Status run_bincount(const RunCtx& c) {
  const Tensor& weights = c.in(1);
  const Tensor& y = c.out();
  const int32_t size = y.shape[-1];
  const int32_t n = c.in(0).shape.elements();
  const int32_t row = y.shape.rank() == 2 ? c.in(0).shape[1] : n;
  const bool weighted = weights.shape.elements() != 0;
  const bool once = c.attrs.knows("binaryOutput") && c.attrs.b("binaryOutput");
  if (y.bytes() != 0) std::memset(y.data, 0, y.bytes());
  for (int32_t i = 0; i < n; ++i) {
    const int32_t value = c.in(0).i32()[i];
    WXNN_CHECK(value >= 0, "x has the negative number {}", value);
    if (value >= size) continue;
    const int32_t at = i / row * size + value;
    if (y.dtype == DType::kInt32) {
      const uint32_t more = weighted ? static_cast<uint32_t>(weights.i32()[i]) : 1u;
      y.i32()[at] = once ? 1 : static_cast<int32_t>(static_cast<uint32_t>(y.i32()[at]) + more);
    } else {
      y.f32()[at] = once ? 1.0f : y.f32()[at] + (weighted ? weights.f32()[i] : 1.0f);
    }
  }
  return {};
}

}  // namespace

extern constinit const Op kWhere = {
    .name = "Where",
    .inputs = {{"condition"}},
    .infer = [](InferCtx& c) -> Status {
      c.out() = {DType::kInt32, Shape::unknown()};
      return no_complex("condition", c.in(0));
    },
    .run = run_where,
};

extern constinit const Op kUnique = {
    .name = "Unique",
    .inputs = {{"x"}},
    .attrs = {{"axis", AttrKind::kNumbers, kEmptyList}},
    .infer = infer_unique,
    .run = run_unique,
    .outputs = 2,
};

extern constinit const Op kListDiff = {
    .name = "ListDiff",
    .inputs = {{"x"}, {"y"}},
    .infer = infer_list_diff,
    .run = run_list_diff,
    .outputs = 2,
};

extern constinit const Op kSearchSorted = {
    .name = "SearchSorted",
    .inputs = {{"sortedSequence"}, {"values"}},
    .attrs = {{"side", AttrKind::kText, "left"}},
    .infer = infer_search_sorted,
    .run = run_search_sorted,
};

extern constinit const Op kBucketize = {
    .name = "Bucketize",
    .inputs = {{"x"}},
    .attrs = {{"boundaries", AttrKind::kNumbers, kEmptyList}},
    .infer = infer_bucketize,
    .run = run_bucketize,
};

extern constinit const Op kBincount = {
    .name = "Bincount",
    .inputs = {{"x"}, {"weights"}, {"size", kArgument}},
    .attrs = {{"size", AttrKind::kNumbers, kEmptyList}},
    .infer = infer_bincount<false>,
    .run = run_bincount,
};

extern constinit const Op kDenseBincount = {
    .name = "DenseBincount",
    .inputs = {{"x"}, {"weights"}, {"size", kArgument}},
    .attrs = {{"size", AttrKind::kNumbers, kEmptyList}, {"binaryOutput", AttrKind::kNumber, 0.0}},
    .infer = infer_bincount<true>,
    .run = run_bincount,
};

}  // namespace wxnn
