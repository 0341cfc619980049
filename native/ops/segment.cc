// Sums (and products, extremes, means) of rows that belong to one segment: UnsortedSegmentSum…,
// SegmentSum, SparseSegmentSum, SparseSegmentMean. Rows are taken in the order in which they stand.
#include <algorithm>

#include "core/elementwise.h"
#include "ops/arguments.h"

namespace wxnn {
namespace {

// y[i] = f(y[i], x[i])
template <class T, auto f>
void take_row(const void* x_data, void* y_data, int32_t n) {
  const T* x = static_cast<const T*>(x_data);
  T* y = static_cast<T*>(y_data);
  each_small(n, [=](int32_t i) { [[clang::always_inline]] y[i] = f(y[i], x[i]); });
}

struct Reduction {
  uint32_t first_f, first_i;  // bits of what an empty segment gives
  void (*floats)(const void*, void*, int32_t);
  void (*ints)(const void*, void*, int32_t);
};
constexpr uint32_t kLargestFloat = 0x7f7fffffu, kLowestFloat = 0xff7fffffu, kOne = 0x3f800000u;
constexpr Reduction kSum = {0, 0, take_row<float, [](float a, float b) { return a + b; }>,
                            take_row<uint32_t, [](uint32_t a, uint32_t b) { return a + b; }>};
constexpr Reduction kProd = {kOne, 1, take_row<float, [](float a, float b) { return a * b; }>,
                             take_row<uint32_t, [](uint32_t a, uint32_t b) { return a * b; }>};
constexpr Reduction kMax = {
    kLowestFloat, 0x80000000u,
    take_row<float, [](float a, float b) { return b > a || b != b ? b : a; }>,
    take_row<int32_t, [](int32_t a, int32_t b) { return b > a ? b : a; }>};
constexpr Reduction kMin = {
    kLargestFloat, 0x7fffffffu,
    take_row<float, [](float a, float b) { return b < a || b != b ? b : a; }>,
    take_row<int32_t, [](int32_t a, int32_t b) { return b < a ? b : a; }>};

[[clang::minsize]] Status check_ids(const Tensor& ids, const char* name) {
  WXNN_CHECK(ids.dtype == DType::kInt32, "{} is {}, wants int32", name, name_of(ids.dtype));
  return {};
}

void start(const Reduction& r, const Tensor& y) {
  std::fill_n(static_cast<uint32_t*>(y.data), y.shape.elements(),
              y.dtype == DType::kInt32 ? r.first_i : r.first_f);
}

// The leading dimensions of x are those of segmentIds.
[[clang::minsize]] Status infer_unsorted(InferCtx& c) {
  const Shape& x = c.in(0).shape;
  const Shape& ids = c.in(1).shape;
  Numbers count;
  WXNN_TRY(check_number("x", c.in(0)));
  WXNN_TRY(check_ids(c.in(1), "segmentIds"));
  WXNN_TRY(read_numbers(c, 2, "numSegments", &count));
  WXNN_CHECK(count.count == 1 && count[0] >= 0, "numSegments should be one number, not negative");
  bool fits = ids.rank() <= x.rank();
  for (int i = 0; fits && i < ids.rank(); ++i) fits = ids[i] == x[i];
  WXNN_CHECK(fits, "segmentIds {} does not fit x {}", ids, x);
  WXNN_CHECK(x.rank() - ids.rank() < Shape::kMaxRank, "x {} has no room for segments", x);
  Shape y{count[0]};
  for (int i = ids.rank(); i < x.rank(); ++i) y.push_back(x[i]);
  c.out() = {c.in(0).dtype, y};
  return {};
}

// A negative id drops its row.
Status run_unsorted(const RunCtx& c, const Reduction& r) {
  const Shape& y = c.out().shape;
  const int32_t segments = y[0];
  const int32_t row = y.elements(1, y.rank());
  const int32_t n = c.in(1).shape.elements();
  const auto take = c.out().dtype == DType::kInt32 ? r.ints : r.floats;
  start(r, c.out());
  for (int32_t i = 0; i < n; ++i) {
    const int32_t id = c.in(1).i32()[i];
    WXNN_CHECK(id < segments, "segment {} is outside the {} segments", id, segments);
    if (id >= 0) take(c.in(0).i32() + i * row, c.out().i32() + id * row, row);
  }
  return {};
}

// The segments of the others are in ascending order; as many as the last one says.
[[clang::minsize]] Status infer_sorted(InferCtx& c) {
  const Tensor& x = c.in(0);
  const Tensor& ids = c.in(c.inputs.size() - 1);
  WXNN_TRY(check_number("data", x));
  WXNN_TRY(check_ids(ids, "segmentIds"));
  WXNN_CHECK(x.shape.rank() > 0, "data has no rows");
  const bool picked = c.inputs.size() == 3;
  if (picked) WXNN_TRY(check_ids(c.in(1), "indices"));
  const int32_t n = picked ? c.in(1).shape.elements() : x.shape[0];
  WXNN_CHECK(ids.shape.rank() == 1 && ids.shape[0] == n && (!picked || c.in(1).shape.rank() == 1),
             "segmentIds {} should be [{}]", ids.shape, n);
  c.out() = {x.dtype, Shape::unknown()};
  return {};
}

Status run_sorted(const RunCtx& c, bool mean) {
  const Tensor& x = c.in(0);
  const Tensor& ids = c.in(c.inputs.size() - 1);
  const bool picked = c.inputs.size() == 3;
  const int32_t n = ids.shape[0];
  const int32_t* id = ids.i32();
  for (int32_t i = 0; i < n; ++i) {
    WXNN_CHECK(id[i] >= (i == 0 ? 0 : id[i - 1]), "segmentIds are not in ascending order at {}", i);
  }
  WXNN_CHECK(n == 0 || id[n - 1] < INT32_MAX, "segment {} is out of range", id[n - 1]);
  Shape shape = x.shape;
  shape[0] = n == 0 ? 0 : id[n - 1] + 1;
  WXNN_TRY(c.late->allocate(0, shape));
  const int32_t row = shape.elements(1, shape.rank());
  const auto take = x.dtype == DType::kInt32 ? kSum.ints : kSum.floats;
  start(kSum, c.out());
  for (int32_t i = 0; i < n; ++i) {
    const int32_t from = picked ? c.in(1).i32()[i] : i;
    WXNN_CHECK(from >= 0 && from < x.shape[0], "index {} is outside data {}", from, x.shape);
    take(x.i32() + from * row, c.out().i32() + id[i] * row, row);
  }
  for (int32_t i = 0, end = 0; mean && i < n; i = end) {
    while (end < n && id[end] == id[i]) ++end;
    float* y = c.out().f32() + id[i] * row;
    for (int32_t k = 0; k < row; ++k) y[k] /= static_cast<float>(end - i);
  }
  return {};
}

}  // namespace

#define WXNN_UNSORTED(op_name, reduction)                            \
  extern constinit const Op k##op_name = {                           \
      .name = #op_name,                                              \
      .inputs = {{"x"}, {"segmentIds"}, {"numSegments", kArgument}}, \
      .attrs = {{"numSegments", AttrKind::kNumbers, kEmptyList}},    \
      .infer = infer_unsorted,                                       \
      .run = [](const RunCtx& c) { return run_unsorted(c, reduction); }}
