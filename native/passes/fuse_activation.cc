// Clamps after a convolution or a matrix product (Relu, Relu6, ClipByValue, Minimum, Maximum) go
// into its kernel, where they cost nothing. No result changes.
#include <algorithm>
#include <limits>

#include "passes/conv_node.h"

namespace wxnn {

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

struct Interval {
  float lo = -kInfinity;
  float hi = kInfinity;
};

// Activations and operators that are clamps, by name.
struct ClampRow {
  std::string_view op;
  std::string_view activation;
  Interval interval;
};
constexpr ClampRow kClamps[] = {
    {"", "linear", {}},
    {"Relu", "relu", {0, kInfinity}},
    {"Relu6", "relu6", {0, 6}},
    {"", "reluN1To1", {-1, 1}},
};

// What the node clamps to so far; false when its activation is not a clamp.
bool clamp_of(const Node& conv, Interval* interval) {
  const std::string_view activation = conv.attrs.text("activation");
  if (activation == "clip") {
    *interval = {static_cast<float>(conv.attrs.f("clipMin")),
                 static_cast<float>(conv.attrs.f("clipMax"))};
    return true;
  }
  for (const ClampRow& row : kClamps) {
    if (row.activation != activation) continue;
    *interval = row.interval;
    return true;
  }
  return false;
}

Status set_clamp(Node& conv, const Interval& interval) {
  for (const ClampRow& row : kClamps) {
    if (row.interval.lo == interval.lo && row.interval.hi == interval.hi) {
      return conv.attrs.set("activation", row.activation);
    }
  }
  WXNN_TRY(conv.attrs.set("activation", "clip"));
  WXNN_TRY(conv.attrs.set("clipMin", interval.lo));
  return conv.attrs.set("clipMax", interval.hi);
}

bool become_fused_product(Match& match, Node& node) {
  return std::string_view(node.op->name) == "_FusedMatMul" || become_fused(match, node);
}

// First what the node does already, then `next`: hi wins over lo, as clamps apply max, then min.
Status fuse(Match& match, const Interval& next, bool* changed) {
  Node& conv = match.node('c');
  Interval now;
  if (has_input(conv, 3) || !clamp_of(conv, &now) || !become_fused_product(match, conv)) return {};
  const auto clamp = [&](float x) { return std::min(std::max(x, next.lo), next.hi); };
  WXNN_TRY(set_clamp(conv, {clamp(now.lo), clamp(now.hi)}));
  match.root_becomes('c');
  *changed = true;
  return {};
}

Status fuse_relu(Match& match, bool* changed) {
  for (const ClampRow& row : kClamps) {
    if (row.op == match.node('y').op->name) return fuse(match, row.interval, changed);
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
    .name = "fuse_relu",
    .pattern = "c = " WXNN_CONVOLUTIONS
               "|_FusedMatMul(x, w, ...)\n"
               "y = Relu|Relu6(c)",
    .rewrite = fuse_relu,
};

constinit const Pass kFuseClip = {
    .name = "fuse_clip",
    .pattern = "c = " WXNN_CONVOLUTIONS
               "|_FusedMatMul(x, w, ...)\n"
               "y = ClipByValue(c)",
    .rewrite = fuse_clip,
};

constinit const Pass kFuseBound = {
    .name = "fuse_bound",
    .pattern = "c = " WXNN_CONVOLUTIONS
               "|_FusedMatMul(x, w, ...)\n"
               "y = Minimum|Maximum(c, K)",
    .rewrite = fuse_bound,
};

}  // namespace wxnn
