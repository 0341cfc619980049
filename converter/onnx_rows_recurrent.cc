// ONNX's LSTM, GRU and RNN, written out step by step: the number of steps is part of the shape. All
// products with the inputs are one product in front of the steps.
#include <algorithm>

#include "converter/onnx_graph.h"
#include "converter/onnx_steps.h"

namespace wxnn {

namespace {

struct Activation {
  std::string_view onnx, ours;
};
constexpr Activation kActivations[] = {{"Sigmoid", "Sigmoid"},
                                       {"Tanh", "Tanh"},
                                       {"Relu", "Relu"},
                                       {"Elu", "Elu"},
                                       {"Softplus", "Softplus"}};

// One direction of the layer.
struct Layer {
  std::vector<std::string_view> activations;
  int32_t steps = 0, batch = 0, hidden = 0;
  int recurrence = kAbsent;       // [gates * H, H]
  int recurrence_bias = kAbsent;  // [gates * H], where it is not in the products
  int peepholes = kAbsent;        // [3 * H]
  bool reset_after = false;       // GRU's linear_before_reset
};
struct State {
  int h = kAbsent, c = kAbsent;  // [B, H]
};

// What differs between the three.
struct Cell {
  int32_t gates;
  std::vector<const char*> activations;
  // `x`: [B, gates * H], the inputs' part of the gates.
  void (*step)(Steps& s, const Layer& layer, int x, State* state);
};

int gate(Steps& s, const Layer& layer, int x, int32_t i) {
  return s.slice(x, 1, i * layer.hidden, layer.hidden);
}

int recur(Steps& s, const Layer& layer, int h) {
  return s.op("_FusedMatMul", {h, layer.recurrence}, {{"transposeB", true}});
}

void rnn_step(Steps& s, const Layer& layer, int x, State* state) {
  state->h = s.op(layer.activations[0], {s.op("Add", {x, recur(s, layer, state->h)})});
}

// Gates: input, output, forget, cell.
void lstm_step(Steps& s, const Layer& layer, int x, State* state) {
  const int sum = s.op("Add", {x, recur(s, layer, state->h)});
  const auto peep = [&](int32_t gate_index, int32_t part, int c) {
    const int v = gate(s, layer, sum, gate_index);
    if (layer.peepholes == kAbsent) return v;
    const int weights = s.slice(layer.peepholes, 0, part * layer.hidden, layer.hidden);
    return s.op("Add", {v, s.op("Multiply", {weights, c})});
  };
  const int in = s.op(layer.activations[0], {peep(0, 0, state->c)});
  const int forget = s.op(layer.activations[0], {peep(2, 2, state->c)});
  const int cell = s.op(layer.activations[1], {gate(s, layer, sum, 3)});
  state->c = s.op("Add", {s.op("Multiply", {forget, state->c}), s.op("Multiply", {in, cell})});
  const int out = s.op(layer.activations[0], {peep(1, 1, state->c)});
  state->h = s.op("Multiply", {out, s.op(layer.activations[2], {state->c})});
}

// Gates: update, reset, hidden.
void gru_step(Steps& s, const Layer& layer, int x, State* state) {
  const int32_t h = layer.hidden;
  Layer both = layer, last = layer;
  both.recurrence = s.slice(layer.recurrence, 0, 0, 2 * h);
  last.recurrence = s.slice(layer.recurrence, 0, 2 * h, h);
  const int sum = s.op("Add", {s.slice(x, 1, 0, 2 * h), recur(s, both, state->h)});
  const int update = s.op(layer.activations[0], {gate(s, layer, sum, 0)});
  const int reset = s.op(layer.activations[0], {gate(s, layer, sum, 1)});
  int hidden = kAbsent;
  if (layer.reset_after) {
    hidden = recur(s, last, state->h);
    if (layer.recurrence_bias != kAbsent)
      hidden = s.op("Add", {hidden, s.slice(layer.recurrence_bias, 0, 2 * h, h)});
    hidden = s.op("Multiply", {reset, hidden});
  } else {
    hidden = recur(s, last, s.op("Multiply", {reset, state->h}));
  }
  hidden = s.op(layer.activations[1], {s.op("Add", {gate(s, layer, x, 2), hidden})});
  const int keeps = s.op("Multiply", {update, state->h});
  const int rest = s.op("Sub", {s.number(1), update});
  state->h = s.op("Add", {s.op("Multiply", {rest, hidden}), keeps});
}

const Cell kLstm = {4, {"Sigmoid", "Tanh", "Tanh"}, lstm_step};
const Cell kGru = {3, {"Sigmoid", "Tanh"}, gru_step};
const Cell kRnn = {1, {"Tanh"}, rnn_step};

// Of one direction: X W' + the biases, for all steps at once: [T, B, gates * H].
int products(Steps& s, const Cell& cell, Layer* layer, int x, int direction) {
  const int32_t wide = cell.gates * layer->hidden;
  const int w = s.pick(s.in(1), 0, direction);
  layer->recurrence = s.pick(s.in(2), 0, direction);
  s.want<"its weights {} and {} do not fit">(
      s.shape(w)[0] == wide && s.shape(layer->recurrence) == Shape{wide, layer->hidden}, s.shape(w),
      s.shape(layer->recurrence));
  const int32_t features = s.shape(x)[-1];
  int y = s.reshape(x, {layer->steps * layer->batch, features});
  y = s.op("_FusedMatMul", {y, w}, {{"transposeB", true}});
  if (s.n.has(3)) {
    const int bias = s.pick(s.in(3), 0, direction);
    s.want<"its bias is {}">(s.shape(bias) == Shape{2 * wide}, s.shape(bias));
    layer->recurrence_bias = s.slice(bias, 0, wide, wide);
    int recurrent = layer->recurrence_bias;
    if (layer->reset_after) {  // the last gate's stays behind the reset
      const int32_t two = 2 * layer->hidden;
      const int zeros = s.constant({layer->hidden}, std::vector<float>(layer->hidden));
      recurrent = s.concat({s.slice(recurrent, 0, 0, two), zeros}, 0);
    }
    y = s.op("Add", {y, s.op("Add", {s.slice(bias, 0, 0, wide), recurrent})});
  }
  return s.reshape(y, {layer->steps, layer->batch, wide});
}

// The state that direction begins with, or zeros.
int initial(Steps& s, const Layer& layer, size_t input, int axis, int direction) {
  const size_t size = static_cast<size_t>(layer.batch) * static_cast<size_t>(layer.hidden);
  if (!s.n.has(input)) s.keep(s.n.b.room(static_cast<double>(size)));
  if (!s.ok()) return kAbsent;
  if (!s.n.has(input)) return s.constant({layer.batch, layer.hidden}, std::vector<float>(size));
  const int v = s.pick(s.in(input), axis, direction);
  s.want<"its initial state is {}">(s.shape(v) == Shape{layer.batch, layer.hidden}, s.shape(v));
  return v;
}

// Results of one direction; `steps` in the order of the inputs.
struct Run {
  std::vector<int> steps;
  State last;
};

Run run_direction(Steps& s, const Cell& cell, const Layer& layer, int gates, State state,
                  bool backward, int lengths) {
  Run run{.steps = std::vector<int>(layer.steps), .last = {}};
  for (int32_t i = 0; i < layer.steps && s.ok(); ++i) {
    const int32_t t = backward ? layer.steps - 1 - i : i;
    const State before = state;
    cell.step(s, layer, s.pick(gates, 0, t), &state);
    run.steps[t] = state.h;
    if (lengths == kAbsent) continue;
    // Behind its end a sequence keeps its state and gives zeros.
    const int within = s.op("Greater", {lengths, s.number(t, DType::kInt32)});
    run.steps[t] = s.select(within, state.h, s.number(0));
    state.h = s.select(within, state.h, before.h);
    if (state.c != kAbsent) state.c = s.select(within, state.c, before.c);
  }
  run.last = state;
  return run;
}

void read_activations(Steps& s, const Cell& cell, int directions, std::vector<Layer>* layers) {
  const onnx::AttributeProto* named = s.n.find("activations");
  const int each = static_cast<int>(cell.activations.size());
  s.want<"activations has {} names">(named == nullptr || named->strings_size() == each * directions,
                                     named == nullptr ? 0 : named->strings_size());
  for (int d = 0; s.ok() && d < directions; ++d) {
    for (int i = 0; i < each; ++i) {
      const std::string name =
          named == nullptr ? cell.activations[i] : named->strings(d * each + i);
      const auto* row = std::ranges::find(kActivations, name, &Activation::onnx);
      s.want<"the activation \"{}\" is not supported">(row != std::end(kActivations), name);
      if (s.ok()) (*layers)[d].activations.push_back(row->ours);
    }
  }
}

// [B] as [B, 1], or absent where every sequence has all steps.
int read_lengths(Steps& s, const Layer& layer, bool* whole) {
  *whole = true;
  if (!s.n.has(4)) return kAbsent;
  if (s.n.is_known(4)) {
    const std::vector<double> lengths = s.numbers(4, "sequence_lens");
    const bool all = std::ranges::all_of(lengths, [&](double d) { return d == layer.steps; });
    if (all) return kAbsent;
  }
  *whole = false;
  return s.reshape(s.in(4), {layer.batch, 1});
}

Status recurrent(OnnxNode& n, const Cell& cell) {
  Steps s(n);
  const std::string direction = n.text("direction", "forward");
  const bool batch_first = n.integer("layout", 0) != 0;
  const int directions = direction == "bidirectional" ? 2 : 1;
  WXNN_CHECK(directions == 2 || direction == "forward" || direction == "reverse",
             "direction \"{}\" is not known", direction);
  WXNN_TRY(n.must_be("input_forget", 0));
  int x = s.in(0);
  s.want<"its input is {}">(
      s.shape(x).rank() == 3 && s.shape(s.in(2)).rank() == 3 && s.shape(s.in(1)).rank() == 3,
      s.shape(x));
  WXNN_TRY(s.done());
  if (batch_first) x = s.transpose(x, {1, 0, 2});
  Layer common;
  common.steps = s.shape(x)[0];
  common.batch = s.shape(x)[1];
  common.hidden = s.shape(s.in(2))[2];
  constexpr int32_t kMostSteps = 1024;
  WXNN_CHECK(common.steps > 0 && common.steps <= kMostSteps,
             "has {} steps; 1 to {} are written out", common.steps, kMostSteps);
  const int said = n.integer("hidden_size", common.hidden);
  WXNN_CHECK(said == common.hidden, "hidden_size {} is not the weights'", said);
  common.reset_after = n.integer("linear_before_reset", 0) != 0;
  std::vector<Layer> layers(directions, common);
  read_activations(s, cell, directions, &layers);
  bool whole = true;
  const int lengths = read_lengths(s, common, &whole);
  const bool backward = direction == "reverse" || directions == 2;
  s.want<"sequences of different length run backward, which is not supported">(whole || !backward);
  std::vector<Run> runs;
  for (int d = 0; d < directions && s.ok(); ++d) {
    Layer& layer = layers[d];
    const int axis = batch_first ? 1 : 0;
    if (n.has(7)) layer.peepholes = s.pick(s.in(7), 0, d);
    const int gates = products(s, cell, &layer, x, d);
    State state{.h = initial(s, layer, 5, axis, d)};
    if (cell.gates == 4) state.c = initial(s, layer, 6, axis, d);
    runs.push_back(
        run_direction(s, cell, layer, gates, state, backward && d == directions - 1, lengths));
  }
  WXNN_TRY(s.done());
  // Y: [T, D, B, H] or [B, T, D, H]; the last states [D, B, H] or [B, D, H].
  std::vector<int> parts, hs, cs;
  for (const Run& run : runs) {
    if (n.wants(0)) parts.push_back(s.pack(run.steps, batch_first ? 1 : 0));
    hs.push_back(run.last.h);
    cs.push_back(run.last.c);
  }
  const int axis = batch_first ? 1 : 0;
  if (n.wants(0)) WXNN_TRY(s.out(0, s.pack(parts, batch_first ? 2 : 1)));
  if (n.wants(1)) WXNN_TRY(s.out(1, s.pack(hs, axis)));
  if (n.wants(2)) WXNN_TRY(s.out(2, s.pack(cs, axis)));
  return s.done();
}

constexpr OnnxRow kRows[] = {
    {"GRU", [](OnnxNode& n, const OnnxRow&) { return recurrent(n, kGru); }},
    {"LSTM", [](OnnxNode& n, const OnnxRow&) { return recurrent(n, kLstm); }},
    {"RNN", [](OnnxNode& n, const OnnxRow&) { return recurrent(n, kRnn); }},
};

}  // namespace

std::span<const OnnxRow> onnx_rows_recurrent() { return kRows; }

}  // namespace wxnn
