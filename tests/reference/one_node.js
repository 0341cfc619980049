'use strict';
// Small TensorFlow graphs, most of one node, run by TensorFlow.js's CPU backend and by our engine: the checkout's package on the
// binary with all operators. A case is one line of a table (tests/reference/ops/*.js):
//
//   op('Conv2D', [f32(1, 8, 8, 3), constant(f32(3, 3, 3, 4))], { strides: [1, 2, 2, 1], padding: 'SAME' })
//
// Inputs are placeholders filled with seeded random numbers, or constants. Attributes: whole numbers (i), booleans (b), text (s),
// "DT_FLOAT" (type), lists of these; float(0.5) for an f. What one node cannot show is graph([nodes…], inputs, outputs).

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const tf = require('@tensorflow/tfjs-core');
const converter = require('@tensorflow/tfjs-converter');
require('@tensorflow/tfjs-backend-cpu');

tf.env().set('PROD', true);

const ROOT = path.join(__dirname, '../..');

/**
 * @typedef {{shape: number[], dtype: 'float32' | 'int32' | 'bool', low: number, high: number, values?: number[], constant?: boolean, open?: boolean}} Input
 *   low, high: of the random numbers; whole ones reach high as well. values: these instead. open: the graph says nothing of the batch
 * @typedef {{name: string, op: string, input: string[], attrs?: object}} GraphNode
 * @typedef {{name: string, inputs: string[], outputs: string[], nodes: any[][]}} FunctionDef outputs: the tensors that it returns
 * @typedef {{title: string, nodes: GraphNode[], inputs: Input[], outputs: string[], tolerance: number, functions?: FunctionDef[], initializer?: any[][]}} Case
 *   inputs are called x0, x1…; tolerance: of the largest magnitude, for float32 outputs
 */

const tensor = (dtype, low, high) => (...shape) => /** @type {Input} */ ({ shape, dtype, low, high });
const f32 = tensor('float32', -1, 1);
const i32 = tensor('int32', -9, 9);
const bool = tensor('bool', 0, 1);
const constant = (input) => ({ ...input, constant: true });
const open = (input) => ({ ...input, open: true });
/** The same input with numbers from this range. */
const within = (low, high, input) => ({ ...input, low, high });
/** An input of these numbers: one list for rank 1, a number for a scalar, or with a shape. */
const list = (dtype, values, shape = Array.isArray(values) ? [values.length] : []) =>
  /** @type {Input} */ ({ shape, dtype, low: 0, high: 0, values: [values].flat() });
const ints = (values, shape) => constant(list('int32', values, shape));
const floats = (values, shape) => list('float32', values, shape);
const float = (f) => ({ f });

/**
 * @param {string} name TensorFlow's name
 * @param {Input[]} inputs @param {object} attrs
 * @param {{outputs?: number, tolerance?: number, title?: string}} options
 * @returns {Case}
 */
function op(name, inputs, attrs = {}, { outputs = 1, tolerance = 1e-5, title } = {}) {
  const shapes = inputs.map((x) => `${x.dtype}[${x.shape}]`).join(' ');
  return {
    title: title || `${name} ${shapes} ${JSON.stringify(attrs)}`,
    nodes: [{ name: 'y', op: name, input: inputs.map((_, i) => `x${i}`), attrs }],
    inputs, outputs: Array.from({ length: outputs }, (_, i) => (i ? `y:${i}` : 'y')), tolerance,
  };
}

/** Nodes as [name, op, [inputs], attrs]. @returns {Case} */
function graph(title, inputs, nodes, outputs = ['y'], { tolerance = 1e-5, functions = [], initializer = undefined } = {}) {
  return { title, inputs, outputs, tolerance, functions, initializer, nodes: nodes.map(([name, kind, input, attrs]) => ({ name, op: kind, input, attrs })) };
}

const nodeDef = (/** @type {any[]} */ [name, kind, input, attrs = {}]) => ({
  name, op: kind, input, attr: Object.fromEntries(Object.entries(attrs).map(([key, value]) => [key, attrOf(value)])),
});

