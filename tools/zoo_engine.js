// One run of a model on a bare WebAssembly engine, for tools/zoo --engines: a script without require, for the jsc shell and for
// any Node. Arguments: binary, that of the SIMD loops or "-", model, inputs (each a file: int32 rank, dimensions, data). Prints a hash
// of each output.
/* global readFile, print */

(function main(shellArguments) {
  'use strict';
  var inNode = typeof process === 'object';
  var args = inNode ? process.argv.slice(2) : Array.prototype.slice.call(shellArguments);
  var say = inNode ? function (text) { console.log(text); } : print;
  function read(file) {
    return inNode ? new Uint8Array(require('fs').readFileSync(file)) : readFile(file, 'binary');
  }

  var exports = new WebAssembly.Instance(new WebAssembly.Module(read(args[0])), {
    env: {
      wxnn_now: function () { return 0; },
      wxnn_read: function (where, bytes, to) {
        heap().set(file.subarray(where >>> 0, (where >>> 0) + bytes), to >>> 0);
        return 1;
      },
    },
  }).exports;
  function heap() { return new Uint8Array(exports.memory.buffer); }
  function demand(result) {
    if (result) return result >>> 0;
    var bytes = heap(), text = '';
    for (var at = exports.wxnn_error() >>> 0; bytes[at]; at++) text += String.fromCharCode(bytes[at]);
    throw new Error(text);
  }
  function place(bytes) {
    var block = demand(exports.wxnn_malloc(bytes.length));
    heap().set(bytes, block);
    return block;
  }
  /** FNV-1a over the words, any NaN being the same. */
  function hash(pointer, bytes, isFloat) {
    var data = heap().slice(pointer, pointer + bytes);
    var h = 0x811c9dc5;
    if (isFloat) {
      var words = new Int32Array(data.buffer), floats = new Float32Array(data.buffer);
      for (var k = 0; k < words.length; k++) if (floats[k] !== floats[k]) words[k] = 0x7fc00000;
    }
    for (var i = 0; i < data.length; i++) h = Math.imul(h ^ data[i], 0x01000193);
    return (h >>> 0).toString(16);
  }

  if (args[1] !== '-') {
    var simd = new WebAssembly.Instance(new WebAssembly.Module(read(args[1])), { env: { memory: exports.memory } }).exports;
    for (var i = 0, at; (at = exports.wxnn_loop(i)); i++) exports.__indirect_function_table.set(at, simd.__indirect_function_table.get(simd.wxnn_loop(i)));
  }
  if (exports._initialize) exports._initialize();
  var file = read(args[2]);
  var model = demand(exports.wxnn_load(place(file), file.length, file.length));
  var inputs = args.slice(3).map(read);
  var shapes = [], given = inputs.map(function (bytes) {
    var rank = new Int32Array(bytes.buffer, bytes.byteOffset, 1)[0];
    var dims = new Int32Array(bytes.buffer, bytes.byteOffset, rank + 1);
    for (var i = 0; i <= rank; i++) shapes.push(dims[i]);
    return bytes.subarray(4 * (rank + 1));
  });
  demand(exports.wxnn_model_resize(model, place(new Uint8Array(Int32Array.from(shapes).buffer))));
  given.forEach(function (data, i) { heap().set(data, exports.wxnn_model_input(model, i) >>> 0); });
  demand(exports.wxnn_model_run(model));
  var count = JSON.parse(textAt(exports.wxnn_model_info(model) >>> 0)).outputs.length;
  function textAt(at) {
    var bytes = heap(), text = '';
    for (; bytes[at]; at++) text += String.fromCharCode(bytes[at]);
    return text;
  }
  var hashes = [];
  for (i = 0; i < count; i++) {
    var shape = new Int32Array(exports.memory.buffer, exports.wxnn_model_output_shape(model, i) >>> 0, 16);
    var elements = 1;
    for (var k = 1; k <= shape[0]; k++) elements *= shape[k];
    var dtype = shape[shape[0] + 1];
    hashes.push(hash(exports.wxnn_model_output(model, i) >>> 0, elements * [4, 4, 1, 8][dtype], dtype === 0 || dtype === 3));
  }
  say(JSON.stringify(hashes));
})(typeof arguments === 'undefined' ? [] : arguments);
