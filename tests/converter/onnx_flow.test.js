'use strict';
// ONNX's Loop and If as sub-graphs, and operators behind tensors whose size depends on the data: what onnxruntime gives.

const { test } = require('node:test');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { tensor, modelOf, random, compareWithOnnxruntime } = require('./onnx_model.js');

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wxnn-onnx-flow-'));
test.after(() => fs.rmSync(folder, { recursive: true }));

const seed = Number(process.env.WXNN_SEED || 1);
const { f32 } = random(seed);
const int64 = (shape, ...numbers) => tensor('int64', shape, numbers);
const bool = (yes) => tensor('bool', [], [Number(yes)]);
const number = (x) => tensor('float32', [], [x]);

const node = (op, inputs, outputs, attrs = {}) => ({ op, inputs: inputs.split(' ').map((name) => (name === '-' ? '' : name)), outputs: outputs.split(' '), attrs });
const value = (name, dtype, shape) => ({ name, dtype, shape });
/** A body of Loop: the turn's number and the condition, then its state. */
const body = (carried, nodes, outputs, constants = {}) => ({ graph: { inputs: [value('turn', 'int64', []), value('go', 'bool', []), ...carried], nodes, outputs, constants } });

// s = s * w + turn, gathers s
const scaled = (shape) => body([value('s', 'float32', shape)], [
  node('Identity', 'go', 'more'), node('Cast', 'turn', 't', { to: 1 }), node('Mul', 's w', 'sw'), node('Add', 'sw t', 's2'), node('Identity', 's2', 'each')],
[value('more', 'bool', []), value('s2', 'float32', shape), value('each', 'float32', shape)]);
// goes on as long as the sum of s is below a limit
const doubled = body([value('s', 'float32', [3])], [
  node('Add', 's s', 's2'), node('ReduceSum', 's2', 'sum', { keepdims: 0 }), node('Less', 'sum limit', 'more'), node('Identity', 's2', 'each')],
[value('more', 'bool', []), value('s2', 'float32', [3]), value('each', 'float32', [3])], { limit: number(50) });
// the state grows by a row a turn
const longer = body([value('s', 'float32', ['n', 2])], [node('Identity', 'go', 'more'), node('Concat', 's row', 's2', { axis: 0 })],
  [value('more', 'bool', []), value('s2', 'float32', ['m', 2])]);

const looped = (title, loop, nodes, inputs, constants, outputs, rest = {}) => ({ title, graph: { nodes: [...nodes, loop], inputs, constants, outputs }, ...rest });
const floats = (...names) => names.map((name) => value(name, 'float32'));

