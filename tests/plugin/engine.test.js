'use strict';
// Which build of the engine is loaded, how often it is tried, and what is said when it cannot be.

const assert = require('node:assert/strict');
const test = require('node:test');
const { createFakeProgram } = require('./programs.js');
const { MODEL } = require('./fake_engine.js');

const paths = ({ log }) => log.instantiations.map(({ path }) => path);

for (const resultShape of ['instance', 'both']) {
  test(`loads where instantiate gives ${resultShape === 'both' ? '{instance, module}' : 'an Instance'}`, async () => {
    const program = createFakeProgram({}, { resultShape });
    const model = await program.wxnn.loadModel(MODEL);
    assert.deepEqual([...model.run(Float32Array.of(1, 2, 3, 4)).y.data], [2, 4, 6, 8]);
    assert.deepEqual(paths(program), ['/wasm/wxnn-plain.wasm.br', '/wasm/wxnn-simd.wasm.br']);
    assert.equal(model.backend.variant, 'simd');
  });
}

test('tries instantiate three times', async () => {
  const twice = createFakeProgram({}, { faults: { instantiate: (file, attempt) => (attempt < 3 ? 'load wasm failed!' : undefined) } });
  assert.equal((await twice.wxnn.probe()).variant, 'simd');
  assert.equal(paths(twice).length, 6);

  const always = createFakeProgram({}, { faults: { instantiate: () => 'load wasm failed!' } });
  await assert.rejects(always.wxnn.loadModel(MODEL), {
    message: 'the engine cannot start: WXWebAssembly could not load "/wasm/wxnn-plain.wasm.br": load wasm failed! Also, ' +
      'not the SIMD build: WXWebAssembly could not load "/wasm/wxnn-plain.wasm.br": load wasm failed!',
  });
  assert.equal(paths(always).length, 3);
});

test('works on the call after a failed start', async () => {
  let broken = true;
  const program = createFakeProgram({}, { faults: { instantiate: () => (broken ? 'load wasm failed!' : undefined) } });
  await assert.rejects(program.wxnn.loadModel(MODEL), /cannot start/);
  broken = false;
  assert.equal((await program.wxnn.loadModel(MODEL)).backend.variant, 'simd');
});

test('takes the plain build, without trying again, where SIMD does not compile', async () => {
  const refusal = 'CompileError: WebAssembly.instantiate(): Compiling function #0 failed: Invalid opcode 0xfd @+28';
  const program = createFakeProgram({}, { faults: { instantiate: (file) => (/simd/.test(file) ? refusal : undefined) } });
  const { variant, reasons } = await program.wxnn.probe();
  assert.equal(variant, 'plain');
  assert.deepEqual([...reasons], [`not the SIMD build: WXWebAssembly could not load "/wasm/wxnn-simd.wasm.br": ${refusal}`, 'the plain build passed its self-test']);
  assert.deepEqual(paths(program), ['/wasm/wxnn-plain.wasm.br', '/wasm/wxnn-simd.wasm.br']);
});

test('takes the plain build where SIMD computes garbage', async (t) => {
  await t.test('in the self-test', async () => {
    const program = createFakeProgram((build) => ({ selfTestFails: build === 'simd' }));
    const { variant, reasons } = await program.wxnn.probe();
    assert.deepEqual(paths(program), ['/wasm/wxnn-plain.wasm.br', '/wasm/wxnn-simd.wasm.br', '/wasm/wxnn-plain.wasm.br']);  // anew, without the loops
    assert.equal(variant, 'plain');
    assert.equal(reasons[0], 'not the SIMD build: its self-test failed: GEMM gives 1 where 2 is right');
  });
  await t.test('in a trap of the self-test', async () => {
    const { wxnn } = createFakeProgram((build) => ({ trapIn: build === 'simd' ? 'wxnn_self_test' : undefined }));
    const { variant, reasons } = await wxnn.probe();
    assert.equal(variant, 'plain');
    assert.match(reasons[0], /the engine stopped in wxnn_self_test: unreachable/);
  });
});

