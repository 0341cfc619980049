'use strict';
// loadGraphModel: a tf.GraphModel in every respect, its graph run by the engine in one kernel, or by tfjs where that is not possible.

const assert = require('node:assert/strict');
const { before, test } = require('node:test');
const tf = require('@tensorflow/tfjs-core');
const converter = require('@tensorflow/tfjs-converter');
require('@tensorflow/tfjs-backend-cpu');
const wxnn = require('../..');
const { GraphBuilder, handler, randoms, text } = require('./model_files.js');

before(async () => {
  wxnn.registerBackend(tf);
  await tf.setBackend('wasm');
});

/** conv -> relu -> two heads, for pictures of any size. */
function twoHeads() {
  const graph = new GraphBuilder(3);
  const x = graph.placeholder('x', [-1, -1, -1, 3]);
  const middle = graph.conv('middle', x, 3, 6, { activation: 'Relu' });
  graph.conv('a', middle, 6, 2, { kernel: 1, activation: '' });
  graph.conv('b', middle, 6, 4, { stride: 2, activation: '' });
  return graph.artifacts(['a', 'b']);
}

const load = (artifacts, options = {}) => /** @type {Promise<any>} */ (wxnn.loadGraphModel(handler(artifacts), { converter, ...options }));

function picture(h, w, seed = 5) {
  const next = randoms(seed);
  return tf.tensor4d(Float32Array.from({ length: h * w * 3 }, next), [1, h, w, 3]);
}

/** What tfjs's own executor says of the same inputs. */
function byTfjs(model, work) {
  model.useEngine = false;
  try {
    return work();
  } finally {
    model.useEngine = undefined;
  }
}

function assertSame(ours, theirs) {
  const lists = [ours, theirs].map((tensors) => [tensors].flat());
  assert.equal(lists[0].length, lists[1].length);
  lists[0].forEach((tensor, i) => {
    assert.deepEqual(tensor.shape, lists[1][i].shape);
    assert.deepEqual([...tensor.dataSync()], [...lists[1][i].dataSync()]);  // the same operators, so the same bits
  });
}

test('predict, execute by name, intermediate nodes and other sizes', async () => {
  const model = await load(twoHeads());
  assert.ok(model instanceof converter.GraphModel);
  assert.deepEqual(model.inputs.map(({ name, shape }) => [name, shape]), [['x', [-1, -1, -1, 3]]]);
  assert.equal(Object.keys(model.weights).length, 6);
  for (const [h, w] of [[8, 8], [5, 9], [8, 8]]) {
    const x = picture(h, w);
    assertSame(model.predict(x), byTfjs(model, () => model.predict(x)));
    assert.equal(model.engineReport.ranBy, 'tfjs');
  }
  const x = picture(7, 6);
  for (const outputs of ['b', ['b', 'a'], ['middle'], 'a:0']) {
    assertSame(model.execute({ x }, outputs), byTfjs(model, () => model.execute({ x }, outputs)));
  }
  assertSame(await model.executeAsync({ x }, ['middle', 'a']), byTfjs(model, () => model.execute({ x }, ['middle', 'a'])));
  assert.equal(model.engineReport.runs.engine, 8);
  model.dispose();
});

test('weights are not copied to the engine\'s memory before an operator reads them', async () => {
  const live = () => /** @type {any} */ (tf.memory()).numBytesLive;
  const before = live();
  const model = await load(twoHeads());
  assert.equal(live(), before);
  const x = picture(6, 6);
  const ours = model.predict(x);
  const perWeights = live() - before;
  const theirs = byTfjs(model, () => model.predict(x));
  assertSame(ours, theirs);
  assert.ok(live() - before > perWeights, 'tfjs\'s executor reads them');
  const [weight] = Object.values(model.weights)[0];
  assert.equal(weight.dataSync().length, weight.size);
  model.dispose();
  tf.dispose([x, ours, theirs]);
  assert.equal(live(), before);
});

