// A tfjs graph model: model.json and its weight files.
#pragma once
#include <string>

#include "core/graph.h"

namespace wxnn {

// `json` is the text of `path`; weight files lie in the same folder.
// `bytes` grows by their size.
Status read_tfjs(const std::string& path, const std::string& json, Graph* graph, size_t* bytes);

}  // namespace wxnn
