#include "core/evaluate.h"

#include <cstring>

#include "core/build_parts.h"
#include "core/ports.h"

namespace wxnn {

namespace {

struct Fresh final : LateAllocator {
  Evaluated* result;
  size_t most_bytes;
  Status allocate(size_t output, const Shape& shape) override {
    Tensor& t = result->outputs[output];
    WXNN_CHECK(shape.is_known() && shape.fits(),
               "gives an output of shape {}, which does not fit in memory", shape);
    t.shape = shape;
    WXNN_CHECK(t.bytes() <= most_bytes, "gives {} bytes where at most {} are allowed", t.bytes(),
               most_bytes);
    WXNN_TRY(result->memory[output].allocate(t.bytes()));
    t.data = result->memory[output].data();
    return {};
  }
};

}  // namespace

Status evaluate(const Op& op, const Attrs& attrs, std::span<const Tensor* const> inputs,
                size_t output_count, size_t most_bytes, Evaluated* result) {
  Vector<TensorType> types(output_count);
  InferCtx c{attrs, inputs, types};
  WXNN_TRY(infer(op, c));
  result->outputs = Vector<Tensor>(output_count);
  result->memory = Vector<Buffer>(output_count);
  Fresh fresh;
  fresh.result = result;
  fresh.most_bytes = most_bytes;
  for (size_t i = 0; i < output_count; ++i) {
    result->outputs[i].dtype = types[i].dtype;
    result->outputs[i].shape = types[i].shape;
    if (!kBuildParts.late || !types[i].shape.is_unknown())
      WXNN_TRY(fresh.allocate(i, types[i].shape));
  }
  if (op.view) {
    const Tensor& x = *inputs[0];
    if (x.bytes() != 0) std::memcpy(result->outputs[0].data, x.data, x.bytes());
    return {};
  }
  if (gives_nothing(op, result->outputs)) return {};
  RunCtx run{attrs, inputs, result->outputs, nullptr, kBuildParts.late ? &fresh : nullptr};
  if (op.run != nullptr) return op.run(run);
  std::unique_ptr<Kernel> kernel;
  WXNN_TRY(op.create(c, &kernel));
  size_t scratch_bytes = 0;
  WXNN_TRY(kernel->reshape(c, &scratch_bytes));
  Buffer scratch;
  WXNN_TRY(scratch.allocate(scratch_bytes));
  run.scratch = scratch.data();
  return kernel->run(run);
}

}  // namespace wxnn
