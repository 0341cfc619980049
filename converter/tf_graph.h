// From TensorFlow's messages to a node list: what the outputs depend on, with function calls
// written in place of the call and variables as constants.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "converter/node_list_writer.h"
#include "tensorflow.pb.h"

namespace wxnn {

struct TfModel {
  const tf::GraphDef* graph = nullptr;
  std::vector<ListEndpoint> inputs, outputs;
  // The value of a variable, by its shared name. Absent: the graph must have none.
  std::function<Status(const std::string& name, const ListTensor** variable)> variable;
};

// Rank and dimensions; an unknown rank gives none.
Status tf_dims(const tf::TensorShapeProto& shape, Dims* dims);

// Appends inputs and outputs that the graph itself shows: placeholders, and nodes that nobody
// reads.
Status find_endpoints(TfModel* model);

Status encode_tf_graph(const TfModel& model, Buffer* file);

}  // namespace wxnn
