// The operators of one program by name, for constants that follow from its list. WXNN_OPS names the
// list; without it, it is that of all operators.
#pragma once
#include <algorithm>
#include <span>
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

// Those that read types alone (kTypeOnly): what they give is known while planning.
inline constexpr std::string_view kReadTypes[] = {"OnesLike", "Rank",      "Shape",
                                                  "Size",     "ZerosLike", "TensorListLength"};
constexpr bool any_in_build(std::span<const std::string_view> list) {
  return std::ranges::any_of(list, is_in_build);
}

// A list says by WXNN_PLANNED_SHAPES that no model of its operators has shapes, or arguments of
// operators such as a Reshape's, that depend on data.
#ifdef WXNN_PLANNED_SHAPES
inline constexpr bool kLateShapes = false;
#else
inline constexpr bool kLateShapes = true;
#endif

}  // namespace wxnn
