// Model bytes of any format that the engine reads.
#pragma once
#include "core/graph.h"

namespace wxnn {

// Decides by the bytes themselves: a .tflite file, or a node list (node_list.h). Anything else is
// refused in a sentence that says what it looks like. The graph keeps the file, or gives its head
// back where the rest can be read.
Status read_model(File file, Graph* graph);

}  // namespace wxnn
