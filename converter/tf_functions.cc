#include "converter/tf_functions.h"

#include <algorithm>
#include <charconv>

namespace wxnn {

namespace {

// Outputs by name of operators that have several; all others have one (or one list).
struct OutputsRow {
  std::string_view op;
  std::initializer_list<std::string_view> names;
};
const OutputsRow kOutputs[] = {
    {"FusedBatchNorm", {"y", "batch_mean", "batch_variance", "reserve_space_1", "reserve_space_2"}},
    {"FusedBatchNormV2",
     {"y", "batch_mean", "batch_variance", "reserve_space_1", "reserve_space_2"}},
    {"FusedBatchNormV3",
     {"y", "batch_mean", "batch_variance", "reserve_space_1", "reserve_space_2",
      "reserve_space_3"}},
    {"Merge", {"output", "value_index"}},
    {"MaxPoolWithArgmax", {"output", "argmax"}},
    {"NonMaxSuppressionV4", {"selected_indices", "valid_outputs"}},
    {"NonMaxSuppressionV5", {"selected_indices", "selected_scores", "valid_outputs"}},
    {"RefMerge", {"output", "value_index"}},
    {"Switch", {"output_false", "output_true"}},
    {"TensorListPopBack", {"output_handle", "tensor"}},
    {"TopK", {"values", "indices"}},
    {"TopKV2", {"values", "indices"}},
    {"Unique", {"y", "idx"}},
    {"UniqueV2", {"y", "idx"}},
};

struct TensorName {
  std::string_view node, output;
  int index = 0;
};

// "node", "node:1", "node:output", "node:output:1"
Status parse(std::string_view text, TensorName* name) {
  const std::string_view whole = text;
  name->node = text.substr(0, text.find(':'));
  text.remove_prefix(std::min(text.size(), name->node.size() + 1));
  const size_t colon = text.rfind(':');
  const std::string_view last = colon == std::string_view::npos ? text : text.substr(colon + 1);
  const bool is_number = !last.empty() && last.find_first_not_of("0123456789") == last.npos;
  if (is_number) {
    const auto [end, error] = std::from_chars(last.data(), last.data() + last.size(), name->index);
    constexpr int kMost = 10000;
    WXNN_CHECK(error == std::errc() && name->index < kMost, "\"{}\" names no tensor", whole);
    text = colon == std::string_view::npos ? std::string_view() : text.substr(0, colon);
  }
  name->output = text;
  return {};
}

bool is_call(std::string_view op) {
  return op == "PartitionedCall" || op == "StatefulPartitionedCall";
}

}  // namespace

TfFlattener::TfFlattener(const tf::GraphDef& graph, const tf::FunctionDef* body) : graph_(graph) {
  for (const auto& f : graph.library().function()) functions_[f.signature().name()] = &f;
  frames_.emplace_back();
  frames_[0].body = body;
  status_ = fill(frames_[0], body != nullptr ? body->node_def() : graph.node());
}

Status TfFlattener::fill(Frame& frame,
                         const google::protobuf::RepeatedPtrField<tf::NodeDef>& nodes) {
  // Functions that call each other twice would double at every level.
  constexpr size_t kMostNodes = 500000;
  opened_ += static_cast<size_t>(nodes.size()) + 1;
  WXNN_CHECK(opened_ <= kMostNodes, "its function calls are more than {} nodes", kMostNodes);
  for (const auto& node : nodes) {
    const bool fresh = frame.nodes.try_emplace(node.name(), &node).second;
    WXNN_CHECK(fresh, "two nodes are called \"{}\"", node.name());
  }
  if (frame.body == nullptr) return {};
  int count = 0;
  for (const auto& arg : frame.body->signature().input_arg())
    frame.parameters[arg.name()] = count++;
  return {};
}

const tf::FunctionDef* TfFlattener::function_of(const tf::NodeDef& node) const {
  std::string_view name = node.op();
  if (is_call(name)) {
    const auto f = node.attr().find("f");
    if (f == node.attr().end()) return nullptr;
    name = f->second.func().name();
  }
  const auto at = functions_.find(name);
  return at == functions_.end() ? nullptr : at->second;
}

Status TfFlattener::open(const tf::FunctionDef* body, Frame* caller, const tf::NodeDef* call,
                         Frame** frame) {
  Frame*& known = caller->callees[call];
  *frame = known;
  if (known != nullptr) return {};
  constexpr int kDeepest = 64;
  WXNN_CHECK(caller->depth < kDeepest,
             "function \"{}\" is called {} levels deep: it may call itself",
             body->signature().name(), kDeepest);
  frames_.emplace_back();
  *frame = known = &frames_.back();
  known->body = body;
  known->prefix = caller->prefix + call->name() + "/";
  known->caller = caller;
  known->call = call;
  known->depth = caller->depth + 1;
  const auto f = call->attr().find("f");
  known->attrs = is_call(call->op()) ? &f->second.func().attr() : &call->attr();
  return fill(*known, body->node_def());
}

Status TfFlattener::resolve(Frame* frame, std::string_view tensor, int depth, std::string* flat) {
  constexpr int kLongest = 2000;
  WXNN_CHECK(depth < kLongest, "tensor \"{}\" goes through calls without end", tensor);
  TensorName name;
  WXNN_TRY(parse(tensor, &name));
  const auto parameter = frame->parameters.find(name.node);
  if (parameter != frame->parameters.end()) {
    if (frame->caller == nullptr) {
      *flat = name.node;
      return {};
    }
    int k = parameter->second;
    for (const std::string& input : frame->call->input()) {
      if (input.starts_with('^') || k-- != 0) continue;
      return resolve(frame->caller, input, depth + 1, flat);
    }
    return fail<"node \"{}\" ({}): gives its function no input \"{}\"">(
        frame->call->name(), frame->call->op(), name.node);
  }
  const auto at = frame->nodes.find(name.node);
  WXNN_CHECK(at != frame->nodes.end(), "there is no tensor \"{}\"", tensor);
  const tf::NodeDef& node = *at->second;
  if (const tf::FunctionDef* body = function_of(node)) {
    const auto& outputs = body->signature().output_arg();
    int k = name.index;
    for (int i = 0; i < outputs.size(); ++i) k = outputs[i].name() == name.output ? i : k;
    WXNN_CHECK(k < outputs.size(), "function \"{}\" has no output {}", body->signature().name(), k);
    const auto ret = body->ret().find(outputs[k].name());
    WXNN_CHECK(ret != body->ret().end(), "function \"{}\" does not return \"{}\"",
               body->signature().name(), outputs[k].name());
    Frame* callee = nullptr;
    WXNN_TRY(open(body, frame, &node, &callee));
    return resolve(callee, ret->second, depth + 1, flat);
  }
  int index = name.index;
  const auto* row = std::ranges::find(kOutputs, node.op(), &OutputsRow::op);
  if (!name.output.empty() && row != std::end(kOutputs)) {
    const auto out = std::ranges::find(row->names, name.output);
    WXNN_CHECK(out != row->names.end(), "node \"{}\" ({}): has no output \"{}\"", node.name(),
               node.op(), name.output);
    index += static_cast<int>(out - row->names.begin());
  }
  if (!std::exchange(frame->needed[&node], true)) jobs_.push_back({frame, &node});
  *flat = sentence<"{}{}">(frame->prefix, name.node);
  if (index != 0) *flat += sentence<":{}">(index);
  return {};
}

Status TfFlattener::want(const std::string& tensor, std::string* flat) {
  if (!status_.ok()) return status_;
  return resolve(&frames_[0], tensor, 0, flat);
}

Status TfFlattener::finish(std::vector<FlatNode>* nodes) {
  while (!jobs_.empty()) {
    const Job job = jobs_.back();
    jobs_.pop_back();
    FlatNode node{.proto = job.node, .name = job.frame->prefix + job.node->name()};
    node.call = job.frame->attrs;
    for (const std::string& input : job.node->input()) {
      if (input.starts_with('^')) continue;
      node.inputs.emplace_back();
      WXNN_TRY(resolve(job.frame, input, 0, &node.inputs.back()));
    }
    nodes->push_back(std::move(node));
  }
  return {};
}

}  // namespace wxnn
