'use strict';
// A model whose operators the inference profile lacks is loaded with the binary that has them all, where the package has it: without
// a request for it before one is needed; elsewhere the sentence says who has them.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const test = require('node:test');
const { FAKE_BINARIES, MODEL } = require('./fake_engine.js');
const { ROOT, createFakeProgram, createRealProgram, readModel, requireBuilt } = require('./programs.js');
const { entries } = require('../../tools/fetch_models.js');
const { GraphBuilder } = require('../tfjs/model_files.js');

const MISSING = '1 node needs an operator that this build does not have: Cumprod ("y")';
const ELSEWHERE = 'the package that tools/package --tfjs makes has every operator';
const FULL = { '/wasm/wxnn-plain-tfjs.wasm.br': FAKE_BINARIES['/wasm/wxnn-plain.wasm.br'] };
const SMALL_FILES = ['/wasm/wxnn-plain.wasm.br', '/wasm/wxnn-simd.wasm.br'];
const FULL_FILES = ['/wasm/wxnn-plain-tfjs.wasm.br', '/wasm/wxnn-simd.wasm.br'];
const INPUT = () => Float32Array.of(1, 2, 3, 4);

const paths = ({ log }) => log.instantiations.map((entry) => entry.path);
/** The fake engine of the smaller binary refuses `MODEL`; the other one takes it. */
const lacking = (variant, file) => ({ refusal: /-tfjs/.test(file) ? undefined : MISSING });

/** y = the cumulative product of x [1,4], as a node of its own: no model of a phone has it. */
function products() {
  const graph = new GraphBuilder();
  graph.node('y', 'Cumprod', [graph.placeholder('x', [1, 4]), graph.constant('axis', [], [1], 'int32')], { Tidx: { type: 'DT_INT32' } });
  const { weightData, ...model } = graph.artifacts(['y']);
  return { model, weights: weightData };
}

test('the binary with every operator takes over, is asked for then only, and serves what is loaded later', async () => {
  let lacks = false;
  const program = createFakeProgram((variant, file) => (lacks ? lacking(variant, file) : {}), { packageFiles: FULL });
  await program.wxnn.loadModel(MODEL, { variant: 'simd' });
  assert.deepEqual(paths(program), SMALL_FILES);

  lacks = true;
  const other = createFakeProgram(lacking, { packageFiles: FULL });
  const model = await other.wxnn.loadModel(MODEL);
  assert.deepEqual(paths(other), [...SMALL_FILES, ...FULL_FILES]);
  assert.deepEqual([...model.run(INPUT()).y.data], [2, 4, 6, 8]);
  assert.equal(model.backend.variant, 'simd');
  assert.equal([...model.backend.reasons].pop(), `with every operator: the model: ${MISSING}`);
  await other.wxnn.loadModel(MODEL);
  assert.equal(paths(other).length, 4);
});

test('another failure is no reason to ask for it', async () => {
  const program = createFakeProgram({}, { packageFiles: FULL });
  await assert.rejects(program.wxnn.loadModel(Buffer.from('\0\0\0\0TFL3 other')), { message: 'the model: the file is broken at byte 8' });
  assert.deepEqual(paths(program), SMALL_FILES);
});

test('operators that both lack are named by the one that has more', async () => {
  const program = createFakeProgram((variant, file) => ({ refusal: /-tfjs/.test(file) ? MISSING.replace('Cumprod', 'Other') : MISSING }), { packageFiles: FULL });
  await assert.rejects(program.wxnn.loadModel(MODEL), { message: `the model: ${MISSING.replace('Cumprod', 'Other')}` });
});

test('a package without it says which has the operators, and the next call works', async (t) => {
  const { bundleAdapter } = require('../../tools/bundle.js');
  const pluginRoot = fs.mkdtempSync(path.join(os.tmpdir(), 'wxnn-plugin-'));
  t.after(() => fs.rmSync(pluginRoot, { recursive: true }));
  await bundleAdapter(pluginRoot, '/wasm', ['']);
  fs.copyFileSync(path.join(ROOT, 'plugin/plugin.json'), path.join(pluginRoot, 'plugin.json'));
  let lacks = true;
  const program = createFakeProgram((...of) => (lacks ? lacking(...of) : {}), { pluginRoot });
  await assert.rejects(program.wxnn.loadModel(MODEL), { message: `the model: ${MISSING}; ${ELSEWHERE}.` });
  assert.deepEqual(paths(program), SMALL_FILES);
  lacks = false;
  const again = createFakeProgram({}, { pluginRoot });
  assert.deepEqual([...(await again.wxnn.loadModel(MODEL)).run(INPUT()).y.data], [2, 4, 6, 8]);
});

