// The body of an ONNX If or Loop as a graph of its own, for a node If or While of ours.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "converter/onnx_graph.h"

namespace wxnn {

class OnnxBody {
 public:
  OnnxBody(OnnxScope& outer, std::string prefix);

  std::unique_ptr<Graph> graph;
  GraphBuilder builder;
  OnnxScope scope;  // sees the outer one's tensors: what it takes from there is in scope.captures

  // A new input of the graph.
  int input(const std::string& name, const TensorType& type);
  // Imports the nodes; gives their outputs in ONNX's own layout, and their ranks.
  Status import(const onnx::GraphProto& proto, const std::vector<OnnxTensor>& inputs,
                std::vector<int>* outputs, std::vector<int>* ranks);
};

// Appends a node with these bodies; its outputs have the types.
Status add_flow_node(OnnxNode& n, const char* op, const std::vector<int>& inputs,
                     std::vector<std::unique_ptr<Graph>> bodies,
                     const std::vector<TensorType>& types, std::vector<int>* outputs);

}  // namespace wxnn
