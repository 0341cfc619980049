'use strict';
// That the simulator refuses what WeChat refuses.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const test = require('node:test');
const zlib = require('node:zlib');
const { createMiniProgram } = require('.');

const PROBE = Uint8Array.from(Buffer.from('0061736d010000000105016000017f03020100070501016600000a060104004107' + '0b', 'hex'));  // f() = 7
const WITH_GLOBAL = Uint8Array.from(Buffer.from('0061736d010000000606017f0041000b0705010167' + '0300', 'hex'));

function createPlugin(files) {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'wxnn-plugin-'));
  fs.writeFileSync(path.join(root, 'plugin.json'), '{"main":"index.js"}');
  for (const name of Object.keys(files)) fs.writeFileSync(path.join(root, name), files[name]);
  return root;
}

function createProgram(files, options = {}) {
  const pluginRoot = createPlugin({ 'index.js': 'module.exports = { wx, WXWebAssembly };', ...files });
  const program = createMiniProgram({ pluginRoot, timeScale: 100, ...options });
  return { ...program, plugin: program.requirePlugin('wxnn') };
}

const call = (object, name, options) => new Promise((resolve) => object[name]({ ...options, success: resolve, fail: resolve }));

test('the logic layer has what WeChat has and nothing that it lacks', () => {
  const { run } = createProgram({});
  for (const name of ['WebAssembly', 'SharedArrayBuffer', 'fetch', 'XMLHttpRequest', 'TextEncoder', 'TextDecoder', 'URL', 'performance', 'crypto', 'document',
    'window', 'navigator', 'btoa', 'atob', 'Blob', 'process', 'Buffer', 'require', 'structuredClone', 'queueMicrotask', 'AbortController']) {
    assert.equal(run(`typeof ${name}`), 'undefined', name);
  }
  for (const name of ['setTimeout', 'clearTimeout', 'console', 'Promise']) assert.notEqual(run(`typeof ${name}`), 'undefined', name);
  assert.throws(() => run('eval("1")'), /Code generation from strings disallowed/);
  assert.throws(() => run('new Function("return 1")'), /Code generation from strings disallowed/);
});

test('require takes relative paths inside the package', () => {
  const { plugin } = createProgram({ 'index.js': 'module.exports = require("./a");', 'a.js': 'exports.a = 1;' });
  assert.equal(plugin.a, 1);
  for (const name of ['fs', '/a', './b', '../a']) {
    assert.throws(() => createProgram({ 'index.js': `require(${JSON.stringify(name)})` }), /is not defined, require args is/);
  }
  assert.throws(() => createProgram({}).requirePlugin('other'), /plugin "other" is not declared/);
});

test('WXWebAssembly takes package paths and gives either shape', async () => {
  for (const resultShape of ['instance', 'both']) {
    const { plugin: { WXWebAssembly } } = createProgram({}, { resultShape, packageFiles: { '/f.wasm': PROBE } });
    const result = await WXWebAssembly.instantiate('/f.wasm', {});
    assert.equal((result.instance || result).exports.f(), 7);
    assert.equal('module' in result, resultShape === 'both');
    assert.deepEqual(Object.keys(WXWebAssembly).sort(), ['Instance', 'Memory', 'Table', 'instantiate']);
  }
});

test('WXWebAssembly refuses in WeChat\'s words', async () => {
  const { plugin: { WXWebAssembly }, log } = createProgram({}, { packageFiles: { '/empty.wasm': new Uint8Array(0), '/f.bin': PROBE, '/odd.wasm': new Uint8Array(9), '/global.wasm': WITH_GLOBAL } });
  const cases = [
    [[PROBE, {}], 'WebAssembly.instantiate: first argument must be a string'],
    [['/f.wasm'], 'WebAssembly.instantiate: Imports argument must be present and must be an object'],
    [['https://x/f.wasm', {}], 'WebAssembly.instantiate: not support wxfile: or http: path'],
    [['wxfile://usr/f.wasm', {}], 'WebAssembly.instantiate: not support wxfile: or http: path'],
    [['./f.wasm', {}], 'permission denied, open ./f.wasm'],
    [['/v1.0/f.wasm', {}], '/v1.0/f.wasm not absolute path'],
    [['/none.wasm', {}], 'load wasm failed!'],
    [['/f.bin', {}], 'load wasm failed!'],
    [['/empty.wasm', {}], 'wasm streaming compile failed: CompileError: WebAssembly.Module doesn\'t parse at byte 0: expected a module of at least 8 bytes'],
  ];
  for (const [args, message] of cases) await assert.rejects(WXWebAssembly.instantiate(...args), { message });
  await assert.rejects(WXWebAssembly.instantiate('/odd.wasm', {}), /^Error: CompileError: /);
  await assert.rejects(WXWebAssembly.instantiate('/global.wasm', {}), /iOS cannot export the Global "g"/);
  assert.equal(log.instantiations.length, cases.length + 2);
});

