// The passes of one program. Compiled once for each list of operators: a pass whose pattern cannot
// be found without an operator that the list lacks is not in the program.
#include "passes/passes.h"

#include <array>

#include "core/ops_of_build.h"
#include "passes/whole_graph.h"

namespace wxnn {

// One line per pass, in the order in which they run, with what it looks for.
#define WXNN_PASSES(PASS)                                     \
  PASS(PreluOfKeras, is_in_build("Neg"))                      \
  PASS(PreluOfMtcnn, is_in_build("Abs"))                      \
  PASS(FoldBatchNorm, is_in_build("FusedBatchNorm"))          \
  PASS(FoldFactor, is_in_build("Multiply"))                   \
  PASS(FoldBias, is_in_build("Add"))                          \
  PASS(BiasIntoProduct, is_in_build("_FusedMatMul"))          \
  PASS(PadIntoConv, is_in_build("PadV2"))                     \
  PASS(FuseRelu, is_in_build("Relu") || is_in_build("Relu6")) \
  PASS(FuseClip, is_in_build("ClipByValue"))                  \
  PASS(FuseBound, is_in_build("Minimum") || is_in_build("Maximum"))

#define WXNN_TAIL_PASSES(PASS)                                \
  PASS(FuseResidual, is_in_build("Add"))                      \
  PASS(FusePrelu, is_in_build("Prelu"))                       \
  PASS(FuseRelu, is_in_build("Relu") || is_in_build("Relu6")) \
  PASS(FuseClip, is_in_build("ClipByValue"))                  \
  PASS(FindHardSwish, is_in_build("ScaledHardSwish"))

#define PASS(name, wanted) extern const Pass k##name;
WXNN_PASSES(PASS)
WXNN_TAIL_PASSES(PASS)
#undef PASS

namespace {

struct Row {
  const Pass* pass;
  bool wanted;
};
#define PASS(name, wanted) {&k##name, wanted},
constexpr Row kAllPasses[] = {WXNN_PASSES(PASS)};
constexpr Row kAllTailPasses[] = {WXNN_TAIL_PASSES(PASS)};
#undef PASS

template <const auto& rows>
constexpr auto passes_of_build() {
  std::array<const Pass*, std::ranges::count(rows, true, &Row::wanted)> kept{};
  size_t n = 0;
  for (const Row& row : rows) {
    if (row.wanted) kept[n++] = row.pass;
  }
  return kept;
}
constexpr auto kPasses = passes_of_build<kAllPasses>();
constexpr auto kTailPasses = passes_of_build<kAllTailPasses>();

}  // namespace

std::span<const Pass* const> passes() { return kPasses; }
std::span<const Pass* const> tail_passes() { return kTailPasses; }

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
