'use strict';
// Kinds of models that no npm package has weights of, written whole with seeded weights: text with attention, a line of letters, tables,
// sound, pictures made larger. Sizes are open; each runs at several, one after another, in our engine and in TensorFlow.js on the CPU.

const assert = require('node:assert/strict');
const { before, test } = require('node:test');
const tf = require('@tensorflow/tfjs-core');
const converter = require('@tensorflow/tfjs-converter');
require('@tensorflow/tfjs-backend-cpu');
const wxnn = require('../..');
const { attrOf, functionDef } = require('../reference/one_node.js');
const { GraphBuilder, handler, randoms } = require('./model_files.js');

const FLOAT = 'DT_FLOAT', INT = 'DT_INT32', BOOL = 'DT_BOOL';

before(() => tf.setBackend('cpu'));

/** A graph whose nodes are one line each: names are op and number, attributes as in one_node.js, numbers become constants. */
class Graph {
  constructor(seed) {
    this.builder = new GraphBuilder(seed);
    this.count = 0;
  }

  /** @param {string} op @param {(string | number | number[])[]} inputs @param {object} attrs @returns {string} */
  op(op, inputs, attrs = {}) {
    const name = `${op}_${this.count++}`;
    const values = inputs.map((input, i) => (typeof input === 'string' ? input : this.int(`${name}/${i}`, input)));
    return this.builder.node(name, op, values, Object.fromEntries(Object.entries(attrs).map(([key, value]) => [key, attrOf(value)])));
  }

  int(name, value) {
    return this.builder.constant(name, Array.isArray(value) ? [value.length] : [], [value].flat(), 'int32');
  }

  float(value) {
    return this.builder.constant(`float_${this.count++}`, [], [value]);
  }

  weight(...dims) {
    return this.builder.weight(`weight_${this.count++}`, dims);
  }

  input(name, dims, type = FLOAT) {
    return this.builder.placeholder(name, dims, type);
  }

  /** The output under a name of its own. */
  output(name, from, type = FLOAT) {
    return this.builder.node(name, 'Identity', [from], { T: { type } });
  }

  /** Dimension `axis` of x. */
  size(x, axis) {
    return this.op('StridedSlice', [this.op('Shape', [x], { out_type: INT }), [axis], [axis + 1], [1]], { shrink_axis_mask: 1 });
  }

  shape(...sizes) {
    return this.op('Pack', sizes, { N: sizes.length, axis: 0 });
  }

  /** Rows of `from` numbers times a matrix. */
  dense(x, from, to) {
    const product = this.op('MatMul', [this.op('Reshape', [x, [-1, from]]), this.weight(from, to)], { transpose_a: false, transpose_b: false });
    return this.op('BiasAdd', [product, this.weight(to)], { data_format: 'NHWC' });
  }

  norm(x, channels, axes) {
    const mean = this.op('Mean', [x, axes], { keep_dims: true });
    const variance = this.op('Mean', [this.op('SquaredDifference', [x, mean]), axes], { keep_dims: true });
    const scaled = this.op('Mul', [this.op('Sub', [x, mean]), this.op('Rsqrt', [this.op('AddV2', [variance, this.float(1e-3)])])]);
    return this.op('AddV2', [this.op('Mul', [scaled, this.weight(channels)]), this.weight(channels)]);
  }

  conv(x, from, to, [h, w], { stride = 1, padding = 'SAME' } = {}) {
    const y = this.op('Conv2D', [x, this.weight(h, w, from, to)], { strides: [1, stride, stride, 1], padding, data_format: 'NHWC', dilations: [1, 1, 1, 1] });
    return this.op('BiasAdd', [y, this.weight(to)], { data_format: 'NHWC' });
  }

  artifacts(outputs, functions = []) {
    const artifacts = this.builder.artifacts(outputs);
    Object.assign(artifacts.modelTopology, { library: { function: functions.map(functionDef) } });
    return artifacts;
  }
}

/** @typedef {{[name: string]: {shape: number[], data: Float32Array | Int32Array}}} Inputs */

