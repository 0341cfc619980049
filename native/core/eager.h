// Operators one at a time, as tfjs calls them: infer, then run, with kernels and attributes kept
// between calls.
//
// A kernel that packs weights is kept under its operator, its attributes and the addresses of what
// it packed. Whoever frees such a tensor calls forget() first. What is kept is bounded: the least
// recently used goes when packed bytes exceed a limit.
#pragma once
#include <memory>
#include <span>

#include "core/buffer.h"
#include "core/op.h"
#include "core/vector.h"

namespace wxnn {

class Eager {
 public:
  static constexpr size_t kMostPackedBytes = 64u << 20;
  static constexpr size_t kMostKernels = 1024;
  static constexpr size_t kMostAttrs = 512;  // sets of them, some 400 bytes each
  // In a list of numbers that stands for attributes: this one keeps its default.
  static constexpr double kDefault = 0.5;

  explicit Eager(size_t most_packed_bytes = kMostPackedBytes);
  ~Eager();

  // Runs an operator. `attrs` has, for each attribute in the order of the operator's list, one of:
  //   n, then n numbers        -1 - n, then the codes of n characters (ASCII)        kDefault
  // An empty list gives every attribute its default. Outputs get blocks of their own, 64-byte
  // aligned, which the caller frees with std::free; those of a view are its input. After a failure
  // no block is left.
  Status run(const Op& op, std::span<const double> attrs, std::span<const Tensor* const> inputs,
             std::span<Tensor> outputs);

  // The plan of the last successful run(), for again(); 0 where there is none: a plan has at most
  // kPlanInputs inputs, one output, and shapes that follow from its inputs' shapes.
  uint32_t last_plan() const { return last_plan_; }
  static constexpr size_t kPlanInputs = 4;
  // Does what run() did, on inputs of the same types at these addresses, as many as there were: no
  // attribute is read, nothing is checked or inferred. Gives the output's block; null where the
  // plan is not kept any more, a packed input is another one, or it fails: run() says why.
  void* again(uint32_t plan, const void* const (&inputs)[kPlanInputs]);

  // Drops the kernels that packed the tensor at this address.
  void forget(const void* data);
  // Drops everything that is kept.
  void clear();

  size_t kernels() const { return kernel_count_; }
  size_t packed_bytes() const { return packed_bytes_; }

 private:
  struct Settings;  // attributes, parsed once
  struct Kept;      // a kernel and the shapes that it last saw
  struct Plan;      // a call that may come again

  Status find_settings(const Op& op, std::span<const double> attrs, Settings** found);
  Status run_kernel(const Op& op, Settings& settings, InferCtx& c, std::span<Tensor> outputs);
  Status run_now(const Op& op, RunCtx run, Kept* kept);
  Status find_kept(const Op& op, Settings& settings, const InferCtx& c, Kept** found);
  void keep_plan(const Op& op, const InferCtx& c, std::span<Tensor> outputs, Kept* kept);
  void drop(Kept* kept);
  void drop_oldest();

  static constexpr size_t kBuckets = 256;
  static constexpr uint32_t kMostPlans = 128;
  static constexpr uint32_t kLargestPlan = 0x3fffffff;
  std::unique_ptr<Settings> settings_[kBuckets];
  std::unique_ptr<Kept> kept_[kBuckets];
  size_t settings_count_ = 0;
  size_t kernel_count_ = 0;
  size_t packed_bytes_ = 0;
  size_t most_packed_bytes_;
  uint32_t clock_ = 0;
  // Plan number n is at n % kMostPlans, until another takes its place.
  std::unique_ptr<Plan[]> plans_;
  uint32_t plan_count_ = 0;
  uint32_t last_plan_ = 0;
  uint32_t drops_ = 0;  // plans from before the last drop may lack their kernel or attributes
  Vector<TensorType> types_;
  Buffer scratch_;
};

}  // namespace wxnn
