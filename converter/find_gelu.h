// GELU, which most exporters write out with erf, is one operator of TensorFlow Lite; erf is none.
#pragma once
#include "core/graph.h"

namespace wxnn {

// The graph is sorted, and stays so.
Status find_gelu(Graph& graph);

}  // namespace wxnn
