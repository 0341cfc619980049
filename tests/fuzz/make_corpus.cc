// wxnn_fuzz_corpus FOLDER: writes seeds for each fuzz target to FOLDER/NAME: small networks with
// the structure of real ones, and the operator tests of ONNX.
#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "../converter/tf_fixtures.h"
#include "converter/convert.h"
#include "converter/files.h"
#include "converter/json_reader.h"
#include "converter/tf_graph.h"

namespace wxnn {
namespace {

namespace fs = std::filesystem;

void put(const std::string& folder, const std::string& target, const std::string& name,
         std::string_view bytes) {
  fs::create_directories(folder + "/" + target);
  static_cast<void>(write_file(sentence<"{}/{}/{}">(folder, target, name), bytes).ok());
}

// Smallest forms of the sources that convert, as .tflite.
void put_converted(const std::string& folder, const std::string& source) {
  ConvertOptions options;
  options.source = source;
  options.custom_ops = true;
  Converted converted;
  constexpr size_t kMost = 1 << 14;
  if (convert(options, &converted).ok() && converted.written.bytes.size() <= kMost)
    put(folder, "tflite", fs::path(source).parent_path().filename(), converted.written.bytes);
}

void put_tensorflow(const std::string& folder) {
  const MobileNet nets[] = {{.size = 8, .width = 2, .classes = 2, .strides = {1, 2}},
                            {.size = 4, .width = 1, .classes = 2, .strides = {}}};
  for (const MobileNet& net : nets) {
    const tf::GraphDef graph = frozen_graph(net);
    const std::string name = sentence<"mobilenet_{}">(net.width);
    put(folder, "graph_def", name, graph.SerializeAsString());
    TfModel model{.graph = &graph};
    Buffer list;
    if (find_endpoints(&model).ok() && encode_tf_graph(model, &list).ok())
      put(folder, "node_list", name, {list.data<char>(), list.size()});
    put(folder, "tensor_bundle", name, bundle_of(weights_of(net)).index);
    put_converted(folder, sentence<"{}/graph_def/{}">(folder, name));
  }
  put(folder, "tensor_bundle", "one", bundle_of({{"w", {2, 2}, {1, 2, 3, 4}}}).index);
  put(folder, "graph_def", "saved",
      saved_model(nets[1]).meta_graphs(0).graph_def().SerializeAsString());
}

// ONNX's cases are small models already.
void put_onnx(const std::string& folder) {
  const char* cases = "/usr/share/libonnx-testdata/data/node";
  std::error_code error;
  std::vector<fs::path> folders;  // in an order that is no file system's
  for (const auto& entry : fs::directory_iterator(cases, error)) folders.push_back(entry.path());
  std::ranges::sort(folders);
  int number = 0;
  for (const fs::path& path : folders) {
    const std::string file = path / "model.onnx";
    std::string bytes;
    constexpr size_t kMost = 4096;
    if (!is_file(file) || !read_file(file, &bytes).ok() || bytes.size() > kMost) continue;
    put(folder, "onnx", path.filename(), bytes);
    if (number++ % 8 == 0) put_converted(folder, file);
  }
}

// model.json without its weight files: they are 4 KB of fuzz_convert's.
void put_json(const std::string& folder) {
  constexpr const char* kModel = R"({"format": "graph-model", "modelTopology": {"node": [
{"name": "x", "op": "Placeholder", "attr": {"dtype": {"type": "DT_FLOAT"}, "shape": {"shape": {"dim": [{"size": "1"}, {"size": "4"}, {"size": "4"}, {"size": "2"}]}}}},
{"name": "w", "op": "Const", "attr": {"dtype": {"type": "DT_FLOAT"}, "value": {"tensor": {"dtype": "DT_FLOAT", "tensorShape": {"dim": [{"size": "3"}]}}}}},
{"name": "c", "op": "_FusedConv2D", "input": ["x", "w", "b"], "attr": {"strides": {"list": {"i": ["1", "1", "1", "1"]}}, "padding": {"s": "U0FNRQ=="}, "fused_ops": {"list": {"s": ["Qmlhc0FkZA==", "UmVsdQ=="]}}, "num_args": {"i": "1"}, "data_format": {"s": "TkhXQw=="}, "dilations": {"list": {"i": ["1", "1", "1", "1"]}}, "epsilon": {"f": 0.0}, "T": {"type": "DT_FLOAT"}}},
{"name": "b", "op": "Const", "attr": {"dtype": {"type": "DT_FLOAT"}}}, {"name": "s", "op": "Const", "attr": {"dtype": {"type": "DT_INT32"}, "value": {"tensor": {"dtype": "DT_INT32", "tensorShape": {"dim": [{"size": "2"}]}, "intVal": [-1, 3]}}}},
{"name": "y", "op": "Reshape", "input": ["c", "s"], "attr": {"T": {"type": "DT_FLOAT"}}}], "library": {"function": []}, "versions": {}},
"weightsManifest": [{"paths": ["w.bin"], "weights": [{"name": "w", "shape": [3, 3, 2, 3], "dtype": "float32", "quantization": {"dtype": "uint8", "scale": 0.1, "min": -1}}, {"name": "b", "shape": [3], "dtype": "float32"}]}],
"signature": {"inputs": {"x": {"name": "x:0"}}, "outputs": {"y": {"name": "y:0"}}}})";
  put(folder, "tfjs_json", "conv", kModel);
}