WXNN_UNSORTED(UnsortedSegmentMax, kMax);
WXNN_UNSORTED(UnsortedSegmentMin, kMin);
WXNN_UNSORTED(UnsortedSegmentProd, kProd);
WXNN_UNSORTED(UnsortedSegmentSum, kSum);

extern constinit const Op kSegmentSum = {
    .name = "SegmentSum",
    .inputs = {{"data"}, {"segmentIds"}},
    .infer = infer_sorted,
    .run = [](const RunCtx& c) { return run_sorted(c, false); },
};

// The rows of data that indices pick. A segment that no id names is 0.
extern constinit const Op kSparseSegmentSum = {
    .name = "SparseSegmentSum",
    .inputs = {{"data"}, {"indices"}, {"segmentIds"}},
    .infer = infer_sorted,
    .run = [](const RunCtx& c) { return run_sorted(c, false); },
};

extern constinit const Op kSparseSegmentMean = {
    .name = "SparseSegmentMean",
    .inputs = {{"data"}, {"indices"}, {"segmentIds"}},
    .infer = [](InferCtx& c) -> Status {
      WXNN_TRY(check_float("data", c.in(0)));
      return infer_sorted(c);
    },
    .run = [](const RunCtx& c) { return run_sorted(c, true); },
};

}  // namespace wxnn
