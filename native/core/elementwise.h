// Loops over whole tensors for element-wise operators. Plain C++ that clang vectorises for simd128,
// SSE and NEON alike; one IEEE operation after another, so every build gives the same bits.
//
// An operator supplies the function of one element. map() is the loop of one operand. Two operands
// broadcast (NumPy's rules): zip() walks the rows, and what is instantiated per operator is only
// the loop over one row. y may be exactly x, or exactly an operand that is not repeated.
#pragma once
#include "core/loop.h"
#include "core/op.h"

namespace wxnn {

// infer for operators whose output has x's type: any, float32 only, float32 or int32.
Status same_as_x(InferCtx& c);
Status same_as_float_x(InferCtx& c);
Status same_as_number_x(InferCtx& c);
// infer of questions about a float32 (IsNan): the output is bool.
Status bool_of_float_x(InferCtx& c);

// infer for two broadcast operands of one dtype, float32 or int32; the output has that dtype.
Status broadcast_both(InferCtx& c);
// Likewise, float32 only.
Status broadcast_floats(InferCtx& c);
// Likewise, complex64 only.
Status broadcast_complex(InferCtx& c);
// Likewise, both and the output are bool.
Status broadcast_bools(InferCtx& c);
// Operands of one dtype, bool too; the output is bool.
Status compare_both(InferCtx& c);

// "x is bool, wants float32 or int32" unless its dtype is float32 (or int32).
Status check_float(const char* name, const Tensor& t);
Status check_number(const char* name, const Tensor& t);

// y[i] = f(x[i]), where f may hold values.
template <class In, class Out, class F>
void map(const RunCtx& c, F f) {
  const In* x = static_cast<const In*>(c.in(0).data);
  Out* y = static_cast<Out*>(c.out().data);
  each(c.out().shape.elements(), [=](int32_t i) { [[clang::always_inline]] y[i] = f(x[i]); });
}

// The same, not vectorised, for what is rarely hot: all integer forms among it, as graphs compute
// shapes and indices in them.
template <class In, class Out, class F>
void map_small(const RunCtx& c, F f) {
  const In* x = static_cast<const In*>(c.in(0).data);
  Out* y = static_cast<Out*>(c.out().data);
  each_small(c.out().shape.elements(), [=](int32_t i) { [[clang::always_inline]] y[i] = f(x[i]); });
}

// y[i] = f(x[i]) for a function of float32 alone; n is a multiple of 4.
using FloatLoop = void (*)(const float* x, float* y, int32_t n);
template <auto f>
void float_loop(const float* x, float* y, int32_t n) {
  each_whole_vector(n, [=](int32_t i) { [[clang::always_inline]] y[i] = f(x[i]); });
}
// Any n: the rest goes through the same loop, so that its code is there once.
void map_floats(FloatLoop loop, const float* x, float* y, int32_t n);

// Op::run of f on float32.
void run_float_loop(const RunCtx& c, FloatLoop loop);
template <auto f>
Status run_float(const RunCtx& c) {
  run_float_loop(c, float_loop<f>);
  return {};
}
template <auto f>
Status run_float_small(const RunCtx& c) {
  map_small<float, float>(c, [](float x) { [[clang::always_inline]] return f(x); });
  return {};
}

// Op::run of f and g on float32 and int32.
template <auto f, auto g>
Status run_number(const RunCtx& c) {
  if (c.in(0).dtype == DType::kInt32) {
    map_small<int32_t, int32_t>(c, [](int32_t x) { [[clang::always_inline]] return g(x); });
  } else {
    run_float_loop(c, float_loop<f>);
  }
  return {};
}

// One row of n results. Each operand has one value per result, or one for the whole row.
enum class Row : uint8_t { kBoth, kOneA, kOneB };
using RowLoop = void (*)(const void* a, const void* b, void* y, int32_t n, Row row);

template <class In, class Out, auto f>
void row_loop(const void* a_data, const void* b_data, void* y_data, int32_t n, Row row) {
  const In* a = static_cast<const In*>(a_data);
  const In* b = static_cast<const In*>(b_data);
  Out* y = static_cast<Out*>(y_data);
  int32_t i = 0;
  if (row == Row::kBoth) {
    i = each_whole_vector(n, [=](int32_t k) { [[clang::always_inline]] y[k] = f(a[k], b[k]); });
  } else if (row == Row::kOneB) {
    const In one = *b;
    i = each_whole_vector(n, [=](int32_t k) { [[clang::always_inline]] y[k] = f(a[k], one); });
  } else {
    const In one = *a;
    i = each_whole_vector(n, [=](int32_t k) { [[clang::always_inline]] y[k] = f(one, b[k]); });
  }
  const int32_t a_step = row == Row::kOneA ? 0 : 1;
  const int32_t b_step = row == Row::kOneB ? 0 : 1;
  each_small(n - i, [=](int32_t k) {
    [[clang::always_inline]] y[i + k] = f(a[(i + k) * a_step], b[(i + k) * b_step]);
  });
}

// The same for operators that are rarely hot: one loop, not vectorised. So are all integer forms:
// graphs compute shapes and indices in them.
template <class In, class Out, auto f>
void small_row_loop(const void* a_data, const void* b_data, void* y_data, int32_t n, Row row) {
  const In* a = static_cast<const In*>(a_data);
  const In* b = static_cast<const In*>(b_data);
  Out* y = static_cast<Out*>(y_data);
  const int32_t a_step = row == Row::kOneA ? 0 : 1;
  const int32_t b_step = row == Row::kOneB ? 0 : 1;
  each_small(n,
             [=](int32_t i) { [[clang::always_inline]] y[i] = f(a[i * a_step], b[i * b_step]); });
}

// Runs `loop` over the rows of out 0 = f(in 0, in 1), as long as broadcasting lets them be.
void zip(const RunCtx& c, RowLoop loop);

// Op::run of f on float32, and of g on int32.
template <auto f>
Status run_zip_float(const RunCtx& c) {
  zip(c, row_loop<float, float, f>);
  return {};
}
template <auto f, auto g>
Status run_zip(const RunCtx& c) {
  zip(c, c.in(0).dtype == DType::kInt32 ? small_row_loop<int32_t, int32_t, g>
                                        : row_loop<float, float, f>);
  return {};
}
template <auto f, auto g>
Status run_zip_small(const RunCtx& c) {
  zip(c, c.in(0).dtype == DType::kInt32 ? small_row_loop<int32_t, int32_t, g>
                                        : small_row_loop<float, float, f>);
  return {};
}

}  // namespace wxnn