test('where its file is gone, the sentence is the same', async () => {
  const { wxnn } = createFakeProgram(lacking, { packageFiles: { '/lib/wxnn-plain.wasm.br': FAKE_BINARIES['/wasm/wxnn-plain.wasm.br'] } });
  await assert.rejects(wxnn.loadModel(MODEL, { variant: 'plain', wasmPath: '/lib' }), { message: `the model: ${MISSING}; ${ELSEWHERE}.` });
});

test('a worker falls back likewise, and so does the main thread in its place', async () => {
  const script = 'build/worker/wxnn.js';
  requireBuilt(script, 'node tools/bundle.js');
  const packageFiles = { ...FULL, '/workers/wxnn.js': fs.readFileSync(path.join(ROOT, script)) };
  for (const noWorker of [false, true]) {
    const program = createFakeProgram(lacking, { packageFiles, faults: { noWorker } });
    const model = await program.wxnn.loadModel(MODEL, { worker: true });
    assert.deepEqual([...(await model.runAsync(INPUT())).y.data], [2, 4, 6, 8]);
    assert.ok(model.backend.reasons.includes(`with every operator: the model: ${MISSING}`), model.backend.reasons.join('; '));
    assert.equal([...model.backend.reasons].pop(), noWorker ? 'on the main thread' : 'in a worker');
  }
});

test('with the real binaries, in the simulator and in Node', async (t) => {
  const expected = [1, 2, 6, 24];
  await t.test('simulator', async () => {
    requireBuilt('plugin/wasm/wxnn-plain-tfjs.wasm.br', 'tools/build');
    const program = createRealProgram();
    const model = await program.wxnn.loadModel(products());
    assert.deepEqual([...model.run(INPUT()).y.data], expected);
    assert.deepEqual(paths(program), [...SMALL_FILES, ...FULL_FILES]);
  });
  for (const variant of ['plain', 'simd']) {
    await t.test(`Node, ${variant}`, async () => {
      const model = await require(ROOT).loadModel(products(), { variant });
      assert.deepEqual([...model.run(INPUT()).y.data], expected);
      assert.match(model.backend.reasons.join('; '), /with every operator: the model: 1 node needs an operator that this build does not have: Cumprod \("y"\)/);
      model.dispose();
    });
  }
});

test('a detector goes where its mesh model had to', async () => {
  const full = readModel('full'), mesh = readModel('tfjs-mesh');
  // The smaller binary of this folder has the operators of the .tflite models alone.
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wxnn-wasm-'));
  try {
    requireBuilt('build/plain/wxnn-plain-faces.wasm.br', 'tools/build plain');
    fs.copyFileSync(path.join(ROOT, 'build/plain/wxnn-plain-faces.wasm.br'), path.join(folder, 'wxnn-plain.wasm.br'));
    for (const file of ['wxnn-simd.wasm.br', 'wxnn-plain-tfjs.wasm.br']) fs.copyFileSync(path.join(ROOT, 'plugin/wasm', file), path.join(folder, file));
    const { loadModel, createFaceDetector } = require(ROOT);
    const alone = await loadModel(full, { variant: 'simd', wasmPath: folder });
    assert.doesNotMatch(alone.backend.reasons.join('; '), /every operator/);
    const detector = await createFaceDetector({ model: full, meshModel: mesh, variant: 'simd', wasmPath: folder });
    assert.deepEqual(detector.detect(new Uint8Array(4 * 64 * 64), 64, 64), []);
    detector.dispose();
    alone.dispose();
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
});

test('no fetched model needs the larger binary', async () => {
  const folder = path.join(ROOT, '.cache/models');
  requireBuilt('.cache/models', 'tools/setup');
  const refused = entries.filter((e) => e.refused).map((e) => e.id);
  const files = fs.readdirSync(folder).filter((id) => !refused.includes(id)).flatMap((id) => ['model.tflite', 'model.json'].map((name) => path.join(folder, id, name))).filter(fs.existsSync);
  assert.ok(files.length >= 10, `${files.length} models`);
  let loaded = 0;
  for (const file of files) {
    const json = file.endsWith('.json') && JSON.parse(fs.readFileSync(file, 'utf8'));
    if (json && json.modelTopology.model_config) continue;  // a layers model has no graph
    // Named, so that it is not the engine which the tests above have left running.
    const model = await require(ROOT).loadModel(file, { variant: 'simd', wasmPath: path.join(ROOT, 'plugin/wasm') });
    assert.doesNotMatch(model.backend.reasons.join('; '), /every operator/, file);
    model.dispose();
    loaded++;
  }
  assert.ok(loaded >= 10);
});
