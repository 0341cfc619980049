'use strict';
// Operators whose definition changed in ONNX's opsets 18 to 21: the converted model, run by our engine, gives what onnxruntime gives for the
// source, or is refused with a reason.

const { test } = require('node:test');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { tensor, onnxModel, modelOf, random, compareWithOnnxruntime } = require('./onnx_model.js');

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wxnn-opsets-'));
test.after(() => fs.rmSync(folder, { recursive: true }));

const seed = Number(process.env.WXNN_SEED || 1);
const { next, fill, f32 } = random(seed);
const positive = (...shape) => fill('float32', shape, () => Math.abs(next()) + 0.1);
const i32 = (...shape) => fill('int32', shape, () => Math.floor(next() * 100));
const bool = (...shape) => fill('bool', shape, () => next() > 0);
const fixed = (x) => ({ ...x, constant: true });
const ints = (...numbers) => fixed(tensor('int64', [numbers.length], numbers));
const floats = (...numbers) => fixed(tensor('float32', [numbers.length], numbers));
const one = (n) => fixed(tensor('int64', [], [n]));
const number = (x) => fixed(tensor('float32', [], [x]));

/** op('Name', opset, inputs, attrs, {outputs, refused, tolerance}) */
const op = (name, opset, inputs, attrs = {}, rest = {}) => ({ op: name, opset, inputs, attrs, ...rest });

