// What a scope has inside it: functions, and the loops and conditions of TensorFlow 1.
#include <utility>

#include "formats/node_list_reader.h"
#include "formats/recipe.h"

namespace wxnn {

namespace {

constexpr int kMostCalls = 32;  // inside each other

}  // namespace

// A part of this scope as a graph of its own, from the tensors that it is given, of which the last
// so many are results too.
Status ScopeReader::read_part(const Vector<Ref>& given, const Vector<std::string_view>& results,
                              size_t handed_back, Vector<std::unique_ptr<Graph>>* bodies) {
  WXNN_CHECK(depth_ < kMostCalls, "is more than {} loops or conditions deep", kMostCalls);
  bodies->push_back(std::make_unique<Graph>());
  Graph& graph = *bodies->back();
  ScopeReader reader(reading_, scope_, graph, prefix_, depth_ + 1);
  for (Ref ref : given) {
    const int value =
        graph.add_value(String(scope_.nodes[ref.node].name), {DType::kFloat32, Shape::unknown()});
    graph.inputs.push_back(value);
    reader.give(ref, value);
  }
  WXNN_TRY(reader.read(results));
  WXNN_TRY(reader.values_of(results, &graph.outputs));
  graph.outputs.insert(graph.outputs.end(),
                       graph.inputs.end() - static_cast<ptrdiff_t>(handed_back),
                       graph.inputs.end());
  return {};
}

// All Exit nodes of a loop are outputs of one While.
Status ScopeReader::build_loop(int exit) {
  TfLoop* loop = nullptr;
  WXNN_TRY(v1_.loop_at(exit, &loop));
  if (std::exchange(loop->built, true)) return {};
  Cooked cooked;
  WXNN_TRY(need_op("While", &cooked.op));
  Vector<std::string_view> starts, results;
  Vector<Ref> merges, switches;
  for (size_t k = 0; k < loop->enters.size(); ++k) {
    starts.push_back(input_of(scope_.nodes[loop->enters[k]], 0));
    results.push_back(input_of(scope_.nodes[loop->nexts[k]], 0));
    merges.push_back({loop->merges[k], 0});
    switches.push_back({loop->switches[k], 1});
  }
  for (int enter : loop->constants) {
    starts.push_back(input_of(scope_.nodes[enter], 0));
    merges.push_back({enter, 0});
    switches.push_back({enter, 0});
  }
  Vector<int> inputs, outputs;
  WXNN_TRY(values_of(starts, &inputs));
  String name = sentence<"{}{}">(prefix_, scope_.nodes[exit].name);
  for (int e : loop->exits) {
    outputs.push_back(kAbsent);
    if (e != kAbsent) {
      WXNN_TRY(outputs_.value({e, 0}, &outputs.back()));
    } else {
      outputs.back() = graph_.add_value(name, {DType::kFloat32, Shape::unknown()});
    }
  }
  Vector<std::unique_ptr<Graph>> bodies;
  WXNN_TRY(read_part(merges, {loop->condition}, 0, &bodies));
  WXNN_TRY(read_part(switches, results, loop->constants.size(), &bodies));
  graph_.nodes.push_back({cooked.op, std::move(name), Attrs(cooked.op->attrs), std::move(inputs),
                          std::move(outputs), std::move(bodies)});
  return {};
}

Status ScopeReader::build_choice(int merge) {
  TfChoice* choice = nullptr;
  WXNN_TRY(v1_.choice_at(merge, &choice));
  const Op* op = nullptr;
  WXNN_TRY(need_op("If", &op));
  Vector<std::string_view> arguments = {choice->condition};
  for (int s : choice->switches) arguments.push_back(input_of(scope_.nodes[s], 0));
  Vector<int> inputs, outputs(1);
  WXNN_TRY(values_of(arguments, &inputs));
  WXNN_TRY(outputs_.value({merge, 0}, &outputs[0]));
  Vector<std::unique_ptr<Graph>> bodies;
  for (int side : {1, 0}) {
    Vector<Ref> given;
    for (int s : choice->switches) given.push_back({s, side});
    WXNN_TRY(read_part(given, {choice->results[side]}, 0, &bodies));
  }
  graph_.nodes.push_back({op, sentence<"{}{}">(prefix_, scope_.nodes[merge].name), Attrs(op->attrs),
                          std::move(inputs), std::move(outputs), std::move(bodies)});
  return {};
}

Status ScopeReader::find_function(std::string_view name, const NodeScope** function) const {
  *function = reading_.list.function(name);
  WXNN_CHECK(*function != nullptr, "calls the function \"{}\", which is not there", name);
  WXNN_CHECK(depth_ < kMostCalls, "calls functions more than {} deep; recursion is not supported",
             kMostCalls);
  return {};
}

Status ScopeReader::read_function(std::string_view name, std::unique_ptr<Graph>* graph) {
  const NodeScope* function = nullptr;
  WXNN_TRY(find_function(name, &function));
  *graph = std::make_unique<Graph>();
  ScopeReader reader(reading_, *function, **graph, prefix_, depth_ + 1);
  for (size_t i = 0; i < function->parameters; ++i) {
    const int value =
        (*graph)->add_value(String(function->nodes[i].name), {DType::kFloat32, Shape::unknown()});
    (*graph)->inputs.push_back(value);
    reader.give({static_cast<int>(i), 0}, value);
  }
  WXNN_TRY(reader.read(function->results));
  return reader.values_of(function->results, &(*graph)->outputs);
}

Status ScopeReader::call(std::string_view name, const String& by, const Vector<int>& arguments,
                         Vector<int>* results) {
  const NodeScope* function = nullptr;
  WXNN_TRY(find_function(name, &function));
  WXNN_CHECK(function->parameters == arguments.size(),
             "calls a function of {} parameters with {} inputs", function->parameters,
             arguments.size());
  ScopeReader reader(reading_, *function, graph_, sentence<"{}/">(by), depth_ + 1);
  for (size_t i = 0; i < arguments.size(); ++i) {
    reader.give({static_cast<int>(i), 0}, arguments[i]);
  }
  WXNN_TRY(reader.read(function->results));
  return reader.values_of(function->results, results);
}

}  // namespace wxnn
