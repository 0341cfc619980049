'use strict';
// ONNX models of one node, written field by field, and what onnxruntime says about them.

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

const TYPES = { float32: 1, int32: 6, int64: 7, bool: 9 };
const ARRAYS = { float32: Float32Array, int32: Int32Array, int64: BigInt64Array, bool: Uint8Array };

/** @typedef {{dtype: 'float32' | 'int32' | 'int64' | 'bool', shape: number[], data: any}} OnnxInput */
/** @returns {OnnxInput} */
const tensor = (dtype, shape, numbers) => ({ dtype, shape, data: ARRAYS[dtype].from(numbers, dtype === 'int64' ? BigInt : Number) });

function tensorProto({ dtype, shape, data }, name) {
  return Buffer.concat([...shape.map((d) => int(1, d)), int(2, TYPES[dtype]), text(8, name), bytes(9, Buffer.from(data.buffer, data.byteOffset, data.byteLength))]);
}

const ATTRIBUTE_KINDS = { float: 1, int: 2, string: 3, tensor: 4, floats: 6, ints: 7 };
/** A number is an int, a text a string, a list ints; {float}, {floats} and {tensor} say so. */
function attribute(name, value) {
  const of = (kind, ...parts) => Buffer.concat([text(1, name), ...parts, int(20, ATTRIBUTE_KINDS[kind])]);
  if (typeof value === 'string') return of('string', text(4, value));
  if (Array.isArray(value)) return of('ints', ...value.map((i) => int(8, i)));
  if (typeof value === 'number') return of('int', int(3, value));
  if (value.floats) return of('floats', ...value.floats.map((f) => real(7, f)));
  return value.tensor ? of('tensor', bytes(5, tensorProto(value.tensor, name))) : of('float', real(2, value.float));
}

function valueInfo(name, dtype, shape) {
  const dims = shape ? [bytes(2, Buffer.concat(shape.map((d) => bytes(1, int(1, d)))))] : [];
  return Buffer.concat([text(1, name), bytes(2, bytes(1, Buffer.concat([int(1, TYPES[dtype]), ...dims])))]);
}

/**
 * @param {{op: string, opset: number, inputs: (OnnxInput & {constant?: boolean} | null)[], attrs?: object, outputs?: string[]}} one
 *   inputs: x0, x1…; null: left out; constant: an initializer. outputs: their dtypes
 * @returns {Buffer}
 */
function onnxModel({ op, opset, inputs, attrs = {}, outputs = ['float32'] }) {
  const node = Buffer.concat([
    ...inputs.map((x, i) => text(1, x ? `x${i}` : '')), ...outputs.map((_, i) => text(2, `y${i}`)), text(3, 'node'), text(4, op),
    ...Object.entries(attrs).map(([name, value]) => bytes(5, attribute(name, value)))]);
  const graph = Buffer.concat([
    bytes(1, node), text(2, 'graph'),
    ...inputs.flatMap((x, i) => (x && x.constant ? [bytes(5, tensorProto(x, `x${i}`))] : [])),
    ...inputs.flatMap((x, i) => (x && !x.constant ? [bytes(11, valueInfo(`x${i}`, x.dtype, x.shape))] : [])),
    ...outputs.map((dtype, i) => bytes(12, valueInfo(`y${i}`, dtype)))]);
  return Buffer.concat([int(1, opset > 20 ? 10 : 9), bytes(7, graph), bytes(8, Buffer.concat([text(1, ''), int(2, opset)]))]);
}

/** What onnxruntime gives: {shape, data} per output. */
async function runOnnx(model, inputs, outputs) {
  const ort = require('onnxruntime-web');
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = 'error';
  const session = await ort.InferenceSession.create(new Uint8Array(model), { logSeverityLevel: 3 });
  const fed = {};
  inputs.forEach((x, i) => {
    if (x && !x.constant) fed[`x${i}`] = new ort.Tensor(x.dtype, x.data, x.shape);
  });
  const results = await session.run(fed);
  await session.release();
  return outputs.map((_, i) => ({ shape: Array.from(results[`y${i}`].dims), data: Array.from(results[`y${i}`].data, Number) }));
}

module.exports = { tensor, onnxModel, runOnnx };
