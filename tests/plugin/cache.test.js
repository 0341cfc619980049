'use strict';
// Downloaded models: kept, checked, resumed, shared, cancelled, thrown out. On the fake engine, whose model may have any tail.

const assert = require('node:assert/strict');
const test = require('node:test');
const { createFakeProgram } = require('./programs.js');
const { MODEL } = require('./fake_engine.js');

const URL = 'https://models.example/m.tflite';
const MB = 1 << 20;
const userDataPath = 'wxfile://usr';

/** A model of `size` bytes whose tail differs by `seed`. */
function model(size, seed = 1) {
  const bytes = new Uint8Array(size);
  for (let i = 0, x = seed; i < size; i++) bytes[i] = x = (Math.imul(x, 1103515245) + 12345) >>> 16;
  bytes.set(MODEL.subarray(0, size));
  return bytes;
}

/** A program whose host has its own files. `load` passes them. */
function program(answer, options = {}) {
  const got = [];
  const p = createFakeProgram({ pages: 64, loaded: (bytes) => got.push(bytes) }, { ...options, urls: { [URL]: answer, ...options.urls } });
  const fs = p.wx.getFileSystemManager();
  return { ...p, fs, got, load: (settings = {}, url = URL) => p.wxnn.loadModel(url, { fs, userDataPath, ...settings }) };
}

/** The same files in a program that starts anew. */
const restart = (p, answer, options = {}) => program(answer, { ...options, userFiles: { ...p.user } });
const ranges = ({ log }) => log.requests.map(({ range }) => range);
const bodies = (p) => Object.keys(p.user).filter((name) => !name.endsWith('index.json'));
const asked = (from, to) => `bytes=${from}-${to}`;

test('the second load needs no network, in the same program and in the next', async () => {
  const p = program(model(5000));
  await p.load();
  await p.load();
  assert.equal(p.log.requests.length, 1);
  const next = restart(p, { fail: 'offline' });
  await next.load();
  assert.equal(next.log.requests.length, 0);
  assert.deepEqual(next.got[0], p.got[0]);
  assert.deepEqual(p.got[0], model(5000));
});

