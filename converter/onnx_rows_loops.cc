// ONNX's Loop: written out where it makes few turns that are known beforehand, else a While.
#include <algorithm>

#include "converter/onnx_body.h"
#include "converter/onnx_steps.h"
#include "core/whole.h"

namespace wxnn {

namespace {

struct Loop {
  const onnx::GraphProto* body = nullptr;
  // Its number of turns: none, known, or a scalar that is computed.
  bool is_limited = false;
  double most = 0;
  int computed_most = kAbsent;
  std::vector<OnnxTensor> state;
  size_t scans = 0;  // outputs that gather one element a turn
};

Status in_order(OnnxNode& n, const OnnxTensor& tensor, int* value) {
  return n.scope().layout(tensor, identity(static_cast<int>(tensor.perm.size())), value);
}

Status read_loop(OnnxNode& n, Loop* loop) {
  const onnx::AttributeProto* body = n.find("body");
  WXNN_CHECK(body != nullptr && body->has_g(), "has no body");
  loop->body = &body->g();
  n.allow_any_size();
  if (n.has(0) && n.is_known(0)) {
    std::vector<double> count;
    WXNN_TRY(n.numbers(0, "number of turns", &count));
    WXNN_CHECK(count.size() == 1, "its number of turns is no single number");
    loop->most = count[0];
    loop->is_limited = count[0] < INT32_MAX;  // what is larger has been brought down to this
  } else if (n.has(0)) {
    WXNN_TRY(n.in(0, &loop->computed_most));
    WXNN_TRY(n.reshape(loop->computed_most, {}, &loop->computed_most));
    loop->is_limited = true;
  }
  loop->state.resize(n.inputs() > 2 ? n.inputs() - 2 : 0);
  for (size_t i = 0; i < loop->state.size(); ++i) WXNN_TRY(n.any(i + 2, &loop->state[i]));
  const size_t outputs = static_cast<size_t>(loop->body->output_size());
  WXNN_CHECK(outputs >= 1 + loop->state.size(), "its body has {} outputs", outputs);
  loop->scans = outputs - 1 - loop->state.size();
  return {};
}

// --- written out ---------------------------------------------------------------------------------
Status known_flag(GraphBuilder& b, int condition, bool* yes) {
  std::vector<double> numbers;
  WXNN_TRY(b.numbers(condition, "condition", &numbers));
  WXNN_CHECK(numbers.size() == 1, "its condition is {}", b.shape(condition));
  *yes = numbers[0] != 0;
  return {};
}

Status write_out(OnnxNode& n, const Loop& loop) {
  constexpr int64_t kMostNodes = 4096;
  bool goes_on = true;
  WXNN_CHECK(loop.computed_most == kAbsent, "its number of turns is computed while running");
  if (n.has(1)) {
    OnnxTensor condition;
    WXNN_TRY(n.any(1, &condition));
    WXNN_TRY(known_flag(n.b, condition.value, &goes_on));
  }
  std::vector<OnnxTensor> state = loop.state;
  std::vector<std::vector<int>> scans(loop.scans);
  int64_t nodes = 0;
  for (double turn = 0; goes_on && (!loop.is_limited || turn < loop.most); ++turn) {
    nodes += loop.body->node_size() + 1;
    WXNN_CHECK(nodes <= kMostNodes, "would be written out as more than {} nodes", kMostNodes);
    OnnxScope scope(n.scope(), sentence<"{}/{}/">(n.name, whole<int64_t>(turn)));
    int number = kAbsent, yes = kAbsent;
    WXNN_TRY(n.scalar(DType::kInt32, turn, &number));
    WXNN_TRY(n.scalar(DType::kBool, 1, &yes));
    std::vector<OnnxTensor> inputs = {{number, {}}, {yes, {}}}, outputs;
    inputs.insert(inputs.end(), state.begin(), state.end());
    WXNN_TRY(import_body(scope, *loop.body, inputs, &outputs));
    WXNN_TRY(known_flag(n.b, outputs[0].value, &goes_on));
    const auto first = outputs.begin() + 1;
    state.assign(first, first + static_cast<ptrdiff_t>(state.size()));
    for (size_t k = 0; k < scans.size(); ++k) {
      scans[k].push_back(kAbsent);
      WXNN_TRY(in_order(n, outputs[1 + state.size() + k], &scans[k].back()));
    }
  }
  for (const auto& scan : scans)
    WXNN_CHECK(!scan.empty() && !n.b.shape(scan[0]).is_unknown(), "gathers nothing of known size");
  std::vector<int> gathered(scans.size());
  for (size_t k = 0; k < scans.size(); ++k)
    WXNN_TRY(n.add("Pack", scans[k], {{"axis", 0}}, &gathered[k]));
  for (size_t i = 0; i < state.size(); ++i) WXNN_TRY(n.out(i, state[i].value, state[i].perm));
  for (size_t k = 0; k < scans.size(); ++k) WXNN_TRY(n.out(state.size() + k, gathered[k]));
  return {};
}

// --- as a While ----------------------------------------------------------------------------------
// The state of the While: the number of the turn, whether to go on, what is carried, the lists of
// what is gathered, the limit where it is computed, then what the body takes from outside.
struct While {
  std::unique_ptr<OnnxBody> body;
  std::vector<int> outputs, ranks;  // of the body: condition, carried, elements of the lists
  std::vector<int> start;           // of the state, outside
  std::vector<TensorType> types;    // of the state, in every round
  std::vector<int> next;            // of the state, in the body
  int turn = kAbsent, condition = kAbsent, limit = kAbsent;  // the body's inputs
};

// The body for state of these types.
Status import_round(OnnxNode& n, const Loop& loop, const std::vector<TensorType>& carried,
                    While* w) {
  w->body = std::make_unique<OnnxBody>(n.scope(), n.name + "/body/");
  w->outputs.clear();
  w->ranks.clear();
  w->turn = w->body->input(n.name + "/turn", {DType::kInt32, {}});
  w->condition = w->body->input(n.name + "/goes_on", {DType::kBool, {}});
  std::vector<OnnxTensor> inputs = {{w->turn, {}}, {w->condition, {}}};
  for (size_t k = 0; k < carried.size(); ++k) {
    const int v = w->body->input(sentence<"{}/state_{}">(n.name, k), carried[k]);
    inputs.push_back({v, identity(static_cast<int>(loop.state[k].perm.size()))});
  }
  return w->body->import(*loop.body, inputs, &w->outputs, &w->ranks);
}

// A shape that does not stay is unknown, in every round.
Status settle_types(OnnxNode& n, const Loop& loop, While* w, std::vector<TensorType>* carried) {
  for (const int v : w->start) carried->push_back(n.b.type(v));
  for (bool settled = false; !settled;) {
    WXNN_TRY(import_round(n, loop, *carried, w));
    settled = true;
    for (size_t k = 0; k < carried->size(); ++k) {
      TensorType& type = (*carried)[k];
      const TensorType& after = w->body->builder.type(w->outputs[1 + k]);
      WXNN_CHECK(after.dtype == type.dtype &&
                     w->ranks[1 + k] == static_cast<int>(loop.state[k].perm.size()),
                 "its state {} is {} {} and becomes {} {}", k, name_of(type.dtype), type.shape,
                 name_of(after.dtype), after.shape);
      if (type.shape == after.shape || type.shape.is_unknown()) continue;
      type.shape = Shape::unknown();
      settled = false;
    }
  }
  return {};
}

// The body never changes the condition, or sets it in every turn.
Status goes_on_always(const While& w, bool* always) {
  GraphBuilder& b = w.body->builder;
  *always = w.outputs[0] == w.condition;
  return b.is_constant(w.outputs[0]) ? known_flag(b, w.outputs[0], always) : Status();
}

// A list that the body fills element by element: of known length, or one that grows.
Status add_list(OnnxNode& n, const Loop& loop, size_t k, While* w) {
  constexpr double kMostElements = 1 << 26;
  GraphBuilder& b = w->body->builder;
  const int item = w->outputs[1 + loop.state.size() + k];
  const TensorType element = b.type(item);
  const std::string name = sentence<"{}/list_{}">(n.name, k);
  WXNN_CHECK(element.shape.is_known() && element.shape.rank() < Shape::kMaxRank,
             "gathers tensors whose size depends on the data");
  Shape shape = element.shape;
  shape.insert(0, 0);
  bool always = false, starts = false;
  WXNN_TRY(goes_on_always(*w, &always));
  if (n.b.is_constant(w->start[1])) WXNN_TRY(known_flag(n.b, w->start[1], &starts));
  const double all = loop.most * std::max(element.shape.elements(), 1);
  const bool fixed = starts && always && loop.is_limited && loop.computed_most == kAbsent &&
                     loop.most > 0 && all <= kMostElements;
  int start = kAbsent, next = kAbsent;
  if (fixed) {
    shape[0] = whole<int32_t>(loop.most);
    const int list = w->body->input(name, {element.dtype, shape});
    WXNN_TRY(n.add("Fill", {}, {{"shape", shape}, {"value", 0}, {"dtype", name_of(element.dtype)}},
                   &start));
    WXNN_TRY(b.add("TensorListSetItem", name + "/set", {list, item, w->turn}, {}, &next));
    w->types.push_back({element.dtype, shape});
  } else {
    const TensorType type{element.dtype, Shape::unknown()};
    const int list = w->body->input(name, type);
    WXNN_TRY(n.b.graph.add_constant(name, {element.dtype, shape}, "", &start));
    WXNN_TRY(b.add("ExpandDims", name + "/row", {item}, {{"dim", 0}}, &next));
    WXNN_TRY(b.add("Concat", name + "/longer", {list, next}, {{"axis", 0}}, &next));
    w->types.push_back(type);
  }
  w->start.push_back(start);
  w->next.push_back(next);
  return {};
}

// turn < limit, and the condition.
Status make_condition(OnnxNode& n, const Loop& loop, const While& w, std::unique_ptr<Graph>* made) {
  auto graph = std::make_unique<Graph>();
  GraphBuilder b(*graph, 0);
  for (const TensorType& type : w.types) graph->inputs.push_back(graph->add_value("state", type));
  const Vector<int> state = graph->inputs;
  int y = state[1];
  if (loop.is_limited) {
    int limit = kAbsent, below = kAbsent;
    if (loop.computed_most == kAbsent) {
      WXNN_TRY(b.scalar(n.name + "/limit", DType::kInt32, std::max(loop.most, 0.0), &limit));
    } else {
      limit = state[2 + loop.state.size() + loop.scans];
    }
    WXNN_TRY(b.add("Less", n.name + "/below", {state[0], limit}, {}, &below));
    WXNN_TRY(b.add("LogicalAnd", n.name + "/both", {below, y}, {}, &y));
  }
  graph->outputs = {y};
  *made = std::move(graph);
  return {};
}

Status start_of_condition(OnnxNode& n, int* condition) {
  if (!n.has(1)) return n.scalar(DType::kBool, 1, condition);
  WXNN_TRY(n.in(1, condition));
  return n.reshape(*condition, {}, condition);
}

Status as_while(OnnxNode& n, const Loop& loop) {
  While w;
  for (const OnnxTensor& tensor : loop.state) {
    w.start.push_back(kAbsent);
    WXNN_TRY(in_order(n, tensor, &w.start.back()));
  }
  WXNN_TRY(settle_types(n, loop, &w, &w.types));
  GraphBuilder& b = w.body->builder;
  bool always = false;
  WXNN_TRY(goes_on_always(w, &always));
  WXNN_CHECK(loop.is_limited || !always, "does not end");
  int turn = kAbsent, condition = kAbsent, one = kAbsent, next = kAbsent, goes_on = kAbsent;
  WXNN_TRY(n.scalar(DType::kInt32, 0, &turn));
  WXNN_TRY(start_of_condition(n, &condition));
  w.start.insert(w.start.begin(), {turn, condition});
  w.types.insert(w.types.begin(), {{DType::kInt32, {}}, {DType::kBool, {}}});
  WXNN_TRY(b.scalar(n.name + "/one", DType::kInt32, 1, &one));
  WXNN_TRY(b.add("Add", n.name + "/next", {w.turn, one}, {}, &next));
  WXNN_TRY(b.add("Reshape", n.name + "/again", {w.outputs[0]}, {{"shape", Shape{}}}, &goes_on));
  w.next = {next, goes_on};
  const auto carried = w.outputs.begin() + 1;
  w.next.insert(w.next.end(), carried, carried + static_cast<ptrdiff_t>(loop.state.size()));
  for (size_t k = 0; k < loop.scans; ++k) WXNN_TRY(add_list(n, loop, k, &w));
  const auto pass_through = [&](int outside, int inside) {
    w.start.push_back(outside);
    w.next.push_back(inside);
    w.types.push_back(n.b.type(outside));
  };
  if (loop.computed_most != kAbsent)
    pass_through(loop.computed_most, w.body->input(n.name + "/limit", {DType::kInt32, {}}));
  for (const auto& [outside, inside] : w.body->scope.captures) {
    w.body->graph->inputs.push_back(inside);
    pass_through(outside, inside);
  }
  w.body->graph->outputs = w.next;
  std::vector<std::unique_ptr<Graph>> bodies(2);
  WXNN_TRY(make_condition(n, loop, w, &bodies[0]));
  bodies[1] = std::move(w.body->graph);
  std::vector<int> results;
  WXNN_TRY(add_flow_node(n, "While", w.start, std::move(bodies), w.types, &results));
  for (size_t i = 0; i < loop.state.size() + loop.scans; ++i) {
    const int rank = w.ranks[1 + i] + (i < loop.state.size() ? 0 : 1);
    int y = results[2 + i];
    if (rank == 0) WXNN_TRY(n.reshape(y, {}, &y));
    WXNN_TRY(n.out(i, y, identity(rank)));
  }
  return {};
}

Status loop(OnnxNode& n, const OnnxRow&) {
  Loop loop;
  WXNN_TRY(read_loop(n, &loop));
  const OnnxScope::Mark before = n.scope().mark();
  if (write_out(n, loop).ok()) return {};
  n.scope().return_to(before);
  return as_while(n, loop);
}

constexpr OnnxRow kRows[] = {{"Loop", loop}};

}  // namespace

std::span<const OnnxRow> onnx_rows_loops() { return kRows; }

}  // namespace wxnn
