'use strict';
// Headless Chromium for tools/bench: a loopback server for the peers' files, a page of its own for each peer.

const fs = require('fs');
const http = require('http');
const path = require('path');
const {root} = require('../checkout');

const CHROMIUM = process.env.CHROMIUM || '/usr/bin/chromium';
// Software WebGL, since no GPU can be counted on; the chart says so.
const FLAGS = ['--no-sandbox', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader',
  '--js-flags=--expose-gc', '--enable-precise-memory-info'];
const TYPES = {'.js': 'text/javascript', '.mjs': 'text/javascript', '.wasm': 'application/wasm', '.json': 'application/json', '.html': 'text/html'};

const PAGE = '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>bench</title>';

const packageFolder = (name) => path.join(root, 'node_modules', name);
const FOLDERS = {
  page: path.join(root, 'build/bench/page'),
  web: path.join(root, 'build/web'),
  litert: path.join(packageFolder('@litertjs/core'), 'wasm'),
  tflite: packageFolder('@tensorflow/tfjs-tflite'),
  'tfjs-wasm': path.join(packageFolder('@tensorflow/tfjs-backend-wasm'), 'dist'),
  ort: path.join(packageFolder('onnxruntime-web'), 'dist'),
  plot: path.join(packageFolder('@observablehq/plot'), 'dist'),
  d3: path.join(packageFolder('d3'), 'dist'),
};

/** Bundles page.js; peers are separate chunks, so that a page loads only its own. */
function bundlePage() {
  require('esbuild').buildSync({
    entryPoints: [path.join(__dirname, 'page.js')], outdir: FOLDERS.page, bundle: true, format: 'esm', splitting: true,
    platform: 'browser', target: 'es2022', minify: true, logLevel: 'error',
  });
}

/**
 * Files come from memory: what is measured is not this process's disk. A page of openAlone tells its answer at /told.
 * @param {Map<string, string>} models name -> folder of a model's files @param {boolean} isolated pages may have shared memory
 */
function serve(models, isolated) {
  /** @type {Map<string, Buffer>} */
  const kept = new Map();
  const fileOf = (pathname) => {
    const [, folder, ...rest] = pathname.split('/').map(decodeURIComponent);
    if (rest.includes('..')) return undefined;
    if (folder === 'models') return models.has(rest[0]) && path.join(models.get(rest[0]), ...rest.slice(1));
    return FOLDERS[folder] && path.join(FOLDERS[folder], ...rest);
  };
  const server = http.createServer(async (request, response) => {
    if (isolated) response.setHeader('cross-origin-opener-policy', 'same-origin').setHeader('cross-origin-embedder-policy', 'require-corp');
    const {pathname, searchParams} = new URL(request.url, 'http://localhost');
    if (pathname === '/') return response.setHeader('content-type', 'text/html').end(searchParams.has('peer') ? `${PAGE}<script type="module" src="/page/page.js"></script>` : PAGE);
    if (pathname === '/told') {
      const pieces = [];
      for await (const piece of request) pieces.push(piece);
      server.emit('told', JSON.parse(Buffer.concat(pieces).toString()));
      return response.end();
    }
    const file = fileOf(pathname);
    if (!file || !fs.existsSync(file)) return response.writeHead(404).end();
    response.setHeader('content-type', TYPES[path.extname(file)] || 'application/octet-stream');
    if (!kept.has(file)) kept.set(file, fs.readFileSync(file));
    return response.end(kept.get(file));
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

class Chromium {
  /** @param {Map<string, string>} models */
  static async start(models, {isolated = false} = {}) {
    if (!fs.existsSync(CHROMIUM)) throw new Error(`There is no ${CHROMIUM}: install Debian's chromium, or name another in CHROMIUM.`);
    bundlePage();
    const server = await serve(models, isolated);
    const {chromium} = require('playwright-core');
    const browser = await chromium.launch({executablePath: CHROMIUM, headless: true, args: FLAGS});
    return new Chromium(server, browser);
  }

  constructor(server, browser) {
    this.server = server;
    this.browser = browser;
    this.address = `http://127.0.0.1:${server.address().port}`;
  }

  get version() { return this.browser.version(); }

  async newPage() {
    const page = await (await this.browser.newContext()).newPage();
    await page.goto(`${this.address}/`);
    return page;
  }

  /** A peer with a model, asked as node_runner's processes are. */
  async open(peer, url) {
    const page = await this.newPage();
    await page.addScriptTag({type: 'module', url: `${this.address}/page/page.js`});
    await page.waitForFunction(() => 'openPeer' in window);
    const {loadMs} = await page.evaluate(([p, u]) => window.openPeer(p, u), [peer, this.address + url]);
    return {
      ask: async (request) => ({loadMs, ...await page.evaluate((r) => window.ask(r), request)}),
      end: () => page.context().close(),
    };
  }

  /**
   * Start, load and first run in a page of its own that nobody watches: Playwright and the DevTools protocol hear of every request
   * of their pages, which costs some of what is to be measured.
   */
  async openAlone(peer, url) {
    const session = await this.browser.newBrowserCDPSession();
    const {browserContextId} = await session.send('Target.createBrowserContext');
    try {
      const told = new Promise((resolve, reject) => {
        setTimeout(reject, 60000, new Error(`a page with ${peer} told nothing for a minute.`)).unref();
        this.server.once('told', resolve);
      });
      await session.send('Target.createTarget', {url: `${this.address}/?${new URLSearchParams({peer, model: this.address + url})}`, browserContextId});
      const answer = await told;
      if (answer.error) throw new Error(answer.error);
      return answer;
    } finally {
      await session.send('Target.disposeBrowserContext', {browserContextId});
      await session.detach();
    }
  }

  async close() {
    await this.browser.close();
    this.server.close();
  }
}

module.exports = {Chromium};
