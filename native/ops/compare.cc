// Comparisons and logic: operands broadcast, the output is bool.
#include "core/elementwise.h"

namespace wxnn {
namespace {

template <auto f>
void compare(const RunCtx& c) {
  const DType dtype = c.in(0).dtype;
  zip(c, dtype == DType::kFloat32 ? small_row_loop<float, uint8_t, f>
         : dtype == DType::kInt32 ? small_row_loop<int32_t, uint8_t, f>
                                  : small_row_loop<uint8_t, uint8_t, f>);
}

template <auto f>
Status run_compare(const RunCtx& c) {
  compare<f>(c);
  return {};
}

// b op a: the loops of Less serve Greater.
template <auto f>
Status run_swapped(const RunCtx& c) {
  const Tensor* swapped[] = {&c.in(1), &c.in(0)};
  compare<f>(RunCtx{c.attrs, swapped, c.outputs});
  return {};
}

constexpr auto kIsEqual = [](auto a, auto b) -> uint8_t { return a == b; };
constexpr auto kIsLess = [](auto a, auto b) -> uint8_t { return a < b; };
constexpr auto kIsLessEqual = [](auto a, auto b) -> uint8_t { return a <= b; };

template <auto f>
Status run_logic(const RunCtx& c) {
  zip(c, small_row_loop<uint8_t, uint8_t, f>);
  return {};
}

}  // namespace

extern constinit const Op kEqual = {
    .name = "Equal",
    .inputs = {{"a"}, {"b"}},
    .infer = compare_both,
    .run = run_compare<kIsEqual>,
};

extern constinit const Op kNotEqual = {
    .name = "NotEqual",
    .inputs = {{"a"}, {"b"}},
    .infer = compare_both,
    .run = [](const RunCtx& c) -> Status {
      compare<kIsEqual>(c);
      const int32_t n = c.out().shape.elements();
      for (int32_t i = 0; i < n; ++i) c.out().u8()[i] ^= 1;
      return {};
    },
};

extern constinit const Op kLess = {
    .name = "Less",
    .inputs = {{"a"}, {"b"}},
    .infer = compare_both,
    .run = run_compare<kIsLess>,
};

extern constinit const Op kLessEqual = {
    .name = "LessEqual",
    .inputs = {{"a"}, {"b"}},
    .infer = compare_both,
    .run = run_compare<kIsLessEqual>,
};

extern constinit const Op kGreater = {
    .name = "Greater",
    .inputs = {{"a"}, {"b"}},
    .infer = compare_both,
    .run = run_swapped<kIsLess>,
};

extern constinit const Op kGreaterEqual = {
    .name = "GreaterEqual",
    .inputs = {{"a"}, {"b"}},
    .infer = compare_both,
    .run = run_swapped<kIsLessEqual>,
};

extern constinit const Op kLogicalAnd = {
    .name = "LogicalAnd",
    .inputs = {{"a"}, {"b"}},
    .infer = broadcast_bools,
    .run = run_logic<[](uint8_t a, uint8_t b) -> uint8_t { return a != 0 && b != 0; }>,
    .in_place = 0,
};

extern constinit const Op kLogicalOr = {
    .name = "LogicalOr",
    .inputs = {{"a"}, {"b"}},
    .infer = broadcast_bools,
    .run = run_logic<[](uint8_t a, uint8_t b) -> uint8_t { return a != 0 || b != 0; }>,
    .in_place = 0,
};

extern constinit const Op kLogicalXor = {
    .name = "LogicalXor",
    .inputs = {{"a"}, {"b"}},
    .infer = broadcast_bools,
    .run = run_logic<[](uint8_t a, uint8_t b) -> uint8_t { return (a != 0) != (b != 0); }>,
    .in_place = 0,
};

extern constinit const Op kLogicalNot = {
    .name = "LogicalNot",
    .inputs = {{"x"}},
    .infer = [](InferCtx& c) -> Status {
      WXNN_CHECK(c.in(0).dtype == DType::kBool, "x is {}, wants bool", name_of(c.in(0).dtype));
      return same_as_x(c);
    },
    .run = [](const RunCtx& c) -> Status {
      map_small<uint8_t, uint8_t>(c, [](uint8_t x) -> uint8_t { return x == 0; });
      return {};
    },
    .in_place = 0,
};

}  // namespace wxnn
