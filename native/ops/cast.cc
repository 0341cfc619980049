// Cast between float32, int32 and bool, after TensorFlow: towards int32 truncated and saturated
// (NaN becomes 0), towards bool whatever is not 0.
#include "core/elementwise.h"
#include "ops/arguments.h"

#include <cstring>

namespace wxnn {
namespace {

int32_t to_int(float x) {
  if (!(x > -2147483648.0f)) return x != x ? 0 : INT32_MIN;
  return x < 2147483648.0f ? static_cast<int32_t>(x) : INT32_MAX;
}
uint8_t to_bool(float x) { return x != 0; }
uint8_t to_bool(int32_t x) { return x != 0; }

template <class In>
void from_number(const RunCtx& c, DType to) {
  if (to == DType::kBool) {
    map_small<In, uint8_t>(c, [](In x) { return to_bool(x); });
  } else if (to == DType::kInt32) {
    map_small<In, int32_t>(c, [](In x) { return to_int(static_cast<float>(x)); });
  } else {
    map_small<In, float>(c, [](In x) { return static_cast<float>(x); });
  }
}

Status run_cast(const RunCtx& c) {
  const DType from = c.in(0).dtype;
  const DType to = c.out().dtype;
  if (from == to) {
    if (c.out().data != c.in(0).data) std::memcpy(c.out().data, c.in(0).data, c.out().bytes());
  } else if (from == DType::kFloat32) {
    from_number<float>(c, to);
  } else if (from == DType::kInt32) {
    from_number<int32_t>(c, to);
  } else if (to == DType::kInt32) {
    map_small<uint8_t, int32_t>(c, [](uint8_t x) -> int32_t { return x != 0; });
  } else {
    map_small<uint8_t, float>(c, [](uint8_t x) -> float { return x != 0; });
  }
  return {};
}

}  // namespace

extern constinit const Op kCast = {
    .name = "Cast",
    .inputs = {{"x"}},
    .attrs = {{"dtype", AttrKind::kText}},
    .infer = [](InferCtx& c) -> Status {
      WXNN_CHECK(c.in(0).dtype != DType::kComplex64, "x is complex64");
      c.out() = c.in(0);
      return read_dtype(c.attrs.text("dtype"), &c.out().dtype);
    },
    .run = run_cast,
    .in_place = 0,
};

}  // namespace wxnn
