// The operators of one program by name, for constants that follow from its list. WXNN_OPS names the
// list; without it, it is that of all operators.
#pragma once
#include <algorithm>
#include <string_view>

#ifndef WXNN_OPS
#define WXNN_OPS "ops/ops_tfjs.def"
#endif

namespace wxnn {

inline constexpr std::string_view kOpsOfBuild[] = {
#define OP(name) #name,
#include WXNN_OPS
#undef OP
};

constexpr bool is_in_build(std::string_view op) {
  if (op.starts_with('_')) op.remove_prefix(1);  // OP(FusedMatMul) is _FusedMatMul
  return std::ranges::find(kOpsOfBuild, op) != std::end(kOpsOfBuild);
}

// A list as short as this is made for given models (ops_faces.def, tools/build --ops-of): what only
// serves to talk of other models is left out.
inline constexpr bool kForGivenModels = std::size(kOpsOfBuild) < 40;

}  // namespace wxnn
