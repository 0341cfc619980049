// What a convolution's kernel does on its way to memory: adds a residual, bends by PRelu. Only the
// engine runs the result (no file format has such a convolution), so the converter leaves these
// passes out, and conv_before_resize, use_winograd and use_strassen, which run before and after
// them and need the same types. These change no result, but that a channel without residual keeps a
// -0.
#include <algorithm>

#include "core/build_parts.h"
#include "passes/conv_node.h"
#include "passes/whole_graph.h"

namespace wxnn {

namespace {

// Behind x, filter, bias.
constexpr size_t kPrelu = 3, kResidual = 4;

bool bent(const Node& conv) {
  return !is_linear(conv) || has_input(conv, kPrelu) || has_input(conv, kResidual);
}

// The value that becomes `v` by zeros put behind its last dimension, or `v`.
int without_channel_pad(const Graph& graph, int v) {
  for (const Node& pad : graph.nodes) {
    if (pad.op == nullptr || std::string_view(pad.op->name) != "PadV2" || pad.outputs[0] != v)
      continue;
    const std::span<const double> p = pad.attrs.numbers("paddings");
    const bool behind = p.size() == 8 && pad.attrs.f("constantValue") == 0 && p[7] > 0 &&
                        std::ranges::all_of(p.first(7), [](double d) { return d == 0; });
    if (behind) return pad.inputs[0];
  }
  return v;
}

Status fuse_residual(Match& match, bool* changed) {
  Node& conv = match.node('c');
  const TensorType& y = match.type('c');
  const TensorType& r = match.type('r');
  const bool same = y.shape.is_known() && y.shape == r.shape && r.dtype == DType::kFloat32;
  if (!same || bent(conv) || !become_fused(match, conv)) return {};
  match.set_input(conv, kResidual, without_channel_pad(match.graph(), match.value('r')));
  match.root_becomes('c');
  *changed = true;
  return {};
}

Status fuse_prelu(Match& match, bool* changed) {
  Node& conv = match.node('c');
  const Shape& y = match.type('c').shape;
  if (!y.is_known() || !is_per_channel(match.type('A').shape, y[-1])) return {};
  if (!is_linear(conv) || has_input(conv, kPrelu) || !become_fused(match, conv)) return {};
  WXNN_TRY(conv.attrs.set("activation", "prelu"));
  match.set_input(conv, kPrelu, match.value('A'));
  match.root_becomes('c');
  *changed = true;
  return {};
}

// What infer says of every value, as far as it can be said now. An open batch counts as 1, other
// open sizes as `size`.
Vector<TensorType> settled_types(Graph& graph, int32_t size) {
  Vector<TensorType> types(graph.values.size());
  for (size_t v = 0; v < types.size(); ++v) types[v] = graph.values[v].type;
  for (int v : graph.inputs) {
    Shape& shape = types[v].shape;
    for (int i = 0; !shape.is_unknown() && i < shape.rank(); ++i) {
      if (shape[i] == Shape::kOpen) shape[i] = i == 0 ? 1 : size;
    }
  }
  for (const Node& node : graph.nodes) {
    Vector<Tensor> tensors(node.inputs.size());
    Vector<const Tensor*> inputs(node.inputs.size());
    bool ready = node.op->infer != nullptr;
    for (size_t i = 0; ready && i < inputs.size(); ++i) {
      const int v = node.inputs[i];
      if (v == kAbsent) continue;
      inputs[i] = &tensors[i];
      static_cast<TensorType&>(tensors[i]) = types[v];
      ready = types[v].shape.is_known();
      if ((node.op->traits(i) & kValueKnown) == 0) continue;
      ready = graph.values[v].constant && graph.materialize(v, &tensors[i]).ok();
    }
    Vector<TensorType> outputs(node.outputs.size());
    InferCtx c{node.attrs, inputs, outputs};
    if (!ready || !infer(*node.op, c).ok()) continue;
    for (size_t i = 0; i < outputs.size(); ++i) types[node.outputs[i]] = outputs[i];
  }
  return types;
}

[[gnu::noinline]] void exchange(Graph& graph, Vector<TensorType>& types) {
  for (size_t v = 0; v < types.size(); ++v) std::swap(types[v], graph.values[v].type);
}

// Runs the passes with these types in the place of those that the file declares.
Status run_with_types(Graph& graph, Vector<TensorType>& types,
                      std::span<const Pass* const> passes) {
  exchange(graph, types);
  bool changed = false;
  for (const Pass* pass : passes) WXNN_TRY(run_pass(*pass, graph, &changed));
  exchange(graph, types);
  return {};
}

bool has_open_sizes(const Graph& graph) {
  return std::ranges::any_of(graph.inputs, [&](int v) {
    const Shape& s = graph.values[v].type.shape;
    for (int i = 1; !s.is_unknown() && i < s.rank(); ++i)
      if (s[i] == Shape::kOpen) return true;
    return false;
  });
}

// Types whose last dimension, the channels, does not depend on open sizes: two of them agree on it.
Vector<TensorType> types_by_channels(Graph& graph) {
  Vector<TensorType> types = settled_types(graph, 64);
  if (!has_open_sizes(graph)) return types;
  const Vector<TensorType> others = settled_types(graph, 96);
  for (size_t v = 0; v < types.size(); ++v) {
    const Shape &a = types[v].shape, &b = others[v].shape;
    const bool agree =
        a.is_known() && b.is_known() && a.rank() == b.rank() && (a.rank() == 0 || a[-1] == b[-1]);
    if (!agree) types[v].shape = Shape::unknown();
  }
  return types;
}

}  // namespace

extern const Pass kFuseResidual;
extern const Pass kFusePrelu;
extern const Pass kConvBeforeResize;
extern const Pass kUseWinograd;

constinit const Pass kFuseResidual = {
    .pattern =
        "c = Conv2D|FusedConv2D(x, w, ...)\n"
        "y = Add(c, r)",
    .rewrite = fuse_residual,
};

constinit const Pass kFusePrelu = {
    .pattern =
        "c = Conv2D|FusedConv2D(x, w, ...)\n"
        "y = Prelu(c, A)",
    .rewrite = fuse_prelu,
};

Status fuse_tails(Graph& graph) {
  static constexpr const Pass* kFewerProducts[] = {&kConvBeforeResize, &kUseWinograd};
  if (kBuildParts.fewer_products) {
    Vector<TensorType> channels = types_by_channels(graph);
    WXNN_TRY(run_with_types(graph, channels, kFewerProducts));
  }
  Vector<TensorType> types = settled_types(graph, Shape::kOpen);
  WXNN_TRY(run_with_types(graph, types, tail_passes()));
  return kBuildParts.fewer_products ? use_strassen(graph, types) : Status();
}

}  // namespace wxnn
