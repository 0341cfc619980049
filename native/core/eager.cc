#include "core/eager.h"
#include "core/whole.h"

#include <algorithm>
#include <cstring>

namespace wxnn {

namespace {
constexpr size_t kKeptScratch = 1u << 20;

uint32_t mix(uint32_t hash, uint32_t word) {
  hash = (hash ^ word) * 0x9e3779b1u;
  return hash ^ hash >> 15;
}

uint32_t hash_words(uint32_t hash, const void* data, size_t words) {
  const auto* bytes = static_cast<const uint8_t*>(data);
  for (size_t i = 0; i < words; ++i) {
    uint32_t word;
    std::memcpy(&word, bytes + 4 * i, sizeof(word));
    hash = mix(hash, word);
  }
  return hash;
}

uint32_t word_of(const void* pointer) {
  return static_cast<uint32_t>(reinterpret_cast<uintptr_t>(pointer));
}

// Blocks of outputs: given back unless the whole call succeeds.
class Blocks final : public LateAllocator {
 public:
  explicit Blocks(std::span<Tensor> outputs) : outputs_(outputs) {}
  Blocks(const Blocks&) = delete;
  Blocks& operator=(const Blocks&) = delete;
  ~Blocks() {
    for (Tensor& t : outputs_) {
      if (!kept_) std::free(t.data);
    }
  }
  Status allocate(size_t output, const Shape& shape) override {
    Tensor& t = outputs_[output];
    WXNN_CHECK(shape.is_known() && shape.fits(),
               "gives an output of shape {}, which does not fit in memory", shape);
    t.shape = shape;
    const size_t bytes = t.bytes() + Buffer::kSlack + Buffer::kAlignment - 1;
    std::free(t.data);
    t.data =
        std::aligned_alloc(Buffer::kAlignment, bytes / Buffer::kAlignment * Buffer::kAlignment);
    WXNN_CHECK(t.data != nullptr, "no memory for an output of shape {} ({} bytes)", shape,
               t.bytes());
    return {};
  }
  void keep() { kept_ = true; }

