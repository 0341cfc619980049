// What the operators of this program want of the engine besides themselves. Every program has its
// own, from its list of operators (op_table.cc). The compiler sees variables; a link that optimises
// the whole program, as that of the plugin's binaries does, sees constants, and what is off is not
// in those: a binary for faces has no loops.
#pragma once

namespace wxnn {

struct BuildParts {
  bool flow;        // If, While: graphs inside nodes, functions, TensorFlow 1's loops
  bool grids;       // FakeQuantWithMinMaxArgs: tensors that are computed in a file's small integers
  bool state;       // LSTM, SVDF: variables of a file that an operator keeps
  bool tables;      // LookupTableFind: tables that a TensorFlow graph fills
  bool rare;        // SVDF, as all operators have it: rare spellings in .tflite files
  bool custom;      // operators of TensorFlow Lite that keep their options in a FlexBuffer
  bool complex;     // Complex: sums and products of complex numbers
  bool late;        // shapes and arguments that depend on data (core/ops_of_build.h)
  bool early;       // Shape, Size: values known while planning, though their inputs' are not
  bool short_rows;  // Sub, Multiply: a picture's three channels, each with a number of its own
  bool transposes;  // Transpose, Einsum: copies whose source and target run along different axes
  bool fewer_products;  // StrassenConv2D, WinogradConv2D: layers of many channels, not in face
                        // models
};
extern const BuildParts kBuildParts;

}  // namespace wxnn
