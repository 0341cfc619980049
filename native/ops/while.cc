// While: body(state) again and again as long as cond(state). TensorFlow's While and StatelessWhile,
// TFLite's WHILE.
//
// The state lies in the inputs of the body. Its shapes are settled while planning: where the body
// gives another shape than it took, that part of the state is late, all else is planned once. A
// list that is empty because nobody has written to it yet (ops/tensor_list.cc) takes at once the
// shape that it has after the first round.
#include <algorithm>
#include <cstring>

#include "core/flow.h"

namespace wxnn {
namespace {

class While final : public Flow {
 public:
  Status open(Graph& graph, Node& node) {
    const size_t n = node.inputs.size();
    WXNN_CHECK(node.bodies.size() == 2, "lacks its condition or body");
    Graph& cond = *node.bodies[0];
    Graph& body = *node.bodies[1];
    WXNN_CHECK(cond.outputs.size() == 1, "has a condition that gives {} values, wants 1",
               cond.outputs.size());
    WXNN_CHECK(body.outputs.size() == n && body.inputs.size() == n && cond.inputs.size() == n &&
                   node.outputs.size() <= n,
               "starts with {} values, but its body takes {} and gives {}", n, body.inputs.size(),
               body.outputs.size());
    const Vector<int> uses = count_uses(graph);
    parts_.resize(n);
    for (size_t k = 0; k < n; ++k) {
      Part& part = parts_[k];
      part.constant = body.outputs[k] == body.inputs[k];
      part.only_written =
          is_only_written(cond, cond.inputs[k]) && is_only_written(body, body.inputs[k]);
      int& v = node.inputs[k];
      WXNN_CHECK(v != kAbsent, "lacks the start of a value");
      if (!part.constant || !graph.values[v].constant) continue;
      part.handed_over = true;
      WXNN_TRY(hand_over(graph, v, node.bodies, k));
      body.outputs[k] = body.inputs[k];  // nobody asks the body for it
      if (k >= node.outputs.size() || uses[node.outputs[k]] == 0) v = kAbsent;
    }
    WXNN_TRY(load_bodies(node, 2, 0));
    for (size_t k = 0; k < n; ++k) parts_[k].decides = bodies_[0]->reads(k);
    return {};
  }

  Status plan(InferCtx& c) override {
    const size_t n = parts_.size();
    state_.assign(n, Tensor{});
    for (size_t k = 0; k < n; ++k) {
      if (!c.has(k)) continue;
      state_[k] = c.in(k);
      if (!parts_[k].constant) state_[k].data = nullptr;
    }
    for (bool settled = false; !settled;) {
      Status status = body().plan_for(state_);
      if (!status.ok()) return status.at("in its body");
      WXNN_TRY(settle(&settled));
    }
    Vector<Tensor> seen = state_;
    for (size_t k = 0; k < n; ++k) {
      if (!parts_[k].decides) seen[k] = nothing();
    }
    Status status = cond().plan_for(seen);
    if (!status.ok()) return status.at("in its condition");
    for (size_t k = 0; k < c.outputs.size(); ++k) c.out(k) = state_[k];
    find_overlaps();
    return {};
  }

  Status run(const RunCtx& c) override {
    for (size_t k = 0; k < parts_.size(); ++k) {
      if (!c.has(k) || parts_[k].handed_over) continue;
      WXNN_TRY(body().give(k, c.in(k)));
      if (parts_[k].constant && parts_[k].decides) WXNN_TRY(cond().give(k, c.in(k)));
    }
    for (;;) {
      for (size_t k = 0; k < parts_.size(); ++k) {
        if (!parts_[k].decides || parts_[k].constant) continue;
        WXNN_TRY(cond().give(k, body().input(k)));
      }
      Status status = cond().run();
      if (!status.ok()) return status.at("in its condition");
      if (!is_true(cond().output(0))) break;
      status = body().run();
      if (!status.ok()) return status.at("in its body");
      WXNN_TRY(take_over());
    }
    for (size_t k = 0; k < c.outputs.size(); ++k) {
      if (!c.has(k)) continue;  // and nobody reads the output
      WXNN_TRY(deliver(c, k, parts_[k].constant ? c.in(k) : body().input(k)));
    }
    return {};
  }

 private:
  struct Part {
    bool constant = false;      // the body gives what it took
    bool handed_over = false;   // and that is a constant inside the bodies
    bool decides = false;       // the condition reads it
    bool only_written = false;  // a list
    bool overlaps = false;      // what the body gives lies where another input does, or may do so
    Tensor aside;
    Buffer memory;
  };

  Model& cond() { return *bodies_[0]; }
  Model& body() { return *bodies_[1]; }

  // Makes the state as the body gives it. Every part changes twice at most.
  Status settle(bool* settled) {
    *settled = true;
    for (size_t k = 0; k < parts_.size(); ++k) {
      Tensor& s = state_[k];
      const Tensor& y = body().output(k);
      if (parts_[k].constant || s.shape.is_unknown()) continue;
      const bool known = !y.shape.is_unknown();
      WXNN_CHECK(!known || y.dtype == s.dtype, "value {} is {}, its body makes it {}", k,
                 name_of(s.dtype), name_of(y.dtype));
      if (y.shape == s.shape) continue;
      *settled = false;
      const bool unwritten = known && parts_[k].only_written && s.shape.elements() == 0 &&
                             y.shape.elements() != 0 && y.shape.rank() > 0 &&
                             s.shape[0] == y.shape[0];
      s.shape = unwritten ? y.shape : Shape::unknown();
    }
    return {};
  }

  void find_overlaps() {
    for (size_t k = 0; k < parts_.size(); ++k) {
      const Tensor& y = body().output(k);
      parts_[k].overlaps = state_[k].shape.is_unknown();
      for (size_t j = 0; j < parts_.size(); ++j) {
        parts_[k].overlaps |= j != k && y.data != nullptr && y.data == body().input(j).data;
      }
    }
  }

  // What the body gave becomes what it takes.
  Status take_over() {
    for (size_t k = 0; k < parts_.size(); ++k) {
      Part& part = parts_[k];
      if (part.constant || !part.overlaps) continue;
      const Tensor& y = body().output(k);
      WXNN_TRY(part.memory.fit(y.bytes()));
      if (y.bytes() != 0) std::memcpy(part.memory.data(), y.data, y.bytes());
      part.aside = y;
      part.aside.data = part.memory.data();
    }
    for (size_t k = 0; k < parts_.size(); ++k) {
      Part& part = parts_[k];
      if (part.constant) continue;
      WXNN_TRY(body().give(k, part.overlaps ? part.aside : body().output(k)));
    }
    return {};
  }

  Vector<Part> parts_;
  Vector<Tensor> state_;
};

Status make_while(Graph& graph, Node& node, std::unique_ptr<Flow>* flow) {
  auto made = std::make_unique<While>();
  WXNN_TRY(made->open(graph, node));
  *flow = std::move(made);
  return {};
}

}  // namespace

extern constinit const Op kWhile = {
    .name = "While",
    .inputs = {{"args", kOptional}},
    .flow = make_while,
    .variadic = true,
    .outputs = kAnyNumber,
};

}  // namespace wxnn
