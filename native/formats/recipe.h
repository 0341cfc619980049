// How a node of a file becomes a node of ours, written as one line of text. Both readers
// (TensorFlow Lite, TensorFlow) keep their operators as rows {name in the file, recipe}; this is
// the one interpreter of recipes.
//
// A recipe names our operator and says where its attributes and inputs come from, in terms that
// are separated by blanks. What the recipe does not mention: all inputs are handed on in order.
//
//   perm=<1         attribute `perm` is input 1, which must be constant and is not handed on;
//                   <-1 is the last input; the first term that finds its source wins
//   begin=<1?       likewise, but where one of these is not constant, or empty, all stay inputs
//   keepDims=SOURCE attribute from the file's node; each reader documents its sources.
//                   Where the file's node does not say, our operator's default holds
//   eps=SOURCE|0.1  likewise, with the format's own default
//   format='OHWI    a literal text
//   transposeB=#1   a literal number
//   !0=SOURCE|0     refused unless the source is 0 (or the text that stands there)
//   ~SOURCE         read and ignored: changes nothing in float arithmetic
//   @SOURCE, @#2    the number of outputs, where the file's node does not list them
//   ^21-0           hands on input 2, input 1, an absent one, input 0. Those that the node lacks
//   are
//                   absent, those that became attributes left out, and so is what is absent at the
//                   end
//
// An attribute `activation` that our operator does not have becomes a node behind it.
#pragma once
#include <string_view>

#include "core/graph.h"
#include "core/string.h"
#include "core/vector.h"

namespace wxnn {

// One node of a file while it becomes nodes of ours. Each reader derives its own.
class SourceNode {
 public:
  SourceNode(Graph& graph, String name) : graph(graph), name(std::move(name)) {}

  // Attribute or option `source` of the file's node, which ends at a blank, a | or the text's end.
  // Leaves *value empty where the node does not say, which only TensorFlow allows.
  virtual Status read(const char* source, AttrValue* value) = 0;
  // A value for output i; made on first use.
  virtual Status output(size_t i, int* value) = 0;

  Graph& graph;
  String name;
  Vector<int> inputs;       // values of ours, or kAbsent
  size_t output_count = 1;  // how many outputs the node has in the file

 protected:
  ~SourceNode() = default;
};

struct Recipe {
  const char* op = nullptr;  // ours; null where `build` makes several nodes or none
  const char* terms = "";
  // For operators that one node of ours cannot express. Called instead of the interpreter, which it
  // may call itself.
  Status (*build)(SourceNode& node, const Recipe& recipe) = nullptr;
};

// Whether some recipe of this program's rows has a term of that kind: what reads the others is not
// in a program that the link optimises whole (as with core/build_parts.h).
struct RecipeTerms {
  bool order;   // ^21-0
  bool counts;  // @SOURCE
};
extern const RecipeTerms kTfTerms, kTfliteTerms;

// False when this build lacks an operator that the recipe is sure to need.
bool available(const Recipe& recipe);

// Turns the node into nodes of ours. Sentences do not name the node: the caller does.
Status cook(SourceNode& node, const Recipe& recipe);
// Of rows for a sum of any number of inputs: a chain of Add.
Status cook_sum(SourceNode& node, const Recipe& recipe);

// --- for build functions ------------------------------------------------------------------------
// Attributes and inputs as the terms say; `activation` holds what the operator has no attribute
// for.
struct Cooked {
  const Op* op = nullptr;
  Attrs attrs;
  Vector<int> inputs;
  String activation;
  Vector<std::unique_ptr<Graph>> bodies = {};
};
Status prepare(SourceNode& node, const Recipe& recipe, Cooked* cooked);
// Appends the node, and the activation behind it, writing the node's outputs.
Status emit(SourceNode& node, Cooked&& cooked);
// Appends a node of one output that is output i of the file's node.
Status emit_output(SourceNode& node, size_t i, Cooked&& cooked);
// The same for a node that is not the last: its only output is a fresh value.
Status emit_before(SourceNode& node, std::string_view suffix, Cooked&& cooked, int* value);

// An operator of this build, or a sentence that it is missing.
Status need_op(const char* name, const Op** op);
// A node of `op` with default attributes.
Status make(const char* op, Vector<int> inputs, Cooked* cooked);
// The numbers of a constant input. `what` names it in sentences.
Status constant_numbers(SourceNode& node, int value, const char* what, Vector<double>* numbers);

// Makes `value` the next output of the graph under `name`. Where it has a name of its own already
// (an input, a constant, another output), an Identity node comes between.
Status add_output(Graph& graph, int value, String name);

}  // namespace wxnn
