'use strict';
// Memory of models that come and go in one engine.

const assert = require('node:assert/strict');
const test = require('node:test');
const { createRealProgram, readModel } = require('./programs.js');

test('memory warnings: a host that disposes and loads again gets its memory back', async () => {
  const { wxnn } = createRealProgram();
  const bytes = readModel('short');
  const heaps = [];
  for (let i = 0; i < 40; i++) {
    const model = await wxnn.loadModel(bytes);
    model.run(new Float32Array(128 * 128 * 3));
    heaps.push(model.memory().heap);
    model.dispose();
  }
  // The first few may leave gaps between blocks; after that nothing may add up.
  assert.equal(heaps[39], heaps[4], heaps.join());
});

/** y = Tile(x, [count]): a file of a few bytes that asks for 4 count bytes. */
function tiling(count) {
  const node = (name, op, input, attr) => ({ name, op, input, attr });
  return {
    model: {
      format: 'graph-model',
      modelTopology: {
        node: [
          node('x', 'Placeholder', [], { dtype: { type: 'DT_FLOAT' }, shape: { shape: { dim: [{ size: '1' }] } } }),
          node('count', 'Const', [], { dtype: { type: 'DT_INT32' } }),
          node('y', 'Tile', ['x', 'count'], { T: { type: 'DT_FLOAT' }, Tmultiples: { type: 'DT_INT32' } }),
        ],
      },
      weightsManifest: [{ paths: ['w.bin'], weights: [{ name: 'count', shape: [1], dtype: 'int32' }] }],
    },
    weights: new Uint8Array(Int32Array.of(count).buffer),
  };
}

test('a small file that asks for more memory than there is loads, and says so when it is run; the next model works', async () => {
  const { wxnn } = createRealProgram();
  const greedy = await wxnn.loadModel(tiling(100e6));
  assert.ok(greedy.memory().heap < 32e6, `loading took ${greedy.memory().heap} bytes`);
  for (let again = 0; again < 2; again++) assert.throws(() => greedy.run(Float32Array.of(1)), /no memory for \d+ bytes/);
  const modest = await wxnn.loadModel(tiling(3));
  assert.deepEqual(Array.from(modest.run(Float32Array.of(7)).y.data), [7, 7, 7]);
  const large = await wxnn.loadModel(tiling(20e6));
  const before = large.memory();
  assert.equal(before.arena, 0);
  const { data } = large.run(Float32Array.of(2)).y;
  assert.equal(data[data.length - 1], 2);
  assert.ok(large.memory().arena >= 80e6);
});
