// The file of a model, whose weights need not be in memory: they are most of it, and each is wanted
// once, for a moment.
#pragma once
#include <utility>

#include "core/constant.h"

namespace wxnn {

struct File {
  File() = default;
  File(Buffer all) : head(std::move(all)), bytes(head.size()) {}

  Buffer head;               // the first bytes of the file: all but weights, or all
  size_t bytes = 0;          // of the whole file
  ReadFile* read = nullptr;  // null: all of it is in `head`, which its constants point into

  // The constant's bytes are these, which lie inside the file.
  void lend(size_t where, size_t size, Constant* constant) const {
    constant->read = read;
    constant->where = where;
    constant->bytes = {read != nullptr ? nullptr : head.data() + where, size};
  }
};

}  // namespace wxnn
