// Prelu written out by converters: Keras says relu(x) + (-alpha) * relu(-x), MTCNN's ports say
// relu(x) + alpha * (x - |x|) * 0.5. Both are Prelu, exactly where alpha * x is.
#include "passes/match.h"

namespace wxnn {

namespace {

// The root becomes Prelu(x, factor * constant).
Status become_prelu(Match& match, char constant, float factor, bool* changed) {
  if (find_op("Prelu") == nullptr) return {};
  const TensorType type = match.type(constant);
  if (type.dtype != DType::kFloat32) return {};
  Tensor k;
  WXNN_TRY(match.constant(constant, &k));
  Vector<float> alpha(k.f32(), k.f32() + type.shape.elements());
  for (float& a : alpha) a *= factor;
  int value = 0;
  Node& root = match.node('y');
  WXNN_TRY(match.graph().add_constant(root.name + "/alpha", type, alpha.data(), &value));
  match.become(root, "Prelu");
  match.set_input(root, 0, match.value('x'));
  match.set_input(root, 1, value);
  *changed = true;
  return {};
}

Status keras(Match& match, bool* changed) {
  const bool sum = std::string_view(match.node('y').op->name) == "Add";
  return become_prelu(match, 'K', sum ? -1.0F : 1.0F, changed);
}

Status mtcnn(Match& match, bool* changed) {
  const TensorType& type = match.type('H');
  if (type.dtype != DType::kFloat32 || type.shape.elements() != 1) return {};
  Tensor half;
  WXNN_TRY(match.constant('H', &half));
  return half.f32()[0] == 0.5F ? become_prelu(match, 'K', 1.0F, changed) : Status();
}

}  // namespace

extern const Pass kPreluOfKeras;
extern const Pass kPreluOfMtcnn;

constinit const Pass kPreluOfKeras = {
    .pattern =
        "n = Neg(x)\n"
        "r = Relu(n)\n"
        "m = Multiply(r, K)\n"
        "a = Relu(x)\n"
        "y = Add|Sub(a, m)",
    .rewrite = keras,
};

constinit const Pass kPreluOfMtcnn = {
    .pattern =
        "b = Abs(x)\n"
        "s = Sub(x, b)\n"
        "t = Multiply(s, K)\n"
        "m = Multiply(t, H)\n"
        "a = Relu(x)\n"
        "y = Add(a, m)",
    .rewrite = mtcnn,
};

}  // namespace wxnn
