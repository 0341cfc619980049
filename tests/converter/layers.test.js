'use strict';
// tfjs layers models, built and saved by tfjs itself: what our engine computes from the conversion is what tfjs's CPU backend computes
// from the layers.

const { test } = require('node:test');
const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const tf = require('@tensorflow/tfjs-core');
require('@tensorflow/tfjs-backend-cpu');
const L = require('@tensorflow/tfjs-layers');

tf.env().set('PROD', true);
const bin = path.join(__dirname, '../../build/native');
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wxnn-layers-'));
test.after(() => fs.rmSync(folder, { recursive: true }));

/** The same numbers on every machine, in [-1, 1). */
function noise(length, seed = 1) {
  let state = seed;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

/** Saves as tfjs saves, and returns the file. */
async function save(model, name) {
  let seed = 1;
  // Fresh layers have biases of 0 and norms that do nothing: numbers of all kinds instead, and variances above 0.
  model.setWeights(model.getWeights().map((w, i) => {
    const positive = model.weights[i].originalName.includes('variance');
    return tf.tensor(noise(w.size, ++seed).map((x) => (positive ? Math.abs(x) + 0.5 : x * 0.7)), w.shape);
  }));
  const file = path.join(folder, `${name}.json`);
  await model.save(tf.io.withSaveHandler(async (a) => {
    const json = { format: 'layers-model', modelTopology: a.modelTopology, weightsManifest: [{ paths: [`${name}.bin`], weights: a.weightSpecs }] };
    fs.writeFileSync(path.join(folder, `${name}.bin`), Buffer.from(a.weightData));
    fs.writeFileSync(file, JSON.stringify(json));
    return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } };
  }));
  return file;
}

function run(program, args, input) {
  const result = spawnSync(path.join(bin, program), args, { input, encoding: 'utf8', maxBuffer: 1 << 28 });
  assert.equal(result.status, 0, result.stderr);
  return result.stdout;
}

/**
 * @param {{options?: string[], numbers?: (count: number, seed: number) => Float32Array, predict?: (xs: any[]) => any}} given
 *   options of the converter, what goes in, and what says what comes out where that is not the model
 */
async function compare(model, name, { options = [], numbers = noise, predict = (xs) => model.predict(xs) } = {}) {
  const source = await save(model, name);
  const output = source.replace('.json', '.tflite');
  const inputs = model.inputs.map((t) => ({ name: t.name.replace(/:\d+$/, ''), shape: [2, ...t.shape.slice(1).map((d) => d || 10)] }));
  run('wxnn_convert', [source, '-o', output, ...options, ...inputs.flatMap((i) => ['--input', `${i.name}=${i.shape}`])]);
  const data = inputs.map((i, k) => numbers(i.shape.reduce((a, b) => a * b), 90 + k));
  const given = Object.fromEntries(inputs.map((i, k) => [i.name, Array.from(data[k])]));
  const got = JSON.parse(run('wxnn_run_model', [output], JSON.stringify(given)));
  const wanted = [predict(inputs.map((i, k) => tf.tensor(data[k], i.shape)))].flat();
  assert.equal(got.length, wanted.length);
  wanted.forEach((want, k) => {
    assert.deepEqual(got[k].shape, want.shape);
    const numbers = want.dataSync();
    const largest = numbers.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    const most = numbers.reduce((a, b, i) => Math.max(a, Math.abs(b - got[k].data[i])), 0);
    assert.ok(most <= 1e-5 * largest, `${name}: output ${k} differs by ${most}, its largest is ${largest}`);
  });
}