 private:
  std::span<Tensor> outputs_;
  bool kept_ = false;
};

// "Conv2D of x [1,8,8,3] filter [3,3,4,8]"
String described(const Op& op, std::span<const Tensor* const> inputs) {
  String text = op.name;
  const char* between = " of ";
  for (size_t i = 0; i < inputs.size() && i < 8; ++i) {
    if (inputs[i] == nullptr) continue;
    const size_t port = std::min(i, op.inputs.size() - 1);
    text += sentence<"{}{} {} {}">(between, op.inputs.begin()[port].name, name_of(inputs[i]->dtype),
                                   inputs[i]->shape);
    between = ", ";
  }
  return text;
}
}  // namespace

struct Eager::Settings {
  const Op* op;
  uint32_t hash;
  Vector<double> blob;
  Attrs attrs;
  std::unique_ptr<Settings> next;
};

struct Eager::Kept {
  const Op* op;
  const Settings* settings;
  uint32_t hash;
  uint32_t used = 0;
  size_t bytes = 0;
  Vector<const void*> packed;  // parallel to the inputs, null where nothing is packed
  Vector<TensorType> inputs;   // as the kernel was last reshaped for; absent ones are [unknown]
  Vector<TensorType> outputs;
  size_t scratch_bytes = 0;
  uint32_t reshaped = 0;  // clock_ then
  std::unique_ptr<Kernel> kernel;
  std::unique_ptr<Kept> next;
};

struct Eager::Plan {
  uint32_t number = 0;
  uint32_t drops;
  const Op* op;
  const Attrs* attrs;
  Kept* kept;  // null for an operator without a kernel
  uint32_t reshaped;
  size_t count;
  Tensor inputs[kPlanInputs];
  const Tensor* pointers[kPlanInputs];  // null for an absent input
  Tensor output;
};

Eager::Eager(size_t most_packed_bytes) : most_packed_bytes_(most_packed_bytes) {}
Eager::~Eager() { clear(); }

void Eager::clear() {
  for (auto& chain : kept_) {
    while (chain) chain = std::move(chain->next);
  }
  for (auto& chain : settings_) {
    while (chain) chain = std::move(chain->next);
  }
  settings_count_ = kernel_count_ = packed_bytes_ = 0;
  ++drops_;
}

namespace {
Status parse(const Op& op, std::span<const double> blob, Attrs* attrs) {
  size_t at = 0;
  for (const AttrSpec& spec : op.attrs) {
    if (at >= blob.size()) break;
    const double head = blob[at++];
    if (head == Eager::kDefault) continue;
    const size_t count = whole<size_t>(head < 0 ? -1 - head : head);
    WXNN_CHECK(count <= blob.size() - at, "attribute \"{}\" is cut short", spec.name);
    AttrValue value;
    if (head < 0) {
      for (const double code : blob.subspan(at, count))
        value.text += static_cast<char>(whole<int32_t>(code));
    } else {
      value.numbers.assign(blob.begin() + static_cast<ptrdiff_t>(at),
                           blob.begin() + static_cast<ptrdiff_t>(at + count));
    }
    at += count;
    WXNN_TRY(attrs->set(spec.name, std::move(value)));
  }
  return {};
}
}  // namespace

Status Eager::find_settings(const Op& op, std::span<const double> blob, Settings** found) {
  const uint32_t hash = hash_words(word_of(&op), blob.data(), blob.size() * 2);
  std::unique_ptr<Settings>& chain = settings_[hash % kBuckets];
  for (Settings* s = chain.get(); s != nullptr; s = s->next.get()) {
    if (s->hash == hash && s->op == &op && s->blob.size() == blob.size() &&
        (blob.empty() || std::memcmp(s->blob.data(), blob.data(), blob.size_bytes()) == 0)) {
      *found = s;
      return {};
    }
  }
  if (settings_count_ >= kMostAttrs) clear();
  auto made = std::make_unique<Settings>();
  made->op = &op;
  made->hash = hash;
  made->blob.assign(blob.begin(), blob.end());
  made->attrs = Attrs(op.attrs);
  WXNN_TRY(parse(op, blob, &made->attrs));
  made->next = std::move(chain);
  chain = std::move(made);
  ++settings_count_;
  *found = chain.get();
  return {};
}

Status Eager::run(const Op& op, std::span<const double> blob, std::span<const Tensor* const> inputs,
                  std::span<Tensor> outputs) {
  Settings* settings = nullptr;
  last_plan_ = 0;
  for (Tensor& t : outputs) t = Tensor{};
  const bool is_single = op.run != nullptr || op.create != nullptr || op.view;
  WXNN_CHECK(is_single && op.infer != nullptr, "{} runs within a graph alone", op.name);
  types_.assign(outputs.size(), TensorType{});
  Status status = find_settings(op, blob, &settings);
  if (status.ok()) {
    InferCtx c{settings->attrs, inputs, types_};
    status = run_kernel(op, *settings, c, outputs);
  }
  return status.ok() ? Status() : status.at(described(op, inputs));
}

Status Eager::run_kernel(const Op& op, Settings& settings, InferCtx& c, std::span<Tensor> outputs) {
  Kept* kept = nullptr;
  if (op.create == nullptr) {
    WXNN_TRY(infer(op, c));
  } else {
    WXNN_TRY(find_kept(op, settings, c, &kept));
    std::ranges::copy(kept->outputs, types_.begin());
    c.outputs = types_;
  }
  Blocks blocks(outputs);
  for (size_t i = 0; i < outputs.size(); ++i) {
    outputs[i].dtype = types_[i].dtype;
    outputs[i].shape = types_[i].shape;
    if (op.view) {
      outputs[i].data = c.inputs[0]->data;
    } else if (!types_[i].shape.is_unknown()) {
      WXNN_TRY(blocks.allocate(i, types_[i].shape));
    }
  }
  if (!op.view) WXNN_TRY(run_now(op, {c.attrs, c.inputs, outputs, nullptr, &blocks}, kept));
  blocks.keep();
  keep_plan(op, c, outputs, kept);
  return {};
}

Status Eager::run_now(const Op& op, RunCtx run, Kept* kept) {
  if (kept == nullptr) return op.run(run);
  if (scratch_.size() < kept->scratch_bytes) WXNN_TRY(scratch_.allocate(kept->scratch_bytes));
  run.scratch = scratch_.data();
  if (op.stateful) kept->kernel->reset();  // the same call gives the same numbers
  WXNN_TRY(kept->kernel->run(run));
  if (scratch_.size() > kKeptScratch) scratch_ = Buffer();
  return {};
}

void Eager::keep_plan(const Op& op, const InferCtx& c, std::span<Tensor> outputs, Kept* kept) {
  const size_t n = c.inputs.size();
  bool may = !op.view && n <= kPlanInputs && outputs.size() == 1 && !types_[0].shape.is_unknown();
  for (size_t i = 0; i < n; ++i) may = may && (!c.has(i) || (op.traits(i) & kValueKnown) == 0);
  if (!may) return;
  if (!plans_) plans_ = std::make_unique<Plan[]>(kMostPlans);
  plan_count_ = plan_count_ % kLargestPlan + 1;
  last_plan_ = plan_count_;
  Plan& plan = plans_[last_plan_ % kMostPlans];
  plan.number = last_plan_;
  plan.drops = drops_;
  plan.op = &op;
  plan.attrs = &c.attrs;
  plan.kept = kept;
  plan.reshaped = kept != nullptr ? kept->reshaped : 0;
  plan.count = n;
  for (size_t i = 0; i < n; ++i) {
    if (c.has(i)) plan.inputs[i] = c.in(i);
    plan.pointers[i] = c.has(i) ? &plan.inputs[i] : nullptr;
  }
  static_cast<TensorType&>(plan.output) = outputs[0];
}

void* Eager::again(uint32_t number, const void* const (&inputs)[kPlanInputs]) {
  if (!plans_) return nullptr;
  Plan& plan = plans_[number % kMostPlans];
  Kept* kept = plan.kept;
  if (plan.number != number || plan.drops != drops_ ||
      (kept != nullptr && kept->reshaped != plan.reshaped)) {
    return nullptr;
  }
  for (size_t i = 0; i < plan.count; ++i) {
    if (kept != nullptr && kept->packed[i] != nullptr && kept->packed[i] != inputs[i]) {
      return nullptr;
    }
    plan.inputs[i].data = const_cast<void*>(inputs[i]);
  }
  plan.output.data = nullptr;
  Blocks blocks({&plan.output, 1});
  Status status = blocks.allocate(0, plan.output.shape);
  if (status.ok()) {
    if (kept != nullptr) kept->used = ++clock_;
    const std::span<const Tensor* const> pointers(plan.pointers, plan.count);
    status = run_now(*plan.op, {*plan.attrs, pointers, {&plan.output, 1}, nullptr, &blocks}, kept);
  }
  if (!status.ok()) return nullptr;
  blocks.keep();
  return plan.output.data;
}

// Kernels know the rank, dtype and last dimension (the channels) of every input and all of what
// they packed; any other dimension may change by reshape.
Status Eager::find_kept(const Op& op, Settings& settings, const InferCtx& c, Kept** found) {
  const size_t n = c.inputs.size();
  uint32_t hash = mix(word_of(&settings), static_cast<uint32_t>(n));
  for (size_t i = 0; i < n; ++i) {
    if (!c.has(i)) continue;
    const Shape& shape = c.in(i).shape;
    hash = mix(hash, static_cast<uint32_t>(i * 64 + shape.rank() * 4) +
                         static_cast<uint32_t>(c.in(i).dtype));
    if (shape.rank() > 0) hash = mix(hash, static_cast<uint32_t>(shape[-1]));
    if ((op.traits(i) & kPacked) != 0) {
      hash = hash_words(mix(hash, word_of(c.in(i).data)), shape.dims().data(), shape.dims().size());
    }
  }
  const auto type_of = [&](size_t i) {
    return c.has(i) ? static_cast<const TensorType&>(c.in(i))
                    : TensorType{DType::kFloat32, Shape::unknown()};
  };
  const auto is_same = [&](const Kept& kept, bool complete) {
    for (size_t i = 0; i < n; ++i) {
      const bool packed = c.has(i) && (op.traits(i) & kPacked) != 0;
      const TensorType type = type_of(i), old = kept.inputs[i];
      if (packed ? kept.packed[i] != c.in(i).data : kept.packed[i] != nullptr) return false;
      if (type.dtype != old.dtype || type.shape.rank() != old.shape.rank()) return false;
      if (type.shape.rank() > 0 && type.shape[-1] != old.shape[-1]) return false;
      if ((packed || complete) && !(type.shape == old.shape)) return false;
    }
    return true;
  };
  std::unique_ptr<Kept>& chain = kept_[hash % kBuckets];
  Kept* kept = chain.get();
  while (kept != nullptr &&
         !(kept->hash == hash && kept->settings == &settings && kept->inputs.size() == n &&
           kept->outputs.size() == c.outputs.size() && is_same(*kept, false))) {
    kept = kept->next.get();
  }
  bool reads_data = false;  // then the same shapes may mean another output
  for (size_t i = 0; i < n; ++i) reads_data |= c.has(i) && (op.traits(i) & kValueKnown) != 0;
  if (kept != nullptr && !reads_data && is_same(*kept, true)) {
    kept->used = ++clock_;
    *found = kept;
    return {};
  }
  InferCtx inner{c.attrs, c.inputs, c.outputs};
  WXNN_TRY(infer(op, inner));
  if (kept == nullptr) {
    auto made = std::make_unique<Kept>();
    made->op = &op;
    made->settings = &settings;
    made->hash = hash;
    for (size_t i = 0; i < n; ++i) {
      const bool packed = c.has(i) && (op.traits(i) & kPacked) != 0;
      made->packed.push_back(packed ? c.in(i).data : nullptr);
      made->bytes += packed ? c.in(i).bytes() : 0;
    }
    made->inputs.resize(n);
    made->outputs.resize(c.outputs.size());
    while (kernel_count_ > 0 &&
           (kernel_count_ >= kMostKernels || packed_bytes_ + made->bytes > most_packed_bytes_)) {
      drop_oldest();
    }
    WXNN_TRY(op.create(inner, &made->kernel));
    packed_bytes_ += made->bytes;
    ++kernel_count_;
    kept = made.get();
    made->next = std::move(chain);
    chain = std::move(made);
  }
  kept->used = kept->reshaped = ++clock_;
  for (size_t i = 0; i < n; ++i) kept->inputs[i] = type_of(i);
  std::ranges::copy(c.outputs, kept->outputs.begin());
  if (Status status = kept->kernel->reshape(inner, &kept->scratch_bytes); !status.ok()) {
    drop(kept);
    return status;
  }
  *found = kept;
  return {};
}

void Eager::drop(Kept* kept) {
  for (std::unique_ptr<Kept>* link = &kept_[kept->hash % kBuckets]; *link; link = &(*link)->next) {
    if (link->get() != kept) continue;
    packed_bytes_ -= kept->bytes;
    --kernel_count_;
    ++drops_;
    *link = std::move(kept->next);
    return;
  }
}

void Eager::drop_oldest() {
  Kept* oldest = nullptr;
  for (auto& chain : kept_) {
    for (Kept* kept = chain.get(); kept != nullptr; kept = kept->next.get()) {
      if (oldest == nullptr || clock_ - kept->used > clock_ - oldest->used) oldest = kept;
    }
  }
  drop(oldest);
}

void Eager::forget(const void* data) {
  for (auto& chain : kept_) {
    for (std::unique_ptr<Kept>* link = &chain; *link;) {
      if (std::ranges::find((*link)->packed, data) == (*link)->packed.end()) {
        link = &(*link)->next;
        continue;
      }
      packed_bytes_ -= (*link)->bytes;
      --kernel_count_;
      ++drops_;
      *link = std::move((*link)->next);
    }
  }
}

}  // namespace wxnn
