'use strict';
// Many models in one instance, and a loop that TensorFlow.js does not take.

const assert = require('node:assert/strict');
const path = require('node:path');
const test = require('node:test');
const { graph, f32, constant, floats, ints, prepare, binaries } = require('./one_node.js');

const wxnn = require(path.join(__dirname, '../..'));
const INT = 'DT_INT32', FLOAT = 'DT_FLOAT';
const scalar = (n) => ints(n, []);
const load = (model) => wxnn.loadModel(model, { variant: 'simd', wasmPath: binaries() });

// for i < 3 { for j < 2: x = x * w + j }, in TensorFlow 1's form: the inner loop's constants come through both frames.
const outer = { frame_name: 'outer', parallel_iterations: 10, is_constant: false }, inner = { ...outer, frame_name: 'inner' };
const firstNested = graph('Enter, Exit: a loop inside a loop',
  [f32(2, 3), constant(f32(3)), constant(scalar(0)), constant(scalar(1)), constant(scalar(3)), constant(scalar(2))], [
    ['ei', 'Enter', ['x2'], outer], ['ex', 'Enter', ['x0'], outer],
    ['ew', 'Enter', ['x1'], { ...outer, is_constant: true }], ['en', 'Enter', ['x4'], { ...outer, is_constant: true }],
    ['em', 'Enter', ['x5'], { ...outer, is_constant: true }], ['ez', 'Enter', ['x2'], { ...outer, is_constant: true }], ['eo', 'Enter', ['x3'], { ...outer, is_constant: true }],
    ['mi', 'Merge', ['ei', 'ni'], { N: 2 }], ['mx', 'Merge', ['ex', 'nx'], { N: 2 }],
    ['less', 'Less', ['mi', 'en'], {}], ['cond', 'LoopCond', ['less'], {}],
    ['si', 'Switch', ['mi', 'cond'], {}], ['sx', 'Switch', ['mx', 'cond'], {}],
    ['i', 'Identity', ['si:1'], {}], ['x', 'Identity', ['sx:1'], {}],
    ['fj', 'Enter', ['ez'], inner], ['fx', 'Enter', ['x'], inner],
    ['fw', 'Enter', ['ew'], { ...inner, is_constant: true }], ['fm', 'Enter', ['em'], { ...inner, is_constant: true }], ['fo', 'Enter', ['eo'], { ...inner, is_constant: true }],
    ['mj', 'Merge', ['fj', 'nj'], { N: 2 }], ['my', 'Merge', ['fx', 'ny'], { N: 2 }],
    ['lessj', 'Less', ['mj', 'fm'], {}], ['condj', 'LoopCond', ['lessj'], {}],
    ['sj', 'Switch', ['mj', 'condj'], {}], ['sy', 'Switch', ['my', 'condj'], {}],
    ['scaled', 'Mul', ['sy:1', 'fw'], {}], ['jf', 'Cast', ['sj:1'], { SrcT: INT, DstT: FLOAT }], ['added', 'Add', ['scaled', 'jf'], {}],
    ['morej', 'Add', ['sj:1', 'fo'], {}],
    ['nj', 'NextIteration', ['morej'], {}], ['ny', 'NextIteration', ['added'], {}],
    ['outy', 'Exit', ['sy'], {}],
    ['morei', 'Add', ['i', 'eo'], {}],
    ['ni', 'NextIteration', ['morei'], {}], ['nx', 'NextIteration', ['outy'], {}],
    ['y', 'Exit', ['sx'], {}],
  ], ['y']);


test('a loop inside a loop, in the form of TensorFlow 1', async () => {
  const { data, model } = prepare(firstNested, 1);
  const loaded = await load(model);
  const { y } = loaded.run({ x0: data.x0 });
  loaded.dispose();
  const want = Float32Array.from(data.x0);
  for (let i = 0; i < 3; i++) {
    for (let j = 0; j < 2; j++) {
      for (let k = 0; k < want.length; k++) want[k] = Math.fround(Math.fround(want[k] * data.x1[k % 3]) + j);
    }
  }
  assert.deepEqual([...y.data], [...want]);
});

test('an output whose size and type depend on data comes back with both', async () => {
  const { data, model } = prepare(graph('Where: places above a bound', [f32(3, 4), constant(floats([0], []))],
    [['above', 'Greater', ['x0', 'x1'], {}], ['y', 'Where', ['above'], {}]], ['y']), 4);
  const loaded = await load(model);
  const { y } = loaded.run({ x0: data.x0 });
  assert.equal(loaded.outputs[0].dtype, 'int32');
  loaded.dispose();
  const want = [];
  data.x0.forEach((value, i) => { if (value > 0) want.push(Math.floor(i / 4), i % 4); });
  assert.equal(y.dtype, 'int32');
  assert.deepEqual(y.shape, [want.length / 2, 2]);
  assert.deepEqual([...y.data], want);
});

test('two hundred models, loaded, run and disposed, leave the heap as it was', async () => {
  const product = graph('', [f32(8, 256), constant(f32(256, 256)), constant(floats(new Array(256).fill(1)))],
    [['p', 'MatMul', ['x0', 'x1'], {}], ['y', 'BiasAdd', ['p', 'x2'], { data_format: 'NHWC' }]]);
  const big = prepare(product, 2), loop = prepare(firstNested, 3);
  const stays = await load(big.model);
  const first = stays.run({ x0: big.data.x0 }).y;
  const heaps = [];
  for (let i = 0; i < 200; i++) {
    const { model, data } = i % 2 ? big : loop;
    const loaded = await load(model);
    loaded.run({ x0: data.x0 });
    heaps.push(loaded.memory().heap);
    loaded.dispose();
  }
  assert.equal(new Set(heaps.slice(4)).size, 1, `the heap grew: ${heaps}`);
  assert.deepEqual(stays.run({ x0: big.data.x0 }).y, first);
  stays.dispose();
});
