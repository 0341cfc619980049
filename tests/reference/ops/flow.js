'use strict';
// Control flow: loops, conditions, functions, lists of tensors, tables, and the nodes that only hand on.
const { op, graph, f32, i32, constant, ints, floats, list } = require('../one_node.js');

const shapeAttr = (...dims) => ({ shape: { dim: dims.map((size) => ({ size: String(size) })) } });
const call = (name) => ({ func: { name } });
const scalar = (n) => ints(n, []);
const FLOAT = 'DT_FLOAT', INT = 'DT_INT32';
const bools = (value) => list('bool', value, []);

// x is halved as long as its sum is above the limit; how often depends on the data.
const halving = graph('While: as often as the data say', [f32(3, 4), floats(0.25, []), scalar(0), scalar(1), constant(floats(0.5, []))], [
  ['abs', 'Abs', ['x0'], { T: FLOAT }],
  ['loop', 'StatelessWhile', ['abs', 'x1', 'x2', 'x3'], {
    cond: call('above'), body: call('halve'), T: [FLOAT, FLOAT, INT, INT], output_shapes: { list: { shape: [] } }, parallel_iterations: 10,
  }],
  ['y', 'Identity', ['loop'], { T: FLOAT }],
  ['rounds', 'Identity', ['loop:2'], { T: INT }],
], ['y', 'rounds'], { functions: [
  { name: 'above', inputs: ['v', 'limit', 'n', 'step'], outputs: ['go:z:0'], nodes: [
    ['axes', 'Range', ['zero', 'two', 'step'], { Tidx: INT }], ['zero', 'Sub', ['step', 'step'], { T: INT }], ['two', 'Add', ['step', 'step'], { T: INT }],
    ['sum', 'Sum', ['v', 'axes:output:0'], { keep_dims: false }], ['go', 'Greater', ['sum:output:0', 'limit'], { T: FLOAT }]] },
  { name: 'halve', inputs: ['v', 'limit', 'n', 'step'], outputs: ['half:z:0', 'limit', 'more:z:0', 'step'], nodes: [
    ['x4', 'Const', [], { dtype: FLOAT }],
    ['half', 'Mul', ['v', 'x4:output:0'], { T: FLOAT }], ['more', 'AddV2', ['n', 'step'], { T: INT }]] },
] });

// A recurrent layer as Keras exports it: x by time in a list, every state into a list of open elements.
const recurrent = graph('While: a recurrent layer with lists',
  [f32(5, 2, 3), f32(2, 4), constant(f32(3, 4)), constant(f32(4, 4)), scalar(0), scalar(1), constant(ints([-1, 3])), constant(ints([-1, 4])), scalar(5)], [
    ['xs', 'TensorListFromTensor', ['x0', 'x6'], { element_dtype: FLOAT, shape_type: INT }],
    ['hs', 'TensorListReserve', ['x7', 'x8'], { element_dtype: FLOAT, shape_type: INT }],
    ['loop', 'While', ['x4', 'x1', 'xs', 'hs', 'x5', 'x8', 'x2', 'x3'], {
      cond: call('more'), body: call('step'), T: [INT, FLOAT, 'DT_VARIANT', 'DT_VARIANT', INT, INT, FLOAT, FLOAT],
    }],
    ['y', 'TensorListStack', ['loop:3', 'x7'], { element_dtype: FLOAT, num_elements: 5 }],
    ['last', 'Identity', ['loop:1'], { T: FLOAT }],
  ], ['y', 'last'], { functions: [
    { name: 'more', inputs: ['t', 'h', 'xs', 'hs', 'one', 'n', 'w', 'u'], outputs: ['less:z:0'], nodes: [['less', 'Less', ['t', 'n'], { T: INT }]] },
    { name: 'step', inputs: ['t', 'h', 'xs', 'hs', 'one', 'n', 'w', 'u'], outputs: ['next:z:0', 'y:y:0', 'xs', 'put:output_handle:0', 'one', 'n', 'w', 'u'], nodes: [
      ['shape', 'Shape', ['xt:item:0'], {}],
      ['x6', 'Const', [], { dtype: INT }],
      ['xt', 'TensorListGetItem', ['xs', 't', 'x6:output:0'], { element_dtype: FLOAT }],
      ['a', 'MatMul', ['xt:item:0', 'w'], { transpose_a: false, transpose_b: false }], ['b', 'MatMul', ['h', 'u'], { transpose_a: false, transpose_b: false }],
      ['s', 'AddV2', ['a:product:0', 'b:product:0'], { T: FLOAT }], ['y', 'Tanh', ['s:z:0'], { T: FLOAT }],
      ['put', 'TensorListSetItem', ['hs', 't', 'y:y:0'], { element_dtype: FLOAT, resize_if_index_out_of_bounds: false }],
      ['next', 'AddV2', ['t', 'one'], { T: INT }]] },
  ] });

