#include <algorithm>

#include "core/build_parts.h"
#include "formats/tflite_graph_reader.h"

namespace wxnn {

namespace {

constexpr int kMostDepth = 32;

}  // namespace

Status TfliteGraphReader::read_body(size_t index, std::unique_ptr<Graph>* graph) {
  WXNN_TRY(check_subgraph(index));
  *graph = std::make_unique<Graph>();
  TfliteGraphReader body(reading_, index, depth_ + 1, graph->get());
  WXNN_TRY(body.run());
  bodies_.push_back(std::move(body.uses_));
  return {};
}

Status TfliteGraphReader::check_subgraph(size_t index) {
  const uint32_t count = reading_.model.subgraphs()->size();
  WXNN_CHECK(index < count, "refers to subgraph ", index, " of ", count);
  const auto* tensors = reading_.model.subgraphs()->Get(static_cast<uint32_t>(index))->tensors();
  reading_.tensors += 1 + (tensors == nullptr ? 0 : tensors->size());
  WXNN_CHECK(depth_ < kMostDepth && reading_.tensors <= reading_.file.size(),
             "uses subgraphs inside each other too often; recursion is not supported");
  return {};
}

// The nodes of a subgraph among those of this graph, on the operator's inputs. `once`: CALL_ONCE,
// whose variables get their first values.
Status TfliteGraphReader::read_inside(size_t i, size_t index, bool once) {
  WXNN_TRY(check_subgraph(index));
  TfliteGraphReader inner(reading_, index, depth_ + 1, &graph_);
  inner.once_ = once;
  inner.whole_ = whole_;
  WXNN_TRY(inner.find_rows());
  const tflite::Operator& op = operator_at(i);
  const Ints* const given[] = {op.inputs(), op.outputs()};
  const Ints* const declared[] = {inner.subgraph_.inputs(), inner.subgraph_.outputs()};
  for (int side = 0; side < 2; ++side) {
    WXNN_TRY(inner.check_indices(declared[side], false, "a subgraph"));
    const uint32_t ours = given[side] == nullptr ? 0 : given[side]->size();
    const uint32_t theirs = declared[side] == nullptr ? 0 : declared[side]->size();
    WXNN_CHECK(ours == theirs || once, "has ", ours, side == 0 ? " inputs" : " outputs",
               ", its subgraph ", theirs);
    if (side == 1) {
      for (size_t k = 0; k < inner.rows_.size(); ++k) WXNN_TRY(inner.read_operator(k));
    }
    for (uint32_t k = 0; k < std::min(ours, theirs); ++k) {
      int value = kAbsent;
      if (side == 0) inner.tensors_.mark_written(declared[0]->Get(k));
      if (side == 0) WXNN_TRY(tensors_.value(given[0]->Get(k), &value));
      if (side == 0) inner.tensors_.alias(declared[0]->Get(k), value);
      if (side == 1) WXNN_TRY(inner.tensors_.value(declared[1]->Get(k), &value));
      if (side == 1) tensors_.alias(given[1]->Get(k), value);
    }
  }
  return {};
}

// Variables, and subgraphs whose nodes become this graph's.
Status TfliteGraphReader::read_shared(size_t i, Code code) {
  if (code == Code::VAR_HANDLE) return {};
  if (code == Code::READ_VARIABLE || code == Code::ASSIGN_VARIABLE) return use_variable(i, code);
  AttrValue index;
  WXNN_TRY(option(i, code == Code::CALL_ONCE ? "i0" : "i1", &index));
  WXNN_CHECK(index.numbers[0] >= 0, "refers to subgraph ", static_cast<int>(index.numbers[0]));
  return read_inside(i, static_cast<size_t>(index.numbers[0]), code == Code::CALL_ONCE);
}

Status TfliteGraphReader::option(size_t i, std::string_view source, AttrValue* value) {
  TfliteOperator node(*this, graph_, tensors_, reading_.verifier, operator_at(i), {});
  return node.read(source, value);
}

// Of VAR_HANDLE and ASSIGN_VARIABLE, before anything is built.
Status TfliteGraphReader::find_variable(size_t i, Code code) {
  if (code == Code::ASSIGN_VARIABLE) {
    int variable = kAbsent;
    WXNN_TRY(variable_of(i, &variable));
    if (!once_) reading_.variables.mark_assigned(variable);
    return {};
  }
  const Ints* outputs = operator_at(i).outputs();
  AttrValue name;
  WXNN_TRY(option(i, "s0", &name));
  if (!name.text.empty()) name.text += '/';
  WXNN_TRY(option(i, "s1", &name));
  WXNN_CHECK(outputs != nullptr && outputs->size() == 1, "should have one output");
  handles_.resize(tensors_.size(), kAbsent);
  handles_[outputs->Get(0)] = reading_.variables.find(name.text);
  return {};
}

Status TfliteGraphReader::variable_of(size_t i, int* variable) const {
  const Ints* inputs = operator_at(i).inputs();
  const bool there = inputs != nullptr && inputs->size() != 0 && inputs->Get(0) != kAbsent;
  *variable = there && !handles_.empty() ? handles_[inputs->Get(0)] : kAbsent;
  WXNN_CHECK(*variable != kAbsent, "its variable comes from no VAR_HANDLE of this subgraph");
  return {};
}

Status TfliteGraphReader::use_variable(size_t i, Code code) {
  const tflite::Operator& op = operator_at(i);
  int variable = kAbsent;
  int value = kAbsent;
  WXNN_TRY(variable_of(i, &variable));
  WXNN_CHECK(!once_ || whole_->depth_ == 0,
             "begins a variable in the body of a loop or a condition, which is not supported");
  if (code == Code::READ_VARIABLE) {
    WXNN_CHECK(op.outputs() != nullptr && op.outputs()->size() == 1, "should have one output");
    WXNN_TRY(value_of(variable, &value));
    tensors_.alias(op.outputs()->Get(0), value);
    return {};
  }
  const bool given = op.inputs()->size() == 2 && op.inputs()->Get(1) != kAbsent;
  WXNN_CHECK(given, "should have two inputs");
  WXNN_TRY(tensors_.value(op.inputs()->Get(1), &value));
  assign(variable, value);
  return {};
}

// What the bodies assign is no constant, also where it is read before them.
void TfliteGraphReader::scan_bodies(size_t i) {
  for (std::string_view source : {"i0", "i1"}) {
    AttrValue index;
    Graph nowhere;
    if (!option(i, source, &index).ok() || index.numbers[0] < 0) continue;
    const auto subgraph = static_cast<size_t>(index.numbers[0]);
    if (!check_subgraph(subgraph).ok()) continue;  // reading it says why
    static_cast<void>(TfliteGraphReader(reading_, subgraph, depth_ + 1, &nowhere).find_rows().ok());
  }
}

TfliteGraphReader::Use& TfliteGraphReader::use_of(int variable) {
  const auto at = std::ranges::find(uses_, variable, &Use::variable);
  if (at != uses_.end()) return *at;
  const int value =
      graph_.add_value(reading_.variables.name(variable), {DType::kFloat32, Shape::unknown()});
  graph_.inputs.push_back(value);
  uses_.push_back({variable, value, value});
  return uses_.back();
}

Status TfliteGraphReader::value_of(int variable, int* value) {
  if (whole_->depth_ == 0) return reading_.variables.read(graph_, variable, value);
  *value = whole_->use_of(variable).current;
  return {};
}

void TfliteGraphReader::assign(int variable, int value) {
  if (whole_->depth_ == 0) return reading_.variables.assign(variable, value, once_);
  Use& use = whole_->use_of(variable);
  use.current = value;
  use.assigned = true;
}

// A While, or If, whose bodies use variables takes them and gives them back.
Status TfliteGraphReader::hand_variables(Node* node) {
  std::vector<std::vector<Use>> bodies = std::move(bodies_);
  bodies_.clear();
  std::vector<Use> all;
  for (size_t b = 0; b < bodies.size(); ++b) {
    std::vector<int>& inputs = node->bodies[b]->inputs;
    inputs.resize(inputs.size() - bodies[b].size());  // and again in the order of `all`
    for (const Use& use : bodies[b]) {
      auto at = std::ranges::find(all, use.variable, &Use::variable);
      if (at == all.end()) at = all.insert(at, use);
      at->assigned |= use.assigned;
    }
  }
  const bool loop = std::string_view(node->op->name) == "While";
  for (const Use& use : all) {
    const std::string& name = reading_.variables.name(use.variable);
    const bool given_back = loop || use.assigned;
    int value = kAbsent;
    WXNN_TRY(value_of(use.variable, &value));
    node->inputs.push_back(value);
    for (size_t b = 0; b < bodies.size(); ++b) {
      Graph& body = *node->bodies[b];
      auto at = std::ranges::find(bodies[b], use.variable, &Use::variable);
      const bool there = at != bodies[b].end();
      const int input =
          there ? at->input : body.add_value(name, {DType::kFloat32, Shape::unknown()});
      body.inputs.push_back(input);
      if (!given_back || (loop && b == 0)) continue;
      WXNN_CHECK(body.outputs.size() == node->outputs.size(), "has ", node->outputs.size(),
                 " outputs, its subgraph ", body.outputs.size());
      body.outputs.push_back(there ? at->current : input);
    }
    if (!given_back) continue;
    node->outputs.push_back(graph_.add_value(name, {DType::kFloat32, Shape::unknown()}));
    if (use.assigned) assign(use.variable, node->outputs.back());
  }
  return {};
}

}  // namespace wxnn
