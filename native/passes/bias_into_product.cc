// A bias added behind a matrix product goes into its kernel, as TensorFlow's dense layers have it.
#include "passes/conv_node.h"

namespace wxnn {

extern const Pass kBiasIntoProduct;

constinit const Pass kBiasIntoProduct = {
    .pattern =
        "c = _FusedMatMul(x, w, ...)\n"
        "y = Add(c, B)",
    .rewrite = [](Match& match, bool* changed) -> Status {
      Node& product = match.node('c');
      const Shape& w = match.type('w').shape;
      const TensorType& bias = match.type('B');
      const bool taken = has_input(product, 2) || has_input(product, 3) || !is_linear(product);
      if (taken || w.rank() != 2 || bias.dtype != DType::kFloat32 || bias.shape.rank() != 1)
        return {};
      const int32_t columns = w[product.attrs.b("transposeB") ? 0 : 1];
      if (bias.shape[0] != columns || columns < 1) return {};
      match.set_input(product, 2, match.value('B'));
      match.root_becomes('c');
      *changed = true;
      return {};
    },
};

}  // namespace wxnn
