// EmbeddingLookupSparse (TFLite's EMBEDDING_LOOKUP_SPARSE): weighted sums of the rows of a table,
// one for each row of a sparse list of ids.
#include <algorithm>

#include "ops/arguments.h"

namespace wxnn {
namespace {

enum Port : uint8_t { kIds, kIndices, kDenseShape, kWeights, kTable };
// What a sum is divided by: nothing, the weights, the root of their squares.
enum Combiner : uint8_t { kSum, kMean, kSqrtN };

[[clang::minsize]] Status infer_lookup(InferCtx& c) {
  const Shape& ids = c.in(kIds).shape;
  const Shape& indices = c.in(kIndices).shape;
  const Shape& table = c.in(kTable).shape;
  Shape dense;
  WXNN_TRY(read_shape(c, kDenseShape, "denseShape", &dense));
  const bool numbers = c.in(kIds).dtype == DType::kInt32 && c.in(kIndices).dtype == DType::kInt32 &&
                       c.in(kWeights).dtype == DType::kFloat32 &&
                       c.in(kTable).dtype == DType::kFloat32;
  WXNN_CHECK(numbers, "wants int32 ids and indices, float32 weights and rows");
  WXNN_CHECK(ids.rank() == 1 && dense.rank() > 0 && indices == (Shape{ids[0], dense.rank()}) &&
                 c.in(kWeights).shape == ids,
             "ids {}, indices {}, denseShape {} and weights {} do not go together", ids, indices,
             dense, c.in(kWeights).shape);
  WXNN_CHECK(c.attrs.i("combiner") >= kSum && c.attrs.i("combiner") <= kSqrtN,
             "combiner {} is not known", c.attrs.i("combiner"));
  WXNN_CHECK(table.rank() > 0 && dense.rank() - 1 + table.rank() - 1 <= Shape::kMaxRank,
             "table {} has no rows, or too many dimensions", table);
  Shape y;
  for (int i = 0; i + 1 < dense.rank(); ++i) y.push_back(dense[i]);
  for (int i = 1; i < table.rank(); ++i) y.push_back(table[i]);
  c.out() = {DType::kFloat32, y};
  return {};
}

// Neighbours in the list that have the same place are one sum; the first numbers of the index say
// the place, the last one only counts.
[[clang::minsize]] Status run_lookup(const RunCtx& c) {
  const Shape& table = c.in(kTable).shape;
  const Shape& y = c.out().shape;
  const int32_t row = table.elements(1, table.rank());
  const int32_t rank = c.in(kIndices).shape[1];
  const int32_t combiner = c.attrs.i("combiner");
  float* out = c.out().f32();
  std::fill_n(out, y.elements(), 0.0f);
  float* sum = out;
  float total = 0, squares = 0;
  int32_t count = 0;
  const auto finish = [&] {
    if (combiner == kSum || count == 0) return;
    const float by = combiner == kMean ? total : __builtin_elementwise_sqrt(squares);
    for (int32_t k = 0; k < row; ++k) sum[k] /= by;
  };
  for (int32_t i = 0; i < c.in(kIds).shape[0]; ++i) {
    const int32_t id = c.in(kIds).i32()[i];
    WXNN_CHECK(id >= 0 && id < table[0], "id {} is outside the table {}", id, table);
    int32_t place = 0;
    for (int k = 0; k + 1 < rank; ++k) {
      const int32_t at = c.in(kIndices).i32()[i * rank + k];
      WXNN_CHECK(at >= 0 && at < y[k], "index {} is outside denseShape", at);
      place = place * y[k] + at;
    }
    if (out + place * row != sum) {
      finish();
      sum = out + place * row;
      total = squares = 0;
      count = 0;
    }
    const float w = c.in(kWeights).f32()[i];
    ++count;
    total += w;
    squares += w * w;
    const float* x = c.in(kTable).f32() + id * row;
    for (int32_t k = 0; k < row; ++k) sum[k] += x[k] * w;
  }
  finish();
  return {};
}

}  // namespace

extern constinit const Op kEmbeddingLookupSparse = {
    .name = "EmbeddingLookupSparse",
    .inputs = {{"ids"}, {"indices"}, {"denseShape", kValueKnown}, {"weights"}, {"table"}},
    .attrs = {{"combiner", AttrKind::kNumber, 0.0}},
    .infer = infer_lookup,
    .run = run_lookup,
};

}  // namespace wxnn
