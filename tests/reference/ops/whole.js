'use strict';
// Parts of models as converters write them: attention, recurrent cells in loops, branches of other shapes, batches left open, integers
// and bools, scalars and empty tensors, six dimensions.
const { graph, op, f32, i32, bool, constant, within, ints, floats, list, float, open } = require('../one_node.js');

const FLOAT = 'DT_FLOAT', INT = 'DT_INT32', BOOL = 'DT_BOOL';
const call = (name) => ({ func: { name } });
const scalar = (n) => ints(n, []);
const weights = (...shape) => constant(within(-0.5, 0.5, f32(...shape)));
const norm = (name, x, axis, epsilon, gain, shift) => [
  [`${name}/mean`, 'Mean', [x, axis], { keep_dims: true }], [`${name}/square`, 'SquaredDifference', [x, `${name}/mean`], { T: FLOAT }],
  [`${name}/variance`, 'Mean', [`${name}/square`, axis], { keep_dims: true }], [`${name}/sum`, 'AddV2', [`${name}/variance`, epsilon], { T: FLOAT }],
  [`${name}/rsqrt`, 'Rsqrt', [`${name}/sum`], { T: FLOAT }], [`${name}/scale`, 'Mul', [`${name}/rsqrt`, gain], { T: FLOAT }],
  [`${name}/scaled`, 'Mul', [x, `${name}/scale`], { T: FLOAT }], [`${name}/offset`, 'Mul', [`${name}/mean`, `${name}/scale`], { T: FLOAT }],
  [`${name}/shift`, 'Sub', [shift, `${name}/offset`], { T: FLOAT }], [name, 'AddV2', [`${name}/scaled`, `${name}/shift`], { T: FLOAT }],
];

// Keras: LayerNormalization, MultiHeadAttention of 2 heads with a mask, Dense with gelu, residuals. Ids of words and bools come in.
const transformer = graph('a transformer block over embedded words, its batch open', [
  open(within(0, 19, i32(3, 5))), open(bool(3, 5)), constant(f32(20, 8)), weights(8, 2, 4), weights(8, 2, 4), weights(8, 2, 4), weights(2, 4, 8),
  constant(floats(1e-3, [])), constant(within(0.5, 1.5, f32(8))), constant(f32(8)), ints([-1]), constant(floats(0.5, [])), weights(8, 16), weights(16, 8),
  constant(f32(16)), constant(floats(-1e9, [])), scalar(0), constant(floats(Math.SQRT1_2, [])), constant(floats(1, [])), scalar(1), ints([-1, 8]), ints([0]), ints([2]), ints([1]), scalar(8),
], [
  ['words', 'GatherV2', ['x2', 'x0', 'x16'], { batch_dims: 0 }],
  ...norm('n1', 'words', 'x10', 'x7', 'x8', 'x9'),
  ['q', 'Einsum', ['n1', 'x3'], { equation: 'abc,cde->abde', N: 2 }], ['k', 'Einsum', ['n1', 'x4'], { equation: 'abc,cde->abde', N: 2 }],
  ['v', 'Einsum', ['n1', 'x5'], { equation: 'abc,cde->abde', N: 2 }], ['qs', 'Mul', ['q', 'x11'], { T: FLOAT }],
  ['scores', 'Einsum', ['k', 'qs'], { equation: 'aecd,abcd->acbe', N: 2 }],
  ['hidden', 'LogicalNot', ['x1']], ['float', 'Cast', ['hidden'], { SrcT: BOOL, DstT: FLOAT }], ['mask', 'Mul', ['float', 'x15'], { T: FLOAT }],
  ['mask1', 'ExpandDims', ['mask', 'x19'], { T: FLOAT }], ['mask2', 'ExpandDims', ['mask1', 'x19'], { T: FLOAT }],
  ['masked', 'AddV2', ['scores', 'mask2'], { T: FLOAT }], ['softmax', 'Softmax', ['masked'], { T: FLOAT }],
  ['context', 'Einsum', ['softmax', 'v'], { equation: 'acbe,aecd->abcd', N: 2 }], ['attention', 'Einsum', ['context', 'x6'], { equation: 'abcd,cde->abe', N: 2 }],
  ['sum', 'AddV2', ['words', 'attention'], { T: FLOAT }],
  ...norm('n2', 'sum', 'x10', 'x7', 'x8', 'x9'),
  ['shape', 'Shape', ['n2'], { out_type: INT }], ['flat', 'Reshape', ['n2', 'x20'], {}],
  ['up', 'MatMul', ['flat', 'x12'], { transpose_a: false, transpose_b: false }], ['bias', 'BiasAdd', ['up', 'x14'], { data_format: 'NHWC' }],
  ['root', 'Mul', ['bias', 'x17'], { T: FLOAT }], ['erf', 'Erf', ['root'], { T: FLOAT }], ['one', 'AddV2', ['erf', 'x18'], { T: FLOAT }],
  ['halved', 'Mul', ['bias', 'x11'], { T: FLOAT }], ['gelu', 'Mul', ['halved', 'one'], { T: FLOAT }],
  ['down', 'MatMul', ['gelu', 'x13'], { transpose_a: false, transpose_b: false }],
  ['some', 'StridedSlice', ['shape', 'x21', 'x22', 'x23'], {}], ['last', 'StridedSlice', ['shape', 'x22', 'x10', 'x23'], { end_mask: 1 }],
  ['to', 'ConcatV2', ['some', 'last', 'x16'], { N: 2 }], ['back', 'Reshape', ['down', 'to'], {}], ['y', 'AddV2', ['sum', 'back'], { T: FLOAT }],
], ['y', 'softmax'], { tolerance: 1e-5 });

