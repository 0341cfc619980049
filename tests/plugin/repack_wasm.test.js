'use strict';
// tools/repack_wasm.js: the same program in another order. That all binaries run after it is what every other test shows.

const assert = require('node:assert/strict');
const test = require('node:test');
const { repack } = require('../../tools/repack_wasm.js');

const I32 = 0x7f;
const F64 = 0x7c;
const text = (s) => [s.length, ...Buffer.from(s)];
const section = (id, items) => [id, items.flat().length + 1, items.length, ...items.flat()];
const code = (locals, body) => [locals.flat().length + 1 + body.length + 1, locals.length, ...locals.flat(), ...body, 0x0b];

/** twice(x) = 2x, thrice(x) = 3x with locals of two types, both(x): by calls, one of them through the table. */
const MODULE = Uint8Array.from([
  0, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
  ...section(1, [[0x60, 1, I32, 1, I32]]),
  ...section(3, [[0], [0], [0]]),
  ...section(4, [[0x70, 0, 2]]),
  ...section(7, [[...text('twice'), 0, 0], [...text('thrice'), 0, 1], [...text('both'), 0, 2]]),
  ...section(9, [[0, 0x41, 0, 0x0b, 2, 1, 0]]),
  ...section(10, [
    code([[2, I32]], [0x20, 0, 0x22, 1, 0x21, 2, 0x20, 1, 0x20, 2, 0x6a]),
    code([[1, F64], [2, I32]], [0x20, 0, 0xb7, 0x21, 1, 0x20, 0, 0x21, 3, 0x20, 3, 0x41, 1, 0x74, 0x21, 2, 0x20, 2, 0x20, 1, 0xaa, 0x6a]),
    code([[2, I32]], [0x20, 0, 0x10, 0, 0x21, 2, 0x20, 0, 0x41, 0, 0x11, 0, 0, 0x20, 2, 0x6a]),
  ]),
]);

test('a repacked program computes the same', () => {
  const packed = repack(MODULE);
  assert.deepEqual(repack(MODULE), packed);
  for (const bytes of [MODULE, packed, repack(packed)]) {
    const { twice, thrice, both } = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports;
    assert.deepEqual([twice(7), thrice(7), both(7)], [14, 21, 35]);
  }
});

test('a file with the names of functions stays as it is', () => {
  const named = Uint8Array.from([...MODULE, 0, 5, ...text('name')]);
  assert.equal(repack(named), named);
});