// for i < 3: for j < 2: x = x * w + j
const nested = graph('While inside While', [f32(2, 3), constant(f32(3)), scalar(0), scalar(1), scalar(3), scalar(2)], [
  ['loop', 'While', ['x2', 'x0', 'x1', 'x2', 'x3', 'x4', 'x5'], { cond: call('outer_more'), body: call('outer'), T: [INT, FLOAT, FLOAT, INT, INT, INT, INT] }],
  ['y', 'Identity', ['loop:1'], { T: FLOAT }],
], ['y'], { functions: [
  { name: 'outer_more', inputs: ['i', 'x', 'w', 'zero', 'one', 'n', 'm'], outputs: ['less:z:0'], nodes: [['less', 'Less', ['i', 'n'], { T: INT }]] },
  { name: 'outer', inputs: ['i', 'x', 'w', 'zero', 'one', 'n', 'm'], outputs: ['next:z:0', 'inner:output:1', 'w', 'zero', 'one', 'n', 'm'], nodes: [
    ['inner', 'StatelessWhile', ['zero', 'x', 'w', 'one', 'm'], { cond: call('inner_more'), body: call('inner'), T: [INT, FLOAT, FLOAT, INT, INT] }],
    ['next', 'AddV2', ['i', 'one'], { T: INT }]] },
  { name: 'inner_more', inputs: ['j', 'x', 'w', 'one', 'm'], outputs: ['less:z:0'], nodes: [['less', 'Less', ['j', 'm'], { T: INT }]] },
  { name: 'inner', inputs: ['j', 'x', 'w', 'one', 'm'], outputs: ['next:z:0', 'y:z:0', 'w', 'one', 'm'], nodes: [
    ['scaled', 'Mul', ['x', 'w'], { T: FLOAT }], ['jf', 'Cast', ['j'], { SrcT: INT, DstT: FLOAT, Truncate: false }],
    ['y', 'AddV2', ['scaled:z:0', 'jf:y:0'], { T: FLOAT }], ['next', 'AddV2', ['j', 'one'], { T: INT }]] },
] });

const branches = (flag, kind) => graph(`${kind}: ${flag}`, [bools(flag), f32(2, 3), constant(f32(3, 2))], [
  ['choice', kind, ['x0', 'x1', 'x2'], { then_branch: call('product'), else_branch: call('flat'), Tcond: 'DT_BOOL', Tin: [FLOAT, FLOAT], Tout: [FLOAT, FLOAT] }],
  ['y', 'Identity', ['choice'], { T: FLOAT }], ['z', 'Identity', ['choice:1'], { T: FLOAT }],
], ['y', 'z'], { functions: [
  { name: 'product', inputs: ['x', 'w'], outputs: ['p:product:0', 'n:y:0'], nodes: [['p', 'MatMul', ['x', 'w'], {}], ['n', 'Neg', ['x'], {}]] },
  { name: 'flat', inputs: ['x', 'w'], outputs: ['s:y:0', 'x'], nodes: [['s', 'Square', ['w'], {}]] },
] });

// Adds rows to x as long as it is short: another shape after every round.
const growing = graph('While: a state that grows', [f32(1, 3), scalar(0), scalar(1), scalar(4), scalar(0)], [
  ['loop', 'While', ['x1', 'x0', 'x2', 'x3', 'x4'], { cond: call('short'), body: call('longer'), T: [INT, FLOAT, INT, INT, INT] }],
  ['y', 'Mul', ['loop:1', 'loop:1'], { T: FLOAT }],
], ['y'], { functions: [
  { name: 'short', inputs: ['i', 'x', 'one', 'n', 'axis'], outputs: ['less:z:0'], nodes: [['less', 'Less', ['i', 'n'], { T: INT }]] },
  { name: 'longer', inputs: ['i', 'x', 'one', 'n', 'axis'], outputs: ['next:z:0', 'both:output:0', 'one', 'n', 'axis'], nodes: [
    ['twice', 'AddV2', ['x', 'x'], { T: FLOAT }], ['x4', 'Const', [], { dtype: INT }],
    ['both', 'ConcatV2', ['x', 'twice:z:0', 'x4:output:0'], { N: 2, T: FLOAT, Tidx: INT }],
    ['next', 'AddV2', ['i', 'one'], { T: INT }]] },
] });
growing.inputs[4] = constant(growing.inputs[4]);

