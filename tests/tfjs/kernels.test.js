'use strict';
// Which kernels our backend has, next to every kernel that TensorFlow.js's own backends register; and what survives engine().reset().

const assert = require('node:assert/strict');
const { test } = require('node:test');
const tf = require('@tensorflow/tfjs-core');
require('@tensorflow/tfjs-backend-cpu');
require('@tensorflow/tfjs-backend-wasm');
require('@tensorflow/tfjs-backend-webgl');
const wxnn = require('../..');

const namesOf = (backend) => tf.getKernelsForBackend(backend).map(({ kernelName }) => kernelName);

test('every kernel that the CPU, WebAssembly or WebGL backend registers is there, with no gap', async (t) => {
  const theirs = [...new Set(['cpu', 'wasm', 'webgl'].flatMap(namesOf))].sort();
  wxnn.registerBackend(tf, { name: 'ours' });
  assert.ok(await tf.setBackend('ours'));
  const ours = new Set(namesOf('ours'));
  t.diagnostic(`theirs ${theirs.length}, ours ${ours.size}`);
  assert.ok(theirs.length >= 174, `${theirs.length} kernels`);
  assert.deepEqual(theirs.filter((name) => !ours.has(name)), []);
  const { engine, cpu } = wxnn.kernelReport(tf);
  // What the CPU backend serves is text, ragged and sparse tensors, gradients, and a few that tfjs-backend-wasm lacks too.
  const wasm = new Set(namesOf('wasm'));
  assert.deepEqual(cpu.filter((name) => wasm.has(name) && !/String|Sparse|Ragged|Grad|Backprop|UniqueV?|ScatterNd/.test(name)), []);
  assert.deepEqual(engine.filter((name) => cpu.includes(name)), []);
});

test('engine().reset() and setBackend make the backend anew', async () => {
  await tf.setBackend('ours');
  const sum = () => [...tf.tidy(() => tf.add([1, 2], [3, 4]).dataSync())];
  assert.deepEqual(sum(), [4, 6]);
  tf.engine().reset();
  assert.ok(await tf.setBackend('ours'));
  assert.deepEqual(sum(), [4, 6]);
  assert.equal(tf.memory().numTensors, 0);
  const { kernelMs } = await tf.time(() => tf.tidy(() => { tf.square([3]); }));
  assert.ok(/** @type {any} */ (kernelMs) >= 0);
});
