// A fuzz target of the engine's readers: what was read is optimised, planned and, where its tensors
// are small, run. A file of a few bytes may honestly ask for large ones, but not to be loaded.
#pragma once
#include "core/model.h"
#include "passes/passes.h"

namespace wxnn {

template <class Read>
int fuzz_read(Read read, const uint8_t* data, size_t size) {
  Buffer file;
  if (!file.allocate(size).ok()) return 0;
  std::copy(data, data + size, file.data<uint8_t>());
  Graph graph;
  if (!read(std::move(file), &graph).ok()) return 0;
  std::unique_ptr<Model> model;
  if (!Model::load(std::move(graph), &model).ok() || !model->planned()) return 0;
  constexpr size_t kMost = 1 << 20;
  if (model->arena_bytes() > kMost) return 0;
  static_cast<void>(model->run().ok());
  return 0;
}

}  // namespace wxnn
