// Layers that go along a sequence: recurrent ones (layers_recurrence.h), and what wraps others.
#include <algorithm>

#include "converter/layers_recurrence.h"

namespace wxnn {

namespace {

constexpr size_t kMostCells = 32;

std::string stack(Layer& layer, const std::vector<std::string>& states) {
  tf::NodeDef* node = layer.node("Pack", states);
  (*node->mutable_attr())["axis"].set_i(1);
  (*node->mutable_attr())["N"].set_i(static_cast<int64_t>(states.size()));
  return node->name();
}

// A recurrent layer has one cell, or several that lie on each other.
struct Cell {
  const KindRow* kind;
  Layer settings;
  std::vector<std::string> parts;  // of its weights' names, the first that is there
};

Status add_cell(std::string_view name, Layer settings, std::vector<std::string> parts,
                std::vector<Cell>* cells) {
  const KindRow* row = find_recurrent_kind(name);
  WXNN_CHECK(row != nullptr, "has the cell {}, which is not supported", name);
  WXNN_CHECK(!settings.flag("reset_after"), "reset_after is not supported");
  cells->push_back({row, std::move(settings), std::move(parts)});
  return {};
}

// `part`: of the names of all its weights.
Status cells_of(Layer& layer, std::string_view kind, const std::string& part,
                std::vector<Cell>* cells) {
  if (kind != "RNN") return add_cell(kind, layer, {part}, cells);
  const Json& cell = member(layer.config, "cell");
  const Json& config = member(cell, "config");
  if (text_of(member(cell, "class_name")) != "StackedRNNCells")
    return add_cell(text_of(member(cell, "class_name")), layer.inner(config), {part}, cells);
  for (const Json& one : items(member(config, "cells"))) {
    const Json& settings = member(one, "config");
    const std::string name(text_of(member(settings, "name")));
    WXNN_TRY(add_cell(text_of(member(one, "class_name")), layer.inner(settings),
                      {sentence<"{}RNNCell_{}/">(part, cells->size()), name + "/"}, cells));
  }
  WXNN_CHECK(!cells->empty() && cells->size() <= kMostCells,
             "has {} cells, at most {} are written out", cells->size(), kMostCells);
  return {};
}

// What a recurrent layer gives: the states after each step, and the last ones of all its cells, in
// tfjs's order.
struct Sequence {
  std::vector<std::string> states;
  Tensors last;
  int32_t units = 0;
};

size_t count_states(const std::vector<Cell>& cells) {
  size_t count = 0;
  for (const Cell& cell : cells) count += cell.kind->states;
  return count;
}

// `initial`: none, or one for each that `last` will have. The cells of a stack go through the whole
// sequence one after another.
Status run_through(Layer& layer, std::vector<Cell>& cells, LayerTensor x, bool backwards,
                   std::span<const LayerTensor> initial, Sequence* sequence) {
  WXNN_CHECK(initial.empty() || initial.size() == count_states(cells),
             "gets {} initial states, wants {}", initial.size(), count_states(cells));
  const bool turn = backwards && cells.size() > 1;
  if (turn) {
    x.name = layer.op("ReverseV2", {x.name, layer.ints({1})});
    if (!x.mask.empty()) x.mask = layer.op("ReverseV2", {x.mask, layer.ints({1})});
  }
  size_t place = count_states(cells);  // the last cell's states come first
  for (Cell& cell : cells) {
    Recurrence r;
    State state;
    r.part = cell.parts[0];
    for (const std::string& part : cell.parts)
      if (cell.settings.has_weight("kernel", part)) r.part = part;
    WXNN_TRY(prepare(cell.settings, x, *cell.kind, &r));
    place -= cell.kind->states;
    if (!initial.empty()) {
      state.h = initial[place].name;
      if (cell.kind->states > 1) state.c = initial[place + 1].name;
    }
    sequence->states.clear();
    WXNN_TRY(run_steps(cell.settings, cell.kind->step, backwards && !turn, &r, &state,
                       &sequence->states));
    const std::vector<int32_t> shape = {-1, r.units};
    if (cell.kind->states > 1) sequence->last.insert(sequence->last.begin(), {state.c, shape});
    sequence->last.insert(sequence->last.begin(), {state.h, shape});
    sequence->units = r.units;
    if (&cell == &cells.back()) break;
    x.name = stack(layer, sequence->states);
    x.shape[2] = r.units;
  }
  return {};
}

void give(Layer& layer, const std::vector<std::string>& states, int32_t units, LayerTensor* y) {
  const bool all = layer.flag("return_sequences");
  y->shape = {-1, units};
  if (all) y->shape.insert(y->shape.begin() + 1, static_cast<int32_t>(states.size()));
  y->name = all ? stack(layer, states) : states.back();
}

// An output each, though the last state may be one already.
void give_states(Layer& layer, const Tensors& states) {
  for (LayerTensor state : states) {
    state.name = layer.op("Identity", {state.name});
    layer.more.push_back(state);
  }
}

Status recurrent(Layer& layer, const Tensors& in, const char* name, LayerTensor* y) {
  std::vector<Cell> cells;
  Sequence made;
  WXNN_TRY(want_rank(in[0], 3));
  WXNN_TRY(check_recurrence(layer, in[0]));
  WXNN_TRY(cells_of(layer, name, "", &cells));
  WXNN_TRY(run_through(layer, cells, in[0], layer.flag("go_backwards"), std::span(in).subspan(1),
                       &made));
  give(layer, made.states, made.units, y);
  if (layer.flag("return_sequences")) y->mask = in[0].mask;
  if (layer.flag("return_state")) give_states(layer, made.last);
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
  WXNN_TRY(check_recurrence(layer, in[0]));
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
  WXNN_CHECK(in.size() == 1 || in.size() == 3, "gets {} initial states, wants 2", in.size() - 1);
  State state;
  if (in.size() > 1) state = {in[1].name, in[2].name};
  WXNN_TRY(run_steps(layer, lstm_step, layer.flag("go_backwards"), &r, &state, &states));
  give(layer, states, r.units, y);
  y->shape.insert(y->shape.end() - 1, {shape[2], shape[3]});
  const std::vector<int32_t> one = {-1, shape[2], shape[3], r.units};
  if (layer.flag("return_state")) give_states(layer, {{state.h, one}, {state.c, one}});
  return {};
}

// How the two directions become one.
struct MergeRow {
  std::string_view mode;
  const char* op;
};
constexpr MergeRow kMerges[] = {{"sum", "AddV2"}, {"mul", "Mul"}, {"ave", "AddV2"}};

Status merge(Layer& layer, const std::string& mode, const LayerTensor& other, LayerTensor* y) {
  if (mode == "concat") {
    const int32_t axis = static_cast<int32_t>(y->shape.size()) - 1;
    tf::NodeDef* node = layer.node("ConcatV2", {y->name, other.name, layer.ints({axis}, true)});
    (*node->mutable_attr())["N"].set_i(2);
    y->name = node->name();
    y->shape.back() *= 2;
    return {};
  }
  const auto* row = std::ranges::find(kMerges, mode, &MergeRow::mode);
  WXNN_CHECK(row != std::end(kMerges), "merge_mode \"{}\" is not supported", mode);
  y->name = layer.op(row->op, {y->name, other.name});
  if (mode == "ave") y->name = layer.op("Mul", {y->name, layer.scalar(0.5)});
  return {};
}

Status bidirectional(Layer& layer, const Tensors& in, LayerTensor* y) {
  const Json& wrapped = member(layer.config, "layer");
  Layer inner = layer.inner(member(wrapped, "config"));
  const std::string_view kind = text_of(member(wrapped, "class_name"));
  std::vector<Cell> ahead, behind;
  WXNN_TRY(want_rank(in[0], 3));
  WXNN_TRY(check_recurrence(inner, in[0]));
  WXNN_TRY(cells_of(inner, kind, "forward_", &ahead));
  WXNN_TRY(cells_of(inner, kind, "backward_", &behind));
  const bool backwards = inner.flag("go_backwards");
  const std::span<const LayerTensor> initial = std::span(in).subspan(1);
  const size_t half = initial.size() / 2;
  WXNN_CHECK(initial.size() % 2 == 0, "gets {} initial states", initial.size());
  Sequence there, back;
  WXNN_TRY(run_through(inner, ahead, in[0], backwards, initial.first(half), &there));
  WXNN_TRY(run_through(inner, behind, in[0], !backwards, initial.subspan(half), &back));
  if (inner.flag("return_sequences")) std::ranges::reverse(back.states);
  LayerTensor other;
  give(inner, there.states, there.units, y);
  give(inner, back.states, back.units, &other);
  const Json& said = member(layer.config, "merge_mode");
  const bool two = layer.config.contains("merge_mode") && said.is_null();
  if (!two)
    WXNN_TRY(merge(layer, said.is_string() ? std::string(text_of(said)) : "concat", other, y));
  if (inner.flag("return_sequences")) y->mask = other.mask = in[0].mask;
  if (two) layer.more.push_back(other);
  if (!inner.flag("return_state")) return {};
  give_states(layer, there.last);
  give_states(layer, back.last);
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
    {"RNN", WXNN_WITH(recurrent, "RNN"), Masks::kOwn},
    {"SimpleRNN", WXNN_WITH(recurrent, "SimpleRNN"), Masks::kOwn},
    {"TimeDistributed", time_distributed, Masks::kPassed},
};

}  // namespace

std::span<const LayerRow> layers_of_sequences() { return kRows; }

}  // namespace wxnn
