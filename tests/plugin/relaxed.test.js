'use strict';
// variant "relaxed": asked for by name, for Node and web pages alone; its numbers are close, and no other binary has such instructions
// (binaries.test.js looks). Node 20 wants a flag for them, which later ones do not know: this test runs itself once more.

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const test = require('node:test');
const { createRealProgram, readModel, requireBuilt } = require('./programs.js');
const { parseModule } = require('./wasm_module.js');

const FLAGS = Number(process.versions.node.split('.')[0]) < 21 ? ['--experimental-wasm-relaxed-simd'] : [];
const BINARY = 'build/web/wxnn-relaxed.wasm';

async function compare() {
  const { loadModel } = require('../..');
  for (const id of ['short', 'full', 'mesh', 'tfjs-back', 'posenet']) {
    const [model, simd] = [await loadModel(readModel(id), { variant: 'relaxed' }), await loadModel(readModel(id), { variant: 'simd' })];
    assert.equal(model.backend.variant, 'relaxed');
    const inputs = model.inputs.map(({ shape }) => Float32Array.from({ length: shape.reduce((n, d) => n * Math.abs(d), 1) }, (_, i) => Math.sin(i)));
    const [found, wanted] = [model.run(inputs), simd.run(inputs)];
    for (const name of Object.keys(wanted)) {
      const expected = wanted[name].data;
      const largest = expected.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
      const worst = expected.reduce((most, x, i) => Math.max(most, Math.abs(x - found[name].data[i])), 0);
      assert.ok(worst <= 1e-4 * largest, `${id} ${name}: ${worst} of ${largest}`);
    }
    model.dispose();
    simd.dispose();
  }
}

if (process.argv[2] === 'compare') {
  compare().catch((error) => {
    console.error(error);
    process.exit(1);
  });
} else {
  test('the relaxed build agrees with the others to 1e-4', () => {
    requireBuilt(BINARY, 'tools/build');
    execFileSync(process.execPath, [...FLAGS, __filename, 'compare'], { stdio: 'pipe', encoding: 'utf8' });
  });

  test('it has relaxed instructions, without which it would be another copy of the SIMD build', () => {
    requireBuilt(BINARY, 'tools/build');
    const bytes = require('node:fs').readFileSync(require('node:path').join(__dirname, '../..', BINARY));
    assert.ok(parseModule(new Uint8Array(bytes)).features.has('relaxed-simd'));
  });

  test('a mini-program has none, and the next call works', async () => {
    const { wxnn } = createRealProgram();
    await assert.rejects(wxnn.loadModel(readModel('short'), { variant: 'relaxed' }), /^Error: SIMD cannot be used here: .*wxnn-relaxed\.wasm\.br/);
    assert.equal((await wxnn.loadModel(readModel('short'))).backend.variant, 'simd');
  });
}
