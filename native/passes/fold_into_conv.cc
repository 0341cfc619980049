// Linear work after a convolution goes into its weights: batch-norm, per-channel factors, biases.
// The results are rounded once more or once less than before, within a few ULP of the outputs.
#include <cmath>

#include "passes/conv_node.h"

namespace wxnn {

namespace {

// The convolution's channels, when filter and bias are constants and nothing follows yet; else 0.
int32_t foldable_channels(const Match& match, const Node& conv) {
  const Graph& graph = match.graph();
  if (!is_linear(conv) || has_input(conv, 3)) return 0;
  if (has_input(conv, 2) && !graph.values[conv.inputs[2]].constant) return 0;
  const TensorType& filter = match.type('W');
  if (filter.dtype != DType::kFloat32) return 0;
  const int32_t channels = output_channels(conv, filter.shape);
  if (has_input(conv, 2) && graph.values[conv.inputs[2]].type.shape.elements() != channels)
    return 0;
  return channels;
}

// A constant with one number per channel or one for all is the convolution's factor, or else its
// summand.
Status fold(Match& match, char name, bool is_factor, bool* changed) {
  const int32_t channels = foldable_channels(match, match.node('c'));
  const TensorType& type = match.type(name);
  const bool one = type.shape.rank() == 0 || type.shape.elements() == 1;
  // [1,1,1,1,C] after a rank-4 convolution would raise the output's rank.
  if (channels <= 0 || type.dtype != DType::kFloat32 || type.shape.rank() > 4 ||
      !(one || is_per_channel(type.shape, channels)))
    return {};
  Tensor t;
  WXNN_TRY(match.constant(name, &t));
  Vector<double> numbers(channels);
  for (int32_t c = 0; c < channels; ++c) numbers[c] = t.f32()[one ? 0 : c];
  return scale_and_shift(match, channels, is_factor ? numbers.data() : nullptr,
                         is_factor ? nullptr : numbers.data(), changed);
}

// y = (x - mean) / sqrt(variance + epsilon) * scale + offset; scale and offset may be absent.
Status fold_batch_norm(Match& match, bool* changed) {
  const Node& norm = match.node('y');
  const int32_t channels = foldable_channels(match, match.node('c'));
  if (channels <= 0) return {};
  const Tensor* inputs[5] = {};
  Tensor tensors[5];
  for (size_t i = 1; i < norm.inputs.size() && i < 5; ++i) {
    const int v = norm.inputs[i];
    if (v == kAbsent) continue;
    const Value& value = match.graph().values[v];
    const bool folds = value.constant && value.type.dtype == DType::kFloat32 &&
                       is_per_channel(value.type.shape, channels);
    if (!folds) return {};
    WXNN_TRY(match.graph().materialize(v, &tensors[i]));
    inputs[i] = &tensors[i];
  }
  if (inputs[1] == nullptr || inputs[2] == nullptr) return {};
  Vector<double> factor(channels), summand(channels);
  const double epsilon = norm.attrs.f("varianceEpsilon");
  for (int32_t c = 0; c < channels; ++c) {
    const double gamma = inputs[4] != nullptr ? inputs[4]->f32()[c] : 1.0;
    const double beta = inputs[3] != nullptr ? inputs[3]->f32()[c] : 0.0;
    factor[c] = gamma / std::sqrt(static_cast<double>(inputs[2]->f32()[c]) + epsilon);
    summand[c] = beta - static_cast<double>(inputs[1]->f32()[c]) * factor[c];
  }
  return scale_and_shift(match, channels, factor.data(), summand.data(), changed);
}

}  // namespace

extern const Pass kFoldBatchNorm;
extern const Pass kFoldFactor;
extern const Pass kFoldBias;

constinit const Pass kFoldBatchNorm = {
    .pattern = "c = " WXNN_CONVOLUTIONS
               "(x, W, ...)\n"
               "y = FusedBatchNorm(c, M, V, ...)",
    .rewrite = fold_batch_norm,
};

constinit const Pass kFoldFactor = {
    .pattern = "c = " WXNN_CONVOLUTIONS
               "(x, W, ...)\n"
               "y = Multiply(c, S)",
    .rewrite = [](Match& match, bool* changed) { return fold(match, 'S', true, changed); },
};

constinit const Pass kFoldBias = {
    .pattern = "c = " WXNN_CONVOLUTIONS
               "(x, W, ...)\n"
               "y = Add(c, B)",
    .rewrite = [](Match& match, bool* changed) { return fold(match, 'B', false, changed); },
};

}  // namespace wxnn