const image = { inputShape: [12, 10, 3] };
const CHAINS = {
  convolutions: [L.layers.conv2d({ ...image, filters: 5, kernelSize: 3, strides: [2, 1], padding: 'same', activation: 'relu' }),
    L.layers.batchNormalization({ scale: false }), L.layers.depthwiseConv2d({ kernelSize: [3, 2], depthMultiplier: 2 }), L.layers.batchNormalization(),
    L.layers.separableConv2d({ filters: 4, kernelSize: 2, activation: 'tanh' }), L.layers.globalAveragePooling2d({}), L.layers.dense({ units: 3, activation: 'softmax' })],
  dilated: [L.layers.conv2d({ ...image, filters: 4, kernelSize: 3, dilationRate: 2, useBias: false }), L.layers.activation({ activation: 'sigmoid' }),
    L.layers.globalMaxPooling2d({})],
  windows: [L.layers.zeroPadding2d({ ...image, padding: [[1, 2], [0, 3]] }), L.layers.maxPooling2d({ poolSize: 3, strides: 2 }),
    L.layers.upSampling2d({ size: [2, 3] }), L.layers.averagePooling2d({ poolSize: 2, strides: 1, padding: 'same' }), L.layers.cropping2D({ cropping: [[1, 0], [2, 1]] })],
  bilinear: [L.layers.upSampling2d({ ...image, size: [2, 2], interpolation: 'bilinear' })],
  shapes: [L.layers.permute({ ...image, dims: [3, 1, 2] }), L.layers.reshape({ targetShape: [6, 60] }), L.layers.dense({ units: 4, activation: 'elu' }),
    L.layers.flatten(), L.layers.dropout({ rate: 0.5 }), L.layers.dense({ units: 6, activation: 'relu6' }), L.layers.batchNormalization()],
  activations: [L.layers.reLU({ ...image, maxValue: 0.5 }), L.layers.dense({ units: 4, activation: 'softplus' }), L.layers.leakyReLU({ alpha: 0.2 }),
    L.layers.dense({ units: 4, activation: 'hardSigmoid' }), L.layers.dense({ units: 4, activation: 'selu' }), L.layers.elu(), L.layers.prelu(), L.layers.flatten(), L.layers.softmax()],
  nested: [L.layers.dense({ inputShape: [7], units: 5, activation: 'softsign' }),
    L.sequential({ layers: [L.layers.dense({ inputShape: [5], units: 4, activation: 'relu' }), L.layers.dense({ units: 3 })] }), L.layers.dense({ units: 2 })],
};
const zeros = 'zeros';  // tfjs's own initializer is slow, and all weights are set anyway
const list = { inputShape: [9, 3] };
const volume = { inputShape: [6, 5, 4, 2] };
Object.assign(CHAINS, {
  lists: [L.layers.conv1d({ ...list, filters: 4, kernelSize: 3, strides: 2, padding: 'same', activation: 'relu' }), L.layers.maxPooling1d({ poolSize: 2, strides: 1 }),
    L.layers.conv1d({ filters: 3, kernelSize: 2, dilationRate: 2, padding: 'same' }), L.layers.averagePooling1d({ poolSize: 2 }), L.layers.globalAveragePooling1d({})],
  lstm: [L.layers.lstm({ ...list, units: 4, returnSequences: true, recurrentInitializer: zeros }), L.layers.lstm({ units: 3, goBackwards: true, recurrentActivation: 'sigmoid', recurrentInitializer: zeros })],
  gru: [L.layers.gru({ ...list, units: 4, returnSequences: true, recurrentInitializer: zeros }), L.layers.gru({ units: 3, useBias: false, goBackwards: true, returnSequences: true, recurrentInitializer: zeros })],
  simple: [L.layers.simpleRNN({ ...list, units: 4, returnSequences: true, recurrentInitializer: zeros }), L.layers.simpleRNN({ units: 3, activation: 'relu', recurrentInitializer: zeros })],
  transposed: [L.layers.conv2dTranspose({ ...image, filters: 4, kernelSize: 3, strides: 2, padding: 'same', activation: 'relu' }),
    L.layers.conv2dTranspose({ filters: 2, kernelSize: [2, 3], strides: [1, 2], padding: 'valid', useBias: false })],
  volumes: [L.layers.conv3d({ ...volume, filters: 3, kernelSize: 2, strides: [2, 1, 1], padding: 'same', activation: 'elu' }), L.layers.conv3d({ filters: 2, kernelSize: [1, 2, 2] }), L.layers.flatten()],
  steps: [L.layers.timeDistributed({ ...list, layer: L.layers.dense({ units: 4, activation: 'tanh' }) }), L.layers.layerNormalization({}), L.layers.layerNormalization({ axis: [1, 2], center: false }),
    L.layers.thresholdedReLU({ theta: 0.1 }), L.layers.flatten(), L.layers.repeatVector({ n: 3 })],
});
const pictures = { inputShape: [4, 7, 6, 2], recurrentInitializer: zeros };
Object.assign(CHAINS, {
  memory: [L.layers.convLstm2d({ ...pictures, filters: 3, kernelSize: 3, padding: 'same', returnSequences: true }),
    L.layers.convLstm2d({ filters: 2, kernelSize: [2, 3], strides: [2, 1], useBias: false, activation: 'relu', recurrentActivation: 'sigmoid', recurrentInitializer: zeros }), L.layers.flatten()],
  'memory, backwards': [L.layers.convLstm2d({ ...pictures, filters: 3, kernelSize: 2, dilationRate: 2, goBackwards: true })],
});
for (const mergeMode of ['concat', 'sum', 'mul', 'ave']) {
  CHAINS[`bidirectional, ${mergeMode}`] = [
    L.layers.bidirectional({ ...list, layer: L.layers.lstm({ units: 4, returnSequences: true, recurrentInitializer: zeros }), mergeMode }),
    L.layers.bidirectional({ layer: L.layers.gru({ units: 3, recurrentInitializer: zeros }), mergeMode })];
}
for (const [name, layers] of Object.entries(CHAINS)) {
  test(`layers in a chain: ${name}`, () => compare(L.sequential({ layers }), name.replace(/\W+/g, '_')));
}

