#include "formats/sparse.h"

#include <cstring>

#include "core/vector.h"
#include "formats/tflite_verify.h"

namespace wxnn {

namespace {

// A level of the traversal: one dimension, of the tensor or of the block, complete or compressed.
struct Level {
  Level() = default;
  Level(int dimension, int32_t size) : dimension(dimension), size(size) {}
  bool dense = true;
  int dimension = 0;         // of the tensor
  int32_t size = 0;          // indices run below it
  int32_t stride = 1;        // an index here is worth so much in `dimension`
  Vector<int32_t> segments;  // compressed: entries of parent i are [segments[i], segments[i+1])
  Vector<int32_t> indices;
};

// How an index vector of each type (1, 2, 3 in the union) stores its numbers.
constexpr int kIndexBytes[] = {0, 4, 2, 1};

// `slot`: of the union, whose type stands in front of it.
bool read_indices(const Buffer& file, const void* dimension, int slot, Vector<int32_t>* out) {
  const int type = number_in<uint8_t>(dimension, slot - 2);
  const void* vector = tflite_target(dimension, slot);
  if (type < 1 || type > 3) return false;
  const int bytes = kIndexBytes[type];
  if (!verify_list(file, vector, vtable_slot(0), bytes)) return false;
  const auto& numbers = list_in<uint8_t>(vector, vtable_slot(0));
  const size_t n = numbers.size();
  *out = Vector<int32_t>(n);
  for (size_t i = 0; i < n; ++i) {
    uint32_t number = 0;  // little-endian, as the file is
    std::memcpy(&number, numbers.data() + i * bytes, bytes);
    (*out)[i] = static_cast<int32_t>(number);
  }
  return true;
}

// Entries of a level must continue where the parent's end: `parents` of them there are.
bool is_consistent(const Level& level, int64_t parents) {
  if (static_cast<int64_t>(level.segments.size()) != parents + 1) return false;
  int32_t last = 0;
  for (int32_t s : level.segments) {
    if (s < last) return false;
    last = s;
  }
  for (int32_t i : level.indices) {
    if (i < 0 || i >= level.size) return false;
  }
  return level.segments[0] == 0 && static_cast<size_t>(last) == level.indices.size();
}

// What is wrong with a sparse tensor has no words that would help its owner: functions that check
// return false.
class Densifier {
 public:
  Densifier(const Sparse& sparse, const Shape& shape) : sparse_(sparse), shape_(shape) {}

  bool read_levels(const Buffer& file) {
    using Sparsity = tflite::SparsityParameters;
    const auto& order = ints_in(sparse_.sparsity, Sparsity::VT_TRAVERSAL_ORDER);
    const auto& block = ints_in(sparse_.sparsity, Sparsity::VT_BLOCK_MAP);
    const auto& metadata = tables_in<Dimension>(sparse_.sparsity, Sparsity::VT_DIM_METADATA);
    const size_t rank = static_cast<size_t>(shape_.rank());
    const size_t total = rank + block.size();
    const bool sized = block.size() <= rank && order.size() == total && metadata.size() == total;
    if (!sized || !assign_dimensions(order, block, metadata)) return false;
    for (size_t i = 0; i < levels_.size(); ++i) {
      if (!read_level(file, metadata.Get(static_cast<uint32_t>(i)), &levels_[i])) return false;
    }
    return check_counts();
  }

  void expand(std::byte* out) {
    out_ = out;
    expand_level(0, 0);
  }

 private:
  using Dimension = tflite::DimensionMetadata;

  // Which dimension of the tensor each level walks, and in which steps.
  bool assign_dimensions(const TfliteInts& order, const TfliteInts& block,
                         const TfliteTables<Dimension>& metadata) {
    const int rank = shape_.rank();
    const int total = static_cast<int>(order.size());
    Vector<int> level_of(total, -1);
    for (int i = 0; i < total; ++i) {
      const int d = order.Get(i);
      // Blocks are walked after the dimensions that they divide.
      const bool valid = d >= 0 && d < total && level_of[d] < 0 && (d < rank) == (i < rank);
      if (!valid) return false;
      level_of[d] = i;
    }
    levels_ = Vector<Level>(total);
    for (int d = 0; d < rank; ++d) levels_[level_of[d]] = Level(d, shape_[d]);
    for (int d = rank; d < total; ++d) {
      const int divided = block.Get(d - rank);
      if (divided < 0 || divided >= rank) return false;
      Level& whole = levels_[level_of[divided]];
      const int32_t size = size_in(metadata.Get(level_of[d]));
      if (whole.stride != 1 || size <= 0 || whole.size % size != 0) return false;
      levels_[level_of[d]] = Level(divided, size);
      whole.size /= size;
      whole.stride = size;
    }
    return true;
  }

  static int32_t size_in(const Dimension* m) {
    return number_in<int32_t>(m, Dimension::VT_DENSE_SIZE);
  }

  bool read_level(const Buffer& file, const Dimension* m, Level* level) {
    const auto format = number_in<tflite::DimensionType>(m, Dimension::VT_FORMAT);
    level->dense = format == tflite::DimensionType::DENSE;
    if (level->dense) return size_in(m) == level->size;
    return format == tflite::DimensionType::SPARSE_CSR &&
           read_indices(file, m, Dimension::VT_ARRAY_SEGMENTS, &level->segments) &&
           read_indices(file, m, Dimension::VT_ARRAY_INDICES, &level->indices);
  }

  // Every level has as many entries as its parents ask for, the last as many as there are values:
  // expand() then stays inside all vectors.
  bool check_counts() {
    int64_t entries = 1;
    for (const Level& level : levels_) {
      if (!level.dense && !is_consistent(level, entries)) return false;
      entries = level.dense ? entries * level.size : static_cast<int64_t>(level.indices.size());
      if (entries > INT32_MAX) return false;
    }
    return static_cast<size_t>(entries) * sparse_.element_bytes == sparse_.values.size();
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
  Vector<Level> levels_;
  int32_t at_[Shape::kMaxRank] = {};
  std::byte* out_ = nullptr;
};

}  // namespace

Status densify(const Buffer& file, const Sparse& sparse, const Shape& shape, Buffer* dense) {
  Densifier densifier(sparse, shape);
  WXNN_CHECK(densifier.read_levels(file), "is sparse, and its indices do not fit its shape {}",
             shape);
  const size_t bytes = static_cast<size_t>(shape.elements()) * sparse.element_bytes;
  WXNN_TRY(dense->allocate(bytes));
  std::memset(dense->data(), 0, bytes);
  if (bytes != 0) densifier.expand(dense->data());
  return {};
}

}  // namespace wxnn
