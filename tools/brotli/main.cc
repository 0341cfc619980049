// wxnn-brotli FROM TO: compresses a file. Takes its time: half a minute for 300 KB.

#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>

#include "compress.h"

int main(int argc, char** argv) {
  const bool loud = argc > 3 && std::strcmp(argv[3], "--report") == 0;
  if (argc < 3) {
    std::fprintf(stderr, "wxnn-brotli FROM TO [--report]\n");
    return 2;
  }
  std::ifstream in(argv[1], std::ios::binary);
  const brotli::Bytes data{std::istreambuf_iterator<char>(in), {}};
  brotli::Options options;
  if (loud)
    options.say = [](const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); };
  const brotli::Bytes packed = brotli::compress(data, options);
  std::ofstream out(argv[2], std::ios::binary);
  out.write(reinterpret_cast<const char*>(packed.data()),
            static_cast<std::streamsize>(packed.size()));
  return out.good() ? 0 : 1;
}
