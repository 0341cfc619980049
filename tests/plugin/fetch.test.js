'use strict';
// The fetch of a mini-program: wx.request, wx.downloadFile, FileSystemManager, or what the host passes. Times are a hundredth.

const assert = require('node:assert/strict');
const test = require('node:test');
const { createFakeProgram } = require('./programs.js');
const { MODEL } = require('./fake_engine.js');

const URL = 'https://models.example/m.tflite';

function program(answer, options = {}) {
  return createFakeProgram({}, { ...options, urls: { [URL]: answer, ...options.urls } });
}

const ways = ({ log }) => log.requests.map(({ way }) => way);

test('200 to 299 only, as a number or a text', async (t) => {
  for (const status of [200, 204, 299, '200']) {
    await t.test(`${typeof status} ${status}`, () => program({ status, body: MODEL }).wxnn.loadModel(URL));
  }
  for (const status of [199, 300, 304, 400, 403, 404, '404']) {
    await t.test(`${typeof status} ${status}, once`, async () => {
      const p = program({ status, body: MODEL });
      await assert.rejects(p.wxnn.loadModel(URL), { message: `could not fetch "${URL}": the server answered with status ${status}.` });
      assert.deepEqual(ways(p), ['request']);
    });
  }
});

test('tries again after 5xx, 408 and 429, and with downloadFile at last', async () => {
  for (const status of [500, 503, 408, 429]) {
    const p = program(({ attempt }) => (attempt < 3 ? { status } : MODEL));
    await p.wxnn.loadModel(URL);
    assert.deepEqual(ways(p), ['request', 'request', 'downloadFile']);
  }
  const p = program({ status: 500 });
  await assert.rejects(p.wxnn.loadModel(URL), { message: `could not fetch "${URL}": the server answered with status 500.` });
  assert.equal(ways(p).length, 3);
});

test('a request that WeChat reports as timed out, and one that never ends', async () => {
  const late = program(({ way }) => (way === 'request' ? { body: MODEL, delay: 70000 } : MODEL), { timeScale: 300 });
  await late.wxnn.loadModel(URL);
  assert.deepEqual(late.log.requests.map(({ result }) => result), ['request:fail timeout', 'request:fail timeout', 'downloadFile:ok']);

  const hanging = program({ hang: true }, { timeScale: 1000 });
  await assert.rejects(hanging.wxnn.loadModel(URL), { message: `could not fetch "${URL}": no answer within 62 s.` });
  assert.deepEqual(hanging.log.requests.map(({ result }) => result), ['request:fail abort', 'request:fail abort', 'downloadFile:fail abort']);
});

test('a body that arrived short, by the header in any case', async () => {
  for (const name of ['Content-Length', 'content-length', 'CONTENT-LENGTH']) {
    const p = program(({ attempt }) => ({ header: { [name]: String(MODEL.length) }, body: attempt === 1 ? MODEL.slice(0, 9) : MODEL }));
    await p.wxnn.loadModel(URL);
    assert.equal(ways(p).length, 2);
  }
  const packed = program({ header: { 'content-length': '99999', 'Content-Encoding': 'gzip' }, body: MODEL });
  await packed.wxnn.loadModel(URL);
  assert.equal(ways(packed).length, 1);
});

test('failures that another try will not mend', async () => {
  const p = program(MODEL);
  await assert.rejects(p.wxnn.loadModel('https://elsewhere.example/m.tflite'), {
    message: 'could not fetch "https://elsewhere.example/m.tflite": request:fail url not in domain list: add the domain to the server domains of the plugin, or pass the host\'s fetchFunc.',
  });
  await assert.rejects(p.wxnn.loadModel('https://'), { message: 'could not fetch "https://": request:fail invalid url "https://"' });
  assert.equal(p.log.requests.length, 2);
  for (const url of ['cloud://x/m.tflite', 'data:,x', 'ftp://x/m']) {
    await assert.rejects(p.wxnn.loadModel(url), { message: `cannot fetch "${url}": only https addresses, package paths and user files can be read.` });
  }
});

test('the last way\'s own failure does not hide the first', async () => {
  const p = program(({ way }) => ({ fail: way === 'request' ? 'errcode:-118 cronet_error_code:-118' : 'url not in domain list' }));
  await assert.rejects(p.wxnn.loadModel(URL), { message: /request:fail errcode:-118 cronet_error_code:-118; downloadFile:fail url not in domain list/ });
});

test('never more than ten transfers at once', async () => {
  const urls = {};
  for (let i = 0; i < 25; i++) urls[`https://models.example/${i}.tflite`] = { body: MODEL, delay: 20 };
  const p = program(MODEL, { urls });
  await Promise.all(Object.keys(urls).map((url) => p.wxnn.loadModel(url)));
  assert.equal(Math.max(...p.log.requests.map(({ atOnce }) => atOnce)), 10);
  assert.equal(p.log.requests.length, 25);
});

test('a failed or cancelled transfer gives its place in the queue back', async () => {
  const urls = {};
  for (let i = 0; i < 15; i++) urls[`https://models.example/bad${i}`] = { status: 404 };
  const p = program(MODEL, { urls });
  await Promise.allSettled(Object.keys(urls).map((url) => p.wxnn.loadModel(url)));
  await p.wxnn.loadModel(URL);
});

test('package paths and user paths, with WeChat\'s own texts', async () => {
  const p = program(MODEL, { packageFiles: { '/models/m.br': MODEL } });
  await p.wxnn.loadModel('/models/m.br');
  await p.wxnn.loadModel('models/m.br');
  await assert.rejects(p.wxnn.loadModel('/models/none.br'), { message: 'could not read "/models/none.br": readFile:fail no such file or directory, open /models/none.br' });
  await assert.rejects(p.wxnn.loadModel('./models/m.br'), { message: 'could not read "./models/m.br": readFile:fail permission denied, open ./models/m.br' });
  assert.equal(p.log.requests.length, 0);
});

