// One row per TensorFlow operator: its name, and the recipe that makes it ours.
//
// Sources in recipes (formats/recipe.h) are attributes of the TensorFlow node, with an optional
// filter:
//
//   keep_dims         as it is; a DataType becomes "float32", "int32" or "bool"
//   strides.hw        of four numbers for N, H, W, C those for H and W; the others must be 1
//   strides.dhw       likewise of five
//   mode.lower        text in lower case
//   dynamic_size.array   of the TensorArrayV3 that the node's first input is
//   padding.pad       "same", "valid", or for EXPLICIT the numbers of `explicit_paddings`
//
// Every attribute must be mentioned by the row or be known to change nothing (types, hints for
// devices): a reader that skips what it does not know computes something else than the model says.
#pragma once
#include <span>
#include <string_view>

#include "formats/recipe.h"

namespace wxnn {

struct TfRow {
  const char* op;
  Recipe recipe;
};

// All rows of this build.
std::span<const TfRow> tf_rows();
// Null where there is none.
const TfRow* find_tf_row(std::string_view op);

// True for an operator whose output i is its input i (Identity, StopGradient…).
bool is_alias(std::string_view op);

// True for an attribute that changes nothing in what we compute.
bool is_hint(std::string_view attr);

}  // namespace wxnn
