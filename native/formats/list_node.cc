#include "formats/list_node.h"

#include <algorithm>

#include "core/build_parts.h"
#include "formats/tf_rows.h"

namespace wxnn {

namespace {

// The numbers between those for batch and channels, of which there are `axes`.
Status take_inner(std::string_view name, size_t axes, AttrValue* value) {
  Vector<double>& n = value->numbers;
  if (n.empty()) return {};
  const bool plain = n.size() == axes + 2 && n.front() == 1 && n.back() == 1;
  WXNN_CHECK(plain, "{} should be 1 for batch and channels", name);
  n.erase(n.begin());
  n.pop_back();
  return {};
}

void to_lower(String* text) {
  for (size_t i = 0; i < text->size(); ++i) {
    char& c = (*text)[i];
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
}

}  // namespace

Status ListNode::read(const char* source, AttrValue* value) {
  const std::string_view name = name_at(source);
  const char* filter = source + name.size();
  if (*filter == '.') ++filter;
  if (kBuildParts.flow && same_name(filter, "array")) return read_of_array(name, value);
  WXNN_TRY(read_plain(name, value));
  const size_t letters = name_size(filter);
  if (letters == 0) return {};
  if (filter[letters - 1] == 'w') return take_inner(name, letters, value);  // hw, dhw
  to_lower(&value->text);
  if (value->text != "explicit") return {};
  value->text.clear();
  return read_plain("explicit_paddings", value);
}

Status ListNode::output(size_t i, int* value) {
  return outputs_.value({index_, static_cast<int>(i)}, value);
}

Vector<std::string_view> ListNode::texts(std::string_view name) {
  Vector<std::string_view> all;
  TfAttr attr = find(name);
  if (attr.kind != TfAttrKind::kTexts) return all;
  for (size_t n = attr.value.count(); n > 0; --n) all.push_back(attr.value.text());
  return all;
}

Status ListNode::function(std::string_view attr_name, std::unique_ptr<Graph>* graph) {
  if (!kBuildParts.flow) return {};
  TfAttr attr = find(attr_name);
  WXNN_CHECK(attr.kind == TfAttrKind::kFunction, "lacks its function {}", attr_name);
  return reader_.read_function(attr.value.text(), graph);
}

Status ListNode::call(std::string_view attr_name, Vector<int>* results) {
  if (!kBuildParts.flow) return {};
  TfAttr attr = find(attr_name);
  WXNN_CHECK(attr.kind == TfAttrKind::kFunction, "lacks its function {}", attr_name);
  return reader_.call(attr.value.text(), name, inputs, results);
}

Status ListNode::table(int* keys, int* values) {
  return kBuildParts.tables ? reader_.table_of(index_, keys, values) : Status();
}

Status ListNode::check_all_known() const {
  Cursor at = listed_.attrs;
  for (uint32_t i = 0; i < listed_.attr_count; ++i) {
    const std::string_view name = read_attr(&at).name;
    const bool known = is_hint(name) || std::ranges::find(asked_, name) != asked_.end();
    WXNN_CHECK(known, "has the attribute \"{}\", which is not known", name);
  }
  return {};
}

// Of kind kNone where the node lacks it.
TfAttr ListNode::find(std::string_view name) {
  Cursor at = listed_.attrs;
  asked_.push_back(name);
  for (uint32_t i = 0; i < listed_.attr_count; ++i) {
    const TfAttr attr = read_attr(&at);
    if (attr.name == name) return attr;
  }
  return {};
}

Status ListNode::read_plain(std::string_view name, AttrValue* value) {
  TfAttr attr = find(name);
  if (attr.kind == TfAttrKind::kNumbers) {
    for (size_t n = attr.value.count(); n > 0; --n) value->numbers.push_back(attr.value.f64());
  } else if (attr.kind == TfAttrKind::kText) {
    value->text = attr.value.text();
  } else if (attr.kind == TfAttrKind::kTypes && attr.value.count() == 1) {
    const uint32_t number = attr.value.u32();
    const TfType* type = find_tf_type(number);
    WXNN_CHECK(type != nullptr, "{} is TensorFlow's type {}, which is not supported", name, number);
    value->text = name_of(type->dtype);
  } else if (attr.kind == TfAttrKind::kShape) {
    const Shape shape = attr.value.shape();
    for (int i = 0; i < shape.rank(); ++i) value->numbers.push_back(shape[i]);
  }
  return {};
}

// Of a TensorArray's write: the attribute of the array.
Status ListNode::read_of_array(std::string_view attr, AttrValue* value) const {
  int node = index_;
  const NodeScope& scope = reader_.scope();
  for (size_t steps = 0; steps < scope.nodes.size(); ++steps) {
    const ListedNode& n = scope.nodes[node];
    if (n.op == "TensorArrayV3") {
      Cursor at = n.attrs;
      for (uint32_t i = 0; i < n.attr_count; ++i) {
        TfAttr a = read_attr(&at);
        if (a.name != attr || a.kind != TfAttrKind::kNumbers || a.value.count() != 1) continue;
        value->numbers.push_back(a.value.f64());
      }
      return {};
    }
    if (n.input_count == 0) return {};
    Cursor inputs = n.inputs;
    std::string_view tensor = inputs.text();
    node = scope.find(tensor.substr(0, tensor.find(':')));
    if (node == kAbsent) return {};
  }
  return {};
}

}  // namespace wxnn
