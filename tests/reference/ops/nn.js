'use strict';
// Numeric operators: convolutions, pools, matrices, element-wise, reductions, boxes, pictures, spectra.
const { op, graph, f32, i32, bool, constant, within, ints, floats, list, float } = require('../one_node.js');

const nhwc = { data_format: 'NHWC', dilations: [1, 1, 1, 1] };
const ndhwc = { data_format: 'NDHWC', dilations: [1, 1, 1, 1, 1] };
const unary = (names, input, options) => names.map((name) => op(name, [input], {}, options));
const binary = (names, ...inputs) => names.map((name) => op(name, inputs));
const conv = (name, x, filter, attrs, base = nhwc) => op(name, [x, constant(filter)], { ...base, ...attrs });
const reduce = (name, x, axes, keep = false) => op(name, [x, ints(axes)], { keep_dims: keep });

const elementwise = [
  ...unary(['Abs', 'Neg', 'Sign', 'Square', 'Relu', 'Relu6'], within(-20, 20, i32(3, 5))),
  ...unary(['Ceil', 'Floor', 'Round', 'Exp', 'Sin', 'Sigmoid', 'Tanh', 'Elu', 'Selu', 'Softplus', 'Erf', 'Expm1', 'Sinh', 'Cosh', 'Atan', 'Asinh',
    'Relu', 'Relu6', 'Abs', 'Neg', 'Sign', 'Square', 'Reciprocal', 'IsNan', 'IsInf', 'IsFinite'], within(-4, 4, f32(3, 5)), { tolerance: 1e-6 }),
  ...unary(['Log', 'Log1p', 'Sqrt', 'Rsqrt', 'Acosh'], within(1, 9, f32(3, 5))),
  ...unary(['Asin', 'Acos', 'Atanh', 'Tan'], f32(3, 5)),
  ...unary(['Round', 'Abs', 'Floor', 'Ceil', 'Neg'], floats([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, NaN, Infinity, -Infinity, 0])),
  op('LeakyRelu', [f32(7)], { alpha: float(0.3) }),
  op('LeakyRelu', [f32(7)]),
  op('Prelu', [f32(2, 3, 3, 4), constant(f32(4))]),
  op('ClipByValue', [within(-9, 9, f32(3, 4)), floats(-2), floats(3)]),
  op('ClipByValue', [within(-9, 9, f32(3, 4)), constant(floats(-2)), constant(floats(3))]),
  ...binary(['Add', 'AddV2', 'Sub', 'Mul', 'Maximum', 'Minimum', 'SquaredDifference'], i32(2, 3, 4), i32(3, 1)),
  ...binary(['Add', 'Sub', 'Mul', 'RealDiv', 'Div', 'Maximum', 'Minimum', 'SquaredDifference', 'FloorMod', 'Mod', 'Pow', 'Atan2'], within(0.5, 3, f32(2, 1, 4)), f32(3, 1)),
  ...binary(['FloorMod', 'Mod', 'FloorDiv'], within(-50, 50, i32(4, 5)), within(1, 7, i32(5))),
  ...binary(['FloorMod'], within(-50, 50, i32(4, 5)), within(-7, -1, i32(5))),
  op('FloorMod', [floats([5.5, -5.5, 5.5, -5.5]), floats([2, 2, -2, -2])]),
  op('Div', [within(0, 50, i32(4, 5)), within(1, 7, i32(5))]),
  op('DivNoNan', [f32(2, 3), floats([2, 0, -0.5])]),
  op('DivNoNan', [floats([0, NaN, 1]), floats([0, 0, 0])]),
  ...binary(['Add', 'Mul'], f32(2, 1, 2, 1, 2, 3), f32(3, 1, 2, 1, 3)),
  ...binary(['Add', 'Mul', 'Maximum'], f32(), f32()),
  ...binary(['Add', 'Mul', 'Minimum'], f32(0, 3), f32(1, 3)),
  op('Mul', [list('int32', [65536, 2147483647]), list('int32', [65536, 2])]),
  op('Add', [list('int32', [2147483647, -2147483648]), list('int32', [1, -1])]),
  op('AddN', [f32(2, 3), f32(2, 3), f32(2, 3)], { N: 3 }),
  op('AddN', [f32(2, 3)], { N: 1 }),
  op('BiasAdd', [f32(2, 3, 3, 5), constant(f32(5))], { data_format: 'NHWC' }),
  ...binary(['Equal', 'NotEqual', 'Less', 'LessEqual', 'Greater', 'GreaterEqual'], within(-2, 2, i32(4, 5)), within(-2, 2, i32(5))),
  ...binary(['LogicalAnd', 'LogicalOr'], bool(4, 5), bool(5)),
];

