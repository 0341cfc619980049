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
  return TfliteGraphReader(reading_, index, depth_ + 1, graph->get()).run();
}

Status TfliteGraphReader::check_subgraph(size_t index) {
  const uint32_t count = subgraphs_of(reading_.model).size();
  WXNN_CHECK(index < count, "refers to subgraph {} of {}", index, count);
  const auto* subgraph = subgraphs_of(reading_.model).Get(static_cast<uint32_t>(index));
  reading_.tensors += 1 + tables_in<tflite::Tensor>(subgraph, tflite::SubGraph::VT_TENSORS).size();
  WXNN_CHECK(depth_ < kMostDepth && reading_.tensors <= reading_.file.bytes,
             "uses subgraphs inside each other too often; recursion is not supported");
  return {};
}

// The nodes of a subgraph among those of this graph, on the operator's inputs. `once`: CALL_ONCE,
// whose variables get their first values.
Status TfliteGraphReader::read_inside(size_t i, size_t index, bool once) {
  WXNN_TRY(check_subgraph(index));
  TfliteGraphReader inner(reading_, index, depth_ + 1, &graph_);
  inner.once_ = once;
  inner.is_inside_ = is_inside_ || depth_ == 0;
  WXNN_TRY(inner.find_rows());
  const tflite::Operator& op = operator_at(i);
  const TfliteInts* const given[] = {&inputs_of(op), &outputs_of(op)};
  const TfliteInts* const declared[] = {&ints_in(&inner.subgraph_, tflite::SubGraph::VT_INPUTS),
                                        &ints_in(&inner.subgraph_, tflite::SubGraph::VT_OUTPUTS)};
  for (int side = 0; side < 2; ++side) {
    WXNN_TRY(inner.check_indices(*declared[side], 0).at("a subgraph"));
    const uint32_t ours = given[side]->size();
    const uint32_t theirs = declared[side]->size();
    WXNN_CHECK(ours == theirs || once, "has {}{}, its subgraph {}", ours,
               side == 0 ? " inputs" : " outputs", theirs);
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
  WXNN_CHECK(index.numbers[0] >= 0, "refers to subgraph {}", static_cast<int>(index.numbers[0]));
  return read_inside(i, static_cast<size_t>(index.numbers[0]), code == Code::CALL_ONCE);
}

Status TfliteGraphReader::option(size_t i, const char* source, AttrValue* value) {
  TfliteOperator node(*this, graph_, tensors_, reading_.file.head, operator_at(i), {});
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
  const TfliteInts& outputs = outputs_of(operator_at(i));
  AttrValue name;
  WXNN_TRY(option(i, "s0", &name));
  if (!name.text.empty()) name.text += '/';
  WXNN_TRY(option(i, "s1", &name));
  WXNN_CHECK(outputs.size() == 1, "should have one output");
  handles_.resize(tensors_.size(), kAbsent);
  const int variable = reading_.variables.find(name.text);
  if (depth_ > 0 && !is_inside_) reading_.variables.mark_in_bodies(variable);
  handles_[outputs.Get(0)] = variable;
  return {};
}

Status TfliteGraphReader::variable_of(size_t i, int* variable) const {
  const TfliteInts& inputs = inputs_of(operator_at(i));
  const bool there = inputs.size() != 0 && inputs.Get(0) != kAbsent;
  *variable = there && !handles_.empty() ? handles_[inputs.Get(0)] : kAbsent;
  WXNN_CHECK(*variable != kAbsent, "its variable comes from no VAR_HANDLE of this subgraph");
  return {};
}

Status TfliteGraphReader::use_variable(size_t i, Code code) {
  const tflite::Operator& op = operator_at(i);
  int variable = kAbsent;
  int value = kAbsent;
  WXNN_TRY(variable_of(i, &variable));
  WXNN_CHECK(!once_ || is_inside_,
             "begins a variable in the body of a loop or a condition, which is not supported");
  if (code == Code::READ_VARIABLE) {
    WXNN_CHECK(outputs_of(op).size() == 1, "should have one output");
    WXNN_TRY(reading_.variables.read(graph_, variable, &value));
    tensors_.alias(outputs_of(op).Get(0), value);
    return {};
  }
  const bool given = inputs_of(op).size() == 2 && inputs_of(op).Get(1) != kAbsent;
  WXNN_CHECK(given, "should have two inputs");
  WXNN_TRY(tensors_.value(inputs_of(op).Get(1), &value));
  reading_.variables.assign(variable, value, once_);
  return {};
}

// Which variables the bodies use, and assign: before anything is read.
void TfliteGraphReader::scan_bodies(size_t i) {
  for (const char* source : {"i0", "i1"}) {
    AttrValue index;
    Graph nowhere;
    if (!option(i, source, &index).ok() || index.numbers[0] < 0) continue;
    const auto subgraph = static_cast<size_t>(index.numbers[0]);
    if (!check_subgraph(subgraph).ok()) continue;  // reading it says why
    static_cast<void>(TfliteGraphReader(reading_, subgraph, depth_ + 1, &nowhere).find_rows().ok());
  }
}

}  // namespace wxnn
