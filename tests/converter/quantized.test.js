'use strict';
// ONNX models whose weights are numbers of 8 bits or halves, as quantizers write them: what our engine and LiteRT compute from the conversion is
// what onnxruntime computes from the source.

const { test } = require('node:test');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { tensor, modelOf, random, compareWithOnnxruntime } = require('./onnx_model.js');

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wxnn-quantized-'));
test.after(() => fs.rmSync(folder, { recursive: true }));

const { fill, f32, next } = random(Number(process.env.WXNN_SEED || 1));
const byte = (dtype, ...shape) => fill(dtype, shape, () => (dtype === 'int8' ? Math.round(next() * 127) : Math.round((next() + 1) * 127)));
const floats = (...numbers) => tensor('float32', numbers.length === 1 ? [] : [numbers.length], numbers);
const scalar = (dtype, number) => tensor(dtype, [], [number]);
/** Halves: sign, exponent 13 to 16, any fraction. */
const halves = (...shape) => fill('float16', shape, () => (next() < 0 ? 0x8000 : 0) | (13 + Math.floor((next() + 1) * 2)) << 10 | Math.floor((next() + 1) * 512));

/** node('Op', [inputs], [outputs], attrs) */
const node = (op, inputs, outputs, attrs = {}) => ({ op, inputs, outputs: outputs.split(' '), attrs });
const quantize = (x, by) => [node('QuantizeLinear', [x, `${by}s`, `${by}z`], `${x}q`), node('DequantizeLinear', [`${x}q`, `${by}s`, `${by}z`], `${x}d`)];

