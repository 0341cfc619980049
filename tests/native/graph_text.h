// Graphs written as text, for tests:
//
//     input x 1,4,4,2
//     const w 3,3,2,3                 numbers from a fixed pattern
//     const s 3 = 0.5 1 -2            these numbers
//     y = Conv2D(x, w) pad=same strides=2
//     output y
//
// Attribute values: numbers separated by commas, or text.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "core/graph.h"

namespace wxnn {

// Fails the running test when the text is wrong.
Graph parse_graph(std::string_view text);

// One line per node, in order: "y = FusedConv2D(x, w, bias)". Constants that a pass made are called
// as the pass called them.
std::string to_text(const Graph& graph);

// Runs node after node with evaluate(): no passes, no plan, no arena. The reference for both.
// inputs: one vector per graph input; returns one per graph output.
std::vector<std::vector<float>> run_plainly(Graph& graph,
                                            const std::vector<std::vector<float>>& inputs);

}  // namespace wxnn
