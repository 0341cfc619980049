#include "converter/graph_builder.h"

#include <algorithm>

#include "core/evaluate.h"
#include "core/ports.h"
#include "core/whole.h"

namespace wxnn {

namespace {

uint8_t traits_of(const Op& op, size_t input) {
  if (op.inputs.size() == 0) return 0;
  return (op.inputs.begin() + std::min(input, op.inputs.size() - 1))->traits;
}

// Infer reads data of such inputs only; others are widened when the node is really computed.
constexpr size_t kSmall = 4096;

// True when the node is planned while running only (core/model.h).
bool is_late(const Node& node, std::span<const Tensor* const> inputs) {
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i] == nullptr) continue;
    const bool reads = (traits_of(*node.op, i) & kValueKnown) != 0;
    if (inputs[i]->shape.is_unknown() || (reads && inputs[i]->data == nullptr)) return true;
  }
  return false;
}

// What infer says of tensors like these, where `stand_in` takes the place of unknown shapes and
// `fill` that of unknown data. `all`: also of known shapes, which the others may not fit.
struct Guess {
  Shape stand_in;
  int32_t fill;
  bool all;
};

bool infer_as(const Node& node, std::span<const Tensor* const> inputs, const Guess& guess,
              std::span<TensorType> types) {
  constexpr size_t kMostNumbers = 64;
  std::vector<Tensor> like(inputs.size());
  std::vector<const Tensor*> given(inputs.size());
  std::vector<int32_t> numbers(kMostNumbers, guess.fill);
  const std::vector<float> reals(kMostNumbers, static_cast<float>(guess.fill));
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i] == nullptr) continue;
    like[i] = *inputs[i];
    given[i] = &like[i];
    const bool reads = (traits_of(*node.op, i) & kValueKnown) != 0;
    const bool unknown = like[i].shape.is_unknown();
    if (reads && like[i].data == nullptr) {
      if (unknown) like[i].shape = {1};
      if (like[i].shape.elements() > static_cast<int32_t>(kMostNumbers)) return false;
      like[i].data = like[i].dtype == DType::kFloat32 ? const_cast<float*>(reals.data())
                                                      : static_cast<void*>(numbers.data());
    } else if (!reads && (unknown || guess.all)) {
      like[i].shape = guess.stand_in;
      like[i].data = nullptr;
    }
  }
  std::ranges::fill(types, TensorType{});
  InferCtx c{node.attrs, given, types};
  return infer(*node.op, c).ok();
}

// Operators whose inputs differ in rank, so that no guess fits: the types of their outputs, f
// float32, i int32, or the number of the input that has the type.
constexpr struct {
  std::string_view op, types;
} kLateTypes[] = {{"BatchToSpaceND", "0"},
                  {"CropAndResize", "f"},
                  {"MirrorPad", "0"},
                  {"NonMaxSuppressionV3", "i"},
                  {"NonMaxSuppressionV4", "ii"},
                  {"NonMaxSuppressionV5", "ifi"},
                  {"PadV2", "0"},
                  {"Reshape", "0"},
                  {"ResizeBilinear", "f"},
                  {"ResizeNearestNeighbor", "0"},
                  {"ScatterNd", "1"},
                  {"Slice", "0"},
                  {"SpaceToBatchND", "0"},
                  {"SplitV", "00000000"},
                  {"StridedSlice", "0"},
                  {"TensorListSetItem", "1"},
                  {"TensorScatterUpdate", "0"},
                  {"Tile", "0"}};

// A Reshape to a shape without an open dimension, whatever the shape of its input.
bool says_shape(const Node& node, Shape* shape) {
  if (std::string_view(node.op->name) != "Reshape" || node.inputs.size() != 1) return false;
  const std::span<const double> numbers = node.attrs.numbers("shape");
  if (numbers.size() > Shape::kMaxRank) return false;
  for (const double d : numbers) {
    if (d < 0 || d > INT32_MAX) return false;
    shape->push_back(whole<int32_t>(d));
  }
  return shape->fits();
}

// The types that a node's outputs will have: what infer says of small tensors of its inputs' types.
// Their shapes are settled while running.
bool infer_late_types(const Node& node, std::span<const Tensor* const> inputs,
                      std::span<TensorType> types) {
  if (Shape said; says_shape(node, &said)) {
    types[0] = {inputs[0]->dtype, said};
    return true;
  }
  for (const auto& row : kLateTypes) {
    if (row.op != node.op->name || row.types.size() < types.size()) continue;
    for (size_t i = 0; i < types.size(); ++i) {
      const char t = row.types[i];
      types[i] = {t == 'f'   ? DType::kFloat32
                  : t == 'i' ? DType::kInt32
                             : inputs[static_cast<size_t>(t - '0')]->dtype,
                  Shape::unknown()};
    }
    return true;
  }
  for (const bool all : {false, true}) {
    for (const int32_t fill : {1, 0}) {
      for (const int32_t length : {1, 64}) {
        Shape shape;
        for (int rank = 0; rank <= 5; ++rank, shape.push_back(length)) {
          if (!infer_as(node, inputs, {shape, fill, all}, types)) continue;
          for (TensorType& t : types) t.shape = Shape::unknown();
          return true;
        }
      }
    }
  }
  return false;
}

}  // namespace

