'use strict';
// Layers models (tf.loadLayersModel) on the backend: an application's own network, and one that is trained here.

const assert = require('node:assert/strict');
const { before, test } = require('node:test');
const tf = require('@tensorflow/tfjs-core');
const layers = require('@tensorflow/tfjs-layers');
require('@tensorflow/tfjs-backend-cpu');
const wxnn = require('../..');
const { fetchedFile } = require('../../tools/fetch_models.js');
const { readPhoto } = require('../reference/photo.js');
const { handler, readArtifacts } = require('./model_files.js');

before(async () => {
  wxnn.registerBackend(tf);
  await tf.setBackend('wasm');
});

test('nsfwjs\'s MobileNetV2 classifies a photo as on the CPU backend, by the engine\'s kernels', { timeout: 300000 }, async (t) => {
  const { data, width, height } = await readPhoto(fetchedFile('photos', 'sample1.jpg'));
  const artifacts = readArtifacts(fetchedFile('mobilenetv2-nsfw-layers', 'model.json'));
  const probabilities = {};
  for (const backend of ['wasm', 'cpu']) {
    await tf.setBackend(backend);
    const start = tf.memory().numTensors;
    const model = await layers.loadLayersModel(/** @type {any} */ (handler(artifacts)));
    const result = tf.tidy(() => {
      const rgba = tf.tensor3d(Int32Array.from(data), [height, width, 4], 'int32');
      const image = tf.image.resizeBilinear(tf.cast(tf.slice(rgba, [0, 0, 0], [height, width, 3]), 'float32'), [224, 224], true);
      return /** @type {any} */ (model.predict(tf.expandDims(tf.div(image, 255), 0)));
    });
    probabilities[backend] = [...result.dataSync()];
    result.dispose();
    model.dispose();
    assert.equal(tf.memory().numTensors, start);
  }
  const { ran } = wxnn.kernelReport(tf);
  t.diagnostic(`${Object.keys(ran).length} kernels`);
  assert.deepEqual(Object.keys(ran).filter((kernel) => ran[kernel].cpu), []);
  assert.equal(probabilities.wasm.length, 5);
  assert.ok(Math.abs(probabilities.wasm.reduce((sum, p) => sum + p) - 1) < 1e-5);
  probabilities.cpu.forEach((p, i) => assert.ok(Math.abs(p - probabilities.wasm[i]) < 1e-4, `${probabilities.wasm} ${probabilities.cpu}`));
});

test('a small convolutional network learns on the backend', { timeout: 120000 }, async () => {
  await tf.setBackend('wasm');
  const model = layers.sequential();
  model.add(layers.layers.conv2d({ inputShape: [6, 6, 1], filters: 4, kernelSize: 3, activation: 'relu', kernelInitializer: layers.initializers.glorotUniform({ seed: 3 }) }));
  model.add(layers.layers.batchNormalization());
  model.add(layers.layers.maxPooling2d({ poolSize: 2 }));
  model.add(layers.layers.flatten());
  model.add(layers.layers.dense({ units: 2, activation: 'softmax', kernelInitializer: layers.initializers.glorotUniform({ seed: 5 }) }));
  model.compile({ optimizer: tf.train.adam(0.05), loss: 'categoricalCrossentropy', metrics: ['accuracy'] });
  // Bars that stand or lie.
  const count = 32;
  const images = new Float32Array(count * 36), labels = new Float32Array(count * 2);
  for (let i = 0; i < count; i++) {
    const lies = i % 2, at = 1 + (i >> 1) % 4;
    for (let k = 0; k < 6; k++) images[i * 36 + (lies ? at * 6 + k : k * 6 + at)] = 1;
    labels[i * 2 + lies] = 1;
  }
  const x = tf.tensor4d(images, [count, 6, 6, 1]), y = tf.tensor2d(labels, [count, 2]);
  const { history } = await model.fit(x, y, { epochs: 15, batchSize: 8, shuffle: false });
  assert.ok(history.loss[14] < history.loss[0] / 2, String(history.loss));
  assert.equal(history.acc[14], 1);
});
