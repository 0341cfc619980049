// Older TensorFlow writes a dilated convolution as a plain one between SpaceToBatchND and
// BatchToSpaceND; here it becomes one again, with the numbers that it has.
#pragma once
#include "core/graph.h"

namespace wxnn {

// The graph is sorted, and stays so.
Status fold_atrous(Graph& graph, bool* changed);

}  // namespace wxnn
