#include "formats/sparse.h"

#include <cstring>
#include <vector>

#include "formats/tflite_verify.h"

namespace wxnn {

namespace {

using flatbuffers::Table;

// A level of the traversal: one dimension, of the tensor or of the block, complete or compressed.
struct Level {
  Level() = default;
  Level(int dimension, int32_t size) : dimension(dimension), size(size) {}
  bool dense = true;
  int dimension = 0;     // of the tensor
  int32_t size = 0;      // indices run below it
  int32_t stride = 1;    // an index here is worth so much in `dimension`
  std::vector<int32_t> segments;  // compressed: entries of parent i are [segments[i], segments[i+1])
  std::vector<int32_t> indices;
};

// How an index vector of each type (1, 2, 3 in the union) stores its numbers.
constexpr int kIndexBytes[] = {0, 4, 2, 1};

Status read_indices(const flatbuffers::Verifier& v, int type, const void* vector,
                    std::vector<int32_t>* out) {
  const bool known = type >= 1 && type <= 3 && vector != nullptr;
  WXNN_CHECK(known, "lacks the indices of a compressed dimension");
  const Table& table = *static_cast<const Table*>(vector);
  const int bytes = kIndexBytes[type];
  WXNN_CHECK(verify_vector(v, table, 0, bytes), "has indices outside the file");
  const auto* numbers = table.GetPointer<const flatbuffers::Vector<uint8_t>*>(vtable_slot(0));
  const size_t n = numbers == nullptr ? 0 : numbers->size();
  out->resize(n);
  for (size_t i = 0; i < n; ++i) {
    uint32_t number = 0;  // little-endian, as the file is
    std::memcpy(&number, numbers->data() + i * bytes, bytes);
    (*out)[i] = static_cast<int32_t>(number);
  }
  return {};
}

// Entries of a level must continue where the parent's end: `parents` of them there are.
Status check_compressed(const Level& level, int64_t parents) {
  WXNN_CHECK(static_cast<int64_t>(level.segments.size()) == parents + 1, "has ",
             level.segments.size(), " segments in a compressed dimension, not ", parents + 1);
  int32_t last = 0;
  for (int32_t s : level.segments) {
    WXNN_CHECK(s >= last, "has segments that do not ascend");
    last = s;
  }
  const bool complete = level.segments[0] == 0 && static_cast<size_t>(last) == level.indices.size();
  WXNN_CHECK(complete, "has segments that do not cover its indices");
  for (int32_t i : level.indices) {
    WXNN_CHECK(i >= 0 && i < level.size, "has index ", i, " in a dimension of ", level.size);
  }
  return {};
}

class Densifier {
 public:
  Densifier(const Sparse& sparse, const Shape& shape) : sparse_(sparse), shape_(shape) {}

  Status read_levels(const flatbuffers::Verifier& v) {
    const auto* order = sparse_.sparsity.traversal_order();
    const auto* block = sparse_.sparsity.block_map();
    const auto* metadata = sparse_.sparsity.dim_metadata();
    const size_t rank = static_cast<size_t>(shape_.rank());
    const size_t blocks = block == nullptr ? 0 : block->size();
    const bool sized = order != nullptr && metadata != nullptr && blocks <= rank &&
                       order->size() == rank + blocks && metadata->size() == rank + blocks;
    WXNN_CHECK(sized, "has sparsity that does not fit its shape ", shape_);
    WXNN_TRY(assign_dimensions(*order, block, *metadata));
    for (size_t i = 0; i < levels_.size(); ++i) {
      const auto& m = *metadata->Get(static_cast<uint32_t>(i));
      WXNN_TRY(read_level(v, m, &levels_[i]));
    }
    return check_counts();
  }

  void expand(std::byte* out) {
    out_ = out;
    expand_level(0, 0);
  }

 private:
  using Ints = flatbuffers::Vector<int32_t>;
  using Metadata = flatbuffers::Vector<flatbuffers::Offset<tflite::DimensionMetadata>>;

