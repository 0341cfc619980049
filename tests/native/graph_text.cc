#include "graph_text.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <sstream>

#include "core/evaluate.h"
#include "op_use.h"

namespace wxnn {

namespace {

std::vector<std::string> split(const std::string& text, const char* separators) {
  std::vector<std::string> parts;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find_first_of(separators, at), text.size());
    if (end > at) parts.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

Shape parse_shape(const std::string& text) {
  Shape shape;
  if (text == "scalar") return shape;
  for (const std::string& d : split(text, ",")) shape.push_back(std::atoi(d.c_str()));
  return shape;
}

class Parser {
 public:
  Graph parse(std::string_view text) {
    std::istringstream lines{std::string(text)};
    for (std::string line; std::getline(lines, line);) parse_line(line);
    return std::move(graph_);
  }

 private:
  void parse_line(const std::string& line) {
    const std::vector<std::string> words = split(line, " \t(),=");
    if (words.empty()) return;
    const std::vector<std::string> fields = split(line, " \t");
    if (fields[0] == "input") {
      values_[fields[1]] =
          graph_.add_value(fields[1], {DType::kFloat32, parse_shape(fields.at(2))});
      graph_.inputs.push_back(values_[fields[1]]);
    } else if (fields[0] == "const") {
      parse_constant(fields);
    } else if (fields[0] == "output") {
      graph_.outputs.push_back(value(fields[1]));
    } else {
      parse_node(line);
    }
  }

  void parse_constant(const std::vector<std::string>& fields) {
    const TensorType type{DType::kFloat32, parse_shape(fields.at(2))};
    std::vector<float> numbers(type.shape.elements());
    for (size_t i = 0; i < numbers.size(); ++i) {
      numbers[i] = fields.size() > 4 ? std::strtof(fields.at(4 + i).c_str(), nullptr)
                                     : static_cast<float>((i * 37 + seed_) % 23) / 11.0F - 1.0F;
    }
    ++seed_;
    ASSERT_TRUE(graph_.add_constant(fields[1], type, numbers.data(), &values_[fields[1]]).ok());
  }

  void parse_node(const std::string& line) {
    const size_t open = line.find('('), close = line.find(')');
    ASSERT_NE(close, std::string::npos) << line;
    const std::vector<std::string> head = split(line.substr(0, open), " =");
    const Op* op = find_op(head.at(1));
    if (op != nullptr) record_use(*op);
    ASSERT_NE(op, nullptr) << "no operator " << head[1];
    std::vector<int> inputs;
    for (const std::string& name : split(line.substr(open + 1, close - open - 1), ", ")) {
      inputs.push_back(name == "_" ? kAbsent : value(name));
    }
    Attrs attrs(op->attrs);
    for (const std::string& pair : split(line.substr(close + 1), " ")) {
      const size_t equals = pair.find('=');
      ASSERT_TRUE(attrs.set(pair.substr(0, equals), parse_attr(pair.substr(equals + 1))).ok())
          << pair;
    }
    values_[head[0]] = graph_.add_node(*op, head[0], std::move(inputs), std::move(attrs));
  }

  static AttrValue parse_attr(const std::string& text) {
    AttrValue v;
    const bool number = text.find_first_not_of("-+.,0123456789e") == std::string::npos;
    if (!number) {
      v.text = text;
      return v;
    }
    for (const std::string& n : split(text, ",")) v.numbers.push_back(std::atof(n.c_str()));
    return v;
  }

  int value(const std::string& name) {
    EXPECT_TRUE(values_.count(name)) << "no value " << name;
    return values_[name];
  }

  Graph graph_;
  std::map<std::string, int> values_;
  size_t seed_ = 1;
};

}  // namespace

Graph parse_graph(std::string_view text) { return Parser().parse(text); }

std::string to_text(const Graph& graph) {
  std::string text;
  for (const Node& node : graph.nodes) {
    text += graph.values[node.outputs[0]].name + " = " + node.op->name + "(";
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      if (i > 0) text += ", ";
      text += node.inputs[i] == kAbsent ? "_" : graph.values[node.inputs[i]].name;
    }
    text += ")\n";
  }
  return text;
}

std::vector<std::vector<float>> run_plainly(Graph& graph,
                                            const std::vector<std::vector<float>>& inputs) {
  std::vector<Tensor> tensors(graph.values.size());
  std::vector<Evaluated> results(graph.nodes.size());
  for (size_t v = 0; v < tensors.size(); ++v) {
    if (graph.values[v].constant) {
      EXPECT_TRUE(graph.materialize(static_cast<int>(v), &tensors[v]).ok());
    }
  }
  for (size_t i = 0; i < graph.inputs.size(); ++i) {
    const int v = graph.inputs[i];
    static_cast<TensorType&>(tensors[v]) = graph.values[v].type;
    tensors[v].data = const_cast<float*>(inputs[i].data());
  }
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    std::vector<const Tensor*> in;
    for (int v : node.inputs) in.push_back(v == kAbsent ? nullptr : &tensors[v]);
    const Status status =
        evaluate(*node.op, node.attrs, in, node.outputs.size(), size_t{1} << 28, &results[i]);
    EXPECT_TRUE(status.ok()) << node.place() << ": " << status.message();
    record_use(*node.op, in.empty() || in[0] == nullptr ? DType::kFloat32 : in[0]->dtype);
    for (size_t k = 0; k < node.outputs.size(); ++k)
      tensors[node.outputs[k]] = results[i].outputs[k];
  }
  std::vector<std::vector<float>> outputs;
  for (int v : graph.outputs) {
    const float* y = tensors[v].f32();
    outputs.emplace_back(y, y + tensors[v].shape.elements());
  }
  return outputs;
}

}  // namespace wxnn
