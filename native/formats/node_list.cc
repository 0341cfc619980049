#include "formats/node_list.h"

#include "formats/node_list_reader.h"
#include "formats/recipe.h"

namespace wxnn {

Status read_node_list(File file, Graph* graph) {
  *graph = {};
  graph->file = std::move(file);
  NodeList list;
  Status status = parse_node_list(graph->file, &list);
  if (!status.ok()) return status.at("not a node list");
  Reading reading{list, graph->file};
  ScopeReader reader(reading, list.graph, *graph, "", 0);
  Cursor inputs = list.inputs;
  for (size_t n = inputs.count(kLeastEndpoint); n > 0; --n) {
    WXNN_TRY(reader.read_input(read_endpoint(&inputs)));
  }
  Cursor outputs = list.outputs;
  Vector<std::string_view> tensors(outputs.count(kLeastEndpoint));
  WXNN_CHECK(!tensors.empty(), "the model has no outputs");
  for (std::string_view& tensor : tensors) tensor = read_endpoint(&outputs).tensor;
  WXNN_TRY(reader.read(tensors));
  outputs = list.outputs;
  for (size_t n = outputs.count(kLeastEndpoint); n > 0; --n) {
    const Endpoint e = read_endpoint(&outputs);
    int value = kAbsent;
    WXNN_TRY(reader.value_of(e.tensor, &value));
    WXNN_TRY(add_output(*graph, value, String(e.name)));
  }
  return sort(*graph);
}

}  // namespace wxnn