const REDUCTIONS = ['ReduceMax', 'ReduceMin', 'ReduceMean', 'ReduceProd', 'ReduceSum', 'ReduceL1', 'ReduceL2', 'ReduceSumSquare'];
const image = () => f32(1, 2, 6, 5);
const CASES = [
  // 18: axes are an input
  ...REDUCTIONS.flatMap((name) => [
    op(name, 18, [f32(3, 4, 5), ints(1)]), op(name, 18, [f32(3, 4, 5), ints(0, -1)], { keepdims: 0 }), op(name, 18, [f32(3, 4)]),
    op(name, 18, [f32(3, 4)], { noop_with_empty_axes: 1 })]),
  ...['ReduceLogSum', 'ReduceLogSumExp'].map((name) => op(name, 18, [positive(3, 4, 5), ints(1)], { keepdims: 0 })),
  op('Split', 18, [f32(7, 3)], { num_outputs: 3 }, { outputs: ['float32', 'float32', 'float32'] }),
  op('Split', 18, [f32(2, 9)], { num_outputs: 2, axis: 1 }, { outputs: ['float32', 'float32'] }),
  op('Split', 18, [f32(6, 3), ints(1, 2, 3)], { axis: 0 }, { outputs: ['float32', 'float32', 'float32'] }),
  op('Pad', 18, [f32(3, 4, 2), ints(1, 2, 0, 1), number(0.5), ints(0, 2)]),
  op('Pad', 18, [f32(3, 4, 2), ints(2, 1), null, ints(-2)], { mode: 'reflect' }),
  op('Pad', 18, [f32(3, 4), ints(1, 2, 1, 2)], { mode: 'edge' }),
  op('Pad', 19, [f32(3, 4), ints(0, 2, 0, 3)], { mode: 'wrap' }),
  op('Pad', 21, [f32(3, 4), ints(1, 0, 0, 2), number(-1)]),
  op('Mish', 18, [f32(3, 4)]),
  op('ScatterElements', 18, [f32(4, 3), fixed(tensor('int64', [2, 3], [0, 1, 2, 3, 0, 1])), f32(2, 3)], { axis: 0, reduction: 'max' }),
  op('ScatterElements', 18, [f32(4, 3), fixed(tensor('int64', [2, 3], [0, 1, 2, 3, 0, 1])), f32(2, 3)], { axis: 0, reduction: 'min' }),
  op('ScatterElements', 18, [f32(4, 3), fixed(tensor('int64', [2, 3], [0, 1, 2, 3, 0, 1])), f32(2, 3)], { axis: 0, reduction: 'add' }),
  op('ScatterElements', 18, [f32(4, 3), fixed(tensor('int64', [2, 3], [0, 1, 2, 3, 0, 1])), f32(2, 3)], { axis: 0, reduction: 'mul' }),
  op('ScatterElements', 18, [f32(4, 3), fixed(tensor('int64', [2, 3], [0, 1, 2, 3, 0, 1])), f32(2, 3)], { axis: 0 }),
  ...['none', 'add', 'mul', 'max', 'min'].map((reduction) =>
    op('ScatterND', 18, [f32(5, 3), fixed(tensor('int64', [3, 1], reduction === 'none' ? [4, 0, 2] : [4, 0, 4])), f32(3, 3)], { reduction },
      { litert: !/m/.test(reduction) })),
  op('ScatterND', 18, [f32(5, 3), tensor('int64', [3, 1], [4, 0, -5]), f32(3, 3)], {}, { litert: true }),
  op('ScatterND', 18, [f32(5, 3), tensor('int64', [2, 2, 2], [4, 0, 1, 1, 2, 2, 0, 0]), f32(2, 2)], {}, { litert: true }),
  op('ScatterND', 18, [i32(5, 3), tensor('int64', [1, 1], [2]), i32(1, 3)], {}, { litert: true, outputs: ['int32'] }),
  op('ScatterND', 18, [f32(5, 3), tensor('int64', [3, 1], [4, 0, 4]), f32(3, 3)], { reduction: 'add' }, { litert: true }),
  op('ScatterND', 18, [f32(5, 3), tensor('int64', [3, 1], [4, 0, 4]), f32(3, 3)], { reduction: 'mul' }, { refused: /indices for a product is computed while running/ }),
  op('ScatterElements', 18, [f32(4, 3), tensor('int64', [2, 3], [0, 1, 2, 3, 0, 1]), f32(2, 3)], { axis: 0 }, { litert: true }),
  op('Resize', 18, [image(), null, null, fixed(tensor('int64', [4], [1, 2, 12, 10]))], { mode: 'linear' }),
  op('Resize', 18, [image(), null, floats(2, 2)], { mode: 'nearest', axes: [2, 3], coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' }),
  op('Resize', 18, [image(), null, null, ints(3, 3)], { mode: 'linear', axes: [2, 3], keep_aspect_ratio_policy: 'not_larger' }, { refused: /keep_aspect_ratio_policy/ }),
  op('Resize', 18, [image(), null, null, ints(3, 3)], { mode: 'linear', axes: [2, 3], keep_aspect_ratio_policy: 'not_smaller' }, { refused: /keep_aspect_ratio_policy/ }),
  op('Resize', 18, [image(), null, floats(1, 1, 0.5, 0.6)], { mode: 'linear', antialias: 1 }, { refused: /antialias 1 is not supported/ }),
  op('Resize', 18, [image(), null, floats(1, 1, 2, 2)], { mode: 'cubic', cubic_coeff_a: { float: -0.5 } }),
  op('Resize', 19, [image(), null, null, ints(1, 2, 9, 7)], { mode: 'linear', coordinate_transformation_mode: 'half_pixel_symmetric' }),
  op('GroupNormalization', 18, [f32(2, 6, 4, 3), f32(3), f32(3)], { num_groups: 3 }),
  op('GroupNormalization', 21, [f32(2, 6, 4, 3), f32(6), f32(6)], { num_groups: 3, epsilon: { float: 1e-2 } }),
  op('BitwiseAnd', 18, [i32(3, 4), i32(3, 4)], {}, { outputs: ['int32'] }),
  op('BitwiseOr', 18, [i32(3, 4), i32(4)], {}, { outputs: ['int32'] }),
  op('BitwiseXor', 18, [i32(3, 4), i32(3, 4)], {}, { outputs: ['int32'] }),
  op('BitwiseNot', 18, [i32(3, 4)], {}, { outputs: ['int32'] }),
  op('LpPool', 18, [image()], { kernel_shape: [2, 2], p: 2, strides: [2, 2] }),
  op('LpPool', 18, [image()], { kernel_shape: [2, 2], dilations: [2, 1], ceil_mode: 1 }),
  op('LpPool', 18, [image()], { kernel_shape: [3, 2], p: 1, strides: [2, 2], pads: [1, 0, 1, 1] }),
  op('LpPool', 18, [image()], { kernel_shape: [3, 3], p: 3, strides: [2, 2], auto_pad: 'SAME_UPPER' }),
  op('LpPool', 18, [image()], { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 }),
  op('LpPool', 18, [f32(2, 3, 9)], { kernel_shape: [3], strides: [2] }),
  op('LpPool', 18, [image()], { kernel_shape: [2, 2], p: 0 }, { refused: /p is not positive/ }),
  op('GlobalLpPool', 18, [image()], { p: 3 }), op('GlobalLpPool', 18, [f32(2, 3, 4)]),
  op('CenterCropPad', 18, [f32(4, 7, 3), ints(6, 5)], { axes: [0, 1] }),
  op('CenterCropPad', 18, [f32(4, 7, 3), ints(7, 4, 8)]), op('CenterCropPad', 18, [f32(5, 8), ints(3)], { axes: [-1] }),
  op('CenterCropPad', 18, [f32(5, 8), ints(3)], {}, { refused: /1 numbers for 2 axes/ }),
  op('Col2Im', 18, [f32(1, 5, 5), ints(5, 5), ints(1, 5)]),
  op('Col2Im', 18, [f32(2, 12, 9), ints(5, 5), ints(2, 2)], { strides: [2, 2], pads: [0, 1, 1, 0] }),
  op('Col2Im', 18, [f32(1, 4, 15), ints(6, 7), ints(2, 2)], { dilations: [1, 2] , pads: [0, 0, 0, 0] }, { refused: /does not hold a block for each place/ }),
  op('Col2Im', 18, [f32(1, 8, 25), ints(6, 7), ints(2, 2)], { dilations: [1, 2] }),
  op('Col2Im', 18, [f32(1, 8, 30), ints(6), ints(2)], {}, { refused: /two are supported/ }),
  op('AveragePool', 19, [image()], { kernel_shape: [2, 2], dilations: [2, 2] }),
  op('AveragePool', 19, [image()], { kernel_shape: [3, 2], strides: [2, 2], ceil_mode: 1 }),
  op('AveragePool', 19, [image()], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1], count_include_pad: 1 }),
  op('AveragePool', 19, [image()], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1], ceil_mode: 1, count_include_pad: 1 }, { refused: /ceil_mode with count_include_pad/ }),
  op('MaxPool', 12, [image()], { kernel_shape: [2, 2], dilations: [2, 2] }),
  op('Cast', 19, [f32(3, 4)], { to: 6 }, { outputs: ['int32'] }),
  op('Cast', 21, [bool(3, 4)], { to: 1 }),
  op('Reshape', 19, [f32(3, 4), ints(2, -1)]), op('Reshape', 21, [f32(3, 4), ints(0, 2, 2)]),
  op('Shape', 19, [f32(3, 4, 5)], { start: 1 }, { outputs: ['int64'] }), op('Size', 21, [f32(3, 4)], {}, { outputs: ['int64'] }),
  op('Equal', 19, [i32(3, 4), i32(3, 4)], {}, { outputs: ['bool'] }),
  op('Identity', 21, [f32(3, 4)]), op('Flatten', 21, [f32(3, 4, 5)], { axis: 2 }), op('Transpose', 21, [f32(3, 4, 5)], { perm: [2, 0, 1] }),
  op('Squeeze', 21, [f32(3, 1, 5), ints(1)]), op('Unsqueeze', 21, [f32(3, 5), ints(0, -1)]),
  op('ConstantOfShape', 20, [ints(2, 3)], { value: { tensor: tensor('float32', [1], [1.5]) } }),
  op('ConstantOfShape', 21, [ints(2, 3)]),
  op('Gelu', 20, [f32(3, 4)]), op('Gelu', 20, [f32(3, 4)], { approximate: 'tanh' }),
  op('ReduceMax', 20, [bool(3, 4), ints(1)], { keepdims: 0 }, { outputs: ['bool'] }),
  op('ReduceMin', 20, [bool(3, 4), ints(0)], {}, { outputs: ['bool'] }),
  op('IsNaN', 20, [tensor('float32', [4], [1, NaN, -Infinity, 0])], {}, { outputs: ['bool'] }),
  op('IsInf', 20, [tensor('float32', [4], [1, NaN, -Infinity, Infinity])], { detect_negative: 0 }, { outputs: ['bool'] }),
  op('DFT', 20, [f32(2, 8, 1), null, one(1)], {}, { tolerance: 1e-4 }),
  op('DFT', 20, [f32(2, 8, 2), null, one(-2)], { inverse: 1 }, { tolerance: 1e-4 }),
  ...['linear', 'nearest', 'cubic'].flatMap((mode) => ['zeros', 'border', 'reflection'].map((padding) =>
    op('GridSample', 20, [f32(1, 2, 5, 6), f32(1, 4, 3, 2)], { mode, padding_mode: padding }))),
  op('GridSample', 20, [f32(1, 2, 5, 6), f32(1, 4, 3, 2)], { mode: 'linear', align_corners: 1 }),
  op('AffineGrid', 20, [f32(2, 2, 3), ints(2, 3, 4, 5)]), op('AffineGrid', 20, [f32(2, 2, 3), ints(2, 3, 4, 5)], { align_corners: 1 }),
  op('AffineGrid', 20, [f32(2, 3, 4), ints(2, 1, 2, 3, 4)]),
  op('AffineGrid', 20, [f32(2, 2, 3), ints(2, 3, 1, 5)], { align_corners: 1 }, { refused: /has no corners/ }),
  op('HannWindow', 17, [one(9)]),
  op('NonZero', 13, [tensor('float32', [2, 3], [1, 0, 2, 0, 0, -1])], {}, { outputs: ['int64'] }),
  op('NonMaxSuppression', 11, [positive(2, 12, 4), f32(2, 3, 12), one(4), number(0.4), number(0.1)], { center_point_box: 1 }, { outputs: ['int64'] }),
  ...[0, 1].flatMap((sorted) => [
    op('Unique', 11, [tensor('float32', [9], [2, -1, 3, 2, 2, 0.5, -1, 3, -7])], { sorted }, { outputs: ['float32', 'int64', 'int64', 'int64'] }),
    op('Unique', 11, [tensor('int64', [2, 4], [5, 1, 5, 9, -2, 1, 0, 9])], { sorted }, { outputs: ['int64', 'int64', 'int64', 'int64'] })]),
  ...[0, 1].flatMap((sorted) => [[0, [5, 3]], [1, [2, 4]], [-1, [2, 2, 3]], [1, [2, 3, 2]]].map(([axis, shape]) =>
    op('Unique', 11, [fill('float32', shape, () => Math.floor(next() * 2))], { axis, sorted }, { outputs: ['float32', 'int64', 'int64', 'int64'] }))),
  op('MelWeightMatrix', 17, [one(20), one(512), one(16000), number(125), number(7600)], {}, { litert: true }),
  op('MelWeightMatrix', 17, [one(40), one(64), one(8000), number(0), number(3900)]),
  op('MelWeightMatrix', 17, [one(8), one(16), one(8192), number(0), number(99999)], {}, { refused: /beyond the spectrum/ }),
  // Three spatial dimensions; transposed convolutions in groups
  op('Conv', 11, [f32(1, 4, 5, 6, 7), fixed(f32(6, 2, 3, 2, 3)), fixed(f32(6))], { group: 2, strides: [1, 2, 1], pads: [1, 0, 1, 0, 1, 2] }, { litert: true }),
  op('Conv', 11, [f32(1, 3, 5, 6, 7), fixed(f32(2, 3, 2, 3, 3))], { auto_pad: 'SAME_LOWER', strides: [2, 2, 1] }, { litert: true }),
  op('Conv', 11, [f32(2, 3, 5, 6, 7), fixed(f32(2, 3, 2, 3, 3))], { dilations: [1, 2, 2] }),
  op('ConvTranspose', 11, [f32(1, 4, 3, 4, 2), fixed(f32(4, 3, 2, 3, 2)), fixed(f32(6))], { group: 2, strides: [2, 3, 2], pads: [0, 1, 1, 1, 0, 0], output_padding: [1, 2, 0] }, { litert: true }),
  op('ConvTranspose', 11, [f32(1, 2, 3, 4, 2), fixed(f32(2, 3, 2, 3, 2))], { strides: [2, 1, 1], auto_pad: 'SAME_UPPER' }),
  op('ConvTranspose', 11, [f32(1, 4, 3, 4), fixed(f32(4, 1, 4, 4)), fixed(f32(4))], { group: 4, strides: [2, 2], pads: [1, 1, 1, 1] }, { litert: true }),
  op('ConvTranspose', 11, [f32(2, 4, 3, 4), fixed(f32(4, 2, 3, 2))], { group: 4, strides: [3, 1], dilations: [1, 2], output_padding: [2, 0] }, { litert: true }),
  op('ConvTranspose', 11, [f32(1, 6, 3, 4), fixed(f32(6, 2, 2, 3)), fixed(f32(6))], { group: 3, strides: [2, 3], pads: [0, 2, 1, 0] }, { litert: true }),
  op('ConvTranspose', 11, [f32(1, 2, 3, 3), fixed(f32(2, 1, 2, 2))], { group: 2, strides: [1e9, 4e9] }, { refused: /is larger than is supported|too large|does not fit/ }),
  op('MelWeightMatrix', 17, [one(4), one(512), one(1), number(0), number(3e38)], {}, { refused: /beyond the spectrum/ }),
  ...['NOTSET', 'SAME_UPPER', 'SAME_LOWER'].flatMap((mode) => [
    op('ConvTranspose', 11, [f32(1, 2, 9), fixed(f32(2, 3, 5))], { strides: [2], output_shape: [18], auto_pad: mode }),
    op('ConvTranspose', 11, [f32(1, 2, 4, 3), fixed(f32(2, 3, 4, 5))], { strides: [3, 2], output_shape: [11, 6], auto_pad: mode }),
    op('ConvTranspose', 11, [f32(1, 2, 2, 4, 3), fixed(f32(2, 3, 2, 4, 5))], { strides: [1, 3, 2], output_shape: [2, 12, 6], auto_pad: mode })]),
  op('ConvTranspose', 11, [f32(1, 4, 9), fixed(f32(4, 1, 5))], { group: 4, strides: [2], output_shape: [18] }, { litert: true }),
  // Without builtins of their own
  ...['Acos', 'Asin', 'Atan', 'Cosh', 'Sinh', 'Tan'].map((name) => op(name, 9, [f32(3, 4)], {}, { litert: true, tolerance: 1e-6 })),
  op('Cosh', 9, [tensor('float32', [5], [-89, 88.8, 0, 20, -1e-3])], {}, { litert: true }), op('Sinh', 9, [tensor('float32', [4], [-88.8, 0, 20, -1e-3])], {}, { litert: true }),
  op('Hardmax', 13, [f32(3, 4, 5)], { axis: 1 }, { litert: true }),
  op('QuantizeLinear', 21, [f32(3, 4), number(0.1)], {}, { refused: /output "y0" is quantized/, outputs: ['uint8'] }),
];

