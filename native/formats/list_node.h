// A node of a TensorFlow graph while it becomes nodes of ours: its attributes through the filters
// that the rows name (tf_rows.h).
#pragma once
#include <string_view>

#include "core/string.h"
#include "core/vector.h"
#include "formats/node_list_reader.h"
#include "formats/recipe.h"

namespace wxnn {

class ListNode final : public SourceNode {
 public:
  ListNode(ScopeReader& reader, Outputs& outputs, Graph& graph, const ListedNode& listed, int index,
           String name)
      : SourceNode(graph, std::move(name)),
        reader_(reader),
        outputs_(outputs),
        listed_(listed),
        index_(index) {}

  Status read(const char* source, AttrValue* value) override;
  Status output(size_t i, int* value) override;

  // For rows with a build function.
  // The texts of a list attribute; none where the node lacks it.
  Vector<std::string_view> texts(std::string_view name);
  // The function that the attribute names, as a graph of its own.
  Status function(std::string_view attr_name, std::unique_ptr<Graph>* graph);
  // That function's nodes among this graph's, on the node's inputs.
  Status call(std::string_view attr_name, Vector<int>* results);
  // What the hash table that is the node's first input was filled with: two constants.
  Status table(int* keys, int* values);

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