test('the host\'s fs and userDataPath', async () => {
  const p = program(MODEL, { userFiles: { 'wxfile://usr/m.tflite': MODEL, 'http://usr/m.tflite': MODEL } });
  const fs = p.wx.getFileSystemManager();
  await p.wxnn.loadModel('wxfile://usr/m.tflite', { fs });
  await p.wxnn.loadModel('http://usr/m.tflite', { fs });  // as DevTools writes it
  await assert.rejects(p.wxnn.loadModel('wxfile://usr/m.tflite'), /no such file or directory/);  // the plugin's own space
  const odd = { readFile: ({ filePath, success }) => success({ data: filePath === 'odd://root/m' ? MODEL.buffer : new ArrayBuffer(0) }) };
  await p.wxnn.loadModel('odd://root/m', { fs: odd, userDataPath: 'odd://root' });
});

test('a large file is read in slices', async () => {
  const size = (9 << 20) + 5;
  const bytes = new Uint8Array(size);
  bytes.set(MODEL);
  bytes[size - 1] = 1;
  const p = program(MODEL, { packageFiles: { '/m.br': bytes } });
  const fractions = [];
  await p.wxnn.loadModel('/m.br', { onProgress: (f) => fractions.push(f) }).catch((error) => assert.match(error.message, /no memory/));
  assert.deepEqual(p.log.reads.map(({ position, length }) => [position, length]), [[0, 4 << 20], [4 << 20, 4 << 20], [8 << 20, (1 << 20) + 5]]);
  assert.ok(fractions.length >= 2 && fractions.every((f, i) => f > (fractions[i - 1] || 0) && f < 1));
});

test('no FileSystemManager', async () => {
  const p = program(MODEL, { faults: { noFileSystemManager: true } });
  await assert.rejects(p.wxnn.loadModel('/m.br'), { message: 'this WeChat client gives a plugin no FileSystemManager: pass the host\'s as the option fs.' });
});

test('the host\'s fetchFunc', async () => {
  const p = program(MODEL);
  const asked = [];
  const fetchFunc = async (url) => {
    asked.push(url);
    return { ok: true, status: 200, arrayBuffer: async () => MODEL.buffer.slice(0) };
  };
  await p.wxnn.loadModel('https://host.example/m', { fetchFunc });
  assert.deepEqual(asked, ['https://host.example/m']);
  assert.equal(p.log.requests.length, 0);
  // fetch-wechat calls 3xx ok, and gives a text from arrayBuffer() for addresses that look like one.
  await assert.rejects(p.wxnn.loadModel('https://host.example/m', { fetchFunc: async () => ({ ok: true, status: 302, arrayBuffer: async () => MODEL.buffer }) }),
    { message: 'could not fetch "https://host.example/m": the server answered with status 302.' });
  await assert.rejects(p.wxnn.loadModel('https://host.example/m.json', { fetchFunc: async () => ({ status: 200, arrayBuffer: async () => '{"a":1}' }) }), /it has no "modelTopology"/);
  await assert.rejects(p.wxnn.loadModel('https://host.example/m', { fetchFunc: async () => { throw new Error('offline'); } }), { message: 'could not fetch "https://host.example/m": offline' });
  await assert.rejects(p.wxnn.loadModel('https://host.example/m', { fetchFunc: async () => ({ status: 200, arrayBuffer: async () => 5 }) }),
    { message: 'could not fetch "https://host.example/m": the answer holds neither bytes nor text.' });
});

test('a signal cancels', async (t) => {
  const hang = { urls: { [URL]: { hang: true } } };
  await t.test('before', async () => {
    const p = program(MODEL);
    await assert.rejects(p.wxnn.loadModel(URL, { signal: { aborted: true } }), { name: 'AbortError', message: `loading "${URL}" was cancelled` });
    assert.equal(p.log.requests.length, 0);
  });
  await t.test('during, with an AbortSignal', async () => {
    const p = program(MODEL, hang);
    const controller = new AbortController();
    const loading = p.wxnn.loadModel(URL, { signal: controller.signal });
    setTimeout(() => controller.abort(), 20);
    await assert.rejects(loading, { name: 'AbortError' });
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.deepEqual(p.log.requests.map(({ result }) => result), ['request:fail abort']);
    await p.wxnn.loadModel(MODEL);
  });
  await t.test('during, with a plain object', async () => {
    const signal = { aborted: false };
    const p = program(() => {
      signal.aborted = true;
      return MODEL;
    });
    await assert.rejects(p.wxnn.loadModel(URL, { signal }), { name: 'AbortError' });
  });
});

test('progress rises from the first byte to 1', async () => {
  const json = 'https://models.example/model.json';
  const weights = [{ name: 'a', shape: [4], dtype: 'float32' }];
  const node = [{ name: 'the fake model', op: 'Placeholder', attr: { dtype: { type: 'DT_FLOAT' } } }, { name: 'a', op: 'Const', attr: { dtype: { type: 'DT_FLOAT' } } }];
  const p = program(MODEL, { urls: {
    [json]: JSON.stringify({ modelTopology: { node }, weightsManifest: [{ paths: ['1.bin', '2.bin'], weights }] }),
    'https://models.example/1.bin': new Uint8Array(12),
    'https://models.example/2.bin': { body: new Uint8Array(4), delay: 100 },
  } });
  const fractions = [];
  await p.wxnn.loadModel(json, { onProgress: (f) => fractions.push(f) });
  assert.deepEqual(fractions, [0.75, 0.99, 1]);
});
