// The whole way from a model file to .tflite bytes.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "converter/tflite_writer.h"
#include "core/graph.h"

namespace wxnn {

using InputShapes = std::vector<std::pair<std::string, Shape>>;

struct ConvertOptions {
  std::string source;  // file or folder
  InputShapes inputs;  // shapes that settle open dimensions
  // These alone, in this order. A shape is what one has that depends on the data; else unknown.
  std::vector<std::pair<std::string, Shape>> outputs;
  // Inputs that become constants: a shape, axes, scales.
  std::vector<std::pair<std::string, std::vector<double>>> constants;
  bool f16 = false;
  bool custom_ops = false;
  // Called at each step of the work: what comes next, and how much of the whole is done.
  void (*progress)(const char* step, int percent) = nullptr;
  bool nhwc = false;  // image inputs and outputs of an ONNX model become NHWC
};

struct EndpointInfo {
  std::string name;
  TensorType type;  // an open batch is Shape::kOpen
};

struct Converted {
  std::vector<EndpointInfo> inputs, outputs;
  std::string format;  // of the source: "tfjs graph model"
  size_t source_bytes = 0;
  int source_nodes = 0;
  int nodes = 0;
  Written written;
  std::vector<std::string> notes;  // what the user should know: "input x: its batch of N became 1"
};

// The source as a graph of ours, as its importer gives it.
struct Source {
  Graph graph;
  std::string format;
  size_t bytes = 0;
  std::vector<std::string> notes;
  bool halves = false;  // some weights were float16, and are float32 now
};
Status read_source(const ConvertOptions& options, Source* source);

Status convert(const ConvertOptions& options, Converted* converted);

}  // namespace wxnn
