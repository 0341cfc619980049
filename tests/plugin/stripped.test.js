'use strict';
// tools/build --ops-of: binaries with the operators of given models run those models, to the bit, and refuse others in a sentence.

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const zlib = require('node:zlib');
const test = require('node:test');
const { ROOT, readModel, requireBuilt } = require('./programs.js');

const MODELS = ['short', 'tfjs-front'];
const FACE_MODELS = ['short', 'full', 'full-sparse', 'mesh', 'tfjs-front', 'tfjs-back', 'tfjs-mesh'];
const DIRECTORY = path.join(ROOT, 'build/models/wasm');

function fileOf(id) {
  const directory = path.join(ROOT, '.cache/models', id);
  requireBuilt(path.relative(ROOT, directory), 'tools/setup');
  return ['model.tflite', 'model.json'].map((name) => path.join(directory, name)).find((file) => fs.existsSync(file));
}

async function run(id, options) {
  const { loadModel } = require(ROOT);
  const model = await loadModel(readModel(id), options);
  const inputs = model.inputs.map(({ shape }) => Float32Array.from({ length: shape.reduce((n, d) => n * Math.abs(d), 1) }, (_, i) => Math.sin(i)));
  const outputs = model.run(inputs);
  model.dispose();
  return Object.entries(outputs).map(([name, { shape, data }]) => ({ name, shape: [...shape], bits: [...new Uint32Array(data.slice().buffer)] }));
}

test('the build of the face operators runs the face models with the same bits, and refuses loops', async (t) => {
  const packed = path.join(ROOT, 'build/plain/wxnn-plain-faces.wasm.br');
  requireBuilt(path.relative(ROOT, packed), 'tools/build plain');
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'wxnn-faces-'));
  t.after(() => fs.rmSync(directory, { recursive: true }));
  fs.copyFileSync(packed, path.join(directory, 'wxnn-plain.wasm.br'));
  fs.copyFileSync(path.join(ROOT, 'plugin/wasm/wxnn-simd.wasm.br'), path.join(directory, 'wxnn-simd.wasm.br'));
  for (const id of FACE_MODELS) {
    assert.deepEqual(await run(id, { variant: 'simd', wasmPath: directory }), await run(id, { variant: 'simd' }), id);
  }
  const int = (name) => ({ name, op: 'Placeholder', attr: { dtype: { type: 'DT_FLOAT' }, shape: { shape: { dim: [{ size: '2' }] } } } });
  const model = { format: 'graph-model', modelTopology: { node: [int('x'), { name: 'y', op: 'Exit', input: ['x'] }] }, weightsManifest: [] };
  const { loadModel } = require(ROOT);
  const options = { variant: 'simd', wasmPath: directory };
  await assert.rejects(loadModel({ model, weights: [] }, options), /Exit/);

  // A shape that is computed is refused (WXNN_PLANNED_SHAPES), a filter that is computed is not.
  const graph = (...node) => ({ model: { format: 'graph-model', modelTopology: { node }, weightsManifest: [] }, weights: [] });
  const input = (name, type, ...size) => (
    { name, op: 'Placeholder', attr: { dtype: { type }, shape: { shape: { dim: size.map((n) => ({ size: String(n) })) } } } });
  const reshape = graph(input('x', 'DT_FLOAT', 6), input('s', 'DT_INT32', 2), { name: 'y', op: 'Reshape', input: ['x', 's'] });
  await assert.rejects(loadModel(reshape, options), /"y" \(Reshape\).*shape is not known/);
  const convolution = graph(input('x', 'DT_FLOAT', 1, 2, 2, 1), input('w', 'DT_FLOAT', 1, 1, 1, 2), {
    name: 'y', op: 'Conv2D', input: ['x', 'w'],
    attr: { strides: { list: { i: ['1', '1', '1', '1'] } }, padding: { s: Buffer.from('VALID').toString('base64') }, data_format: { s: Buffer.from('NHWC').toString('base64') } },
  });
  const computed = await loadModel(convolution, options);
  for (const w of [[1, 2], [3, -1]]) {
    const { data } = Object.values(computed.run({ x: Float32Array.of(1, 2, 3, 4), w: Float32Array.from(w) }))[0];
    assert.deepEqual([...data], [1, 2, 3, 4].flatMap((x) => w.map((factor) => x * factor)));
  }
  computed.dispose();
});

test('a build for some models', async (t) => {
  requireBuilt('build/node/index.js', 'tools/build');
  const { status, stderr, stdout } = spawnSync('tools/build', ['--ops-of', MODELS.map(fileOf).join(',')], { cwd: ROOT, encoding: 'utf8' });
  assert.equal(status, 0, stderr + stdout);

  for (const variant of ['plain', 'simd']) {
    await t.test(`${variant}: runs them with the same bits as the build of all operators, and is smaller`, async () => {
      for (const id of MODELS) assert.deepEqual(await run(id, { variant, wasmPath: DIRECTORY }), await run(id, { variant }));
      const packed = [DIRECTORY, path.join(ROOT, 'plugin/wasm')].map((d) => fs.readFileSync(path.join(d, `wxnn-${variant}.wasm.br`)));
      const [mine, all] = packed.map((bytes) => zlib.brotliDecompressSync(bytes).length); // whichever encoder made them
      assert.ok(variant === 'simd' ? mine === all : mine < all * 0.8, `${mine} bytes, ${all} with all operators`);
      assert.match(stdout, new RegExp(`wxnn-${variant}.wasm.br: ${packed[0].length} bytes`));
    });
  }

  await t.test('lists the operators that another model lacks', async () => {
    await assert.rejects(run('full', { variant: 'plain', wasmPath: DIRECTORY }), /operators? that this build does not have: .*\("/);
  });

  await t.test('a file that is no model is named', () => {
    const bad = spawnSync('tools/build', ['--ops-of', 'package.json'], { cwd: ROOT, encoding: 'utf8' });
    assert.notEqual(bad.status, 0);
    assert.match(bad.stderr, /package\.json: /);
  });
});
