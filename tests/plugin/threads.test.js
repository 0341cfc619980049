'use strict';
// The build with threads: the numbers of one thread, bit for bit; one thread where there are none.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const test = require('node:test');
const { createRealProgram, readModel } = require('./programs.js');

const wxnn = require('../..');
const POSENET = path.join(__dirname, '../../.cache/models/posenet/model.json');

for (const [name, source, size] of [['BlazeFace', () => readModel('short'), 128 * 128 * 3], ['PoseNet', () => POSENET, undefined]]) {
  test(`${name} in two and three threads has the bits of one`, async () => {
    const one = await wxnn.loadModel(source());
    const count = size || one.inputs[0].shape.reduce((a, b) => a * b);
    const x = new Float32Array(count).map((_, i) => Math.sin(i * 0.37));
    const expected = one.run(x);
    for (const numThreads of [2, 3]) {
      const model = await wxnn.loadModel(source(), { numThreads });
      assert.match(model.backend.reasons.join(), new RegExp(`${numThreads} threads,the simd build passed its self-test`));
      for (let round = 0; round < 3; round++) {
        const outputs = model.run(x);
        for (const [output, { data }] of Object.entries(expected)) {
          assert.ok(!(outputs[output].data.buffer instanceof SharedArrayBuffer), 'a copy of its own');
          assert.equal(Buffer.compare(Buffer.from(outputs[output].data.buffer), Buffer.from(data.buffer)), 0, output);
        }
      }
      model.dispose();
    }
    one.dispose();
  });
}

test('one thread where there are no more, and the reason', async () => {
  const bytes = readModel('short');
  const plain = await wxnn.loadModel(bytes, { numThreads: 2, variant: 'plain' });
  assert.deepEqual(plain.backend.reasons, ['one thread: the plain build has no threads', 'the plain build passed its self-test']);
  plain.dispose();
  const { wxnn: inWechat } = createRealProgram();
  const model = await inWechat.loadModel(bytes, { numThreads: 4 });
  assert.equal(model.backend.reasons[0], 'one thread: this platform has no threads');
  model.dispose();
});

test('numThreads is a whole number from 1 to 16', async () => {
  for (const numThreads of [0, 17, 1.5, '2', NaN]) {
    await assert.rejects(wxnn.loadModel(fs.readFileSync(POSENET), { numThreads }), /^Error: numThreads must be a whole number from 1 to 16; this is /);
  }
});
