'use strict';
// The bundles and their types.

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const test = require('node:test');
const { Linter } = require('eslint');
const { PLUGIN, ROOT, createFakeProgram, requireBuilt } = require('./programs.js');

const FILES = ['index.js', 'download.js', 'tfjs.js', 'worker.js'];  // of the mini-program; index.js requires the others when they are needed
// Bytes, minified: index.js alone has the limit of design.md, section 7.
const BUDGETS = { 'index.js': 30000, 'download.js': 11700, 'tfjs.js': 48600, 'worker.js': 6500 };
const PUBLIC = [
  'accelerate', 'chooseBackend', 'configPlugin', 'createFaceDetector', 'fileStorageIO', 'kernelReport', 'loadGraphModel', 'loadModel', 'localStorageIO',
  'probe', 'registerBackend', 'version',
];

function bundle(name) {
  requireBuilt(`plugin/${name}`, 'node tools/bundle.js');
  return fs.readFileSync(path.join(PLUGIN, name), 'utf8');
}

test('the bundles are ES2018 that names nothing WeChat lacks', () => {
  const globals = { wx: false, WXWebAssembly: false, setTimeout: false, clearTimeout: false, setInterval: false, clearInterval: false, console: false };
  for (const file of FILES) {
    const messages = new Linter().verify(bundle(file), {
      languageOptions: { ecmaVersion: 2018, sourceType: 'commonjs', globals },
      linterOptions: { reportUnusedDisableDirectives: 'off' },
      rules: { 'no-undef': 'error', 'no-eval': 'error', 'no-new-func': 'error', 'no-implied-eval': 'error' },
    });
    // sourceType "commonjs" brings Node's require, exports and module, which WeChat has too.
    assert.deepEqual(messages.map(({ message, line, column }) => `${file}:${line}:${column} ${message}`), []);
    assert.doesNotMatch(bundle(file), /\bglobalThis\b|\bimport\s*\(|new Function/);
    const required = [...bundle(file).matchAll(/\brequire\s*\(([^)]*)\)/g)].map(([, name]) => name);
    assert.deepEqual(required.sort(), file === 'index.js' ? FILES.slice(1).map((name) => `"./${name}"`).sort() : []);
  }
});

test('the bundles fit their budgets', () => {
  for (const file of FILES) {
    const { length } = Buffer.from(bundle(file));
    assert.ok(length <= BUDGETS[file], `${file}: ${length} bytes; ${BUDGETS[file]} is the limit`);
  }
});

test('a part that the package does not have is named', () => {
  const load = (missing) => {
    const module = { exports: {} };
    new Function('module', 'exports', 'require', bundle('index.js'))(module, module.exports, (name) => {
      throw new Error(`module '${missing || name}' is not defined, require args is '${name}'`);
    });
    return module.exports;
  };
  assert.throws(() => load().registerBackend({}), { message: 'this package of wxnn was made without tfjs.js, which is needed here: module \'./tfjs.js\' is not defined, require args is \'./tfjs.js\'' });
});

test('loading touches nothing of wx', () => {
  bundle('index.js');
  const touched = [];
  const trap = (name) => new Proxy({}, { get: (target, key) => touched.push(`${name}.${String(key)}`) });
  const module = { exports: {} };
  new Function('module', 'exports', 'wx', 'WXWebAssembly', bundle('index.js'))(module, module.exports, trap('wx'), trap('WXWebAssembly'));
  assert.deepEqual(touched, []);
  new Function('module', 'exports', bundle('index.js'))(module, module.exports);  // neither is there
});

test('plugin and Node have the same public surface', () => {
  assert.deepEqual(Object.keys(createFakeProgram().wxnn).sort(), PUBLIC);
  assert.deepEqual(Object.keys(require('../..')).sort(), PUBLIC);
  assert.equal(require('../..').version, require('../../package.json').version);
});

function tsc(...args) {
  try {
    execFileSync(process.execPath, [require.resolve('typescript/bin/tsc'), '--noEmit', ...args], { cwd: ROOT, encoding: 'utf8' });
    return '';
  } catch (error) {
    return error.stdout;
  }
}

test('sources and demo compile under WeChat\'s typings without a DOM, and the Node part under Node\'s', () => {
  assert.equal(tsc('-p', 'tsconfig.json'), '');
  assert.equal(tsc('-p', 'tsconfig.node.json'), '');
  assert.equal(tsc('-p', 'tsconfig.web.json'), '');
});

test('index.d.ts describes the bundle to a user, without anyone\'s typings', () => {
  bundle('index.d.ts');
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'wxnn-types-'));
  const compile = (code) => {
    const project = path.join(directory, 'tsconfig.json');
    fs.writeFileSync(path.join(directory, 'user.ts'), `import * as wxnn from ${JSON.stringify(path.join(PLUGIN, 'index'))};\n${code}`);
    fs.writeFileSync(project, JSON.stringify({
      compilerOptions: { strict: true, target: 'es2018', lib: ['es2018'], types: [], module: 'es2015', moduleResolution: 'bundler' },
      files: ['user.ts'],
    }));
    return tsc('-p', project);
  };
  const use = `
    export async function main(rgba: Uint8ClampedArray): Promise<number> {
      const model = await wxnn.loadModel('/models/m.br', { variant: 'plain', onProgress: (f: number) => void f, signal: { aborted: false } });
      const { y } = model.run({ x: new Float32Array(4) }, { views: true });
      const detector: wxnn.FaceDetector = await wxnn.createFaceDetector({ model, threshold: 0.5, maxFaces: 2 });
      const faces: wxnn.Face[] = detector.detect(rgba, 640, 480, { rotation: 90, mirror: true }).concat(await detector.detectAsync(rgba, 640, 480));
      const choice: wxnn.BackendChoice = await wxnn.configPlugin({ tf: {}, prefer: 'webgl' });
      const chosen: wxnn.ChosenModel = await wxnn.chooseBackend('/models/m.br', { cache: { bytes: 1 } });
      await chosen.runAsync(new Float32Array(4)).then(() => choice.reasons.length);
      const { variant, reasons } = await wxnn.probe();
      return y.shape[0] + faces[0].box[3] + (variant === null ? 0 : reasons.length) + wxnn.version.length;
    }`;
  try {
    assert.equal(compile(use), '');
    const exported = PUBLIC.map((name) => `void wxnn.${name};`).join('\n');
    assert.equal(compile(exported), '');
    const misuse = ['wxnn.loadModel(5);', 'wxnn.createFaceDetector({ treshold: 1 });', 'wxnn.nothing;',
      'async () => (await wxnn.loadModel("m")).run([1, 2]);', 'async () => (await wxnn.createFaceDetector()).detect(new Float32Array(4), 1, 1);'];
    for (const code of misuse) assert.match(compile(code), /error TS/, code);
  } finally {
    fs.rmSync(directory, { recursive: true });
  }
});
