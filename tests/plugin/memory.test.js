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