// tf.while_loop of TensorFlow 1, as tf.nn.dynamic_rnn writes it: a TensorArray of inputs and one of outputs.
const arrayAttrs = { dtype: FLOAT, element_shape: { shape: { unknownRank: true } }, dynamic_size: false, clear_after_read: true, identical_element_shapes: true };
const frame = { frame_name: 'rnn', parallel_iterations: 32, is_constant: false };
const fixed = { ...frame, is_constant: true };
const firstRecurrent = graph('Enter, Merge, Switch, NextIteration, Exit: a recurrent layer with TensorArrays',
  [f32(5, 2, 3), f32(2, 4), constant(f32(3, 4)), constant(f32(4, 4)), constant(scalar(0)), constant(scalar(1)), constant(scalar(5)), constant(ints([0, 1, 2, 3, 4]))], [
    ['ins', 'TensorArrayV3', ['x6'], { ...arrayAttrs, tensor_array_name: 'in' }],
    ['unstack', 'TensorArrayScatterV3', ['ins', 'x7', 'x0', 'ins:1'], { T: FLOAT }],
    ['outs', 'TensorArrayV3', ['x6'], { ...arrayAttrs, tensor_array_name: 'out' }],
    ['e_t', 'Enter', ['x4'], frame], ['e_h', 'Enter', ['x1'], frame], ['e_flow', 'Enter', ['outs:1'], frame],
    ['e_ins', 'Enter', ['ins'], fixed], ['e_in_flow', 'Enter', ['unstack'], fixed], ['e_outs', 'Enter', ['outs'], fixed],
    ['e_n', 'Enter', ['x6'], fixed], ['e_w', 'Enter', ['x2'], fixed], ['e_u', 'Enter', ['x3'], fixed],
    ['m_t', 'Merge', ['e_t', 'n_t'], { N: 2 }], ['m_h', 'Merge', ['e_h', 'n_h'], { N: 2 }], ['m_flow', 'Merge', ['e_flow', 'n_flow'], { N: 2 }],
    ['less', 'Less', ['m_t', 'e_n'], {}], ['cond', 'LoopCond', ['less'], {}],
    ['s_t', 'Switch', ['m_t', 'cond'], {}], ['s_h', 'Switch', ['m_h', 'cond'], {}], ['s_flow', 'Switch', ['m_flow', 'cond'], {}],
    ['t', 'Identity', ['s_t:1'], {}], ['h', 'Identity', ['s_h:1'], {}],
    ['xt', 'TensorArrayReadV3', ['e_ins', 't', 'e_in_flow'], { dtype: FLOAT }],
    ['a', 'MatMul', ['xt', 'e_w'], {}], ['b', 'MatMul', ['h', 'e_u'], {}], ['sum', 'Add', ['a', 'b'], {}], ['act', 'Tanh', ['sum'], {}],
    ['write', 'TensorArrayWriteV3', ['e_outs', 't', 'act', 's_flow:1'], { T: FLOAT }],
    ['one', 'Const', ['^t'], { dtype: INT }], ['more', 'Add', ['t', 'x5'], {}],
    ['n_t', 'NextIteration', ['more'], {}], ['n_h', 'NextIteration', ['act'], {}], ['n_flow', 'NextIteration', ['write'], {}],
    ['x_h', 'Exit', ['s_h'], {}], ['x_flow', 'Exit', ['s_flow'], {}],
    ['y', 'TensorArrayGatherV3', ['outs', 'x7', 'x_flow'], { dtype: FLOAT, element_shape: shapeAttr(2, 4) }],
    ['last', 'Identity', ['x_h'], {}],
  ], ['y', 'last']);

// tf.cond of TensorFlow 1, one condition inside another.
const firstChoice = (a, b) => graph(`Switch and Merge: ${a} ${b}`, [bools(a), bools(b), f32(2, 3)], [
  ['sx', 'Switch', ['x2', 'x0'], { T: FLOAT }], ['sp', 'Switch', ['x1', 'x0'], { T: 'DT_BOOL' }],
  ['neg', 'Neg', ['sx:1'], {}],
  ['inner', 'Switch', ['neg', 'sp:1'], { T: FLOAT }],
  ['sq', 'Square', ['inner:1'], {}], ['ab', 'Abs', ['inner'], {}],
  ['m', 'Merge', ['ab', 'sq'], { N: 2, T: FLOAT }],
  ['twice', 'Add', ['sx', 'sx'], {}],
  ['y', 'Merge', ['twice', 'm'], { N: 2, T: FLOAT }],
]);

