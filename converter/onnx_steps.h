// For operators that become many nodes: each step appends a node, and after the first that fails
// the others do nothing. The row asks at the end:
//
//   Steps s(n);
//   const int x = s.in(0);
//   return s.out(0, s.op("Multiply", {s.op("Exp", {x}), x}));
#pragma once
#include "converter/onnx_node.h"

namespace wxnn {

class Steps {
 public:
  explicit Steps(OnnxNode& node) : n(node) {}

  OnnxNode& n;

  // --- inputs of the ONNX node -------------------------------------------------------------------
  int in(size_t i);
  int in(size_t i, const Perm& perm);
  std::vector<double> numbers(size_t i, std::string_view what);
  // What the row itself finds wrong.
  template <Literal format, class... Parts>
  void want(bool holds, const Parts&... parts) {
    if (!holds && status_.ok()) status_ = fail<format>(parts...);
  }
  void keep(Status status) {
    if (status_.ok()) status_ = std::move(status);
  }
  bool ok() const { return status_.ok(); }

  // --- nodes: each gives the value it makes, kAbsent after a failure
  // ------------------------------
  int op(std::string_view name, std::vector<int> inputs, std::vector<Setting> settings = {});
  int number(double d, DType dtype = DType::kFloat32);
  int with(std::string_view op, int x, double d) { return op_with(op, x, d); }
  int constant(const Shape& shape, const std::vector<float>& numbers);
  int constant(const Shape& shape, const std::vector<int32_t>& numbers);
  int reshape(int x, const Shape& shape);
  int transpose(int x, std::vector<double> perm);
  int cast(int x, DType dtype);
  // Elements from .. from + length along one axis.
  int slice(int x, int axis, int32_t from, int32_t length);
  // The slice of one element, without that axis.
  int pick(int x, int axis, int32_t at);
  int pack(std::vector<int> values, int axis) {
    return op("Pack", std::move(values), {{"axis", axis}});
  }
  int concat(std::vector<int> values, int axis);
  int select(int condition, int yes, int no) { return op("SelectV2", {condition, yes, no}); }

  // Of a value; after a failure one that may be indexed.
  Shape shape(int v) const { return ok() ? n.b.shape(v) : Shape{1, 1, 1, 1, 1, 1, 1, 1}; }
  DType dtype(int v) const { return ok() ? n.b.type(v).dtype : DType::kFloat32; }

  Status out(size_t i, int v, Perm perm = {});
  Status done() { return std::move(status_); }

 private:
  int op_with(std::string_view op, int x, double d);
  Status status_;
};

}  // namespace wxnn
