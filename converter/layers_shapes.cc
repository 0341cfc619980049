// Layers that move numbers: shapes, lists and tables.
#include <algorithm>

#include "converter/layer.h"
#include "core/whole.h"

namespace wxnn {

int64_t features(const LayerTensor& x) {
  double product = 1;
  for (size_t i = 1; i < x.shape.size(); ++i) product *= x.shape[i];
  return whole<int64_t>(product);
}

namespace {

Status flatten(Layer& layer, const Tensors& in, LayerTensor* y) {
  WXNN_TRY(layer.check_format());
  WXNN_TRY(want_rank(in[0], in[0].shape.size()));
  WXNN_CHECK(features(in[0]) <= INT32_MAX, "is too large");
  return to_shape(layer, in[0], {-1, whole<int32_t>(static_cast<double>(features(in[0])))}, y);
}

Status reshape(Layer& layer, const Tensors& in, LayerTensor* y) {
  std::vector<int32_t> shape = {-1};
  int64_t rest = features(in[0]);
  int open = -1;
  WXNN_TRY(want_rank(in[0], in[0].shape.size()));
  for (const Json& d : items(member(layer.config, "target_shape"))) {
    const double length = number_of(d);
    WXNN_CHECK(length == -1 || (length >= 1 && length <= INT32_MAX),
               "target_shape is out of range");
    if (length == -1)
      open = static_cast<int>(shape.size());
    else
      rest /= whole<int64_t>(length);
    shape.push_back(whole<int32_t>(length));
  }
  if (open > 0) shape[static_cast<size_t>(open)] = whole<int32_t>(static_cast<double>(rest));
  return to_shape(layer, in[0], shape, y);
}

Status permute(Layer& layer, const Tensors& in, LayerTensor* y) {
  std::vector<int32_t> perm = {0};
  y->shape = {in[0].shape[0]};
  for (const Json& d : items(member(layer.config, "dims"))) {
    const double axis = number_of(d);
    WXNN_CHECK(axis >= 1 && axis < static_cast<double>(in[0].shape.size()), "dims is out of range");
    perm.push_back(whole<int32_t>(axis));
    y->shape.push_back(in[0].shape[whole<size_t>(axis)]);
  }
  WXNN_CHECK(perm.size() == in[0].shape.size(), "dims has {} numbers", perm.size() - 1);
  y->name = layer.node("Transpose", {in[0].name, layer.ints(perm)})->name();
  return {};
}

Status concatenate(Layer& layer, const Tensors& in, LayerTensor* y) {
  *y = in[0];
  const int rank = static_cast<int>(y->shape.size());
  double axis = layer.number("axis", -1);
  axis = axis < 0 ? axis + rank : axis;
  WXNN_CHECK(axis >= 1 && axis < rank, "axis is out of range");
  const size_t at = whole<size_t>(axis);
  std::vector<std::string> names = {y->name};
  for (size_t i = 1; i < in.size(); ++i) {
    WXNN_CHECK(in[i].shape.size() == y->shape.size(), "its inputs differ in rank");
    y->shape[at] = whole<int32_t>(1.0 * y->shape[at] + in[i].shape[at]);
    names.push_back(in[i].name);
  }
  if (in.size() == 1) return {};
  names.push_back(layer.ints({static_cast<int32_t>(at)}, true));
  tf::NodeDef* node = layer.node("ConcatV2", names);
  (*node->mutable_attr())["N"].set_i(static_cast<int64_t>(in.size()));
  y->name = node->name();
  return {};
}

Status repeat_vector(Layer& layer, const Tensors& in, LayerTensor* y) {
  std::vector<int32_t> n;
  WXNN_TRY(want_rank(in[0], 2));
  WXNN_TRY(layer.numbers("n", 1, 1, &n));
  const int32_t channels = in[0].shape[1];
  const std::string column = layer.op("ExpandDims", {in[0].name, layer.ints({1}, true)});
  y->name = layer.op("Tile", {column, layer.ints({1, n[0], 1})});
  y->shape = {-1, n[0], channels};
  return {};
}

// Rows of a table, by numbers that tfjs gives as float32.
Status embedding(Layer& layer, const Tensors& in, LayerTensor* y) {
  std::vector<int32_t> width;
  std::string table;
  *y = in[0];
  WXNN_TRY(layer.numbers("output_dim", 1, 1, &width));
  WXNN_TRY(layer.weight("embeddings", &table));
  tf::NodeDef* rows = layer.node("Cast", {y->name});
  (*rows->mutable_attr())["SrcT"].set_type(tf::DT_FLOAT);
  (*rows->mutable_attr())["DstT"].set_type(tf::DT_INT32);
  y->name = layer.op("GatherV2", {table, rows->name(), layer.ints({0}, true)});
  if (layer.flag("mask_zero")) {
    WXNN_TRY(want_rank(in[0], 2));
    y->mask = mask_of(layer, layer.op("NotEqual", {in[0].name, layer.scalar(0)}), in[0].shape[1]);
  }
  y->shape.push_back(width[0]);
  return {};
}

constexpr LayerRow kRows[] = {
    {"Concatenate", concatenate}, {"Embedding", embedding, Masks::kOwn}, {"Flatten", flatten},
    {"Permute", permute},         {"RepeatVector", repeat_vector},       {"Reshape", reshape},
};

}  // namespace

std::span<const LayerRow> layers_of_shapes() { return kRows; }

}  // namespace wxnn