  // Which dimension of the tensor each level walks, and in which steps.
  Status assign_dimensions(const Ints& order, const Ints* block, const Metadata& metadata) {
    const int rank = shape_.rank();
    const int total = static_cast<int>(order.size());
    std::vector<int> level_of(total, -1);
    for (int i = 0; i < total; ++i) {
      const int d = order.Get(i);
      // Blocks are walked after the dimensions that they divide.
      const bool valid = d >= 0 && d < total && level_of[d] < 0 && (d < rank) == (i < rank);
      WXNN_CHECK(valid, "has a traversal order that is no permutation");
      level_of[d] = i;
    }
    levels_.resize(total);
    for (int d = 0; d < rank; ++d) levels_[level_of[d]] = Level(d, shape_[d]);
    for (int d = rank; d < total; ++d) {
      const int divided = block->Get(d - rank);
      WXNN_CHECK(divided >= 0 && divided < rank, "has a block of dimension ", divided);
      Level& whole = levels_[level_of[divided]];
      const int32_t size = metadata.Get(level_of[d])->dense_size();
      WXNN_CHECK(whole.stride == 1 && size > 0 && whole.size % size == 0, "has blocks of ", size,
                 " in a dimension of ", whole.size);
      levels_[level_of[d]] = Level(divided, size);
      whole.size /= size;
      whole.stride = size;
    }
    return {};
  }

  Status read_level(const flatbuffers::Verifier& v, const tflite::DimensionMetadata& m,
                    Level* level) {
    level->dense = m.format() == tflite::DimensionType::DENSE;
    if (level->dense) {
      WXNN_CHECK(m.dense_size() == level->size, "has a dense dimension of ", m.dense_size(),
                 ", not ", level->size);
      return {};
    }
    WXNN_CHECK(m.format() == tflite::DimensionType::SPARSE_CSR, "has an unknown sparse format");
    WXNN_TRY(read_indices(v, static_cast<int>(m.array_segments_type()), m.array_segments(),
                          &level->segments));
    return read_indices(v, static_cast<int>(m.array_indices_type()), m.array_indices(),
                        &level->indices);
  }

  // Every level has as many entries as its parents ask for, the last as many as there are values:
  // expand() then stays inside all vectors.
  Status check_counts() {
    int64_t entries = 1;
    for (const Level& level : levels_) {
      if (!level.dense) WXNN_TRY(check_compressed(level, entries));
      entries = level.dense ? entries * level.size : static_cast<int64_t>(level.indices.size());
      WXNN_CHECK(entries <= INT32_MAX, "has more entries than fit in memory");
    }
    WXNN_CHECK(static_cast<size_t>(entries) * sparse_.element_bytes == sparse_.values.size(),
               "stores ", sparse_.values.size(), " bytes for ", entries, " sparse elements");
    return {};
  }

  void expand_level(size_t depth, int32_t entry) {
    if (depth == levels_.size()) return store(entry);
    const Level& level = levels_[depth];
    const int32_t begin = level.dense ? entry * level.size : level.segments[entry];
    const int32_t end = level.dense ? begin + level.size : level.segments[entry + 1];
    for (int32_t i = begin; i < end; ++i) {
      const int32_t step = (level.dense ? i - begin : level.indices[i]) * level.stride;
      at_[level.dimension] += step;
      expand_level(depth + 1, i);
      at_[level.dimension] -= step;
    }
  }

  void store(int32_t entry) {
    size_t to = 0;
    for (int d = 0; d < shape_.rank(); ++d) to = to * shape_[d] + at_[d];
    const size_t bytes = sparse_.element_bytes;
    std::memcpy(out_ + to * bytes, sparse_.values.data() + entry * bytes, bytes);
  }

  const Sparse& sparse_;
  const Shape& shape_;
  std::vector<Level> levels_;
  int32_t at_[Shape::kMaxRank] = {};
  std::byte* out_ = nullptr;
};

}  // namespace

Status densify(const flatbuffers::Verifier& verifier, const Sparse& sparse, const Shape& shape,
               Buffer* dense) {
  Densifier densifier(sparse, shape);
  WXNN_TRY(densifier.read_levels(verifier));
  const size_t bytes = static_cast<size_t>(shape.elements()) * sparse.element_bytes;
  WXNN_TRY(dense->allocate(bytes));
  std::memset(dense->data(), 0, bytes);
  if (bytes != 0) densifier.expand(dense->data());
  return {};
}

}  // namespace wxnn
