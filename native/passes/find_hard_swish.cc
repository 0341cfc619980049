// HardSwish written out with numbers of its own: a model whose weights are float16 has 0.16662598
// for 1/6. One operator does what the four did, bit by bit, in one pass over memory. Only the
// engine runs the result (no file format has it), so the converter leaves this pass out.
#include "passes/match.h"

namespace wxnn {

namespace {

// A constant of one number that leaves x's shape as it is.
bool one_number(const Match& match, char name) {
  const TensorType &k = match.type(name), &x = match.type('x');
  return k.dtype == DType::kFloat32 && x.dtype == DType::kFloat32 && x.shape.is_known() &&
         k.shape.elements() == 1 && k.shape.rank() <= x.shape.rank();
}

Status find_hard_swish(Match& match, bool* changed) {
  if (!one_number(match, 'K') || !one_number(match, 'S')) return {};
  Node& root = match.node('y');
  if (!match.become(root, "ScaledHardSwish")) return {};
  Tensor scale, shift;
  WXNN_TRY(match.constant('K', &scale));
  WXNN_TRY(match.constant('S', &shift));
  WXNN_TRY(root.attrs.set("scale", static_cast<double>(scale.f32()[0])));
  WXNN_TRY(root.attrs.set("shift", static_cast<double>(shift.f32()[0])));
  match.set_input(root, 0, match.value('x'));
  match.set_input(root, 1, kAbsent);
  root.inputs.pop_back();
  *changed = true;
  return {};
}

}  // namespace

extern const Pass kFindHardSwish;

constinit const Pass kFindHardSwish = {
    .pattern =
        "m = Multiply(x, K)\n"
        "a = Add(x, S)\n"
        "r = Relu6(a)\n"
        "y = Multiply(m, r)",
    .rewrite = find_hard_swish,
};

}  // namespace wxnn