test('refuses to compute where the plain build fails its self-test too', async () => {
  const { wxnn } = createFakeProgram({ selfTestFails: true });
  await assert.rejects(wxnn.loadModel(MODEL), /^Error: the engine cannot start: its self-test failed: GEMM gives 1 where 2 is right/);
  const { variant, reasons } = await wxnn.probe();
  assert.equal(variant, null);
  assert.equal(reasons.length, 1);
});

test('takes the build that it is told to', async () => {
  const program = createFakeProgram();
  assert.equal((await program.wxnn.loadModel(MODEL, { variant: 'plain' })).backend.variant, 'plain');
  assert.deepEqual(paths(program), ['/wasm/wxnn-plain.wasm.br']);

  const without = createFakeProgram({}, { faults: { instantiate: (file) => (/simd/.test(file) ? 'wasm-simd is not enabled' : undefined) } });
  await assert.rejects(without.wxnn.loadModel(MODEL, { variant: 'simd' }), /^Error: SIMD cannot be used here: .*wasm-simd is not enabled$/);
  await assert.rejects(without.wxnn.loadModel(MODEL, { variant: 'fast' }), /^Error: variant must be "auto", "simd", "plain" or "relaxed"; this is "fast"\.$/);
});

test('keeps one engine for all models', async () => {
  const program = createFakeProgram();
  await Promise.all([program.wxnn.loadModel(MODEL), program.wxnn.loadModel(MODEL), program.wxnn.probe()]);
  assert.equal(paths(program).length, 2);
});

test('says so where WXWebAssembly is absent', async () => {
  const { wxnn } = createFakeProgram({}, { faults: { noWXWebAssembly: true } });
  await assert.rejects(wxnn.loadModel(MODEL), /this WeChat client has no WXWebAssembly: wxnn needs base library 2\.30\.0 or newer\./);
});

test('loads from a package path of the host\'s choice, and refuses paths that WeChat would', async () => {
  const { FAKE_BINARIES } = require('./fake_engine.js');
  const program = createFakeProgram({}, { packageFiles: { '/lib/ai/wxnn-plain.wasm.br': FAKE_BINARIES['/wasm/wxnn-plain.wasm.br'] } });
  await program.wxnn.loadModel(MODEL, { wasmPath: '/lib/ai/', variant: 'plain' });
  assert.deepEqual(paths(program), ['/lib/ai/wxnn-plain.wasm.br']);
  for (const wasmPath of ['./wasm', '../wasm', 'https://example.com/wasm', '/wasm/1.0']) {
    await assert.rejects(program.wxnn.loadModel(MODEL, { wasmPath, variant: 'plain' }), /wasmPath must be a directory of the code package/);
  }
});

test('starts a new instance after a trap', async () => {
  let traps = true;
  const program = createFakeProgram(() => ({ trapIn: traps ? 'wxnn_model_run' : undefined }));
  const model = await program.wxnn.loadModel(MODEL);
  const input = Float32Array.of(1, 2, 3, 4);
  assert.throws(() => model.run(input), /the engine stopped in wxnn_model_run: unreachable; load the model again\./);
  assert.throws(() => model.run(input), /the engine stopped earlier \(unreachable\); load the model again\./);
  model.dispose();
  traps = false;
  const again = await program.wxnn.loadModel(MODEL);
  assert.equal(again.run(input).y.data[3], 8);
});

test('refuses a binary of another version in a sentence', async () => {
  const { wxnn } = createFakeProgram({}, { exports: (file, exports) => (/wxnn-/.test(file) ? { memory: { buffer: new ArrayBuffer(64) } } : exports) });
  await assert.rejects(wxnn.loadModel(MODEL), /the binary has no wxnn_self_test: it is of another version\./);
});

test('takes the plain build where the SIMD loops are of another version', async () => {
  const more = (file, exports) => (/simd/.test(file) ? { ...exports, wxnn_loop: (i) => (i < 2 ? 7 : 0) } : exports);
  const { variant, reasons } = await createFakeProgram({}, { exports: more }).wxnn.probe();
  assert.equal(variant, 'plain');
  assert.equal(reasons[0], 'not the SIMD build: it is of another version.');
});
