// Rewrites that are not patterns.
#pragma once

#include "core/graph.h"
#include "core/vector.h"

namespace wxnn {

// Readers of an Identity read what it reads. One that names a graph output stays.
void bypass_identity(Graph& graph);

// A node whose inputs are all constants is run here, by the kernel that would run it later, and its
// outputs become constants. All results together take at most 1 MB plus four times the file's size:
// what goes beyond is left for run, so that a small file cannot ask for all memory.
Status fold_constants(Graph& graph);

// Convolutions become StrassenConv2D where that pays. `types` are those of the values.
Status use_strassen(Graph& graph, const Vector<TensorType>& types);

}  // namespace wxnn
