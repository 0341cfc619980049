#include "passes/passes.h"

#include "passes/match.h"
#include "passes/whole_graph.h"

namespace wxnn {

// One line per pass, in the order in which they run.
#define WXNN_PASSES(PASS) \
  PASS(PreluOfKeras)      \
  PASS(PreluOfMtcnn)      \
  PASS(FoldBatchNorm)     \
  PASS(FoldFactor)        \
  PASS(FoldBias)          \
  PASS(BiasIntoProduct)   \
  PASS(PadIntoConv)       \
  PASS(FuseRelu)          \
  PASS(FuseClip)          \
  PASS(FuseBound)

#define PASS(name) extern const Pass k##name;
WXNN_PASSES(PASS)
#undef PASS

namespace {
constexpr const Pass* kPasses[] = {
#define PASS(name) &k##name,
    WXNN_PASSES(PASS)
#undef PASS
};
}  // namespace

std::span<const Pass* const> passes() { return kPasses; }

Status run_passes(Graph& graph) {
  bypass_identity(graph);
  WXNN_TRY(fold_constants(graph));
  for (bool changed = true; changed;) {
    changed = false;
    for (const Pass* pass : passes()) WXNN_TRY(run_pass(*pass, graph, &changed));
  }
  return {};
}

}  // namespace wxnn
