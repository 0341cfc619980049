#include "converter/convert.h"

#include <algorithm>

#include "converter/files.h"
#include "converter/find_gelu.h"
#include "converter/fold_atrous.h"
#include "converter/graph_builder.h"
#include "converter/lower.h"
#include "converter/onnx_reader.h"
#include "converter/tf_reader.h"
#include "converter/tfjs_reader.h"
#include "core/whole.h"
#include "formats/tflite_reader.h"
#include "passes/passes.h"

namespace wxnn {

namespace {

Status read_tflite_bytes(const ConvertOptions&, const std::string& bytes, Source* source) {
  Buffer file;
  WXNN_TRY(file.allocate(bytes.size()));
  std::copy(bytes.begin(), bytes.end(), file.data<char>());
  return read_tflite(std::move(file), &source->graph);
}

bool looks_like_json(std::string_view bytes) {
  const size_t at = bytes.find_first_not_of(" \t\r\n\xef\xbb\xbf");
  return at != std::string_view::npos && bytes[at] == '{';
}

// Asked in this order. By the bytes where they say it, else by the file's name.
struct FormatRow {
  const char* name;
  bool (*is)(std::string_view path, std::string_view bytes);
  Status (*read)(const ConvertOptions&, const std::string& bytes, Source*);
};
constexpr FormatRow kFormats[] = {
    {"TensorFlow Lite",
     [](std::string_view, std::string_view b) { return b.size() >= 8 && b.substr(4, 4) == "TFL3"; },
     read_tflite_bytes},
    {"ONNX", [](std::string_view p, std::string_view) { return p.ends_with(".onnx"); }, read_onnx},
    {"TensorFlow graph",
     [](std::string_view p, std::string_view) {
       return p.ends_with(".pb") || p.ends_with(".pbtxt");
     },
     read_graph_def},
    {"tfjs graph model", [](std::string_view, std::string_view b) { return looks_like_json(b); },
     read_tfjs},
};

// TensorFlow's "x:0" is "x" too.
int find_called(const Graph& graph, std::span<const int> among, std::string_view name) {
  for (const std::string& whole : {std::string(name), std::string(name) + ":0"}) {
    const auto at =
        std::ranges::find_if(among, [&](int v) { return graph.values[v].name == whole; });
    if (at != among.end()) return *at;
  }
  return kAbsent;
}

// "a, b and 3 more"
String names_of(const Graph& graph, std::span<const int> values) {
  constexpr size_t kMost = 8;
  String text;
  for (size_t i = 0; i < std::min(values.size(), kMost); ++i)
    say<"{}{}">(text, i == 0 ? "" : ", ", graph.values[values[i]].name);
  if (values.size() > kMost) say<" and {} more">(text, values.size() - kMost);
  return text;
}

// `settled`: the importer has set them, perhaps in another layout.
Status set_shapes(const ConvertOptions& options, bool settled, Graph* graph) {
  for (const auto& [name, shape] : options.inputs) {
    const int v = find_called(*graph, graph->inputs, name);
    WXNN_CHECK(v != kAbsent, "--input {}: the model has no such input, only {}", name,
               names_of(*graph, graph->inputs));
    if (settled) continue;
    Shape& declared = graph->values[v].type.shape;
    bool fits = declared.is_unknown() || declared.rank() == shape.rank();
    for (int i = 0; fits && i < declared.rank(); ++i) {
      fits = declared[i] < 0 || i == 0 || declared[i] == shape[i];
    }
    WXNN_CHECK(fits, "--input {}={} does not fit the declared {}", name, shape, declared);
    const bool other_batch = declared.rank() > 0 && declared[0] >= 0 && declared[0] != shape[0];
    declared = shape;
    if (!other_batch) continue;
    // What the file says of its outputs was said for its own batch.
    for (const int v : graph->outputs) graph->values[v].type.shape = Shape::unknown();
  }
  return {};
}

Status pick_outputs(const ConvertOptions& options, Graph* graph) {
  if (options.outputs.empty()) return {};
  std::vector<int> all(graph->values.size());
  for (size_t v = 0; v < all.size(); ++v) all[v] = static_cast<int>(v);
  graph->outputs.clear();
  for (const auto& [name, shape] : options.outputs) {
    const int v = find_called(*graph, all, name);
    WXNN_CHECK(v != kAbsent, "--output {}: the model has no tensor of this name", name);
    graph->outputs.push_back(v);
    if (!shape.is_unknown()) graph->values[v].type.shape = shape;
  }
  remove_dead(*graph);
  return {};
}

// The file is no longer needed where every constant has been computed anew.
void release_file(Graph* graph) {
  const bool unused = std::ranges::all_of(
      graph->values, [](const Value& v) { return !v.constant || v.constant->owned.size() != 0; });
  if (unused) graph->file = Buffer();
}

std::vector<EndpointInfo> describe(const Graph& graph, std::span<const int> values) {
  std::vector<EndpointInfo> list;
  for (const int v : values) list.push_back({graph.values[v].name, graph.values[v].type});
  return list;
}

// Inputs that always have these values become constants. ONNX's have been, by its importer.
Status fix_inputs(const ConvertOptions& options, Graph* graph) {
  for (const auto& [name, numbers] : options.constants) {
    const int fixed = find_called(*graph, graph->inputs, name);
    if (fixed == kAbsent) {
      const bool known =
          std::ranges::any_of(graph->values, [&](const Value& v) { return v.name == name; });
      WXNN_CHECK(known, "--constant {}: the model has no such input, only {}", name,
                 names_of(*graph, graph->inputs));
      continue;
    }
    Value& value = graph->values[fixed];
    Shape shape = value.type.shape;
    const int32_t count = static_cast<int32_t>(numbers.size());
    if (!shape.is_known()) shape = count == 1 ? Shape{} : Shape{count};
    WXNN_CHECK(shape.elements() == count, "--constant {} has {} numbers, the model declares {}",
               name, count, value.type.shape);
    int made = kAbsent;
    GraphBuilder b(*graph, 0);
    if (value.type.dtype == DType::kFloat32) {
      WXNN_TRY(b.constant("", shape, std::vector<float>(numbers.begin(), numbers.end()), &made));
    } else {
      WXNN_CHECK(value.type.dtype == DType::kInt32, "--constant {}: the input is {}", name,
                 name_of(value.type.dtype));
      std::vector<int32_t> rounded;
      for (const double d : numbers)
        rounded.push_back(whole<int32_t>(std::clamp(d, -2147483648.0, 2147483647.0)));
      WXNN_TRY(b.constant("", shape, rounded, &made));
    }
    Value& input = graph->values[fixed];
    input.type.shape = shape;
    input.constant = std::move(graph->values[made].constant);
    erase_if(graph->inputs, [fixed](int v) { return v == fixed; });
  }
  return {};
}

bool has_halves(const Graph& graph) {
  return std::ranges::any_of(graph.values, [](const Value& v) {
    return v.constant && v.constant->encoding == Encoding::kFloat16;
  });
}

}  // namespace

Status read_source(const ConvertOptions& options, Source* source) {
  // Every sentence about the file begins with its name.
  const std::string place = sentence<"\"{}\"">(options.source);
  if (is_folder(options.source)) {
    WXNN_TRY(read_saved_model(options, options.source, source).at(place));
    WXNN_TRY(fix_inputs(options, &source->graph));
    return sort(source->graph).at(place);
  }
  std::string bytes;
  WXNN_TRY(read_file(options.source, &bytes));
  for (const FormatRow& row : kFormats) {
    if (!row.is(options.source, bytes)) continue;
    source->format = row.name;
    source->bytes = bytes.size();
    WXNN_TRY(row.read(options, bytes, source).at(place));
    WXNN_TRY(fix_inputs(options, &source->graph));
    return sort(source->graph).at(place);
  }
  return fail<"{} is no .tflite, model.json, .onnx, .pb or .pbtxt file">(place);
}

Status convert(const ConvertOptions& options, Converted* converted) {
  const auto progress = [&options](const char* step, int percent) {
    if (options.progress != nullptr) options.progress(step, percent);
  };
  Source source;
  progress("reading", 0);
  WXNN_TRY(read_source(options, &source));
  progress("optimising", 40);
  Graph& graph = source.graph;
  converted->format = source.format;
  converted->source_bytes = source.bytes;
  converted->source_nodes = static_cast<int>(graph.nodes.size());
  converted->notes = source.notes;
  const bool halves = source.halves || has_halves(graph);
  WXNN_TRY(pick_outputs(options, &graph));
  WXNN_TRY(set_shapes(options, source.format == "ONNX", &graph));
  bool dilated = false;
  WXNN_TRY(run_passes(graph));
  WXNN_TRY(fold_atrous(graph, &dilated));
  if (dilated) WXNN_TRY(run_passes(graph));  // a bias behind it, a padding before it
  WXNN_TRY(find_gelu(graph));
  constexpr size_t kFree = 1 << 20;
  GraphBuilder builder(graph, kFree + 8 * source.bytes);
  converted->inputs = describe(graph, graph.inputs);
  progress("lowering", 60);
  WXNN_TRY(lower(builder));
  converted->outputs = describe(graph, graph.outputs);
  for (const EndpointInfo& o : converted->outputs) {
    if (o.type.shape.is_unknown())
      converted->notes.push_back(
          sentence<"the size of output \"{}\" depends on the data; LiteRT.js wants it settled "
                   "(--output {}=SHAPE, where it is always one)">(o.name, o.name));
  }
  release_file(&graph);
  if (builder.open_batch)
    converted->notes.push_back(
        "the batch stays open; LiteRT.js wants it settled (--input NAME=1,…)");
  converted->nodes = static_cast<int>(graph.nodes.size());
  WriteOptions write;
  write.custom_ops = options.custom_ops;
  write.open_batch = builder.open_batch;
  write.halves = options.f16 ? Halves::kAll : halves ? Halves::kExact : Halves::kNever;
  write.description = "converted by wxnn";
  progress("writing", 80);
  WXNN_TRY(write_tflite(graph, write, &converted->written));
  progress("done", 100);
  return {};
}

}  // namespace wxnn
