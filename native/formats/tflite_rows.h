// One row per TensorFlow Lite operator: its code, and the recipe that makes it ours.
//
// Sources in recipes (formats/recipe.h) are fields of the operator's table of options, by their
// number in tflite.fbs. The letter says what the field holds; several fields, separated by commas,
// make a list:
//
//   i2 int   d5 int, 1 where absent   b1 bool   f0 float   v0 list of ints
//   p0 padding   a3 fused activation   t1 tensor type   m0 mirror mode   l0 64-bit int
//   w0 list of floats   y4 bool, true where absent   q0 list of 64-bit ints
//   xNAME of a custom operator: the entry NAME of its options, a FlexBuffer map
//
// "b5:offset": what follows the colon only names the field in sentences.
#pragma once
#include <span>
#include <string_view>

#include "core/string.h"
#include "formats/recipe.h"
#include "formats/tflite_schema.h"

namespace wxnn {

struct TfliteRow {
  tflite::BuiltinOperator code : 16;
  tflite::BuiltinOptions options : 8;  // the table that the sources mean; NONE where there are none
  Recipe recipe;
  const char* custom = nullptr;  // of code CUSTOM: its name
};

// Our own operators in files that our converter wrote for wxnn alone: "wxnn." and the name, options
// by the names of the attributes.
inline constexpr std::string_view kOwnPrefix = "wxnn.";

// A bit for each letter that says what a source of this program's rows holds, 'a' the lowest: how
// to read the others is not in a program that the link optimises whole.
extern const uint32_t kTfliteOptions;

// All rows of this build.
std::span<const TfliteRow> tflite_rows();
// Null where there is none.
const TfliteRow* find_tflite_row(tflite::BuiltinOperator code, std::string_view custom);

// "CONV_2D"; "builtin operator 175" for one without a name here.
String tflite_name(tflite::BuiltinOperator code);

// The graph engine has no node for these: a constant changes its encoding only (DEQUANTIZE), or was
// expanded when it was read (DENSIFY).
bool is_widening(tflite::BuiltinOperator code);

}  // namespace wxnn
