'use strict';
// A page in headless Chromium with the host's tfjs (core, converter, WebGL on a software GL, CPU) and the plugin's own bundle on
// stand-ins for wx and WXWebAssembly: for what needs a real WebGL.

const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const zlib = require('node:zlib');
const esbuild = require('esbuild');
const { chromium } = require('playwright-core');
const { PLUGIN, ROOT, BINARIES, requireBuilt } = require('../plugin/programs.js');
const { installPlugin } = require('./page_chromium.js');

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const FLAGS = ['--headless', '--no-sandbox', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update',
  '--disable-sync', '--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader', '--ignore-gpu-blocklist'];
const MODELS = path.join(ROOT, '.cache/models');

function bundleTf() {
  const { outputFiles } = esbuild.buildSync({
    stdin: {
      contents: `import * as tf from '@tensorflow/tfjs-core'; import * as converter from '@tensorflow/tfjs-converter';
import * as webgl from '@tensorflow/tfjs-backend-webgl'; import * as cpu from '@tensorflow/tfjs-backend-cpu'; window.tfjs = {tf, converter, webgl, cpu};`,
      resolveDir: ROOT,
    },
    bundle: true, format: 'iife', minify: true, write: false, logLevel: 'error',
  });
  return outputFiles[0].text;
}

/** This machine only: the page, the plugin's files (binaries uncompressed) and the models. */
function serve(tf) {
  const server = http.createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    if (pathname === '/') return response.setHeader('content-type', 'text/html').end('<!doctype html><meta charset="utf-8"><title>backends</title><body>');
    if (pathname === '/tf.js') return response.end(tf);
    const [, root, ...rest] = pathname.split('/');
    const file = { plugin: PLUGIN, models: MODELS }[root];
    const whole = file && !rest.includes('..') && path.join(file, ...rest);
    if (!whole || !fs.existsSync(whole)) return response.writeHead(404).end();
    const bytes = fs.readFileSync(whole);
    return response.end(whole.endsWith('.wasm.br') ? zlib.brotliDecompressSync(bytes) : bytes);
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

/**
 * `open()` gives a fresh page on which `window.tfjs`, `window.wxnn`, `window.readModel(id)`, `window.makeCanvas(fault)` and
 * `window.program` (what page_chromium.js says) are there.
 */
async function openBrowser() {
  for (const name of BINARIES) requireBuilt(`plugin/wasm/${name}`, 'tools/build');
  requireBuilt('.cache/models/tfjs-front', 'tools/setup');
  const server = await serve(bundleTf());
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  const scripts = {};
  for (const name of ['index.js', 'download.js', 'tfjs.js']) scripts[name] = fs.readFileSync(path.join(PLUGIN, name), 'utf8');
  return {
    async open(options = {}) {
      const page = await browser.newPage();
      await page.goto(`http://127.0.0.1:${server.address().port}/`);
      await page.addScriptTag({ url: '/tf.js' });
      await page.evaluate(installPlugin, { scripts, options });
      return page;
    },
    async close() {
      await browser.close();
      server.close();
    },
  };
}

module.exports = { openBrowser };
