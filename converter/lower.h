// Rewrites a graph until each of its nodes is one TensorFlow Lite operator: explicit padding
// becomes a PAD, HWIO filters OHWI, an activation that TFLite cannot fuse a node of its own.
#pragma once
#include "converter/graph_builder.h"

namespace wxnn {

// The graph is sorted and its passes have run. Afterwards every value has a type; its shape is
// known (an open batch counts as 1), or unknown where it depends on the data.
Status lower(GraphBuilder& builder);

// --- for the rows -------------------------------------------------------------------------------
struct LowerRow {
  std::string_view op;
  // Appends nodes that compute what `node` does, and writes its outputs.
  Status (*lower)(GraphBuilder& b, Node& node);
  // Right where the shapes of the inputs depend on the data, too.
  bool any_shape = false;
};
// One list per family, each in its own file.
std::span<const LowerRow> rows_of_convolutions();
std::span<const LowerRow> rows_of_pools();
std::span<const LowerRow> rows_of_others();
std::span<const LowerRow> rows_of_flow();
std::span<const LowerRow> rows_of_late();
std::span<const LowerRow> rows_of_scatters();
std::span<const LowerRow> rows_of_math();

// Lowers the nodes of a graph whose inputs have types: the whole graph, or a body of If or While.
Status lower_nodes(GraphBuilder& builder);

// One node of a graph whose earlier nodes have been lowered.
Status lower_node(GraphBuilder& builder, Node& node);

// Appends what an If computes whose condition is a constant.
Status write_out_branch(GraphBuilder& b, const Node& choice);
// Appends what a While of at most one turn computes (a loop over a batch of one); false where the
// condition is not known beforehand or asks for more. The bodies are sorted.
Status write_out_loop(GraphBuilder& b, const Node& loop, bool* done);

// Appends the node as it is.
Status keep(GraphBuilder& b, Node& node);
// The activation that `node` (a convolution, a product) has fused: left there when TFLite can fuse
// it too, else taken away; `apply` then appends it behind value `y`.
struct FusedActivation {
  std::string name = "linear";
  int alpha = kAbsent;  // of prelu
  double leaky = 0, low = 0, high = 0;
};
FusedActivation take_activation(Node& node);
Status apply(GraphBuilder& b, const FusedActivation& activation, const std::string& name, int* y);

}  // namespace wxnn
