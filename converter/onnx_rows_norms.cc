// ONNX's norms.
#include <algorithm>

#include "converter/onnx_graph.h"

namespace wxnn {

namespace {

// (x - mean) / sqrt(variance + epsilon) over `axes` of the value.
struct Moments {
  int normal = kAbsent, mean = kAbsent, variance = kAbsent, inverse = kAbsent;
};
Status normalise(OnnxNode& n, int x, const std::vector<double>& axes, double epsilon, Moments* m) {
  int centred = kAbsent, variance = kAbsent;
  WXNN_TRY(n.add("Mean", {x}, {{"axis", axes}, {"keepDims", true}}, &m->mean));
  WXNN_TRY(n.add("Sub", {x, m->mean}, {}, &centred));
  WXNN_TRY(n.add("Square", {centred}, {}, &variance));
  WXNN_TRY(n.add("Mean", {variance}, {{"axis", axes}, {"keepDims", true}}, &variance));
  m->variance = variance;
  WXNN_TRY(n.with_scalar("Add", variance, epsilon, &variance));
  WXNN_TRY(n.add("Rsqrt", {variance}, {}, &m->inverse));
  return n.add("Multiply", {centred, m->inverse}, {}, &m->normal);
}

// In training the batch's own moments are used, and mixed into the running ones.
Status training_norm(OnnxNode& n, int x, const int (&v)[5], const Perm& perm) {
  const double momentum = n.number("momentum", 0.9);
  std::vector<double> axes;
  for (int i = 0; i + 1 < n.b.shape(x).rank(); ++i) axes.push_back(i);
  Moments m;
  int y = kAbsent;
  WXNN_TRY(normalise(n, x, axes, n.number("epsilon", 1e-5), &m));
  WXNN_TRY(n.add("Multiply", {m.normal, v[1]}, {}, &y));
  WXNN_TRY(n.add("Add", {y, v[2]}, {}, &y));
  WXNN_TRY(n.out(0, y, perm));
  const int fresh[] = {m.mean, m.variance};
  for (size_t i = 0; i < 2; ++i) {
    int running = kAbsent, now = kAbsent;
    WXNN_TRY(n.reshape(fresh[i], n.b.shape(v[3 + i]), &now));
    WXNN_TRY(n.with_scalar("Multiply", now, 1 - momentum, &now));
    WXNN_TRY(n.with_scalar("Multiply", v[3 + i], momentum, &running));
    WXNN_TRY(n.add("Add", {running, now}, {}, &running));
    WXNN_TRY(n.out(1 + i, running));
  }
  return {};
}

Status batch_norm(OnnxNode& n, const OnnxRow&) {
  const bool training = n.integer("training_mode", 0) != 0;
  n.ignore("momentum");
  WXNN_TRY(n.must_be("spatial", 1));
  WXNN_CHECK(training || !n.wants(1),
             "its further outputs are of training, which is not supported");
  Shape shape;
  WXNN_TRY(n.shape(0, &shape));
  const Perm perm = channels_last(shape.rank());
  int x = kAbsent, v[5] = {}, y = kAbsent;
  WXNN_TRY(n.in(0, perm, &x));
  for (size_t i = 1; i < 5; ++i) WXNN_TRY(n.in(i, &v[i]));
  if (training) return training_norm(n, x, v, perm);
  // ONNX: scale, bias, mean, variance. Ours: mean, variance, offset, scale.
  WXNN_TRY(n.add("FusedBatchNorm", {x, v[3], v[4], v[2], v[1]},
                 {{"varianceEpsilon", n.number("epsilon", 1e-5)}}, &y));
  return n.out(0, y, perm);
}

Status instance_norm(OnnxNode& n, const OnnxRow&) {
  Shape shape;
  WXNN_TRY(n.shape(0, &shape));
  const Perm perm = channels_last(shape.rank());
  int x = kAbsent, scale = kAbsent, bias = kAbsent, y = kAbsent;
  WXNN_TRY(n.in(0, perm, &x));
  WXNN_TRY(n.in(1, &scale));
  WXNN_TRY(n.in(2, &bias));
  std::vector<double> axes;
  for (int i = 1; i + 1 < shape.rank(); ++i) axes.push_back(i);
  WXNN_CHECK(!axes.empty(), "its input {} has no spatial dimensions", shape);
  Moments m;
  WXNN_TRY(normalise(n, x, axes, n.number("epsilon", 1e-5), &m));
  WXNN_TRY(n.add("Multiply", {m.normal, scale}, {}, &y));
  WXNN_TRY(n.add("Add", {y, bias}, {}, &y));
  return n.out(0, y, perm);
}

Status layer_norm(OnnxNode& n, const OnnxRow&) {
  int x = kAbsent, scale = kAbsent, bias = kAbsent, y = kAbsent, axis = 0;
  WXNN_TRY(n.must_be("stash_type", 1));
  WXNN_TRY(n.in(0, &x));
  WXNN_TRY(n.in(1, &scale));
  const int rank = n.b.shape(x).rank();
  WXNN_TRY(onnx_axis(n.integer("axis", -1), rank, &axis));
  std::vector<double> axes;
  for (int i = axis; i < rank; ++i) axes.push_back(i);
  Moments m;
  WXNN_TRY(normalise(n, x, axes, n.number("epsilon", 1e-5), &m));
  WXNN_TRY(n.add("Multiply", {m.normal, scale}, {}, &y));
  if (n.has(2)) WXNN_TRY(n.in(2, &bias));
  if (n.has(2)) WXNN_TRY(n.add("Add", {y, bias}, {}, &y));
  WXNN_TRY(n.out(0, y));
  WXNN_TRY(n.out(1, m.mean));
  return n.out(2, m.inverse);
}

// x / (bias + alpha / size * sum of squares of `size` neighbouring channels)^beta
Status local_response_norm(OnnxNode& n, const OnnxRow&) {
  Shape shape;
  WXNN_TRY(n.shape(0, &shape));
  WXNN_CHECK(shape.rank() == 4, "its input is {}, [N,C,H,W] is supported", shape);
  const int size = n.integer("size", 0);
  WXNN_CHECK(size > 0, "size {} is not positive", size);
  int x = kAbsent, y = kAbsent;
  WXNN_TRY(n.in(0, channels_last(4), &x));
  const int32_t pixels = shape[0] * shape[2] * shape[3];
  WXNN_TRY(n.add("Square", {x}, {}, &y));
  const int before = (size - 1) / 2;
  const double after = size - 1 - before;
  WXNN_TRY(n.add(
      "PadV2", {y},
      {{"paddings", std::vector<double>{0, 0, 0, 0, 0, 0, static_cast<double>(before), after}},
       {"constantValue", 0}},
      &y));
  WXNN_TRY(n.reshape(y, {pixels, 1, shape[1] + size - 1, 1}, &y));
  WXNN_TRY(n.add(
      "AvgPool", {y},
      {{"filterSize", std::vector<double>{1, 1.0 * size}}, {"pad", "valid"}, {"strides", 1}}, &y));
  WXNN_TRY(n.reshape(y, n.b.shape(x), &y));
  WXNN_TRY(n.with_scalar("Multiply", y, n.number("alpha", 0.0001), &y));
  WXNN_TRY(n.with_scalar("Add", y, n.number("bias", 1), &y));
  WXNN_TRY(n.with_scalar("Pow", y, n.number("beta", 0.75), &y));
  WXNN_TRY(n.add("RealDiv", {x, y}, {}, &y));
  return n.out(0, y, channels_last(4));
}

// (x - mean) / (deviation + 1e-9)
Status mean_variance_norm(OnnxNode& n, const OnnxRow&) {
  OnnxTensor x;
  WXNN_TRY(n.any(0, &x));
  std::vector<double> axes = n.list("axes");
  if (axes.empty()) axes = {0, 2, 3};
  for (double& axis : axes) {
    int at = 0;
    WXNN_TRY(onnx_axis(axis, static_cast<int>(x.perm.size()), &at));
    axis = x.perm[at];
  }
  int mean = kAbsent, centred = kAbsent, y = kAbsent;
  WXNN_TRY(n.add("Mean", {x.value}, {{"axis", axes}, {"keepDims", true}}, &mean));
  WXNN_TRY(n.add("Sub", {x.value, mean}, {}, &centred));
  WXNN_TRY(n.add("Square", {centred}, {}, &y));
  WXNN_TRY(n.add("Mean", {y}, {{"axis", axes}, {"keepDims", true}}, &y));
  WXNN_TRY(n.add("Sqrt", {y}, {}, &y));
  WXNN_TRY(n.with_scalar("Add", y, 1e-9, &y));
  WXNN_TRY(n.add("RealDiv", {centred, y}, {}, &y));
  return n.out(0, y, x.perm);
}

// Groups of channels are normalised together. Scale and bias are per group up to opset 20, then per
// channel.
Status group_norm(OnnxNode& n, const OnnxRow&) {
  constexpr int64_t kPerChannel = 21;
  WXNN_TRY(n.must_be("stash_type", 1));
  int x = kAbsent, y = kAbsent;
  WXNN_TRY(n.in(0, &x));
  const Shape shape = n.b.shape(x);
  const int groups = n.integer("num_groups", 0);
  WXNN_CHECK(shape.rank() > 2 && groups > 0 && shape[1] % groups == 0 && shape.elements() > 0,
             "num_groups {} does not fit its input {}", groups, shape);
  const Shape grouped{shape[0], groups, shape.elements() / (shape[0] * groups)};
  WXNN_TRY(n.reshape(x, grouped, &x));
  Moments m;
  WXNN_TRY(normalise(n, x, {2}, n.number("epsilon", 1e-5), &m));
  const bool per_channel = n.opset >= kPerChannel;
  Shape wide{1, groups, 1};
  y = m.normal;
  if (per_channel) {
    WXNN_TRY(n.reshape(y, shape, &y));
    wide = {1, shape[1]};
    for (int i = 2; i < shape.rank(); ++i) wide.push_back(1);
  }
  constexpr const char* kOps[] = {"Multiply", "Add"};
  for (size_t i = 0; i < 2; ++i) {
    int factor = kAbsent;
    WXNN_TRY(n.in(1 + i, &factor));
    WXNN_CHECK(n.b.shape(factor).elements() == wide[1], "its input {} is {}, wants {} numbers",
               1 + i, n.b.shape(factor), wide[1]);
    WXNN_TRY(n.reshape(factor, wide, &factor));
    WXNN_TRY(n.add(kOps[i], {y, factor}, {}, &y));
  }
  WXNN_TRY(n.reshape(y, shape, &y));
  return n.out(0, y);
}

constexpr OnnxRow kRows[] = {
    {"BatchNormalization", batch_norm},       {"GroupNormalization", group_norm},
    {"InstanceNormalization", instance_norm}, {"LRN", local_response_norm},
    {"LayerNormalization", layer_norm},       {"MeanVarianceNormalization", mean_variance_norm},
};

}  // namespace

std::span<const OnnxRow> onnx_rows_norms() { return kRows; }

}  // namespace wxnn
