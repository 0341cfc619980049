// A fuzz target of the engine's readers: what was read is optimised, planned and, where its tensors
// are small, run. A file of a few bytes may honestly ask for large ones, but not to be loaded.
#pragma once
#include <vector>

#include "core/model.h"
#include "passes/passes.h"

namespace wxnn {

// Whether it was small enough to be run.
inline bool fuzz_run(Model& model) {
  constexpr size_t kMost = 1 << 20;
  if (!model.planned() || model.arena_bytes() > kMost) return false;
  static_cast<void>(model.run().ok());
  return true;
}

template <class Read>
int fuzz_read(Read read, const uint8_t* data, size_t size) {
  Buffer file;
  if (!file.allocate(size).ok()) return 0;
  std::copy(data, data + size, file.data<uint8_t>());
  Graph graph;
  if (!read(std::move(file), &graph).ok()) return 0;
  std::unique_ptr<Model> model;
  if (!Model::load(std::move(graph), &model).ok()) return 0;
  // What one run leaves for the next is read by the second; then another batch is planned.
  if (!fuzz_run(*model) || !fuzz_run(*model)) return 0;
  std::vector<Shape> shapes;
  for (size_t i = 0; i < model->graph().inputs.size(); ++i) {
    shapes.push_back(model->input(i).shape);
    if (shapes.back().elements() == 0) return 0;
    if (shapes.back().rank() > 0) shapes.back()[0] = 2;
  }
  if (model->resize(shapes).ok()) fuzz_run(*model);
  return 0;
}

}  // namespace wxnn
