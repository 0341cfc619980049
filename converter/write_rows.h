// One row per operator of ours that TensorFlow Lite has: its code, and where our attributes and
// inputs go. The terms are those of formats/recipe.h, read from right to left; sources are fields
// of the operator's table of options, as formats/tflite_rows.h writes them.
//
//   perm=<1        attribute `perm` becomes the constant input 1, int32. Where the attribute is
//                  absent, the node has that input itself
//   paddings=<1x2  likewise, as a matrix of two columns
//   axis=<1.       likewise, as a scalar
//   value=<2#      likewise, as a scalar of the type of the output
//   keepDims=b0    field 0 of the options
//   ^213           our input 0 is the file's input 2, ours 1 its 1, ours 2 its 3
//   shape=v0       a list in the options
#pragma once
#include <span>
#include <string_view>

#include "core/graph.h"
#include "formats/tflite_schema.h"

namespace wxnn {

// What a version may depend on.
struct WrittenNode {
  const Node& node;
  const TensorType& x;  // of the first input
  int rank;             // the largest of any input
  bool broadcast;       // the first two inputs differ in shape
};

struct WriteRow {
  std::string_view op;
  tflite::BuiltinOperator code;
  tflite::BuiltinOptions options = tflite::BuiltinOptions::NONE;
  const char* terms = "";
  // dtypes that TFLite's kernel takes for input 0: f float32, i int32, b bool
  const char* dtypes = "f";
  // The version of the operator that this node needs; null: 1.
  int (*version)(const WrittenNode&) = nullptr;
  // The row is for nodes of which this holds; null: for all.
  bool (*applies)(const Node&) = nullptr;
  bool gives_int64 = false;  // where ours is int32
};

// Null where TensorFlow Lite has none.
const WriteRow* find_write_row(const Node& node);

}  // namespace wxnn
