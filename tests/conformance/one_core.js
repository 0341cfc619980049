'use strict';
// One CommonJS copy of the ES modules that tfjs-core's npm package ships, file by file, tests included. Every require() of
// tfjs-core, by its tests and by a backend, then finds this copy, as a peer dependency would give it.

const fs = require('node:fs');
const Module = require('node:module');
const path = require('node:path');
const esbuild = require('esbuild');

const ROOT = path.join(__dirname, '../..');
/** A suite by tfjs's version: the packages' folders in node_modules. */
const VERSIONS = {
  4: { core: '@tensorflow/tfjs-core', cpu: '@tensorflow/tfjs-backend-cpu', wasm: '@tensorflow/tfjs-backend-wasm' },
  3: { core: 'tfjs-core-3', cpu: 'tfjs-backend-cpu-3' },
};
const BUNDLES = /(^|\/)(tf-[a-z-]+(\.(node|es2017|fesm|min))*\.js|[^/]*externs\.js)$|(^|\/)miniprogram\//;

const modulesPath = (name) => path.join(ROOT, 'node_modules', name);

/** esbuild's helpers make exports read-only; jasmine's spyOn() writes them, as it can in tsc's CommonJS. */
function writable(code) {
  return code
    .replace('__defProp(target, name, { get: all[name], enumerable: true })',
      '((n) => __defProp(target, n, { get: () => all[n](), set: (v) => { all[n] = () => v; }, enumerable: true, configurable: true }))(name)')
    .replace('__defProp(to, key, { get: () => from[key], enumerable',
      '__defProp(to, key, { get: () => from[key], set: (v) => { from[key] = v; }, configurable: true, enumerable')
    .replace('__toESM = (mod, isNodeMode, target) => (',
      '__toESM = (mod, isNodeMode, target) => mod && mod.__esModule ? mod : (');
}

/** Makes the copy where it is not there yet. @returns {{dist: string, version: string, tests: string[]}} */
function prepare(major) {
  const source = modulesPath(VERSIONS[major].core);
  const { version } = JSON.parse(fs.readFileSync(path.join(source, 'package.json'), 'utf8'));
  const folder = path.join(ROOT, 'build/test/tfjs-core', version);
  const dist = path.join(folder, 'dist');
  const from = path.join(source, 'dist');
  if (!fs.existsSync(path.join(folder, 'complete'))) {
    fs.rmSync(folder, { recursive: true, force: true });
    const files = fs.readdirSync(from, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.js') && !BUNDLES.test(file));
    const { outputFiles } = esbuild.buildSync({
      entryPoints: files.map((file) => path.join(from, file)), outdir: dist, outbase: from, bundle: false, write: false, format: 'cjs',
      platform: 'node', target: 'node20', logLevel: 'error', tsconfigRaw: '{"compilerOptions":{"useDefineForClassFields":false}}',
    });
    for (const file of outputFiles) {
      fs.mkdirSync(path.dirname(file.path), { recursive: true });
      fs.writeFileSync(file.path, writable(file.text));
    }
    fs.writeFileSync(path.join(folder, 'complete'), '');
  }
  const list = fs.readFileSync(path.join(from, 'tests.js'), 'utf8');
  return { dist, version, tests: [...list.matchAll(/^import '\.\/(.+?)';/gm)].map((match) => match[1]) };
}

/** Sends every require() of tfjs-core in this process to the copy. Call before anything requires it. */
function install(major, dist) {
  const resolve = Module._resolveFilename;
  Module._resolveFilename = function (request, ...rest) {
    if (request === '@tensorflow/tfjs-core') return path.join(dist, 'index.js');
    if (request.startsWith('@tensorflow/tfjs-core/dist/')) {
      const file = path.join(dist, request.slice('@tensorflow/tfjs-core/dist/'.length));
      const found = [file, `${file}.js`, path.join(file, 'index.js')].find((f) => fs.existsSync(f) && fs.statSync(f).isFile());
      if (found) return found;
    }
    return resolve.call(this, request, ...rest);
  };
  // npm's bundles are ES5 and subclass by calling; native classes refuse that.
  const backend = require('@tensorflow/tfjs-core/dist/backends/backend');
  backend.KernelBackend = new Proxy(backend.KernelBackend, {
    apply: (made, self, args) => Reflect.construct(made, args, self.constructor),
  });
  return require('@tensorflow/tfjs-core');
}

module.exports = { VERSIONS, install, modulesPath, prepare };