test('cache: false keeps nothing; refresh fetches anew; a plugin that knows no path keeps nothing and says so when it is asked to', async () => {
  const p = program(model(5000));
  await p.load({ cache: false });
  assert.deepEqual(Object.keys(p.user), []);
  await p.wxnn.loadModel(URL);
  assert.deepEqual(Object.keys(p.user), []);
  await assert.rejects(p.wxnn.loadModel(URL, { cache: true }), /pass the host's wx\.env\.USER_DATA_PATH as userDataPath/);
  await p.load();
  await p.load({ cache: { refresh: true } });
  assert.equal(p.log.requests.length, 4);
  await assert.rejects(p.load({ cache: { size: 5 } }), /cache has no "size"; it knows bytes, refresh, ignoreQuery/);
});

test('a damaged copy is fetched again: a byte, the length, the file, the index', async (t) => {
  const damages = {
    byte: (user, file) => { user[file] = user[file].slice(); user[file][4000] ^= 1; },
    shorter: (user, file) => { user[file] = user[file].slice(0, 4999); },
    longer: (user, file) => { user[file] = model(5001); },
    gone: (user, file) => { delete user[file]; },
    'broken index': (user) => { user['wxfile://usr/wxnn-index.json'] = Buffer.from('{"wx'); },
    'odd index': (user, file) => { user['wxfile://usr/wxnn-index.json'] = Buffer.from(JSON.stringify({ [file.slice(13)]: { url: 5 }, x: null })); },
  };
  for (const name of Object.keys(damages)) {
    await t.test(name, async () => {
      const p = program(model(5000));
      await p.load();
      const next = restart(p, model(5000));
      damages[name](next.user, bodies(next)[0]);
      await next.load();
      assert.equal(next.log.requests.length, 1);
      assert.deepEqual(next.got[0], model(5000));
      const last = restart(next, { fail: 'offline' });
      await last.load();
      assert.equal(last.log.requests.length, 0);
    });
  }
});

test('what turns out to be no model is not kept: a web page, then the model; a broken shard', async () => {
  const p = program(({ attempt }) => (attempt === 1 ? '<html>log in first</html>' : model(5000)));
  await assert.rejects(p.load(), /is a web page/);
  await p.load();
  const broken = program(({ attempt }) => (attempt === 1 ? Buffer.from('\0\0\0\0TFL3 not the model') : MODEL));
  await assert.rejects(broken.load(), /broken at byte 8/);
  await broken.load();
});

test('slices where the server gives ranges, with progress; as a whole where not', async () => {
  const bytes = model(2 * MB + 7);
  const fractions = [];
  const p = program({ body: bytes, ranges: true, header: { ETag: '"a"' } });
  await p.load({ onProgress: (fraction) => fractions.push(fraction) });
  assert.deepEqual(ranges(p), [asked(0, MB - 1), asked(MB, 2 * MB - 1), asked(2 * MB, 3 * MB - 1)]);
  assert.deepEqual(p.got[0], bytes);
  assert.deepEqual(fractions.map((f) => f.toFixed(2)), ['0.50', '0.99', '1.00']);
  assert.deepEqual(p.user[bodies(p)[0]].length, bytes.length);
  const whole = program(bytes);
  await whole.load();
  assert.equal(whole.log.requests.length, 1);
  assert.deepEqual(whole.got[0], bytes);
});

test('a download that was cut off goes on where it was, in the next program too', async () => {
  const bytes = model(3 * MB);
  const server = { body: bytes, ranges: true, header: { etag: '"a"', ETag: '"a"' } };
  const p = program(({ header }) => (/=0-/.test(header.Range) ? server : { fail: 'errcode:-106' }), { timeScale: 1000 });
  await assert.rejects(p.load(), /errcode:-106/);
  const next = restart(p, server);
  await next.load();
  assert.deepEqual(ranges(next), [asked(MB, 2 * MB - 1), asked(2 * MB, 3 * MB - 1)]);
  assert.deepEqual(next.got[0], bytes);
});

test('a file that changed on the server meanwhile comes as a whole', async () => {
  const p = program(({ header }) => (/=0-/.test(header.Range) ? { body: model(2 * MB), ranges: true, header: { ETag: '"a"' } } : { fail: 'cut' }), { timeScale: 1000 });
  await assert.rejects(p.load(), /cut/);
  const changed = restart(p, { body: model(2 * MB, 2), ranges: true, header: { ETag: '"b"' } });
  await changed.load();
  assert.deepEqual(changed.got[0], model(2 * MB, 2));
  // A server that gives a range of the other file, though If-Range forbids it.
  const careless = restart(p, ({ header }) => {
    const whole = { body: model(2 * MB, 2), header: { ETag: '"b"' } };
    return header.Range ? { ...whole, status: 206, body: whole.body.slice(MB), header: { ETag: '"b"', 'Content-Range': `bytes ${MB}-${2 * MB - 1}/${2 * MB}` } } : whole;
  });
  await careless.load();
  assert.deepEqual(careless.got[0], model(2 * MB, 2));
});

test('ranges that are not what was asked for are not used', async (t) => {
  const bytes = model(2 * MB);
  const part = (header, body) => ({ status: 206, header, body });
  const answers = {
    'no Content-Range': part({}, bytes.slice(0, MB)),
    'another range': part({ 'content-range': `bytes 1-${MB}/${2 * MB}` }, bytes.slice(1, MB + 1)),
    'a wrong length': part({ 'content-range': `bytes 0-${MB - 1}/${2 * MB}` }, bytes.slice(0, 9)),
    'an unknown size': part({ 'content-range': `bytes 0-${MB - 1}/*` }, bytes.slice(0, MB)),
    'compressed': part({ 'content-range': `bytes 0-${MB - 1}/${2 * MB}`, 'Content-Encoding': 'gzip' }, bytes.slice(0, MB)),
    'status 416': { status: 416, body: '' },
  };
  for (const name of Object.keys(answers)) {
    await t.test(name, async () => {
      const p = program(({ header }) => (header.Range ? answers[name] : bytes));
      await p.load();
      assert.deepEqual(p.got[0], bytes);
      assert.deepEqual(ranges(p), [asked(0, MB - 1), undefined]);
    });
  }
});

test('two callers share one download; one that leaves does not stop the other', async () => {
  const controllers = [new AbortController(), new AbortController()];
  const fractions = [[], []];
  const server = { body: model(3 * MB), ranges: true, delay: 2000 };
  const p = program(server);
  const loads = controllers.map(({ signal }, i) => p.load({ signal, onProgress: (fraction) => fractions[i].push(fraction) }));
  setTimeout(() => controllers[0].abort(), 30);
  await assert.rejects(loads[0], { name: 'AbortError' });
  await loads[1];
  assert.equal(p.log.requests.length, 3);
  assert.ok(fractions[0].length < fractions[1].length);

  const both = program({ hang: true });
  const gone = [new AbortController(), new AbortController()];
  const waiting = gone.map(({ signal }) => both.load({ signal }));
  setTimeout(() => gone.forEach((controller) => controller.abort()), 20);
  for (const load of waiting) await assert.rejects(load, { name: 'AbortError' });
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual(both.log.requests.map(({ result }) => result), ['request:fail abort']);
});

test('cancelled between slices with a plain object, then resumed', async () => {
  const signal = { aborted: false };
  const server = { body: model(3 * MB), ranges: true, header: { ETag: '"a"' } };
  const p = program(({ attempt }) => {
    signal.aborted = attempt === 2;
    return server;
  });
  await assert.rejects(p.load({ signal }), { name: 'AbortError' });
  await new Promise((resolve) => setTimeout(resolve, 50));
  const before = p.log.requests.length;
  assert.ok(before <= 2, `${before} requests`);
  await p.load();
  assert.deepEqual(p.got[0], model(3 * MB));
  assert.ok(!ranges(p).slice(before).includes(asked(0, MB - 1)));
});

test('the least recently used are thrown out, and never more is kept than allowed', async () => {
  const urls = {};
  for (let i = 0; i < 4; i++) urls[`https://models.example/${i}`] = model(1000, i + 1);
  const p = program(MODEL, { urls });
  const load = (i) => p.load({ cache: { bytes: 2500 } }, `https://models.example/${i}`);
  const pause = () => new Promise((resolve) => setTimeout(resolve, 3));  // "used" counts milliseconds
  for (const i of [0, 1, 0, 2]) {
    await load(i);
    await pause();
  }
  assert.equal(p.log.requests.length, 3);
  assert.equal(bodies(p).length, 2);
  await load(0);
  assert.equal(p.log.requests.length, 3, 'the one used last was kept');
  await pause();
  await load(1);
  assert.equal(p.log.requests.length, 4, 'the other had gone');
  await p.load({ cache: { bytes: 999 } }, 'https://models.example/3');
  assert.equal(bodies(p).length, 2, 'one that is too large is not kept');
});

test('no room, no permission, a file system that only reads: the model loads all the same', async () => {
  let full = true;
  const p = program(model(5000), { faults: { write: (path, size) => (full && size > 100 && !path.endsWith('json') ? 'the maximum size of the file storage limit is exceeded' : undefined) } });
  await p.load();
  assert.deepEqual(bodies(p), []);
  full = false;
  await p.load();
  await p.load();
  assert.equal(p.log.requests.length, 2);
  const denied = program(model(5000), { faults: { write: () => 'permission denied' } });
  await denied.load();
  const readOnly = program(model(5000));
  await readOnly.wxnn.loadModel(URL, { fs: { readFile: readOnly.fs.readFile }, userDataPath });
});

test('files of a program that was killed are cleared away; the host\'s own stay', async () => {
  const p = program(model(5000), { userFiles: { 'wxfile://usr/wxnn-12345678': model(10), 'wxfile://usr/hosts.txt': model(10) } });
  await p.load();
  assert.deepEqual(Object.keys(p.user).filter((name) => /12345678|hosts/.test(name)), ['wxfile://usr/hosts.txt']);
});

test('signed addresses are one file with ignoreQuery', async () => {
  const urls = { [URL + '?sign=1']: model(5000), [URL + '?sign=2']: model(5000) };
  const p = program(MODEL, { urls });
  for (const query of ['?sign=1', '?sign=2']) await p.load({ cache: { ignoreQuery: true } }, URL + query);
  assert.equal(p.log.requests.length, 1);
  for (const query of ['?sign=1', '?sign=2']) await p.load({}, URL + query);
  assert.equal(p.log.requests.length, 3);
});

test('a model.json and its shards are kept, through fetchFunc too', async () => {
  const json = 'https://models.example/a/model.json';
  const node = [{ name: 'the fake model', op: 'Placeholder', attr: { dtype: { type: 'DT_FLOAT' } } }, { name: 'a', op: 'Const', attr: { dtype: { type: 'DT_FLOAT' } } }];
  const files = {
    [json]: Buffer.from(JSON.stringify({ modelTopology: { node }, weightsManifest: [{ paths: ['1.bin'], weights: [{ name: 'a', shape: [4], dtype: 'float32' }] }] })),
    'https://models.example/a/1.bin': Buffer.from(model(16)),
  };
  let count = 0;
  const fetchFunc = async (url) => {
    count++;
    return { status: 200, arrayBuffer: async () => Uint8Array.from(files[url]).buffer };
  };
  const p = program(MODEL);
  for (let i = 0; i < 2; i++) await p.load({ fetchFunc }, json);
  assert.equal(count, 2);
});
