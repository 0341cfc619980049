'use strict';
// How a web page starts the engine: both binaries are asked for at once, and compiled whatever type the server gives them.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const test = require('node:test');
const { chromium } = require('playwright-core');
const { root } = require('../../tools/checkout.js');
const { filesOf } = require('../../tools/benchmark/model_files.js');

/** Serves build/web and a model. Answers for the engine wait until its loops are asked for, too. */
async function serve(wasmType, model) {
  let loopsAsked;
  const asked = new Promise((resolve) => { loopsAsked = resolve; });
  const server = http.createServer(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    if (pathname === '/') return response.setHeader('content-type', 'text/html').end('<!doctype html><title>start</title>');
    if (/simd\.wasm$/.test(pathname)) loopsAsked();
    if (/plain\.wasm$/.test(pathname)) await asked;
    const file = pathname === '/model' ? model : path.join(root, 'build/web', path.basename(pathname));
    if (!fs.existsSync(file)) return response.writeHead(404).end();
    response.setHeader('content-type', { '.js': 'text/javascript', '.wasm': wasmType }[path.extname(file)] || 'application/octet-stream');
    return response.end(fs.readFileSync(file));
  });
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  return server;
}

for (const wasmType of ['application/wasm', 'application/octet-stream']) {
  test(`binaries as ${wasmType}: fetched side by side, and they run`, async (t) => {
    const server = await serve(wasmType, filesOf('tfjs-mesh').tflite);
    const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: ['--no-sandbox'] });
    t.after(async () => {
      await browser.close();
      server.close();
    });
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${/** @type {import('node:net').AddressInfo} */ (server.address()).port}/`);
    const { variant, length, finite } = await page.evaluate(async () => {
      const { loadModel } = await import(/** @type {any} */ ('/wxnn.js'));
      const model = await loadModel('/model', { variant: 'simd' });
      const results = /** @type {any[]} */ (Object.values(model.run(new Float32Array(192 * 192 * 3).fill(0.5))));
      return { variant: model.backend.variant, length: results.length, finite: results.every(({ data }) => data.every(Number.isFinite)) };
    });
    assert.equal(variant, 'simd');
    assert.ok(length > 0 && finite);
  });
}
