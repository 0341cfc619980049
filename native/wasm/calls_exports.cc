// The part of the C ABI that hands a graph out as a list of kernel calls, for tfjs's other
// backends: abi.md says what it promises.
#include "core/graph.h"
#include "formats/read_model.h"
#include "passes/passes.h"
#include "wasm/error.h"

#define WXNN_EXPORT(name) extern "C" __attribute__((export_name(#name))) auto name

namespace wxnn {
namespace {

// What wxnn_calls gave last: the graph owns the constants that the list points to.
struct CallList {
  Graph graph;
  Vector<double> numbers;

  void add(double n) { numbers.push_back(n); }
  void add_text(std::string_view text) {
    add(-1 - static_cast<double>(text.size()));
    for (const char c : text) add(static_cast<unsigned char>(c));
  }
  template <class List>
  void add_list(const List& list) {
    add(static_cast<double>(list.size()));
    for (const auto n : list) add(n);
  }
  Status add_value(int v);
  void add_node(const Node& node);
  Status read(void* block, size_t bytes);
};

std::unique_ptr<CallList>& last_list() {
  static std::unique_ptr<CallList> list;
  return list;
}

Status CallList::add_value(int v) {
  const Value& value = graph.values[v];
  Tensor tensor;
  if (value.constant) WXNN_TRY(graph.materialize(v, &tensor));
  const Shape& shape = value.type.shape;
  add_text(value.name);
  add(static_cast<int>(value.type.dtype));
  add(value.constant ? static_cast<double>(reinterpret_cast<uintptr_t>(tensor.data)) : -1);
  add_list(shape.is_unknown() ? std::span<const int32_t>() : shape.dims());
  return {};
}

void CallList::add_node(const Node& node) {
  double op = 0;
  while (ops()[static_cast<size_t>(op)] != node.op) ++op;
  add(op);
  add_text(node.name);
  add_list(node.inputs);
  add_list(node.outputs);
  for (const AttrSpec& spec : node.op->attrs) {
    const std::string_view text = node.attrs.text(spec.name);
    if (text.empty()) {
      add_list(node.attrs.numbers(spec.name));
    } else {
      add_text(text);
    }
  }
}

Status CallList::read(void* block, size_t bytes) {
  WXNN_TRY(read_model(Buffer::adopt(block, bytes), &graph));
  WXNN_TRY(sort(graph));
  remove_dead(graph);
  WXNN_TRY(run_passes(graph));
  add(static_cast<double>(graph.values.size()));
  for (size_t v = 0; v < graph.values.size(); ++v) WXNN_TRY(add_value(static_cast<int>(v)));
  add_list(graph.inputs);
  add_list(graph.outputs);
  add(static_cast<double>(graph.nodes.size()));
  for (const Node& node : graph.nodes) add_node(node);
  return {};
}

}  // namespace
}  // namespace wxnn

WXNN_EXPORT(wxnn_calls)(void* block, size_t bytes)->const double* {
  auto& last = wxnn::last_list();
  last = std::make_unique<wxnn::CallList>();
  const wxnn::Status status = last->read(block, bytes);
  if (status.ok()) return last->numbers.data();
  wxnn::failed(status);
  last.reset();
  return nullptr;
}

WXNN_EXPORT(wxnn_calls_free)()->void { wxnn::last_list().reset(); }
