// BitwiseAnd and its kin, on int32; Bitcast.
#include <cstring>

#include "core/elementwise.h"
#include "ops/arguments.h"

namespace wxnn {
namespace {

Status infer_bits(InferCtx& c) {
  WXNN_CHECK(c.in(0).dtype == DType::kInt32, "a is {}, wants int32", name_of(c.in(0).dtype));
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

// The same bytes as another type of four.
extern constinit const Op kBitcast = {
    .name = "Bitcast",
    .inputs = {{"x"}},
    .attrs = {{"dtype", AttrKind::kText}},
    .infer = [](InferCtx& c) -> Status {
      c.out() = c.in(0);
      WXNN_TRY(read_dtype(c.attrs.text("dtype"), &c.out().dtype));
      WXNN_CHECK(size_of(c.in(0).dtype) == 4 && size_of(c.out().dtype) == 4,
                 "x is {}, dtype {}: only types of four bytes are supported",
                 name_of(c.in(0).dtype), name_of(c.out().dtype));
      return {};
    },
    .run = [](const RunCtx& c) -> Status {
      const size_t bytes = c.out().bytes();
      if (c.out().data != c.in(0).data && bytes != 0)
        std::memcpy(c.out().data, c.in(0).data, bytes);
      return {};
    },
    .in_place = 0,
};

}  // namespace wxnn