const convolutions = [
  conv('Conv2D', f32(2, 9, 8, 3), f32(3, 3, 3, 5), { strides: [1, 2, 2, 1], padding: 'SAME' }),
  conv('Conv2D', f32(1, 9, 9, 3), f32(2, 2, 3, 4), { strides: [1, 3, 3, 1], padding: 'SAME' }),
  conv('Conv2D', f32(1, 9, 9, 3), f32(1, 1, 3, 4), { strides: [1, 4, 2, 1], padding: 'VALID' }),
  conv('Conv2D', f32(1, 8, 9, 2), f32(3, 2, 2, 3), { strides: [1, 1, 1, 1], padding: 'VALID', dilations: [1, 2, 3, 1] }),
  conv('Conv2D', f32(1, 8, 9, 2), f32(3, 3, 2, 3), { strides: [1, 2, 1, 1], padding: 'EXPLICIT', explicit_paddings: [0, 0, 2, 1, 0, 3, 0, 0] }),
  conv('DepthwiseConv2dNative', f32(2, 9, 8, 3), f32(3, 3, 3, 2), { strides: [1, 2, 2, 1], padding: 'SAME' }),
  conv('DepthwiseConv2dNative', f32(1, 9, 8, 3), f32(3, 2, 3, 3), { strides: [1, 1, 1, 1], padding: 'VALID', dilations: [1, 2, 2, 1] }),
  conv('DepthwiseConv2dNative', f32(1, 9, 8, 4), f32(3, 3, 4, 1), { strides: [1, 1, 1, 1], padding: 'SAME', dilations: [1, 3, 2, 1] }),
  op('Conv2DBackpropInput', [ints([1, 9, 8, 3]), constant(f32(3, 3, 3, 4)), f32(1, 5, 4, 4)], { strides: [1, 2, 2, 1], padding: 'SAME', ...nhwc }),
  graph('Conv2DBackpropInput whose size is computed', [list('int32', [1, 9, 8, 3]), constant(f32(3, 3, 3, 4)), f32(1, 5, 4, 4)],
    [['y', 'Conv2DBackpropInput', ['x0', 'x1', 'x2'], { strides: [1, 2, 2, 1], padding: 'SAME', ...nhwc }]]),
  conv('Conv3D', f32(2, 5, 6, 4, 2), f32(3, 2, 3, 2, 3), { strides: [1, 2, 1, 1, 1], padding: 'SAME' }, ndhwc),
  conv('Conv3D', f32(1, 5, 6, 7, 2), f32(2, 3, 2, 2, 5), { strides: [1, 1, 2, 3, 1], padding: 'VALID' }, ndhwc),
  op('AvgPool', [f32(1, 7, 8, 3)], { ksize: [1, 3, 2, 1], strides: [1, 2, 3, 1], padding: 'SAME', data_format: 'NHWC' }),
  op('MaxPool', [f32(1, 7, 8, 3)], { ksize: [1, 3, 2, 1], strides: [1, 2, 3, 1], padding: 'VALID', data_format: 'NHWC', explicit_paddings: [] }),
  op('MaxPoolWithArgmax', [f32(2, 7, 8, 3)], { ksize: [1, 3, 2, 1], strides: [1, 2, 3, 1], padding: 'SAME', include_batch_in_index: true }, { outputs: 2 }),
  op('MaxPoolWithArgmax', [f32(2, 6, 6, 3)], { ksize: [1, 2, 2, 1], strides: [1, 2, 2, 1], padding: 'VALID', include_batch_in_index: false }, { outputs: 2 }),
  op('AvgPool3D', [f32(1, 5, 6, 7, 2)], { ksize: [1, 3, 2, 2, 1], strides: [1, 2, 1, 2, 1], padding: 'SAME', data_format: 'NDHWC' }),
  op('MaxPool3D', [f32(1, 5, 6, 7, 2)], { ksize: [1, 3, 2, 2, 1], strides: [1, 2, 1, 2, 1], padding: 'VALID', data_format: 'NDHWC' }),
  op('Dilation2D', [f32(1, 7, 8, 3), constant(f32(3, 2, 3))], { strides: [1, 2, 1, 1], rates: [1, 1, 2, 1], padding: 'SAME' }),
  op('LRN', [f32(1, 3, 4, 9)], { depth_radius: 2, bias: float(1.5), alpha: float(0.7), beta: float(0.75) }),
  op('FusedBatchNormV3', [f32(2, 3, 4, 5), constant(f32(5)), constant(f32(5)), constant(f32(5)), constant(within(0.5, 2, f32(5)))],
    { epsilon: float(0.01), data_format: 'NHWC', is_training: false }),
];

