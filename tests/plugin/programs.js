'use strict';
// Mini-programs for tests: with the fake engine, or with the real binaries.

const fs = require('node:fs');
const path = require('node:path');
const { createMiniProgram } = require('../simulator');
const { createFakeEngine, createFakeLoops, FAKE_BINARIES } = require('./fake_engine.js');

const ROOT = path.join(__dirname, '../..');
const PLUGIN = path.join(ROOT, 'plugin');
const BINARIES = ['wxnn-plain.wasm.br', 'wxnn-simd.wasm.br'];

function requireBuilt(file, how) {
  if (!fs.existsSync(path.join(ROOT, file))) throw new Error(`${file} is missing: run ${how} first (tools/test does).`);
}

/**
 * The bundle on a fake engine. `behaviour`: of the engine, or a function from the build's name and the file to it. Retries take a hundredth
 * of the time. `options`: the simulator's, and `exports`, which changes what instantiate gives.
 */
function createFakeProgram(behaviour = {}, options = {}) {
  requireBuilt('plugin/index.js', 'node tools/bundle.js');
  const of = typeof behaviour === 'function' ? behaviour : () => behaviour;
  const change = options.exports || ((file, exports) => exports);
  const faults = {
    exports: (file) => change(file, /simd/.test(file) ? createFakeLoops() : createFakeEngine(of('plain', file), of('simd', file))),
    ...options.faults,
  };
  const program = createMiniProgram({
    pluginRoot: PLUGIN, timeScale: 100, ...options, faults, packageFiles: { ...FAKE_BINARIES, ...options.packageFiles },
  });
  return Object.assign(program, { wxnn: program.requirePlugin('wxnn') });
}

/** The bundle on the real binaries. */
function createRealProgram(options = {}) {
  requireBuilt('plugin/index.js', 'node tools/bundle.js');
  for (const name of BINARIES) requireBuilt(`plugin/wasm/${name}`, 'tools/build');
  const program = createMiniProgram({ pluginRoot: PLUGIN, timeScale: 100, ...options });
  return Object.assign(program, { wxnn: program.requirePlugin('wxnn') });
}

/** A model of .cache/models by its id: {model, weights} or bytes, as loadModel takes them. */
function readModel(id) {
  const directory = path.join(ROOT, '.cache/models', id);
  requireBuilt(path.relative(ROOT, directory), 'tools/setup');
  const tflite = path.join(directory, 'model.tflite');
  if (fs.existsSync(tflite)) return new Uint8Array(fs.readFileSync(tflite));
  const model = JSON.parse(fs.readFileSync(path.join(directory, 'model.json'), 'utf8'));
  const paths = model.weightsManifest.flatMap((group) => group.paths);
  return { model, weights: paths.map((name) => new Uint8Array(fs.readFileSync(path.join(directory, name)))) };
}

module.exports = { BINARIES, PLUGIN, ROOT, createFakeProgram, createRealProgram, readModel, requireBuilt };