/** Random floats, or whole numbers below `below`. @returns {{shape: number[], data: any}} */
function numbers(next, shape, below = 0) {
  const count = shape.reduce((n, d) => n * d, 1);
  const draw = () => (below ? Math.floor((next() + 1) / 2 * below) : next());
  return { shape, data: (below ? Int32Array : Float32Array).from({ length: count }, draw) };
}

/** Runs each of the inputs in turn. @param {any} artifacts @param {Inputs[]} runs */
async function compare(artifacts, runs) {
  const ours = await wxnn.loadModel(/** @type {any} */ (handler(artifacts)));
  const theirs = await converter.loadGraphModel(/** @type {any} */ (handler(artifacts)));
  const names = ours.outputs.map((o) => o.name);
  for (const inputs of runs) {
    ours.resize(Object.fromEntries(Object.entries(inputs).map(([name, { shape }]) => [name, shape])));
    const results = ours.run(Object.fromEntries(Object.entries(inputs).map(([name, { data }]) => [name, data])));
    const tensors = Object.fromEntries(Object.entries(inputs).map(([name, { shape, data }]) =>
      [name, tf.tensor(data, shape, data instanceof Int32Array ? 'int32' : 'float32')]));
    const expected = [/** @type {any} */ (await theirs.executeAsync(tensors, names))].flat();
    for (const [i, tensor] of expected.entries()) {
      const result = results[names[i]];
      assert.deepEqual(result.shape, tensor.shape, names[i]);
      assert.equal(result.dtype, tensor.dtype, names[i]);
      const want = tensor.dataSync();
      const largest = want.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
      const allowed = tensor.dtype === 'float32' ? 2e-5 * largest : 0;
      want.forEach((v, k) => assert.ok(Math.abs(v - Number(result.data[k])) <= allowed, `${names[i]}[${k}] of [${tensor.shape}]: ours ${result.data[k]}, tfjs ${v}`));
      tensor.dispose();
    }
    Object.values(tensors).forEach((tensor) => tensor.dispose());
  }
  ours.dispose();
  theirs.dispose();
}

test('a text encoder: words and mask as int32, positions, attention of heads, any batch and length', async () => {
  const g = new Graph(11);
  const words = 50, width = 16, heads = 4, each = 4;
  const ids = g.input('ids', [-1, -1], INT), mask = g.input('mask', [-1, -1], INT);
  const batch = g.size(ids, 0), length = g.size(ids, 1);
  const table = g.weight(words, width);
  const places = g.op('GatherV2', [g.weight(32, width), g.op('Range', [0, length, 1], { Tidx: INT }), 0], { batch_dims: 0 });
  let x = g.op('AddV2', [g.op('GatherV2', [table, ids, 0], { batch_dims: 0 }), places]);
  const seen = g.op('Cast', [mask], { SrcT: INT, DstT: FLOAT });
  const hidden = g.op('Mul', [g.op('Sub', [g.float(1), seen]), g.float(-1e9)]);
  const hiddenOfHeads = g.op('ExpandDims', [g.op('ExpandDims', [hidden, 1]), 1]);
  const split = (y) => g.op('Transpose', [g.op('Reshape', [y, g.shape(batch, length, heads, each)]), [0, 2, 1, 3]]);
  for (let layer = 0; layer < 2; layer++) {
    const n = g.norm(x, width, [-1]);
    const [q, k, v] = [0, 1, 2].map(() => split(g.dense(n, width, width)));
    const scores = g.op('Mul', [g.op('BatchMatMulV2', [q, k], { adj_x: false, adj_y: true }), g.float(0.5)]);
    const attention = g.op('Softmax', [g.op('AddV2', [scores, hiddenOfHeads])]);
    const context = g.op('Transpose', [g.op('BatchMatMulV2', [attention, v], { adj_x: false, adj_y: false }), [0, 2, 1, 3]]);
    const whole = g.shape(batch, length, width);
    x = g.op('AddV2', [x, g.op('Reshape', [g.dense(context, width, width), whole])]);
    const up = g.dense(g.norm(x, width, [-1]), width, 2 * width);
    const erf = g.op('Erf', [g.op('Mul', [up, g.float(Math.SQRT1_2)])]);
    const gelu = g.op('Mul', [g.op('Mul', [up, g.float(0.5)]), g.op('AddV2', [erf, g.float(1)])]);
    x = g.op('AddV2', [x, g.op('Reshape', [g.dense(gelu, 2 * width, width), whole])]);
  }
  const weights = g.op('ExpandDims', [seen, -1]);
  const sum = g.op('Sum', [g.op('Mul', [x, weights]), [1]], { keep_dims: false });
  g.output('sentence', g.op('RealDiv', [sum, g.op('Sum', [weights, [1]], { keep_dims: false })]));
  const logits = g.op('MatMul', [g.op('Reshape', [x, [-1, width]]), table], { transpose_a: false, transpose_b: true });
  g.output('guess', g.op('Reshape', [g.op('ArgMax', [logits, -1], { output_type: INT }), g.shape(batch, length)], { T: INT }), INT);
  const next = randoms(3);
  const run = (b, n) => ({ ids: numbers(next, [b, n], words), mask: { shape: [b, n], data: Int32Array.from({ length: b * n }, (_, i) => (i % n < n - i / n % 3 ? 1 : 0)) } });
  await compare(g.artifacts(['sentence', 'guess']), [run(1, 5), run(3, 11), run(1, 5), run(2, 32), run(1, 1)]);
});

