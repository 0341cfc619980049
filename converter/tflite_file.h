// The parts of a .tflite file that its graphs share while they are written: buffers, operator
// codes, graphs.
#pragma once
#include <compare>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "converter/options_writer.h"
#include "converter/tflite_writer.h"

namespace wxnn {

class TfliteFile {
 public:
  struct CodeKey {
    tflite::BuiltinOperator code;
    int version = 1;
    std::string custom = {};
    auto operator<=>(const CodeKey&) const = default;
  };
  using Operator = flatbuffers::Offset<tflite::Operator>;
  using Maps = std::vector<flatbuffers::Offset<tflite::TensorMap>>;

  explicit TfliteFile(size_t expected_bytes);

  flatbuffers::FlatBufferBuilder builder;

  // Equal bytes are written once. They are compared with what has been written: a constant may be
  // released as soon as it is here. 0 for none.
  uint32_t add_buffer(std::string_view bytes);
  Operator add_operator(const CodeKey& key, const std::vector<int>& inputs,
                        const std::vector<int>& outputs, const WrittenOptions& options,
                        flatbuffers::Offset<flatbuffers::Vector<uint8_t>> custom = {});
  // Number 0 is the main graph, which is finished last.
  void finish_main(flatbuffers::Offset<tflite::SubGraph> graph) { graphs_[0] = graph; }
  int add_graph(flatbuffers::Offset<tflite::SubGraph> graph) {
    graphs_.push_back(graph);
    return static_cast<int>(graphs_.size()) - 1;
  }
  Status finish(const Maps& inputs, const Maps& outputs, const std::string& description,
                Written* written);

 private:
  const uint32_t* find_buffer(std::string_view bytes) const;
  uint32_t code_index(const CodeKey& key);

  struct WrittenBuffer {
    size_t end;  // where its bytes begin, from the end of what is written
    size_t size;
    uint32_t index;
  };
  std::unordered_multimap<size_t, WrittenBuffer> buffer_of_;  // by hash
  std::map<CodeKey, uint32_t> codes_;
  std::map<std::string, int> counts_;
  std::vector<flatbuffers::Offset<tflite::Buffer>> buffers_;
  std::vector<flatbuffers::Offset<tflite::OperatorCode>> written_codes_;
  std::vector<flatbuffers::Offset<tflite::SubGraph>> graphs_;
};

}  // namespace wxnn
