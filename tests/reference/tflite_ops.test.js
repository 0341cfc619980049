'use strict';
// Small .tflite files (tests/programs/tflite_cases.cc), most of one operator, on LiteRT and on our engine.

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { after, test } = require('node:test');
const litert = require('./litert_chromium.js');

const ROOT = path.join(__dirname, '../..');
const PROGRAM = path.join(ROOT, 'build/native/wxnn_tflite_cases');
const FOLDER = path.join(ROOT, 'build/test/tflite_cases');
const TOLERANCE = 1e-5;       // of the largest magnitude

// Integer kernels round a half, and their tables of exp, otherwise: one step of the output's grid.
const GRID = { int8_conv: 0.02, int8_fully_connected: 0.04, int8_softmax_of_add: 1 / 256 };

const ARRAYS = { float32: Float32Array, int32: Int32Array, bool: Uint8Array };

fs.rmSync(FOLDER, { recursive: true, force: true });
fs.mkdirSync(FOLDER, { recursive: true });
const { status } = spawnSync(PROGRAM, [FOLDER]);
assert.equal(status, 0, `${PROGRAM} did not run: is it built?`);
after(() => litert.close());

for (const file of fs.readdirSync(FOLDER).filter((f) => f.endsWith('.tflite')).sort()) {
  const name = path.basename(file, '.tflite');
  test(`${name} is what LiteRT computes`, async () => {
    const ours = JSON.parse(fs.readFileSync(path.join(FOLDER, `${name}.json`), 'utf8'));
    assert.equal(ours.error, undefined);
    const inputs = ours.inputs.map(({ dtype, shape, data }) => ({ dtype, shape, data: new ARRAYS[dtype](data) }));
    const theirs = await litert.run({ model: path.join(FOLDER, file), inputs });
    assert.equal(theirs.length, ours.outputs.length);
    for (const [i, output] of theirs.entries()) {
      const { shape, dtype, data } = ours.outputs[i];
      assert.deepEqual(shape, output.shape, 'shape');
      const largest = Math.max(...output.data.map(Math.abs));
      const allowed = dtype === 'float32' ? Math.max(TOLERANCE * largest, (GRID[name] || 0) * 1.001) : 0;
      output.data.forEach((want, k) => assert.ok(Math.abs(want - data[k]) <= allowed, `output ${i}[${k}]: ours ${data[k]}, LiteRT ${want}`));
    }
  });
}
