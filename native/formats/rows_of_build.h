// Leaves out the rows of operators that a program does not have: a program stripped for some models
// (WXNN_OPS, as in core/op_table.cc) then carries only its own rows. Such operators count as
// missing either way, and are named as their file names them.
#pragma once
#include <algorithm>
#include <array>
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

// Rare spellings of operators that every build has: in the tfjs profile, which has SVDF.
inline constexpr bool kHasRareRows = is_in_build("SVDF");
// Subgraphs as bodies, and what else refers to subgraphs.
inline constexpr bool kHasSubgraphs = is_in_build("If") || is_in_build("While");

// `rows` is a constexpr array of rows with a recipe.
template <const auto& rows,
          bool (*is_rare)(const std::remove_cvref_t<decltype(rows[0])>&) = nullptr>
constexpr auto rows_of_build() {
  auto keep = [](const auto& row) {
    if constexpr (is_rare != nullptr && !kHasRareRows) {
      if (is_rare(row)) return false;
    }
    return is_in_build(row.recipe.op);
  };
  std::array<std::remove_cvref_t<decltype(rows[0])>, std::ranges::count_if(rows, keep)> kept{};
  std::ranges::copy_if(rows, kept.begin(), keep);
  return kept;
}

}  // namespace wxnn