const matrices = [
  op('MatMul', [f32(3, 4), f32(4, 5)], { transpose_a: false, transpose_b: false }),
  op('MatMul', [f32(4, 3), constant(f32(5, 4))], { transpose_a: true, transpose_b: true }),
  op('MatMul', [i32(3, 4), i32(4, 5)], { transpose_a: false, transpose_b: false }),
  op('MatMul', [i32(4, 3), constant(i32(5, 4))], { transpose_a: true, transpose_b: true }),
  ...['BatchMatMul', 'BatchMatMulV2'].map((name) => op(name, [f32(2, 3, 4), f32(2, 5, 4)], { adj_x: false, adj_y: true })),
  op('BatchMatMulV2', [f32(5, 3, 4), f32(1, 4, 2)], { adj_x: false, adj_y: false }),     // tfjs repeats only whole operands rightly
  ...[['BiasAdd'], ['BiasAdd', 'Relu'], ['BiasAdd', 'Elu'], ['BiasAdd', 'Relu6'], ['BiasAdd', 'Sigmoid']].map((fused) =>
    op('_FusedMatMul', [f32(3, 4), constant(f32(4, 5)), constant(f32(5))], { transpose_a: false, transpose_b: false, fused_ops: fused, num_args: 1 })),
  op('_FusedMatMul', [f32(3, 4), constant(f32(4, 5)), constant(f32(5)), constant(f32(1, 5))],
    { transpose_a: false, transpose_b: false, fused_ops: ['BiasAdd', 'Prelu'], num_args: 2 }),
  op('_FusedMatMul', [f32(3, 4), constant(f32(4, 5)), constant(f32(5))],
    { transpose_a: false, transpose_b: false, fused_ops: ['BiasAdd', 'LeakyRelu'], num_args: 1, leakyrelu_alpha: float(0.3) }),
  ...[['ij,jk->ik', [3, 4], [4, 5]], ['bij,bjk->bik', [2, 3, 4], [2, 4, 5]], ['abcd,aecd->acbe', [2, 3, 2, 4], [2, 5, 2, 4]], ['ij,ij->', [3, 4], [3, 4]],
    ['i,j->ij', [3], [4]], ['abc,cd->abd', [2, 3, 4], [4, 5]], ['acbe,aecd->abcd', [2, 3, 4, 5], [2, 5, 3, 6]], ['ijk,ik->ji', [2, 3, 4], [2, 4]]]
    .map(([equation, a, b]) => op('Einsum', [f32(...a), f32(...b)], { equation, N: 2 })),
  ...[['ijk->kji', [2, 3, 4]], ['ij->i', [3, 4]], ['ij->', [3, 4]]].map(([equation, a]) => op('Einsum', [f32(...a)], { equation, N: 1 })),
  op('MatrixBandPart', [f32(2, 4, 5), ints(1), ints(1)]),      // tfjs reads both numbers from the first
  op('MatrixBandPart', [f32(4, 4), ints(0), ints(0)]),
];

const reductions = [
  ...['Sum', 'Mean', 'Max', 'Min', 'Prod'].flatMap((name) => [
    reduce(name, f32(3, 4, 5), [1]), reduce(name, f32(3, 4, 5), [0, 2], true), reduce(name, f32(2, 3, 4, 5), [-1, 1]), reduce(name, f32(3, 4), [0, 1]),
  ]),
  ...['Sum', 'Max', 'Min', 'Prod'].map((name) => reduce(name, within(-3, 3, i32(3, 4, 2)), [1])),
  ...['All', 'Any'].map((name) => reduce(name, bool(3, 4), [1])),
  ...['ArgMax', 'ArgMin'].flatMap((name) => [op(name, [f32(3, 4, 5), ints(1)]), op(name, [within(-3, 3, i32(3, 4)), ints(-1)])]),
  ...['Cumsum', 'Cumprod'].flatMap((name) => [[false, false], [true, false], [false, true], [true, true]].flatMap(([exclusive, reverse]) => [
    op(name, [f32(3, 4, 5), ints(1)], { exclusive, reverse }), op(name, [f32(3, 4), ints(1)], { exclusive, reverse }),
    op(name, [within(-3, 3, i32(4, 3)), ints(0)], { exclusive, reverse }),
  ])),
  op('EuclideanNorm', [f32(3, 4, 5), ints([1])], { keep_dims: false }),
  op('EuclideanNorm', [f32(3, 4, 5), ints([0, 2])], { keep_dims: true }),
  op('Softmax', [within(-5, 5, f32(3, 7))]),
  op('LogSoftmax', [within(-5, 5, f32(3, 7))]),
];