const two = [value('x', 'float32', [2, 3]), value('w', 'float32', [2, 3])];
const LOOPS = [
  looped('Loop of a number of turns that is an input', node('Loop', 'm yes x', 'y ys', { body: scaled([2, 3]) }), [], [value('m', 'int64', []), ...two],
    { yes: bool(true) }, floats('y', 'ys'), { feed: { m: int64([], 5) }, operators: /WHILE/ }),
  looped('the same without a turn', node('Loop', 'm yes x', 'y ys', { body: scaled([2, 3]) }), [], [value('m', 'int64', []), ...two],
    { yes: bool(true) }, floats('y', 'ys'), { feed: { m: int64([], 0) }, operators: /WHILE/ }),
  looped('Loop of few turns, written out', node('Loop', 'm yes x', 'y ys', { body: scaled([2, 3]) }), [], two,
    { yes: bool(true), m: int64([], 4) }, floats('y', 'ys'), { litert: true, operators: /^(?!.*WHILE)/ }),
  looped('Loop of many turns, as a While', node('Loop', 'm yes x', 'y ys', { body: scaled([2, 3]) }), [], two,
    { yes: bool(true), m: int64([], 1500), w: tensor('float32', [2, 3], [0.5, -0.25, 0.9, 0.1, 0, -0.99]) }, floats('y', 'ys'), { litert: true, operators: /WHILE/ }),
  looped('Loop until the data say so', node('Loop', '- yes x', 'y ys', { body: doubled }), [node('Abs', 'a', 'x')], [value('a', 'float32', [3])],
    { yes: bool(true) }, floats('y', 'ys'), { operators: /WHILE/ }),
  looped('Loop with a limit, until the data say so', node('Loop', 'm yes x', 'y ys', { body: doubled }), [node('Abs', 'a', 'x')], [value('a', 'float32', [3])],
    { yes: bool(true), m: int64([], 2) }, floats('y', 'ys'), { operators: /WHILE/ }),
  looped('Loop that an input forbids', node('Loop', 'm go0 x', 'y ys', { body: scaled([2, 3]) }), [], [value('go0', 'bool', []), ...two],
    { m: int64([], 3) }, floats('y', 'ys'), { feed: { go0: bool(false) }, operators: /WHILE/ }),
  looped('Loop whose state grows', node('Loop', 'm yes x', 'y', { body: longer }), [], [value('m', 'int64', []), value('x', 'float32', [1, 2]), value('row', 'float32', [1, 2])],
    { yes: bool(true) }, floats('y'), { feed: { m: int64([], 6) }, operators: /WHILE/ }),
  looped('Loop that does not end', node('Loop', '- yes x', 'y', { body: body([value('s', 'float32', [3])], [node('Identity', 'go', 'more'), node('Neg', 's', 's2')],
    [value('more', 'bool', []), value('s2', 'float32', [3])]) }), [], [value('x', 'float32', [3])], { yes: bool(true) }, floats('y'), { refused: /does not end/ }),
  looped('Loop in a Loop', node('Loop', 'm yes x', 'y', { body: body([value('s', 'float32', [3])], [
    node('Identity', 'go', 'more'), node('Loop', 'k yes s', 's2', { body: body([value('r', 'float32', [3])], [node('Identity', 'go', 'more2'), node('Mul', 'r w', 'r2')],
      [value('more2', 'bool', []), value('r2', 'float32', [3])]) })],
  [value('more', 'bool', []), value('s2', 'float32', [3])]) }), [], [value('m', 'int64', []), value('k', 'int64', []), value('x', 'float32', [3]), value('w', 'float32', [3])],
  { yes: bool(true) }, floats('y'), { feed: { m: int64([], 2), k: int64([], 3) }, operators: /WHILE/ }),
];

// Branches of different size; the condition is an input.
const branch = (nodes, constants = {}) => ({ graph: { nodes, outputs: floats('z'), constants } });
const IFS = [true, false].flatMap((yes) => [
  { title: `If of branches of one size, ${yes}`, graph: { nodes: [node('If', 'c', 'y', { then_branch: branch([node('Neg', 'x', 'z')]), else_branch: branch([node('Exp', 'x', 'z')]) })],
    inputs: [value('c', 'bool', []), value('x', 'float32', [2, 3])], outputs: floats('y') }, feed: { c: bool(yes) } },
  { title: `If of branches of different size, ${yes}`, graph: { nodes: [node('If', 'c', 'h', {
    then_branch: branch([node('Concat', 'x x', 'z', { axis: 0 })]), else_branch: branch([node('Mul', 'x k', 'z')], { k: number(3) }) }), node('Neg', 'h', 'y')],
  inputs: [value('c', 'bool', []), value('x', 'float32', [2, 3])], outputs: floats('y') }, feed: { c: bool(yes) }, operators: /IF/ },
]);

