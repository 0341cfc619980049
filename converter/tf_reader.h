// TensorFlow's own formats: a frozen GraphDef, binary or text, and a SavedModel.
#pragma once
#include <string>

#include "converter/convert.h"

namespace wxnn {

// `bytes` is the file `options.source`.
Status read_graph_def(const ConvertOptions& options, const std::string& bytes, Source* source);

// `folder` has saved_model.pb or saved_model.pbtxt, and variables/variables.index where the graph
// has variables. No other file is opened.
Status read_saved_model(const ConvertOptions& options, const std::string& folder, Source* source);

}  // namespace wxnn
