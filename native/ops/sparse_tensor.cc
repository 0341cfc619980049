// Sparse tensors as TensorFlow keeps them: indices [n,rank], values [n], the dense shape [rank].
#include <cstring>

#include "core/buffer.h"
#include "ops/arguments.h"

namespace wxnn {
namespace {

[[clang::minsize]] Status check_table(const Tensor& indices, const Tensor& shape,
                                      const char* name) {
  const bool table = indices.dtype == DType::kInt32 && indices.shape.rank() == 2;
  WXNN_CHECK(table, "{} {} {} should be a table of int32", name, name_of(indices.dtype),
             indices.shape);
  WXNN_CHECK(shape.dtype == DType::kInt32 && shape.shape == Shape{indices.shape[1]},
             "the dense shape {} {} should be int32 [{}]", name_of(shape.dtype), shape.shape,
             indices.shape[1]);
  return {};
}

[[clang::minsize]] Status infer_fill_rows(InferCtx& c) {
  const Tensor& values = c.in(1);
  WXNN_TRY(check_table(c.in(0), c.in(2), "indices"));
  WXNN_CHECK(c.in(0).shape[1] > 0, "indices {} have no rows to name", c.in(0).shape);
  WXNN_CHECK(values.shape == Shape{c.in(0).shape[0]}, "values {} should be [{}]", values.shape,
             c.in(0).shape[0]);
  WXNN_CHECK(c.in(3).dtype == values.dtype && c.in(3).shape.elements() == 1,
             "defaultValue {} {} should be one {}", name_of(c.in(3).dtype), c.in(3).shape,
             name_of(values.dtype));
  WXNN_CHECK(c.outputs.size() == 4, "gives four outputs");
  c.out(0) = {DType::kInt32, Shape::unknown()};
  c.out(1) = {values.dtype, Shape::unknown()};
  c.out(2) = {DType::kBool, Shape::unknown()};
  c.out(3) = {DType::kInt32, values.shape};
  return {};
}

// Row by row, entries of a row in their order; a row without any gets the default in column 0.
[[clang::minsize]] Status run_fill_rows(const RunCtx& c) {
  const int32_t n = c.in(0).shape[0];
  const int rank = c.in(0).shape[1];
  const int32_t rows = c.in(2).i32()[0];
  const int32_t* index = c.in(0).i32();
  WXNN_CHECK(rows >= 0, "the dense shape has {} rows", rows);
  WXNN_CHECK(n == 0 || rows > 0, "there are indices, but no rows");
  WXNN_TRY(c.late->allocate(2, {rows}));
  uint8_t* empty = c.out(2).u8();
  if (rows != 0) std::memset(empty, 1, static_cast<size_t>(rows));
  // Where the next entry of each row goes.
  Buffer memory;
  WXNN_TRY(memory.allocate((static_cast<size_t>(rows) + 1) * sizeof(int32_t)));
  int32_t* next = memory.data<int32_t>();
  std::memset(next, 0, (static_cast<size_t>(rows) + 1) * sizeof(int32_t));
  for (int32_t i = 0; i < n; ++i) {
    const int32_t row = index[i * rank];
    WXNN_CHECK(row >= 0 && row < rows, "index {} is outside the {} rows", row, rows);
    empty[row] = 0;
    ++next[row];
  }
  int64_t count = 0;
  for (int32_t r = 0; r < rows; ++r) {
    const int32_t length = empty[r] != 0 ? 1 : next[r];
    next[r] = static_cast<int32_t>(count);
    count += length;
    WXNN_CHECK(count <= INT32_MAX, "the filled tensor does not fit in memory");
  }
  const int32_t all = static_cast<int32_t>(count);
  WXNN_TRY(c.late->allocate(0, {all, rank}));
  WXNN_TRY(c.late->allocate(1, {all}));
  const size_t size = size_of(c.in(1).dtype);
  const size_t row_bytes = static_cast<size_t>(rank) * sizeof(int32_t);
  for (int32_t i = 0; i < n; ++i) {
    const int32_t to = next[index[i * rank]]++;
    c.out(3).i32()[i] = to;
    std::memcpy(c.out(0).i32() + to * rank, index + i * rank, row_bytes);
    std::memcpy(c.out(1).u8() + to * size, c.in(1).u8() + i * size, size);
  }
  for (int32_t r = 0; r < rows; ++r) {
    if (empty[r] == 0) continue;
    std::memset(c.out(0).i32() + next[r] * rank, 0, row_bytes);
    c.out(0).i32()[next[r] * rank] = r;
    std::memcpy(c.out(1).u8() + next[r] * size, c.in(3).data, size);
  }
  return {};
}

[[clang::minsize]] Status infer_sparse_reshape(InferCtx& c) {
  WXNN_TRY(check_table(c.in(0), c.in(1), "inputIndices"));
  const Tensor& to = c.in(2);
  WXNN_CHECK(to.dtype == DType::kInt32 && to.shape.rank() == 1,
             "newShape {} {} should be a list of int32", name_of(to.dtype), to.shape);
  WXNN_CHECK(c.outputs.size() == 2, "gives two outputs, indices and shape");
  c.out(0) = {DType::kInt32, {c.in(0).shape[0], to.shape[0]}};
  c.out(1) = to;
  return {};
}

// One of newShape may be -1.
[[clang::minsize]] Status settle_shape(const Tensor& from, const Tensor& wanted, int32_t* to) {
  int64_t all = 1;
  int64_t known = 1;
  int open = -1;
  for (int32_t i = 0; i < from.shape[0]; ++i) {
    WXNN_CHECK(from.i32()[i] >= 0, "inputShape has the dimension {}", from.i32()[i]);
    all *= from.i32()[i];
    WXNN_CHECK(all <= INT32_MAX, "inputShape has more places than an int32 counts");
  }
  for (int32_t i = 0; i < wanted.shape[0]; ++i) {
    to[i] = wanted.i32()[i];
    if (to[i] == -1 && open < 0) {
      open = i;
    } else {
      WXNN_CHECK(to[i] >= 0, "newShape has the dimension {}", to[i]);
      known *= to[i];
      WXNN_CHECK(known <= INT32_MAX, "newShape has more places than an int32 counts");
    }
  }
  if (open >= 0 && known > 0) {
    to[open] = static_cast<int32_t>(all / known);
    known *= to[open];
  }
  WXNN_CHECK(known == all, "newShape has {} places, inputShape {}", known, all);
  return {};
}

[[clang::minsize]] Status run_sparse_reshape(const RunCtx& c) {
  const int32_t rank = c.in(1).shape[0];
  const int32_t new_rank = c.in(2).shape[0];
  int32_t* to = c.out(1).i32();
  WXNN_TRY(settle_shape(c.in(1), c.in(2), to));
  const int32_t* index = c.in(0).i32();
  int32_t* y = c.out(0).i32();
  for (int32_t i = 0; i < c.in(0).shape[0]; ++i, index += rank, y += new_rank) {
    int32_t place = 0;
    for (int32_t k = 0; k < rank; ++k) {
      const int32_t n = c.in(1).i32()[k];
      WXNN_CHECK(index[k] >= 0 && index[k] < n, "index {} is outside dimension {} of {}", index[k],
                 k, n);
      place = place * n + index[k];
    }
    for (int32_t k = new_rank - 1; k >= 0; --k) {
      y[k] = place % to[k];
      place /= to[k];
    }
  }
  return {};
}

}  // namespace

// outputs: indices, values, which rows were empty, where each entry went.
extern constinit const Op kSparseFillEmptyRows = {
    .name = "SparseFillEmptyRows",
    .inputs = {{"indices"}, {"values"}, {"denseShape"}, {"defaultValue"}},
    .infer = infer_fill_rows,
    .run = run_fill_rows,
    .outputs = 4,
};

extern constinit const Op kSparseReshape = {
    .name = "SparseReshape",
    .inputs = {{"inputIndices"}, {"inputShape"}, {"newShape"}},
    .infer = infer_sparse_reshape,
    .run = run_sparse_reshape,
    .outputs = 2,
};

}  // namespace wxnn
