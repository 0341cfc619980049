// Leaves out the rows of operators that a program does not have: a program stripped for some models
// (WXNN_OPS, as in core/op_table.cc) then carries only its own rows. Such operators count as
// missing either way, and are named as their file names them.
#pragma once
#include <array>

#include "core/ops_of_build.h"
#include "formats/recipe.h"

namespace wxnn {

// Rare spellings of operators that every build has: in the tfjs profile (BuildParts::rare).
inline constexpr bool kHasRareRows = is_in_build("SVDF");
// Functions and lists (BuildParts::flow).
inline constexpr bool kHasFlow = is_in_build("If") || is_in_build("While");

// `rows` is a constexpr array of rows with a recipe; `is_left_out` names more that are not wanted.
template <const auto& rows,
          bool (*is_left_out)(const std::remove_cvref_t<decltype(rows[0])>&) = nullptr>
constexpr auto rows_of_build() {
  auto keep = [](const auto& row) {
    if constexpr (is_left_out != nullptr) {
      if (is_left_out(row)) return false;
    }
    return is_in_build(row.recipe.op);
  };
  std::array<std::remove_cvref_t<decltype(rows[0])>, std::ranges::count_if(rows, keep)> kept{};
  std::ranges::copy_if(rows, kept.begin(), keep);
  return kept;
}

// What the recipes of the rows have.
template <class Rows>
constexpr RecipeTerms terms_of(const Rows& rows) {
  RecipeTerms terms = {};
  for (const auto& row : rows) {
    char before = ' ';
    for (const char* at = row.recipe.terms; *at != 0; before = *at++) {
      terms.order |= before == ' ' && *at == '^';
      terms.counts |= before == ' ' && *at == '@';
    }
  }
  return terms;
}

}  // namespace wxnn
