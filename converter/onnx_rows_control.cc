// ONNX's If, Loop and Scan, without control flow in the result: a known condition picks its branch,
// of an unknown one both are computed, and loops of a known number of turns are written out.
#include <algorithm>

#include "converter/onnx_reader.h"
#include "converter/onnx_steps.h"

namespace wxnn {

namespace {

Status body_of(OnnxNode& n, std::string_view name, const onnx::GraphProto** body) {
  const onnx::AttributeProto* a = n.find(name);
  WXNN_CHECK(a != nullptr && a->has_g(), "has no ", name);
  *body = &a->g();
  return {};
}

Status known_flag(OnnxNode& n, const OnnxTensor& tensor, bool* yes) {
  std::vector<double> numbers;
  WXNN_TRY(n.b.numbers(tensor.value, "condition", &numbers));
  WXNN_CHECK(numbers.size() == 1, "its condition is ", n.b.shape(tensor.value));
  *yes = numbers[0] != 0;
  return {};
}

Status in_order(OnnxNode& n, const OnnxTensor& tensor, int* value) {
  return n.scope().layout(tensor, identity(static_cast<int>(tensor.perm.size())), value);
}

Status branch(OnnxNode& n, const onnx::GraphProto& body, const char* name,
              std::vector<OnnxTensor>* outputs) {
  OnnxScope scope(n.scope(), n.name + "/" + name + "/");
  WXNN_TRY(import_body(scope, body, {}, outputs));
  WXNN_CHECK(outputs->size() == n.outputs(), "its ", name, "_branch has ", outputs->size(),
             " outputs, the node ", n.outputs());
  return {};
}

Status if_node(OnnxNode& n, const OnnxRow&) {
  const onnx::GraphProto *yes = nullptr, *no = nullptr;
  WXNN_TRY(body_of(n, "then_branch", &yes));
  WXNN_TRY(body_of(n, "else_branch", &no));
  OnnxTensor condition;
  WXNN_TRY(n.any(0, &condition));
  std::vector<OnnxTensor> left, right;
  if (n.b.is_known(condition.value)) {
    bool is = false;
    WXNN_TRY(known_flag(n, condition, &is));
    WXNN_TRY(is ? branch(n, *yes, "then", &left) : branch(n, *no, "else", &left));
    for (size_t i = 0; i < left.size(); ++i) WXNN_TRY(n.out(i, left[i].value, left[i].perm));
    return {};
  }
  WXNN_TRY(branch(n, *yes, "then", &left));
  WXNN_TRY(branch(n, *no, "else", &right));
  int flag = kAbsent;
  WXNN_CHECK(n.b.shape(condition.value).elements() == 1, "its condition is ",
             n.b.shape(condition.value));
  WXNN_TRY(n.reshape(condition.value, {}, &flag));
  for (size_t i = 0; i < left.size(); ++i) {
    int a = kAbsent, b = kAbsent, y = kAbsent;
    WXNN_TRY(in_order(n, left[i], &a));
    WXNN_TRY(in_order(n, right[i], &b));
    WXNN_CHECK(n.b.type(a) == n.b.type(b), "its branches give ", n.b.shape(a), " and ",
               n.b.shape(b),
               ": of different shapes only one with a condition known beforehand is supported");
    WXNN_TRY(n.add("SelectV2", {flag, a, b}, {}, &y));
    WXNN_TRY(n.out(i, y));
  }
  return {};
}

// Turns of a loop whose count nobody states.
constexpr double kMostTurns = 10000;

Status loop(OnnxNode& n, const OnnxRow&) {
  const onnx::GraphProto* body = nullptr;
  WXNN_TRY(body_of(n, "body", &body));
  double most = kMostTurns;
  if (n.has(0)) {
    std::vector<double> count;
    WXNN_TRY(n.numbers(0, "number of turns", &count));
    WXNN_CHECK(count.size() == 1, "its number of turns is no single number");
    most = count[0];
  }
  bool goes_on = true;
  if (n.has(1)) {
    OnnxTensor condition;
    WXNN_TRY(n.any(1, &condition));
    WXNN_TRY(known_flag(n, condition, &goes_on));
  }
  std::vector<OnnxTensor> state(n.inputs() > 2 ? n.inputs() - 2 : 0);
  for (size_t i = 0; i < state.size(); ++i) WXNN_TRY(n.any(i + 2, &state[i]));
  const int carried = static_cast<int>(state.size());
  WXNN_CHECK(body->output_size() >= 1 + carried, "its body has ", body->output_size(), " outputs");
  std::vector<std::vector<int>> scans(body->output_size() - 1 - carried);
  for (double turn = 0; turn < most && goes_on; ++turn) {
    WXNN_CHECK(n.has(0) || turn + 1 < kMostTurns, "does not end");
    OnnxScope scope(n.scope(), sentence(n.name, "/", static_cast<int64_t>(turn), "/"));
    int number = kAbsent, yes = kAbsent;
    WXNN_TRY(n.scalar(DType::kInt32, turn, &number));
    WXNN_TRY(n.scalar(DType::kBool, 1, &yes));
    std::vector<OnnxTensor> inputs = {{number, {}}, {yes, {}}}, outputs;
    inputs.insert(inputs.end(), state.begin(), state.end());
    WXNN_TRY(import_body(scope, *body, inputs, &outputs));
    WXNN_TRY(known_flag(n, outputs[0], &goes_on));
    state.assign(outputs.begin() + 1, outputs.begin() + 1 + carried);
    for (size_t k = 0; k < scans.size(); ++k) {
      scans[k].push_back(kAbsent);
      WXNN_TRY(in_order(n, outputs[1 + carried + k], &scans[k].back()));
    }
  }
  for (size_t i = 0; i < state.size(); ++i) WXNN_TRY(n.out(i, state[i].value, state[i].perm));
  for (size_t k = 0; k < scans.size(); ++k) {
    WXNN_CHECK(!scans[k].empty(), "makes no turn, and its output has no shape");
    int y = kAbsent;
    WXNN_TRY(n.add("Pack", scans[k], {{"axis", 0}}, &y));
    WXNN_TRY(n.out(state.size() + k, y));
  }
  return {};
}

// One sequence's run through a Scan.
struct ScanRun {
  std::vector<int> state;
  std::vector<std::vector<int>> scans;
};

Status scan_sequence(OnnxNode& n, const onnx::GraphProto& body, const std::vector<int>& sequences,
                     const std::string& prefix, ScanRun* run) {
  Steps s(n);
  const int32_t length = n.b.shape(sequences[0])[0];
  WXNN_CHECK(length > 0, "its sequence is empty");
  for (int32_t t = 0; t < length; ++t) {
    std::vector<OnnxTensor> inputs, outputs;
    const auto give = [&](int v) { inputs.push_back({v, identity(n.b.shape(v).rank())}); };
    for (const int v : run->state) give(v);
    for (const int v : sequences) {
      s.want(n.b.shape(v)[0] == length, "its sequences differ in length");
      const int part = s.pick(v, 0, t);
      WXNN_TRY(s.done());
      give(part);
    }
    OnnxScope scope(n.scope(), sentence(n.name, prefix, "/", t, "/"));
    WXNN_TRY(import_body(scope, body, inputs, &outputs));
    WXNN_CHECK(outputs.size() >= run->state.size(), "its body has ", outputs.size(), " outputs");
    run->scans.resize(outputs.size() - run->state.size());
    for (size_t i = 0; i < outputs.size(); ++i) {
      int v = kAbsent;
      WXNN_TRY(in_order(n, outputs[i], &v));
      if (i < run->state.size())
        run->state[i] = v;
      else
        run->scans[i - run->state.size()].push_back(v);
    }
  }
  return {};
}

bool all_zero(const std::vector<double>& list) {
  return std::ranges::all_of(list, [](double d) { return d == 0; });
}

// Opset 8 has a batch in front, and lengths as its first input.
Status scan(OnnxNode& n, const OnnxRow&) {
  constexpr int64_t kBatchedUntil = 8;
  const bool batched = n.opset <= kBatchedUntil;
  const onnx::GraphProto* body = nullptr;
  WXNN_TRY(body_of(n, "body", &body));
  const size_t first = batched ? 1 : 0;
  WXNN_CHECK(!batched || !n.has(0), "sequences of different length are not supported");
  const int sequences = n.integer("num_scan_inputs", 0);
  for (const char* name : {"scan_input_axes", "scan_output_axes", "scan_input_directions",
                           "scan_output_directions", "directions"})
    WXNN_CHECK(all_zero(n.list(name)), name, " other than 0 is not supported");
  WXNN_CHECK(sequences > 0 && n.inputs() >= first + static_cast<size_t>(sequences),
             "num_scan_inputs ", sequences, " does not fit its ", n.inputs(), " inputs");
  const size_t carried = n.inputs() - first - static_cast<size_t>(sequences);
  Steps s(n);
  std::vector<int> inputs;
  for (size_t i = first; i < n.inputs(); ++i) inputs.push_back(s.in(i));
  for (size_t i = 0; i < inputs.size(); ++i)
    s.want(s.shape(inputs[i]).rank() > (batched ? 1 : 0) || (i < carried && !batched), "its input ",
           i, " is ", s.shape(inputs[i]));
  WXNN_TRY(s.done());
  const int32_t batch = batched ? n.b.shape(inputs[0])[0] : 1;
  std::vector<std::vector<int>> results;
  for (int32_t k = 0; k < batch; ++k) {
    std::vector<int> own = inputs;
    for (int& v : own) v = batched ? s.pick(v, 0, k) : v;
    WXNN_TRY(s.done());
    ScanRun run;
    run.state.assign(own.begin(), own.begin() + static_cast<ptrdiff_t>(carried));
    own.erase(own.begin(), own.begin() + static_cast<ptrdiff_t>(carried));
    WXNN_TRY(scan_sequence(n, *body, own, batched ? sentence("/", k) : "", &run));
    std::vector<int> values = run.state;
    for (const auto& scans : run.scans) values.push_back(s.pack(scans, 0));
    results.resize(values.size());
    for (size_t i = 0; i < values.size(); ++i) results[i].push_back(values[i]);
  }
  for (size_t i = 0; i < results.size(); ++i)
    WXNN_TRY(s.out(i, batched ? s.pack(results[i], 0) : results[i][0]));
  return s.done();
}

constexpr OnnxRow kRows[] = {{"If", if_node}, {"Loop", loop}, {"Scan", scan}};

}  // namespace

std::span<const OnnxRow> onnx_rows_control() { return kRows; }

}  // namespace wxnn
