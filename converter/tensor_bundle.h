// TensorFlow's tensor bundle, the variables of a SavedModel: variables.index, a sorted table in
// LevelDB's format, says where each tensor lies in variables.data-00000-of-00001.
#pragma once
#include <map>
#include <string>

#include "converter/tf_graph.h"

namespace wxnn {

class TensorBundle {
 public:
  // `prefix`: the files' names without ".index", as the model `model_path` gives them. They must
  // lie in its folder.
  Status open(const std::string& model_path, const std::string& prefix);
  // By the variable's name in the graph, or by the bundle's own key. Null: it has none.
  Status find(const std::string& name, const ListTensor** variable) const;
  size_t bytes() const { return bytes_; }

 private:
  struct Entry {
    ListTensor variable;
    uint32_t crc = 0;
    std::string refusal;  // why it cannot be read
  };
  Status read_header(std::string_view value);
  Status read_entry(std::string key, std::string_view value);
  Status read_shards(const std::string& model_path, const std::string& prefix);
  Status read_object_graph();
  std::map<std::string, Entry> entries_;
  std::map<std::string, std::string> keys_;  // of names in the graph
  std::vector<std::string> shards_;
  size_t bytes_ = 0;
};

// The entries of a table in LevelDB's format, in their order; they point into it. Every block's
// checksum is verified. Compressed blocks are refused.
Status read_table(std::string_view file,
                  std::vector<std::pair<std::string, std::string_view>>* entries);

}  // namespace wxnn
