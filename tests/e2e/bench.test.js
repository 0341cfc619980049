'use strict';
// tools/bench's page: our builds and others' open a model there, run it and agree.

const assert = require('node:assert/strict');
const path = require('node:path');
const test = require('node:test');
const { Chromium } = require('../../tools/benchmark/chromium.js');
const { difference } = require('../../tools/benchmark/difference.js');
const { filesOf } = require('../../tools/benchmark/model_files.js');

/** The model's outputs by each of the peers, [peer, the file's form]. */
async function outputsOf(model, peers) {
  const files = filesOf(model);
  const folders = Object.entries(files).map(([format, file]) => [format, path.dirname(file)]);
  const chromium = await Chromium.start(new Map(folders));
  try {
    const outputs = {};
    for (const [peer, format] of peers) {
      const page = await chromium.open(peer, `/models/${format}/${path.basename(files[format])}`);
      ({ outputs: outputs[peer] } = await page.ask({ warmUp: 1 }));
      await page.end();
    }
    return outputs;
  } finally {
    await chromium.close();
  }
}

function assertAgree({ simd, plain, ...others }) {
  assert.equal(difference(plain, simd), 0);
  for (const [peer, theirs] of Object.entries(others)) {
    const off = difference(simd, theirs);
    assert.ok(off < 1e-4, `${peer} is ${off} of its largest number away`);
  }
}

test('the peers of the page run a model that leaves its batch open, as Keras does, and their outputs agree', async () => {
  assertAgree(await outputsOf('tfjs-mesh', [['simd', 'json'], ['plain', 'json'], ['tfjs-wasm', 'json'], ['litert-compat', 'tflite'], ['litert', 'tflite']]));
});

test('onnxruntime-web runs an ONNX model as it is, ours what the converter makes of it, and their outputs agree', async () => {
  assertAgree(await outputsOf('ocr-direction', [['simd', 'tflite'], ['plain', 'tflite'], ['litert-compat', 'tflite'], ['onnxruntime', 'onnx']]));
});
