#include "formats/flex_map.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace wxnn {
namespace {

// FlexBuffers: offsets count backwards from where they stand, and everything is as wide (1, 2, 4 or
// 8 bytes) as what holds it says. A value's type is a byte: what it is, and 2 bits of width.
enum Type : uint8_t {
  kInt = 1,
  kUint = 2,
  kFloat = 3,
  kKey = 4,
  kString = 5,
  kIndirectInt = 6,  // then Uint, Float
  kMap = 9,
  kVector = 10,
  kVectorInt = 11,  // then Uint, Float
  kFixedInt2 = 16,  // then Uint, Float, each of 2, of 3, of 4
  kFixedFloat4 = 24,
  kBool = 26,
  kVectorBool = 36
};

class Flex {
 public:
  explicit Flex(std::span<const std::byte> bytes) : bytes_(bytes) {}
  bool ok() const { return ok_; }

  uint64_t uint(size_t at, size_t width) {
    uint64_t value = 0;
    if (width > sizeof value || at > bytes_.size() || width > bytes_.size() - at) {
      ok_ = false;
      return 0;
    }
    std::memcpy(&value, bytes_.data() + at, width);
    return value;
  }
  // Where the offset at `at` leads.
  size_t follow(size_t at, size_t width) {
    const uint64_t back = uint(at, width);
    if (back > at) ok_ = false;
    return ok_ ? at - static_cast<size_t>(back) : 0;
  }
  size_t before(size_t at, size_t bytes) {
    if (bytes > at) ok_ = false;
    return ok_ ? at - bytes : 0;
  }
  // The number of entries of the list at `at`, which stands in front of it.
  size_t count(size_t at, size_t width) {
    const uint64_t n = uint(before(at, width), width);
    if (n > bytes_.size()) ok_ = false;
    return ok_ ? static_cast<size_t>(n) : 0;
  }
  std::string_view text(size_t at) {
    size_t end = at;
    while (end < bytes_.size() && bytes_[end] != std::byte{0}) ++end;
    if (end >= bytes_.size()) ok_ = false;
    return ok_ ? std::string_view(reinterpret_cast<const char*>(bytes_.data()) + at, end - at)
               : std::string_view();
  }
  double number(size_t at, size_t width, int type) {
    const uint64_t bits = uint(at, width);
    if (type == kInt) {
      const int unused = static_cast<int>(64 - 8 * width);
      return static_cast<double>(static_cast<int64_t>(bits << unused) >> unused);
    }
    if (type != kFloat) return static_cast<double>(bits);
    if (width == sizeof(double)) return std::bit_cast<double>(bits);
    if (width != sizeof(float)) ok_ = false;
    return static_cast<double>(std::bit_cast<float>(static_cast<uint32_t>(bits)));
  }

 private:
  std::span<const std::byte> bytes_;
  bool ok_ = true;
};

constexpr size_t width_of(uint64_t packed) { return size_t{1} << (packed & 3); }

// `width`: of the slot at `at`, which holds a value of this packed type.
void read_value(Flex& flex, size_t at, size_t width, uint64_t packed, AttrValue* value) {
  const int type = static_cast<int>(packed >> 2);
  const size_t inner = width_of(packed);
  if (type == kInt || type == kUint || type == kFloat || type == kBool) {
    value->numbers.push_back(flex.number(at, width, type == kBool ? kUint : type));
    return;
  }
  const size_t target = flex.follow(at, width);
  if (type == kKey || type == kString) {
    value->text = flex.text(target);
  } else if (type >= kIndirectInt && type < kMap) {
    value->numbers.push_back(flex.number(target, inner, type - kIndirectInt + kInt));
  } else if (type >= kFixedInt2 && type <= kFixedFloat4) {
    const size_t n = static_cast<size_t>(type - kFixedInt2) / 3 + 2;
    for (size_t i = 0; i < n; ++i) {
      value->numbers.push_back(
          flex.number(target + i * inner, inner, (type - kFixedInt2) % 3 + kInt));
    }
  } else if (type == kVectorBool || (type >= kVector && type <= kVectorInt + 2)) {
    const size_t n = flex.count(target, inner);
    for (size_t i = 0; flex.ok() && i < n; ++i) {
      const int element = type == kVectorBool ? static_cast<int>(kUint)
                          : type == kVector
                              ? static_cast<int>(flex.uint(target + n * inner + i, 1) >> 2)
                              : type - kVectorInt + kInt;
      value->numbers.push_back(flex.number(target + i * inner, inner, element));
    }
  }
}

}  // namespace

Status read_flex_option(std::span<const std::byte> options, std::string_view name,
                        AttrValue* value) {
  if (options.size() < 3) return {};
  Flex flex(options);
  const size_t root_width = flex.uint(options.size() - 1, 1);
  const uint64_t root = flex.uint(options.size() - 2, 1);
  const size_t map =
      flex.follow(flex.before(options.size() - 2, std::min<size_t>(root_width, 9)), root_width);
  const size_t width = width_of(root);
  const size_t n = flex.count(map, width);
  const size_t key_width = flex.uint(flex.before(map, 2 * width), width);
  const size_t keys = flex.follow(flex.before(map, 3 * width), width);
  WXNN_CHECK(flex.ok() && root >> 2 == kMap, "has options that are no FlexBuffer map");
  for (size_t i = 0; flex.ok() && i < n; ++i) {
    if (flex.text(flex.follow(keys + i * key_width, key_width)) != name) continue;
    read_value(flex, map + i * width, width, flex.uint(map + n * width + i, 1), value);
    break;
  }
  WXNN_CHECK(flex.ok(), "has options that reach outside the file");
  return {};
}

}  // namespace wxnn
