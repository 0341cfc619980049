// Copies a block of elements between two layouts. What moves elements without changing them (Slice,
// Transpose, Concat, PadV2, Tile, DepthToSpace…) says which layouts, in one loop nest; this decides
// how: long runs become memcpy, transpositions go in square tiles.
#pragma once
#include <cstddef>
#include <cstdint>

namespace wxnn {

class StridedCopy {
 public:
  // Of elements this many bytes long.
  explicit StridedCopy(size_t element_bytes) : run_(static_cast<ptrdiff_t>(element_bytes)) {}

  // One more loop, inside those before it: n steps, from and to how many bytes further on each.
  // The steps of the source may be 0 or negative. At most 16 loops.
  void loop(int32_t n, ptrdiff_t from, ptrdiff_t to);

  // Runs the nest; the blocks do not overlap.
  void copy(const void* from, void* to);

 private:
  static constexpr int kMostLoops = 16;
  struct Loop {
    int32_t n;
    ptrdiff_t from;
    ptrdiff_t to;
  };
  void simplify();
  void move_loop(int from, int to);
  void run(int i, const uint8_t* from, uint8_t* to) const;
  void copy_row(const uint8_t* from, uint8_t* to) const;
  void copy_tiles(const uint8_t* from, uint8_t* to) const;

  ptrdiff_t run_;  // bytes that lie together in both layouts
  int loops_ = 0;
  bool empty_ = false;
  bool tiled_ = false;  // the two innermost loops are a transposition
  Loop loop_[kMostLoops];
};

}  // namespace wxnn
