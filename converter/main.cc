// The converter's program: reads the command line, converts, says what happened.
#include <google/protobuf/stubs/logging.h>

#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "converter/check.h"
#include "converter/convert.h"
#include "converter/files.h"
#include "converter/html_report.h"
#include "converter/report.h"

namespace {

// How the user started this.
#ifdef __EMSCRIPTEN__
#define WXNN_PROGRAM "npx wxnn convert"
#else
#define WXNN_PROGRAM "tools/convert"
#endif

constexpr const char* kUsage = WXNN_PROGRAM
    R"( MODEL -o OUT.tflite [OPTIONS]    makes a .tflite file, without Python

MODEL is one of
  model.json              a tfjs graph or layers model, its weight files beside it
  model.onnx              ONNX, opset 7 to 21; weights inside or in files beside it
  model.pb, model.pbtxt   a frozen TensorFlow graph
  folder                  a SavedModel (saved_model.pb and variables/)
  model.tflite            to shrink it, or to fuse what can be fused

The result runs in wxnn and in LiteRT. Batch norms are folded, biases and activations fused, constants
computed. Inputs and outputs keep their names, order, shapes and layout.

  -o FILE                 where the result goes; without it nothing is written (--ops and --check still work)
  --f16                   store weights as float16: half the size. Each number moves by at most 1/2048 of its
                          tensor's largest; biases and tensors under 1 KB stay float32. Prints the error of each
  --input NAME=1,224,224,3   the size of an input that the model leaves open; may be repeated
  --constant NAME=1,2,2   an input that always has these values (a shape, axes, scales) and is none any more
  --output NAME[=1,100]   keep this output only; may be repeated, their order is the result's. A shape is for
                          one whose size depends on the data, and is always this
  --nhwc                  ONNX: image inputs and outputs become [N,H,W,C], and their transposes go
  --custom-ops            write operators that TensorFlow Lite lacks for wxnn alone; LiteRT will refuse the file
  --ops                   list the operators of the result, with their counts
  --check                 run source and result on the same random input, and print the largest difference
  --report FILE           sizes, operators, multiply-adds, memory, errors and differences as JSON
  --json                  the same on standard output, instead of text
  --html FILE             the graph with the time of each node on this machine, as one page
  -h, --help              this

Examples
  )" WXNN_PROGRAM R"( model.json -o model.tflite --f16
  )" WXNN_PROGRAM R"( saved_model/ -o model.tflite --html model.html
  )" WXNN_PROGRAM R"( detector.onnx -o detector.tflite --input images=1,3,640,640 --check
)";

struct Arguments {
  wxnn::ConvertOptions convert;
  std::string output, report, html;
  bool ops = false, check = false, json = false, help = false;
};

