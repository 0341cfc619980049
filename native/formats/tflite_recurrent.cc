#include "formats/tflite_recurrent.h"

#include <algorithm>

#include "core/build_parts.h"

namespace wxnn {

namespace {

// Which inputs the file's operator has, besides x at 0.
struct Layout {
  size_t least;                          // inputs
  std::initializer_list<size_t> states;  // ascending
  size_t auxiliary;                      // a second x; its weights, which follow
};

Status check_inputs(const SourceNode& node, const Layout& layout) {
  const size_t count = node.inputs.size();
  WXNN_CHECK(count >= layout.least, "has {} inputs, should have at least {}", count, layout.least);
  for (size_t i = 1; i < count; ++i) {
    const int v = node.inputs[i];
    if (v == kAbsent) continue;
    const Value& value = node.graph.values[v];
    const bool state = std::ranges::find(layout.states, i) != layout.states.end();
    WXNN_CHECK(!state, "its state \"{}\" is not a variable", value.name);
    WXNN_CHECK(value.constant != nullptr || i == layout.auxiliary,
               "its input \"{}\" is computed while running; only a constant is supported",
               value.name);
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

Status join(SourceNode& node, std::string_view suffix, int other, int* value) {
  Cooked concat;
  WXNN_TRY(need_op("Concat", &concat.op));
  concat.attrs = Attrs(concat.op->attrs);
  concat.inputs = {*value, other};
  WXNN_TRY(concat.attrs.set("axis", -1.0));
  return emit_before(node, suffix, std::move(concat), value);
}

// A second x beside the first, and its weights, the first `matrices` of the node's, likewise. An x
// without weights is the one of the layer that runs backward.
Status take_auxiliary(SourceNode& node, const Vector<int>& all, size_t auxiliary, size_t matrices,
                      size_t layer) {
  const int x = auxiliary < all.size() ? all[auxiliary] : kAbsent;
  if (x == kAbsent) return {};
  if (!kBuildParts.rare) return fail<"has an auxiliary input, which this build does not have">();
  const std::string_view suffix = layer == 0 ? "/forward/x" : "/backward/x";
  bool weighted = false;
  for (size_t m = 0; m < matrices; ++m) {
    const size_t at = auxiliary + 1 + layer * matrices + m;
    if (at >= all.size() || all[at] == kAbsent) continue;
    WXNN_CHECK(node.inputs[1 + m] != kAbsent, "has weights of an auxiliary input alone");
    WXNN_TRY(join(node, sentence<"{}/weights{}">(suffix, m), all[at], &node.inputs[1 + m]));
    weighted = true;
  }
  if (weighted) return join(node, suffix, x, node.inputs.data());
  if (layer == 1) node.inputs[0] = x;
  return {};
}

// Each layer has `weights` inputs in a row, from forward and from backward on. The outputs stand
// side by side, or apart where option `merge_outputs` is false.
Status build_both_ways(SourceNode& node, const Recipe& recipe, const char* merge_outputs,
                       size_t backward, size_t weights, const Layout& layout) {
  WXNN_TRY(check_inputs(node, layout));
  const size_t matrices = weights > 4 ? 4 : 1;  // that x is multiplied with
  const Vector<int> all = node.inputs;
  Cooked layers[2];
  for (size_t k = 0; k < 2; ++k) {
    const auto first = all.begin() + static_cast<ptrdiff_t>(k == 0 ? 1 : backward);
    node.inputs.assign(first, first + static_cast<ptrdiff_t>(weights));
    node.inputs.insert(node.inputs.begin(), all[0]);
    WXNN_TRY(take_auxiliary(node, all, layout.auxiliary, matrices, k));
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
  Cooked both;
  WXNN_TRY(need_op("Concat", &both.op));
  both.attrs = Attrs(both.op->attrs);
  both.inputs = {values[0], values[1]};
  WXNN_TRY(both.attrs.set("axis", -1.0));
  return emit(node, std::move(both));
}

constexpr size_t kNone = SIZE_MAX;

// One step of LSTM in plain operators. Inputs: x, the outputs before, weights [4 units, x and
// units], biases, the state before; outputs: those of now, the state of now, and two for scratch.
class BasicCell {
 public:
  explicit BasicCell(SourceNode& node) : node_(node) {}

  Status build() {
    const Op* op = nullptr;
    for (const char* name : {"_FusedMatMul", "SplitV", "Tanh", "Sigmoid", "Multiply", "Add"}) {
      WXNN_TRY(need_op(name, &op));
    }
    WXNN_CHECK(node_.inputs.size() == 5 && node_.output_count >= 2,
               "should have 5 inputs and 4 outputs of kernel_type BASIC");
    const Vector<int>& in = node_.inputs;
    int x = in[0];
    WXNN_TRY(join(node_, "/x", in[1], &x));
    Cooked product = make("_FusedMatMul", {x, in[2], in[3]});
    WXNN_TRY(product.attrs.set("transposeB", 1));
    int gates[4] = {};  // input, cell, forget, output
    WXNN_TRY(emit_before(node_, "/gates", std::move(product), gates));
    WXNN_TRY(split(gates));
    for (int g = 0; g < 4; ++g) WXNN_TRY(step(g == 1 ? "Tanh" : "Sigmoid", {gates[g]}, &gates[g]));
    WXNN_TRY(step("Multiply", {gates[0], gates[1]}, gates));
    WXNN_TRY(step("Multiply", {gates[2], in[4]}, &gates[2]));
    WXNN_TRY(emit_output(node_, 1, make("Add", {gates[0], gates[2]})));
    int state = kAbsent;
    WXNN_TRY(node_.output(1, &state));
    WXNN_TRY(step("Tanh", {state}, gates));
    return emit_output(node_, 0, make("Multiply", {gates[3], gates[0]}));
  }

 private:
  static Cooked make(const char* op, Vector<int> inputs) {
    Cooked cooked;
    cooked.op = find_op(op);
    cooked.attrs = Attrs(cooked.op->attrs);
    cooked.inputs = std::move(inputs);
    return cooked;
  }
  Status step(const char* op, Vector<int> inputs, int* value) {
    return emit_before(node_, sentence<"/{}{}">(op, ++steps_), make(op, std::move(inputs)), value);
  }
  Status split(int (&gates)[4]) {
    Cooked split = make("SplitV", {gates[0]});
    WXNN_TRY(split.attrs.set("numOrSizeSplits", 4));
    WXNN_TRY(split.attrs.set("axis", 1));
    const String name = sentence<"{}/gate">(node_.name);
    for (int& gate : gates) {
      gate = node_.graph.add_value(name, {DType::kFloat32, Shape::unknown()});
    }
    node_.graph.nodes.push_back({split.op,
                                 name,
                                 std::move(split.attrs),
                                 std::move(split.inputs),
                                 {gates[0], gates[1], gates[2], gates[3]}});
    return {};
  }

  SourceNode& node_;
  int steps_ = 0;
};

}  // namespace

Status build_lstm_cell(SourceNode& node, const Recipe& recipe) {
  AttrValue kernel_type;
  WXNN_TRY(node.read("n3", &kernel_type));
  if (kernel_type.numbers[0] == 0) return build_lstm(node, recipe);
  if (kBuildParts.rare) return BasicCell(node).build();
  return fail<"has the kernel_type BASIC, which this build does not have">();
}

// x, 4 weights, 4 recurrent weights, 3 peepholes, 4 biases, projection and its bias, two states, 4
// coefficients of layer norm.
Status build_lstm(SourceNode& node, const Recipe& recipe) {
  return build_one_way(node, recipe, {20, {18, 19}, kNone});
}

// x, weights, recurrent weights, bias, state.
Status build_rnn(SourceNode& node, const Recipe& recipe) {
  return build_one_way(node, recipe, {5, {4}, kNone});
}

// x, 17 inputs forward as above, 17 backward, 4 states, a second x, its 4 weights forward and
// backward.
Status build_bidirectional_lstm(SourceNode& node, const Recipe& recipe) {
  return build_both_ways(node, {"LSTM", recipe.terms}, "b3", 18, 17, {39, {35, 36, 37, 38}, 39});
}

// x; weights, recurrent weights, bias, state forward; the same backward; a second x and its weights
// forward and backward.
Status build_bidirectional_rnn(SourceNode& node, const Recipe& recipe) {
  return build_both_ways(node, recipe, "b2", 5, 3, {9, {4, 8}, 9});
}

}  // namespace wxnn
