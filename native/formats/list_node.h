// A node of a TensorFlow graph while it becomes nodes of ours: its attributes through the filters
// that the rows name (tf_rows.h).
#pragma once
#include <string_view>

#include "core/string.h"
#include "core/vector.h"
#include "formats/node_list_reader.h"
#include "formats/tf_rows.h"

namespace wxnn {

class ListNode final : public TfSource {
 public:
  ListNode(ScopeReader& reader, Outputs& outputs, Graph& graph, const ListedNode& listed, int index,
           String name)
      : TfSource(graph, std::move(name)),
        reader_(reader),
        outputs_(outputs),
        listed_(listed),
        index_(index) {}

  Status read(const char* source, AttrValue* value) override;
  Status output(size_t i, int* value) override;
  Vector<std::string_view> texts(std::string_view name) override;
  Status function(std::string_view attr_name, std::unique_ptr<Graph>* graph) override;
  Status call(std::string_view attr_name, Vector<int>* results) override;
  Status table(int* keys, int* values) override;

  // Refuses an attribute that nobody has asked for and that is not known to change nothing.
  Status check_all_known() const;

 private:
  TfAttr find(std::string_view name);
  Status read_plain(std::string_view name, AttrValue* value);
  Status read_of_array(std::string_view attr, AttrValue* value) const;

  ScopeReader& reader_;
  Outputs& outputs_;
  const ListedNode& listed_;
  int index_;
  Vector<std::string_view> asked_;
};

}  // namespace wxnn
