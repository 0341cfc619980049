// Clamps after a convolution or a matrix product (Relu, Relu6, ClipByValue, Minimum, Maximum) go
// into its kernel, where they cost nothing. No result changes.
#include <algorithm>
#include <limits>

#include "ops/activation.h"
#include "passes/conv_node.h"

namespace wxnn {

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

struct Interval {
  float lo = -kInfinity;
  float hi = kInfinity;
};

Status set_clamp(Node& conv, const Interval& interval) {
  for (const ActivationRow& row : activations()) {
    if (row.is_clamp() && row.min == interval.lo && row.max == interval.hi) {
      return conv.attrs.set("activation", row.name);
    }
  }
  WXNN_TRY(conv.attrs.set("activation", "clip"));
  WXNN_TRY(conv.attrs.set("clipMin", interval.lo));
  return conv.attrs.set("clipMax", interval.hi);
}

// First what the node does already, then `next`: hi wins over lo, as clamps apply max, then min.
Status fuse(Match& match, const Interval& next, bool* changed) {
  Node& conv = match.node('c');
  Interval now;
  const ActivationRow* row = read_activation(conv.attrs, &now.lo, &now.hi);
  if (has_input(conv, 3) || row == nullptr || !row->is_clamp() || !become_fused(match, conv))
    return {};
  const auto clamp = [&](float x) { return std::min(std::max(x, next.lo), next.hi); };
  WXNN_TRY(set_clamp(conv, {clamp(now.lo), clamp(now.hi)}));
  match.root_becomes('c');
  *changed = true;
  return {};
}

Status fuse_relu(Match& match, bool* changed) {
  for (const ActivationRow& row : activations()) {
    if (row.op != nullptr && std::string_view(row.op) == match.node('y').op->name)
      return fuse(match, {row.min, row.max}, changed);
  }
  return {};
}

Status fuse_clip(Match& match, bool* changed) {
  const Attrs& attrs = match.node('y').attrs;
  const Interval clip{static_cast<float>(attrs.f("clipValueMin")),
                      static_cast<float>(attrs.f("clipValueMax"))};
  return clip.lo <= clip.hi ? fuse(match, clip, changed) : Status();
}

Status fuse_bound(Match& match, bool* changed) {
  const TensorType& type = match.type('K');
  // A scalar, or one number that does not raise the rank of a picture.
  if (type.dtype != DType::kFloat32 || type.shape.elements() != 1 || type.shape.rank() > 2)
    return {};
  Tensor k;
  WXNN_TRY(match.constant('K', &k));
  const float bound = k.f32()[0];
  if (bound != bound) return {};
  const bool upper = std::string_view(match.node('y').op->name) == "Minimum";
  return fuse(match, upper ? Interval{-kInfinity, bound} : Interval{bound, kInfinity}, changed);
}

}  // namespace

extern const Pass kFuseRelu;
extern const Pass kFuseClip;
extern const Pass kFuseBound;

constinit const Pass kFuseRelu = {
    .pattern = "c = " WXNN_CONVOLUTIONS
               "|_FusedMatMul(x, w, ...)\n"
               "y = Relu|Relu6(c)",
    .rewrite = fuse_relu,
};

constinit const Pass kFuseClip = {
    .pattern = "c = " WXNN_CONVOLUTIONS
               "|_FusedMatMul(x, w, ...)\n"
               "y = ClipByValue(c)",
    .rewrite = fuse_clip,
};

constinit const Pass kFuseBound = {
    .pattern = "c = " WXNN_CONVOLUTIONS
               "|_FusedMatMul(x, w, ...)\n"
               "y = Minimum|Maximum(c, K)",
    .rewrite = fuse_bound,
};

}  // namespace wxnn
