'use strict';
// The same bundle and binaries on engines like those of phones: they load, choose the build that the engine can run, and the
// plain build computes the same bits everywhere.

const assert = require('node:assert/strict');
const path = require('node:path');
const test = require('node:test');
const { runOn } = require('../simulator/engines.js');
const { BINARIES, PLUGIN, ROOT, requireBuilt } = require('./programs.js');

const CHOSEN = { node: 'simd', node15: 'plain', jsc: 'plain' };

function drive(engine, resultShape) {
  requireBuilt('plugin/index.js', 'node tools/bundle.js');
  for (const name of BINARIES) requireBuilt(`plugin/wasm/${name}`, 'tools/build');
  const model = '.cache/models/short/model.tflite';
  requireBuilt(model, 'tools/setup');
  return runOn(engine, {
    pluginRoot: PLUGIN, resultShape, driver: path.join(__dirname, 'short_range_driver.js'), packageFiles: { '/models/short.br': path.join(ROOT, model) },
  });
}

test('Node, Node 15.14 (Chrome 86) and jsc without JIT (iOS)', async (t) => {
  const expected = await drive('node', 'both');
  assert.equal(Object.keys(expected.hashes).length, 2);
  for (const engine of Object.keys(CHOSEN)) {
    await t.test(engine, async () => {
      const result = await drive(engine, 'instance');
      assert.deepEqual(result.hashes, expected.hashes);
      assert.equal(result.variant, 'plain');
      assert.equal(result.chosen, CHOSEN[engine], result.why.join('; '));
    });
  }
});
