// A graph's states where the program has any: they come with subgraphs (core/build_parts.h), and
// without those the loops over them are not in the binary.
#pragma once
#include <span>

#include "core/build_parts.h"
#include "core/graph.h"

namespace wxnn {

inline std::span<const State> states_of(const Graph& graph) {
  return kBuildParts.flow ? std::span<const State>(graph.states) : std::span<const State>();
}

}  // namespace wxnn
