#include "converter/onnx_node.h"

#include <algorithm>
#include <cmath>

#include "core/flow.h"
#include "core/whole.h"

namespace wxnn {

Perm identity(int rank) {
  Perm perm;
  for (int i = 0; i < rank; ++i) perm.push_back(i);
  return perm;
}

bool is_identity(const Perm& perm) { return perm == identity(static_cast<int>(perm.size())); }

Perm channels_last(int rank) {
  Perm perm = identity(rank);
  if (rank < 3) return perm;
  perm[1] = rank - 1;
  for (int i = 2; i < rank; ++i) perm[i] = i - 1;
  return perm;
}

namespace {

// True when only axes of length 1 change their places: then no number does.
bool moves_nothing(const Shape& from, const std::vector<double>& perm) {
  double last = -1;
  for (const double p : perm) {
    if (from[whole<int>(p)] == 1) continue;
    if (p < last) return false;
    last = p;
  }
  return true;
}

}  // namespace

const OnnxTensor* OnnxScope::find(const std::string& name) {
  const auto at = tensors.find(name);
  if (at != tensors.end()) return &at->second;
  const OnnxTensor* theirs = outer == nullptr ? nullptr : outer->find(name);
  if (theirs == nullptr || &outer->builder == &builder) return theirs;
  return capture(name, *theirs);
}

const OnnxTensor* OnnxScope::capture(const std::string& name, const OnnxTensor& theirs) {
  const Value& from = outer->builder.graph.values[theirs.value];
  const int mine = builder.graph.add_value(from.name, from.type);
  if (!from.constant) {
    captures.push_back({theirs.value, mine});
  } else if (!copy_constant(*from.constant, &builder.graph.values[mine].constant).ok()) {
    return nullptr;
  }
  if (outer->is_saturated(theirs.value)) saturated.insert(mine);
  if (outer->is_whole(theirs.value)) whole_types[mine] = outer->whole_type(theirs.value);
  return &tensors.emplace(name, OnnxTensor{mine, theirs.perm}).first->second;
}

void OnnxScope::return_to(const Mark& mark) {
  auto& nodes = builder.graph.nodes;
  nodes.erase(nodes.begin() + static_cast<ptrdiff_t>(mark.nodes), nodes.end());
  transposed_ = mark.transposed;
}

Status OnnxScope::layout(const OnnxTensor& tensor, const Perm& perm, int* value) {
  *value = tensor.value;
  if (tensor.perm == perm) return {};
  const auto known = transposed_.find({tensor.value, perm});
  if (known != transposed_.end()) {
    *value = known->second;
    return {};
  }
  std::vector<double> moves(perm.size());
  for (size_t i = 0; i < perm.size(); ++i) moves[perm[i]] = tensor.perm[i];
  const Shape from = builder.shape(tensor.value);
  const std::string name = builder.graph.values[tensor.value].name + "/transposed";
  if (!from.is_unknown() && moves_nothing(from, moves)) {
    Shape to;
    for (const double m : moves) to.push_back(from[whole<int>(m)]);
    WXNN_TRY(builder.add("Reshape", name, {tensor.value}, {{"shape", to}}, value));
  } else {
    WXNN_TRY(builder.add("Transpose", name, {tensor.value}, {{"perm", moves}}, value));
  }
  if (is_whole(tensor.value)) whole_types[*value] = whole_type(tensor.value);
  transposed_[{tensor.value, perm}] = *value;
  return {};
}

OnnxNode::OnnxNode(OnnxScope& scope, const onnx::NodeProto& proto)
    : b(scope.builder),
      name(scope.prefix + (!proto.name().empty()      ? proto.name()
                           : proto.output_size() != 0 ? proto.output(0)
                                                      : "")),
      opset(scope.opset),
      scope_(scope),
      proto_(proto),
      seen_(static_cast<size_t>(proto.attribute_size())) {}

// --- inputs
// ---------------------------------------------------------------------------------------
Status OnnxNode::any(size_t i, OnnxTensor* tensor) {
  WXNN_CHECK(has(i), "lacks its input {}", i);
  const std::string& input = proto_.input(static_cast<int>(i));
  const OnnxTensor* known = scope_.find(input);
  WXNN_CHECK(known != nullptr, "its input \"{}\" is computed by no node", input);
  *tensor = *known;
  WXNN_CHECK(
      any_size_ || !b.shape(known->value).is_unknown(),
      "its input \"{}\" has a size that depends on the data, which this operator may not have",
      input);
  WXNN_CHECK(!scope_.is_saturated(tensor->value),
             "its input \"{}\" holds an int64 that does not fit int32", input);
  WXNN_CHECK(
      whole_ || !scope_.is_whole(tensor->value),
      "its input \"{}\" is quantized; only operators that dequantize or multiply may read it",
      input);
  return {};
}

Status OnnxNode::in(size_t i, const Perm& perm, int* value) {
  OnnxTensor tensor;
  WXNN_TRY(any(i, &tensor));
  WXNN_CHECK(tensor.perm.size() == perm.size(), "its input {} has {} dimensions, {} are supported",
             i, tensor.perm.size(), perm.size());
  return scope_.layout(tensor, perm, value);
}

Status OnnxNode::in(size_t i, int* value) {
  OnnxTensor tensor;
  WXNN_TRY(any(i, &tensor));
  return scope_.layout(tensor, identity(static_cast<int>(tensor.perm.size())), value);
}

Status OnnxNode::shape(size_t i, Shape* shape) {
  OnnxTensor tensor;
  WXNN_TRY(any(i, &tensor));
  *shape = b.shape(tensor.value).is_unknown() ? Shape::unknown() : Shape();
  if (shape->is_unknown()) return {};
  for (const int axis : tensor.perm) shape->push_back(b.shape(tensor.value)[axis]);
  return {};
}

Status OnnxNode::dtype(size_t i, DType* dtype) {
  OnnxTensor tensor;
  WXNN_TRY(any(i, &tensor));
  *dtype = b.type(tensor.value).dtype;
  return {};
}

bool OnnxNode::is_known(size_t i) {
  const OnnxTensor* known = has(i) ? scope_.find(proto_.input(static_cast<int>(i))) : nullptr;
  return known != nullptr && b.is_known(known->value);
}

Status OnnxNode::numbers(size_t i, std::string_view what, std::vector<double>* numbers) {
  WXNN_CHECK(has(i), "lacks its {}", what);
  const OnnxTensor* known = scope_.find(proto_.input(static_cast<int>(i)));
  WXNN_CHECK(known != nullptr, "its {} is computed by no node", what);
  WXNN_CHECK(whole_ || !scope_.is_whole(known->value), "its {} is quantized", what);
  int value = kAbsent;
  WXNN_TRY(scope_.layout(*known, identity(static_cast<int>(known->perm.size())), &value));
  return b.numbers(value, what, numbers);
}

// --- attributes
// ------------------------------------------------------------------------------------
const onnx::AttributeProto* OnnxNode::find(std::string_view attribute) {
  for (int i = 0; i < proto_.attribute_size(); ++i) {
    if (proto_.attribute(i).name() != attribute) continue;
    seen_[i] = true;
    return &proto_.attribute(i);
  }
  return nullptr;
}

double OnnxNode::number(std::string_view attribute, double otherwise) {
  const onnx::AttributeProto* a = find(attribute);
  if (a == nullptr) return otherwise;
  return a->has_f() ? static_cast<double>(a->f()) : static_cast<double>(a->i());
}

int OnnxNode::integer(std::string_view attribute, int otherwise) {
  return whole<int>(std::clamp(number(attribute, otherwise), -2147483648.0, 2147483647.0));
}

std::string OnnxNode::text(std::string_view attribute, std::string_view otherwise) {
  const onnx::AttributeProto* a = find(attribute);
  return a != nullptr ? a->s() : std::string(otherwise);
}

std::vector<double> OnnxNode::list(std::string_view attribute) {
  const onnx::AttributeProto* a = find(attribute);
  if (a == nullptr) return {};
  std::vector<double> numbers(a->ints().begin(), a->ints().end());
  numbers.insert(numbers.end(), a->floats().begin(), a->floats().end());
  return numbers;
}

Status OnnxNode::integers(std::string_view attribute, std::vector<int32_t>* numbers) {
  for (const double d : list(attribute)) {
    WXNN_CHECK(d >= INT32_MIN && d <= INT32_MAX && d == std::trunc(d),
               "{} holds a number that is no int32", attribute);
    numbers->push_back(whole<int32_t>(d));
  }
  return {};
}

const onnx::TensorProto* OnnxNode::tensor(std::string_view attribute) {
  const onnx::AttributeProto* a = find(attribute);
  return a != nullptr && a->has_t() ? &a->t() : nullptr;
}

Status OnnxNode::must_be(std::string_view attribute, double want) {
  const double is = number(attribute, want);
  WXNN_CHECK(is == want, "{} {} is not supported", attribute, whole<int64_t>(is));
  return {};
}

Status OnnxNode::must_be(std::string_view attribute, std::string_view want) {
  const std::string is = text(attribute, want);
  WXNN_CHECK(is == want, "{} \"{}\" is not supported, only \"{}\"", attribute, is, want);
  return {};
}

Status OnnxNode::check_all_seen() const {
  for (size_t i = 0; i < seen_.size(); ++i) {
    WXNN_CHECK(seen_[i], "has the attribute \"{}\", which is not known",
               proto_.attribute(static_cast<int>(i)).name());
  }
  return {};
}

// --- nodes of ours
// ---------------------------------------------------------------------------------
Status OnnxNode::add(std::string_view op, std::vector<int> inputs, std::vector<Setting> settings,
                     size_t count, std::vector<int>* outputs) {
  String own = added_ == 0 ? String(name) : sentence<"{}/{}_{}">(name, op, added_);
  ++added_;
  return b.add(op, own, std::move(inputs), std::move(settings), count, outputs);
}

Status OnnxNode::add(std::string_view op, std::vector<int> inputs, std::vector<Setting> settings,
                     int* y) {
  std::vector<int> outputs;
  WXNN_TRY(add(op, std::move(inputs), std::move(settings), 1, &outputs));
  *y = outputs[0];
  return {};
}

Status OnnxNode::scalar(DType dtype, double number, int* value) {
  return b.scalar(sentence<"{}/constant_{}">(name, added_), dtype, number, value);
}

Status OnnxNode::with_scalar(std::string_view op, int x, double number, int* y) {
  int k = kAbsent;
  WXNN_TRY(scalar(b.type(x).dtype, number, &k));
  return add(op, {x, k}, {}, y);
}

Status OnnxNode::reshape(int x, const Shape& shape, int* y) {
  if (b.shape(x) == shape) {
    *y = x;
    return {};
  }
  return add("Reshape", {x}, {{"shape", shape}}, y);
}

Status OnnxNode::out(size_t i, int value, Perm perm) {
  if (!wants(i)) return {};
  WXNN_CHECK(!perm.empty() || !b.shape(value).is_unknown(),
             "the size of its result depends on the data, which is not supported");
  if (perm.empty()) perm = identity(b.shape(value).rank());
  const std::string& output = proto_.output(static_cast<int>(i));
  const bool fresh = scope_.tensors.try_emplace(output, OnnxTensor{value, std::move(perm)}).second;
  WXNN_CHECK(fresh, "its output \"{}\" is written twice", output);
  return {};
}

void OnnxNode::mark_whole(size_t i, int type) {
  if (wants(i)) scope_.whole_types[scope_.tensors[proto_.output(static_cast<int>(i))].value] = type;
}

int OnnxNode::whole_type(size_t i) {
  const OnnxTensor* known = has(i) ? scope_.find(proto_.input(static_cast<int>(i))) : nullptr;
  return known == nullptr ? 0 : scope_.whole_type(known->value);
}

Status onnx_axis(double axis, int rank, int* result) {
  WXNN_CHECK(axis >= -rank && axis < rank, "axis {} is outside a tensor of {} dimensions",
             whole<int64_t>(axis), rank);
  *result = whole<int>(axis < 0 ? axis + rank : axis);
  return {};
}

}  // namespace wxnn
