'use strict';
// Dilated convolutions as older TensorFlow writes them, between SpaceToBatchND and BatchToSpaceND: they become one operator, which gives what
// tfjs gives for the three.

const { test } = require('node:test');
const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { referenceOutputs } = require('../reference');
const { difference } = require('../reference/judge.js');

const bin = path.join(__dirname, '../../build/native');
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wxnn-atrous-'));
test.after(() => fs.rmSync(folder, { recursive: true }));

const product = (list) => list.reduce((a, b) => a * b, 1);
function noise(length, seed) {
  let state = seed;
  return Float32Array.from({ length }, () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 31 - 1);
}

/** A tfjs graph model of x and constants: arrays of shape; floats are noise, integers are given. */
function write(name, shape, constants, nodes) {
  const weights = [], bytes = [];
  const consts = Object.entries(constants).map(([key, { shape: dims, ints }], i) => {
    weights.push({ name: key, shape: dims, dtype: ints ? 'int32' : 'float32' });
    const data = ints ? Int32Array.from(ints) : noise(product(dims), i + 2);
    bytes.push(Buffer.from(data.buffer));
    const dtype = { type: ints ? 'DT_INT32' : 'DT_FLOAT' };
    return { name: key, op: 'Const', attr: { dtype, value: { tensor: { dtype: dtype.type, tensorShape: { dim: dims.map((size) => ({ size: `${size}` })) } } } } };
  });
  const placeholder = { name: 'x', op: 'Placeholder', attr: { dtype: { type: 'DT_FLOAT' }, shape: { shape: { dim: shape.map((size) => ({ size: `${size}` })) } } } };
  const file = path.join(folder, `${name}.json`);
  fs.writeFileSync(path.join(folder, `${name}.bin`), Buffer.concat(bytes));
  fs.writeFileSync(file, JSON.stringify({ format: 'graph-model', modelTopology: { versions: { producer: 808 }, node: [placeholder, ...consts, ...nodes] }, weightsManifest: [{ paths: [`${name}.bin`], weights }] }));
  return file;
}

const padding = (name) => ({ padding: { s: Buffer.from(name).toString('base64') }, data_format: { s: Buffer.from('NHWC').toString('base64') } });
const list = (...numbers) => ({ list: { i: numbers.map(String) } });
const T = { T: { type: 'DT_FLOAT' } };

const CASES = {
  'SAME of TensorFlow 1, 2 x 2': { shape: [1, 9, 7, 3], block: [2, 2], pads: [2, 3, 2, 3], crops: [0, 1, 0, 1] },
  'SAME, even sizes, 2 x 3': { shape: [2, 8, 12, 3], block: [2, 3], pads: [2, 2, 3, 3], crops: [0, 0, 0, 0] },
  'VALID, filled up': { shape: [1, 9, 8, 3], block: [4, 2], pads: [0, 3, 0, 0], crops: [0, 3, 0, 0] },
  'cropped in front': { shape: [1, 9, 8, 3], block: [2, 2], pads: [3, 2, 4, 2], crops: [2, 1, 1, 0] },
  depthwise: { shape: [1, 10, 10, 4], block: [2, 2], pads: [2, 2, 2, 2], crops: [0, 0, 0, 0], op: 'DepthwiseConv2dNative', filter: [3, 3, 4, 2] },
  'a sequence': { shape: [1, 13, 3], block: [4], pads: [8, 3], crops: [0, 3], filter: [1, 3, 3, 5], dim: 1 },
  'a sequence in a column': { shape: [2, 13, 3], block: [3], pads: [6, 2], crops: [0, 2], filter: [3, 1, 3, 5], dim: 2 },
  'more cropped than padded': { shape: [1, 8, 8, 3], block: [2, 2], pads: [0, 0, 0, 0], crops: [1, 0, 0, 1], stays: true },
  'padded within': { shape: [1, 8, 8, 3], block: [2, 2], pads: [2, 2, 2, 2], crops: [0, 0, 0, 0], inner: 'SAME', stays: true },
  'with strides': { shape: [1, 8, 8, 3], block: [2, 2], pads: [2, 2, 2, 2], crops: [0, 0, 0, 0], strides: 2, stays: true },
};

for (const [name, { shape, block, pads, crops, op = 'Conv2D', filter = [3, 3, 3, 5], dim, inner = 'VALID', strides = 1, stays }] of Object.entries(CASES)) {
  test(name, async () => {
    const n = block.length, channels = op === 'Conv2D' ? filter[3] : filter[2] * filter[3];
    const constants = { block: { shape: [n], ints: block }, pads: { shape: [n, 2], ints: pads }, crops: { shape: [n, 2], ints: crops }, w: { shape: filter }, bias: { shape: [channels] } };
    if (dim) constants.dim = { shape: [], ints: [dim] };
    const nodes = [{ name: 'split', op: 'SpaceToBatchND', input: ['x', 'block', 'pads'], attr: T }];
    if (dim) nodes.push({ name: 'row', op: 'ExpandDims', input: ['split', 'dim'], attr: T });
    nodes.push({ name: 'conv', op, input: [dim ? 'row' : 'split', 'w'], attr: { ...T, ...padding(inner), strides: list(1, strides, strides, 1), dilations: list(1, 1, 1, 1) } });
    if (dim) nodes.push({ name: 'line', op: 'Squeeze', input: ['conv'], attr: { ...T, squeeze_dims: list(dim) } });
    nodes.push({ name: 'join', op: 'BatchToSpaceND', input: [dim ? 'line' : 'conv', 'block', 'crops'], attr: T }, { name: 'sum', op: 'BiasAdd', input: ['join', 'bias'], attr: { ...T, data_format: padding('').data_format } },
      { name: 'y', op: 'Relu', input: ['sum'], attr: T });
    const source = write(name.replace(/\W+/g, '_'), shape, constants, nodes);
    const output = source.replace('.json', '.tflite');
    const { status, stdout, stderr } = spawnSync(path.join(bin, 'wxnn_convert'), [source, '-o', output, '--json'], { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    const operators = Object.keys(JSON.parse(stdout).operators).join(' ');
    assert.equal(/SPACE/.test(operators), Boolean(stays), operators);
    const input = { shape, dtype: 'float32', data: noise(product(shape), 1) };
    const [want] = await referenceOutputs({ model: source, inputs: [input], cache: false });
    const [litert] = await referenceOutputs({ model: output, inputs: [input], cache: false });
    const ours = spawnSync(path.join(bin, 'wxnn_run_model'), [output], { input: JSON.stringify({ x: Array.from(input.data) }), encoding: 'utf8' });
    assert.equal(ours.status, 0, ours.stderr);
    for (const got of [litert, JSON.parse(ours.stdout)[0]]) {
      assert.deepEqual(got.shape, want.shape);
      assert.ok(difference(got.data, want.data) <= 1e-5, `${difference(got.data, want.data)} off`);
    }
  });
}
