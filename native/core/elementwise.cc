#include "core/elementwise.h"

#include <algorithm>
#include <cstring>

#include "core/build_parts.h"

namespace wxnn {

Status check_float(const char* name, const Tensor& t) {
  WXNN_CHECK(t.dtype == DType::kFloat32, "{} is {}, wants float32", name, name_of(t.dtype));
  return {};
}

Status check_number(const char* name, const Tensor& t) {
  WXNN_CHECK(t.dtype == DType::kFloat32 || t.dtype == DType::kInt32,
             "{} is {}, wants float32 or int32", name, name_of(t.dtype));
  return {};
}

Status same_as_x(InferCtx& c) {
  c.out() = c.in(0);
  return {};
}

Status same_as_float_x(InferCtx& c) {
  WXNN_TRY(check_float("x", c.in(0)));
  return same_as_x(c);
}

Status same_as_number_x(InferCtx& c) {
  WXNN_TRY(check_number("x", c.in(0)));
  return same_as_x(c);
}

Status bool_of_float_x(InferCtx& c) {
  WXNN_TRY(check_float("x", c.in(0)));
  c.out() = {DType::kBool, c.in(0).shape};
  return {};
}

namespace {

Status broadcast_as(InferCtx& c, DType dtype) {
  const Tensor& a = c.in(0);
  const Tensor& b = c.in(1);
  WXNN_CHECK(a.dtype == b.dtype, "a is {}, b {}", name_of(a.dtype), name_of(b.dtype));
  const Shape shape = broadcast(a.shape, b.shape);
  WXNN_CHECK(!shape.is_unknown(), "a {} and b {} do not broadcast", a.shape, b.shape);
  c.out() = {dtype, shape};
  return {};
}

}  // namespace

Status broadcast_both(InferCtx& c) {
  WXNN_TRY(check_number("a", c.in(0)));
  return broadcast_as(c, c.in(0).dtype);
}

Status broadcast_floats(InferCtx& c) {
  WXNN_TRY(check_float("a", c.in(0)));
  return broadcast_as(c, DType::kFloat32);
}

Status broadcast_complex(InferCtx& c) { return broadcast_as(c, DType::kComplex64); }

Status broadcast_bools(InferCtx& c) {
  WXNN_CHECK(c.in(0).dtype == DType::kBool, "a is {}, wants bool", name_of(c.in(0).dtype));
  return broadcast_as(c, DType::kBool);
}

Status compare_both(InferCtx& c) {
  WXNN_CHECK(c.in(0).dtype != DType::kComplex64, "complex64 has no comparison");
  return broadcast_as(c, DType::kBool);
}

namespace {

// A multiple of every vector length.
constexpr int32_t kTail = 4;

// The output's dimensions, innermost first, with how far (in bytes) each operand moves per step.
// Dimensions of length 1 are dropped and neighbours that both operands walk alike are joined, so
// that dimension 0 is as long as can be; there each operand has stride one element, or 0.
struct Walk {
  int rank = 0;
  int32_t n[Shape::kMaxRank];
  int32_t a[Shape::kMaxRank];
  int32_t b[Shape::kMaxRank];
  RowLoop loop;
  Row row;
  int32_t row_bytes;  // of the output

