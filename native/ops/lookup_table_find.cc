// LookupTableFind: TensorFlow's hash tables. The reader hands over what the table was filled with.
#include "ops/arguments.h"

namespace wxnn {
namespace {

[[clang::minsize]] Status infer_find(InferCtx& c) {
  const Tensor& keys = c.in(0);
  const Tensor& values = c.in(3);
  WXNN_CHECK(keys.dtype == c.in(2).dtype, "keys is {}, the table has {}", name_of(keys.dtype),
             name_of(c.in(2).dtype));
  WXNN_CHECK(c.in(1).dtype == values.dtype && c.in(1).shape.elements() == 1,
             "defaultValue should be one {}", name_of(values.dtype));
  WXNN_CHECK(c.in(2).shape.elements() == values.shape.elements(),
             "the table has keys {} but values {}", c.in(2).shape, values.shape);
  WXNN_CHECK(size_of(keys.dtype) == 4 && size_of(values.dtype) == 4,
             "looks up {} for {}, which is not supported", name_of(keys.dtype),
             name_of(values.dtype));
  c.out() = {values.dtype, keys.shape};
  return {};
}

// The last of equal keys counts. Keys are compared as numbers: -0 is 0, NaN is nothing.
template <class Key>
void find(const RunCtx& c) {
  const Key* keys = static_cast<const Key*>(c.in(0).data);
  const Key* table = static_cast<const Key*>(c.in(2).data);
  const int32_t n = c.in(0).shape.elements();
  const int32_t entries = c.in(2).shape.elements();
  for (int32_t i = 0; i < n; ++i) {
    int32_t at = entries - 1;
    while (at >= 0 && !(table[at] == keys[i])) --at;
    c.out().i32()[i] = at < 0 ? *c.in(1).i32() : c.in(3).i32()[at];
  }
}

Status run_find(const RunCtx& c) {
  if (c.in(0).dtype == DType::kInt32) {
    find<int32_t>(c);
  } else {
    find<float>(c);
  }
  return {};
}

}  // namespace

extern constinit const Op kLookupTableFind = {
    .name = "LookupTableFind",
    .inputs = {{"keys"}, {"defaultValue"}, {"tableKeys"}, {"tableValues"}},
    .infer = infer_find,
    .run = run_find,
};

}  // namespace wxnn
