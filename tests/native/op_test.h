// Runs one operator by name, without a model: infer, create, reshape, run, as the engine would call
// them. Tests of operators say attributes and inputs and compare outputs with loops of their own.
//
//   OpTest op("Conv2D");
//   op.attr("strides", {2, 2});
//   std::vector<HostTensor> y;
//   ASSERT_OK(op.run({x, filter}, &y));   // creates the kernel
//   ASSERT_OK(op.run({x2, filter}, &y));  // the same kernel, reshaped: packed inputs are not read
//   EXPECT_SAYS(op.run({bad, filter}, &y), "filter [3,3,4,8] wants 4 channels");
#pragma once
#include <gtest/gtest.h>

#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/op.h"

namespace wxnn {

// How GoogleTest prints a shape.
inline void PrintTo(const Shape& shape, std::ostream* to) { *to << shape.str(); }

// A tensor with memory of its own, followed by Buffer::kSlack readable bytes.
class HostTensor {
 public:
  HostTensor() = default;  // stands for an absent optional input
  explicit HostTensor(Shape shape, DType dtype = DType::kFloat32);
  HostTensor(Shape shape, std::initializer_list<float> values);
  static HostTensor i32(Shape shape, std::initializer_list<int32_t> values);
  static HostTensor boolean(Shape shape, std::initializer_list<bool> values);

  bool absent() const { return !type_; }
  const TensorType& type() const { return *type_; }
  const Shape& shape() const { return type_->shape; }
  DType dtype() const { return type_->dtype; }
  int32_t size() const { return type_->shape.elements(); }
  template <class T = float>
  std::span<T> data() {
    return {reinterpret_cast<T*>(bytes_.data()), static_cast<size_t>(size())};
  }
  template <class T = float>
  std::span<const T> data() const {
    return {reinterpret_cast<const T*>(bytes_.data()), static_cast<size_t>(size())};
  }
  float operator[](int32_t i) const { return data()[i]; }
  // A view whose data is null when `known` is false.
  Tensor view(bool known = true) const;
  bool same_bytes(const HostTensor& other) const;

 private:
  std::optional<TensorType> type_;
  std::vector<uint8_t> bytes_;
};

// Numbers that depend on nothing but the seed: the same on every build and platform.
class Random {
 public:
  explicit Random(uint32_t seed) : state_(seed * 2654435761u + 1) {}
  uint32_t bits();
  int32_t between(int32_t lo, int32_t hi);  // both included
  float uniform(float lo, float hi);
  HostTensor tensor(const Shape& shape, float lo = -1, float hi = 1);
  HostTensor tensor_i32(const Shape& shape, int32_t lo, int32_t hi);

 private:
  uint64_t state_;
};

// The seed of a random test: --gtest_random_seed=N, or 0. Such a test begins with
//   const uint32_t seed = test_seed();  SCOPED_TRACE(testing::Message() << "seed " << seed);
// test_seed also records it as a property of the test.
uint32_t test_seed();

class OpTest {
 public:
  explicit OpTest(std::string_view name, size_t outputs = 1);

  OpTest& attr(std::string_view name, double number);
  OpTest& attr(std::string_view name, const char* text);
  OpTest& attr(std::string_view name, std::initializer_list<double> numbers);
  OpTest& attr(std::string_view name, AttrValue value);

  // A trailing or absent input is a HostTensor(). What infer refuses, and what run refuses over
  // data, is the returned Status.
  //
  // The first successful call creates a stateful operator's kernel; later calls reshape it, and
  // then get packed inputs without data, as in a model. While inferring only kValueKnown inputs
  // have data. Where the operator may work in place, it runs once more so and must agree.
  Status run(const std::vector<HostTensor>& inputs, std::vector<HostTensor>* outputs);
  // One output, and no failure: what most tests want.
  HostTensor operator()(const std::vector<HostTensor>& inputs);
  // Only infer; the types it gave.
  Status infer(const std::vector<HostTensor>& inputs, std::vector<TensorType>* types);

 private:
  Status create_and_reshape(const std::vector<HostTensor>& inputs, std::span<TensorType> types);
  Status execute(const std::vector<const Tensor*>& inputs, std::vector<HostTensor>* outputs,
                 std::vector<Tensor>& out_views);
  void check_in_place(const std::vector<HostTensor>& inputs,
                      const std::vector<HostTensor>& expected);

  const Op* op_;
  Attrs attrs_;
  Status setup_;  // of attr(): reported by the next run
  size_t outputs_;
  std::unique_ptr<Kernel> kernel_;
  std::vector<uint8_t> scratch_;
};

#define ASSERT_OK(expression)                       \
  do {                                              \
    const ::wxnn::Status status_ = (expression);    \
    ASSERT_TRUE(status_.ok()) << status_.message(); \
  } while (0)

// The status is a refusal whose sentence contains `text`.
#define EXPECT_SAYS(expression, text)                                                     \
  do {                                                                                    \
    const ::wxnn::Status status_ = (expression);                                          \
    EXPECT_FALSE(status_.ok()) << #expression " was not refused";                         \
    EXPECT_NE(status_.message().find(text), std::string_view::npos) << status_.message(); \
  } while (0)

// Prints `WXNN_BITS <name> <hash>`: tools/test compares these lines across the builds, which must
// give the same bits. Any NaN counts as the same NaN.
void print_bits(std::string_view name, const HostTensor& tensor);

}  // namespace wxnn