const CASES = {
  'weights and activations between QuantizeLinear and DequantizeLinear': {
    inputs: { x: f32(1, 3, 8, 7) },
    constants: { xs: floats(0.017), xz: scalar('uint8', 121), w: byte('int8', 4, 3, 3, 3), ws: floats(0.01, 0.02, 0.005, 0.03), wz: tensor('int8', [4], [0, 0, 0, 0]), b: tensor('int32', [4], [10, -500, 0, 99]), bs: floats(1e-3),
      cs: floats(0.05), cz: scalar('int8', -3) },
    nodes: [...quantize('x', 'x'), node('DequantizeLinear', ['w', 'ws', 'wz'], 'wd', { axis: 0 }), node('DequantizeLinear', ['b', 'bs'], 'bd'), node('Conv', ['xd', 'wd', 'bd'], 'c', { pads: [1, 1, 1, 1] }),
      ...quantize('c', 'c'), node('Relu', ['cd'], 'y')],
  },
  'along another axis': {
    inputs: { x: f32(2, 5) }, constants: { w: byte('uint8', 5, 4), ws: floats(0.01, 0.02, 0.005, 0.03), wz: tensor('uint8', [4], [128, 3, 255, 0]) },
    nodes: [node('DequantizeLinear', ['w', 'ws', 'wz'], 'wd', { axis: -1 }), node('MatMul', ['x', 'wd'], 'y')],
  },
  'products of whole numbers, by the range of what comes': {
    inputs: { x: f32(2, 3, 6) }, constants: { w: byte('int8', 6, 5), ws: floats(0.02), wz: scalar('int8', 4) },
    nodes: [node('DynamicQuantizeLinear', ['x'], 'q s z'), node('MatMulInteger', ['q', 'w', 'z', 'wz'], 'm'), node('Cast', ['m'], 'f', { to: 1 }), node('Mul', ['s', 'ws'], 'ss'), node('Mul', ['f', 'ss'], 'y')],
  },
  'zero points of each column': {
    inputs: { x: f32(3, 6) }, constants: { w: byte('uint8', 6, 3), wz: tensor('uint8', [3], [1, 128, 200]) },
    nodes: [node('DynamicQuantizeLinear', ['x'], 'q s z'), node('MatMulInteger', ['q', 'w', 'z', 'wz'], 'm'), node('Cast', ['m'], 'f', { to: 1 }), node('Mul', ['f', 's'], 'y')],
  },
  'nothing but zeros': {
    inputs: { x: fill('float32', [2, 3], () => 0) }, constants: { w: byte('int8', 3, 2) },
    nodes: [node('DynamicQuantizeLinear', ['x'], 'q s z'), node('MatMulInteger', ['q', 'w', 'z'], 'm'), node('Cast', ['m'], 'f', { to: 1 }), node('Add', ['f', 's'], 'y')],
  },
  'convolutions of whole numbers': {
    inputs: { x: f32(1, 4, 6, 5) }, constants: { w: byte('uint8', 3, 4, 3, 2), wz: scalar('uint8', 130), ws: floats(0.01) },
    nodes: [node('DynamicQuantizeLinear', ['x'], 'q s z'), node('ConvInteger', ['q', 'w', 'z', 'wz'], 'm', { pads: [1, 0, 1, 1], strides: [2, 1] }), node('Cast', ['m'], 'f', { to: 1 }),
      node('Mul', ['s', 'ws'], 'ss'), node('Mul', ['f', 'ss'], 'y')],
  },
  'convolutions of whole numbers, each channel by itself': {
    inputs: { x: f32(1, 4, 6, 5) }, constants: { w: byte('uint8', 4, 1, 3, 3), wz: scalar('uint8', 130) },
    nodes: [node('DynamicQuantizeLinear', ['x'], 'q s z'), node('ConvInteger', ['q', 'w', 'z', 'wz'], 'm', { group: 4 }), node('Cast', ['m'], 'f', { to: 1 }), node('Mul', ['f', 's'], 'y')],
  },
  'weights in halves': {
    inputs: { x: f32(2, 6) }, constants: { w: halves(6, 4), b: halves(4) },
    nodes: [node('Cast', ['w'], 'wf', { to: 1 }), node('Cast', ['b'], 'bf', { to: 1 }), node('Gemm', ['x', 'wf', 'bf'], 'y')],
  },
  'all in halves between the ends': {
    inputs: { x: f32(2, 6) }, constants: { w: halves(6, 4), b: halves(4) }, tolerance: 2e-3,
    nodes: [node('Cast', ['x'], 'h', { to: 10 }), node('MatMul', ['h', 'w'], 'm'), node('Add', ['m', 'b'], 's'), node('Cast', ['s'], 'y', { to: 1 })],
  },
  'whole numbers that something else reads': {
    inputs: { x: f32(2, 6) }, constants: { s: floats(0.1), z: scalar('uint8', 3) }, refused: /node "r" \(Relu\): its input "q" is quantized; only operators that dequantize or multiply may read it/,
    nodes: [node('QuantizeLinear', ['x', 's', 'z'], 'q'), node('Relu', ['q'], 'r'), node('DequantizeLinear', ['r', 's', 'z'], 'y')],
  },
  'an output of whole numbers': {
    inputs: { x: f32(2, 6) }, constants: { s: floats(0.1), z: scalar('uint8', 3) }, refused: /output "y" is quantized; only float32, int32, int64 and bool are supported/,
    nodes: [node('QuantizeLinear', ['x', 's', 'z'], 'y')],
  },
};

// A tool that turns a model to halves appends its Casts behind everything.
CASES['nodes behind those that read them'] = { ...CASES['all in halves between the ends'], nodes: [...CASES['all in halves between the ends'].nodes].reverse() };

for (const [name, { inputs, constants, nodes, ...rest }] of Object.entries(CASES)) {
  test(name, () => {
    const graph = { nodes, constants, inputs: Object.entries(inputs).map(([key, x]) => ({ name: key, dtype: x.dtype, shape: x.shape })), outputs: [{ name: 'y', dtype: 'float32' }] };
    return compareWithOnnxruntime(folder, name.replace(/\W+/g, '_'), modelOf(graph, 13), inputs, { litert: true, tolerance: 1e-5, ...rest });
  });
}

test('weights in halves stay halves', () => {
  const constants = { w: halves(40, 40) };
  const graph = { nodes: [node('Cast', ['w'], 'wf', { to: 1 }), node('MatMul', ['x', 'wf'], 'y')], constants, inputs: [{ name: 'x', dtype: 'float32', shape: [1, 40] }], outputs: [{ name: 'y', dtype: 'float32' }] };
  return compareWithOnnxruntime(folder, 'halves', modelOf(graph, 13), { x: f32(1, 40) }, { litert: true, operators: /^DEQUANTIZE FULLY_CONNECTED$/ });
});
