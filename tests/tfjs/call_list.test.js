'use strict';
// loadModel(…, {backend: 'cpu'}): models as lists of kernel calls on TensorFlow.js's CPU backend, next to the engine's own numbers.

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { before, test } = require('node:test');
const tf = require('@tensorflow/tfjs-core');
const cpu = require('@tensorflow/tfjs-backend-cpu');
const wxnn = require('../..');
const { fetchedFile } = require('../../tools/fetch_models.js');

const ROOT = path.join(__dirname, '../..');
const PROGRAM = path.join(ROOT, 'build/native/wxnn_tflite_cases');
const FOLDER = path.join(ROOT, 'build/test/call_list_cases');
const ARRAYS = { float32: Float32Array, int32: Int32Array, bool: Uint8Array };
const NEAR = 1e-4;  // of the largest value: float32 summed in another order

before(() => wxnn.configPlugin({ tf, cpu, wasm: false, prefer: 'cpu' }));

/** Numbers between -1 and 1, whole ones below 255 for int32, from the seed alone. */
function sampleInputs(infos, seed = 7) {
  const next = () => {
    seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
    return seed;
  };
  return Object.fromEntries(infos.map(({ name, shape, dtype }) => {
    const length = shape.reduce((count, size) => count * Math.abs(size), 1);
    return [name, ARRAYS[dtype].from({ length }, () => (dtype === 'float32' ? next() / 0x40000000 - 1 : next() % 255))];
  }));
}

function assertNear(found, expected, what) {
  assert.deepEqual(found.shape, expected.shape, what);
  assert.equal(found.dtype, expected.dtype, what);
  const largest = expected.data.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-3);
  expected.data.forEach((value, i) => assert.ok(Math.abs(value - found.data[i]) <= NEAR * largest, `${what}[${i}]: ${found.data[i]}, the engine ${value}`));
}

// Plain JavaScript takes seconds for the larger ones.
const LONG = process.env.WXNN_LONG ? [['full', 'model.tflite'], ['tfjs-mesh', 'model.json'], ['handdetect', 'model.json'], ['movenet-lightning', 'model.json']] : [];

for (const [id, file] of [['short', 'model.tflite'], ['mesh', 'model.tflite'], ['selfie', 'model.tflite'], ['tfjs-front', 'model.json'], ['mobilenetv2-nsfw', 'model.json'], ...LONG]) {
  test(`${id} on the CPU backend is what the engine computes`, { timeout: 300000 }, async () => {
    const source = fetchedFile(id, file);
    const engine = await wxnn.loadModel(source);
    const listed = await wxnn.loadModel(source, { backend: 'cpu' });
    assert.equal(listed.backend.name, 'cpu', listed.backend.reasons.join('; '));
    assert.deepEqual(listed.inputs.map(({ name, dtype }) => [name, dtype]), engine.inputs.map(({ name, dtype }) => [name, dtype]));
    const inputs = sampleInputs(engine.inputs);
    const expected = engine.run(inputs);
    const found = await listed.runAsync(inputs);
    assert.deepEqual(Object.keys(found), Object.keys(expected));
    for (const name of Object.keys(expected)) assertNear(found[name], expected[name], name);
    if (id === 'short') {
      const { numTensors } = tf.memory();
      await listed.runAsync(inputs);
      assert.equal(tf.memory().numTensors, numTensors, 'a run leaves nothing behind');
    }
    listed.dispose();
    engine.dispose();
    assert.equal(tf.memory().numTensors, 0);
  });
}

