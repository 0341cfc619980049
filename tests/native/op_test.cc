#include "op_test.h"

#include <bit>
#include <cmath>
#include <cstdio>

#include "core/buffer.h"
#include "op_use.h"

namespace wxnn {

namespace {
bool has_trait(const Op& op, size_t input, PortTrait trait) {
  const size_t port = std::min(input, op.inputs.size() - 1);  // the last may be variadic
  return (op.inputs.begin()[port].traits & trait) != 0;
}

std::vector<const Tensor*> pointers(const std::vector<HostTensor>& inputs,
                                    const std::vector<Tensor>& views) {
  std::vector<const Tensor*> p;
  for (size_t i = 0; i < inputs.size(); ++i) p.push_back(inputs[i].absent() ? nullptr : &views[i]);
  return p;
}

// An output that infer left unknown gets its memory here, while the operator runs.
class TestAllocator final : public LateAllocator {
 public:
  TestAllocator(std::vector<HostTensor>& tensors, std::vector<Tensor>& views)
      : tensors_(tensors), views_(views) {}
  Status allocate(size_t output, const Shape& shape) override {
    tensors_[output] = HostTensor(shape, views_[output].dtype);
    views_[output] = tensors_[output].view();
    return {};
  }

 private:
  std::vector<HostTensor>& tensors_;
  std::vector<Tensor>& views_;
};
}  // namespace

HostTensor::HostTensor(Shape shape, DType dtype) : type_(TensorType{dtype, shape}) {
  // 0x7f7f7f7f is a finite float that no test expects: bytes that nobody wrote show.
  bytes_.assign(type_->bytes() + Buffer::kSlack, 0x7f);
}

HostTensor::HostTensor(Shape shape, std::initializer_list<float> values) : HostTensor(shape) {
  EXPECT_EQ(values.size(), data().size());
  std::copy(values.begin(), values.end(), data().begin());
}

HostTensor HostTensor::i32(Shape shape, std::initializer_list<int32_t> values) {
  HostTensor t(shape, DType::kInt32);
  EXPECT_EQ(values.size(), t.data<int32_t>().size());
  std::copy(values.begin(), values.end(), t.data<int32_t>().begin());
  return t;
}

HostTensor HostTensor::boolean(Shape shape, std::initializer_list<bool> values) {
  HostTensor t(shape, DType::kBool);
  EXPECT_EQ(values.size(), t.data<uint8_t>().size());
  std::copy(values.begin(), values.end(), t.data<uint8_t>().begin());
  return t;
}

Tensor HostTensor::view(bool known) const {
  Tensor t;
  if (type_) static_cast<TensorType&>(t) = *type_;
  if (known) t.data = const_cast<uint8_t*>(bytes_.data());
  return t;
}

bool HostTensor::same_bytes(const HostTensor& other) const {
  return type() == other.type() &&
         std::memcmp(bytes_.data(), other.bytes_.data(), type_->bytes()) == 0;
}

uint32_t Random::bits() {
  state_ = state_ * 6364136223846793005u + 1442695040888963407u;
  return static_cast<uint32_t>(state_ >> 32);
}

int32_t Random::between(int32_t lo, int32_t hi) {
  return lo + static_cast<int32_t>(bits() % (static_cast<uint32_t>(hi - lo) + 1));
}

float Random::uniform(float lo, float hi) {
  return lo + (hi - lo) * (static_cast<float>(bits() >> 8) * 0x1p-24f);
}

HostTensor Random::tensor(const Shape& shape, float lo, float hi) {
  HostTensor t(shape);
  for (float& v : t.data()) v = uniform(lo, hi);
  return t;
}

HostTensor Random::tensor_i32(const Shape& shape, int32_t lo, int32_t hi) {
  HostTensor t(shape, DType::kInt32);
  for (int32_t& v : t.data<int32_t>()) v = between(lo, hi);
  return t;
}

uint32_t test_seed() {
  const uint32_t seed = static_cast<uint32_t>(GTEST_FLAG_GET(random_seed));
  testing::Test::RecordProperty("seed", static_cast<int>(seed));
  return seed;
}

OpTest::OpTest(std::string_view name, size_t outputs) : op_(find_op(name)), outputs_(outputs) {
  if (op_ != nullptr) {
    attrs_ = Attrs(op_->attrs);
  } else {
    setup_ = fail<"no operator is named {}">(name);
  }
}

OpTest& OpTest::attr(std::string_view name, AttrValue value) {
  if (setup_.ok()) setup_ = attrs_.set(name, std::move(value));
  return *this;
}
OpTest& OpTest::attr(std::string_view name, double number) { return attr(name, {number}); }
OpTest& OpTest::attr(std::string_view name, const char* text) {
  AttrValue v;
  v.text = text;
  return attr(name, std::move(v));
}
OpTest& OpTest::attr(std::string_view name, std::initializer_list<double> numbers) {
  AttrValue v;
  v.numbers = numbers;
  return attr(name, std::move(v));
}

Status OpTest::infer(const std::vector<HostTensor>& inputs, std::vector<TensorType>* types) {
  if (op_ == nullptr || !setup_.ok()) return setup_;
  std::vector<Tensor> views;
  for (size_t i = 0; i < inputs.size(); ++i) {
    views.push_back(inputs[i].view(has_trait(*op_, i, kValueKnown)));
  }
  const std::vector<const Tensor*> in = pointers(inputs, views);
  types->assign(outputs_, {});
  InferCtx c{attrs_, in, *types};
  return wxnn::infer(*op_, c);
}

Status OpTest::create_and_reshape(const std::vector<HostTensor>& inputs,
                                  std::span<TensorType> types) {
  const bool first = kernel_ == nullptr;
  std::vector<Tensor> views;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const bool constant = first && has_trait(*op_, i, kPacked);
    views.push_back(inputs[i].view(constant || has_trait(*op_, i, kValueKnown)));
  }
  const std::vector<const Tensor*> in = pointers(inputs, views);
  InferCtx c{attrs_, in, types};
  if (first) WXNN_TRY(op_->create(c, &kernel_));
  for (Tensor& v : views) v.data = nullptr;
  size_t scratch = 0;
  WXNN_TRY(kernel_->reshape(c, &scratch));
  scratch_.assign(scratch + 2 * Buffer::kAlignment, 0x7f);
  return {};
}

