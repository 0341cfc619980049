// Diagonals and bands of matrices; the last two axes are the matrix, all before them a batch. Any
// dtype.
#include <algorithm>
#include <cstring>

#include "core/elementwise.h"
#include "ops/arguments.h"

namespace wxnn {
namespace {

struct Matrices {
  int32_t count, rows, columns;
};
Matrices matrices_of(const Shape& s) { return {s.elements(0, s.rank() - 2), s[-2], s[-1]}; }

Status check_matrices(std::string_view name, const Shape& s) {
  WXNN_CHECK(s.rank() >= 2, "{} {} should be matrices", name, s);
  return {};
}

[[clang::minsize]] Status infer_band(InferCtx& c) {
  WXNN_TRY(check_matrices("input", c.in(0).shape));
  for (const size_t i : {1, 2}) {
    WXNN_CHECK(c.in(i).dtype == DType::kInt32 && c.in(i).shape.elements() == 1,
               "{}{} {} should be one int32", i == 1 ? "numLower " : "numUpper ",
               name_of(c.in(i).dtype), c.in(i).shape);
  }
  return same_as_x(c);
}

// Clears what lies further below or above the diagonal; a negative number keeps that whole half.
Status run_band(const RunCtx& c) {
  const Matrices m = matrices_of(c.in(0).shape);
  const size_t size = size_of(c.out().dtype);
  const int64_t lower = c.in(1).i32()[0];
  const int64_t upper = c.in(2).i32()[0];
  const size_t row = static_cast<size_t>(m.columns) * size;
  if (row == 0) return {};
  const uint8_t* x = c.in(0).u8();
  uint8_t* y = c.out().u8();
  for (int32_t i = 0; i < m.count * m.rows; ++i, x += row, y += row) {
    const int64_t at = i % m.rows;
    const int64_t first = lower < 0 ? 0 : std::clamp<int64_t>(at - lower, 0, m.columns);
    const int64_t last = upper < 0 ? m.columns : std::min<int64_t>(at + upper + 1, m.columns);
    const size_t from = static_cast<size_t>(first) * size;
    const size_t to = std::max(static_cast<size_t>(last) * size, from);
    if (y != x) std::memcpy(y + from, x + from, to - from);
    std::memset(y, 0, from);
    std::memset(y + to, 0, row - to);
  }
  return {};
}

// Writes a diagonal into each matrix.
void set_diagonals(const Tensor& diagonal, const Tensor& y) {
  const Matrices m = matrices_of(y.shape);
  const size_t size = size_of(y.dtype);
  const int32_t n = std::min(m.rows, m.columns);
  const uint8_t* from = diagonal.u8();
  for (int32_t k = 0; k < m.count; ++k) {
    uint8_t* to = y.u8() + static_cast<size_t>(k) * m.rows * m.columns * size;
    for (int32_t i = 0; i < n; ++i, from += size, to += (m.columns + 1) * size) {
      std::memcpy(to, from, size);
    }
  }
}

Status run_diagonal(const RunCtx& c) {
  if (c.out().bytes() == 0) return {};
  std::memset(c.out().data, 0, c.out().bytes());
  Tensor y = c.out();
  const int32_t n = c.in(0).shape.elements();
  y.shape = {n, n};
  set_diagonals(c.in(0), y);
  return {};
}

}  // namespace

extern constinit const Op kMatrixBandPart = {
    .name = "MatrixBandPart",
    .inputs = {{"input"}, {"numLower"}, {"numUpper"}},
    .infer = infer_band,
    .run = run_band,
    .in_place = 0,
};

// [.., N] -> [.., N, N].
extern constinit const Op kMatrixDiag = {
    .name = "MatrixDiag",
    .inputs = {{"diagonal"}},
    .infer = [](InferCtx& c) -> Status {
      const Shape& x = c.in(0).shape;
      WXNN_CHECK(x.rank() > 0 && x.rank() < Shape::kMaxRank, "diagonal {} has no room", x);
      c.out() = c.in(0);
      c.out().shape.push_back(x[-1]);
      return {};
    },
    .run = [](const RunCtx& c) -> Status {
      if (c.out().bytes() == 0) return {};
      std::memset(c.out().data, 0, c.out().bytes());
      set_diagonals(c.in(0), c.out());
      return {};
    },
};

extern constinit const Op kMatrixSetDiag = {
    .name = "MatrixSetDiag",
    .inputs = {{"input"}, {"diagonal"}},
    .infer = [](InferCtx& c) -> Status {
      const Shape& x = c.in(0).shape;
      WXNN_TRY(check_matrices("input", x));
      Shape diagonal = x;
      diagonal.erase(x.rank() - 1);
      diagonal[-1] = std::min(x[-1], x[-2]);
      WXNN_CHECK(c.in(1).shape == diagonal && c.in(1).dtype == c.in(0).dtype,
                 "diagonal {} {} is no diagonal of input {} {}", name_of(c.in(1).dtype),
                 c.in(1).shape, name_of(c.in(0).dtype), x);
      return same_as_x(c);
    },
    .run = [](const RunCtx& c) -> Status {
      if (c.out().bytes() == 0) return {};
      if (c.out().data != c.in(0).data) std::memcpy(c.out().data, c.in(0).data, c.out().bytes());
      set_diagonals(c.in(1), c.out());
      return {};
    },
    .in_place = 0,
};

// x of any shape -> that shape twice, x on its diagonal.
extern constinit const Op kDiag = {
    .name = "Diag",
    .inputs = {{"x"}},
    .infer = [](InferCtx& c) -> Status {
      const Shape& x = c.in(0).shape;
      WXNN_CHECK(x.rank() > 0 && 2 * x.rank() <= Shape::kMaxRank, "x {} has no room", x);
      c.out() = c.in(0);
      for (const int32_t d : x.dims()) c.out().shape.push_back(d);
      return {};
    },
    .run = run_diagonal,
};

}  // namespace wxnn
