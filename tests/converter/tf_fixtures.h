// TensorFlow models written with the messages themselves.
#pragma once
#include <string>
#include <vector>

#include "tensorflow.pb.h"

namespace wxnn {

// A network in the shape of MobileNetV1: a convolution, then blocks of depthwise and pointwise
// convolutions with batch norms and Relu6, a mean, a product and a softmax.
struct MobileNet {
  int size = 32;  // of the image
  int width = 8;  // channels of the first convolution
  int classes = 10;
  std::vector<int> strides = {1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1};  // of the blocks
};

// Its weights by name, always the same ones.
struct NamedTensor {
  std::string name;
  std::vector<int> shape;
  std::vector<float> numbers;
};
std::vector<NamedTensor> weights_of(const MobileNet& net);

// Placeholder "input", weights as constants, output "Predictions".
tf::GraphDef frozen_graph(const MobileNet& net);

// What the network gives for an image, in plain loops and double precision.
std::vector<double> predictions(const MobileNet& net, const std::vector<float>& image);

// As TensorFlow 2 saves it: variables, a signature that calls a function that calls another.
tf::SavedModel saved_model(const MobileNet& net);

// Files of a bundle with these tensors; their keys in the bundle are
// "name/.ATTRIBUTES/VARIABLE_VALUE", as TensorFlow 2 has it.
struct BundleFiles {
  std::string index, data;
};
BundleFiles bundle_of(const std::vector<NamedTensor>& tensors);

// --- building blocks
// --------------------------------------------------------------------------------
tf::NodeDef* add_node(google::protobuf::RepeatedPtrField<tf::NodeDef>* nodes,
                      const std::string& name, const std::string& op,
                      const std::vector<std::string>& inputs);
void set_type(tf::NodeDef* node, const char* name, tf::DataType type);
void set_ints(tf::NodeDef* node, const char* name, const std::vector<int>& numbers);
tf::NodeDef* add_constant(google::protobuf::RepeatedPtrField<tf::NodeDef>* nodes,
                          const NamedTensor& tensor);
tf::NodeDef* add_placeholder(google::protobuf::RepeatedPtrField<tf::NodeDef>* nodes,
                             const std::string& name, const std::vector<int>& shape);

}  // namespace wxnn