test('rows of a table, by whole numbers', () => compare(
  L.sequential({ layers: [L.layers.embedding({ inputDim: 7, outputDim: 4, inputLength: 6 }), L.layers.lstm({ units: 3, recurrentInitializer: zeros })] }), 'embedding',
  { numbers: (count, seed) => noise(count, seed).map((x) => Math.floor((x + 1) * 3.5)) }));

test('pools of volumes, which TensorFlow Lite does not have', () => compare(
  L.sequential({ layers: [L.layers.maxPooling3d({ ...volume, poolSize: 2, strides: [2, 1, 1], padding: 'same' }), L.layers.averagePooling3d({ poolSize: [1, 2, 2] })] }), 'pools3d',
  { options: ['--custom-ops'] }));

for (const [left, right, axes, normalize] of [[[5], [5], 1, false], [[5], [5], -1, true], [[3, 4], [5, 4], 2, true], [[3, 4], [4, 5], [2, 1], false], [[3, 4], [4], [2, 1], true],
  [[4, 3], [4, 5], 1, false], [[4], [4, 5], 1, false]]) {
  const name = `dot_${left}_${right}_${axes}`.replace(/\W/g, '_');
  test(`products of vectors and matrices: ${name}`, () => {
    const [a, b] = [left, right].map((shape) => L.input({ shape }));
    return compare(L.model({ inputs: [a, b], outputs: L.layers.dot({ axes, normalize }).apply([a, b]) }), name);
  });
}

// tfjs's CPU kernel repeats a norm's numbers along the last axis whatever the axis is; its formula is right.
for (const axis of [1, 2]) {
  const layer = L.layers.batchNormalization({ ...image, axis });
  const predict = ([x]) => {
    const [gamma, beta, mean, variance] = layer.getWeights().map((w) => tf.reshape(w, axis === 1 ? [1, -1, 1, 1] : [1, 1, -1, 1]));
    return tf.add(tf.mul(tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, 1e-3))), gamma), beta);
  };
  test(`norms along axis ${axis}`, () => compare(L.sequential({ layers: [layer] }), `norm_${axis}`, { predict }));
}