  // Runs dimensions i and all within; returns where the output goes on.
  uint8_t* run(int i, const uint8_t* from_a, const uint8_t* from_b, uint8_t* y) const {
    if (i == 0) {
      loop(from_a, from_b, y, n[0], row);
      return y + row_bytes;
    }
    for (int32_t k = 0; k < n[i]; ++k, from_a += a[i], from_b += b[i]) {
      y = run(i - 1, from_a, from_b, y);
    }
    return y;
  }
};

Walk plan_walk(const Tensor& a, const Tensor& b, const Shape& y) {
  Walk w;
  int32_t a_step = static_cast<int32_t>(size_of(a.dtype));
  int32_t b_step = static_cast<int32_t>(size_of(b.dtype));
  for (int i = 1; i <= y.rank(); ++i) {
    const int32_t n = y[-i];
    const bool a_moves = i <= a.shape.rank() && a.shape[-i] != 1;
    const bool b_moves = i <= b.shape.rank() && b.shape[-i] != 1;
    if (n == 1) continue;
    const int32_t as = a_moves ? a_step : 0;
    const int32_t bs = b_moves ? b_step : 0;
    const int k = w.rank - 1;
    if (k >= 0 && as == w.a[k] * w.n[k] && bs == w.b[k] * w.n[k]) {
      w.n[k] *= n;
    } else {
      w.n[w.rank] = n;
      w.a[w.rank] = as;
      w.b[w.rank] = bs;
      ++w.rank;
    }
    if (a_moves) a_step *= n;
    if (b_moves) b_step *= n;
  }
  return w;
}

// A short operand that is repeated as a whole (a bias of three channels) is written out several
// times here, which makes one long row of many short ones.
constexpr int32_t kShortRow = 32;
constexpr int32_t kRepeatBytes = 1024;

bool repeats_short(const Walk& w, size_t size) {
  return kBuildParts.short_rows && w.rank == 2 && w.b[1] == 0 && w.b[0] != 0 && w.a[0] != 0 &&
         w.n[0] <= kShortRow && w.a[1] == w.a[0] * w.n[0] && size == 4;
}

void zip_repeating(const RunCtx& c, RowLoop loop, const Walk& w) {
  alignas(16) uint8_t repeated[kRepeatBytes];
  const int32_t row_bytes = w.n[0] * w.b[0];
  const int32_t times = std::min(kRepeatBytes / row_bytes, w.n[1]);
  for (int32_t i = 0; i < times; ++i)
    std::memcpy(repeated + i * row_bytes, c.in(1).data, row_bytes);
  const uint8_t* a = c.in(0).u8();
  uint8_t* y = c.out().u8();
  const int32_t y_size = static_cast<int32_t>(size_of(c.out().dtype));
  for (int32_t done = 0; done < w.n[1]; done += times) {
    const int32_t n = std::min(times, w.n[1] - done) * w.n[0];
    loop(a, repeated, y, n, Row::kBoth);
    a += n * w.a[0];
    y += n * y_size;
  }
}

}  // namespace

void map_floats(FloatLoop loop, const float* x, float* y, int32_t n) {
  const int32_t whole = n / kTail * kTail;
  loop(x, y, whole);
  if (whole == n) return;
  const size_t rest = static_cast<size_t>(n - whole) * sizeof(float);
  float tail[kTail] = {};
  std::memcpy(tail, x + whole, rest);
  loop(tail, tail, kTail);
  std::memcpy(y + whole, tail, rest);
}

void run_float_loop(const RunCtx& c, FloatLoop loop) {
  map_floats(loop, c.in(0).f32(), c.out().f32(), c.out().shape.elements());
}

void zip(const RunCtx& c, RowLoop loop) {
  const uint8_t* a = c.in(0).u8();
  const uint8_t* b = c.in(1).u8();
  uint8_t* y = c.out().u8();
  const Shape& shape = c.out().shape;
  if (shape.elements() == 0) return;
  Walk w = plan_walk(c.in(0), c.in(1), shape);
  if (w.rank == 0) return loop(a, b, y, 1, Row::kBoth);
  if (repeats_short(w, size_of(c.in(1).dtype))) return zip_repeating(c, loop, w);
  w.loop = loop;
  w.row = w.a[0] == 0 ? Row::kOneA : w.b[0] == 0 ? Row::kOneB : Row::kBoth;
  w.row_bytes = w.n[0] * static_cast<int32_t>(size_of(c.out().dtype));
  w.run(w.rank - 1, a, b, y);
}

}  // namespace wxnn
