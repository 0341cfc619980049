// Loops and conditions that are not what they claim: each ends in one sentence, in a moment, and
// the next conversion works.
#include <gtest/gtest.h>

#include "converter/convert.h"
#include "onnx/onnx.pb.h"
#include "temporary_folder.h"

namespace wxnn {

namespace {

std::string said(const std::string& file, Converted* converted) {
  ConvertOptions options;
  options.source = file;
  options.custom_ops = true;
  const Status status = convert(options, converted);
  return status.ok() ? "converted" : std::string(status.message());
}

std::string said(const std::string& file) {
  Converted converted;
  return said(file, &converted);
}

#define EXPECT_SAYS(text, part) EXPECT_NE(std::string(text).find(part), std::string::npos) << text

// --- ONNX ----------------------------------------------------------------------------------------
using Names = std::vector<std::string>;

onnx::NodeProto node(const std::string& op, const Names& inputs, const std::string& output) {
  onnx::NodeProto proto;
  proto.set_op_type(op);
  for (const std::string& input : inputs) proto.add_input(input);
  proto.add_output(output);
  return proto;
}

onnx::NodeProto with_body(onnx::NodeProto proto, const char* name, const onnx::GraphProto& body) {
  auto* attribute = proto.add_attribute();
  attribute->set_name(name);
  attribute->set_type(onnx::AttributeProto::GRAPH);
  *attribute->mutable_g() = body;
  return proto;
}

onnx::NodeProto with_int(onnx::NodeProto proto, const char* name, int64_t number) {
  auto* attribute = proto.add_attribute();
  attribute->set_name(name);
  attribute->set_i(number);
  return proto;
}

onnx::TensorProto ints(const std::string& name, const std::vector<int64_t>& numbers,
                       bool scalar = false) {
  onnx::TensorProto tensor;
  tensor.set_name(name);
  tensor.set_data_type(onnx::TensorProto::INT64);
  if (!scalar) tensor.add_dims(static_cast<int64_t>(numbers.size()));
  for (const int64_t n : numbers) tensor.add_int64_data(n);
  return tensor;
}

onnx::GraphProto graph(const std::vector<onnx::NodeProto>& nodes, const Names& inputs,
                       const Names& outputs) {
  onnx::GraphProto proto;
  for (const auto& n : nodes) *proto.add_node() = n;
  for (const std::string& name : inputs) proto.add_input()->set_name(name);
  for (const std::string& name : outputs) proto.add_output()->set_name(name);
  return proto;
}

// A model of these nodes with the inputs m (int64), go (bool) and x (float32 [3]).
std::string model_of(const onnx::NodeProto& n, const std::vector<onnx::TensorProto>& known = {}) {
  constexpr struct {
    const char* name;
    onnx::TensorProto::DataType type;
  } kInputs[] = {{"m", onnx::TensorProto::INT64},
                 {"go", onnx::TensorProto::BOOL},
                 {"x", onnx::TensorProto::FLOAT}};
  onnx::ModelProto model;
  model.set_ir_version(8);
  model.add_opset_import()->set_version(16);
  *model.mutable_graph() = graph({n}, {"m", "go", "x"}, {n.output(0)});
  for (int i = 0; i < 3; ++i) {
    auto* type = model.mutable_graph()->mutable_input(i)->mutable_type()->mutable_tensor_type();
    type->set_elem_type(kInputs[i].type);
    if (i == 2) type->mutable_shape()->add_dim()->set_dim_value(3);
    if (i < 2) type->mutable_shape();
  }
  for (const auto& tensor : known) *model.mutable_graph()->add_initializer() = tensor;
  return model.SerializeAsString();
}

onnx::NodeProto loop(const onnx::GraphProto& body) {
  return with_body(node("Loop", {"m", "go", "x"}, "y"), "body", body);
}

const Names kInputs = {"turn", "c", "s"}, kOutputs = {"c", "z"};

TEST(HostileFlow, OnnxLoops) {
  const TemporaryFolder folder;
  const auto says = [&](const onnx::GraphProto& body) {
    return said(folder.write("model.onnx", model_of(loop(body))));
  };
  const onnx::NodeProto negated = node("Neg", {"s"}, "z");
  EXPECT_SAYS(says(graph({negated}, {"turn"}, kOutputs)), "its body has 1 inputs and gets 3");
  EXPECT_SAYS(says(graph({negated}, kInputs, {"c"})), "its body has 1 outputs");
  EXPECT_SAYS(says(graph({}, kInputs, kOutputs)), "\"z\" is computed by no node");
  EXPECT_SAYS(says(graph({node("Neg", {"nobody"}, "z")}, kInputs, kOutputs)),
              "\"nobody\" is computed by no node");
  EXPECT_SAYS(says(graph({node("Not", {"c"}, "z")}, kInputs, kOutputs)), "and becomes bool");
  EXPECT_SAYS(says(graph({node("Shape", {"s"}, "z")}, kInputs, kOutputs)), "and becomes int32");
  EXPECT_NE(says(graph({negated}, kInputs, {"s", "z"})), "converted");  // three numbers decide
  onnx::GraphProto deeper = graph({node("Unsqueeze", {"s", "axes"}, "z")}, kInputs, kOutputs);
  *deeper.add_initializer() = ints("axes", {0});
  EXPECT_SAYS(says(deeper), "its state 0 is float32 [3] and becomes float32 [1,3]");
  EXPECT_EQ(says(graph({negated}, kInputs, kOutputs)), "converted");
}

// Of a list that grows, and of loops in loops.
TEST(HostileFlow, AbsurdTurns) {
  const TemporaryFolder folder;
  const onnx::GraphProto body = graph({node("Neg", {"s"}, "z"), node("Identity", {"z"}, "each")},
                                      kInputs, {"c", "z", "each"});
  onnx::TensorProto go;
  go.set_name("go");
  go.set_data_type(onnx::TensorProto::BOOL);
  go.add_int32_data(1);
  for (const int64_t turns :
       {int64_t{1} << 62, int64_t{INT32_MAX} - 1, int64_t{100000}, int64_t{-5}}) {
    Converted converted;
    const std::string file =
        folder.write("model.onnx", model_of(loop(body), {ints("m", {turns}, true), go}));
    const std::string end = said(file, &converted);
    EXPECT_TRUE(end == "converted" || end.find("does not end") != std::string::npos)
        << turns << ": " << end;
    EXPECT_LT(converted.written.bytes.size(), 20000u) << turns;
  }
  onnx::GraphProto nested = graph({node("Neg", {"s"}, "z")}, kInputs, kOutputs);
  for (int i = 0; i < 9; ++i)
    nested =
        graph({with_body(node("Loop", {"m", "go", "s"}, "z"), "body", nested)}, kInputs, kOutputs);
  EXPECT_EQ(said(folder.write("model.onnx", model_of(loop(nested)))), "converted");
  for (int i = 0; i < 9; ++i)
    nested =
        graph({with_body(node("Loop", {"m", "go", "s"}, "z"), "body", nested)}, kInputs, kOutputs);
  EXPECT_NE(said(folder.write("model.onnx", model_of(loop(nested)))), "converted");
}

TEST(HostileFlow, OnnxBranches) {
  const TemporaryFolder folder;
  const auto says = [&](const onnx::GraphProto& yes, const onnx::GraphProto& no) {
    const onnx::NodeProto n =
        with_body(with_body(node("If", {"go"}, "y"), "then_branch", yes), "else_branch", no);
    return said(folder.write("model.onnx", model_of(n)));
  };
  const onnx::GraphProto negated = graph({node("Neg", {"x"}, "z")}, {}, {"z"});
  EXPECT_SAYS(says(negated, graph({}, {}, {"x", "x"})), "has 2 outputs, the node 1");
  EXPECT_SAYS(says(negated, graph({node("Shape", {"x"}, "z")}, {}, {"z"})),
              "its branches give float32 and int32");
  const onnx::NodeProto sum = with_int(node("ReduceSum", {"x"}, "z"), "keepdims", 0);
  EXPECT_SAYS(says(negated, graph({sum}, {}, {"z"})), "differ in their numbers of dimensions");
  EXPECT_SAYS(says(negated, graph({node("Neg", {"y"}, "z")}, {}, {"z"})), "computed by no node");
  EXPECT_EQ(says(negated, negated), "converted");
}

// A body that asks for more memory than there is.
TEST(HostileFlow, HugeShapesInBodies) {
  const TemporaryFolder folder;
  onnx::GraphProto body =
      graph({node("ConstantOfShape", {"large"}, "w"),
             with_int(node("ReduceSum", {"w"}, "k"), "keepdims", 0), node("Add", {"s", "k"}, "z")},
            kInputs, kOutputs);
  *body.add_initializer() = ints("large", {40000, 40000});
  Converted converted;
  const std::string end = said(folder.write("model.onnx", model_of(loop(body))), &converted);
  EXPECT_NE(end, "converted");
  EXPECT_LT(converted.written.bytes.size(), 20000u) << end;
}

// --- TensorFlow ----------------------------------------------------------------------------------
std::string function(const std::string& name, const std::string& inputs, const std::string& nodes,
                     const std::string& outputs) {
  std::string text = "function { signature { name: '" + name + "' ";
  for (const char c : inputs)
    text += std::string("input_arg { name: '") + c + "' type: DT_FLOAT } ";
  for (const char c : outputs)
    text += std::string("output_arg { name: '") + c + "_out' type: DT_FLOAT } ";
  text += "} " + nodes;
  for (const char c : outputs) {
    const std::string out(1, c);
    text += "ret { key: '" + out + "_out' value: '" + out + "' } ";
  }
  return text + "} ";
}

// y = While(x): cond and body as the caller says.
std::string while_graph(const std::string& functions) {
  return "node { name: 'x' op: 'Placeholder' attr { key: 'dtype' value { type: DT_FLOAT } } "
         "attr { key: 'shape' value { shape { dim { size: 3 } } } } } "
         "node { name: 'y' op: 'StatelessWhile' input: 'x' attr { key: 'cond' value { func { name: "
         "'cond' } } } attr { key: 'body' value { func { name: 'body' } } } attr { key: 'T' value "
         "{ "
         "list { type: DT_FLOAT } } } } library { " +
         functions + "}";
}

std::string tf_node(const std::string& name, const std::string& op, const std::string& in,
                    const std::string& more = "") {
  return "node_def { name: '" + name + "' op: '" + op + "' input: '" + in + "' " + more + "} ";
}

TEST(HostileFlow, TensorFlowLoops) {
  const TemporaryFolder folder;
  const auto says = [&](const std::string& functions) {
    return said(folder.write("graph.pbtxt", while_graph(functions)));
  };
  const std::string axis =
      "node_def { name: 'axis' op: 'Const' attr { key: 'dtype' value { type: DT_INT32 } } attr { "
      "key: 'value' value { tensor { dtype: DT_INT32 tensor_shape { } int_val: 0 } } } } ";
  const std::string sum = axis + tf_node("s", "Sum", "x", "input: 'axis:output:0' ");
  const std::string cond = function("cond", "x", sum, "s");
  const std::string body = function("body", "x", tf_node("n", "Neg", "x"), "n");
  EXPECT_SAYS(says(cond + body), "converted");
  EXPECT_NE(says(""), "converted");
  EXPECT_NE(says(cond), "converted");
  EXPECT_NE(says(function("cond", "", "", "") + body), "converted");
  EXPECT_NE(says(cond + function("body", "xz", tf_node("n", "Neg", "x"), "n")), "converted");
  EXPECT_NE(says(cond + function("body", "x", tf_node("n", "Neg", "x"), "nn")), "converted");
  EXPECT_NE(says(cond + function("body", "x", tf_node("n", "Shape", "x"), "n")), "converted");
  const std::string again =
      "attr { key: 'cond' value { func { name: 'cond' } } } attr { key: 'body' value { func { "
      "name: 'body' } } } ";
  EXPECT_SAYS(says(cond + function("body", "x", tf_node("n", "StatelessWhile", "x", again), "n")),
              "recursion is not supported");
  EXPECT_SAYS(says(cond + body), "converted");
}

}  // namespace

}  // namespace wxnn