const state = ['t', 'h', 'c', 'xs', 'ys', 'one', 'n', 'w', 'u', 'b'];
const binary = (name, op, a, b) => [name, op, [a, b], { T: FLOAT }];
const unary = (name, op, x) => [name, op, [x], { T: FLOAT }];
const lstm = [
  { name: 'more', inputs: state, outputs: ['less:z:0'], nodes: [['less', 'Less', ['t', 'n'], { T: INT }]] },
  { name: 'step', inputs: state, outputs: ['next:z:0', 'h1:z:0', 'c1:z:0', 'xs', 'put:output_handle:0', 'one', 'n', 'w', 'u', 'b'], nodes: [
    ['xt', 'TensorListGetItem', ['xs', 't', 'one'], { element_dtype: FLOAT }],
    ['a', 'MatMul', ['xt:item:0', 'w'], { transpose_a: false, transpose_b: false }], ['r', 'MatMul', ['h', 'u'], { transpose_a: false, transpose_b: false }],
    binary('s', 'AddV2', 'a:product:0', 'r:product:0'), ['g', 'BiasAdd', ['s:z:0', 'b'], { data_format: 'NHWC' }],
    ['axis', 'Const', [], { dtype: INT }], ['parts', 'Split', ['axis:output:0', 'g:output:0'], { num_split: 4 }],
    unary('i', 'Sigmoid', 'parts:output:0'), unary('f', 'Sigmoid', 'parts:output:1'), unary('k', 'Tanh', 'parts:output:2'), unary('o', 'Sigmoid', 'parts:output:3'),
    binary('keep', 'Mul', 'f:y:0', 'c'), binary('add', 'Mul', 'i:y:0', 'k:y:0'), binary('c1', 'AddV2', 'keep:z:0', 'add:z:0'),
    unary('tanh', 'Tanh', 'c1:z:0'), binary('h1', 'Mul', 'o:y:0', 'tanh:y:0'),
    ['put', 'TensorListSetItem', ['ys', 't', 'h1:z:0'], { element_dtype: FLOAT }], ['next', 'AddV2', ['t', 'one'], { T: INT }]] },
];