test('files: package and user paths, slices, WeChat\'s words', async () => {
  const bytes = Uint8Array.of(1, 2, 3, 4, 5);
  const { plugin, wx } = createProgram({}, { packageFiles: { '/p.br': bytes }, userFiles: { 'wxfile://usr/u': bytes } });
  const files = plugin.wx.getFileSystemManager();
  assert.deepEqual([...new Uint8Array((await call(files, 'readFile', { filePath: '/p.br', position: 1, length: 2 })).data)], [2, 3]);
  assert.equal((await call(files, 'stat', { path: '/p.br' })).stats.size, 5);
  const refusals = [
    [{ filePath: '/none' }, 'readFile:fail no such file or directory, open /none'],
    [{ filePath: './p.br' }, 'readFile:fail permission denied, open ./p.br'],
    [{ filePath: 'wxfile://usr/u' }, 'readFile:fail no such file or directory, open wxfile://usr/u'],
    [{ filePath: '/p.br', position: 5 }, 'readFile:fail the value of "position" is out of range'],
    [{ filePath: '/p.br', position: 4, length: 2 }, 'readFile:fail the value of "length" is out of range'],
    [{}, 'readFile:fail parameter error: parameter.filePath should be String instead of Undefined;'],
  ];
  for (const [options, errMsg] of refusals) assert.equal((await call(files, 'readFile', options)).errMsg, errMsg);
  const own = wx.getFileSystemManager();
  assert.equal((await call(own, 'readFile', { filePath: 'wxfile://usr/u' })).data.byteLength, 5);
  assert.equal((await call(own, 'writeFile', { filePath: 'wxfile://usr/w', data: bytes.buffer })).errMsg, 'writeFile:ok');
  assert.equal((await call(own, 'writeFile', { filePath: '/w', data: bytes.buffer })).errMsg, 'writeFile:fail permission denied, open /w');
  assert.deepEqual([...new Uint8Array(own.readFileSync('wxfile://usr/w'))], [1, 2, 3, 4, 5]);
  assert.equal(plugin.wx.env, undefined);
  assert.equal(wx.env.USER_DATA_PATH, 'wxfile://usr');
});

test('network: answers, refusals, ten at once', async () => {
  const urls = { 'https://a.example/x': 'hello', 'https://a.example/slow': { delay: 99999 }, 'https://a.example/bad': { fail: 'errcode:-118' } };
  const { plugin: { wx }, log } = createProgram({}, { urls, timeScale: 1000 });
  const get = (url, options) => call(wx, 'request', { url, ...options });
  assert.deepEqual([(await get('https://a.example/x')).data, (await get('https://a.example/x', { responseType: 'arraybuffer' })).data.byteLength], ['hello', 5]);
  assert.equal((await get('https://a.example/none')).statusCode, 404);
  assert.equal((await get('https://b.example/x')).errMsg, 'request:fail url not in domain list');
  assert.equal((await get('x')).errMsg, 'request:fail invalid url "x"');
  assert.equal((await get('https://a.example/slow')).errMsg, 'request:fail timeout');
  assert.equal((await get('https://a.example/bad')).errMsg, 'request:fail errcode:-118');
  const eleven = await Promise.all(Array.from({ length: 11 }, () => get('https://a.example/x')));
  assert.equal(eleven.filter(({ errMsg }) => errMsg === 'request:fail interrupted').length, 1);
  const aborted = new Promise((resolve) => wx.request({ url: 'https://a.example/slow', fail: resolve }).abort());
  assert.equal((await aborted).errMsg, 'request:fail abort');
  const { tempFilePath } = await call(wx, 'downloadFile', { url: 'https://a.example/x' });
  assert.equal((await call(wx.getFileSystemManager(), 'readFile', { filePath: tempFilePath, encoding: 'utf8' })).data, 'hello');
  assert.ok(log.requests.every(({ result }) => result));
});

test('the same plugin on Node, Node 15.14 and jsc without JIT', async (t) => {
  const { runOn } = require('./engines.js');
  const root = createPlugin({ 'index.js': 'exports.f = () => WXWebAssembly.instantiate("/wasm/f.wasm.br", {}).then((r) => (r.instance || r).exports.f());' });
  fs.mkdirSync(path.join(root, 'wasm'));
  fs.writeFileSync(path.join(root, 'wasm/f.wasm.br'), zlib.brotliCompressSync(PROBE));
  const driver = path.join(root, 'driver.js');
  fs.writeFileSync(driver, 'module.exports = (plugin) => plugin.f().then((f) => ({ f }));');
  for (const engine of ['node', 'node15', 'jsc']) {
    await t.test(engine, async () => {
      for (const resultShape of ['instance', 'both']) assert.equal((await runOn(engine, { pluginRoot: root, driver, resultShape })).f, 7);
    });
  }
});
