'use strict';
// tfjs-core's own suite on our backend: whatever TensorFlow.js's CPU backend passes in the same run, on tfjs-core 4.22 and 3.21.

const assert = require('node:assert/strict');
const { test } = require('node:test');
const tf = require('@tensorflow/tfjs-core');
require('@tensorflow/tfjs-backend-wasm');
const { runSuite } = require('./suite');

/** Specs that the CPU backend passes and ours does not: name -> why. */
const KNOWN_FAILURES = /** @type {{[spec: string]: string}} */ ({
  'engine_test::Switching cpu backends Move data from cpu1 to cpu2 backend': 'exists only for a backend named cpu',
  'engine_test::Switching cpu backends can execute op with data from mixed backends': 'exists only for a backend named cpu',
});

/** Kernels over text, sparse and ragged tensors, complex numbers and gradients may be the CPU backend's. */
const MAY_BE_CPU = /^(String|Sparse|Ragged|StaticRegex)|Grad$|Backprop|^(Complex|ComplexAbs|Real|Imag|FFT|IFFT)$/;

/** What specs need that a mini-program's logic layer does not have: name -> what. */
const NOT_IN_WECHAT = /** @type {{[spec: string]: string}} */ ({
  'browser_util_test::nextFrame basic usage': 'a clock finer than a millisecond: it wants a frame to take some time',
  'browser_util_test::nextFrame does not block timers': 'setImmediate or requestAnimationFrame',
  'util_test::util.decodeString decode utf-16': 'text in UTF-16',
});
const WEB_ONLY = /ReadableStream is not defined|Blob is not defined/;

for (const major of [4, 3]) {
  test(`tfjs-core ${major} inside the WeChat simulator: the packed plugin as the backend`, { timeout: 300000 }, async (t) => {
    const [cpu, ours] = await Promise.all([runSuite('cpu', { major }), runSuite('simulator', { major })]);
    const passed = new Set(ours.passed);
    // Specs that Node alone brings along (its platform) are not there inside.
    const absent = cpu.passed.filter((spec) => !(spec in ours.specs));
    const lost = cpu.passed.filter((spec) => spec in ours.specs && !passed.has(spec) && !(spec in KNOWN_FAILURES) && !(spec in NOT_IN_WECHAT) && !WEB_ONLY.test(ours.specs[spec].message || ''));
    t.diagnostic(`tfjs-core ${ours.version} in the simulator: ${ours.passed.length} passed, ${ours.failed.length} failed, ${absent.length} of Node's alone`);
    assert.deepEqual(lost.map((spec) => `${spec}: ${ours.specs[spec].message}`), []);
    assert.ok(ours.passed.length > 4000 && absent.length < 20, `${ours.passed.length} passed; not there: ${absent.join(', ')}`);
    assert.deepEqual(ours.problems, cpu.problems);
  });

  test(`tfjs-core ${major}: all specs that the CPU backend passes`, { timeout: 300000 }, async (t) => {
    const cpu = await runSuite('cpu', { major });
    const ours = await runSuite('wxnn', { major });
    t.diagnostic(`tfjs-core ${ours.version}: ours ${ours.passed.length} passed, ${ours.failed.length} failed; CPU backend ${cpu.passed.length} passed; ` +
      `${Object.keys(KNOWN_FAILURES).length} known failures`);
    assert.ok(cpu.passed.length > 4000 && cpu.failed.length === 0, `the CPU backend itself passes ${cpu.passed.length} specs and fails ${cpu.failed.length}`);
    assert.equal(ours.backend.floatPrecision, 32);
    const passed = new Set(ours.passed);
    const lost = cpu.passed.filter((spec) => !passed.has(spec) && !(spec in KNOWN_FAILURES));
    assert.deepEqual(lost.map((spec) => `${spec}: ${ours.specs[spec] ? ours.specs[spec].message : 'did not run'}`), []);
    assert.deepEqual(ours.problems, cpu.problems);
    const repaired = Object.keys(KNOWN_FAILURES).filter((spec) => passed.has(spec));
    assert.deepEqual(repaired, [], 'these pass: take them off the list');
    if (major === 4) checkCoverage(ours.report, t);
  });
}

/** What tfjs-backend-wasm computes with kernels of its own, ours computes with kernels of its own. */
function checkCoverage(report, t) {
  const theirs = tf.getKernelsForBackend('wasm').map(({ kernelName }) => kernelName).filter((name) => !MAY_BE_CPU.test(name));
  const gaps = theirs.filter((name) => !report.engine.includes(name)).sort();
  t.diagnostic(`the engine has ${theirs.length - gaps.length} of the ${theirs.length} kernels that tfjs-backend-wasm computes; it lacks ${gaps.join(', ') || 'none'}`);
  assert.deepEqual(gaps, [], 'kernels that the engine lacks');
  const all = new Set([...report.engine, ...report.cpu]);
  const missing = tf.getKernelsForBackend('cpu').map(({ kernelName }) => kernelName).filter((name) => !all.has(name));
  assert.deepEqual(missing, [], 'every kernel of the CPU backend is registered');
}