test('one kernel in tf.profile; scopes, fresh outputs, nothing left behind', async () => {
  const before = /** @type {any} */ (tf.memory());
  const model = await load(twoHeads());
  const x = picture(8, 8);
  const { kernelNames, result } = await tf.profile(() => model.predict(x));
  assert.deepEqual(kernelNames, ['WxnnGraph']);
  const [first] = /** @type {any} */ (result);
  const kept = [...first.dataSync()];
  const [second] = /** @type {any} */ (tf.tidy(() => model.predict(tf.mul(x, 2)).map((t) => tf.keep(t))));
  assert.deepEqual([...first.dataSync()], kept, 'a later run leaves the outputs of the first alone');
  assert.notDeepEqual([...second.dataSync()], kept);
  tf.dispose([result, second, x]);
  tf.disposeVariables();
  model.dispose();
  const end = /** @type {any} */ (tf.memory());
  assert.ok(end.numTensors <= before.numTensors + 1, `${end.numTensors} tensors, ${before.numTensors} before`);
});

test('errors are tfjs\'s, word for word', async () => {
  const model = await load(twoHeads());
  const message = (work) => {
    try {
      work();
    } catch (error) {
      return error.message;
    }
    return undefined;
  };
  const wrong = [
    () => model.predict(tf.ones([1, 8, 8, 4])), () => model.predict(tf.ones([1, 8, 8, 3], 'int32')), () => model.predict([tf.ones([1, 8, 8, 3]), tf.ones([1])]),
    () => model.execute({ y: tf.ones([1]) }, 'a'), () => model.execute({ x: picture(4, 4) }, 'nobody'), () => model.execute({}, 'a'),
  ];
  for (const work of wrong) {
    const ours = message(work);
    assert.ok(ours, String(work));
    assert.equal(ours, byTfjs(model, () => message(work)), String(work));
  }
  assertSame(model.predict(picture(4, 4)), byTfjs(model, () => model.predict(picture(4, 4))));
});

test('another backend, gradients and opt-out are tfjs\'s, and the report says so', async () => {
  const model = await load(twoHeads());
  const x = picture(6, 6);
  const ours = model.predict(x).map((t) => [...t.dataSync()]);
  await tf.setBackend('cpu');
  const theirs = model.predict(x);
  assert.match(model.engineReport.reason, /the backend is cpu/);
  theirs.forEach((t, i) => [...t.dataSync()].forEach((v, k) => assert.ok(Math.abs(v - ours[i][k]) < 1e-4)));
  await tf.setBackend('wasm');
  assert.deepEqual(model.predict(x).map((t) => [...t.dataSync()]), ours);
  assert.equal(model.engineReport.ranBy, 'engine');
  const out = await load(twoHeads(), { useEngine: false });
  out.predict(x);
  assert.match(out.engineReport.reason, /useEngine is false/);
});

test('structured outputs, save, dispose', async () => {
  const artifacts = { ...twoHeads(), userDefinedMetadata: { structuredOutputKeys: ['first', 'second'] } };
  const model = await load(artifacts);
  const x = picture(4, 4);
  assert.deepEqual(Object.keys(model.predict(x)), ['first', 'second']);
  let saved;
  await model.save({ save: async (given) => { saved = given; return { modelArtifactsInfo: {} }; } });
  assert.equal(saved.weightData.byteLength, artifacts.weightData.byteLength);
  model.dispose();
  assert.throws(() => model.predict(x));
});

test('an operator that the engine lacks: tfjs runs the graph', async () => {
  const graph = new GraphBuilder(4);
  const x = graph.placeholder('x', [-1]);
  graph.node('y', 'MyOwn', [x]);
  converter.registerOp('MyOwn', ({ inputs }) => /** @type {any} */ (tf.add(inputs[0], 1)));
  const model = await load(graph.artifacts(['y']));
  assert.deepEqual([...model.predict(tf.tensor1d([1, 2])).dataSync()], [2, 3]);
  assert.equal(model.engineReport.ranBy, 'tfjs');
  assert.match(model.engineReport.reason, /MyOwn/);
  converter.deregisterOp('MyOwn');
});

