'use strict';
// Numeric operators: convolutions, pools, matrices, element-wise, reductions, pictures.
const { op, f32, i32, constant, within } = require('../one_node.js');

const nhwc = { data_format: 'NHWC', dilations: [1, 1, 1, 1] };
const unary = (names, input) => names.map((name) => op(name, [input]));
const binary = (names, ...inputs) => names.map((name) => op(name, inputs));

module.exports = [
  ...unary(['Abs', 'Neg', 'Sign', 'Square', 'Relu', 'Relu6'], within(-20, 20, i32(3, 5))),
  ...unary(['Ceil', 'Floor', 'Round', 'Exp', 'Sin', 'Sigmoid', 'Tanh', 'Elu', 'Selu', 'Softplus', 'Erf', 'LeakyRelu'], within(-4, 4, f32(3, 5))),
  ...binary(['Add', 'AddV2', 'Sub', 'Mul', 'Maximum', 'Minimum', 'SquaredDifference'], i32(2, 3, 4), i32(3, 1)),
  ...binary(['Add', 'Sub', 'Mul', 'RealDiv', 'Div', 'Maximum', 'Minimum', 'SquaredDifference', 'FloorMod'], f32(2, 1, 4), f32(3, 1)),
  op('Conv2D', [f32(2, 9, 8, 3), constant(f32(3, 3, 3, 5))], { strides: [1, 2, 2, 1], padding: 'SAME', ...nhwc }),
];
