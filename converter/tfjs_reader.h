// A tfjs model: model.json, a graph or layers, and its weight files.
#pragma once
#include <string>

#include "core/graph.h"

namespace wxnn {

// `json` is the text of `path`; weight files lie in the same folder.
// `bytes` grows by their size. `format` says which kind it is, where it is no graph.
Status read_tfjs(const std::string& path, const std::string& json, Graph* graph, size_t* bytes,
                 std::string* format = nullptr);

}  // namespace wxnn
