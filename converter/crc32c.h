// CRC-32C, with which TensorFlow's files guard their blocks and tensors.
#pragma once
#include <cstdint>
#include <string_view>

namespace wxnn {

// TensorFlow stores it rotated and moved, so that the checksum of a text with checksums is no trap.
uint32_t masked_crc32c(std::string_view bytes);

}  // namespace wxnn
