#include "core/op.h"

#include <algorithm>

#include "core/build_parts.h"
#include "core/ports.h"

namespace wxnn {

Status check_ports(const Op& op, const InferCtx& c) {
  const size_t ports = op.inputs.size();
  WXNN_CHECK(c.inputs.size() <= ports || op.variadic, "has {} inputs, takes at most {}",
             c.inputs.size(), ports);
  WXNN_CHECK(op.outputs == kAnyNumber || c.outputs.size() <= op.outputs, "has {} outputs, gives {}",
             c.outputs.size(), op.outputs);
  size_t i = 0;
  for (const Port& port : op.inputs) {
    WXNN_CHECK((port.traits & kOptional) != 0 || c.has(i), "lacks its input \"{}\"", port.name);
    ++i;
  }
  return c.attrs.check_complete();
}

bool gives_nothing(const Op& op, std::span<const Tensor> outputs) {
  return !op.stateful && !outputs.empty() && std::ranges::all_of(outputs, [](const Tensor& t) {
    return t.shape.is_known() && t.shape.elements() == 0;
  });
}

Status infer(const Op& op, InferCtx& c) {
  WXNN_TRY(check_ports(op, c));
  WXNN_CHECK(op.infer != nullptr, "runs inside a model only");
  WXNN_TRY(op.infer(c));
  for (const TensorType& t : c.outputs) {
    if (kBuildParts.late && t.shape.is_unknown()) continue;
    WXNN_CHECK(t.shape.is_known() && t.shape.fits(),
               "gives an output of shape {}, which does not fit in memory", t.shape);
  }
  return {};
}

}  // namespace wxnn