for (const [i, c] of CASES.entries()) {
  const shapes = c.inputs.map((x) => (x ? `${x.constant ? 'constant ' : ''}${x.dtype}[${x.shape}]` : '-')).join(' ');
  test(`opset ${c.opset} ${c.op} ${shapes} ${JSON.stringify(c.attrs)}, seed ${seed}`, () => {
    const outputs = (c.outputs ?? ['float32']).map((t) => (t === 'uint8' ? 'float32' : t));
    const fed = Object.fromEntries(c.inputs.flatMap((x, k) => (x && !x.constant ? [[`x${k}`, x]] : [])));
    return compareWithOnnxruntime(folder, `${i}`, onnxModel({ ...c, outputs }), fed, c);
  });
}

// GELU as exporters write it out becomes one operator.
const root = { root2: number(Math.SQRT2), rootHalf: number(Math.SQRT1_2), one: number(1), half: number(0.5) };
const erf = [{ op: 'Div', inputs: ['x', 'root2'], outputs: ['s'] }, { op: 'Erf', inputs: ['s'], outputs: ['e'] }, { op: 'Add', inputs: ['e', 'one'], outputs: ['a'] }];
const GELUS = {
  'the product halved': [...erf, { op: 'Mul', inputs: ['x', 'a'], outputs: ['m'] }, { op: 'Mul', inputs: ['m', 'half'], outputs: ['y'] }],
  'half of x': [...erf, { op: 'Mul', inputs: ['half', 'x'], outputs: ['m'] }, { op: 'Mul', inputs: ['m', 'a'], outputs: ['y'] }],
  'half the sum': [{ op: 'Mul', inputs: ['rootHalf', 'x'], outputs: ['s'] }, ...erf.slice(1), { op: 'Mul', inputs: ['a', 'half'], outputs: ['m'] }, { op: 'Mul', inputs: ['x', 'm'], outputs: ['y'] }],
};
for (const [name, nodes] of Object.entries(GELUS)) {
  test(`GELU written out: ${name}, seed ${seed}`, () => {
    const graph = { nodes, inputs: [{ name: 'x', dtype: 'float32', shape: [3, 4] }], outputs: [{ name: 'y', dtype: 'float32' }], constants: root };
    return compareWithOnnxruntime(folder, `gelu-${name.replace(/ /g, '-')}`, modelOf(graph, 13), { x: f32(3, 4) }, { litert: true, operators: /^GELU$/ });
  });
}
