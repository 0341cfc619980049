// One ONNX node while it becomes nodes of ours; what the rows of onnx_rows_*.cc see.
//
// Layout: an ONNX tensor is a value of ours and a permutation. Convolutions make NHWC values that
// stand for NCHW tensors; what works element by element goes on in the layout it finds; ONNX's
// Transpose only changes the permutation. A transpose becomes a node where somebody needs another
// layout than there is, once per value and layout. So the transposes between convolutions never
// come into being.
#pragma once
#include <map>
#include <set>
#include <string>
#include <vector>

#include "converter/graph_builder.h"
#include "onnx/onnx.pb.h"

namespace wxnn {

// Axis i of the ONNX tensor is axis perm[i] of the value.
using Perm = std::vector<int>;
Perm identity(int rank);
bool is_identity(const Perm& perm);
// (0, 3, 1, 2) for rank 4: channels, axis 1 in ONNX, come last in the value.
Perm channels_last(int rank);

struct OnnxTensor {
  int value = kAbsent;
  Perm perm;
};

// What the importer knows beyond the graph. The body of an If or a Loop has a scope of its own,
// which sees the outer one's tensors.
class OnnxScope {
 public:
  OnnxScope(GraphBuilder& builder, std::string model_path)
      : builder(builder), model_path(std::move(model_path)) {}
  OnnxScope(OnnxScope& outer, std::string prefix)
      : builder(outer.builder),
        model_path(outer.model_path),
        opset(outer.opset),
        prefix(outer.prefix + std::move(prefix)),
        outer(&outer),
        depth(outer.depth + 1) {}
  // Of a body that becomes a graph of its own, `own`: outer constants are copied into it, other
  // outer tensors become values that nothing writes, listed in captures.
  OnnxScope(OnnxScope& outer, GraphBuilder& own, std::string prefix)
      : builder(own),
        model_path(outer.model_path),
        opset(outer.opset),
        prefix(outer.prefix + std::move(prefix)),
        outer(&outer),
        depth(outer.depth + 1) {}
  GraphBuilder& builder;
  const std::string model_path;
  int64_t opset = 0;
  const std::string prefix;  // of the names of nodes
  OnnxScope* const outer = nullptr;
  const int depth = 0;
  int64_t unrolled = 0;  // nodes of bodies, counted in the outermost scope
  std::map<std::string, OnnxTensor> tensors;
  // Null where no tensor has the name.
  const OnnxTensor* find(const std::string& name);
  bool is_saturated(int value) const {
    const bool shares = outer != nullptr && &outer->builder == &builder;
    return saturated.contains(value) || (shares && outer->is_saturated(value));
  }
  // ONNX's type of each float32 that stands for whole numbers: of 8 bits, or products of such.
  std::map<int, int> whole_types;
  // 0 where it is nothing of the kind.
  int whole_type(int value) const {
    const auto at = whole_types.find(value);
    if (at != whole_types.end()) return at->second;
    const bool shares = outer != nullptr && &outer->builder == &builder;
    return shares ? outer->whole_type(value) : 0;
  }
  bool is_whole(int value) const { return whole_type(value) != 0; }
  struct Capture {
    int outside, inside;
  };
  std::vector<Capture> captures;
  // int64 constants beyond int32, brought to its limits: right where they mean "to the end" only.
  std::set<int> saturated;

  // The tensor's value with its axes in this order.
  Status layout(const OnnxTensor& tensor, const Perm& perm, int* value);

  // What has been built, to give up what comes after it.
  using Transposed = std::map<std::pair<int, Perm>, int>;
  struct Mark {
    size_t nodes;
    Transposed transposed;
  };
  Mark mark() const { return {builder.graph.nodes.size(), transposed_}; }
  void return_to(const Mark& mark);

 private:
  const OnnxTensor* capture(const std::string& name, const OnnxTensor& theirs);

  Transposed transposed_;
};

class OnnxNode {
 public:
  OnnxNode(OnnxScope& scope, const onnx::NodeProto& proto);

