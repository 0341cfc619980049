'use strict';
// Runs .tflite files on LiteRT.js in headless Chromium, since LiteRT.js wants a browser. A small page on a
// loopback server loads it and keeps models and runtime warm; the browser closes when idle for a moment.
// 'compat' is LiteRT's build without relaxed SIMD (no fused multiply-add), 'default' the one it would choose.

const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');

/**
 * @typedef {{name: string, shape: number[], data: Float32Array}} Output
 * @typedef {'compat' | 'default'} Build
 * @typedef {{model: string, input?: Float32Array, shape?: number[], inputs?: import('./index.js').Input[], build?: Build}} Job
 */

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const IDLE_MS = 1500;

/** The packages are ES modules that do not export their package.json: found by their folder. */
function folderOfPackage(name) {
  for (let folder = __dirname; ; folder = path.dirname(folder)) {
    const candidate = path.join(folder, 'node_modules', name);
    if (fs.existsSync(path.join(candidate, 'package.json'))) return candidate;
    if (folder === path.dirname(folder)) throw new Error(`The package ${name} is not installed: run  npm ci`);
  }
}

const LOADER = { compat: 'litert_wasm_compat_internal.js', default: 'litert_wasm_internal.js' };
const TYPES = { '.js': 'text/javascript', '.wasm': 'application/wasm', '.html': 'text/html' };

const PAGE = `<!doctype html><meta charset="utf-8"><title>reference</title>
<script type="importmap">{"imports": {"@litertjs/wasm-utils": "/utils/dist/index.js"}}</script>
<body><script type="module">
import {loadLiteRt, loadAndCompile, Tensor} from '/core/dist/index.js';
const bytesOf = (base64) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
const base64Of = (bytes) => {
  let text = '';
  for (let i = 0; i < bytes.length; i += 32768) text += String.fromCharCode(...bytes.subarray(i, i + 32768));
  return btoa(text);
};
const models = new Map();
window.start = (loader) => loadLiteRt('/core/wasm/' + loader);
window.hasModel = (key) => models.has(key);
window.addModel = async (key, base64) => { models.set(key, await loadAndCompile(bytesOf(base64), {accelerator: 'wasm'})); };
const arrays = {float32: Float32Array, int32: Int32Array, bool: Uint8Array};
window.run = async (key, given) => {
  const model = models.get(key);
  const details = model.getInputDetails();
  const inputs = given.map(({base64, dtype, shape}, i) =>
      new Tensor(new arrays[dtype](bytesOf(base64).buffer), shape ?? Array.from(details[i].shape)));
  const names = model.getOutputDetails().map((d) => d.name);
  const outputs = await model.run(inputs);
  const result = outputs.map((t, i) => {
    const data = Float32Array.from(t.toTypedArray(), Number);
    return {name: names[i], shape: Array.from(t.type.layout.dimensions), data: base64Of(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))};
  });
  for (const t of [...inputs, ...outputs]) t.delete();
  return result;
};
</script>`;

/** Serves the page and the two packages to this machine only. */
function serve() {
  const roots = { core: folderOfPackage('@litertjs/core'), utils: folderOfPackage('@litertjs/wasm-utils') };
  const server = http.createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    if (pathname === '/') return response.setHeader('content-type', TYPES['.html']).end(PAGE);
    const [, root, ...rest] = pathname.split('/');
    const file = roots[root] && !rest.includes('..') && path.join(roots[root], ...rest);
    if (!file || !fs.existsSync(file)) return response.writeHead(404).end();
    response.setHeader('content-type', TYPES[path.extname(file)] ?? 'application/octet-stream');
    return fs.createReadStream(file).pipe(response);
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

/** @type {undefined | Promise<{server: import('node:http').Server, browser: any, pages: Map<Build, Promise<any>>}>} */
let session;
let idle;

async function openSession() {
  const { chromium } = require('playwright-core');
  if (!fs.existsSync(CHROMIUM)) throw new Error(`There is no ${CHROMIUM}: install Debian's chromium, or name another in CHROMIUM.`);
  const server = await serve();
  try {
    const browser = await chromium.launch({ executablePath: CHROMIUM, headless: true, args: FLAGS });
    return { server, browser, pages: new Map() };
  } catch (error) {
    server.close();
    throw error;
  }
}

/** Closes the browser and the server, if open. */
async function close() {
  clearTimeout(idle);
  const closing = session;
  session = undefined;
  if (!closing) return;
  const { server, browser } = await closing;
  await browser.close();
  server.close();
}

/** @param {Build} build */
async function pageFor(build) {
  session ??= openSession().catch((error) => { session = undefined; throw error; });
  const { server, browser, pages } = await session;
  if (!pages.has(build)) {
    pages.set(build, (async () => {
      const page = await browser.newPage();
      const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
      await page.goto(`http://127.0.0.1:${port}/`);
      await page.waitForFunction(() => 'start' in window);
      await page.evaluate((loader) => /** @type {any} */ (window).start(loader).then(() => null), LOADER[build]);
      return page;
    })());
  }
  return pages.get(build);
}

const base64Of = (view) => Buffer.from(view.buffer, view.byteOffset, view.byteLength).toString('base64');

let queue = Promise.resolve();

/** @param {Job} job @returns {Promise<Output[]>} */
async function runNow({ model, input, shape, inputs, build = 'compat' }) {
  clearTimeout(idle);
  try {
    const page = await pageFor(build);
    const key = `${path.resolve(model)}@${fs.statSync(model).mtimeMs}`;
    const call = (name, ...args) => page.evaluate(([n, a]) => /** @type {any} */ (window)[n](...a), [name, args]);
    if (!(await call('hasModel', key))) await call('addModel', key, base64Of(fs.readFileSync(model)));
    const given = (inputs ?? [{ data: input, dtype: 'float32', shape }])
        .map(({ data, dtype, shape: dims }) => ({ base64: base64Of(data), dtype, shape: dims }));
    const outputs = await call('run', key, given);
    return outputs.map((o) => {
      const bytes = Uint8Array.from(Buffer.from(o.data, 'base64'));
      return { name: o.name, shape: o.shape, data: new Float32Array(bytes.buffer) };
    });
  } catch (error) {
    throw new Error(`LiteRT.js (${build}) could not run ${model}: ${error.message}`, { cause: error });
  } finally {
    idle = setTimeout(close, IDLE_MS);
  }
}

/**
 * Runs jobs one after the other in one browser.
 * @param {Job[]} jobs @returns {Promise<Output[][]>}
 */
function runAll(jobs) {
  const results = queue.then(async () => {
    const all = [];
    for (const job of jobs) all.push(await runNow(job));
    return all;
  });
  queue = results.then(() => {}, () => {});
  return results;
}

/** @param {Job} job @returns {Promise<Output[]>} */
const run = async (job) => (await runAll([job]))[0];

/** @param {Build} [build] */
const version = (build = 'compat') =>
  `litert-${build}-${JSON.parse(fs.readFileSync(path.join(folderOfPackage('@litertjs/core'), 'package.json'), 'utf8')).version}`;

module.exports = { run, runAll, close, version };
