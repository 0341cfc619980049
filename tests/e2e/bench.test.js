'use strict';
// tools/bench's page: our builds and LiteRT open a model there, run it and agree. The model leaves its batch open, as Keras does: LiteRT gets it settled.

const assert = require('node:assert/strict');
const path = require('node:path');
const test = require('node:test');
const { Chromium } = require('../../tools/benchmark/chromium.js');
const { difference } = require('../../tools/benchmark/difference.js');
const { filesOf } = require('../../tools/benchmark/model_files.js');

test('the peers of the page run a model, and their outputs agree', async () => {
  const files = filesOf('tfjs-mesh');
  assert.ok(files.json && files.tflite, 'both forms of tfjs-mesh are there');
  const folders = Object.entries(files).map(([format, file]) => [format, path.dirname(file)]);
  const chromium = await Chromium.start(new Map(folders));
  try {
    const outputs = {};
    for (const [peer, format] of [['simd', 'json'], ['plain', 'json'], ['tfjs-wasm', 'json'], ['litert-compat', 'tflite'], ['litert', 'tflite']]) {
      const page = await chromium.open(peer, `/models/${format}/${path.basename(files[format])}`);
      ({ outputs: outputs[peer] } = await page.ask({ warmUp: 1 }));
      await page.end();
    }
    assert.equal(difference(outputs.plain, outputs.simd), 0);
    for (const peer of ['tfjs-wasm', 'litert-compat', 'litert']) {
      const off = difference(outputs.simd, outputs[peer]);
      assert.ok(off < 1e-4, `${peer} is ${off} of its largest number away`);
    }
  } finally {
    await chromium.close();
  }
});