wxnn::Status parse_shape(std::string_view text, wxnn::Shape* shape) {
  const std::string_view whole = text;
  while (!text.empty()) {
    const size_t end = std::min(text.find(','), text.size());
    int32_t d = 0;
    const char *const start = text.data(), *const stop = start + end;
    const auto [at, error] = std::from_chars(start, stop, d);
    const bool good =
        error == std::errc() && at == stop && d > 0 && shape->rank() < wxnn::Shape::kMaxRank;
    WXNN_CHECK(good, "\"{}\" is no shape: say for example 1,224,224,3", whole);
    shape->push_back(d);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  WXNN_CHECK(shape->fits(), "a tensor of {} does not fit in memory", *shape);
  return {};
}

wxnn::Status take_input(Arguments* a, std::string_view value) {
  const size_t equals = value.rfind('=');
  WXNN_CHECK(equals != std::string_view::npos,
             "--input wants NAME=SHAPE, for example --input x=1,224,224,3");
  wxnn::Shape shape;
  WXNN_TRY(parse_shape(value.substr(equals + 1), &shape));
  a->convert.inputs.push_back({std::string(value.substr(0, equals)), shape});
  return {};
}

wxnn::Status take_output(Arguments* a, std::string_view value) {
  const size_t equals = std::min(value.rfind('='), value.size());
  wxnn::Shape shape = wxnn::Shape::unknown();
  if (equals < value.size()) {
    shape = {};
    WXNN_TRY(parse_shape(value.substr(equals + 1), &shape));
  }
  a->convert.outputs.push_back({std::string(value.substr(0, equals)), shape});
  return {};
}

wxnn::Status take_constant(Arguments* a, std::string_view value) {
  const size_t equals = value.rfind('=');
  WXNN_CHECK(equals != std::string_view::npos,
             "--constant wants NAME=NUMBERS, for example --constant scales=1,1,2,2");
  std::vector<double> numbers;
  std::string_view text = value.substr(equals + 1);
  while (!text.empty()) {
    const size_t end = std::min(text.find(','), text.size());
    const std::string number(text.substr(0, end));
    char* stop = nullptr;
    numbers.push_back(std::strtod(number.c_str(), &stop));
    WXNN_CHECK(!number.empty() && *stop == '\0', "\"{}\" is no number", number);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  a->convert.constants.push_back({std::string(value.substr(0, equals)), std::move(numbers)});
  return {};
}

// An option with a value, or a flag.
struct OptionRow {
  std::string_view name;
  wxnn::Status (*take)(Arguments*, std::string_view value);
  bool has_value = true;
};
#define FLAG(field)                    \
  [](Arguments* a, std::string_view) { \
    a->field = true;                   \
    return wxnn::Status();             \
  },                                   \
      false
constexpr OptionRow kOptions[] = {
    {"-o",
     [](Arguments* a, std::string_view v) {
       a->output = v;
       return wxnn::Status();
     }},
    {"--input", take_input},
    {"--constant", take_constant},
    {"--output", take_output},
    {"--report",
     [](Arguments* a, std::string_view v) {
       a->report = v;
       return wxnn::Status();
     }},
    {"--html",
     [](Arguments* a, std::string_view v) {
       a->html = v;
       return wxnn::Status();
     }},
    {"--json", FLAG(json)},
    {"--f16", FLAG(convert.f16)},
    {"--custom-ops", FLAG(convert.custom_ops)},
    {"--nhwc", FLAG(convert.nhwc)},
    {"--ops", FLAG(ops)},
    {"--check", FLAG(check)},
    {"-h", FLAG(help)},
    {"--help", FLAG(help)},
};
#undef FLAG

wxnn::Status parse(int count, char** arguments, Arguments* a) {
  for (int i = 1; i < count; ++i) {
    const std::string_view argument = arguments[i];
    const OptionRow* row = nullptr;
    for (const OptionRow& r : kOptions) {
      if (r.name == argument) row = &r;
    }
    if (row == nullptr) {
      WXNN_CHECK(!argument.starts_with('-'), "there is no option {}", argument);
      WXNN_CHECK(a->convert.source.empty(), "one model at a time: \"{}\" or \"{}\"?",
                 a->convert.source, argument);
      a->convert.source = argument;
      continue;
    }
    WXNN_CHECK(!row->has_value || i + 1 < count, "{} wants a value", argument);
    WXNN_TRY(row->take(a, row->has_value ? arguments[++i] : ""));
  }
  WXNN_CHECK(a->help || !a->convert.source.empty(), "which model? (--help explains)");
  return {};
}

// A line that is written over, where somebody watches and the file takes a while.
void show_progress(const char* step, int percent) {
  constexpr int kWidth = 24;
  const int filled = percent * kWidth / 100;
  std::fprintf(stderr, "\r[%.*s%*s] %3d%% %-12s", filled, "########################",
               kWidth - filled, "", percent, step);
  if (percent == 100) std::fprintf(stderr, "\r%*s\r", kWidth + 24, "");
}

bool is_watched(const std::string& source) {
  constexpr uintmax_t kLarge = 4 << 20;
  std::error_code error;
  uintmax_t bytes = 0;
  if (std::filesystem::is_directory(source, error)) {
    bytes = kLarge;
  } else {
    // Weights of a model.json lie beside it.
    const auto folder = std::filesystem::path(source).parent_path();
    for (const auto& entry :
         std::filesystem::directory_iterator(folder.empty() ? "." : folder, error)) {
      const auto size = entry.file_size(error);
      if (!error) bytes += size;
    }
  }
  return isatty(STDERR_FILENO) != 0 && bytes >= kLarge;
}

wxnn::Status run(const Arguments& a) {
  wxnn::Converted converted;
  wxnn::ConvertOptions options = a.convert;
  if (is_watched(options.source)) options.progress = show_progress;
  WXNN_TRY(wxnn::convert(options, &converted));
  const std::string& bytes = converted.written.bytes;
  if (!a.output.empty()) WXNN_TRY(wxnn::write_file(a.output, bytes));
  std::vector<wxnn::OutputDifference> differences;
  if (a.check) WXNN_TRY(wxnn::check_conversion(a.convert, bytes, &differences));
  wxnn::ModelCost cost;
  const bool wanted = a.ops || a.json || !a.report.empty() || !a.html.empty();
  constexpr int kRuns = 5;
  if (wanted) WXNN_TRY(wxnn::measure(bytes, a.html.empty() ? 0 : kRuns, &cost));
  const std::string report = wxnn::report_json(converted, differences, wanted ? &cost : nullptr);
  if (a.json) {
    std::fputs(report.c_str(), stdout);
  } else {
    std::fputs(wxnn::summary(converted, a.ops).c_str(), stdout);
    if (wanted) std::fputs(wxnn::summary(cost).c_str(), stdout);
    std::fputs(wxnn::summary(differences).c_str(), stdout);
  }
  if (!a.html.empty())
    WXNN_TRY(wxnn::write_file(a.html, wxnn::html_report(a.convert.source, converted, cost)));
  if (a.report.empty()) return {};
  return wxnn::write_file(a.report, report);
}

}  // namespace

int main(int count, char** arguments) {
  google::protobuf::SetLogHandler(nullptr);  // of a damaged file our sentence says it all
  Arguments a;
  wxnn::Status status = parse(count, arguments, &a);
  if (status.ok() && a.help) {
    std::fputs(kUsage, stdout);
    return 0;
  }
  if (status.ok()) status = run(a);
  if (status.ok()) return 0;
  std::fprintf(stderr, WXNN_PROGRAM ": %s.\n", std::string(status.message()).c_str());
  return 1;
}