  GraphBuilder& b;
  const std::string name;
  const int64_t opset;
  OnnxScope& scope() { return scope_; }

  // A row that does not ask for the sizes of its inputs says so before it reads them: some may be
  // known while running only. Their ranks are known always.
  void allow_any_size() { any_size_ = true; }
  // Likewise: one that reads numbers of 8 bits, which are float32 of the same value here.
  void allow_whole() { whole_ = true; }

  // --- inputs: those left out at the end or by an empty name are absent
  // ----------------------------
  size_t inputs() const { return static_cast<size_t>(proto_.input_size()); }
  bool has(size_t i) const { return i < inputs() && !proto_.input(static_cast<int>(i)).empty(); }
  // The input in ONNX's own layout.
  Status in(size_t i, int* value);
  // The input with its axes in another order.
  Status in(size_t i, const Perm& perm, int* value);
  // The input as it lies there.
  Status any(size_t i, OnnxTensor* tensor);
  // Shape in ONNX's own order; unknown where it depends on the data.
  Status shape(size_t i, Shape* shape);
  Status dtype(size_t i, DType* dtype);
  // The numbers of an input that is known beforehand.
  Status numbers(size_t i, std::string_view what, std::vector<double>* numbers);
  bool is_known(size_t i);

  // --- attributes: each must be asked for, or the node is refused
  // -----------------------------------
  double number(std::string_view name, double otherwise);
  int integer(std::string_view name, int otherwise);
  std::string text(std::string_view name, std::string_view otherwise);
  std::vector<double> list(std::string_view name);
  // The list as whole numbers; one that is no int32 is refused.
  Status integers(std::string_view name, std::vector<int32_t>* list);
  const onnx::TensorProto* tensor(std::string_view name);
  bool has_attribute(std::string_view name) { return find(name) != nullptr; }
  const onnx::AttributeProto* find(std::string_view name);
  // Refused unless the attribute is absent or says this.
  Status must_be(std::string_view name, double number);
  Status must_be(std::string_view name, std::string_view text);
  // Read and ignored.
  void ignore(std::string_view name) { find(name); }
  Status check_all_seen() const;

  // --- nodes of ours
  // ---------------------------------------------------------------------------------- Appends a
  // node; its name is this node's name and a suffix that is not used yet.
  Status add(std::string_view op, std::vector<int> inputs, std::vector<Setting> settings, int* y);
  Status add(std::string_view op, std::vector<int> inputs, std::vector<Setting> settings,
             size_t count, std::vector<int>* outputs);
  Status scalar(DType dtype, double number, int* value);
  // y = op(x, a number)
  Status with_scalar(std::string_view op, int x, double number, int* y);
  Status reshape(int x, const Shape& shape, int* y);

  size_t outputs() const { return static_cast<size_t>(proto_.output_size()); }
  bool wants(size_t i) const {
    return i < outputs() && !proto_.output(static_cast<int>(i)).empty();
  }
  Status out(size_t i, int value) { return out(i, value, {}); }
  // Output i, which has been given, is float32 for whole numbers.
  void mark_whole(size_t i, int type = onnx::TensorProto::INT32);
  // The type of such an input, else 0.
  int whole_type(size_t i);
  // Empty: the identity, for a value of known shape.
  Status out(size_t i, int value, Perm perm);

 private:
  OnnxScope& scope_;
  const onnx::NodeProto& proto_;
  std::vector<bool> seen_;
  int added_ = 0;
  bool any_size_ = false;
  bool whole_ = false;
};

// `axis` of a tensor of this rank, made non-negative.
Status onnx_axis(double axis, int rank, int* result);

struct OnnxRow {
  std::string_view op;
  Status (*build)(OnnxNode& node, const OnnxRow& row);
  // For rows that share a build function: the operator of ours.
  const char* ours = nullptr;
};

// Inputs that broadcast against each other, in one layout: `perm` of the result. Shared by the
// rows.
Status align(OnnxNode& node, const std::vector<size_t>& inputs, std::vector<int>* values,
             Perm* perm);

}  // namespace wxnn
