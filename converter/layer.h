// One layer of a tfjs layers model while it becomes nodes of a TensorFlow graph; what the rows of
// layers_*.cc see.
#pragma once
#include <set>
#include <span>
#include <string>
#include <vector>

#include "converter/json_reader.h"
#include "core/status.h"
#include "core/whole.h"
#include "tensorflow.pb.h"

namespace wxnn {

// What a layer gives: a tensor of the graph and its shape, whose batch is -1.
struct LayerTensor {
  std::string name;
  std::vector<int32_t> shape;
  // [batch, steps] of float32: 1 where a step counts, 0 where recurrent layers pass it over. Empty:
  // all count.
  std::string mask = {};
};
using Tensors = std::vector<LayerTensor>;

// One layer while it becomes nodes.
class Layer {
 public:
  // `prefix`, `own`: of the weights' names; `label`: of the nodes', which a layer that is used
  // several times has of several names.
  Layer(tf::GraphDef& graph, const std::set<std::string_view>& weights, const Json& config,
        std::string prefix, std::string own, std::string label)
      : config(config),
        prefix_(std::move(prefix)),
        name_(std::move(own)),
        label_(std::move(label)),
        graph_(graph),
        weights_(weights) {}

  const Json& config;
  const std::string& name() const { return name_; }

  // --- settings ----------------------------------------------------------------------------------
  double number(const char* key, double otherwise) const {
    const Json& value = member(config, key);
    return value.is_null() ? otherwise : number_of(value);
  }
  bool flag(const char* key) const {
    const Json& value = member(config, key);
    return value.is_boolean() ? value.get<bool>() : number_of(value) != 0;
  }
  std::string text(const char* key, std::string_view otherwise) const {
    const Json& value = member(config, key);
    return std::string(value.is_string() ? text_of(value) : otherwise);
  }
  // One number or a list of `count`.
  Status numbers(const char* key, size_t count, double otherwise,
                 std::vector<int32_t>* list) const {
    const Json& value = member(config, key);
    for (size_t i = 0; i < count; ++i) {
      const bool is_list = value.is_array() && i < value.size();
      const double d = value.is_null() ? otherwise
                       : is_list       ? number_of(value[i])
                                       : number_of(value);
      WXNN_CHECK(d >= 1 && d <= 1 << 20, "{} is out of range", key);
      list->push_back(whole<int32_t>(d));
    }
    WXNN_CHECK(!value.is_array() || value.size() == count, "{} has {} numbers", key, value.size());
    return {};
  }
  Status check_format() const {
    const std::string format = text("data_format", "channels_last");
    WXNN_CHECK(format == "channels_last" || (is_turned && format == "channels_first"),
               "data_format \"{}\" is not supported", format);
    return {};
  }
  // Its images have been brought to channels last, though it says channels first.
  bool is_turned = false;
  // What it gives besides its first result.
  Tensors more = {};

  // --- nodes -------------------------------------------------------------------------------------
  // The first node of a layer has its name, the others a suffix; the last one is renamed by
  // finish().
  tf::NodeDef* node(const char* op, const std::vector<std::string>& inputs);
  // The same, called by name; another output than the first is "name:1".
  std::string op(const char* op, const std::vector<std::string>& inputs) {
    return node(op, inputs)->name();
  }
  // Constants: a list (or one number) of int32, a number of float32.
  std::string ints(const std::vector<int32_t>& numbers, bool scalar = false);
  std::string scalar(double number);
  // A weight of the layer, by Keras's name of it. Nested models may put theirs in front, cells and
  // wrapped layers theirs between; `part`: what stands between them, too.
  Status weight(const char* which, std::string* tensor, const std::string& part = "");
  bool has_weight(const char* which, const std::string& part) const {
    return !find_weight(which, part).empty();
  }
  Status bias(std::string* x);
  Status activate(std::string* x) { return activate(text("activation", "linear"), x); }
  Status activate(const std::string& activation, std::string* x);

  // A layer that this one wraps, with this one's nodes and weights.
  Layer inner(const Json& inner_config) {
    return Layer(graph_, weights_, inner_config, prefix_, name_, label_, counts_of_);
  }

 private:
  std::string find_weight(const char* which, const std::string& part) const;

  struct Counts {
    int nodes = 0, constants = 0;
  };
  Layer(tf::GraphDef& graph, const std::set<std::string_view>& weights, const Json& config,
        std::string prefix, std::string own, std::string label, Counts* counts)
      : config(config),
        prefix_(std::move(prefix)),
        name_(std::move(own)),
        label_(std::move(label)),
        graph_(graph),
        weights_(weights),
        counts_of_(counts) {}

  const std::string prefix_, name_, label_;
  tf::GraphDef& graph_;
  const std::set<std::string_view>& weights_;
  Counts counts_;
  Counts* counts_of_ = &counts_;
};

// What a layer does with the mask of its input.
enum class Masks { kRefused, kPassed, kOwn };
struct LayerRow {
  std::string_view name;
  Status (*build)(Layer& layer, const Tensors& in, LayerTensor* y);
  Masks masks = Masks::kRefused;
};
// One list per family, each in its own file.
std::span<const LayerRow> layers_of_convolutions();
std::span<const LayerRow> layers_of_pools();
std::span<const LayerRow> layers_of_shapes();
std::span<const LayerRow> layers_of_sequences();
std::span<const LayerRow> layers_of_others();
// Null where there is none.
const LayerRow* find_layer_row(std::string_view name);

// A row whose build function is told the operator.
#define WXNN_WITH(function, op) \
  [](Layer& l, const Tensors& in, LayerTensor* y) { return function(l, in, op, y); }

// --- for the rows -------------------------------------------------------------------------------
void set_list(tf::NodeDef* node, const char* name, const std::vector<int32_t>& numbers);
Status want_rank(const LayerTensor& x, size_t rank);
// A mask from the bools that say which steps count: [batch, steps].
std::string mask_of(Layer& layer, const std::string& bools, int32_t steps);
Status to_shape(Layer& layer, const LayerTensor& x, const std::vector<int32_t>& shape,
                LayerTensor* y);
// Elements of one item of the batch.
int64_t features(const LayerTensor& x);

// What slides over an image of one, two or three dimensions.
struct Sliding {
  std::vector<int32_t> kernel, strides, dilations;
  bool same = false;
};
// `stride`: what it is where nobody says; 0: the kernel's length.
Status read_sliding(const Layer& layer, const char* kernel, size_t dims, double stride, Sliding* s);
// The node's attributes, and what comes out of it.
Status slide(LayerTensor* x, tf::NodeDef* node, const Sliding& s, int32_t channels);
// A list becomes an image of one row, and back.
void to_row(Layer& layer, LayerTensor* x);
void from_row(Layer& layer, LayerTensor* x);
void make_row(Sliding* s);

}  // namespace wxnn
