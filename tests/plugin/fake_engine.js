'use strict';
// An engine in plain JS behind the binary's C ABI (native/wasm/abi.md), so that tests of the adapter decide what it does:
// refuse, trap, run out of memory, move its heap. Its one model has an input "x" [1,4] and gives "y" = 2 x.

const { brotliCompressSync } = require('zlib');

const PAGE = 65536;

/** A file that the fake engine takes for a model; the adapter sees a .tflite file. */
const MODEL = Uint8Array.from(Buffer.from('\0\0\0\0TFL3 the fake model'));

/**
 * @param {object} [behaviour]
 * @param {boolean} [behaviour.selfTestFails]
 * @param {number} [behaviour.memory] bytes that malloc gives at most
 * @param {string} [behaviour.trapIn] the export that throws a RuntimeError
 * @param {boolean} [behaviour.moves] the heap moves to a new buffer in every malloc and load, as growing memory does
 * @param {number} [behaviour.pages] of 64 KB: the heap; 16
 * @param {string} [behaviour.refusal] what is said to every model
 * @param {(file: Uint8Array) => void} [behaviour.loaded] told each file that is loaded
 * @param {{outstanding: Set<number>, models: number, calls: string[]}} [behaviour.state] filled in for the test to look at
 * @param {object} [withSimd] its behaviour once it has the loops of createFakeLoops
 */
function createFakeEngine(behaviour = {}, withSimd = behaviour) {
  const { memory: limit = Infinity, moves } = behaviour;
  const state = behaviour.state || {};
  Object.assign(state, { outstanding: new Set(), models: 0, calls: [] });
  const memory = { buffer: new ArrayBuffer((behaviour.pages || 16) * PAGE) };
  const TEXT = 1024, INPUT = 8192, OUTPUT = 8320, SHAPE = 8448;
  let top = 16384;
  let error = '';

  const text = (value) => {
    const bytes = Buffer.from(value + '\0');
    new Uint8Array(memory.buffer).set(bytes, TEXT);
    return TEXT;
  };
  const fail = (sentence) => {
    error = sentence;
    return 0;
  };
  const move = () => {
    if (!moves) return;
    memory.buffer = structuredClone(memory.buffer, { transfer: [memory.buffer] });  // the old one is detached
  };
  const x = () => new Float32Array(memory.buffer, INPUT, 4);
  const functions = {
    _initialize: () => undefined,
    wxnn_malloc(bytes) {
      if (bytes > limit) return 0;
      move();
      const pointer = top;
      top += Math.ceil((bytes + 1) / 64) * 64;
      if (top > memory.buffer.byteLength) return 0;
      state.outstanding.add(pointer);
      return pointer;
    },
    wxnn_free(pointer) {
      if (!state.outstanding.delete(pointer)) throw new Error(`free of ${pointer}, which is not allocated`);
    },
    wxnn_error: () => text(error),
    wxnn_loop: (i) => (i ? 0 : 9),
    wxnn_version: () => text('0'),
    wxnn_self_test: () => (behaviour.selfTestFails ? fail('GEMM gives 1 where 2 is right') : 1),
    wxnn_load(pointer, bytes) {
      state.outstanding.delete(pointer);
      const file = Buffer.from(new Uint8Array(memory.buffer, pointer, bytes));
      move();
      if (behaviour.loaded) behaviour.loaded(Uint8Array.from(file));
      if (behaviour.refusal) return fail(behaviour.refusal);
      if (!file.includes('the fake model')) return fail('the file is broken at byte 8');
      state.models++;
      return 77;
    },
    wxnn_model_free() { state.models--; },
    wxnn_model_info: () => text(JSON.stringify({
      inputs: [{ name: 'x', dtype: 'float32', shape: [-1, 4] }], outputs: [{ name: 'y', dtype: 'float32', shape: [-1, 4] }], nodes: [],
    })),
    wxnn_first_nan: (pointer, count) => new Float32Array(memory.buffer, pointer, count).findIndex(Number.isNaN),
    wxnn_model_input: () => INPUT,
    wxnn_model_output: () => OUTPUT,
    wxnn_model_output_shape() {
      new Int32Array(memory.buffer, SHAPE, 4).set([2, 1, 4, 0]);
      return SHAPE;
    },
    wxnn_model_resize: (model, shapes) => (new Int32Array(memory.buffer, shapes, 1)[0] === 2 ? 1 : fail('input "x" has 2 dimensions')),
    wxnn_model_run() {
      if (x()[0] === 666) return fail('node "double" (Mul): the number of the beast');
      new Float32Array(memory.buffer, OUTPUT, 4).set(x().map((value) => 2 * value));
      return 1;
    },
    wxnn_model_set_profiling: () => undefined,
    wxnn_model_profile: () => text('[{"node":"double","op":"Mul","ms":0.5,"runs":1}]'),
    wxnn_model_reset_state: () => undefined,
    wxnn_model_memory: () => text('{"arena":32,"constants":4,"packed":0}'),
  };
  const exports = { memory };
  for (const name of Object.keys(functions)) {
    exports[name] = (...args) => {
      state.calls.push(name);
      if (name === behaviour.trapIn) throw new Error('unreachable');
      return functions[name](...args);
    };
  }
  exports.__indirect_function_table = {
    set() { behaviour = withSimd; },
  };
  return exports;
}

/** What stands for the binary with the SIMD loops: one loop, at place 7. */
function createFakeLoops() {
  return { wxnn_loop: (i) => (i ? 0 : 7), __indirect_function_table: { get: () => () => undefined } };
}

const EMPTY_MODULE = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);

/** Package files that stand where the binaries do; the simulator's `faults.exports` puts the fake in. */
const FAKE_BINARIES = {
  '/wasm/wxnn-simd.wasm.br': new Uint8Array(brotliCompressSync(EMPTY_MODULE)),
  '/wasm/wxnn-plain.wasm.br': new Uint8Array(brotliCompressSync(EMPTY_MODULE)),
};

module.exports = { createFakeEngine, createFakeLoops, FAKE_BINARIES, MODEL };
