'use strict';
// Runs a tfjs model.json from disk on TensorFlow.js's own backends: 'cpu' (plain JavaScript, the judge),
// 'wasm' (its SIMD build) or 'wasm-plain' (its build without SIMD), in Node, one thread.

const fs = require('node:fs');
const path = require('node:path');
const tf = require('@tensorflow/tfjs-core');
const converter = require('@tensorflow/tfjs-converter');
require('@tensorflow/tfjs-backend-cpu');

tf.env().set('PROD', true);     // no advice to install another package on the test's output

/**
 * @typedef {{name: string, shape: number[], data: Float32Array}} Output
 * @typedef {'cpu' | 'wasm' | 'wasm-plain'} Backend
 */

/** @type {Backend | undefined} */
let current;

/** @type {undefined | (() => any)} */
let makeWasmBackend;

/** tfjs chooses its .wasm file once, when its backend starts: another variant means another start. */
async function startWasm(simd) {
  const wasm = require('@tensorflow/tfjs-backend-wasm');
  wasm.setWasmPaths(path.join(path.dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json')), 'dist') + path.sep);
  makeWasmBackend ??= tf.findBackendFactory('wasm');
  tf.removeBackend('wasm');
  tf.env().set('WASM_HAS_SIMD_SUPPORT', simd);
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  tf.registerBackend('wasm', makeWasmBackend);
}

/** @param {Backend} backend */
async function useBackend(backend) {
  if (backend === current) return;
  if (backend !== 'cpu') await startWasm(backend === 'wasm');
  const name = backend === 'cpu' ? 'cpu' : 'wasm';
  if (!(await tf.setBackend(name))) throw new Error(`tfjs could not start its backend "${backend}".`);
  current = backend;
}

/** @param {string} file @returns {Promise<any>} a GraphModel, or of layers what looks like one */
async function load(file) {
  if (JSON.parse(fs.readFileSync(file, 'utf8')).format === 'graph-model') return converter.loadGraphModel(handlerOf(file));
  const layers = await require('@tensorflow/tfjs-layers').loadLayersModel(handlerOf(file));
  return {
    artifacts: { modelTopology: { node: [] } },
    inputs: layers.inputs.map(({ name, shape }) => ({ name, shape: shape.map((n) => n ?? -1) })),
    outputs: layers.outputs.map(({ name }) => ({ name })),
    execute: (fed) => layers.predict(fed, { batchSize: 1 << 20 }),
    predict: (fed) => layers.predict(fed, { batchSize: 1 << 20 }),
    dispose: () => layers.dispose(),
  };
}

/** @param {string} file a model.json whose shards lie beside it */
function handlerOf(file) {
  const json = JSON.parse(fs.readFileSync(file, 'utf8'));
  const shards = json.weightsManifest.flatMap((group) => group.paths).map((p) => fs.readFileSync(path.join(path.dirname(file), p)));
  const bytes = Uint8Array.from(Buffer.concat(shards));
  return tf.io.fromMemory({
    ...json,
    weightSpecs: json.weightsManifest.flatMap((group) => group.weights),
    weightData: bytes.buffer,
  });
}

/** tfjs runs graphs with control flow or data-dependent shapes only asynchronously, and warns about the others. */
const DYNAMIC = new Set(['Where', 'NonMaxSuppressionV2', 'NonMaxSuppressionV3', 'NonMaxSuppressionV4', 'NonMaxSuppressionV5',
  'ListDiff', 'Switch', 'Merge', 'Enter', 'Exit', 'NextIteration', 'LoopCond', 'If', 'StatelessIf', 'While', 'StatelessWhile']);

const isStatic = (model) => {
  const functions = model.artifacts.modelTopology.library?.function ?? [];
  const nodes = [model.artifacts.modelTopology.node, ...functions.map((f) => f.nodeDef)].flat();
  return !nodes.some((n) => DYNAMIC.has(n.op) || n.op.startsWith('TensorArray') || n.op.startsWith('TensorList'));
};

/**
 * @param {{model: string, input?: Float32Array, shape?: number[], inputs?: import('./index.js').Input[], backend?: Backend}} job
 * @returns {Promise<Output[]>} in the order of the model's own outputs
 */
async function run({ model: file, input, shape, inputs, backend = 'cpu' }) {
  await useBackend(backend);
  const model = await load(file);
  const given = inputs ?? [{ data: input, shape: shape ?? model.inputs[0].shape.map((n) => (n < 0 ? 1 : n)), dtype: 'float32' }];
  const fed = given.map((i) => tf.tensor(i.data, i.shape, i.dtype));
  const raw = isStatic(model) ? model.execute(fed) : await model.executeAsync(fed);
  const tensors = Array.isArray(raw) ? raw : [raw];
  const outputs = await Promise.all(tensors.map(async (t, i) => ({
    name: model.outputs[i].name,
    shape: t.shape.slice(),
    data: Float32Array.from(await t.data()),
  })));
  tf.dispose([...fed, ...tensors]);
  model.dispose();
  return outputs;
}

/**
 * A model opened for many runs on one backend, as tools/bench times them: the input as a typed array,
 * all outputs read back.
 * @param {{model: string, backend?: Backend}} job
 * @returns {Promise<{length: number, run: (input: Float32Array) => {shape: number[], data: Float32Array}[], wasm?: () => number}>}
 */
async function open({ model: file, backend = 'cpu' }) {
  await useBackend(backend);
  const model = await load(file);
  const shape = model.inputs[0].shape.map((n) => (n < 0 ? 1 : n));
  const runOnce = (input) => {
    const fed = tf.tensor(input, shape, 'float32');
    const raw = model.predict(fed);
    const tensors = Array.isArray(raw) ? raw : raw instanceof tf.Tensor ? [raw] : Object.values(raw);
    const outputs = tensors.map((t) => ({ shape: t.shape.slice(), data: /** @type {Float32Array} */ (t.dataSync()) }));
    tf.dispose([fed, ...tensors]);
    return outputs;
  };
  // WebAssembly's memory, of the backend that has one.
  const { wasm } = /** @type {any} */ (tf.backend());
  return { length: shape.reduce((n, d) => n * d, 1), run: runOnce, wasm: wasm && (() => wasm.HEAPU8.length) };
}

/** What is asked for by name: every version that the outputs depend on. */
const version = (backend = 'cpu') => `tfjs-${backend}-${tf.version_core}`;

module.exports = { run, open, version };
