// A tfjs layers model (Keras): its layers as nodes of a TensorFlow graph.
#pragma once
#include <set>
#include <string>

#include "converter/convert.h"
#include "converter/json_reader.h"
#include "converter/tf_graph.h"

namespace wxnn {

// `config`: "model_config" of the model's topology. Weights become variables of the graph, named as
// in the manifest. `sizes`: of inputs by name, where the model leaves some open (a batch stays
// open). All layers that are not supported are refused at once.
Status build_layers_graph(const Json& config, const std::set<std::string_view>& weights,
                          const InputShapes& sizes, tf::GraphDef* graph, TfModel* model);

}  // namespace wxnn
