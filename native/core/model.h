// A model ready to run: graph, kernels with packed weights, one arena.
//
// Life: load -> (resize) -> write inputs -> run -> read outputs -> run … Inputs and outputs are
// views into the arena: valid until the next resize; outputs are overwritten by the next run,
// inputs never by the engine. One Model is used by one thread at a time.
//
// A small file may honestly ask for large tensors. What loading takes is bounded by the file: an
// arena of more than 64 MB waits for reserve() or the first run, and so does the computing of what
// is constant, beyond 1 MB and four times the file.
//
// Nodes whose shapes follow from the input shapes are planned once per shape: run then allocates
// nothing, unless a kernel packs what is computed: it is made anew every time. A node whose shapes
// depend on data (an output that infer leaves unknown, or a shape input computed from data) is
// "late": its outputs get memory of their own while running.
//
// If and While hold models of their own, their bodies (core/flow.h).
#pragma once
#include <memory>

#include "core/graph.h"
#include "core/vector.h"

namespace wxnn {

struct NodeProfile {
  const Node* node = nullptr;
  double ms = 0;  // summed over all runs since profiling began
  int runs = 0;
};

struct MemoryUse {
  size_t arena_bytes = 0;
  size_t constant_bytes = 0;  // constants that are read in place at every run
  size_t packed_bytes = 0;    // raw bytes of the constants that went into packed weights
};

class Model {
 public:
  // Takes a graph as a reader gives it: sorts it, runs the passes, packs weights, plans the arena.
  // An open first dimension (the batch) counts as 1, an input without a declared rank is a scalar;
  // other open dimensions, and a graph that takes no scalar there, leave the model unplanned until
  // resize() has settled them. Errors name the node, its operator and the shapes.
  static Status load(Graph&& graph, std::unique_ptr<Model>* model);
  ~Model();

  const Graph& graph() const { return graph_; }
  // Input or output i with the shape in force (an output of a late node: that of the last run);
  // data is null before the shapes are settled, and where memory waits for reserve().
  const Tensor& input(size_t i) const { return tensors_[graph_.inputs[i]]; }
  const Tensor& output(size_t i) const { return tensors_[graph_.outputs[i]]; }
  bool planned() const { return planned_; }
  // Bytes of the arena that is planned, without those of bodies.
  size_t arena_bytes() const { return arena_bytes_; }
  // Takes the memory that loading left. Nothing happens where it is there.
  Status reserve();

  // Gives inputs new shapes, all at once: of the declared rank, where there is one, and equal to
  // the declared dimensions where those are not open, the first (batch) excepted. Shape::unknown()
  // leaves an input as it is. Plans again and may move the arena; weights stay packed. Nothing
  // happens when the shapes are in force already. On failure the former shapes stay in force.
  // What was in force before is in `shapes` afterwards.
  Status resize(std::span<Shape> shapes);
  Status resize(size_t input, const Shape& shape);  // one of them

  // Fails over data only (an index out of range), naming the node; the next run works.
  Status run();

  // What runs leave for later runs (the graph's states, variables of LSTM, RNN and SVDF, places in
  // random sequences) is again as after loading. A run that fails leaves the graph's states alone.
  void reset_state();

  // --- a body, for the node that runs it ---------------------------------------------------------
  static Status load_body(Graph&& graph, std::unique_ptr<Model>* model);
  // Plans for inputs like these. Where data is there, it is known while planning and stays so; an
  // unknown shape is settled by give(), at every run.
  Status plan_for(std::span<const Tensor> inputs);
  // Copies a value to input i, whose type it has.
  Status give(size_t input, const Tensor& value);
  // False for an input that nothing reads.
  bool reads(size_t input) const;

  // Starts (with zeroes) or stops counting time per node.
  void set_profiling(bool on);
  const Vector<NodeProfile>& profile() const { return profile_; }
  MemoryUse memory() const;

 private:
  struct Step;
  explicit Model(Graph&& graph);
  static Status build(Graph&& graph, bool is_body, std::unique_ptr<Model>* model);

  // model.cc: loading and running
  Status open();
  Status check_shape(size_t input, const Shape& shape) const;
  Status run_step(Step& step);
  Status run_late(Step& step);
  Status make_anew(Step& step);
  Status run_flow(Step& step);

  // model_plan.cc: shapes, kernels
  Status plan();
  Status plan_step(Step& step);
  Status plan_flow(Step& step);
  Status evaluate_now(Step& step);
  Status prepare_kernel(Step& step);
  Status prepare_kernels();
  Status create_kernel(Step& step);
  size_t packing_room(const Step& step) const;
  const Value* packed_constant(const Node& node, size_t i) const;
  bool may_evaluate(const Step& step);
  bool is_late(int value) const;
  void publish(Step& step);
  Status keep_constants();
  void release_packed(const Step& step);
  Status leave_file();

  // model_layout.cc: memory
  Status lay_out(bool only_measure);
  size_t at_loading() const;
  bool may_overwrite(const Node& node, int input) const;

  // model_state.cc: what runs leave for later runs, in the graph's states
  Status open_states();
  Status check_states() const;
  enum class StatePart : uint8_t { kInitial, kInput, kOutput };
  void copy_states(StatePart part);

  Graph graph_;
  Vector<Tensor> tensors_;  // parallel to graph_.values: what is known of each now
  Vector<Step> steps_;      // parallel to graph_.nodes
  Vector<int> unpacked_;    // per value: ports that will pack it and have not yet
  Vector<uint8_t> kept_;    // per value: a constant that is read in place at every run
  Vector<uint8_t> late_;    // per value: written by a late node, to memory of its own
  bool is_body_ = false;
  Vector<const void*> known_;  // of a body, per input: its data, where known while planning
  Vector<Buffer> own_inputs_;  // of a body: memory of the late ones
  Buffer packing_;             // while kernels are made: room for the constants of one
  Buffer arena_;
  size_t arena_bytes_ = 0;
  bool waits_ = false;                         // for reserve()
  bool reserves_ = false;                      // was asked to: whatever is planned from now on
  size_t most_evaluated_ = 0, evaluated_ = 0;  // bytes, while planning
  Buffer late_scratch_;
  Buffer kept_states_;  // between runs, one after the other
  bool planned_ = false;
  bool profiling_ = false;
  size_t packed_bytes_ = 0;
  Vector<NodeProfile> profile_;
};

}  // namespace wxnn