/** A function of the graph's library. @param {FunctionDef} f */
function functionDef({ name, inputs, outputs, nodes }) {
  return {
    signature: { name, inputArg: inputs.map((n) => ({ name: n })), outputArg: outputs.map((_, i) => ({ name: `out${i}` })) },
    nodeDef: nodes.map(nodeDef), ret: Object.fromEntries(outputs.map((tensor, i) => [`out${i}`, tensor])),
  };
}

const text = (s) => Buffer.from(s).toString('base64');

function attrOf(value) {
  if (Array.isArray(value)) {
    if (typeof value[0] === 'string') return { list: value[0].startsWith('DT_') ? { type: value } : { s: value.map(text) } };
    if (value[0] && typeof value[0] === 'object') return { list: { f: value.map(({ f }) => f) } };
    return { list: { i: value.map(String) } };
  }
  if (typeof value === 'boolean') return { b: value };
  if (typeof value === 'number') return { i: String(value) };
  if (typeof value === 'string') return value.startsWith('DT_') ? { type: value } : { s: text(value) };
  return value;
}

const TYPES = { float32: 'DT_FLOAT', int32: 'DT_INT32', bool: 'DT_BOOL' };
const ARRAYS = { float32: Float32Array, int32: Int32Array, bool: Uint8Array };

/** Numbers in [0, 1) that depend on the seed alone. */
function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** @param {Input} input @param {() => number} next */
function fill({ shape, dtype, low, high, values }, next) {
  const count = shape.reduce((n, d) => n * d, 1);
  const data = new ARRAYS[dtype](count);
  for (let i = 0; i < count; i++) {
    const r = next();
    data[i] = values ? values[i] : dtype === 'float32' ? low + (high - low) * r : low + Math.floor((high - low + 1) * r);
  }
  return data;
}

/** @param {Case} test @param {{[name: string]: any}} data */
function modelOf(test, data) {
  const nodes = test.inputs.map(({ shape, dtype, constant: fixed, open: isOpen }, i) => ({
    name: `x${i}`, op: fixed ? 'Const' : 'Placeholder',
    attr: { dtype: { type: TYPES[dtype] }, shape: { shape: { dim: shape.map((size, axis) => ({ size: String(isOpen && axis === 0 ? -1 : size) })) } } },
  }));
  for (const { name, op: kind, input, attrs = {} } of test.nodes) {
    nodes.push(/** @type {any} */ ({
      name, op: kind, input, attr: Object.fromEntries(Object.entries(attrs).map(([key, value]) => [key, attrOf(value)])),
    }));
  }
  const fixed = test.inputs.map((input, i) => ({ ...input, name: `x${i}` })).filter((input) => input.constant);
  for (const node of nodes) if (node.op === 'Const') delete (/** @type {any} */ (node.attr)).shape;
  const endpoint = (name) => [name, { name: name.includes(':') ? name : `${name}:0` }];
  const placeholders = nodes.filter((n) => n.op === 'Placeholder');
  return {
    model: {
      format: 'graph-model',
      modelTopology: { node: nodes, versions: { producer: 1 }, library: { function: (test.functions || []).map(functionDef) } },
      ...(test.initializer && {
        modelInitializer: { node: [...nodes.filter((n) => n.op === 'Const'), ...test.initializer.map(nodeDef)], versions: { producer: 1 } },
        initializerSignature: { outputs: {} },
      }),
      signature: {
        inputs: Object.fromEntries(placeholders.map((n) => [n.name, { name: `${n.name}:0`, dtype: n.attr.dtype.type, tensorShape: n.attr.shape.shape }])),
        outputs: Object.fromEntries(test.outputs.map(endpoint)),
      },
      weightsManifest: [{ paths: ['weights'], weights: fixed.map(({ name, shape, dtype }) => ({ name, shape, dtype })) }],
    },
    weights: Uint8Array.from(Buffer.concat(fixed.map(({ name }) => Buffer.from(data[name].buffer)))),
  };
}