const element = constant(ints([2]));
const lists = [
  graph('TensorListFromTensor, Gather, Length', [f32(4, 2), element, ints([3, 0, 2])], [
    ['l', 'TensorListFromTensor', ['x0', 'x1'], { element_dtype: FLOAT, shape_type: INT }],
    ['y', 'TensorListGather', ['l', 'x2', 'x1'], { element_dtype: FLOAT }], ['n', 'TensorListLength', ['l'], {}],
  ], ['y', 'n']),
  graph('TensorListScatterV2, GetItem', [f32(3, 2), ints([2, 0, 1]), element, scalar(3), scalar(1)], [
    ['l', 'TensorListScatterV2', ['x0', 'x1', 'x2', 'x3'], { element_dtype: FLOAT, shape_type: INT }],
    ['y', 'TensorListStack', ['l', 'x2'], { element_dtype: FLOAT, num_elements: 3 }],
    ['z', 'TensorListGetItem', ['l', 'x4', 'x2'], { element_dtype: FLOAT }],
  ], ['y', 'z']),
  graph('TensorListPushBack, PopBack', [f32(2), f32(2), element, scalar(8)], [
    ['e', 'EmptyTensorList', ['x2', 'x3'], { element_dtype: FLOAT, shape_type: INT }],
    ['a', 'TensorListPushBack', ['e', 'x0'], { element_dtype: FLOAT }], ['b', 'TensorListPushBack', ['a', 'x1'], { element_dtype: FLOAT }],
    ['y', 'TensorListStack', ['b', 'x2'], { element_dtype: FLOAT, num_elements: 2 }],
  ]),
  graph('TensorArray: Scatter, Gather, Size', [f32(3, 2), ints([2, 0, 1]), scalar(3), ints([0, 2])], [
    ['ta', 'TensorArrayV3', ['x2'], { ...arrayAttrs, tensor_array_name: 'ta' }],
    ['s', 'TensorArrayScatterV3', ['ta', 'x1', 'x0', 'ta:1'], { T: FLOAT }],
    ['y', 'TensorArrayGatherV3', ['ta', 'x3', 's'], { dtype: FLOAT, element_shape: shapeAttr(2) }],
    ['n', 'TensorArraySizeV3', ['ta', 's'], {}],
  ], ['y', 'n']),
];

module.exports = [
  halving, recurrent, nested, growing, firstRecurrent,
  branches(true, 'If'), branches(false, 'If'), branches(true, 'StatelessIf'), branches(false, 'StatelessIf'),
  firstChoice(true, true), firstChoice(true, false), firstChoice(false, true),
  ...lists,
  graph('IdentityN, Snapshot, StopGradient, Print', [f32(2, 3), i32(2)], [
    ['n', 'IdentityN', ['x0', 'x1'], { T: [FLOAT, INT] }], ['s', 'Snapshot', ['n'], {}], ['g', 'StopGradient', ['s'], {}], ['y', 'Neg', ['g'], {}], ['z', 'Neg', ['n:1'], {}],
  ], ['y', 'z']),
  op('FakeQuantWithMinMaxVars', [f32(2, 3), constant(floats(-0.5, [])), constant(floats(0.5, []))], { num_bits: 8, narrow_range: false }),
  op('Rank', [f32(2, 3, 4)]), op('Size', [f32(2, 3, 4)], { out_type: INT }), op('Shape', [f32(2, 3, 4)], { out_type: INT }),
  graph('ShapeN', [f32(2, 3), f32(4)], [['s', 'ShapeN', ['x0', 'x1'], { N: 2 }], ['a', 'Cast', ['s'], { SrcT: INT, DstT: INT }], ['b', 'Cast', ['s:1'], { SrcT: INT, DstT: INT }]], ['a', 'b']),
  graph('LookupTableFindV2, LookupTableSizeV2', [ints([5, -2, 9]), constant(floats([0.5, 1.5, 2.5])), list('int32', [9, 4, 5, 5]), constant(floats(-1, []))], [
    ['table', 'HashTableV2', [], { key_dtype: INT, value_dtype: FLOAT, shared_name: 't', container: '', use_node_name_sharing: true }],
    ['y', 'LookupTableFindV2', ['table', 'x2', 'x3'], { Tin: INT, Tout: FLOAT }],
    ['n', 'LookupTableSizeV2', ['table'], {}],
  ], ['y', 'n'], { initializer: [
    ['table', 'HashTableV2', [], { key_dtype: INT, value_dtype: FLOAT, shared_name: 't', container: '', use_node_name_sharing: true }],
    ['init', 'LookupTableImportV2', ['table', 'x0', 'x1'], { Tin: INT, Tout: FLOAT }],
  ] }),
];
