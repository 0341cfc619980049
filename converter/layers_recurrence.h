// Recurrence written out, step by step, as nodes of a TensorFlow graph: what recurrent layers
// (layers_sequences.cc) are made of. Source: Keras's and tfjs-layers' recurrent layers.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "converter/layer.h"

namespace wxnn {

// A recurrent layer: what all its kinds share.
struct Recurrence {
  int32_t units = 0, steps = 0;
  std::vector<std::string> inputs;  // per step: x W + b, [batch, gates * units]
  std::string recurrent;            // R: [units, gates * units]
  std::string part;                 // of the weights' names
  std::vector<std::string> masks;   // per step, [batch, 1]; none: all steps count
  // Of an image: [batch, height, width, gates * units], R a filter.
  bool is_image = false;
};

struct State {
  std::string h, c;  // empty before the first step: zeros
};

// One step, whose number of gates is the kind's.
using Step = Status (*)(Layer& layer, const Recurrence& r, const std::string& x, State* state);

struct KindRow {
  std::string_view name, cell;
  int32_t gates;
  size_t states;  // one or two tensors
  Step step;
};
// By the layer's name or its cell's; null where there is none.
const KindRow* find_recurrent_kind(std::string_view name);
// ConvLSTM2D's, whose products are convolutions.
Status lstm_step(Layer& layer, const Recurrence& r, const std::string& x, State* state);

// x: [batch, steps, ...].
Status check_recurrence(const Layer& layer, const LayerTensor& x);
// x W + b, [batch, steps, ...], becomes the steps' inputs.
void unpack_steps(Layer& layer, const std::string& x, Recurrence* r);
// Reads units and weights. All steps' inputs at once: one product.
Status prepare(Layer& layer, const LayerTensor& x, const KindRow& kind, Recurrence* r);
// The states after each step; `state`: what it begins with, then the last.
Status run_steps(Layer& layer, Step step, bool backwards, Recurrence* r, State* state,
                 std::vector<std::string>* states);

}  // namespace wxnn
