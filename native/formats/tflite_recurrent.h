// TensorFlow Lite's recurrent operators as ours: build functions of rows (formats/recipe.h).
// Weights are packed once, so they must be constant; the variables that hold the state are the
// operator's own here, and the reader has left them out of the inputs.
#pragma once
#include "formats/recipe.h"

namespace wxnn {

Status build_lstm(SourceNode& node, const Recipe& recipe);
// LSTM: likewise, or the kernel_type BASIC, whose state the caller hands on.
Status build_lstm_cell(SourceNode& node, const Recipe& recipe);
Status build_rnn(SourceNode& node, const Recipe& recipe);
// Two layers over the same x, the second from the end to the beginning.
Status build_bidirectional_lstm(SourceNode& node, const Recipe& recipe);
Status build_bidirectional_rnn(SourceNode& node, const Recipe& recipe);

}  // namespace wxnn
