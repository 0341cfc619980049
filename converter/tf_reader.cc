#include "converter/tf_reader.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>

#include <algorithm>

#include "converter/files.h"
#include "converter/tensor_bundle.h"
#include "converter/tf_graph.h"
#include "formats/node_list.h"

namespace wxnn {

namespace {

// Remembers the first error instead of printing it.
class FirstError : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int line, google::protobuf::io::ColumnNumber, const std::string& what) override {
    if (text.empty())
      text = sentence<"line {}: {}">(line + 1, what.substr(0, what.find_last_not_of('.') + 1));
  }
  std::string text;
};

Status parse(const std::string& bytes, bool is_text, const char* kind,
             google::protobuf::Message* message) {
  WXNN_CHECK(bytes.size() < INT32_MAX, "the file is larger than 2 GB");
  constexpr int kDeepest = 64;
  if (is_text) {
    google::protobuf::TextFormat::Parser parser;
    FirstError error;
    parser.RecordErrorsTo(&error);
    parser.AllowUnknownField(true);
    parser.SetRecursionLimit(kDeepest);
    WXNN_CHECK(parser.ParseFromString(bytes, message), "it is no {}, or damaged: {}", kind,
               error.text);
    return {};
  }
  google::protobuf::io::CodedInputStream stream(reinterpret_cast<const uint8_t*>(bytes.data()),
                                                static_cast<int>(bytes.size()));
  stream.SetRecursionLimit(kDeepest);
  WXNN_CHECK(message->ParseFromCodedStream(&stream) && stream.ConsumedEntireMessage(),
             "it is no {}, or damaged", kind);
  return {};
}

Status to_graph(const TfModel& model, Source* source) {
  Buffer list;
  WXNN_TRY(encode_tf_graph(model, &list));
  return read_node_list(std::move(list), &source->graph);
}

// The signature that servers use, or the first.
Status pick_signature(const tf::MetaGraphDef& meta, Source* source,
                      const tf::SignatureDef** picked) {
  std::vector<std::string> names;
  for (const auto& [name, signature] : meta.signature_def()) {
    if (!signature.outputs().empty() && !name.starts_with("__")) names.push_back(name);
  }
  std::ranges::sort(names);
  WXNN_CHECK(!names.empty(), "the SavedModel has no signature with outputs");
  const auto usual = std::ranges::find(names, "serving_default");
  const std::string& name = usual != names.end() ? *usual : names[0];
  if (names.size() > 1)
    source->notes.push_back(sentence<"took the signature \"{}\" of {}">(name, names.size()));
  *picked = &meta.signature_def().at(name);
  return {};
}

Status add_endpoints(const google::protobuf::Map<std::string, tf::TensorInfo>& infos,
                     std::vector<ListEndpoint>* list) {
  for (const auto& [key, info] : infos) {
    WXNN_CHECK(!info.name().empty(), "\"{}\" of the signature names no tensor", key);
    ListEndpoint e{.name = key, .tensor = info.name(), .type = static_cast<uint32_t>(info.dtype())};
    if (info.has_tensor_shape()) WXNN_TRY(tf_dims(info.tensor_shape(), &e.shape));
    list->push_back(std::move(e));
  }
  // A map has no order; that of the names is every run's.
  std::ranges::sort(*list, {}, &ListEndpoint::name);
  return {};
}

}  // namespace

Status read_graph_def(const ConvertOptions& options, const std::string& bytes, Source* source) {
  if (options.source.ends_with("saved_model.pb") || options.source.ends_with("saved_model.pbtxt")) {
    const size_t slash = options.source.rfind('/');
    return read_saved_model(
        options, slash == std::string::npos ? "." : options.source.substr(0, slash), source);
  }
  tf::GraphDef graph;
  WXNN_TRY(parse(bytes, options.source.ends_with(".pbtxt"), "TensorFlow graph", &graph));
  WXNN_CHECK(graph.node_size() != 0, "it is no TensorFlow graph: it has no nodes");
  TfModel model{.graph = &graph};
  WXNN_TRY(find_endpoints(&model));
  return to_graph(model, source);
}

Status read_saved_model(const ConvertOptions&, const std::string& folder, Source* source) {
  std::string file = folder + "/saved_model.pb", bytes;
  const bool is_text = !is_file(file) && is_file(folder + "/saved_model.pbtxt");
  if (is_text) file = folder + "/saved_model.pbtxt";
  WXNN_CHECK(is_file(file), "it has no saved_model.pb: it is no SavedModel");
  WXNN_TRY(read_file(file, &bytes));
  source->format = "TensorFlow SavedModel";
  source->bytes = bytes.size();
  tf::SavedModel saved;
  WXNN_TRY(parse(bytes, is_text, "SavedModel", &saved));
  WXNN_CHECK(saved.meta_graphs_size() != 0, "the SavedModel has no graph");
  const tf::MetaGraphDef* meta = &saved.meta_graphs(0);
  for (const auto& m : saved.meta_graphs()) {
    const auto& tags = m.meta_info_def().tags();
    if (std::ranges::find(tags, "serve") != tags.end()) meta = &m;
  }
  const tf::SignatureDef* signature = nullptr;
  WXNN_TRY(pick_signature(*meta, source, &signature));
  TfModel model{.graph = &meta->graph_def()};
  WXNN_TRY(add_endpoints(signature->inputs(), &model.inputs));
  WXNN_TRY(add_endpoints(signature->outputs(), &model.outputs));
  TensorBundle bundle;
  std::string index;
  WXNN_TRY(sibling(file, "variables/variables.index", &index));
  if (is_file(index)) {
    WXNN_TRY(bundle.open(file, "variables/variables"));
    model.variable = [&bundle](const std::string& name, const ListTensor** variable) {
      return bundle.find(name, variable);
    };
  }
  source->bytes += bundle.bytes();
  return to_graph(model, source);
}

}  // namespace wxnn
