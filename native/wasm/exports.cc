// The C ABI of the engine: abi.md says what each function promises.
#include <cstdlib>

#include "core/first_nan.h"
#include "core/json.h"
#include "core/loop.h"
#include "core/model.h"
#include "core/self_test.h"
#include "formats/read_model.h"
#include "wasm/error.h"

#define WXNN_EXPORT(name) extern "C" __attribute__((export_name(#name))) auto name

namespace wxnn {

namespace {
String& last_error() {
  [[clang::no_destroy]] static constinit String text;
  return text;
}

void json_tensors(String& to, const Model& model, bool inputs) {
  const Graph& graph = model.graph();
  const Vector<int>& list = inputs ? graph.inputs : graph.outputs;
  to += '[';
  for (size_t i = 0; i < list.size(); ++i) {
    const Tensor& t = inputs ? model.input(i) : model.output(i);
    to += i > 0 ? ",{\"name\":" : "{\"name\":";
    json_text(to, graph.values[list[i]].name);
    to += ",\"dtype\":";
    json_text(to, name_of(t.dtype));
    to += ",\"shape\":";
    json_shape(to, t.shape);
    to += '}';
  }
  to += ']';
}

void json_node(String& to, std::string_view key, const Node& node) {
  say<"{\"{}\":">(to, key);
  json_text(to, node.name);
  to += ",\"op\":";
  json_text(to, node.op->name);
}
}  // namespace

int failed(const Status& status) {
  last_error() = status.message();
  return 0;
}

const char* keep_text(String text) {
  [[clang::no_destroy]] static constinit String kept;
  kept = std::move(text);
  return kept.c_str();
}

namespace {
int done(const Status& status) { return status.ok() ? 1 : failed(status); }
}  // namespace

}  // namespace wxnn

using wxnn::Model;
using wxnn::Status;

WXNN_EXPORT(wxnn_malloc)(size_t bytes)->void* {
  // Handed over as a plain block: Buffer::adopt and std::free both know what to do with it.
  const size_t padded = wxnn::Buffer::padded(bytes);
  return padded > bytes ? std::aligned_alloc(wxnn::Buffer::kAlignment, padded) : nullptr;
}

WXNN_EXPORT(wxnn_free)(void* block)->void { std::free(block); }

WXNN_EXPORT(wxnn_error)()->const char* { return wxnn::last_error().c_str(); }

WXNN_EXPORT(wxnn_version)()->const char* { return WXNN_VERSION; }

WXNN_EXPORT(wxnn_self_test)()->int { return wxnn::done(wxnn::self_test()); }

extern "C" __attribute__((import_module("env"), import_name("wxnn_read"))) wxnn::ReadFile wxnn_read;

WXNN_EXPORT(wxnn_load)(void* block, size_t bytes, size_t file_bytes)->Model* {
  wxnn::Graph graph;
  wxnn::File file(wxnn::Buffer::adopt(block, bytes));
  file.bytes = file_bytes;
  file.read = wxnn_read;
  std::unique_ptr<Model> model;
  Status status = wxnn::read_model(std::move(file), &graph);
  if (status.ok()) status = Model::load(std::move(graph), &model);
  if (!status.ok()) wxnn::failed(status);
  return model.release();
}

WXNN_EXPORT(wxnn_model_free)(Model* model)->void { delete model; }

WXNN_EXPORT(wxnn_model_info)(const Model* model)->const char* {
  wxnn::String json = "{\"inputs\":";
  wxnn::json_tensors(json, *model, true);
  json += ",\"outputs\":";
  wxnn::json_tensors(json, *model, false);
  json += ",\"nodes\":[";
  for (const wxnn::Node& node : model->graph().nodes) {
    if (&node != model->graph().nodes.data()) json += ',';
    wxnn::json_node(json, "name", node);
    json += '}';
  }
  return wxnn::keep_text(json + "]}");
}

WXNN_EXPORT(wxnn_model_input)(Model* model, size_t i)->void* {
  Status status = model->reserve();
  if (!status.ok()) wxnn::failed(status);
  return model->input(i).data;
}

WXNN_EXPORT(wxnn_first_nan)(const float* x, int32_t count)->int32_t {
  return wxnn::replaceable(wxnn::first_nan)(x, count);
}

WXNN_EXPORT(wxnn_model_output)(const Model* model, size_t i)->void* {
  return model->output(i).data;
}

WXNN_EXPORT(wxnn_model_output_shape)(const Model* model, size_t i)->const int32_t* {
  static int32_t kept[2 + wxnn::Shape::kMaxRank];
  const wxnn::Shape& shape = model->output(i).shape;
  kept[0] = shape.rank();
  for (int k = 0; k < shape.rank(); ++k) kept[1 + k] = shape[k];
  kept[1 + shape.rank()] = static_cast<int32_t>(model->output(i).dtype);
  return kept;
}

WXNN_EXPORT(wxnn_model_resize)(Model* model, const int32_t* shapes)->int {
  wxnn::Vector<wxnn::Shape> list(model->graph().inputs.size());
  for (wxnn::Shape& shape : list) {
    const int32_t rank = *shapes++;
    if (rank < 0) {
      shape = wxnn::Shape::unknown();
      continue;
    }
    if (rank > wxnn::Shape::kMaxRank) {
      return wxnn::failed(
          wxnn::fail<"has {} dimensions; at most {} are supported">(rank, wxnn::Shape::kMaxRank));
    }
    shape = wxnn::Shape(std::span<const int32_t>(shapes, static_cast<size_t>(rank)));
    shapes += rank;
  }
  return wxnn::done(model->resize(list));
}

WXNN_EXPORT(wxnn_model_run)(Model* model)->int { return wxnn::done(model->run()); }

WXNN_EXPORT(wxnn_model_reset_state)(Model* model)->void { model->reset_state(); }

WXNN_EXPORT(wxnn_model_set_profiling)(Model* model, int on)->void { model->set_profiling(on != 0); }

WXNN_EXPORT(wxnn_model_profile)(const Model* model)->const char* {
  wxnn::String json = "[";
  for (const wxnn::NodeProfile& p : model->profile()) {
    if (json.size() > 1) json += ',';
    wxnn::json_node(json, "node", *p.node);
    json += ",\"ms\":";
    wxnn::json_ms(json, p.ms);
    wxnn::say<",\"runs\":{}}">(json, p.runs);
  }
  return wxnn::keep_text(json + "]");
}

WXNN_EXPORT(wxnn_model_memory)(const Model* model)->const char* {
  const wxnn::MemoryUse use = model->memory();
  return wxnn::keep_text(wxnn::sentence<"{\"arena\":{},\"constants\":{},\"packed\":{}}">(
      use.arena_bytes, use.constant_bytes, use.packed_bytes));
}