// The input as infer sees it. `known`: its data is there, or nobody will ask for it.
Status GraphBuilder::view(const Node& node, size_t input, Tensor* tensor, bool* known) {
  const int v = node.inputs[input];
  static_cast<TensorType&>(*tensor) = type(v);
  const uint8_t traits = traits_of(*node.op, input);
  if (const std::byte* data = data_of(v)) {
    tensor->data = const_cast<std::byte*>(data);
    *known = true;
  } else if (is_constant(v)) {
    const bool read = (traits & kValueKnown) != 0 || tensor->bytes() <= kSmall;
    if (read) WXNN_TRY(graph.materialize(v, tensor));
    *known = true;
  } else {
    *known = (traits & kTypeOnly) != 0 && tensor->shape.is_known();
  }
  return {};
}

Status GraphBuilder::settle(const Node& node, bool* folded) {
  *folded = false;
  std::vector<Tensor> tensors(node.inputs.size());
  std::vector<const Tensor*> inputs(node.inputs.size());
  bool all_known = true;
  bool constant = true;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const int v = node.inputs[i];
    if (v == kAbsent) continue;
    bool known = false;
    WXNN_TRY(view(node, i, &tensors[i], &known));
    inputs[i] = &tensors[i];
    all_known = all_known && known;
    constant = constant && (is_constant(v) || !open_batch);
  }
  std::vector<TensorType> types(node.outputs.size());
  InferCtx c{node.attrs, inputs, types};
  if (is_late(node, inputs)) {
    Status status = check_ports(*node.op, c);
    if (!status.ok()) return status.at(node.place());
    if (!infer_late_types(node, inputs, types))
      return fail<"{}: its shape depends on the data in a way that is not supported">(node.place());
    for (size_t i = 0; i < types.size(); ++i) graph.values[node.outputs[i]].type = types[i];
    return {};
  }
  Status status = infer(*node.op, c);
  if (!status.ok()) return status.at(node.place());
  for (size_t i = 0; i < types.size(); ++i) graph.values[node.outputs[i]].type = types[i];
  if (!all_known || (node.inputs.empty() && node.op->inputs.size() != 0)) return {};
  for (size_t i = 0; i < inputs.size(); ++i) {
    const bool widen =
        inputs[i] != nullptr && inputs[i]->data == nullptr && is_constant(node.inputs[i]);
    if (widen) WXNN_TRY(graph.materialize(node.inputs[i], &tensors[i]));
  }
  return evaluate_node(node, inputs, constant, folded);
}

Status GraphBuilder::evaluate_node(const Node& node, std::span<const Tensor* const> inputs,
                                   bool constant, bool* folded) {
  Evaluated result;
  Status status = evaluate(*node.op, node.attrs, inputs, node.outputs.size(), fold_bytes_, &result);
  // What cannot be computed here stays in the graph: running it says what is wrong.
  if (!status.ok()) return {};
  known_.resize(std::max(known_.size(), graph.values.size()));
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    Value& value = graph.values[node.outputs[i]];
    value.type = result.outputs[i];
    fold_bytes_ -= std::min(fold_bytes_, value.type.bytes());
    if (!constant) {
      known_[node.outputs[i]] = std::move(result.memory[i]);
      continue;
    }
    value.constant = std::make_unique<Constant>();
    value.constant->owned = std::move(result.memory[i]);
    value.constant->bytes = {value.constant->owned.data(), value.type.bytes()};
  }
  *folded = constant;
  return {};
}

Status GraphBuilder::add(std::string_view op, const std::string& name, std::vector<int> inputs,
                         std::vector<Setting> settings, size_t count, std::vector<int>* outputs) {
  Node node;
  node.op = find_op(op);
  node.name = name;
  WXNN_CHECK(most_nodes_-- > 0, "node \"{}\": the model becomes too many nodes", node.name);
  WXNN_CHECK(node.op != nullptr,
             "node \"{}\": needs the operator {}, which this build does not have", node.name, op);
  node.attrs = Attrs(node.op->attrs);
  for (Setting& s : settings) {
    Status status = node.attrs.set(s.name, std::move(s.value));
    if (!status.ok()) return status.at(node.place());
  }
  while (!inputs.empty() && inputs.back() == kAbsent) inputs.pop_back();
  node.inputs = inputs;
  for (size_t i = 0; i < count; ++i) {
    const String output = i == 0 ? node.name : sentence<"{}:{}">(node.name, i);
    node.outputs.push_back(graph.add_value(output, {}));
  }
  outputs->assign(node.outputs.begin(), node.outputs.end());
  bool folded = false;
  WXNN_TRY(settle(node, &folded));
  if (!folded) graph.nodes.push_back(std::move(node));
  return {};
}

