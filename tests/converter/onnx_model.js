'use strict';
// ONNX models, written field by field, and what onnxruntime says about them.

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { referenceOutputs } = require('../reference');

const VARINT = 0, BYTES = 2, FIXED32 = 5;

function varint(value) {
  let n = BigInt.asUintN(64, BigInt(value));
  const bytes = [];
  do {
    bytes.push(Number(n & 0x7fn) | (n > 0x7fn ? 0x80 : 0));
    n >>= 7n;
  } while (n > 0n);
  return Buffer.from(bytes);
}
const field = (number, kind, content) => Buffer.concat([varint(number << 3 | kind), content]);
const int = (number, value) => field(number, VARINT, varint(value));
const bytes = (number, content) => field(number, BYTES, Buffer.concat([varint(content.length), content]));
const text = (number, value) => bytes(number, Buffer.from(value));
function real(number, value) {
  const content = Buffer.alloc(4);
  content.writeFloatLE(value);
  return field(number, FIXED32, content);
}

const TYPES = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7, bool: 9, float16: 10 };
const ARRAYS = { uint8: Uint8Array, int8: Int8Array, float16: Uint16Array, float32: Float32Array, int32: Int32Array, int64: BigInt64Array, bool: Uint8Array };

/** @typedef {{dtype: 'float32' | 'int32' | 'int64' | 'bool', shape: number[], data: any}} OnnxInput */
/** @returns {OnnxInput} */
const tensor = (dtype, shape, numbers) => ({ dtype, shape, data: ARRAYS[dtype].from(numbers, dtype === 'int64' ? BigInt : Number) });

function tensorProto({ dtype, shape, data }, name) {
  return Buffer.concat([...shape.map((d) => int(1, d)), int(2, TYPES[dtype]), text(8, name), bytes(9, Buffer.from(data.buffer, data.byteOffset, data.byteLength))]);
}

const ATTRIBUTE_KINDS = { float: 1, int: 2, string: 3, tensor: 4, graph: 5, floats: 6, ints: 7 };
/** A number is an int, a text a string, a list ints; {float}, {floats}, {tensor} and {graph} say so. */
function attribute(name, value) {
  const of = (kind, ...parts) => Buffer.concat([text(1, name), ...parts, int(20, ATTRIBUTE_KINDS[kind])]);
  if (typeof value === 'string') return of('string', text(4, value));
  if (Array.isArray(value)) return of('ints', ...value.map((i) => int(8, i)));
  if (typeof value === 'number') return of('int', int(3, value));
  if (value.floats) return of('floats', ...value.floats.map((f) => real(7, f)));
  if (value.graph) return of('graph', bytes(6, graphProto(value.graph)));
  return value.tensor ? of('tensor', bytes(5, tensorProto(value.tensor, name))) : of('float', real(2, value.float));
}

function valueInfo({ name, dtype, shape }) {
  const dims = shape ? [bytes(2, Buffer.concat(shape.map((d) => bytes(1, typeof d === 'string' ? text(2, d) : int(1, d)))))] : [];
  return Buffer.concat([text(1, name), bytes(2, bytes(1, Buffer.concat([int(1, TYPES[dtype]), ...dims])))]);
}

/**
 * @typedef {{name: string, dtype: string, shape?: (number | string)[]}} OnnxValue
 * @typedef {{op: string, inputs: string[], outputs: string[], attrs?: object}} OnnxNode
 * @typedef {{nodes: OnnxNode[], inputs?: OnnxValue[], outputs: OnnxValue[], constants?: {[name: string]: OnnxInput}}} OnnxGraph
 * @param {OnnxGraph} graph
 */
function graphProto({ nodes, inputs = [], outputs, constants = {} }) {
  return Buffer.concat([
    ...nodes.map(({ op, inputs: from, outputs: to, attrs = {} }) => bytes(1, Buffer.concat([
      ...from.map((name) => text(1, name)), ...to.map((name) => text(2, name)), text(3, to[0]), text(4, op),
      ...Object.entries(attrs).map(([name, value]) => bytes(5, attribute(name, value)))]))),
    text(2, 'graph'),
    ...Object.entries(constants).map(([name, x]) => bytes(5, tensorProto(x, name))),
    ...inputs.map((value) => bytes(11, valueInfo(value))),
    ...outputs.map((value) => bytes(12, valueInfo(value)))]);
}

/** @param {OnnxGraph} graph @param {number} opset @returns {Buffer} */
const modelOf = (graph, opset) => Buffer.concat([
  int(1, opset > 20 ? 10 : opset > 12 ? 9 : 7), bytes(7, graphProto(graph)), bytes(8, Buffer.concat([text(1, ''), int(2, opset)]))]);

/**
 * A model of one node.
 * @param {{op: string, opset: number, inputs: (OnnxInput & {constant?: boolean} | null)[], attrs?: object, outputs?: string[]}} one
 *   inputs: x0, x1…; null: left out; constant: an initializer. outputs: their dtypes
 */
