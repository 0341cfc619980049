// Updates of some places of a tensor, as TensorFlow Lite has them: SCATTER_ND writes to zeros, and
// sums what comes to one place.
#include <algorithm>
#include <map>

#include "converter/lower.h"

namespace wxnn {

namespace {

constexpr int32_t kMostCompared = 1024;  // rows of updates that are compared with each other

// Rows of indices [n, depth] and updates [n, ...slice] of a tensor.
struct Updates {
  int indices = kAbsent, updates = kAbsent;
  int32_t rows = 0, depth = 0;
  Shape slice;  // of one update
};

Status flatten(GraphBuilder& b, const Node& node, Updates* u) {
  const Shape indices = b.shape(node.inputs[1]), x = b.shape(node.inputs[0]);
  u->depth = indices[-1];
  u->rows = indices.elements() / std::max(u->depth, 1);
  for (int i = u->depth; i < x.rank(); ++i) u->slice.push_back(x[i]);
  Shape updates = u->slice;
  updates.insert(0, u->rows);
  WXNN_TRY(b.add("Reshape", node.name + "/rows", {node.inputs[1]},
                 {{"shape", Shape{u->rows, u->depth}}}, &u->indices));
  return b.add("Reshape", node.name + "/updates", {node.inputs[2]}, {{"shape", updates}},
               &u->updates);
}

// 1 for the last update of each place, 0 for those before it: [n].
Status last_ones(GraphBuilder& b, const std::string& name, const Updates& u, int* ones) {
  std::vector<double> places;
  if (!b.is_constant(u.indices)) {
    std::vector<float> later(static_cast<size_t>(u.rows) * u.rows);
    for (int32_t i = 0; i < u.rows; ++i)
      for (int32_t k = i + 1; k < u.rows; ++k) later[static_cast<size_t>(i) * u.rows + k] = 1;
    int left = kAbsent, right = kAbsent, same = kAbsent, mask = kAbsent, zero = kAbsent;
    WXNN_TRY(b.add("Reshape", name + "/left", {u.indices}, {{"shape", Shape{u.rows, 1, u.depth}}},
                   &left));
    WXNN_TRY(b.add("Reshape", name + "/right", {u.indices}, {{"shape", Shape{1, u.rows, u.depth}}},
                   &right));
    WXNN_TRY(b.add("Equal", name + "/equal", {left, right}, {}, &same));
    WXNN_TRY(b.add("All", name + "/same", {same}, {{"axis", -1}}, &same));
    WXNN_TRY(b.add("Cast", name + "/same_number", {same}, {{"dtype", "float32"}}, &same));
    WXNN_TRY(b.constant(name + "/later", {u.rows, u.rows}, later, &mask));
    WXNN_TRY(b.add("Multiply", name + "/overwritten", {same, mask}, {}, &same));
    WXNN_TRY(b.add("Sum", name + "/times", {same}, {{"axis", 1}}, &same));
    WXNN_TRY(b.scalar(name + "/zero", DType::kFloat32, 0, &zero));
    WXNN_TRY(b.add("Equal", name + "/last", {same, zero}, {}, &same));
    return b.add("Cast", name + "/ones", {same}, {{"dtype", "float32"}}, ones);
  }
  WXNN_TRY(b.numbers(u.indices, "indices", &places));
  std::map<std::vector<double>, int32_t> last;
  for (int32_t i = 0; i < u.rows; ++i) {
    const auto* row = places.data() + static_cast<size_t>(i) * u.depth;
    last[{row, row + u.depth}] = i;
  }
  std::vector<float> list(static_cast<size_t>(u.rows));
  for (const auto& [place, i] : last) list[static_cast<size_t>(i)] = 1;
  return b.constant(name + "/ones", {u.rows}, list, ones);
}

// y = x but for the places that are written to: the others of SCATTER_ND's result are x's.
Status lower_update(GraphBuilder& b, Node& node) {
  constexpr int kHighestRank = 4;  // of SELECT_V2's
  bool folded = false;
  WXNN_TRY(b.settle(node, &folded));
  if (folded) return {};
  const Shape x = b.shape(node.inputs[0]), indices = b.shape(node.inputs[1]);
  const DType dtype = b.type(node.inputs[0]).dtype;
  const bool fits =
      x.rank() > 0 && x.rank() <= kHighestRank && x.is_known() && x.elements() > 0 &&
      indices.is_known() && indices.elements() > 0 && dtype != DType::kBool &&
      (b.is_constant(node.inputs[1]) || indices.elements() / indices[-1] <= kMostCompared);
  if (!fits) return keep(b, node);
  Updates u;
  int ones = kAbsent, mask = kAbsent, zero = kAbsent, y = kAbsent;
  WXNN_TRY(flatten(b, node, &u));
  WXNN_TRY(last_ones(b, node.name, u, &ones));
  Shape places, wide, column{u.rows};
  for (int i = 0; i < u.depth; ++i) places.push_back(x[i]);
  wide = places;
  for (int i = 0; i < u.slice.rank(); ++i) {
    wide.push_back(1);
    column.push_back(1);
  }
  WXNN_TRY(b.scalar(node.name + "/none", DType::kFloat32, 0, &zero));
  WXNN_TRY(
      b.add("ScatterNd", node.name + "/written", {u.indices, ones}, {{"shape", places}}, &mask));
  WXNN_TRY(b.add("Greater", node.name + "/is_written", {mask, zero}, {}, &mask));
  WXNN_TRY(b.add("Reshape", node.name + "/mask", {mask}, {{"shape", wide}}, &mask));
  // What is overwritten counts as zero, whatever it is.
  int kept = kAbsent, nothing = kAbsent;
  WXNN_TRY(b.add("Greater", node.name + "/kept", {ones, zero}, {}, &kept));
  WXNN_TRY(b.add("Reshape", node.name + "/kept_rows", {kept}, {{"shape", column}}, &kept));
  WXNN_TRY(b.scalar(node.name + "/nothing", dtype, 0, &nothing));
  if (u.rows > 1)
    WXNN_TRY(
        b.add("SelectV2", node.name + "/last_updates", {kept, u.updates, nothing}, {}, &u.updates));
  WXNN_TRY(
      b.add("ScatterNd", node.name + "/scattered", {u.indices, u.updates}, {{"shape", x}}, &y));
  WXNN_TRY(b.add("SelectV2", node.name, {mask, y, node.inputs[0]}, {}, &y));
  return b.put(y, node.outputs[0]);
}

Status lower_sum(GraphBuilder& b, Node& node) {
  bool folded = false;
  WXNN_TRY(b.settle(node, &folded));
  if (folded) return {};
  const Shape x = b.shape(node.inputs[0]);
  if (!x.is_known() || x.rank() == 0) return keep(b, node);
  const bool adds = std::string_view(node.op->name) == "TensorScatterAdd";
  int y = kAbsent;
  WXNN_TRY(b.add("ScatterNd", node.name + "/scattered", {node.inputs[1], node.inputs[2]},
                 {{"shape", x}}, &y));
  WXNN_TRY(b.add(adds ? "Add" : "Sub", node.name, {node.inputs[0], y}, {}, &y));
  return b.put(y, node.outputs[0]);
}

constexpr LowerRow kRows[] = {{"TensorScatterAdd", lower_sum},
                              {"TensorScatterSub", lower_sum},
                              {"TensorScatterUpdate", lower_update}};

}  // namespace

std::span<const LowerRow> rows_of_scatters() { return kRows; }

}  // namespace wxnn