test('a line of letters: convolutions, LSTMs of both directions in loops, the best path and where its letters stand', async () => {
  const g = new Graph(12);
  const units = 5, letters = 7;
  g.int('axis', 1);  // of the body's Split
  const x = g.input('line', [-1, 8, -1, 1]);
  const conv = g.op('Relu', [g.conv(x, 1, 4, [3, 3])]);
  const pooled = g.op('MaxPool', [conv], { ksize: [1, 2, 2, 1], strides: [1, 2, 2, 1], padding: 'VALID', data_format: 'NHWC' });
  const batch = g.size(pooled, 0), steps = g.size(pooled, 2);
  const columns = g.op('Reshape', [g.op('Transpose', [pooled, [2, 0, 1, 3]]), g.shape(steps, batch, 16)]);
  const zeros = g.op('Fill', [g.shape(batch, units), g.float(0)]);
  const direction = (columnsOf) => {
    const xs = g.op('TensorListFromTensor', [columnsOf, [-1, 16]], { element_dtype: FLOAT, shape_type: INT });
    const ys = g.op('TensorListReserve', [[-1, units], steps], { element_dtype: FLOAT, shape_type: INT });
    const loop = g.op('StatelessWhile', [0, zeros, zeros, xs, ys, 1, steps, g.weight(16, 4 * units), g.weight(units, 4 * units), g.weight(4 * units)],
        { cond: { func: { name: 'more' } }, body: { func: { name: 'step' } }, T: [INT, FLOAT, FLOAT, 'DT_VARIANT', 'DT_VARIANT', INT, INT, FLOAT, FLOAT, FLOAT] });
    return g.op('TensorListStack', [`${loop}:4`, [-1, units]], { element_dtype: FLOAT, num_elements: -1 });
  };
  const back = g.op('ReverseV2', [direction(g.op('ReverseV2', [columns, [0]])), [0]]);
  const both = g.op('ConcatV2', [direction(columns), back, 2], { N: 2 });
  const scores = g.op('Reshape', [g.dense(both, 2 * units, letters), g.shape(steps, batch, letters)]);
  const byLine = g.op('Transpose', [g.op('Softmax', [scores]), [1, 0, 2]]);
  g.output('letters', byLine);
  const best = g.op('ArgMax', [byLine, 2], { output_type: INT });
  g.output('best', best, INT);
  // A letter begins where it is not the one before.
  const before = g.op('StridedSlice', [best, [0, 0], [0, -1], [1, 1]], { begin_mask: 3, end_mask: 1 });
  const after = g.op('StridedSlice', [best, [0, 1], [0, 0], [1, 1]], { begin_mask: 1, end_mask: 3 });
  g.output('begins', g.op('Where', [g.op('NotEqual', [before, after], { T: INT })], { T: BOOL }), INT);
  const next = randoms(4);
  await compare(g.artifacts(['letters', 'best', 'begins'], lstm), [[1, 20], [2, 34], [1, 20], [1, 4]].map(([b, w]) => ({ line: numbers(next, [b, 8, w, 1]) })));
});

test('a table: columns of int32 categories, one of them crossed with another, beside numbers', async () => {
  const g = new Graph(13);
  const columns = ['colour', 'country', 'device'].map((name) => g.input(name, [-1], INT));
  const rows = [g.input('numbers', [-1, 4])];
  columns.forEach((column, i) => {
    const known = g.op('Minimum', [g.op('Maximum', [column, 0], { T: INT }), 8 + i], { T: INT });
    rows.push(g.op('GatherV2', [g.weight(9 + i, 3), known, 0], { batch_dims: 0 }));
  });
  const crossed = g.op('FloorMod', [g.op('AddV2', [g.op('Mul', [columns[0], 31], { T: INT }), columns[1]], { T: INT }), 17], { T: INT });
  rows.push(g.op('OneHot', [crossed, 17, g.float(1), g.float(0)], { axis: -1 }));
  const x = g.op('ConcatV2', [...rows, 1], { N: rows.length });
  const hidden = g.op('Relu', [g.dense(x, 30, 12)]);
  const y = g.op('Sigmoid', [g.op('AddV2', [g.dense(hidden, 12, 3), g.dense(x, 30, 3)])]);
  g.output('probability', y);
  g.output('class', g.op('ArgMax', [y, 1], { output_type: INT }), INT);
  g.output('sure', g.op('Greater', [g.op('Max', [y, [1]], { keep_dims: false }), g.float(0.6)]), BOOL);
  const next = randoms(5);
  const run = (n) => ({
    colour: numbers(next, [n], 14), country: numbers(next, [n], 14), device: { shape: [n], data: Int32Array.from({ length: n }, () => Math.floor(20 * next())) },
    numbers: numbers(next, [n, 4]),
  });
  await compare(g.artifacts(['probability', 'class', 'sure']), [run(1), run(100), run(7), run(1)]);
});