Status OpTest::execute(const std::vector<const Tensor*>& inputs, std::vector<HostTensor>* outputs,
                       std::vector<Tensor>& out_views) {
  TestAllocator late(*outputs, out_views);
  const uintptr_t at = reinterpret_cast<uintptr_t>(scratch_.data());
  void* scratch = scratch_.empty() ? nullptr : scratch_.data() + (0 - at) % Buffer::kAlignment;
  RunCtx c{attrs_, inputs, out_views, scratch, &late};
  return kernel_ ? kernel_->run(c) : op_->run(c);
}

Status OpTest::run(const std::vector<HostTensor>& inputs, std::vector<HostTensor>* outputs) {
  std::vector<TensorType> types;
  WXNN_TRY(infer(inputs, &types));
  if (op_->create != nullptr) WXNN_TRY(create_and_reshape(inputs, types));

  std::vector<Tensor> views;
  for (size_t i = 0; i < inputs.size(); ++i) {
    // A packed constant's bytes are gone by now.
    views.push_back(inputs[i].view(op_->create == nullptr || !has_trait(*op_, i, kPacked)));
  }
  std::vector<Tensor> out_views;
  outputs->clear();
  for (const TensorType& t : types) {
    outputs->push_back(t.shape.is_unknown() ? HostTensor() : HostTensor(t.shape, t.dtype));
    out_views.push_back(outputs->back().view(!t.shape.is_unknown()));
    out_views.back().dtype = t.dtype;
  }
  record_use(*op_, inputs.empty() || inputs[0].absent() ? types[0].dtype : inputs[0].dtype());
  if (op_->view) {
    std::memcpy(out_views[0].data, views[0].data, types[0].bytes());
    return {};
  }
  WXNN_TRY(execute(pointers(inputs, views), outputs, out_views));
  for (size_t i = 0; i < outputs->size(); ++i) {
    EXPECT_FALSE((*outputs)[i].absent()) << "output " << i << " was never given memory";
  }
  check_in_place(inputs, *outputs);
  return {};
}

void OpTest::check_in_place(const std::vector<HostTensor>& inputs,
                            const std::vector<HostTensor>& expected) {
  if (op_->in_place < 0) return;
  const size_t shared = static_cast<size_t>(op_->in_place);
  if (inputs.size() <= shared || inputs[shared].absent()) return;
  if (inputs[shared].type().bytes() != expected[0].type().bytes()) return;
  HostTensor memory = inputs[shared];
  std::vector<Tensor> views;
  for (const HostTensor& t : inputs) views.push_back(t.view());
  views[shared].data = memory.view().data;
  std::vector<HostTensor> outputs = expected;
  std::vector<Tensor> out_views;
  for (const HostTensor& t : outputs) out_views.push_back(t.view());
  out_views[0].data = memory.view().data;
  const Status status = execute(pointers(inputs, views), &outputs, out_views);
  EXPECT_TRUE(status.ok()) << "in place: " << status.message();
  EXPECT_EQ(std::memcmp(memory.view().data, expected[0].view().data, expected[0].type().bytes()), 0)
      << op_->name << " gives other bytes when it works in place";
}

HostTensor OpTest::operator()(const std::vector<HostTensor>& inputs) {
  std::vector<HostTensor> outputs;
  const Status status = run(inputs, &outputs);
  EXPECT_TRUE(status.ok()) << status.message();
  return status.ok() ? outputs[0] : HostTensor(Shape{0});
}

void print_bits(std::string_view name, const HostTensor& tensor) {
  uint64_t hash = 14695981039346656037u;  // FNV-1a
  const auto add = [&hash](uint32_t word) {
    for (int k = 0; k < 4; ++k) hash = (hash ^ (word >> (8 * k) & 0xff)) * 1099511628211u;
  };
  if (tensor.dtype() == DType::kFloat32) {
    for (const float v : tensor.data())
      add(std::isnan(v) ? 0x7fc00000u : std::bit_cast<uint32_t>(v));
  } else if (tensor.dtype() == DType::kBool) {
    for (const uint8_t v : tensor.data<uint8_t>()) add(v);
  } else {
    for (const uint32_t v : tensor.data<uint32_t>()) add(v);
  }
  std::printf("WXNN_BITS %.*s %08x%08x\n", static_cast<int>(name.size()), name.data(),
              static_cast<unsigned>(hash >> 32), static_cast<unsigned>(hash));
}

}  // namespace wxnn
