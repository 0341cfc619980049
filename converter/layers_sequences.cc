// Layers that go along a sequence: recurrent ones, written out step by step, and what wraps others.
#include <algorithm>

#include "converter/layer.h"

namespace wxnn {

namespace {

constexpr int32_t kMostSteps = 2048;

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

struct KindRow {
  std::string_view name;
  int32_t gates;
  Step step;
};
constexpr KindRow kKinds[] = {
    {"GRU", 3, gru_step}, {"LSTM", 4, lstm_step}, {"SimpleRNN", 1, simple_step}};

Status check_recurrence(const Layer& layer, const Tensors& in) {
  WXNN_CHECK(in.size() == 1, "an initial state is not supported");
  WXNN_CHECK(in[0].shape[1] <= kMostSteps, "has ", in[0].shape[1], " steps, at most ", kMostSteps,
             " are written out");
  for (const char* key : {"return_state", "stateful", "reset_after", "time_major"})
    WXNN_CHECK(!layer.flag(key), key, " is not supported");
  return {};
}

Status check_settings(const Layer& layer, const Tensors& in) {
  WXNN_TRY(want_rank(in[0], 3));
  return check_recurrence(layer, in);
}

void unpack_steps(Layer& layer, const std::string& x, Recurrence* r) {
  tf::NodeDef* parts = layer.node("Unpack", {x});
  (*parts->mutable_attr())["axis"].set_i(1);
  (*parts->mutable_attr())["num"].set_i(r->steps);
  for (int32_t t = 0; t < r->steps; ++t)
    r->inputs.push_back(t == 0 ? parts->name() : sentence(parts->name(), ":", t));
}

// All steps' inputs at once: one product.
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

Status run_steps(Layer& layer, Step step, bool backwards, Recurrence* r,
                 std::vector<std::string>* states) {
  State state;
  if (backwards) {
    std::ranges::reverse(r->inputs);
    std::ranges::reverse(r->masks);
  }
  for (size_t t = 0; t < r->inputs.size(); ++t) {
    const State before = state;
    WXNN_TRY(step(layer, *r, r->inputs[t], &state));
    if (!r->masks.empty()) keep_masked(layer, r->masks[t], before, &state);
    states->push_back(state.h);
  }
  return {};
}

// The states after each step, in the order of the sequence. `part`: of a wrapped layer's weights.
Status run_through(Layer& layer, const KindRow& kind, const LayerTensor& x, bool backwards,
                   const std::string& part, std::vector<std::string>* states) {
  Recurrence r;
  r.part = part;
  WXNN_TRY(prepare(layer, x, kind, &r));
  return run_steps(layer, kind.step, backwards, &r, states);
}

std::string stack(Layer& layer, const std::vector<std::string>& states) {
  tf::NodeDef* node = layer.node("Pack", states);
  (*node->mutable_attr())["axis"].set_i(1);
  (*node->mutable_attr())["N"].set_i(static_cast<int64_t>(states.size()));
  return node->name();
}

void give(Layer& layer, const std::vector<std::string>& states, int32_t units, LayerTensor* y) {
  const bool all = layer.flag("return_sequences");
  y->shape = {-1, units};
  if (all) y->shape.insert(y->shape.begin() + 1, static_cast<int32_t>(states.size()));
  y->name = all ? stack(layer, states) : states.back();
}

const KindRow* find_kind(std::string_view name) {
  const auto* row = std::ranges::find(kKinds, name, &KindRow::name);
  return row == std::end(kKinds) ? nullptr : row;
}

Status recurrent(Layer& layer, const Tensors& in, const char* name, LayerTensor* y) {
  std::vector<std::string> states;
  WXNN_TRY(check_settings(layer, in));
  WXNN_TRY(run_through(layer, *find_kind(name), in[0], layer.flag("go_backwards"), "", &states));
  give(layer, states, static_cast<int32_t>(layer.number("units", 1)), y);
  if (layer.flag("return_sequences")) y->mask = in[0].mask;
  return {};
}

// An LSTM whose products are convolutions: those of the input at once, as one batch.
Status conv_lstm(Layer& layer, const Tensors& in, LayerTensor* y) {
  Recurrence r{.is_image = true};
  Sliding s;
  std::vector<int32_t> filters;
  LayerTensor x;
  std::string kernel;
  WXNN_TRY(want_rank(in[0], 5));
  WXNN_TRY(check_recurrence(layer, in));
  WXNN_TRY(read_sliding(layer, "kernel_size", 2, 1, &s));
  WXNN_TRY(layer.numbers("filters", 1, 1, &filters));
  WXNN_CHECK(filters[0] <= 1 << 16, "filters is out of range");
  r.units = filters[0];
  r.steps = in[0].shape[1];
  WXNN_TRY(layer.weight("kernel", &kernel));
  WXNN_TRY(layer.weight("recurrent_kernel", &r.recurrent));
  std::vector<int32_t> shape = in[0].shape;
  shape.erase(shape.begin() + 1);
  WXNN_TRY(to_shape(layer, in[0], shape, &x));
  tf::NodeDef* node = layer.node("Conv2D", {x.name, kernel});
  set_list(node, "dilations", {1, s.dilations[0], s.dilations[1], 1});
  WXNN_TRY(slide(&x, node, s, 4 * r.units));
  WXNN_TRY(layer.bias(&x.name));
  shape = x.shape;
  shape.insert(shape.begin() + 1, r.steps);
  WXNN_TRY(to_shape(layer, x, shape, &x));
  unpack_steps(layer, x.name, &r);
  std::vector<std::string> states;
  WXNN_TRY(run_steps(layer, lstm_step, layer.flag("go_backwards"), &r, &states));
  give(layer, states, r.units, y);
  y->shape.insert(y->shape.end() - 1, {shape[2], shape[3]});
  return {};
}

// How the two directions become one.
struct MergeRow {
  std::string_view mode;
  const char* op;
};
constexpr MergeRow kMerges[] = {{"sum", "AddV2"}, {"mul", "Mul"}, {"ave", "AddV2"}};

Status bidirectional(Layer& layer, const Tensors& in, LayerTensor* y) {
  const Json& wrapped = member(layer.config, "layer");
  const KindRow* kind = find_kind(text_of(member(wrapped, "class_name")));
  WXNN_CHECK(kind != nullptr, "wraps a layer that is not supported");
  Layer inner = layer.inner(member(wrapped, "config"));
  WXNN_TRY(check_settings(inner, in));
  const bool backwards = inner.flag("go_backwards");
  std::vector<std::string> there, back;
  WXNN_TRY(run_through(inner, *kind, in[0], backwards, "forward_", &there));
  WXNN_TRY(run_through(inner, *kind, in[0], !backwards, "backward_", &back));
  const int32_t units = static_cast<int32_t>(inner.number("units", 1));
  if (inner.flag("return_sequences")) std::ranges::reverse(back);
  LayerTensor other;
  give(inner, there, units, y);
  give(inner, back, units, &other);
  if (inner.flag("return_sequences")) y->mask = in[0].mask;
  const Json& said = member(layer.config, "merge_mode");
  const std::string mode = said.is_string() ? std::string(text_of(said)) : "concat";
  WXNN_CHECK(!said.is_null(), "merge_mode null, which gives two outputs, is not supported");
  if (mode == "concat") {
    const int32_t axis = static_cast<int32_t>(y->shape.size()) - 1;
    tf::NodeDef* node = layer.node("ConcatV2", {y->name, other.name, layer.ints({axis}, true)});
    (*node->mutable_attr())["N"].set_i(2);
    y->name = node->name();
    y->shape.back() *= 2;
    return {};
  }
  const auto* row = std::ranges::find(kMerges, mode, &MergeRow::mode);
  WXNN_CHECK(row != std::end(kMerges), "merge_mode \"", mode, "\" is not supported");
  y->name = layer.op(row->op, {y->name, other.name});
  if (mode == "ave") y->name = layer.op("Mul", {y->name, layer.scalar(0.5)});
  return {};
}

// Steps of nothing but one number do not count; they become zeros.
Status masking(Layer& layer, const Tensors& in, LayerTensor* y) {
  *y = in[0];
  WXNN_TRY(want_rank(*y, 3));
  const std::string bools =
      layer.op("NotEqual", {y->name, layer.scalar(layer.number("mask_value", 0))});
  y->mask = mask_of(layer, layer.op("Any", {bools, layer.ints({-1})}), y->shape[1]);
  const std::string column = layer.op("ExpandDims", {y->mask, layer.ints({-1}, true)});
  y->name = layer.op("Mul", {y->name, column});
  return {};
}

// The layer on each step: the steps become part of the batch.
Status time_distributed(Layer& layer, const Tensors& in, LayerTensor* y) {
  const Json& wrapped = member(layer.config, "layer");
  const std::string_view kind = text_of(member(wrapped, "class_name"));
  const LayerRow* row = kind == "TimeDistributed" ? nullptr : find_layer_row(kind);
  WXNN_CHECK(row != nullptr, "wraps a layer that is not supported");
  const LayerTensor& x = in[0];
  WXNN_CHECK(x.shape.size() >= 3, "its input has no steps");
  WXNN_TRY(want_rank(x, x.shape.size()));
  std::vector<int32_t> shape = x.shape;
  shape.erase(shape.begin() + 1);
  LayerTensor step, made;
  WXNN_TRY(to_shape(layer, x, shape, &step));
  Layer inner = layer.inner(member(wrapped, "config"));
  WXNN_TRY(row->build(inner, {step}, &made));
  made.shape.insert(made.shape.begin() + 1, x.shape[1]);
  return to_shape(layer, made, made.shape, y);
}

constexpr LayerRow kRows[] = {
    {"Bidirectional", bidirectional, Masks::kOwn},
    {"ConvLSTM2D", conv_lstm},
    {"GRU", WXNN_WITH(recurrent, "GRU"), Masks::kOwn},
    {"LSTM", WXNN_WITH(recurrent, "LSTM"), Masks::kOwn},
    {"Masking", masking, Masks::kOwn},
    {"SimpleRNN", WXNN_WITH(recurrent, "SimpleRNN"), Masks::kOwn},
    {"TimeDistributed", time_distributed, Masks::kPassed},
};

}  // namespace

std::span<const LayerRow> layers_of_sequences() { return kRows; }

}  // namespace wxnn