test('voices taken apart: frames of sound, dilated blocks with norms, masks, and back to sound of the same length', async () => {
  const g = new Graph(14);
  const channels = 8, inner = 12;
  const x = g.input('sound', [-1, -1]);
  const line = g.op('ExpandDims', [g.op('ExpandDims', [x, 1]), 3]);
  const strides = { strides: [1, 8, 8, 1], padding: 'VALID', data_format: 'NHWC', dilations: [1, 1, 1, 1] };
  const frames = g.op('Relu', [g.op('Conv2D', [line, g.weight(1, 16, 1, channels)], strides)]);
  let y = g.norm(frames, channels, [-1]);
  for (const dilation of [1, 2, 4]) {
    const prelu = (v) => g.op('Sub', [g.op('Relu', [v]), g.op('Mul', [g.float(0.25), g.op('Relu', [g.op('Neg', [v])])])]);
    const wide = g.norm(prelu(g.conv(y, channels, inner, [1, 1])), inner, [1, 2, 3]);
    const depthwise = g.op('DepthwiseConv2dNative', [wide, g.weight(1, 3, inner, 1)],
        { strides: [1, 1, 1, 1], padding: 'SAME', data_format: 'NHWC', dilations: [1, dilation, dilation, 1] });
    y = g.op('AddV2', [y, g.conv(g.norm(prelu(depthwise), inner, [1, 2, 3]), inner, channels, [1, 1])]);
  }
  const basis = g.weight(1, 16, 1, channels);
  const whole = g.op('Shape', [line], { out_type: INT });
  for (const voice of ['first', 'second']) {
    const masked = g.op('Mul', [frames, g.op('Sigmoid', [g.conv(y, channels, channels, [1, 1])])]);
    const sound = g.op('Conv2DBackpropInput', [whole, basis, masked], strides);
    g.output(voice, g.op('Squeeze', [sound], { squeeze_dims: [1, 3] }));
  }
  const next = randoms(6);
  await compare(g.artifacts(['first', 'second']), [[1, 160], [2, 408], [1, 160], [1, 16]].map((shape) => ({ sound: numbers(next, shape) })));
});

test('a picture twice as large, of any size', async () => {
  const g = new Graph(15);
  const x = g.input('picture', [-1, -1, -1, 3]);
  let y = g.op('Relu', [g.conv(x, 3, 8, [5, 5])]);
  const first = y;
  for (let i = 0; i < 2; i++) y = g.op('AddV2', [y, g.conv(g.op('Relu', [g.conv(y, 8, 8, [3, 3])]), 8, 8, [3, 3])]);
  const parts = g.conv(g.op('AddV2', [y, first]), 8, 12, [3, 3]);
  const detail = g.op('DepthToSpace', [parts], { block_size: 2, data_format: 'NHWC' });
  const size = g.op('Mul', [g.op('StridedSlice', [g.op('Shape', [x], { out_type: INT }), [1], [3], [1]]), 2], { T: INT });
  const smooth = g.op('ResizeBilinear', [x, size], { align_corners: false, half_pixel_centers: true });
  const sum = g.op('AddV2', [detail, smooth]);
  g.output('larger', g.op('Minimum', [g.op('Maximum', [sum, g.float(-1)]), g.float(1)]));
  const next = randoms(7);
  await compare(g.artifacts(['larger']), [[1, 8, 10, 3], [2, 5, 7, 3], [1, 33, 31, 3], [1, 8, 10, 3]].map((shape) => ({ picture: numbers(next, shape) })));
});

test('a graph that takes text is refused in a sentence that says what to do', async () => {
  const g = new Graph(16);
  const bytes = g.op('DecodeRaw', [g.input('words', [-1], 'DT_STRING')], { out_type: INT, little_endian: true });
  g.output('y', g.op('Cast', [bytes], { SrcT: INT, DstT: FLOAT }));
  const sentence = 'the model: input "words" is text (TensorFlow\'s type 7), which is not supported: cut the graph where its numbers begin';
  await assert.rejects(wxnn.loadModel(/** @type {any} */ (handler(g.artifacts(['y'])))), (error) => error.message === sentence);
});
