#include "formats/tflite_recurrent.h"

#include <algorithm>

namespace wxnn {

namespace {

// Which inputs the file's operator has, besides x at 0.
struct Layout {
  size_t least;                          // inputs
  std::initializer_list<size_t> states;  // ascending
  size_t auxiliary;                      // a second x and its weights stand from here on
};

Status check_inputs(const SourceNode& node, const Layout& layout) {
  const size_t count = node.inputs.size();
  WXNN_CHECK(count >= layout.least, "has ", count, " inputs, should have at least ", layout.least);
  for (size_t i = 1; i < count; ++i) {
    const int v = node.inputs[i];
    if (v == kAbsent) continue;
    const Value& value = node.graph.values[v];
    const bool state = std::ranges::find(layout.states, i) != layout.states.end();
    WXNN_CHECK(!state, "its state \"", value.name, "\" is not a variable");
    WXNN_CHECK(i < layout.auxiliary, "has an auxiliary input, which is not supported");
    WXNN_CHECK(value.constant != nullptr, "its input \"", value.name,
               "\" is computed while running; only a constant is supported");
  }
  return {};
}

Status build_one_way(SourceNode& node, const Recipe& recipe, const Layout& layout) {
  WXNN_TRY(check_inputs(node, layout));
  size_t erased = 0;
  for (size_t state : layout.states) {
    node.inputs.erase(node.inputs.begin() + static_cast<ptrdiff_t>(state - erased++));
  }
  Cooked cooked;
  WXNN_TRY(prepare(node, recipe, &cooked));
  return emit(node, std::move(cooked));
}

// Each layer has `weights` inputs in a row, from forward and from backward on. The outputs stand
// side by side, or apart where option `merge_outputs` is false.
Status build_both_ways(SourceNode& node, const Recipe& recipe, std::string_view merge_outputs,
                       size_t backward, size_t weights) {
  const std::vector<int> all = node.inputs;
  Cooked layers[2];
  for (size_t k = 0; k < 2; ++k) {
    const auto first = all.begin() + static_cast<ptrdiff_t>(k == 0 ? 1 : backward);
    node.inputs.assign(first, first + static_cast<ptrdiff_t>(weights));
    node.inputs.insert(node.inputs.begin(), all[0]);
    WXNN_TRY(prepare(node, recipe, &layers[k]));
    WXNN_TRY(layers[k].attrs.set("reverse", static_cast<double>(k)));
  }
  AttrValue merge;
  WXNN_TRY(node.read(merge_outputs, &merge));
  constexpr std::string_view kSuffixes[] = {"/forward", "/backward"};
  int values[2];
  for (size_t k = 0; k < 2; ++k) {
    WXNN_TRY(emit_before(node, kSuffixes[k], std::move(layers[k]), &values[k]));
  }
  if (merge.numbers[0] == 0) {
    for (size_t k = 0; k < 2; ++k) {
      WXNN_TRY(node.output(k, &node.graph.nodes[node.graph.nodes.size() - 2 + k].outputs[0]));
    }
    return {};
  }
  Cooked join;
  WXNN_TRY(need_op("Concat", &join.op));
  join.attrs = Attrs(join.op->attrs);
  join.inputs = {values[0], values[1]};
  WXNN_TRY(join.attrs.set("axis", -1.0));
  return emit(node, std::move(join));
}

constexpr size_t kNone = SIZE_MAX;

}  // namespace

// x, 4 weights, 4 recurrent weights, 3 peepholes, 4 biases, projection and its bias, two states, 4
// coefficients of layer norm.
Status build_lstm(SourceNode& node, const Recipe& recipe) {
  return build_one_way(node, recipe, {20, {18, 19}, kNone});
}

// x, weights, recurrent weights, bias, state.
Status build_rnn(SourceNode& node, const Recipe& recipe) {
  return build_one_way(node, recipe, {5, {4}, kNone});
}

// x, 17 inputs forward as above, 17 backward, 4 states.
Status build_bidirectional_lstm(SourceNode& node, const Recipe& recipe) {
  WXNN_TRY(check_inputs(node, {39, {35, 36, 37, 38}, 39}));
  return build_both_ways(node, {"LSTM", recipe.terms}, "b3", 18, 17);
}

// x; weights, recurrent weights, bias, state forward; the same backward.
Status build_bidirectional_rnn(SourceNode& node, const Recipe& recipe) {
  WXNN_TRY(check_inputs(node, {9, {4, 8}, 9}));
  return build_both_ways(node, recipe, "b2", 5, 3);
}

}  // namespace wxnn