test('an operator that the application registered in place of tfjs\'s own is the application\'s', async () => {
  const graph = new GraphBuilder(4);
  graph.node('y', 'Relu', [graph.placeholder('x', [-1])]);
  converter.registerOp('Relu', ({ inputs }) => /** @type {any} */ (tf.neg(inputs[0])));
  try {
    const model = await load(graph.artifacts(['y']));
    assert.deepEqual([...model.predict(tf.tensor1d([1, -2])).dataSync()], [-1, 2]);
    assert.match(model.engineReport.reason, /Relu is an operator that the application registered/);
  } finally {
    converter.deregisterOp('Relu');
  }
});

test('a loop that runs as often as the data say is the engine\'s too', async () => {
  const graph = new GraphBuilder(4);
  const frame = (isConstant) => ({ frame_name: text('loop'), parallel_iterations: { i: '10' }, is_constant: { b: isConstant } });
  graph.node('v', 'Enter', [graph.placeholder('x', [2, 2])], frame(false));
  graph.node('two', 'Enter', [graph.constant('c2', [], [2])], frame(true));
  graph.node('limit', 'Enter', [graph.constant('c100', [], [100])], frame(true));
  graph.node('axes', 'Enter', [graph.constant('c01', [2], [0, 1], 'int32')], frame(true));
  graph.node('merged', 'Merge', ['v', 'next'], { N: { i: '2' } });
  graph.node('less', 'Less', [graph.node('sum', 'Sum', ['merged', 'axes'], { keep_dims: { b: false } }), 'limit']);
  graph.node('switched', 'Switch', ['merged', graph.node('go', 'LoopCond', ['less'])]);
  graph.node('next', 'NextIteration', [graph.node('doubled', 'Mul', ['switched:1', 'two'])]);
  graph.node('y', 'Exit', ['switched']);
  const model = await load(graph.artifacts(['y']));
  for (const start of [1, 3, 40]) {
    const x = tf.fill([2, 2], start);
    let expected = start;
    while (4 * expected < 100) expected *= 2;
    assert.deepEqual([...(await model.executeAsync(x)).dataSync()], Array(4).fill(expected));
    assert.equal(model.engineReport.ranBy, 'engine', model.engineReport.reason);
  }
});

test('bad input is a sentence', async () => {
  const artifacts = twoHeads();
  await assert.rejects(load({ ...artifacts, weightData: artifacts.weightData.slice(8) }), /the weights of the model need \d+ bytes; there are \d+/);
  await assert.rejects(wxnn.loadGraphModel(handler(artifacts), { converter: {} }), /converter must be the @tensorflow\/tfjs-converter/);
  await assert.rejects(wxnn.loadGraphModel('/no/such/model.json', { converter }), /no such file/);
  const { GraphModel } = converter;
  const other = class extends GraphModel {
    loadSync(given) {
      super.loadSync(given);
      const stranger = { dataId: {}, shape: [1], dtype: 'float32', dispose() { /* of another tfjs-core */ } };
      Object.defineProperty(this, 'weights', { value: { w: [stranger] } });
      return true;
    }
  };
  await assert.rejects(load(artifacts, { converter: { GraphModel: other } }), /another copy of tfjs-core/);
});

test('accelerate hands tf.loadGraphModel\'s models to the engine', async () => {
  wxnn.accelerate(converter);
  wxnn.accelerate(converter);
  const model = /** @type {any} */ (await converter.loadGraphModel(/** @type {any} */ (handler(twoHeads()))));
  const x = picture(8, 8);
  assertSame(model.predict(x), byTfjs(model, () => model.predict(x)));
  assert.deepEqual(model.engineReport.runs, { engine: 1, tfjs: 1 });
});
