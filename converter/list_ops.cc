// wxnn_list_ops MODEL...: the operators that a build needs to run these models, as a list like
// native/ops/ops_faces.def, on stdout. tools/build --ops-of makes a binary of it.
//
// Reading and loading ask the table of operators by name for each one that a model comes to need:
// the readers for what the file has, the passes for what they make of it. This program is its own
// table, and writes down what was asked for.
#include <algorithm>
#include <cstdio>
#include <vector>

#include "converter/convert.h"
#include "core/build_parts.h"
#include "core/model.h"

namespace wxnn {

#define OP(name) extern const Op k##name;
#include "ops/ops_tfjs.def"
#undef OP

namespace {
struct Entry {
  std::string_view name;  // in the list: without the underscore that TensorFlow's may begin with
  const Op* op;
  bool asked = false;
};
Entry entries[] = {
#define OP(name) {#name, &k##name},
#include "ops/ops_tfjs.def"
#undef OP
};

// "leakyrelu" is LeakyRelu: activations inside other operators run the operator of that name.
bool same_letters(std::string_view a, std::string_view b) {
  auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

void note_activation(const Node& node) {
  if (!node.attrs.knows("activation")) return;
  for (Entry& e : entries) e.asked |= same_letters(e.name, node.attrs.text("activation"));
}

Status note(const char* path) {
  ConvertOptions options;
  options.source = path;
  Source source;
  Status status = read_source(options, &source);
  std::unique_ptr<Model> model;
  if (status.ok()) status = Model::load(std::move(source.graph), &model);
  if (!status.ok()) return status.at(path);
  for (const Node& node : model->graph().nodes) {
    for (Entry& e : entries) e.asked |= e.op == node.op;
    note_activation(node);
  }
  return {};
}
}  // namespace

constinit const BuildParts kBuildParts = {.flow = true,
                                          .grids = true,
                                          .state = true,
                                          .tables = true,
                                          .custom = true,
                                          .fewer_products = true};

std::span<const Op* const> ops() {
  static const std::vector<const Op*> all = [] {
    std::vector<const Op*> list;
    for (const Entry& e : entries) list.push_back(e.op);
    return list;
  }();
  return all;
}

const Op* find_op(const char* name) {
  for (Entry& e : entries) {
    if (e.op->name != name) continue;
    e.asked = true;
    return e.op;
  }
  return nullptr;
}

}  // namespace wxnn

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const wxnn::Status status = wxnn::note(argv[i]);
    if (status.ok()) continue;
    std::fprintf(stderr, "%s.\n", std::string(status.message()).c_str());
    return 1;
  }
  std::puts("// Written by tools/build --ops-of.");
  for (const wxnn::Entry& e : wxnn::entries) {
    if (e.asked) std::printf("OP(%.*s)\n", static_cast<int>(e.name.size()), e.name.data());
  }
  return argc > 1 ? 0 : 2;
}