// A layers model with one of most kinds of layers; its weights are named as Keras names them.
void put_layers(const std::string& folder) {
  constexpr const char* kLayers[] = {
      R"({"class_name": "Conv2D", "config": {"name": "c", "filters": 2, "kernel_size": [3, 3], "strides": [2, 2], "padding": "same", "activation": "relu", "dilation_rate": [1, 1]}})",
      R"({"class_name": "BatchNormalization", "config": {"name": "n", "axis": [3], "epsilon": 0.001}})",
      R"({"class_name": "DepthwiseConv2D", "config": {"name": "d", "kernel_size": 3, "depth_multiplier": 1, "padding": "valid"}})",
      R"({"class_name": "UpSampling2D", "config": {"name": "u", "size": [2, 2]}})",
      R"({"class_name": "ZeroPadding2D", "config": {"name": "z", "padding": [[0, 1], [1, 0]]}})",
      R"({"class_name": "MaxPooling2D", "config": {"name": "m", "pool_size": [2, 2], "strides": [1, 1]}})",
      R"({"class_name": "Permute", "config": {"name": "p", "dims": [3, 1, 2]}})",
      R"({"class_name": "Reshape", "config": {"name": "r", "target_shape": [2, -1]}})",
      R"({"class_name": "LSTM", "config": {"name": "l", "units": 2, "return_sequences": true}})",
      R"({"class_name": "Bidirectional", "config": {"name": "b", "merge_mode": "concat", "layer": {"class_name": "GRU", "config": {"name": "g", "units": 2}}}})",
      R"({"class_name": "Flatten", "config": {"name": "f"}})",
      R"({"class_name": "Dense", "config": {"name": "o", "units": 2, "activation": "softmax"}})"};
  constexpr const char* kWeights[] = {"c/kernel 3,3,1,2",
                                      "c/bias 2",
                                      "n/gamma 2",
                                      "n/beta 2",
                                      "n/moving_mean 2",
                                      "n/moving_variance 2",
                                      "d/depthwise_kernel 3,3,2,1",
                                      "d/bias 2",
                                      "l/kernel 16,8",
                                      "l/recurrent_kernel 2,8",
                                      "l/bias 8",
                                      "b/forward_g/kernel 2,6",
                                      "b/forward_g/recurrent_kernel 2,6",
                                      "b/forward_g/bias 6",
                                      "b/backward_g/kernel 2,6",
                                      "b/backward_g/recurrent_kernel 2,6",
                                      "b/backward_g/bias 6",
                                      "o/kernel 4,2",
                                      "o/bias 2"};
  std::string layers =
      R"({"class_name": "InputLayer", "config": {"name": "x", "batch_input_shape": [null, 8, 8, 1]}})";
  for (const char* layer : kLayers) layers += sentence<",\n{}">(layer);
  std::string weights;
  for (const std::string_view weight : kWeights) {
    const size_t space = weight.find(' ');
    weights += weights.empty() ? "" : ",\n";
    weights += sentence<R"({"name": "{}", "dtype": "float32", "shape": [{}]})">(
        weight.substr(0, space), weight.substr(space + 1));
  }
  put(folder, "tfjs_json", "layers",
      sentence<
          R"({"format": "layers-model", "modelTopology": {"model_config": {"class_name": "Sequential", "config": {"name": "s", "layers": [{}]}}}, "weightsManifest": [{"paths": ["w.bin"], "weights": [{}]}]})">(
          layers, weights));
}

// Real models that set-up always fetches: their nodes or layers whole, their weights so small that
// fuzz_convert's 4 KB hold many.
void put_real_json(const std::string& folder) {
  constexpr const char* kModels[] = {"tfjs-front", "tfjs-mesh", "selfie-tfjs",
                                     "mobilenetv2-nsfw-layers"};
  for (const char* id : kModels) {
    std::string text;
    if (!read_file(sentence<".cache/models/{}/model.json">(id), &text).ok()) continue;
    Json model = Json::parse(text, nullptr, false);
    if (!model.is_object() || !model.contains("weightsManifest")) continue;
    for (Json& group : model["weightsManifest"]) {
      group["paths"] = Json::array({"w.bin"});
      for (Json& weight : group["weights"])
        for (Json& d : weight["shape"]) d = std::min(d.get<int>(), 2);
    }
    put(folder, "tfjs_json", id, model.dump());
  }
}

}  // namespace
}  // namespace wxnn

int main(int count, char** arguments) {
  if (count != 2) return 2;
  wxnn::put_tensorflow(arguments[1]);
  wxnn::put_onnx(arguments[1]);
  wxnn::put_json(arguments[1]);
  wxnn::put_layers(arguments[1]);
  wxnn::put_real_json(arguments[1]);
  return 0;
}
