#include "tf_fixtures.h"

#include <cmath>
#include <cstring>
#include <functional>
#include <map>
#include <random>

#include "converter/crc32c.h"

namespace wxnn {

using Nodes = google::protobuf::RepeatedPtrField<tf::NodeDef>;

tf::NodeDef* add_node(Nodes* nodes, const std::string& name, const std::string& op,
                      const std::vector<std::string>& inputs) {
  tf::NodeDef* node = nodes->Add();
  node->set_name(name);
  node->set_op(op);
  for (const std::string& input : inputs) node->add_input(input);
  return node;
}

void set_type(tf::NodeDef* node, const char* name, tf::DataType type) {
  (*node->mutable_attr())[name].set_type(type);
}

void set_ints(tf::NodeDef* node, const char* name, const std::vector<int>& numbers) {
  auto* list = (*node->mutable_attr())[name].mutable_list();
  for (const int n : numbers) list->add_i(n);
}

namespace {

void set_shape(tf::TensorShapeProto* shape, const std::vector<int>& dims) {
  for (const int d : dims) shape->add_dim()->set_size(d);
}

std::string bytes_of(const std::vector<float>& numbers) {
  return {reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(float)};
}

tf::NodeDef* add_ints(Nodes* nodes, const std::string& name, const std::vector<int>& numbers) {
  tf::NodeDef* node = add_node(nodes, name, "Const", {});
  set_type(node, "dtype", tf::DT_INT32);
  tf::TensorProto* tensor = (*node->mutable_attr())["value"].mutable_tensor();
  tensor->set_dtype(tf::DT_INT32);
  set_shape(tensor->mutable_tensor_shape(), {static_cast<int>(numbers.size())});
  for (const int n : numbers) tensor->add_int_val(n);
  return node;
}

}  // namespace

tf::NodeDef* add_constant(Nodes* nodes, const NamedTensor& tensor) {
  tf::NodeDef* node = add_node(nodes, tensor.name, "Const", {});
  set_type(node, "dtype", tf::DT_FLOAT);
  tf::TensorProto* value = (*node->mutable_attr())["value"].mutable_tensor();
  value->set_dtype(tf::DT_FLOAT);
  set_shape(value->mutable_tensor_shape(), tensor.shape);
  value->set_tensor_content(bytes_of(tensor.numbers));
  return node;
}

tf::NodeDef* add_placeholder(Nodes* nodes, const std::string& name, const std::vector<int>& shape) {
  tf::NodeDef* node = add_node(nodes, name, "Placeholder", {});
  set_type(node, "dtype", tf::DT_FLOAT);
  set_shape((*node->mutable_attr())["shape"].mutable_shape(), shape);
  return node;
}

std::vector<NamedTensor> weights_of(const MobileNet& net) {
  std::mt19937 random(7);
  std::vector<NamedTensor> all;
  const auto add = [&](const std::string& name, std::vector<int> shape, double middle,
                       double spread) {
    size_t count = 1;
    for (const int d : shape) count *= static_cast<size_t>(d);
    NamedTensor t{name, shape, std::vector<float>(count)};
    for (float& f : t.numbers)
      f = static_cast<float>(middle + spread * (static_cast<double>(random()) / 2147483648.0 - 1));
    all.push_back(std::move(t));
  };
  const auto norm = [&](const std::string& name, int channels) {
    add(name + "/gamma", {channels}, 1, 0.2);
    add(name + "/beta", {channels}, 0.3, 0.3);
    add(name + "/moving_mean", {channels}, 0, 0.2);
    add(name + "/moving_variance", {channels}, 1, 0.3);
  };
  int channels = net.width;
  add("Conv2d_0/weights", {3, 3, 3, channels}, 0, 0.4);
  norm("Conv2d_0", channels);
  for (size_t i = 0; i < net.strides.size(); ++i) {
    const std::string name = "block_" + std::to_string(i + 1);
    const int wider = net.strides[i] == 2 || i == 0 ? 2 * channels : channels;
    add(name + "/depthwise/weights", {3, 3, channels, 1}, 0, 0.6);
    norm(name + "/depthwise", channels);
    add(name + "/pointwise/weights", {1, 1, channels, wider}, 0, 1.5 / std::sqrt(channels));
    norm(name + "/pointwise", wider);
    channels = wider;
  }
  add("Logits/weights", {channels, net.classes}, 0, 1.0 / std::sqrt(channels));
  add("Logits/bias", {net.classes}, 0, 0.5);
  return all;
}

namespace {

// The nodes behind the weights. `weight(name)` says which tensor has a weight.
void add_network(Nodes* nodes, const MobileNet& net, const std::string& input, bool in_function,
                 const std::function<std::string(const std::string&)>& weight) {
  const auto of = [&](const std::string& node, const char* output) {
    return in_function ? node + ":" + output + ":0" : node;
  };
  std::string x = input;
  const auto activate = [&](const std::string& name, const std::string& conv) {
    tf::NodeDef* norm =
        add_node(nodes, name + "/BatchNorm", "FusedBatchNormV3",
                 {conv, weight(name + "/gamma"), weight(name + "/beta"),
                  weight(name + "/moving_mean"), weight(name + "/moving_variance")});
    set_type(norm, "T", tf::DT_FLOAT);
    (*norm->mutable_attr())["epsilon"].set_f(0.001f);
    (*norm->mutable_attr())["is_training"].set_b(false);
    (*norm->mutable_attr())["data_format"].set_s("NHWC");
    add_node(nodes, name + "/Relu6", "Relu6", {of(name + "/BatchNorm", "y")});
    x = of(name + "/Relu6", "activations");
  };
  const auto convolve = [&](const std::string& name, const char* op, int stride) {
    tf::NodeDef* conv = add_node(nodes, name + "/conv", op, {x, weight(name + "/weights")});
    set_type(conv, "T", tf::DT_FLOAT);
    set_ints(conv, "strides", {1, stride, stride, 1});
    set_ints(conv, "dilations", {1, 1, 1, 1});
    (*conv->mutable_attr())["padding"].set_s("SAME");
    (*conv->mutable_attr())["data_format"].set_s("NHWC");
    activate(name, of(name + "/conv", "output"));
  };
  convolve("Conv2d_0", "Conv2D", 2);
  for (size_t i = 0; i < net.strides.size(); ++i) {
    const std::string name = "block_" + std::to_string(i + 1);
    convolve(name + "/depthwise", "DepthwiseConv2dNative", net.strides[i]);
    convolve(name + "/pointwise", "Conv2D", 1);
  }
  add_ints(nodes, "axes", {1, 2});
  tf::NodeDef* mean = add_node(nodes, "AvgPool", "Mean", {x, of("axes", "output")});
  (*mean->mutable_attr())["keep_dims"].set_b(false);
  add_node(nodes, "Logits/MatMul", "MatMul", {of("AvgPool", "output"), weight("Logits/weights")});
  add_node(nodes, "Logits/BiasAdd", "BiasAdd",
           {of("Logits/MatMul", "product"), weight("Logits/bias")});
  add_node(nodes, "Predictions", "Softmax", {of("Logits/BiasAdd", "output")});
}

}  // namespace

tf::GraphDef frozen_graph(const MobileNet& net) {
  tf::GraphDef graph;
  Nodes* nodes = graph.mutable_node();
  add_placeholder(nodes, "input", {1, net.size, net.size, 3});
  for (const NamedTensor& t : weights_of(net)) add_constant(nodes, t);
  add_network(nodes, net, "input", false, [](const std::string& name) { return name; });
  return graph;
}

// --- the reference ------------------------------------------------------------------------------
namespace {

struct Picture {
  int size = 0, channels = 0;
  std::vector<double> numbers;
  double at(int y, int x, int c) const {
    const bool inside = y >= 0 && x >= 0 && y < size && x < size;
    return inside ? numbers[(static_cast<size_t>(y) * size + x) * channels + c] : 0;
  }
};

using Weights = std::map<std::string, NamedTensor>;

Picture convolve(const Picture& in, const NamedTensor& w, int stride, bool depthwise) {
  const int k = w.shape[0], outs = depthwise ? in.channels : w.shape[3];
  Picture out{.size = (in.size + stride - 1) / stride, .channels = outs, .numbers = {}};
  const int total = std::max((out.size - 1) * stride + k - in.size, 0), before = total / 2;
  for (int y = 0; y < out.size; ++y) {
    for (int x = 0; x < out.size; ++x) {
      for (int o = 0; o < outs; ++o) {
        double sum = 0;
        for (int i = 0; i < k; ++i) {
          for (int j = 0; j < k; ++j) {
            const int row = y * stride + i - before, column = x * stride + j - before;
            for (int c = depthwise ? o : 0; c < (depthwise ? o + 1 : in.channels); ++c) {
              const size_t tap = (static_cast<size_t>(i) * k + j) * in.channels + c;
              sum += in.at(row, column, c) * w.numbers[depthwise ? tap : tap * outs + o];
            }
          }
        }
        out.numbers.push_back(sum);
      }
    }
  }
  return out;
}

void norm_and_clip(Picture* p, const std::string& name, const Weights& w) {
  const auto get = [&](const char* what, int c) { return w.at(name + "/" + what).numbers[c]; };
  for (size_t i = 0; i < p->numbers.size(); ++i) {
    const int c = static_cast<int>(i % static_cast<size_t>(p->channels));
    const double scaled = (p->numbers[i] - get("moving_mean", c)) /
                          std::sqrt(get("moving_variance", c) + 0.001) * get("gamma", c);
    p->numbers[i] = std::min(std::max(scaled + get("beta", c), 0.0), 6.0);
  }
}

}  // namespace

std::vector<double> predictions(const MobileNet& net, const std::vector<float>& image) {
  Weights w;
  for (NamedTensor& t : weights_of(net)) w[t.name] = t;
  Picture p{.size = net.size, .channels = 3, .numbers = {image.begin(), image.end()}};
  p = convolve(p, w["Conv2d_0/weights"], 2, false);
  norm_and_clip(&p, "Conv2d_0", w);
  for (size_t i = 0; i < net.strides.size(); ++i) {
    const std::string name = "block_" + std::to_string(i + 1);
    p = convolve(p, w[name + "/depthwise/weights"], net.strides[i], true);
    norm_and_clip(&p, name + "/depthwise", w);
    p = convolve(p, w[name + "/pointwise/weights"], 1, false);
    norm_and_clip(&p, name + "/pointwise", w);
  }
  std::vector<double> logits;
  for (int o = 0; o < net.classes; ++o) {
    double sum = 0;
    for (size_t i = 0; i < p.numbers.size(); ++i) {
      const size_t c = i % static_cast<size_t>(p.channels);
      sum += p.numbers[i] / (p.size * p.size) * w["Logits/weights"].numbers[c * net.classes + o];
    }
    logits.push_back(sum + w["Logits/bias"].numbers[o]);
  }
  double total = 0;
  for (double& l : logits) total += l = std::exp(l);
  for (double& l : logits) l /= total;
  return logits;
}

// --- SavedModel ---------------------------------------------------------------------------------
namespace {

void add_args(tf::OpDef* signature, const std::vector<NamedTensor>& weights, const char* input,
              const char* output) {
  const auto add = [&](const std::string& name, tf::DataType type) {
    auto* arg = signature->add_input_arg();
    arg->set_name(name);
    arg->set_type(type);
  };
  add(input, tf::DT_FLOAT);
  for (const NamedTensor& t : weights) add("resource_" + t.name, tf::DT_RESOURCE);
  signature->add_output_arg()->set_name(output);
}

tf::NodeDef* add_call(Nodes* nodes, const std::string& name, const std::string& function,
                      std::vector<std::string> inputs) {
  tf::NodeDef* call = add_node(nodes, name, "StatefulPartitionedCall", inputs);
  (*call->mutable_attr())["f"].mutable_func()->set_name(function);
  return call;
}

void set_info(tf::TensorInfo* info, const char* name, const std::vector<int>& shape) {
  info->set_name(name);
  info->set_dtype(tf::DT_FLOAT);
  set_shape(info->mutable_tensor_shape(), shape);
}

}  // namespace

tf::SavedModel saved_model(const MobileNet& net) {
  const std::vector<NamedTensor> weights = weights_of(net);
  tf::SavedModel saved;
  saved.set_saved_model_schema_version(1);
  tf::MetaGraphDef* meta = saved.add_meta_graphs();
  meta->mutable_meta_info_def()->add_tags("serve");
  Nodes* nodes = meta->mutable_graph_def()->mutable_node();
  add_placeholder(nodes, "serving_default_image", {1, net.size, net.size, 3});
  std::vector<std::string> arguments = {"serving_default_image"};
  std::vector<std::string> inner = {"image"};
  for (const NamedTensor& t : weights) {
    tf::NodeDef* handle = add_node(nodes, "handle/" + t.name, "VarHandleOp", {});
    (*handle->mutable_attr())["shared_name"].set_s(t.name);
    set_type(handle, "dtype", tf::DT_FLOAT);
    arguments.push_back("handle/" + t.name);
    inner.push_back("resource_" + t.name);
  }
  add_call(nodes, "StatefulPartitionedCall", "signature_wrapper", arguments);
  // Nodes of saving, which are no part of the model.
  add_node(nodes, "saver_filename", "Placeholder", {});
  add_call(nodes, "StatefulPartitionedCall_1", "traced_save", {"saver_filename"});

  auto* library = meta->mutable_graph_def()->mutable_library();
  tf::FunctionDef* wrapper = library->add_function();
  wrapper->mutable_signature()->set_name("signature_wrapper");
  add_args(wrapper->mutable_signature(), weights, "image", "identity");
  add_call(wrapper->mutable_node_def(), "StatefulPartitionedCall", "model", inner);
  add_node(wrapper->mutable_node_def(), "Identity", "Identity",
           {"StatefulPartitionedCall:output:0", "^StatefulPartitionedCall"});
  (*wrapper->mutable_ret())["identity"] = "Identity:output:0";

  tf::FunctionDef* model = library->add_function();
  model->mutable_signature()->set_name("model");
  add_args(model->mutable_signature(), weights, "x", "result");
  for (const NamedTensor& t : weights)
    set_type(add_node(model->mutable_node_def(), "read/" + t.name, "ReadVariableOp",
                      {"resource_" + t.name}),
             "dtype", tf::DT_FLOAT);
  add_network(model->mutable_node_def(), net, "x", true,
              [](const std::string& name) { return "read/" + name + ":value:0"; });
  (*model->mutable_ret())["result"] = "Predictions:softmax:0";

  auto& signature = (*meta->mutable_signature_def())["serving_default"];
  set_info(&(*signature.mutable_inputs())["image"], "serving_default_image:0",
           {1, net.size, net.size, 3});
  set_info(&(*signature.mutable_outputs())["probabilities"], "StatefulPartitionedCall:0",
           {1, net.classes});
  return saved;
}

// --- tensor bundle ------------------------------------------------------------------------------
namespace {

void add_varint(std::string* to, uint64_t value) {
  for (; value >= 128; value >>= 7) *to += static_cast<char>(value | 128);
  *to += static_cast<char>(value);
}

void add_u32(std::string* to, uint32_t value) {
  to->append(reinterpret_cast<const char*>(&value), sizeof value);
}

// A block with one restart; gives where it lies, as a handle.
std::string add_block(std::string* file, const std::map<std::string, std::string>& entries) {
  std::string block, last, handle;
  for (const auto& [key, value] : entries) {
    size_t shared = 0;
    while (shared < key.size() && shared < last.size() && key[shared] == last[shared]) ++shared;
    add_varint(&block, shared);
    add_varint(&block, key.size() - shared);
    add_varint(&block, value.size());
    block += key.substr(shared) + value;
    last = key;
  }
  add_u32(&block, 0);
  add_u32(&block, 1);
  add_varint(&handle, file->size());
  add_varint(&handle, block.size());
  block += '\0';
  *file += block;
  add_u32(file, masked_crc32c(block));
  return handle;
}

}  // namespace

BundleFiles bundle_of(const std::vector<NamedTensor>& tensors) {
  BundleFiles files;
  std::map<std::string, std::string> entries;
  tf::BundleHeaderProto header;
  header.set_num_shards(1);
  entries[""] = header.SerializeAsString();
  tf::TrackableObjectGraph names;
  const auto add = [&](const std::string& key, tf::DataType type, const std::vector<int>& shape,
                       const std::string& bytes) {
    tf::BundleEntryProto entry;
    entry.set_dtype(type);
    set_shape(entry.mutable_shape(), shape);
    entry.set_offset(static_cast<int64_t>(files.data.size()));
    entry.set_size(static_cast<int64_t>(bytes.size()));
    entry.set_crc32c(masked_crc32c(bytes));
    files.data += bytes;
    entries[key] = entry.SerializeAsString();
  };
  for (const NamedTensor& t : tensors) {
    const std::string key = t.name + "/.ATTRIBUTES/VARIABLE_VALUE";
    add(key, tf::DT_FLOAT, t.shape, bytes_of(t.numbers));
    auto* attribute = names.add_nodes()->add_attributes();
    attribute->set_name("VARIABLE_VALUE");
    attribute->set_full_name(t.name);
    attribute->set_checkpoint_key(key);
  }
  const std::string graph = names.SerializeAsString();
  std::string bytes;
  add_varint(&bytes, graph.size());
  add_u32(&bytes, 0);
  add("_CHECKPOINTABLE_OBJECT_GRAPH", tf::DT_STRING, {}, bytes + graph);

  const std::string data = add_block(&files.index, entries);
  const std::string meta = add_block(&files.index, {});
  std::string footer = meta + add_block(&files.index, {{"~", data}});
  constexpr size_t kHandles = 40;
  footer.resize(kHandles);
  add_u32(&footer, 0x8b80fb57);
  add_u32(&footer, 0xdb477524);
  files.index += footer;
  return files;
}

}  // namespace wxnn
