// Pools, padding and resizing.
#include <algorithm>

#include "converter/layer.h"
#include "core/whole.h"

namespace wxnn {

namespace {

Status pool_as(Layer& layer, const char* op, const Sliding& s, LayerTensor* y) {
  tf::NodeDef* node = layer.node(op, {y->name});
  std::vector<int32_t> size = s.kernel;
  size.insert(size.begin(), 1);
  size.push_back(1);
  set_list(node, "ksize", size);
  return slide(y, node, s, y->shape.back());
}

Status pool(Layer& layer, const Tensors& in, const char* op, LayerTensor* y) {
  const size_t dims = std::string_view(op).ends_with("3D") ? 3 : 2;
  Sliding s;
  *y = in[0];
  WXNN_TRY(want_rank(*y, dims + 2));
  WXNN_TRY(read_sliding(layer, "pool_size", dims, 0, &s));
  return pool_as(layer, op, s, y);
}

Status pool_list(Layer& layer, const Tensors& in, const char* op, LayerTensor* y) {
  Sliding s;
  *y = in[0];
  WXNN_TRY(want_rank(*y, 3));
  WXNN_TRY(read_sliding(layer, "pool_size", 1, 0, &s));
  to_row(layer, y);
  make_row(&s);
  WXNN_TRY(pool_as(layer, op, s, y));
  from_row(layer, y);
  return {};
}

Status global_pool(Layer& layer, const Tensors& in, const char* op, LayerTensor* y) {
  const size_t rank = in[0].shape.size();
  WXNN_TRY(layer.check_format());
  WXNN_TRY(want_rank(in[0], rank));
  WXNN_CHECK(rank == 3 || rank == 4, "its input has {} dimensions", rank);
  const bool keeps = layer.number("keepdims", 0) != 0;
  std::vector<int32_t> axes;
  y->shape = {in[0].shape[0]};
  for (size_t i = 1; i + 1 < rank; ++i) {
    axes.push_back(static_cast<int32_t>(i));
    if (keeps) y->shape.push_back(1);
  }
  y->shape.push_back(in[0].shape.back());
  tf::NodeDef* node = layer.node(op, {in[0].name, layer.ints(axes)});
  (*node->mutable_attr())["keep_dims"].set_b(keeps);
  y->name = node->name();
  return {};
}

// padding: n, [h, w] or [[top, bottom], [left, right]]
Status sides_of(const Layer& layer, const char* key, std::vector<int32_t>* sides) {
  const Json& p = member(layer.config, key);
  for (size_t i = 0; i < 2; ++i) {
    const Json& axis = p.is_array() && i < p.size() ? p[i] : p;
    for (size_t k = 0; k < 2; ++k) {
      const double d = number_of(axis.is_array() && k < axis.size() ? axis[k] : axis);
      WXNN_CHECK(d >= 0 && d <= 1 << 20, "{} is out of range", key);
      sides->push_back(whole<int32_t>(d));
    }
  }
  return {};
}

Status zero_padding(Layer& layer, const Tensors& in, LayerTensor* y) {
  std::vector<int32_t> sides;
  *y = in[0];
  WXNN_TRY(layer.check_format());
  WXNN_TRY(want_rank(*y, 4));
  WXNN_TRY(sides_of(layer, "padding", &sides));
  std::vector<int32_t> all = {0, 0};
  all.insert(all.end(), sides.begin(), sides.end());
  all.insert(all.end(), {0, 0});
  // Pad wants a matrix.
  const std::string matrix = layer.node("Reshape", {layer.ints(all), layer.ints({4, 2})})->name();
  y->name = layer.node("Pad", {y->name, matrix})->name();
  y->shape[1] += sides[0] + sides[1];
  y->shape[2] += sides[2] + sides[3];
  return {};
}

Status cropping(Layer& layer, const Tensors& in, LayerTensor* y) {
  std::vector<int32_t> sides;
  *y = in[0];
  WXNN_TRY(layer.check_format());
  WXNN_TRY(want_rank(*y, 4));
  WXNN_TRY(sides_of(layer, "cropping", &sides));
  y->shape[1] -= sides[0] + sides[1];
  y->shape[2] -= sides[2] + sides[3];
  WXNN_CHECK(y->shape[1] > 0 && y->shape[2] > 0, "crops everything");
  y->name = layer
                .node("Slice", {y->name, layer.ints({0, sides[0], sides[2], 0}),
                                layer.ints({-1, y->shape[1], y->shape[2], -1})})
                ->name();
  return {};
}

Status up_sampling(Layer& layer, const Tensors& in, LayerTensor* y) {
  std::vector<int32_t> size;
  *y = in[0];
  WXNN_TRY(layer.check_format());
  WXNN_TRY(want_rank(*y, 4));
  WXNN_TRY(layer.numbers("size", 2, 2, &size));
  const std::string mode = layer.text("interpolation", "nearest");
  WXNN_CHECK(mode == "nearest" || mode == "bilinear", "interpolation \"{}\" is not supported",
             mode);
  for (size_t i = 0; i < 2; ++i) {
    WXNN_CHECK(int64_t{y->shape[1 + i]} * size[i] <= 1 << 20, "is too large");
    y->shape[1 + i] *= size[i];
  }
  tf::NodeDef* node = layer.node(mode == "nearest" ? "ResizeNearestNeighbor" : "ResizeBilinear",
                                 {y->name, layer.ints({y->shape[1], y->shape[2]})});
  // As tfjs computes it.
  (*node->mutable_attr())["align_corners"].set_b(false);
  (*node->mutable_attr())["half_pixel_centers"].set_b(false);
  y->name = node->name();
  return {};
}

Status resizing(Layer& layer, const Tensors& in, LayerTensor* y) {
  std::vector<int32_t> height, width;
  *y = in[0];
  WXNN_TRY(want_rank(*y, 4));
  WXNN_TRY(layer.numbers("height", 1, 0, &height));
  WXNN_TRY(layer.numbers("width", 1, 0, &width));
  const std::string mode = layer.text("interpolation", "bilinear");
  WXNN_CHECK(mode == "nearest" || mode == "bilinear", "interpolation \"{}\" is not supported",
             mode);
  y->shape[1] = height[0], y->shape[2] = width[0];
  tf::NodeDef* node = layer.node(mode == "nearest" ? "ResizeNearestNeighbor" : "ResizeBilinear",
                                 {y->name, layer.ints({height[0], width[0]})});
  // tfjs crops nothing: it takes the setting for this one.
  (*node->mutable_attr())["align_corners"].set_b(!layer.flag("crop_to_aspect_ratio"));
  (*node->mutable_attr())["half_pixel_centers"].set_b(false);
  y->name = node->name();
  return {};
}

constexpr LayerRow kRows[] = {
    {"AveragePooling1D", WXNN_WITH(pool_list, "AvgPool")},
    {"AveragePooling2D", WXNN_WITH(pool, "AvgPool")},
    {"AveragePooling3D", WXNN_WITH(pool, "AvgPool3D")},
    {"Cropping2D", cropping},
    {"GlobalAveragePooling1D", WXNN_WITH(global_pool, "Mean")},
    {"GlobalAveragePooling2D", WXNN_WITH(global_pool, "Mean")},
    {"GlobalMaxPooling1D", WXNN_WITH(global_pool, "Max")},
    {"GlobalMaxPooling2D", WXNN_WITH(global_pool, "Max")},
    {"MaxPooling1D", WXNN_WITH(pool_list, "MaxPool")},
    {"MaxPooling2D", WXNN_WITH(pool, "MaxPool")},
    {"MaxPooling3D", WXNN_WITH(pool, "MaxPool3D")},
    {"Resizing", resizing},
    {"UpSampling2D", up_sampling},
    {"ZeroPadding2D", zero_padding},
};

}  // namespace

std::span<const LayerRow> layers_of_pools() { return kRows; }

}  // namespace wxnn