for (const activation of ['logSoftmax', 'gelu', 'gelu_new', 'mish', 'softsign', 'swish']) {
  test(`activation ${activation}`, () => compare(L.sequential({ layers: [L.layers.dense({ inputShape: [7], units: 5, activation })] }), `activation_${activation}`));
}

const before = { dataFormat: 'channelsFirst' };
const CHANNELS_FIRST = {
  convolutions: [L.layers.conv2d({ ...before, inputShape: [3, 12, 10], filters: 5, kernelSize: 3, strides: [2, 1], padding: 'same', activation: 'relu' }),
    L.layers.depthwiseConv2d({ ...before, kernelSize: [3, 2], useBias: false }), L.layers.zeroPadding2d({ ...before, padding: [1, 2] }), L.layers.upSampling2d({ ...before, size: [2, 1] }),
    L.layers.conv2dTranspose({ ...before, filters: 3, kernelSize: 2, strides: 2 }), L.layers.flatten(before), L.layers.dense({ units: 2 })],
  pools: [L.layers.maxPooling2d({ ...before, inputShape: [3, 12, 10] }), L.layers.cropping2D({ ...before, cropping: [[1, 0], [0, 1]] }), L.layers.averagePooling2d({ ...before, strides: 1 }),
    L.layers.globalMaxPooling2d(before)],
  volume: [L.layers.conv3d({ ...before, inputShape: [2, 6, 5, 4], filters: 3, kernelSize: 2, useBias: false }), L.layers.flatten(before)],
};
for (const [name, layers] of Object.entries(CHANNELS_FIRST)) {
  test(`channels first: ${name}`, () => compare(L.sequential({ layers }), `channels_first_${name}`));
}

test('transposed convolutions of volumes', () => compare(
  L.sequential({ layers: [L.layers.conv3dTranspose({ ...volume, filters: 3, kernelSize: [2, 3, 2], strides: [2, 1, 2], padding: 'same', activation: 'relu' }),
    L.layers.conv3dTranspose({ filters: 2, kernelSize: 2, padding: 'valid' })] }), 'transposed3d'));

const whole = (kind, more = {}) => L.layers[kind]({ units: 4, recurrentInitializer: zeros, ...more });
const cell = (kind, units, more = {}) => L.layers[`${kind}Cell`]({ units, recurrentInitializer: zeros, ...more });
const sizes = (...units) => units.map((n) => L.input({ shape: [n] }));
/** A layer on a sequence and on states that it begins with; all that it gives. */
function remembering(name, layer, ...units) {
  test(`states that are given and taken: ${name}`, () => {
    const x = L.input({ shape: [5, 3] }), states = sizes(...units);
    return compare(L.model({ inputs: [x, ...states], outputs: layer.apply(x, states.length ? { initialState: states } : {}) }), `states_${name.replace(/\W+/g, '_')}`);
  });
}
const all = { returnState: true, returnSequences: true };
remembering('lstm', whole('lstm', all), 4, 4);
remembering('lstm, backwards', whole('lstm', { returnState: true, goBackwards: true }), 4, 4);
remembering('gru', whole('gru', { returnState: true }), 4);
remembering('simple', whole('simpleRNN', all));
remembering('a cell', L.layers.rnn({ cell: cell('gru', 3), ...all }), 3);
remembering('a stack', L.layers.rnn({ cell: [cell('lstm', 4), cell('gru', 3, { activation: 'relu' }), cell('simpleRNN', 2)], ...all }), 2, 3, 4, 4);
remembering('a stack, backwards', L.layers.rnn({ cell: [cell('lstm', 4), cell('gru', 3)], goBackwards: true, returnSequences: true }));
for (const mergeMode of ['concat', 'ave', null]) {
  remembering(`both ways, ${mergeMode}`, L.layers.bidirectional({ layer: whole('lstm', all), mergeMode }), 4, 4, 4, 4);
  remembering(`both ways to the end, ${mergeMode}`, L.layers.bidirectional({ layer: whole('gru'), mergeMode }));
}

