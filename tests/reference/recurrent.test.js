'use strict';
// Recurrent operators of TensorFlow Lite next to TensorFlow.js's layers of the same weights, which keep their state from run to run.

const assert = require('node:assert/strict');
const path = require('node:path');
const test = require('node:test');
const tf = require('@tensorflow/tfjs-core');
const layers = require('@tensorflow/tfjs-layers');
require('@tensorflow/tfjs-backend-cpu');
const { binaries } = require('./one_node.js');
const { tfliteFile, int, float } = require('./flat_file.js');

tf.env().set('PROD', true);

const wxnn = require(path.join(__dirname, '../..'));

const BATCH = 2, TIME = 5, IN = 3, UNITS = 4;
const TANH = int(4), NO = int(0);
const [LSTM, BIDIRECTIONAL_LSTM, RNN, BIDIRECTIONAL_RNN] = [44, 52, 35, 46];

let state = 7;
const numbers = (count) => Float32Array.from({ length: count }, () => {
  state = (Math.imul(state, 1664525) + 1013904223) | 0;
  return (state >>> 8) / 2 ** 24 - 0.5;
});

/** Keras's kernels for so many gates: [inputs, gates * units], [units, gates * units], [gates * units]. */
const kernels = (gates) => [[IN, gates * UNITS], [UNITS, gates * UNITS], [gates * UNITS]].map((shape) => ({ shape, data: numbers(shape.reduce((n, d) => n * d)) }));

/** Gate g of a kernel as TensorFlow Lite has it: [units, rows]; of a bias [units]. */
function gate({ shape, data }, g) {
  const [rows, columns] = shape.length === 2 ? shape : [1, shape[0]];
  const part = Float32Array.from({ length: UNITS * rows }, (_, i) => data[(i % rows) * columns + g * UNITS + Math.floor(i / rows)]);
  return { shape: shape.length === 2 ? [UNITS, rows] : [UNITS], data: part };
}

/** Tensors of a file under construction. */
function file() {
  const tensors = [{ shape: [BATCH, TIME, IN] }];
  const add = (tensor) => tensors.push(tensor) - 1;
  return { tensors, add, gates: (kernel, order) => order.map((g) => add(gate(kernel, g))), variable: () => add({ shape: [BATCH, UNITS], variable: true }) };
}

/** x is input 0; Keras's gates stand in the order input, forget, cell, output, as TensorFlow Lite's do. */
const lstmInputs = (f, [w, u, b]) => [...f.gates(w, [0, 1, 2, 3]), ...f.gates(u, [0, 1, 2, 3]), -1, -1, -1, ...f.gates(b, [0, 1, 2, 3]), -1, -1];
const rnnInputs = (f, [w, u, b]) => [...f.gates(w, [0]), ...f.gates(u, [0]), ...f.gates(b, [0])];

function build(code, ways) {
  const f = file();
  const both = ways.length === 2;
  const isLstm = code === LSTM || code === BIDIRECTIONAL_LSTM;
  const inputs = [0, ...ways.flatMap((way) => (isLstm ? lstmInputs(f, way) : [...rnnInputs(f, way), f.variable()]))];
  if (isLstm) for (let i = 0; i < 2 * ways.length; i++) inputs.push(f.variable());
  const empty = { [LSTM]: 4, [BIDIRECTIONAL_LSTM]: 9, [RNN]: 0, [BIDIRECTIONAL_RNN]: 3 }[code];
  for (let i = 0; i < empty; i++) inputs.push(-1);
  const output = f.add({ shape: [BATCH, TIME, UNITS * ways.length] });
  const options = {
    [LSTM]: [71, [TANH, float(0), float(0), NO]], [BIDIRECTIONAL_LSTM]: [69, [TANH, float(0), float(0), int(1), NO]],
    [RNN]: [31, [NO, TANH]], [BIDIRECTIONAL_RNN]: [70, [NO, TANH, int(both ? 1 : 0)]],
  }[code];
  return tfliteFile({ tensors: f.tensors, inputs: [0], outputs: [output], nodes: [{ code, inputs, outputs: [output], options }] });
}

function layer(code, ways) {
  const options = { units: UNITS, returnSequences: true, stateful: true, recurrentInitializer: 'zeros', recurrentActivation: 'sigmoid', unitForgetBias: false };
  const one = code === LSTM || code === BIDIRECTIONAL_LSTM ? layers.layers.lstm(options) : layers.layers.simpleRNN(options);
  const input = layers.input({ batchShape: [BATCH, TIME, IN] });
  const top = ways.length === 2 ? layers.layers.bidirectional({ layer: one, mergeMode: 'concat' }) : one;
  const model = layers.model({ inputs: input, outputs: top.apply(input) });
  top.setWeights(ways.flat().map(({ shape, data }) => tf.tensor(data, shape)));
  return model;
}

for (const [name, code, gates, count] of [['LSTM', LSTM, 4, 1], ['bidirectional LSTM', BIDIRECTIONAL_LSTM, 4, 2], ['RNN', RNN, 1, 1], ['bidirectional RNN', BIDIRECTIONAL_RNN, 1, 2]]) {
  test(`${name}: three runs, and two after a reset, are TensorFlow.js's stateful layer`, async () => {
    await tf.setBackend('cpu');
    const ways = Array.from({ length: count }, () => kernels(gates));
    const theirs = layer(code, ways);
    const ours = await wxnn.loadModel(build(code, ways), { variant: 'simd', wasmPath: binaries() });
    for (let run = 0; run < 5; run++) {
      if (run === 3) {
        ours.resetState();
        theirs.resetStates();
      }
      const x = numbers(BATCH * TIME * IN);
      const want = await /** @type {any} */ (theirs.predict(tf.tensor(x, [BATCH, TIME, IN]), { batchSize: BATCH })).data();
      const [{ data }] = Object.values(ours.run(x));
      want.forEach((value, i) => assert.ok(Math.abs(value - data[i]) < 2e-6, `run ${run}, [${i}]: ours ${data[i]}, TensorFlow.js ${value}`));
      assert.equal(data.length, want.length);
    }
    ours.dispose();
  });
}