/** What TensorFlow.js says: {data, shape, dtype} by output. */
async function runTfjs(test, { model, weights }, data) {
  await tf.setBackend('cpu');
  const handler = tf.io.fromMemory({
    modelTopology: model.modelTopology, format: model.format, signature: model.signature,
    weightSpecs: model.weightsManifest[0].weights, weightData: weights.buffer,
    modelInitializer: model.modelInitializer, initializerSignature: model.initializerSignature,
  });
  const loaded = await converter.loadGraphModel(/** @type {any} */ (handler));
  const fed = {};
  test.inputs.forEach((input, i) => {
    if (!input.constant) fed[`x${i}`] = tf.tensor(data[`x${i}`], input.shape, input.dtype);
  });
  const warn = console.warn;
  console.warn = () => undefined;    // that execute() would have done: it would not, for shapes that depend on data
  const raw = await loaded.executeAsync(fed, test.outputs).finally(() => { console.warn = warn; });
  const results = {};
  for (const [i, t] of [raw].flat().entries()) results[test.outputs[i]] = { data: await t.data(), shape: t.shape, dtype: t.dtype };
  return results;
}

let directory;
/** A folder with the binary of all operators, under the names that the adapter looks for. */
function binaries() {
  if (directory) return directory;
  const { status, stderr } = spawnSync('tools/build', ['plain', 'simd'], { cwd: ROOT, encoding: 'utf8' });
  assert.equal(status, 0, `the binary with all operators could not be built: ${stderr}`);
  directory = path.join(ROOT, 'build/test/all_operators');
  fs.mkdirSync(directory, { recursive: true });
  const copy = (from, to) => fs.copyFileSync(path.join(ROOT, 'plugin/wasm', from), path.join(directory, to));
  copy('wxnn-plain-tfjs.wasm.br', 'wxnn-plain.wasm.br');
  copy('wxnn-simd.wasm.br', 'wxnn-simd.wasm.br');
  return directory;
}

/** What our engine says. */
async function runOurs(test, model, data) {
  const wxnn = require(ROOT);
  const loaded = await wxnn.loadModel(model, { variant: 'simd', wasmPath: binaries() });
  const fed = Object.fromEntries(test.inputs.flatMap((input, i) => (input.constant ? [] : [[`x${i}`, data[`x${i}`]]])));
  try {
    loaded.resize(Object.fromEntries(test.inputs.flatMap(({ shape, open: isOpen }, i) => (isOpen ? [[`x${i}`, shape]] : []))));
    return loaded.run(fed, { allowNaN: true });
  } finally {
    loaded.dispose();
  }
}

function compare(name, ours, theirs, tolerance) {
  assert.deepEqual(ours.shape, theirs.shape, `${name}: shape`);
  assert.equal(ours.dtype, theirs.dtype, `${name}: dtype`);
  const finite = [...theirs.data].filter(Number.isFinite).map(Math.abs);
  const allowed = theirs.dtype === 'float32' || theirs.dtype === 'complex64' ? tolerance * Math.max(1e-30, ...finite) : 0;
  theirs.data.forEach((want, i) => {
    const got = ours.data[i];
    const near = Object.is(got, want) || got === want || (Number.isFinite(want) && Math.abs(got - want) <= allowed);
    assert.ok(near, `${name}[${i}]: ours ${got}, TensorFlow.js ${want}`);
  });
}

/** A case's model and seeded inputs. @param {Case} test @param {number} seed */
function prepare(test, seed) {
  const next = random(seed);
  const data = Object.fromEntries(test.inputs.map((input, i) => [`x${i}`, fill(input, next)]));
  return { data, model: modelOf(test, data) };
}

/** Runs a case on both and compares shapes, dtypes and numbers. @param {Case} test @param {number} seed */
async function check(test, seed) {
  const { data, model } = prepare(test, seed);
  const theirs = await runTfjs(test, model, data);
  const ours = await runOurs(test, model, data);
  for (const name of test.outputs) compare(name, ours[name], theirs[name], test.tolerance);
}

module.exports = { attrOf, functionDef, op, graph, open, f32, i32, bool, constant, within, ints, floats, list, float, check, prepare, runTfjs, binaries };