// Behind NonZero and NonMaxSuppression.
const late = (title, nodes, inputs, constants, outputs, rest = {}) => ({ title, graph: { nodes, inputs, constants, outputs }, ...rest });
const image = [value('x', 'float32', [3, 4])];
const LATE = [
  late('elements that are above 0', [node('Relu', 'x', 'p'), node('NonZero', 'p', 'places'), node('Transpose', 'places', 'rows', { perm: [1, 0] }),
    node('Cast', 'rows', 'y', { to: 1 }), node('Shape', 'rows', 'shape'), node('Shape', 'rows', 'first', { start: 0, end: 1 })], image, {},
  [value('y', 'float32'), value('shape', 'int64'), value('first', 'int64')]),
  late('gathers, slices and squeezes of unknown size', [node('Relu', 'x', 'p'), node('NonZero', 'p', 'places'), node('Gather', 'places zero', 'r', { axis: 0 }),
    node('Slice', 'places from to axes', 'part'), node('Squeeze', 'part axes', 'column'), node('Gather', 'x column', 'picked', { axis: 1 }), node('Mul', 'picked two', 'y')],
  image, { zero: int64([], 0), from: int64([1], 1), to: int64([1], 2), axes: int64([1], 0), two: number(2) }, [value('r', 'int64'), value('y', 'float32')]),
  late('slices from the end, backwards and of a long step', [node('Relu', 'x', 'p'), node('NonZero', 'p', 'places'), node('Slice', 'places a b axes c', 'y')],
    image, { a: int64([1], -1), b: int64([1], -1000), axes: int64([1], 1), c: int64([1], -2) }, [value('y', 'int64')]),
  late('reductions of unknown size', [node('Relu', 'x', 'p'), node('NonZero', 'p', 'places'), node('Cast', 'places', 'f', { to: 1 }), node('ReduceSum', 'f', 'all', { keepdims: 0 }),
    node('ReduceMax', 'f', 'y', { axes: [1] }), node('Unsqueeze', 'f axes', 'deep'), node('Add', 'deep all', 'z')], image, { axes: int64([2], 0, 3) },
  [value('y', 'float32'), value('all', 'float32'), value('z', 'float32')], { opset: 13 }),
  late('boxes that NonMaxSuppression keeps', [node('NonMaxSuppression', 'boxes scores most iou score', 'kept'), node('Slice', 'kept two three axis', 'column'),
    node('Squeeze', 'column axis', 'flat'), node('Squeeze', 'boxes zero', 'all'), node('Gather', 'all flat', 'picked', { axis: 0 }), node('Concat', 'picked picked', 'y', { axis: 1 }),
    node('Reshape', 'y any', 'z')],
  [value('boxes', 'float32', [1, 12, 4]), value('scores', 'float32', [1, 1, 12])],
  { most: int64([], 5), iou: number(0.4), score: number(-0.5), two: int64([1], 2), three: int64([1], 3), axis: int64([1], 1), zero: int64([1], 0), any: int64([1], -1) },
  [value('y', 'float32'), value('z', 'float32')]),
  late('an index from the end of an axis of unknown length', [node('Relu', 'x', 'p'), node('NonZero', 'p', 'places'), node('Gather', 'places last', 'y', { axis: 1 })], image,
    { last: int64([], -1) }, [value('y', 'int64')], { refused: /counts from the end of an axis of unknown length/ }),
  late('a convolution of unknown size', [node('Relu', 'x', 'p'), node('NonZero', 'p', 'places'), node('Cast', 'places', 'f', { to: 1 }), node('LpNormalization', 'f', 'y')], image,
    {}, [value('y', 'float32')], { refused: /has a size that depends on the data|does not have/ }),
];

for (const [i, c] of [...LOOPS, ...IFS, ...LATE].entries()) {
  test(`${c.title}, seed ${seed}`, () => {
    const named = Object.keys(c.graph.constants ?? {});
    const inputs = c.graph.inputs.filter(({ name }) => !named.includes(name));
    const fed = Object.fromEntries(inputs.map(({ name, shape }) => [name, c.feed?.[name] ?? f32(...shape)]));
    return compareWithOnnxruntime(folder, `${i}`, modelOf({ ...c.graph, inputs }, c.opset ?? 16), fed, c);
  });
}
