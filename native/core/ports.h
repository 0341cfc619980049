// What holds for a node of any operator before infer sees it, and when there is nothing to compute.
#pragma once
#include "core/op.h"

namespace wxnn {

// Numbers of inputs and outputs, required inputs present, attributes complete: what infer checks
// first. For nodes that are inferred later than somebody looks at their inputs.
Status check_ports(const Op& op, const InferCtx& c);

// All outputs are empty: the operator need not run. A few bytes may ask for 2^29 rows of nothing.
bool gives_nothing(const Op& op, std::span<const Tensor> outputs);

}  // namespace wxnn
