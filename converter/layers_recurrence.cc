#include "converter/layers_recurrence.h"

#include <algorithm>

namespace wxnn {

namespace {

constexpr int32_t kMostSteps = 2048;

std::string columns(Layer& layer, const std::string& x, int32_t from, int32_t count,
                    bool is_image = false) {
  std::vector<int32_t> begin(is_image ? 3 : 1), size(begin.size(), -1);
  begin.push_back(from);
  size.push_back(count);
  return layer.op("Slice", {x, layer.ints(begin), layer.ints(size)});
}

// A convolution that keeps the image's size.
std::string convolve(Layer& layer, const std::string& x, const std::string& filter) {
  tf::NodeDef* node = layer.node("Conv2D", {x, filter});
  set_list(node, "strides", {1, 1, 1, 1});
  set_list(node, "dilations", {1, 1, 1, 1});
  (*node->mutable_attr())["padding"].set_s("SAME");
  (*node->mutable_attr())["data_format"].set_s("NHWC");
  return node->name();
}

// x + h R, or x alone where h is zero.
std::string with_state(Layer& layer, const Recurrence& r, const std::string& x,
                       const std::string& h) {
  if (h.empty()) return x;
  const std::string moved =
      r.is_image ? convolve(layer, h, r.recurrent) : layer.op("MatMul", {h, r.recurrent});
  return layer.op("AddV2", {x, moved});
}

Status activate(Layer& layer, const char* key, const char* otherwise, std::string* x) {
  return layer.activate(layer.text(key, otherwise), x);
}

Status simple_step(Layer& layer, const Recurrence& r, const std::string& x, State* state) {
  state->h = with_state(layer, r, x, state->h);
  return activate(layer, "activation", "tanh", &state->h);
}

}  // namespace

// Gates in Keras's order: input, forget, cell, output.
Status lstm_step(Layer& layer, const Recurrence& r, const std::string& x, State* state) {
  const std::string z = with_state(layer, r, x, state->h);
  std::string gates[4];
  for (int32_t i = 0; i < 4; ++i) {
    gates[i] = columns(layer, z, i * r.units, r.units, r.is_image);
    WXNN_TRY(activate(layer, i == 2 ? "activation" : "recurrent_activation",
                      i == 2 ? "tanh" : "hard_sigmoid", &gates[i]));
  }
  const std::string fresh = layer.op("Mul", {gates[0], gates[2]});
  state->c =
      state->c.empty() ? fresh : layer.op("AddV2", {layer.op("Mul", {gates[1], state->c}), fresh});
  std::string shown = state->c;
  WXNN_TRY(activate(layer, "activation", "tanh", &shown));
  state->h = layer.op("Mul", {gates[3], shown});
  return {};
}

namespace {

// Gates in Keras's order: update, reset, candidate. The reset gate acts on h before the product.
Status gru_step(Layer& layer, const Recurrence& r, const std::string& x, State* state) {
  std::string z = columns(layer, x, 0, r.units), reset = columns(layer, x, r.units, r.units),
              candidate = columns(layer, x, 2 * r.units, r.units);
  if (!state->h.empty()) {
    const std::string gates = columns(layer, r.recurrent, 0, 2 * r.units);
    const std::string by_h = layer.op("MatMul", {state->h, gates});
    z = layer.op("AddV2", {z, columns(layer, by_h, 0, r.units)});
    reset = layer.op("AddV2", {reset, columns(layer, by_h, r.units, r.units)});
  }
  WXNN_TRY(activate(layer, "recurrent_activation", "hard_sigmoid", &z));
  if (!state->h.empty()) {
    WXNN_TRY(activate(layer, "recurrent_activation", "hard_sigmoid", &reset));
    const std::string last = columns(layer, r.recurrent, 2 * r.units, r.units);
    const std::string kept = layer.op("Mul", {reset, state->h});
    candidate = layer.op("AddV2", {candidate, layer.op("MatMul", {kept, last})});
  }
  WXNN_TRY(activate(layer, "activation", "tanh", &candidate));
  const std::string rest = layer.op("Sub", {layer.scalar(1), z});
  const std::string fresh = layer.op("Mul", {rest, candidate});
  state->h = state->h.empty() ? fresh : layer.op("AddV2", {layer.op("Mul", {z, state->h}), fresh});
  return {};
}

constexpr KindRow kKinds[] = {{"GRU", "GRUCell", 3, 1, gru_step},
                              {"LSTM", "LSTMCell", 4, 2, lstm_step},
                              {"SimpleRNN", "SimpleRNNCell", 1, 1, simple_step}};

}  // namespace

const KindRow* find_recurrent_kind(std::string_view name) {
  for (const KindRow& row : kKinds)
    if (row.name == name || row.cell == name) return &row;
  return nullptr;
}

Status check_recurrence(const Layer& layer, const LayerTensor& x) {
  WXNN_CHECK(x.shape[1] <= kMostSteps, "has {} steps, at most {} are written out", x.shape[1],
             kMostSteps);
  for (const char* key : {"stateful", "time_major"})
    WXNN_CHECK(!layer.flag(key), "{} is not supported", key);
  return {};
}

void unpack_steps(Layer& layer, const std::string& x, Recurrence* r) {
  tf::NodeDef* parts = layer.node("Unpack", {x});
  (*parts->mutable_attr())["axis"].set_i(1);
  (*parts->mutable_attr())["num"].set_i(r->steps);
  for (int32_t t = 0; t < r->steps; ++t)
    r->inputs.push_back(t == 0 ? parts->name() : std::string(sentence<"{}:{}">(parts->name(), t)));
}

Status prepare(Layer& layer, const LayerTensor& x, const KindRow& kind, Recurrence* r) {
  std::vector<int32_t> units;
  std::string kernel;
  WXNN_TRY(layer.numbers("units", 1, 1, &units));
  WXNN_CHECK(units[0] <= 1 << 16, "units is out of range");
  r->units = units[0];
  r->steps = x.shape[1];
  WXNN_TRY(layer.weight("kernel", &kernel, r->part));
  WXNN_TRY(layer.weight("recurrent_kernel", &r->recurrent, r->part));
  std::string y = layer.op("Reshape", {x.name, layer.ints({-1, x.shape[2]})});
  y = layer.op("MatMul", {y, kernel});
  if (layer.number("use_bias", 1) != 0) {
    std::string bias;
    WXNN_TRY(layer.weight("bias", &bias, r->part));
    y = layer.op("BiasAdd", {y, bias});
  }
  y = layer.op("Reshape", {y, layer.ints({-1, r->steps, kind.gates * r->units})});
  unpack_steps(layer, y, r);
  for (int32_t t = 0; t < r->steps && !x.mask.empty(); ++t)
    r->masks.push_back(columns(layer, x.mask, t, 1));
  return {};
}

namespace {

// What counts of a step: where its mask is 0 the state stays.
void keep_masked(Layer& layer, const std::string& mask, const State& before, State* after) {
  std::string rest;
  const auto mix = [&](const std::string& old, std::string* fresh) {
    if (fresh->empty()) return;
    *fresh = layer.op("Mul", {*fresh, mask});
    if (old.empty()) return;
    if (rest.empty()) rest = layer.op("Sub", {layer.scalar(1), mask});
    *fresh = layer.op("AddV2", {*fresh, layer.op("Mul", {old, rest})});
  };
  mix(before.h, &after->h);
  mix(before.c, &after->c);
}

}  // namespace

Status run_steps(Layer& layer, Step step, bool backwards, Recurrence* r, State* state,
                 std::vector<std::string>* states) {
  if (backwards) {
    std::ranges::reverse(r->inputs);
    std::ranges::reverse(r->masks);
  }
  for (size_t t = 0; t < r->inputs.size(); ++t) {
    const State before = *state;
    WXNN_TRY(step(layer, *r, r->inputs[t], state));
    if (!r->masks.empty()) keep_masked(layer, r->masks[t], before, state);
    states->push_back(state->h);
  }
  return {};
}

}  // namespace wxnn