function onnxModel({ op, opset, inputs, attrs = {}, outputs = ['float32'] }) {
  const named = inputs.flatMap((x, i) => (x ? [{ name: `x${i}`, x }] : []));
  return modelOf({
    nodes: [{ op, inputs: inputs.map((x, i) => (x ? `x${i}` : '')), outputs: outputs.map((_, i) => `y${i}`), attrs }],
    constants: Object.fromEntries(named.filter(({ x }) => x.constant).map(({ name, x }) => [name, x])),
    inputs: named.filter(({ x }) => !x.constant).map(({ name, x }) => ({ name, dtype: x.dtype, shape: x.shape })),
    outputs: outputs.map((dtype, i) => ({ name: `y${i}`, dtype })),
  }, opset);
}

/** What onnxruntime gives: {name, shape, data} per output. @param {{[name: string]: OnnxInput}} inputs */
async function runOnnx(model, inputs) {
  const ort = require('onnxruntime-web');
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = 'error';
  const session = await ort.InferenceSession.create(new Uint8Array(model), { logSeverityLevel: 3 });
  const results = await session.run(Object.fromEntries(Object.entries(inputs).map(([name, x]) => [name, new ort.Tensor(x.dtype, x.data, x.shape)])));
  const names = session.outputNames;
  await session.release();
  return names.map((name) => ({ name, shape: Array.from(results[name].dims), data: Array.from(results[name].data, Number) }));
}

const bin = path.join(__dirname, '../../build/native');
const run = (program, args, input) => spawnSync(path.join(bin, program), args, { input, encoding: 'utf8', maxBuffer: 1 << 28 });

function near(runtime, got, want, tolerance) {
  assert.deepEqual(got.shape, want.shape, `${runtime}: ${want.name} is [${got.shape}], onnxruntime says [${want.shape}]`);
  const largest = want.data.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  want.data.forEach((w, e) => {
    const g = Number(got.data[e]);
    assert.ok(Object.is(g, w) || g === w || Math.abs(g - w) <= tolerance * largest, `${runtime}: ${want.name}[${e}] is ${g}, onnxruntime says ${w}`);
  });
}

/**
 * Converts a model and wants of our engine, and of LiteRT where that can run it, what onnxruntime gives.
 * @param {string} name of files in the folder @param {{[name: string]: OnnxInput}} inputs those that are fed
 * @param {{tolerance?: number, refused?: RegExp, litert?: boolean, operators?: RegExp}} [wanted] operators: one that the result has
 */
async function compareWithOnnxruntime(folder, name, model, inputs, { refused, operators, ...rest } = {}) {
  const source = path.join(folder, `${name}.onnx`), output = path.join(folder, `${name}.tflite`);
  fs.writeFileSync(source, model);
  if (refused) {
    const { status, stderr } = run('wxnn_convert', [source, '-o', output, '--custom-ops']);
    assert.equal(status, 1);
    assert.match(stderr, refused);
    return;
  }
  const report = await compareFile(source, output, inputs, rest);
  if (operators) assert.match(Object.keys(report.operators).join(' '), operators);
}

/**
 * The same for a file. `options`: more of the converter's; `known`: inputs that the conversion fixes.
 * @returns {Promise<any>} the converter's report
 */
async function compareFile(source, output, inputs, { tolerance = 1e-5, litert = false, options = [], known = {} } = {}) {
  const { status, stdout, stderr } = run('wxnn_convert', [source, '-o', output, '--json', ...(litert ? [] : ['--custom-ops']), ...options]);
  assert.equal(status, 0, stderr);
  const wanted = await runOnnx(fs.readFileSync(source), { ...inputs, ...known });
  const numbers = (x) => Array.from(x.data, (v) => (Number.isFinite(Number(v)) ? Number(v) : String(v)));
  const ours = run('wxnn_run_model', [output], JSON.stringify(Object.fromEntries(Object.entries(inputs).map(([key, x]) => [key, numbers(x)]))));
  assert.equal(ours.status, 0, ours.stderr);
  JSON.parse(ours.stdout).forEach((got, k) => near('wxnn', got, wanted[k], tolerance));
  if (!litert) return JSON.parse(stdout);
  const given = Object.values(inputs).map((x) => ({ ...x, dtype: x.dtype === 'int64' ? 'int32' : x.dtype, data: x.dtype === 'int64' ? Int32Array.from(x.data, Number) : x.data }));
  const theirs = await referenceOutputs({ model: output, inputs: given, cache: false });
  theirs.forEach((got, k) => near('LiteRT', got, wanted[k], tolerance));
  return JSON.parse(stdout);
}

/** Numbers in [-1, 1) that depend on the seed alone, one by one and as tensors. */
function random(seed) {
  let state = seed;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
  const fill = (dtype, shape, make) => tensor(dtype, shape, Array.from({ length: shape.reduce((a, b) => a * b, 1) }, make));
  return { next, fill, f32: (...shape) => fill('float32', shape, next) };
}

module.exports = { tensor, onnxModel, modelOf, random, compareWithOnnxruntime, compareFile };
