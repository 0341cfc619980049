// BitwiseAnd and its kin, on int32.
#include "core/elementwise.h"

namespace wxnn {
namespace {

Status infer_bits(InferCtx& c) {
  WXNN_CHECK(c.in(0).dtype == DType::kInt32, "a is ", name_of(c.in(0).dtype), ", wants int32");
  return broadcast_both(c);
}

template <auto f>
Status run_bits(const RunCtx& c) {
  zip(c, small_row_loop<int32_t, int32_t, f>);
  return {};
}

// TensorFlow keeps the shift within the word.
int32_t within(int32_t n) { return n < 0 ? 0 : n > 31 ? 31 : n; }

}  // namespace

#define WXNN_BITS_OP(op_name, ...)         \
  extern constinit const Op k##op_name = { \
      .name = #op_name,                    \
      .inputs = {{"a"}, {"b"}},            \
      .infer = infer_bits,                 \
      .run = run_bits<__VA_ARGS__>,        \
      .in_place = 0,                       \
  }

WXNN_BITS_OP(BitwiseAnd, [](int32_t a, int32_t b) -> int32_t { return a & b; });
WXNN_BITS_OP(BitwiseOr, [](int32_t a, int32_t b) -> int32_t { return a | b; });
WXNN_BITS_OP(BitwiseXor, [](int32_t a, int32_t b) -> int32_t { return a ^ b; });
WXNN_BITS_OP(LeftShift, [](int32_t a, int32_t b) -> int32_t {
  return static_cast<int32_t>(static_cast<uint32_t>(a) << within(b));
});
// The sign is kept.
WXNN_BITS_OP(RightShift, [](int32_t a, int32_t b) -> int32_t { return a >> within(b); });

}  // namespace wxnn
