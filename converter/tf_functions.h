// Function calls of a TensorFlow graph, written in place of the call.
#pragma once
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "core/status.h"
#include "tensorflow.pb.h"

namespace wxnn {

// A node of the flat graph: its inputs are flat names ("model/conv", "model/split:1").
struct FlatNode {
  const tf::NodeDef* proto = nullptr;
  std::string name;
  std::vector<std::string> inputs;
  const google::protobuf::Map<std::string, tf::AttrValue>* call =
      nullptr;  // what placeholders mean
};

// Flattens what some tensors of a graph, or of a function's body, depend on. Only that is looked
// at.
class TfFlattener {
 public:
  // `body`: null for the graph itself.
  TfFlattener(const tf::GraphDef& graph, const tf::FunctionDef* body);

  // The flat name of a tensor ("call:1" of the graph, "call:output:1" in a body).
  Status want(const std::string& tensor, std::string* flat);
  // Everything wanted so far and what it depends on.
  Status finish(std::vector<FlatNode>* nodes);

 private:
  struct Frame {
    const tf::FunctionDef* body = nullptr;
    std::string prefix;
    Frame* caller = nullptr;
    const tf::NodeDef* call = nullptr;
    const google::protobuf::Map<std::string, tf::AttrValue>* attrs = nullptr;
    int depth = 0;
    std::map<std::string_view, const tf::NodeDef*> nodes;
    std::map<std::string_view, int> parameters;
    std::map<const tf::NodeDef*, Frame*> callees;
    std::map<const tf::NodeDef*, bool> needed;
  };
  struct Job {
    Frame* frame;
    const tf::NodeDef* node;
  };
  Status open(const tf::FunctionDef* body, Frame* caller, const tf::NodeDef* call, Frame** frame);
  Status fill(Frame& frame, const google::protobuf::RepeatedPtrField<tf::NodeDef>& nodes);
  Status resolve(Frame* frame, std::string_view tensor, int depth, std::string* flat);
  const tf::FunctionDef* function_of(const tf::NodeDef& node) const;

  const tf::GraphDef& graph_;
  std::map<std::string_view, const tf::FunctionDef*> functions_;
  std::deque<Frame> frames_;
  std::vector<Job> jobs_;
  size_t opened_ = 0;  // nodes of all frames
  Status status_;      // of the constructor
};

}  // namespace wxnn
