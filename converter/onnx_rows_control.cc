// ONNX's If and Scan: a known condition picks its branch; of an unknown one both are computed, or,
// where they differ in size, the result has an If of its own. The turns of a Scan are written out.
#include <algorithm>
#include <array>

#include "converter/onnx_body.h"
#include "converter/onnx_steps.h"

namespace wxnn {

namespace {

// The graph that an attribute holds; null where there is none.
const onnx::GraphProto* body_of(OnnxNode& n, std::string_view name) {
  const onnx::AttributeProto* a = n.find(name);
  return a != nullptr && a->has_g() ? &a->g() : nullptr;
}

Status known_flag(OnnxNode& n, const OnnxTensor& tensor, bool* yes) {
  std::vector<double> numbers;
  WXNN_TRY(n.b.numbers(tensor.value, "condition", &numbers));
  WXNN_CHECK(numbers.size() == 1, "its condition is {}", n.b.shape(tensor.value));
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
  WXNN_CHECK(outputs->size() == n.outputs(), "its {}_branch has {} outputs, the node {}", name,
             outputs->size(), n.outputs());
  return {};
}

// Both branches, and for each output the one that the condition picks.
Status both(OnnxNode& n, int condition, const onnx::GraphProto& yes, const onnx::GraphProto& no) {
  std::vector<OnnxTensor> left, right;
  WXNN_TRY(branch(n, yes, "then", &left));
  WXNN_TRY(branch(n, no, "else", &right));
  int flag = kAbsent;
  WXNN_TRY(n.reshape(condition, {}, &flag));
  std::vector<int> picked(left.size());
  for (size_t i = 0; i < left.size(); ++i) {
    int a = kAbsent, b = kAbsent;
    WXNN_TRY(in_order(n, left[i], &a));
    WXNN_TRY(in_order(n, right[i], &b));
    WXNN_CHECK(n.b.type(a) == n.b.type(b) && !n.b.shape(a).is_unknown(),
               "its branches give {} and {}", n.b.shape(a), n.b.shape(b));
    WXNN_TRY(n.add("SelectV2", {flag, a, b}, {}, &picked[i]));
  }
  for (size_t i = 0; i < picked.size(); ++i) WXNN_TRY(n.out(i, picked[i]));
  return {};
}

// The branches as graphs; what one takes from outside the other takes too, unread.
Status as_if(OnnxNode& n, int condition, const std::array<const onnx::GraphProto*, 2>& branches) {
  constexpr const char* kNames[] = {"/then/", "/else/"};
  std::vector<int> inputs(1), outputs[2], ranks[2];
  std::unique_ptr<OnnxBody> made[2];
  WXNN_TRY(n.reshape(condition, {}, &inputs[0]));
  for (size_t i = 0; i < 2; ++i) {
    made[i] = std::make_unique<OnnxBody>(n.scope(), n.name + kNames[i]);
    Status status = made[i]->import(*branches[i], {}, &outputs[i], &ranks[i]);
    // Sample rates and the like choose a branch once and for all; the other may not fit the sizes.
    if (!status.ok())
      return fail<
          "{} (where the model always goes the other way: --constant, for the input that decides "
          "it)">(status.message());
    WXNN_CHECK(outputs[i].size() == n.outputs(), "a branch has {} outputs, the node {}",
               outputs[i].size(), n.outputs());
    made[i]->graph->outputs = outputs[i];
  }
  WXNN_CHECK(ranks[0] == ranks[1], "its branches differ in their numbers of dimensions");
  for (size_t i = 0; i < 2; ++i) {
    for (const auto& [outside, inside] : made[i]->scope.captures) {
      inputs.push_back(outside);
      made[i]->graph->inputs.push_back(inside);
      made[1 - i]->input("unread", n.b.type(outside));
    }
  }
  std::vector<TensorType> types;
  for (size_t k = 0; k < n.outputs(); ++k) {
    const TensorType& a = made[0]->builder.type(outputs[0][k]);
    const TensorType& b = made[1]->builder.type(outputs[1][k]);
    WXNN_CHECK(a.dtype == b.dtype, "its branches give {} and {}", name_of(a.dtype),
               name_of(b.dtype));
    types.push_back(a.shape == b.shape ? a : TensorType{a.dtype, Shape::unknown()});
  }
  std::vector<std::unique_ptr<Graph>> bodies;
  for (auto& body : made) bodies.push_back(std::move(body->graph));
  std::vector<int> results;
  WXNN_TRY(add_flow_node(n, "If", inputs, std::move(bodies), types, &results));
  for (size_t k = 0; k < results.size(); ++k) {
    if (ranks[0][k] == 0) WXNN_TRY(n.reshape(results[k], {}, &results[k]));
    WXNN_TRY(n.out(k, results[k], identity(ranks[0][k])));
  }
  return {};
}

Status if_node(OnnxNode& n, const OnnxRow&) {
  const onnx::GraphProto *yes = body_of(n, "then_branch"), *no = body_of(n, "else_branch");
  WXNN_CHECK(yes != nullptr && no != nullptr, "has no {}",
             yes == nullptr ? "then_branch" : "else_branch");
  OnnxTensor condition;
  WXNN_TRY(n.any(0, &condition));
  if (n.b.is_known(condition.value)) {
    bool is = false;
    std::vector<OnnxTensor> left;
    WXNN_TRY(known_flag(n, condition, &is));
    WXNN_TRY(is ? branch(n, *yes, "then", &left) : branch(n, *no, "else", &left));
    for (size_t i = 0; i < left.size(); ++i) WXNN_TRY(n.out(i, left[i].value, left[i].perm));
    return {};
  }
  const OnnxScope::Mark before = n.scope().mark();
  if (both(n, condition.value, *yes, *no).ok()) return {};
  n.scope().return_to(before);
  return as_if(n, condition.value, {yes, no});
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
      s.want<"its sequences differ in length">(n.b.shape(v)[0] == length);
      const int part = s.pick(v, 0, t);
      WXNN_TRY(s.done());
      give(part);
    }
    OnnxScope scope(n.scope(), sentence<"{}{}/{}/">(n.name, prefix, t));
    WXNN_TRY(import_body(scope, body, inputs, &outputs));
    WXNN_CHECK(outputs.size() >= run->state.size(), "its body has {} outputs", outputs.size());
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
  const onnx::GraphProto* body = body_of(n, "body");
  WXNN_CHECK(body != nullptr, "has no body");
  const size_t first = batched ? 1 : 0;
  WXNN_CHECK(!batched || !n.has(0), "sequences of different length are not supported");
  const int sequences = n.integer("num_scan_inputs", 0);
  for (const char* name : {"scan_input_axes", "scan_output_axes", "scan_input_directions",
                           "scan_output_directions", "directions"})
    WXNN_CHECK(all_zero(n.list(name)), "{} other than 0 is not supported", name);
  WXNN_CHECK(sequences > 0 && n.inputs() >= first + static_cast<size_t>(sequences),
             "num_scan_inputs {} does not fit its {} inputs", sequences, n.inputs());
  const size_t carried = n.inputs() - first - static_cast<size_t>(sequences);
  Steps s(n);
  std::vector<int> inputs;
  for (size_t i = first; i < n.inputs(); ++i) inputs.push_back(s.in(i));
  for (size_t i = 0; i < inputs.size(); ++i)
    s.want<"its input {} is {}">(
        s.shape(inputs[i]).rank() > (batched ? 1 : 0) || (i < carried && !batched), i,
        s.shape(inputs[i]));
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
    WXNN_TRY(scan_sequence(n, *body, own, batched ? sentence<"/{}">(k) : "", &run));
    std::vector<int> values = run.state;
    for (const auto& scans : run.scans) values.push_back(s.pack(scans, 0));
    results.resize(values.size());
    for (size_t i = 0; i < values.size(); ++i) results[i].push_back(values[i]);
  }
  for (size_t i = 0; i < results.size(); ++i)
    WXNN_TRY(s.out(i, batched ? s.pack(results[i], 0) : results[i][0]));
  return s.done();
}

constexpr OnnxRow kRows[] = {{"If", if_node}, {"Scan", scan}};

}  // namespace

std::span<const OnnxRow> onnx_rows_control() { return kRows; }

}  // namespace wxnn
