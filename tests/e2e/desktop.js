'use strict';
// Pages of tools/desktop in headless Chromium. A page error, or a warning of the framework, fails the test that met it.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { chromium } = require('playwright-core');
const { startServer } = require('../../tools/desktop/server.js');

const ROOT = path.join(__dirname, '../..');
const SCREENS = path.join(ROOT, 'build/test/screens');
const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--enable-unsafe-swiftshader', '--enable-precise-memory-info', '--js-flags=--expose-gc'];
const PHONE = { width: 375, height: 780 };

let session;

async function open() {
  const server = await startServer();
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: FLAGS });
  return { server, browser };
}

/**
 * Opens an address of the server, runs `work` with the page and looks at what went wrong meanwhile.
 * @param {string} address such as "screen?language=en"
 * @param {(page: import('playwright-core').Page) => Promise<void>} work
 */
async function onPage(address, work) {
  session ??= open();
  const { server, browser } = await session;
  const page = await browser.newPage({ viewport: PHONE, deviceScaleFactor: 2 });
  const wrong = [];
  page.on('pageerror', (error) => wrong.push(error.message));
  page.on('console', (message) => { 
    const isAdvice = /willReadFrequently|GPU stall due to ReadPixels|GL Driver Message/.test(message.text());
    if (['error', 'warning'].includes(message.type()) && !isAdvice) wrong.push(message.text());
  });
  try {
    await page.goto(server.url + address);
    await work(page);
    assert.deepEqual(wrong, []);
  } catch (error) {
    if (wrong.length) error.message += `\nThe page said: ${wrong.join('\n')}`;
    throw error;
  } finally {
    await page.close();
  }
}

async function close() {
  if (!session) return;
  const { server, browser } = await session;
  session = undefined;
  await browser.close();
  server.close();
}

/** Keeps a picture of the page in build/test/screens. */
async function keepScreen(page, name) {
  fs.mkdirSync(SCREENS, { recursive: true });
  await page.screenshot({ path: path.join(SCREENS, `${name}.png`) });
}

module.exports = { close, keepScreen, onPage };
