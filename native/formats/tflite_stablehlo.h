// StableHLO's operators of TensorFlow Lite whose options are lists or subgraphs, and two builtins
// of the same kind: build functions of rows (formats/recipe.h).
#pragma once
#include "formats/recipe.h"

namespace wxnn {

// A subgraph of one operator says how two numbers become one.
Status build_scatter(SourceNode& node, const Recipe& recipe);
Status build_reduce_window(SourceNode& node, const Recipe& recipe);
// REDUCE_WINDOW: a number says it.
Status build_tflite_reduce_window(SourceNode& node, const Recipe& recipe);
// STABLEHLO_CASE: a chain of If.
Status build_case(SourceNode& node, const Recipe& recipe);
Status build_bitcast(SourceNode& node, const Recipe& recipe);

}  // namespace wxnn
