// A tfjs model: model.json, a graph or layers, and its weight files.
#pragma once
#include <string>

#include "converter/convert.h"
#include "core/graph.h"

namespace wxnn {

// options.source is the path of model.json, `json` its text; weight files lie in the same folder.
// options.inputs: the open sizes of a layers model.
Status read_tfjs(const ConvertOptions& options, const std::string& json, Source* source);

}  // namespace wxnn