const all = (op, name, kinds) => Object.fromEntries(kinds.map((kind) => [`${name}_${kind}`, op]));
/** What tfjs has no kernel for, or only in part: each is refused by the node's name. */
const REFUSED = {
  bitwise_xor: 'BitwiseXor', bucketize: 'Bucketize', detection_post_process: 'DetectionPostProcess', dilate: 'Dilate', dynamic_update_slice: 'DynamicUpdateSlice',
  embedding_lookup_sparse_mean: 'EmbeddingLookupSparse', embedding_lookup_sparse_sqrtn: 'EmbeddingLookupSparse', embedding_lookup_sparse_sum: 'EmbeddingLookupSparse',
  matrix_diag: 'MatrixDiag', matrix_set_diag: 'MatrixSetDiag', non_max_suppression_v5: 'NonMaxSuppressionV5\\), which pads', one_hot: 'OneHot\\), whose axis',
  reverse_sequence: 'ReverseSequence', rfft_2d: 'RFFT2D', right_shift: 'RightShift', unsorted_max: 'UnsortedSegmentMax', unsorted_min: 'UnsortedSegmentMin',
  unsorted_prod: 'UnsortedSegmentProd', uint8_detection_post_process: 'DetectionPostProcess', audio_spectrogram: 'AudioSpectrogram', mfcc: 'AudioSpectrogram',
  bitcast: 'Bitcast', stablehlo_gather: 'XlaGather', stablehlo_gather_rows: 'XlaGather', stablehlo_pad: 'XlaPad', stablehlo_pad_cuts_off: 'XlaPad', stablehlo_shift_left: 'LeftShift',
  ...all('XlaReduceWindow', 'reduce_window', ['add', 'mul', 'minimum', 'maximum']),
  ...all('XlaReduceWindow', 'stablehlo_reduce_window', ['add', 'mul', 'minimum', 'maximum']),
  ...all('XlaScatter', 'stablehlo_scatter', ['update', 'add', 'multiply', 'minimum', 'maximum']),
  ...all('If', 'stablehlo_case', ['-1', '0', '1', '2', '9']),
};

test('files of one operator: the engine\'s numbers, or the node that tfjs cannot run', async (t) => {
  fs.rmSync(FOLDER, { recursive: true, force: true });
  fs.mkdirSync(FOLDER, { recursive: true });
  assert.equal(spawnSync(PROGRAM, [FOLDER]).status, 0, `${PROGRAM} did not run: is it built?`);
  const refused = [];
  for (const file of fs.readdirSync(FOLDER).filter((name) => name.endsWith('.tflite')).sort()) {
    const name = path.basename(file, '.tflite');
    const { inputs, outputs } = JSON.parse(fs.readFileSync(path.join(FOLDER, `${name}.json`), 'utf8'));
    /** @type {any} */
    const model = await wxnn.loadModel(fs.readFileSync(path.join(FOLDER, file)), { backend: 'cpu' }).catch((error) => ({ backend: { reasons: [error.message] } }));
    if (model.backend.name !== 'cpu') {
      assert.match(model.backend.reasons.join('\n'), new RegExp(`not cpu: cpu cannot run node "\\w+" \\(${REFUSED[name]}`), name);
      refused.push(name);
      if (model.dispose) model.dispose();
      continue;
    }
    const found = await model.runAsync(inputs.map(({ dtype, data }) => new ARRAYS[dtype](data)));
    model.outputs.forEach((output, i) => assertNear(found[output.name], outputs[i], `${name} ${i}`));
    model.dispose();
    assert.equal(tf.memory().numTensors, 0, name);
  }
  t.diagnostic(`${refused.length} refused`);
  assert.deepEqual(refused.sort(), Object.keys(REFUSED).sort());
});

test('pictures, other sizes, and what such a model cannot do', async () => {
  const source = fetchedFile('short', 'model.tflite');
  const options = { backend: /** @type {'cpu'} */ ('cpu') };
  const [engine, listed] = [await wxnn.loadModel(source), await wxnn.loadModel(source, options)];
  const [{ name }] = engine.inputs;
  const rgba = Uint8Array.from({ length: 40 * 30 * 4 }, (_, i) => (i * 37) % 256);
  for (const model of [engine, listed]) model.setImage(name, rgba, 40, 30, { letterbox: true, mean: 127.5, scale: 1 / 127.5 });
  const [expected, found] = [engine.run({}), await listed.runAsync({})];
  for (const output of Object.keys(expected)) assertNear(found[output], expected[output], output);
  assert.throws(() => listed.setImage('nobody', rgba, 40, 30), /no input "nobody"; it has "/);
  assert.throws(() => listed.run({}), /runs by runAsync/);
  await assert.rejects(listed.runAsync({ [name]: new Float32Array(7) }), /cannot have 7 values/);
  await assert.rejects(wxnn.loadModel(source, /** @type {any} */ ({ backend: 'gpu' })), /backend must be "wasm", "webgl" or "cpu"; this is the text "gpu"/);
  for (const model of [engine, listed]) model.dispose();
  await assert.rejects(listed.runAsync(new Float32Array(128 * 128 * 3)), /was disposed/);
});