test('states that are given and taken: what one sequence says goes into another', () => {
  const a = L.input({ shape: [5, 3] }), b = L.input({ shape: [4, 2] });
  const [, h, c] = whole('lstm', { returnState: true }).apply(L.layers.masking({ maskValue: 0 }).apply(a));
  const y = whole('lstm', { returnSequences: true }).apply(b, { initialState: [h, c] });
  return compare(L.model({ inputs: [a, b], outputs: L.layers.dense({ units: 3, activation: 'softmax' }).apply(y) }), 'states_encoder');
});

test('states that are given and taken: images', () => {
  const layer = L.layers.convLstm2d({ filters: 3, kernelSize: 2, recurrentInitializer: zeros, ...all });
  const x = L.input({ shape: [4, 5, 6, 2] });
  return compare(L.model({ inputs: x, outputs: layer.apply(x) }), 'states_images');
});

test('a state that outlives the call', async () => {
  const source = await save(L.sequential({ layers: [L.layers.lstm({ units: 2, batchInputShape: [1, 4, 3], stateful: true, recurrentInitializer: zeros })] }), 'stateful');
  const { status, stderr } = spawnSync(path.join(bin, 'wxnn_convert'), [source], { encoding: 'utf8' });
  assert.equal(status, 1);
  assert.match(stderr, /\(LSTM\): stateful is not supported/);
});

test('a graph of layers with two inputs and two outputs', async () => {
  const a = L.input({ shape: [6, 5, 2], name: 'left' });
  const b = L.input({ shape: [6, 5, 2], name: 'right' });
  const merged = [L.layers.add().apply([a, b]), L.layers.multiply().apply([a, b]), L.layers.maximum().apply([a, b]),
    L.layers.minimum().apply([a, b]), L.layers.average().apply([a, b])];
  const all = L.layers.concatenate().apply(merged);
  const conv = L.layers.conv2d({ filters: 3, kernelSize: 3, name: 'conv' }).apply(all);
  const flat = L.layers.dense({ units: 4, name: 'last' }).apply(L.layers.flatten().apply(conv));
  await compare(L.model({ inputs: [a, b], outputs: [flat, conv] }), 'graph');
});

// tfjs's own models hand this layer a list, which it does not take.
for (const interpolation of ['bilinear', 'nearest']) {
  for (const cropToAspectRatio of [false, true]) {
    const layer = L.layers.resizing({ ...image, height: 9, width: 17, interpolation, cropToAspectRatio });
    test(`resizing, ${interpolation}, cropToAspectRatio ${cropToAspectRatio}`, () => compare(L.sequential({ layers: [layer] }), `resizing_${interpolation}_${cropToAspectRatio}`,
      { predict: ([x]) => layer.call(x, {}) }));
  }
}

/** Lists of 9 steps, of which some are nothing but `value`: at the beginning, in the middle, at the end, in each list others. */
const gaps = (value) => (count, seed) => noise(count, seed).map((x, i) => ([0, 4, 5, 8, 12, 17].includes(Math.floor(i / 3)) ? value : x));
const masked = (value, ...layers) => [L.layers.masking({ ...list, maskValue: value }), ...layers];
const MASKED = {
  alone: masked(0.5),
  lstm: masked(0, L.layers.dropout({ rate: 0.3 }), L.layers.dense({ units: 5, activation: 'tanh' }), whole('lstm', { returnSequences: true }), whole('lstm')),
  gru: masked(-1, whole('gru', { returnSequences: true }), L.layers.batchNormalization(), whole('gru', { goBackwards: true })),
  simple: masked(0, whole('simpleRNN', { returnSequences: true, goBackwards: true })),
  both: masked(0, L.layers.bidirectional({ layer: whole('gru', { returnSequences: true }), mergeMode: 'sum' }), L.layers.bidirectional({ layer: whole('lstm'), mergeMode: 'concat' })),
  steps: masked(2, L.layers.timeDistributed({ layer: L.layers.dense({ units: 4 }) }), L.layers.activation({ activation: 'relu' }), whole('gru')),
};
for (const [name, layers] of Object.entries(MASKED)) {
  const value = layers[0].maskValue;
  test(`masked steps: ${name}`, () => compare(L.sequential({ layers }), `masked_${name}`, { numbers: gaps(value) }));
}

