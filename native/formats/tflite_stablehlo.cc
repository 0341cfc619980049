#include "formats/tflite_stablehlo.h"

#include "core/build_parts.h"
#include "formats/tflite_operator.h"

namespace wxnn {

namespace {

Status subgraph(SourceNode& node, double index, std::unique_ptr<Graph>* graph) {
  WXNN_CHECK(index >= 0, "refers to subgraph {}", static_cast<int>(index));
  return static_cast<TfliteOperator&>(node).subgraph(static_cast<size_t>(index), graph);
}

// The operator of a subgraph that has one; no name where it hands its second input on.
Status name_computation(SourceNode& node, const char* source, Attrs& attrs) {
  AttrValue index;
  std::unique_ptr<Graph> body;
  WXNN_TRY(node.read(source, &index));
  WXNN_TRY(subgraph(node, index.numbers[0], &body));
  const bool pair = body != nullptr && body->inputs.size() == 2 && body->outputs.size() == 1;
  WXNN_CHECK(pair, "has a computation that does not make one value of two");
  if (body->nodes.empty() && body->outputs[0] == body->inputs[1]) return {};
  WXNN_CHECK(body->nodes.size() == 1, "has a computation of {} operators; one is supported",
             body->nodes.size());
  return attrs.set("computation", body->nodes[0].op->name);
}

Status build_with_body(SourceNode& node, const Recipe& recipe, const char* source) {
  Cooked cooked;
  WXNN_TRY(prepare(node, recipe, &cooked));
  WXNN_TRY(name_computation(node, source, cooked.attrs));
  return emit(node, std::move(cooked));
}

// The graph as one of a choice, all of which take the index too.
void take_index(Graph& graph) {
  const int index = graph.add_value("index", {DType::kInt32, Shape::unknown()});
  graph.inputs.insert(graph.inputs.begin(), index);
}

// index == k ? bodies[0] : bodies[1], in a graph whose values `inputs` the bodies take.
Status choose(Graph& graph, const String& name, int k, const Vector<int>& inputs, Cooked* choice) {
  Cooked equal;
  int number = kAbsent;
  WXNN_TRY(graph.add_constant(sentence<"{}/{}">(name, k), {DType::kInt32, {}}, &k, &number));
  WXNN_TRY(make("Equal", {inputs[0], number}, &equal));
  const String is = sentence<"{}/is {}">(name, k);
  choice->inputs = inputs;
  choice->inputs.insert(choice->inputs.begin(),
                        graph.add_node(*equal.op, is, equal.inputs, std::move(equal.attrs)));
  return {};
}

}  // namespace

Status build_scatter(SourceNode& node, const Recipe& recipe) {
  return build_with_body(node, recipe, "i6");
}

Status build_reduce_window(SourceNode& node, const Recipe& recipe) {
  return build_with_body(node, recipe, "i5");
}

Status build_tflite_reduce_window(SourceNode& node, const Recipe& recipe) {
  static constexpr const char* kFunctions[] = {"",        "Add",        "Multiply", "Minimum",
                                               "Maximum", "LogicalAnd", "LogicalOr"};
  Cooked cooked;
  AttrValue function;
  WXNN_TRY(node.read("i0", &function));
  const auto number = static_cast<size_t>(function.numbers[0]);
  WXNN_CHECK(function.numbers[0] > 0 && number < std::size(kFunctions),
             "has the function {}, which is not known", static_cast<int>(function.numbers[0]));
  WXNN_TRY(prepare(node, recipe, &cooked));
  WXNN_TRY(cooked.attrs.set("computation", kFunctions[number]));
  return emit(node, std::move(cooked));
}

// Branch k where the index is k, the last one where it is no branch's number.
Status build_case(SourceNode& node, const Recipe& recipe) {
  Cooked outer;
  AttrValue indices;
  WXNN_TRY(prepare(node, recipe, &outer));
  WXNN_TRY(node.read("v0", &indices));
  WXNN_CHECK(!indices.numbers.empty(), "has no branches");
  WXNN_CHECK(!node.inputs.empty() && node.inputs[0] != kAbsent, "lacks its index");
  if (indices.numbers.size() == 1) indices.numbers.push_back(indices.numbers[0]);
  std::unique_ptr<Graph> rest;
  for (size_t k = indices.numbers.size(); k-- > 0;) {
    std::unique_ptr<Graph> branch;
    WXNN_TRY(subgraph(node, indices.numbers[k], &branch));
    WXNN_CHECK(branch != nullptr && branch->inputs.size() + 1 == node.inputs.size() &&
                   branch->outputs.size() == node.output_count,
               "has a branch of other inputs or outputs; variables in it are not supported");
    take_index(*branch);
    if (rest == nullptr) {
      rest = std::move(branch);
      continue;
    }
    Cooked choice;
    WXNN_TRY(make("If", {}, &choice));
    choice.bodies.push_back(std::move(branch));
    choice.bodies.push_back(std::move(rest));
    if (k == 0) {
      WXNN_TRY(choose(node.graph, node.name, 0, node.inputs, &choice));
      return emit(node, std::move(choice));
    }
    rest = std::make_unique<Graph>();
    Vector<int> outputs;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      rest->inputs.push_back(
          rest->add_value(sentence<"input {}">(i), {DType::kFloat32, Shape::unknown()}));
    }
    WXNN_TRY(choose(*rest, node.name, static_cast<int>(k), rest->inputs, &choice));
    for (size_t i = 0; i < node.output_count; ++i) {
      outputs.push_back(
          rest->add_value(sentence<"output {}">(i), {DType::kFloat32, Shape::unknown()}));
    }
    rest->outputs = outputs;
    rest->nodes.push_back({choice.op, node.name, std::move(choice.attrs), std::move(choice.inputs),
                           std::move(outputs), std::move(choice.bodies)});
  }
  return {};
}

// Only where the file's types are those that we compute in are their bytes the same.
Status build_bitcast(SourceNode& node, const Recipe& recipe) {
  using Type = tflite::TensorType;
  const auto& source = static_cast<TfliteOperator&>(node);
  for (const Type type : {source.input_type(0), source.output_type(0)}) {
    WXNN_CHECK(type == Type::FLOAT32 || type == Type::INT32,
               "is supported between float32 and int32 only");
  }
  Cooked cooked;
  WXNN_TRY(prepare(node, recipe, &cooked));
  WXNN_TRY(cooked.attrs.set("dtype", source.output_type(0) == Type::INT32 ? "int32" : "float32"));
  return emit(node, std::move(cooked));
}

}  // namespace wxnn
