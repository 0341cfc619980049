// A fuzz target of the engine's readers: what was read is optimised, planned and run, where its
// tensors are small. A file of a few bytes may honestly ask for large ones.
#pragma once
#include "core/model.h"
#include "passes/passes.h"

namespace wxnn {

inline bool is_small(const Graph& graph) {
  constexpr size_t kMost = 1 << 20;
  size_t bytes = 0;
  for (const Value& v : graph.values) {
    if (!v.type.shape.is_known() || !v.type.shape.fits()) continue;
    bytes += v.type.bytes();
    if (bytes > kMost) return false;
  }
  return true;
}

template <class Read>
int fuzz_read(Read read, const uint8_t* data, size_t size) {
  Buffer file;
  if (!file.allocate(size).ok()) return 0;
  std::copy(data, data + size, file.data<uint8_t>());
  Graph graph;
  if (!read(std::move(file), &graph).ok() || !is_small(graph)) return 0;
  std::unique_ptr<Model> model;
  if (!Model::load(std::move(graph), &model).ok() || !model->planned()) return 0;
  if (model->memory().arena_bytes > size_t{16} << 20) return 0;
  static_cast<void>(model->run().ok());
  return 0;
}

}  // namespace wxnn
