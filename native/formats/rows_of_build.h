// Leaves out the rows of operators that a program does not have: a program stripped for some models
// (WXNN_OPS, as in core/op_table.cc) then carries only its own rows. Such operators count as
// missing either way, and are named as their file names them.
#pragma once
#include <array>

#include "core/ops_of_build.h"

namespace wxnn {

// Rare spellings of operators that every program has are left to those that have SVDF: all of them.
inline constexpr bool kHasRareRows = is_in_build("SVDF");

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
