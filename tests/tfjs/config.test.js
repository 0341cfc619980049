'use strict';
// configPlugin without WebGL: which backend it takes, and the reasons that it gives. With WebGL: tests/backends.

const assert = require('node:assert/strict');
const { test } = require('node:test');
const tf = require('@tensorflow/tfjs-core');
const cpu = require('@tensorflow/tfjs-backend-cpu');
const wxnn = require('../..');

test('the engine next to plain JavaScript: measured, preferred, refused, each with its reasons', async () => {
  const choice = await wxnn.configPlugin({ tf, cpu, modelLevel: 2 });
  assert.equal(choice.backend, 'wasm');
  assert.equal(tf.getBackend(), 'wasm');
  const reasons = choice.reasons.join('\n');
  assert.match(reasons, /build passed its self-test/);
  assert.match(reasons, /not WebGL: the host gave no webgl module/);
  assert.match(reasons, /wasm was the fastest of wasm \d+\.\d ms \(a product of 128 x 128 matrices, on a device of level 2\)|wasm was the fastest here before/);
  const preferred = await wxnn.configPlugin({ tf, cpu, prefer: 'cpu' });
  assert.equal(preferred.backend, 'cpu');
  assert.match(preferred.reasons.join('\n'), /cpu, because the host prefers it/);
  const impossible = await wxnn.configPlugin({ tf, cpu, prefer: 'webgl' });
  assert.equal(impossible.backend, 'wasm');
  assert.match(impossible.reasons.join('\n'), /the host prefers wechat-webgl, which does not work here/);
  const alone = await wxnn.configPlugin({ tf, cpu, wasm: false });
  assert.equal(alone.backend, 'cpu');
  assert.match(alone.reasons.join('\n'), /cpu is the only one that works here/);
  await assert.rejects(wxnn.configPlugin({ tf, prefer: /** @type {any} */ ('gpu') }), { message: 'prefer must be "auto", "webgl", "wasm" or "cpu"; this is the text "gpu".' });
  await assert.rejects(wxnn.configPlugin(/** @type {any} */ ({ tf, canvs: 1 })), /configPlugin's options has no "canvs"/);
  await assert.rejects(wxnn.configPlugin(/** @type {any} */ ({})), /configPlugin needs tf/);
});
