// Reads a .tflite file: the operators of its first subgraph, with their weights.
//
// Weights may be stored as float16, int8 (one scale or one per channel), or sparse; they are
// widened to float32 when the model is loaded. A model that computes in int8 or float16 is refused.
#pragma once
#include "core/graph.h"

namespace wxnn {

// Any bytes end in a graph or in a sentence; memory is bounded by the file's size. The graph keeps
// the file, which its constants point into. The graph is sorted.
Status read_tflite(File file, Graph* graph);

}  // namespace wxnn
