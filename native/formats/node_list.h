// The node list: a TensorFlow graph in a flat binary form, which is quick to write from anywhere
// (plugin/src/node_list.ts from a tfjs model.json, the converter from a GraphDef) and needs no
// parser of JSON or protobuf here.
//
// Little-endian; every item starts at a multiple of 4.
//
//   text   u32 bytes, the bytes (UTF-8), zeros up to a multiple of 4
//   list   u32 count, the entries
//   shape  i32 rank, or -1: unknown; i32 per dimension, -1: open
//   type   u32, TensorFlow's DataType: 1 float, 3 int32, 4 uint8, 9 int64, 10 bool, 19 half…
//
//   file       u32 "WXNL"   u32 version, 1   u32 where the weights begin   u32 bytes of weights
//              list of endpoint: inputs, in the order of the signature
//              list of endpoint: outputs
//              list of weight
//              list of node
//              list of function
//              the weights
//   endpoint   text name   text tensor ("conv", "split:1")   type   shape
//   weight     text name of its Const node   type   shape   type as stored   f64 scale   f64 min
//              u32 where, in the weights   u32 bytes
//              A scale other than 0: value = stored * scale + min (tfjs's quantisation).
//   node       text name   text op   list of text: inputs ("a", "a:1", "^a")   list of attribute
//   attribute  text name   u32 kind   then, by kind:
//              1 list of f64: numbers and bools   2 text   3 list of text   4 shape   5 list of
//              type 6 type, shape, u32 where, u32 bytes: the value of a Const that is no weight 7
//              text: the name of a function
//   function   text name   list of text: its parameters   list of {text name, text tensor}: what it
//              returns   list of node
#pragma once
#include "core/graph.h"

namespace wxnn {

// Any bytes end in a graph or in a sentence; memory is bounded by the file's size. Only nodes that
// an output depends on are read. The graph keeps the file, and is sorted. The file's head may end
// where the weights begin.
Status read_node_list(File file, Graph* graph);

}  // namespace wxnn