// A cell in a loop over time, as Keras writes layers without a fused kernel. Gates i, f, c, o; of GRU z, r, h with reset_after.
const loop = (title, cell, states, units, gates) => graph(`${title} in a loop, its batch open`, [
  open(f32(4, 6, 3)), scalar(0), scalar(1), weights(3, gates * units), weights(units, gates * units), constant(f32(gates * units)),
  ints([1, 0, 2]), constant(ints([-1, units])), scalar(6), constant(ints([-1, 3])), constant(floats(0, [])), constant(floats(1, [])), ints([0]), ints([1]), scalar(units),
], [
  ['time', 'Transpose', ['x0', 'x6'], {}], ['xs', 'TensorListFromTensor', ['time', 'x9'], { element_dtype: FLOAT, shape_type: INT }],
  ['shape', 'Shape', ['x0'], { out_type: INT }], ['batch', 'StridedSlice', ['shape', 'x12', 'x13', 'x13'], { shrink_axis_mask: 1 }],
  ['dims', 'Pack', ['batch', 'x14'], { N: 2, axis: 0 }], ['zeros', 'Fill', ['dims', 'x10'], { T: FLOAT }],
  ['ys', 'TensorListReserve', ['x7', 'x8'], { element_dtype: FLOAT, shape_type: INT }],
  ['loop', 'While', ['x1', 'zeros', 'zeros', 'xs', 'ys', 'x2', 'x8', 'x3', 'x4', 'x5', 'x11'],
    { cond: call('more'), body: call('step'), T: [INT, FLOAT, FLOAT, 'DT_VARIANT', 'DT_VARIANT', INT, INT, FLOAT, FLOAT, FLOAT, FLOAT] }],
  ['all', 'TensorListStack', ['loop:4', 'x7'], { element_dtype: FLOAT, num_elements: -1 }], ['y', 'Transpose', ['all', 'x6'], {}], ['h', 'Identity', ['loop:1'], { T: FLOAT }],
], ['y', 'h'], { functions: [
  { name: 'more', inputs: names, outputs: ['less:z:0'], nodes: [['less', 'Less', ['t', 'n'], { T: INT }]] },
  { name: 'step', inputs: names, outputs: ['next:z:0', 'h1:z:0', states, 'xs', 'put:output_handle:0', 'one', 'n', 'w', 'u', 'b', 'unit'], nodes: [
    ['x9', 'Const', [], { dtype: INT }], ['x2', 'Const', [], { dtype: INT }],
    ['xt', 'TensorListGetItem', ['xs', 't', 'x9:output:0'], { element_dtype: FLOAT }],
    ['a', 'MatMul', ['xt:item:0', 'w'], { transpose_a: false, transpose_b: false }], ['r', 'MatMul', ['h', 'u'], { transpose_a: false, transpose_b: false }],
    ...cell,
    ['put', 'TensorListSetItem', ['ys', 't', 'h1:z:0'], { element_dtype: FLOAT, resize_if_index_out_of_bounds: false }],
    ['next', 'AddV2', ['t', 'one'], { T: INT }]] },
] });
const names = ['t', 'h', 'c', 'xs', 'ys', 'one', 'n', 'w', 'u', 'b', 'unit'];
const binary = (name, kind, a, b) => [name, kind, [a, b], { T: FLOAT }];
const unary = (name, kind, x) => [name, kind, [x], { T: FLOAT }];
const lstm = [
  binary('s', 'AddV2', 'a:product:0', 'r:product:0'), ['g', 'BiasAdd', ['s:z:0', 'b'], { data_format: 'NHWC' }],
  ['parts', 'Split', ['x2:output:0', 'g:output:0'], { num_split: 4 }],
  unary('i', 'Sigmoid', 'parts:output:0'), unary('f', 'Sigmoid', 'parts:output:1'), unary('k', 'Tanh', 'parts:output:2'), unary('o', 'Sigmoid', 'parts:output:3'),
  binary('keep', 'Mul', 'f:y:0', 'c'), binary('put1', 'Mul', 'i:y:0', 'k:y:0'), binary('c1', 'AddV2', 'keep:z:0', 'put1:z:0'),
  unary('tanh', 'Tanh', 'c1:z:0'), binary('h1', 'Mul', 'o:y:0', 'tanh:y:0'),
];
const gru = [
  ['g', 'BiasAdd', ['a:product:0', 'b'], { data_format: 'NHWC' }],
  ['x', 'Split', ['x2:output:0', 'g:output:0'], { num_split: 3 }], ['q', 'Split', ['x2:output:0', 'r:product:0'], { num_split: 3 }],
  binary('zs', 'AddV2', 'x:output:0', 'q:output:0'), unary('z', 'Sigmoid', 'zs:z:0'), binary('rs', 'AddV2', 'x:output:1', 'q:output:1'), unary('reset', 'Sigmoid', 'rs:z:0'),
  binary('old', 'Mul', 'reset:y:0', 'q:output:2'), binary('hs', 'AddV2', 'x:output:2', 'old:z:0'), unary('hh', 'Tanh', 'hs:z:0'),
  binary('keep', 'Mul', 'z:y:0', 'h'), binary('rest', 'Sub', 'unit', 'z:y:0'), binary('more1', 'Mul', 'rest:z:0', 'hh:y:0'), binary('h1', 'AddV2', 'keep:z:0', 'more1:z:0'),
];