test('rows of a table whose row 0 is masked', () => compare(
  L.sequential({ layers: [L.layers.embedding({ inputDim: 7, outputDim: 4, inputLength: 6, maskZero: true }), whole('lstm')] }), 'embedding_masked',
  { numbers: (count, seed) => noise(count, seed).map((x) => Math.max(0, Math.floor((x + 0.6) * 4))) }));

test('a layer that takes no mask is named', async () => {
  const plain = L.sequential({ layers: [L.layers.masking({ inputShape: [9, 3] }), L.layers.dense({ units: 2 })] });
  const source = await save(plain, 'unmasked');
  const text = fs.readFileSync(source, 'utf8').replace('"class_name":"Dense"', '"class_name":"LeakyReLU"');
  fs.writeFileSync(source, text);
  const { status, stderr } = spawnSync(path.join(bin, 'wxnn_convert'), [source], { encoding: 'utf8' });
  assert.equal(status, 1);
  assert.match(stderr, /\(LeakyReLU\): takes no input that is masked/);
});

test('layers that are used several times', async () => {
  const a = L.input({ shape: [6], name: 'near' }), b = L.input({ shape: [6], name: 'far' });
  const tower = L.layers.dense({ units: 6, activation: 'tanh', name: 'tower' });
  const inner = L.sequential({ name: 'inner', layers: [L.layers.dense({ inputShape: [6], units: 5, activation: 'relu' }), L.layers.dense({ units: 3 })] });
  const [x, y] = [tower.apply(a), tower.apply(b)];
  const again = tower.apply(tower.apply(y));   // its later uses depend on its earlier ones
  const sum = L.layers.add({ name: 'sum' }).apply([x, again]);
  const out = L.layers.concatenate().apply([inner.apply(sum), inner.apply(x)]);
  await compare(L.model({ inputs: [a, b], outputs: [out, inner.apply(y), again] }), 'shared');
});

test('image sizes that the model leaves open are what --input says', async () => {
  const model = L.sequential({ layers: [
    L.layers.conv2d({ inputShape: [null, null, 3], filters: 16, kernelSize: 3, padding: 'same', activation: 'relu' }),
    L.layers.conv2d({ filters: 16, kernelSize: 3, padding: 'same' }), L.layers.upSampling2d({ size: [2, 2] }),
    L.layers.conv2d({ filters: 3, kernelSize: 3, strides: 2, padding: 'same', activation: 'sigmoid' })] });
  await compare(model, 'open_sizes');
  const refused = spawnSync(path.join(bin, 'wxnn_convert'), [await save(model, 'open_sizes'), '-o', path.join(folder, 'no.tflite')], { encoding: 'utf8' });
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /its input has an open dimension besides the batch: say the sizes of the model's inputs with --input NAME=1,128,128,3/);
});

test('all layers that are not supported are named at once', async () => {
  const model = L.sequential({ layers: [L.layers.gaussianNoise({ inputShape: [3, 6], stddev: 1, name: 'hidden' }), L.layers.simpleRNN({ units: 2, recurrentInitializer: 'zeros', name: 'memory' })] });
  const source = await save(model, 'refused');
  const text = fs.readFileSync(source, 'utf8').replace('"class_name":"GaussianNoise"', '"class_name":"Lambda"').replace('"class_name":"SimpleRNN"', '"class_name":"Attention"');
  fs.writeFileSync(source, text);
  const { status, stderr } = spawnSync(path.join(bin, 'wxnn_convert'), [source], { encoding: 'utf8' });
  assert.equal(status, 1);
  assert.match(stderr, /Lambda \("hidden"\), Attention \("memory"\)/);
});
