'use strict';
// Loops, conditions and shapes that depend on data: graphs of TensorFlow converted to .tflite, whose sub-graphs LiteRT in Chromium and
// our engine run, against TensorFlow.js's CPU backend on the source.

const { test } = require('node:test');
const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { referenceOutputs } = require('../reference');
const { prepare, runTfjs, graph, f32, constant, ints, floats } = require('../reference/one_node.js');

const bin = path.join(__dirname, '../../build/native');
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wxnn-flow-'));
test.after(() => fs.rmSync(folder, { recursive: true }));
const seed = Number(process.env.WXNN_SEED || 1);

const run = (program, args, input) => spawnSync(path.join(bin, program), args, { input, encoding: 'utf8', maxBuffer: 1 << 28 });

function difference(runtime, got, want, tolerance) {
  assert.deepEqual(got.shape, want.shape, `${runtime}: ${want.name} is [${got.shape}], TensorFlow.js says [${want.shape}]`);
  const largest = want.data.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  want.data.forEach((w, i) => {
    const near = Object.is(Number(got.data[i]), w) || Math.abs(got.data[i] - w) <= tolerance * largest;
    assert.ok(near, `${runtime}: ${want.name}[${i}] is ${got.data[i]}, TensorFlow.js says ${w}`);
  });
}

/** Converts a case and runs it everywhere. `custom`: TensorFlow Lite lacks an operator of it. */
async function compare(one, index, custom) {
  const { data, model } = prepare(one, seed);
  const source = path.join(folder, `${index}.json`), output = path.join(folder, `${index}.tflite`);
  fs.writeFileSync(path.join(folder, `${index}.bin`), model.weights);
  fs.writeFileSync(source, JSON.stringify({ ...model.model, weightsManifest: [{ ...model.model.weightsManifest[0], paths: [`${index}.bin`] }] }));
  const report = `${output}.json`;
  const plain = run('wxnn_convert', [source, '-o', output, '--report', report]);
  if (custom) {
    assert.match(plain.stderr, /TensorFlow Lite does not have/);
    assert.equal(plain.status, 1);
    const { status, stderr } = run('wxnn_convert', [source, '-o', output, '--custom-ops']);
    assert.equal(status, 0, stderr);
  } else {
    assert.equal(plain.status, 0, plain.stderr);
  }
  const inputs = one.inputs.map((x, i) => ({ name: `x${i}`, ...x, data: data[`x${i}`] })).filter((x) => !x.constant);
  const said = await runTfjs(one, model, data);
  const wanted = one.outputs.map((name) => ({ name, shape: said[name].shape, data: Array.from(said[name].data, Number) }));
  const ours = run('wxnn_run_model', [output], JSON.stringify(Object.fromEntries(inputs.map((x) => [x.name, Array.from(x.data)]))));
  assert.equal(ours.status, 0, ours.stderr);
  JSON.parse(ours.stdout).forEach((got, k) => difference('wxnn', got, wanted[k], 1e-5));
  // LiteRT.js has no inputs of bools, and outputs of known sizes only.
  if (custom || inputs.some((x) => x.dtype === 'bool') || JSON.parse(fs.readFileSync(report, 'utf8')).outputs.some((o) => o.shape === null)) return;
  const theirs = await referenceOutputs({ model: output, inputs, cache: false });
  theirs.forEach((got, k) => difference('LiteRT', got, wanted[k], 1e-5));
}

// What needs operators that TensorFlow Lite lacks: lists that grow, tables.
const CUSTOM = ['TensorListScatterV2', 'TensorListPushBack', 'TensorArray: Scatter'];
// A table that another graph fills.
const REFUSED = ['LookupTableFindV2'];
for (const [i, one] of require('../reference/ops/flow.js').entries()) {
  if (REFUSED.some((title) => one.title.startsWith(title))) continue;
  test(`${one.title}, seed ${seed}`, () => compare(one, `flow${i}`, CUSTOM.some((title) => one.title.startsWith(title))));
}

const scalar = (n) => ints(n, []);
const boxes = [f32(20, 4), f32(20), scalar(7), constant(floats(0.3, [])), constant(floats(0.1, []))];
const length = { ...ints([4], []), constant: false };
const LATE = [
  graph('NonMaxSuppressionV3, and the boxes that it keeps', [...boxes, scalar(0)],
    [['kept', 'NonMaxSuppressionV3', ['x0', 'x1', 'x2', 'x3', 'x4'], {}], ['y', 'GatherV2', ['x0', 'kept', 'x5'], {}], ['k', 'Identity', ['kept'], {}]], ['y', 'k']),
  graph('NonMaxSuppressionV4, padded', boxes,
    [['y', 'NonMaxSuppressionV4', ['x0', 'x1', 'x2', 'x3', 'x4'], { pad_to_max_output_size: true }]], ['y', 'y:1']),
  graph('NonMaxSuppressionV5', [...boxes, constant(floats(0.5, []))],
    [['y', 'NonMaxSuppressionV5', ['x0', 'x1', 'x2', 'x3', 'x4', 'x5'], {}]], ['y', 'y:1']),
  graph('numbers that a condition picks', [f32(6, 5), constant(floats([0], [])), constant(ints([-1]))], [
    ['above', 'Greater', ['x0', 'x1'], {}], ['places', 'Where', ['above'], {}], ['y', 'GatherNd', ['x0', 'places'], {}],
    ['flat', 'Reshape', ['places', 'x2'], {}], ['twice', 'AddV2', ['flat', 'flat'], {}]], ['y', 'twice']),
  graph('Range and Tile of a length that is an input', [length, f32(2, 3), scalar(0), scalar(1)],
    [['r', 'Range', ['x2', 'x0', 'x3'], {}], ['reps', 'Pack', ['x0', 'x3'], { axis: 0, N: 2 }], ['y', 'Tile', ['x1', 'reps'], {}]], ['r', 'y']),
  graph('Reshape, Fill and Slice of sizes that are inputs', [{ ...ints([4, 3]), constant: false }, f32(2, 6), constant(ints([0, 0]))],
    [['y', 'Reshape', ['x1', 'x0'], {}], ['s', 'Slice', ['y', 'x2', 'x0'], {}], ['e', 'Exp', ['s'], {}]], ['y', 'e']),
];
for (const [i, one] of LATE.entries()) {
  test(`${one.title}, seed ${seed}`, () => compare(one, `late${i}`, false));
}

test('of a damaged file one sentence is said, and nothing else', () => {
  const node = Buffer.concat([Buffer.from([0x0a, 1, 0xff, 0x12, 4]), Buffer.from('Relu')]);   // a name that is no UTF-8
  const file = path.join(folder, 'damaged.pb');
  fs.writeFileSync(file, Buffer.concat([Buffer.from([0x0a, node.length]), node]));
  const { status, stderr } = run('wxnn_convert', [file]);
  assert.equal(status, 1);
  assert.match(stderr, /^tools\/convert: [^\n]+\.\n$/);
});
