'use strict';
// The demo's pages on a loopback server: the page around (shell), the phone's screen, WeChat's framework from npm, and the two
// code packages. The project is compiled at each request, so a reload shows what was changed.

const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const { compileProject } = require('./compile.js');

const ROOT = path.join(__dirname, '../..');
const TYPES = { html: 'text/html; charset=utf-8', js: 'text/javascript; charset=utf-8', css: 'text/css; charset=utf-8', json: 'application/json',
  jpg: 'image/jpeg', png: 'image/png', svg: 'image/svg+xml', wasm: 'application/wasm' };

const packageFile = (name, file) => path.join(path.dirname(require.resolve(name)), '..', file);

// Folders that are served as they are: address prefix -> directory.
const FOLDERS = {
  '/desktop/': __dirname,
  '/package/': path.join(ROOT, 'miniprogram'),
  '/plugin/': path.join(ROOT, 'plugin'),
  '/wxnn/': path.join(ROOT, 'build/web'),
  '/photos/': path.join(ROOT, '.cache/models/photos'),
  '/models/': path.join(ROOT, '.cache/models'),
};

// Made on the way out.
const MADE = {
  '/project.js': () => compileProject(ROOT),
  '/framework/glass_easel.js': () => fs.readFileSync(packageFile('glass-easel', 'dist/glass_easel.all.es.js'), 'utf8'),
  '/framework/adapter.js': () => fs.readFileSync(packageFile('glass-easel-miniprogram-adapter', 'dist/glass_easel_miniprogram_adapter.es.js'), 'utf8')
    .replace(/from\s*["']glass-easel["']/g, 'from "/framework/glass_easel.js"'),
};

const PAGES = { '/': 'shell.html', '/screen': 'screen.html', '/web': 'web.html' };

/** The file behind an address, or undefined: never outside the folders above. */
function fileOf(address) {
  if (PAGES[address]) return path.join(__dirname, PAGES[address]);
  const prefix = Object.keys(FOLDERS).find((folder) => address.startsWith(folder));
  const file = prefix && path.join(FOLDERS[prefix], address.slice(prefix.length));
  return file && !address.includes('..') && fs.existsSync(file) && fs.statSync(file).isFile() ? file : undefined;
}

function answer(request, response) {
  const address = decodeURIComponent(new URL(request.url, 'http://localhost').pathname);
  response.setHeader('cache-control', 'no-cache');
  if (MADE[address]) {
    response.setHeader('content-type', TYPES.js);
    return response.end(MADE[address]());
  }
  const file = fileOf(address);
  if (!file) return response.writeHead(404).end();
  const isBinary = file.endsWith('.wasm.br');  // the browser undoes what WeChat's client would
  if (isBinary) response.setHeader('content-encoding', 'br');
  response.setHeader('content-type', isBinary ? TYPES.wasm : TYPES[path.extname(file).slice(1)] || 'application/octet-stream');
  return fs.createReadStream(file).pipe(response);
}

/**
 * Starts the server on this machine only.
 * @param {number} [port] any free one by default
 * @returns {Promise<{url: string, close: () => void}>}
 */
function startServer(port = 0) {
  const server = http.createServer((request, response) => {
    try {
      answer(request, response);
    } catch (error) {
      console.error(error.message);
      response.writeHead(500, { 'content-type': 'text/plain; charset=utf-8' }).end(error.message);
    }
  });
  return new Promise((resolve, reject) => {
    server.on('error', reject);
    server.listen(port, '127.0.0.1', () => {
      const { port: chosen } = /** @type {import('node:net').AddressInfo} */ (server.address());
      resolve({ url: `http://127.0.0.1:${chosen}/`, close: () => { server.close(); server.closeAllConnections(); } });
    });
  });
}

module.exports = { startServer };