const crop = (attrs, boxes) => op('CropAndResize', [f32(2, 8, 9, 3), floats(boxes.flat(), [boxes.length, 4]), ints(boxes.map((_, i) => i % 2)), ints([4, 5])],
  { extrapolation_value: float(0.5), ...attrs });
const CROPS = [[0, 0, 1, 1], [0.2, 0.3, 0.7, 0.9], [-0.3, 0.1, 0.6, 1.4], [0.9, 0.8, 0.1, 0.2]];
const boxes = within(0, 1, f32(20, 4));
const scores = within(0, 1, f32(20));
const nms = (name, more, attrs, options) => op(name, [boxes, scores, ints(8), ...more.map((x) => constant(floats(x)))], attrs, options);
const rigid = [[0.91, -0.23, 1.37, 0.21, 0.93, -0.71, 0, 0], [1.13, 0.11, -2.03, 0, 1.21, 1.61, 0.013, -0.021]];

const pictures = [
  ...['bilinear', 'nearest'].map((method) => crop({ method }, CROPS)),
  op('CropAndResize', [f32(1, 5, 6, 2), floats([0.1, 0.2, 0.8, 0.9], [1, 4]), ints([0]), ints([1, 1])], { method: 'bilinear', extrapolation_value: float(0) }),
  nms('NonMaxSuppressionV2', [0.2]),
  nms('NonMaxSuppressionV3', [0.3, 0.2]),
  nms('NonMaxSuppressionV4', [0.1, 0.4], { pad_to_max_output_size: true }, { outputs: 2 }),
  nms('NonMaxSuppressionV4', [0.1, 0.4], { pad_to_max_output_size: false }, { outputs: 2 }),
  nms('NonMaxSuppressionV5', [0.5, 0.2, 0.5], {}, { outputs: 2 }),
  op('NonMaxSuppressionV3', [boxes, within(0, 3, f32(20)), ints(30), constant(floats(0.6)), constant(floats(5))]),
  ...[[false, false], [true, false], [false, true]].flatMap(([align_corners, half_pixel_centers]) => ['ResizeBilinear', 'ResizeNearestNeighbor'].flatMap((name) =>
    [[7, 9], [3, 2], [1, 1]].map((size) => op(name, [f32(1, 5, 4, 3), ints(size)], { align_corners, half_pixel_centers })))),
  ...['NEAREST', 'BILINEAR'].flatMap((interpolation) => ['CONSTANT', 'REFLECT', 'WRAP', 'NEAREST'].flatMap((fill_mode) => rigid.map((t) =>
    op('ImageProjectiveTransformV3', [f32(1, 6, 7, 2), floats(t, [1, 8]), ints([5, 8]), constant(floats(0.25))], { interpolation, fill_mode })))),
];

const parts = (name) => [['c', 'Complex', ['x0', 'x1']], ['t', name, ['c']], ['re', 'Real', ['t']], ['im', 'Imag', ['t']]];
const real = (name) => [['t', name, ['x0', 'x1']], ['re', 'Real', ['t']], ['im', 'Imag', ['t']]];
const spectra = [
  ...[1, 2, 8, 5, 12, 31].flatMap((n) => ['FFT', 'IFFT'].map((name) => graph(`${name} of ${n}`, [f32(3, n), f32(3, n)], parts(name), ['re', 'im']))),
  ...[2, 8, 6, 9].map((n) => graph(`RFFT of ${n}`, [f32(2, n), ints([n])], real('RFFT'), ['re', 'im'])),
  ...[8, 6].map((n) => graph(`IRFFT to ${n}`, [f32(2, n / 2 + 1), f32(2, n / 2 + 1), ints([n])],
    [['c', 'Complex', ['x0', 'x1']], ['y', 'IRFFT', ['c', 'x2']]])),
  ...['Add', 'Sub', 'Mul'].map((name) => graph(`${name} of complex64`, [f32(2, 3), f32(2, 3), f32(2, 3), f32(2, 3)],
    [['a', 'Complex', ['x0', 'x1']], ['b', 'Complex', ['x2', 'x3']], ['t', name, ['a', 'b']], ['re', 'Real', ['t']], ['im', 'Imag', ['t']]], ['re', 'im'])),
  graph('ComplexAbs', [f32(2, 3), f32(2, 3)], [['c', 'Complex', ['x0', 'x1']], ['y', 'ComplexAbs', ['c']]]),
];

module.exports = [...elementwise, ...convolutions, ...matrices, ...reductions, ...pictures, ...spectra];
