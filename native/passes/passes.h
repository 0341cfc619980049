// Graph rewrites, run once when a model is loaded. Each is a pattern, written as a little graph,
// and what to do with a match. They change what runs, never what comes out beyond the rounding that
// the pass states.
#pragma once
#include "core/graph.h"

namespace wxnn {

class Match;

struct Pass {
  // One node a line, producers first, the last line is the root:
  //     p = PadV2(x)
  //     y = Conv2D|FusedConv2D(p, W, ...)
  // Letters stand for values; the same letter is the same value. Capitals must be constant. `...`
  // admits further inputs. A value made inside the pattern must be used nowhere else and be no
  // output. The operands of Add, Multiply, Maximum and Minimum match in either order.
  const char* pattern;
  // Rewrites, or returns with changed == false when a condition that the pattern cannot say fails.
  Status (*rewrite)(Match& match, bool* changed);
};

// In the order in which they run; the whole list is run until nothing changes.
std::span<const Pass* const> passes();
// Those of fuse_tails, which are run once.
std::span<const Pass* const> tail_passes();

// Identities bypassed, constants folded, then the passes. The graph is sorted, and stays so.
Status run_passes(Graph& graph);
// After them, what only the engine runs: filters in fewer products (before a picture is enlarged,
// WinogradConv2D, StrassenConv2D; their sums are rounded elsewhere), convolutions that end in a
// residual or PRelu.
Status fuse_tails(Graph& graph);
// One pass over the whole graph, once; for tests.
Status run_pass(const Pass& pass, Graph& graph, bool* changed);

}  // namespace wxnn
