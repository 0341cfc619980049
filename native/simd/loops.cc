// wxnn_loop, the one export that the plain binaries and the SIMD part have in common: where loop
// `i` of loops.def stands in this binary's table of functions, or 0 behind the last.
#include "core/loop.h"

namespace wxnn {

#define LOOPS(name) extern const std::initializer_list<AnyLoop> k##name##Loops;
#include "simd/loops.def"
#undef LOOPS

extern "C" __attribute__((export_name("wxnn_loop"))) AnyLoop wxnn_loop(uint32_t i) {
#define LOOPS(name) &k##name##Loops,
  static constexpr const std::initializer_list<AnyLoop>* kLists[] = {
#include "simd/loops.def"
  };
#undef LOOPS
  for (const auto* list : kLists) {
    if (i < list->size()) return list->begin()[i];
    i -= list->size();
  }
  return nullptr;
}

}  // namespace wxnn