const branches = [true, false].map((taken) => graph(`If whose branches have other shapes: ${taken}`, [list('bool', taken, []), f32(3, 4), ints([0])], [
  ['choice', 'StatelessIf', ['x0', 'x1', 'x2'], { then_branch: call('sum'), else_branch: call('all'), Tcond: BOOL, Tin: [FLOAT, INT], Tout: [FLOAT], output_shapes: { list: { shape: [] } } }],
  ['square', 'Square', ['choice'], { T: FLOAT }], ['rank', 'Rank', ['choice'], { T: FLOAT }],
], ['square', 'rank'], { functions: [
  { name: 'sum', inputs: ['v', 'axis'], outputs: ['s:output:0'], nodes: [['s', 'Sum', ['v', 'axis'], { keep_dims: false }]] },
  { name: 'all', inputs: ['v', 'axis'], outputs: ['n:y:0'], nodes: [['n', 'Neg', ['v'], { T: FLOAT }]] },
] }));

const shapes = [
  op('AddV2', [f32(2, 1, 3, 1, 2, 1), f32(1, 4, 1, 2, 1, 3)], { T: FLOAT }), op('Mul', [i32(2, 1, 3, 1, 2, 1), i32(4, 1, 2, 1, 3)], { T: INT }),
  op('Maximum', [f32(1, 1, 1, 1, 1, 5), f32(2, 3, 1, 2, 1, 1)], { T: FLOAT }), op('Less', [f32(2, 1, 3, 1, 2, 1), f32()], { T: FLOAT }),
  op('SelectV2', [bool(2, 1, 3, 1, 1, 1), f32(1, 4, 1, 2, 1, 3), f32()], { T: FLOAT }),
  ...['AddV2', 'Mul', 'Sub', 'Maximum'].flatMap((name) => [op(name, [f32(), f32()]), op(name, [f32(0, 3), f32(3)]), op(name, [f32(2, 0), f32(1, 1)]), op(name, [i32(), i32(0)])]),
  ...['Abs', 'Exp', 'Sigmoid', 'Relu', 'Square'].flatMap((name) => [op(name, [within(0, 1, f32())]), op(name, [f32(0)]), op(name, [f32(2, 0, 3)])]),
  op('Sum', [f32(0, 3), ints([0])], { keep_dims: false }), op('Sum', [f32(3), ints([0])], { keep_dims: true }), op('Max', [f32(2, 3), ints([0, 1])], { keep_dims: false }),
  op('ConcatV2', [f32(0, 3), f32(2, 3), scalar(0)], { N: 2 }), op('Reshape', [f32(1, 1), ints([], [0])], {}), op('Reshape', [f32(0, 4), ints([2, 0])], {}),
  op('Transpose', [f32(2, 0, 3), ints([2, 0, 1])], {}), op('Pad', [f32(0, 2), ints([1, 0, 0, 1], [2, 2])], {}), op('Tile', [f32(0, 2), ints([2, 2])], {}),
  op('GatherV2', [f32(4, 2), ints([], [0]), scalar(0)], { batch_dims: 0 }), op('Slice', [f32(3, 2), ints([1, 0]), ints([0, 2])], {}),
  op('MatMul', [f32(0, 3), constant(f32(3, 2))], { transpose_a: false, transpose_b: false }), op('Cast', [bool()], { SrcT: BOOL, DstT: FLOAT }),
  op('LeakyRelu', [f32(2, 1, 1, 1, 1, 3)], { alpha: float(0.1) }),
];

module.exports = [
  transformer, loop('LSTM', lstm, 'c1:z:0', 5, 4), loop('GRU', gru, 'c', 5, 3), ...branches, ...shapes,
];
