// Select and SelectV2: of each pair of elements, the one that a condition chooses.
#include "core/elementwise.h"

namespace wxnn {
namespace {

[[clang::minsize]] Status infer_select(InferCtx& c, Shape condition) {
  const Tensor& t = c.in(1);
  const Tensor& e = c.in(2);
  WXNN_CHECK(c.in(0).dtype == DType::kBool, "condition is {}, wants bool", name_of(c.in(0).dtype));
  WXNN_CHECK(t.dtype == e.dtype, "t is {}, e {}", name_of(t.dtype), name_of(e.dtype));
  WXNN_CHECK(t.dtype != DType::kComplex64, "t is complex64");
  Shape y = broadcast(t.shape, e.shape);
  if (!y.is_unknown()) y = broadcast(y, condition);
  WXNN_CHECK(!y.is_unknown(), "condition {}, t {} and e {} do not broadcast", c.in(0).shape,
             t.shape, e.shape);
  c.out() = {t.dtype, y};
  return {};
}

// A condition of rank 1 chooses whole rows, as in TensorFlow's first Select.
Shape leading(const Shape& condition, const Shape& t) {
  Shape s = condition;
  if (s.rank() != 1) return s;
  while (s.rank() < t.rank()) s.push_back(1);
  return s;
}

// Elements from one index of y's axes to the next; 0 where `shape` is repeated.
struct Steps {
  int32_t at[Shape::kMaxRank];
};
Steps steps_of(const Shape& shape, const Shape& y) {
  Steps s;
  int32_t step = 1;
  for (int i = 1; i <= y.rank(); ++i) {
    const bool moves = i <= shape.rank() && shape[-i] != 1;
    s.at[y.rank() - i] = moves ? step : 0;
    if (moves) step *= shape[-i];
  }
  return s;
}

Status run_select(const RunCtx& c, const Shape& condition_shape) {
  const Shape& shape = c.out().shape;
  const int32_t n = shape.elements();
  const bool bytes = size_of(c.out().dtype) == 1;  // else four
  const Steps steps[3] = {steps_of(condition_shape, shape), steps_of(c.in(1).shape, shape),
                          steps_of(c.in(2).shape, shape)};
  int32_t from[3] = {};
  int32_t at[Shape::kMaxRank] = {};
  for (int32_t k = 0; k < n; ++k) {
    const int chosen = c.in(0).u8()[from[0]] != 0 ? 1 : 2;
    if (bytes) {
      c.out().u8()[k] = c.in(chosen).u8()[from[chosen]];
    } else {
      c.out().i32()[k] = c.in(chosen).i32()[from[chosen]];
    }
    for (int i = shape.rank() - 1; i >= 0; --i) {
      const bool wraps = ++at[i] == shape[i];
      for (int j = 0; j < 3; ++j) from[j] += steps[j].at[i] * (wraps ? 1 - shape[i] : 1);
      if (!wraps) break;
      at[i] = 0;
    }
  }
  return {};
}

}  // namespace

extern constinit const Op kSelect = {
    .name = "Select",
    .inputs = {{"condition"}, {"t"}, {"e"}},
    .infer = [](InferCtx& c) { return infer_select(c, leading(c.in(0).shape, c.in(1).shape)); },
    .run = [](const RunCtx& c) { return run_select(c, leading(c.in(0).shape, c.in(1).shape)); },
};

extern constinit const Op kSelectV2 = {
    .name = "SelectV2",
    .inputs = {{"condition"}, {"t"}, {"e"}},
    .infer = [](InferCtx& c) { return infer_select(c, c.in(0).shape); },
    .run = [](const RunCtx& c) { return run_select(c, c.in(0).shape); },
};

}  // namespace wxnn