Status GraphBuilder::add(std::string_view op, const std::string& name, std::vector<int> inputs,
                         std::vector<Setting> settings, int* y) {
  std::vector<int> outputs;
  WXNN_TRY(add(op, name, std::move(inputs), std::move(settings), 1, &outputs));
  *y = outputs[0];
  return {};
}

Status GraphBuilder::put(int made, int original) {
  if (made == original) return {};
  Node* last = graph.nodes.empty() ? nullptr : &graph.nodes.back();
  const bool by_last =
      last != nullptr && std::ranges::find(last->outputs, made) != last->outputs.end();
  if (by_last) {
    std::ranges::replace(last->outputs, made, original);
    graph.values[original].type = type(made);
    return {};
  }
  if (is_constant(made)) {
    Tensor t;
    WXNN_TRY(graph.materialize(made, &t));
    int copy = kAbsent;
    WXNN_TRY(graph.add_constant("", t, t.data, &copy));
    graph.values[original].type = type(made);
    graph.values[original].constant = std::move(graph.values[copy].constant);
    return {};
  }
  int copy = kAbsent;
  WXNN_TRY(same(graph.values[original].name, made, &copy));
  return put(copy, original);
}

// TFLite has a copy of a tensor of known shape only.
Status GraphBuilder::same(const std::string& name, int x, int* y) {
  if (!shape(x).is_unknown()) return add("Identity", name, {x}, {}, y);
  return add("Cast", name, {x}, {{"dtype", name_of(type(x).dtype)}}, y);
}

Status GraphBuilder::room(double numbers) const {
  WXNN_CHECK(numbers * sizeof(float) <= static_cast<double>(table_bytes_),
             "needs a table of {} numbers, which is too large for a model of this size",
             whole<int64_t>(numbers));
  return {};
}

Status GraphBuilder::take(const Shape& shape, size_t numbers) {
  WXNN_CHECK(shape.is_known() && shape.fits(), "a table of shape {} does not fit in memory", shape);
  WXNN_CHECK(static_cast<size_t>(shape.elements()) == numbers,
             "a table of {} numbers does not fit its shape {}", numbers, shape);
  WXNN_TRY(room(shape.elements()));
  table_bytes_ -= numbers * sizeof(float);
  return {};
}

Status GraphBuilder::constant(const std::string& name, const Shape& shape,
                              const std::vector<float>& numbers, int* v) {
  WXNN_TRY(take(shape, numbers.size()));
  return graph.add_constant(name, {DType::kFloat32, shape}, numbers.data(), v);
}

Status GraphBuilder::constant(const std::string& name, const Shape& shape,
                              const std::vector<int32_t>& numbers, int* v) {
  WXNN_TRY(take(shape, numbers.size()));
  return graph.add_constant(name, {DType::kInt32, shape}, numbers.data(), v);
}

Status GraphBuilder::scalar(const std::string& name, DType dtype, double number, int* v) {
  if (dtype == DType::kInt32) {
    return constant(name, {}, std::vector<int32_t>{whole<int32_t>(number)}, v);
  }
  if (dtype == DType::kFloat32) {
    return constant(name, {}, std::vector<float>{static_cast<float>(number)}, v);
  }
  const uint8_t yes = number != 0;
  return graph.add_constant(name, {DType::kBool, {}}, &yes, v);
}

Status GraphBuilder::numbers(int value, std::string_view what, std::vector<double>* numbers) {
  WXNN_CHECK(value != kAbsent && is_known(value),
             "its {} is computed while running; only one that is known beforehand is supported",
             what);
  Tensor t;
  static_cast<TensorType&>(t) = type(value);
  t.data = const_cast<std::byte*>(data_of(value));
  if (t.data == nullptr) WXNN_TRY(graph.materialize(value, &t));
  const int32_t n = t.shape.elements();
  for (int32_t i = 0; i < n; ++i) {
    numbers->push_back(t.dtype == DType::kFloat32 ? static_cast<double>(t.f32()[i])
                       : t.dtype == DType::kInt32 ? t.i32()[i]
                                                  : t.u8()[i]);
  }
  return {};
}

}  // namespace wxnn
