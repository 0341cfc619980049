#include "formats/node_list.h"

#include "formats/node_list_reader.h"
#include "formats/recipe.h"

namespace wxnn {

Status read_node_list(File file, Graph* graph) {
  *graph = {};
  graph->file = std::move(file);
  NodeList list;
  WXNN_TRY(parse_node_list(graph->file, &list));
  WXNN_CHECK(!list.outputs.empty(), "the graph has no outputs");
  Reading reading{list, graph->file};
  ScopeReader reader(reading, list.graph, *graph, "", 0);
  for (const Endpoint& e : list.inputs) WXNN_TRY(reader.read_input(e));
  Vector<std::string_view> tensors;
  for (const Endpoint& e : list.outputs) tensors.push_back(e.tensor);
  WXNN_TRY(reader.read(tensors));
  for (const Endpoint& e : list.outputs) {
    int value = kAbsent;
    WXNN_TRY(reader.value_of(e.tensor, &value));
    WXNN_TRY(add_output(*graph, value, String(e.name)));
  }
  return sort(*graph);
}

}  // namespace wxnn
